//! Stretches of virtual time that numbers are taken over.
//!
//! ```text
//!          |--------------------------- run ---------------------------|
//!                     |------------------ measure ---------------------|
//!  fault 1 |---- before ----|-- during --|-- after --|
//!  fault 2                               |-- before -|- during -|- after -|
//! ```
//!
//! `before` reaches back to the end of the fault that ended last, or to the start of the run; `after` reaches to
//! the next fault that begins, or to the end of the run. So one fault's aftermath is not blamed on another.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS: u64 = 1_000_000;

/// An exact length or point of virtual time; microseconds in memory, a JSON number of seconds in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u64);

impl Seconds {
    /// `seconds` whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * MICROS)
    }

    /// `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// `nanos` nanoseconds, what is finer than a microsecond cut off.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos / 1_000)
    }

    /// In microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// In whole seconds, the rest cut off.
    pub const fn whole_seconds(self) -> u64 {
        self.0 / MICROS
    }
}

impl fmt::Display for Seconds {
    /// Seconds as a decimal without trailing zeros: `900`, `1.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / MICROS, self.0 % MICROS);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(MICROS) {
            serializer.serialize_u64(self.0 / MICROS)
        } else {
            // 53 bits hold 285 years of microseconds, so the nearest float reads back as the same count.
            serializer.serialize_f64(self.0 as f64 / MICROS as f64)
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Whole(u64),
            Decimal(f64),
        }
        match Number::deserialize(deserializer)? {
            Number::Whole(seconds) => seconds
                .checked_mul(MICROS)
                .map(Self)
                .ok_or_else(|| serde::de::Error::custom("more seconds than fit")),
            Number::Decimal(seconds) if seconds >= 0.0 => Ok(Self((seconds * MICROS as f64).round() as u64)),
            Number::Decimal(_) => Err(serde::de::Error::custom("seconds cannot be negative")),
        }
    }
}

impl JsonSchema for Seconds {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0 })
    }
}

/// A half-open stretch of virtual time: `from` belongs to it, `to` does not. Microseconds since the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, in microseconds.
    pub from_us: u64,
    /// Where the next begins, in microseconds.
    pub to_us: u64,
}

impl Span {
    /// From `from_us` up to, not including, `to_us`.
    pub const fn new(from_us: u64, to_us: u64) -> Self {
        Self { from_us, to_us }
    }

    fn covers(self, other: Self) -> bool {
        self.from_us <= other.from_us && other.to_us <= self.to_us
    }

    fn is_empty(self) -> bool {
        self.from_us >= self.to_us
    }
}

/// The window that percentiles and the monthly bill are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeasureWindow {
    /// Where it begins, in seconds of virtual time.
    pub from_seconds: Seconds,
    /// Where it ends, in seconds of virtual time.
    pub to_seconds: Seconds,
}

/// A part of the time around a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Since the fault before it ended.
    Before,
    /// While it lasts.
    During,
    /// Until the next fault begins.
    After,
}

impl Phase {
    /// All phases, in the order of time.
    pub const ALL: &[Self] = &[Self::Before, Self::During, Self::After];

    /// The spelling in names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// What an operation's numbers are taken over. An operation belongs to the window in which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The whole run.
    Run,
    /// The scenario's `[measure]` window.
    Measure,
    /// The time around a fault.
    Fault {
        /// The fault's place in the scenario, 1 for the first.
        number: u32,
        /// Before, during or after it.
        phase: Phase,
    },
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run => f.write_str("run"),
            Self::Measure => f.write_str("measure"),
            Self::Fault { number, phase } => write!(f, "fault.{number}.{}", phase.name()),
        }
    }
}

impl FromStr for Window {
    type Err = ();

    /// Reads `run`, `measure` or `fault.N.before|during|after`.
    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "run" => return Ok(Self::Run),
            "measure" => return Ok(Self::Measure),
            _ => {}
        }
        let (number, phase) = name.strip_prefix("fault.").and_then(|rest| rest.split_once('.')).ok_or(())?;
        Ok(Self::Fault {
            number: parse_fault_number(number).ok_or(())?,
            phase: *Phase::ALL.iter().find(|known| known.name() == phase).ok_or(())?,
        })
    }
}

pub(crate) fn parse_fault_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number >= 1 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The windows of one run, and the segments that their borders cut it into.
///
/// Every window is a row of whole segments, so an operation is recorded once, in its segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    windows: Vec<(Window, Span)>,
    segments: Vec<u64>,
}

impl Windows {
    /// The windows of a run with a measured window and faults, in the scenario's order.
    pub fn new(measure: Span, faults: &[Span]) -> Self {
        let mut windows = vec![(Window::Run, Span::new(0, u64::MAX)), (Window::Measure, measure)];
        for (fault, number) in faults.iter().zip(1..) {
            let before = faults.iter().map(|other| other.to_us);
            let before = before.filter(|&to| to <= fault.from_us).max().unwrap_or(0);
            let after = faults.iter().map(|other| other.from_us);
            let after = after.filter(|&from| from >= fault.to_us).min();
            let spans =
                [Span::new(before, fault.from_us), *fault, Span::new(fault.to_us, after.unwrap_or(u64::MAX))];
            for (&phase, span) in Phase::ALL.iter().zip(spans) {
                windows.push((Window::Fault { number, phase }, span));
            }
        }
        windows.retain(|(_, span)| !span.is_empty());
        let mut segments: Vec<u64> = windows
            .iter()
            .flat_map(|(_, span)| [span.from_us, span.to_us])
            .filter(|&border| border != u64::MAX)
            .collect();
        segments.sort_unstable();
        segments.dedup();
        Self { windows, segments }
    }

    /// The windows that are not empty, in the order of reports.
    pub fn iter(&self) -> impl Iterator<Item = (Window, Span)> {
        self.windows.iter().copied()
    }

    /// How many segments there are.
    pub(crate) fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The segment that `at_us` lies in.
    #[inline]
    pub(crate) fn segment_at(&self, at_us: u64) -> usize {
        // The first border is 0, the start of the run window.
        self.segments.partition_point(|&border| border <= at_us) - 1
    }

    /// The segments that `span` is made of.
    pub(crate) fn segments_of(&self, span: Span) -> impl Iterator<Item = usize> {
        (0..self.segments.len()).filter(move |&index| {
            let to = self.segments.get(index + 1).copied().unwrap_or(u64::MAX);
            span.covers(Span::new(self.segments[index], to))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_keep_microseconds_through_json() {
        for (micros, json) in [
            (900_000_000, "900"),
            (1_500_000, "1.5"),
            (1, "1e-6"),
            (4_000_000_000_000_001, "4000000000.000001"),
        ] {
            let seconds = Seconds::from_micros(micros);
            assert_eq!(serde_json::to_string(&seconds).unwrap(), json);
            assert_eq!(serde_json::from_str::<Seconds>(json).unwrap(), seconds);
        }
        assert_eq!(Seconds::from_micros(1_500_000).to_string(), "1.5");
        assert!(serde_json::from_str::<Seconds>("-1").is_err());
    }

    #[test]
    fn window_names_read_back() {
        for name in ["run", "measure", "fault.1.before", "fault.12.after"] {
            assert_eq!(name.parse::<Window>().unwrap().to_string(), name);
        }
        for name in ["fault.0.before", "fault.+1.before", "fault.1", "fault.1.x"] {
            assert!(name.parse::<Window>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_fault_is_not_blamed_for_its_neighbours() {
        let windows = Windows::new(Span::new(5, 100), &[Span::new(20, 30), Span::new(50, 60)]);
        let spans: Vec<String> = windows
            .iter()
            .map(|(window, span)| format!("{window} {}..{}", span.from_us, span.to_us))
            .collect();
        let end = u64::MAX;
        assert_eq!(
            spans,
            [
                format!("run 0..{end}"),
                "measure 5..100".into(),
                "fault.1.before 0..20".into(),
                "fault.1.during 20..30".into(),
                "fault.1.after 30..50".into(),
                "fault.2.before 30..50".into(),
                "fault.2.during 50..60".into(),
                format!("fault.2.after 60..{end}"),
            ]
        );
        assert_eq!(windows.segment_at(4), 0);
        assert_eq!(windows.segment_at(5), 1);
        assert_eq!(windows.segment_at(u64::MAX), windows.segment_count() - 1);
        assert_eq!(windows.segments_of(Span::new(5, 30)).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn an_empty_window_is_left_out() {
        let windows = Windows::new(Span::new(0, 10), &[Span::new(0, 5)]);
        assert!(
            windows.iter().all(|(window, _)| window != Window::Fault { number: 1, phase: Phase::Before })
        );
    }
}
