//! From packets to bytes: every packet says once, in [`Body::put`], what it writes; the same words count its
//! length and fill the buffer.

use squall_types::ProtocolVersion;

use crate::{DecodeError, EncodeError, PacketType, text, varint};

/// Where bytes go: into a buffer, or into a count.
pub(crate) trait Put {
    fn bytes(&mut self, bytes: &[u8]);

    #[inline]
    fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    #[inline]
    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    #[inline]
    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// A length of two bytes, then `bytes`, which [`check_binary`] has seen.
    #[inline]
    fn binary(&mut self, bytes: &[u8]) {
        self.u16(bytes.len() as u16);
        self.bytes(bytes);
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.binary(text.as_bytes());
    }
}

impl Put for Vec<u8> {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts what would be written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Length(pub(crate) usize);

impl Put for Length {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

/// A packet without its fixed header.
pub(crate) trait Body {
    /// Refuses what no receiver would take.
    fn check(&self, version: ProtocolVersion) -> Result<(), EncodeError>;
    fn first_byte(&self) -> u8;
    fn put<P: Put>(&self, version: ProtocolVersion, out: &mut P);
}

/// The length of a whole packet.
#[inline]
pub(crate) fn encoded_len(body: &impl Body, version: ProtocolVersion) -> usize {
    let mut length = Length::default();
    body.put(version, &mut length);
    1 + varint::encoded_len(length.0) + length.0
}

/// Appends a whole packet; `out` is as it was if the packet is refused.
#[inline]
pub(crate) fn encode(
    body: &impl Body,
    version: ProtocolVersion,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    body.check(version)?;
    let mut length = Length::default();
    body.put(version, &mut length);
    let length = length.0;
    if length > varint::MAX {
        return Err(EncodeError::PacketTooLong { length });
    }
    out.reserve(5 + length);
    if length < 0x80 {
        out.bytes(&[body.first_byte(), length as u8]);
    } else {
        out.u8(body.first_byte());
        varint::encode(length, out);
    }
    body.put(version, out);
    Ok(())
}

/// The two methods that every packet has.
macro_rules! encode_methods {
    ($packet:ident) => {
        impl $packet<'_> {
            /// How many bytes [`encode`](Self::encode) writes, the fixed header included.
            #[inline]
            pub fn encoded_len(&self, version: squall_types::ProtocolVersion) -> usize {
                $crate::encode::encoded_len(self, version)
            }

            /// Appends the packet to `out`.
            ///
            /// # Errors
            /// The packet has what `version` lacks, does not fit its lengths, or breaks a rule that a receiver
            /// would refuse it for. `out` is then as it was.
            #[inline]
            pub fn encode(
                &self,
                version: squall_types::ProtocolVersion,
                out: &mut Vec<u8>,
            ) -> Result<(), $crate::EncodeError> {
                $crate::encode::encode(self, version, out)
            }
        }
    };
}
pub(crate) use encode_methods;

/// Fails unless `part` of a packet, which 3.1.1 lacks, is absent or the version has it.
#[inline]
pub(crate) fn check_version(
    present: bool,
    version: ProtocolVersion,
    packet_type: PacketType,
) -> Result<(), EncodeError> {
    if present && version == ProtocolVersion::V311 {
        return Err(EncodeError::NotInVersion { packet_type, version });
    }
    Ok(())
}

/// Checks that binary data fits its length.
#[inline]
pub(crate) fn check_binary(bytes: &[u8]) -> Result<(), EncodeError> {
    if bytes.len() > usize::from(u16::MAX) {
        return Err(EncodeError::FieldTooLong { length: bytes.len() });
    }
    Ok(())
}

/// Checks that text fits its length and has no U+0000.
#[inline]
pub(crate) fn check_text(text: &str) -> Result<(), EncodeError> {
    check_binary(text.as_bytes())?;
    if text::has_nul(text.as_bytes()) {
        return Err(DecodeError::NulInString.into());
    }
    Ok(())
}
