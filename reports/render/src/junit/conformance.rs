//! JUnit XML of conformance cases: a suite each, a case each.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use squall_results::{CaseFailure, CaseResult, CaseVerdict, ConformanceResults};

use super::JunitError;

/// The JUnit XML of conformance results. Non-strict and informational cases succeed; what was not run is skipped.
///
/// # Errors
/// [`JunitError`] if the XML writer fails.
pub fn conformance(results: &ConformanceResults) -> Result<String, JunitError> {
    let mut report = Report::new("squall conform");
    let mut suites: Vec<&str> = Vec::new();
    for case in &results.cases {
        if !suites.contains(&case.suite.as_str()) {
            suites.push(&case.suite);
        }
    }
    for name in suites {
        let mut suite = TestSuite::new(name);
        suite.add_property(("target", results.target.as_str()));
        for case in results.cases.iter().filter(|case| case.suite == name) {
            suite.add_test_case(test_case(case));
        }
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn test_case(case: &CaseResult) -> TestCase {
    let why = case.why.clone().unwrap_or_default();
    let status = match case.verdict {
        CaseVerdict::Ok | CaseVerdict::NonStrict | CaseVerdict::Informational => TestCaseStatus::success(),
        CaseVerdict::Skipped | CaseVerdict::Unimplemented => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why);
            status
        }
        CaseVerdict::Failed => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(case.level.as_str());
            let found = case.failure.as_ref();
            let expected = found.map_or("", |failure| &failure.expected);
            let actual = found.map_or("", |failure| &failure.actual);
            status.set_message(format!("expected {expected}, found {actual}"));
            status.set_description(description(case, found));
            status
        }
    };
    let mut test_case = TestCase::new(case.address.clone(), status);
    test_case.set_classname(case.suite.clone());
    test_case
}

fn description(case: &CaseResult, failure: Option<&CaseFailure>) -> String {
    let mut out = format!("{}\nrests on {}\n", case.about, case.requirement.join(", "));
    if let Some(why) = &case.why {
        out.push_str(&format!("{why}\n"));
    }
    let Some(failure) = failure else { return out };
    out.push_str(&format!("{}:{}: {}\n", case.file, failure.line, failure.step));
    for row in &failure.ladder {
        out.push_str(&format!("{} us {} {} {}\n", row.at_us, row.link, row.direction.arrow(), row.text));
    }
    out
}
