//! UTF-8 strings of MQTT: well formed, no surrogates, no U+0000 (3.1.1 1.5.3, 5.0 1.5.4).

use crate::DecodeError;

/// Checks `bytes` and lends them as text.
#[inline]
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, DecodeError> {
    let text = core::str::from_utf8(bytes).map_err(|_| DecodeError::InvalidUtf8)?;
    if has_nul(bytes) {
        return Err(DecodeError::NulInString);
    }
    Ok(text)
}

/// Whether a byte is zero, eight at a time: names of 20 to 100 bytes are too short for a call to `memchr`.
#[inline]
pub(crate) fn has_nul(bytes: &[u8]) -> bool {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut found = 0;
    for &word in words {
        found |= zero_bytes(u64::from_le_bytes(word));
    }
    // The last eight bytes cover the tail; a shorter string is looked at byte by byte.
    if let Some(&last) = bytes.last_chunk::<8>() {
        found |= zero_bytes(u64::from_le_bytes(last));
    } else {
        return tail.contains(&0);
    }
    found != 0
}

/// Nonzero if, and only if, a byte of `word` is zero.
const fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    word.wrapping_sub(LOW) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_wherever_it_stands() {
        for length in 0..40 {
            let mut bytes = vec![0x80_u8; length];
            assert!(!has_nul(&bytes));
            for index in 0..length {
                bytes[index] = 0;
                assert!(has_nul(&bytes), "{index} of {length}");
                bytes[index] = 1;
            }
        }
    }

    #[test]
    fn surrogates_and_overlong_forms_are_not_utf_8() {
        for bytes in
            [&[0xed, 0xa0, 0x80][..], &[0xed, 0xbf, 0xbf], &[0xc0, 0x80], &[0xf4, 0x90, 0x80, 0x80], &[0xff]]
        {
            assert_eq!(decode(bytes), Err(DecodeError::InvalidUtf8));
        }
        assert_eq!(decode("\u{feff}ü温\u{10ffff}".as_bytes()), Ok("\u{feff}ü温\u{10ffff}"));
        assert_eq!(decode(b"a\0b"), Err(DecodeError::NulInString));
    }
}
