//! Names of certificates: the parts that policies and templates can ask for.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use squall_services::policy::{CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder};
use x509_parser::der_parser::oid;
use x509_parser::der_parser::oid::Oid;
use x509_parser::extensions::GeneralName;
use x509_parser::x509::X509Name;

/// Attribute types of X.520, by their object identifiers.
fn fields() -> [(Oid<'static>, CertificateField); 13] {
    use CertificateField as Field;
    [
        (oid!(2.5.4.46), Field::DistinguishedNameQualifier),
        (oid!(2.5.4.6), Field::Country),
        (oid!(2.5.4.10), Field::Organization),
        (oid!(2.5.4.11), Field::OrganizationalUnit),
        (oid!(2.5.4.8), Field::State),
        (oid!(2.5.4.3), Field::CommonName),
        (oid!(2.5.4.5), Field::SerialNumber),
        (oid!(2.5.4.12), Field::Title),
        (oid!(2.5.4.4), Field::Surname),
        (oid!(2.5.4.42), Field::GivenName),
        (oid!(2.5.4.43), Field::Initials),
        (oid!(2.5.4.65), Field::Pseudonym),
        (oid!(2.5.4.44), Field::GenerationQualifier),
    ]
}

/// Adds the parts of a distinguished name, in their order.
pub(crate) fn add_name(facts: &mut CertificateFacts, holder: CertificateHolder, name: &X509Name<'_>) {
    let known = fields();
    for attribute in name.iter_attributes() {
        let field = known.iter().find(|(oid, _)| oid == attribute.attr_type());
        if let (Some((_, field)), Ok(text)) = (field, attribute.as_str()) {
            facts.add(CertificateAttribute { holder, field: *field }, text);
        }
    }
}

/// Adds an alternative name, if it is of a kind that policies can ask for.
pub(crate) fn add_alternative_name(
    facts: &mut CertificateFacts,
    holder: CertificateHolder,
    name: &GeneralName<'_>,
) {
    use CertificateField as Field;
    let (field, text) = match name {
        GeneralName::RFC822Name(text) => (Field::Rfc822Name, (*text).to_owned()),
        GeneralName::DNSName(text) => (Field::DnsName, (*text).to_owned()),
        GeneralName::DirectoryName(name) => (Field::DirectoryName, name.to_string()),
        GeneralName::URI(text) => (Field::UniformResourceIdentifier, (*text).to_owned()),
        GeneralName::IPAddress(bytes) => match address(bytes) {
            Some(address) => (Field::IpAddress, address.to_string()),
            None => return,
        },
        _ => return,
    };
    facts.add(CertificateAttribute { holder, field }, &text);
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = |bytes: [u8; 4]| IpAddr::V4(Ipv4Addr::from(bytes));
    let v6 = |bytes: [u8; 16]| IpAddr::V6(Ipv6Addr::from(bytes));
    bytes.try_into().map(v4).or_else(|_| bytes.try_into().map(v6)).ok()
}
