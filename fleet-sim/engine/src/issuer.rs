//! Certificates that the service issues in a simulation: parsed fields that nobody signed, with texts of the shape and
//! length of real ones.

use squall_services::registry::{Validity, X509Certificate};
use squall_types::{CertificateId, Chance, Owner, Purpose};

/// Bytes of a certificate of the service with a 2,048-bit key, in DER.
const CERTIFICATE_BYTES: usize = 862;
/// Bytes of a 2,048-bit RSA key, in PKCS #1.
const KEY_BYTES: usize = 1_192;

/// Whoever makes keys and signs for the account.
#[derive(Debug, Default)]
pub(crate) struct Issuer {
    issued: u64,
}

impl Issuer {
    /// The next certificate; with a key if the service is to make one.
    pub(crate) fn issue(
        &mut self,
        chance: Chance,
        validity: Validity,
        with_key: bool,
    ) -> (X509Certificate, Option<String>) {
        let owner = Owner::named("issued by the service").member(self.issued);
        self.issued += 1;
        let text = pem("CERTIFICATE", chance, owner, CERTIFICATE_BYTES);
        let certificate = X509Certificate {
            validity,
            pem: Some(text.into()),
            ..X509Certificate::new(CertificateId::of(owner))
        };
        (certificate, with_key.then(|| pem("RSA PRIVATE KEY", chance, owner, KEY_BYTES)))
    }
}

/// Text in PEM armour around so many bytes, rounded up to whole groups of three.
fn pem(label: &str, chance: Chance, owner: Owner, bytes: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut column = 0;
    let characters = bytes.div_ceil(3) * 4;
    for n in 0..characters.div_ceil(10) {
        let mut bits = chance.bits(owner, Purpose::Certificate, 8 + n as u64);
        for _ in 0..10.min(characters - n * 10) {
            text.push(char::from(DIGITS[(bits & 63) as usize]));
            bits >>= 6;
            column += 1;
            if column == 64 {
                text.push('\n');
                column = 0;
            }
        }
    }
    if column > 0 {
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use squall_types::Seed;

    use super::*;

    #[test]
    fn every_certificate_has_an_id_and_texts_of_its_own() {
        let mut issuer = Issuer::default();
        let chance = Chance::new(Seed(7));
        let (one, key) = issuer.issue(chance, Validity::ALWAYS, true);
        let (other, no_key) = issuer.issue(chance, Validity::ALWAYS, false);
        assert_ne!(one.id, other.id);
        assert_ne!(one.pem, other.pem);
        assert!(no_key.is_none());
        // The service's own are of this length, give or take a line.
        let text = one.pem.unwrap();
        assert!((1_180..1_240).contains(&text.len()), "{}", text.len());
        let key = key.unwrap();
        assert!((1_650..1_710).contains(&key.len()), "{}", key.len());
        assert!(text.lines().all(|line| line.len() <= 64 && line.is_ascii()));
        assert!(
            key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n")
                && key.ends_with("-----END RSA PRIVATE KEY-----\n")
        );
    }
}
