//! The `value` column of docs/scenario.md.

use core::fmt::Write as _;

use crate::keys::{DurationRule, Kind, Renders};
use crate::resolve::service::profiles;
use crate::value::{duration_text, grouped};

/// What a key's value may be, in a word or two.
pub(super) fn kind_of(kind: &Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Identifier => "name".to_owned(),
        Kind::Name(rule) => {
            format!("name of a{} {}", if rule.what.starts_with('a') { "n" } else { "" }, rule.what)
        }
        Kind::Policies => "list of policy names".to_owned(),
        Kind::File => "file".to_owned(),
        Kind::DeviceRange => "range".to_owned(),
        Kind::Attributes => "table of texts".to_owned(),
        Kind::Call => "word or operation".to_owned(),
        Kind::Arguments => "table".to_owned(),
        Kind::Subject => "table of texts with placeholders".to_owned(),
        Kind::Parameters => "table of texts with placeholders".to_owned(),
        Kind::Share => "share".to_owned(),
        Kind::AfterRejection => "`\"back-off\"`, `\"give-up\"` or a duration".to_owned(),
        Kind::TopicFilter => "topic filter".to_owned(),
        Kind::Profile => {
            let names: Vec<String> =
                profiles().iter().map(|profile| format!("`\"{}\"`", profile.name)).collect();
            names.join(", ")
        }
        Kind::PriceBook => "name of a price book".to_owned(),
        Kind::Template => "text with placeholders".to_owned(),
        Kind::DeviceTemplate(Renders::Anything) => "text with placeholders".to_owned(),
        Kind::DeviceTemplate(Renders::TopicName) => "topic name with placeholders".to_owned(),
        Kind::DeviceTemplate(Renders::TopicFilter) => "topic filter with placeholders".to_owned(),
        Kind::DeviceTemplate(Renders::ThingName) => "thing name with placeholders".to_owned(),
        Kind::TopicName => "topic name".to_owned(),
        Kind::Duration(rule) => duration_of(*rule),
        Kind::WallTime => "point of time".to_owned(),
        Kind::Seed => "seed".to_owned(),
        Kind::Whole { min, max, unit } if *max >= u64::from(u32::MAX) => {
            format!("number of {unit}, from {}", grouped(*min))
        }
        Kind::Whole { min, max, unit } => format!("number of {unit}, {} to {}", grouped(*min), grouped(*max)),
        Kind::QoS => "`0` or `1`".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Choice(_) => "word".to_owned(),
        Kind::Version => "`5` or `\"3.1.1\"`".to_owned(),
        Kind::Offline => "`\"drop\"` or `\"queue:N\"`".to_owned(),
        Kind::Metric => "metric".to_owned(),
        Kind::Comparison => "bound".to_owned(),
        Kind::Curve => "list of numbers".to_owned(),
        Kind::Table(_) => "table".to_owned(),
        Kind::Tables(_) => "list of tables".to_owned(),
        Kind::Network => "link model".to_owned(),
        Kind::Limits => "table of limits".to_owned(),
        Kind::Switches => "table of switches".to_owned(),
        Kind::Matrix => "table of lists".to_owned(),
        Kind::Cells => "table of lists".to_owned(),
    }
}

fn duration_of(rule: DurationRule) -> String {
    let mut text = "duration".to_owned();
    if !rule.min.is_zero() {
        text.push_str(", more than zero");
    }
    if rule.whole_seconds {
        text.push_str(", whole seconds");
    }
    if rule.max < crate::value::LONGEST {
        let _ = write!(text, ", at most {}", duration_text(rule.max));
    }
    text
}
