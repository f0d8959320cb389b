//! Durations of one operation in constant memory.
//!
//! A histogram spans 1 µs to 12 days with two significant digits: a percentile is at most 0.8 % above the true value,
//! never below it, and the largest value is kept exactly. One histogram takes 35 KB; three digits would take eight
//! times that, in memory and in the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use thiserror::Error;

use super::{OperationLatency, Stat};

/// The largest value a bucket has, in microseconds: 12.7 days.
const HIGHEST_US: u64 = (1 << 40) - 1;

const DIGITS: u8 = 2;

/// The durations of a row, and how many operations in a million each covers.
const PERCENTILES: [(Stat, u32); 5] = [
    (Stat::P50, 500_000),
    (Stat::P90, 900_000),
    (Stat::P99, 990_000),
    (Stat::P999, 999_000),
    (Stat::Max, 1_000_000),
];

/// Why a histogram of a file could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no HDR histogram in V2 base64: {0}")]
pub struct HistogramError(String);

/// A point of a percentile curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint {
    /// Operations up to and including this duration.
    pub rank: u64,
    /// The duration, in microseconds.
    pub us: u64,
}

/// Durations of one operation: an HDR histogram of fixed size that also knows what was unfinished.
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    counts: Histogram<u64>,
    max_us: u64,
    /// The ages of unfinished operations, which are in `counts` as well. Few histograms have any.
    unfinished: Option<Box<Histogram<u64>>>,
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST_US, DIGITS)
        .expect("the bounds are constants that the histogram takes")
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { counts: empty(), max_us: 0, unfinished: None }
    }
}

impl LatencyHistogram {
    /// The histogram of a file, which does not tell unfinished operations from others.
    pub(super) fn decode(base64: &str, max_us: u64) -> Result<Self, HistogramError> {
        let bytes = STANDARD.decode(base64).map_err(|error| HistogramError(error.to_string()))?;
        let counts = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| HistogramError(error.to_string()))?;
        Ok(Self { counts, max_us, unfinished: None })
    }

    /// Records an operation that took `us` microseconds. Does not allocate.
    #[inline]
    pub fn record_us(&mut self, us: u64) {
        self.counts.saturating_record(us);
        self.max_us = self.max_us.max(us);
    }

    /// Records an operation that was not finished `age_us` microseconds after it began.
    pub fn add_unfinished(&mut self, age_us: u64) {
        self.record_us(age_us);
        self.unfinished.get_or_insert_with(|| Box::new(empty())).saturating_record(age_us);
    }

    /// Adds all that `other` recorded.
    pub fn merge(&mut self, other: &Self) {
        const SAME: &str = "histograms of equal bounds can be added";
        self.counts.add(&other.counts).expect(SAME);
        self.max_us = self.max_us.max(other.max_us);
        if let Some(unfinished) = &other.unfinished {
            self.unfinished.get_or_insert_with(|| Box::new(empty())).add(&**unfinished).expect(SAME);
        }
    }

    /// How many of the operations were not finished.
    pub fn unfinished(&self) -> u64 {
        self.unfinished.as_ref().map_or(0, |ages| ages.len())
    }

    /// How many operations were recorded, unfinished ones included.
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// The longest, in microseconds, exact.
    pub const fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The duration that `parts_per_million` of the operations did not exceed, in microseconds; 0 without any.
    ///
    /// ```
    /// let mut histogram = squall_results::LatencyHistogram::default();
    /// (1..=100).for_each(|us| histogram.record_us(us));
    /// assert_eq!(histogram.percentile_us(990_000), 99);
    /// ```
    pub fn percentile_us(&self, parts_per_million: u32) -> u64 {
        let rank = self.rank(parts_per_million);
        self.curve().find(|point| point.rank >= rank).map_or(self.max_us, |point| point.us)
    }

    /// The operation, counted from the shortest, that has `parts_per_million` of them up to it.
    fn rank(&self, parts_per_million: u32) -> u64 {
        let parts = u128::from(self.count()) * u128::from(parts_per_million);
        (parts.div_ceil(1_000_000) as u64).max(1)
    }

    /// The numbers that would be larger by more than a hundredth, had the unfinished operations taken for ever.
    fn lower_bounds(&self) -> Vec<String> {
        let Some(ages) = &self.unfinished else {
            return Vec::new();
        };
        let mut finished = self.clone();
        finished.counts.subtract(&**ages).expect("every unfinished operation is counted");
        let mut bounds = Vec::new();
        for (stat, parts_per_million) in PERCENTILES {
            let found = self.percentile_us(parts_per_million);
            let rank = self.rank(parts_per_million);
            let else_found = finished.curve().find(|point| point.rank >= rank);
            if else_found.is_none_or(|point| point.us > found + found / 100) {
                bounds.push(stat.name().to_owned());
            }
        }
        bounds
    }

    /// The distribution: every duration that occurs, as exactly as it is kept, with the operations up to it.
    pub fn curve(&self) -> impl Iterator<Item = CurvePoint> {
        let mut rank = 0;
        self.counts.iter_recorded().map(move |bucket| {
            rank += bucket.count_since_last_iteration();
            CurvePoint { rank, us: bucket.value_iterated_to().min(self.max_us) }
        })
    }

    /// What the file holds of this histogram.
    pub fn summary(&self, operation: &str, window: &str) -> OperationLatency {
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(&self.counts, &mut bytes)
            .expect("a Vec takes all bytes, and no count passes 2^63");
        OperationLatency {
            operation: operation.to_owned(),
            window: window.to_owned(),
            count: self.count(),
            unfinished: self.unfinished(),
            lower_bounds: self.lower_bounds(),
            p50: self.percentile_us(500_000),
            p90: self.percentile_us(900_000),
            p99: self.percentile_us(990_000),
            p999: self.percentile_us(999_000),
            max: self.max_us,
            histogram: STANDARD.encode(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_the_size_that_its_documentation_names() {
        let histogram = LatencyHistogram::default();
        let bytes = histogram.counts.distinct_values() * size_of::<u64>();
        assert_eq!(bytes, 34_816);
    }

    #[test]
    fn percentiles_are_never_below_and_hardly_above_the_truth() {
        let mut histogram = LatencyHistogram::default();
        for us in (1..=1_000_000).step_by(7) {
            histogram.record_us(us * 100);
        }
        let count = histogram.count();
        for ppm in [500_000, 900_000, 990_000, 999_000, 999_990] {
            let rank = (count * u64::from(ppm)).div_ceil(1_000_000);
            let truth = (1 + (rank - 1) * 7) * 100;
            let found = histogram.percentile_us(ppm);
            assert!(found >= truth && found - truth <= truth / 125, "{ppm}: {found} {truth}");
        }
        assert_eq!(histogram.percentile_us(1_000_000), histogram.max_us());
    }

    #[test]
    fn one_duration_is_shown_as_it_was() {
        let mut histogram = LatencyHistogram::default();
        histogram.record_us(41_503);
        assert_eq!(histogram.percentile_us(500_000), 41_503);
        let row = histogram.summary("delivery", "run");
        assert_eq!((row.p50, row.p999, row.max), (41_503, 41_503, 41_503));
    }

    #[test]
    fn a_duration_beyond_the_range_is_counted_and_kept_as_the_maximum() {
        let mut histogram = LatencyHistogram::default();
        histogram.record_us(0);
        histogram.record_us(u64::MAX);
        assert_eq!(histogram.count(), 2);
        assert_eq!(histogram.max_us(), u64::MAX);
    }

    #[test]
    fn unfinished_operations_enter_with_their_age() {
        let mut histogram = LatencyHistogram::default();
        (0..98).for_each(|_| histogram.record_us(10));
        histogram.add_unfinished(5_000_000);
        histogram.add_unfinished(9_000_000);
        let row = histogram.summary("publish.ack", "run");
        assert_eq!((row.count, row.unfinished), (100, 2));
        assert_eq!((row.p50, row.max), (10, 9_000_000));
        assert!(row.p99 >= 5_000_000);
        assert_eq!(row.lower_bounds, ["p99", "p999", "max"]);
        assert!(row.is_lower_bound(Stat::P99) && !row.is_lower_bound(Stat::P90));
    }

    #[test]
    fn a_young_unfinished_operation_puts_only_the_maximum_in_doubt() {
        let mut histogram = LatencyHistogram::default();
        (0..100_000).for_each(|n| histogram.record_us(40_000 + n / 10));
        histogram.add_unfinished(20);
        assert_eq!(histogram.unfinished(), 1);
        assert_eq!(histogram.summary("publish.ack", "run").lower_bounds, ["max"]);
    }

    #[test]
    fn histograms_survive_the_file() {
        let mut histogram = LatencyHistogram::default();
        (0..5_000).for_each(|n| histogram.record_us(n * n));
        let row = histogram.summary("delivery", "run");
        let read = row.decode_histogram().unwrap();
        assert_eq!(read.summary("delivery", "run"), row);
        let broken = OperationLatency { histogram: "AAAA".into(), ..row };
        assert!(broken.decode_histogram().is_err());
    }
}
