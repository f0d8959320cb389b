//! Keys that the service takes (`state.md` 2.7).

use core::fmt;

use x509_parser::der_parser::oid::Oid;
use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::X509Error;

const RSA_BITS_MIN: usize = 2_048;

/// Which key a signing request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with so many bits.
    Rsa {
        /// Of the modulus.
        bits: usize,
    },
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
    /// ECDSA on NIST P-521.
    P521,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA of {bits} bits"),
            Self::P256 => f.write_str("ECDSA on P-256"),
            Self::P384 => f.write_str("ECDSA on P-384"),
            Self::P521 => f.write_str("ECDSA on P-521"),
        }
    }
}

/// The kind of a key, if the service takes it.
pub(crate) fn key_kind(info: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, X509Error> {
    let refused = |found: String| Err(X509Error::Key { found });
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => match bits(key.modulus) {
            bits if bits >= RSA_BITS_MIN => Ok(KeyKind::Rsa { bits }),
            bits => refused(KeyKind::Rsa { bits }.to_string()),
        },
        Ok(PublicKey::EC(_)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            let known: [(Oid<'_>, KeyKind); 3] = [
                (OID_EC_P256, KeyKind::P256),
                (OID_NIST_EC_P384, KeyKind::P384),
                (OID_NIST_EC_P521, KeyKind::P521),
            ];
            match known.iter().find(|(oid, _)| Some(oid) == curve.as_ref()) {
                Some((_, kind)) => Ok(*kind),
                None => refused("ECDSA on another curve".to_owned()),
            }
        }
        _ => refused(format!("of algorithm {}", info.algorithm.algorithm)),
    }
}

/// Bits of a big-endian number, which DER may begin with a zero.
fn bits(modulus: &[u8]) -> usize {
    let significant: Vec<&u8> = modulus.iter().skip_while(|byte| **byte == 0).collect();
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}
