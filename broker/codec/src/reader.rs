//! A cursor over the bytes of one complete packet.

use squall_types::ProtocolVersion;

use crate::{DecodeError, PacketId, PacketType, text, varint};

/// What is left of a packet; running out is [`DecodeError::Truncated`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    packet_type: PacketType,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], packet_type: PacketType) -> Self {
        Self { rest: bytes, packet_type }
    }

    pub(crate) const fn packet_type(&self) -> PacketType {
        self.packet_type
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.rest.len()
    }

    /// All that is left.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(DecodeError::Truncated(self.packet_type));
        };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(DecodeError::Truncated(self.packet_type));
        };
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Binary data: a length of two bytes, then as many.
    #[inline]
    pub(crate) fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        text::decode(self.binary()?)
    }

    /// A variable byte integer of MQTT 5, in its shortest form.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<usize, DecodeError> {
        let Some(integer) = varint::decode(self.rest)? else {
            return Err(DecodeError::Truncated(self.packet_type));
        };
        if !integer.is_minimal() {
            return Err(DecodeError::VariableIntegerNotMinimal);
        }
        self.rest = &self.rest[integer.length..];
        Ok(integer.value)
    }

    #[inline]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId, DecodeError> {
        let id = self.u16()?;
        PacketId::new(id).ok_or(DecodeError::PacketIdZero(self.packet_type))
    }

    /// The bytes of a property section; none in 3.1.1, which has no such section.
    #[inline]
    pub(crate) fn section(&mut self, version: ProtocolVersion) -> Result<&'a [u8], DecodeError> {
        match version {
            ProtocolVersion::V311 => Ok(&[]),
            ProtocolVersion::V5 => {
                let length = self.varint()?;
                self.take(length)
            }
        }
    }

    #[inline]
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::TrailingBytes(self.packet_type)) }
    }
}
