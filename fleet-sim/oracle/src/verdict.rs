//! What a judge found.

use std::collections::BTreeMap;

use squall_types::Timestamp;

use crate::ClientKey;

/// How many violations a judge keeps in full; the rest is counted.
const KEPT: usize = 20;

/// What one judge checked and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its name.
    pub name: &'static str,
    /// What it holds the run to.
    pub about: &'static str,
    /// Checks made.
    pub checks: u64,
    /// Violations found.
    pub violations: u64,
    /// The first of them.
    pub examples: Vec<Violation>,
    /// Losses excused, by rule.
    pub excused: BTreeMap<&'static str, u64>,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When it was found.
    pub at: Timestamp,
    /// The client that it happened to, if one.
    pub client: Option<ClientKey>,
    /// What happened.
    pub text: String,
}

impl Verdict {
    pub(crate) const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, checks: 0, violations: 0, examples: Vec::new(), excused: BTreeMap::new() }
    }

    pub(crate) fn violated(&mut self, at: Timestamp, client: Option<ClientKey>, text: String) {
        self.violations += 1;
        if self.examples.len() < KEPT {
            self.examples.push(Violation { at, client, text });
        }
    }

    pub(crate) fn excused(&mut self, rule: &'static str) {
        *self.excused.entry(rule).or_default() += 1;
    }
}
