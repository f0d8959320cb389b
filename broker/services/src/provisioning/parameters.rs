//! The values that a template is expanded with.

use super::template::CERTIFICATE_ID;
use crate::policy::{CertificateAttribute, CertificateField, CertificateHolder};
use crate::registry::X509Certificate;

/// Names and values, each name once, in the order of the first giving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(Box<str>, Box<str>)>);

/// What of a certificate's subject templates can ask for (`state.md` 3.1).
const OF_THE_SUBJECT: &[(&str, CertificateField)] = &[
    ("AWS::IoT::Certificate::Country", CertificateField::Country),
    ("AWS::IoT::Certificate::Organization", CertificateField::Organization),
    ("AWS::IoT::Certificate::OrganizationalUnit", CertificateField::OrganizationalUnit),
    ("AWS::IoT::Certificate::DistinguishedNameQualifier", CertificateField::DistinguishedNameQualifier),
    ("AWS::IoT::Certificate::StateName", CertificateField::State),
    ("AWS::IoT::Certificate::CommonName", CertificateField::CommonName),
    ("AWS::IoT::Certificate::SerialNumber", CertificateField::SerialNumber),
];

impl Parameters {
    /// What just-in-time provisioning knows: the first value of each field of the subject, and the certificate's id.
    /// A field that the certificate does not have has no value.
    #[must_use]
    pub fn of_certificate(certificate: &X509Certificate) -> Self {
        let mut parameters = Self::default();
        for &(name, field) in OF_THE_SUBJECT {
            let attribute = CertificateAttribute { holder: CertificateHolder::Subject, field };
            // A first value that policies cannot use, such as one with a wildcard, counts as none here too.
            if let Some((0, value)) = certificate.facts.values(attribute).next() {
                parameters.set(name, value);
            }
        }
        parameters.set(CERTIFICATE_ID, &certificate.id.to_string());
        parameters
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
    }

    /// Gives a parameter a value, in place of one that it may have.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, held)) => *held = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Parameters {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(entries: T) -> Self {
        let mut parameters = Self::default();
        entries.into_iter().for_each(|(name, value)| parameters.set(name, value));
        parameters
    }
}
