//! Transports that take bytes slowly, or not at all.

use squall_core::DiscardRule;
use squall_profile::Decision;

use crate::VERSIONS;
use crate::support::{Bench, Device};

const BOUND: u32 = 1_000;

/// A device whose transport takes nothing any more, on a broker with a small bound.
fn stalled(bench: &Bench) -> Device {
    let device = bench.device("d").persistent().connect().subscribe("a", 1);
    device.stall();
    device
}

fn bench() -> Bench {
    Bench::new(|profile| {
        profile.limits.unsent_bytes_per_connection = BOUND;
        profile.limits.publishes_per_second_per_connection = 100_000;
    })
}

#[test]
fn qos_0_above_the_bound_is_dropped_and_counted() {
    // Design section 2.
    for version in VERSIONS {
        let bench = bench();
        bench.device("d").with_version(version);
        let device = stalled(&bench);
        let publisher = bench.device("p").connect();
        for n in 0..100 {
            publisher.publish("a", 0, format!("{n:0100}"));
        }
        assert!((BOUND..BOUND + 120).contains(&device.unsent()), "{}", device.unsent());
        let got = device.take_deliveries().len();
        assert_eq!(bench.discarded(DiscardRule::UnsentBytes), 100 - got);
        assert!(bench.relied_on(Decision::UnsentBytes));
        device.flow();
        device.expect_nothing();
        publisher.publish("a", 0, "again");
        device.expect_publish("a", 0, "again");
    }
}

#[test]
fn qos_1_above_the_bound_waits_in_the_session_and_comes_later_in_order() {
    // Design section 2.
    for version in VERSIONS {
        let bench = bench();
        bench.device("d").with_version(version);
        let device = stalled(&bench);
        let publisher = bench.device("p").connect();
        for n in 0..60 {
            publisher.publish_acked("a", format!("{n:0100}"));
        }
        let first = device.take_deliveries().len();
        assert!((9..=11).contains(&first), "{first}");
        assert_eq!(bench.messages(), 60);
        let mut got: Vec<u32> = (0..first as u32).collect();
        device.flow();
        for (_, delivery) in device.take_deliveries() {
            got.push(String::from_utf8_lossy(&delivery.payload).parse().expect("a number"));
        }
        assert_eq!(got, (0..60).collect::<Vec<u32>>());
        assert_eq!(bench.discarded(DiscardRule::UnsentBytes), 0);
    }
}

#[test]
fn acknowledgements_do_not_push_messages_into_a_full_transport() {
    let bench = bench();
    let device = stalled(&bench);
    let publisher = bench.device("p").connect();
    for n in 0..30 {
        publisher.publish("a", 1, format!("{n:0100}"));
    }
    let deliveries = device.take_deliveries();
    let unsent = device.unsent();
    for (_, delivery) in &deliveries {
        device.ack(delivery.packet_id);
    }
    device.expect_nothing();
    assert_eq!(device.unsent(), unsent);
    device.flow();
    assert_eq!(deliveries.len() + device.take_deliveries().len(), 30);
}

#[test]
fn redelivery_does_not_pile_up_behind_a_full_transport() {
    // D-25 asks for an interval, not for copies that nobody takes.
    let bench = bench();
    let device = stalled(&bench);
    let publisher = bench.device("p").connect();
    for n in 0..30 {
        publisher.publish("a", 1, format!("{n:0100}"));
    }
    let sent = device.take_deliveries().len();
    let unsent = device.unsent();
    bench.advance(600);
    device.expect_nothing();
    assert_eq!(device.unsent(), unsent);
    device.flow();
    assert_eq!(device.take_deliveries().len(), 30 - sent, "those that waited come at once");
    bench.advance(20);
    let again = device.take_deliveries().len();
    assert!((9..=11).contains(&again), "of those sent again, what fits: {again}");
}

#[test]
fn a_resumed_store_waits_for_a_full_transport_too() {
    let bench = bench();
    let device = stalled(&bench);
    device.reset();
    let publisher = bench.device("p").connect();
    for n in 0..30 {
        publisher.publish("a", 1, format!("{n:0100}"));
    }
    device.connect();
    bench.advance(10);
    let sent = device.take_deliveries().len();
    assert!((9..=11).contains(&sent), "{sent}");
    device.flow();
    bench.advance(5);
    assert_eq!(sent + device.take_deliveries().len(), 30);
}

#[test]
fn a_transport_that_breaks_while_full_leaves_its_messages_to_the_session() {
    let bench = bench();
    let device = stalled(&bench);
    let publisher = bench.device("p").connect();
    for n in 0..30 {
        publisher.publish("a", 1, n.to_string());
    }
    device.take_all();
    device.reset();
    device.flow();
    device.connect_with(|_| {}).expect_connack(true);
    bench.advance(10);
    let expected: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    assert_eq!(device.ack_deliveries(), expected);
    device.disconnect();
    bench.device("p").disconnect_with(|_| {});
    bench.advance(3_600);
    bench.expect_empty();
}
