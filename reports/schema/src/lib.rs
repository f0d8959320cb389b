//! `results.json`: the one file that every report reads.
//!
//! ```text
//! engine, oracles ──► RunResults ──► results.json ──► terminal, HTML, JUnit, compare
//!        │                ▲
//!        └─ LatencyRecorder, SeriesRecorder, Counters
//! ```
//!
//! [`RunResults`] is the file as a type. Beside it stand the recorders that fill it while a run goes on, and the
//! table of [`Metric`] names that an expectation can use, with the [`judge`] that turns one into a verdict.
//!
//! Everything that differs between two equal runs is in [`Host`]. Added fields do not raise [`SCHEMA_VERSION`],
//! readers ignore fields that they do not know, and [`read`] accepts every older version.
//!
//! This crate knows no broker, device or scenario, and opens no file but the one that it is asked to read.

mod bill;
mod conformance;
mod counter;
mod host;
mod latency;
mod metric;
mod run;
mod series;
pub mod text;
mod usage;
mod verdict;
mod version;
mod window;

pub use bill::{Bill, BillBand, BillCause, BillLine, BillPeriod, Money, MoneyError, Quantity};
pub use conformance::{
    CaseFailure, CaseResult, CaseVerdict, ConformanceResults, ConformanceSummary, LadderDirection, LadderRow,
};
pub use counter::{Counter, Counters};
pub use host::Host;
pub use latency::{
    CurvePoint, HistogramError, LatencyHistogram, LatencyRecorder, Operation, OperationLatency, Stat,
};
pub use metric::{
    Comparison, ComparisonError, ComparisonOp, Metric, MetricDoc, MetricValue, Unit, UnknownMetric,
    all_metrics, judge,
};
pub use run::{
    Assumption, Build, CellLabel, Denials, FaultWindow, InputFile, Interrupted, Override,
    ProvisioningFailures, RunResults, ShadowTrouble, ShadowTroubleKind,
};
pub use series::{Series, SeriesColumn, SeriesRecorder};
pub use usage::{Usage, UsageLine, cause, dimension};
pub use verdict::{Expectation, OracleVerdict, VIOLATIONS_KEPT, Verdict, Violation};
pub use version::{ReadError, SCHEMA_VERSION, json_schema, read, read_file};
pub use window::{MeasureWindow, Phase, Seconds, Span, Window, Windows};
