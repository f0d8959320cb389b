//! Retained messages.

use squall_codec::{ReasonCode, RetainHandling, SubscriptionOptions};
use squall_core::{Call, DiscardRule, DisconnectReason, Reply};
use squall_profile::Decision;
use squall_profile::switch::RetainedOnSubscribe;
use squall_types::{ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::{Bench, Device, Fact, Seen};

fn retain(device: &Device, topic: &str, qos: u8, payload: &str) -> u16 {
    device.publish_with(topic, qos, payload, |publish| publish.retain = true)
}

/// No rate gets in the way.
fn unhurried() -> Bench {
    Bench::new(|profile| profile.limits.retained_publishes_per_second_per_topic = 1_000)
}

#[test]
fn a_retained_message_comes_with_a_subscription_to_exactly_its_topic() {
    // Checks 73 to 76; MQTT-3.3.1-5, -8, -9.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        let live = bench.device("live").connect().subscribe("#", 1);
        let packet_id = retain(&device, "a/b", 1, "kept");
        device.expect_puback(packet_id);
        assert!(!live.expect_publish("a/b", 1, "kept").retain);
        for (filter, qos, expected) in [
            ("a/b", 1, Some(1)),
            ("a/b", 0, Some(0)),
            ("a/+", 1, None),
            ("#", 1, None),
            ("$share/g/a/b", 1, None),
        ] {
            let late = bench.device("late").with_version(version).connect().subscribe(filter, qos);
            if let Some(qos) = expected {
                assert!(late.expect_publish("a/b", qos, "kept").retain);
            }
            late.expect_nothing();
            late.disconnect();
        }
        assert_eq!(bench.retained_messages(), 1);
        assert_eq!(bench.count(|fact| *fact == Fact::PublishRetained), 1);
    }
}

#[test]
fn the_last_message_counts_and_an_empty_one_deletes() {
    // Check 77; MQTT-3.3.1-7, -10, -11, -12.
    let bench = unhurried();
    let device = bench.device("d").connect();
    let live = bench.device("live").connect().subscribe("t", 1);
    retain(&device, "t", 1, "1");
    retain(&device, "t", 0, "2");
    device.publish("t", 0, "not retained");
    let late = bench.device("late").connect().subscribe("t", 1);
    assert!(late.expect_publish("t", 0, "2").retain);
    retain(&device, "t", 1, "");
    late.expect_publish("t", 1, "");
    assert_eq!(bench.retained_messages(), 0);
    bench.device("later").connect().subscribe("t", 1).expect_nothing();
    assert_eq!(live.take_deliveries().len(), 4);
    // What was remembered of the topic for its rate goes as well.
    for device in [&device, &live, &late, &bench.device("later")] {
        device.reset();
    }
    bench.advance(2);
    bench.expect_empty();
}

#[test]
fn a_filter_subscribed_again_brings_it_again() {
    // MQTT-3.8.4-3; v5:3.3.1-9 to -11.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    retain(&device, "t", 1, "x");
    for (handling, first, again) in [
        (RetainHandling::SendAtSubscribe, 1, 1),
        (RetainHandling::SendIfNew, 1, 0),
        (RetainHandling::DoNotSend, 0, 0),
    ] {
        let late = bench.device("late").v5().connect();
        let options = SubscriptionOptions { retain_handling: handling, ..QoS::AtLeastOnce.into() };
        for expected in [first, again] {
            late.send_subscribe(&[("t", options)]);
            assert!(matches!(late.take(), Some((_, Seen::SubAck { .. }))));
            assert_eq!(late.take_deliveries().len(), expected, "{handling:?}");
        }
        late.disconnect();
    }
}

#[test]
fn retain_as_published_keeps_the_flag() {
    // v5:3.3.1-12, -13.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    let kept = bench.device("kept").v5().connect();
    let options = SubscriptionOptions { retain_as_published: true, ..QoS::AtMostOnce.into() };
    kept.send_subscribe(&[("t", options)]);
    kept.take_all();
    retain(&device, "t", 1, "1");
    assert!(kept.expect_publish("t", 0, "1").retain);
    device.publish("t", 0, "2");
    assert!(!kept.expect_publish("t", 0, "2").retain);
}

#[test]
fn an_expired_message_is_not_retained() {
    // Check 82; v5:3.3.2-5.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.publish_with("t", 1, "x", |publish| {
        publish.retain = true;
        publish.properties.message_expiry_interval = Some(5);
    });
    bench.advance(4);
    let late = bench.device("late").v5().connect().subscribe("t", 1);
    assert_eq!(late.expect_publish("t", 1, "x").expiry, Some(1));
    bench.advance(1);
    assert_eq!(bench.retained_messages(), 0);
    bench.device("later").connect().subscribe("t", 1).expect_nothing();
}

#[test]
fn a_retained_publish_over_a_quota_is_discarded() {
    // Checks 80 and 81; broker.md 2.3.
    for version in VERSIONS {
        let bench = Bench::new(|profile| {
            profile.limits.retained_messages = 2;
            profile.limits.retained_publishes_per_second = 4;
        });
        let all = bench.device("all").connect().subscribe("#", 0);
        let device = bench.device("d").with_version(version).connect();
        let refused = |topic: &str, payload: &str| {
            let packet_id = retain(&device, topic, 1, payload);
            match version {
                ProtocolVersion::V311 => device.expect_nothing(),
                ProtocolVersion::V5 => device.expect_puback_with(packet_id, ReasonCode::QuotaExceeded),
            }
        };
        let taken = |topic: &str, payload: &str| {
            let packet_id = retain(&device, topic, 1, payload);
            device.expect_puback(packet_id);
            all.expect_publish(topic, 0, payload);
        };
        taken("a", "x");
        refused("a", "again within the second");
        taken("b", "x");
        refused("c", "one too many");
        bench.advance(1);
        refused("c", "still one too many");
        // What is there may be replaced, and deleted.
        taken("a", "y");
        taken("b", "");
        taken("d", "z");
        refused("e", "over the account's rate");
        all.expect_nothing();
        assert_eq!(bench.discarded(DiscardRule::RetainedQuota), 4);
        assert!(bench.relied_on(Decision::RetainedRate));
    }
}

#[test]
fn https_publishes_retain_as_well() {
    // broker.md 1.3.
    let bench = Bench::plain();
    let call = |payload| Call::Publish { topic: "t", payload, qos: QoS::AtLeastOnce, retain: true };
    assert_eq!(bench.call(call(b"x")), Reply::Ok);
    assert_eq!(bench.call(call(b"y")), Reply::Throttling);
    assert_eq!(bench.count(|fact| *fact == Fact::CallThrottled(DiscardRule::RetainedQuota)), 1);
    assert!(bench.device("d").connect().subscribe("t", 1).expect_publish("t", 1, "x").retain);
    bench.advance(1);
    assert_eq!(bench.call(call(b"")), Reply::Ok);
    assert_eq!(bench.retained_messages(), 0);
}

#[test]
fn a_reserved_topic_retains_nothing() {
    // Check 79.
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    retain(&device, "$aws/things/t/shadow/update", 1, "{}");
    device.expect_close(DisconnectReason::ClientError);
    assert_eq!(bench.retained_messages(), 0);
}

#[test]
fn a_profile_may_send_what_wildcards_match_and_forget_by_age() {
    // broker.md 0.17, 0.18; MQTT-3.3.1-6.
    let bench = Bench::new(|profile| {
        profile.switches.retained_on_subscribe = RetainedOnSubscribe::Oasis;
        profile.limits.retained_days = 2;
    });
    let device = bench.device("d").connect();
    for topic in ["a/1", "a/2", "b"] {
        retain(&device, topic, 0, topic);
    }
    device.disconnect();
    let late = bench.device("late").connect().subscribe("a/+", 1);
    let mut topics: Vec<_> = late.take_deliveries().into_iter().map(|(_, delivery)| delivery.topic).collect();
    topics.sort();
    assert_eq!(topics, ["a/1", "a/2"]);
    late.reset();
    bench.advance(86_400);
    retain(&device.connect(), "b", 0, "fresh");
    bench.advance(86_400);
    assert_eq!(bench.retained_messages(), 1);
    assert!(bench.relied_on(Decision::RetainedAge) && bench.relied_on(Decision::RetainedOnSubscribe));
}

#[test]
fn a_session_keeps_what_is_retained_meanwhile_as_ordinary_messages() {
    // broker.md 4, last row.
    let bench = unhurried();
    let device = bench.device("d").persistent().connect().subscribe("t/+", 1);
    device.reset();
    let publisher = bench.device("p").connect();
    retain(&publisher, "t/1", 1, "1");
    retain(&publisher, "t/1", 1, "2");
    let device = device.connect();
    assert!(!device.expect_publish("t/1", 1, "1").retain);
    bench.advance(1);
    assert!(!device.expect_publish("t/1", 1, "2").retain);
}
