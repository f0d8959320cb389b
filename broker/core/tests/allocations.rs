//! A steady flow allocates nothing (design section 2): what one event needed, the next one uses again.

use squall_codec::{Ack, AckType, PacketId};
use squall_core::ConnectionId;
use squall_types::{ProtocolVersion, QoS};

use world::{World, publish};

#[allow(dead_code, reason = "each user takes a part of it")]
#[path = "../benches/world/mod.rs"]
mod world;

/// Allocations of `steps` more steps, once everything has found its place.
fn allocations(steps: u64, mut step: impl FnMut(u64)) -> u64 {
    (0..steps).for_each(&mut step);
    allocation_counter::measure(|| (steps..2 * steps).for_each(&mut step)).count_total
}

/// What clients acknowledge, under whatever packet id: the first 200 in turn.
fn acknowledge(world: &mut World, connections: &[ConnectionId], pubacks: &[Vec<u8>], n: u64) {
    for &connection in connections {
        world.bytes(connection, &pubacks[n as usize]);
    }
}

fn pubacks(count: u64) -> Vec<Vec<u8>> {
    (1..=count)
        .map(|n| {
            let mut bytes = Vec::new();
            let packet_id = PacketId::new(n as u16).expect("not 0");
            Ack::new(packet_id).encode(AckType::PubAck, ProtocolVersion::V5, &mut bytes).expect("a PUBACK");
            bytes
        })
        .collect()
}

#[test]
fn publishes_to_subscribers_allocate_nothing() {
    let mut world = World::new();
    let listeners: Vec<ConnectionId> = (2..5).map(|id| world.connect(id)).collect();
    for &listener in &listeners {
        world.subscribe_at(listener, "a/+", QoS::AtLeastOnce);
    }
    world.connect(1);
    let (pubacks, packet) = (pubacks(400), publish("a/b", QoS::AtLeastOnce, false));
    let found = allocations(200, |n| {
        world.bytes(ConnectionId(1), &packet);
        acknowledge(&mut world, &listeners, &pubacks, n);
    });
    assert_eq!(world.wire.deliveries, 400 * 3);
    assert_eq!(found, 0);
    assert_eq!(world.broker.messages(), 0);
}

#[test]
fn retained_messages_that_replace_each_other_allocate_nothing() {
    let mut world = World::new();
    let listener = world.connect(2);
    world.subscribe(listener, "#");
    world.connect(1);
    let packets: Vec<Vec<u8>> =
        (0..10).map(|n| publish(&format!("state/{n}"), QoS::AtLeastOnce, true)).collect();
    let found = allocations(200, |n| world.bytes(ConnectionId(1), &packets[n as usize % 10]));
    assert_eq!(world.wire.deliveries, 400);
    assert_eq!(found, 0);
}

#[test]
fn shared_groups_allocate_nothing() {
    let mut world = World::new();
    for id in 2..12 {
        let connection = world.connect(id);
        world.subscribe(connection, "$share/g/jobs/+");
    }
    world.connect(1);
    let packet = publish("jobs/1", QoS::AtLeastOnce, false);
    let found = allocations(200, |_| world.bytes(ConnectionId(1), &packet));
    assert_eq!(world.wire.deliveries, 400);
    assert_eq!(found, 0);
}

#[test]
fn the_counter_counts() {
    assert!(allocations(10, |n| drop(vec![n])) >= 10);
}
