//! A group of shared subscriptions against what must hold whoever of it is chosen: a message goes to one member, and
//! none is lost that somebody could have had.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::support::{Bench, Device};

const MEMBERS: usize = 3;

#[derive(Clone, Debug)]
enum Operation {
    Connect { member: usize, persistent: bool },
    Reset { member: usize },
    Subscribe { member: usize },
    Unsubscribe { member: usize },
    Publish,
    Acknowledge { member: usize },
    Wait,
}

fn operation() -> impl Strategy<Value = Operation> {
    let member = 0..MEMBERS;
    prop_oneof![
        3 => (member.clone(), any::<bool>())
            .prop_map(|(member, persistent)| Operation::Connect { member, persistent }),
        2 => member.clone().prop_map(|member| Operation::Reset { member }),
        3 => member.clone().prop_map(|member| Operation::Subscribe { member }),
        1 => member.clone().prop_map(|member| Operation::Unsubscribe { member }),
        8 => Just(Operation::Publish),
        2 => member.prop_map(|member| Operation::Acknowledge { member }),
        1 => Just(Operation::Wait),
    ]
}

/// What the test knows of a member.
#[derive(Clone, Debug, Default)]
struct Member {
    persistent: bool,
    /// Whether its session exists.
    has_session: bool,
    connected: bool,
    subscribed: bool,
    unacknowledged: Vec<(u16, String)>,
}

struct Group {
    bench: Bench,
    devices: Vec<Device>,
    members: Vec<Member>,
    /// Acknowledged publishes that nobody has acknowledged to the broker.
    owed: BTreeMap<String, bool>,
    published: usize,
}

impl Group {
    fn new() -> Self {
        let bench = Bench::plain();
        let devices = bench.devices("m", MEMBERS);
        bench.device("p").keep_alive(0).connect();
        Self {
            bench,
            devices,
            members: vec![Member::default(); MEMBERS],
            owed: BTreeMap::new(),
            published: 0,
        }
    }

    /// While nobody is there and nobody keeps a session, messages may be lost: those under way too.
    fn forgive(&mut self) {
        let kept =
            self.members.iter().any(|member| member.subscribed && (member.connected || member.persistent));
        if !kept {
            self.owed.values_mut().for_each(|lost| *lost = true);
        }
    }

    fn connect(&mut self, member: usize, persistent: bool) {
        let held = &mut self.members[member];
        if held.connected {
            return;
        }
        held.unacknowledged.clear();
        let resumed = persistent && held.has_session;
        held.subscribed &= resumed;
        (held.persistent, held.has_session, held.connected) = (persistent, true, true);
        self.forgive();
        self.devices[member].connect_with(|connect| {
            connect.clean_start = !persistent;
            connect.keep_alive = 0;
        });
        self.devices[member].expect_connack(resumed);
    }

    fn reset(&mut self, member: usize) {
        let held = &mut self.members[member];
        if !held.connected {
            return;
        }
        held.connected = false;
        held.unacknowledged.clear();
        held.has_session = held.persistent;
        held.subscribed &= held.persistent;
        self.forgive();
        self.devices[member].reset();
    }

    fn publish(&mut self) {
        self.published += 1;
        let payload = self.published.to_string();
        self.owed.insert(payload.clone(), false);
        self.forgive();
        self.bench.device("p").publish_acked("t", &payload);
    }

    fn acknowledge(&mut self, member: usize) {
        for (packet_id, payload) in std::mem::take(&mut self.members[member].unacknowledged) {
            self.devices[member].ack(packet_id);
            self.owed.remove(&payload);
        }
    }

    /// Takes what came; no message may be with two members at once.
    fn collect(&mut self) -> Result<(), TestCaseError> {
        for member in 0..MEMBERS {
            for (_, delivery) in self.devices[member].take_deliveries() {
                let payload = String::from_utf8_lossy(&delivery.payload).into_owned();
                let elsewhere = self.members.iter().enumerate().any(|(other, held)| {
                    other != member && held.unacknowledged.iter().any(|(_, with)| *with == payload)
                });
                prop_assert!(!elsewhere, "{payload} is with two members");
                prop_assert!(self.owed.contains_key(&payload), "{payload} came after its acknowledgement");
                let held = &mut self.members[member];
                held.unacknowledged.retain(|(id, _)| *id != delivery.packet_id);
                held.unacknowledged.push((delivery.packet_id, payload));
            }
        }
        Ok(())
    }

    fn step(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Connect { member, persistent } => self.connect(member, persistent),
            Operation::Reset { member } => self.reset(member),
            Operation::Subscribe { member } if self.members[member].connected => {
                self.collect()?;
                self.devices[member].subscribe("$share/g/t", 1);
                self.members[member].subscribed = true;
            }
            Operation::Unsubscribe { member } if self.members[member].connected => {
                self.collect()?;
                self.members[member].subscribed = false;
                self.forgive();
                self.devices[member].unsubscribe("$share/g/t");
            }
            Operation::Publish => self.publish(),
            Operation::Acknowledge { member } => self.acknowledge(member),
            Operation::Wait => self.bench.advance(1),
            Operation::Subscribe { .. } | Operation::Unsubscribe { .. } => {}
        }
        self.bench.advance_nanos(1_000);
        self.collect()
    }

    /// In the end one member comes and takes all that is owed.
    fn drain(&mut self) -> Result<(), TestCaseError> {
        if self.members[0].connected {
            self.acknowledge(0);
            self.reset(0);
        }
        for member in 1..MEMBERS {
            self.reset(member);
        }
        let persistent = self.members[0].has_session;
        self.connect(0, persistent);
        self.collect()?;
        self.devices[0].subscribe("$share/g/t", 1);
        self.members[0].subscribed = true;
        for _ in 0..60 {
            self.bench.advance(1);
            self.collect()?;
            self.acknowledge(0);
        }
        let missing: Vec<_> =
            self.owed.iter().filter(|(_, lost)| !**lost).map(|(payload, _)| payload).collect();
        prop_assert!(missing.is_empty(), "never came: {missing:?}");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_group_loses_nothing_that_a_member_could_have_had(
        operations in proptest::collection::vec(operation(), 1..60),
    ) {
        let mut group = Group::new();
        for operation in &operations {
            group.step(operation)?;
        }
        group.drain()?;
    }
}
