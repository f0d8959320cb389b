//! What outlives a connection.

use squall_codec::ReasonCode;
use squall_core::{DiscardRule, DisconnectReason};
use squall_profile::Decision;
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::{Bench, Delivery, Device, SECOND};

/// A persistent subscriber to `a/#` at QoS 1 that has gone offline.
fn offline(bench: &Bench, version: ProtocolVersion) -> Device {
    let device = bench.device("d").with_version(version).persistent().connect().subscribe("a/#", 1);
    device.disconnect();
    device
}

#[test]
fn a_clean_session_ends_with_its_connection() {
    // 6, 8; MQTT-3.1.2-6, v5:3.1.2-23 (no expiry asked for is 0).
    for version in VERSIONS {
        for broken in [false, true] {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).connect().subscribe("a", 1);
            bench.device("p").connect().publish("a", 1, "x");
            assert_eq!((bench.subscriptions(), bench.messages()), (1, 1));
            if broken {
                device.reset();
            } else {
                device.take_all();
                device.disconnect();
            }
            assert_eq!((bench.sessions(), bench.subscriptions(), bench.messages()), (1, 0, 0));
            device.persistent().connect_with(|_| {});
            device.take_all();
        }
    }
}

#[test]
fn a_stored_session_is_resumed_with_its_subscriptions() {
    // 7, MQTT-3.1.2-4, MQTT-3.2.2-2.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = offline(&bench, version);
        assert_eq!((bench.connections(), bench.sessions(), bench.subscriptions()), (0, 1, 1));
        device.connect_with(|_| {}).expect_connack(true);
        bench.device("p").connect().publish("a/b", 0, "x");
        device.expect_publish("a/b", 0, "x");
    }
}

#[test]
fn qos_1_messages_wait_for_a_session_and_qos_0_messages_do_not() {
    // 84, MQTT-3.1.2-5; broker.md 4: nor do QoS 1 messages on a QoS 0 subscription.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).persistent().connect();
        device.subscribe("a/#", 1).subscribe("zero", 0).disconnect();
        let publisher = bench.device("p").connect();
        for (topic, qos, payload) in [
            ("a/1", 1, "1"),
            ("a/2", 0, "2"),
            ("a/3", 1, "3"),
            ("zero", 1, "4"),
            ("a/5", 0, "5"),
            ("a/6", 1, "6"),
        ] {
            publisher.publish(topic, qos, payload);
        }
        assert_eq!(bench.messages(), 3);
        device.connect_with(|_| {}).expect_connack(true);
        bench.advance(10);
        assert_eq!(device.ack_deliveries(), ["1", "3", "6"]);
        bench.advance(60);
        device.expect_nothing();
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn stored_messages_come_in_order_at_ten_a_second_after_connack() {
    // 85; broker.md 4.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = offline(&bench, version);
        let publisher = bench.device("p").connect();
        for n in 0..25 {
            publisher.publish("a/b", 1, n.to_string());
        }
        bench.advance(5);
        let resumed = bench.now();
        device.connect_with(|_| {}).expect_connack(true);
        bench.advance(10);
        let deliveries = device.take_deliveries();
        let expected: Vec<_> =
            (0..25_u64).map(|n| (resumed.plus_nanos(n * SECOND / 10), n.to_string())).collect();
        let seen: Vec<_> = deliveries
            .iter()
            .map(|(at, delivery)| (*at, String::from_utf8_lossy(&delivery.payload).into_owned()))
            .collect();
        assert_eq!(seen, expected, "2.4 s for 25 messages");
        let mut ids: Vec<u16> = deliveries.iter().map(|(_, delivery)| delivery.packet_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 25, "a packet id each");
    }
}

#[test]
fn live_messages_pass_a_store_that_is_being_emptied() {
    // broker.md 4: alongside live traffic.
    let bench = Bench::plain();
    let device = offline(&bench, ProtocolVersion::V5);
    let publisher = bench.device("p").connect();
    for n in 0..3 {
        publisher.publish("a/b", 1, n.to_string());
    }
    device.connect();
    publisher.publish("a/b", 1, "live");
    publisher.publish("a/b", 0, "live 0");
    bench.advance(1);
    assert_eq!(device.ack_deliveries(), ["0", "live", "live 0", "1", "2"]);
    publisher.publish("a/b", 1, "after");
    device.expect_publish("a/b", 1, "after");
}

#[test]
fn stored_and_live_messages_share_the_publish_rate_of_a_connection() {
    // broker.md 4: all inside the 100/s per-connection budget.
    let bench = Bench::plain();
    let device = offline(&bench, ProtocolVersion::V311);
    let publishers = bench.devices("p", 2);
    publishers[0].connect();
    publishers[1].connect();
    for n in 0..20 {
        publishers[0].publish("a/b", 1, n.to_string());
    }
    bench.advance(5);
    device.connect();
    // 99 live ones and one stored fill the second; the next stored one waits for the second after.
    for _ in 0..99 {
        publishers[0].publish("a/b", 0, "live");
    }
    bench.advance_nanos(SECOND - 1);
    assert_eq!(device.take_deliveries().len(), 100);
    bench.advance(3);
    assert_eq!(device.take_deliveries().len(), 19, "none is lost");
    assert_eq!(bench.discarded(DiscardRule::PublishRateOut), 0);
}

#[test]
fn unacknowledged_messages_come_first_and_keep_their_ids() {
    // broker.md 4, MQTT-4.4.0-1, row 2.3 (no DUP).
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).persistent().connect().subscribe("a/#", 1);
        let publisher = bench.device("p").connect();
        let first: Vec<Delivery> = (0..3)
            .map(|n| {
                publisher.publish("a/b", 1, n.to_string());
                device.expect_publish("a/b", 1, n.to_string())
            })
            .collect();
        device.ack(first[1].packet_id);
        device.reset();
        publisher.publish("a/b", 1, "stored");
        device.connect_with(|_| {}).expect_connack(true);
        bench.advance(1);
        for n in [0, 2] {
            let again = device.expect_publish("a/b", 1, n.to_string());
            assert_eq!(again, first[n], "the same packet");
            device.ack(again.packet_id);
        }
        let stored = device.expect_publish("a/b", 1, "stored");
        assert!(first.iter().all(|delivery| delivery.packet_id != stored.packet_id));
        device.ack(stored.packet_id);
        bench.advance(100);
        device.expect_nothing();
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn a_session_expires_at_exactly_its_second() {
    // 86, D-01; v5:3.1.2-23, v5:4.1.0-2.
    for version in VERSIONS {
        for (nanos, present) in [(3_600 * SECOND - 1, true), (3_600 * SECOND, false), (3_601 * SECOND, false)]
        {
            let bench = Bench::plain();
            let device = offline(&bench, version);
            bench.device("p").connect().publish("a/b", 1, "x");
            bench.device("p").disconnect_with(|_| {});
            bench.advance_nanos(nanos);
            assert_eq!(bench.sessions(), usize::from(present));
            if !present {
                bench.expect_empty();
            }
            device.connect_with(|_| {}).expect_connack(present);
            assert!(bench.relied_on(Decision::SessionExpiry));
        }
    }
}

#[test]
fn the_slack_of_a_profile_prolongs_a_session() {
    // D-01.
    let bench = Bench::new(|profile| profile.limits.session_expiry_slack_seconds = 1_800);
    let device = offline(&bench, ProtocolVersion::V311);
    // Never shorter than the setting, never over half an hour longer, and not always the same.
    bench.advance(3_600);
    device.connect_with(|_| {}).expect_connack(true);
    device.disconnect();
    bench.advance(5_401);
    device.connect_with(|_| {}).expect_connack(false);
    let devices = bench.devices("m", 20);
    for device in &devices {
        device.persistent().connect().disconnect();
    }
    bench.advance(4_500);
    let kept = bench.sessions();
    assert!((4..=16).contains(&kept), "{kept} of 20 after half of the slack");
}

#[test]
fn the_expiry_counts_from_the_last_disconnect() {
    // broker.md 4: from when the broker notices the disconnect.
    let bench = Bench::plain();
    let device = offline(&bench, ProtocolVersion::V5);
    for _ in 0..5 {
        bench.advance(3_000);
        device.connect_with(|_| {}).expect_connack(true);
        bench.advance(100);
        device.disconnect();
    }
    bench.advance(3_599);
    assert_eq!(bench.sessions(), 1);
    bench.advance(1);
    bench.expect_empty();
}

#[test]
fn a_lost_connection_expires_from_when_it_is_noticed() {
    let bench = Bench::plain();
    bench.device("d").keep_alive(60).persistent().connect();
    bench.advance(90 + 3_599);
    assert_eq!((bench.connections(), bench.sessions()), (0, 1));
    bench.advance(1);
    bench.expect_empty();
}

#[test]
fn mqtt_5_chooses_its_expiry_up_to_the_accounts() {
    // 87; broker.md 3.4.
    for (asked, lives, told) in [
        (1, 1, None),
        (600, 600, None),
        (3_600, 3_600, None),
        (604_801, 3_600, Some(3_600)),
        (u32::MAX, 3_600, Some(3_600)),
    ] {
        let bench = Bench::plain();
        let device = bench.device("d").v5().connect_with(|connect| {
            connect.properties.session_expiry_interval = Some(asked);
        });
        assert_eq!(device.expect_connack(false).session_expiry, told);
        device.disconnect();
        bench.advance_nanos(lives * SECOND - 1);
        assert_eq!(bench.sessions(), 1, "{asked}");
        bench.advance_nanos(1);
        bench.expect_empty();
    }
}

#[test]
fn clean_start_with_an_expiry_begins_anew_and_then_stays() {
    // v5:3.1.2-4; broker.md 3.4.
    let bench = Bench::plain();
    offline(&bench, ProtocolVersion::V5);
    let device = bench.device("d").connect_with(|connect| connect.clean_start = true);
    device.expect_connack(false);
    assert_eq!(bench.subscriptions(), 0);
    device.disconnect();
    device.connect_with(|_| {}).expect_connack(true);
}

#[test]
fn a_resumed_session_takes_the_new_expiry() {
    let bench = Bench::plain();
    let device = offline(&bench, ProtocolVersion::V5);
    let expiring = |seconds| {
        device.connect_with(|connect| connect.properties.session_expiry_interval = Some(seconds)).take_all();
        device.disconnect();
    };
    expiring(10);
    bench.advance(9);
    expiring(1_000);
    bench.advance(999);
    assert_eq!(bench.sessions(), 1);
    expiring(10);
    bench.advance(10);
    bench.expect_empty();
}

#[test]
fn disconnect_may_change_the_expiry() {
    // 88, 89; broker.md 3.4, v5 3.14.2.2.2.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.disconnect_with(|disconnect| disconnect.properties.session_expiry_interval = Some(60));
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
    bench.expect_empty();

    let device = bench.device("d").persistent().connect();
    device.disconnect_with(|disconnect| disconnect.properties.session_expiry_interval = Some(0));
    device.expect_close(DisconnectReason::ClientInitiated);
    bench.expect_empty();

    device.connect();
    device.disconnect_with(|disconnect| disconnect.properties.session_expiry_interval = Some(60));
    device.expect_close(DisconnectReason::ClientInitiated);
    bench.advance(59);
    assert_eq!(bench.sessions(), 1);
    bench.advance(1);
    bench.expect_empty();
    // 0 to a session of 0 changes nothing.
    let device = bench.device("e").v5().connect();
    device.disconnect_with(|disconnect| disconnect.properties.session_expiry_interval = Some(0));
    device.expect_close(DisconnectReason::ClientInitiated);
}

#[test]
fn sessions_are_not_resumed_across_versions() {
    // 90, row 2.21, broker.md 3.4.
    for (before, after) in
        [(ProtocolVersion::V311, ProtocolVersion::V5), (ProtocolVersion::V5, ProtocolVersion::V311)]
    {
        let bench = Bench::plain();
        let device = offline(&bench, before);
        bench.device("p").connect().publish("a/b", 1, "x");
        device.with_version(after).connect_with(|_| {}).expect_connack(false);
        bench.advance(10);
        device.expect_nothing();
        assert_eq!((bench.sessions(), bench.subscriptions(), bench.messages()), (2, 0, 0));
    }
}

#[test]
fn an_expired_message_is_not_delivered_on_resume() {
    // 98, broker.md 3.5; it does not cost the next message its turn either.
    let bench = Bench::plain();
    let device = offline(&bench, ProtocolVersion::V311);
    let publisher = bench.device("p").v5().connect();
    for n in 0..50 {
        publisher.publish_with("a/b", 1, n.to_string(), |publish| {
            publish.properties.message_expiry_interval = Some(10);
        });
    }
    publisher.publish("a/b", 1, "stays");
    bench.advance(11);
    device.connect();
    device.expect_publish("a/b", 1, "stays");
    assert_eq!(bench.discarded(DiscardRule::MessageExpiry), 50);
    assert_eq!(bench.messages(), 1);
}

#[test]
fn a_resumed_session_is_sent_no_more_than_its_receive_maximum() {
    // v5:3.3.4-9 counts what this connection was sent, whatever an earlier one could take.
    let bench = Bench::plain();
    let device = bench.device("d").v5().persistent().connect().subscribe("a/#", 1);
    let publisher = bench.device("p").connect();
    for n in 0..20 {
        publisher.publish("a/b", 1, n.to_string());
    }
    assert_eq!(device.take_deliveries().len(), 20);
    device.reset();
    device
        .connect_with(|connect| connect.properties.receive_maximum = core::num::NonZeroU16::new(3))
        .expect_connack(true);
    bench.advance(19);
    let mut all = Vec::new();
    for _ in 0..20 {
        let deliveries = device.take_deliveries();
        assert!(deliveries.len() <= 3, "{}", deliveries.len());
        for (_, delivery) in deliveries {
            all.push(String::from_utf8_lossy(&delivery.payload).into_owned());
            device.ack(delivery.packet_id);
        }
        bench.advance(1);
    }
    let expected: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(all, expected);
}

#[test]
fn a_session_can_be_left_and_resumed_while_its_store_is_emptied() {
    let bench = Bench::plain();
    let device = offline(&bench, ProtocolVersion::V311);
    let publisher = bench.device("p").connect();
    for n in 0..30 {
        publisher.publish("a/b", 1, n.to_string());
    }
    let mut got = Vec::new();
    for _ in 0..40 {
        device.connect_with(|_| {}).expect_connack(true);
        // What comes before a quarter of a second is over is acknowledged, half of the time.
        bench.advance_nanos(SECOND / 4);
        got.extend(device.ack_deliveries());
        device.reset();
        bench.advance_nanos(SECOND / 4);
    }
    let expected: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    assert_eq!(got, expected);
    assert_eq!(bench.messages(), 0);
}

#[test]
fn a_timer_of_the_connection_before_does_not_disturb_a_resumed_session() {
    // A redelivery that falls due while the store is being emptied must neither resend nor spin.
    let bench = Bench::plain();
    let device = bench.device("d").persistent().connect().subscribe("a/#", 1);
    let publisher = bench.device("p").connect();
    for n in 0..50 {
        publisher.publish("a/b", 1, n.to_string());
    }
    bench.advance(1);
    device.take_deliveries();
    device.reset();
    // The redelivery timer of the first connection fires at 20 s.
    bench.advance(17);
    device.connect();
    bench.advance(10);
    let payloads = device.ack_deliveries();
    let expected: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    assert_eq!(payloads, expected);
}

// Checks without a test here: 92 (in metering.rs).
