//! Hand-made packets, one a row, against the statement of the standard that decides them.
//!
//! Rows are hex; spaces are for the eye. `Ok` rows cite the statement that allows the packet.

use squall_codec::DecodeError::{self, *};
use squall_codec::PacketType::{self, *};
use squall_codec::{Property, ReasonCode, decode, decode_connect};
use squall_types::ProtocolVersion;

const V311: ProtocolVersion = ProtocolVersion::V311;
const V5: ProtocolVersion = ProtocolVersion::V5;
const LIMIT: u32 = 1_000;

type Row = (&'static str, &'static str, Result<PacketType, DecodeError>);

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|digit| digit.to_digit(16).expect("a hex digit") as u8)
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn check(version: ProtocolVersion, rows: &[Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(|row| judge(version, row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 60);
}

/// What is wrong with a row, if anything.
fn judge(version: ProtocolVersion, (hex, requirement, expected): &Row) -> Option<String> {
    let wire = bytes(hex);
    let decoded =
        decode(version, &wire, LIMIT).map(|found| found.map(|(packet, used)| (packet.packet_type(), used)));
    let expected_whole = expected.map(|packet_type| Some((packet_type, wire.len())));
    if decoded != expected_whole {
        return Some(format!("{version} {hex} ({requirement}): {decoded:?}, not {expected:?}"));
    }
    if let Err(error) = decoded
        && error.requirement(version) != *requirement
    {
        return Some(format!("{hex} cites {}, not {requirement}", error.requirement(version)));
    }
    if wire[0] >> 4 == Connect.bits() {
        let connect = decode_connect(&wire, LIMIT).map(|found| found.map(|(_, used)| (Connect, used)));
        if connect != expected_whole {
            return Some(format!("{hex} as first packet: {connect:?}, not {expected:?}"));
        }
    }
    None
}

const fn not_allowed(property: Property, packet_type: PacketType) -> DecodeError {
    PropertyNotAllowed { property, packet_type }
}

const fn bad_code(packet_type: PacketType, code: u8) -> DecodeError {
    ReasonCodeNotAllowed { packet_type, code }
}

const fn flags(packet_type: PacketType, flags: u8) -> DecodeError {
    ReservedFlags { packet_type, flags }
}

#[test]
fn version_3_1_1() {
    check(
        V311,
        &[
            // 1.5.3 strings
            ("30 05 0003 efbbbf", "MQTT-1.5.3-3", Ok(Publish)),
            ("30 03 0001 ff", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("30 04 0002 c080", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("30 05 0003 eda080", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("30 05 0003 edbfbf", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("30 06 0004 f4908080", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("30 03 0001 00", "MQTT-1.5.3-2", Err(NulInString)),
            ("30 0b 0009 616161616161616100", "MQTT-1.5.3-2", Err(NulInString)),
            ("82 07 0001 0002 c328 00", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("a2 05 0001 0001 00", "MQTT-1.5.3-2", Err(NulInString)),
            // 2.2 fixed header
            ("00 00", "2.2.1", Err(ReservedPacketType(0))),
            ("f0 00", "2.2.1", Err(ReservedPacketType(15))),
            ("c0 00", "MQTT-3.12.4-1", Ok(PingReq)),
            ("d0 00", "3.13", Ok(PingResp)),
            ("c1 00", "MQTT-2.2.2-2", Err(flags(PingReq, 1))),
            ("d8 00", "MQTT-2.2.2-2", Err(flags(PingResp, 8))),
            ("41 02 0001", "MQTT-2.2.2-2", Err(flags(PubAck, 1))),
            ("52 02 0001", "MQTT-2.2.2-2", Err(flags(PubRec, 2))),
            ("60 02 0001", "MQTT-3.6.1-1", Err(flags(PubRel, 0))),
            ("62 02 0001", "MQTT-3.6.1-1", Ok(PubRel)),
            ("7f 02 0001", "MQTT-2.2.2-2", Err(flags(PubComp, 15))),
            ("80 06 0001 0001 61 00", "MQTT-3.8.1-1", Err(flags(Subscribe, 0))),
            ("92 03 0001 00", "MQTT-2.2.2-2", Err(flags(SubAck, 2))),
            ("a0 05 0001 0001 61", "MQTT-3.10.1-1", Err(flags(Unsubscribe, 0))),
            ("b1 02 0001", "MQTT-2.2.2-2", Err(flags(UnsubAck, 1))),
            ("e1 00", "MQTT-3.14.1-1", Err(flags(Disconnect, 1))),
            ("21 02 00 00", "MQTT-2.2.2-2", Err(flags(ConnAck, 1))),
            ("c0 80 00", "2.2.3", Ok(PingReq)),
            ("c0 80 80 80 00", "2.2.3", Ok(PingReq)),
            ("c0 80 80 80 80", "2.2.3", Err(VariableIntegerTooLong)),
            ("30 ff ff ff ff", "2.2.3", Err(VariableIntegerTooLong)),
            ("30 ff 07", "2.2.3", Err(PacketTooLarge { length: 1_026, limit: LIMIT })),
            ("c0 01 00", "MQTT-4.8.0-1", Err(TrailingBytes(PingReq))),
            ("e0 01 00", "MQTT-4.8.0-1", Err(TrailingBytes(Disconnect))),
            ("e0 00", "3.14", Ok(Disconnect)),
            // 2.3.1 packet identifiers
            ("82 06 0000 0001 61 00", "MQTT-2.3.1-1", Err(PacketIdZero(Subscribe))),
            ("a2 05 0000 0001 61", "MQTT-2.3.1-1", Err(PacketIdZero(Unsubscribe))),
            ("32 05 0001 61 0000", "MQTT-2.3.1-1", Err(PacketIdZero(Publish))),
            ("40 02 0000", "MQTT-2.3.1-1", Err(PacketIdZero(PubAck))),
            ("b0 02 0000", "MQTT-2.3.1-1", Err(PacketIdZero(UnsubAck))),
            ("30 05 0001 61 0000", "MQTT-2.3.1-5", Ok(Publish)),
            // 3.1 CONNECT
            ("10 0d 0004 4d515454 04 02 003c 0001 63", "3.1", Ok(Connect)),
            ("10 0c 0004 4d515454 04 00 0000 0000", "MQTT-3.1.3-8", Ok(Connect)),
            ("11 0d 0004 4d515454 04 02 003c 0001 63", "MQTT-2.2.2-2", Err(flags(Connect, 1))),
            ("10 0d 0004 4d515458 04 02 003c 0001 63", "MQTT-3.1.2-1", Err(UnknownProtocolName { level: 4 })),
            (
                "10 0f 0006 4d5149736470 03 02 003c 0001 63",
                "MQTT-3.1.2-1",
                Err(UnknownProtocolName { level: 3 }),
            ),
            (
                "10 0d 0004 4d515454 03 02 003c 0001 63",
                "MQTT-3.1.2-2",
                Err(UnsupportedProtocolLevel { level: 3 }),
            ),
            (
                "10 0d 0004 4d515454 84 02 003c 0001 63",
                "MQTT-3.1.2-2",
                Err(UnsupportedProtocolLevel { level: 0x84 }),
            ),
            ("10 0d 0004 4d515454 04 03 003c 0001 63", "MQTT-3.1.2-3", Err(ConnectReservedFlag)),
            ("10 0d 0004 4d515454 04 0a 003c 0001 63", "MQTT-3.1.2-13", Err(WillQosWithoutWill)),
            ("10 0d 0004 4d515454 04 1a 003c 0001 63", "MQTT-3.1.2-13", Err(WillQosWithoutWill)),
            ("10 0d 0004 4d515454 04 22 003c 0001 63", "MQTT-3.1.2-15", Err(WillRetainWithoutWill)),
            ("10 12 0004 4d515454 04 1e 003c 0001 63 0001 74 0000", "MQTT-3.1.2-14", Err(WillQosThree)),
            ("10 12 0004 4d515454 04 16 003c 0001 63 0001 74 0000", "MQTT-3.1.2-14", Ok(Connect)),
            ("10 0d 0004 4d515454 04 06 003c 0001 63", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 10 0004 4d515454 04 06 003c 0001 63 0001 74", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 10 0004 4d515454 04 42 003c 0001 63 0001 70", "MQTT-3.1.2-22", Err(PasswordWithoutUserName)),
            ("10 0d 0004 4d515454 04 82 003c 0001 63", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 10 0004 4d515454 04 82 003c 0001 63 0001 75", "MQTT-3.1.2-19", Ok(Connect)),
            ("10 10 0004 4d515454 04 02 003c 0001 63 0001 75", "MQTT-3.1.4-1", Err(TrailingBytes(Connect))),
            (
                "10 13 0004 4d515454 04 82 003c 0001 63 0001 75 0001 70",
                "MQTT-3.1.4-1",
                Err(TrailingBytes(Connect)),
            ),
            ("10 13 0004 4d515454 04 c2 003c 0001 63 0001 75 0001 70", "MQTT-3.1.2-21", Ok(Connect)),
            ("10 13 0004 4d515454 04 c2 003c 0001 63 0001 75 0001 00", "3.1.3.5", Ok(Connect)),
            ("10 10 0004 4d515454 04 c2 003c 0001 63 0001 75", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 0a 0004 4d515454 04 02 003c", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 0d 0004 4d515454 04 02 003c 0002 63", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 00", "MQTT-3.1.4-1", Err(Truncated(Connect))),
            ("10 0d 0004 4d515454 04 02 003c 0001 ff", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            ("10 12 0004 4d515454 04 06 003c 0001 63 0001 00 0000", "MQTT-1.5.3-2", Err(NulInString)),
            ("10 10 0004 4d515454 04 82 003c 0001 63 0001 80", "MQTT-1.5.3-1", Err(InvalidUtf8)),
            // 3.2 CONNACK
            ("20 02 00 00", "MQTT-3.1.4-4", Ok(ConnAck)),
            ("20 02 01 00", "MQTT-3.2.2-2", Ok(ConnAck)),
            ("20 02 00 05", "3.2.2.3", Ok(ConnAck)),
            ("20 02 00 06", "3.2.2.3", Err(bad_code(ConnAck, 6))),
            ("20 02 02 00", "3.2.2.1", Err(ConnAckReservedFlags)),
            ("20 02 01 01", "MQTT-3.2.2-4", Err(SessionPresentWithRefusal)),
            ("20 01 00", "MQTT-4.8.0-1", Err(Truncated(ConnAck))),
            ("20 03 00 00 00", "MQTT-4.8.0-1", Err(TrailingBytes(ConnAck))),
            // 3.3 PUBLISH
            ("36 05 0001 61 0001", "MQTT-3.3.1-4", Err(PublishQosThree)),
            ("3e 05 0001 61 0001", "MQTT-3.3.1-4", Err(PublishQosThree)),
            ("38 03 0001 61", "MQTT-3.3.1-2", Err(DupWithQosZero)),
            ("3a 05 0001 61 0001", "MQTT-3.3.1-1", Ok(Publish)),
            ("3d 05 0001 61 0001", "MQTT-3.3.1-5", Ok(Publish)),
            ("30 02 0000", "MQTT-4.7.3-1", Ok(Publish)),
            ("30 05 0003 612f2b", "MQTT-3.3.2-2", Ok(Publish)),
            ("30 02 0001", "MQTT-4.8.0-1", Err(Truncated(Publish))),
            ("32 04 0001 61 00", "MQTT-4.8.0-1", Err(Truncated(Publish))),
            ("30 00", "MQTT-4.8.0-1", Err(Truncated(Publish))),
            // 3.4 to 3.7
            ("40 02 0001", "3.4", Ok(PubAck)),
            ("40 03 0001 00", "MQTT-4.8.0-1", Err(TrailingBytes(PubAck))),
            ("50 04 0001 00 00", "MQTT-4.8.0-1", Err(TrailingBytes(PubRec))),
            ("70 01 00", "MQTT-4.8.0-1", Err(Truncated(PubComp))),
            // 3.8 to 3.11
            ("82 06 0001 0001 61 02", "3.8.3", Ok(Subscribe)),
            ("82 02 0001", "MQTT-3.8.3-3", Err(NoTopicFilters(Subscribe))),
            ("82 06 0001 0001 61 03", "MQTT-3.8.3-4", Err(SubscriptionQosThree)),
            ("82 06 0001 0001 61 04", "MQTT-3.8.3-4", Err(ReservedSubscriptionOptions)),
            ("82 06 0001 0001 61 80", "MQTT-3.8.3-4", Err(ReservedSubscriptionOptions)),
            ("82 05 0001 0001 61", "MQTT-4.8.0-1", Err(Truncated(Subscribe))),
            ("82 05 0001 0000 00", "MQTT-4.7.3-1", Ok(Subscribe)),
            ("82 08 0001 0003 61232f 01", "MQTT-4.7.1-2", Ok(Subscribe)),
            ("90 03 0001 80", "MQTT-3.9.3-2", Ok(SubAck)),
            ("90 03 0001 03", "MQTT-3.9.3-2", Err(bad_code(SubAck, 3))),
            ("90 04 0001 00 87", "MQTT-3.9.3-2", Err(bad_code(SubAck, 0x87))),
            ("90 02 0001", "MQTT-3.8.4-5", Err(NoReasonCodes(SubAck))),
            ("a2 05 0001 0001 61", "MQTT-3.10.3-1", Ok(Unsubscribe)),
            ("a2 02 0001", "MQTT-3.10.3-2", Err(NoTopicFilters(Unsubscribe))),
            ("a2 04 0001 0001", "MQTT-4.8.0-1", Err(Truncated(Unsubscribe))),
            ("b0 02 0001", "MQTT-3.10.4-4", Ok(UnsubAck)),
            ("b0 03 0001 00", "MQTT-4.8.0-1", Err(TrailingBytes(UnsubAck))),
        ],
    );
}

#[test]
fn version_5() {
    check(
        V5,
        &[
            // 1.5 data types
            ("30 06 0003 efbbbf 00", "MQTT-1.5.4-3", Ok(Publish)),
            ("30 04 0001 ff 00", "MQTT-1.5.4-1", Err(InvalidUtf8)),
            ("30 06 0003 eda080 00", "MQTT-1.5.4-1", Err(InvalidUtf8)),
            ("30 04 0001 00 00", "MQTT-1.5.4-2", Err(NulInString)),
            ("c0 80 00", "MQTT-1.5.5-1", Err(VariableIntegerNotMinimal)),
            ("30 04 0001 61 00", "MQTT-2.2.2-1", Ok(Publish)),
            ("30 05 0001 61 80 00", "MQTT-1.5.5-1", Err(VariableIntegerNotMinimal)),
            ("30 08 0001 61 80 80 80 80 00", "1.5.5", Err(VariableIntegerTooLong)),
            ("30 08 0001 61 04 26 0000 00", "MQTT-4.13.1-1", Err(Truncated(Publish))),
            ("30 09 0001 61 05 a600 0000 00", "MQTT-1.5.5-1", Err(VariableIntegerNotMinimal)),
            ("30 0a 0001 61 06 26 0001 ff 0000", "MQTT-1.5.4-1", Err(InvalidUtf8)),
            ("30 0a 0001 61 06 26 0000 0001 00", "MQTT-1.5.4-2", Err(NulInString)),
            // 2.1 fixed header
            ("00 00", "2.1.2", Err(ReservedPacketType(0))),
            ("c2 00", "MQTT-2.1.3-1", Err(flags(PingReq, 2))),
            ("40 02 0001", "3.4.2.1", Ok(PubAck)),
            ("42 02 0001", "MQTT-2.1.3-1", Err(flags(PubAck, 2))),
            ("61 02 0001", "MQTT-3.6.1-1", Err(flags(PubRel, 1))),
            ("81 07 0001 00 0001 61 00", "MQTT-3.8.1-1", Err(flags(Subscribe, 1))),
            ("a6 06 0001 00 0001 61", "MQTT-3.10.1-1", Err(flags(Unsubscribe, 6))),
            ("e8 00", "MQTT-3.14.1-1", Err(flags(Disconnect, 8))),
            ("f1 00", "MQTT-3.15.1-1", Err(flags(Auth, 1))),
            ("30 ff ff ff 80", "1.5.5", Err(VariableIntegerTooLong)),
            ("30 e8 07", "MQTT-3.2.2-15", Err(PacketTooLarge { length: 1_003, limit: LIMIT })),
            ("d0 01 00", "MQTT-4.13.1-1", Err(TrailingBytes(PingResp))),
            // 2.2 packet identifiers and properties
            ("82 07 0000 00 0001 61 00", "MQTT-2.2.1-3", Err(PacketIdZero(Subscribe))),
            ("32 06 0001 61 0000 00", "MQTT-2.2.1-3", Err(PacketIdZero(Publish))),
            ("50 02 0000", "MQTT-2.2.1-3", Err(PacketIdZero(PubRec))),
            ("30 03 0001 61", "MQTT-4.13.1-1", Err(Truncated(Publish))),
            ("30 05 0001 61 01 00", "2.2.2.2", Err(UnknownProperty(0))),
            ("30 06 0001 61 02 2b 00", "2.2.2.2", Err(UnknownProperty(0x2b))),
            ("30 07 0001 61 03 ff01 00", "2.2.2.2", Err(UnknownProperty(0xff))),
            (
                "30 09 0001 61 05 11 00000001",
                "2.2.2.2",
                Err(not_allowed(Property::SessionExpiryInterval, Publish)),
            ),
            (
                "82 0a 0001 03 23 0001 0001 61 00",
                "2.2.2.2",
                Err(not_allowed(Property::TopicAlias, Subscribe)),
            ),
            ("40 08 0001 00 04 1c 0001 61", "2.2.2.2", Err(not_allowed(Property::ServerReference, PubAck))),
            (
                "a2 08 0001 02 0b01 0001 61",
                "2.2.2.2",
                Err(not_allowed(Property::SubscriptionIdentifier, Unsubscribe)),
            ),
            (
                "30 08 0001 61 04 0100 0100",
                "3.3.2.3.2",
                Err(DuplicateProperty(Property::PayloadFormatIndicator)),
            ),
            (
                "30 0e 0001 61 0a 02 00000001 02 00000001",
                "3.3.2.3.3",
                Err(DuplicateProperty(Property::MessageExpiryInterval)),
            ),
            ("30 0a 0001 61 06 23 0001 23 0001", "3.3.2.3.4", Err(DuplicateProperty(Property::TopicAlias))),
            ("30 12 0001 61 0e 26 0001 61 0001 62 26 0001 61 0001 62", "3.3.2.3.7", Ok(Publish)),
            (
                "30 06 0001 61 02 0102",
                "3.3.2.3.2",
                Err(InvalidPropertyValue(Property::PayloadFormatIndicator)),
            ),
            ("30 05 0001 61 05 02", "MQTT-4.13.1-1", Err(Truncated(Publish))),
            ("30 06 0001 61 02 02 00", "MQTT-4.13.1-1", Err(Truncated(Publish))),
            // 3.1 CONNECT
            ("10 0e 0004 4d515454 05 02 003c 00 0001 63", "3.1", Ok(Connect)),
            ("10 8e00 0004 4d515454 05 02 003c 00 0001 63", "MQTT-1.5.5-1", Err(VariableIntegerNotMinimal)),
            ("12 0e 0004 4d515454 05 02 003c 00 0001 63", "MQTT-2.1.3-1", Err(flags(Connect, 2))),
            (
                "13 0e 0004 4d515454 06 03 003c 00 0001 63",
                "MQTT-3.1.2-2",
                Err(UnsupportedProtocolLevel { level: 6 }),
            ),
            ("10 07 0004 6d717474 05", "MQTT-3.1.2-1", Err(UnknownProtocolName { level: 5 })),
            ("10 0e 0004 4d515454 05 03 003c 00 0001 63", "MQTT-3.1.2-3", Err(ConnectReservedFlag)),
            ("10 0e 0004 4d515454 05 12 003c 00 0001 63", "MQTT-3.1.2-11", Err(WillQosWithoutWill)),
            ("10 0e 0004 4d515454 05 22 003c 00 0001 63", "MQTT-3.1.2-13", Err(WillRetainWithoutWill)),
            ("10 14 0004 4d515454 05 1e 003c 00 0001 63 00 0001 74 0000", "MQTT-3.1.2-12", Err(WillQosThree)),
            ("10 14 0004 4d515454 05 0e 003c 00 0001 63 00 0001 74 0000", "MQTT-3.1.2-9", Ok(Connect)),
            (
                "10 13 0004 4d515454 05 0e 003c 00 0001 63 0001 74 0000",
                "MQTT-3.1.4-1",
                Err(Truncated(Connect)),
            ),
            (
                "10 19 0004 4d515454 05 06 003c 00 0001 63 05 18 00000001 0001 74 0000",
                "3.1.3.2.2",
                Ok(Connect),
            ),
            (
                "10 17 0004 4d515454 05 06 003c 00 0001 63 03 21 0001 0001 74 0000",
                "2.2.2.2",
                Err(not_allowed(Property::ReceiveMaximum, Connect)),
            ),
            (
                "10 1a 0004 4d515454 05 06 003c 00 0001 63 06 08 0003 612f23 0001 74 0000",
                "MQTT-3.3.2-14",
                Err(ResponseTopicWildcard),
            ),
            ("10 11 0004 4d515454 05 42 003c 00 0001 63 0001 70", "3.1.2.9", Ok(Connect)),
            (
                "10 11 0004 4d515454 05 02 003c 00 0001 63 0001 70",
                "MQTT-3.1.4-1",
                Err(TrailingBytes(Connect)),
            ),
            (
                "10 11 0004 4d515454 05 02 003c 03 21 0000 0001 63",
                "3.1.2.11.3",
                Err(InvalidPropertyValue(Property::ReceiveMaximum)),
            ),
            (
                "10 13 0004 4d515454 05 02 003c 05 27 00000000 0001 63",
                "3.1.2.11.4",
                Err(InvalidPropertyValue(Property::MaximumPacketSize)),
            ),
            (
                "10 10 0004 4d515454 05 02 003c 02 17 02 0001 63",
                "3.1.2.11.7",
                Err(InvalidPropertyValue(Property::RequestProblemInformation)),
            ),
            (
                "10 10 0004 4d515454 05 02 003c 02 19 ff 0001 63",
                "3.1.2.11.6",
                Err(InvalidPropertyValue(Property::RequestResponseInformation)),
            ),
            ("10 11 0004 4d515454 05 02 003c 03 22 0000 0001 63", "3.1.2.11.5", Ok(Connect)),
            (
                "10 14 0004 4d515454 05 02 003c 06 22 0001 22 0001 0001 63",
                "3.1.2.11.5",
                Err(DuplicateProperty(Property::TopicAliasMaximum)),
            ),
            (
                "10 12 0004 4d515454 05 02 003c 04 16 0001 61 0001 63",
                "3.1.2.11.10",
                Err(MissingAuthenticationMethod(Connect)),
            ),
            ("10 16 0004 4d515454 05 02 003c 08 16 0001 61 15 0001 62 0001 63", "3.1.2.11.9", Ok(Connect)),
            (
                "10 13 0004 4d515454 05 02 003c 05 18 00000001 0001 63",
                "2.2.2.2",
                Err(not_allowed(Property::WillDelayInterval, Connect)),
            ),
            ("10 0e 0004 4d515454 05 02 003c 00 0001 00", "MQTT-1.5.4-2", Err(NulInString)),
            // 3.2 CONNACK
            ("20 03 00 00 00", "MQTT-3.2.2-3", Ok(ConnAck)),
            ("20 02 00 00", "MQTT-4.13.1-1", Err(Truncated(ConnAck))),
            ("20 03 00 9f 00", "MQTT-3.2.2-8", Ok(ConnAck)),
            ("20 03 00 01 00", "MQTT-3.2.2-8", Err(bad_code(ConnAck, 1))),
            ("20 03 00 8d 00", "MQTT-3.2.2-8", Err(bad_code(ConnAck, 0x8d))),
            ("20 03 03 00 00", "MQTT-3.2.2-1", Err(ConnAckReservedFlags)),
            ("20 03 01 88 00", "MQTT-3.2.2-6", Err(SessionPresentWithRefusal)),
            ("20 05 00 00 02 2402", "3.2.2.3.4", Err(InvalidPropertyValue(Property::MaximumQos))),
            ("20 05 00 00 02 2401", "MQTT-3.2.2-9", Ok(ConnAck)),
            ("20 05 00 00 02 2502", "3.2.2.3.5", Err(InvalidPropertyValue(Property::RetainAvailable))),
            ("20 07 00 00 04 16 0001 61", "MQTT-4.12.0-5", Err(MissingAuthenticationMethod(ConnAck))),
            // 3.3 PUBLISH
            ("36 06 0001 61 0001 00", "MQTT-3.3.1-4", Err(PublishQosThree)),
            ("38 04 0001 61 00", "MQTT-3.3.1-2", Err(DupWithQosZero)),
            ("30 03 0000 00", "3.3.2.1", Err(MissingTopic)),
            ("30 06 0000 03 23 0001", "3.3.2.1", Ok(Publish)),
            ("30 07 0001 61 03 23 0000", "MQTT-3.3.2-8", Err(InvalidPropertyValue(Property::TopicAlias))),
            ("30 06 0003 612f2b 00", "MQTT-3.3.2-2", Ok(Publish)),
            ("30 08 0001 61 04 08 0001 2b", "MQTT-3.3.2-14", Err(ResponseTopicWildcard)),
            ("30 08 0001 61 04 08 0001 62", "MQTT-3.3.2-13", Ok(Publish)),
            ("30 08 0001 61 04 08 0001 ff", "MQTT-1.5.4-1", Err(InvalidUtf8)),
            ("30 08 0001 61 04 09 0001 00", "MQTT-3.3.2-16", Ok(Publish)),
            ("30 08 0001 61 04 03 0001 00", "MQTT-1.5.4-2", Err(NulInString)),
            (
                "30 06 0001 61 02 0b00",
                "3.8.2.1.2",
                Err(InvalidPropertyValue(Property::SubscriptionIdentifier)),
            ),
            ("30 08 0001 61 04 0b01 0b02", "MQTT-3.3.4-4", Ok(Publish)),
            // 3.4 to 3.7
            ("40 03 0001 10", "3.4.2.2.1", Ok(PubAck)),
            ("40 04 0001 00 00", "3.4.2.2.1", Ok(PubAck)),
            ("40 03 0001 92", "MQTT-3.4.2-1", Err(bad_code(PubAck, 0x92))),
            ("50 03 0001 01", "MQTT-3.5.2-1", Err(bad_code(PubRec, 1))),
            ("62 03 0001 92", "MQTT-3.6.2-1", Ok(PubRel)),
            ("62 03 0001 10", "MQTT-3.6.2-1", Err(bad_code(PubRel, 0x10))),
            ("70 03 0001 80", "MQTT-3.7.2-1", Err(bad_code(PubComp, 0x80))),
            ("40 05 0001 00 00 00", "MQTT-4.13.1-1", Err(TrailingBytes(PubAck))),
            (
                "40 0c 0001 00 08 1f 0001 61 1f 0001 61",
                "3.2.2.3.9",
                Err(DuplicateProperty(Property::ReasonString)),
            ),
            // 3.8 to 3.11
            ("82 07 0001 00 0001 61 2e", "3.8.3.1", Ok(Subscribe)),
            ("82 03 0001 00", "MQTT-3.8.3-2", Err(NoTopicFilters(Subscribe))),
            ("82 07 0001 00 0001 61 03", "3.8.3.1", Err(SubscriptionQosThree)),
            ("82 07 0001 00 0001 61 30", "3.8.3.1", Err(RetainHandlingThree)),
            ("82 07 0001 00 0001 61 40", "MQTT-3.8.3-5", Err(ReservedSubscriptionOptions)),
            ("82 07 0001 00 0001 61 80", "MQTT-3.8.3-5", Err(ReservedSubscriptionOptions)),
            ("82 10 0001 00 000a 2473686172652f672f74 04", "MQTT-3.8.3-4", Err(NoLocalOnSharedSubscription)),
            ("82 10 0001 00 000a 2473686172652f672f74 08", "4.8.2", Ok(Subscribe)),
            (
                "82 09 0001 02 0b00 0001 61 00",
                "3.8.2.1.2",
                Err(InvalidPropertyValue(Property::SubscriptionIdentifier)),
            ),
            (
                "82 0b 0001 04 0b01 0b01 0001 61 00",
                "3.8.2.1.2",
                Err(DuplicateProperty(Property::SubscriptionIdentifier)),
            ),
            ("82 06 0001 00 0001 61", "MQTT-4.13.1-1", Err(Truncated(Subscribe))),
            ("90 05 0001 00 02 a2", "MQTT-3.9.3-2", Ok(SubAck)),
            ("90 04 0001 00 03", "MQTT-3.9.3-2", Err(bad_code(SubAck, 3))),
            ("90 03 0001 00", "MQTT-3.8.4-6", Err(NoReasonCodes(SubAck))),
            ("a2 06 0001 00 0001 61", "MQTT-3.10.3-1", Ok(Unsubscribe)),
            ("a2 03 0001 00", "MQTT-3.10.3-2", Err(NoTopicFilters(Unsubscribe))),
            ("b0 04 0001 00 11", "MQTT-3.11.3-2", Ok(UnsubAck)),
            ("b0 04 0001 00 02", "MQTT-3.11.3-2", Err(bad_code(UnsubAck, 2))),
            ("b0 03 0001 00", "MQTT-3.11.3-1", Err(NoReasonCodes(UnsubAck))),
            // 3.14 DISCONNECT
            ("e0 00", "3.14.2.1", Ok(Disconnect)),
            ("e0 01 04", "3.14.2.2.1", Ok(Disconnect)),
            ("e0 02 00 00", "3.14.2.2.1", Ok(Disconnect)),
            ("e0 07 8e 05 11 00000000", "3.14.2.2.2", Ok(Disconnect)),
            ("e0 01 01", "MQTT-3.14.2-1", Err(bad_code(Disconnect, 1))),
            ("e0 01 84", "MQTT-3.14.2-1", Err(bad_code(Disconnect, 0x84))),
            ("e0 03 00 00 00", "MQTT-4.13.1-1", Err(TrailingBytes(Disconnect))),
            ("e0 05 00 03 21 0001", "2.2.2.2", Err(not_allowed(Property::ReceiveMaximum, Disconnect))),
            // 3.15 AUTH
            ("f0 00", "3.15.2.1", Ok(Auth)),
            ("f0 06 18 04 15 0001 6d", "MQTT-4.12.0-3", Ok(Auth)),
            ("f0 01 18", "3.15.2.2.2", Err(MissingAuthenticationMethod(Auth))),
            ("f0 02 18 00", "3.15.2.2.2", Err(MissingAuthenticationMethod(Auth))),
            ("f0 06 00 04 16 0001 6d", "3.15.2.2.2", Err(MissingAuthenticationMethod(Auth))),
            ("f0 06 80 04 15 0001 6d", "MQTT-3.15.2-1", Err(bad_code(Auth, 0x80))),
        ],
    );
}

#[test]
fn the_first_packet_is_a_connect() {
    for (hex, packet_type) in [("30", Publish), ("c000", PingReq), ("20020000", ConnAck), ("f000", Auth)] {
        let error = decode_connect(&bytes(hex), LIMIT).unwrap_err();
        assert_eq!(error, ExpectedConnect(packet_type));
        assert_eq!(error.requirement(V5), "MQTT-3.1.0-1");
        assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
    }
    assert_eq!(decode_connect(&bytes("05"), LIMIT), Err(ReservedPacketType(0)));
}

#[test]
fn each_error_has_the_reason_code_of_the_standard() {
    for (error, code) in [
        (InvalidUtf8, 0x81),
        (VariableIntegerNotMinimal, 0x81),
        (PublishQosThree, 0x81),
        (ConnectReservedFlag, 0x81),
        (ReservedSubscriptionOptions, 0x81),
        (not_allowed(Property::TopicAlias, Connect), 0x81),
        (UnknownProperty(0), 0x81),
        (DuplicateProperty(Property::TopicAlias), 0x82),
        (InvalidPropertyValue(Property::ReceiveMaximum), 0x82),
        (MissingAuthenticationMethod(Connect), 0x82),
        (MissingTopic, 0x82),
        (ResponseTopicWildcard, 0x82),
        (NoTopicFilters(Subscribe), 0x82),
        (RetainHandlingThree, 0x82),
        (NoLocalOnSharedSubscription, 0x82),
        (PacketIdZero(Subscribe), 0x82),
        (UnsupportedProtocolLevel { level: 3 }, 0x84),
        (UnknownProtocolName { level: 3 }, 0x84),
        (InvalidPropertyValue(Property::TopicAlias), 0x94),
        (PacketTooLarge { length: 2, limit: 1 }, 0x95),
    ] {
        assert_eq!(error.reason_code().to_u8(), code, "{error}");
    }
}
