//! CONNECT: a client introduces itself (3.1).

use core::num::{NonZeroU16, NonZeroU32};

use squall_types::{ProtocolVersion, QoS};

use crate::encode::{Body, Put, check_binary, check_text, check_version};
use crate::packet::{Will, WillProperties};
use crate::properties::{
    Properties, Property, Section, check_method, check_optional_binary, check_texts, put_binary, put_bool,
    put_section, put_text, put_u16, put_u32,
};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketType, UserProperties};

const PROTOCOL_NAME: &[u8] = b"MQTT";

const RESERVED: u8 = 1;
const CLEAN_START: u8 = 1 << 1;
const WILL: u8 = 1 << 2;
const WILL_QOS_SHIFT: u8 = 3;
const WILL_RETAIN: u8 = 1 << 5;
const PASSWORD: u8 = 1 << 6;
const USERNAME: u8 = 1 << 7;

/// CONNECT of either version; it alone names its version itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// The version of this and every later packet of the connection.
    pub version: ProtocolVersion,
    /// Clean Start; Clean Session in 3.1.1.
    pub clean_start: bool,
    /// Seconds; 0 turns keep-alive off.
    pub keep_alive: u16,
    /// May be empty.
    pub client_id: &'a str,
    /// The user name, if any.
    pub username: Option<&'a str>,
    /// The password, if any; 3.1.1 has it only next to a user name.
    pub password: Option<&'a [u8]>,
    /// What to publish when the connection ends badly.
    pub will: Option<Will<'a>>,
    /// None in 3.1.1.
    pub properties: ConnectProperties<'a>,
}

/// Properties of CONNECT (5.0 3.1.2.11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectProperties<'a> {
    /// Seconds that the session outlives the connection; absent means 0, `u32::MAX` for ever.
    pub session_expiry_interval: Option<u32>,
    /// Unacknowledged QoS 1 and 2 messages the client takes; absent means 65535.
    pub receive_maximum: Option<NonZeroU16>,
    /// Longest packet the client takes; absent means no limit.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// Highest topic alias the client takes; absent means 0.
    pub topic_alias_maximum: Option<u16>,
    /// Whether CONNACK may carry Response Information; absent means no.
    pub request_response_information: Option<bool>,
    /// Whether packets may carry Reason String and user properties; absent means yes.
    pub request_problem_information: Option<bool>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
    /// Enhanced authentication: its method.
    pub authentication_method: Option<&'a str>,
    /// Enhanced authentication: its first data; needs a method.
    pub authentication_data: Option<&'a [u8]>,
}

impl<'a> Connect<'a> {
    /// CONNECT with Clean Start, without keep-alive, credentials, will and properties.
    pub fn new(version: ProtocolVersion, client_id: &'a str) -> Self {
        Self {
            version,
            clean_start: true,
            keep_alive: 0,
            client_id,
            username: None,
            password: None,
            will: None,
            properties: ConnectProperties::default(),
        }
    }

    /// How many bytes [`encode`](Self::encode) writes, the fixed header included.
    pub fn encoded_len(&self) -> usize {
        crate::encode::encoded_len(self, self.version)
    }

    /// Appends the packet to `out`, in its own version.
    ///
    /// # Errors
    /// It has what its version lacks, does not fit its lengths, or breaks a rule that a receiver would refuse
    /// it for. `out` is then as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        crate::encode::encode(self, self.version, out)
    }

    /// Reads name and level, before which nothing of the packet may be judged.
    pub(crate) fn decode_version(reader: &mut Reader<'a>) -> Result<ProtocolVersion, DecodeError> {
        let name = reader.binary()?;
        let level = reader.u8()?;
        if name != PROTOCOL_NAME {
            return Err(DecodeError::UnknownProtocolName { level });
        }
        ProtocolVersion::from_level(level).ok_or(DecodeError::UnsupportedProtocolLevel { level })
    }

    /// Reads what follows the level.
    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let flags = reader.u8()?;
        let will_qos = check_flags(flags, version)?;
        let keep_alive = reader.u16()?;
        let properties = ConnectProperties::decode(reader.section(version)?)?;
        let client_id = reader.text()?;
        let will = if flags & WILL != 0 {
            Some(Will {
                properties: WillProperties::decode(reader.section(version)?)?,
                topic: reader.text()?,
                payload: reader.binary()?,
                qos: will_qos,
                retain: flags & WILL_RETAIN != 0,
            })
        } else {
            None
        };
        let username = if flags & USERNAME != 0 { Some(reader.text()?) } else { None };
        let password = if flags & PASSWORD != 0 { Some(reader.binary()?) } else { None };
        reader.finish()?;
        Ok(Self {
            version,
            clean_start: flags & CLEAN_START != 0,
            keep_alive,
            client_id,
            username,
            password,
            will,
            properties,
        })
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.clean_start {
            flags |= CLEAN_START;
        }
        if let Some(will) = &self.will {
            flags |= WILL | will.qos.bits() << WILL_QOS_SHIFT;
            if will.retain {
                flags |= WILL_RETAIN;
            }
        }
        if self.password.is_some() {
            flags |= PASSWORD;
        }
        if self.username.is_some() {
            flags |= USERNAME;
        }
        flags
    }
}

/// Checks the connect flags and returns the will's QoS.
fn check_flags(flags: u8, version: ProtocolVersion) -> Result<QoS, DecodeError> {
    if flags & RESERVED != 0 {
        return Err(DecodeError::ConnectReservedFlag);
    }
    let will_qos = flags >> WILL_QOS_SHIFT & 0b11;
    if flags & WILL == 0 {
        if will_qos != 0 {
            return Err(DecodeError::WillQosWithoutWill);
        }
        if flags & WILL_RETAIN != 0 {
            return Err(DecodeError::WillRetainWithoutWill);
        }
    }
    if version == ProtocolVersion::V311 && flags & (USERNAME | PASSWORD) == PASSWORD {
        return Err(DecodeError::PasswordWithoutUserName);
    }
    QoS::from_bits(will_qos).ok_or(DecodeError::WillQosThree)
}

impl Body for Connect<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(!self.properties.is_empty(), version, PacketType::Connect)?;
        self.properties.check()?;
        check_flags(self.flags(), version)?;
        check_text(self.client_id)?;
        if let Some(will) = &self.will {
            will.check(version)?;
        }
        self.username.map_or(Ok(()), check_text)?;
        self.password.map_or(Ok(()), check_binary)
    }

    fn first_byte(&self) -> u8 {
        PacketType::Connect.first_byte()
    }

    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.binary(PROTOCOL_NAME);
        out.u8(version.level());
        out.u8(self.flags());
        out.u16(self.keep_alive);
        if version == ProtocolVersion::V5 {
            put_section(&self.properties, out);
        }
        out.text(self.client_id);
        if let Some(will) = &self.will {
            if version == ProtocolVersion::V5 {
                put_section(&will.properties, out);
            }
            out.text(will.topic);
            out.binary(will.payload);
        }
        if let Some(username) = self.username {
            out.text(username);
        }
        if let Some(password) = self.password {
            out.binary(password);
        }
    }
}

impl<'a> ConnectProperties<'a> {
    fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, PacketType::Connect);
        while let Some(property) = section.next()? {
            match property {
                Property::SessionExpiryInterval => {
                    properties.session_expiry_interval = Some(section.u32()?);
                }
                Property::ReceiveMaximum => {
                    properties.receive_maximum = Some(section.nonzero_u16()?);
                }
                Property::MaximumPacketSize => {
                    properties.maximum_packet_size = Some(section.nonzero_u32()?);
                }
                Property::TopicAliasMaximum => {
                    properties.topic_alias_maximum = Some(section.u16()?);
                }
                Property::RequestResponseInformation => {
                    properties.request_response_information = Some(section.bool()?);
                }
                Property::RequestProblemInformation => {
                    properties.request_problem_information = Some(section.bool()?);
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
        check_method(self.authentication_method, self.authentication_data, PacketType::Connect)
    }
}

impl Properties for ConnectProperties<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), EncodeError> {
        self.check_method()?;
        check_texts([self.authentication_method])?;
        check_optional_binary(self.authentication_data)
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_u32(out, Property::SessionExpiryInterval, self.session_expiry_interval);
        put_u16(out, Property::ReceiveMaximum, self.receive_maximum.map(NonZeroU16::get));
        put_u32(out, Property::MaximumPacketSize, self.maximum_packet_size.map(NonZeroU32::get));
        put_u16(out, Property::TopicAliasMaximum, self.topic_alias_maximum);
        put_bool(out, Property::RequestResponseInformation, self.request_response_information);
        put_bool(out, Property::RequestProblemInformation, self.request_problem_information);
        put_text(out, Property::AuthenticationMethod, self.authentication_method);
        put_binary(out, Property::AuthenticationData, self.authentication_data);
        self.user_properties.put(out);
    }
}
