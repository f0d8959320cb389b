//! Variable byte integers: lengths and identifiers of one to four bytes (5.0 1.5.5, 3.1.1 2.2.3).

use crate::DecodeError;
use crate::encode::Put;

/// The largest value that four bytes hold.
pub(crate) const MAX: usize = 268_435_455;

/// A decoded integer and how it stood on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VarInt {
    pub(crate) value: usize,
    /// Bytes taken, 1 to 4.
    pub(crate) length: usize,
}

impl VarInt {
    /// Whether no shorter form of the value exists (MQTT-1.5.5-1, which 3.1.1 does not have).
    #[inline]
    pub(crate) const fn is_minimal(self) -> bool {
        self.length == encoded_len(self.value)
    }
}

/// Reads the integer at the front of `bytes`; `None` if it goes on past their end.
#[inline]
pub(crate) fn decode(bytes: &[u8]) -> Result<Option<VarInt>, DecodeError> {
    match bytes.first() {
        Some(&byte) if byte < 0x80 => Ok(Some(VarInt { value: usize::from(byte), length: 1 })),
        _ => decode_long(bytes),
    }
}

fn decode_long(bytes: &[u8]) -> Result<Option<VarInt>, DecodeError> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            let length = index + 1;
            return Ok(Some(VarInt { value, length }));
        }
    }
    if bytes.len() < 4 { Ok(None) } else { Err(DecodeError::VariableIntegerTooLong) }
}

/// How many bytes `value` takes.
#[inline]
pub(crate) const fn encoded_len(value: usize) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// Writes `value`, which the caller has checked to be at most [`MAX`].
#[inline]
pub(crate) fn encode(mut value: usize, out: &mut impl Put) {
    while value > 0x7f {
        out.u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.u8(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_of_table_2_4_round_trip() {
        for (value, length) in
            [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (2_097_151, 3), (2_097_152, 4), (MAX, 4)]
        {
            let mut bytes = Vec::new();
            encode(value, &mut bytes);
            assert_eq!(bytes.len(), length);
            assert_eq!(encoded_len(value), length);
            let decoded = decode(&bytes).unwrap().unwrap();
            assert_eq!(decoded, VarInt { value, length });
            assert!(decoded.is_minimal());
            assert_eq!(decode(&bytes[..length - 1]), Ok(None));
        }
    }

    #[test]
    fn padded_and_endless_integers_are_told_apart() {
        assert!(!decode(&[0x80, 0x00]).unwrap().unwrap().is_minimal());
        assert_eq!(decode(&[0x80, 0x80, 0x80, 0x80]), Err(DecodeError::VariableIntegerTooLong));
        assert_eq!(decode(&[0xff, 0xff, 0xff]), Ok(None));
    }
}
