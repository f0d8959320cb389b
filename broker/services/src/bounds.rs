//! Bounds of names and values, as the public API states them.

use core::ops::RangeInclusive;

/// Whether a text has so many characters, all of them ASCII letters, digits or of `punctuation`.
pub(crate) fn fits(text: &str, lengths: RangeInclusive<usize>, punctuation: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || punctuation.contains(&byte);
    lengths.contains(&text.len()) && text.bytes().all(allowed)
}
