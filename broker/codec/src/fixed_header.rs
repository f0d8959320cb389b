//! The two to five bytes in front of every packet (3.1.1 2.2, 5.0 2.1).

use squall_types::ProtocolVersion;

use crate::{DecodeError, PacketType, varint};

/// A fixed header that is complete; the packet behind it may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FixedHeader {
    /// The first byte: packet type and flags.
    pub(crate) first: u8,
    /// Length of the fixed header itself.
    pub(crate) header_length: usize,
    /// Length of the whole packet.
    pub(crate) length: usize,
    /// Whether the remaining length is in its shortest form.
    pub(crate) minimal: bool,
}

impl FixedHeader {
    /// Reads the lengths; `None` while they are incomplete. The first byte is the caller's to judge.
    #[inline]
    pub(crate) fn parse(buffer: &[u8], limit: u32) -> Result<Option<Self>, DecodeError> {
        let Some((&first, rest)) = buffer.split_first() else {
            return Ok(None);
        };
        let Some(remaining) = varint::decode(rest)? else {
            return Ok(None);
        };
        let header_length = 1 + remaining.length;
        let length = header_length + remaining.value;
        if length > limit as usize {
            return Err(DecodeError::PacketTooLarge { length: length as u32, limit });
        }
        Ok(Some(Self { first, header_length, length, minimal: remaining.is_minimal() }))
    }

    /// MQTT 5 has the shortest form only (MQTT-1.5.5-1); 3.1.1 says nothing, so padding passes there.
    #[inline]
    pub(crate) fn check_minimal(&self, version: ProtocolVersion) -> Result<(), DecodeError> {
        if self.minimal || version == ProtocolVersion::V311 {
            Ok(())
        } else {
            Err(DecodeError::VariableIntegerNotMinimal)
        }
    }
}

/// The packet type of a first byte; AUTH does not exist in 3.1.1.
#[inline]
pub(crate) fn packet_type(first: u8, version: ProtocolVersion) -> Result<PacketType, DecodeError> {
    match PacketType::from_bits(first >> 4) {
        Some(PacketType::Auth) if version == ProtocolVersion::V311 => {
            Err(DecodeError::ReservedPacketType(15))
        }
        Some(packet_type) => Ok(packet_type),
        None => Err(DecodeError::ReservedPacketType(0)),
    }
}

/// Checks the flags of a first byte, those of PUBLISH included.
#[inline]
pub(crate) fn check_flags(packet_type: PacketType, first: u8) -> Result<(), DecodeError> {
    let flags = first & 0x0f;
    if packet_type == PacketType::Publish {
        return match flags & 0b1110 {
            0b0110 | 0b1110 => Err(DecodeError::PublishQosThree),
            0b1000 => Err(DecodeError::DupWithQosZero),
            _ => Ok(()),
        };
    }
    if flags == packet_type.reserved_flags() {
        Ok(())
    } else {
        Err(DecodeError::ReservedFlags { packet_type, flags })
    }
}
