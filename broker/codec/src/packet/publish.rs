//! PUBLISH: one application message, in either direction (3.3).

use core::num::NonZeroU16;

use squall_types::{ProtocolVersion, QoS};

use crate::encode::{Body, Put, check_text, check_version, encode_methods};
use crate::properties::{
    Properties, Property, Section, check_optional_binary, check_response_topic, check_texts, put_binary,
    put_bool, put_section, put_text, put_u16, put_u32,
};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketId, PacketType, SubscriptionIdentifiers, UserProperties};

/// PUBLISH of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Whether this may be a repeat; never with QoS 0.
    pub dup: bool,
    /// The delivery promise.
    pub qos: QoS,
    /// Store it (to the broker), or it was stored (from the broker).
    pub retain: bool,
    /// Well formed as a string; whether it is a topic name is the broker's to say. In MQTT 5 it may be empty
    /// next to a topic alias.
    pub topic: &'a str,
    /// There if, and only if, QoS is above 0.
    pub packet_id: Option<PacketId>,
    /// The application message; may be empty.
    pub payload: &'a [u8],
    /// None in 3.1.1.
    pub properties: PublishProperties<'a>,
}

/// Properties of PUBLISH (5.0 3.3.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishProperties<'a> {
    /// Payload Format Indicator: whether the payload is UTF-8. The codec does not look.
    pub payload_is_utf8: Option<bool>,
    /// Seconds that the message is worth delivering.
    pub message_expiry_interval: Option<u32>,
    /// A number in place of the topic, or to stand for it from now on.
    pub topic_alias: Option<NonZeroU16>,
    /// Where an answer goes; has no wildcard.
    pub response_topic: Option<&'a str>,
    /// What ties an answer to its request.
    pub correlation_data: Option<&'a [u8]>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
    /// Which subscriptions it comes from; only a server may send them (MQTT-3.3.4-6), which is the broker's to
    /// check.
    pub subscription_identifiers: SubscriptionIdentifiers<'a>,
    /// What the payload is.
    pub content_type: Option<&'a str>,
}

impl<'a> Publish<'a> {
    /// A message of QoS 0, not retained, without properties.
    #[inline]
    pub fn new(topic: &'a str, payload: &'a [u8]) -> Self {
        Self {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic,
            packet_id: None,
            payload,
            properties: PublishProperties::default(),
        }
    }

    /// Reads what follows a fixed header whose flags are checked.
    #[inline]
    pub(crate) fn decode(
        version: ProtocolVersion,
        first: u8,
        mut reader: Reader<'a>,
    ) -> Result<Self, DecodeError> {
        let qos = QoS::from_bits(first >> 1 & 0b11).ok_or(DecodeError::PublishQosThree)?;
        let topic = reader.text()?;
        let packet_id = match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce | QoS::ExactlyOnce => Some(reader.packet_id()?),
        };
        let section = reader.section(version)?;
        let properties = if section.is_empty() {
            PublishProperties::default()
        } else {
            PublishProperties::decode(section)?
        };
        let publish = Self {
            dup: first & 0b1000 != 0,
            qos,
            retain: first & 1 != 0,
            topic,
            packet_id,
            payload: reader.rest(),
            properties,
        };
        publish.check_topic(version)?;
        Ok(publish)
    }

    #[inline]
    fn check_topic(&self, version: ProtocolVersion) -> Result<(), DecodeError> {
        if self.topic.is_empty() && version == ProtocolVersion::V5 && self.properties.topic_alias.is_none() {
            return Err(DecodeError::MissingTopic);
        }
        Ok(())
    }
}

impl Body for Publish<'_> {
    #[inline]
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        if !self.properties.is_empty() {
            check_version(true, version, PacketType::Publish)?;
            self.properties.check()?;
        }
        if self.packet_id.is_some() != (self.qos != QoS::AtMostOnce) {
            return Err(EncodeError::PacketIdMismatch);
        }
        if self.dup && self.qos == QoS::AtMostOnce {
            return Err(DecodeError::DupWithQosZero.into());
        }
        self.check_topic(version)?;
        check_text(self.topic)
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Publish.bits() << 4
            | u8::from(self.dup) << 3
            | self.qos.bits() << 1
            | u8::from(self.retain)
    }

    #[inline]
    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.text(self.topic);
        if let Some(packet_id) = self.packet_id {
            out.u16(packet_id.get());
        }
        if version == ProtocolVersion::V5 {
            put_section(&self.properties, out);
        }
        out.bytes(self.payload);
    }
}

encode_methods!(Publish);

impl<'a> PublishProperties<'a> {
    /// Reads a property section without its length, such as [`encode`](Self::encode) writes.
    ///
    /// # Errors
    /// What [`decode`](crate::decode) says of a PUBLISH with this section.
    pub fn decode(section: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(section, PacketType::Publish);
        while let Some(property) = section.next()? {
            match property {
                Property::PayloadFormatIndicator => {
                    properties.payload_is_utf8 = Some(section.bool()?);
                }
                Property::MessageExpiryInterval => {
                    properties.message_expiry_interval = Some(section.u32()?);
                }
                Property::TopicAlias => properties.topic_alias = Some(section.nonzero_u16()?),
                Property::ResponseTopic => {
                    properties.response_topic = Some(section.response_topic()?);
                }
                Property::CorrelationData => {
                    properties.correlation_data = Some(section.binary()?);
                }
                Property::SubscriptionIdentifier => section.repeated_subscription_identifier()?,
                Property::ContentType => properties.content_type = Some(section.text()?),
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        properties.subscription_identifiers = section.subscription_identifiers();
        Ok(properties)
    }

    /// Appends the property section without its length: how to keep the properties of a message in one
    /// piece, for [`decode`](Self::decode) to lend out again.
    ///
    /// # Errors
    /// As for the PUBLISH that carries them.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check()?;
        self.put(out);
        Ok(())
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.payload_is_utf8.is_none()
            && self.message_expiry_interval.is_none()
            && self.topic_alias.is_none()
            && self.response_topic.is_none()
            && self.correlation_data.is_none()
            && self.user_properties.is_empty()
            && self.subscription_identifiers.is_empty()
            && self.content_type.is_none()
    }
}

impl Properties for PublishProperties<'_> {
    #[inline]
    fn is_empty(&self) -> bool {
        PublishProperties::is_empty(self)
    }

    fn check(&self) -> Result<(), EncodeError> {
        check_texts([self.response_topic, self.content_type])?;
        self.response_topic.map_or(Ok(()), check_response_topic)?;
        check_optional_binary(self.correlation_data)
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_bool(out, Property::PayloadFormatIndicator, self.payload_is_utf8);
        put_u32(out, Property::MessageExpiryInterval, self.message_expiry_interval);
        put_u16(out, Property::TopicAlias, self.topic_alias.map(NonZeroU16::get));
        put_text(out, Property::ResponseTopic, self.response_topic);
        put_binary(out, Property::CorrelationData, self.correlation_data);
        self.subscription_identifiers.put(out);
        put_text(out, Property::ContentType, self.content_type);
        self.user_properties.put(out);
    }
}
