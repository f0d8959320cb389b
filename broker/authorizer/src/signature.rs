//! The signature over a token: base64 of RSA PKCS#1 v1.5 with SHA-256 (8.3, "Signing on by default").
//!
//! Verification only, with ring, which TLS needs as well; nothing here makes a key or a signature.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pkcs1::RsaPublicKeyRef;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use spki::{Document, SubjectPublicKeyInfoRef};

const PEM_LABEL: &str = "PUBLIC KEY";
/// 8.3: "key ≥ 2048-bit RSA".
const MIN_KEY_BITS: usize = 2048;
/// The largest key that ring verifies with.
const MAX_KEY_BITS: usize = 8192;

/// A public key against which tokens are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// A text that is no usable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM with the label `PUBLIC KEY`.
    #[error("the key is no PEM text that begins with -----BEGIN PUBLIC KEY-----")]
    NotPem,
    /// No SubjectPublicKeyInfo, or not the parts of an RSA key.
    #[error("the key is no DER form of a public key")]
    NotDer,
    /// A key of another algorithm.
    #[error("the key is no RSA key")]
    NotRsa,
    /// Too short or too long.
    #[error("the key has {bits} bits; it must have {MIN_KEY_BITS} to {MAX_KEY_BITS}")]
    Size {
        /// The bits of its modulus.
        bits: usize,
    },
}

/// A token whose signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("the token has no signature")]
    Missing,
    /// It cannot be read.
    #[error("the token's signature is no base64")]
    NotBase64,
    /// No key of the authorizer made it for this token.
    #[error("the token's signature is wrong")]
    Mismatch,
}

impl SigningKey {
    /// Reads a key as `openssl pkey -pubout` writes it.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = Document::from_pem(pem).map_err(|_| KeyError::NotPem)?;
        if label != PEM_LABEL {
            return Err(KeyError::NotPem);
        }
        Self::from_der(document.as_bytes())
    }

    /// Reads the SubjectPublicKeyInfo that such a PEM holds.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::NotDer)?;
        if info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(KeyError::NotRsa);
        }
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::NotDer)?;
        let key = RsaPublicKeyRef::try_from(key).map_err(|_| KeyError::NotDer)?;
        let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        let bits = bits(modulus);
        if !(MIN_KEY_BITS..=MAX_KEY_BITS).contains(&bits) {
            return Err(KeyError::Size { bits });
        }
        Ok(Self { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    fn verifies(&self, token: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, token, signature).is_ok()
    }
}

/// Checks that one of `keys` signed `token`.
pub fn verify_token(keys: &[SigningKey], token: &str, signature: Option<&str>) -> Result<(), SignatureError> {
    let signature = signature.ok_or(SignatureError::Missing)?;
    let signature = BASE64_STANDARD.decode(signature).map_err(|_| SignatureError::NotBase64)?;
    if keys.iter().any(|key| key.verifies(token.as_bytes(), &signature)) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

fn bits(modulus: &[u8]) -> usize {
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    modulus.len() * 8 - leading
}

#[cfg(test)]
pub(super) mod tests {
    use ring::rand::SystemRandom;
    use ring::rsa::KeyPair;
    use ring::signature::RSA_PKCS1_SHA256;

    use super::*;

    pub(crate) const PUBLIC: &str = include_str!("../../../fixtures/authorizers/token-signing-key.pub.pem");
    const PRIVATE: &[u8] = include_bytes!("../../../fixtures/authorizers/token-signing-key.pk8");
    const WEAK: &str = include_str!("../../../fixtures/authorizers/weak-1024.pub.pem");
    const ELLIPTIC: &str = include_str!("../../../fixtures/authorizers/elliptic-curve.pub.pem");

    /// Signs as the owner of the fixture key would. Such a signature has no chance in it.
    pub(crate) fn sign(token: &str) -> String {
        let pair = KeyPair::from_pkcs8(PRIVATE).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).unwrap();
        BASE64_STANDARD.encode(signature)
    }

    fn key() -> SigningKey {
        SigningKey::from_pem(PUBLIC).unwrap()
    }

    #[test]
    fn a_signature_holds_for_its_token_and_key_alone() {
        let good = sign("allow-me");
        let mut flipped = BASE64_STANDARD.decode(&good).unwrap();
        flipped[17] ^= 1;
        let flipped = BASE64_STANDARD.encode(flipped);
        for (token, signature, expected) in [
            ("allow-me", Some(good.as_str()), Ok(())),
            ("allow-you", Some(good.as_str()), Err(SignatureError::Mismatch)),
            ("", Some(good.as_str()), Err(SignatureError::Mismatch)),
            ("allow-me", Some(flipped.as_str()), Err(SignatureError::Mismatch)),
            ("allow-me", Some(""), Err(SignatureError::Mismatch)),
            ("allow-me", Some("AAAA"), Err(SignatureError::Mismatch)),
            ("allow-me", Some("no base64!"), Err(SignatureError::NotBase64)),
            ("allow-me", None, Err(SignatureError::Missing)),
        ] {
            assert_eq!(verify_token(&[key()], token, signature), expected, "{token} {signature:?}");
        }
        assert_eq!(verify_token(&[], "allow-me", Some(&good)), Err(SignatureError::Mismatch));
    }

    #[test]
    fn openssl_signs_alike() {
        // printf allow-me | openssl dgst -sha256 -keyform DER -sign token-signing-key.pk8 | base64
        let signature = concat!(
            "cqu2bWiOJg04tuOhddvsSrH0AW6LPDGMvpLvWBBIumpwj6+LqWBT0BZeV4n77unHupc0K2TDuwSBpASTXU3Pjb",
            "z94EOejwmK55dZpClLjKHL0uTwFBjn0gDgAClZ17Qledrl1J87Hj7p/rOg1Ii5QhcwL26akgQMq5c0p/Um06IX",
            "YuIOxmsPldIOXfNNrOAOxCqy5NvpSfuIt1077/Z9ORhLxLV7ckat9MqzrxC0hJzbAOvSY3j34uglpRv2Ve//jy",
            "Lz+I/JUsK9P9FUWq3pFNV/KL8AUNjtrA45GPyTKL9WpbEjwDWs4hGpw0Myk1EjDQpI9nDAHsRfA2LJ743a9Q==",
        );
        assert_eq!(sign("allow-me"), signature);
        assert_eq!(verify_token(&[key()], "allow-me", Some(signature)), Ok(()));
    }

    #[test]
    fn only_long_rsa_keys_in_the_usual_form_are_taken() {
        let relabelled = PUBLIC.replace("PUBLIC KEY", "CERTIFICATE");
        for (pem, error) in [
            ("", KeyError::NotPem),
            ("not a key", KeyError::NotPem),
            (&relabelled, KeyError::NotPem),
            ("-----BEGIN PUBLIC KEY-----\nMAMCAQE=\n-----END PUBLIC KEY-----\n", KeyError::NotDer),
            (ELLIPTIC, KeyError::NotRsa),
            (WEAK, KeyError::Size { bits: 1024 }),
        ] {
            assert_eq!(SigningKey::from_pem(pem), Err(error), "{pem}");
        }
        let (_, document) = Document::from_pem(PUBLIC).unwrap();
        assert_eq!(SigningKey::from_der(document.as_bytes()), Ok(key()));
        assert_eq!(bits(&key().modulus), 2048);
    }
}
