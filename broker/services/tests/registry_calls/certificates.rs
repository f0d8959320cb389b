use serde_json::{Value, json};
use squall_services::registry::{AccessRefusal, CertificateStatus, Validity, X509Certificate};
use squall_types::WallTime;

use crate::support::{Bench, EPOCH, arn, id};

fn ca_registration(ca: u8, code: &str, signed_by: u8) -> Value {
    json!({
        "caCertificate": {"certificateId": id(ca).to_string(), "subject": {"CommonName": "CA"}},
        "verificationCertificate": {
            "certificateId": id(200).to_string(),
            "caCertificateId": id(signed_by).to_string(),
            "subject": {"CommonName": code},
        },
    })
}

fn code(bench: &mut Bench) -> String {
    let reply = bench.ok("GetRegistrationCode", json!({}));
    reply["registrationCode"].as_str().unwrap().to_owned()
}

/// Checks 72 and 73, state.md 2.8.
#[test]
fn a_ca_is_registered_by_whoever_has_its_key() {
    let mut bench = Bench::new();
    let first = code(&mut bench);
    assert_eq!((first.len(), &first), (64, &code(&mut bench)));
    let mut wrong = |registration: Value| bench.refused("RegisterCACertificate", registration).0;
    assert_eq!(wrong(ca_registration(1, "else", 1)), "RegistrationCodeValidationException");
    assert_eq!(wrong(ca_registration(1, &first, 2)), "CertificateValidationException");
    let mut without = ca_registration(1, &first, 1);
    without["verificationCertificate"] = Value::Null;
    assert_eq!(wrong(without.clone()), "InvalidRequestException");
    let mut sni = ca_registration(1, &first, 1);
    sni["certificateMode"] = "SNI_ONLY".into();
    assert_eq!(wrong(sni), "InvalidRequestException");
    let mut over = ca_registration(1, &first, 1);
    over["caCertificate"]["notAfter"] = (EPOCH.as_unix_secs() - 1).into();
    assert_eq!(wrong(over), "CertificateValidationException");
    let body = r#"{"Resources":{"policy":{"Type":"AWS::IoT::Policy","Properties":{}}}}"#;
    let mut template = ca_registration(1, &first, 1);
    template["registrationConfig"] = json!({"templateBody": body});
    assert_eq!(
        bench.refused("RegisterCACertificate", template).1,
        "Invalid registration template. Neither policyName nor policyDocument is present in the Template."
    );
    let made = bench.ok("RegisterCACertificate", ca_registration(1, &first, 1));
    assert_eq!(made["certificateArn"], format!("arn:aws:iot:us-east-1:123456789012:cacert/{}", id(1)));
    assert_eq!(
        bench.refused("RegisterCACertificate", ca_registration(1, &first, 1)).0,
        "ResourceAlreadyExistsException"
    );
    without["certificateMode"] = "SNI_ONLY".into();
    without["caCertificate"]["certificateId"] = id(2).to_string().into();
    bench.ok("RegisterCACertificate", without);
    let found = bench.ok("DescribeCACertificate", json!({"certificateId": id(1).to_string()}));
    let description = &found["certificateDescription"];
    assert_eq!(
        (&description["status"], &description["autoRegistrationStatus"]),
        (&json!("INACTIVE"), &json!("DISABLE"))
    );
    bench.ok("DeleteRegistrationCode", json!({}));
    let second = code(&mut bench);
    assert_ne!(first, second);
    assert_eq!(
        bench.refused("RegisterCACertificate", ca_registration(3, &first, 3)).0,
        "RegistrationCodeValidationException"
    );
    for ca in 3..=10 {
        bench.ok("RegisterCACertificate", ca_registration(ca, &second, ca));
    }
    assert_eq!(
        bench.refused("RegisterCACertificate", ca_registration(11, &second, 11)).0,
        "LimitExceededException"
    );
}

#[test]
fn a_ca_changes_and_is_deleted_once_it_is_inactive() {
    let mut bench = Bench::new();
    let code = code(&mut bench);
    bench.ok("RegisterCACertificate", ca_registration(1, &code, 1));
    let named = json!({"certificateId": id(1).to_string()});
    let update = json!({
        "certificateId": id(1).to_string(),
        "newStatus": "ACTIVE",
        "newAutoRegistrationStatus": "ENABLE",
        "registrationConfig": {"templateName": "template"},
    });
    bench.ok("UpdateCACertificate", update);
    let mut signed = X509Certificate::new(id(9));
    assert_eq!(bench.registry.ca_of(&signed), None);
    signed.issuer = Some(id(1));
    let ca = bench.registry.ca_of(&signed).unwrap();
    assert!(ca.is_active && ca.auto_registration && ca.registration.is_some());
    assert_eq!(bench.refused("DeleteCACertificate", named.clone()).0, "CertificateStateException");
    let both = json!({"certificateId": id(1).to_string(), "registrationConfig": {"templateName": "t"}, "removeAutoRegistration": true});
    assert_eq!(bench.refused("UpdateCACertificate", both).0, "InvalidRequestException");
    let off =
        json!({"certificateId": id(1).to_string(), "newStatus": "INACTIVE", "removeAutoRegistration": true});
    bench.ok("UpdateCACertificate", off);
    let ca = bench.registry.ca_of(&signed).unwrap();
    assert!(!ca.is_active && !ca.auto_registration && ca.registration.is_none());
    bench.ok("DeleteCACertificate", named.clone());
    assert_eq!(bench.refused("DeleteCACertificate", named).0, "ResourceNotFoundException");
}

/// state.md 2.7: RegisterCertificate.
#[test]
fn a_certificate_is_registered_under_an_active_ca() {
    let mut bench = Bench::new();
    let code = code(&mut bench);
    let register = |device: u8, ca: u8| json!({"certificatePem": {"certificateId": id(device).to_string(), "caCertificateId": id(ca).to_string()}, "status": "ACTIVE"});
    assert_eq!(bench.refused("RegisterCertificate", register(50, 1)).0, "CertificateValidationException");
    bench.ok("RegisterCACertificate", ca_registration(1, &code, 1));
    assert_eq!(bench.refused("RegisterCertificate", register(50, 1)).0, "CertificateStateException");
    bench.ok("UpdateCACertificate", json!({"certificateId": id(1).to_string(), "newStatus": "ACTIVE"}));
    let made = bench.ok("RegisterCertificate", register(50, 1));
    assert_eq!(made, json!({"certificateArn": arn(50), "certificateId": id(50).to_string()}));
    bench.refused("RegisterCertificate", register(50, 1));
    let error = bench.ask("RegisterCertificate", register(50, 1)).unwrap_err();
    assert_eq!(error.to_json()["resourceId"], id(50).to_string());
    assert_eq!(error.to_json()["resourceArn"], arn(50));
    let found = bench.ok("DescribeCertificate", json!({"certificateId": id(50).to_string()}));
    let description = &found["certificateDescription"];
    assert_eq!(description["caCertificateId"], id(1).to_string());
    assert_eq!(description["certificateMode"], "DEFAULT");
    // A second CA of the subject: now it must be named.
    let mut second = ca_registration(2, &code, 2);
    second["setAsActive"] = true.into();
    bench.ok("RegisterCACertificate", second);
    assert_eq!(bench.refused("RegisterCertificate", register(51, 1)).0, "CertificateConflictException");
    let mut named = register(51, 1);
    named["caCertificatePem"] = json!({"certificateId": id(2).to_string()});
    assert_eq!(bench.refused("RegisterCertificate", named.clone()).0, "CertificateValidationException");
    named["caCertificatePem"] = json!({"certificateId": id(1).to_string()});
    bench.ok("RegisterCertificate", named);
    let mut pending = register(52, 1);
    pending["caCertificatePem"] = json!({"certificateId": id(1).to_string()});
    pending["status"] = "PENDING_ACTIVATION".into();
    assert_eq!(bench.refused("RegisterCertificate", pending).0, "InvalidRequestException");
}

/// Checks 66 to 71 but 68's other states, which `registry.rs` has.
#[test]
fn certificates_are_issued_and_deleted_as_the_api_says() {
    let mut bench = Bench::new();
    let csr = json!({"certificateSigningRequest": "CSR", "setAsActive": true});
    let first = bench.ok("CreateCertificateFromCsr", csr.clone());
    let second = bench.ok("CreateCertificateFromCsr", csr);
    assert_ne!(first["certificateId"], second["certificateId"]);
    let named = json!({"certificateId": first["certificateId"]});
    let found = bench.ok("DescribeCertificate", named.clone());
    assert_eq!(found["certificateDescription"]["validity"]["notAfter"], 2_524_607_999_u64);
    let message = format!(
        "Certificate must be deactivated (not ACTIVE) before deletion. Id: {}",
        first["certificateId"].as_str().unwrap()
    );
    assert_eq!(bench.refused("DeleteCertificate", named.clone()), ("CertificateStateException", message));
    let set = |status: &str| json!({"certificateId": first["certificateId"], "newStatus": status});
    assert_eq!(bench.refused("UpdateCertificate", set("PENDING_ACTIVATION")).0, "InvalidRequestException");
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    bench.ok("CreatePolicy", json!({"policyName": "P", "policyDocument": document}));
    let attachment = json!({"policyName": "P", "target": first["certificateArn"]});
    bench.ok("AttachPolicy", attachment);
    assert_eq!(
        bench.refused("DeletePolicy", json!({"policyName": "P"})),
        (
            "DeleteConflictException",
            "The policy cannot be deleted as the policy is attached to one or more principals (name=P)"
                .to_owned()
        )
    );
    bench.ok("UpdateCertificate", set("INACTIVE"));
    bench.ok("CreateThing", json!({"thingName": "T"}));
    let attached = json!({"thingName": "T", "principal": first["certificateArn"], "thingPrincipalType": "EXCLUSIVE_THING"});
    bench.ok("AttachThingPrincipal", attached);
    let forced = json!({"certificateId": first["certificateId"], "forceDelete": true});
    assert_eq!(bench.refused("DeleteCertificate", forced.clone()).0, "DeleteConflictException");
    bench.ok("DetachThingPrincipal", json!({"thingName": "T", "principal": first["certificateArn"]}));
    assert_eq!(bench.refused("DeleteCertificate", named).0, "DeleteConflictException");
    bench.ok("DeleteCertificate", forced);
    bench.ok("DeletePolicy", json!({"policyName": "P"}));
    assert_eq!(bench.refused("TransferCertificate", json!({})).0, "InvalidRequestException");
}

/// broker.md 8.1: dates are looked at when a connection begins, and never again.
#[test]
fn a_certificate_connects_within_its_dates() {
    let mut bench = Bench::new();
    let at = |seconds: u64| WallTime::from_unix_secs(EPOCH.as_unix_secs() + seconds);
    let mut certificate = X509Certificate::new(id(1));
    certificate.validity = Validity { not_before: at(10), not_after: at(20) };
    bench.registry.register_certificate_without_ca(&certificate, CertificateStatus::Active).unwrap();
    for (seconds, expected) in
        [(9, Some(AccessRefusal::NotYetValid)), (10, None), (20, None), (21, Some(AccessRefusal::Expired))]
    {
        assert_eq!(bench.registry.access(id(1), at(seconds)).err(), expected, "{seconds}");
    }
    assert!(bench.registry.standing(id(1)).is_ok());
    assert_eq!(AccessRefusal::Expired.reason(), None);
    // TLS comes first, whatever the registry thinks of the certificate.
    bench.registry.update_certificate(id(1), CertificateStatus::Revoked).unwrap();
    assert_eq!(bench.registry.access(id(1), at(21)).err(), Some(AccessRefusal::Expired));
    assert_eq!(bench.registry.access(id(1), at(15)).err(), Some(AccessRefusal::Revoked));
    certificate.id = id(2);
    bench.registry.set_time(squall_types::Now { mono: bench.now.mono, wall: at(21) });
    let late = bench.registry.register_certificate_without_ca(&certificate, CertificateStatus::Active);
    assert_eq!(late.unwrap_err().exception.name(), "CertificateValidationException");
}
