//! What encodes decodes to the same packet, whole or in pieces.

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use squall_codec::{
    Ack, AckType, ConnAck, Connect, ConnectReturnCode, DecodeError, Disconnect, EncodeError, Packet,
    PacketId, PacketType, Publish, PublishProperties, ReasonCode, ReasonCodes, SubAck, Subscribe,
    SubscriptionOptions, UnsubAck, Unsubscribe, UserPropertiesBuf, decode, decode_connect, frame_length,
};
use squall_types::{ProtocolVersion, QoS};
use support::{encoded, packet, packet_of, publish};

const NO_LIMIT: u32 = u32::MAX;
const V311: ProtocolVersion = ProtocolVersion::V311;
const V5: ProtocolVersion = ProtocolVersion::V5;

fn id(id: u16) -> PacketId {
    PacketId::new(id).unwrap()
}

proptest! {
    #[test]
    fn every_packet_of_3_1_1_comes_back(packet in packet_of(V311)) {
        let wire = encoded(V311, &packet);
        prop_assert_eq!(packet.encoded_len(V311), wire.len());
        prop_assert_eq!(decode(V311, &wire, NO_LIMIT), Ok(Some((packet, wire.len()))));
    }

    #[test]
    fn every_packet_of_5_comes_back(packet in packet_of(V5)) {
        let wire = encoded(V5, &packet);
        prop_assert_eq!(packet.encoded_len(V5), wire.len());
        prop_assert_eq!(decode(V5, &wire, NO_LIMIT), Ok(Some((packet, wire.len()))));
    }

    #[test]
    fn a_packet_in_pieces_is_waited_for((version, packet) in packet()) {
        let wire = encoded(version, &packet);
        let limit = wire.len() as u32;
        // All cuts of a short packet; of a long one, those near its ends and some between.
        let cuts = (0..wire.len()).filter(|&cut| {
            cut < 200 || cut + 200 > wire.len() || cut % 97 == 0
        });
        for cut in cuts {
            let piece = &wire[..cut];
            prop_assert_eq!(decode(version, piece, limit), Ok(None), "{} of {}", cut, wire.len());
            if packet.packet_type() == PacketType::Connect {
                prop_assert_eq!(decode_connect(piece, limit), Ok(None));
            }
            let length = frame_length(piece, limit).unwrap();
            prop_assert!(length.is_none_or(|length| length == wire.len()));
            prop_assert_eq!(length.is_none(), cut < 2 || (cut < 5 && piece[1..].iter().all(|byte| *byte >= 0x80)));
        }
    }

    #[test]
    fn only_the_first_packet_is_taken((version, first) in packet(), junk: [u8; 7]) {
        let mut wire = encoded(version, &first);
        let length = wire.len();
        wire.extend(junk);
        prop_assert_eq!(decode(version, &wire, NO_LIMIT), Ok(Some((first, length))));
    }

    #[test]
    fn an_oversized_packet_is_refused_by_its_header((version, packet) in packet()) {
        let wire = encoded(version, &packet);
        let (length, limit) = (wire.len() as u32, wire.len() as u32 - 1);
        let header = 2 + wire[1..4.min(wire.len())].iter().take_while(|byte| **byte >= 0x80).count();
        let error = DecodeError::PacketTooLarge { length, limit };
        prop_assert_eq!(decode(version, &wire[..header], limit), Err(error));
        prop_assert_eq!(frame_length(&wire[..header], limit), Err(error));
        prop_assert_eq!(error.reason_code(), ReasonCode::PacketTooLarge);
    }

    #[test]
    fn connect_names_its_version_itself((version, packet) in packet()) {
        if let Packet::Connect(connect) = packet {
            let wire = encoded(version, &Packet::Connect(connect.clone()));
            for other in [V311, V5] {
                let decoded = decode(other, &wire, NO_LIMIT);
                prop_assert_eq!(decoded, Ok(Some((Packet::Connect(connect.clone()), wire.len()))));
            }
            prop_assert_eq!(decode_connect(&wire, NO_LIMIT), Ok(Some((connect, wire.len()))));
        }
    }

    #[test]
    fn properties_of_a_message_can_be_kept_in_one_piece(packet in publish(V5)) {
        if let Packet::Publish(publish) = packet {
            let mut kept = Vec::new();
            publish.properties.encode(&mut kept).unwrap();
            prop_assert_eq!(PublishProperties::decode(&kept), Ok(publish.properties.clone()));
            let user_properties = publish.properties.user_properties;
            let copy = user_properties.to_buf();
            prop_assert_eq!(copy.as_user_properties(), user_properties);
        }
    }
}

#[test]
fn properties_that_repeat_may_stand_anywhere() {
    // a=1, identifier 5, expiry 9, identifier 300, b=2, content type "x", identifier 1
    let wire = [
        b"\x30\x23\x00\x01t\x1e".as_slice(),
        b"\x26\x00\x01a\x00\x011",
        b"\x0b\x05",
        b"\x02\x00\x00\x00\x09",
        b"\x0b\xac\x02",
        b"\x26\x00\x01b\x00\x012",
        b"\x03\x00\x01x",
        b"\x0b\x01",
        b"p",
    ]
    .concat();
    let (packet, used) = decode(V5, &wire, NO_LIMIT).unwrap().unwrap();
    assert_eq!(used, wire.len());
    let Packet::Publish(publish) = &packet else {
        panic!("{packet:?}");
    };
    let properties = &publish.properties;
    let pairs: Vec<_> = properties.user_properties.iter().collect();
    assert_eq!(pairs, [("a", "1"), ("b", "2")]);
    assert_eq!(properties.user_properties.find("b"), Some("2"));
    assert_eq!(properties.user_properties.find("c"), None);
    assert_eq!(properties.user_properties.text_len(), 4);
    let built = UserPropertiesBuf::from_pairs([("a", "1"), ("b", "2")]).unwrap();
    assert_eq!(properties.user_properties, built.as_user_properties());
    assert_eq!(properties.user_properties.to_buf(), built);
    let identifiers: Vec<u32> = properties.subscription_identifiers.iter().map(u32::from).collect();
    assert_eq!(identifiers, [5, 300, 1]);
    assert_eq!(properties.message_expiry_interval, Some(9));
    assert_eq!(properties.content_type, Some("x"));
    assert_eq!(publish.payload, b"p");
    let again = encoded(V5, &packet);
    assert_eq!(decode(V5, &again, NO_LIMIT), Ok(Some((packet, again.len()))));
}

#[test]
fn the_shortest_form_is_written() {
    let mut out = Vec::new();
    for (ack, bytes) in [
        (Ack::new(id(1)), &b"\x40\x02\x00\x01"[..]),
        (Ack::with_reason(id(1), ReasonCode::NoMatchingSubscribers), b"\x40\x03\x00\x01\x10"),
    ] {
        out.clear();
        ack.encode(AckType::PubAck, V5, &mut out).unwrap();
        assert_eq!(out, bytes);
    }
    for (disconnect, bytes) in [
        (Disconnect::default(), &b"\xe0\x00"[..]),
        (Disconnect::new(ReasonCode::DisconnectWithWillMessage), b"\xe0\x01\x04"),
    ] {
        out.clear();
        disconnect.encode(V5, &mut out).unwrap();
        assert_eq!(out, bytes);
    }
}

#[test]
fn nothing_is_dropped_to_fit_the_older_version() {
    let user = UserPropertiesBuf::from_pairs([("a", "b")]).unwrap();
    let no_local = SubscriptionOptions { no_local: true, ..QoS::AtLeastOnce.into() };
    let filters = [("t", no_local)];
    let mut publish = Publish::new("t", b"");
    publish.properties.topic_alias = std::num::NonZeroU16::new(1);
    let mut unsubscribe = Unsubscribe::new(id(1), &["t"]);
    unsubscribe.user_properties = user.as_user_properties();
    let packets = [
        Packet::Publish(publish),
        Packet::PubAck(Ack::with_reason(id(1), ReasonCode::QuotaExceeded)),
        Packet::Subscribe(Subscribe::new(id(1), &filters)),
        Packet::Unsubscribe(unsubscribe),
        Packet::UnsubAck(UnsubAck::new(id(1), &[ReasonCode::Success])),
        Packet::Disconnect(Disconnect::new(ReasonCode::ServerBusy)),
        Packet::ConnAck(ConnAck::refused(ReasonCode::ServerBusy)),
        Packet::Auth(squall_codec::Auth::default()),
    ];
    for packet in packets {
        let mut out = b"before".to_vec();
        assert_eq!(
            packet.encode(V311, &mut out),
            Err(EncodeError::NotInVersion { packet_type: packet.packet_type(), version: V311 })
        );
        assert_eq!(out, b"before");
        packet.encode(V5, &mut out).unwrap();
    }
    assert!(ConnAck::refused(ConnectReturnCode::NotAuthorized).encode(V5, &mut Vec::new()).is_err());
}

#[test]
fn what_a_receiver_would_refuse_is_not_written() {
    let long = "x".repeat(65_536);
    let options = SubscriptionOptions { no_local: true, ..SubscriptionOptions::default() };
    let mut wildcard = Publish::new("t", b"");
    wildcard.properties.response_topic = Some("a/+");
    let mut dup = Publish::new("t", b"");
    dup.dup = true;
    let mut unnumbered = Publish::new("t", b"");
    unnumbered.qos = QoS::AtLeastOnce;
    let mut numbered = Publish::new("t", b"");
    numbered.packet_id = Some(id(1));
    let mut lone = ConnAck::refused(ReasonCode::Banned);
    lone.session_present = true;
    let mut data = Connect::new(V5, "c");
    data.properties.authentication_data = Some(b"x");
    let too_long = EncodeError::FieldTooLong { length: 65_536 };
    let refused = EncodeError::Refused;
    for (packet, error) in [
        (Packet::Publish(Publish::new(&long, b"")), too_long),
        (Packet::Connect(Connect::new(V5, &long)), too_long),
        (Packet::Publish(Publish::new("a\0b", b"")), refused(DecodeError::NulInString)),
        (Packet::Publish(Publish::new("", b"")), refused(DecodeError::MissingTopic)),
        (Packet::Publish(wildcard), refused(DecodeError::ResponseTopicWildcard)),
        (Packet::Publish(dup), refused(DecodeError::DupWithQosZero)),
        (Packet::Publish(unnumbered), EncodeError::PacketIdMismatch),
        (Packet::Publish(numbered), EncodeError::PacketIdMismatch),
        (
            Packet::PubRel(Ack::with_reason(id(1), ReasonCode::QuotaExceeded)),
            refused(DecodeError::ReasonCodeNotAllowed { packet_type: PacketType::PubRel, code: 0x97 }),
        ),
        (Packet::ConnAck(lone), refused(DecodeError::SessionPresentWithRefusal)),
        (Packet::Connect(data), refused(DecodeError::MissingAuthenticationMethod(PacketType::Connect))),
        (
            Packet::Subscribe(Subscribe::new(id(1), &[])),
            refused(DecodeError::NoTopicFilters(PacketType::Subscribe)),
        ),
        (
            Packet::Subscribe(Subscribe::new(id(1), &[("$share/g/t", options)])),
            refused(DecodeError::NoLocalOnSharedSubscription),
        ),
        (
            Packet::Unsubscribe(Unsubscribe::new(id(1), &[])),
            refused(DecodeError::NoTopicFilters(PacketType::Unsubscribe)),
        ),
        (
            Packet::SubAck(SubAck::new(id(1), ReasonCodes::NONE)),
            refused(DecodeError::NoReasonCodes(PacketType::SubAck)),
        ),
    ] {
        let mut out = Vec::new();
        assert_eq!(packet.encode(V5, &mut out), Err(error), "{error}");
        assert!(out.is_empty());
    }
}

#[test]
fn a_packet_beyond_four_length_bytes_is_not_written() {
    // Two bytes of topic length, one of topic, one of property length.
    let payload = vec![0; 268_435_455 - 3];
    let mut out = Vec::new();
    assert_eq!(
        Publish::new("t", &payload).encode(V5, &mut out),
        Err(EncodeError::PacketTooLong { length: 268_435_456 })
    );
    assert!(out.is_empty());
    assert_eq!(Publish::new("t", &payload).encoded_len(V311), 268_435_455 + 5);
}

#[test]
fn the_strategies_reach_every_packet() {
    let mut runner = TestRunner::deterministic();
    for (version, types) in [(V311, 14), (V5, 15)] {
        let reached: BTreeSet<PacketType> = (0..1_000)
            .map(|_| packet_of(version).new_tree(&mut runner).unwrap())
            .map(|tree| tree.current().packet_type())
            .collect();
        assert_eq!(reached.len(), types);
    }
}
