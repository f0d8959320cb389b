//! Why a device was not provisioned.

use core::fmt;

use crate::api_error::ApiError;
use crate::template::TemplateError;

/// What kept a plan from being made or carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvisioningError {
    /// The template gives nothing usable with these parameters.
    Template {
        /// Where in the template, such as `Resources.thing.Properties.ThingName`.
        place: Box<str>,
        /// What is wrong there.
        message: Box<str>,
    },
    /// `ResourceConflictsException`: what the template makes is there, and `OverrideSettings` says FAIL.
    ResourceConflicts {
        /// What is there.
        message: Box<str>,
    },
    /// A call of the control plane failed.
    Call {
        /// The operation as the API spells it.
        operation: &'static str,
        /// Its error.
        error: ApiError,
    },
}

impl ProvisioningError {
    pub(super) fn template(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self::Template { place: place.to_string().into(), message: message.to_string().into() }
    }

    /// Whether the same might succeed later: only throttling passes by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Call { error, .. } if error.exception.name() == "ThrottlingException")
    }

    /// Whether it is the service that failed, not what it was asked for.
    #[must_use]
    pub fn is_server_side(&self) -> bool {
        matches!(self, Self::Call { error, .. } if error.exception.status() >= 500)
    }

    /// The exception's name, as the log's `details` and metrics tell failures apart.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Template { .. } => "InvalidRequestException",
            Self::ResourceConflicts { .. } => "ResourceConflictsException",
            Self::Call { error, .. } => error.exception.name(),
        }
    }
}

/// The text for `details` of a log record.
impl fmt::Display for ProvisioningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template { place, message } => write!(f, "{place}: {message}"),
            Self::ResourceConflicts { message } => write!(f, "ResourceConflictsException: {message}"),
            Self::Call { operation, error } => write!(f, "{operation} failed with {error}"),
        }
    }
}

impl core::error::Error for ProvisioningError {}

impl From<TemplateError> for ProvisioningError {
    fn from(TemplateError { place, message }: TemplateError) -> Self {
        Self::Template { place, message }
    }
}
