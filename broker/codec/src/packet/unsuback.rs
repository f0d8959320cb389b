//! UNSUBACK: the answer to UNSUBSCRIBE (3.11).

use squall_types::ProtocolVersion;

use crate::encode::{Body, Put, check_version, encode_methods};
use crate::packet::{AckProperties, ReasonCodes};
use crate::properties::{Properties, put_section};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketId, PacketType};

/// UNSUBACK of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsubAck<'a> {
    /// That of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// One for each filter, in the same order; [`ReasonCodes::NONE`] in 3.1.1.
    pub codes: ReasonCodes<'a>,
    /// None in 3.1.1.
    pub properties: AckProperties<'a>,
}

impl<'a> UnsubAck<'a> {
    /// UNSUBACK without properties.
    pub fn new(packet_id: PacketId, codes: impl Into<ReasonCodes<'a>>) -> Self {
        Self { packet_id, codes: codes.into(), properties: AckProperties::default() }
    }

    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let packet_id = reader.packet_id()?;
        let properties = AckProperties::decode(reader.section(version)?, PacketType::UnsubAck)?;
        let codes = match version {
            ProtocolVersion::V311 => {
                reader.finish()?;
                ReasonCodes::NONE
            }
            ProtocolVersion::V5 => ReasonCodes::decode(version, reader)?,
        };
        Ok(Self { packet_id, codes, properties })
    }
}

impl Body for UnsubAck<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        let present = !self.codes.is_empty() || !self.properties.is_empty();
        check_version(present, version, PacketType::UnsubAck)?;
        self.properties.check()?;
        match version {
            ProtocolVersion::V311 => Ok(()),
            ProtocolVersion::V5 => Ok(self.codes.check(PacketType::UnsubAck, version)?),
        }
    }

    fn first_byte(&self) -> u8 {
        PacketType::UnsubAck.first_byte()
    }

    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.u16(self.packet_id.get());
        if version == ProtocolVersion::V5 {
            put_section(&self.properties, out);
        }
        self.codes.put(out);
    }
}

encode_methods!(UnsubAck);
