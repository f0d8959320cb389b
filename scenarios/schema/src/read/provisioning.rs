//! Getters of what provisioning needs: shares, habits, subjects and parameters.

use squall_types::{Template, validate_topic_filter};

use super::{Cursor, join};
use crate::keys::{Kind, NameRule, Renders};
use crate::resolved::AfterRejection;
use crate::tree::{Entry, Node, Value};
use crate::value::{DurationError, parse_duration, parse_share, share_text};
use crate::wording::{kind_text, with_kind};

impl<'a> Cursor<'a> {
    /// A share of a whole, in millionths.
    pub(crate) fn share(&self, name: &str) -> Option<u32> {
        let found = self.find(name)?;
        let Some(text) = found.node.as_text() else {
            let mut error = self.wrong_type(&found);
            if let Value::Whole(_) | Value::Decimal(_) = found.node.value {
                let label = found.node.label();
                let text = parse_share(&label).map_or_else(|| format!("{label} %"), share_text);
                error = error.hint(format!("write it in quotes: {name} = \"{text}\""));
            }
            self.report.push(error);
            return None;
        };
        let share = parse_share(text);
        if share.is_none() {
            self.report.push(self.error(&found, "not a share").allowed(kind_text(&found.key.kind)));
        }
        share
    }

    /// What a device does that was turned away.
    pub(crate) fn after_rejection(&self, name: &str) -> Option<AfterRejection> {
        let (found, text) = self.find_text(name)?;
        let (problem, hint) = match (text.as_str(), parse_duration(&text)) {
            ("back-off", _) => return Some(AfterRejection::BackOff),
            ("give-up", _) => return Some(AfterRejection::GiveUp),
            (_, Ok(wait)) => return Some(AfterRejection::Wait(wait)),
            (_, Err(DurationError::NoUnit)) => {
                ("a duration needs a unit", Some(format!("for seconds, write {name} = \"{text}s\"")))
            }
            _ => (
                "not what a device can do after a rejection",
                crate::error::did_you_mean(&text, ["back-off", "give-up"]),
            ),
        };
        let mut error = self.error(&found, problem).allowed(kind_text(&found.key.kind));
        error.hint = hint;
        self.report.push(error);
        None
    }

    /// A topic filter in which placeholders have no meaning.
    pub(crate) fn topic_filter(&self, name: &str) -> Option<String> {
        let (found, text) = self.find_text(name)?;
        let error = if text.contains("{{") {
            self.error(&found, "placeholders are not filled in here").hint("use + for the level that differs")
        } else {
            match validate_topic_filter(&text) {
                Ok(()) => return Some(text),
                Err(error) => self.error(&found, error.to_string()),
            }
        };
        self.report.push(error);
        None
    }

    /// Names with texts that are the same for a device throughout the run, ordered by name. `check` says of a name what
    /// is wrong with it and what is allowed. `None` if something is wrong.
    pub(crate) fn device_texts(
        &self,
        name: &str,
        check: impl Fn(&str) -> Option<(String, String)>,
    ) -> Option<Vec<(String, Template)>> {
        if self.node(name).is_some_and(|node| node.as_table().is_none()) {
            let found = self.find(name)?;
            self.report.push(self.wrong_type(&found));
            return None;
        }
        let read: Vec<_> =
            self.members(name).iter().map(|entry| self.device_text(name, entry, &check)).collect();
        let mut texts: Vec<_> = read.into_iter().collect::<Option<_>>()?;
        texts.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some(texts)
    }

    fn device_text(
        &self,
        name: &str,
        entry: &'a Entry,
        check: &impl Fn(&str) -> Option<(String, String)>,
    ) -> Option<(String, Template)> {
        let path = join(&self.path_of(name), &entry.key);
        if let Some((problem, allowed)) = check(&entry.key) {
            let error = self.report.error(&entry.key_origin, &path, problem);
            self.report.push(error.found(&entry.key).allowed(allowed));
            return None;
        }
        let template = self.device_template(&entry.node, &path)?;
        Some((entry.key.clone(), template))
    }

    /// A template that stands under no key of the key table.
    fn device_template(&self, node: &'a Node, path: &str) -> Option<Template> {
        let Some(text) = node.as_text() else {
            let error = self.report.error(&node.origin, path, "wrong type").found(with_kind(node));
            self.report.push(error.allowed(kind_text(&Kind::DeviceTemplate(Renders::Anything))));
            return None;
        };
        match Template::parse_per_device(text) {
            Ok(template) => Some(template),
            Err(error) => {
                let kind = Kind::DeviceTemplate(Renders::Anything);
                let report = self.report.error(&node.origin, path, "").found(node.shown());
                self.report.push(super::template::explain(report, &kind, &error));
                None
            }
        }
    }
}

/// What is wrong with a name that `rule` forbids, and what is allowed.
pub(crate) fn name_problem(rule: NameRule, name: &str) -> Option<(String, String)> {
    let problem = || (format!("not the name of a {}", rule.what), crate::wording::name_rule_text(rule));
    (!rule.fits(name)).then(problem)
}
