//! Why a template gives nothing usable with some parameters.

use core::fmt;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// Where in the template, such as `Resources.thing.Properties.ThingName`.
    pub(crate) place: Box<str>,
    /// What is wrong there.
    pub(crate) message: Box<str>,
}

impl TemplateError {
    pub(crate) fn new(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self { place: place.to_string().into(), message: message.to_string().into() }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
