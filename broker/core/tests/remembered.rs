//! What the broker remembers of authorisations is never older than the account and the connection that it is about.

use std::fmt::Write as _;

use squall_codec::ReasonCode;
use squall_core::{DisconnectReason, Reply};
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{
    CertificateStatus, ControlCall, PolicyTarget, PrincipalKind, Registry, ThingConfiguration,
    X509Certificate,
};
use squall_types::CertificateId;

use crate::support::{Bench, ComesAs, Device, Seen};

const ONE: CertificateId = CertificateId([1; 32]);
const TWO: CertificateId = CertificateId([2; 32]);
const TARGET: PolicyTarget<'static> = PolicyTarget::Certificate(ONE);

const OWN_CLIENT_ID: &str = "${iot:ClientId}";
const OWN_THING: &str = "${iot:Connection.Thing.ThingName}";

/// A policy that lets everybody connect, and publish to these topics.
fn document(topics: &[&str]) -> String {
    let mut text = String::from(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}"#,
    );
    for topic in topics {
        let arn = format!("arn:aws:iot:us-east-1:123456789012:topic/{topic}");
        write!(text, r#",{{"Effect":"Allow","Action":"iot:Publish","Resource":"{arn}"}}"#).unwrap();
    }
    text + "]}"
}

/// An account with things `pump` and `valve`, and certificate ONE, active, under a policy `p` for these topics.
fn bench(topics: &[&str]) -> Bench {
    let mut registry = Registry::new(Account::default());
    registry.register_certificate(ONE, CertificateFacts::new("1"), CertificateStatus::Active).unwrap();
    registry.policies.create_policy("p", &document(topics)).unwrap();
    registry.attach_policy_to_certificate("p", ONE).unwrap();
    for thing in ["pump", "valve"] {
        registry.create_thing(thing, ThingConfiguration::default()).unwrap();
    }
    Bench::with_registry(registry, |_| {})
}

fn connect(bench: &Bench, name: &str) -> Device {
    bench.device(name).v5().comes_as(ComesAs::Certificate(ONE)).connect()
}

/// Whether the device may publish to the topic.
#[track_caller]
fn may(device: &Device, topic: &str) -> bool {
    device.publish(topic, 1, b"x");
    match device.take() {
        Some((_, Seen::PubAck { code: ReasonCode::Success, .. })) => true,
        Some((_, Seen::PubAck { code: ReasonCode::NotAuthorized, .. })) => false,
        other => panic!("{other:?} in place of a PUBACK"),
    }
}

fn attach(thing: &str, kind: PrincipalKind) -> ControlCall<'_> {
    ControlCall::AttachThingPrincipal { thing, id: ONE, kind }
}

/// D-20, with a topic that is published to without end, and one that was refused before.
#[test]
fn a_change_of_policy_counts_after_the_delay() {
    let bench = bench(&["t"]);
    let d = connect(&bench, "d");
    let narrow = document(&["u"]);
    for _ in 0..3 {
        assert!(may(&d, "t"));
    }
    assert!(!may(&d, "u"));
    let call = ControlCall::CreatePolicyVersion { name: "p", document: &narrow, set_as_default: true };
    assert!(matches!(bench.control(call), Reply::Control(_)));
    for _ in 0..59 {
        assert!(may(&d, "t"));
        bench.advance(1);
    }
    assert!(may(&d, "t") && !may(&d, "u"));
    bench.advance(1);
    assert!(!may(&d, "t") && may(&d, "u"));
}

/// What is remembered is one topic: neither another topic, nor a retained message, nor another action.
#[test]
fn only_the_topic_itself_is_remembered() {
    let bench = bench(&["t"]);
    let d = connect(&bench, "d");
    assert!(may(&d, "t") && !may(&d, "t/"));
    assert!(may(&d, "t") && !may(&d, "T"));
    assert!(may(&d, "t"));
    let packet_id = d.publish_with("t", 1, b"x", |publish| publish.retain = true);
    d.expect_puback_with(packet_id, ReasonCode::NotAuthorized);
    assert_eq!(d.subscribe_all(&[("t", 1)]), [ReasonCode::NotAuthorized as u8]);
}

/// Another connection of the principal, with a client id of its own.
#[test]
fn another_connection_of_the_principal_is_asked_itself() {
    let bench = bench(&[OWN_CLIENT_ID]);
    let a = connect(&bench, "a");
    assert!(may(&a, "a") && may(&a, "a"));
    let b = connect(&bench, "b");
    assert!(!may(&b, "a") && may(&b, "b") && may(&b, "b"));
    assert!(may(&a, "a") && !may(&a, "b"));
    b.disconnect();
    assert!(may(&a, "a") && !may(&a, "b"));
    a.disconnect();
    let b = connect(&bench, "b");
    assert!(!may(&b, "a") && may(&b, "b"));
    // The next takes its place in the table of connections.
    b.disconnect();
    let c = connect(&bench, "c");
    assert!(!may(&c, "b") && may(&c, "c"));
}

/// The certificate takes over its own client id after it was attached to another thing.
#[test]
fn a_takeover_with_another_thing_is_asked_anew() {
    let bench = bench(&[OWN_THING]);
    assert!(matches!(bench.control(attach("pump", PrincipalKind::Exclusive)), Reply::Control(_)));
    let first = connect(&bench, "d");
    assert!(may(&first, "pump") && may(&first, "pump"));
    bench.control(ControlCall::DetachThingPrincipal { thing: "pump", id: ONE });
    assert!(matches!(bench.control(attach("valve", PrincipalKind::Exclusive)), Reply::Control(_)));
    let second = bench.device("again").v5().comes_as(ComesAs::Certificate(ONE)).with_client_id("d").connect();
    first.expect_disconnect(ReasonCode::SessionTakenOver, DisconnectReason::DuplicateClientId);
    assert!(!may(&second, "pump") && may(&second, "valve"));
}

/// What a thing is counts at once, for the client that is there and for one that comes back.
#[test]
fn a_thing_that_is_detached_counts_no_longer() {
    let bench = bench(&[OWN_THING]);
    assert!(matches!(bench.control(attach("pump", PrincipalKind::NonExclusive)), Reply::Control(_)));
    let pump = connect(&bench, "pump");
    assert!(may(&pump, "pump") && may(&pump, "pump"));
    let detach = ControlCall::DetachThingPrincipal { thing: "pump", id: ONE };
    assert!(matches!(bench.control(detach), Reply::Control(_)));
    assert!(!may(&pump, "pump"));
    assert!(matches!(bench.control(attach("pump", PrincipalKind::NonExclusive)), Reply::Control(_)));
    assert!(may(&pump, "pump"));
    pump.disconnect();
    assert!(matches!(bench.control(detach), Reply::Control(_)));
    let pump = connect(&bench, "pump");
    assert!(!may(&pump, "pump"));
}

/// A certificate whose connections are gone is read anew when one comes back, if something has changed meanwhile.
#[test]
fn a_certificate_that_comes_back_is_held_to_the_account_as_it_is() {
    let bench = bench(&["t"]);
    let d = connect(&bench, "d");
    assert!(may(&d, "t"));
    d.disconnect();
    let d = connect(&bench, "d");
    assert!(may(&d, "t"));
    d.disconnect();

    let wider = document(&["t", "u"]);
    let call = ControlCall::CreatePolicyVersion { name: "p", document: &wider, set_as_default: true };
    assert!(matches!(bench.control(call), Reply::Control(_)));
    let d = connect(&bench, "d");
    assert!(may(&d, "u"));

    // One that was there when the change came is not read anew for another connection beside it.
    let narrow = document(&["t"]);
    let call = ControlCall::CreatePolicyVersion { name: "p", document: &narrow, set_as_default: true };
    assert!(matches!(bench.control(call), Reply::Control(_)));
    let beside = connect(&bench, "beside");
    assert!(may(&d, "u") && may(&beside, "u"));
    d.disconnect();
    beside.disconnect();
    let d = connect(&bench, "d");
    assert!(!may(&d, "u") && may(&d, "t"));
    d.disconnect();

    bench.control(ControlCall::UpdateCertificate { id: ONE, status: CertificateStatus::Inactive });
    let refused = bench.device("d").v5().comes_as(ComesAs::Certificate(ONE)).connect_with(|_| {});
    refused.expect_close(DisconnectReason::AuthError);
    bench.control(ControlCall::UpdateCertificate { id: ONE, status: CertificateStatus::Active });
    assert!(may(&connect(&bench, "d"), "t"));
}

/// A change that is on its way when the last connection goes does not hurry a later one.
#[test]
fn a_certificate_that_comes_back_has_delays_of_its_own() {
    let bench = bench(&["t"]);
    let d = connect(&bench, "d");
    let detach = ControlCall::DetachPolicy { policy: "p", target: TARGET };
    assert!(matches!(
        bench.control(ControlCall::AttachPolicy { policy: "p", target: TARGET }),
        Reply::Control(_)
    ));
    d.disconnect();
    bench.advance(30);
    let d = connect(&bench, "d");
    assert!(matches!(bench.control(detach), Reply::Control(_)));
    bench.advance(59);
    assert!(may(&d, "t"));
    bench.advance(1);
    assert!(!may(&d, "t"));
}

/// A certificate that is registered again after its end is another one, in another place of the registry.
#[test]
fn a_certificate_that_was_deleted_is_not_remembered() {
    let bench = bench(&["t"]);
    let d = connect(&bench, "d");
    assert!(may(&d, "t"));
    d.disconnect();
    bench.control(ControlCall::UpdateCertificate { id: ONE, status: CertificateStatus::Inactive });
    assert!(matches!(
        bench.control(ControlCall::DeleteCertificate { id: ONE, force: true }),
        Reply::Control(_)
    ));
    for id in [TWO, ONE] {
        let certificate = &X509Certificate::new(id);
        let status = CertificateStatus::Active;
        let register = ControlCall::RegisterCertificateWithoutCa { certificate, status };
        assert!(bench.control(register).is_accepted());
    }
    let d = bench.device("d").v5().comes_as(ComesAs::Certificate(ONE)).connect_with(|_| {});
    d.expect_refusal(0x87, DisconnectReason::AuthError);
    let of_things = document(&[OWN_THING]);
    bench.control(ControlCall::CreatePolicy { name: "of-things", document: &of_things });
    bench.control(ControlCall::AttachPolicy { policy: "of-things", target: TARGET });
    assert!(matches!(bench.control(attach("pump", PrincipalKind::Exclusive)), Reply::Control(_)));
    let d = connect(&bench, "d");
    assert!(may(&d, "pump") && !may(&d, "t"));
}
