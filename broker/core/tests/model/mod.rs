//! The broker against a small one: a few vectors, no trie, no slab, no timers.

mod reference;
mod shared;

use core::num::NonZeroU16;

use proptest::prelude::*;
use squall_codec::Will as ConnectWill;
use squall_profile::Profile;
use squall_profile::switch::{TakeoverWill, WillDelay};
use squall_types::{ProtocolVersion, QoS};

use self::reference::{Close, Reference, Will};
use crate::support::{Bench, Device, Seen};

const CLIENTS: usize = 4;
const TOPICS: [&str; 6] = ["a", "a/b", "a/c", "b", "b/", "/b"];
const FILTERS: [&str; 6] = ["a", "a/b", "a/+", "#", "+", "b/#"];

#[derive(Clone, Debug)]
enum Operation {
    Connect {
        client: usize,
        v5: bool,
        clean: bool,
        expiry: u32,
        receive_maximum: u16,
        /// Topic, QoS, RETAIN, delay.
        will: Option<(usize, u8, bool, u32)>,
    },
    Disconnect {
        client: usize,
    },
    Reset {
        client: usize,
    },
    Subscribe {
        client: usize,
        filter: usize,
        qos: u8,
    },
    Unsubscribe {
        client: usize,
        filter: usize,
    },
    Publish {
        client: usize,
        topic: usize,
        qos: u8,
        retain: bool,
        /// Deletes what is retained, if RETAIN is set.
        empty: bool,
    },
    HttpsPublish {
        topic: usize,
        qos: u8,
    },
    /// Acknowledges what was received, all or about half of it.
    Acknowledge {
        client: usize,
        half: bool,
    },
    Wait {
        seconds: u64,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let client = 0..CLIENTS;
    let expiry = prop_oneof![Just(0_u32), Just(5), Just(30), Just(100_000)];
    let delay = prop_oneof![Just(0_u32), Just(4), Just(29), Just(10_000)];
    let will = proptest::option::of((0..TOPICS.len(), 0..2_u8, any::<bool>(), delay));
    prop_oneof![
        6 => (client.clone(), any::<bool>(), any::<bool>(), expiry, 1..4_u16, will).prop_map(
            |(client, v5, clean, expiry, receive_maximum, will)| {
                Operation::Connect { client, v5, clean, expiry, receive_maximum, will }
            }
        ),
        1 => client.clone().prop_map(|client| Operation::Disconnect { client }),
        2 => client.clone().prop_map(|client| Operation::Reset { client }),
        6 => (client.clone(), 0..FILTERS.len(), 0..2_u8)
            .prop_map(|(client, filter, qos)| Operation::Subscribe { client, filter, qos }),
        2 => (client.clone(), 0..FILTERS.len())
            .prop_map(|(client, filter)| Operation::Unsubscribe { client, filter }),
        12 => (client.clone(), 0..TOPICS.len(), 0..2_u8, 0..3_u8, 0..4_u8).prop_map(
            |(client, topic, qos, retain, empty)| {
                Operation::Publish { client, topic, qos, retain: retain == 0, empty: empty == 0 }
            }
        ),
        2 => (0..TOPICS.len(), 0..2_u8).prop_map(|(topic, qos)| Operation::HttpsPublish { topic, qos }),
        5 => (client, any::<bool>()).prop_map(|(client, half)| Operation::Acknowledge { client, half }),
        3 => prop_oneof![Just(1_u64), Just(4), Just(5), Just(29), Just(30), Just(3_599), Just(3_600)]
            .prop_map(|seconds| Operation::Wait { seconds }),
    ]
}

/// No throttle, no bound and no retry gets in the way, and a store is sent in a moment.
fn unbounded(profile: &mut Profile) {
    let limits = &mut profile.limits;
    limits.connect_requests_per_second = 1_000_000;
    limits.publishes_per_second_per_connection = 1_000_000;
    limits.inbound_publishes_per_second = 1_000_000;
    limits.outbound_publishes_per_second = 1_000_000;
    limits.retained_publishes_per_second = 1_000_000;
    limits.retained_publishes_per_second_per_topic = 1_000_000;
    limits.subscribe_requests_per_second = 1_000_000;
    limits.queued_messages_per_second = 1_000_000;
    limits.resumed_messages_per_second = 1_000_000_000;
    limits.unacked_outbound = 10_000;
    limits.unsent_bytes_per_connection = u32::MAX;
    limits.redelivery_interval_seconds = 1_000_000;
    limits.inbound_bytes_per_second_per_connection = u32::MAX;
    // Silence is another subject.
    limits.keep_alive_max_seconds = 65_535;
    limits.keep_alive_min_seconds = 65_535;
}

/// The same, with wills as the standard has them.
fn unbounded_oasis_wills(profile: &mut Profile) {
    unbounded(profile);
    profile.switches.will_delay = WillDelay::Honour;
    profile.switches.takeover_will = TakeoverWill::Oasis;
}

/// Everything small, so that edges are met often.
fn tiny(profile: &mut Profile) {
    let limits = &mut profile.limits;
    limits.publishes_per_second_per_connection = 6;
    limits.throttled_seconds_before_close = 2;
    limits.queued_messages_per_second = 3;
    limits.resumed_messages_per_second = 2;
    limits.unacked_outbound = 4;
    limits.unsent_bytes_per_connection = 40;
    limits.subscriptions_per_connection = 3;
    limits.redelivery_interval_seconds = 3;
    // What the broker gave up on could not be told from what it must still count.
    limits.retry_window_v311_seconds = 1_000_000;
    limits.retry_window_v5_seconds = 1_000_000;
    limits.session_expiry_seconds = 60;
    limits.inbound_bytes_per_second_per_connection = 100;
    limits.connect_requests_per_second = 5;
    limits.connect_requests_per_second_per_client_id = 2;
    limits.concurrent_connections = 3;
    limits.inbound_publishes_per_second = 15;
    limits.outbound_publishes_per_second = 15;
    limits.retained_messages = 2;
    limits.retained_publishes_per_second = 3;
    limits.subscriptions = 7;
    limits.subscribe_requests_per_second = 5;
}

/// The real broker and its clients, driven by operations.
struct Real {
    bench: Bench,
    /// For each client the device of its present connection: one takes turns with another, as in a takeover.
    devices: Vec<[Device; 2]>,
    turn: [usize; CLIENTS],
    unacknowledged: Vec<Vec<u16>>,
    published: u32,
}

impl Real {
    fn new(tweak: fn(&mut Profile)) -> Self {
        let bench = Bench::new(tweak);
        let devices = (0..CLIENTS)
            .map(|client| {
                [0, 1]
                    .map(|turn| bench.device(&format!("{client}.{turn}")).with_client_id(&client.to_string()))
            })
            .collect();
        Self { bench, devices, turn: [0; CLIENTS], unacknowledged: vec![Vec::new(); CLIENTS], published: 0 }
    }

    fn device(&self, client: usize) -> &Device {
        &self.devices[client][self.turn[client]]
    }

    fn connect(
        &mut self,
        client: usize,
        version: ProtocolVersion,
        clean: bool,
        expiry: u32,
        receive_maximum: Option<u16>,
        will: Option<&Will>,
    ) {
        self.turn[client] = 1 - self.turn[client];
        self.unacknowledged[client].clear();
        let device = self.device(client).with_version(version);
        // The device before last is long gone: it was closed when the last one took over.
        assert!(!device.is_open());
        let will = will.map(|will| {
            let qos = QoS::from_bits(will.qos).expect("a QoS");
            let plain = ConnectWill::new(will.topic, will.payload.as_bytes());
            let mut packet = ConnectWill { qos, retain: will.retain, ..plain };
            if version == ProtocolVersion::V5 {
                packet.properties.will_delay_interval = Some(will.delay);
            }
            packet
        });
        device.connect_with_will(will, |connect| {
            connect.clean_start = clean;
            connect.keep_alive = 65_535;
            if version == ProtocolVersion::V5 {
                connect.properties.session_expiry_interval = Some(expiry);
                connect.properties.receive_maximum = receive_maximum.and_then(NonZeroU16::new);
            }
        });
    }

    /// The next payload; no two are alike.
    fn payload(&mut self) -> String {
        self.published += 1;
        self.published.to_string()
    }

    /// The will of a CONNECT. 3.1.1 knows no delay.
    fn will(&mut self, v5: bool, parts: Option<(usize, u8, bool, u32)>) -> Option<Will> {
        let (topic, qos, retain, delay) = parts?;
        let payload = self.payload();
        Some(Will { topic: TOPICS[topic], payload, qos, retain, delay: if v5 { delay } else { 0 } })
    }

    fn acknowledge(&mut self, client: usize, half: bool) {
        let ids = std::mem::take(&mut self.unacknowledged[client]);
        let (now, later): (Vec<_>, Vec<_>) =
            ids.into_iter().enumerate().partition(|(n, _)| !half || n % 2 == 0);
        self.unacknowledged[client] = later.into_iter().map(|(_, id)| id).collect();
        for (_, id) in now {
            self.device(client).ack(id);
        }
    }
}

fn version(v5: bool) -> ProtocolVersion {
    if v5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 }
}

/// Runs the operations against both and compares, client by client, what came.
fn agrees(operations: &[Operation], oasis_wills: bool) -> Result<(), TestCaseError> {
    let mut real = Real::new(if oasis_wills { unbounded_oasis_wills } else { unbounded });
    let mut model = Reference::new(CLIENTS, oasis_wills);
    for operation in operations {
        match *operation {
            Operation::Connect { client, v5, clean, expiry, will, .. } => {
                let will = real.will(v5, will);
                real.connect(client, version(v5), clean, expiry, None, will.as_ref());
                model.connect(client, version(v5), clean, expiry, will);
            }
            Operation::Disconnect { client } => {
                if real.device(client).is_open() {
                    real.device(client).disconnect_with(|_| {});
                }
                model.disconnect(client, Close::Asked);
            }
            Operation::Reset { client } => {
                real.device(client).reset();
                model.disconnect(client, Close::Broken);
            }
            Operation::Subscribe { client, filter, qos } => {
                let options = QoS::from_bits(qos).expect("a QoS").into();
                if real.device(client).is_open() {
                    real.device(client).send_subscribe(&[(FILTERS[filter], options)]);
                }
                model.subscribe(client, FILTERS[filter], qos);
            }
            Operation::Unsubscribe { client, filter } => {
                if real.device(client).is_open() {
                    real.device(client).unsubscribe_quietly(FILTERS[filter]);
                }
                model.unsubscribe(client, FILTERS[filter]);
            }
            Operation::Publish { client, topic, qos, retain, empty } => {
                if real.device(client).is_open() {
                    let payload = if empty { String::new() } else { real.payload() };
                    real.device(client)
                        .publish_with(TOPICS[topic], qos, &payload, |publish| publish.retain = retain);
                    model.publish(TOPICS[topic], qos, &payload, retain);
                }
            }
            Operation::HttpsPublish { topic, qos } => {
                let payload = real.payload();
                real.bench.https_publish(TOPICS[topic], qos, payload.as_bytes());
                model.publish(TOPICS[topic], qos, &payload, false);
            }
            Operation::Acknowledge { client, half } => {
                real.acknowledge(client, half);
                model.acknowledge(client, half);
            }
            Operation::Wait { seconds } => {
                real.bench.advance(seconds);
                model.wait(seconds);
            }
        }
        // A store is sent within microseconds.
        real.bench.advance_nanos(1_000);
        for client in 0..CLIENTS {
            let mut deliveries = Vec::new();
            let mut present = Vec::new();
            let mut closes = Vec::new();
            for turn in 0..2 {
                for seen in real.devices[client][turn].take_all() {
                    match seen {
                        Seen::Publish(delivery) => {
                            let payload = String::from_utf8_lossy(&delivery.payload).into_owned();
                            deliveries.push((delivery.topic, payload, delivery.qos, delivery.retain));
                            if delivery.qos > 0 {
                                real.unacknowledged[client].push(delivery.packet_id);
                            }
                        }
                        Seen::ConnAck(connack) => {
                            prop_assert_eq!(connack.code, 0);
                            present.push(connack.session_present);
                        }
                        Seen::Closed(reason) => closes.push(reason),
                        _ => {}
                    }
                }
            }
            let mut expected = model.take(client);
            // The order is compared where acknowledgements are, which go by it; here the set.
            deliveries.sort();
            expected.deliveries.sort();
            prop_assert_eq!(
                &deliveries,
                &expected.deliveries,
                "deliveries of {} after {:?}",
                client,
                operation
            );
            prop_assert_eq!(present, expected.session_present, "session present of {}", client);
            prop_assert_eq!(closes, expected.closes, "closes of {}", client);
            prop_assert_eq!(real.device(client).is_open(), model.is_connected(client));
        }
        let counts = (
            real.bench.connections(),
            real.bench.sessions(),
            real.bench.subscriptions(),
            real.bench.messages(),
            real.bench.retained_messages(),
        );
        prop_assert_eq!(
            counts,
            model.counts(),
            "(connections, sessions, subscriptions, messages, retained) after {:?}",
            operation
        );
    }
    Ok(())
}

/// Runs the operations with tiny limits and looks at what must hold whatever is throttled.
fn holds(operations: &[Operation]) -> Result<(), TestCaseError> {
    let mut real = Real::new(tiny);
    let mut maximum = [4_usize; CLIENTS];
    let mut wire: Vec<Vec<u16>> = vec![Vec::new(); CLIENTS];
    for operation in operations {
        match *operation {
            Operation::Connect { client, v5, clean, expiry, receive_maximum, will } => {
                wire[client].clear();
                maximum[client] = if v5 { usize::from(receive_maximum).min(4) } else { 4 };
                let will = real.will(v5, will);
                real.connect(client, version(v5), clean, expiry, Some(receive_maximum), will.as_ref());
                // A throttled newcomer takes nothing over.
                if !real.device(client).is_open() {
                    real.devices[client][1 - real.turn[client]].reset();
                }
            }
            Operation::Disconnect { client } => real.device(client).disconnect_with(|_| {}),
            Operation::Reset { client } => real.device(client).reset(),
            Operation::Subscribe { client, filter, qos } => {
                real.device(client)
                    .send_subscribe(&[(FILTERS[filter], QoS::from_bits(qos).expect("a QoS").into())]);
            }
            Operation::Unsubscribe { client, filter } => {
                real.device(client).unsubscribe_quietly(FILTERS[filter]);
            }
            Operation::Publish { client, topic, qos, retain, empty } => {
                let payload = if empty { "" } else { "payload of some length" };
                real.device(client)
                    .publish_with(TOPICS[topic], qos, payload, |publish| publish.retain = retain);
            }
            Operation::HttpsPublish { topic, qos } => {
                real.bench.https_publish(TOPICS[topic], qos, b"payload");
            }
            Operation::Acknowledge { client, half } => {
                if half {
                    // This transport is slow from now on, or was.
                    real.device(client).stall();
                } else {
                    real.device(client).flow();
                }
                for id in std::mem::take(&mut wire[client]) {
                    real.device(client).ack(id);
                }
            }
            Operation::Wait { seconds } => real.bench.advance(seconds.min(30)),
        }
        for client in 0..CLIENTS {
            for seen in real.device(client).take_all() {
                if let Seen::Publish(delivery) = seen
                    && delivery.qos > 0
                    && !wire[client].contains(&delivery.packet_id)
                {
                    wire[client].push(delivery.packet_id);
                }
            }
            // v5:3.3.4-9.
            prop_assert!(
                wire[client].len() <= maximum[client],
                "{} of {}",
                wire[client].len(),
                maximum[client]
            );
        }
        prop_assert!(real.bench.sessions() <= CLIENTS);
        prop_assert!(real.bench.connections() <= 3);
        prop_assert!(real.bench.subscriptions() <= 7);
        prop_assert!(real.bench.retained_messages() <= 2);
    }
    for client in 0..CLIENTS {
        for device in &real.devices[client] {
            device.reset();
        }
    }
    real.bench.advance(60);
    real.bench.expect_empty();
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_broker_agrees_with_a_small_one(operations in proptest::collection::vec(operation(), 1..120)) {
        agrees(&operations, false)?;
    }

    #[test]
    fn it_agrees_where_wills_wait_as_the_standard_says(
        operations in proptest::collection::vec(operation(), 1..120),
    ) {
        agrees(&operations, true)?;
    }

    #[test]
    fn invariants_hold_when_every_limit_is_tiny(operations in proptest::collection::vec(operation(), 1..120)) {
        holds(&operations)?;
    }
}
