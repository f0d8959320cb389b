//! CONNECT and CONNACK, and how connections end.

use core::num::{NonZeroU16, NonZeroU32};

use squall_codec::{Connect, Packet, ReasonCode, Will};
use squall_core::{ClosedWhy, ConnectRefusal, DisconnectReason, Input};
use squall_profile::Decision;
use squall_profile::switch::DollarClientId;
use squall_types::{ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::{Bench, Fact, Seen};

/// A 3.1.1 CONNECT of `d`, taken apart: name, level, flags.
fn connect_bytes(name: &str, level: u8, flags: u8) -> Vec<u8> {
    let mut body = vec![0, name.len() as u8];
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(&[level, flags, 0, 60]);
    if level == 5 {
        body.push(0);
    }
    body.extend_from_slice(&[0, 1, b'd']);
    let mut packet = vec![0x10, body.len() as u8];
    packet.extend(body);
    packet
}

#[test]
fn a_first_packet_that_is_no_connect_closes_without_a_word() {
    // 1, MQTT-3.1.0-1.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).open();
        device.send(&Packet::PingReq);
        device.expect_close(DisconnectReason::ClientError);
        assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::ClientError)), 1);
        bench.expect_empty();
    }
}

#[test]
fn a_second_connect_ends_the_connection() {
    // 2, MQTT-3.1.0-2; v5: 0x82.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.send_bytes(&connect_bytes("MQTT", version.level(), 2));
        device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
        bench.expect_empty();
    }
}

#[test]
fn a_second_connect_of_an_unknown_level_ends_the_connection_too() {
    // 2; DISCONNECT has no code for a protocol version.
    for (name, level) in [("MQTT", 6), ("MQTT", 3), ("MQIsdp", 3), ("XMPP", 255)] {
        let bench = Bench::plain();
        let device = bench.device("d").v5().connect();
        device.send_bytes(&connect_bytes(name, level, 2));
        device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
    }
}

#[test]
fn another_protocol_level_is_told_so() {
    // 3, MQTT-3.1.2-2.
    for (name, level) in [("MQIsdp", 3), ("MQTT", 3)] {
        let bench = Bench::plain();
        let device = bench.device("d").open();
        device.send_bytes(&connect_bytes(name, level, 2));
        device.expect_refusal(1, DisconnectReason::ClientError);
    }
    // v5:3.1.2-2: a later version reads the answer of the latest one spoken here.
    let bench = Bench::plain();
    let device = bench.device("d").v5().open();
    device.send_bytes(&connect_bytes("MQTT", 6, 2));
    device.expect_refusal(ReasonCode::UnsupportedProtocolVersion.to_u8(), DisconnectReason::ClientError);
}

#[test]
fn the_reserved_connect_flag_closes_3_1_1_without_connack() {
    // 4, MQTT-3.1.2-3, MQTT-3.1.4-1; MQTT 5 may name the reason (v5:3.1.4-2).
    let bench = Bench::plain();
    let device = bench.device("d").open();
    device.send_bytes(&connect_bytes("MQTT", 4, 3));
    device.expect_close(DisconnectReason::ClientError);

    let device = bench.device("e").v5().open();
    device.send_bytes(&connect_bytes("MQTT", 5, 3));
    device.expect_refusal(ReasonCode::MalformedPacket.to_u8(), DisconnectReason::ClientError);
}

#[test]
fn connack_is_the_first_packet_of_the_server() {
    // 5, 6, 8, MQTT-3.2.0-1, MQTT-3.2.2-1, MQTT-3.2.2-3. Its four bytes are asserted in the crate's documentation.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version);
        device.connect_with(|_| {}).expect_connack(false);
        device.expect_nothing();
        device.disconnect();
        device.persistent().connect_with(|_| {}).expect_connack(false);
    }
}

#[test]
fn packets_right_behind_connect_are_taken_in_order() {
    // Row 2.13, D-08: buffered.
    let bench = Bench::plain();
    let device = bench.device("d").open();
    let mut bytes = connect_bytes("MQTT", 4, 2);
    bytes.extend_from_slice(&[0xc0, 0, 0xe0, 0]);
    device.send_bytes(&bytes);
    device.expect_connack(false);
    device.expect(&Seen::PingResp);
    device.expect_close(DisconnectReason::ClientInitiated);
}

#[test]
fn a_refused_connect_of_mqtt_5_has_no_session_present_and_closes() {
    // 9, v5:3.2.2-6, v5:3.2.2-7.
    let bench = Bench::plain();
    bench.device("d").v5().persistent().connect().disconnect();
    let device = bench.device("d").with_client_id(&"x".repeat(129)).connect_with(|_| {});
    device.expect_refusal(ReasonCode::ClientIdentifierNotValid.to_u8(), DisconnectReason::ClientError);
    assert_eq!((bench.connections(), bench.sessions()), (0, 1), "the stored session is not touched");
}

#[test]
fn a_client_id_has_at_most_128_bytes() {
    // 12.
    for (version, code) in [(ProtocolVersion::V311, 2), (ProtocolVersion::V5, 0x85)] {
        let bench = Bench::plain();
        bench.device(&"é".repeat(64)).with_version(version).connect();
        let device = bench.device(&format!("{}x", "é".repeat(64))).with_version(version).connect_with(|_| {});
        device.expect_refusal(code, DisconnectReason::ClientError);
    }
}

#[test]
fn mqtt_5_gets_a_client_id_for_an_empty_one() {
    // 13, v5:3.1.3-7, v5:3.2.2-16.
    let bench = Bench::plain();
    let [first, second] = ["a", "b"].map(|name| {
        let device = bench.device(name).v5().with_client_id("").connect_with(|_| {});
        device.expect_connack(false).assigned_client_id.expect("an assigned client id")
    });
    assert_ne!(first, second);
    assert_eq!(bench.sessions(), 2);
    // It is a client id like any other: who comes with it takes over.
    bench.device("c").v5().with_client_id(&first).connect();
    bench.device("a").expect(&Seen::Disconnect(ReasonCode::SessionTakenOver));
    let other = Bench::plain();
    let device = other.device("a").v5().with_client_id("").connect_with(|_| {});
    let again = device.expect_connack(false).assigned_client_id;
    assert_eq!(again.as_deref(), Some(&*first), "the same seed assigns the same id");
}

#[test]
fn an_empty_client_id_of_3_1_1_needs_a_clean_session() {
    // 14, MQTT-3.1.3-7, MQTT-3.1.3-8.
    let bench = Bench::plain();
    let device = bench.device("a").persistent().with_client_id("").connect_with(|_| {});
    device.expect_refusal(2, DisconnectReason::ClientError);
    bench.device("b").with_client_id("").connect();
}

#[test]
fn a_client_id_that_begins_with_a_dollar_is_refused_unless_the_profile_lets_it() {
    // D-09.
    let bench = Bench::plain();
    bench.device("$d").connect_with(|_| {}).expect_refusal(2, DisconnectReason::ClientError);
    bench.device("$d").v5().connect_with(|_| {}).expect_refusal(0x85, DisconnectReason::ClientError);
    assert!(bench.relied_on(Decision::DollarClientId));

    let bench = Bench::new(|profile| profile.switches.dollar_client_id = DollarClientId::Accept);
    bench.device("$d").connect();
    assert!(bench.relied_on(Decision::DollarClientId));
}

#[test]
fn a_will_at_qos_2_is_refused() {
    // 31, v5:3.2.2-12.
    let will = |connect: &mut Connect<'_>| {
        connect.will = Some(Will { qos: QoS::ExactlyOnce, ..Will::new("w", b"") });
    };
    let bench = Bench::plain();
    bench.device("d").connect_with(will).expect_close(DisconnectReason::ClientError);
    bench.device("d").v5().connect_with(will).expect_refusal(0x9b, DisconnectReason::ClientError);
    assert_eq!(bench.not_modelled(), []);
}

#[test]
fn a_maximum_packet_size_below_512_is_refused() {
    // 35.
    let bench = Bench::plain();
    let with = |size| {
        bench.device("d").v5().connect_with(|connect| {
            connect.properties.maximum_packet_size = NonZeroU32::new(size);
        })
    };
    with(511).expect_refusal(0x80, DisconnectReason::ClientError);
    with(512).expect_connack(false);
}

#[test]
fn enhanced_authentication_is_refused() {
    // broker.md 3.1, v5:4.12.0-1.
    let bench = Bench::plain();
    let device =
        bench.device("d").v5().connect_with(|connect| connect.properties.authentication_method = Some("X"));
    device.expect_refusal(ReasonCode::BadAuthenticationMethod.to_u8(), DisconnectReason::ClientError);
}

#[test]
fn an_auth_packet_ends_the_connection() {
    // 103.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    device.send_bytes(&[0xf0, 0]);
    device.expect_disconnect(ReasonCode::ProtocolError, DisconnectReason::ClientError);
}

#[test]
fn a_connect_over_128_kb_is_refused() {
    // Row 2.17.
    let text = "x".repeat(65_535);
    let large = |connect: Connect<'_>| {
        let mut bytes = Vec::new();
        connect.encode(&mut bytes).expect("a large CONNECT");
        bytes
    };
    let (username, password) = (Some(&*text), Some(text.as_bytes()));
    let bench = Bench::plain();
    let device = bench.device("d").open();
    device.send_bytes(&large(Connect { username, password, ..Connect::new(ProtocolVersion::V311, "d") }));
    device.expect_close(DisconnectReason::ClientError);
    let device = bench.device("d").v5().open();
    device.send_bytes(&large(Connect { username, password, ..Connect::new(ProtocolVersion::V5, "d") }));
    device.expect_refusal(ReasonCode::QuotaExceeded.to_u8(), DisconnectReason::ClientError);
    // One that says it is larger than any packet is refused as soon as it says so.
    let device = bench.device("e").v5().open();
    device.send_bytes(b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05");
    device.expect_refusal(ReasonCode::QuotaExceeded.to_u8(), DisconnectReason::ClientError);
}

#[test]
fn connack_of_mqtt_5_says_what_the_service_offers() {
    // 24 partly, 70, 87, 93; v5:3.2.2-22. Retained messages, shared subscriptions and aliases: see not_modelled.rs.
    let bench = Bench::plain();
    let device = bench.device("d").v5().keep_alive(65_535).connect_with(|connect| {
        connect.properties.session_expiry_interval = Some(604_801);
        connect.properties.receive_maximum = NonZeroU16::new(7);
    });
    let connack = device.expect_connack(false);
    assert_eq!(connack.maximum_qos, Some(1));
    assert_eq!(connack.wildcards, Some(true));
    assert_eq!(connack.subscription_identifiers, Some(false));
    assert_eq!(connack.receive_maximum, Some(100));
    assert_eq!(connack.maximum_packet_size, Some(149_504));
    assert_eq!(connack.session_expiry, Some(3_600));
    assert_eq!(connack.server_keep_alive, Some(1_200));
    assert_eq!(connack.assigned_client_id, None);
    // What was asked for and granted is not repeated.
    let device = bench.device("e").v5().keep_alive(600).persistent().connect_with(|_| {});
    let connack = device.expect_connack(false);
    assert_eq!((connack.session_expiry, connack.server_keep_alive), (None, None));
}

#[test]
fn a_transport_without_a_connect_is_closed_after_60_seconds() {
    // MQTT 3.1.4.
    let bench = Bench::plain();
    let device = bench.device("d").open();
    device.send_bytes(&[0x10]);
    bench.advance(59);
    device.expect_nothing();
    bench.advance(1);
    device.expect_close(DisconnectReason::ClientError);
    assert!(bench.relied_on(Decision::ConnectPacketTime));
    bench.expect_empty();
}

#[test]
fn a_disconnect_is_the_clients_wish() {
    // 28, MQTT-3.14.4-3; the lifecycle event and the will come with their issues.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.disconnect();
        assert_eq!(bench.ends_of("d"), [DisconnectReason::ClientInitiated]);
        bench.expect_empty();
    }
}

#[test]
fn a_transport_that_breaks_is_a_lost_connection() {
    // 29.
    for why in [ClosedWhy::Reset, ClosedWhy::EndOfStream] {
        let bench = Bench::plain();
        let device = bench.device("d").connect();
        let connection = device.connection().expect("connected");
        bench.input(Input::Closed { connection, why });
        assert_eq!(bench.ends_of("d"), [DisconnectReason::ConnectionLost]);
        device.expect_nothing();
        bench.expect_empty();
    }
}

// Checks without a test here: 10, 11, 32, 33 (policies), 17 (wills, see not_modelled.rs), 18 (the profile has no limit
// for CONNECTs of one client id yet), 26 (VPC endpoints), 30, 34 (WebSocket), and of 28 and 29 the lifecycle event.
