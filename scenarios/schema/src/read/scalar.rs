//! Getters of single values: text, durations, numbers, words.

use core::time::Duration;

use squall_types::{ProtocolVersion, QoS, Seed, WallTime};

use super::{Cursor, Found, is_identifier};
use crate::error::{ScenarioError, did_you_mean};
use crate::keys::{DurationRule, Kind, words_text};
use crate::resolved::Offline;
use crate::tree::{Node, Value};
use crate::value::{Choice, DurationError, Words, parse_duration, parse_offline, parse_wall_time};
use crate::wording::kind_text;

impl Cursor<'_> {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.find_text(name).map(|(_, text)| text)
    }

    /// A name of lower-case letters, digits and hyphens.
    pub(crate) fn identifier(&self, name: &str) -> Option<String> {
        let (found, text) = self.find_text(name)?;
        if is_identifier(&text) {
            return Some(text);
        }
        let mut error = self.error(&found, "not a name").allowed(kind_text(&found.key.kind));
        let mended: String = text.to_lowercase().replace([' ', '_', '.', '/'], "-");
        if is_identifier(&mended) {
            error = error.hint(format!("write \"{mended}\""));
        }
        self.report.push(error);
        None
    }

    /// A text that must be one of `known`, which are called `what`.
    pub(crate) fn one_of(&self, name: &str, what: &str, known: &[&str]) -> Option<String> {
        let (found, text) = self.find_text(name)?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        let mut error = self.error(&found, format!("no {what} has this name")).allowed(known.join(", "));
        error.hint = did_you_mean(&text, known.iter().copied());
        self.report.push(error);
        None
    }

    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        let found = self.find(name)?;
        let Kind::Duration(rule) = found.key.kind else { panic!("{name} is read as a duration") };
        let Some(text) = found.node.as_text() else {
            let mut error = self.wrong_type(&found);
            if let Value::Whole(number) = found.node.value {
                error = error.hint(format!("give it a unit, in quotes: {name} = \"{number}s\""));
            }
            self.report.push(error);
            return None;
        };
        let outcome = parse_duration(text);
        let Some(error) = self.check_duration(&found, &outcome, rule) else { return outcome.ok() };
        self.report.push(error);
        None
    }

    fn check_duration(
        &self,
        found: &Found<'_>,
        outcome: &Result<Duration, DurationError>,
        rule: DurationRule,
    ) -> Option<ScenarioError> {
        let text = found.node.as_text().unwrap_or_default();
        let problem = match outcome {
            Ok(duration) if *duration < rule.min => "the duration must not be zero",
            Ok(duration) if *duration > rule.max => "the duration is too long",
            Ok(duration) if rule.whole_seconds && duration.subsec_nanos() != 0 => {
                "the duration must be whole seconds"
            }
            Ok(_) => return None,
            Err(DurationError::Negative) => "a duration cannot be negative",
            Err(DurationError::NoUnit) => "a duration needs a unit",
            Err(DurationError::UnknownUnit(_)) => "unknown unit of time",
            Err(DurationError::NotADuration) => "not a duration",
            Err(DurationError::TooFine) => "the duration is finer than a nanosecond",
            Err(DurationError::TooLong) => "the duration is too long",
        };
        let error = self.error(found, problem).allowed(kind_text(&found.key.kind));
        Some(match outcome {
            Err(DurationError::NoUnit) => {
                error.hint(format!("for seconds, write {} = \"{text}s\"", found.key.name))
            }
            Err(DurationError::UnknownUnit(unit)) => match unit_hint(unit) {
                Some(hint) => error.hint(hint),
                None => error,
            },
            _ => error,
        })
    }

    pub(crate) fn wall_time(&self, name: &str) -> Option<WallTime> {
        let (found, text) = self.find_text(name)?;
        let time = parse_wall_time(&text);
        if time.is_none() {
            let error = self.error(&found, "not a point of time").allowed(kind_text(&found.key.kind));
            self.report.push(error);
        }
        time
    }

    pub(crate) fn seed(&self, name: &str) -> Option<Seed> {
        let (found, text) = self.find_text(name)?;
        let seed = text.parse().ok();
        if seed.is_none() {
            self.report.push(self.error(&found, "not a seed").allowed(kind_text(&found.key.kind)));
        }
        seed
    }

    pub(crate) fn whole(&self, name: &str) -> Option<u64> {
        let found = self.find(name)?;
        let Kind::Whole { min, max, .. } = found.key.kind else { panic!("{name} is read as a number") };
        self.whole_within(&found, min, max)
    }

    pub(crate) fn whole_u32(&self, name: &str) -> Option<u32> {
        self.whole(name).map(|number| u32::try_from(number).expect("the key table bounds it"))
    }

    fn whole_within(&self, found: &Found<'_>, min: u64, max: u64) -> Option<u64> {
        let Value::Whole(number) = found.node.value else {
            let mut error = self.wrong_type(found);
            if let Some(plain) = found.node.as_text().and_then(plain_number) {
                error = error.hint(format!("write the number without quotes: {} = {plain}", found.key.name));
            }
            self.report.push(error);
            return None;
        };
        match u64::try_from(number) {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let error = self.error(found, "the number is out of range");
                self.report.push(error.allowed(kind_text(&found.key.kind)));
                None
            }
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        let found = self.find(name)?;
        let Value::Flag(flag) = found.node.value else {
            let mut error = self.wrong_type(&found);
            if matches!(found.node.as_text(), Some("true" | "false")) {
                error = error.hint("write it without quotes");
            }
            self.report.push(error);
            return None;
        };
        Some(flag)
    }

    pub(crate) fn qos(&self, name: &str) -> Option<QoS> {
        let found = self.find(name)?;
        if matches!(found.node.value, Value::Whole(2)) {
            let error = self.error(&found, "the service refuses QoS 2").allowed("0, 1");
            self.report.push(error.hint("AWS IoT Core ends the connection of a client that uses QoS 2"));
            return None;
        }
        match self.whole_within(&found, 0, 1)? {
            0 => Some(QoS::AtMostOnce),
            _ => Some(QoS::AtLeastOnce),
        }
    }

    pub(crate) fn version(&self, name: &str) -> Option<ProtocolVersion> {
        let found = self.find(name)?;
        match (&found.node.value, found.node.as_text()) {
            (Value::Whole(5), _) => return Some(ProtocolVersion::V5),
            (_, Some("3.1.1")) => return Some(ProtocolVersion::V311),
            _ => {}
        }
        let mut error = self.error(&found, "no version of MQTT that the service speaks");
        error = error.allowed(kind_text(&found.key.kind));
        let text = found.node.label();
        error.hint = match text.as_str() {
            "3" | "4" | "3.1" | "311" => Some("write version = \"3.1.1\"".to_owned()),
            "5" | "5.0" => Some("write version = 5, without quotes".to_owned()),
            _ => None,
        };
        self.report.push(error);
        None
    }

    pub(crate) fn offline(&self, name: &str) -> Option<Offline> {
        let (found, text) = self.find_text(name)?;
        let offline = parse_offline(&text);
        if offline.is_none() {
            let mut error = self.error(&found, "not a way to treat a publish while offline");
            error = error.allowed(kind_text(&found.key.kind));
            if text.starts_with("queue") {
                error = error.hint("say how many: \"queue:100\"");
            } else {
                error.hint = did_you_mean(&text, ["drop"]);
            }
            self.report.push(error);
        }
        offline
    }

    /// One of the words of `T`.
    pub(crate) fn choice<T: Words>(&self, name: &str) -> Option<T> {
        let index = self.choice_index(name, T::CHOICES)?;
        Some(T::VALUES[index])
    }

    /// One of the words of `choices`, by its index.
    pub(crate) fn choice_index(&self, name: &str, choices: &[Choice]) -> Option<usize> {
        let (found, text) = self.find_text(name)?;
        let position = choices.iter().position(|choice| choice.word == text);
        if position.is_none() {
            let mut error = self.error(&found, "unknown word").allowed(words_text(choices));
            error.hint = did_you_mean(&text, choices.iter().map(|choice| choice.word));
            self.report.push(error);
        }
        position
    }

    /// A list of at least two numbers that never fall.
    pub(crate) fn curve(&self, name: &str) -> Option<Vec<u32>> {
        let found = self.find(name)?;
        let Value::List(members) = &found.node.value else {
            self.report.push(self.wrong_type(&found));
            return None;
        };
        let number = |node: &Node| match node.value {
            Value::Whole(number) => u32::try_from(number).ok(),
            _ => None,
        };
        let points: Option<Vec<u32>> = members.iter().map(number).collect();
        let points = points.filter(|points| points.len() >= 2 && points.is_sorted());
        if points.is_none() {
            let error = self.error(&found, "not a distribution").allowed(kind_text(&found.key.kind));
            self.report.push(error);
        }
        points
    }
}

fn plain_number(text: &str) -> Option<&str> {
    let digits = |c: char| c.is_ascii_digit() || c == '_';
    (!text.is_empty() && text.chars().all(digits)).then_some(text)
}

fn unit_hint(unit: &str) -> Option<String> {
    let known = match unit {
        "sec" | "secs" | "second" | "seconds" | "S" => "s",
        "mins" | "minute" | "minutes" | "M" => "m",
        "hr" | "hrs" | "hour" | "hours" | "H" => "h",
        "day" | "days" | "D" => "d",
        "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
        "usec" | "micros" | "microsecond" | "microseconds" => "us",
        "nsec" | "nanos" | "nanosecond" | "nanoseconds" => "ns",
        _ => return None,
    };
    Some(format!("write {known} for {unit}"))
}
