//! What just-in-time provisioning takes from a certificate.

use crate::policy::{CertificateAttribute, CertificateField, CertificateHolder};
use crate::registry::X509Certificate;
use crate::template::{CERTIFICATE_ID, Parameters};

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
            if let Some(value) = certificate.facts.texts(attribute).next() {
                parameters.set(name, value);
            }
        }
        parameters.set(CERTIFICATE_ID, &certificate.id.to_string());
        parameters
    }
}
