//! Every name there is: for the documentation, and for suggestions.

use super::{DISCONNECTED_ABOUT, Metric, RECOVERY_ABOUT, Unit};
use crate::window::parse_fault_number;
use crate::{Counter, Operation, Phase, Stat, Window};

/// A name, or a pattern of names, for the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricDoc {
    /// The name; `N` stands for the number of a fault, `a|b` for one of several words.
    pub pattern: String,
    /// What its values are measured in.
    pub unit: Unit,
    /// One line for people.
    pub about: String,
}

/// Every metric, for the documentation.
pub fn all_metrics() -> Vec<MetricDoc> {
    let mut docs = Vec::new();
    let mut doc = |pattern: String, unit, about: &str| {
        docs.push(MetricDoc { pattern, unit, about: about.to_owned() });
    };
    for prefix in ["", "measure.", "fault.N.before|during|after."] {
        for operation in Operation::ALL {
            let name = operation.name();
            let about = operation.about();
            let pattern = format!("{prefix}{name}.p50|p90|p99|p999|max");
            doc(pattern, Unit::Duration, about);
            let counts = format!("{prefix}{name}.count|unfinished");
            doc(counts, Unit::Count, about);
        }
    }
    doc("fault.N.recovery".into(), Unit::Duration, RECOVERY_ABOUT);
    doc("fault.N.disconnected".into(), Unit::Count, DISCONNECTED_ABOUT);
    for counter in Counter::ALL {
        doc(counter.name().into(), Unit::Count, counter.about());
    }
    for metric in [Metric::OracleViolations, Metric::BillRun, Metric::BillMonth] {
        doc(metric.to_string(), metric.unit(), &metric.about());
    }
    docs
}

/// Names near `name`, the nearest first.
pub(super) fn suggestions(name: &str) -> Vec<String> {
    let fault = name
        .strip_prefix("fault.")
        .and_then(|rest| rest.split('.').next())
        .and_then(parse_fault_number)
        .unwrap_or(1);
    let allowed = (name.len() / 4).max(2);
    let mut near: Vec<(usize, String)> = every_metric(fault)
        .map(|metric| metric.to_string())
        .map(|known| (strsim::damerau_levenshtein(name, &known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, known)| known).collect()
}

/// Every metric of a run that has one fault, called `fault`.
pub(super) fn every_metric(fault: u32) -> impl Iterator<Item = Metric> {
    let faults = Phase::ALL.iter().map(move |&phase| Window::Fault { number: fault, phase });
    let latencies = [Window::Run, Window::Measure]
        .into_iter()
        .chain(faults)
        .flat_map(|window| Operation::ALL.iter().map(move |&op| (window, op)))
        .flat_map(|(window, operation)| {
            Stat::ALL.iter().map(move |&stat| Metric::Latency { window, operation, stat })
        });
    let counters = Counter::ALL.iter().copied().map(Metric::Counter);
    latencies.chain(counters).chain([
        Metric::Recovery { fault },
        Metric::Disconnected { fault },
        Metric::OracleViolations,
        Metric::BillRun,
        Metric::BillMonth,
    ])
}
