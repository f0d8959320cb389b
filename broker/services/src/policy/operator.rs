//! The operators of conditions.

use super::pattern::{Case, Wildcards};

/// How the values of a key are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Text {
        wildcards: Wildcards,
        case: Case,
    },
    Arn,
    Bool,
    IpAddress,
    /// Whether the key has a value at all.
    Null,
}

/// What several values of the request mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// One of them has to satisfy; a key without value does not, except for a negated operator.
    Plain,
    /// Every one has to; true for none at all (`broker.md` 9.3).
    ForAll,
    /// One of them has to; false for none at all.
    ForAny,
}

/// A whole operator, such as `ForAllValues:StringNotEqualsIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) comparison: Comparison,
    pub(super) negated: bool,
    pub(super) quantifier: Quantifier,
    /// Holds where the key has no value.
    pub(super) if_exists: bool,
}

/// What a message says of the operators that are known.
pub(super) const KNOWN: &str = "StringEquals, StringNotEquals, StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, \
     StringLike, StringNotLike, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike, Bool, IpAddress, NotIpAddress, Null, \
     each also with ForAllValues: or ForAnyValue: before it and IfExists behind it";

const fn text(wildcards: Wildcards, case: Case) -> Comparison {
    Comparison::Text { wildcards, case }
}

const BASES: &[(&str, Comparison, bool)] = &[
    ("StringEquals", text(Wildcards::Literal, Case::Counts), false),
    ("StringNotEquals", text(Wildcards::Literal, Case::Counts), true),
    ("StringEqualsIgnoreCase", text(Wildcards::Literal, Case::Ignored), false),
    ("StringNotEqualsIgnoreCase", text(Wildcards::Literal, Case::Ignored), true),
    ("StringLike", text(Wildcards::Act, Case::Counts), false),
    ("StringNotLike", text(Wildcards::Act, Case::Counts), true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Bool", Comparison::Bool, false),
    ("IpAddress", Comparison::IpAddress, false),
    ("NotIpAddress", Comparison::IpAddress, true),
    ("Null", Comparison::Null, false),
];

/// Operators of IAM that no key of `broker.md` 9.3 has values for.
const NOT_MODELLED: &[&str] = &["Numeric", "Date", "Binary"];

/// Why an operator's name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperatorError {
    Unknown,
    NotModelled,
}

impl Operator {
    pub(super) fn parse(name: &str) -> Result<Self, OperatorError> {
        let (quantifier, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::ForAll, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::ForAny, rest),
            Some(_) => return Err(OperatorError::Unknown),
            None => (Quantifier::Plain, name),
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let Some(&(_, comparison, negated)) = BASES.iter().find(|(known, ..)| *known == base) else {
            let known_elsewhere = NOT_MODELLED.iter().any(|start| base.starts_with(start));
            return Err(if known_elsewhere { OperatorError::NotModelled } else { OperatorError::Unknown });
        };
        if comparison == Comparison::Null && (if_exists || quantifier != Quantifier::Plain) {
            return Err(OperatorError::Unknown);
        }
        Ok(Self { comparison, negated, quantifier, if_exists })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_operators_are_taken_apart() {
        let operator = Operator::parse("ForAllValues:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.comparison, text(Wildcards::Act, Case::Counts));
        assert!(operator.negated && operator.if_exists);
        assert_eq!(operator.quantifier, Quantifier::ForAll);
        for (name, error) in [
            ("stringequals", OperatorError::Unknown),
            ("ForSome:StringEquals", OperatorError::Unknown),
            ("NullIfExists", OperatorError::Unknown),
            ("ForAnyValue:Null", OperatorError::Unknown),
            ("NumericLessThan", OperatorError::NotModelled),
            ("DateGreaterThanIfExists", OperatorError::NotModelled),
        ] {
            assert_eq!(Operator::parse(name), Err(error), "{name}");
        }
    }
}
