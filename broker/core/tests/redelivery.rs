//! QoS 1 to a client that does not acknowledge.

use core::num::NonZeroU16;

use squall_codec::{Ack, AckType, Packet, PacketId, ReasonCode};
use squall_core::DiscardRule;
use squall_profile::Decision;
use squall_profile::switch::DupOnRedelivery;
use squall_types::{ProtocolVersion, Timestamp};

use crate::VERSIONS;
use crate::support::{Bench, Device, Fact, SECOND, Seen};

/// Lets time pass while the devices keep their connections.
fn advance_alive(bench: &Bench, devices: &[&Device], seconds: u64) {
    for _ in 0..seconds / 20 {
        for device in devices {
            device.send(&Packet::PingReq);
        }
        bench.advance(20);
    }
    bench.advance(seconds % 20);
}

/// The times of the deliveries seen; answers to pings are left out.
fn delivery_times(device: &Device) -> Vec<(Timestamp, String)> {
    let mut times = Vec::new();
    while let Some((at, seen)) = device.take() {
        match seen {
            Seen::Publish(delivery) => {
                assert!(!delivery.dup);
                times.push((at, String::from_utf8_lossy(&delivery.payload).into_owned()));
            }
            Seen::PingResp => {}
            other => panic!("{other:?}"),
        }
    }
    times
}

#[test]
fn an_unacknowledged_message_comes_again_every_20_seconds_without_dup() {
    // 41, D-25, row 2.3.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect().subscribe("a", 1);
        bench.device("p").connect().publish("a", 1, "x");
        let first = device.expect_publish("a", 1, "x");
        for _ in 0..3 {
            bench.advance_nanos(20 * SECOND - 1);
            device.expect_nothing();
            bench.advance_nanos(1);
            assert_eq!(device.expect_publish("a", 1, "x"), first);
        }
        assert!(bench.relied_on(Decision::RedeliveryInterval));
        assert_eq!(bench.count(|fact| *fact == Fact::Redelivered), 3);
        device.ack(first.packet_id);
        bench.advance(100);
        device.expect_nothing();
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn dup_is_set_where_the_profile_follows_the_standard() {
    // Row 2.3, MQTT-3.3.1-1.
    let bench = Bench::new(|profile| profile.switches.dup_on_redelivery = DupOnRedelivery::Yes);
    let device = bench.device("d").connect().subscribe("a", 1);
    bench.device("p").connect().publish("a", 1, "x");
    assert!(!device.expect_publish("a", 1, "x").dup);
    bench.advance(20);
    assert!(device.expect_publish("a", 1, "x").dup);
}

#[test]
fn every_message_has_its_own_20_seconds() {
    // D-25.
    let bench = Bench::plain();
    let device = bench.device("d").connect().subscribe("a", 1);
    let publisher = bench.device("p").connect();
    for payload in ["0", "5", "9"] {
        publisher.publish("a", 1, payload);
        bench.advance(if payload == "0" { 5 } else { 4 });
    }
    bench.advance(60 - 13);
    let seen: Vec<_> =
        delivery_times(&device).into_iter().map(|(at, payload)| (at.as_secs(), payload)).collect();
    let expected = [
        (0, "0"),
        (5, "5"),
        (9, "9"),
        (20, "0"),
        (25, "5"),
        (29, "9"),
        (40, "0"),
        (45, "5"),
        (49, "9"),
        (60, "0"),
    ];
    assert_eq!(seen, expected.map(|(at, payload)| (at, payload.to_owned())));
}

#[test]
fn retries_stop_at_the_end_of_the_window() {
    // 42, broker.md 0.4.
    for (version, window) in [(ProtocolVersion::V311, 3_600), (ProtocolVersion::V5, 960)] {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect().subscribe("a", 1);
        bench.device("p").connect().publish("a", 1, "x");
        advance_alive(&bench, &[&device], window - 1);
        assert_eq!(bench.messages(), 1);
        advance_alive(&bench, &[&device], 1);
        assert_eq!(bench.messages(), 0);
        assert_eq!(bench.discarded(DiscardRule::RetryWindow), 1);
        let times = delivery_times(&device);
        assert_eq!(times.len() as u64, window / 20, "the first and one every 20 s");
        assert_eq!(times.last().expect("deliveries").0, Timestamp::from_secs(window - 20));
        advance_alive(&bench, &[&device], 100);
        assert!(delivery_times(&device).is_empty());
    }
}

#[test]
fn a_message_expires_while_it_is_retried() {
    // broker.md 3.5: a connected subscriber that never acknowledges.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect().subscribe("a", 1);
    bench.device("p").v5().connect().publish_with("a", 1, "x", |publish| {
        publish.properties.message_expiry_interval = Some(50);
    });
    bench.advance(200);
    let deliveries = device.take_deliveries();
    let expiries: Vec<Option<u32>> = deliveries.iter().map(|(_, delivery)| delivery.expiry).collect();
    assert_eq!(expiries, [Some(50), Some(30), Some(10)]);
    assert_eq!(bench.discarded(DiscardRule::MessageExpiry), 1);
    assert_eq!(bench.messages(), 0);
}

#[test]
fn a_101st_message_waits_for_an_acknowledgement() {
    // 43, MQTT-4.4.0-1.
    for version in VERSIONS {
        let bench = Bench::new(|profile| profile.limits.publishes_per_second_per_connection = 10_000);
        let device = bench.device("d").with_version(version).connect().subscribe("a", 1);
        let publisher = bench.device("p").connect();
        for n in 0..150 {
            publisher.publish_acked("a", n.to_string());
        }
        let deliveries = device.take_deliveries();
        assert_eq!(deliveries.len(), 100);
        device.ack(deliveries[40].1.packet_id);
        device.expect_publish("a", 1, "100");
        device.expect_nothing();
        device.ack(deliveries[0].1.packet_id);
        device.ack(deliveries[99].1.packet_id);
        device.expect_publish("a", 1, "101");
        device.expect_publish("a", 1, "102");
        device.expect_nothing();
        // A QoS 0 message needs no acknowledgement and passes.
        publisher.publish("a", 0, "zero");
        device.expect_publish("a", 0, "zero");
    }
}

#[test]
fn a_clients_receive_maximum_bounds_what_it_is_sent() {
    // 44, v5:3.3.4-9.
    for (asked, granted) in [(1, 1), (5, 5), (100, 100), (101, 100), (65_535, 100)] {
        let bench = Bench::new(|profile| profile.limits.publishes_per_second_per_connection = 10_000);
        let device = bench.device("d").v5().connect_with(|connect| {
            connect.properties.receive_maximum = NonZeroU16::new(asked);
        });
        device.expect_connack(false);
        device.subscribe("a", 1);
        let publisher = bench.device("p").connect();
        for n in 0..120 {
            publisher.publish("a", 1, n.to_string());
        }
        let mut got = 0;
        loop {
            let deliveries = device.take_deliveries();
            if deliveries.is_empty() {
                break;
            }
            assert!(deliveries.len() <= granted);
            got += deliveries.len();
            for (_, delivery) in deliveries {
                device.ack(delivery.packet_id);
            }
        }
        assert_eq!(got, 120);
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn an_acknowledgement_of_an_unknown_id_is_ignored() {
    // 50.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.ack(7);
        device.expect_nothing();
        device.subscribe("a", 1);
        bench.device("p").connect().publish("a", 1, "x");
        let delivery = device.expect_publish("a", 1, "x");
        device.ack(delivery.packet_id + 1);
        device.ack(delivery.packet_id);
        device.ack(delivery.packet_id);
        device.expect_nothing();
        assert!(device.is_open());
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn an_acknowledgement_with_an_error_settles_a_message_too() {
    // v5:4.4.0-2.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect().subscribe("a", 1);
    bench.device("p").connect().publish("a", 1, "x");
    let delivery = device.expect_publish("a", 1, "x");
    let id = PacketId::new(delivery.packet_id).expect("a packet id");
    let mut bytes = Vec::new();
    let ack = Ack::with_reason(id, ReasonCode::ImplementationSpecificError);
    ack.encode(AckType::PubAck, ProtocolVersion::V5, &mut bytes).expect("a PUBACK");
    device.send_bytes(&bytes);
    bench.advance(60);
    device.expect_nothing();
    assert_eq!(bench.messages(), 0);
}

#[test]
fn packet_ids_wrap_around_those_in_use() {
    // MQTT-2.3.1-2, MQTT-2.3.1-4: 70,000 messages past one that is never acknowledged.
    let bench = Bench::new(|profile| {
        profile.limits.publishes_per_second_per_connection = 1_000_000;
        profile.limits.inbound_publishes_per_second = 1_000_000;
        profile.limits.outbound_publishes_per_second = 1_000_000;
    });
    let device = bench.device("d").connect().subscribe("a", 1);
    let publisher = bench.device("p").connect();
    publisher.publish("a", 1, "stuck");
    let stuck = device.expect_publish("a", 1, "stuck").packet_id;
    for _ in 0..70_000 {
        publisher.publish("a", 0, "");
        device.expect_publish("a", 0, "");
        bench.https_publish("a", 1, b"x");
        let delivery = device.expect_publish("a", 1, "x");
        assert_ne!(delivery.packet_id, stuck);
        assert_ne!(delivery.packet_id, 0);
        device.ack(delivery.packet_id);
    }
    assert_eq!(bench.messages(), 1);
}

#[test]
fn one_message_is_stored_once_for_all_who_wait_for_it() {
    let bench = Bench::plain();
    let devices = bench.devices("d", 5);
    for device in &devices {
        device.connect().subscribe("a", 1);
    }
    bench.device("p").connect().publish("a", 1, "x");
    assert_eq!(bench.messages(), 1);
    for (n, device) in devices.iter().enumerate() {
        assert_eq!(bench.messages(), 1, "{n}");
        let delivery = device.expect_publish("a", 1, "x");
        device.ack(delivery.packet_id);
    }
    assert_eq!(bench.messages(), 0);
}
