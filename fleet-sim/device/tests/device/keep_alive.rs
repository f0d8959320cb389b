//! Keep alive, and the timers of connections that are gone.

use squall_codec::{ConnAck, ConnAckProperties, Packet};
use squall_device::{DeviceInput, DeviceProfile};
use squall_types::ProtocolVersion;

use crate::script::*;

#[test]
fn a_silent_device_pings_at_its_keep_alive_and_gives_up_after_10_seconds() {
    // MQTT-3.1.2-23, MQTT 3.1.1 3.1.2.10.
    let mut script = Script::start(profile(ProtocolVersion::V311));
    script.accept(false);
    script.sent();
    script.advance_nanos(60 * SECOND - 1);
    assert_eq!(script.sent(), []);
    script.advance_nanos(1);
    assert_eq!(script.sent(), [Sent::PingReq]);
    script.advance(5);
    script.receive(&[Packet::PingResp]);
    script.advance(55);
    assert_eq!(script.sent(), [Sent::PingReq], "a keep alive after the last");
    script.told();
    script.advance_nanos(10 * SECOND - 1);
    assert!(script.device.is_connected());
    script.advance_nanos(1);
    assert!(!script.transport);
    assert_eq!(script.told(), [Told::Lost(None)]);
    script.advance(1);
    assert_eq!(script.attempts(), [131]);
}

#[test]
fn what_a_device_sends_puts_its_ping_off() {
    let mut script = Script::start(DeviceProfile { keep_alive_seconds: 30, ..profile(ProtocolVersion::V5) });
    script.accept(false);
    for n in 1..=10 {
        script.advance(29);
        script.receive(&[message("x", n)]);
    }
    assert!(!script.sent().contains(&Sent::PingReq));
    script.advance(30);
    assert_eq!(script.sent(), [Sent::PingReq]);
}

#[test]
fn a_keep_alive_below_the_ping_timeout_is_kept() {
    // MQTT-3.1.2-23.
    let mut script = Script::start(DeviceProfile { keep_alive_seconds: 4, ..profile(ProtocolVersion::V311) });
    script.accept(false);
    script.sent();
    for _ in 0..10 {
        script.advance(4);
        assert_eq!(script.sent(), [Sent::PingReq]);
        script.receive(&[Packet::PingResp]);
    }
    script.advance(8);
    assert!(!script.device.is_connected(), "no answer within a keep alive");
}

#[test]
fn the_keep_alive_of_the_server_is_adopted() {
    // v5:3.2.2-21.
    for (server, ping) in
        [(Some(30), Some(30)), (Some(1_200), Some(1_200)), (None, Some(60)), (Some(0), None)]
    {
        let mut script = Script::start(profile(ProtocolVersion::V5));
        let properties = ConnAckProperties { server_keep_alive: server, ..ConnAckProperties::default() };
        let connack = ConnAck { properties, ..ConnAck::accepted(ProtocolVersion::V5, false) };
        script.input(DeviceInput::Up);
        script.receive(&[Packet::ConnAck(connack)]);
        script.sent();
        match ping {
            Some(seconds) => {
                script.advance_nanos(seconds * SECOND - 1);
                assert_eq!(script.sent(), []);
                script.advance_nanos(1);
                assert_eq!(script.sent(), [Sent::PingReq]);
            }
            None => {
                script.advance(100_000);
                assert_eq!(script.sent(), []);
            }
        }
    }
}

#[test]
fn timers_of_an_earlier_connection_are_ignored() {
    // Timers are never cancelled.
    let mut script = Script::start(profile(ProtocolVersion::V5));
    script.accept(false);
    script.advance(5);
    script.lose();
    script.advance(1);
    script.accept(true);
    script.sent();
    script.advance_nanos(60 * SECOND - 1);
    assert_eq!(script.sent(), [], "the ping of the first connection was due at 60 s");
    script.advance_nanos(1);
    assert_eq!(script.sent(), [Sent::PingReq]);
}
