//! JUnit XML, for the systems that collect test results.
//!
//! A run is a suite, an expectation or an oracle is a case. No times and no random ids: equal runs give equal files.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use squall_results::{Expectation, OracleVerdict, RunResults, Verdict, text};
use thiserror::Error;

use crate::view;

mod conformance;

pub use conformance::conformance;

/// Why no XML came of it.
#[derive(Debug, Error)]
#[error("cannot write JUnit XML: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The JUnit XML of one or more runs.
///
/// # Errors
/// [`JunitError`] if the XML writer fails.
pub fn report(runs: &[RunResults]) -> Result<String, JunitError> {
    let mut report = Report::new("squall");
    for results in runs {
        report.add_test_suite(suite(results));
    }
    Ok(report.to_string()?)
}

fn suite(results: &RunResults) -> TestSuite {
    let mut suite = TestSuite::new(suite_name(results));
    suite.add_property(("fingerprint", results.fingerprint.as_str()));
    suite.add_property(("reproduce", results.reproduce.as_str()));
    for expectation in &results.expectations {
        suite.add_test_case(expectation_case(results, expectation));
    }
    for oracle in &results.oracles {
        suite.add_test_case(oracle_case(results, oracle));
    }
    if let Some(interrupted) = &results.interrupted {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let at = text::duration(interrupted.at_seconds.as_micros());
        status.set_message(format!("interrupted after {at}: {}", interrupted.why));
        suite.add_test_case(case(results, "run", "the run reaches its end", status));
    }
    suite
}

/// `reconnect-storm-7`, and in a matrix `reconnect-storm-7/strategy=none`.
fn suite_name(results: &RunResults) -> String {
    let mut name = format!("{}-{}", results.scenario, results.seed);
    for (key, label) in view::short_keys(&results.cell).iter().zip(&results.cell) {
        name.push_str(&format!("/{key}={}", label.value));
    }
    name
}

fn case(results: &RunResults, class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{}.{class}", results.scenario));
    case
}

fn expectation_case(results: &RunResults, expectation: &Expectation) -> TestCase {
    let Expectation { that, is, found, .. } = expectation;
    let status = match expectation.verdict {
        Verdict::Held => TestCaseStatus::success(),
        Verdict::Failed => {
            let line = expectation.line.map(|line| format!(", line {line} of the scenario"));
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("expectation");
            status.set_message(format!("{that}: expected {is}, {found}"));
            status.set_description(format!(
                "{that} must be {is}{}\n{found}\nreproduce: {}",
                line.unwrap_or_default(),
                results.reproduce
            ));
            status
        }
        Verdict::NotJudged => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not judged; {found}"));
            status
        }
    };
    case(results, "expectations", &format!("{that} {is}"), status)
}

fn oracle_case(results: &RunResults, oracle: &OracleVerdict) -> TestCase {
    let status = if oracle.violation_count == 0 {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let violations = view::plural(oracle.violation_count, "violation", "violations");
        let checks = view::plural(oracle.checks, "check", "checks");
        status.set_type("oracle");
        status.set_message(format!("{violations} in {checks}: {}", oracle.about));
        let mut description = String::new();
        for violation in &oracle.violations {
            description.push_str(&text::duration_fine(violation.at_us));
            if let Some(client) = &violation.client {
                description.push_str(&format!(" {client}"));
            }
            description.push_str(&format!(": {}\n", violation.text));
        }
        description.push_str(&format!("reproduce: {}", results.reproduce));
        status.set_description(description);
        status
    };
    case(results, "oracles", &oracle.name, status)
}
