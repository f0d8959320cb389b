//! SUBSCRIBE: topic filters and how each is wanted (3.8).

use core::fmt;
use core::num::NonZeroU32;

use squall_types::{ProtocolVersion, QoS};

use crate::encode::{Body, Put, check_text, check_version, encode_methods};
use crate::properties::{Properties, Property, Section, put_section};
use crate::reader::Reader;
use crate::subscription_identifiers::{check_subscription_identifier, put_subscription_identifier};
use crate::{DecodeError, EncodeError, PacketId, PacketType, UserProperties};

/// SUBSCRIBE of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// SUBACK repeats it.
    pub packet_id: PacketId,
    /// One or more.
    pub filters: SubscribeFilters<'a>,
    /// None in 3.1.1.
    pub properties: SubscribeProperties<'a>,
}

/// Properties of SUBSCRIBE (5.0 3.8.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribeProperties<'a> {
    /// At most 268435455; comes back in each PUBLISH of these subscriptions.
    pub subscription_identifier: Option<NonZeroU32>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
}

/// How a subscription is wanted (5.0 3.8.3.1); 3.1.1 knows the QoS only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SubscriptionOptions {
    /// The highest QoS to deliver with.
    pub qos: QoS,
    /// Leave out what this client publishes itself; never on a shared subscription.
    pub no_local: bool,
    /// Keep the RETAIN flag as published.
    pub retain_as_published: bool,
    /// Whether retained messages come at once.
    pub retain_handling: RetainHandling,
}

/// When subscribing brings the retained messages (5.0 3.8.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RetainHandling {
    /// At each SUBSCRIBE.
    #[default]
    SendAtSubscribe = 0,
    /// If the subscription did not exist.
    SendIfNew = 1,
    /// Never.
    DoNotSend = 2,
}

impl SubscriptionOptions {
    /// The byte on the wire.
    pub const fn to_u8(self) -> u8 {
        self.qos.bits()
            | (self.no_local as u8) << 2
            | (self.retain_as_published as u8) << 3
            | (self.retain_handling as u8) << 4
    }

    fn decode(version: ProtocolVersion, byte: u8) -> Result<Self, DecodeError> {
        let reserved = match version {
            ProtocolVersion::V311 => 0b1111_1100,
            ProtocolVersion::V5 => 0b1100_0000,
        };
        if byte & reserved != 0 {
            return Err(DecodeError::ReservedSubscriptionOptions);
        }
        Ok(Self {
            qos: QoS::from_bits(byte & 0b11).ok_or(DecodeError::SubscriptionQosThree)?,
            no_local: byte & 1 << 2 != 0,
            retain_as_published: byte & 1 << 3 != 0,
            retain_handling: match byte >> 4 & 0b11 {
                0 => RetainHandling::SendAtSubscribe,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DoNotSend,
                _ => return Err(DecodeError::RetainHandlingThree),
            },
        })
    }

    fn check(self, filter: &str) -> Result<(), DecodeError> {
        if self.no_local && filter.starts_with("$share/") {
            return Err(DecodeError::NoLocalOnSharedSubscription);
        }
        Ok(())
    }
}

impl From<QoS> for SubscriptionOptions {
    fn from(qos: QoS) -> Self {
        Self { qos, ..Self::default() }
    }
}

/// The topic filters of a SUBSCRIBE: a list to be encoded, or the bytes of a packet, already checked.
///
/// Well formed as strings; whether each is a topic filter is the broker's to say. Two are equal if they list
/// the same.
#[derive(Clone, Copy)]
pub struct SubscribeFilters<'a>(Filters<'a>);

#[derive(Clone, Copy)]
enum Filters<'a> {
    List(&'a [(&'a str, SubscriptionOptions)]),
    Encoded(Reader<'a>),
}

impl<'a> SubscribeFilters<'a> {
    /// The filters with their options, in the order of the packet.
    #[inline]
    pub fn iter(&self) -> SubscribeFiltersIter<'a> {
        SubscribeFiltersIter(self.0)
    }

    /// Reads all filters to the end of the packet.
    fn decode(version: ProtocolVersion, reader: Reader<'a>) -> Result<Self, DecodeError> {
        let mut rest = reader;
        if rest.is_empty() {
            return Err(DecodeError::NoTopicFilters(PacketType::Subscribe));
        }
        while !rest.is_empty() {
            let filter = rest.text()?;
            SubscriptionOptions::decode(version, rest.u8()?)?.check(filter)?;
        }
        Ok(Self(Filters::Encoded(reader)))
    }

    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        if self.iter().next().is_none() {
            return Err(DecodeError::NoTopicFilters(PacketType::Subscribe).into());
        }
        for (filter, options) in *self {
            check_version(options != options.qos.into(), version, PacketType::Subscribe)?;
            check_text(filter)?;
            options.check(filter)?;
        }
        Ok(())
    }
}

impl<'a> From<&'a [(&'a str, SubscriptionOptions)]> for SubscribeFilters<'a> {
    fn from(filters: &'a [(&'a str, SubscriptionOptions)]) -> Self {
        Self(Filters::List(filters))
    }
}

impl<'a, const N: usize> From<&'a [(&'a str, SubscriptionOptions); N]> for SubscribeFilters<'a> {
    fn from(filters: &'a [(&'a str, SubscriptionOptions); N]) -> Self {
        Self(Filters::List(filters))
    }
}

impl<'a> From<&'a Vec<(&'a str, SubscriptionOptions)>> for SubscribeFilters<'a> {
    fn from(filters: &'a Vec<(&'a str, SubscriptionOptions)>) -> Self {
        Self(Filters::List(filters))
    }
}

impl PartialEq for SubscribeFilters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for SubscribeFilters<'_> {}

impl fmt::Debug for SubscribeFilters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for SubscribeFilters<'a> {
    type Item = (&'a str, SubscriptionOptions);
    type IntoIter = SubscribeFiltersIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterates over [`SubscribeFilters`].
#[derive(Clone)]
pub struct SubscribeFiltersIter<'a>(Filters<'a>);

impl<'a> Iterator for SubscribeFiltersIter<'a> {
    type Item = (&'a str, SubscriptionOptions);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Filters::List(list) => {
                let (first, rest) = list.split_first()?;
                *list = rest;
                Some(*first)
            }
            Filters::Encoded(reader) => {
                let filter = core::str::from_utf8(reader.binary().ok()?).ok()?;
                // What 3.1.1 allows, 5 reads alike.
                let options = SubscriptionOptions::decode(ProtocolVersion::V5, reader.u8().ok()?);
                Some((filter, options.ok()?))
            }
        }
    }
}

impl<'a> Subscribe<'a> {
    /// SUBSCRIBE without properties.
    pub fn new(packet_id: PacketId, filters: impl Into<SubscribeFilters<'a>>) -> Self {
        Self { packet_id, filters: filters.into(), properties: SubscribeProperties::default() }
    }

    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            packet_id: reader.packet_id()?,
            properties: SubscribeProperties::decode(reader.section(version)?)?,
            filters: SubscribeFilters::decode(version, reader)?,
        })
    }
}

impl Body for Subscribe<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(!self.properties.is_empty(), version, PacketType::Subscribe)?;
        self.properties.check()?;
        self.filters.check(version)
    }

    fn first_byte(&self) -> u8 {
        PacketType::Subscribe.first_byte()
    }

    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.u16(self.packet_id.get());
        if version == ProtocolVersion::V5 {
            put_section(&self.properties, out);
        }
        match self.filters.0 {
            Filters::List(list) => {
                for (filter, options) in list {
                    out.text(filter);
                    out.u8(options.to_u8());
                }
            }
            Filters::Encoded(reader) => out.bytes(reader.rest()),
        }
    }
}

encode_methods!(Subscribe);

impl<'a> SubscribeProperties<'a> {
    fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, PacketType::Subscribe);
        while let Some(property) = section.next()? {
            match property {
                Property::SubscriptionIdentifier => {
                    properties.subscription_identifier = Some(section.subscription_identifier()?);
                }
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        Ok(properties)
    }
}

impl Properties for SubscribeProperties<'_> {
    fn is_empty(&self) -> bool {
        self.subscription_identifier.is_none() && self.user_properties.is_empty()
    }

    fn check(&self) -> Result<(), EncodeError> {
        self.subscription_identifier.map_or(Ok(()), check_subscription_identifier)
    }

    fn put<P: Put>(&self, out: &mut P) {
        if let Some(identifier) = self.subscription_identifier {
            put_subscription_identifier(out, identifier);
        }
        self.user_properties.put(out);
    }
}
