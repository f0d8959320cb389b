//! What values are and what keys allow, in the words of error messages.

use squall_services::policy::CertificateField;

use crate::keys::{ATTRIBUTES_MAX, DurationRule, IDENTIFIER_MAX, Kind, NameRule, Renders};
use crate::tree::{Node, Value};
use crate::value::{LONGEST, duration_text, grouped};

/// The value and what it is, for the `found` line of a type error.
pub(crate) fn with_kind(node: &Node) -> String {
    match &node.value {
        Value::List(members) if members.is_empty() => "an empty list".to_owned(),
        Value::List(members) => format!("a list of {}", members.len()),
        Value::Table(_) => "a table".to_owned(),
        _ => format!("{} ({})", node.shown(), node.kind()),
    }
}

/// What a kind allows, in words: for errors and for the documentation.
pub(crate) fn kind_text(kind: &Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Identifier => {
            format!("a name of at most {IDENTIFIER_MAX} characters a-z, 0-9 and -, in quotes")
        }
        Kind::Name(rule) => name_rule_text(*rule),
        Kind::Policies => "list of names of policies, as [\"per-device\"]".to_owned(),
        Kind::File => "path of a file, relative to the scenario file, in quotes".to_owned(),
        Kind::DeviceRange => {
            "\"FROM..TO\": the first index of the fleet that is meant and the first that is left out, as \"0..100\""
                .to_owned()
        }
        Kind::Attributes => format!("table of at most {ATTRIBUTES_MAX} texts, as {{ model = \"x1\" }}"),
        Kind::Call => "name of a call or of an operation of the public API, in quotes".to_owned(),
        Kind::Arguments => "table of the call's arguments".to_owned(),
        Kind::Subject => format!(
            "table of texts, as {{ CommonName = \"{{{{thing}}}}\" }}, by fields of a subject: {}",
            subject_fields().map(CertificateField::text).collect::<Vec<_>>().join(", ")
        ),
        Kind::Parameters => "table of texts, as { SerialNumber = \"{{index}}\" }".to_owned(),
        Kind::Share => {
            "percentage or part of 1 in quotes, to a millionth, as \"2 %\" or \"0.02\"".to_owned()
        }
        Kind::AfterRejection => "\"back-off\", \"give-up\", or a duration as \"5m\"".to_owned(),
        Kind::TopicFilter => "topic filter".to_owned(),
        Kind::Profile => "name of a profile, in quotes".to_owned(),
        Kind::PriceBook => "name of a price book, in quotes".to_owned(),
        Kind::Template => "text with placeholders".to_owned(),
        Kind::DeviceTemplate(Renders::Anything) => "text with placeholders of a device".to_owned(),
        Kind::DeviceTemplate(Renders::TopicName) => "topic name with placeholders of a device".to_owned(),
        Kind::DeviceTemplate(Renders::TopicFilter) => "topic filter with placeholders of a device".to_owned(),
        Kind::DeviceTemplate(Renders::ThingName) => "thing name with placeholders of a device".to_owned(),
        Kind::TopicName => "topic name".to_owned(),
        Kind::Duration(rule) => duration_rule_text(*rule),
        Kind::WallTime => "RFC 3339 in UTC and in quotes, as \"2026-01-01T00:00:00Z\"".to_owned(),
        Kind::Seed => format!("whole number from 0 to {} in quotes, as \"7\"", u64::MAX),
        Kind::Whole { min, max, unit } => {
            format!("whole number of {unit} from {} to {}", grouped(*min), grouped(*max))
        }
        Kind::QoS => "0 or 1".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Choice(choices) => {
            choices.iter().map(|choice| format!("\"{}\"", choice.word)).collect::<Vec<_>>().join(", ")
        }
        Kind::Version => "5 or \"3.1.1\"".to_owned(),
        Kind::Offline => "\"drop\" or \"queue:N\" with N from 1".to_owned(),
        Kind::Metric => "name of a metric, in quotes".to_owned(),
        Kind::Comparison => "operator and bound, as \"< 300s\"".to_owned(),
        Kind::Curve => {
            "list of two or more whole numbers of microseconds, none less than the one before".to_owned()
        }
        Kind::Table(_) => "table".to_owned(),
        Kind::Tables(_) => "list of tables".to_owned(),
        Kind::Network => "name of a link model in quotes, or a table".to_owned(),
        Kind::Limits => "table of limits, each a whole number".to_owned(),
        Kind::Switches => "table of switches, each a word in quotes".to_owned(),
        Kind::Matrix | Kind::Cells => "table of keys, each a list of values".to_owned(),
    }
}

/// The fields that a certificate's subject may have; the others are alternative names.
pub(crate) fn subject_fields() -> impl Iterator<Item = CertificateField> {
    CertificateField::ALL.iter().copied().filter(|field| !field.text().contains('.'))
}

/// The bounds of a name of the public API, in words.
pub(crate) fn name_rule_text(rule: NameRule) -> String {
    format!("1 to {} characters a-z, A-Z, 0-9 and {}", rule.max, rule.punctuation)
}

fn duration_rule_text(rule: DurationRule) -> String {
    let mut text = "duration in quotes with a unit (ns us ms s m h d), as \"90s\" or \"1m30s\"".to_owned();
    if rule.whole_seconds {
        text.push_str(", in whole seconds");
    }
    if !rule.min.is_zero() {
        text.push_str(", more than zero");
    }
    if rule.max < LONGEST {
        text.push_str(", at most ");
        text.push_str(&duration_text(rule.max));
    }
    text
}
