//! One condition of a statement: an operator, a key, and the values it is compared with.

use core::net::IpAddr;

use super::arn::{ARN_PARTS, split_arn};
use super::evaluate::Semantics;
use super::facts::{Facts, Value};
use super::operator::{Comparison, Operator, Quantifier};
use super::pattern::{Case, Pattern, Wildcards};
use super::variable::Variable;

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) operator: Operator,
    pub(super) key: Variable,
    /// Any of them may match.
    pub(super) expected: Vec<Expected>,
    /// As the document spells it, to read.
    pub(super) spelling: Box<str>,
}

/// A value that a key is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Text(Pattern),
    /// The six parts of an ARN, each matched by itself.
    Arn(Box<[Pattern; ARN_PARTS]>),
    Truth(bool),
    Network(Network),
}

impl Expected {
    /// Reads a value for `comparison`. An error is a message for a person.
    pub(super) fn parse(comparison: Comparison, text: &str) -> Result<Self, String> {
        match comparison {
            Comparison::Text { wildcards, .. } => Pattern::parse(text, wildcards).map(Self::Text),
            Comparison::Arn => {
                let parts: Vec<&str> = split_arn(text);
                let parts: [&str; ARN_PARTS] = parts.try_into().map_err(|_| {
                    format!("{text:?} is no ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE is needed")
                })?;
                let mut patterns = Vec::with_capacity(ARN_PARTS);
                for part in parts {
                    patterns.push(Pattern::parse(part, Wildcards::Act)?);
                }
                patterns.try_into().map(Self::Arn).map_err(|_| String::from("an ARN has six parts"))
            }
            Comparison::Bool | Comparison::Null => match text {
                "true" => Ok(Self::Truth(true)),
                "false" => Ok(Self::Truth(false)),
                _ => Err(format!("{text:?} is neither \"true\" nor \"false\"")),
            },
            Comparison::IpAddress => Network::parse(text)
                .map(Self::Network)
                .ok_or_else(|| format!("{text:?} is no address and no network such as 203.0.113.0/24")),
        }
    }

    /// The patterns inside.
    pub(super) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Text(pattern) => core::slice::from_ref(pattern),
            Self::Arn(parts) => parts.as_slice(),
            Self::Truth(_) | Self::Network(_) => &[],
        }
    }

    fn is(&self, value: &Value<'_>, case: Case, facts: &Facts<'_>, semantics: Semantics) -> bool {
        match self {
            Self::Text(pattern) => pattern.matches(value.pieces(), case, facts, semantics),
            Self::Arn(parts) => arn_is(parts, value, facts, semantics),
            Self::Truth(expected) => value.pieces() == ["", if *expected { "true" } else { "false" }],
            Self::Network(network) => match value.pieces() {
                ["", address] => address.parse().is_ok_and(|address| network.contains(address)),
                _ => false,
            },
        }
    }
}

/// Compares part by part, so that a `*` never reaches over a colon into the next part.
fn arn_is(parts: &[Pattern; ARN_PARTS], value: &Value<'_>, facts: &Facts<'_>, semantics: Semantics) -> bool {
    let [head, tail] = value.pieces();
    // An ARN that is known in two pieces has all its colons in the first.
    let (mut rest, tail) = if head.is_empty() { (tail, "") } else { (head, tail) };
    for part in &parts[..ARN_PARTS - 1] {
        let Some((text, after)) = rest.split_once(':') else { return false };
        if !part.matches(["", text], Case::Counts, facts, semantics) {
            return false;
        }
        rest = after;
    }
    parts[ARN_PARTS - 1].matches([rest, tail], Case::Counts, facts, semantics)
}

impl Condition {
    /// True if the condition lets its statement apply.
    pub(super) fn holds(&self, facts: &Facts<'_>, semantics: Semantics) -> bool {
        let case = match self.operator.comparison {
            Comparison::Text { case, .. } => case,
            Comparison::Arn | Comparison::Bool | Comparison::IpAddress | Comparison::Null => Case::Counts,
        };
        let (mut seen, mut satisfied) = (0_u32, 0_u32);
        facts.each_value(&self.key, |value| {
            let found = self.expected.iter().any(|expected| expected.is(&value, case, facts, semantics));
            seen += 1;
            satisfied += u32::from(found != self.operator.negated);
        });
        if self.operator.comparison == Comparison::Null {
            return self.expected.contains(&Expected::Truth(seen == 0));
        }
        if seen == 0 {
            return self.operator.if_exists
                || match self.operator.quantifier {
                    Quantifier::Plain => self.operator.negated,
                    Quantifier::ForAll => true,
                    Quantifier::ForAny => false,
                };
        }
        match (self.operator.quantifier, self.operator.negated) {
            // A negated operator without a quantifier says that no value is among those expected.
            (Quantifier::ForAll, _) | (Quantifier::Plain, true) => satisfied == seen,
            (Quantifier::ForAny, _) | (Quantifier::Plain, false) => satisfied > 0,
        }
    }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let longest = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    fn contains(self, address: IpAddr) -> bool {
        // Shifting by the whole width is no shift: a prefix of 0 holds everything.
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, expected) in [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
            ("::/0", "8.8.8.8", false),
        ] {
            let contains = Network::parse(network).unwrap().contains(address.parse().unwrap());
            assert_eq!(contains, expected, "{address} in {network}");
        }
        for bad in ["", "203.0.113.0/33", "2001:db8::/129", "203.0.113", "203.0.113.0/-1"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
