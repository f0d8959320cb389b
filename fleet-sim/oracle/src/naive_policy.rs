//! IoT policies, decided a second time (`broker.md` section 9): written to be obviously right and nothing else.
//!
//! It works on the JSON itself, builds every pattern anew as a list of characters, and follows every place in a text
//! that a pattern can have come to. The service's own evaluator compiles its documents and shares no line with this one.

use std::net::IpAddr;

use serde_json::Value;
use squall_profile::switch::{SubstitutedWildcard, Switches, UnresolvedVariable};

/// What is known of whoever asks: a variable's or condition key's name, as documents spell it, and its values.
pub type Known = Vec<(String, Vec<String>)>;

/// The answers to what AWS leaves open (`broker.md` D-23, D-24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What a variable without a value does.
    pub unresolved_variable: UnresolvedVariable,
    /// What `*` and `?` do that come from a value.
    pub substituted_wildcard: SubstitutedWildcard,
}

impl From<&Switches> for Rules {
    fn from(switches: &Switches) -> Self {
        Self {
            unresolved_variable: switches.unresolved_variable,
            substituted_wildcard: switches.substituted_wildcard,
        }
    }
}

/// What the policies say, in the words of `TestAuthorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it, none denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement says anything about it.
    ImplicitDeny,
}

impl Decision {
    /// As AWS spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "ALLOWED",
            Self::ExplicitDeny => "EXPLICIT_DENY",
            Self::ImplicitDeny => "IMPLICIT_DENY",
        }
    }
}

/// The operators of conditions, without quantifier, `Not` and `IfExists`.
const OPERATORS: [&str; 8] = [
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "ArnEquals",
    "ArnLike",
    "Bool",
    "IpAddress",
    "Null",
];

/// What only a CONNECT has, and no later packet.
const OF_CONNECT: [&str; 2] = ["iot:ConnectAttributes", "iot:LastWillTopic"];

/// Names that stand for several values at once, so that no one of them can take their place in a text.
const LISTS: [&str; 2] = ["iot:Certificate.AvailableKeys", "iot:ConnectAttributes"];

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    statements: Vec<Value>,
}

impl Document {
    /// Reads the text of a document.
    ///
    /// # Errors
    /// What about it cannot be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::new(serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    /// Takes a document that is JSON already. Only what the evaluator relies on is looked at: it is the service that
    /// refuses documents.
    ///
    /// # Errors
    /// What about it cannot be understood.
    pub fn new(mut document: Value) -> Result<Self, String> {
        let statements = match document["Statement"].take() {
            Value::Array(statements) => statements,
            one @ Value::Object(_) => vec![one],
            other => return Err(format!("Statement is {other}")),
        };
        for statement in &statements {
            if statement["Effect"] != "Allow" && statement["Effect"] != "Deny" {
                return Err(format!("Effect is {}", statement["Effect"]));
            }
            for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                if !OPERATORS.contains(&Operator::read(operator).base.as_str()) || !keys.is_object() {
                    return Err(format!("Condition {operator} is {keys}"));
                }
            }
        }
        Ok(Self { statements })
    }

    /// Whether a condition looks at what only a CONNECT has: its attributes or its will.
    #[must_use]
    pub fn asks_about_connect(&self) -> bool {
        self.statements.iter().flat_map(conditions).any(|(_, key, _)| OF_CONNECT.contains(&key))
    }
}

/// What the documents together say to `action`, as `iot:Publish`, on `resource`, a whole ARN: a statement that denies
/// comes before all that allow.
pub fn decide<'d>(
    documents: impl IntoIterator<Item = &'d Document>,
    action: &str,
    resource: &str,
    known: &Known,
    rules: Rules,
) -> Decision {
    let asked = Asked { known, rules };
    let mut decision = Decision::ImplicitDeny;
    for statement in documents.into_iter().flat_map(|document| &document.statements) {
        if asked.applies(statement, action, resource) {
            if statement["Effect"] == "Deny" {
                return Decision::ExplicitDeny;
            }
            decision = Decision::Allowed;
        }
    }
    decision
}

/// A condition's operator, taken apart.
struct Operator {
    quantifier: String,
    base: String,
    negated: bool,
    if_exists: bool,
}

impl Operator {
    fn read(text: &str) -> Self {
        let (quantifier, name) = text.split_once(':').unwrap_or(("", text));
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        Self {
            quantifier: quantifier.to_owned(),
            base: name.replace("Not", ""),
            negated: name.contains("Not"),
            if_exists,
        }
    }
}

/// Whoever asks, and the rules of the house.
#[derive(Clone, Copy)]
struct Asked<'k> {
    known: &'k Known,
    rules: Rules,
}

impl<'k> Asked<'k> {
    fn applies(self, statement: &Value, action: &str, resource: &str) -> bool {
        let names =
            list(&statement["Action"]).iter().any(|name| name == "*" || name == "iot:*" || name == action);
        if !names || self.rules.unresolved_variable == UnresolvedVariable::Fail && self.lacks(statement) {
            return false;
        }
        let covers = |key: &str| {
            list(&statement[key]).iter().any(|pattern| fits(&self.pieces(pattern, true), resource, false))
        };
        let covered =
            if statement["NotResource"].is_null() { covers("Resource") } else { !covers("NotResource") };
        covered && conditions(statement).all(|(operator, key, expected)| self.holds(operator, key, &expected))
    }

    /// Whether the statement names a variable that has no value.
    fn lacks(self, statement: &Value) -> bool {
        let resources = ["Resource", "NotResource"].into_iter().flat_map(|key| list(&statement[key]));
        let compared = conditions(statement).flat_map(|(.., expected)| expected);
        resources.chain(compared).any(|text| {
            parts(&text)
                .iter()
                .any(|part| matches!(part, Part::Variable(name) if self.one_value(name).is_none()))
        })
    }

    fn values(self, name: &str) -> &'k [String] {
        self.known.iter().find(|(key, _)| key == name).map_or(&[], |(_, values)| values)
    }

    /// The value that takes the place of a variable in a text.
    fn one_value(self, name: &str) -> Option<&'k String> {
        let is_list = name.ends_with(".List") || LISTS.contains(&name);
        self.values(name).first().filter(|_| !is_list)
    }

    fn pieces(self, text: &str, wildcards: bool) -> Vec<Piece> {
        let act = self.rules.substituted_wildcard == SubstitutedWildcard::Act;
        let mut pieces = Vec::new();
        for part in parts(text) {
            match part {
                Part::Escaped(character) => pieces.push(Piece::Exactly(character)),
                Part::Plain(character) => pieces.push(Piece::of(character, wildcards)),
                Part::Variable(name) => match self.one_value(&name) {
                    Some(value) => pieces.extend(value.chars().map(|c| Piece::of(c, wildcards && act))),
                    None => pieces.extend(format!("${{{name}}}").chars().map(Piece::Exactly)),
                },
            }
        }
        pieces
    }

    fn holds(self, operator: &str, key: &str, expected: &[String]) -> bool {
        let Operator { quantifier, base, negated, if_exists } = Operator::read(operator);
        let values = self.values(key);
        if base == "Null" {
            return expected.iter().any(|value| (value == "true") == values.is_empty());
        }
        let satisfied =
            |value: &String| expected.iter().any(|wanted| self.is(&base, value, wanted)) != negated;
        match (quantifier.as_str(), values.is_empty()) {
            (_, true) if if_exists => true,
            ("ForAllValues", _) => values.iter().all(satisfied),
            ("ForAnyValue", _) => values.iter().any(satisfied),
            (_, true) => negated,
            (_, false) if negated => values.iter().all(satisfied),
            (_, false) => values.iter().any(satisfied),
        }
    }

    fn is(self, operator: &str, value: &str, wanted: &str) -> bool {
        match operator {
            "StringEquals" => fits(&self.pieces(wanted, false), value, false),
            "StringEqualsIgnoreCase" => fits(&self.pieces(wanted, false), value, true),
            "StringLike" => fits(&self.pieces(wanted, true), value, false),
            "ArnEquals" | "ArnLike" => {
                let (value, wanted) = (arn_parts(value), arn_parts(wanted));
                value.len() == 6
                    && value.iter().zip(&wanted).all(|(v, w)| fits(&self.pieces(w, true), v, false))
            }
            "Bool" => value == wanted,
            "IpAddress" => in_network(value, wanted) == Some(true),
            // A document with any other is not taken.
            _ => false,
        }
    }
}

/// Operator, key and expected values of every condition of a statement.
fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, Vec<String>)> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, expected)| (operator.as_str(), key.as_str(), list(expected)))
    })
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// A text of a document, read.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Plain(char),
    Escaped(char),
    Variable(String),
}

fn parts(text: &str) -> Vec<Part> {
    let characters: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        match characters[at..] {
            ['$', '(', c @ ('*' | '?' | '$'), ')', ..] | ['$', '{', c @ ('*' | '?' | '$'), '}', ..] => {
                parts.push(Part::Escaped(c));
                at += 4;
            }
            ['$', '{', ..] => {
                let name: String = characters[at + 2..].iter().take_while(|c| **c != '}').collect();
                at += name.chars().count() + 3;
                parts.push(Part::Variable(name));
            }
            _ => {
                parts.push(Part::Plain(characters[at]));
                at += 1;
            }
        }
    }
    parts
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Exactly(char),
    One,
    Run,
}

impl Piece {
    const fn of(character: char, wildcards: bool) -> Self {
        match character {
            '*' if wildcards => Self::Run,
            '?' if wildcards => Self::One,
            other => Self::Exactly(other),
        }
    }
}

fn fits(pattern: &[Piece], text: &str, ignore_case: bool) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Every number of characters that the pattern so far can have used up, in order.
    let mut used = vec![0];
    for piece in pattern {
        match piece {
            Piece::Run => {
                let Some(&fewest) = used.first() else { return false };
                used = (fewest..=text.len()).collect();
            }
            Piece::One => {
                used.retain(|&at| at < text.len());
                used.iter_mut().for_each(|at| *at += 1);
            }
            Piece::Exactly(c) => {
                used.retain(|&at| {
                    text.get(at)
                        .is_some_and(|found| found == c || ignore_case && found.eq_ignore_ascii_case(c))
                });
                used.iter_mut().for_each(|at| *at += 1);
            }
        }
    }
    used.contains(&text.len())
}

/// The six parts of an ARN; colons inside a variable do not part.
fn arn_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if character == ':' && depth == 0 && parts.len() < 6 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts
}

/// `None` if one of them is no address.
fn in_network(address: &str, network: &str) -> Option<bool> {
    let bits = |address: IpAddr| {
        let bytes = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect::<Vec<u8>>()
    };
    let (base, length) = network.split_once('/').unwrap_or((network, "128"));
    let (base, address) = (bits(base.parse().ok()?), bits(address.parse().ok()?));
    let length = length.parse::<usize>().ok()?.min(base.len());
    Some(base.len() == address.len() && base[..length] == address[..length])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_understood_is_no_document() {
        let of = |statement: Value| Document::new(json!({"Version": "2012-10-17", "Statement": statement}));
        let fine = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        assert!(of(fine.clone()).is_ok() && of(json!([fine, fine])).is_ok());
        assert!(of(json!(7)).is_err());
        assert!(of(json!([{"Action": "*", "Resource": "*"}])).is_err());
        for condition in [json!({"StringIs": {"iot:ClientId": "a"}}), json!({"StringEquals": "a"})] {
            assert!(
                of(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}))
                    .is_err()
            );
        }
        assert!(Document::parse("{").is_err());
    }

    #[test]
    fn texts_are_read() {
        let variable = |name: &str| Part::Variable(name.to_owned());
        for (text, expected) in [
            ("a*", vec![Part::Plain('a'), Part::Plain('*')]),
            ("$(*)${?}", vec![Part::Escaped('*'), Part::Escaped('?')]),
            ("${iot:ClientId}$", vec![variable("iot:ClientId"), Part::Plain('$')]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
