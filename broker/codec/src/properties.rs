//! Properties of MQTT 5 (5.0 2.2.2): their identifiers, and how a section of them is read and written.
//!
//! What a packet may carry is a struct beside the packet, one field a property. Here is what they share:
//! [`Section`] reads one property after the other and knows the rules that hold in every packet, the `put_*`
//! functions write one.

use core::fmt;
use core::num::{NonZeroU16, NonZeroU32};

use crate::encode::{Length, Put, check_binary, check_text};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketType, SubscriptionIdentifiers, UserProperties, varint};

/// How the value of a property is written (5.0 table 2-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Byte,
    TwoBytes,
    FourBytes,
    VariableInteger,
    /// Text or binary data.
    Field,
    Pair,
}

macro_rules! properties {
    ($($variant:ident = $id:literal, $shape:ident, $section:literal, $name:literal;)*) => {
        /// A property that MQTT 5 defines.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Property {
            $(#[doc = concat!("`", stringify!($id), "` ", $name, ".")] $variant = $id,)*
        }

        impl Property {
            /// The property of an identifier.
            #[inline]
            pub const fn from_id(id: u8) -> Option<Self> {
                match id {
                    $($id => Some(Self::$variant),)*
                    _ => None,
                }
            }

            const fn shape(self) -> Shape {
                match self {
                    $(Self::$variant => Shape::$shape,)*
                }
            }

            /// The section of the standard that describes it first.
            pub(crate) const fn section(self) -> &'static str {
                match self {
                    $(Self::$variant => $section,)*
                }
            }

            /// The standard's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

properties! {
    PayloadFormatIndicator = 0x01, Byte, "3.3.2.3.2", "Payload Format Indicator";
    MessageExpiryInterval = 0x02, FourBytes, "3.3.2.3.3", "Message Expiry Interval";
    ContentType = 0x03, Field, "3.3.2.3.9", "Content Type";
    ResponseTopic = 0x08, Field, "3.3.2.3.5", "Response Topic";
    CorrelationData = 0x09, Field, "3.3.2.3.6", "Correlation Data";
    SubscriptionIdentifier = 0x0b, VariableInteger, "3.8.2.1.2", "Subscription Identifier";
    SessionExpiryInterval = 0x11, FourBytes, "3.1.2.11.2", "Session Expiry Interval";
    AssignedClientIdentifier = 0x12, Field, "3.2.2.3.7", "Assigned Client Identifier";
    ServerKeepAlive = 0x13, TwoBytes, "3.2.2.3.14", "Server Keep Alive";
    AuthenticationMethod = 0x15, Field, "3.1.2.11.9", "Authentication Method";
    AuthenticationData = 0x16, Field, "3.1.2.11.10", "Authentication Data";
    RequestProblemInformation = 0x17, Byte, "3.1.2.11.7", "Request Problem Information";
    WillDelayInterval = 0x18, FourBytes, "3.1.3.2.2", "Will Delay Interval";
    RequestResponseInformation = 0x19, Byte, "3.1.2.11.6", "Request Response Information";
    ResponseInformation = 0x1a, Field, "3.2.2.3.15", "Response Information";
    ServerReference = 0x1c, Field, "3.2.2.3.16", "Server Reference";
    ReasonString = 0x1f, Field, "3.2.2.3.9", "Reason String";
    ReceiveMaximum = 0x21, TwoBytes, "3.1.2.11.3", "Receive Maximum";
    TopicAliasMaximum = 0x22, TwoBytes, "3.1.2.11.5", "Topic Alias Maximum";
    TopicAlias = 0x23, TwoBytes, "3.3.2.3.4", "Topic Alias";
    MaximumQos = 0x24, Byte, "3.2.2.3.4", "Maximum QoS";
    RetainAvailable = 0x25, Byte, "3.2.2.3.5", "Retain Available";
    UserProperty = 0x26, Pair, "3.1.2.11.8", "User Property";
    MaximumPacketSize = 0x27, FourBytes, "3.1.2.11.4", "Maximum Packet Size";
    WildcardSubscriptionAvailable = 0x28, Byte, "3.2.2.3.11", "Wildcard Subscription Available";
    SubscriptionIdentifierAvailable = 0x29, Byte, "3.2.2.3.12", "Subscription Identifiers Available";
    SharedSubscriptionAvailable = 0x2a, Byte, "3.2.2.3.13", "Shared Subscription Available";
}

impl Property {
    /// The identifier on the wire.
    #[inline]
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// Moves `reader` past a value of this property.
    pub(crate) fn skip(self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        match self.shape() {
            Shape::Byte => reader.take(1).map(drop),
            Shape::TwoBytes => reader.take(2).map(drop),
            Shape::FourBytes => reader.take(4).map(drop),
            Shape::VariableInteger => reader.varint().map(drop),
            Shape::Field => reader.binary().map(drop),
            Shape::Pair => reader.binary().and_then(|_| reader.binary()).map(drop),
        }
    }

    /// Reads an identifier.
    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = reader.varint()?;
        u8::try_from(id).ok().and_then(Self::from_id).ok_or(DecodeError::UnknownProperty(id as u32))
    }
}

/// Prints the standard's name: `Receive Maximum`.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Authentication data means nothing without its method (5.0 3.1.2.11.10, MQTT-4.12.0-5).
pub(crate) fn check_method(
    method: Option<&str>,
    data: Option<&[u8]>,
    packet_type: PacketType,
) -> Result<(), DecodeError> {
    if data.is_some() && method.is_none() {
        return Err(DecodeError::MissingAuthenticationMethod(packet_type));
    }
    Ok(())
}

/// Reads the properties of one packet, one at a time.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    raw: &'a [u8],
    reader: Reader<'a>,
    /// The property whose value comes next.
    current: Property,
    /// One bit for each identifier met.
    seen: u64,
    user: Span,
    subscription_identifiers: Span,
}

/// From the first to behind the last of the properties that may repeat.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn extend(&mut self, start: usize, end: usize) {
        if self.end == 0 {
            self.start = start;
        }
        self.end = end;
    }
}

impl<'a> Section<'a> {
    #[inline]
    pub(crate) const fn new(raw: &'a [u8], packet_type: PacketType) -> Self {
        Self {
            raw,
            reader: Reader::new(raw, packet_type),
            current: Property::UserProperty,
            seen: 0,
            user: Span { start: 0, end: 0 },
            subscription_identifiers: Span { start: 0, end: 0 },
        }
    }

    /// The next property whose value the caller reads. User properties, which every packet may carry,
    /// are read here.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Property>, DecodeError> {
        while !self.reader.is_empty() {
            let start = self.position();
            let property = Property::read(&mut self.reader)?;
            if property != Property::UserProperty {
                self.current = property;
                return Ok(Some(property));
            }
            self.reader.text()?;
            self.reader.text()?;
            self.user.extend(start, self.position());
        }
        Ok(None)
    }

    /// The error for a property that the packet does not carry.
    pub(crate) const fn not_allowed(&self) -> DecodeError {
        DecodeError::PropertyNotAllowed { property: self.current, packet_type: self.reader.packet_type() }
    }

    const fn position(&self) -> usize {
        self.raw.len() - self.reader.len()
    }

    /// The error for a value out of range.
    const fn invalid(&self) -> DecodeError {
        DecodeError::InvalidPropertyValue(self.current)
    }

    #[inline]
    fn single_use(&mut self) -> Result<(), DecodeError> {
        let bit = 1 << self.current.id();
        if self.seen & bit != 0 {
            return Err(DecodeError::DuplicateProperty(self.current));
        }
        self.seen |= bit;
        Ok(())
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.single_use()?;
        self.reader.u16()
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.single_use()?;
        self.reader.u32()
    }

    pub(crate) fn nonzero_u16(&mut self) -> Result<NonZeroU16, DecodeError> {
        NonZeroU16::new(self.u16()?).ok_or(self.invalid())
    }

    pub(crate) fn nonzero_u32(&mut self) -> Result<NonZeroU32, DecodeError> {
        NonZeroU32::new(self.u32()?).ok_or(self.invalid())
    }

    /// A byte that is 0 or 1.
    pub(crate) fn bool(&mut self) -> Result<bool, DecodeError> {
        self.single_use()?;
        match self.reader.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.invalid()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        self.single_use()?;
        self.reader.text()
    }

    pub(crate) fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        self.single_use()?;
        self.reader.binary()
    }

    /// A topic name without wildcards.
    pub(crate) fn response_topic(&mut self) -> Result<&'a str, DecodeError> {
        let topic = self.text()?;
        check_response_topic(topic)?;
        Ok(topic)
    }

    /// The one Subscription Identifier of a SUBSCRIBE.
    pub(crate) fn subscription_identifier(&mut self) -> Result<NonZeroU32, DecodeError> {
        self.single_use()?;
        NonZeroU32::new(self.reader.varint()? as u32).ok_or(self.invalid())
    }

    /// One of the Subscription Identifiers of a PUBLISH.
    pub(crate) fn repeated_subscription_identifier(&mut self) -> Result<(), DecodeError> {
        let start = self.position() - 1;
        if self.reader.varint()? == 0 {
            return Err(self.invalid());
        }
        self.subscription_identifiers.extend(start, self.position());
        Ok(())
    }

    #[inline]
    pub(crate) fn user_properties(&self) -> UserProperties<'a> {
        UserProperties::from_section(&self.raw[self.user.start..self.user.end])
    }

    #[inline]
    pub(crate) fn subscription_identifiers(&self) -> SubscriptionIdentifiers<'a> {
        let Span { start, end } = self.subscription_identifiers;
        SubscriptionIdentifiers::from_section(&self.raw[start..end])
    }
}

/// MQTT-3.3.2-14.
pub(crate) fn check_response_topic(topic: &str) -> Result<(), DecodeError> {
    if topic.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
        return Err(DecodeError::ResponseTopicWildcard);
    }
    Ok(())
}

/// Properties of one packet on their way out.
pub(crate) trait Properties {
    fn is_empty(&self) -> bool;
    fn check(&self) -> Result<(), EncodeError>;
    /// Writes the section without its length.
    fn put<P: Put>(&self, out: &mut P);
}

/// Writes the length of a section, then the section.
#[inline]
pub(crate) fn put_section<P: Put>(properties: &impl Properties, out: &mut P) {
    if properties.is_empty() {
        return out.u8(0);
    }
    let mut length = Length::default();
    properties.put(&mut length);
    varint::encode(length.0, out);
    properties.put(out);
}

#[inline]
pub(crate) fn put_bool<P: Put>(out: &mut P, property: Property, value: Option<bool>) {
    if let Some(value) = value {
        out.bytes(&[property.id(), u8::from(value)]);
    }
}

#[inline]
pub(crate) fn put_u16<P: Put>(out: &mut P, property: Property, value: Option<u16>) {
    if let Some(value) = value {
        out.u8(property.id());
        out.u16(value);
    }
}

#[inline]
pub(crate) fn put_u32<P: Put>(out: &mut P, property: Property, value: Option<u32>) {
    if let Some(value) = value {
        out.u8(property.id());
        out.u32(value);
    }
}

#[inline]
pub(crate) fn put_binary<P: Put>(out: &mut P, property: Property, value: Option<&[u8]>) {
    if let Some(value) = value {
        out.u8(property.id());
        out.binary(value);
    }
}

#[inline]
pub(crate) fn put_text<P: Put>(out: &mut P, property: Property, value: Option<&str>) {
    put_binary(out, property, value.map(str::as_bytes));
}

/// Checks each text that is there.
pub(crate) fn check_texts<const N: usize>(texts: [Option<&str>; N]) -> Result<(), EncodeError> {
    texts.into_iter().flatten().try_for_each(check_text)
}

/// Checks binary data that may be absent.
pub(crate) fn check_optional_binary(bytes: Option<&[u8]>) -> Result<(), EncodeError> {
    bytes.map_or(Ok(()), check_binary)
}
