//! Numbers over virtual time: one value per interval.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! columns {
    ($($variant:ident = $name:literal, $about:literal;)+) => {
        /// A column of the [`Series`] that a run records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum SeriesColumn {
            $(#[doc = $about] $variant,)+
        }

        impl SeriesColumn {
            /// Every column.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in `series.columns`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What a value says.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)+ }
            }
        }
    };
}

columns! {
    DevicesConnected = "devices.connected", "Devices with an accepted connection at the end of the interval.";
    ConnectAttempts = "connect.attempts", "Connection attempts begun in the interval.";
    ConnectAccepted = "connect.accepted", "Accepting CONNACKs in the interval.";
    ConnectRefused = "connect.refused", "Attempts refused in the interval.";
    ConnectThrottled = "connect.throttled", "CONNECTs above the account's connect rate in the interval.";
    PublishSent = "publish.sent", "PUBLISH packets that devices sent for the first time in the interval.";
    PublishAcked = "publish.acked", "PUBACKs that devices received in the interval.";
    DeliveryReceived = "delivery.received", "PUBLISH packets that devices received in the interval.";
}

/// One value per interval and column, from the start of the run on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// Length of an interval, in seconds of virtual time.
    pub interval_seconds: u64,
    /// Values by the name of their [`SeriesColumn`]; all columns have the same length.
    pub columns: BTreeMap<String, Vec<u64>>,
}

impl Series {
    /// The values of `column`, empty if it was not recorded.
    pub fn column(&self, column: SeriesColumn) -> &[u64] {
        self.columns.get(column.name()).map_or(&[], Vec::as_slice)
    }
}

/// Fills a [`Series`] while a run goes on; fit for a hot path.
///
/// ```
/// use squall_results::{SeriesColumn, SeriesRecorder};
///
/// let mut recorder = SeriesRecorder::new(3_000_000);
/// recorder.count(SeriesColumn::ConnectAttempts, 1_999_999);
/// recorder.level(SeriesColumn::DevicesConnected, 1_500_000, 1);
/// let series = recorder.finish(3_000_000);
/// assert_eq!(series.column(SeriesColumn::ConnectAttempts), [0, 1, 0]);
/// assert_eq!(series.column(SeriesColumn::DevicesConnected), [0, 1, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct SeriesRecorder {
    interval_us: u64,
    columns: Vec<Vec<u64>>,
    level: Vec<Option<u64>>,
}

impl SeriesRecorder {
    /// The most intervals that a run is cut into.
    const INTERVALS: u64 = 1_800;

    /// A recorder for a run of `duration_us` microseconds. The interval is the shortest of 1, 2, 5, 10, ... seconds
    /// with which there are no more than 1,800 of them.
    pub fn new(duration_us: u64) -> Self {
        let seconds = duration_us.div_ceil(1_000_000);
        let interval = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]
            .into_iter()
            .find(|interval| seconds.div_ceil(*interval) <= Self::INTERVALS)
            .unwrap_or_else(|| seconds.div_ceil(Self::INTERVALS).next_multiple_of(3_600));
        Self::with_interval(interval)
    }

    /// A recorder with intervals of `seconds`, at least 1.
    pub fn with_interval(seconds: u64) -> Self {
        Self {
            interval_us: seconds.max(1) * 1_000_000,
            columns: vec![Vec::new(); SeriesColumn::ALL.len()],
            level: vec![None; SeriesColumn::ALL.len()],
        }
    }

    /// Length of an interval, in seconds.
    pub const fn interval_seconds(&self) -> u64 {
        self.interval_us / 1_000_000
    }

    /// Counts one in the interval of `at_us`.
    #[inline]
    pub fn count(&mut self, column: SeriesColumn, at_us: u64) {
        let index = (at_us / self.interval_us) as usize;
        let values = &mut self.columns[column as usize];
        if values.len() <= index {
            values.resize(index + 1, 0);
        }
        values[index] += 1;
    }

    /// Says that `column` is at `value` from `at_us` on, until it is said again. Times must not go back.
    #[inline]
    pub fn level(&mut self, column: SeriesColumn, at_us: u64, value: u64) {
        let index = (at_us / self.interval_us) as usize;
        let values = &mut self.columns[column as usize];
        if values.len() <= index {
            values.resize(index + 1, self.level[column as usize].unwrap_or(0));
        }
        values[index] = value;
        self.level[column as usize] = Some(value);
    }

    /// The series of a run that ended at `end_us`: levels carried on, counts filled up with zeros.
    pub fn finish(mut self, end_us: u64) -> Series {
        let recorded = self.columns.iter().map(Vec::len).max().unwrap_or(0);
        let length = recorded.max(end_us.div_ceil(self.interval_us) as usize);
        for (values, level) in self.columns.iter_mut().zip(&self.level) {
            values.resize(length, level.unwrap_or(0));
        }
        Series {
            interval_seconds: self.interval_seconds(),
            columns: SeriesColumn::ALL
                .iter()
                .map(|column| column.name().to_owned())
                .zip(self.columns)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_get_long_intervals() {
        for (duration_seconds, interval) in
            [(1, 1), (1_800, 1), (1_801, 2), (86_400, 60), (30 * 86_400, 1_800), (3_650 * 86_400, 176_400)]
        {
            let recorder = SeriesRecorder::new(duration_seconds * 1_000_000);
            assert_eq!(recorder.interval_seconds(), interval, "{duration_seconds}");
        }
    }

    #[test]
    fn a_level_holds_until_it_changes() {
        let mut recorder = SeriesRecorder::with_interval(1);
        recorder.level(SeriesColumn::DevicesConnected, 0, 5);
        recorder.level(SeriesColumn::DevicesConnected, 3_200_000, 9);
        recorder.level(SeriesColumn::DevicesConnected, 3_900_000, 7);
        recorder.count(SeriesColumn::PublishSent, 0);
        let series = recorder.finish(6_000_000);
        assert_eq!(series.column(SeriesColumn::DevicesConnected), [5, 5, 5, 7, 7, 7]);
        assert_eq!(series.column(SeriesColumn::PublishSent), [1, 0, 0, 0, 0, 0]);
    }
}
