//! Virtual time: nanoseconds since the run began.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

use crate::WallTime;

/// A point of monotonic time, in nanoseconds since the run began (584 years fit).
///
/// Every deadline is a `Timestamp`; nothing a person reads is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// Later than every event.
    pub const MAX: Self = Self(u64::MAX);

    /// The timestamp `seconds` after the start.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// Whole nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Whole seconds since the start.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The time from `earlier` to `self`, or zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// `self` moved `nanos` into the future; stays at [`Timestamp::MAX`] rather than overflow.
    pub const fn plus_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl Timestamp {
    /// `self` moved `nanos` into the past; stays at [`Timestamp::ZERO`] rather than run below it.
    pub const fn minus_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_sub(nanos))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Timestamp {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Prints minutes, seconds and microseconds: `7m30.000250s`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_secs();
        let micros = self.as_micros() % 1_000_000;
        if seconds >= 60 {
            write!(f, "{}m{:02}.{micros:06}s", seconds / 60, seconds % 60)
        } else {
            write!(f, "{seconds}.{micros:06}s")
        }
    }
}

/// The two clocks of one instant: deadlines use the first, people the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time since the run began.
    pub mono: Timestamp,
    /// Wall time, as lifecycle messages and stored records show it.
    pub wall: WallTime,
}

impl Now {
    /// Both clocks of a world whose run began at `epoch` and whose wall clock neither drifts nor jumps.
    pub fn at(mono: Timestamp, epoch: WallTime) -> Self {
        Self { mono, wall: epoch.plus_nanos(mono.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_people_write_it() {
        for (nanos, text) in [
            (0, "0.000000s"),
            (1_500, "0.000001s"),
            (59_999_999_999, "59.999999s"),
            (60_000_000_000, "1m00.000000s"),
            (450_000_250_000, "7m30.000250s"),
        ] {
            assert_eq!(Timestamp(nanos).to_string(), text);
        }
    }

    #[test]
    fn never_overflows_and_never_runs_backwards() {
        assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp::from_secs(1) - Timestamp::from_secs(2), Duration::ZERO);
    }
}
