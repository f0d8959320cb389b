//! Certificates and requests that rcgen makes, parsed and verified.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use squall_services::policy::{CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder};
use squall_services::provisioning::Parameters;
use squall_types::WallTime;
use squall_x509::{
    KeyKind, X509Error, certificate_id, is_issued_by, parse_certificate, parse_certificate_of,
    parse_signing_request,
};

/// A CA: its certificate as PEM and DER, and what signs with it.
struct Ca {
    pem: String,
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

fn ca(name: &str) -> Ca {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Factory");
    let certificate = params.self_signed(&key).unwrap();
    Ca { pem: certificate.pem(), der: certificate.der().to_vec(), issuer: Issuer::new(params, key) }
}

fn device_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.serial_number = Some(SerialNumber::from(vec![0x0a, 0xbc, 0x01]));
    let country = DnValue::PrintableString("US".try_into().unwrap());
    params.distinguished_name.push(DnType::CountryName, country);
    params.distinguished_name.push(DnType::StateOrProvinceName, "Ohio");
    params.distinguished_name.push(DnType::OrganizationalUnitName, "Pumps");
    params.distinguished_name.push(DnType::CommonName, "pump-7");
    params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), "SN-7");
    params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 46]), "Q");
    params.subject_alt_names = vec![
        SanType::DnsName("pump.example".try_into().unwrap()),
        SanType::Rfc822Name("pump@example".try_into().unwrap()),
        SanType::URI("urn:pump".try_into().unwrap()),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
    ];
    params
}

fn values(facts: &CertificateFacts, holder: CertificateHolder, field: CertificateField) -> Vec<&str> {
    facts.values(CertificateAttribute { holder, field }).map(|(_, value)| value).collect()
}

#[test]
fn a_certificate_has_the_fields_that_it_was_made_with() {
    use CertificateField as Field;
    let ca = ca("factory");
    let key = KeyPair::generate().unwrap();
    let made = device_params().signed_by(&key, &ca.issuer).unwrap();
    let parsed = parse_certificate(made.pem().as_bytes()).unwrap();
    assert_eq!(parsed.id, certificate_id(made.der()));
    assert_eq!(parsed.facts.serial_number(), "0abc01");
    assert_eq!(parsed.issuer, None);
    assert_eq!(parsed.pem.as_deref(), Some(&*made.pem()));
    assert_eq!(parsed.validity.not_before, WallTime::from_unix_secs(1_767_225_600));
    assert_eq!(parsed.validity.not_after, WallTime::from_unix_secs(1_798_761_600));
    for (field, expected) in [
        (Field::Country, "US"),
        (Field::State, "Ohio"),
        (Field::OrganizationalUnit, "Pumps"),
        (Field::CommonName, "pump-7"),
        (Field::SerialNumber, "SN-7"),
        (Field::DistinguishedNameQualifier, "Q"),
        (Field::DnsName, "pump.example"),
        (Field::Rfc822Name, "pump@example"),
        (Field::UniformResourceIdentifier, "urn:pump"),
        (Field::IpAddress, "192.0.2.7"),
    ] {
        assert_eq!(values(&parsed.facts, CertificateHolder::Subject, field), [expected]);
    }
    assert!(values(&parsed.facts, CertificateHolder::Subject, Field::Organization).is_empty());
    assert_eq!(values(&parsed.facts, CertificateHolder::Issuer, Field::Organization), ["Factory"]);
    assert_eq!(values(&parsed.facts, CertificateHolder::Issuer, Field::CommonName), ["factory"]);
    let parameters = Parameters::of_certificate(&parsed);
    assert_eq!(parameters.get("AWS::IoT::Certificate::StateName"), Some("Ohio"));
    // DER has no armour to keep.
    let from_der = parse_certificate(made.der()).unwrap();
    assert_eq!((from_der.id, from_der.pem), (parsed.id, None));
}

#[test]
fn the_issuer_is_the_ca_whose_key_signed() {
    let (one, namesake, other) = (ca("factory"), ca("factory"), ca("other"));
    let key = KeyPair::generate().unwrap();
    let made = device_params().signed_by(&key, &one.issuer).unwrap();
    let device = made.pem();
    for (ca, expected) in [(&one, true), (&namesake, false), (&other, false)] {
        assert_eq!(is_issued_by(device.as_bytes(), ca.pem.as_bytes()), Ok(expected));
        assert_eq!(is_issued_by(made.der(), &ca.der), Ok(expected));
    }
    let cas = [&*namesake.der, &*other.der, one.pem.as_bytes()];
    let parsed = parse_certificate_of(device.as_bytes(), &cas).unwrap();
    assert_eq!(parsed.issuer, Some(certificate_id(&one.der)));
    assert_eq!(parse_certificate_of(device.as_bytes(), &cas[..2]).unwrap().issuer, None);
}

fn request(algorithm: &'static SignatureAlgorithm) -> String {
    let key = KeyPair::generate_for(algorithm).unwrap();
    device_params().serialize_request(&key).map_or_else(
        |_| {
            // A request has no serial number.
            let mut params = device_params();
            params.serial_number = None;
            params.serialize_request(&key).unwrap().pem().unwrap()
        },
        |request| request.pem().unwrap(),
    )
}

/// `openssl req -new -newkey rsa:2048` and `rsa:1024`, made once: making RSA keys takes long.
const RSA_2048: &str = include_str!("rsa-2048.csr.pem");
const RSA_1024: &str = include_str!("rsa-1024.csr.pem");
const P521: &str = include_str!("p-521.csr.pem");

#[test]
fn requests_bring_a_key_that_is_allowed() {
    for (pem, expected) in [
        (&*request(&PKCS_ECDSA_P256_SHA256), KeyKind::P256),
        (&*request(&PKCS_ECDSA_P384_SHA384), KeyKind::P384),
        (RSA_2048, KeyKind::Rsa { bits: 2_048 }),
        (P521, KeyKind::P521),
    ] {
        let parsed = parse_signing_request(pem).unwrap();
        assert_eq!(parsed.key, expected);
        let names = values(&parsed.subject, CertificateHolder::Subject, CertificateField::CommonName);
        assert_eq!(names, ["pump-7"]);
        assert!(!parsed.public_key.is_empty());
    }
    for (pem, expected) in
        [(RSA_1024, "RSA of 1024 bits"), (&*request(&PKCS_ED25519), "of algorithm 1.3.101.112")]
    {
        assert_eq!(parse_signing_request(pem), Err(X509Error::Key { found: expected.to_owned() }));
    }
}

#[test]
fn what_is_damaged_is_refused() {
    let good = request(&PKCS_ECDSA_P256_SHA256);
    let armour = |found: &dyn Fn(&X509Error) -> bool, text: &str| {
        let error = parse_signing_request(text).unwrap_err();
        assert!(found(&error), "{error}");
    };
    armour(&|error| matches!(error, X509Error::Pem { .. }), "");
    armour(&|error| matches!(error, X509Error::Pem { .. }), &ca("x").pem);
    armour(&|error| matches!(error, X509Error::Pem { .. }), &good.replace("CERTIFICATE REQUEST", "NOTHING"));
    // A digit in the midst of the signature.
    let at = RSA_2048.rfind("-----END").unwrap() - 100;
    let digit = if RSA_2048[at..].starts_with('A') { "B" } else { "A" };
    let forged = format!("{}{digit}{}", &RSA_2048[..at], &RSA_2048[at + 1..]);
    assert_eq!(parse_signing_request(&forged), Err(X509Error::Signature));
    assert!(matches!(parse_certificate(b"rubbish"), Err(X509Error::Structure { .. })));
    assert!(matches!(parse_certificate(good.as_bytes()), Err(X509Error::Pem { .. })));
    let mut longer = ca("x").der;
    longer.push(0);
    assert!(matches!(parse_certificate(&longer), Err(X509Error::Structure { .. })));
}

proptest! {
    /// Cut and changed at any place.
    #[test]
    fn no_bytes_make_a_parser_panic(cut in 0..2_000_usize, at in 0..2_000_usize, byte: u8) {
        let csr = RSA_2048.as_bytes();
        let mut bytes = csr[..cut.min(csr.len())].to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = parse_certificate(&bytes);
        let _ = parse_signing_request(&String::from_utf8_lossy(&bytes));
    }
}
