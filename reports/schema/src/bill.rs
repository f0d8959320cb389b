//! A bill: line items, exact to a millionth of a millionth of the currency.

use core::fmt;
use core::iter::Sum;
use core::ops::Add;
use core::str::FromStr;
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// What a run cost, and what a month of its measured window would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bill {
    /// Name of the price book.
    pub book: String,
    /// What the book is.
    pub about: String,
    /// Currency code, as `USD`.
    pub currency: String,
    /// The run as it was.
    pub run: BillPeriod,
    /// The measured window scaled to 30 days.
    pub month: BillPeriod,
}

/// One of the two readings of a [`Bill`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillPeriod {
    /// What is billed, in words: "as run", or from what it was scaled.
    pub label: String,
    /// One line per metered dimension.
    pub lines: Vec<BillLine>,
    /// The sum of all costs, exact.
    pub total: Money,
    /// The sum in hundredths, rounded half up.
    pub total_cents: i64,
}

/// The cost of one metered dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillLine {
    /// What is metered.
    pub dimension: String,
    /// Units, exact.
    pub quantity: Quantity,
    /// The unit that is counted, in words.
    pub unit: String,
    /// The price in words, as "1.00 / 0.80 / 0.70 per 1,000,000"; absent if the book has no price for it.
    pub unit_price: Option<String>,
    /// What the units cost, exact to 10^-12.
    pub cost: Money,
    /// The cost in hundredths, rounded half up.
    pub cost_cents: i64,
    /// What made the units.
    pub causes: Vec<BillCause>,
    /// How the units fell into the bands of the price.
    pub bands: Vec<BillBand>,
    /// Where the price is from.
    pub source: String,
}

/// Units of a bill line that one cause made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillCause {
    /// What made the units.
    pub cause: String,
    /// Units, exact.
    pub quantity: Quantity,
    /// Whether the book charges for this cause.
    pub charged: bool,
}

/// Units of a bill line in one band of its price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillBand {
    /// Units, exact.
    pub quantity: Quantity,
    /// The price in words, as "0.80 per 1,000,000".
    pub price: String,
    /// What they cost, exact to 10^-12.
    pub cost: Money,
}

/// An exact, never negative number of units: whole, or a fraction where a window was scaled to a month.
///
/// A file has it as text: `"7200000"` or `"50000/3"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    numerator: u128,
    denominator: u128,
}

impl Default for Quantity {
    fn default() -> Self {
        Self::whole(0)
    }
}

impl Quantity {
    /// `units` whole units.
    pub const fn whole(units: u128) -> Self {
        Self { numerator: units, denominator: 1 }
    }

    /// `numerator / denominator` units, in lowest terms.
    ///
    /// # Panics
    /// If `denominator` is zero.
    pub const fn ratio(numerator: u128, denominator: u128) -> Self {
        assert!(denominator > 0, "a quantity has a denominator");
        let divisor = gcd(numerator, denominator);
        Self { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    /// The upper part of the fraction, in lowest terms.
    pub const fn numerator(self) -> u128 {
        self.numerator
    }

    /// The lower part of the fraction, in lowest terms.
    pub const fn denominator(self) -> u128 {
        self.denominator
    }

    /// The nearest whole number of units, half up; for display.
    pub const fn rounded(self) -> u128 {
        (2 * self.numerator + self.denominator) / (2 * self.denominator)
    }
}

const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // The least common denominator keeps sums of one window's fractions as small as their parts.
        let divisor = gcd(self.denominator, other.denominator);
        let (scale, other_scale) = (other.denominator / divisor, self.denominator / divisor);
        Self::ratio(self.numerator * scale + other.numerator * other_scale, self.denominator * scale)
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let (numerator, denominator) = text.split_once('/').unwrap_or((&text, "1"));
        match (numerator.parse(), denominator.parse()) {
            (Ok(numerator), Ok(denominator)) if denominator > 0 => Ok(Self::ratio(numerator, denominator)),
            _ => {
                Err(serde::de::Error::custom(format!("'{text}' is no number of units such as 12 or 50000/3")))
            }
        }
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+(/[1-9][0-9]*)?$" })
    }
}

/// An exact amount of money in 10^-12 of the currency unit. A file has it as a decimal text: `"43.92"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

/// Why a text is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{0}' is no amount such as 12.50 with at most 12 decimals")]
pub struct MoneyError(String);

impl Money {
    /// Parts of the currency unit: a dollar is this many.
    pub const PARTS: i128 = 1_000_000_000_000;
    const DECIMALS: usize = 12;

    /// `parts` times 10^-12 of the currency unit.
    pub const fn from_parts(parts: i128) -> Self {
        Self(parts)
    }

    /// The amount in 10^-12 of the currency unit.
    pub const fn parts(self) -> i128 {
        self.0
    }

    /// The amount in hundredths, rounded half up.
    pub const fn cents(self) -> i64 {
        let cent = Self::PARTS / 100;
        (self.0 + cent / 2).div_euclid(cent) as i64
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Money {
    /// The exact amount with at least two decimals: `43.92`, `0.042048`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let parts = self.0.unsigned_abs();
        let unit = Self::PARTS.unsigned_abs();
        let decimals = format!("{:012}", parts % unit);
        let kept = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{}.{}", parts / unit, &decimals[..kept])
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let error = || MoneyError(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > Self::DECIMALS {
            return Err(error());
        }
        let whole: i128 = whole.parse().map_err(|_| error())?;
        let fraction: i128 = format!("{decimals:0<12}").parse().map_err(|_| error())?;
        let parts =
            whole.checked_mul(Self::PARTS).and_then(|parts| parts.checked_add(fraction)).ok_or_else(error)?;
        Ok(Self(if negative { -parts } else { parts }))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Money {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,12}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_and_rounds_half_up_for_display() {
        for (text, shown, cents) in [
            ("43.92", "43.92", 4_392),
            ("0.042048", "0.042048", 4),
            ("27.504", "27.504", 2_750),
            ("0.005", "0.005", 1),
            ("0.004999999999", "0.004999999999", 0),
            ("7", "7.00", 700),
            ("-0.5", "-0.50", -50),
        ] {
            let money: Money = text.parse().unwrap();
            assert_eq!((money.to_string().as_str(), money.cents()), (shown, cents));
        }
        for text in ["", ".5", "1.", "1,000", "0.0000000000001", "$1", "1e3"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_add_and_read_back_in_lowest_terms() {
        let third = Quantity::ratio(50_000, 3);
        assert_eq!(third + third + third, Quantity::whole(50_000));
        assert_eq!(serde_json::to_string(&third).unwrap(), "\"50000/3\"");
        assert_eq!(serde_json::from_str::<Quantity>("\"100000/6\"").unwrap(), third);
        assert!(serde_json::from_str::<Quantity>("\"1/0\"").is_err());
        assert_eq!(third.rounded(), 16_667);
        assert_eq!(Quantity::ratio(1, 2).rounded(), 1);
    }
}
