//! DISCONNECT: the last packet of a connection (3.14).

use squall_types::ProtocolVersion;

use crate::encode::{Body, Put, check_version, encode_methods};
use crate::properties::{Properties, Property, Section, check_texts, put_section, put_text, put_u32};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketType, ReasonCode, UserProperties};

/// DISCONNECT of either version; a 3.1.1 server sends none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// [`ReasonCode::NORMAL_DISCONNECTION`] in 3.1.1, which has none.
    pub reason_code: ReasonCode,
    /// None in 3.1.1.
    pub properties: DisconnectProperties<'a>,
}

/// Properties of DISCONNECT (5.0 3.14.2.2).
///
/// Only a client sends the first and only a server the last; that is the receiver's to check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisconnectProperties<'a> {
    /// Seconds, in place of CONNECT's.
    pub session_expiry_interval: Option<u32>,
    /// For people.
    pub reason_string: Option<&'a str>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
    /// Another server to use.
    pub server_reference: Option<&'a str>,
}

impl<'a> Disconnect<'a> {
    /// DISCONNECT without properties.
    pub fn new(reason_code: ReasonCode) -> Self {
        Self { reason_code, properties: DisconnectProperties::default() }
    }

    /// Reads the three forms of 5.0 3.14.2: nothing, reason code, with properties.
    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let mut disconnect = Self::default();
        if version == ProtocolVersion::V5 && !reader.is_empty() {
            disconnect.reason_code = ReasonCode::decode(&mut reader)?;
            if !reader.is_empty() {
                disconnect.properties = DisconnectProperties::decode(reader.section(version)?)?;
            }
        }
        reader.finish()?;
        Ok(disconnect)
    }
}

impl Body for Disconnect<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(*self != Self::default(), version, PacketType::Disconnect)?;
        self.reason_code.check(PacketType::Disconnect)?;
        self.properties.check()
    }

    fn first_byte(&self) -> u8 {
        PacketType::Disconnect.first_byte()
    }

    fn put<P: Put>(&self, _: ProtocolVersion, out: &mut P) {
        if !self.properties.is_empty() {
            out.u8(self.reason_code.to_u8());
            put_section(&self.properties, out);
        } else if self.reason_code != ReasonCode::NORMAL_DISCONNECTION {
            out.u8(self.reason_code.to_u8());
        }
    }
}

encode_methods!(Disconnect);

impl<'a> DisconnectProperties<'a> {
    fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, PacketType::Disconnect);
        while let Some(property) = section.next()? {
            match property {
                Property::SessionExpiryInterval => {
                    properties.session_expiry_interval = Some(section.u32()?);
                }
                Property::ReasonString => properties.reason_string = Some(section.text()?),
                Property::ServerReference => {
                    properties.server_reference = Some(section.text()?);
                }
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        Ok(properties)
    }
}

impl Properties for DisconnectProperties<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), EncodeError> {
        check_texts([self.reason_string, self.server_reference])
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_u32(out, Property::SessionExpiryInterval, self.session_expiry_interval);
        put_text(out, Property::ReasonString, self.reason_string);
        put_text(out, Property::ServerReference, self.server_reference);
        self.user_properties.put(out);
    }
}
