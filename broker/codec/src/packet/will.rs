//! The will inside a CONNECT (3.1.2.5, 3.1.3).

use squall_types::{ProtocolVersion, QoS};

use crate::encode::{Put, check_binary, check_text, check_version};
use crate::properties::{
    Properties, Property, Section, check_optional_binary, check_response_topic, check_texts, put_binary,
    put_bool, put_text, put_u32,
};
use crate::{DecodeError, EncodeError, PacketType, UserProperties};

/// What the broker publishes when the connection ends without a proper DISCONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will<'a> {
    /// Well formed as a string; whether it is a topic name is the broker's to say.
    pub topic: &'a str,
    /// The application message.
    pub payload: &'a [u8],
    /// The QoS it is published with.
    pub qos: QoS,
    /// Whether it is published as a retained message.
    pub retain: bool,
    /// None in 3.1.1.
    pub properties: WillProperties<'a>,
}

/// Properties of a will (5.0 3.1.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WillProperties<'a> {
    /// Seconds from the end of the connection to the will; absent means 0.
    pub will_delay_interval: Option<u32>,
    /// Payload Format Indicator: whether the payload is UTF-8.
    pub payload_is_utf8: Option<bool>,
    /// Seconds that the message is worth delivering.
    pub message_expiry_interval: Option<u32>,
    /// What the payload is.
    pub content_type: Option<&'a str>,
    /// Where an answer goes; has no wildcard.
    pub response_topic: Option<&'a str>,
    /// What ties an answer to its request.
    pub correlation_data: Option<&'a [u8]>,
    /// User properties, published with the message.
    pub user_properties: UserProperties<'a>,
}

impl<'a> Will<'a> {
    /// A will of QoS 0, not retained, without properties.
    pub fn new(topic: &'a str, payload: &'a [u8]) -> Self {
        Self { topic, payload, qos: QoS::AtMostOnce, retain: false, properties: WillProperties::default() }
    }

    pub(crate) fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(!self.properties.is_empty(), version, PacketType::Connect)?;
        self.properties.check()?;
        check_text(self.topic)?;
        check_binary(self.payload)
    }
}

impl<'a> WillProperties<'a> {
    pub(crate) fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, PacketType::Connect);
        while let Some(property) = section.next()? {
            match property {
                Property::WillDelayInterval => {
                    properties.will_delay_interval = Some(section.u32()?);
                }
                Property::PayloadFormatIndicator => {
                    properties.payload_is_utf8 = Some(section.bool()?);
                }
                Property::MessageExpiryInterval => {
                    properties.message_expiry_interval = Some(section.u32()?);
                }
                Property::ContentType => properties.content_type = Some(section.text()?),
                Property::ResponseTopic => {
                    properties.response_topic = Some(section.response_topic()?);
                }
                Property::CorrelationData => {
                    properties.correlation_data = Some(section.binary()?);
                }
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        Ok(properties)
    }
}

impl Properties for WillProperties<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), EncodeError> {
        check_texts([self.content_type, self.response_topic])?;
        self.response_topic.map_or(Ok(()), check_response_topic)?;
        check_optional_binary(self.correlation_data)
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_u32(out, Property::WillDelayInterval, self.will_delay_interval);
        put_bool(out, Property::PayloadFormatIndicator, self.payload_is_utf8);
        put_u32(out, Property::MessageExpiryInterval, self.message_expiry_interval);
        put_text(out, Property::ContentType, self.content_type);
        put_text(out, Property::ResponseTopic, self.response_topic);
        put_binary(out, Property::CorrelationData, self.correlation_data);
        self.user_properties.put(out);
    }
}
