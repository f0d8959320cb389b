//! What a step looks at that the service counts: `metric Connect.Success == 1`.

use squall_core::Cause;

use super::metrics;
use super::step::{Action, split_word};

/// Something that the service counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A CloudWatch metric.
    Metric(String),
    /// Metered units of one cause.
    Meter(Cause),
    /// Log records `Connection.AuthNError` with one reason.
    Reason(String),
    /// Denials: `EXPLICIT_DENY` or `IMPLICIT_DENY`.
    Denial(String),
    /// Invocations of an authorizer's function for the clients of a link.
    Asked(String),
    /// Invocations of a function by a hook or a rule.
    Invoked(String),
    /// Log records `ProvisionDevice`: of success or of failure.
    ProvisionDevice {
        /// Which.
        success: bool,
    },
}

/// How a metric is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
}

impl Comparison {
    /// Whether `found` is as wanted.
    pub const fn holds(self, found: u64, wanted: u64) -> bool {
        match self {
            Self::Equal => found == wanted,
            Self::AtLeast => found >= wanted,
            Self::Above => found > wanted,
            Self::AtMost => found <= wanted,
        }
    }
}

/// Reads a look at a counter: its kind and what stands behind that; `None` if it is no kind of counter.
pub(super) fn parse_counter(kind: &str, text: &str) -> Option<Result<Action, String>> {
    let named = |check: fn(&str) -> Result<(), String>, counter: fn(String) -> Counter| {
        parse_count(text, |name| check(name).map(|()| counter(name.to_owned())))
    };
    Some(match kind {
        "metric" => named(metrics::check, Counter::Metric),
        "reason" => named(metrics::check_reason, Counter::Reason),
        "denial" => named(metrics::check_denial, Counter::Denial),
        "asked" => named(|_| Ok(()), Counter::Asked),
        "invoked" => named(|_| Ok(()), Counter::Invoked),
        "meter" => parse_count(text, |name| cause(name).map(Counter::Meter)),
        "record" => parse_count(text, metrics::record),
        _ => return None,
    })
}

fn parse_count(text: &str, counter: impl Fn(&str) -> Result<Counter, String>) -> Result<Action, String> {
    let (name, rest) = split_word(text);
    let (comparison, value) = split_word(rest);
    let comparison = match comparison {
        "==" => Comparison::Equal,
        ">=" => Comparison::AtLeast,
        ">" => Comparison::Above,
        "<=" => Comparison::AtMost,
        other => return Err(format!("'{other}' is no comparison; there is ==, >=, > and <=")),
    };
    let counter = counter(name)?;
    let value = value.parse().map_err(|_| format!("'{value}' is no number"))?;
    Ok(Action::Count { counter, comparison, value })
}

fn cause(name: &str) -> Result<Cause, String> {
    let names = Cause::ALL.iter().map(|cause| cause.as_str());
    let found = Cause::ALL.iter().find(|cause| cause.as_str() == name).copied();
    found.ok_or_else(|| crate::near::unknown("cause of metered units", name, names))
}
