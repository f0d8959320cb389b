//! PUBACK, PUBREC, PUBREL and PUBCOMP: one shape, four packets (3.4 to 3.7).

use squall_types::ProtocolVersion;

use crate::encode::{Body, Put, check_version};
use crate::packet::AckProperties;
use crate::properties::{Properties, put_section};
use crate::reader::Reader;
use crate::{DecodeError, EncodeError, PacketId, PacketType, ReasonCode};

/// One of the four steps that acknowledge a PUBLISH; [`AckType`] says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack<'a> {
    /// That of the PUBLISH.
    pub packet_id: PacketId,
    /// [`ReasonCode::Success`] in 3.1.1, which has none.
    pub reason_code: ReasonCode,
    /// None in 3.1.1.
    pub properties: AckProperties<'a>,
}

/// Which acknowledgement an [`Ack`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckType {
    /// The answer to QoS 1.
    PubAck,
    /// The first answer to QoS 2.
    PubRec,
    /// The sender's release of QoS 2.
    PubRel,
    /// The last answer to QoS 2.
    PubComp,
}

impl AckType {
    /// The packet type.
    #[inline]
    pub const fn packet_type(self) -> PacketType {
        match self {
            Self::PubAck => PacketType::PubAck,
            Self::PubRec => PacketType::PubRec,
            Self::PubRel => PacketType::PubRel,
            Self::PubComp => PacketType::PubComp,
        }
    }
}

impl<'a> Ack<'a> {
    /// Success without properties.
    #[inline]
    pub fn new(packet_id: PacketId) -> Self {
        Self::with_reason(packet_id, ReasonCode::Success)
    }

    /// A reason code without properties.
    #[inline]
    pub fn with_reason(packet_id: PacketId, reason_code: ReasonCode) -> Self {
        Self { packet_id, reason_code, properties: AckProperties::default() }
    }

    /// How many bytes [`encode`](Self::encode) writes, the fixed header included.
    #[inline]
    pub fn encoded_len(&self, ack_type: AckType, version: ProtocolVersion) -> usize {
        crate::encode::encoded_len(&TypedAck(ack_type, self), version)
    }

    /// Appends the packet to `out`, in the shortest of its forms.
    ///
    /// # Errors
    /// It has what `version` lacks, does not fit its lengths, or breaks a rule that a receiver would refuse it
    /// for. `out` is then as it was.
    #[inline]
    pub fn encode(
        &self,
        ack_type: AckType,
        version: ProtocolVersion,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        crate::encode::encode(&TypedAck(ack_type, self), version, out)
    }

    /// Reads the three forms of 5.0 3.4.2: packet id, with reason code, with properties.
    pub(crate) fn decode(version: ProtocolVersion, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let mut ack = Self::new(reader.packet_id()?);
        if version == ProtocolVersion::V5 && !reader.is_empty() {
            ack.reason_code = ReasonCode::decode(&mut reader)?;
            if !reader.is_empty() {
                let section = reader.section(version)?;
                ack.properties = AckProperties::decode(section, reader.packet_type())?;
            }
        }
        reader.finish()?;
        Ok(ack)
    }
}

/// An acknowledgement that knows its packet type.
struct TypedAck<'p, 'a>(AckType, &'p Ack<'a>);

impl Body for TypedAck<'_, '_> {
    #[inline]
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError> {
        let Self(ack_type, ack) = self;
        if ack.properties.is_empty() && ack.reason_code == ReasonCode::Success {
            return Ok(());
        }
        let packet_type = ack_type.packet_type();
        check_version(true, version, packet_type)?;
        ack.reason_code.check(packet_type)?;
        ack.properties.check()
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        self.0.packet_type().first_byte()
    }

    #[inline]
    fn put<P: Put>(&self, _: ProtocolVersion, out: &mut P) {
        let ack = self.1;
        out.u16(ack.packet_id.get());
        if !ack.properties.is_empty() {
            out.u8(ack.reason_code.to_u8());
            put_section(&ack.properties, out);
        } else if ack.reason_code != ReasonCode::Success {
            out.u8(ack.reason_code.to_u8());
        }
    }
}
