//! All suites against the simulated service: nothing fails, and nothing is left out.

use squall_conformance::case::Case;
use squall_conformance::deviation::Deviations;
use squall_conformance::run::RunOptions;
use squall_conformance::suite;
use squall_conformance::target::Sim;
use squall_conformance::verdict::judge;
use squall_results::{CaseVerdict, ConformanceResults};

#[test]
fn the_simulated_service_conforms() {
    let cases = suite::embedded().unwrap();
    let deviations =
        Deviations::embedded("sim", &cases).transpose().unwrap().unwrap_or_else(Deviations::none);
    let chosen: Vec<&Case> = cases.iter().collect();
    let results = judge(&chosen, &Sim::default(), &deviations, &RunOptions::default(), |_| true).unwrap();
    let failed: Vec<String> = results
        .iter()
        .filter(|result| result.verdict == CaseVerdict::Failed)
        .map(|result| format!("{}: {:?}", result.address, result.failure.as_ref().map(|found| &found.actual)))
        .collect();
    let summary = ConformanceResults::new("sim".to_owned(), results).summary;
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(summary.skipped, 0, "the simulated service runs every case");
    assert_eq!(summary.total(), cases.len() as u64);
}
