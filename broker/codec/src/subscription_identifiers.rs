//! Subscription Identifiers of a PUBLISH: which of the receiver's subscriptions it comes from.

use core::fmt;
use core::num::NonZeroU32;

use crate::encode::Put;
use crate::properties::Property;
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketType, varint};

/// The Subscription Identifiers of a PUBLISH, lent like [`UserProperties`](crate::UserProperties).
#[derive(Clone, Copy, Default)]
pub struct SubscriptionIdentifiers<'a> {
    /// Whole properties, valid; empty, or beginning and ending with a Subscription Identifier.
    section: &'a [u8],
}

impl<'a> SubscriptionIdentifiers<'a> {
    /// No identifier.
    pub const NONE: Self = Self { section: &[] };

    #[inline]
    pub(crate) const fn from_section(section: &'a [u8]) -> Self {
        Self { section }
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.section.is_empty()
    }

    /// The identifiers, in the order of the wire.
    pub fn iter(&self) -> impl Iterator<Item = NonZeroU32> + use<'a> {
        let mut reader = Reader::new(self.section, PacketType::Publish);
        core::iter::from_fn(move || {
            while !reader.is_empty() {
                let property = Property::read(&mut reader).ok()?;
                if property == Property::SubscriptionIdentifier {
                    return NonZeroU32::new(reader.varint().ok()? as u32);
                }
                property.skip(&mut reader).ok()?;
            }
            None
        })
    }

    #[inline]
    pub(crate) fn put<P: Put>(&self, out: &mut P) {
        if self.is_empty() {
            return;
        }
        for identifier in self.iter() {
            put_subscription_identifier(out, identifier);
        }
    }
}

/// Writes one Subscription Identifier, of PUBLISH or SUBSCRIBE.
pub(crate) fn put_subscription_identifier<P: Put>(out: &mut P, identifier: NonZeroU32) {
    out.u8(Property::SubscriptionIdentifier.id());
    varint::encode(identifier.get() as usize, out);
}

/// Checks that an identifier fits a variable byte integer.
pub(crate) fn check_subscription_identifier(identifier: NonZeroU32) -> Result<(), EncodeError> {
    if identifier.get() as usize > varint::MAX {
        return Err(DecodeError::InvalidPropertyValue(Property::SubscriptionIdentifier).into());
    }
    Ok(())
}

impl PartialEq for SubscriptionIdentifiers<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section || self.iter().eq(other.iter())
    }
}

impl Eq for SubscriptionIdentifiers<'_> {}

impl fmt::Debug for SubscriptionIdentifiers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Subscription Identifiers that own their bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SubscriptionIdentifiersBuf {
    section: Vec<u8>,
}

impl SubscriptionIdentifiersBuf {
    /// No identifier.
    pub const fn new() -> Self {
        Self { section: Vec::new() }
    }

    /// Appends an identifier.
    ///
    /// # Errors
    /// It exceeds 268435455.
    pub fn push(&mut self, identifier: NonZeroU32) -> Result<(), EncodeError> {
        check_subscription_identifier(identifier)?;
        put_subscription_identifier(&mut self.section, identifier);
        Ok(())
    }

    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.section.clear();
    }

    /// Lends the identifiers to a packet.
    #[inline]
    pub fn as_subscription_identifiers(&self) -> SubscriptionIdentifiers<'_> {
        SubscriptionIdentifiers::from_section(&self.section)
    }
}

impl fmt::Debug for SubscriptionIdentifiersBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_subscription_identifiers().fmt(f)
    }
}
