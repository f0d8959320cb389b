//! How long operations took: recorded in constant memory, kept as percentiles and histograms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::window::Window;

mod histogram;
mod operation;
mod recorder;

pub use histogram::{CurvePoint, HistogramError, LatencyHistogram};
pub use operation::{Operation, Stat};
pub use recorder::LatencyRecorder;

/// Durations of one operation in one window, as `results.json` has them. Durations are in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationLatency {
    /// Name of the [`Operation`].
    pub operation: String,
    /// Name of the [`Window`].
    pub window: String,
    /// How many operations began in the window, unfinished ones included.
    pub count: u64,
    /// How many of them were not finished at the end of the run; they enter the percentiles with their age then.
    pub unfinished: u64,
    /// Names of the numbers below that are lower bounds: they would be larger by more than a hundredth, had the
    /// unfinished operations taken for ever.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lower_bounds: Vec<String>,
    /// Half took no longer, in microseconds.
    pub p50: u64,
    /// 90 % took no longer, in microseconds.
    pub p90: u64,
    /// 99 % took no longer, in microseconds.
    pub p99: u64,
    /// 99.9 % took no longer, in microseconds.
    pub p999: u64,
    /// The longest, in microseconds, exact.
    pub max: u64,
    /// All of them: an HDR histogram in its V2 encoding, not compressed, as base64.
    pub histogram: String,
}

impl OperationLatency {
    /// The number called `stat`: a count, or microseconds.
    pub const fn stat(&self, stat: Stat) -> u64 {
        match stat {
            Stat::Count => self.count,
            Stat::Unfinished => self.unfinished,
            Stat::P50 => self.p50,
            Stat::P90 => self.p90,
            Stat::P99 => self.p99,
            Stat::P999 => self.p999,
            Stat::Max => self.max,
        }
    }

    /// Whether the duration called `stat` would be larger, had the unfinished operations taken for ever.
    pub fn is_lower_bound(&self, stat: Stat) -> bool {
        self.lower_bounds.iter().any(|name| name == stat.name())
    }

    /// The histogram, decoded. It no longer tells the unfinished operations from the others.
    ///
    /// # Errors
    /// [`HistogramError`] if `histogram` is no HDR histogram in V2 base64.
    pub fn decode_histogram(&self) -> Result<LatencyHistogram, HistogramError> {
        LatencyHistogram::decode(&self.histogram, self.max)
    }
}

/// The row of `operation` in `window`, if one began there.
pub(crate) fn find_row(
    rows: &[OperationLatency],
    operation: Operation,
    window: Window,
) -> Option<&OperationLatency> {
    let window = window.to_string();
    rows.iter().find(|row| row.operation == operation.name() && row.window == window)
}
