//! A second evaluator of IoT policies (`broker.md` 9), written to be obviously right and nothing else: it works on the
//! JSON itself, builds every pattern anew as a list of characters, and fills whole tables to match.
//!
//! Documents are taken to be well-formed, as those are that the service has accepted; wildcards in the values of variables
//! are text (D-24), and so is a variable without a value (D-23).

use std::net::IpAddr;

use serde_json::Value;

/// Facts as plain lists: a name and its values.
pub type Known = Vec<(String, Vec<String>)>;

#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Exactly(char),
    One,
    Run,
}

fn lookup<'k>(known: &'k Known, name: &str) -> &'k [String] {
    known.iter().find(|(key, _)| key == name).map_or(&[], |(_, values)| values)
}

fn pieces(text: &str, wildcards: bool, known: &Known) -> Vec<Piece> {
    let characters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let four: String = characters[at..].iter().take(4).collect();
        if ["$(*)", "$(?)", "$($)", "${*}", "${?}", "${$}"].contains(&four.as_str()) {
            pieces.push(Piece::Exactly(characters[at + 2]));
            at += 4;
        } else if four.starts_with("${") {
            let name: String = characters[at + 2..].iter().take_while(|c| **c != '}').collect();
            let whole = format!("${{{name}}}");
            let value = lookup(known, &name).first().unwrap_or(&whole);
            pieces.extend(value.chars().map(Piece::Exactly));
            at += whole.chars().count();
        } else {
            pieces.push(match characters[at] {
                '*' if wildcards => Piece::Run,
                '?' if wildcards => Piece::One,
                other => Piece::Exactly(other),
            });
            at += 1;
        }
    }
    pieces
}

fn fits(pattern: &[Piece], text: &str, ignore_case: bool) -> bool {
    let text: Vec<char> = text.chars().collect();
    // reach[t] says whether the pattern so far can have used up exactly t characters.
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for piece in pattern {
        let mut next = vec![false; text.len() + 1];
        for from in 0..=text.len() {
            if !reach[from] {
                continue;
            }
            match piece {
                Piece::Run => next[from..].fill(true),
                Piece::One if from < text.len() => next[from + 1] = true,
                Piece::Exactly(c) if from < text.len() => {
                    let same = text[from] == *c || ignore_case && text[from].eq_ignore_ascii_case(c);
                    next[from + 1] |= same;
                }
                Piece::One | Piece::Exactly(_) => {}
            }
        }
        reach = next;
    }
    reach[text.len()]
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

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

fn in_network(address: &str, network: &str) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => {
            v4.octets().iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect()
        }
        IpAddr::V6(v6) => v6
            .octets()
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
            .collect::<Vec<u8>>(),
    };
    let (base, length) = network.split_once('/').unwrap_or((network, "128"));
    let (base, address) = (bits(base.parse().unwrap()), bits(address.parse().unwrap()));
    let length = length.parse::<usize>().unwrap().min(base.len());
    base.len() == address.len() && base[..length] == address[..length]
}

fn condition(operator: &str, key: &str, expected: &[String], known: &Known) -> bool {
    let (quantifier, name) = operator.split_once(':').unwrap_or(("", operator));
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let negated = name.contains("Not");
    let base = name.replace("Not", "");
    let values = lookup(known, key);
    if base == "Null" {
        return expected.iter().any(|value| (value == "true") == values.is_empty());
    }
    let equal = |value: &str, wanted: &str| match base.as_str() {
        "StringEquals" => fits(&pieces(wanted, false, known), value, false),
        "StringEqualsIgnoreCase" => fits(&pieces(wanted, false, known), value, true),
        "StringLike" => fits(&pieces(wanted, true, known), value, false),
        "ArnEquals" | "ArnLike" => {
            let (value, wanted) = (arn_parts(value), arn_parts(wanted));
            value.len() == 6
                && value.iter().zip(&wanted).all(|(v, w)| fits(&pieces(w, true, known), v, false))
        }
        "Bool" => value == wanted,
        "IpAddress" => in_network(value, wanted),
        _ => panic!("operator {base}"),
    };
    let satisfied = |value: &String| expected.iter().any(|wanted| equal(value, wanted)) != negated;
    match (quantifier, values.is_empty()) {
        _ if values.is_empty() && if_exists => true,
        ("ForAllValues", _) => values.iter().all(satisfied),
        ("ForAnyValue", _) => values.iter().any(satisfied),
        (_, true) => negated,
        (_, false) if negated => values.iter().all(satisfied),
        (_, false) => values.iter().any(satisfied),
    }
}

/// `ALLOWED`, `EXPLICIT_DENY` or `IMPLICIT_DENY`.
///
/// # Panics
/// If a document is none that the service accepts.
pub fn decide<'d>(
    documents: impl IntoIterator<Item = &'d Value>,
    action: &str,
    resource: &str,
    known: &Known,
) -> &'static str {
    let mut allowed = false;
    let statements = |document: &'d Value| match &document["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        one => vec![one],
    };
    for statement in documents.into_iter().flat_map(statements) {
        let names =
            list(&statement["Action"]).iter().any(|name| name == "*" || name == "iot:*" || name == action);
        let covers = |key: &str| {
            list(&statement[key]).iter().any(|pattern| fits(&pieces(pattern, true, known), resource, false))
        };
        let covered =
            if statement["NotResource"].is_null() { covers("Resource") } else { !covers("NotResource") };
        let conditions = statement["Condition"].as_object();
        let holds = conditions.into_iter().flatten().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, value)| condition(operator, key, &list(value), known))
        });
        if names && covered && holds {
            if statement["Effect"] == "Deny" {
                return "EXPLICIT_DENY";
            }
            allowed = true;
        }
    }
    if allowed { "ALLOWED" } else { "IMPLICIT_DENY" }
}
