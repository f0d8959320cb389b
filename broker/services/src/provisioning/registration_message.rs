//! What the service publishes when a certificate registers by connecting (`state.md` 3.2).

use serde_json::json;
use squall_types::CertificateId;

use super::control::Control;

/// A message that the service publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationMessage {
    /// `$aws/events/certificates/registered/` and the CA's id.
    pub topic: Box<str>,
    /// JSON text.
    pub payload: Box<str>,
}

pub(super) fn registration_message(
    control: &Control<'_>,
    certificate: CertificateId,
    ca: CertificateId,
) -> RegistrationMessage {
    let registered = control.registry.certificate_created(certificate).unwrap_or(control.now.wall);
    let payload = json!({
        "certificateId": certificate.to_string(),
        "caCertificateId": ca.to_string(),
        "timestamp": control.now.wall.as_unix_millis(),
        "certificateStatus": "PENDING_ACTIVATION",
        "awsAccountId": control.registry.account_id(),
        // A text, unlike the timestamp.
        "certificateRegistrationTimestamp": registered.as_unix_millis().to_string(),
    });
    RegistrationMessage {
        topic: format!("$aws/events/certificates/registered/{ca}").into(),
        payload: payload.to_string().into(),
    }
}
