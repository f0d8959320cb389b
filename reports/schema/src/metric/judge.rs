//! From a metric, a bound and a run to a verdict.

use super::{Comparison, Metric, MetricValue, find_fault};
use crate::{Expectation, OperationLatency, RunResults, Stat, Verdict};

/// Judges a run by one bound.
///
/// A value that does not exist fails every bound, except that a fleet which never recovered took longer than any
/// lower bound. In an interrupted run nothing is judged.
pub fn judge(metric: &Metric, comparison: &Comparison, results: &RunResults) -> Expectation {
    let value = metric.value(results);
    let (verdict, found) = match value {
        _ if results.interrupted.is_some() => (Verdict::NotJudged, "the run was interrupted".to_owned()),
        Some(value) => {
            let held = comparison.holds(value);
            (verdict_of(held), found_text(metric, comparison, value, results))
        }
        None => {
            let endless =
                matches!(metric, Metric::Recovery { fault } if find_fault(results, *fault).is_some());
            let held = endless && comparison.op.holds_for_endless();
            (verdict_of(held), metric.missing(results))
        }
    };
    Expectation {
        that: metric.to_string(),
        is: comparison.text().to_owned(),
        found,
        value,
        verdict,
        line: None,
    }
}

const fn verdict_of(held: bool) -> Verdict {
    if held { Verdict::Held } else { Verdict::Failed }
}

fn found_text(metric: &Metric, comparison: &Comparison, value: MetricValue, results: &RunResults) -> String {
    let mut found = value.to_string();
    // "300 s" against "< 300s" would puzzle the reader of a failure.
    if value != comparison.bound && found == comparison.bound.to_string() {
        found = value.exact_text();
    }
    let bounded = |(row, stat): (&OperationLatency, Stat)| row.is_lower_bound(stat);
    if metric.latency_row(results).is_some_and(bounded) {
        found.insert_str(0, "at least ");
    }
    found
}
