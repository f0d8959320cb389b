//! Bytes in pieces, and bytes that no service may send.

use core::num::NonZeroU16;

use proptest::prelude::*;
use squall_codec::{Ack, AckType, ConnAck, Disconnect, Packet, PacketId, Publish, ReasonCode, SubAck};
use squall_device::{AttemptFailure, DeviceInput, DeviceProfile, Strategy as Waiting, SubscriptionPattern};
use squall_types::{ProtocolVersion, QoS};

use crate::script::*;

#[test]
fn bytes_in_pieces_are_the_same_packets() {
    for version in VERSIONS {
        let run = |piece: usize| {
            let subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
            let mut script =
                Script::start(DeviceProfile { subscriptions, ..publishing(version, QoS::AtLeastOnce) });
            script.advance(3);
            script.input(DeviceInput::Up);
            let bytes = encode(
                version,
                &[
                    Packet::ConnAck(ConnAck::accepted(version, false)),
                    Packet::SubAck(SubAck::new(PacketId::MIN, &[ReasonCode::GrantedQos1])),
                    message("zero", 0),
                    message("one", 7),
                    Packet::PubAck(Ack::new(id(2))),
                    Packet::PingResp,
                    message("two", 8),
                ],
            );
            for bytes in bytes.chunks(piece) {
                script.input(DeviceInput::Bytes(bytes));
            }
            (script.sent, script.told)
        };
        let whole = run(usize::MAX);
        assert!(whole.0.len() > 5, "{whole:?}");
        for piece in [1, 2, 3, 5, 16] {
            assert_eq!(run(piece), whole, "pieces of {piece}");
        }
    }
}

#[test]
fn a_piece_of_a_lost_connection_does_not_reach_the_next_one() {
    let mut script = Script::start(profile(ProtocolVersion::V5));
    script.accept(false);
    script.input(DeviceInput::Bytes(&[0x30, 100, 0, 1]));
    script.lose();
    script.advance(1);
    script.told();
    script.accept(true);
    assert!(matches!(&script.told()[..], [Told::Connected { .. }]));
}

#[test]
fn what_a_service_may_not_send_ends_the_connection() {
    let version = ProtocolVersion::V5;
    let alias = |publish: Publish<'static>| {
        let mut publish = publish;
        publish.properties.topic_alias = NonZeroU16::new(1);
        publish
    };
    for packet in [
        Packet::PingReq,
        Packet::ConnAck(ConnAck::accepted(version, true)),
        Packet::SubAck(SubAck::new(id(9), &[ReasonCode::Success])),
        Packet::PubRel(Ack::new(PacketId::MIN)),
        Packet::Publish(Publish {
            qos: QoS::ExactlyOnce,
            packet_id: PacketId::new(1),
            ..Publish::new("a", b"")
        }),
        Packet::Publish(alias(Publish::new("a", b""))),
    ] {
        let mut script = Script::start(profile(version));
        script.accept(false);
        script.told();
        script.receive(std::slice::from_ref(&packet));
        assert_eq!(script.told(), [Told::Violation, Told::Lost(None)], "{packet:?}");
        assert!(!script.transport);
        script.advance(1);
        assert_eq!(script.attempts().len(), 1);
    }
    // v5:3.14.0-1: nor anything but CONNACK before CONNACK.
    for packet in [message("early", 0), Packet::PingResp, Packet::Disconnect(Disconnect::default())] {
        let mut script = Script::start(profile(version));
        script.input(DeviceInput::Up);
        script.told();
        script.receive(&[packet]);
        assert_eq!(script.told(), [Told::Violation, Told::AttemptFailed(AttemptFailure::Closed)]);
        assert!(!script.transport);
    }
}

/// What a hostile service does.
#[derive(Clone, Debug)]
enum Hostile {
    Up,
    Fail,
    Close,
    Noise(Vec<u8>),
    Mutated { packet: usize, changes: Vec<(prop::sample::Index, u8)> },
    Packet(usize),
    Wait(u64),
}

fn packets(version: ProtocolVersion) -> Vec<Vec<u8>> {
    let all = [
        Packet::ConnAck(ConnAck::accepted(version, false)),
        Packet::ConnAck(ConnAck::accepted(version, true)),
        Packet::SubAck(SubAck::new(PacketId::MIN, &[ReasonCode::GrantedQos1])),
        message("zero", 0),
        message("one", 7),
        Packet::PubAck(Ack::new(PacketId::MIN)),
        Packet::PubAck(Ack::new(id(2))),
        Packet::PingResp,
        Packet::Disconnect(Disconnect::default()),
    ];
    let mut packets: Vec<Vec<u8>> =
        all.iter().map(|packet| encode(version, std::slice::from_ref(packet))).collect();
    let mut ack = Vec::new();
    Ack::new(id(3)).encode(AckType::PubAck, version, &mut ack).expect("a PUBACK");
    packets.push(ack);
    packets
}

const PACKETS: usize = 10;

fn hostile() -> impl Strategy<Value = Hostile> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    prop_oneof![
        4 => Just(Hostile::Up),
        1 => Just(Hostile::Fail),
        1 => Just(Hostile::Close),
        2 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Hostile::Noise),
        4 => (0..PACKETS, changes).prop_map(|(packet, changes)| Hostile::Mutated { packet, changes }),
        6 => (0..PACKETS).prop_map(Hostile::Packet),
        3 => (0..100 * SECOND).prop_map(Hostile::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Whatever comes, nothing panics, every packet sent is valid, and the device comes back to a sane service.
    #[test]
    fn a_hostile_service_does_no_harm(
        v5: bool,
        strategy in prop_oneof![Just(Waiting::None), Just(Waiting::Exponential), Just(Waiting::FullJitter)],
        steps in proptest::collection::vec(hostile(), 1..80),
    ) {
        let version = if v5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 };
        let packets = packets(version);
        let mut profile = publishing(version, QoS::AtLeastOnce);
        profile.back_off.strategy = strategy;
        profile.subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
        let mut script = Script::start(profile);
        for step in steps {
            match step {
                Hostile::Up => script.input(DeviceInput::Up),
                Hostile::Fail => {
                    // Only who waits for a transport can be refused it.
                    if script.transport && !script.device.is_connected() && script.device.attempting_since().is_some() {
                        script.lose();
                    }
                }
                Hostile::Close => script.lose(),
                Hostile::Noise(bytes) => script.input(DeviceInput::Bytes(&bytes)),
                Hostile::Mutated { packet, changes } => {
                    let mut bytes = packets[packet].clone();
                    for (at, byte) in changes {
                        let at = at.index(bytes.len());
                        bytes[at] = byte;
                    }
                    script.input(DeviceInput::Bytes(&bytes));
                }
                Hostile::Packet(packet) => script.input(DeviceInput::Bytes(&packets[packet])),
                Hostile::Wait(nanos) => script.advance_nanos(nanos),
            }
        }
        script.lose();
        // The service is sane from here on.
        for _ in 0..1_000 {
            if script.transport {
                break;
            }
            script.advance(1);
        }
        prop_assert!(script.transport, "the device tries again");
        script.accept(false);
        prop_assert!(script.device.is_connected());
    }
}
