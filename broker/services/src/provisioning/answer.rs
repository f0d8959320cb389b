//! What a request of fleet provisioning is answered with.

use serde_json::Value;
use squall_types::CertificateId;

use super::apply::Provisioned;
use super::payload::encode;
use super::rejection::Rejection;
use super::topic::{Direction, PayloadFormat};

/// An answer to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetAnswer {
    /// What the device reads, in the format of its request.
    pub payload: Vec<u8>,
    /// The same, for logs and metrics.
    pub outcome: Outcome,
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a certificate, PENDING_ACTIVATION.
    Issued(CertificateId),
    /// The certificate is provisioned.
    Registered {
        /// The certificate.
        certificate: CertificateId,
        /// What was done.
        provisioned: Provisioned,
    },
    /// Nothing came of it, but for the steps that a failure leaves.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// What is left, for the log.
        details: Box<str>,
    },
}

impl FleetAnswer {
    /// Which of the two topics it goes to.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self.outcome {
            Outcome::Issued(_) | Outcome::Registered { .. } => Direction::Accepted,
            Outcome::Rejected { .. } => Direction::Rejected,
        }
    }

    pub(super) fn accepted(format: PayloadFormat, outcome: Outcome, entries: Vec<(&str, Value)>) -> Self {
        let object = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { payload: encode(format, object), outcome }
    }

    pub(super) fn rejected(format: PayloadFormat, rejection: Rejection) -> Self {
        let details = match &rejection {
            Rejection::Hook(failure) => failure.to_string(),
            other => other.parts().2,
        };
        Self::rejected_with(format, rejection, details)
    }

    pub(super) fn rejected_with(format: PayloadFormat, rejection: Rejection, details: String) -> Self {
        let payload = encode(format, rejection.payload());
        Self { payload, outcome: Outcome::Rejected { rejection, details: details.into() } }
    }
}
