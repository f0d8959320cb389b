//! What was judged, and how it came out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::MetricValue;

/// How an expectation came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It held.
    Held,
    /// It did not hold, or there was nothing to hold it against.
    Failed,
    /// It was not judged: it does not name this cell, or the run was interrupted.
    #[default]
    NotJudged,
}

/// One `[[expect]]` of the scenario, judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// The metric, as the scenario names it.
    pub that: String,
    /// The bound, as the scenario writes it.
    pub is: String,
    /// What was found, in words.
    pub found: String,
    /// What was found, exactly; absent if the run has no such value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<MetricValue>,
    /// How it came out.
    pub verdict: Verdict,
    /// Line of the expectation in the scenario file, 1 for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// How many violations of an oracle are kept in full; the rest is counted.
pub const VIOLATIONS_KEPT: usize = 20;

/// What one oracle checked and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OracleVerdict {
    /// Its name.
    pub name: String,
    /// What it holds the run to, in one sentence.
    pub about: String,
    /// How many checks it made.
    pub checks: u64,
    /// How many of them failed, those not kept included.
    pub violation_count: u64,
    /// The first violations, at most [`VIOLATIONS_KEPT`].
    pub violations: Vec<Violation>,
    /// Losses excused by a declared record, by the rule that excuses them.
    pub excused: BTreeMap<String, u64>,
}

impl OracleVerdict {
    /// An oracle that has checked nothing yet.
    pub fn new(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), about: about.to_owned(), ..Self::default() }
    }

    /// Counts a violation, and keeps it if there is room.
    pub fn add_violation(&mut self, violation: Violation) {
        self.violation_count += 1;
        if self.violations.len() < VIOLATIONS_KEPT {
            self.violations.push(violation);
        }
    }

    /// Counts a loss that `rule` excuses.
    pub fn add_excuse(&mut self, rule: &str) {
        match self.excused.get_mut(rule) {
            Some(count) => *count += 1,
            None => {
                self.excused.insert(rule.to_owned(), 1);
            }
        }
    }
}

/// Something that an oracle holds to be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// When, in microseconds of virtual time.
    pub at_us: u64,
    /// What happened, in one sentence.
    pub text: String,
    /// The client that it happened to, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The topic concerned, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The requirement or fact that is broken, if it has an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_violations_are_counted_and_few_are_kept() {
        let mut oracle = OracleVerdict::new("delivery", "every QoS 1 publish arrives");
        for at_us in 0..100 {
            oracle.add_violation(Violation { at_us, ..Violation::default() });
        }
        oracle.add_excuse("queue quota");
        oracle.add_excuse("queue quota");
        assert_eq!(oracle.violation_count, 100);
        assert_eq!(oracle.violations.len(), VIOLATIONS_KEPT);
        assert_eq!(oracle.excused["queue quota"], 2);
    }
}
