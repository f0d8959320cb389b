//! Certificate signing requests (PKCS #10).

use squall_services::policy::{CertificateFacts, CertificateHolder};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::X509Error;
use crate::certificate::pem_contents;
use crate::key::{KeyKind, key_kind};
use crate::name::add_name;

const WHAT: &str = "a certificate signing request";

/// A request whose sender has its key, which is one that the service takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    /// Its key.
    pub key: KeyKind,
    /// The names that it asks for, as its subject's.
    pub subject: CertificateFacts,
    /// The public key, DER of `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

/// Parses a request in PEM text and verifies that it is signed with its own key.
///
/// # Errors
/// What is wrong with it.
pub fn parse_signing_request(pem: &str) -> Result<SigningRequest, X509Error> {
    let der = pem_contents(pem.as_bytes(), "CERTIFICATE REQUEST")?;
    let structure = |message: String| X509Error::Structure { what: WHAT, message };
    let parsed = match X509CertificationRequest::from_der(&der) {
        Ok(([], parsed)) => parsed,
        Ok((rest, _)) => return Err(structure(format!("{} bytes follow it", rest.len()))),
        Err(error) => return Err(structure(error.to_string())),
    };
    let info = &parsed.certification_request_info;
    let key = key_kind(&info.subject_pki)?;
    // The verifier knows no P-521; such a request is taken at its word.
    if key != KeyKind::P521 {
        parsed.verify_signature().map_err(|_| X509Error::Signature)?;
    }
    let mut subject = CertificateFacts::default();
    add_name(&mut subject, CertificateHolder::Subject, &info.subject);
    Ok(SigningRequest { key, subject, public_key: info.subject_pki.raw.to_vec() })
}
