//! SUBACK: the answer to SUBSCRIBE (3.9).

use squall_types::ProtocolVersion;

use crate::encode::{Body, Put, check_version, encode_methods};
use crate::packet::{AckProperties, ReasonCodes};
use crate::properties::{Properties, put_section};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketId, PacketType};

/// SUBACK of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAck<'a> {
    /// That of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// One for each filter, in the same order. In 3.1.1 only the three grants and
    /// [`UnspecifiedError`](crate::ReasonCode::UnspecifiedError).
    pub codes: ReasonCodes<'a>,
    /// None in 3.1.1.
    pub properties: AckProperties<'a>,
}

impl<'a> SubAck<'a> {
    /// SUBACK without properties.
    pub fn new(packet_id: PacketId, codes: impl Into<ReasonCodes<'a>>) -> Self {
        Self { packet_id, codes: codes.into(), properties: AckProperties::default() }
    }

    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            packet_id: reader.packet_id()?,
            properties: AckProperties::decode(reader.section(version)?, PacketType::SubAck)?,
            codes: ReasonCodes::decode(version, reader)?,
        })
    }
}

impl Body for SubAck<'_> {
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        check_version(!self.properties.is_empty(), version, PacketType::SubAck)?;
        self.properties.check()?;
        Ok(self.codes.check(PacketType::SubAck, version)?)
    }

    fn first_byte(&self) -> u8 {
        PacketType::SubAck.first_byte()
    }

    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P) {
        out.u16(self.packet_id.get());
        if version == ProtocolVersion::V5 {
            put_section(&self.properties, out);
        }
        self.codes.put(out);
    }
}

encode_methods!(SubAck);
