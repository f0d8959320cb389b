//! Silence.

use squall_codec::{Packet, ReasonCode};
use squall_core::DisconnectReason;

use crate::VERSIONS;
use crate::support::{Bench, SECOND, Seen};

#[test]
fn silence_of_one_and_a_half_keep_alives_ends_the_connection() {
    // 21, 22, 23, 25; MQTT-3.1.2-24, v5:3.1.2-22.
    for version in VERSIONS {
        for (asked, silence) in
            [(60, 90), (10, 45), (29, 45), (30, 45), (31, 46), (0, 1_800), (65_535, 1_800)]
        {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).keep_alive(asked).connect();
            // 31 s make 46.5 s.
            let nanos = if asked == 31 { SECOND / 2 } else { 0 };
            bench.advance_nanos(silence * SECOND + nanos - 1);
            device.expect_nothing();
            bench.advance_nanos(1);
            device.expect_disconnect(ReasonCode::KeepAliveTimeout, DisconnectReason::KeepAliveTimeout);
            bench.expect_empty();
        }
    }
}

#[test]
fn mqtt_5_is_told_the_keep_alive_in_force() {
    // 24, v5:3.2.2-21, v5:3.2.2-22.
    for (asked, told) in
        [(10, Some(30)), (30, None), (600, None), (1_200, None), (1_201, Some(1_200)), (0, Some(1_200))]
    {
        let bench = Bench::plain();
        let device = bench.device("d").v5().keep_alive(asked).connect_with(|_| {});
        assert_eq!(device.expect_connack(false).server_keep_alive, told, "{asked}");
    }
}

#[test]
fn every_packet_puts_the_end_off() {
    // 27, MQTT-3.12.4-1; MQTT-3.1.2-24 counts every control packet.
    let bench = Bench::plain();
    let device = bench.device("d").keep_alive(60).connect();
    for _ in 0..5 {
        bench.advance(89);
        device.send(&Packet::PingReq);
        device.expect(&Seen::PingResp);
        bench.advance(89);
        device.publish("a", 0, "");
    }
    bench.advance(89);
    device.expect_nothing();
    bench.advance(1);
    device.expect_close(DisconnectReason::KeepAliveTimeout);
}

#[test]
fn a_packet_begun_and_not_finished_is_silence() {
    let bench = Bench::plain();
    let device = bench.device("d").keep_alive(60).connect();
    bench.advance(80);
    device.send_bytes(&[0xc0]);
    bench.advance(10);
    device.expect_close(DisconnectReason::KeepAliveTimeout);
}

#[test]
fn what_the_server_sends_does_not_keep_a_silent_client() {
    // MQTT-3.1.2-24 counts what the client sends.
    let bench = Bench::plain();
    let silent = bench.device("d").keep_alive(60).connect().subscribe("a", 0);
    let busy = bench.device("p").connect();
    for _ in 0..9 {
        bench.advance(10);
        busy.publish("a", 0, "x");
    }
    silent.take_all();
    assert_eq!(bench.ends_of("d"), [DisconnectReason::KeepAliveTimeout]);
}

#[test]
fn a_transport_that_takes_the_place_of_another_has_a_life_of_its_own() {
    // Timers of the one that is gone must not touch it.
    let bench = Bench::plain();
    let device = bench.device("d").keep_alive(60).connect();
    bench.advance(50);
    device.disconnect();
    let device = device.connect();
    bench.advance(89);
    device.expect_nothing();
    bench.advance(1);
    device.expect_close(DisconnectReason::KeepAliveTimeout);
}

// Checks without a test here: 26 (VPC endpoints), and of 27 the metric, which an observer counts.
