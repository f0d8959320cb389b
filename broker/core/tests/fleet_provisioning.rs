//! Fleet provisioning on connections: `state.md` 3.3 to 3.6, checks 81 to 89 and 93.

use serde_json::{Value, json};
use squall_core::{
    Answer, AskId, BrokerConfig, Call, DisconnectReason, Feature, Input, OwnedQuestion, Reply,
};
use squall_profile::Decision;
use squall_services::policy::{Account, CertificateFacts};
use squall_services::provisioning::{
    NewHook, NewTemplate, TemplateAnswer, TemplateCall, TemplateKind, TemplateQuery, TemplateReply,
    TemplateUpdate, minimal_claim_policy,
};
use squall_services::registry::{CertificateStatus, ControlQuery, Registry, X509Certificate};
use squall_types::{CertificateId, QoS, WallTime};

use crate::support::{Bench, ComesAs, Delivery, Device, Fact, Seen};

const CLAIM: CertificateId = CertificateId([0xc; 32]);
const NEW: CertificateId = CertificateId([0xd; 32]);
const CREATE: &str = "$aws/certificates/create/json";
const FROM_CSR: &str = "$aws/certificates/create-from-csr/json";
const PROVISION: &str = "$aws/provisioning-templates/fleet/provision/json";
const HOOK: &str = "arn:aws:lambda:us-east-1:123456789012:function:hook";

fn template() -> String {
    json!({
        "Parameters": {"Serial": {"Type": "String"}, "Place": {"Type": "String", "Default": "Nowhere"}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Fn::Join": ["-", ["lamp", {"Ref": "Serial"}]]}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
            }}},
        },
        "DeviceConfiguration": {"place": {"Ref": "Place"}},
    })
    .to_string()
}

/// An account with a claim certificate of the smallest policy, and a template, with a hook or without.
fn bench(hook: bool) -> Bench {
    bench_with(hook, |document| document)
}

fn bench_with(hook: bool, change: impl FnOnce(String) -> String) -> Bench {
    let set_up = |config: &mut BrokerConfig| {
        let account = Account::default();
        let mut registry = Registry::new(account.clone());
        let facts = CertificateFacts::new("1");
        registry.register_certificate(CLAIM, facts, CertificateStatus::Active).unwrap();
        let document = change(minimal_claim_policy(&account, "fleet"));
        registry.policies.create_policy("claim", &document).unwrap();
        registry.attach_policy_to_certificate("claim", CLAIM).unwrap();
        config.registry = registry;
        let new = NewTemplate {
            name: "fleet",
            description: None,
            body: &template(),
            enabled: true,
            role_arn: "arn:aws:iam::123456789012:role/Provisioning",
            hook: hook.then_some(NewHook { payload_version: None, target_arn: HOOK }),
            kind: TemplateKind::Fleet,
        };
        config.templates.create(WallTime(0), &new).unwrap();
    };
    Bench::with_account(set_up, |_| {})
}

fn claimant(bench: &Bench, name: &str) -> Device {
    let device = bench.device(name).comes_as(ComesAs::Certificate(CLAIM)).connect();
    for topic in [CREATE, FROM_CSR, PROVISION] {
        device.subscribe(&format!("{topic}/accepted"), 1);
        device.subscribe(&format!("{topic}/rejected"), 1);
    }
    device
}

fn last_ask(bench: &Bench) -> (AskId, OwnedQuestion) {
    bench.asks().pop().expect("a question")
}

fn issue(bench: &Bench, id: CertificateId, private_key: Option<&str>) {
    let certificate = X509Certificate { pem: Some("PEM".into()), ..X509Certificate::new(id) };
    let answer = Answer::Issued { certificate: &certificate, private_key };
    bench.input(Input::Answer { ask: last_ask(bench).0, answer });
}

fn returned(bench: &Bench, payload: &str) {
    bench.input(Input::Answer { ask: last_ask(bench).0, answer: Answer::Returned { payload } });
}

/// The next message that a device gets, on a topic.
#[track_caller]
fn answer(device: &Device, topic: &str) -> Value {
    match device.take().map(|(_, seen)| seen) {
        Some(Seen::Publish(Delivery { topic: on, payload, packet_id, .. })) if on == topic => {
            if packet_id > 0 {
                device.ack(packet_id);
            }
            serde_json::from_slice(&payload).unwrap()
        }
        other => panic!("{topic} was expected, {other:?} has come"),
    }
}

/// A device with a new certificate; its token.
fn token(bench: &Bench, device: &Device) -> String {
    device.publish(CREATE, 0, b"");
    issue(bench, NEW, Some("KEY"));
    let answer = answer(device, &format!("{CREATE}/accepted"));
    answer["certificateOwnershipToken"].as_str().unwrap().to_owned()
}

fn register(device: &Device, token: &str) {
    let payload = json!({"certificateOwnershipToken": token, "parameters": {"Serial": "7"}});
    device.publish(PROVISION, 0, payload.to_string());
}

fn status(bench: &Bench) -> Option<CertificateStatus> {
    bench.with_registry_of(|registry| registry.certificate_status(NEW).ok())
}

fn has_thing(bench: &Bench) -> bool {
    bench.call(Call::Query(ControlQuery::DescribeThing { name: "lamp-7" })).is_accepted()
}

/// 81, 82: keys, then a thing; the new certificate connects and may do what the template gave it.
#[test]
fn a_claim_becomes_an_identity() {
    let bench = bench(false);
    let device = claimant(&bench, "d");
    let id = device.publish(CREATE, 1, b"");
    device.expect_puback(id);
    assert_eq!(last_ask(&bench).1, OwnedQuestion::CreateKeys);
    device.expect_nothing();
    issue(&bench, NEW, Some("KEY"));
    let accepted = answer(&device, &format!("{CREATE}/accepted"));
    let token = accepted["certificateOwnershipToken"].as_str().unwrap();
    assert_eq!(
        accepted,
        json!({"certificateId": NEW.to_string(), "certificatePem": "PEM", "privateKey": "KEY",
            "certificateOwnershipToken": token})
    );
    assert_eq!(token.len(), 64);
    assert_eq!(status(&bench), Some(CertificateStatus::PendingActivation));
    register(&device, token);
    let accepted = answer(&device, &format!("{PROVISION}/accepted"));
    assert_eq!(accepted, json!({"deviceConfiguration": {"place": "Nowhere"}, "thingName": "lamp-7"}));
    assert_eq!(status(&bench), Some(CertificateStatus::Active));
    let registered = bench.count(|fact| {
        matches!(fact, Fact::FleetAnswered { api: "RegisterThing", metric: Some(metric), .. }
            if *metric == "ApproximateNumberOfThingsRegistered")
    });
    assert_eq!(registered, 1);
    device.disconnect();
    device.take_all();
    device.comes_as(ComesAs::Certificate(NEW)).connect().publish_acked("mine", b"x");
    assert_eq!(bench.not_modelled(), []);
    assert!(bench.relied_on(Decision::OverrideSettings));
}

/// A certificate for a request, and one that cannot be signed.
#[test]
fn a_signing_request_is_handed_out_and_answered() {
    let bench = bench(false);
    let device = claimant(&bench, "d");
    device.publish(FROM_CSR, 0, br#"{"certificateSigningRequest":"CSR"}"#);
    assert_eq!(last_ask(&bench).1, OwnedQuestion::SignRequest { signing_request: "CSR".into() });
    issue(&bench, NEW, None);
    let accepted = answer(&device, &format!("{FROM_CSR}/accepted"));
    let keys: Vec<_> = accepted.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["certificateOwnershipToken", "certificateId", "certificatePem"]);
    device.publish(FROM_CSR, 0, br#"{"certificateSigningRequest":"CSR"}"#);
    let answer_ = Answer::Failed { what: "no request" };
    bench.input(Input::Answer { ask: last_ask(&bench).0, answer: answer_ });
    let rejected = answer(&device, &format!("{FROM_CSR}/rejected"));
    assert_eq!(rejected["statusCode"], 400);
    let metric = Some("CreateCertificateFromCsrFailed");
    let failed = Fact::FleetAnswered { api: "CreateCertificateFromCsr", rejected: true, metric };
    assert_eq!(bench.count(|fact| *fact == failed), 1);
    assert!(bench.relied_on(Decision::FleetRejections));
}

/// 83: the answer that is known from a real one.
#[test]
fn an_empty_token_is_rejected() {
    let bench = bench(false);
    let device = claimant(&bench, "d");
    register(&device, "");
    assert_eq!(
        answer(&device, &format!("{PROVISION}/rejected")),
        json!({"statusCode": 400, "errorCode": "InvalidCertificateOwnershipToken",
            "errorMessage": "Certificate ownership token cannot be empty."})
    );
}

/// 84: an hour later the token is none, and the certificate gone.
#[test]
fn a_token_lasts_an_hour() {
    let bench = bench(false);
    let device = claimant(&bench, "d").keep_alive(0);
    let token = token(&bench, &device);
    for _ in 0..5 {
        bench.advance(600);
        device.send(&squall_codec::Packet::PingReq);
        device.take_all();
    }
    bench.advance(599);
    assert_eq!(status(&bench), Some(CertificateStatus::PendingActivation));
    bench.advance(2);
    assert_eq!(status(&bench), None);
    register(&device, &token);
    let rejected = answer(&device, &format!("{PROVISION}/rejected"));
    assert_eq!(rejected["errorCode"], "InvalidCertificateOwnershipToken");
    assert!(!has_thing(&bench));
}

/// 85: no, an error and an answer that comes too late are one to the device.
#[test]
fn a_hook_that_does_not_allow_it_stops_it() {
    let expect_rejected = |bench: &Bench, device: &Device| {
        let rejected = answer(device, &format!("{PROVISION}/rejected"));
        assert_eq!((&rejected["statusCode"], &rejected["errorCode"]), (&json!(403), &json!("AccessDenied")));
        assert!(!has_thing(bench));
        assert_eq!(status(bench), Some(CertificateStatus::PendingActivation));
    };
    let bench = bench(true);
    let device = claimant(&bench, "d");
    let token = token(&bench, &device);

    register(&device, &token);
    let (_, OwnedQuestion::InvokeHook { function_arn, event }) = last_ask(&bench) else { panic!("a hook") };
    assert_eq!(&*function_arn, HOOK);
    let event: Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["claimCertificateId"], CLAIM.to_string());
    assert_eq!((&event["clientId"], &event["parameters"]), (&json!("d"), &json!({"Serial": "7"})));
    returned(&bench, r#"{"allowProvisioning":false}"#);
    expect_rejected(&bench, &device);

    register(&device, &token);
    let answer = Answer::Failed { what: "it broke" };
    bench.input(Input::Answer { ask: last_ask(&bench).0, answer });
    expect_rejected(&bench, &device);

    register(&device, &token);
    bench.advance(4);
    device.expect_nothing();
    bench.advance(1);
    expect_rejected(&bench, &device);
    // Too late.
    returned(&bench, r#"{"allowProvisioning":true}"#);
    device.expect_nothing();
    assert!(!has_thing(&bench));

    // A failure costs no token.
    register(&device, &token);
    returned(&bench, r#"{"allowProvisioning":true}"#);
    self::answer(&device, &format!("{PROVISION}/accepted"));
    assert!(has_thing(&bench));
}

/// 86: what the hook says counts, not what the device said.
#[test]
fn a_hook_overrides_parameters() {
    let bench = bench(true);
    let device = claimant(&bench, "d");
    let token = token(&bench, &device);
    register(&device, &token);
    returned(&bench, r#"{"allowProvisioning":true,"parameterOverrides":{"Place":"Seattle"}}"#);
    let accepted = answer(&device, &format!("{PROVISION}/accepted"));
    assert_eq!(accepted["deviceConfiguration"], json!({"place": "Seattle"}));
}

/// 87: the answer is for the connection that asked, whoever else is subscribed, and however.
#[test]
fn an_answer_goes_to_nobody_else() {
    let bench = bench(false);
    let (device, other) = (claimant(&bench, "d"), claimant(&bench, "e"));
    let listener = bench.device("listener").connect().subscribe("$aws/certificates/create/+/accepted", 1);
    let shared = bench.device("shared").connect().subscribe(&format!("$share/g/{CREATE}/accepted"), 1);
    let token = token(&bench, &device);
    register(&device, &token);
    answer(&device, &format!("{PROVISION}/accepted"));
    for nobody in [&device, &other, &listener, &shared] {
        nobody.expect_nothing();
    }
    // Who is not subscribed hears nothing, nor does who has left; the request has its effect all the same.
    let deaf = bench.device("deaf").comes_as(ComesAs::Certificate(CLAIM)).connect();
    deaf.publish(CREATE, 0, b"");
    issue(&bench, CertificateId([0xe; 32]), Some("KEY"));
    deaf.expect_nothing();
    device.publish(CREATE, 0, b"");
    device.reset();
    issue(&bench, CertificateId([0xf; 32]), Some("KEY"));
    bench.device("d").connect().expect_nothing();
    let answered = bench.count(|fact| matches!(fact, Fact::FleetAnswered { rejected: false, .. }));
    assert_eq!(answered, 4);
}

/// The answer comes at the lower of QoS 1 and what was granted; one that may not be received does not come.
#[test]
fn an_answer_is_a_delivery_like_any_other() {
    let bench =
        bench_with(false, |document| document.replace(r#""iot:Publish","iot:Receive""#, r#""iot:Publish""#));
    let device = bench.device("d").comes_as(ComesAs::Certificate(CLAIM)).connect();
    device.subscribe("$aws/certificates/create/json/+", 0);
    device.publish(CREATE, 0, b"");
    issue(&bench, NEW, Some("KEY"));
    device.expect_nothing();
    assert_eq!(bench.denials()[0].0, format!("iot:Receive on {CREATE}/accepted for d"));
    let bench = self::bench(false);
    let device = bench.device("d").comes_as(ComesAs::Certificate(CLAIM)).connect();
    device.subscribe("$aws/certificates/create/json/+", 0);
    device.publish(CREATE, 0, b"");
    issue(&bench, NEW, Some("KEY"));
    let Some((_, Seen::Publish(delivery))) = device.take() else { panic!("an answer") };
    assert_eq!(delivery.qos, 0);
}

/// 88: without the right to publish there is no answer at all.
#[test]
fn a_claim_that_may_not_ask_hears_nothing() {
    let bench = bench_with(false, |document| {
        document.replace("provisioning-templates/fleet", "provisioning-templates/x")
    });
    let device = bench.device("d").comes_as(ComesAs::Certificate(CLAIM)).connect();
    device.subscribe(&format!("{CREATE}/accepted"), 1);
    let token = token(&bench, &device);
    register(&device, &token);
    assert!(!device.is_open());
    assert_eq!(bench.denials()[0].0, format!("iot:Publish on {PROVISION} for d"));
    assert_eq!(bench.count(|fact| matches!(fact, Fact::FleetAnswered { api: "RegisterThing", .. })), 0);
}

/// 89: a trusted user's claim lets in for five minutes, and is good for a certificate five minutes after connecting.
#[test]
fn a_temporary_claim_is_good_for_five_minutes() {
    let bench = bench(false);
    let claim = CertificateId([0x7c; 32]);
    let certificate = X509Certificate::new(claim);
    let device = bench.device("d").comes_as(ComesAs::Certificate(claim));
    device.open().expect_close(DisconnectReason::AuthError);
    let create = TemplateCall::CreateProvisioningClaim { template: "fleet", certificate: Some(&certificate) };
    let reply = bench.call(Call::Template(create));
    assert!(matches!(reply, Reply::Template(TemplateReply::Claim { .. })), "{reply:?}");
    let audit = Fact::Audit { operation: "CreateProvisioningClaim", error: None };
    assert_eq!(bench.count(|fact| *fact == audit), 1);

    // It may do what the flow needs, and nothing else.
    device
        .connect()
        .subscribe(&format!("{CREATE}/accepted"), 1)
        .subscribe(&format!("{PROVISION}/accepted"), 1);
    device.subscribe(&format!("{CREATE}/rejected"), 1);
    let token = token(&bench, &device);
    register(&device, &token);
    answer(&device, &format!("{PROVISION}/accepted"));
    bench.advance(300);
    device.publish(CREATE, 0, b"");
    issue(&bench, CertificateId([0xe; 32]), Some("KEY"));
    answer(&device, &format!("{CREATE}/accepted"));
    bench.advance(1);
    device.publish(CREATE, 0, b"");
    assert_eq!(answer(&device, &format!("{CREATE}/rejected"))["statusCode"], 403);
    device.publish("elsewhere", 0, b"");
    assert!(!device.is_open());
    device.take_all();

    // Its five minutes are over, so nobody comes in with it, and no call makes it again.
    device.open().expect_close(DisconnectReason::AuthError);
    let unknown = TemplateCall::CreateProvisioningClaim { template: "none", certificate: Some(&certificate) };
    assert!(matches!(bench.call(Call::Template(unknown)), Reply::Failed(_)));
}

#[test]
fn templates_are_changed_and_read_by_calls() {
    let bench = bench(false);
    let device = claimant(&bench, "d");
    let token = token(&bench, &device);
    let update = TemplateUpdate { enabled: Some(false), ..TemplateUpdate::default() };
    let call = TemplateCall::UpdateProvisioningTemplate { name: "fleet", update };
    assert!(bench.call(Call::Template(call)).is_accepted());
    register(&device, &token);
    assert_eq!(answer(&device, &format!("{PROVISION}/rejected"))["errorCode"], "InvalidRequest");
    let query = TemplateQuery::DescribeProvisioningTemplate { name: "fleet" };
    let reply = bench.call(Call::TemplateQuery(query));
    let Reply::TemplateAnswer(TemplateAnswer::Template(description)) = reply else { panic!("{reply:?}") };
    assert!(!description.summary.enabled);
}

/// 93: CBOR is answered in CBOR, on its own topic.
#[test]
fn cbor_is_answered_in_cbor() {
    let bench = bench(false);
    let device = claimant(&bench, "d").subscribe("$aws/certificates/create/cbor/accepted", 1);
    device.publish("$aws/certificates/create/cbor", 0, b"");
    issue(&bench, NEW, Some("KEY"));
    let Some((_, Seen::Publish(delivery))) = device.take() else { panic!("an answer") };
    assert_eq!(delivery.topic, "$aws/certificates/create/cbor/accepted");
    // A map of four entries, of which the first key is a text of 13 bytes.
    assert_eq!(&delivery.payload[..3], b"\xa4\x6dc");
}

/// `state.md` 3.3: there is no connection to answer to.
#[test]
fn a_request_over_https_is_not_modelled() {
    let bench = bench(false);
    let call = Call::Publish { topic: CREATE, payload: b"", qos: QoS::AtMostOnce, retain: false };
    assert!(bench.call(call).is_accepted());
    assert_eq!(bench.not_modelled(), [Feature::Provisioning]);
    assert!(bench.asks().is_empty());
}
