//! From how cases went to verdicts.

use std::collections::BTreeMap;

use squall_results::{CaseFailure, CaseResult, CaseVerdict};

use crate::case::{Case, Level};
use crate::deviation::Deviations;
use crate::run::{Outcome, RunOptions, run_case};
use crate::target::{Target, TargetError};

/// Runs cases one after the other and judges each.
///
/// `go_on` is asked before each case, with how many are done; where it says no, the rest is left out.
///
/// # Errors
/// The target cannot be reached.
pub fn judge(
    cases: &[&Case],
    target: &dyn Target,
    deviations: &Deviations,
    options: &RunOptions,
    mut go_on: impl FnMut(usize) -> bool,
) -> Result<Vec<CaseResult>, TargetError> {
    let mut results = Vec::with_capacity(cases.len());
    for (number, case) in cases.iter().enumerate() {
        if !go_on(number) {
            break;
        }
        let outcome = match not_run(case, target, deviations) {
            Some(result) => result,
            None => judged(case, run_case(case, number, target, options)?, deviations),
        };
        results.push(outcome);
    }
    if results.len() == cases.len() {
        fail_stale_groups(cases, &mut results, deviations);
    }
    Ok(results)
}

fn result(case: &Case, verdict: CaseVerdict) -> CaseResult {
    CaseResult {
        address: case.address.clone(),
        suite: case.suite.name().to_owned(),
        requirement: case.requirement.clone(),
        level: case.level.as_str().to_owned(),
        verdict,
        about: case.about.clone(),
        file: case.place.file.clone(),
        line: u32::try_from(case.place.line).unwrap_or(u32::MAX),
        why: None,
        source: None,
        failure: None,
    }
}

/// The result of a case that is not to be run.
fn not_run(case: &Case, target: &dyn Target, deviations: &Deviations) -> Option<CaseResult> {
    if let Some(subject) = &case.waits_for {
        let why = Some(format!("waits for {subject}"));
        return Some(CaseResult { why, ..result(case, CaseVerdict::Unimplemented) });
    }
    let of_aws = case.level == Level::AwsDiffers || case.suite.is_of_aws();
    if of_aws && !target.is_ours() && !deviations.aws {
        let why = Some("AWS IoT Core does this in its own way, and the target is another broker".to_owned());
        return Some(CaseResult { why, ..result(case, CaseVerdict::Skipped) });
    }
    None
}

fn judged(case: &Case, outcome: Outcome, deviations: &Deviations) -> CaseResult {
    let declared = deviations.of(case);
    match (outcome, declared) {
        (Outcome::Skipped(why), _) => CaseResult { why: Some(why), ..result(case, CaseVerdict::Skipped) },
        (Outcome::Passed, Some((address, deviation))) if address == case.address => CaseResult {
            why: Some(format!(
                "the deviation that {} declares is stale: {}",
                deviations.file, deviation.reason
            )),
            source: Some(deviation.source.clone()),
            failure: Some(stale(case)),
            ..result(case, CaseVerdict::Failed)
        },
        (Outcome::Passed, _) => result(case, CaseVerdict::Ok),
        (Outcome::Failed(failure), _) if case.level == Level::May => {
            CaseResult { failure: Some(*failure), ..result(case, CaseVerdict::Informational) }
        }
        (Outcome::Failed(failure), Some((_, deviation))) => CaseResult {
            why: Some(deviation.reason.clone()),
            source: Some(deviation.source.clone()),
            failure: Some(*failure),
            ..result(case, CaseVerdict::NonStrict)
        },
        (Outcome::Failed(failure), None) | (Outcome::Unusable(failure), _) => {
            CaseResult { failure: Some(*failure), ..result(case, CaseVerdict::Failed) }
        }
    }
}

fn stale(case: &Case) -> CaseFailure {
    CaseFailure {
        step: "the whole case".to_owned(),
        line: u32::try_from(case.place.line).unwrap_or(u32::MAX),
        expected: "that the target deviates, as declared".to_owned(),
        actual: "the target does what the case says".to_owned(),
        ladder: Vec::new(),
    }
}

/// A deviation declared for a group of byte vectors is stale if all of them are as written.
fn fail_stale_groups(cases: &[&Case], results: &mut [CaseResult], deviations: &Deviations) {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        if let Some((group, _)) = deviations.of(case).filter(|(address, _)| *address != case.address) {
            groups.entry(group).or_default().push(index);
        }
    }
    for (group, members) in groups {
        let all_ok = members.iter().all(|index| results[*index].verdict == CaseVerdict::Ok);
        let Some(first) = members.first().filter(|_| all_ok) else { continue };
        let result = &mut results[*first];
        result.verdict = CaseVerdict::Failed;
        result.why = Some(format!("the deviation that {} declares for {group} is stale", deviations.file));
        result.failure = Some(stale(cases[*first]));
    }
}
