//! What may be wrong with bytes that claim to be a packet, and with a packet that is to become bytes.

use squall_types::ProtocolVersion;
use thiserror::Error;

use crate::{PacketType, Property, ReasonCode};

/// The rule that a peer's bytes break.
///
/// [`reason_code`](Self::reason_code) says how MQTT 5 answers it, [`requirement`](Self::requirement) where the
/// rule stands. A 3.1.1 server closes without a word, but for the CONNACK that
/// [`UnsupportedProtocolLevel`](Self::UnsupportedProtocolLevel) asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum DecodeError {
    /// The packet type is 0, or 15 in 3.1.1.
    #[error("packet type {0} is reserved")]
    ReservedPacketType(u8),
    /// The lower four bits of the first byte differ from the packet type's.
    #[error("{packet_type} has flags {flags:#06b}")]
    ReservedFlags {
        /// The packet that has them.
        packet_type: PacketType,
        /// The flags found.
        flags: u8,
    },
    /// A length or identifier goes on after its fourth byte.
    #[error("a variable byte integer is longer than four bytes")]
    VariableIntegerTooLong,
    /// A length or identifier is padded (MQTT 5 only).
    #[error("a variable byte integer is not in its shortest form")]
    VariableIntegerNotMinimal,
    /// The packet is longer than the receiver allows.
    #[error("a packet of {length} bytes exceeds the limit of {limit}")]
    PacketTooLarge {
        /// Its whole length, header included.
        length: u32,
        /// The receiver's limit.
        limit: u32,
    },
    /// The first packet of a connection is not CONNECT.
    #[error("the first packet is {0}, not CONNECT")]
    ExpectedConnect(PacketType),
    /// CONNECT's protocol name is not `MQTT`.
    #[error("the protocol name is not 'MQTT' (level {level})")]
    UnknownProtocolName {
        /// The level that follows the name; 3 for MQTT 3.1, whose name is `MQIsdp`.
        level: u8,
    },
    /// CONNECT's protocol level is neither 4 nor 5.
    #[error("protocol level {level} is not supported")]
    UnsupportedProtocolLevel {
        /// The level found.
        level: u8,
    },
    /// Bit 0 of the connect flags is set.
    #[error("the reserved connect flag is set")]
    ConnectReservedFlag,
    /// Will QoS without a will.
    #[error("will QoS is set without a will")]
    WillQosWithoutWill,
    /// Will retain without a will.
    #[error("will retain is set without a will")]
    WillRetainWithoutWill,
    /// Will QoS 3.
    #[error("will QoS is 3")]
    WillQosThree,
    /// A password without a user name (3.1.1 only).
    #[error("a password comes without a user name")]
    PasswordWithoutUserName,
    /// A field runs past the end of its packet or property section.
    #[error("{0} ends inside a field")]
    Truncated(PacketType),
    /// Bytes are left after the last field.
    #[error("{0} has bytes after its last field")]
    TrailingBytes(PacketType),
    /// A string is not UTF-8, surrogates included.
    #[error("a string is not well-formed UTF-8")]
    InvalidUtf8,
    /// A string has a U+0000.
    #[error("a string contains U+0000")]
    NulInString,
    /// The packet identifier is 0.
    #[error("{0} has packet identifier 0")]
    PacketIdZero(PacketType),
    /// PUBLISH of QoS 3.
    #[error("PUBLISH has QoS 3")]
    PublishQosThree,
    /// PUBLISH of QoS 0 with DUP.
    #[error("PUBLISH has DUP with QoS 0")]
    DupWithQosZero,
    /// A topic of no characters and no alias in its place (MQTT 5; in 3.1.1 it is the broker that looks).
    #[error("PUBLISH has neither topic nor topic alias")]
    MissingTopic,
    /// A response topic with `+` or `#`.
    #[error("the response topic contains a wildcard")]
    ResponseTopicWildcard,
    /// A property identifier that MQTT 5 does not define.
    #[error("property {0:#04x} does not exist")]
    UnknownProperty(u32),
    /// A property that belongs elsewhere.
    #[error("{packet_type} does not carry the property '{property}'")]
    PropertyNotAllowed {
        /// The property.
        property: Property,
        /// The packet it stands in; CONNECT for a will.
        packet_type: PacketType,
    },
    /// A second instance of a single-use property.
    #[error("the property '{0}' stands twice")]
    DuplicateProperty(Property),
    /// A value outside the property's range.
    #[error("the property '{0}' has a value out of range")]
    InvalidPropertyValue(Property),
    /// Authentication data without a method, or an AUTH that names none.
    #[error("{0} has no authentication method")]
    MissingAuthenticationMethod(PacketType),
    /// SUBSCRIBE or UNSUBSCRIBE without a filter.
    #[error("{0} has no topic filter")]
    NoTopicFilters(PacketType),
    /// Reserved bits of the subscription options.
    #[error("reserved subscription option bits are set")]
    ReservedSubscriptionOptions,
    /// A subscription of QoS 3.
    #[error("a subscription asks for QoS 3")]
    SubscriptionQosThree,
    /// Retain handling 3.
    #[error("a subscription asks for retain handling 3")]
    RetainHandlingThree,
    /// No Local on `$share/...`.
    #[error("No Local is set on a shared subscription")]
    NoLocalOnSharedSubscription,
    /// SUBACK or UNSUBACK without a code.
    #[error("{0} has no reason code")]
    NoReasonCodes(PacketType),
    /// A code that the packet's table does not list.
    #[error("{packet_type} has reason code {code:#04x}")]
    ReasonCodeNotAllowed {
        /// The packet.
        packet_type: PacketType,
        /// The code found.
        code: u8,
    },
    /// Reserved bits of the connect acknowledge flags.
    #[error("reserved connect acknowledge flags are set")]
    ConnAckReservedFlags,
    /// Session Present next to a refusal.
    #[error("CONNACK refuses and has session present")]
    SessionPresentWithRefusal,
}

impl DecodeError {
    /// The code for CONNACK or DISCONNECT in MQTT 5.
    ///
    /// Where the standard leaves malformed (0x81) and protocol error (0x82) open, 0x81 is for bytes that
    /// cannot be parsed and 0x82 for parsed ones that contradict a rule.
    pub const fn reason_code(self) -> ReasonCode {
        match self {
            Self::ReservedPacketType(_)
            | Self::ReservedFlags { .. }
            | Self::VariableIntegerTooLong
            | Self::VariableIntegerNotMinimal
            | Self::ConnectReservedFlag
            | Self::WillQosWithoutWill
            | Self::WillRetainWithoutWill
            | Self::WillQosThree
            | Self::PasswordWithoutUserName
            | Self::Truncated(_)
            | Self::TrailingBytes(_)
            | Self::InvalidUtf8
            | Self::NulInString
            | Self::PublishQosThree
            | Self::DupWithQosZero
            | Self::UnknownProperty(_)
            | Self::PropertyNotAllowed { .. }
            | Self::ReservedSubscriptionOptions
            | Self::NoReasonCodes(_)
            | Self::ConnAckReservedFlags => ReasonCode::MalformedPacket,
            Self::PacketTooLarge { .. } => ReasonCode::PacketTooLarge,
            Self::UnknownProtocolName { .. } | Self::UnsupportedProtocolLevel { .. } => {
                ReasonCode::UnsupportedProtocolVersion
            }
            Self::InvalidPropertyValue(Property::TopicAlias) => ReasonCode::TopicAliasInvalid,
            Self::ExpectedConnect(_)
            | Self::PacketIdZero(_)
            | Self::MissingTopic
            | Self::ResponseTopicWildcard
            | Self::DuplicateProperty(_)
            | Self::InvalidPropertyValue(_)
            | Self::MissingAuthenticationMethod(_)
            | Self::NoTopicFilters(_)
            | Self::SubscriptionQosThree
            | Self::RetainHandlingThree
            | Self::NoLocalOnSharedSubscription
            | Self::ReasonCodeNotAllowed { .. }
            | Self::SessionPresentWithRefusal => ReasonCode::ProtocolError,
        }
    }

    /// Where the rule stands in the standard of `version`: the id of a normative statement
    /// (`MQTT-1.5.4-2`), or the number of a section that words it without an id (`3.8.3.1`).
    ///
    /// The two standards number the same rule differently. A rule that only one of them has points, for the
    /// other, to the section where it would stand.
    pub const fn requirement(self, version: ProtocolVersion) -> &'static str {
        let (v311, v5) = self.requirements();
        match version {
            ProtocolVersion::V311 => v311,
            ProtocolVersion::V5 => v5,
        }
    }

    const fn requirements(self) -> (&'static str, &'static str) {
        match self {
            Self::ReservedPacketType(_) => ("2.2.1", "2.1.2"),
            Self::ReservedFlags { packet_type, .. } => match packet_type {
                PacketType::PubRel => ("MQTT-3.6.1-1", "MQTT-3.6.1-1"),
                PacketType::Subscribe => ("MQTT-3.8.1-1", "MQTT-3.8.1-1"),
                PacketType::Unsubscribe => ("MQTT-3.10.1-1", "MQTT-3.10.1-1"),
                PacketType::Disconnect => ("MQTT-3.14.1-1", "MQTT-3.14.1-1"),
                PacketType::Auth => ("2.2.1", "MQTT-3.15.1-1"),
                _ => ("MQTT-2.2.2-2", "MQTT-2.1.3-1"),
            },
            Self::VariableIntegerTooLong => ("2.2.3", "1.5.5"),
            Self::VariableIntegerNotMinimal => ("2.2.3", "MQTT-1.5.5-1"),
            Self::PacketTooLarge { .. } => ("2.2.3", "MQTT-3.2.2-15"),
            Self::ExpectedConnect(_) => ("MQTT-3.1.0-1", "MQTT-3.1.0-1"),
            Self::UnknownProtocolName { .. } => ("MQTT-3.1.2-1", "MQTT-3.1.2-1"),
            Self::UnsupportedProtocolLevel { .. } => ("MQTT-3.1.2-2", "MQTT-3.1.2-2"),
            Self::ConnectReservedFlag => ("MQTT-3.1.2-3", "MQTT-3.1.2-3"),
            Self::WillQosWithoutWill => ("MQTT-3.1.2-13", "MQTT-3.1.2-11"),
            Self::WillRetainWithoutWill => ("MQTT-3.1.2-15", "MQTT-3.1.2-13"),
            Self::WillQosThree => ("MQTT-3.1.2-14", "MQTT-3.1.2-12"),
            Self::PasswordWithoutUserName => ("MQTT-3.1.2-22", "3.1.2.9"),
            Self::Truncated(PacketType::Connect) | Self::TrailingBytes(PacketType::Connect) => {
                ("MQTT-3.1.4-1", "MQTT-3.1.4-1")
            }
            Self::Truncated(_) | Self::TrailingBytes(_) => ("MQTT-4.8.0-1", "MQTT-4.13.1-1"),
            Self::InvalidUtf8 => ("MQTT-1.5.3-1", "MQTT-1.5.4-1"),
            Self::NulInString => ("MQTT-1.5.3-2", "MQTT-1.5.4-2"),
            Self::PacketIdZero(_) => ("MQTT-2.3.1-1", "MQTT-2.2.1-3"),
            Self::PublishQosThree => ("MQTT-3.3.1-4", "MQTT-3.3.1-4"),
            Self::DupWithQosZero => ("MQTT-3.3.1-2", "MQTT-3.3.1-2"),
            Self::MissingTopic => ("MQTT-4.7.3-1", "3.3.2.1"),
            Self::ResponseTopicWildcard => ("3.3.2", "MQTT-3.3.2-14"),
            Self::UnknownProperty(_) | Self::PropertyNotAllowed { .. } => ("2.3", "2.2.2.2"),
            Self::DuplicateProperty(property) => ("2.3", property.section()),
            Self::InvalidPropertyValue(Property::TopicAlias) => ("2.3", "MQTT-3.3.2-8"),
            Self::InvalidPropertyValue(property) => ("2.3", property.section()),
            Self::MissingAuthenticationMethod(PacketType::Auth) => ("2.3", "3.15.2.2.2"),
            Self::MissingAuthenticationMethod(PacketType::ConnAck) => ("2.3", "MQTT-4.12.0-5"),
            Self::MissingAuthenticationMethod(_) => ("2.3", "3.1.2.11.10"),
            Self::NoTopicFilters(PacketType::Unsubscribe) => ("MQTT-3.10.3-2", "MQTT-3.10.3-2"),
            Self::NoTopicFilters(_) => ("MQTT-3.8.3-3", "MQTT-3.8.3-2"),
            Self::ReservedSubscriptionOptions => ("MQTT-3.8.3-4", "MQTT-3.8.3-5"),
            Self::SubscriptionQosThree => ("MQTT-3.8.3-4", "3.8.3.1"),
            Self::RetainHandlingThree => ("MQTT-3.8.3-4", "3.8.3.1"),
            Self::NoLocalOnSharedSubscription => ("MQTT-3.8.3-4", "MQTT-3.8.3-4"),
            Self::NoReasonCodes(PacketType::UnsubAck) => ("3.11.3", "MQTT-3.11.3-1"),
            Self::NoReasonCodes(_) => ("MQTT-3.8.4-5", "MQTT-3.8.4-6"),
            Self::ReasonCodeNotAllowed { packet_type, .. } => match packet_type {
                PacketType::ConnAck => ("3.2.2.3", "MQTT-3.2.2-8"),
                PacketType::PubAck => ("3.4.2", "MQTT-3.4.2-1"),
                PacketType::PubRec => ("3.5.2", "MQTT-3.5.2-1"),
                PacketType::PubRel => ("3.6.2", "MQTT-3.6.2-1"),
                PacketType::PubComp => ("3.7.2", "MQTT-3.7.2-1"),
                PacketType::SubAck => ("MQTT-3.9.3-2", "MQTT-3.9.3-2"),
                PacketType::UnsubAck => ("3.11.3", "MQTT-3.11.3-2"),
                PacketType::Disconnect => ("3.14.2", "MQTT-3.14.2-1"),
                _ => ("2.2.1", "MQTT-3.15.2-1"),
            },
            Self::ConnAckReservedFlags => ("3.2.2.1", "MQTT-3.2.2-1"),
            Self::SessionPresentWithRefusal => ("MQTT-3.2.2-4", "MQTT-3.2.2-6"),
        }
    }
}

/// Why a packet has no bytes.
///
/// Whatever encodes decodes again, to an equal packet; nothing is dropped to make it fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum EncodeError {
    /// A string or binary field of more than 65535 bytes.
    #[error("a field of {length} bytes does not fit its length of two bytes")]
    FieldTooLong {
        /// The field's length.
        length: usize,
    },
    /// More than 268435455 bytes after the fixed header.
    #[error("a packet of {length} bytes does not fit its length of four bytes")]
    PacketTooLong {
        /// The length that does not fit.
        length: usize,
    },
    /// The packet has what the version lacks: properties, reason codes, subscription options or AUTH in
    /// 3.1.1, or the other version's CONNACK code.
    #[error("{packet_type} has a part that {version} does not know")]
    NotInVersion {
        /// The packet.
        packet_type: PacketType,
        /// The version it was to be written for.
        version: ProtocolVersion,
    },
    /// PUBLISH has a packet identifier with QoS 0, or none above.
    #[error("PUBLISH has a packet identifier if, and only if, its QoS is above 0")]
    PacketIdMismatch,
    /// The receiver would refuse the packet.
    #[error("a receiver would refuse the packet: {0}")]
    Refused(#[from] DecodeError),
}
