//! What becomes of each statement: which cases exercise it, why none can, or that it is missing.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::case::Case;
use crate::requirement::{self, statements};

/// The file of `requirements/` with the statements that no case can exercise.
const UNTESTABLE: &str = "untestable.toml";
/// The file of `requirements/` with the statements that no case exercises yet.
const MISSING: &str = "missing.txt";
/// The file of `requirements/` with the cases whose subject comes later.
const UNIMPLEMENTED: &str = "unimplemented.txt";

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// These cases exercise it.
    Exercised(Vec<String>),
    /// Only these cases do, and they wait for a subject that comes later.
    Waiting(Vec<String>),
    /// No case can tell from outside, for this reason.
    Untestable(String),
    /// No case rests on it yet.
    Missing,
}

/// Why the written reasons cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CoverageError {
    /// The file is no TOML, or has other keys.
    #[error("conformance/requirements/{UNTESTABLE}: {0}")]
    Syntax(String),
    /// It names what is no statement.
    #[error("conformance/requirements/{UNTESTABLE}: no statement is called '{0}'")]
    Unknown(String),
    /// It names a statement twice.
    #[error("conformance/requirements/{UNTESTABLE}: '{0}' stands twice")]
    Twice(String),
    /// It names a statement that a case exercises.
    #[error("conformance/requirements/{UNTESTABLE}: '{statement}' has a case, {case}, so it is testable")]
    Testable {
        /// The statement.
        statement: String,
        /// One of its cases.
        case: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UntestableFile {
    #[serde(default)]
    statement: Vec<Untestable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Untestable {
    id: String,
    why: String,
}

/// Every statement with its status, in the order of the standards.
///
/// # Errors
/// The written reasons are wrong, or stale.
pub fn coverage(cases: &[Case]) -> Result<Vec<(&'static str, Status)>, CoverageError> {
    coverage_with(cases, requirement::text(UNTESTABLE))
}

/// As [`coverage`], with the reasons of another text.
///
/// # Errors
/// As [`coverage`].
pub fn coverage_with(cases: &[Case], reasons: &str) -> Result<Vec<(&'static str, Status)>, CoverageError> {
    let mut reasons = untestable(reasons)?;
    let mut resting: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        for name in &case.requirement {
            resting.entry(name).or_default().push(case);
        }
    }
    let mut out = Vec::new();
    for statement in statements() {
        let cases = resting.remove(statement).unwrap_or_default();
        let status = match (reasons.remove(statement), cases.as_slice()) {
            (Some(_), [first, ..]) => {
                let case = first.address.clone();
                return Err(CoverageError::Testable { statement: statement.to_owned(), case });
            }
            (Some(why), []) => Status::Untestable(why),
            (None, []) => Status::Missing,
            (None, cases) => {
                let waiting = cases.iter().all(|case| case.waits_for.is_some());
                let addresses = cases.iter().map(|case| case.address.clone()).collect();
                if waiting { Status::Waiting(addresses) } else { Status::Exercised(addresses) }
            }
        };
        out.push((statement, status));
    }
    match reasons.pop_first() {
        None => Ok(out),
        Some((unknown, _)) => Err(CoverageError::Unknown(unknown)),
    }
}

fn untestable(text: &str) -> Result<BTreeMap<String, String>, CoverageError> {
    let file: UntestableFile =
        toml_edit::de::from_str(text).map_err(|error| CoverageError::Syntax(error.to_string()))?;
    let mut reasons = BTreeMap::new();
    for Untestable { id, why } in file.statement {
        if reasons.insert(id.clone(), why).is_some() {
            return Err(CoverageError::Twice(id));
        }
    }
    Ok(reasons)
}

/// The statements that `missing.txt` admits to be missing.
pub fn admitted_missing() -> Vec<&'static str> {
    requirement::lines(MISSING).collect()
}

/// The cases that `unimplemented.txt` admits to wait, each as `ADDRESS SUBJECT`.
pub fn admitted_unimplemented() -> Vec<&'static str> {
    requirement::lines(UNIMPLEMENTED).collect()
}

/// The cases that wait, each as `ADDRESS SUBJECT`, in the order of suites and files.
pub fn unimplemented(cases: &[Case]) -> Vec<String> {
    cases
        .iter()
        .filter_map(|case| case.waits_for.as_ref().map(|subject| format!("{} {subject}", case.address)))
        .collect()
}
