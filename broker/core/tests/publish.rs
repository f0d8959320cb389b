//! PUBLISH in both directions.

use core::num::NonZeroU32;

use squall_codec::{PublishProperties, ReasonCode, SubscriptionOptions, UserPropertiesBuf};
use squall_core::{DiscardRule, DisconnectReason, InvalidRequest, Reply};
use squall_profile::Decision;
use squall_profile::switch::{InvalidTopicV5, OverlappingFilters, Qos2, SubscriptionOptionsSwitch};
use squall_types::{ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::{Bench, Fact, Seen};

#[test]
fn a_message_reaches_every_subscriber_at_the_lower_qos() {
    // 40, 72; MQTT-2.3.1-6, MQTT-3.8.4-6, MQTT-4.3.2-2.
    for version in VERSIONS {
        let bench = Bench::plain();
        let zero = bench.device("zero").with_version(version).connect().subscribe("a/b", 0);
        let one = bench.device("one").with_version(version).connect().subscribe("a/b", 1);
        let publisher = bench.device("p").with_version(version).connect();
        for qos in [0, 1] {
            let packet_id = publisher.publish("a/b", qos, "x");
            if qos == 1 {
                publisher.expect_puback(packet_id);
            }
            publisher.expect_nothing();
            zero.expect_publish("a/b", 0, "x");
            let delivery = one.expect_publish("a/b", qos, "x");
            if qos == 1 {
                one.ack(delivery.packet_id);
            }
        }
        bench.advance(60);
        one.expect_nothing();
        assert_eq!(bench.messages(), 0);
        assert_eq!(bench.count(|fact| *fact == Fact::PublishIn), 2);
        assert_eq!(bench.count(|fact| *fact == Fact::PublishOut), 4);
        let receipt = bench.receipt();
        assert_eq!((receipt.connects, receipt.publishes, receipt.deliveries, receipt.filters), (3, 2, 4, 2));
    }
}

#[test]
fn a_message_without_subscribers_is_acknowledged_like_any_other() {
    // broker.md 3.3: 0x10 is not used.
    for version in VERSIONS {
        let bench = Bench::plain();
        bench.device("p").with_version(version).connect().publish_acked("nobody", "x");
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn a_publisher_hears_itself() {
    let bench = Bench::plain();
    let device = bench.device("d").connect().subscribe("a", 1);
    let packet_id = device.publish("a", 1, "x");
    device.expect_publish("a", 1, "x");
    device.expect_puback(packet_id);
}

#[test]
fn an_inbound_dup_is_ignored() {
    // Row 2.3: a repeat is a message of its own.
    let bench = Bench::plain();
    let subscriber = bench.device("s").connect().subscribe("a", 0);
    let publisher = bench.device("p").connect();
    for dup in [false, true] {
        let id = publisher.publish_with("a", 1, "x", |publish| publish.dup = dup);
        publisher.expect_puback(id);
        assert!(!subscriber.expect_publish("a", 0, "x").dup);
    }
}

#[test]
fn qos_2_is_never_acknowledged_and_ends_the_connection() {
    // 36, 37, D-07; v5:3.2.2-11.
    for version in VERSIONS {
        let bench = Bench::plain();
        let subscriber = bench.device("s").connect().subscribe("a", 1);
        let device = bench.device("d").with_version(version).connect();
        device.publish("a", 2, "x");
        device.expect_disconnect(ReasonCode::QosNotSupported, DisconnectReason::ClientError);
        subscriber.expect_nothing();
        assert!(bench.relied_on(Decision::Qos2));

        let bench = Bench::new(|profile| profile.switches.qos2 = Qos2::Ignore);
        let device = bench.device("d").with_version(version).connect();
        device.publish("a", 2, "x");
        device.expect_nothing();
        assert!(device.is_open());
    }
}

#[test]
fn packets_of_qos_2_and_of_a_server_end_the_connection() {
    // Row 2.20, MQTT-4.8.0-1, v5:4.13.1-1: PUBREC, PUBREL, PUBCOMP, CONNACK, SUBACK, UNSUBACK, PINGRESP.
    let v311: [&[u8]; 7] = [
        &[0x50, 2, 0, 1],
        &[0x62, 2, 0, 1],
        &[0x70, 2, 0, 1],
        &[0x20, 2, 0, 0],
        &[0x90, 3, 0, 1, 0],
        &[0xb0, 2, 0, 1],
        &[0xd0, 0],
    ];
    for bytes in v311 {
        let bench = Bench::plain();
        let device = bench.device("d").connect();
        device.send_bytes(bytes);
        device.expect_close(DisconnectReason::ClientError);
    }
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.send_bytes(&[0xd0, 0]);
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
}

#[test]
fn qos_3_is_malformed() {
    // 39, MQTT-3.3.1-4.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.send_bytes(&[0x36, 6, 0, 1, b'a', 0, 1, 0]);
        device.expect_disconnect(ReasonCode::MalformedPacket, DisconnectReason::ClientError);
    }
}

#[test]
fn a_payload_has_at_most_128_kb() {
    // 48, row 2.17.
    for version in VERSIONS {
        let bench = Bench::plain();
        let subscriber = bench.device("s").connect().subscribe("a", 0);
        let device = bench.device("d").with_version(version).connect();
        let payload = vec![b'x'; 131_073];
        device.publish("a", 1, &payload[..131_072]);
        subscriber.expect_publish("a", 0, &payload[..131_072]);
        device.take();
        device.publish("a", 1, &payload);
        device.expect_disconnect(ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        subscriber.expect_nothing();
    }
}

#[test]
fn a_packet_over_146_kb_ends_the_connection_before_it_is_complete() {
    // broker.md 0.7.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        // 149,505 bytes after the fixed header; 149,504 would be waited for.
        device.send_bytes(&[0x30, 0x81, 0x90, 0x09]);
        device.expect_disconnect(ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        let device = device.connect();
        device.send_bytes(&[0x30, 0x80, 0x90, 0x09]);
        device.expect_nothing();
        assert!(device.is_open());
    }
}

#[test]
fn a_3_1_1_subscriber_sees_no_properties_and_an_mqtt_5_one_sees_all() {
    // 49, 99; v5:3.3.2-4, -15, -16, -17, -18, -20.
    let bench = Bench::plain();
    let old = bench.device("old").connect().subscribe("a", 1);
    let new = bench.device("new").v5().connect().subscribe("a", 1);
    let pairs = UserPropertiesBuf::from_pairs([("a", "1"), ("b", "2"), ("a", "3")]).expect("pairs");
    let publisher = bench.device("p").v5().connect();
    let properties = PublishProperties {
        payload_is_utf8: Some(true),
        response_topic: Some("answers"),
        correlation_data: Some(b"7"),
        content_type: Some("text/plain"),
        user_properties: pairs.as_user_properties(),
        ..PublishProperties::default()
    };
    let mut bytes = Vec::new();
    let publish = squall_codec::Publish { properties, ..squall_codec::Publish::new("a", b"x") };
    publish.encode(ProtocolVersion::V5, &mut bytes).expect("a PUBLISH");
    publisher.send_bytes(&bytes);
    let delivery = new.expect_publish("a", 0, "x");
    assert_eq!(delivery.payload_is_utf8, Some(true));
    assert_eq!(delivery.response_topic.as_deref(), Some("answers"));
    assert_eq!(delivery.correlation_data.as_deref(), Some(&b"7"[..]));
    assert_eq!(delivery.content_type.as_deref(), Some("text/plain"));
    let user: Vec<_> = delivery.user_properties.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(user, [("a", "1"), ("b", "2"), ("a", "3")]);
    // The codec reads a 3.1.1 PUBLISH with properties as a longer payload, so an equal one has none.
    old.expect_publish("a", 0, "x");

    // And the other way round.
    bench.device("q").connect().publish("a", 1, "y");
    new.expect_publish("a", 1, "y");
}

#[test]
fn a_response_topic_with_wildcards_is_a_protocol_error() {
    // 102, v5:3.3.2-14.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.send_bytes(&[0x30, 10, 0, 1, b'a', 6, 8, 0, 3, b'a', b'/', b'#']);
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
}

#[test]
fn a_subscription_identifier_in_a_publish_of_a_client_is_a_protocol_error() {
    // v5:3.3.4-6.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.send_bytes(&[0x30, 6, 0, 1, b'a', 2, 0x0b, 1]);
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
}

/// Publishes to a topic that is none, at either QoS, and looks at what comes of it.
#[track_caller]
fn expect_topic_refused(topic: &str) {
    for qos in [0, 1] {
        let bench = Bench::plain();
        let all = bench.device("all").connect().subscribe("#", 0);
        let device = bench.device("d").connect();
        device.publish(topic, qos, "x");
        device.expect_close(DisconnectReason::ClientError);

        let device = bench.device("e").v5().connect();
        let packet_id = device.publish(topic, qos, "x");
        if qos == 1 {
            device.expect_puback_with(packet_id, ReasonCode::TopicNameInvalid);
            device.expect_nothing();
            assert!(bench.relied_on(Decision::InvalidTopicV5));
        } else {
            device.expect_disconnect(ReasonCode::TopicNameInvalid, DisconnectReason::ClientError);
        }
        all.expect_nothing();
    }
}

#[test]
fn a_topic_name_has_no_wildcards() {
    // 55, MQTT-3.3.2-2, D-12.
    for topic in ["a/+/b", "#", "a/#", "a+"] {
        expect_topic_refused(topic);
    }
    let bench = Bench::new(|profile| profile.switches.invalid_topic_v5 = InvalidTopicV5::Disconnect);
    let device = bench.device("d").v5().connect();
    device.publish("a/+", 1, "x");
    device.expect_disconnect(ReasonCode::TopicNameInvalid, DisconnectReason::ClientError);
}

#[test]
fn a_topic_name_has_at_most_seven_slashes_and_256_bytes() {
    // 56, 58.
    let bench = Bench::plain();
    let all = bench.device("all").connect().subscribe("#", 0);
    let device = bench.device("d").connect();
    let long = "é".repeat(128);
    for topic in ["1/2/3/4/5/6/7/8", "///////", &long] {
        device.publish(topic, 0, "x");
        all.expect_publish(topic, 0, "x");
    }
    expect_topic_refused("1/2/3/4/5/6/7/8/9");
    expect_topic_refused("////////");
    expect_topic_refused(&format!("{long}x"));
}

#[test]
fn an_empty_topic_is_none() {
    // MQTT-4.7.3-1; MQTT 5 needs an alias with it.
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    device.publish("", 0, "x");
    device.expect_close(DisconnectReason::ClientError);
    let device = bench.device("e").v5().connect();
    device.send_bytes(&[0x30, 3, 0, 0, 0]);
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
}

#[test]
fn a_nul_or_broken_utf_8_in_a_topic_is_malformed() {
    // 60, MQTT-1.5.3-1, MQTT-1.5.3-2.
    for byte in [0, 0xff] {
        for version in VERSIONS {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).connect();
            device.send_bytes(&[0x30, 4, 0, 1, byte, 0]);
            device.expect_disconnect(ReasonCode::MalformedPacket, DisconnectReason::ClientError);
        }
    }
}

#[test]
fn topics_that_differ_in_case_are_two() {
    // 61, MQTT-4.7.3-4.
    let bench = Bench::plain();
    let device = bench.device("d").connect().subscribe("Topic/+", 0);
    device.publish("topic/a", 0, "x");
    device.expect_nothing();
    device.publish("Topic/a", 0, "x");
    device.expect_publish("Topic/a", 0, "x");
}

#[test]
fn overlapping_filters_yield_one_copy_at_the_highest_qos() {
    // D-15, MQTT-3.3.5-1.
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    device.subscribe("a/b", 0).subscribe("a/+", 1).subscribe("#", 0);
    let other = bench.device("e").connect().subscribe("a/#", 0);
    bench.device("p").connect().publish("a/b", 1, "x");
    device.expect_publish("a/b", 1, "x");
    device.expect_nothing();
    other.expect_publish("a/b", 0, "x");
    assert!(bench.relied_on(Decision::OverlappingFilters));

    let bench = Bench::new(|profile| profile.switches.overlapping_filters = OverlappingFilters::OnePerFilter);
    let device = bench.device("d").connect();
    device.subscribe("a/b", 0).subscribe("a/+", 1).subscribe("#", 0);
    bench.device("p").connect().publish("a/b", 1, "x");
    let mut copies: Vec<u8> = device.take_deliveries().iter().map(|(_, delivery)| delivery.qos).collect();
    copies.sort_unstable();
    assert_eq!(copies, [0, 0, 1]);
}

#[test]
fn no_local_keeps_a_publishers_own_messages_from_one_subscription() {
    // D-17, v5:3.8.3-3.
    let no_local = SubscriptionOptions { qos: QoS::AtLeastOnce, no_local: true, ..Default::default() };
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.send_subscribe(&[("a/b", no_local)]);
    device.take();
    device.publish("a/b", 0, "own");
    device.expect_nothing();
    bench.device("p").connect().publish("a/b", 0, "other");
    device.expect_publish("a/b", 0, "other");
    assert!(bench.relied_on(Decision::SubscriptionOptions));
    // Another filter without it still asks for the message.
    device.subscribe("a/+", 0);
    device.publish("a/b", 0, "own");
    device.expect_publish("a/b", 0, "own");
    device.expect_nothing();

    let bench =
        Bench::new(|profile| profile.switches.subscription_options = SubscriptionOptionsSwitch::Ignore);
    let device = bench.device("d").v5().connect();
    device.send_subscribe(&[("a/b", no_local)]);
    device.take();
    device.publish("a/b", 0, "own");
    device.expect_publish("a/b", 0, "own");
}

#[test]
fn a_message_larger_than_a_subscriber_takes_is_not_sent_to_it() {
    // v5:3.1.2-24, v5:3.1.2-25.
    let bench = Bench::plain();
    let small = bench.device("small").v5().connect_with(|connect| {
        connect.properties.maximum_packet_size = NonZeroU32::new(512);
    });
    small.expect_connack(false);
    small.subscribe("a", 1);
    let other = bench.device("other").v5().connect().subscribe("a", 1);
    let publisher = bench.device("p").connect();
    // Fixed header 3, topic 3, packet id 2, property length 1.
    for (payload, fits) in [(503, true), (504, false)] {
        let payload = vec![b'x'; payload];
        publisher.publish_acked("a", &payload);
        other.expect_publish("a", 1, &payload);
        if fits {
            small.expect_publish("a", 1, &payload);
        }
        small.expect_nothing();
    }
    assert_eq!(bench.discarded(DiscardRule::ReceiverPacketSize), 1);
    // At QoS 0 two bytes less are needed.
    let payload = vec![b'x'; 506];
    publisher.publish("a", 0, &payload);
    small.expect_nothing();
    assert_eq!(bench.discarded(DiscardRule::ReceiverPacketSize), 2);
    publisher.publish("a", 0, &payload[..505]);
    small.expect_publish("a", 0, &payload[..505]);
}

#[test]
fn message_expiry_is_clamped_and_counts_down() {
    // 96, 97; broker.md 3.5.
    let bench = Bench::plain();
    let subscriber = bench.device("s").v5().persistent().connect().subscribe("a", 1);
    let publisher = bench.device("p").v5().connect();
    let publish = |qos, expiry| {
        publisher.publish_with("a", qos, "x", |publish| {
            publish.properties.message_expiry_interval = Some(expiry);
        });
    };
    for (sent, seen) in
        [(0, 1), (1, 1), (30, 30), (604_800, 604_800), (700_000, 604_800), (u32::MAX, 604_800)]
    {
        for qos in [0, 1] {
            publish(qos, sent);
            let delivery = subscriber.expect_publish("a", qos, "x");
            assert_eq!(delivery.expiry, Some(seen));
            if qos == 1 {
                subscriber.ack(delivery.packet_id);
            }
        }
    }
    publisher.publish("a", 1, "x");
    let delivery = subscriber.expect_publish("a", 1, "x");
    assert_eq!(delivery.expiry, None);
    subscriber.ack(delivery.packet_id);
    subscriber.disconnect();
    publish(1, 30);
    publish(1, 20);
    bench.advance(20);
    subscriber.connect();
    assert_eq!(subscriber.expect_publish("a", 1, "x").expiry, Some(10));
    bench.advance(1);
    subscriber.expect_nothing();
    assert_eq!(bench.discarded(DiscardRule::MessageExpiry), 1);
}

#[test]
fn less_than_a_second_left_of_a_message_shows_as_0() {
    // broker.md 3.5.
    let bench = Bench::plain();
    let subscriber = bench.device("s").v5().persistent().connect().subscribe("a", 1);
    subscriber.disconnect();
    bench.device("p").v5().connect().publish_with("a", 1, "x", |publish| {
        publish.properties.message_expiry_interval = Some(10);
    });
    bench.advance_nanos(9_001_000_000);
    subscriber.connect();
    assert_eq!(subscriber.expect_publish("a", 1, "x").expiry, Some(0));
}

#[test]
fn an_https_publish_is_routed_like_any_other() {
    // 118 partly; broker.md 1.3.
    let bench = Bench::plain();
    let subscriber = bench.device("s").connect().subscribe("a/b", 1);
    for qos in [0, 1] {
        assert_eq!(bench.https_publish("a/b", qos, b"x"), Reply::Ok);
        subscriber.expect_publish("a/b", qos, "x");
    }
    for (topic, qos, length, why) in [
        ("a/b", 2, 1, InvalidRequest::QoS),
        ("a/b", 0, 131_073, InvalidRequest::Payload),
        ("", 0, 1, InvalidRequest::Topic),
        ("a/+", 0, 1, InvalidRequest::Topic),
        ("a\0", 0, 1, InvalidRequest::Topic),
        ("1/2/3/4/5/6/7/8/9", 0, 1, InvalidRequest::Topic),
        ("$aws/x", 0, 1, InvalidRequest::Topic),
    ] {
        assert_eq!(bench.https_publish(topic, qos, &vec![0; length]), Reply::InvalidRequest(why), "{topic}");
    }
    subscriber.expect_nothing();
    assert_eq!(bench.https_publish("a/b", 0, &[b'x'; 131_072]), Reply::Ok);
    let Some((_, Seen::Publish(delivery))) = subscriber.take() else {
        panic!("the largest payload is routed")
    };
    assert_eq!(delivery.payload.len(), 131_072);
}

/// Every publish that is refused for what it is counts once in `PublishIn.ClientError`, with its topic.
#[test]
fn every_refused_publish_is_a_fact() {
    let expect = |bench: &Bench, over_https, topic: &str| {
        let refused = Fact::PublishRefused { over_https, topic: topic.to_owned() };
        assert_eq!(bench.count(|fact| *fact == refused), 1, "{topic}");
        assert_eq!(bench.count(|fact| matches!(fact, Fact::PublishRefused { .. })), 1, "{topic}");
    };
    let payload = vec![b'x'; 131_073];
    for (topic, qos, payload) in [("a", 2, &payload[..1]), ("b", 0, &payload), ("a/+", 1, &payload[..1])] {
        let bench = Bench::plain();
        bench.device("d").v5().connect().publish(topic, qos, payload);
        expect(&bench, false, topic);
    }
    // A subscription identifier, an alias over the maximum, and one that stands for nothing.
    for (topic, bytes) in [
        ("a", &[0x30, 6, 0, 1, b'a', 2, 0x0b, 1][..]),
        ("a", &[0x30, 7, 0, 1, b'a', 3, 0x23, 0, 9]),
        ("", &[0x30, 6, 0, 0, 3, 0x23, 0, 1]),
    ] {
        let bench = Bench::plain();
        bench.device("d").v5().connect().send_bytes(bytes);
        expect(&bench, false, topic);
    }
    for (topic, qos, payload) in [("c", 2, &payload[..1]), ("c", 0, &payload), ("c/#", 0, &payload[..1])] {
        let bench = Bench::plain();
        assert!(matches!(bench.https_publish(topic, qos, payload), Reply::InvalidRequest(_)));
        expect(&bench, true, topic);
    }
}

// Checks without a test here: 45 (every PUBACK leaves at once while durability is off, so that no client can have 101
// unacknowledged publishes), 57 (Basic Ingest), 78 to 83 (retained messages), 94, 95 (aliases, see not_modelled.rs),
// 100, 101 (the profile has no limits for these properties yet), 104 (policies; PUBACK 0x90 and 0x97 are tested above
// and in throttles.rs), 119 to 123 (HTTPS).
