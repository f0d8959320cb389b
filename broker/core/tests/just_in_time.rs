//! Devices that register by connecting: `state.md` 3.1, 3.2, checks 76 to 80.

use serde_json::{Value, json};
use squall_core::{Call, Cause, ConnectRefusal, DisconnectReason, LambdaRule, OwnedQuestion, Reply, Tag};
use squall_profile::Decision;
use squall_services::policy::{Account, CertificateAttribute, CertificateField, CertificateHolder};
use squall_services::registry::{
    CaRegistration, CaUpdate, CertificateMode, CertificateStatus, ControlCall, ControlQuery, PolicyTarget,
    RegistrationConfig, RegistrationTemplate, Registry, Validity, X509Certificate,
};
use squall_types::{CertificateId, WallTime};

use crate::support::{Bench, ComesAs, Device, Fact, SECOND, Seen};

const CA: CertificateId = CertificateId([0xca; 32]);
const DEVICE: CertificateId = CertificateId([0xd; 32]);
const INACTIVE: Fact = Fact::ConnectRefused(ConnectRefusal::NotAuthenticated("DEVICE_CERTIFICATE_INACTIVE"));
const UNKNOWN: Fact =
    Fact::ConnectRefused(ConnectRefusal::NotAuthenticated("DEVICE_CERTIFICATE_NOT_REGISTERED"));

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["iot:Connect","iot:Publish"],"Resource":"*"}]}"#;

/// A template that names the thing after the common name, and asks for the country too.
fn template() -> Value {
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::CommonName": {"Type": "String"},
            "AWS::IoT::Certificate::Country": {"Type": "String"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": POLICY}},
        },
    })
}

fn certificate(id: CertificateId, subject: &[(CertificateField, &str)]) -> X509Certificate {
    let mut certificate = X509Certificate::new(id);
    for &(field, value) in subject {
        certificate.facts.add(CertificateAttribute { holder: CertificateHolder::Subject, field }, value);
    }
    certificate
}

/// An account whose CA is active and registers by connecting: with a template just in time, without one by message.
fn account(template: Option<Value>) -> Registry {
    let mut registry = Registry::new(Account::default());
    let config = template.map(|template| RegistrationConfig {
        template: RegistrationTemplate::Body(template.to_string().into()),
        role_arn: None,
    });
    let ca = certificate(CA, &[(CertificateField::CommonName, "factory")]);
    registry
        .register_ca_certificate(&CaRegistration {
            certificate: &ca,
            verification: None,
            mode: CertificateMode::SniOnly,
            set_as_active: true,
            allow_auto_registration: true,
            registration: config.as_ref(),
        })
        .unwrap();
    registry
}

fn pump() -> X509Certificate {
    let subject = [(CertificateField::CommonName, "pump"), (CertificateField::Country, "US")];
    X509Certificate { issuer: Some(CA), ..certificate(DEVICE, &subject) }
}

/// The device `pump` with a certificate, and a transport that names the server.
fn device(bench: &Bench, certificate: X509Certificate) -> Device {
    bench.device("pump").tagged(3).comes_as(ComesAs::Presented(certificate, Some("iot.example.com")))
}

fn status(bench: &Bench, id: CertificateId) -> Option<CertificateStatus> {
    bench.with_registry_of(|registry| registry.certificate_status(id).ok())
}

fn activate(bench: &Bench, id: CertificateId) {
    let status = CertificateStatus::Active;
    assert!(bench.control(ControlCall::UpdateCertificate { id, status }).is_accepted());
}

/// 76, `broker.md` 128: closed a moment after TLS without an answer; provisioned after K-10; then let in.
#[test]
fn a_first_contact_is_provisioned_and_the_next_one_succeeds() {
    let bench = Bench::with_registry(account(Some(template())), |_| {});
    let pump = device(&bench, pump());
    pump.connect_with(|_| {});
    assert_eq!(bench.count(|fact| *fact == Fact::RegisteredOnConnect(DEVICE)), 1);
    assert_eq!(bench.count(|fact| *fact == UNKNOWN), 1);
    bench.advance_nanos(SECOND / 10 - 1);
    pump.expect_nothing();
    assert!(pump.is_open());
    bench.advance_nanos(1);
    pump.expect_close(DisconnectReason::AuthError);
    bench.expect_empty();
    assert_eq!(status(&bench, DEVICE), Some(CertificateStatus::PendingActivation));

    // Too early: refused at once, and no second run begins.
    bench.advance(1);
    pump.open().expect_close(DisconnectReason::AuthError);
    assert_eq!(bench.count(|fact| *fact == INACTIVE), 1);
    bench.advance_nanos(SECOND * 19 / 10 - 1);
    assert_eq!(bench.count(|fact| matches!(fact, Fact::JustInTime { .. })), 0);
    bench.advance_nanos(1);
    let done = Fact::JustInTime { certificate: DEVICE, failure: None, metric: "ProvisionThing.Success" };
    assert_eq!(bench.count(|fact| *fact == done), 1);
    assert_eq!(status(&bench, DEVICE), Some(CertificateStatus::Active));
    pump.connect().publish_acked("anything", b"x");
    bench.advance(60);
    assert_eq!(bench.count(|fact| matches!(fact, Fact::JustInTime { .. })), 1);

    // Audited and metered as the device's like anybody's calls.
    let operations =
        ["CreateThing", "CreatePolicy", "AttachPolicy", "AttachThingPrincipal", "UpdateCertificate"];
    for operation in operations {
        let audit = Fact::Audit { operation, error: None };
        assert_eq!(bench.count(|fact| *fact == audit), 1, "{operation}");
    }
    assert!(bench.metered(3, Cause::RegistryCall) > 0);
    assert!(bench.relied_on(Decision::JitpTime));
}

/// 77: what the template declares and the certificate lacks fails the run, after which nobody tries again.
#[test]
fn a_missing_field_leaves_a_certificate_that_never_connects() {
    let bench = Bench::with_registry(account(Some(template())), |_| {});
    let no_country = X509Certificate {
        issuer: Some(CA),
        ..certificate(DEVICE, &[(CertificateField::CommonName, "pump")])
    };
    let pump = device(&bench, no_country).open();
    bench.advance(3);
    let failed = bench.count(|fact| {
        matches!(fact, Fact::JustInTime { failure: Some(why), metric: "ProvisionThing.ClientError", .. }
            if why.contains("AWS::IoT::Certificate::Country"))
    });
    assert_eq!(failed, 1);
    assert_eq!(status(&bench, DEVICE), Some(CertificateStatus::PendingActivation));
    assert!(!bench.call(Call::Query(ControlQuery::DescribeThing { name: "pump" })).is_accepted());
    pump.take_all();
    pump.open().expect_close(DisconnectReason::AuthError);
    bench.advance(10);
    assert_eq!(bench.count(|fact| matches!(fact, Fact::JustInTime { .. })), 1);
    assert!(bench.relied_on(Decision::JitpAfterFailure));
}

/// 78: TLS that names no server registers nobody, and neither log nor metric tells of it.
#[test]
fn without_a_server_name_nothing_is_registered() {
    let bench = Bench::with_registry(account(Some(template())), |_| {});
    let pump = bench.device("pump").comes_as(ComesAs::Presented(pump(), None));
    pump.open().expect_close(DisconnectReason::AuthError);
    assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::NoServerName)), 1);
    assert_eq!(status(&bench, DEVICE), None);
    bench.advance(10);
    bench.expect_empty();
}

/// 79: a CA that is not active registers nobody; whom it has registered still comes in.
#[test]
fn an_inactive_ca_registers_nobody() {
    for update in [
        CaUpdate { active: Some(false), ..CaUpdate::default() },
        CaUpdate { auto_registration: Some(false), ..CaUpdate::default() },
    ] {
        let bench = Bench::with_registry(account(Some(template())), |_| {});
        let known = device(&bench, pump());
        known.open();
        bench.advance(3);
        known.take_all();
        assert!(bench.control(ControlCall::UpdateCaCertificate { id: CA, update }).is_accepted());
        known.connect();
        let other = CertificateId([0xe; 32]);
        let stranger = X509Certificate { id: other, ..pump() };
        let stranger =
            bench.device("stranger").comes_as(ComesAs::Presented(stranger, Some("iot.example.com")));
        stranger.open().expect_close(DisconnectReason::AuthError);
        // The other one is the first contact of the known one.
        assert_eq!(bench.count(|fact| *fact == UNKNOWN), 2);
        assert_eq!(status(&bench, other), None);
    }
}

#[test]
fn a_certificate_of_nobody_known_or_out_of_its_time_is_refused() {
    let bench = Bench::with_registry(account(Some(template())), |_| {});
    let unknown_ca = X509Certificate { issuer: Some(CertificateId([1; 32])), ..pump() };
    device(&bench, unknown_ca).open().expect_close(DisconnectReason::AuthError);
    assert_eq!(bench.count(|fact| *fact == UNKNOWN), 1);
    let not_after = WallTime::from_unix_secs(1_000_000_000);
    let over = X509Certificate { validity: Validity { not_after, ..Validity::ALWAYS }, ..pump() };
    device(&bench, over).open().expect_close(DisconnectReason::AuthError);
    assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::CertificateDates)), 1);
    assert_eq!(status(&bench, DEVICE), None);
}

/// 80, `broker.md` 127: the message, again at each presentation; a rule hands it to a function; activation lets in.
#[test]
fn a_registration_without_template_is_told_of_each_time() {
    let set_up = |config: &mut squall_core::BrokerConfig| {
        config.registry = account(None);
        config.rules = vec![LambdaRule {
            name: "activate".into(),
            filter: "$aws/events/certificates/registered/+".into(),
            function: "activator".into(),
        }];
        config.account_tag = Tag(8);
    };
    let bench = Bench::with_account(set_up, |_| {});
    let topic = format!("$aws/events/certificates/registered/{CA}");
    let operator = bench.device("operator").connect().subscribe(&topic, 1);
    assert_eq!(bench.not_modelled(), []);
    let pump = device(&bench, pump());
    for round in 1..=2 {
        pump.open();
        let (_, Seen::Publish(told)) = operator.take().expect("a message") else { panic!("a message") };
        assert_eq!((told.topic.as_str(), told.retain), (topic.as_str(), false));
        let told: Value = serde_json::from_slice(&told.payload).unwrap();
        assert_eq!(told["certificateId"], DEVICE.to_string());
        assert_eq!(told["caCertificateId"], CA.to_string());
        assert_eq!(told["certificateStatus"], "PENDING_ACTIVATION");
        let asks = bench.asks();
        assert_eq!(asks.len(), round);
        let OwnedQuestion::InvokeRule { rule, function, payload } = &asks[round - 1].1 else {
            panic!("{:?}", asks[round - 1]);
        };
        assert_eq!((&**rule, &**function), ("activate", "activator"));
        assert_eq!(serde_json::from_slice::<Value>(payload).unwrap(), told);
        bench.advance(1);
        pump.expect_close(DisconnectReason::AuthError);
    }
    assert_eq!(bench.count(|fact| *fact == Fact::RegisteredOnConnect(DEVICE)), 1);
    assert_eq!(bench.metered(8, Cause::RuleTriggered), 2);
    assert_eq!(bench.metered(8, Cause::RuleAction), 2);

    let created = bench.control(ControlCall::CreatePolicy { name: "p", document: POLICY });
    assert!(matches!(created, Reply::Control(_)));
    let target = PolicyTarget::Certificate(DEVICE);
    assert!(bench.control(ControlCall::AttachPolicy { policy: "p", target }).is_accepted());
    activate(&bench, DEVICE);
    pump.connect().publish_acked("anything", b"x");
}

/// A certificate that comes back after its deletion is another one: nothing that was remembered of the first counts.
#[test]
fn a_deleted_certificate_registers_anew() {
    let bench = Bench::with_registry(account(Some(template())), |_| {});
    let pump = device(&bench, pump());
    for round in 1..=2 {
        pump.open();
        bench.advance(3);
        pump.take_all();
        pump.connect();
        let thing = "pump";
        let detach = ControlCall::DetachThingPrincipal { thing, id: DEVICE };
        assert!(bench.control(detach).is_accepted());
        let inactive = ControlCall::UpdateCertificate { id: DEVICE, status: CertificateStatus::Inactive };
        assert!(bench.control(inactive).is_accepted());
        let delete = ControlCall::DeleteCertificate { id: DEVICE, force: true };
        assert!(bench.control(delete).is_accepted(), "round {round}");
        assert!(!pump.is_open());
        pump.take_all();
        assert_eq!(bench.count(|fact| *fact == Fact::RegisteredOnConnect(DEVICE)), round);
        bench.advance(10);
    }
}

/// A certificate that is deleted while its run is under way, and shown again, is provisioned once: by its own run.
#[test]
fn the_run_of_a_deleted_certificate_is_not_made() {
    let bench = Bench::with_registry(account(Some(template())), |_| {});
    let pump = device(&bench, pump());
    pump.open();
    bench.advance(1);
    pump.take_all();
    let inactive = ControlCall::UpdateCertificate { id: DEVICE, status: CertificateStatus::Inactive };
    assert!(bench.control(inactive).is_accepted());
    assert!(bench.control(ControlCall::DeleteCertificate { id: DEVICE, force: true }).is_accepted());
    let began = bench.now();
    pump.open();
    bench.advance_nanos(SECOND * 2 + SECOND / 2);
    assert_eq!(bench.count(|fact| matches!(fact, Fact::JustInTime { .. })), 0, "at {began} its own began");
    bench.advance(10);
    assert_eq!(bench.count(|fact| matches!(fact, Fact::JustInTime { .. })), 1);
}

// Not here: that calls of runs count against the account's rates and what a half-failed run leaves behind are the
// service's, tested in its own crate (`provisioning`).
