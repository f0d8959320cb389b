//! What of an X.509 certificate the registry and its callers know: its parsed fields.
//!
//! In a simulation these are all that there is of a certificate; elsewhere somebody parses a real one into them.

use core::fmt;

use squall_types::{CertificateId, WallTime};

use crate::policy::{CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder};

/// From when until when a certificate is valid, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// `notBefore`.
    pub not_before: WallTime,
    /// `notAfter`.
    pub not_after: WallTime,
}

/// When certificates end that the service issues: 2049-12-31T23:59:59Z (`broker.md` 8.1).
const LAST_SECOND_OF_2049: WallTime = WallTime::from_unix_secs(2_524_607_999);

impl Validity {
    /// Of a certificate that nobody said an end of.
    pub const ALWAYS: Self = Self { not_before: WallTime(0), not_after: WallTime(u64::MAX) };

    /// Of a certificate that the service issues.
    #[must_use]
    pub const fn issued_at(now: WallTime) -> Self {
        Self { not_before: now, not_after: LAST_SECOND_OF_2049 }
    }

    /// Whether it has come and not gone.
    #[must_use]
    pub const fn covers(self, now: WallTime) -> bool {
        self.has_begun(now) && now.0 <= self.not_after.0
    }

    /// Whether it has come.
    #[must_use]
    pub const fn has_begun(self, now: WallTime) -> bool {
        now.0 >= self.not_before.0
    }
}

/// A certificate's parsed fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct X509Certificate {
    /// Its id.
    pub id: CertificateId,
    /// The CA whose key signed it, as whoever parsed it has verified.
    pub issuer: Option<CertificateId>,
    /// Its time.
    pub validity: Validity,
    /// Its names and numbers.
    pub facts: CertificateFacts,
    /// Its PEM text, where there is one.
    pub pem: Option<Box<str>>,
}

impl X509Certificate {
    /// A certificate without names, signed by nobody known, valid for ever.
    #[must_use]
    pub fn new(id: CertificateId) -> Self {
        let text = id.to_string();
        let facts = CertificateFacts::new(&text[..16]);
        Self { id, issuer: None, validity: Validity::ALWAYS, facts, pem: None }
    }

    /// The common name of its subject.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        values(&self.facts, CertificateHolder::Subject, CertificateField::CommonName).next()
    }

    /// Its subject, in one fixed order: two certificates with equal texts have equal subjects.
    #[must_use]
    pub fn subject(&self) -> String {
        subject(&self.facts)
    }
}

/// Values of a field, whether policies can use them or not.
pub(super) fn values(
    facts: &CertificateFacts,
    holder: CertificateHolder,
    field: CertificateField,
) -> impl Iterator<Item = &str> {
    facts.texts(CertificateAttribute { holder, field })
}

pub(super) fn subject(facts: &CertificateFacts) -> String {
    let mut text = String::new();
    for &field in CertificateField::ALL {
        for value in values(facts, CertificateHolder::Subject, field) {
            // Writing to a string cannot fail.
            let _ = fmt::Write::write_fmt(&mut text, format_args!("{}={value:?},", field.text()));
        }
    }
    text
}
