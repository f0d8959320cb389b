//! What the broker takes for its two hot paths: many devices that publish, and one topic looked up among many
//! filters.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use squall_core::ConnectionId;
use squall_types::QoS;

use world::{World, publish};

#[allow(dead_code, reason = "each bench uses a part of it")]
mod world;

const DEVICES: u64 = 100_000;
const WILDCARDS: u64 = 1_000;

/// One device after the other publishes at QoS 1 and is acknowledged; nobody listens.
fn fan_in(criterion: &mut Criterion) {
    let mut world = World::new();
    let connections: Vec<ConnectionId> = (1..=DEVICES).map(|id| world.connect(id)).collect();
    let packets: Vec<Vec<u8>> = (0..1_000)
        .map(|n| publish(&format!("sensors/sensors-{n}/telemetry"), QoS::AtLeastOnce, false))
        .collect();
    let mut next = 0;
    criterion.bench_function("fan_in/publish_and_puback/100000_devices", |bencher| {
        bencher.iter(|| {
            // A stride that is prime to the number of devices, so that no cache helps.
            next = (next + 7_919) % connections.len();
            world.now = world.now.plus_nanos(1_000);
            world.bytes(connections[next], &packets[next % packets.len()]);
            black_box(world.wire.deliveries)
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
        let packet = publish(topic, QoS::AtMostOnce, false);
        criterion.bench_function(&format!("match/{name}"), |bencher| {
            bencher.iter(|| {
                world.now = world.now.plus_nanos(1_000);
                world.bytes(publisher, &packet);
                black_box(world.wire.deliveries)
            });
        });
    };
    measure("nobody", "sensors/sensors-7/telemetry");
    measure("one_exact_of_100000", "commands/sensors-77777");
    measure("two_wildcards_of_1000", "site/77/pump/alarms");
}

criterion_group!(benches, fan_in, matching);
criterion_main!(benches);
