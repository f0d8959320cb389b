//! What the broker takes for its two hot paths: many devices that publish, and one topic looked up among many
//! filters.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use squall_codec::{Connect, PacketId, Publish, Subscribe, SubscriptionOptions};
use squall_core::{
    Broker, BrokerConfig, ConnectionId, Fact, Identity, Input, Output, Sink, Source, Tag, Transport,
};
use squall_profile::Profile;
use squall_types::{Now, ProtocolVersion, QoS, Seed, Timestamp, WallTime};

const DEVICES: u64 = 100_000;
const WILDCARDS: u64 = 1_000;

/// Counts bytes for each connection that is written to.
#[derive(Default)]
struct Wire {
    bytes: usize,
    connection: ConnectionId,
}

impl Sink for Wire {
    fn output(&mut self, output: Output<'_>) {
        if let Output::Bytes { connection, bytes, .. } = output {
            self.bytes += bytes.len();
            self.connection = connection;
        }
    }

    fn fact(&mut self, _: Fact<'_>) {}
}

struct World {
    broker: Broker,
    wire: Wire,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let mut profile = Profile::named("aws-current").expect("the default profile");
        profile.limits.connect_requests_per_second = u32::MAX;
        profile.limits.publishes_per_second_per_connection = u32::MAX;
        profile.limits.inbound_bytes_per_second_per_connection = u32::MAX;
        let broker = Broker::new(BrokerConfig { profile, seed: Seed(7) });
        Self { broker, wire: Wire::default(), now: Timestamp::ZERO }
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = Now::at(self.now, WallTime::from_unix_secs(1_767_225_600));
        self.broker.handle(now, input, &mut self.wire);
    }

    /// Bytes to the broker; what it wrote in answer leaves at once.
    fn bytes(&mut self, connection: ConnectionId, bytes: &[u8]) {
        self.wire.bytes = 0;
        self.handle(Input::Bytes { connection, bytes });
        if self.wire.bytes > 0 {
            let (connection, bytes) = (self.wire.connection, self.wire.bytes as u32);
            self.handle(Input::Sent { connection, bytes });
        }
    }

    fn connect(&mut self, id: u64) -> ConnectionId {
        let connection = ConnectionId(id);
        self.handle(Input::Opened {
            connection,
            transport: Transport::Tls,
            identity: Identity::RegisteredCertificate,
            source: Source { ip: [10, 0, 0, 1].into(), port: 50_000 },
            tag: Tag(0),
        });
        let mut bytes = Vec::new();
        let client_id = format!("sensors-{id}");
        Connect::new(ProtocolVersion::V5, &client_id).encode(&mut bytes).expect("a CONNECT");
        self.bytes(connection, &bytes);
        connection
    }

    fn subscribe(&mut self, connection: ConnectionId, filter: &str) {
        let mut bytes = Vec::new();
        let filters: [(&str, SubscriptionOptions); 1] = [(filter, QoS::AtMostOnce.into())];
        Subscribe::new(PacketId::MIN, &filters).encode(ProtocolVersion::V5, &mut bytes).expect("a SUBSCRIBE");
        self.bytes(connection, &bytes);
    }
}

fn publish(topic: &str, qos: QoS) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet_id = (qos != QoS::AtMostOnce).then_some(PacketId::MIN);
    Publish { qos, packet_id, ..Publish::new(topic, b"{\"flow\":21.5,\"unit\":\"m3/hour\"}") }
        .encode(ProtocolVersion::V5, &mut bytes)
        .expect("a PUBLISH");
    bytes
}

/// One device after the other publishes at QoS 1 and is acknowledged; nobody listens.
fn fan_in(criterion: &mut Criterion) {
    let mut world = World::new();
    let connections: Vec<ConnectionId> = (1..=DEVICES).map(|id| world.connect(id)).collect();
    let packets: Vec<Vec<u8>> =
        (0..1_000).map(|n| publish(&format!("sensors/sensors-{n}/telemetry"), QoS::AtLeastOnce)).collect();
    let mut next = 0;
    criterion.bench_function("fan_in/publish_and_puback/100000_devices", |bencher| {
        bencher.iter(|| {
            // A stride that is prime to the number of devices, so that no cache helps.
            next = (next + 7_919) % connections.len();
            world.now = world.now.plus_nanos(1_000);
            world.bytes(connections[next], &packets[next % packets.len()]);
            black_box(world.wire.bytes)
        });
    });
}

/// Subscriptions of 100,000 devices to a topic each, and of 20 others to 1,000 filters with wildcards.
fn matching(criterion: &mut Criterion) {
    let mut world = World::new();
    for id in 1..=DEVICES {
        let connection = world.connect(id);
        world.subscribe(connection, &format!("commands/sensors-{id}"));
    }
    for n in 0..WILDCARDS {
        let id = DEVICES + 1 + n / 50;
        let connection = if n % 50 == 0 { world.connect(id) } else { ConnectionId(id) };
        let filter = match n % 2 {
            0 => format!("site/{}/+/alarms", n / 2),
            _ => format!("site/{}/#", n / 2),
        };
        world.subscribe(connection, &filter);
    }
    assert_eq!(world.broker.subscriptions() as u64, DEVICES + WILDCARDS);
    let publisher = world.connect(DEVICES * 2);
    let mut measure = |name: &str, topic: &str| {
        let packet = publish(topic, QoS::AtMostOnce);
        criterion.bench_function(&format!("match/{name}"), |bencher| {
            bencher.iter(|| {
                world.now = world.now.plus_nanos(1_000);
                world.bytes(publisher, &packet);
                black_box(world.wire.bytes)
            });
        });
    };
    measure("nobody", "sensors/sensors-7/telemetry");
    measure("one_exact_of_100000", "commands/sensors-77777");
    measure("two_wildcards_of_1000", "site/77/pump/alarms");
}

criterion_group!(benches, fan_in, matching);
criterion_main!(benches);
