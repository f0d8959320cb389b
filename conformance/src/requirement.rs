//! What a case rests on: numbered statements of the standards, checks and sections of the reference.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::embedded;

/// The file of `requirements/` that lists every statement.
const STATEMENTS: &str = "statements.txt";

/// Every statement that must have a status, in the order of the standards: those of MQTT 3.1.1 (`MQTT-3.1.0-1`), of
/// MQTT 5.0 (`MQTT5-3.1.0-1`), the checks of the message broker (`broker.md check 1`), and those of shadows, of the
/// registry and of provisioning (`state.md check 1`).
pub fn statements() -> impl Iterator<Item = &'static str> {
    lines(STATEMENTS)
}

/// The lines of a file of `requirements/`, without comments and blanks.
pub(crate) fn lines(file: &str) -> impl Iterator<Item = &'static str> + use<> {
    text(file)
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
}

/// The text of a file of `requirements/`; empty if there is none.
pub(crate) fn text(file: &str) -> &'static str {
    embedded::REQUIREMENTS.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| *text)
}

static KNOWN: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| statements().collect());

/// Whether a case may rest on `name`: a statement of the list, or a place in the reference (`broker.md 2.7`,
/// `broker.md D-07`, `mqtt-normative.md 4`).
///
/// # Errors
/// It may not; says what there is.
pub fn check(name: &str) -> Result<(), String> {
    if KNOWN.contains(name) {
        return Ok(());
    }
    if ["MQTT-", "MQTT5-", "broker.md check ", "state.md check "].iter().any(|start| name.starts_with(start))
    {
        return Err(format!("no statement is called '{name}'"));
    }
    let place =
        ["broker.md ", "mqtt-normative.md ", "state.md "].iter().find_map(|file| name.strip_prefix(file));
    if place.is_some_and(is_place) {
        return Ok(());
    }
    Err(format!(
        "'{name}' names no statement; write MQTT-3.1.0-1, MQTT5-3.3.4-9, broker.md check 44, broker.md 2.7, \
         broker.md D-07, mqtt-normative.md 4 or state.md 2.3"
    ))
}

/// `2.7`, or `D-07` of the decision register.
fn is_place(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix("D-") {
        Some(decision) => number(decision),
        None => text.split('.').all(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_listed_once() {
        let count = |start: &str| statements().filter(|name| name.starts_with(start)).count();
        assert_eq!((count("MQTT-"), count("MQTT5-"), count("broker.md check ")), (141, 251, 157));
        assert_eq!(count("state.md check "), 93);
        assert_eq!(statements().count(), KNOWN.len());
    }

    #[test]
    fn names_of_statements_and_places_are_told_from_slips() {
        for name in [
            "MQTT-3.1.0-1",
            "MQTT5-3.3.4-9",
            "broker.md check 44",
            "broker.md 2.7",
            "broker.md 7",
            "broker.md D-07",
            "mqtt-normative.md 4",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "MQTT-3.1.0-99",
            "MQTT5-3.1.0",
            "broker.md check 158",
            "broker.md check",
            "broker.md D-x",
            "broker.md 2.",
            "3.1.0-1",
            "",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
