//! SUBSCRIBE and UNSUBSCRIBE.

use core::num::NonZeroU32;

use squall_codec::{PacketId, ReasonCode, Subscribe, SubscriptionOptions};
use squall_core::DisconnectReason;
use squall_profile::Decision;
use squall_profile::switch::{HashMatchesParent, Qos2, TooManyFilters};
use squall_types::{ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::Bench;

/// Which of `topics` a subscriber with `filter` gets.
fn delivered<'t>(bench: &Bench, filter: &str, topics: &[&'t str]) -> Vec<&'t str> {
    let subscriber =
        bench.device(&format!("s-{filter}").replace(['+', '#'], "w")).connect().subscribe(filter, 0);
    let publisher = bench.device("p").connect();
    let mut got = Vec::new();
    for topic in topics {
        publisher.publish(topic, 0, "x");
        if !subscriber.take_deliveries().is_empty() {
            got.push(*topic);
        }
    }
    got
}

#[test]
fn a_hash_does_not_match_its_parent_level() {
    // 51, row 2.7.
    let topics = ["sensor", "sensor/", "sensor/a", "sensor/a/b", "sensors", "other"];
    assert_eq!(delivered(&Bench::plain(), "sensor/#", &topics), ["sensor/", "sensor/a", "sensor/a/b"]);
    let bench = Bench::new(|profile| profile.switches.hash_matches_parent = HashMatchesParent::Yes);
    assert_eq!(delivered(&bench, "sensor/#", &topics), ["sensor", "sensor/", "sensor/a", "sensor/a/b"]);
}

#[test]
fn a_plus_matches_one_level() {
    // 52, MQTT-4.7.1-3.
    let bench = Bench::plain();
    let topics = ["sensor/t/room1", "sensor/t/room2", "sensor/a/b/room1", "sensor//room1"];
    assert_eq!(delivered(&bench, "sensor/+/room1", &topics), ["sensor/t/room1", "sensor//room1"]);
    assert_eq!(delivered(&bench, "+", &["a", "/a", "a/", "a/b"]), ["a"]);
    assert_eq!(delivered(&bench, "+/+", &["a", "/a", "a/", "a/b", "a/b/c"]), ["/a", "a/", "a/b"]);
    assert_eq!(delivered(&bench, "/+", &["a", "/a", "//a"]), ["/a"]);
    assert_eq!(delivered(&bench, "+/b/#", &["a/b", "a/b/", "a/b/c/d", "a/c/d"]), ["a/b/", "a/b/c/d"]);
}

#[test]
fn filters_that_are_none_are_refused() {
    // 59, MQTT-4.7.1-2, MQTT-4.7.1-3; broker.md 2.3.
    for filter in ["a/#/b", "a#", "#/a", "a+/b", "+a", "$share/g", "$share//t", "$share/a+b/t", ""] {
        let bench = Bench::plain();
        let device = bench.device("d").connect();
        device.send_subscribe(&[(filter, QoS::AtLeastOnce.into())]);
        device.expect_close(DisconnectReason::ClientError);
        let device = bench.device("e").v5().connect();
        assert_eq!(device.subscribe_all(&[(filter, 1)]), [0x8f], "{filter}");
        assert!(device.is_open());
        assert_eq!(bench.subscriptions(), 0);
    }
}

#[test]
fn a_filter_has_at_most_seven_slashes_and_256_bytes() {
    // broker.md 2.4.
    let long = "x".repeat(256);
    for (version, failure) in [(ProtocolVersion::V311, 0x80), (ProtocolVersion::V5, 0x8f)] {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        let codes = device.subscribe_all(&[
            ("1/2/3/4/5/6/7/8", 1),
            ("1/2/3/4/5/6/7/8/9", 1),
            (&long, 1),
            (&format!("{long}x"), 1),
        ]);
        assert_eq!(codes, [1, failure, 1, failure]);
        assert_eq!(bench.subscriptions(), 2);
    }
}

#[test]
fn broken_subscribe_packets_end_the_connection() {
    // 62, 63; MQTT-3.8.1-1, MQTT-3.8.3-3, MQTT-2.3.1-1.
    for bytes in [&[0x80, 6, 0, 1, 0, 1, b'a', 0][..], &[0x82, 2, 0, 1], &[0x82, 6, 0, 0, 0, 1, b'a', 0]] {
        let bench = Bench::plain();
        let device = bench.device("d").connect();
        device.send_bytes(bytes);
        device.expect_close(DisconnectReason::ClientError);
    }
}

#[test]
fn one_suback_answers_all_filters_in_order() {
    // 64, MQTT-3.8.4-1, -2, -4, MQTT-3.9.3-1.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        assert_eq!(device.subscribe_all(&[("a", 1), ("b", 0), ("c/#", 1)]), [1, 0, 1]);
        device.expect_nothing();
        assert_eq!(bench.subscriptions(), 3);
    }
}

#[test]
fn a_filter_of_a_reserved_space_fails_alone() {
    // 68; broker.md 2.3.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    assert_eq!(device.subscribe_all(&[("test/topic1", 1), ("$invalid/reserved/topic", 1)]), [1, 143]);
    let device = bench.device("e").connect();
    assert_eq!(device.subscribe_all(&[("test/topic1", 1), ("$invalid/reserved/topic", 1)]), [1, 0x80]);
}

#[test]
fn a_subscribe_has_at_most_eight_filters() {
    // 65, D-13.
    let filters: Vec<String> = (0..9).map(|n| format!("f/{n}")).collect();
    let filters: Vec<(&str, u8)> = filters.iter().map(|filter| (&**filter, 1)).collect();
    let asked: Vec<(&str, SubscriptionOptions)> =
        filters.iter().map(|(filter, _)| (*filter, QoS::AtLeastOnce.into())).collect();
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        assert_eq!(device.subscribe_all(&filters[..8]), [1; 8]);
        device.send_subscribe(&asked);
        device.expect_disconnect(ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        assert!(bench.relied_on(Decision::TooManyFilters));

        let bench = Bench::new(|profile| profile.switches.too_many_filters = TooManyFilters::SubAckFailure);
        let device = bench.device("d").with_version(version).connect();
        let failure = if version == ProtocolVersion::V5 { 0x97 } else { 0x80 };
        assert_eq!(device.subscribe_all(&filters), [failure; 9]);
        assert_eq!(bench.subscriptions(), 0);
    }
}

#[test]
fn a_connection_has_at_most_50_subscriptions() {
    // 66, broker.md 0.1.
    for (version, failure) in [(ProtocolVersion::V311, 0x80), (ProtocolVersion::V5, 0x97)] {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        for n in 0..49 {
            device.subscribe(&format!("f/{n}"), 1);
        }
        assert_eq!(device.subscribe_all(&[("f/49", 1), ("f/50", 1), ("f/0", 0)]), [1, failure, 0]);
        assert!(device.is_open());
        // One less makes room for one more.
        device.unsubscribe("f/7");
        device.subscribe("f/51", 1);
        assert_eq!(device.subscribe_all(&[("f/52", 1)]), [failure]);
        assert_eq!(bench.subscriptions(), 50);
        // Another connection has its own.
        bench.device("e").with_version(version).connect().subscribe("f/52", 1);
    }
}

#[test]
fn the_same_filter_again_replaces_the_subscription() {
    // 71, MQTT-3.8.4-3.
    let bench = Bench::plain();
    let device = bench.device("d").connect().subscribe("a/+", 1);
    let publisher = bench.device("p").connect();
    publisher.publish("a/b", 1, "x");
    let delivery = device.expect_publish("a/b", 1, "x");
    device.ack(delivery.packet_id);
    device.subscribe("a/+", 0);
    publisher.publish("a/b", 1, "x");
    device.expect_publish("a/b", 0, "x");
    device.expect_nothing();
    assert_eq!(bench.subscriptions(), 1);
}

#[test]
fn qos_2_in_a_subscribe_gets_no_suback() {
    // 38, D-07.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.send_subscribe(&[("a", QoS::AtLeastOnce.into()), ("b", QoS::ExactlyOnce.into())]);
        device.expect_disconnect(ReasonCode::QosNotSupported, DisconnectReason::ClientError);
        assert_eq!(bench.subscriptions(), 0);

        let bench = Bench::new(|profile| profile.switches.qos2 = Qos2::Ignore);
        let device = bench.device("d").with_version(version).connect();
        device.send_subscribe(&[("b", QoS::ExactlyOnce.into())]);
        device.expect_nothing();
        assert!(device.is_open());
    }
}

#[test]
fn subscription_identifiers_are_not_supported() {
    // 70.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    let filters = [("a", QoS::AtLeastOnce.into())];
    let mut subscribe = Subscribe::new(PacketId::MIN, &filters);
    subscribe.properties.subscription_identifier = NonZeroU32::new(1);
    device.send(&squall_codec::Packet::Subscribe(subscribe));
    device.expect_disconnect(ReasonCode::SubscriptionIdentifiersNotSupported, DisconnectReason::ClientError);
}

#[test]
fn unsubscribing_stops_deliveries_and_is_always_acknowledged() {
    // 69, MQTT-3.10.4-1, -2, -4, -5.
    for (version, codes) in [(ProtocolVersion::V311, &[][..]), (ProtocolVersion::V5, &[0])] {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.subscribe("a/+", 1).subscribe("a/b", 0);
        assert_eq!(device.unsubscribe("a/+"), codes);
        assert_eq!(device.unsubscribe("a/+"), codes, "not held any more");
        bench.device("p").connect().publish("a/b", 1, "x");
        device.expect_publish("a/b", 0, "x");
        device.expect_nothing();
        assert_eq!(bench.subscriptions(), 1);
    }
}

#[test]
fn unsubscribing_from_what_is_no_filter_is_refused() {
    // broker.md 3.3, MQTT-4.7.3-1, v5:4.7.1-1.
    for filter in ["", "a/#/b", "a+"] {
        let bench = Bench::plain();
        let device = bench.device("d").v5().connect().subscribe("a", 1);
        assert_eq!(device.unsubscribe(filter), [0x8f]);
        let device = bench.device("e").connect();
        device.unsubscribe_quietly(filter);
        device.expect_close(DisconnectReason::ClientError);
    }
}

#[test]
fn a_message_on_its_way_arrives_after_unsubscribing() {
    // MQTT-3.10.4-3: what was begun is completed.
    let bench = Bench::plain();
    let device = bench.device("d").connect().subscribe("a", 1);
    bench.device("p").connect().publish("a", 1, "x");
    let first = device.expect_publish("a", 1, "x");
    device.unsubscribe("a");
    bench.advance(20);
    assert_eq!(device.expect_publish("a", 1, "x").packet_id, first.packet_id);
}

// Checks without a test here: 53, 54 (lifecycle events), 57 (Basic Ingest), 67 (profile aws-2021), 73 to 77 (retained
// messages), 105 to 111 (shared subscriptions; of 109 the refusal is tested above).
