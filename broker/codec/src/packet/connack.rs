//! CONNACK: the server's answer to CONNECT (3.2).

use core::num::{NonZeroU16, NonZeroU32};

use squall_types::{ProtocolVersion, QoS};

use crate::encode::{Body, Put, check_version, encode_methods};
use crate::properties::{
    Properties, Property, Section, check_method, check_optional_binary, check_texts, put_binary, put_bool,
    put_section, put_text, put_u16, put_u32,
};
use crate::reader::Reader;
use crate::{ConnectReturnCode, DecodeError, EncodeError, PacketType, ReasonCode, UserProperties};

/// CONNACK of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnAck<'a> {
    /// Whether the server kept a session of this client; never with a refusal.
    pub session_present: bool,
    /// The answer, of the version that the packet is written for.
    pub code: ConnAckCode,
    /// None in 3.1.1.
    pub properties: ConnAckProperties<'a>,
}

/// The answer to CONNECT: the two versions number theirs apart, so a code always tells which one it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnAckCode {
    /// A return code of 3.1.1.
    V311(ConnectReturnCode),
    /// A reason code of MQTT 5.
    V5(ReasonCode),
}

/// Properties of CONNACK (5.0 3.2.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnAckProperties<'a> {
    /// Seconds, if the server uses another value than CONNECT's.
    pub session_expiry_interval: Option<u32>,
    /// Unacknowledged QoS 1 and 2 messages the server takes; absent means 65535.
    pub receive_maximum: Option<NonZeroU16>,
    /// QoS 0 or 1; absent means 2.
    pub maximum_qos: Option<QoS>,
    /// Absent means yes.
    pub retain_available: Option<bool>,
    /// Longest packet the server takes; absent means no limit.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// The id of a client that named none.
    pub assigned_client_identifier: Option<&'a str>,
    /// Highest topic alias the server takes; absent means 0.
    pub topic_alias_maximum: Option<u16>,
    /// For people.
    pub reason_string: Option<&'a str>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
    /// Absent means yes.
    pub wildcard_subscription_available: Option<bool>,
    /// Absent means yes.
    pub subscription_identifier_available: Option<bool>,
    /// Absent means yes.
    pub shared_subscription_available: Option<bool>,
    /// Seconds, in place of CONNECT's keep-alive.
    pub server_keep_alive: Option<u16>,
    /// What the client may build response topics from.
    pub response_information: Option<&'a str>,
    /// Another server to use.
    pub server_reference: Option<&'a str>,
    /// Enhanced authentication: its method.
    pub authentication_method: Option<&'a str>,
    /// Enhanced authentication: its last data; needs a method.
    pub authentication_data: Option<&'a [u8]>,
}

impl ConnAckCode {
    /// Code 0 of `version`.
    pub const fn accepted(version: ProtocolVersion) -> Self {
        match version {
            ProtocolVersion::V311 => Self::V311(ConnectReturnCode::Accepted),
            ProtocolVersion::V5 => Self::V5(ReasonCode::Success),
        }
    }

    /// Whether the client is connected now.
    pub const fn is_accepted(self) -> bool {
        self.to_u8() == 0
    }

    /// The version that the code is of.
    pub const fn version(self) -> ProtocolVersion {
        match self {
            Self::V311(_) => ProtocolVersion::V311,
            Self::V5(_) => ProtocolVersion::V5,
        }
    }

    /// The byte on the wire.
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::V311(code) => code.to_u8(),
            Self::V5(code) => code.to_u8(),
        }
    }

    fn decode(version: ProtocolVersion, code: u8) -> Result<Self, DecodeError> {
        match version {
            ProtocolVersion::V311 => ConnectReturnCode::from_u8(code).map(Self::V311),
            ProtocolVersion::V5 => {
                ReasonCode::from_u8(code).filter(|code| code.is_valid_for(PacketType::ConnAck)).map(Self::V5)
            }
        }
        .ok_or(DecodeError::ReasonCodeNotAllowed { packet_type: PacketType::ConnAck, code })
    }
}

impl From<ConnectReturnCode> for ConnAckCode {
    fn from(code: ConnectReturnCode) -> Self {
        Self::V311(code)
    }
}

impl From<ReasonCode> for ConnAckCode {
    fn from(code: ReasonCode) -> Self {
        Self::V5(code)
    }
}

impl<'a> ConnAck<'a> {
    /// An acceptance without properties.
    pub fn accepted(version: ProtocolVersion, session_present: bool) -> Self {
        Self {
            session_present,
            code: ConnAckCode::accepted(version),
            properties: ConnAckProperties::default(),
        }
    }

    /// A refusal without properties.
    pub fn refused(code: impl Into<ConnAckCode>) -> Self {
        Self { session_present: false, code: code.into(), properties: ConnAckProperties::default() }
    }

    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let flags = reader.u8()?;
        if flags > 1 {
            return Err(DecodeError::ConnAckReservedFlags);
        }
        let connack = Self {
            session_present: flags == 1,
            code: ConnAckCode::decode(version, reader.u8()?)?,
            properties: ConnAckProperties::decode(reader.section(version)?)?,
        };
        connack.check_session_present()?;
        reader.finish()?;
        Ok(connack)
    }

    fn check_session_present(&self) -> Result<(), DecodeError> {
        if self.session_present && !self.code.is_accepted() {
            return Err(DecodeError::SessionPresentWithRefusal);
        }
        Ok(())
    }
}

impl Body for ConnAck<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        if self.code.version() != version {
            return Err(EncodeError::NotInVersion { packet_type: PacketType::ConnAck, version });
        }
        check_version(!self.properties.is_empty(), version, PacketType::ConnAck)?;
        ConnAckCode::decode(version, self.code.to_u8())?;
        self.check_session_present()?;
        self.properties.check()
    }

    fn first_byte(&self) -> u8 {
        PacketType::ConnAck.first_byte()
    }

    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.u8(u8::from(self.session_present));
        out.u8(self.code.to_u8());
        if version == ProtocolVersion::V5 {
            put_section(&self.properties, out);
        }
    }
}

encode_methods!(ConnAck);

impl<'a> ConnAckProperties<'a> {
    fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, PacketType::ConnAck);
        while let Some(property) = section.next()? {
            match property {
                Property::SessionExpiryInterval => {
                    properties.session_expiry_interval = Some(section.u32()?);
                }
                Property::ReceiveMaximum => {
                    properties.receive_maximum = Some(section.nonzero_u16()?);
                }
                Property::MaximumQos => {
                    properties.maximum_qos =
                        Some(if section.bool()? { QoS::AtLeastOnce } else { QoS::AtMostOnce });
                }
                Property::RetainAvailable => {
                    properties.retain_available = Some(section.bool()?);
                }
                Property::MaximumPacketSize => {
                    properties.maximum_packet_size = Some(section.nonzero_u32()?);
                }
                Property::AssignedClientIdentifier => {
                    properties.assigned_client_identifier = Some(section.text()?);
                }
                Property::TopicAliasMaximum => {
                    properties.topic_alias_maximum = Some(section.u16()?);
                }
                Property::ReasonString => properties.reason_string = Some(section.text()?),
                Property::WildcardSubscriptionAvailable => {
                    properties.wildcard_subscription_available = Some(section.bool()?);
                }
                Property::SubscriptionIdentifierAvailable => {
                    properties.subscription_identifier_available = Some(section.bool()?);
                }
                Property::SharedSubscriptionAvailable => {
                    properties.shared_subscription_available = Some(section.bool()?);
                }
                Property::ServerKeepAlive => {
                    properties.server_keep_alive = Some(section.u16()?);
                }
                Property::ResponseInformation => {
                    properties.response_information = Some(section.text()?);
                }
                Property::ServerReference => {
                    properties.server_reference = Some(section.text()?);
                }
                Property::AuthenticationMethod => {
                    properties.authentication_method = Some(section.text()?);
                }
                Property::AuthenticationData => {
                    properties.authentication_data = Some(section.binary()?);
                }
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        properties.check_method()?;
        Ok(properties)
    }

    fn check_method(&self) -> Result<(), DecodeError> {
        check_method(self.authentication_method, self.authentication_data, PacketType::ConnAck)
    }
}

impl Properties for ConnAckProperties<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), EncodeError> {
        if self.maximum_qos == Some(QoS::ExactlyOnce) {
            return Err(DecodeError::InvalidPropertyValue(Property::MaximumQos).into());
        }
        self.check_method()?;
        check_texts([
            self.assigned_client_identifier,
            self.reason_string,
            self.response_information,
            self.server_reference,
            self.authentication_method,
        ])?;
        check_optional_binary(self.authentication_data)
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_u32(out, Property::SessionExpiryInterval, self.session_expiry_interval);
        put_u16(out, Property::ReceiveMaximum, self.receive_maximum.map(NonZeroU16::get));
        put_bool(out, Property::MaximumQos, self.maximum_qos.map(|qos| qos != QoS::AtMostOnce));
        put_bool(out, Property::RetainAvailable, self.retain_available);
        put_u32(out, Property::MaximumPacketSize, self.maximum_packet_size.map(NonZeroU32::get));
        put_text(out, Property::AssignedClientIdentifier, self.assigned_client_identifier);
        put_u16(out, Property::TopicAliasMaximum, self.topic_alias_maximum);
        put_text(out, Property::ReasonString, self.reason_string);
        put_bool(out, Property::WildcardSubscriptionAvailable, self.wildcard_subscription_available);
        put_bool(out, Property::SubscriptionIdentifierAvailable, self.subscription_identifier_available);
        put_bool(out, Property::SharedSubscriptionAvailable, self.shared_subscription_available);
        put_u16(out, Property::ServerKeepAlive, self.server_keep_alive);
        put_text(out, Property::ResponseInformation, self.response_information);
        put_text(out, Property::ServerReference, self.server_reference);
        put_text(out, Property::AuthenticationMethod, self.authentication_method);
        put_binary(out, Property::AuthenticationData, self.authentication_data);
        self.user_properties.put(out);
    }
}
