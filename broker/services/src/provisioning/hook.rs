//! The pre-provisioning hook: the event that it is sent, and its answer (`state.md` 3.6).

use serde_json::{Map, Value, json};
use squall_types::CertificateId;

use super::rejection::HookFailure;
use crate::template::Parameters;

/// What a hook is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct HookEvent<'a> {
    pub(super) claim: Option<CertificateId>,
    pub(super) certificate: CertificateId,
    pub(super) certificate_pem: &'a str,
    pub(super) template_arn: &'a str,
    pub(super) client_id: &'a str,
    pub(super) parameters: &'a Parameters,
}

impl HookEvent<'_> {
    /// As payload version 2020-04-01 writes it.
    pub(super) fn to_json(self) -> String {
        let parameters: Map<String, Value> =
            self.parameters.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        json!({
            "claimCertificateId": self.claim.map(|id| id.to_string()).unwrap_or_default(),
            "certificateId": self.certificate.to_string(),
            "certificatePem": self.certificate_pem,
            "templateArn": self.template_arn,
            "clientId": self.client_id,
            "parameters": parameters,
        })
        .to_string()
    }
}

/// Puts a hook's overrides over a device's parameters, if it allows the device at all.
pub(super) fn apply_answer(parameters: &mut Parameters, answer: &str) -> Result<(), HookFailure> {
    let none = |what: String| HookFailure::Answer(what.into());
    let answer: Value = serde_json::from_str(answer).map_err(|error| none(error.to_string()))?;
    let answer = answer.as_object().ok_or_else(|| none("an object is expected".to_owned()))?;
    match answer.get("allowProvisioning") {
        Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) => return Err(HookFailure::Refused),
        Some(other) => return Err(none(format!("allowProvisioning is {other}, true and false are allowed"))),
        None => return Err(none("allowProvisioning is missing".to_owned())),
    }
    let overrides = match answer.get("parameterOverrides") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(overrides)) => overrides,
        Some(_) => return Err(none("parameterOverrides: an object of texts is expected".to_owned())),
    };
    if let Some((name, _)) = overrides.iter().find(|(_, value)| !value.is_string()) {
        return Err(none(format!("parameterOverrides.{name}: a text is expected")));
    }
    for (name, value) in overrides {
        parameters.set(name, value.as_str().unwrap_or_default());
    }
    Ok(())
}
