//! Getters of what identity and policies need: names of the public API, lists of names, ranges, attributes.

use super::{Cursor, join};
use crate::error::did_you_mean;
use crate::keys::{ATTRIBUTE_NAME, ATTRIBUTE_VALUE_MAX, ATTRIBUTE_VALUE_PUNCTUATION, ATTRIBUTES_MAX, Kind};
use crate::tree::{Entry, Node, Value};
use crate::value::parse_range;
use crate::wording::{kind_text, name_rule_text, with_kind};

impl<'a> Cursor<'a> {
    /// A name within the bounds of the public API.
    pub(crate) fn api_name(&self, name: &str) -> Option<String> {
        let (found, text) = self.find_text(name)?;
        let Kind::Name(rule) = found.key.kind else { panic!("{name} is read as a name") };
        if rule.fits(&text) {
            return Some(text);
        }
        let problem = format!("not the name of a{} {}", n_before(rule.what), rule.what);
        self.report.push(self.error(&found, problem).allowed(name_rule_text(rule)));
        None
    }

    /// The members of a list of texts; `None` if the file has no such list.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<(&'a Node, String)>> {
        let found = self.find(name)?;
        let node = self.node(name)?;
        let Value::List(members) = &node.value else {
            let mut error = self.wrong_type(&found);
            if let Value::Text(text) = &node.value {
                error = error.hint(format!("write a list: {name} = [\"{text}\"]"));
            }
            self.report.push(error);
            return None;
        };
        let text_of = |member: &'a Node| {
            let text = member.as_text();
            if text.is_none() {
                let error = self.report.error(&member.origin, &self.path_of(name), "wrong type");
                self.report.push(error.found(with_kind(member)).allowed(kind_text(&found.key.kind)));
            }
            Some((member, text?.to_owned()))
        };
        // Gathered first, so that every wrong member is reported.
        let texts: Vec<_> = members.iter().map(text_of).collect();
        texts.into_iter().collect()
    }

    /// A range `FROM..TO` with at least one index in it.
    pub(crate) fn range(&self, name: &str) -> Option<(u32, u32)> {
        let (found, text) = self.find_text(name)?;
        let range = parse_range(&text);
        let problem = match range {
            Some((from, to)) if from < to => return range,
            Some(_) => "the range is empty",
            None => "not a range of devices",
        };
        self.report.push(self.error(&found, problem).allowed(kind_text(&found.key.kind)));
        None
    }

    /// Attributes of a thing, ordered by name; `None` if one of them is wrong.
    pub(crate) fn attributes(&self, name: &str) -> Option<Vec<(String, String)>> {
        if self.node(name).is_some_and(|node| node.as_table().is_none()) {
            let found = self.find(name)?;
            self.report.push(self.wrong_type(&found));
            return None;
        }
        let entries = self.members(name);
        if entries.len() > ATTRIBUTES_MAX {
            let error = self.error_at(name, "too many attributes").found(entries.len().to_string());
            self.report.push(error.allowed(format!("at most {ATTRIBUTES_MAX} for a thing")));
            return None;
        }
        let read: Vec<_> = entries.iter().map(|entry| self.attribute(name, entry)).collect();
        let mut attributes: Vec<_> = read.into_iter().collect::<Option<_>>()?;
        attributes.sort();
        Some(attributes)
    }

    fn attribute(&self, name: &str, entry: &Entry) -> Option<(String, String)> {
        let path = join(&self.path_of(name), &entry.key);
        if !ATTRIBUTE_NAME.fits(&entry.key) {
            let error = self.report.error(&entry.key_origin, &path, "not the name of an attribute");
            self.report.push(error.found(&entry.key).allowed(name_rule_text(ATTRIBUTE_NAME)));
            return None;
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || ATTRIBUTE_VALUE_PUNCTUATION.contains(c);
        let fits = |text: &&str| text.len() <= ATTRIBUTE_VALUE_MAX && text.chars().all(allowed);
        let Some(value) = entry.node.as_text().filter(fits) else {
            let error = self.report.error(&entry.node.origin, &path, "not the value of an attribute");
            let rule = format!(
                "text of at most {ATTRIBUTE_VALUE_MAX} characters a-z, A-Z, 0-9 and {ATTRIBUTE_VALUE_PUNCTUATION}"
            );
            self.report.push(error.found(with_kind(&entry.node)).allowed(rule));
            return None;
        };
        Some((entry.key.clone(), value.to_owned()))
    }

    /// Reports that nothing is called `text`, the value under `name` or the member of a list there.
    pub(crate) fn report_unknown(&self, name: &str, at: &Node, text: &str, problem: &str, known: &[&str]) {
        let mut error = self.report.error(&at.origin, &self.path_of(name), problem).found(at.shown());
        error = error.allowed(match known {
            [] => "the file has none".to_owned(),
            _ => known.join(", "),
        });
        error.hint = did_you_mean(text, known.iter().copied());
        self.report.push(error);
    }
}

fn n_before(noun: &str) -> &'static str {
    if noun.starts_with('a') { "n" } else { "" }
}
