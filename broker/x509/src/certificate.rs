//! Certificates.

use core::fmt::Write as _;

use sha2::{Digest, Sha256};
use squall_services::policy::{CertificateFacts, CertificateHolder};
use squall_services::registry::{Validity, X509Certificate};
use squall_types::{CertificateId, WallTime};
use x509_parser::certificate::X509Certificate as Parsed;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::X509Error;
use crate::name::{add_alternative_name, add_name};

const WHAT: &str = "an X.509 certificate";

/// The id of a certificate: SHA-256 of its DER form (`broker.md` 8.1).
#[must_use]
pub fn certificate_id(der: &[u8]) -> CertificateId {
    CertificateId(Sha256::digest(der).into())
}

/// Parses a certificate whose issuer nobody has verified, from PEM text or DER bytes. Text keeps its armour as `pem`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_certificate(certificate: &[u8]) -> Result<X509Certificate, X509Error> {
    let der = der(certificate)?;
    let parsed = parse(&der)?;
    let id = certificate_id(&der);
    let mut facts = CertificateFacts::new(&hex(parsed.raw_serial()));
    add_name(&mut facts, CertificateHolder::Subject, parsed.subject());
    add_name(&mut facts, CertificateHolder::Issuer, parsed.issuer());
    for extension in parsed.extensions() {
        let (holder, names) = match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                (CertificateHolder::Subject, &names.general_names)
            }
            ParsedExtension::IssuerAlternativeName(names) => {
                (CertificateHolder::Issuer, &names.general_names)
            }
            _ => continue,
        };
        names.iter().for_each(|name| add_alternative_name(&mut facts, holder, name));
    }
    let validity = parsed.validity();
    let validity =
        Validity { not_before: wall_time(validity.not_before), not_after: wall_time(validity.not_after) };
    let pem = core::str::from_utf8(certificate).ok().filter(|_| is_pem(certificate)).map(Into::into);
    Ok(X509Certificate { id, issuer: None, validity, facts, pem })
}

/// Parses a certificate and names as its issuer the one of `cas` whose key signed it, if one did.
///
/// # Errors
/// What is wrong with it, or with a CA.
pub fn parse_certificate_of(certificate: &[u8], cas: &[&[u8]]) -> Result<X509Certificate, X509Error> {
    let mut parsed = parse_certificate(certificate)?;
    for ca in cas {
        if is_issued_by(certificate, ca)? {
            parsed.issuer = Some(certificate_id(&der(ca)?));
            break;
        }
    }
    Ok(parsed)
}

/// Whether a CA's subject is the certificate's issuer, and its key has signed the certificate. Both PEM or DER.
///
/// # Errors
/// What is wrong with either.
pub fn is_issued_by(certificate: &[u8], ca: &[u8]) -> Result<bool, X509Error> {
    let (certificate, ca) = (der(certificate)?, der(ca)?);
    let (certificate, ca) = (parse(&certificate)?, parse(&ca)?);
    let is_named = certificate.issuer().as_raw() == ca.subject().as_raw();
    Ok(is_named && certificate.verify_signature(Some(ca.public_key())).is_ok())
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN")
}

fn der(certificate: &[u8]) -> Result<Vec<u8>, X509Error> {
    if is_pem(certificate) { pem_contents(certificate, "CERTIFICATE") } else { Ok(certificate.to_vec()) }
}

/// The bytes inside PEM armour.
pub(crate) fn pem_contents(text: &[u8], label: &'static str) -> Result<Vec<u8>, X509Error> {
    match parse_x509_pem(text) {
        Ok((_, pem)) if pem.label == label => Ok(pem.contents),
        Ok((_, pem)) => Err(X509Error::Pem { expected: label, found: format!("a block of {}", pem.label) }),
        Err(error) => Err(X509Error::Pem { expected: label, found: error.to_string() }),
    }
}

fn parse(der: &[u8]) -> Result<Parsed<'_>, X509Error> {
    let structure = |message: String| X509Error::Structure { what: WHAT, message };
    match Parsed::from_der(der) {
        Ok(([], parsed)) => Ok(parsed),
        Ok((rest, _)) => Err(structure(format!("{} bytes follow it", rest.len()))),
        Err(error) => Err(structure(error.to_string())),
    }
}

/// Times before 1970 and behind 2554 become the nearest that there is.
fn wall_time(time: ASN1Time) -> WallTime {
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    WallTime(seconds.saturating_mul(1_000_000_000))
}

/// A serial number as policies spell it: lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
