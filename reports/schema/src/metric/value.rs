//! Values with their units.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, text};

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Virtual time, in microseconds.
    Duration,
    /// A number of things.
    Count,
    /// Money, exact, in the price book's currency.
    Money,
    /// A part of a whole.
    Ratio,
}

impl Unit {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Count => "count",
            Self::Money => "money",
            Self::Ratio => "ratio",
        }
    }
}

/// A value with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MetricValue {
    /// Microseconds of virtual time.
    #[serde(rename = "duration_us")]
    Duration(u64),
    /// A number of things.
    #[serde(rename = "count")]
    Count(u64),
    /// An exact amount.
    #[serde(rename = "money")]
    Money(Money),
    /// Parts of 1,000,000,000.
    #[serde(rename = "ratio_ppb")]
    Ratio(u64),
}

impl MetricValue {
    /// What it is measured in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Duration(_) => Unit::Duration,
            Self::Count(_) => Unit::Count,
            Self::Money(_) => Unit::Money,
            Self::Ratio(_) => Unit::Ratio,
        }
    }

    /// The value in its finest unit, where two values that round to the same text must be told apart.
    pub(super) fn exact_text(self) -> String {
        match self {
            Self::Duration(us) => format!("{} µs", text::count(us)),
            Self::Money(amount) => amount.to_string(),
            Self::Count(_) | Self::Ratio(_) => self.to_string(),
        }
    }
}

impl fmt::Display for MetricValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(us) => f.write_str(&text::duration_fine(*us)),
            Self::Count(n) => f.write_str(&text::count(*n)),
            Self::Money(amount) => f.write_str(&text::money_fine(*amount, "USD")),
            Self::Ratio(ppb) => {
                let digits = format!("{:07}", ppb % 10_000_000);
                let digits = digits.trim_end_matches('0');
                let dot = if digits.is_empty() { "" } else { "." };
                write!(f, "{}{dot}{digits} %", ppb / 10_000_000)
            }
        }
    }
}
