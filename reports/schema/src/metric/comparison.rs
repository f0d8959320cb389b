//! A bound: an operator and a value, as a scenario writes it.

use core::fmt;

use thiserror::Error;

use super::{MetricValue, Unit};
use crate::Money;

/// How a value is held against a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComparisonOp {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=` or `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl ComparisonOp {
    /// Longer spellings first, so that `<=` is not read as `<`.
    const SPELLINGS: &[(&str, Self)] = &[
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<", Self::Less),
        (">", Self::Greater),
        ("=", Self::Equal),
    ];

    /// The sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    /// Whether it holds for something that is longer than any bound.
    pub(super) const fn holds_for_endless(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual | Self::NotEqual)
    }
}

/// A bound that a metric's value is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How.
    pub op: ComparisonOp,
    /// Against what.
    pub bound: MetricValue,
    text: String,
}

/// Why a text is no bound for a metric.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ComparisonError {
    /// It does not begin with an operator.
    #[error("'{0}' does not begin with one of < <= > >= == !=")]
    Operator(String),
    /// It is no duration.
    #[error("'{0}' is no duration such as 300s, 1.5ms or 1m30s; units are ns us ms s m h d")]
    Duration(String),
    /// It is finer than durations are kept.
    #[error("'{0}' is finer than a microsecond, which is as fine as durations are kept")]
    TooFine(String),
    /// It is no count.
    #[error("'{0}' is no whole number such as 100 or 100_000")]
    Count(String),
    /// It is no amount of money.
    #[error("'{0}' is no amount such as 12.50 or $12.50")]
    Money(String),
    /// It is no ratio.
    #[error("'{0}' is no ratio such as 99.9% or 0.999")]
    Ratio(String),
}

impl Comparison {
    /// `op` against `bound`.
    pub fn new(op: ComparisonOp, bound: MetricValue) -> Self {
        Self { op, bound, text: format!("{} {bound}", op.sign()) }
    }

    /// Reads a bound for a metric of that unit: `< 300s`, `>= 100_000`, `<= $12.50`, `> 99.9%`.
    ///
    /// # Errors
    /// [`ComparisonError`] says what was expected instead.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, ComparisonError> {
        let text = text.trim();
        let (op, bound) = ComparisonOp::SPELLINGS
            .iter()
            .find_map(|(sign, op)| Some((*op, text.strip_prefix(sign)?.trim_start())))
            .ok_or_else(|| ComparisonError::Operator(text.to_owned()))?;
        let bound = match unit {
            Unit::Duration => MetricValue::Duration(parse_duration(bound)?),
            Unit::Count => MetricValue::Count(
                parse_whole(bound).ok_or_else(|| ComparisonError::Count(bound.to_owned()))?,
            ),
            Unit::Money => MetricValue::Money(parse_money(bound)?),
            Unit::Ratio => MetricValue::Ratio(
                parse_ratio(bound).ok_or_else(|| ComparisonError::Ratio(bound.to_owned()))?,
            ),
        };
        Ok(Self { op, bound, text: text.to_owned() })
    }

    /// The bound as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for `value`. A value of another unit never holds.
    pub fn holds(&self, value: MetricValue) -> bool {
        value.unit() == self.bound.unit()
            && match self.op {
                ComparisonOp::Less => value < self.bound,
                ComparisonOp::LessOrEqual => value <= self.bound,
                ComparisonOp::Greater => value > self.bound,
                ComparisonOp::GreaterOrEqual => value >= self.bound,
                ComparisonOp::Equal => value == self.bound,
                ComparisonOp::NotEqual => value != self.bound,
            }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One or more numbers with units, as microseconds.
fn parse_duration(text: &str) -> Result<u64, ComparisonError> {
    let error = || ComparisonError::Duration(text.to_owned());
    let mut rest = text.trim_end();
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).ok_or_else(error)?;
        let (number, after) = rest.split_at(unit_at);
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit_nanos: u128 = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" | "min" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return Err(error()),
        };
        // Nine decimals are enough for a nanosecond of a second; the rest must come out whole.
        let billionths = parse_decimal(number, 15).ok_or_else(error)? * unit_nanos;
        if !billionths.is_multiple_of(DECIMAL_ONE) {
            return Err(ComparisonError::TooFine(text.to_owned()));
        }
        nanos += billionths / DECIMAL_ONE;
        rest = after.trim_start();
    }
    if text.is_empty() {
        return Err(error());
    }
    if !nanos.is_multiple_of(1_000) {
        return Err(ComparisonError::TooFine(text.to_owned()));
    }
    u64::try_from(nanos / 1_000).map_err(|_| error())
}

const DECIMAL_ONE: u128 = 1_000_000_000_000_000;

/// A decimal number in 10^-15, with at most that many `decimals`.
fn parse_decimal(text: &str, decimals: usize) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(fraction) || fraction.len() > decimals {
        return None;
    }
    let fraction: u128 = format!("{fraction:0<15}").parse().ok()?;
    u128::from(parse_whole(whole)?).checked_mul(DECIMAL_ONE)?.checked_add(fraction)
}

/// A whole number with `_` between digits.
fn parse_whole(text: &str) -> Option<u64> {
    let allowed = |b: u8| b.is_ascii_digit() || b == b'_';
    if text.starts_with('_') || text.ends_with('_') || !text.bytes().all(allowed) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn parse_money(text: &str) -> Result<Money, ComparisonError> {
    let error = || ComparisonError::Money(text.to_owned());
    let amount = text.strip_prefix('$').unwrap_or(text).trim_start();
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "00"));
    let whole = parse_whole(whole).ok_or_else(error)?;
    format!("{whole}.{fraction}").parse().map_err(|_| error())
}

/// A ratio in parts of 10^9.
fn parse_ratio(text: &str) -> Option<u64> {
    let (number, divisor) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), DECIMAL_ONE / 10_000_000),
        None => (text, DECIMAL_ONE / 1_000_000_000),
    };
    let parts = parse_decimal(number, 15)?;
    parts.is_multiple_of(divisor).then(|| u64::try_from(parts / divisor).ok()).flatten()
}
