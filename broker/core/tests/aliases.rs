//! Topic aliases, both ways.

use core::num::NonZeroU16;

use squall_codec::ReasonCode;
use squall_core::DisconnectReason;

use crate::support::{Bench, Device};

fn publish_alias(device: &Device, topic: &str, alias: u16, payload: &str) {
    device.publish_with(topic, 0, payload, |publish| publish.properties.topic_alias = NonZeroU16::new(alias));
}

#[test]
fn an_alias_stands_for_its_topic_until_the_connection_ends() {
    // Checks 93 to 95; v5:3.3.2-7, -12.
    let bench = Bench::plain();
    let all = bench.device("all").connect().subscribe("#", 0);
    let device = bench.device("d").v5().connect_with(|_| {});
    assert_eq!(device.expect_connack(false).topic_alias_maximum, Some(8));
    publish_alias(&device, "a", 8, "1");
    publish_alias(&device, "", 8, "2");
    publish_alias(&device, "b", 8, "3");
    publish_alias(&device, "", 8, "4");
    for (topic, payload) in [("a", "1"), ("a", "2"), ("b", "3"), ("b", "4")] {
        assert_eq!(all.expect_publish(topic, 0, payload).alias, None);
    }
    device.reset();
    let device = device.connect();
    publish_alias(&device, "", 8, "5");
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
    all.expect_nothing();
}

#[test]
fn aliases_over_the_maximum_and_0_are_invalid() {
    // Check 94; v5:3.3.2-8, -9.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    publish_alias(&device, "a", 9, "x");
    device.expect_disconnect(ReasonCode::TopicAliasInvalid, DisconnectReason::ClientError);
    let device = device.connect();
    device.send_bytes(&[0x30, 7, 0, 1, b'a', 3, 0x23, 0, 0]);
    device.expect_disconnect(ReasonCode::TopicAliasInvalid, DisconnectReason::ClientError);
}

#[test]
fn a_refused_topic_under_an_alias_keeps_other_aliases() {
    let bench = Bench::plain();
    let all = bench.device("all").connect().subscribe("#", 0);
    let device = bench.device("d").v5().connect();
    publish_alias(&device, "a", 1, "1");
    let packet_id = device.publish_with("$x", 1, "no", |publish| {
        publish.properties.topic_alias = NonZeroU16::new(2);
    });
    device.expect_puback_with(packet_id, ReasonCode::TopicNameInvalid);
    publish_alias(&device, "", 1, "2");
    all.expect_publish("a", 0, "1");
    all.expect_publish("a", 0, "2");
}

#[test]
fn a_client_that_takes_aliases_is_sent_them() {
    // v5:3.1.2-26, -27, 3.3.2-8, -11.
    let bench = Bench::new(|profile| profile.limits.topic_alias_max = 2);
    let publisher = bench.device("p").connect();
    for (asked, aliases) in
        [(1_u16, [Some(1), Some(1), None]), (9, [Some(1), Some(1), Some(2)]), (0, [None; 3])]
    {
        let device = bench.device("d").v5();
        device.connect_with(|connect| connect.properties.topic_alias_maximum = Some(asked));
        device.expect_connack(false);
        device.subscribe("#", 1);
        for topic in ["a", "a", "b"] {
            publisher.publish_acked(topic, "x");
        }
        let seen: Vec<_> = device.take_deliveries().into_iter().map(|(_, delivery)| delivery).collect();
        let found: Vec<_> = seen.iter().map(|delivery| (&*delivery.topic, delivery.alias)).collect();
        let known = if asked > 0 { "" } else { "a" };
        assert_eq!(found, [("a", aliases[0]), (known, aliases[1]), ("b", aliases[2])]);
        // Not acknowledged: a redelivery goes under the alias too.
        bench.advance(20);
        let again = device.take_deliveries();
        assert_eq!(again[0].1.topic, known);
        device.disconnect();
    }
}

#[test]
fn an_alias_is_not_kept_with_a_stored_message() {
    let bench = Bench::plain();
    let device = bench.device("d").v5();
    let with_session = |connect: &mut squall_codec::Connect<'_>| {
        connect.clean_start = false;
        connect.properties.session_expiry_interval = Some(600);
        connect.properties.topic_alias_maximum = Some(5);
    };
    device.connect_with(with_session).expect_connack(false);
    device.subscribe("a", 1);
    let publisher = bench.device("p").v5().connect();
    publish_alias(&publisher, "a", 3, "live");
    assert_eq!(device.expect_publish("a", 0, "live").alias, Some(1));
    device.reset();
    publisher.publish_with("", 1, "stored", |publish| publish.properties.topic_alias = NonZeroU16::new(3));
    device.connect_with(with_session).expect_connack(true);
    // The new connection knows no alias yet, so the topic comes in full.
    assert_eq!(device.expect_publish("a", 1, "stored").alias, Some(1));
}
