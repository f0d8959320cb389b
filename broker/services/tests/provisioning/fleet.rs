//! Fleet provisioning over MQTT: checks 81 to 93.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_profile::Profile;
use squall_services::provisioning::{
    Begun, Direction, FleetAnswer, FleetProvisioning, FleetRequest, FleetTopic, HookFailure,
    IssuedCertificate, NewHook, Outcome, PendingCertificate, PendingRegistration, Rejection, TemplateUpdate,
    Templates,
};
use squall_services::registry::{CertificateStatus, Registry, X509Certificate};
use squall_types::{CertificateId, Now, Timestamp};

use super::support::{CLAIM, DEVICE, at, certificate, registry, templates, with};

const CREATE: &str = "$aws/certificates/create/json";
const FROM_CSR: &str = "$aws/certificates/create-from-csr/json";
const PROVISION: &str = "$aws/provisioning-templates/fleet/provision/json";

struct Bench {
    registry: Registry,
    templates: Templates,
    fleet: FleetProvisioning,
}

fn bench() -> Bench {
    let limits = Profile::named("aws-current").unwrap().limits;
    Bench { registry: registry(), templates: templates(), fleet: FleetProvisioning::new(&limits) }
}

impl Bench {
    fn request(&mut self, now: Now, topic: &str, payload: &[u8], since: Option<Timestamp>) -> Begun {
        let Self { registry, templates, fleet } = self;
        let topic = FleetTopic::parse(topic).unwrap();
        let request = FleetRequest {
            topic,
            payload,
            client_id: "dev",
            claim: Some(CLAIM),
            temporary_claim_since: since,
        };
        with(registry, now, |control| fleet.request(control, templates, &request)).0
    }

    fn finish(
        &mut self,
        now: Now,
        pending: PendingCertificate,
        id: CertificateId,
        token: &str,
    ) -> FleetAnswer {
        let Self { registry, fleet, .. } = self;
        let certificate = X509Certificate { pem: Some("PEM".into()), ..certificate(id, &[]) };
        let issued =
            IssuedCertificate { certificate: &certificate, private_key: Some("KEY"), ownership_token: token };
        with(registry, now, |control| fleet.finish_certificate(control, pending, Ok(issued))).0
    }

    fn hook(
        &mut self,
        now: Now,
        pending: PendingRegistration,
        answer: Result<&str, HookFailure>,
    ) -> FleetAnswer {
        let Self { registry, fleet, .. } = self;
        with(registry, now, |control| fleet.finish_hook(control, pending, answer)).0
    }

    /// A new certificate, with the token `token`.
    fn create(&mut self, now: Now) -> FleetAnswer {
        match self.request(now, CREATE, b"", None) {
            Begun::NeedsKeys(pending) => self.finish(now, pending, DEVICE, "token"),
            other => panic!("{other:?}"),
        }
    }

    fn register(&mut self, now: Now, payload: &Value) -> Begun {
        self.request(now, PROVISION, payload.to_string().as_bytes(), None)
    }

    fn registered(&mut self, now: Now, payload: &Value) -> FleetAnswer {
        answered(self.register(now, payload))
    }

    fn with_hook(mut self) -> Self {
        let hook = NewHook { payload_version: None, target_arn: "arn:aws:lambda:hook" };
        let update = TemplateUpdate { hook: Some(hook), ..TemplateUpdate::default() };
        self.templates.update(at(0).wall, "fleet", &update).unwrap();
        self
    }

    fn status(&self) -> Option<CertificateStatus> {
        self.registry.certificate_status(DEVICE).ok()
    }

    fn has_thing(&self, name: &str) -> bool {
        let mut copy = self.registry.clone();
        copy.add_thing_to_thing_group(name, "lamps").is_ok()
    }
}

fn answered(begun: Begun) -> FleetAnswer {
    match begun {
        Begun::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn pending_hook(begun: Begun) -> PendingRegistration {
    match begun {
        Begun::NeedsHook(pending) => *pending,
        other => panic!("{other:?}"),
    }
}

fn text(answer: &FleetAnswer) -> &str {
    std::str::from_utf8(&answer.payload).unwrap()
}

fn rejected(answer: &FleetAnswer) -> (u64, String) {
    assert_eq!(answer.direction(), Direction::Rejected);
    let read: Value = serde_json::from_slice(&answer.payload).unwrap();
    let keys: Vec<_> = read.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["statusCode", "errorCode", "errorMessage"]);
    (read["statusCode"].as_u64().unwrap(), read["errorCode"].as_str().unwrap().to_owned())
}

fn seven(token: &str) -> Value {
    json!({"certificateOwnershipToken": token, "parameters": {"Serial": "7", "Place": "Seattle"}})
}

/// Checks 81 and 82.
#[test]
fn a_device_creates_a_certificate_and_registers_its_thing() {
    let mut bench = bench();
    let answer = bench.create(at(0));
    assert_eq!(
        text(&answer),
        format!(
            r#"{{"certificateId":"{DEVICE}","certificatePem":"PEM","privateKey":"KEY","certificateOwnershipToken":"token"}}"#
        )
    );
    assert_eq!((answer.direction(), answer.outcome), (Direction::Accepted, Outcome::Issued(DEVICE)));
    assert_eq!(bench.status(), Some(CertificateStatus::PendingActivation));
    let answer = bench.registered(at(1), &seven("token"));
    assert_eq!(
        text(&answer),
        r#"{"deviceConfiguration":{"url":"https://sea","name":"lamp 7"},"thingName":"lamp-7"}"#
    );
    assert!(matches!(answer.outcome, Outcome::Registered { certificate: DEVICE, .. }));
    assert_eq!(bench.status(), Some(CertificateStatus::Active));
    assert!(bench.has_thing("lamp-7"));
    // A token is used once.
    let again = bench.registered(at(2), &seven("token"));
    assert_eq!(rejected(&again), (400, "InvalidCertificateOwnershipToken".to_owned()));
    // An hour later there is nothing to delete.
    assert_eq!(bench.fleet.expire(&mut bench.registry, at(3_601)), []);
    assert_eq!(bench.status(), Some(CertificateStatus::Active));
}

#[test]
fn a_device_has_its_signing_request_signed() {
    let mut bench = bench();
    let request = json!({"certificateSigningRequest": "CSR"}).to_string();
    let Begun::NeedsSignature { signing_request, pending } =
        bench.request(at(0), FROM_CSR, request.as_bytes(), None)
    else {
        panic!()
    };
    assert_eq!(&*signing_request, "CSR");
    let answer = bench.finish(at(0), pending, DEVICE, "token");
    assert_eq!(
        text(&answer),
        format!(
            r#"{{"certificateOwnershipToken":"token","certificateId":"{DEVICE}","certificatePem":"PEM"}}"#
        )
    );
    let Bench { registry, fleet, .. } = &mut bench;
    let damaged =
        with(registry, at(1), |control| fleet.finish_certificate(control, pending, Err("no key"))).0;
    assert_eq!(rejected(&damaged), (400, "InvalidCertificateSigningRequest".to_owned()));
    for payload in ["", "{}", r#"{"certificateSigningRequest":""}"#] {
        let answer = answered(bench.request(at(2), FROM_CSR, payload.as_bytes(), None));
        assert_eq!(rejected(&answer), (400, "InvalidCertificateSigningRequest".to_owned()));
    }
}

/// Check 83 word for word, and its neighbours.
#[test]
fn requests_are_rejected_with_a_code() {
    let rows = [
        (json!({"certificateOwnershipToken": ""}), 400, "InvalidCertificateOwnershipToken"),
        (json!({}), 400, "InvalidCertificateOwnershipToken"),
        (seven("other"), 400, "InvalidCertificateOwnershipToken"),
        (json!({"certificateOwnershipToken": 7}), 400, "InvalidPayload"),
        (json!([]), 400, "InvalidPayload"),
        (json!({"certificateOwnershipToken": "token", "parameters": ["x"]}), 400, "InvalidPayload"),
        (json!({"certificateOwnershipToken": "token", "parameters": {"Serial": 7}}), 400, "InvalidPayload"),
        (json!({"certificateOwnershipToken": "token"}), 400, "InvalidRequest"),
    ];
    let mut bench = bench();
    bench.create(at(0));
    for (index, (payload, status, code)) in rows.iter().enumerate() {
        let answer = bench.registered(at(1 + index as u64), payload);
        assert_eq!(rejected(&answer), (*status, (*code).to_owned()), "{payload}");
    }
    let empty = bench.registered(at(20), &rows[0].0);
    assert_eq!(
        text(&empty),
        r#"{"statusCode":400,"errorCode":"InvalidCertificateOwnershipToken","errorMessage":"Certificate ownership token cannot be empty."}"#
    );
    for name in ["none", "jitp"] {
        let topic = format!("$aws/provisioning-templates/{name}/provision/json");
        let answer = answered(bench.request(at(21), &topic, seven("token").to_string().as_bytes(), None));
        assert_eq!(rejected(&answer), (404, "ResourceNotFound".to_owned()));
    }
    let off = TemplateUpdate { enabled: Some(false), ..TemplateUpdate::default() };
    bench.templates.update(at(22).wall, "fleet", &off).unwrap();
    assert_eq!(rejected(&bench.registered(at(22), &seven("token"))), (400, "InvalidRequest".to_owned()));
    // None of that has used the token up.
    let on = TemplateUpdate { enabled: Some(true), ..TemplateUpdate::default() };
    bench.templates.update(at(23).wall, "fleet", &on).unwrap();
    assert_eq!(bench.registered(at(23), &seven("token")).direction(), Direction::Accepted);
}

/// Check 84.
#[test]
fn a_certificate_of_which_nothing_was_made_is_deleted_after_an_hour() {
    let mut bench = bench();
    bench.create(at(0));
    assert_eq!(bench.fleet.next_deadline(), Some(Timestamp::from_secs(3_600)));
    assert_eq!(bench.fleet.expire(&mut bench.registry, at(3_599)), []);
    assert_eq!(bench.fleet.expire(&mut bench.registry, at(3_600)), [DEVICE]);
    assert_eq!((bench.status(), bench.fleet.next_deadline()), (None, None));
    let late = bench.registered(at(3_601), &seven("token"));
    assert_eq!(rejected(&late), (400, "InvalidCertificateOwnershipToken".to_owned()));
}

/// Check 85.
#[test]
fn a_hook_that_does_not_allow_it_makes_nothing() {
    let answers = [
        Ok(r#"{"allowProvisioning":false}"#),
        Ok("{}"),
        Ok("nonsense"),
        Ok(r#"{"allowProvisioning":"true"}"#),
        Ok(r#"{"allowProvisioning":true,"parameterOverrides":{"Serial":7}}"#),
        Err(HookFailure::TimedOut),
        Err(HookFailure::Failed("it threw".into())),
    ];
    for hook_answer in answers {
        let mut bench = bench().with_hook();
        bench.create(at(0));
        let pending = pending_hook(bench.register(at(1), &seven("token")));
        // Meanwhile the token is not good for another.
        let meanwhile = bench.registered(at(2), &seven("token"));
        assert_eq!(rejected(&meanwhile).1, "InvalidCertificateOwnershipToken");
        let answer = bench.hook(at(6), pending, hook_answer.clone());
        assert_eq!(rejected(&answer), (403, "AccessDenied".to_owned()), "{hook_answer:?}");
        assert!(matches!(answer.outcome, Outcome::Rejected { rejection: Rejection::Hook(_), .. }));
        assert!(!bench.has_thing("lamp-7"));
        assert_eq!(bench.status(), Some(CertificateStatus::PendingActivation));
        // The device may try again.
        pending_hook(bench.register(at(7), &seven("token")));
    }
}

/// Check 86, and what the hook is told.
#[test]
fn a_hook_overrides_parameters() {
    let mut bench = bench().with_hook();
    bench.create(at(0));
    let payload = json!({"certificateOwnershipToken": "token", "parameters": {"Serial": "7"}});
    let pending = pending_hook(bench.register(at(1), &payload));
    assert_eq!((&*pending.function_arn, &*pending.template_name), ("arn:aws:lambda:hook", "fleet"));
    let expected = format!(
        "{{\"claimCertificateId\":\"{CLAIM}\",\"certificateId\":\"{DEVICE}\",\"certificatePem\":\"PEM\",\
         \"templateArn\":\"arn:aws:iot:us-east-1:123456789012:provisioningtemplate/fleet\",\
         \"clientId\":\"dev\",\"parameters\":{{\"Serial\":\"7\"}}}}"
    );
    assert_eq!(*pending.event, *expected);
    let allowed = r#"{"allowProvisioning":true,"parameterOverrides":{"Place":"Seattle","Serial":"8"}}"#;
    let answer = bench.hook(at(2), pending, Ok(allowed));
    assert_eq!(
        text(&answer),
        r#"{"deviceConfiguration":{"url":"https://sea","name":"lamp 8"},"thingName":"lamp-8"}"#
    );
}

#[test]
fn a_token_that_ends_while_the_hook_runs_is_no_longer_good() {
    let mut bench = bench().with_hook();
    bench.create(at(0));
    let pending = pending_hook(bench.register(at(3_598), &seven("token")));
    assert_eq!(bench.fleet.expire(&mut bench.registry, at(3_600)), [DEVICE]);
    let answer = bench.hook(at(3_601), pending, Ok(r#"{"allowProvisioning":true}"#));
    assert_eq!(rejected(&answer).1, "InvalidCertificateOwnershipToken");
    assert!(!bench.has_thing("lamp-7"));
}

/// Check 89.
#[test]
fn a_temporary_claim_creates_within_five_minutes_of_connecting() {
    let mut bench = bench();
    let since = Some(Timestamp::from_secs(100));
    assert!(matches!(bench.request(at(400), CREATE, b"", since), Begun::NeedsKeys(_)));
    let late = answered(bench.request(at(401), CREATE, b"", since));
    assert_eq!(rejected(&late), (403, "AccessDenied".to_owned()));
}

/// `state.md` 3.8.
#[test]
fn rates_are_those_of_the_account() {
    let csr = json!({"certificateSigningRequest": "CSR"}).to_string();
    let register = seven("none").to_string();
    for (topic, payload, rate) in
        [(CREATE, "", 10), (FROM_CSR, csr.as_str(), 20), (PROVISION, register.as_str(), 10)]
    {
        let mut bench = bench();
        let mut granted = |seconds| {
            let throttled = |begun: &Begun| {
                matches!(begun, Begun::Answered(answer)
                    if matches!(answer.outcome, Outcome::Rejected { rejection: Rejection::Throttled, .. }))
            };
            let mut ask = || bench.request(at(seconds), topic, payload.as_bytes(), None);
            (0..50).filter(|_| !throttled(&ask())).count()
        };
        assert_eq!((granted(5), granted(5), granted(6)), (rate, 0, rate), "{topic}");
        let refused = answered(bench.request(at(6), topic, payload.as_bytes(), None));
        assert_eq!(rejected(&refused), (429, "Throttling".to_owned()));
    }
}

#[test]
fn a_registration_that_is_throttled_inside_may_be_asked_for_again() {
    let mut bench = bench();
    bench.create(at(0));
    let wrong = squall_services::registry::ControlCall::UpdateCertificate {
        id: CLAIM,
        status: CertificateStatus::Active,
    };
    for _ in 0..10 {
        bench.registry.call(at(1), &wrong).unwrap_err();
    }
    let answer = bench.registered(at(1), &seven("token"));
    assert_eq!(rejected(&answer), (429, "Throttling".to_owned()));
    let Outcome::Rejected { rejection, details } = &answer.outcome else { panic!() };
    assert!(
        rejection.is_transient() && details.contains("done before and kept: CreateThing lamp-7"),
        "{details}"
    );
    assert_eq!(bench.registered(at(3), &seven("token")).direction(), Direction::Accepted);
}

/// Check 93: the same objects, keys in the same order.
#[test]
fn cbor_is_answered_with_cbor() {
    let mut bench = bench();
    let Begun::NeedsKeys(pending) = bench.request(at(0), "$aws/certificates/create/cbor", b"", None) else {
        panic!()
    };
    let answer = bench.finish(at(0), pending, DEVICE, "token");
    let mut decoder = minicbor::Decoder::new(&answer.payload);
    assert_eq!(decoder.map().unwrap(), Some(4));
    for key in ["certificateId", "certificatePem", "privateKey", "certificateOwnershipToken"] {
        assert_eq!(decoder.str().unwrap(), key);
        decoder.str().unwrap();
    }
    assert_eq!(decoder.position(), answer.payload.len());
    let mut request = minicbor::Encoder::new(Vec::new());
    request.begin_map().unwrap().str("certificateOwnershipToken").unwrap().str("token").unwrap();
    request.str("parameters").unwrap().map(1).unwrap().str("Serial").unwrap();
    request.begin_str().unwrap().str("1").unwrap().str("2").unwrap().end().unwrap();
    request.end().unwrap();
    let topic = "$aws/provisioning-templates/fleet/provision/cbor";
    let answer = answered(bench.request(at(1), topic, &request.into_writer(), None));
    let mut decoder = minicbor::Decoder::new(&answer.payload);
    assert_eq!((decoder.map().unwrap(), decoder.str().unwrap()), (Some(2), "deviceConfiguration"));
    assert_eq!((decoder.map().unwrap(), decoder.str().unwrap()), (Some(2), "url"));
    decoder.skip().unwrap();
    decoder.skip().unwrap();
    decoder.skip().unwrap();
    assert_eq!((decoder.str().unwrap(), decoder.str().unwrap()), ("thingName", "lamp-12"));
    for payload in [&b"\xff"[..], b"\xa1", b"\xa1\x01\x02", b"\x9f", b"{}", &[0x81; 40]] {
        let answer = answered(bench.request(at(3), topic, payload, None));
        assert_eq!(answer.direction(), Direction::Rejected);
    }
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(
        payload in prop::collection::vec(any::<u8>(), 0..60), cbor: bool, register: bool,
    ) {
        let mut bench = bench();
        let kind = if cbor { "cbor" } else { "json" };
        let topic = match register {
            true => format!("$aws/provisioning-templates/fleet/provision/{kind}"),
            false => format!("$aws/certificates/create-from-csr/{kind}"),
        };
        let begun = bench.request(at(0), &topic, &payload, None);
        prop_assert!(!matches!(begun, Begun::NeedsHook(_) | Begun::NeedsKeys(_)));
    }
}
