//! Reading JSON one level at a time with `serde_json`: members and elements come as raw text.
//!
//! `serde_json` can do all that shadows need this way: numbers stay as written, deep nesting is skipped without
//! recursion, and nothing is allocated but for strings with escapes. A value tree is never built.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use hashbrown::HashMap;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// A member of an object: its key and its raw value.
pub(super) type RawMember<'a> = (Text<'a>, &'a str);
/// The members of an object.
pub(super) type RawMembers<'a> = SmallVec<[RawMember<'a>; 16]>;
/// The elements of an array, raw.
pub(super) type RawElements<'a> = SmallVec<[&'a str; 16]>;

/// A string, unescaped; borrowed if it had no escape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// Writes it as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            // What had no escape needs none.
            Cow::Borrowed(plain) => {
                out.push(b'"');
                out.extend_from_slice(plain.as_bytes());
                out.push(b'"');
            }
            Cow::Owned(text) => write_escaped(text, out),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The members of the object that `text` is. Of a key that comes again, the last value counts.
///
/// # Errors
/// If `text` is not one JSON object.
pub(super) fn members(text: &str) -> Result<RawMembers<'_>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut found = json.deserialize_map(ObjectVisitor)?;
    json.end()?;
    keep_last_of_each_key(&mut found);
    Ok(found)
}

/// The elements of the array that `text` is.
///
/// # Errors
/// If `text` is not one JSON array.
pub(super) fn elements(text: &str) -> Result<RawElements<'_>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let found = json.deserialize_seq(ArrayVisitor)?;
    json.end()?;
    Ok(found)
}

/// The string that `text` is, unescaped.
///
/// # Errors
/// If `text` is not one JSON string.
pub(super) fn string(text: &str) -> Result<Text<'_>, serde_json::Error> {
    TextSeed.deserialize(&mut serde_json::Deserializer::from_str(text))
}

/// Writes any text as a JSON string.
pub(super) fn write_escaped(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string becomes JSON in memory");
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = RawMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = RawMembers::new();
        while let Some(key) = map.next_key_seed(TextSeed)? {
            members.push((key, map.next_value::<&RawValue>()?.get()));
        }
        Ok(members)
    }
}

struct ArrayVisitor;

impl<'de> Visitor<'de> for ArrayVisitor {
    type Value = RawElements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut elements = RawElements::new();
        while let Some(value) = sequence.next_element::<&RawValue>()? {
            elements.push(value.get());
        }
        Ok(elements)
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// More members than these are compared through a hash table.
const FEW: usize = 24;

/// Gives the first of equal keys the last one's value and drops the others.
fn keep_last_of_each_key(members: &mut RawMembers<'_>) {
    let mut again: SmallVec<[(usize, usize); 4]> = SmallVec::new();
    if members.len() <= FEW {
        for later in 1..members.len() {
            let key = &members[later].0;
            if let Some(first) = members[..later].iter().position(|(other, _)| other == key) {
                again.push((first, later));
            }
        }
    } else {
        let hasher = foldhash::fast::FixedState::with_seed(0x5348_4144_4f57);
        let mut firsts: HashMap<&Text<'_>, usize, _> =
            HashMap::with_capacity_and_hasher(members.len(), hasher);
        for (later, (key, _)) in members.iter().enumerate() {
            let first = *firsts.entry(key).or_insert(later);
            if first != later {
                again.push((first, later));
            }
        }
    }
    for &(first, later) in &again {
        members[first].1 = members[later].1;
    }
    if !again.is_empty() {
        let mut place = 0;
        let mut dropped = again.iter().map(|&(_, later)| later).peekable();
        members.retain(|_| {
            let drop = dropped.next_if_eq(&place).is_some();
            place += 1;
            !drop
        });
    }
}

/// Whether two JSON values, compact and canonical, are the same. Numbers are by value, and objects whatever their order.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    match (one.first(), other.first()) {
        (Some(b'['), Some(b'[')) => same_arrays(one, other),
        (Some(b'{'), Some(b'{')) => same_objects(one, other),
        (Some(b'-' | b'0'..=b'9'), Some(b'-' | b'0'..=b'9')) => same_numbers(one, other),
        _ => false,
    }
}

fn same_arrays(one: &[u8], other: &[u8]) -> bool {
    let (Ok(one), Ok(other)) = (str::from_utf8(one), str::from_utf8(other)) else { return false };
    let (Ok(one), Ok(other)) = (elements(one), elements(other)) else { return false };
    let same = |(one, other): (&&str, &&str)| same(one.as_bytes(), other.as_bytes());
    one.len() == other.len() && one.iter().zip(&other).all(same)
}

fn same_objects(one: &[u8], other: &[u8]) -> bool {
    let (Ok(one), Ok(other)) = (str::from_utf8(one), str::from_utf8(other)) else { return false };
    let (Ok(mut one), Ok(mut other)) = (members(one), members(other)) else { return false };
    one.sort_unstable();
    other.sort_unstable();
    let same = |(one, other): (&RawMember<'_>, &RawMember<'_>)| {
        one.0 == other.0 && same(one.1.as_bytes(), other.1.as_bytes())
    };
    one.len() == other.len() && one.iter().zip(&other).all(same)
}

/// Numbers of different text: `1`, `1.0` and `10e-1` are the same.
fn same_numbers(one: &[u8], other: &[u8]) -> bool {
    // Whole numbers have one spelling each, but for zero.
    let whole = |text: &[u8]| !text.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) && text != b"-0";
    if whole(one) && whole(other) {
        return false;
    }
    matches!((Decimal::parse(one), Decimal::parse(other)), (Some(one), Some(other)) if one == other)
}

/// A number as its significant digits times a power of ten.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: SmallVec<[u8; 24]>,
    exponent: i64,
}

impl Decimal {
    /// `None` if the exponent is out of all proportion.
    fn parse(text: &[u8]) -> Option<Self> {
        let (negative, text) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, text),
        };
        let mantissa_len = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
        let (mantissa, exponent) = text.split_at(mantissa_len);
        let mut digits: SmallVec<[u8; 24]> = mantissa.iter().copied().filter(|&byte| byte != b'.').collect();
        let fraction = mantissa.iter().position(|&byte| byte == b'.').map_or(0, |at| mantissa.len() - at - 1);
        let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
        digits.drain(..leading);
        let trailing = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
        digits.truncate(digits.len() - trailing);
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let exponent: i64 = match exponent.get(1..) {
            None => 0,
            Some(exponent) => str::from_utf8(exponent).ok()?.parse().ok()?,
        };
        let shift = i64::try_from(trailing).ok()? - i64::try_from(fraction).ok()?;
        Some(Self { negative, digits, exponent: exponent.checked_add(shift)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_whatever_their_spelling() {
        for (one, other, expected) in [
            ("1", "1", true),
            ("1", "1.0", true),
            ("1", "10e-1", true),
            ("100", "1E+2", true),
            ("0.5", "5e-1", true),
            ("-0", "0", true),
            ("0.0", "0e9", true),
            ("1", "2", false),
            ("1", "-1", false),
            ("1.5", "1.25", false),
            ("1e5", "1e6", false),
            // Where a float would see no difference.
            ("9007199254740993", "9007199254740992.0", false),
            ("1e99999999999999999999", "2", false),
            ("1", "\"1\"", false),
            ("true", "false", false),
            ("[1,2]", "[1.0,2]", true),
            ("[1,2]", "[2,1]", false),
            ("[1]", "[1,2]", false),
            ("[{\"a\":1,\"b\":[2]}]", "[{\"b\":[2.0],\"a\":1}]", true),
            ("[{\"a\":1}]", "[{\"a\":1,\"b\":2}]", false),
            ("[\"x\"]", "{}", false),
        ] {
            assert_eq!(same(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
            assert_eq!(same(other.as_bytes(), one.as_bytes()), expected, "{other} {one}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_counts_in_the_first_ones_place() {
        let text = r#"{"a":1,"b":2,"\u0061":3,"c":4,"b":5}"#;
        let found: Vec<_> =
            members(text).unwrap().iter().map(|(key, value)| format!("{}={value}", &**key)).collect();
        assert_eq!(found, ["a=3", "b=5", "c=4"]);
        let many: String = (0..100).map(|n| format!("\"k{}\":{n},", n % 50)).collect();
        let many = format!("{{{}}}", many.trim_end_matches(','));
        let found = members(&many).unwrap();
        assert_eq!(found.len(), 50);
        assert!(
            found
                .iter()
                .enumerate()
                .all(|(n, (key, value))| **key == format!("k{n}") && *value == (n + 50).to_string())
        );
    }

    #[test]
    fn what_is_no_object_or_array_is_an_error() {
        for text in ["", "5", "[", "[]", "{", "{}x", r#"{"a"}"#, r#"{"a":1,}"#, "{\"a\":01}"] {
            assert!(members(text).is_err(), "{text}");
        }
        for text in ["", "{}", "[1,]", "[1]2"] {
            assert!(elements(text).is_err(), "{text}");
        }
        assert!(string(r#""\ud800""#).is_err());
    }
}
