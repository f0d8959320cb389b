//! Text with placeholders: client ids, topics and payloads of a fleet.
//!
//! `sensors/{{thing}}/telemetry` names a different topic for each device. A template draws its random
//! parts by (device, pattern, counter), so the same publish renders to the same bytes whenever it is sent,
//! and a queued publish needs no stored payload.

use core::fmt;
use core::fmt::Write as _;

use thiserror::Error;

use crate::chance::scale;
use crate::{Chance, Owner, Purpose};

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: Box<str>,
    pieces: Box<[Piece]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Thing,
    Fleet,
    Index,
    Counter,
    /// Whole steps of `10^-decimals`, both ends included.
    Uniform {
        low: i64,
        high: i64,
        decimals: u8,
    },
}

/// What a template is rendered with.
#[derive(Clone, Copy, Debug)]
pub struct TemplateContext<'a> {
    /// The fleet's name.
    pub fleet: &'a str,
    /// The device's index in its fleet; its thing name is `FLEET-INDEX`.
    pub index: u32,
    /// How many times this pattern was rendered before.
    pub counter: u64,
    /// The dice, for random placeholders.
    pub chance: Chance,
    /// The device.
    pub owner: Owner,
    /// The pattern's number within its fleet, so that two patterns draw apart.
    pub pattern: u8,
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// `{{` without `}}`.
    #[error("'{{{{' is never closed by '}}}}'")]
    Unclosed,
    /// A placeholder of another name.
    #[error(
        "'{{{{{0}}}}}' is no placeholder; there is {{{{thing}}}}, {{{{fleet}}}}, {{{{index}}}}, {{{{counter}}}} and {{{{uniform:LOW..HIGH}}}}"
    )]
    UnknownPlaceholder(String),
    /// A range that is no range.
    #[error("'{{{{uniform:{0}}}}}' wants two numbers LOW..HIGH with LOW at most HIGH and at most 9 decimals")]
    Range(String),
    /// A placeholder that differs from publish to publish where only the device may matter.
    #[error("'{{{{{0}}}}}' changes from publish to publish, which is not allowed here")]
    NotPerDevice(&'static str),
}

impl Template {
    /// Reads `source`.
    ///
    /// # Errors
    /// If a placeholder is unclosed, unknown or has a bad range.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some(open) = rest.find("{{") {
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].into()));
            }
            let inside = &rest[open + 2..];
            let close = inside.find("}}").ok_or(TemplateError::Unclosed)?;
            pieces.push(placeholder(inside[..close].trim())?);
            rest = &inside[close + 2..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        Ok(Self { source: source.into(), pieces: pieces.into() })
    }

    /// Reads `source`, allowing only placeholders that are the same for a device throughout the run.
    ///
    /// # Errors
    /// As [`Template::parse`], and if `{{counter}}` or `{{uniform:..}}` occurs.
    pub fn parse_per_device(source: &str) -> Result<Self, TemplateError> {
        let template = Self::parse(source)?;
        for piece in &template.pieces {
            match piece {
                Piece::Counter => return Err(TemplateError::NotPerDevice("counter")),
                Piece::Uniform { .. } => return Err(TemplateError::NotPerDevice("uniform")),
                Piece::Text(_) | Piece::Thing | Piece::Fleet | Piece::Index => {}
            }
        }
        Ok(template)
    }

    /// The text that the template was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Appends the rendered text to `out`.
    pub fn render(&self, context: &TemplateContext<'_>, out: &mut String) {
        for (position, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Fleet => out.push_str(context.fleet),
                Piece::Thing => {
                    out.push_str(context.fleet);
                    out.push('-');
                    push_number(u64::from(context.index), out);
                }
                Piece::Index => push_number(u64::from(context.index), out),
                Piece::Counter => push_number(context.counter, out),
                Piece::Uniform { low, high, decimals } => {
                    let n = (u64::from(context.pattern) << 56) | ((position as u64 & 0xff) << 48);
                    let bits = context.chance.bits(context.owner, Purpose::Payload, n ^ context.counter);
                    let steps = high.abs_diff(*low).saturating_add(1);
                    push_fixed(low.saturating_add_unsigned(scale(bits, steps)), *decimals, out);
                }
            }
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn placeholder(name: &str) -> Result<Piece, TemplateError> {
    Ok(match name {
        "thing" => Piece::Thing,
        "fleet" => Piece::Fleet,
        "index" => Piece::Index,
        "counter" => Piece::Counter,
        _ => match name.strip_prefix("uniform:") {
            Some(range) => uniform(range).ok_or_else(|| TemplateError::Range(range.to_owned()))?,
            None => return Err(TemplateError::UnknownPlaceholder(name.to_owned())),
        },
    })
}

fn uniform(range: &str) -> Option<Piece> {
    let (low, high) = range.split_once("..")?;
    let decimals = fraction_digits(low).max(fraction_digits(high));
    let decimals = u8::try_from(decimals).ok().filter(|&digits| digits <= 9)?;
    let (low, high) = (parse_fixed(low.trim(), decimals)?, parse_fixed(high.trim(), decimals)?);
    (low <= high).then_some(Piece::Uniform { low, high, decimals })
}

fn fraction_digits(number: &str) -> usize {
    number.trim().split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

fn parse_fixed(number: &str, decimals: u8) -> Option<i64> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) {
        return None;
    }
    let scale = 10_i64.checked_pow(u32::from(decimals))?;
    let padded = format!("{fraction:0<width$}", width = usize::from(decimals));
    let fraction: i64 = if padded.is_empty() { 0 } else { padded.parse().ok()? };
    whole.parse::<i64>().ok()?.checked_mul(scale)?.checked_add(fraction)?.checked_mul(sign)
}

fn push_number(number: u64, out: &mut String) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.push_str(core::str::from_utf8(&digits[at..]).unwrap_or_default());
}

fn push_fixed(value: i64, decimals: u8, out: &mut String) {
    if value < 0 {
        out.push('-');
    }
    let scale = 10_u64.pow(u32::from(decimals));
    push_number(value.unsigned_abs() / scale, out);
    if decimals > 0 {
        // Writing to a String cannot fail.
        let _ = write!(out, ".{:0width$}", value.unsigned_abs() % scale, width = usize::from(decimals));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    fn render(source: &str, index: u32, counter: u64) -> String {
        let mut out = String::new();
        let owner = Owner::named("pumps").member(u64::from(index));
        let chance = Chance::new(Seed(1));
        Template::parse(source)
            .unwrap()
            .render(&TemplateContext { fleet: "pumps", index, counter, chance, owner, pattern: 0 }, &mut out);
        out
    }

    #[test]
    fn placeholders_are_filled_in() {
        for (source, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{{thing}}", "pumps-12"),
            ("{{fleet}}/{{ index }}/x", "pumps/12/x"),
            ("{\"n\": {{counter}}}", "{\"n\": 34}"),
            ("{{uniform:5..5}}", "5"),
            ("{{uniform:-1.50..-1.5}}", "-1.50"),
        ] {
            assert_eq!(render(source, 12, 34), expected, "{source}");
        }
    }

    #[test]
    fn uniform_reaches_both_ends_and_repeats_itself() {
        let drawn: Vec<i64> = (0..200).map(|n| render("{{uniform:-1..1}}", 0, n).parse().unwrap()).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-1), Some(&1)));
        assert_eq!(render("{{uniform:0..999999}}", 3, 9), render("{{uniform:0..999999}}", 3, 9));
        assert_ne!(render("{{uniform:0..999999}}", 3, 9), render("{{uniform:0..999999}}", 4, 9));
    }

    #[test]
    fn mistakes_are_named() {
        for (source, expected) in [
            ("a{{thing", TemplateError::Unclosed),
            ("{{device}}", TemplateError::UnknownPlaceholder("device".into())),
            ("{{uniform:3}}", TemplateError::Range("3".into())),
            ("{{uniform:3..1}}", TemplateError::Range("3..1".into())),
            ("{{uniform:a..b}}", TemplateError::Range("a..b".into())),
            ("{{uniform:0..0.0000000001}}", TemplateError::Range("0..0.0000000001".into())),
        ] {
            assert_eq!(Template::parse(source), Err(expected), "{source}");
        }
        assert_eq!(Template::parse_per_device("{{counter}}"), Err(TemplateError::NotPerDevice("counter")));
    }
}
