//! What is wrong with a policy document, and where.

use core::fmt;

/// Which kind of refusal a document gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyErrorKind {
    /// The API refuses it: `MalformedPolicyException`, 400 (`broker.md` 9.1).
    Malformed,
    /// The service may take it, Squall does not evaluate it and says so instead of guessing.
    NotModelled,
}

/// Why a policy document is refused. Nothing of the document takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    kind: PolicyErrorKind,
    place: String,
    message: String,
}

impl PolicyError {
    pub(super) fn malformed(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: PolicyErrorKind::Malformed, place: place.into(), message: message.into() }
    }

    pub(super) fn not_modelled(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: PolicyErrorKind::NotModelled, place: place.into(), message: message.into() }
    }

    /// Which kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> PolicyErrorKind {
        self.kind
    }

    /// The API's error name; `NotModelled` where the API itself may have taken the document.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            PolicyErrorKind::Malformed => "MalformedPolicyException",
            PolicyErrorKind::NotModelled => "NotModelled",
        }
    }

    /// The HTTP status that the API answers with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.kind {
            PolicyErrorKind::Malformed => 400,
            PolicyErrorKind::NotModelled => 501,
        }
    }

    /// Where in the document, such as `Statement[1].Resource[0]` or `line 3, column 7`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was found there and what is allowed.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.name(), self.place, self.message)
    }
}

impl core::error::Error for PolicyError {}
