//! UNSUBSCRIBE: topic filters no longer wanted (3.10).

use core::fmt;

use squall_types::ProtocolVersion;

use crate::encode::{Body, Put, check_text, check_version, encode_methods};
use crate::properties::{Properties, Section, put_section};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketId, PacketType, UserProperties};

/// UNSUBSCRIBE of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// UNSUBACK repeats it.
    pub packet_id: PacketId,
    /// One or more.
    pub filters: UnsubscribeFilters<'a>,
    /// None in 3.1.1. UNSUBSCRIBE has no other property (5.0 3.10.2.1).
    pub user_properties: UserProperties<'a>,
}

/// The topic filters of an UNSUBSCRIBE: a list to be encoded, or the bytes of a packet, already checked.
/// Two are equal if they list the same.
#[derive(Clone, Copy)]
pub struct UnsubscribeFilters<'a>(Filters<'a>);

#[derive(Clone, Copy)]
enum Filters<'a> {
    List(&'a [&'a str]),
    Encoded(Reader<'a>),
}

impl<'a> UnsubscribeFilters<'a> {
    /// The filters, in the order of the packet.
    #[inline]
    pub fn iter(&self) -> UnsubscribeFiltersIter<'a> {
        UnsubscribeFiltersIter(self.0)
    }

    /// Reads all filters to the end of the packet.
    fn decode(reader: Reader<'a>) -> Result<Self, DecodeError> {
        let mut rest = reader;
        if rest.is_empty() {
            return Err(DecodeError::NoTopicFilters(PacketType::Unsubscribe));
        }
        while !rest.is_empty() {
            rest.text()?;
        }
        Ok(Self(Filters::Encoded(reader)))
    }
}

impl<'a> From<&'a [&'a str]> for UnsubscribeFilters<'a> {
    fn from(filters: &'a [&'a str]) -> Self {
        Self(Filters::List(filters))
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for UnsubscribeFilters<'a> {
    fn from(filters: &'a [&'a str; N]) -> Self {
        Self(Filters::List(filters))
    }
}

impl<'a> From<&'a Vec<&'a str>> for UnsubscribeFilters<'a> {
    fn from(filters: &'a Vec<&'a str>) -> Self {
        Self(Filters::List(filters))
    }
}

impl PartialEq for UnsubscribeFilters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for UnsubscribeFilters<'_> {}

impl fmt::Debug for UnsubscribeFilters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for UnsubscribeFilters<'a> {
    type Item = &'a str;
    type IntoIter = UnsubscribeFiltersIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterates over [`UnsubscribeFilters`].
#[derive(Clone)]
pub struct UnsubscribeFiltersIter<'a>(Filters<'a>);

impl<'a> Iterator for UnsubscribeFiltersIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Filters::List(list) => {
                let (first, rest) = list.split_first()?;
                *list = rest;
                Some(first)
            }
            Filters::Encoded(reader) => core::str::from_utf8(reader.binary().ok()?).ok(),
        }
    }
}

impl<'a> Unsubscribe<'a> {
    /// UNSUBSCRIBE without properties.
    pub fn new(packet_id: PacketId, filters: impl Into<UnsubscribeFilters<'a>>) -> Self {
        Self { packet_id, filters: filters.into(), user_properties: UserProperties::NONE }
    }

    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        let mut section = Section::new(reader.section(version)?, PacketType::Unsubscribe);
        if section.next()?.is_some() {
            return Err(section.not_allowed());
        }
        Ok(Self {
            packet_id,
            filters: UnsubscribeFilters::decode(reader)?,
            user_properties: section.user_properties(),
        })
    }
}

impl Body for Unsubscribe<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(!self.user_properties.is_empty(), version, PacketType::Unsubscribe)?;
        if self.filters.iter().next().is_none() {
            return Err(DecodeError::NoTopicFilters(PacketType::Unsubscribe).into());
        }
        self.filters.iter().try_for_each(check_text)
    }

    fn first_byte(&self) -> u8 {
        PacketType::Unsubscribe.first_byte()
    }

    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.u16(self.packet_id.get());
        if version == ProtocolVersion::V5 {
            put_section(&self.user_properties, out);
        }
        match self.filters.0 {
            Filters::List(list) => list.iter().for_each(|filter| out.text(filter)),
            Filters::Encoded(reader) => out.bytes(reader.rest()),
        }
    }
}

encode_methods!(Unsubscribe);

impl Properties for UserProperties<'_> {
    fn is_empty(&self) -> bool {
        UserProperties::is_empty(self)
    }

    fn check(&self) -> Result<(), EncodeError> {
        Ok(())
    }

    fn put<P: Put>(&self, out: &mut P) {
        UserProperties::put(self, out);
    }
}
