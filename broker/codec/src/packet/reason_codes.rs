//! The codes of a SUBACK or UNSUBACK, one for each filter.

use core::fmt;

use squall_types::ProtocolVersion;

use crate::encode::Put;
use crate::reader::Reader;
use crate::{DecodeError, PacketType, ReasonCode};

/// Reason codes in the order of the filters they answer: a list to be encoded, or the bytes of a packet,
/// already checked. Two are equal if they list the same.
#[derive(Clone, Copy)]
pub struct ReasonCodes<'a>(Codes<'a>);

#[derive(Clone, Copy)]
enum Codes<'a> {
    List(&'a [ReasonCode]),
    Encoded(&'a [u8]),
}

impl<'a> ReasonCodes<'a> {
    /// No code: what a 3.1.1 UNSUBACK has.
    pub const NONE: Self = Self(Codes::List(&[]));

    /// The codes, in the order of the filters.
    pub fn iter(&self) -> impl Iterator<Item = ReasonCode> + use<'a> {
        let (list, encoded) = match self.0 {
            Codes::List(list) => (list, &[][..]),
            Codes::Encoded(bytes) => (&[][..], bytes),
        };
        list.iter().copied().chain(encoded.iter().filter_map(|&code| ReasonCode::from_u8(code)))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        match self.0 {
            Codes::List(list) => list.len(),
            Codes::Encoded(bytes) => bytes.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads all codes to the end of the packet.
    pub(crate) fn decode(version: ProtocolVersion, reader: Reader<'a>) -> Result<Self, DecodeError> {
        let codes = Self(Codes::Encoded(reader.rest()));
        let packet_type = reader.packet_type();
        if codes.is_empty() {
            return Err(DecodeError::NoReasonCodes(packet_type));
        }
        for &code in reader.rest() {
            ReasonCode::from_u8(code)
                .filter(|code| code.is_valid_in(packet_type, version))
                .ok_or(DecodeError::ReasonCodeNotAllowed { packet_type, code })?;
        }
        Ok(codes)
    }

    pub(crate) fn check(&self, packet_type: PacketType, version: ProtocolVersion) -> Result<(), DecodeError> {
        if self.is_empty() {
            return Err(DecodeError::NoReasonCodes(packet_type));
        }
        for code in self.iter() {
            if !code.is_valid_in(packet_type, version) {
                let code = code.to_u8();
                return Err(DecodeError::ReasonCodeNotAllowed { packet_type, code });
            }
        }
        Ok(())
    }

    pub(crate) fn put<P: Put>(&self, out: &mut P) {
        match self.0 {
            Codes::List(list) => list.iter().for_each(|code| out.u8(code.to_u8())),
            Codes::Encoded(bytes) => out.bytes(bytes),
        }
    }
}

impl ReasonCode {
    /// Reads the one reason code of a packet of MQTT 5.
    #[inline]
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let packet_type = reader.packet_type();
        let code = reader.u8()?;
        Self::from_u8(code)
            .filter(|code| code.is_valid_for(packet_type))
            .ok_or(DecodeError::ReasonCodeNotAllowed { packet_type, code })
    }

    /// Checks that the packet may carry this code.
    #[inline]
    pub(crate) fn check(self, packet_type: PacketType) -> Result<(), DecodeError> {
        if self.is_valid_for(packet_type) {
            return Ok(());
        }
        Err(DecodeError::ReasonCodeNotAllowed { packet_type, code: self.to_u8() })
    }

    /// Whether the list of codes of `packet_type` may hold it; 3.1.1 has 0 to 2 and 0x80 in SUBACK.
    fn is_valid_in(self, packet_type: PacketType, version: ProtocolVersion) -> bool {
        match version {
            ProtocolVersion::V311 => matches!(self.to_u8(), 0..=2 | 0x80),
            ProtocolVersion::V5 => self.is_valid_for(packet_type),
        }
    }
}

impl<'a> From<&'a [ReasonCode]> for ReasonCodes<'a> {
    fn from(codes: &'a [ReasonCode]) -> Self {
        Self(Codes::List(codes))
    }
}

impl<'a, const N: usize> From<&'a [ReasonCode; N]> for ReasonCodes<'a> {
    fn from(codes: &'a [ReasonCode; N]) -> Self {
        Self(Codes::List(codes))
    }
}

impl<'a> From<&'a Vec<ReasonCode>> for ReasonCodes<'a> {
    fn from(codes: &'a Vec<ReasonCode>) -> Self {
        Self(Codes::List(codes))
    }
}

impl PartialEq for ReasonCodes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ReasonCodes<'_> {}

impl fmt::Debug for ReasonCodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
