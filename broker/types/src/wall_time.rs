//! Wall-clock time: what a person or a file sees.

use core::fmt;

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds; reaches the year 2554.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub u64);

impl WallTime {
    /// The wall time of a count of whole seconds since 1970.
    pub const fn from_unix_secs(seconds: u64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// Whole milliseconds since 1970, as lifecycle messages print them.
    pub const fn as_unix_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Whole seconds since 1970.
    pub const fn as_unix_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// `self` moved `nanos` into the future, saturating.
    pub const fn plus_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Prints as log records do, in UTC with milliseconds: `2026-01-01 00:00:00.000`.
    pub fn date_and_time(self) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let (date, [hour, minute, second]) = self.civil();
            let (year, month, day) = date;
            let millis = self.as_unix_millis() % 1_000;
            write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millis:03}")
        })
    }

    /// Year, month and day; hour, minute and second.
    const fn civil(self) -> ((u64, u64, u64), [u64; 3]) {
        let seconds = self.as_unix_secs();
        let of_day = seconds % 86_400;
        (civil_from_days(seconds / 86_400), [of_day / 3_600, of_day / 60 % 60, of_day % 60])
    }
}

/// Prints RFC 3339 in UTC with whole seconds: `2026-01-01T00:00:00Z`.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((year, month, day), [hour, minute, second]) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Proleptic Gregorian date of a day count since 1970-01-01, by eras of 400 years that begin in March.
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(WallTime::from_unix_secs(seconds).to_string(), text);
        }
    }

    #[test]
    fn prints_as_log_records_do() {
        for (millis, text) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_782_399_999, "2000-02-28 23:59:59.999"),
            (951_782_400_001, "2000-02-29 00:00:00.001"),
            (1_709_164_800_010, "2024-02-29 00:00:00.010"),
            (1_735_689_599_100, "2024-12-31 23:59:59.100"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000"),
            (u64::MAX / 1_000_000, "2554-07-21 23:34:33.709"),
        ] {
            // A part of a millisecond is cut off.
            let at = WallTime((millis * 1_000_000_u64).saturating_add(999));
            assert_eq!(at.date_and_time().to_string(), text);
        }
    }
}
