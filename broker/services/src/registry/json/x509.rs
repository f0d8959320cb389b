//! A certificate's parsed fields as JSON: what stands where the API has PEM text.

use serde_json::{Map, Value, json};
use squall_types::WallTime;

use super::members::Members;
use crate::api_error::{ApiError, Exception};
use crate::policy::{CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder};
use crate::registry::x509::values;
use crate::registry::{Validity, X509Certificate, invalid};

/// Reads PEM text, for callers that can.
pub(super) type ReadPem<'p> = dyn Fn(&str) -> Result<X509Certificate, ApiError> + 'p;

/// Of callers that cannot.
pub(super) fn no_pem(_: &str) -> Result<X509Certificate, ApiError> {
    let message = "a certificate is given by its fields here, as an object, since nobody reads its text";
    Err(ApiError::new(Exception::NotModelled, message))
}

/// A certificate: its PEM text, or an object of its fields.
pub(super) fn read(place: &str, value: &Value, read_pem: &ReadPem<'_>) -> Result<X509Certificate, ApiError> {
    if let Some(pem) = value.as_str() {
        return read_pem(pem);
    }
    let mut members = Members::of(place, value)?;
    let id = members.id("certificateId")?;
    let text = id.to_string();
    let serial_number = members.owned("serialNumber")?.unwrap_or_else(|| text[..16].into());
    let issuer = match members.value("caCertificateId") {
        Some(_) => Some(members.id("caCertificateId")?),
        None => None,
    };
    let [not_before, not_after] = ["notBefore", "notAfter"].map(|name| members.number(name));
    let time = |seconds: u64| WallTime(seconds.saturating_mul(1_000_000_000));
    let validity = Validity {
        not_before: not_before?.map_or(Validity::ALWAYS.not_before, time),
        not_after: not_after?.map_or(Validity::ALWAYS.not_after, time),
    };
    let mut facts = CertificateFacts::new(&serial_number);
    for (holder, name) in [(CertificateHolder::Subject, "subject"), (CertificateHolder::Issuer, "issuer")] {
        read_names(&mut facts, holder, name, members.value(name).unwrap_or(&Value::Null))?;
    }
    members.finish()?;
    Ok(X509Certificate { id, issuer, validity, facts, pem: None })
}

fn read_names(
    facts: &mut CertificateFacts,
    holder: CertificateHolder,
    place: &str,
    value: &Value,
) -> Result<(), ApiError> {
    let mut members = Members::of(place, value)?;
    for &field in CertificateField::ALL {
        let found = match members.value(field.text()) {
            Some(Value::String(text)) => vec![text.as_str().into()],
            _ => members.texts(field.text())?,
        };
        for value in found {
            facts.add(CertificateAttribute { holder, field }, &value);
        }
    }
    members.finish()
}

/// The fields of a certificate.
pub(super) fn write(certificate: &X509Certificate) -> Value {
    let mut fields = json!({
        "certificateId": certificate.id.to_string(),
        "serialNumber": certificate.facts.serial_number(),
    });
    if let Some(issuer) = certificate.issuer {
        fields["caCertificateId"] = issuer.to_string().into();
    }
    if certificate.validity != Validity::ALWAYS {
        fields["notBefore"] = certificate.validity.not_before.as_unix_secs().into();
        fields["notAfter"] = certificate.validity.not_after.as_unix_secs().into();
    }
    for (holder, name) in [(CertificateHolder::Subject, "subject"), (CertificateHolder::Issuer, "issuer")] {
        let names: Map<String, Value> = CertificateField::ALL
            .iter()
            .map(|&field| {
                (
                    field.text().to_owned(),
                    json!(values(&certificate.facts, holder, field).collect::<Vec<_>>()),
                )
            })
            .filter(|(_, values)| values.as_array().is_some_and(|values| !values.is_empty()))
            .collect();
        if !names.is_empty() {
            fields[name] = names.into();
        }
    }
    fields
}

/// Whether an object stands where a certificate must.
pub(super) fn need<'v>(place: &str, value: Option<&'v Value>) -> Result<&'v Value, ApiError> {
    value.ok_or_else(|| invalid(format!("{place} is missing")))
}
