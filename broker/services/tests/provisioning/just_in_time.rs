//! First contacts: checks 76 to 80.

use serde_json::{Value, json};
use squall_profile::switch::JitpAfterFailure;
use squall_services::policy::CertificateField;
use squall_services::provisioning::{
    ContactRefusal, FirstContact, JitpRun, JustInTime, Provisioned, ProvisioningFailure, Template,
    TemplateKind,
};
use squall_services::registry::{
    CaRegistration, CaUpdate, CertificateMode, CertificateStatus, ControlCall, RegistrationConfig,
    RegistrationTemplate, Registry, Validity, X509Certificate,
};
use squall_types::{CertificateId, Now};

use super::support::{DEVICE, at, certificate, fleet_body, jitp_body, registry, templates, with};

const CA: CertificateId = CertificateId([0xca; 32]);

struct Bench {
    registry: Registry,
    just_in_time: JustInTime,
    device: X509Certificate,
}

fn registration<'a>(
    certificate: &'a X509Certificate,
    registration: Option<&'a RegistrationConfig>,
) -> CaRegistration<'a> {
    CaRegistration {
        certificate,
        verification: None,
        mode: CertificateMode::SniOnly,
        set_as_active: true,
        allow_auto_registration: true,
        registration,
    }
}

/// A CA that is active and registers by connecting, with a template or without, and a device of it.
fn bench(template: Option<RegistrationTemplate>) -> Bench {
    let mut registry = registry();
    let config = template.map(|template| RegistrationConfig { template, role_arn: None });
    let ca = certificate(CA, &[(CertificateField::CommonName, "factory")]);
    registry.register_ca_certificate(&registration(&ca, config.as_ref())).unwrap();
    let subject = [(CertificateField::CommonName, "pump"), (CertificateField::Country, "US")];
    let device = X509Certificate { issuer: Some(CA), ..certificate(DEVICE, &subject) };
    Bench { registry, just_in_time: JustInTime::new(JitpAfterFailure::Again), device }
}

fn with_body() -> Bench {
    bench(Some(RegistrationTemplate::Body(jitp_body().to_string().into())))
}

impl Bench {
    fn present_with(&mut self, now: Now, server_name: bool) -> FirstContact {
        let Self { registry, just_in_time, device } = self;
        let templates = templates();
        with(registry, now, |control| just_in_time.first_contact(control, &templates, device, server_name)).0
    }

    fn present(&mut self, seconds: u64) -> FirstContact {
        self.present_with(at(seconds), true)
    }

    fn run(&mut self, seconds: u64) -> Box<JitpRun> {
        match self.present(seconds) {
            FirstContact::Provision(run) => run,
            other => panic!("{other:?}"),
        }
    }

    fn provision(&mut self, run: &JitpRun, seconds: u64) -> Result<Provisioned, ProvisioningFailure> {
        let Self { registry, just_in_time, .. } = self;
        with(registry, at(seconds), |control| just_in_time.provision(control, run))
            .0
            .expect("it is under way")
    }

    fn status(&self) -> Option<CertificateStatus> {
        self.registry.certificate_status(DEVICE).ok()
    }
}

/// Check 76.
#[test]
fn a_device_is_provisioned_by_its_first_connection() {
    for template in [
        RegistrationTemplate::Body(jitp_body().to_string().into()),
        RegistrationTemplate::Name("jitp".into()),
    ] {
        let mut bench = bench(Some(template));
        let run = bench.run(0);
        assert_eq!((run.certificate, run.ca), (DEVICE, CA));
        assert_eq!(bench.status(), Some(CertificateStatus::PendingActivation));
        // It comes back too early: no second run.
        assert_eq!(bench.present(1), FirstContact::Refused(ContactRefusal::UnderWay));
        let provisioned = bench.provision(&run, 3).unwrap();
        assert_eq!(provisioned.thing.as_deref(), Some("pump"));
        assert_eq!(bench.status(), Some(CertificateStatus::Active));
        let known = ContactRefusal::Known(CertificateStatus::Active);
        assert_eq!(bench.present(4), FirstContact::Refused(known));
    }
}

/// Checks 77 to 79 among them.
#[test]
fn a_certificate_is_refused_and_not_registered() {
    type Change = fn(&mut Bench);
    let rows: [(&str, Change, bool, ContactRefusal); 5] = [
        ("no server name", |_| {}, false, ContactRefusal::NoServerName),
        ("unknown CA", |bench| bench.device.issuer = Some(DEVICE), true, ContactRefusal::UnknownCa),
        ("self-signed", |bench| bench.device.issuer = None, true, ContactRefusal::UnknownCa),
        (
            "expired",
            |bench| bench.device.validity = Validity { not_before: at(0).wall, not_after: at(1).wall },
            true,
            ContactRefusal::OutOfTime,
        ),
        (
            "inactive CA",
            |bench| {
                let update = CaUpdate { active: Some(false), ..CaUpdate::default() };
                bench.registry.update_ca_certificate(CA, &update).unwrap();
            },
            true,
            ContactRefusal::InactiveCa,
        ),
    ];
    for (what, change, server_name, expected) in rows {
        let mut bench = with_body();
        change(&mut bench);
        let found = bench.present_with(at(9), server_name);
        assert_eq!(found, FirstContact::Refused(expected), "{what}");
        assert_eq!(bench.status(), None, "{what}");
    }
    let mut bench = with_body();
    let update = CaUpdate { auto_registration: Some(false), ..CaUpdate::default() };
    bench.registry.update_ca_certificate(CA, &update).unwrap();
    assert_eq!(bench.present(0), FirstContact::Refused(ContactRefusal::NoAutoRegistration));
}

/// Check 77: for good, whatever the switch says.
#[test]
fn a_missing_subject_field_leaves_the_certificate_pending() {
    let mut bench = with_body();
    bench.device = X509Certificate {
        issuer: Some(CA),
        ..certificate(DEVICE, &[(CertificateField::CommonName, "pump")])
    };
    let run = bench.run(0);
    let failure = bench.provision(&run, 3).unwrap_err();
    assert!(failure.done.is_empty() && !failure.is_transient());
    assert!(failure.to_string().contains("AWS::IoT::Certificate::Country has no value"), "{failure}");
    assert_eq!(bench.status(), Some(CertificateStatus::PendingActivation));
    assert_eq!(bench.present(9), FirstContact::Refused(ContactRefusal::FailedBefore));
    // Deleted and presented again, it is a new certificate.
    bench.registry.delete_certificate(DEVICE, false).unwrap();
    bench.run(10);
}

#[test]
fn a_throttled_run_is_made_again_as_the_switch_says() {
    for (switch, again) in [(JitpAfterFailure::Again, true), (JitpAfterFailure::Never, false)] {
        let mut bench = with_body();
        bench.just_in_time = JustInTime::new(switch);
        let run = bench.run(0);
        let wrong = ControlCall::UpdateCertificate { id: CA, status: CertificateStatus::Active };
        for _ in 0..10 {
            bench.registry.call(at(3), &wrong).unwrap_err();
        }
        let failure = bench.provision(&run, 3).unwrap_err();
        assert!(failure.is_transient() && failure.done.len() == 4, "{failure}");
        assert_eq!(bench.status(), Some(CertificateStatus::PendingActivation));
        if again {
            let run = bench.run(9);
            bench.provision(&run, 12).unwrap();
            assert_eq!(bench.status(), Some(CertificateStatus::Active));
        } else {
            assert_eq!(bench.present(9), FirstContact::Refused(ContactRefusal::FailedBefore));
        }
    }
}

#[test]
fn a_name_that_stands_for_no_usable_template_fails_when_it_is_used() {
    for name in ["none", "fleet"] {
        let mut bench = bench(Some(RegistrationTemplate::Name(name.into())));
        let run = bench.run(0);
        assert!(!bench.provision(&run, 3).unwrap_err().is_transient());
    }
}

/// A body is judged as a template of its own is, before anything is changed.
#[test]
fn a_bad_body_is_refused_with_the_ca() {
    let mut without_certificate = jitp_body();
    without_certificate["Resources"].as_object_mut().unwrap().remove("certificate");
    let mut with_groups_of_no_list = jitp_body();
    with_groups_of_no_list["Resources"]["thing"]["Properties"]["ThingGroups"] = json!("lamps");
    let mut with_foreign_reference = jitp_body();
    with_foreign_reference["Resources"]["thing"]["Properties"]["ThingName"] = json!({"Ref": "Serial"});
    let long = format!("{}{}", jitp_body(), " ".repeat(10_241));
    let bodies = [without_certificate, with_groups_of_no_list, with_foreign_reference, fleet_body()];
    let bodies = bodies.map(|body| body.to_string()).into_iter();
    for body in bodies.chain([long, "{}".to_owned(), "template".to_owned()]) {
        let expected = Template::parse(&body, TemplateKind::Jitp).unwrap_err();
        let config = RegistrationConfig { template: RegistrationTemplate::Body(body.into()), role_arn: None };
        let mut registry = registry();
        let before = format!("{registry:?}");
        let ca = certificate(CA, &[]);
        let refused = registry.register_ca_certificate(&registration(&ca, Some(&config)));
        assert_eq!(
            (refused.as_ref(), expected.exception.name()),
            (Err(&expected), "InvalidRequestException")
        );
        assert_eq!(format!("{registry:?}"), before);
        let mut registry = with_body().registry;
        let before = format!("{registry:?}");
        let update = CaUpdate { registration: Some(&config), active: Some(false), ..CaUpdate::default() };
        assert_eq!(registry.update_ca_certificate(CA, &update), Err(expected));
        assert_eq!(format!("{registry:?}"), before);
    }
}

/// A wildcard is no business of templates: what becomes of the value judges it.
#[test]
fn a_subject_with_a_wildcard_has_its_value() {
    let mut bench = with_body();
    let subject = [(CertificateField::CommonName, "pump*"), (CertificateField::Country, "US")];
    bench.device = X509Certificate { issuer: Some(CA), ..certificate(DEVICE, &subject) };
    let run = bench.run(0);
    let failure = bench.provision(&run, 3).unwrap_err();
    assert!(failure.to_string().contains("CreateThing failed with InvalidRequestException"), "{failure}");
    // Where the thing is not named by it, nothing is wrong with it.
    let mut body = jitp_body();
    body["Resources"]["thing"]["Properties"]["ThingName"] = json!({"Ref": "AWS::IoT::Certificate::Id"});
    let device = bench.device;
    let mut bench = self::bench(Some(RegistrationTemplate::Body(body.to_string().into())));
    bench.device = device;
    let run = bench.run(0);
    assert_eq!(bench.provision(&run, 3).unwrap().thing.as_deref(), Some(&*DEVICE.to_string()));
}

/// Check 80.
#[test]
fn without_a_template_a_message_is_published_each_time() {
    let mut bench = bench(None);
    for seconds in [0, 60] {
        let FirstContact::Registered(message) = bench.present(seconds) else { panic!() };
        assert_eq!(*message.topic, *format!("$aws/events/certificates/registered/{CA}"));
        let millis = at(seconds).wall.as_unix_millis();
        let registered = at(0).wall.as_unix_millis();
        let expected = format!(
            "{{\"certificateId\":\"{DEVICE}\",\"caCertificateId\":\"{CA}\",\"timestamp\":{millis},\
             \"certificateStatus\":\"PENDING_ACTIVATION\",\"awsAccountId\":\"123456789012\",\
             \"certificateRegistrationTimestamp\":\"{registered}\"}}"
        );
        assert_eq!(*message.payload, *expected);
        let read: Value = serde_json::from_str(&message.payload).unwrap();
        assert_eq!(read.as_object().unwrap().len(), 6);
        assert_eq!(bench.status(), Some(CertificateStatus::PendingActivation));
    }
}
