//! Random histories of a naive, correct broker never offend a judge; the same history with one delivery lost, or sent
//! to a stranger, always does.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use proptest::prelude::*;
use squall_types::filter_matches;
use support::{Bench, HOUR};

const TOPICS: [&str; 3] = ["a", "a/b", "c"];
const FILTERS: [&str; 5] = ["a", "a/b", "a/+", "#", "c"];

#[derive(Clone, Debug)]
enum Step {
    Connect {
        device: u32,
        clean: bool,
    },
    Disconnect {
        device: u32,
    },
    Subscribe {
        device: u32,
        filter: usize,
    },
    /// Delivered before the acknowledgement if `early`, else after it.
    Publish {
        device: u32,
        topic: usize,
        early: bool,
    },
    Wait {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..4_u32, any::<bool>()).prop_map(|(device, clean)| Step::Connect { device, clean }),
        1 => (0..4_u32).prop_map(|device| Step::Disconnect { device }),
        2 => (0..4_u32, 0..FILTERS.len()).prop_map(|(device, filter)| Step::Subscribe { device, filter }),
        4 => (0..4_u32, 0..TOPICS.len(), any::<bool>())
            .prop_map(|(device, topic, early)| Step::Publish { device, topic, early }),
        1 => (0..2_000_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// What the run shows the judges wrongly, if anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The n-th delivery is lost.
    Lose(usize),
    /// The n-th delivery also reaches a device that is not subscribed.
    Misdeliver(usize),
}

#[derive(Clone, Default)]
struct Session {
    filters: Vec<usize>,
    queue: Vec<(usize, String)>,
}

/// A broker of a few `Vec`s, which shows the judges what a correct service would.
struct Broker {
    bench: Bench,
    online: [bool; 4],
    left_at: [u64; 4],
    sessions: [Option<Session>; 4],
    clock: u64,
    deliveries: usize,
    published: usize,
    fault: Fault,
    fault_struck: bool,
}

impl Broker {
    fn new(fault: Fault) -> Self {
        Self {
            bench: Bench::new(),
            online: [false; 4],
            left_at: [0; 4],
            sessions: [const { None }; 4],
            clock: 0,
            deliveries: 0,
            published: 0,
            fault,
            fault_struck: false,
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait { seconds } => {
                self.clock += seconds;
                self.bench.wait(seconds);
            }
            Step::Connect { device, clean } => self.connect(device, clean),
            Step::Disconnect { device } => self.disconnect(device),
            Step::Subscribe { device, filter } if self.online[device as usize] => {
                self.bench.subscribe(device, FILTERS[filter], 1);
                let session = self.sessions[device as usize].as_mut().unwrap();
                if !session.filters.contains(&filter) {
                    session.filters.push(filter);
                }
            }
            Step::Publish { device, topic, early } if self.online[device as usize] => {
                self.publish(device, topic, early);
            }
            Step::Subscribe { .. } | Step::Publish { .. } => {}
        }
    }

    fn connect(&mut self, device: u32, clean: bool) {
        let index = device as usize;
        if self.online[index] {
            self.disconnect(device);
        }
        if clean || self.clock - self.left_at[index] >= HOUR {
            self.sessions[index] = None;
        }
        let present = self.sessions[index].is_some();
        self.sessions[index].get_or_insert_default();
        self.online[index] = true;
        self.bench.connect_with(device, present, HOUR, clean);
        for (topic, payload) in std::mem::take(&mut self.sessions[index].as_mut().unwrap().queue) {
            self.deliver(device, topic, &payload);
        }
    }

    fn disconnect(&mut self, device: u32) {
        if std::mem::take(&mut self.online[device as usize]) {
            self.left_at[device as usize] = self.clock;
            self.bench.disconnect(device);
        }
    }

    fn publish(&mut self, device: u32, topic: usize, early: bool) {
        self.published += 1;
        // Every third message says what an earlier one said.
        let payload = (self.published / 3).to_string();
        self.bench.send(device, TOPICS[topic], &payload);
        if !early {
            self.bench.ack(device, TOPICS[topic], &payload);
        }
        for other in 0..4_u32 {
            let index = other as usize;
            if !self.online[index] && self.clock - self.left_at[index] >= HOUR {
                self.sessions[index] = None;
            }
            let Some(session) = &mut self.sessions[index] else { continue };
            if !session.filters.iter().any(|&filter| filter_matches(FILTERS[filter], TOPICS[topic], false)) {
                continue;
            }
            if self.online[index] {
                self.deliver(other, topic, &payload);
            } else {
                session.queue.push((topic, payload.clone()));
            }
        }
        if early {
            self.bench.ack(device, TOPICS[topic], &payload);
        }
    }

    fn deliver(&mut self, device: u32, topic: usize, payload: &str) {
        self.deliveries += 1;
        if self.fault == Fault::Lose(self.deliveries) {
            self.fault_struck = true;
            return;
        }
        self.bench.receive(device, TOPICS[topic], payload);
        if self.fault == Fault::Misdeliver(self.deliveries) {
            let stranger = (0..4_u32).find(|&other| {
                let filters = self.sessions[other as usize].as_ref().map(|session| &session.filters);
                self.online[other as usize]
                    && filters.is_some_and(|filters| {
                        !filters.iter().any(|&filter| filter_matches(FILTERS[filter], TOPICS[topic], false))
                    })
            });
            if let Some(stranger) = stranger {
                self.fault_struck = true;
                self.bench.receive(stranger, TOPICS[topic], payload);
            }
        }
    }
}

/// Who lost a message must still be there at the end, with the same session, for the loss to be seen.
fn run(steps: &[Step], fault: Fault) -> (support::Verdicts, usize, bool) {
    let mut broker = Broker::new(fault);
    for device in 0..4 {
        broker.connect(device, false);
    }
    for step in steps {
        broker.step(step);
        if broker.fault_struck && matches!(fault, Fault::Lose(_)) {
            break;
        }
    }
    let (deliveries, struck) = (broker.deliveries, broker.fault_struck);
    (broker.bench.finish_later(), deliveries, struck)
}

proptest! {
    #[test]
    fn a_correct_broker_is_never_accused(steps in proptest::collection::vec(step(), 0..60)) {
        let (verdicts, ..) = run(&steps, Fault::None);
        for verdict in &verdicts.0 {
            prop_assert_eq!(verdict.violations, 0, "{:#?}", verdict);
        }
    }

    #[test]
    fn a_lost_delivery_is_always_missed(
        steps in proptest::collection::vec(step(), 10..60),
        nth in any::<prop::sample::Index>(),
    ) {
        let (_, deliveries, _) = run(&steps, Fault::None);
        if deliveries == 0 {
            return Ok(());
        }
        let (verdicts, _, struck) = run(&steps, Fault::Lose(nth.index(deliveries) + 1));
        prop_assert!(struck);
        prop_assert_eq!(verdicts.of("delivery").violations, 1);
    }

    #[test]
    fn a_misdelivery_is_always_noticed(
        steps in proptest::collection::vec(step(), 10..60),
        nth in any::<prop::sample::Index>(),
    ) {
        let (_, deliveries, _) = run(&steps, Fault::None);
        if deliveries == 0 {
            return Ok(());
        }
        let (verdicts, _, struck) = run(&steps, Fault::Misdeliver(nth.index(deliveries) + 1));
        prop_assert_eq!(verdicts.of("subscription").violations, u64::from(struck));
    }
}
