//! User properties: name and value pairs that any packet of MQTT 5 may carry, in order and with repeats.

use core::fmt;

use crate::encode::{Put, check_text};
use crate::properties::Property;
use crate::reader::Reader;
use crate::{EncodeError, PacketType};

/// User properties, lent from the packet or the [`UserPropertiesBuf`] that holds them.
///
/// On the wire other properties may stand between them, so this is a stretch of a property section, checked
/// once, whose other properties the iterator passes over. Two are equal if their pairs are.
#[derive(Clone, Copy, Default)]
pub struct UserProperties<'a> {
    /// Whole properties, valid; empty, or beginning and ending with a user property.
    section: &'a [u8],
}

impl<'a> UserProperties<'a> {
    /// No user property.
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

    /// The pairs, in the order of the wire.
    #[inline]
    pub const fn iter(&self) -> UserPropertiesIter<'a> {
        UserPropertiesIter {
            // The packet type shows in errors only, and this section has none.
            reader: Reader::new(self.section, PacketType::Publish),
        }
    }

    /// The value of the first pair called `name`.
    pub fn find(&self, name: &str) -> Option<&'a str> {
        self.iter().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// How many bytes names and values take, as limits on user properties count them.
    pub fn text_len(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// A copy of its own.
    pub fn to_buf(&self) -> UserPropertiesBuf {
        let mut section = Vec::with_capacity(self.section.len());
        self.put(&mut section);
        UserPropertiesBuf { section }
    }

    #[inline]
    pub(crate) fn put<P: Put>(&self, out: &mut P) {
        if self.is_empty() {
            return;
        }
        for (name, value) in self.iter().raw() {
            put_pair(name, value, out);
        }
    }
}

fn put_pair<P: Put>(name: &[u8], value: &[u8], out: &mut P) {
    out.u8(Property::UserProperty.id());
    out.binary(name);
    out.binary(value);
}

impl PartialEq for UserProperties<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section || self.iter().raw().eq(other.iter().raw())
    }
}

impl Eq for UserProperties<'_> {}

impl fmt::Debug for UserProperties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for UserProperties<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = UserPropertiesIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterates over the pairs of [`UserProperties`].
#[derive(Clone, Debug)]
pub struct UserPropertiesIter<'a> {
    reader: Reader<'a>,
}

impl<'a> UserPropertiesIter<'a> {
    /// The same pairs without looking at them as text.
    fn raw(mut self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        core::iter::from_fn(move || self.next_raw())
    }

    fn next_raw(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        while !self.reader.is_empty() {
            let property = Property::read(&mut self.reader).ok()?;
            if property == Property::UserProperty {
                return Some((self.reader.binary().ok()?, self.reader.binary().ok()?));
            }
            property.skip(&mut self.reader).ok()?;
        }
        None
    }
}

impl<'a> Iterator for UserPropertiesIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?;
        Some((core::str::from_utf8(name).ok()?, core::str::from_utf8(value).ok()?))
    }
}

/// User properties that own their bytes: to build some, or to keep those of a packet.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserPropertiesBuf {
    section: Vec<u8>,
}

impl UserPropertiesBuf {
    /// No user property.
    pub const fn new() -> Self {
        Self { section: Vec::new() }
    }

    /// The user properties of `pairs`, in order.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn from_pairs<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Self, EncodeError> {
        let mut properties = Self::new();
        for (name, value) in pairs {
            properties.push(name, value)?;
        }
        Ok(properties)
    }

    /// Appends a pair.
    ///
    /// # Errors
    /// Name or value has more than 65535 bytes or a U+0000.
    pub fn push(&mut self, name: &str, value: &str) -> Result<(), EncodeError> {
        check_text(name)?;
        check_text(value)?;
        put_pair(name.as_bytes(), value.as_bytes(), &mut self.section);
        Ok(())
    }

    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.section.clear();
    }

    /// Lends the properties to a packet.
    #[inline]
    pub fn as_user_properties(&self) -> UserProperties<'_> {
        UserProperties::from_section(&self.section)
    }
}

impl fmt::Debug for UserPropertiesBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_user_properties().fmt(f)
    }
}
