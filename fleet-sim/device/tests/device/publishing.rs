//! Publishes, acknowledgements and messages that arrive.

use core::num::NonZeroU16;
use core::time::Duration;

use squall_codec::{Ack, ConnAck, ConnAckProperties, Packet, PacketId, ReasonCode};
use squall_device::{DeviceInput, DeviceProfile, Offline};
use squall_types::{ProtocolVersion, QoS, Timestamp};

use crate::script::*;

#[test]
fn publishes_wait_offline_up_to_the_limit_and_the_newest_are_dropped() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let mut script = Script::start(DeviceProfile {
            connect_timeout: Duration::from_secs(600),
            ..publishing(ProtocolVersion::V311, qos)
        });
        script.advance(10);
        let dropped = script.told().iter().filter(|told| **told == Told::Dropped).count();
        assert_eq!(dropped, 7);
        assert_eq!(script.sent(), []);
        script.accept(false);
        let payloads: Vec<String> = script
            .sent()
            .into_iter()
            .filter_map(|sent| match sent {
                Sent::Publish { payload, .. } => Some(payload),
                _ => None,
            })
            .collect();
        assert_eq!(payloads, ["0", "1", "2"], "the oldest, in order");
        let due: Vec<Timestamp> = (0..3).map(|n| script.due(n)).collect();
        let intended: Vec<Timestamp> = script
            .told()
            .into_iter()
            .filter_map(|told| match told {
                Told::PublishSent { intended, first: true } => Some(intended),
                _ => None,
            })
            .collect();
        assert_eq!(intended, due, "when they fell due, not when they left");
        let unfinished = script.device.unfinished_publishes(&script.profile).count();
        assert_eq!(unfinished, if qos == QoS::AtMostOnce { 0 } else { 3 });
    }
}

#[test]
fn a_device_that_drops_offline_keeps_nothing() {
    let mut script = Script::start(DeviceProfile {
        offline: Offline::Drop,
        ..publishing(ProtocolVersion::V5, QoS::AtLeastOnce)
    });
    script.advance(5);
    script.accept(false);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }]));
    script.advance_nanos(script.due(5).0 - script.now.0);
    assert_eq!(script.sent(), [published(1, false, "5")]);
}

#[test]
fn an_acknowledgement_finishes_a_publish() {
    for version in VERSIONS {
        let mut script = Script::start(publishing(version, QoS::AtLeastOnce));
        script.accept(false);
        script.advance_nanos(script.due(0).0);
        script.sent();
        script.told();
        let due = script.due(0);
        script.advance_nanos(5);
        script.acknowledge(1);
        let acked = Told::PublishAcked { intended: due, sent: due, code: ReasonCode::Success };
        assert_eq!(script.told(), [acked]);
        assert_eq!(script.device.unfinished_publishes(&script.profile).count(), 0);
        // Once only, and not for what was never sent.
        script.acknowledge(1);
        script.acknowledge(9);
        assert_eq!(script.told(), []);
        assert!(script.device.is_connected());
    }
}

#[test]
fn unacknowledged_publishes_are_repeated_if_the_session_is_there_and_new_if_not() {
    // MQTT-4.4.0-1, MQTT-3.3.1-1; v5:3.2.2-5.
    for version in VERSIONS {
        for session_present in [true, false] {
            let mut script = Script::start(publishing(version, QoS::AtLeastOnce));
            script.accept(false);
            script.advance_nanos(script.due(2).0);
            assert_eq!(
                script.sent()[1..],
                [published(1, false, "0"), published(2, false, "1"), published(3, false, "2")]
            );
            script.acknowledge(2);
            script.lose();
            // The next one falls due while offline, and finds two of three places taken.
            script.advance(1);
            script.told();
            script.accept(session_present);
            let sent = script.sent();
            let firsts: Vec<bool> = script
                .told()
                .into_iter()
                .filter_map(|told| match told {
                    Told::PublishSent { first, .. } => Some(first),
                    _ => None,
                })
                .collect();
            if session_present {
                assert_eq!(
                    sent[1..],
                    [published(1, true, "0"), published(3, true, "2"), published(4, false, "3")]
                );
                assert_eq!(firsts, [false, false, true]);
            } else {
                assert_eq!(
                    sent[1..],
                    [published(4, false, "0"), published(5, false, "2"), published(6, false, "3")]
                );
                assert_eq!(firsts, [true, true, true]);
            }
        }
    }
}

#[test]
fn an_acknowledgement_of_an_earlier_connection_is_worth_nothing() {
    let mut script = Script::start(publishing(ProtocolVersion::V5, QoS::AtLeastOnce));
    script.accept(false);
    script.advance_nanos(script.due(0).0);
    script.lose();
    script
        .input(DeviceInput::Bytes(&encode(ProtocolVersion::V5, &[Packet::PubAck(Ack::new(PacketId::MIN))])));
    assert_eq!(script.device.unfinished_publishes(&script.profile).count(), 1);
}

#[test]
fn the_receive_maximum_of_the_service_is_respected() {
    // v5:3.3.4-7; broker.md 7.1 where CONNACK names none.
    let mut script = Script::start(DeviceProfile {
        connect_timeout: Duration::from_secs(600),
        offline: Offline::Queue(1_000),
        ..publishing(ProtocolVersion::V5, QoS::AtLeastOnce)
    });
    script.advance(300);
    let connect = |script: &mut Script, receive_maximum| {
        let properties = ConnAckProperties { receive_maximum, ..ConnAckProperties::default() };
        let connack = ConnAck { properties, ..ConnAck::accepted(ProtocolVersion::V5, false) };
        script.input(DeviceInput::Up);
        script.receive(&[Packet::ConnAck(connack)]);
        script.sent().len() - 1
    };
    assert_eq!(connect(&mut script, NonZeroU16::new(2)), 2);
    script.acknowledge(2);
    assert_eq!(script.sent(), [published(3, false, "2")]);
    script.acknowledge(2);
    assert_eq!(script.sent(), []);
    script.lose();
    script.advance(1);
    assert_eq!(connect(&mut script, None), 100);
}

#[test]
fn packet_ids_wrap_around_those_in_use() {
    // MQTT-2.3.1-2.
    let mut script = Script::start(publishing(ProtocolVersion::V311, QoS::AtLeastOnce));
    script.accept(false);
    let mut seen = Vec::new();
    for n in 0..66_000 {
        let wait = script.due(n).0 - script.now.0;
        script.advance_nanos(wait);
        for sent in script.sent() {
            match sent {
                Sent::Publish { packet_id, .. } => {
                    assert_ne!(packet_id, 0);
                    assert!(n == 0 || packet_id != 1, "1 is never acknowledged");
                    seen.push(packet_id);
                    if n > 0 {
                        script.acknowledge(packet_id);
                    }
                }
                Sent::PingReq => script.receive(&[Packet::PingResp]),
                _ => {}
            }
        }
        script.told.clear();
    }
    assert_eq!(seen.len(), 66_000);
    assert!(seen.contains(&65_535));
}

#[test]
fn a_message_is_received_and_acknowledged_if_it_asks_for_it() {
    // MQTT-4.3.2-2 (receiver), MQTT-2.3.1-6.
    for version in VERSIONS {
        let mut script = Script::start(profile(version));
        script.accept(false);
        script.sent();
        script.told();
        script.receive(&[message("zero", 0), message("one", 7), message("one", 7)]);
        let received = |payload: &str, qos| Told::Received(payload.to_owned(), qos);
        assert_eq!(script.told(), [received("zero", 0), received("one", 1), received("one", 1)]);
        assert_eq!(script.sent(), [Sent::PubAck(7), Sent::PubAck(7)]);
    }
}
