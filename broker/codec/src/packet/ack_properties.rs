//! What every acknowledgement of MQTT 5 may carry: a reason for people, and user properties.

use crate::encode::Put;
use crate::properties::{Properties, Property, Section, check_texts, put_text};
use crate::{DecodeError, EncodeError, PacketType, UserProperties};

/// Properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AckProperties<'a> {
    /// For people.
    pub reason_string: Option<&'a str>,
    /// User properties.
    pub user_properties: UserProperties<'a>,
}

impl<'a> AckProperties<'a> {
    pub(crate) fn decode(raw: &'a [u8], packet_type: PacketType) -> Result<Self, DecodeError> {
        let mut properties = Self::default();
        let mut section = Section::new(raw, packet_type);
        while let Some(property) = section.next()? {
            match property {
                Property::ReasonString => properties.reason_string = Some(section.text()?),
                _ => return Err(section.not_allowed()),
            }
        }
        properties.user_properties = section.user_properties();
        Ok(properties)
    }
}

impl Properties for AckProperties<'_> {
    #[inline]
    fn is_empty(&self) -> bool {
        self.reason_string.is_none() && self.user_properties.is_empty()
    }

    fn check(&self) -> Result<(), EncodeError> {
        check_texts([self.reason_string])
    }

    fn put<P: Put>(&self, out: &mut P) {
        put_text(out, Property::ReasonString, self.reason_string);
        self.user_properties.put(out);
    }
}
