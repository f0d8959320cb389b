//! Axes with ticks that we choose, not the ones a library finds.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use squall_results::text;

/// An axis from `low` to `high` with a labelled tick at each of `ticks`.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to at least `most`, in round steps of counts.
    pub(super) fn counts(most: u64) -> Self {
        let most = most.max(1);
        let step = round_step(most.div_ceil(5));
        let high = most.div_ceil(step).saturating_mul(step);
        let ticks = (0..=high / step).map(|n| (n * step) as f64);
        Self {
            low: 0.0,
            // A line at the very top would be cut in half.
            high: high as f64 * 1.02,
            ticks: ticks.map(|at| (at, text::count(at as u64))).collect(),
        }
    }

    /// Virtual time from 0 to `seconds`.
    pub(super) fn time(seconds: u64) -> Self {
        const STEPS: [u64; 19] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
            172_800,
        ];
        let seconds = seconds.max(1);
        let step = STEPS.into_iter().find(|step| seconds / step <= 10);
        let step = step.unwrap_or_else(|| (seconds / 10).next_multiple_of(86_400));
        Self {
            low: 0.0,
            high: seconds as f64,
            ticks: (0..=seconds / step).map(|n| ((n * step) as f64, time_label(n * step, step))).collect(),
        }
    }

    /// Durations from `low_us` to `high_us` on a logarithmic scale; a value's place is [`log_us`].
    pub(super) fn durations(low_us: u64, high_us: u64) -> Self {
        const TICKS: [(u64, &str); 13] = [
            (1, "1 µs"),
            (10, "10 µs"),
            (100, "100 µs"),
            (1_000, "1 ms"),
            (10_000, "10 ms"),
            (100_000, "100 ms"),
            (1_000_000, "1 s"),
            (10_000_000, "10 s"),
            (60_000_000, "1 min"),
            (600_000_000, "10 min"),
            (3_600_000_000, "1 h"),
            (36_000_000_000, "10 h"),
            (864_000_000_000, "10 d"),
        ];
        let below = TICKS.iter().rposition(|(us, _)| *us <= low_us.max(1));
        let above = TICKS.iter().position(|(us, _)| *us >= high_us);
        // Two ticks at least, or there is no axis.
        let first = below.unwrap_or(0).min(TICKS.len() - 2);
        let last = above.unwrap_or(TICKS.len() - 1).max(first + 1);
        let ticks = &TICKS[first..=last];
        Self {
            low: log_us(ticks[0].0),
            high: log_us(ticks[ticks.len() - 1].0),
            ticks: ticks.iter().map(|(us, label)| (log_us(*us), (*label).to_owned())).collect(),
        }
    }

    /// Percentiles from 50 to 99.99, each nine as wide as the one before it; a percentile's place is `log10(1/(1-p))`.
    pub(super) fn percentiles() -> Self {
        const TICKS: [(f64, &str); 7] = [
            (0.5, "50 %"),
            (0.25, "75 %"),
            (0.1, "90 %"),
            (0.05, "95 %"),
            (0.01, "99 %"),
            (0.001, "99.9 %"),
            (0.0001, "99.99 %"),
        ];
        Self {
            low: -0.5_f64.log10(),
            high: 4.0,
            ticks: TICKS.iter().map(|(rest, label)| (-rest.log10(), (*label).to_owned())).collect(),
        }
    }

    pub(super) const fn low(&self) -> f64 {
        self.low
    }

    pub(super) const fn high(&self) -> f64 {
        self.high
    }

    /// The label of the tick at `value`.
    pub(super) fn label(&self, value: f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| (at - value).abs() < 1e-9);
        tick.map_or_else(String::new, |(_, label)| label.clone())
    }

    /// How many ticks it has.
    pub(super) const fn tick_count(&self) -> usize {
        self.ticks.len()
    }
}

/// The place of a duration on a logarithmic axis.
pub(super) fn log_us(us: u64) -> f64 {
    (us.max(1) as f64).log10()
}

/// The smallest of 1, 2, 5, 10, 20, ... that is at least `step`.
fn round_step(step: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            if power * factor >= step {
                return power * factor;
            }
        }
        match power.checked_mul(10) {
            Some(next) if next < u64::MAX / 10 => power = next,
            _ => return step,
        }
    }
}

/// A point of time in the unit of the steps between ticks.
fn time_label(seconds: u64, step: u64) -> String {
    match step {
        86_400.. => format!("{} d", seconds / 86_400),
        3_600.. => format!("{} h", seconds / 3_600),
        60.. if seconds >= 3_600 => format!("{}:{:02} h", seconds / 3_600, seconds / 60 % 60),
        60.. => format!("{} min", seconds / 60),
        _ if seconds >= 60 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{seconds} s"),
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.low) / (self.high - self.low);
        limit.0 + (part.clamp(0.0, 1.0) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light lines between the ticks are not wanted.
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::counts(100_000)), ["0", "20,000", "40,000", "60,000", "80,000", "100,000"]);
        assert_eq!(labels(&Axis::counts(0)), ["0", "1"]);
        assert_eq!(labels(&Axis::counts(7)), ["0", "2", "4", "6", "8"]);
        assert_eq!(labels(&Axis::time(45))[..3], ["0 s", "5 s", "10 s"]);
        assert_eq!(labels(&Axis::time(100))[6], "1:00 min");
        assert_eq!(labels(&Axis::time(900))[..2], ["0 min", "2 min"]);
        assert_eq!(labels(&Axis::time(7_200))[6], "1:30 h");
        assert_eq!(labels(&Axis::time(86_400 * 30)).len(), 11);
        assert!(Axis::counts(u64::MAX).tick_count() < 12);
    }

    #[test]
    fn a_logarithmic_axis_spans_its_values() {
        assert_eq!(labels(&Axis::durations(20_000, 2_000_000)), ["10 ms", "100 ms", "1 s", "10 s"]);
        assert_eq!(labels(&Axis::durations(0, 0)), ["1 µs", "10 µs"]);
        assert_eq!(labels(&Axis::durations(u64::MAX, u64::MAX)).len(), 2);
    }
}
