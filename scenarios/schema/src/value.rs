//! How the values of a scenario file are spelled: durations, wall times, words.

use core::fmt::Write as _;
use core::time::Duration;
use std::time::UNIX_EPOCH;

use squall_types::WallTime;

use crate::resolved::{AfterRejection, Offline};

mod words;

pub(crate) use words::{CERTIFICATE_STATUS, Choice, Words};

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DurationError {
    /// It begins with a minus.
    Negative,
    /// A number without a unit.
    NoUnit,
    /// A unit that does not exist.
    UnknownUnit(String),
    /// Anything else.
    NotADuration,
    /// Finer than a nanosecond.
    TooFine,
    /// Longer than a century.
    TooLong,
}

/// The units, the longest first.
pub(crate) const UNITS: &[(&str, u128)] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// No duration is longer, so that a sum of two always fits into the clock.
pub(crate) const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

/// Reads one or more numbers with units: `15m`, `1m30s`, `1.5ms`.
///
/// The grammar is that of the bounds in expectations, so that a file has one way to write time.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::NotADuration);
    }
    if let Some(positive) = rest.strip_prefix('-') {
        return Err(parse_duration(positive).err().unwrap_or(DurationError::Negative));
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let after = after.trim_start();
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len()));
        if number.is_empty() {
            return Err(DurationError::NotADuration);
        }
        if unit.is_empty() {
            let at_end = after.is_empty();
            return Err(if at_end { DurationError::NoUnit } else { DurationError::NotADuration });
        }
        let unit = match unit {
            "µs" | "μs" => "us",
            "min" => "m",
            _ => unit,
        };
        let (_, unit_nanos) = UNITS
            .iter()
            .find(|(known, _)| *known == unit)
            .ok_or_else(|| DurationError::UnknownUnit(unit.to_owned()))?;
        nanos = nanos.checked_add(scaled(number, *unit_nanos)?).ok_or(DurationError::TooLong)?;
        rest = after.trim_start();
    }
    match u64::try_from(nanos).map(Duration::from_nanos) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(DurationError::TooLong),
    }
}

/// `number`, a decimal, times `unit`, exactly.
fn scaled(number: &str, unit: u128) -> Result<u128, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| {
        let inner = !part.starts_with('_') && !part.ends_with('_') && !part.is_empty();
        inner.then(|| part.replace('_', "")).filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let (whole, fraction) = digits(whole).zip(digits(fraction)).ok_or(DurationError::NotADuration)?;
    let whole: u128 = whole.parse().map_err(|_| DurationError::TooLong)?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 14 {
        return Err(DurationError::TooFine);
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let part = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().unwrap_or(0) * unit };
    if !part.is_multiple_of(scale) {
        return Err(DurationError::TooFine);
    }
    whole.checked_mul(unit).and_then(|nanos| nanos.checked_add(part / scale)).ok_or(DurationError::TooLong)
}

/// The shortest spelling that reads back exactly: `15m`, `1m30s`, `250us`, `0s`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let mut left = duration.as_nanos();
    let mut text = String::new();
    for (unit, nanos) in UNITS {
        if left >= *nanos {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{unit}", left / nanos);
            left %= nanos;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads RFC 3339 in UTC, as `2026-01-01T00:00:00Z`.
pub(crate) fn parse_wall_time(text: &str) -> Option<WallTime> {
    let since = humantime::parse_rfc3339(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok().map(WallTime)
}

/// RFC 3339 in UTC that reads back exactly.
pub(crate) fn wall_time_text(time: WallTime) -> String {
    humantime::format_rfc3339(UNIX_EPOCH + Duration::from_nanos(time.0)).to_string()
}

/// Reads `A..B`; `None` if it is no such text.
pub(crate) fn parse_range(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once("..")?;
    let number = |digits: &str| {
        let digits = digits.trim().replace('_', "");
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    Some((number(from)?, number(to)?))
}

/// Reads a share of a whole in millionths: `2 %`, `0.02`; `None` if it is no share, or finer than a millionth.
pub(crate) fn parse_share(text: &str) -> Option<u32> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), 10_000),
        None => (text, 1_000_000),
    };
    let millionths = scaled(number, unit).ok()?;
    u32::try_from(millionths).ok().filter(|&share| share <= 1_000_000)
}

/// The spelling of a share that reads back exactly: `2 %`.
pub(crate) fn share_text(per_million: u32) -> String {
    let fraction = format!("{:04}", per_million % 10_000);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{}{dot}{fraction} %", per_million / 10_000)
}

/// The spelling of `after_rejection`.
pub(crate) fn after_rejection_text(after: AfterRejection) -> String {
    match after {
        AfterRejection::BackOff => "back-off".to_owned(),
        AfterRejection::GiveUp => "give-up".to_owned(),
        AfterRejection::Wait(wait) => duration_text(wait),
    }
}

/// Reads `drop` or `queue:N`.
pub(crate) fn parse_offline(text: &str) -> Option<Offline> {
    if text == "drop" {
        return Some(Offline::Drop);
    }
    let digits = text.strip_prefix("queue:").filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok().filter(|&most| most > 0).map(Offline::Queue)
}

/// The spelling of `offline`.
pub(crate) fn offline_text(offline: Offline) -> String {
    match offline {
        Offline::Drop => "drop".to_owned(),
        Offline::Queue(most) => format!("queue:{most}"),
    }
}

/// A whole number with its thousands apart: `10,000,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, expected) in [
            ("15m", Ok(900_000_000_000)),
            ("1m30s", Ok(90_000_000_000)),
            ("1m 30s", Ok(90_000_000_000)),
            ("1.5ms", Ok(1_500_000)),
            ("0.25 d", Ok(21_600_000_000_000)),
            ("1_000us", Ok(1_000_000)),
            ("2µs", Ok(2_000)),
            ("3min", Ok(180_000_000_000)),
            ("0s", Ok(0)),
            ("", Err(DurationError::NotADuration)),
            ("soon", Err(DurationError::NotADuration)),
            ("s", Err(DurationError::NotADuration)),
            ("1..5s", Err(DurationError::NotADuration)),
            ("_1s", Err(DurationError::NotADuration)),
            ("30", Err(DurationError::NoUnit)),
            ("1m30", Err(DurationError::NoUnit)),
            ("5x", Err(DurationError::UnknownUnit("x".into()))),
            ("5M", Err(DurationError::UnknownUnit("M".into()))),
            ("-5s", Err(DurationError::Negative)),
            ("-5", Err(DurationError::NoUnit)),
            ("--5s", Err(DurationError::Negative)),
            ("0.5ns", Err(DurationError::TooFine)),
            ("36501d", Err(DurationError::TooLong)),
            ("99999999999999999999999999999999999999999d", Err(DurationError::TooLong)),
            ("340282366920938463463374607431768211455d", Err(DurationError::TooLong)),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_nanos), "{text}");
        }
    }

    #[test]
    fn durations_print_as_people_write_them() {
        for text in ["0s", "15m", "1m30s", "250us", "1d1h", "1s500ms", "7ns"] {
            assert_eq!(duration_text(parse_duration(text).unwrap()), text);
        }
    }

    #[test]
    fn wall_times_are_rfc_3339() {
        for text in ["2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z"] {
            let time = parse_wall_time(text).unwrap();
            assert_eq!(parse_wall_time(&wall_time_text(time)), Some(time), "{text}");
        }
        assert_eq!(wall_time_text(WallTime::from_unix_secs(1_767_225_600)), "2026-01-01T00:00:00Z");
        for text in ["", "2026-01-01", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"]
        {
            assert_eq!(parse_wall_time(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_leave_their_end_out() {
        for (text, range) in [
            ("0..100", Some((0, 100))),
            (" 1 .. 1_000 ", Some((1, 1_000))),
            ("5..2", Some((5, 2))),
            ("", None),
            ("5", None),
            ("..", None),
            ("1..", None),
            ("1..=2", None),
            ("-1..2", None),
            ("0..4294967296", None),
        ] {
            assert_eq!(parse_range(text), range, "{text}");
        }
    }

    #[test]
    fn shares_are_percents_or_parts_of_one() {
        for (text, share) in [
            ("2 %", Some(20_000)),
            ("2%", Some(20_000)),
            ("0.0001 %", Some(1)),
            ("100 %", Some(1_000_000)),
            ("0.02", Some(20_000)),
            ("1", Some(1_000_000)),
            ("0", Some(0)),
            ("0.000001", Some(1)),
            ("0.0000001", None),
            ("100.0001 %", None),
            ("1.1", None),
            ("-1 %", None),
            ("%", None),
            ("", None),
            ("two", None),
        ] {
            assert_eq!(parse_share(text), share, "{text}");
        }
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (10_000_000, "10,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }

    proptest! {
        #[test]
        fn durations_read_back(nanos in 0..=LONGEST.as_nanos() as u64) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&duration_text(duration)), Ok(duration));
        }

        #[test]
        fn shares_read_back(share in 0..=1_000_000_u32) {
            prop_assert_eq!(parse_share(&share_text(share)), Some(share));
        }

        #[test]
        fn no_text_panics(text in "[-_.0-9a-zµ ]{0,30}|\\PC*") {
            let _ = parse_duration(&text);
            let _ = parse_wall_time(&text);
            let _ = parse_offline(&text);
            let _ = parse_range(&text);
            let _ = parse_share(&text);
        }
    }
}
