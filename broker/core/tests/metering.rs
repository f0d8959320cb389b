//! What is billed (`pricing.md` section 1).

use squall_codec::{Ack, AckProperties, AckType, PacketId, Publish, PublishProperties, UserPropertiesBuf};
use squall_core::{Cause, Dimension, message_units};
use squall_types::ProtocolVersion;

use crate::support::Bench;

#[test]
fn packets_that_are_not_billed_are_not_metered() {
    // pricing.md 1.1: CONNACK, PUBACK out, SUBACK, UNSUBSCRIBE, UNSUBACK, pings, DISCONNECT.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    let before = total(&bench);
    device.send(&squall_codec::Packet::PingReq);
    device.take();
    device.unsubscribe("a");
    assert_eq!(total(&bench), before);
    device.publish_acked("a", "x");
    assert_eq!(total(&bench), before + 1, "the publish, not its PUBACK");
    device.disconnect();
    assert_eq!(total(&bench), before + 1);
}

/// Messages of tag 0.
fn total(bench: &Bench) -> u64 {
    let messages = Cause::ALL.iter().filter(|cause| cause.dimension() == Dimension::Messages);
    messages.map(|cause| bench.metered(0, *cause)).sum()
}

#[test]
fn an_accepted_connect_is_metered_whole_and_a_refused_one_is_not() {
    let bench = Bench::plain();
    bench.device("a").tagged(1).connect();
    assert_eq!(bench.metered(1, Cause::Connect), 1);
    let password = [b'x'; 5_200];
    bench.device("b").tagged(2).connect_with(|connect| connect.username = Some("u"));
    assert_eq!(bench.metered(2, Cause::Connect), 1);
    let mut bytes = Vec::new();
    let connect = squall_codec::Connect {
        username: Some("u"),
        password: Some(&password),
        ..squall_codec::Connect::new(ProtocolVersion::V311, "c")
    };
    connect.encode(&mut bytes).expect("a CONNECT");
    bench.device("c").tagged(2).open().send_bytes(&bytes);
    assert_eq!(bench.metered(2, Cause::Connect), 1 + 2);
    bench.device("$").tagged(3).connect_with(|_| {});
    assert_eq!(bench.metered(3, Cause::Connect), 0);
    assert_eq!(bench.metered(3, Cause::Connected), 0);
}

#[test]
fn a_publish_is_metered_by_payload_and_topic_on_each_way() {
    let bench = Bench::plain();
    for name in ["s", "t"] {
        bench.device(name).tagged(1).connect().subscribe("a/b", 1);
    }
    let publisher = bench.device("p").tagged(2).connect();
    for (payload, units) in [(0, 1), (5_117, 1), (5_118, 2), (10_237, 2), (10_238, 3), (131_072, 26)] {
        let before = (bench.metered(2, Cause::PublishIn), bench.metered(1, Cause::PublishOut));
        publisher.publish("a/b", 0, vec![0; payload]);
        assert_eq!(bench.metered(2, Cause::PublishIn) - before.0, units, "{payload}");
        assert_eq!(bench.metered(1, Cause::PublishOut) - before.1, 2 * units, "{payload}");
    }
    assert_eq!(bench.metered(2, Cause::PublishOut), 0, "a delivery is its receiver's");
}

#[test]
fn properties_of_mqtt_5_count_for_those_who_get_them() {
    let bench = Bench::plain();
    bench.device("old").tagged(1).connect().subscribe("a", 0);
    bench.device("new").tagged(2).v5().connect().subscribe("a", 0);
    let publisher = bench.device("p").tagged(3).v5().connect();
    let user = UserPropertiesBuf::from_pairs([("key", "value")]).expect("a pair");
    // Topic 1, answer 6, data 4, type 10, user 8: 29 bytes beside the payload.
    let properties = PublishProperties {
        response_topic: Some("answer"),
        correlation_data: Some(b"data"),
        content_type: Some("text/plain"),
        user_properties: user.as_user_properties(),
        ..PublishProperties::default()
    };
    for (payload, units) in [(5_091, 1), (5_092, 2)] {
        let before =
            [1, 2, 3].map(|tag| bench.metered(tag, Cause::PublishIn) + bench.metered(tag, Cause::PublishOut));
        let payload = vec![0; payload];
        let publish = Publish { properties: properties.clone(), ..Publish::new("a", &payload) };
        let mut bytes = Vec::new();
        publish.encode(ProtocolVersion::V5, &mut bytes).expect("a PUBLISH");
        publisher.send_bytes(&bytes);
        let after =
            [1, 2, 3].map(|tag| bench.metered(tag, Cause::PublishIn) + bench.metered(tag, Cause::PublishOut));
        let added: Vec<u64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
        assert_eq!(added, [1, units, units]);
    }
}

#[test]
fn a_refused_or_discarded_publish_is_not_metered() {
    let bench = Bench::new(|profile| profile.limits.publishes_per_second_per_connection = 3);
    let device = bench.device("d").v5().connect();
    for _ in 0..5 {
        device.publish("a", 1, "x");
    }
    device.publish("a/+", 1, "x");
    assert_eq!(bench.metered(0, Cause::PublishIn), 3);
    device.publish("a", 2, "x");
    assert_eq!(bench.metered(0, Cause::PublishIn), 3);
    device.take_all();
    device.connect();
    device.publish("a", 1, vec![0; 131_073]);
    assert_eq!(bench.metered(0, Cause::PublishIn), 3);
}

#[test]
fn a_puback_of_a_client_is_a_unit_or_as_large_as_its_user_properties() {
    let bench = Bench::plain();
    let device = bench.device("d").tagged(1).v5().connect().subscribe("a", 1);
    bench.device("p").connect();
    for (user, units) in [(0, 1), (5_119, 1), (5_120, 2)] {
        let before = bench.metered(1, Cause::PubAckIn);
        bench.device("p").publish("a", 1, "x");
        let delivery = device.expect_publish("a", 1, "x");
        let value = "v".repeat(user);
        let pairs: &[(&str, &str)] = if user == 0 { &[] } else { &[("k", &value)] };
        let buf = UserPropertiesBuf::from_pairs(pairs.iter().copied()).expect("pairs");
        let properties =
            AckProperties { user_properties: buf.as_user_properties(), ..AckProperties::default() };
        let id = PacketId::new(delivery.packet_id).expect("a packet id");
        let mut bytes = Vec::new();
        Ack { properties, ..Ack::new(id) }
            .encode(AckType::PubAck, ProtocolVersion::V5, &mut bytes)
            .expect("a PUBACK");
        device.send_bytes(&bytes);
        assert_eq!(bench.metered(1, Cause::PubAckIn) - before, units, "{user}");
    }
}

#[test]
fn a_subscribe_is_metered_by_its_filters() {
    let bench = Bench::new(|profile| {
        profile.limits.topic_bytes = 10_000;
        profile.limits.topic_slashes = 1_000;
    });
    let device = bench.device("d").tagged(1).connect();
    device.subscribe_all(&[("a", 1), ("b", 1)]);
    assert_eq!(bench.metered(1, Cause::Subscribe), 1);
    let half = "x".repeat(2_560);
    device.subscribe_all(&[(&half, 1), (&format!("{half}y"), 1)]);
    assert_eq!(bench.metered(1, Cause::Subscribe), 1 + 2);
}

#[test]
fn a_stored_message_is_metered_when_stored_and_again_when_delivered() {
    // 92; pricing.md 1.1: also if it expires undelivered.
    let bench = Bench::plain();
    let device = bench.device("d").tagged(1).persistent().connect().subscribe("a", 1);
    device.disconnect();
    let publisher = bench.device("p").tagged(2).v5().connect();
    publisher.publish("a", 1, "x");
    publisher.publish("a", 1, vec![0; 6_000]);
    publisher.publish_with("a", 1, "gone", |publish| {
        publish.properties.message_expiry_interval = Some(5);
    });
    assert_eq!(bench.metered(1, Cause::Queued), 1 + 2 + 1);
    assert_eq!(bench.metered(1, Cause::PublishOut), 0);
    bench.advance(10);
    device.connect();
    bench.advance(10);
    device.ack_deliveries();
    assert_eq!(bench.metered(1, Cause::PublishOut), 1 + 2);
    assert_eq!(bench.metered(1, Cause::Queued), 4);
}

#[test]
fn a_redelivery_is_a_publish_to_a_client_like_any_other() {
    // pricing.md 1.1: PUBLISH out, per packet.
    let bench = Bench::plain();
    let device = bench.device("d").tagged(1).connect().subscribe("a", 1);
    bench.device("p").connect().publish("a", 1, "x");
    bench.advance(45);
    assert_eq!(device.take_deliveries().len(), 3);
    assert_eq!(bench.metered(1, Cause::PublishOut), 3);
}

#[test]
fn connected_time_is_metered_in_minutes_begun() {
    // pricing.md 1.2.
    for (seconds, minutes) in [(0, 1), (1, 1), (60, 1), (61, 2), (600, 10), (601, 11)] {
        for ended in [false, true] {
            let bench = Bench::plain();
            let device = bench.device("d").tagged(1).keep_alive(1_200).connect();
            bench.advance(seconds);
            if ended {
                device.disconnect();
                bench.advance(1_000);
            }
            assert_eq!(bench.metered(1, Cause::Connected), minutes, "{seconds} s");
        }
    }
    // Each connection on its own, whatever its session; a transport without CONNECT is none.
    let bench = Bench::plain();
    for _ in 0..3 {
        let device = bench.device("d").tagged(1).persistent().connect();
        bench.advance(61);
        device.disconnect();
    }
    bench.device("e").tagged(2).open();
    bench.advance(120);
    assert_eq!(bench.metered(1, Cause::Connected), 6);
    assert_eq!(bench.metered(2, Cause::Connected), 0);
}

#[test]
fn an_https_publish_is_metered_with_its_answer() {
    // pricing.md 1.1: bodies; an answer that refuses is metered too.
    let bench = Bench::plain();
    bench.https_publish("a", 0, &[0; 5_121]);
    assert_eq!(bench.metered(9, Cause::HttpRequest), 2);
    assert_eq!(bench.metered(9, Cause::HttpResponse), 1);
    bench.https_publish("a/+", 0, b"");
    assert_eq!(bench.metered(9, Cause::HttpResponse), 2);
    assert_eq!(bench.metered(9, Cause::PublishIn), 0);
}

#[test]
fn a_unit_is_5_kb() {
    // pricing.md section 1.
    assert_eq!((message_units(0), message_units(5_120), message_units(5_121)), (1, 1, 2));
}
