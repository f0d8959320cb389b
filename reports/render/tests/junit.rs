//! JUnit XML.

use squall_render::junit;
use squall_results::Interrupted;

mod support;

#[test]
fn expectations_and_oracles_are_cases() {
    let mut failing = support::failing();
    failing.oracles[0].violations.truncate(2);
    failing.interrupted =
        Some(Interrupted { at_seconds: squall_results::Seconds::from_secs(700), why: "Ctrl-C".into() });
    insta::assert_snapshot!("failing", junit::report(&[failing]).unwrap());
}

#[test]
fn cells_are_suites() {
    insta::assert_snapshot!("matrix", junit::report(&support::matrix()).unwrap());
}

#[test]
fn equal_runs_give_equal_files() {
    let mut again = support::failing();
    again.host = squall_results::Host::default();
    assert_eq!(junit::report(&[support::failing()]).unwrap(), junit::report(&[again]).unwrap());
}
