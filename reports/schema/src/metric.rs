//! Every name that an expectation can use, and how one is judged.
//!
//! ```text
//! "publish.ack.p99"  ── Metric::parse ──►  Metric ──┐
//! "< 300s"           ── Comparison::parse ─────────►├── judge(…, &RunResults) ──► Expectation
//! ```

use core::fmt;

use thiserror::Error;

use crate::latency::find_row;
use crate::window::parse_fault_number;
use crate::{Counter, FaultWindow, Operation, OperationLatency, RunResults, Stat, Window};

mod comparison;
mod judge;
mod names;
mod value;

pub use comparison::{Comparison, ComparisonError, ComparisonOp};
pub use judge::judge;
use names::suggestions;
pub use names::{MetricDoc, all_metrics};
pub use value::{MetricValue, Unit};

/// A number that a run yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `[WINDOW.]OPERATION.STAT`
    Latency {
        /// What it is taken over.
        window: Window,
        /// What is measured.
        operation: Operation,
        /// Which number of it.
        stat: Stat,
    },
    /// `fault.N.recovery`: from the fault's end until 99.9 % of the fleet is connected again.
    Recovery {
        /// The fault, 1 for the first.
        fault: u32,
    },
    /// `fault.N.disconnected`: devices that lost their connection while the fault lasted.
    Disconnected {
        /// The fault, 1 for the first.
        fault: u32,
    },
    /// A counter by its name.
    Counter(Counter),
    /// `oracle.violations`: violations of all oracles.
    OracleViolations,
    /// `bill.run.total`: what the run cost.
    BillRun,
    /// `bill.month.total`: what a month of the measured window costs.
    BillMonth,
}

/// A name that is no metric.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{name}' is no metric{}", did_you_mean(suggestions))]
pub struct UnknownMetric {
    /// What was asked for.
    pub name: String,
    /// Names that look like it, the nearest first; at most three.
    pub suggestions: Vec<String>,
}

fn did_you_mean(suggestions: &[String]) -> String {
    match suggestions {
        [] => String::new(),
        [one] => format!("; did you mean '{one}'?"),
        [rest @ .., last] => format!("; did you mean '{}' or '{last}'?", rest.join("', '")),
    }
}

impl Metric {
    /// The metric called `name`.
    ///
    /// ```
    /// use squall_results::{Metric, Unit};
    ///
    /// assert_eq!(Metric::parse("fault.1.recovery").unwrap().unit(), Unit::Duration);
    /// let error = Metric::parse("publish.ack.p95").unwrap_err();
    /// assert_eq!(error.to_string(), "'publish.ack.p95' is no metric; did you mean \
    ///     'publish.ack.p90', 'publish.ack.p99' or 'publish.ack.p50'?");
    /// ```
    ///
    /// # Errors
    /// [`UnknownMetric`] with names that look like it.
    pub fn parse(name: &str) -> Result<Self, UnknownMetric> {
        Self::parse_known(name)
            .ok_or_else(|| UnknownMetric { name: name.to_owned(), suggestions: suggestions(name) })
    }

    fn parse_known(name: &str) -> Option<Self> {
        match name {
            "oracle.violations" => return Some(Self::OracleViolations),
            "bill.run.total" => return Some(Self::BillRun),
            "bill.month.total" => return Some(Self::BillMonth),
            _ => {}
        }
        if let Some(counter) = Counter::named(name) {
            return Some(Self::Counter(counter));
        }
        if let Some(rest) = name.strip_prefix("measure.") {
            return Self::parse_latency(Window::Measure, rest);
        }
        if let Some(rest) = name.strip_prefix("fault.") {
            let (number, rest) = rest.split_once('.')?;
            let fault = parse_fault_number(number)?;
            return match rest {
                "recovery" => Some(Self::Recovery { fault }),
                "disconnected" => Some(Self::Disconnected { fault }),
                _ => {
                    let (phase, rest) = rest.split_once('.')?;
                    let window = format!("fault.{fault}.{phase}").parse().ok()?;
                    Self::parse_latency(window, rest)
                }
            };
        }
        Self::parse_latency(Window::Run, name)
    }

    fn parse_latency(window: Window, name: &str) -> Option<Self> {
        let (operation, stat) = name.rsplit_once('.')?;
        Some(Self::Latency { window, operation: Operation::named(operation)?, stat: Stat::named(stat)? })
    }

    /// What its values are measured in.
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Latency { stat, .. } => match stat {
                Stat::Count | Stat::Unfinished => Unit::Count,
                Stat::P50 | Stat::P90 | Stat::P99 | Stat::P999 | Stat::Max => Unit::Duration,
            },
            Self::Recovery { .. } => Unit::Duration,
            Self::Disconnected { .. } | Self::Counter(_) | Self::OracleViolations => Unit::Count,
            Self::BillRun | Self::BillMonth => Unit::Money,
        }
    }

    /// One line for people.
    pub fn about(&self) -> String {
        match self {
            Self::Latency { operation, stat, .. } => {
                format!("{} This is {}.", operation.about(), stat.about())
            }
            Self::Recovery { .. } => RECOVERY_ABOUT.to_owned(),
            Self::Disconnected { .. } => DISCONNECTED_ABOUT.to_owned(),
            Self::Counter(counter) => counter.about().to_owned(),
            Self::OracleViolations => "Violations of all oracles.".to_owned(),
            Self::BillRun => "What the run cost, at the scenario's price book.".to_owned(),
            Self::BillMonth => "What 30 days cost if all of them were like the measured window.".to_owned(),
        }
    }

    /// The fault that the name speaks of, 1 for the first; a scenario can check that it has one.
    pub const fn fault_number(&self) -> Option<u32> {
        match self {
            Self::Latency { window: Window::Fault { number, .. }, .. } => Some(*number),
            Self::Recovery { fault } | Self::Disconnected { fault } => Some(*fault),
            Self::Latency { .. }
            | Self::Counter(_)
            | Self::OracleViolations
            | Self::BillRun
            | Self::BillMonth => None,
        }
    }

    /// Its value in a run; `None` if there is none, as for a percentile of nothing or a fleet that never recovered.
    pub fn value(&self, results: &RunResults) -> Option<MetricValue> {
        if let Some(number) = self.fault_number() {
            find_fault(results, number)?;
        }
        match *self {
            Self::Latency { window, operation, stat } => {
                let row = find_row(&results.latency, operation, window);
                match stat {
                    Stat::Count | Stat::Unfinished => {
                        Some(MetricValue::Count(row.map_or(0, |row| row.stat(stat))))
                    }
                    Stat::P50 | Stat::P90 | Stat::P99 | Stat::P999 | Stat::Max => {
                        row.map(|row| MetricValue::Duration(row.stat(stat)))
                    }
                }
            }
            Self::Recovery { fault } => find_fault(results, fault)?.recovery_us.map(MetricValue::Duration),
            Self::Disconnected { fault } => {
                Some(MetricValue::Count(find_fault(results, fault)?.disconnected))
            }
            Self::Counter(counter) => Some(MetricValue::Count(results.counter(counter.name()))),
            Self::OracleViolations => Some(MetricValue::Count(results.violation_count())),
            Self::BillRun => Some(MetricValue::Money(results.bill.as_ref()?.run.total)),
            Self::BillMonth => Some(MetricValue::Money(results.bill.as_ref()?.month.total)),
        }
    }

    /// The row behind a latency metric.
    fn latency_row<'a>(&self, results: &'a RunResults) -> Option<(&'a OperationLatency, Stat)> {
        match *self {
            Self::Latency { window, operation, stat } => {
                find_row(&results.latency, operation, window).map(|row| (row, stat))
            }
            _ => None,
        }
    }

    /// Why there is no value, in words.
    fn missing(&self, results: &RunResults) -> String {
        if let Some(number) = self.fault_number()
            && find_fault(results, number).is_none()
        {
            return format!("the run has no fault {number}");
        }
        match self {
            Self::Recovery { .. } => "never recovered".to_owned(),
            Self::Latency { operation, .. } => format!("no {} in this window", operation.name()),
            Self::BillRun | Self::BillMonth => "no price book, no bill".to_owned(),
            Self::Disconnected { .. } | Self::Counter(_) | Self::OracleViolations => "no value".to_owned(),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency { window, operation, stat } => {
                if *window != Window::Run {
                    write!(f, "{window}.")?;
                }
                write!(f, "{}.{}", operation.name(), stat.name())
            }
            Self::Recovery { fault } => write!(f, "fault.{fault}.recovery"),
            Self::Disconnected { fault } => write!(f, "fault.{fault}.disconnected"),
            Self::Counter(counter) => f.write_str(counter.name()),
            Self::OracleViolations => f.write_str("oracle.violations"),
            Self::BillRun => f.write_str("bill.run.total"),
            Self::BillMonth => f.write_str("bill.month.total"),
        }
    }
}

const RECOVERY_ABOUT: &str = "From the end of the fault until 99.9 % of the fleet is connected again.";
const DISCONNECTED_ABOUT: &str = "Devices that lost their connection while the fault lasted.";

fn find_fault(results: &RunResults, number: u32) -> Option<&FaultWindow> {
    results.faults.iter().find(|fault| fault.number == number)
}

#[cfg(test)]
mod tests;
