//! What must not grow with the fleet, and what may grow no faster than it.
//!
//! Each figure is the best of several rounds, a small world and a large one in turns, so that a busy machine disturbs
//! both alike. A promise that is not kept is named at the end, and the bench then fails.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures real time")]

use std::process::ExitCode;
use std::time::Instant;

use squall_codec::Will;
use squall_core::{ClosedWhy, ConnectionId, Input};
use squall_types::QoS;

use world::{World, publish};

#[allow(dead_code, reason = "each bench uses a part of it")]
mod world;

const ROUNDS: usize = 5;
const SMALL: u64 = 1_000;
const LARGE: u64 = 100_000;

/// Nanoseconds of one step of something, in a world of so many.
type Measure = fn(u64) -> f64;

fn main() -> ExitCode {
    let rows: [(&str, Measure, u64, u64, f64); 7] = [
        // The promise of the project. The others may pay for caches that hold a small world and no large one; a scan of
        // the whole would cost a hundredfold.
        ("publish beside so many other subscriptions", publish_beside, 100, LARGE, 2.0),
        ("session expires, all within a second", session_expires, SMALL, LARGE, 10.0),
        ("will published, all connections reset", will_published, SMALL, LARGE, 10.0),
        ("retained message replaced, of so many", retained_replaced, SMALL, LARGE, 10.0),
        ("subscribe to one of so many retained messages", retained_sent, SMALL, LARGE, 10.0),
        ("retained publish to so many subscribers, for each", retained_fan_out, SMALL, LARGE, 10.0),
        ("publish to a group, of so many groups of 10", shared, 10, 1_000, 10.0),
    ];
    let mut kept = true;
    println!(
        "{:<52} {:>9} {:>9} {:>10} {:>10} {:>6}",
        "ns each", "small", "large", "small ns", "large ns", "ratio"
    );
    for (name, measure, small, large, bound) in rows {
        let mut best = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for (best, size) in best.iter_mut().zip([small, large]) {
                *best = best.min(measure(size));
            }
        }
        let ratio = best[1] / best[0];
        println!("{name:<52} {small:>9} {large:>9} {:>10.0} {:>10.0} {ratio:>6.2}", best[0], best[1]);
        if ratio > bound {
            kept = false;
            println!("NOT KEPT  {name}: {ratio:.2}, at most {bound:.2}");
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Nanoseconds of each of `count` steps.
fn time(count: u64, mut step: impl FnMut(u64)) -> f64 {
    let began = Instant::now();
    for n in 0..count {
        step(n);
    }
    began.elapsed().as_nanos() as f64 / count as f64
}

/// 90 of 100 subscriptions are to a topic each, 10 have wildcards.
fn publish_beside(others: u64) -> f64 {
    let mut world = World::new();
    for n in 0..others {
        let connection = if n % 50 == 0 { world.connect(n / 50 + 10) } else { ConnectionId(n / 50 + 10) };
        let filter = match n % 10 {
            9 => format!("site/{n}/+/alarms"),
            _ => format!("commands/sensors-{n}"),
        };
        world.subscribe(connection, &filter);
    }
    let listener = world.connect(1);
    world.subscribe(listener, "commands/mine");
    let publisher = world.connect(2);
    let packet = publish("commands/mine", QoS::AtMostOnce, false);
    let nanos = time(200_000, |_| {
        world.now = world.now.plus_nanos(1_000);
        world.bytes(publisher, &packet);
    });
    assert_eq!(world.wire.deliveries, 200_000);
    nanos
}

/// Persistent sessions with a subscription each lose their connections within a second.
fn session_expires(sessions: u64) -> f64 {
    let mut world = World::new();
    for id in 1..=sessions {
        let connection = world.connect_with(id, |connect| {
            connect.clean_start = false;
            connect.properties.session_expiry_interval = Some(60);
        });
        world.subscribe(connection, &format!("commands/sensors-{id}"));
    }
    for id in 1..=sessions {
        world.now = world.now.plus_nanos(1_000_000_000 / sessions);
        world.handle(Input::Closed { connection: ConnectionId(id), why: ClosedWhy::Reset });
    }
    let nanos = time(1, |_| {
        while let Some(deadline) = world.broker.next_deadline() {
            world.now = world.now.max(deadline);
            world.handle(Input::Deadline);
        }
    });
    assert_eq!((world.broker.sessions(), world.broker.subscriptions()), (0, 0));
    nanos / sessions as f64
}

fn will_published(connections: u64) -> f64 {
    let mut world = World::new();
    let listener = world.connect(connections + 1);
    world.subscribe(listener, "wills/+");
    for id in 1..=connections {
        let topic = format!("wills/{id}");
        world.connect_will(id, Will::new(&topic, b"gone"));
    }
    let nanos = time(connections, |n| {
        world.close(ConnectionId(n + 1));
    });
    assert_eq!(world.wire.deliveries, connections);
    nanos
}

fn with_retained(messages: u64) -> (World, Vec<Vec<u8>>) {
    let mut world = World::new();
    let publisher = world.connect(1);
    let packets: Vec<Vec<u8>> =
        (0..messages).map(|n| publish(&format!("state/sensors-{n}"), QoS::AtLeastOnce, true)).collect();
    for packet in &packets {
        world.now = world.now.plus_nanos(1_000);
        world.bytes(publisher, packet);
    }
    assert_eq!(world.broker.retained_messages() as u64, messages);
    (world, packets)
}

fn retained_replaced(messages: u64) -> f64 {
    let (mut world, packets) = with_retained(messages);
    time(100_000, |n| {
        world.now = world.now.plus_nanos(1_000);
        world.bytes(ConnectionId(1), &packets[(n * 7_919 % messages) as usize]);
    })
}

fn retained_sent(messages: u64) -> f64 {
    let (mut world, _) = with_retained(messages);
    let listener = world.connect(2);
    let nanos = time(20_000, |n| {
        let filter = format!("state/sensors-{}", n * 7_919 % messages);
        world.subscribe(listener, &filter);
        world.unsubscribe(listener, &filter);
    });
    assert_eq!(world.wire.deliveries, 20_000);
    nanos
}

fn retained_fan_out(subscribers: u64) -> f64 {
    let mut world = World::new();
    for id in 2..2 + subscribers {
        let connection = world.connect(id);
        world.subscribe(connection, "news");
    }
    let publisher = world.connect(1);
    let packet = publish("news", QoS::AtMostOnce, true);
    let rounds = (LARGE / subscribers).max(1) * 2;
    let nanos = time(rounds, |_| {
        world.now = world.now.plus_nanos(1_000_000_000);
        world.bytes(publisher, &packet);
    });
    assert_eq!(world.wire.deliveries, rounds * subscribers);
    nanos / subscribers as f64
}

fn shared(groups: u64) -> f64 {
    let mut world = World::with_limits(|limits| limits.shared_groups = 1_000);
    for group in 0..groups {
        for member in 0..10 {
            let connection = world.connect(10 + group * 10 + member);
            world.subscribe(connection, &format!("$share/workers/jobs/{group}"));
        }
    }
    let publisher = world.connect(1);
    let packets: Vec<Vec<u8>> =
        (0..groups).map(|n| publish(&format!("jobs/{n}"), QoS::AtMostOnce, false)).collect();
    let nanos = time(100_000, |n| {
        world.now = world.now.plus_nanos(1_000);
        world.bytes(publisher, &packets[(n * 7_919 % groups) as usize]);
    });
    assert_eq!(world.wire.deliveries, 100_000);
    nanos
}
