//! Why a request of fleet provisioning is rejected, and what the device reads then (`state.md` 3.3).

use serde_json::{Map, json};

use super::error::ProvisioningError;

/// Why a request is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The account asks for this more often than it may.
    Throttled,
    /// The payload is not what the topic takes.
    Payload(Box<str>),
    /// A temporary claim certificate is used later than it may be (check 89).
    ClaimEnded,
    /// The certificate signing request cannot be signed.
    SigningRequest(Box<str>),
    /// No template of that name is for fleet provisioning.
    UnknownTemplate(Box<str>),
    /// The template is there and switched off.
    DisabledTemplate(Box<str>),
    /// No token is given.
    EmptyToken,
    /// The token was never issued, is used up, in use or has ended.
    InvalidToken,
    /// The hook did not allow it: why, for the log.
    Hook(HookFailure),
    /// The template could not be carried out.
    Provisioning(ProvisioningError),
    /// The new certificate could not be made or registered.
    Certificate(Box<str>),
}

/// Why a pre-provisioning hook did not allow a device: to the device all are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookFailure {
    /// It said no.
    Refused,
    /// It took longer than it may.
    TimedOut,
    /// It failed, or there is no such function: what it said.
    Failed(Box<str>),
    /// Its answer is none.
    Answer(Box<str>),
}

impl Rejection {
    /// Status, error code and message.
    ///
    /// One pair is known from a real answer: the empty token's. That a hook's refusal is 403 `AccessDenied` was seen as
    /// well, its text was not. Every other one is unverified: codes are the names of the control plane's exceptions.
    #[must_use]
    pub fn parts(&self) -> (u16, &'static str, String) {
        match self {
            Self::Throttled => (429, "Throttling", "Rate exceeded".to_owned()),
            Self::Payload(what) => (400, "InvalidPayload", format!("Invalid payload: {what}")),
            Self::ClaimEnded => {
                (403, "AccessDenied", "The provisioning claim certificate is no longer valid.".to_owned())
            }
            Self::SigningRequest(what) => (
                400,
                "InvalidCertificateSigningRequest",
                format!("Invalid certificate signing request: {what}"),
            ),
            Self::UnknownTemplate(name) => {
                (404, "ResourceNotFound", format!("Provisioning template {name} not found."))
            }
            Self::DisabledTemplate(name) => {
                (400, "InvalidRequest", format!("Provisioning template {name} is not enabled."))
            }
            Self::EmptyToken => {
                let message = "Certificate ownership token cannot be empty.";
                (400, "InvalidCertificateOwnershipToken", message.to_owned())
            }
            Self::InvalidToken => {
                let message = "Certificate ownership token is invalid or expired.";
                (400, "InvalidCertificateOwnershipToken", message.to_owned())
            }
            Self::Hook(_) => (403, "AccessDenied", "The pre-provisioning hook did not allow it.".to_owned()),
            Self::Provisioning(error) => (status(error), code(error), error.to_string()),
            Self::Certificate(what) => (500, "InternalFailure", what.to_string()),
        }
    }

    /// Whether the same request might be accepted later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled => true,
            Self::Provisioning(error) => error.is_transient(),
            _ => false,
        }
    }

    pub(super) fn payload(&self) -> Map<String, serde_json::Value> {
        let (status, code, message) = self.parts();
        let entries =
            [("statusCode", json!(status)), ("errorCode", json!(code)), ("errorMessage", json!(message))];
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl core::fmt::Display for HookFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Refused => f.write_str("the hook did not allow provisioning"),
            Self::TimedOut => f.write_str("the hook took too long"),
            Self::Failed(what) => write!(f, "the hook failed: {what}"),
            Self::Answer(what) => write!(f, "the hook's answer is none: {what}"),
        }
    }
}

/// Data-plane answers say 429 where the control plane says 400 (`state.md` 2.1).
fn status(error: &ProvisioningError) -> u16 {
    match error {
        ProvisioningError::Template { .. } => 400,
        ProvisioningError::ResourceConflicts { .. } => 409,
        ProvisioningError::Call { .. } if error.is_transient() => 429,
        ProvisioningError::Call { error, .. } => error.exception.status(),
    }
}

fn code(error: &ProvisioningError) -> &'static str {
    let name = error.name();
    name.strip_suffix("Exception").unwrap_or(name)
}
