//! What this broker does not model is refused loudly, with a fact: never approximated.

use squall_codec::{Connect, ReasonCode, Will};
use squall_core::{ConnectRefusal, DisconnectReason, Feature};
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::{Bench, Fact};

#[test]
fn a_will_is_refused() {
    // 17, 28, 29 partly, 31 to 33: with the issue of wills.
    for (version, code) in [(ProtocolVersion::V311, 3), (ProtocolVersion::V5, 0x83)] {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version);
        device.connect_with(|connect: &mut Connect<'_>| connect.will = Some(Will::new("w", b"gone")));
        device.expect_refusal(code, DisconnectReason::ServerError);
        assert_eq!(bench.not_modelled(), [Feature::Will]);
        assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::NotModelled)), 1);
        bench.expect_empty();
    }
}

#[test]
fn a_retained_publish_ends_the_connection() {
    // 73 to 82, 93 (Retain Available is announced as 0; v5:3.2.2-14).
    for version in VERSIONS {
        let bench = Bench::plain();
        let all = bench.device("all").connect().subscribe("#", 0);
        let device = bench.device("d").with_version(version).connect_with(|_| {});
        let expected = if version == ProtocolVersion::V5 { Some(false) } else { None };
        assert_eq!(device.expect_connack(false).retain, expected);
        device.publish_with("a", 1, "x", |publish| publish.retain = true);
        device.expect_disconnect(ReasonCode::RetainNotSupported, DisconnectReason::ServerError);
        assert_eq!(bench.not_modelled(), [Feature::RetainedMessage]);
        all.expect_nothing();
    }
}

#[test]
fn a_topic_alias_ends_the_connection() {
    // 93 to 95 (no Topic Alias Maximum is announced; v5:3.2.2-18).
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect_with(|_| {});
    assert_eq!(device.expect_connack(false).topic_alias_maximum, None);
    device.publish_with("a", 1, "x", |publish| {
        publish.properties.topic_alias = core::num::NonZeroU16::new(1);
    });
    device.expect_disconnect(ReasonCode::TopicAliasInvalid, DisconnectReason::ServerError);
    assert_eq!(bench.not_modelled(), [Feature::TopicAlias]);
}

#[test]
fn an_alias_of_0_breaks_the_protocol() {
    // 94 partly, v5:3.3.2-8.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.send_bytes(&[0x30, 7, 0, 1, b'a', 3, 0x23, 0, 0]);
    device.expect_disconnect(ReasonCode::TopicAliasInvalid, DisconnectReason::ClientError);
    assert_eq!(bench.not_modelled(), []);
}

#[test]
fn a_shared_subscription_is_refused() {
    // 75, 105 to 111.
    for (version, code) in [(ProtocolVersion::V311, 0x80), (ProtocolVersion::V5, 0x9e)] {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect_with(|_| {});
        let expected = if version == ProtocolVersion::V5 { Some(false) } else { None };
        assert_eq!(device.expect_connack(false).shared, expected);
        assert_eq!(device.subscribe_all(&[("$share/g/a/#", 1), ("a/#", 1)]), [code, 1]);
        assert_eq!(bench.not_modelled(), [Feature::SharedSubscription]);
        assert_eq!(bench.subscriptions(), 1);
    }
}

#[test]
fn a_reserved_topic_is_refused() {
    // 53, 54, 57, 79; broker.md 2.3.
    for version in VERSIONS {
        for topic in ["$aws/things/t/shadow/update", "$aws/rules/r/a", "$x"] {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).connect();
            let packet_id = device.publish(topic, 1, "x");
            match version {
                ProtocolVersion::V311 => device.expect_close(DisconnectReason::ClientError),
                ProtocolVersion::V5 => device.expect_puback_with(packet_id, ReasonCode::TopicNameInvalid),
            }
            let device = device.connect();
            device.publish(topic, 0, "x");
            device.take_all();
            assert!(!device.is_open());
            let failure = if version == ProtocolVersion::V5 { 0x8f } else { 0x80 };
            assert_eq!(device.connect().subscribe_all(&[(topic, 1)]), [failure]);
            bench.https_publish(topic, 0, b"x");
            assert_eq!(bench.not_modelled(), [Feature::ReservedTopic; 4]);
        }
    }
}

#[test]
fn every_feature_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Feature::ALL.len());
}
