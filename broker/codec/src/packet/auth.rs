//! AUTH: one step of enhanced authentication, MQTT 5 only (3.15).

use squall_types::ProtocolVersion;

use crate::encode::{Body, Put, check_version, encode_methods};
use crate::properties::{
    Properties, Property, Section, check_optional_binary, check_texts, put_binary, put_section, put_text,
};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketType, ReasonCode, UserProperties};

/// AUTH.
///
/// Every AUTH names its method (5.0 3.15.2.2.2) but for the bare `F0 00`, which 3.15.2.1 defines as success
/// without properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auth<'a> {
    /// [`Success`](ReasonCode::Success), [`ContinueAuthentication`](ReasonCode::ContinueAuthentication) or
    /// [`ReAuthenticate`](ReasonCode::ReAuthenticate).
    pub reason_code: ReasonCode,
    /// The method and what it exchanges.
    pub properties: AuthProperties<'a>,
}

/// Properties of AUTH (5.0 3.15.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthProperties<'a> {
    /// That of CONNECT.
    pub authentication_method: Option<&'a str>,
    /// What the method exchanges.
    pub authentication_data: Option<&'a [u8]>,
    /// For people.
    pub reason_string: Option<&'a str>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
}

impl<'a> Auth<'a> {
    /// AUTH that names its method and no more.
    pub fn new(reason_code: ReasonCode, authentication_method: &'a str) -> Self {
        Self {
            reason_code,
            properties: AuthProperties {
                authentication_method: Some(authentication_method),
                ..AuthProperties::default()
            },
        }
    }

    /// Reads the forms of 5.0 3.15.2: nothing, reason code, with properties.
    pub(crate) fn decode(mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let mut auth = Self::default();
        if !reader.is_empty() {
            auth.reason_code = ReasonCode::decode(&mut reader)?;
            if !reader.is_empty() {
                auth.properties = AuthProperties::decode(reader.section(ProtocolVersion::V5)?)?;
            }
        }
        reader.finish()?;
        auth.check_method()?;
        Ok(auth)
    }

    fn check_method(&self) -> Result<(), DecodeError> {
        if self.properties.authentication_method.is_none() && *self != Self::default() {
            return Err(DecodeError::MissingAuthenticationMethod(PacketType::Auth));
        }
        Ok(())
    }
}

impl Body for Auth<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(true, version, PacketType::Auth)?;
        self.reason_code.check(PacketType::Auth)?;
        self.check_method()?;
        self.properties.check()
    }

    fn first_byte(&self) -> u8 {
        PacketType::Auth.first_byte()
    }

    fn put<P: Put>(&self, _: ProtocolVersion, out: &mut P) {
        if *self != Self::default() {
            out.u8(self.reason_code.to_u8());
            put_section(&self.properties, out);
        }
    }
}

encode_methods!(Auth);

impl<'a> AuthProperties<'a> {
    fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, PacketType::Auth);
        while let Some(property) = section.next()? {
            match property {
                Property::AuthenticationMethod => {
                    properties.authentication_method = Some(section.text()?);
                }
                Property::AuthenticationData => {
                    properties.authentication_data = Some(section.binary()?);
                }
                Property::ReasonString => properties.reason_string = Some(section.text()?),
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        Ok(properties)
    }
}

impl Properties for AuthProperties<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), EncodeError> {
        check_texts([self.authentication_method, self.reason_string])?;
        check_optional_binary(self.authentication_data)
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_text(out, Property::AuthenticationMethod, self.authentication_method);
        put_binary(out, Property::AuthenticationData, self.authentication_data);
        put_text(out, Property::ReasonString, self.reason_string);
        self.user_properties.put(out);
    }
}
