//! Device shadows on connections and over HTTPS: `state.md` 1, `broker.md` check 157. What a document becomes is tested
//! with the service itself.

use serde_json::{Value, json};
use squall_core::{
    BrokerConfig, Call, Cause, DiscardRule, LambdaRule, OwnedQuestion, Reply, ShadowReply, Tag,
};
use squall_profile::Decision;
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{CertificateStatus, Registry};
use squall_services::shadow::{Operation, Rejection, ShadowCall, ShadowId};
use squall_types::CertificateId;

use crate::VERSIONS;
use crate::support::{Bench, ComesAs, Device, Fact, Seen};

const GET: &str = "$aws/things/t/shadow/get";
const UPDATE: &str = "$aws/things/t/shadow/update";
const DELETE: &str = "$aws/things/t/shadow/delete";
/// The bench's wall clock.
const NOW: u64 = 1_767_225_600;

/// The next message that a device gets, on a topic.
#[track_caller]
fn answer(device: &Device, topic: &str) -> Value {
    match device.take().map(|(_, seen)| seen) {
        Some(Seen::Publish(delivery)) if delivery.topic == topic => {
            if delivery.packet_id > 0 {
                device.ack(delivery.packet_id);
            }
            serde_json::from_slice(&delivery.payload).unwrap()
        }
        other => panic!("{topic} was expected, {other:?} has come"),
    }
}

fn listener(bench: &Bench, name: &str) -> Device {
    let device = bench.device(name).connect();
    for operation in ["get", "update", "delete"] {
        device.subscribe(&format!("$aws/things/t/shadow/{operation}/+"), 1);
    }
    device
}

fn https(bench: &Bench, call: ShadowCall<'_>) -> (Option<Rejection>, Value) {
    let Reply::Shadow(ShadowReply { rejection, body }) = bench.call(Call::Shadow(call)) else {
        panic!("an answer about a shadow");
    };
    (rejection, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
}

/// `state.md` 1.4, 1.7: accepted, delta and documents in the profile's order, after the PUBACK, at the lower of QoS 1 and
/// what was granted; to whoever is subscribed.
#[test]
fn an_update_is_answered_to_whoever_listens() {
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        device.subscribe("$aws/things/t/shadow/update/accepted", 0);
        device.subscribe("$aws/things/t/shadow/update/delta", 1);
        let dashboard =
            bench.device("dashboard").connect().subscribe("$aws/things/+/shadow/update/documents", 1);
        let id = device.publish(UPDATE, 1, r#"{"state":{"desired":{"on":true}},"clientToken":"c"}"#);
        device.expect_puback(id);
        let metadata = json!({"on": {"timestamp": NOW}});
        assert_eq!(
            answer(&device, "$aws/things/t/shadow/update/accepted"),
            json!({"state": {"desired": {"on": true}}, "metadata": {"desired": metadata}, "version": 1,
                "timestamp": NOW, "clientToken": "c"})
        );
        assert_eq!(
            answer(&device, "$aws/things/t/shadow/update/delta"),
            json!({"version": 1, "timestamp": NOW, "state": {"on": true}, "metadata": metadata, "clientToken": "c"})
        );
        assert_eq!(answer(&dashboard, "$aws/things/t/shadow/update/documents")["current"]["version"], 1);
        device.publish(UPDATE, 0, r#"{"state":{"reported":{"on":true}}}"#);
        assert_eq!(answer(&device, "$aws/things/t/shadow/update/accepted")["version"], 2);
        // Nothing differs any more.
        device.expect_nothing();
        assert_eq!(bench.not_modelled(), []);
        assert!(bench.relied_on(Decision::ShadowPublishOrder));
        let metric = Some("UpdateThingShadow.Accepted");
        for version in [1, 2] {
            let (operation, version, unheard) = (Operation::Update, Ok(version), false);
            let told = Fact::ShadowAnswered { operation, version, metric, unheard };
            assert_eq!(bench.count(|fact| *fact == told), 1);
        }
    }
}

#[test]
fn a_request_that_is_refused_is_told_why_and_changes_nothing() {
    let bench = Bench::plain();
    let device = listener(&bench, "d");
    device.publish(GET, 0, "");
    assert_eq!(
        answer(&device, "$aws/things/t/shadow/get/rejected"),
        json!({"code": 404, "message": "No shadow exists with name: 't'"})
    );
    device.publish(UPDATE, 0, r#"{"state":{"reported":{"n":1}}}"#);
    device.take_all();
    device.publish(UPDATE, 0, r#"{"state":{"reported":{"n":2}},"version":7,"clientToken":"x"}"#);
    let rejected = answer(&device, "$aws/things/t/shadow/update/rejected");
    assert_eq!((&rejected["code"], &rejected["clientToken"]), (&json!(409), &json!("x")));
    device.publish(GET, 0, "");
    assert_eq!(answer(&device, "$aws/things/t/shadow/get/accepted")["state"], json!({"reported": {"n": 1}}));
    device.publish(DELETE, 0, "");
    assert_eq!(
        answer(&device, "$aws/things/t/shadow/delete/accepted"),
        json!({"version": 1, "timestamp": NOW})
    );
    let refused = |unheard: bool| {
        bench.count(|fact| {
            matches!(fact, Fact::ShadowAnswered { version: Err(_), metric: None, unheard: found, .. }
                if *found == unheard)
        })
    };
    assert_eq!((refused(false), refused(true)), (2, 0));
    // One that is not subscribed hears nothing of it, whoever else does.
    let deaf = bench.device("deaf").connect().subscribe("$aws/things/t/shadow/get/accepted", 1);
    deaf.publish(GET, 0, "");
    deaf.expect_nothing();
    answer(&device, "$aws/things/t/shadow/get/rejected");
    assert_eq!((refused(false), refused(true)), (2, 1));
}

/// Requests and answers are messages like any other: who is subscribed sees them, and rules do.
#[test]
fn rules_and_other_subscribers_see_requests_and_answers() {
    let set_up = |config: &mut BrokerConfig| {
        config.rules = vec![LambdaRule {
            name: "deltas".into(),
            filter: "$aws/things/+/shadow/update/delta".into(),
            function: "notify".into(),
        }];
        config.account_tag = Tag(8);
    };
    let bench = Bench::with_account(set_up, |_| {});
    let observer = bench.device("observer").connect().subscribe(UPDATE, 0);
    bench.device("d").connect().publish(UPDATE, 0, r#"{"state":{"desired":{"on":true}}}"#);
    observer.expect_publish(UPDATE, 0, r#"{"state":{"desired":{"on":true}}}"#);
    observer.expect_nothing();
    let asks = bench.asks();
    assert_eq!(asks.len(), 1);
    let OwnedQuestion::InvokeRule { function, payload, .. } = &asks[0].1 else { panic!("{:?}", asks[0]) };
    assert_eq!(&**function, "notify");
    assert_eq!(serde_json::from_slice::<Value>(payload).unwrap()["state"], json!({"on": true}));
    assert_eq!(bench.metered(8, Cause::RuleTriggered), 1);
}

/// `state.md` 1.11: the same shadows over HTTPS; a caller hears by the response, subscribers by messages.
#[test]
fn calls_and_messages_are_about_the_same_shadows() {
    let bench = Bench::plain();
    let device = listener(&bench, "d");
    let shadow = ShadowId::classic("t");
    assert_eq!(https(&bench, ShadowCall::GetThingShadow { shadow }).0, Some(Rejection::NoShadow));
    device.expect_nothing();
    let payload = br#"{"state":{"desired":{"on":true}}}"#;
    let (refused, body) = https(&bench, ShadowCall::UpdateThingShadow { shadow, payload });
    assert_eq!((refused, &body["version"]), (None, &json!(1)));
    for topic in ["accepted", "delta", "documents"] {
        answer(&device, &format!("{UPDATE}/{topic}"));
    }
    device.expect_nothing();
    let (_, body) = https(&bench, ShadowCall::GetThingShadow { shadow });
    assert_eq!(body["state"]["delta"], json!({"on": true}));
    let named = ShadowId::named("t", "config");
    https(&bench, ShadowCall::UpdateThingShadow { shadow: named, payload });
    let list = ShadowCall::ListNamedShadowsForThing { thing: "t", page_size: None, next_token: None };
    assert_eq!(https(&bench, list).1["results"], json!(["config"]));
    assert_eq!(https(&bench, ShadowCall::DeleteThingShadow { shadow: named }).0, None);
    assert_eq!(https(&bench, list).1["results"], json!([]));
    // Two updates, a get and a delete, all of the account's owner; the list is none of these.
    assert_eq!(bench.metered(9, Cause::ShadowOperation), 4);
}

/// `pricing.md` P28: in steps of 1 KB of the state, whoever listens.
#[test]
fn operations_are_metered_by_the_state() {
    let bench = Bench::plain();
    let device = bench.device("d").tagged(2).connect();
    let text = "x".repeat(1_500);
    device.publish(UPDATE, 0, json!({"state": {"reported": {"text": text}}}).to_string());
    device.expect_nothing();
    assert_eq!(bench.metered(2, Cause::ShadowOperation), 2);
    assert_eq!(bench.receipt().deliveries, 0);
    // The request is a message as well.
    assert_eq!(bench.metered(2, Cause::PublishIn), 1);
    device.publish(UPDATE, 0, "no JSON");
    assert_eq!(bench.metered(2, Cause::ShadowOperation), 2);
}

/// `broker.md` 157: a request counts itself, accepted, delta and documents.
#[test]
fn an_update_counts_four_times_against_the_quota_of_publishes() {
    let bench = Bench::new(|profile| profile.limits.inbound_publishes_per_second = 4);
    let device = bench.device("d").connect();
    device.publish(UPDATE, 0, r#"{"state":{"desired":{"on":true}}}"#);
    assert_eq!(bench.discarded(DiscardRule::AccountPublishRateIn), 0);
    device.publish("a", 0, "x");
    assert_eq!(bench.discarded(DiscardRule::AccountPublishRateIn), 1);
    bench.advance(1);
    device.publish("a", 0, "x");
    assert_eq!(bench.discarded(DiscardRule::AccountPublishRateIn), 1);
}

/// `state.md` 1.10: ten of one thing may be unanswered on a connection. The broker answers each before it reads on, so only
/// what comes in one piece can be more.
#[test]
fn too_many_requests_at_one_time_are_refused() {
    let bench = Bench::plain();
    let device = listener(&bench, "d");
    let publish = squall_codec::Publish::new(GET, b"");
    let mut bytes = Vec::new();
    for _ in 0..11 {
        publish.encode(device.version(), &mut bytes).unwrap();
    }
    device.send_bytes(&bytes);
    let codes: Vec<u64> = (0..11)
        .map(|_| answer(&device, "$aws/things/t/shadow/get/rejected")["code"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [[404; 10].as_slice(), &[429]].concat());
    device.publish(GET, 0, "");
    assert_eq!(answer(&device, "$aws/things/t/shadow/get/rejected")["code"], 404);
}

/// `state.md` 1.1, source document S4: who may not receive a delta is granted the subscription and hears nothing.
#[test]
fn a_delta_that_may_not_be_received_never_comes() {
    let id = CertificateId([1; 32]);
    let mut registry = Registry::new(Account::default());
    registry.register_certificate(id, CertificateFacts::new("1"), CertificateStatus::Active).unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["iot:Connect","iot:Publish","iot:Subscribe"],"Resource":"*"}]}"#;
    registry.policies.create_policy("p", document).unwrap();
    registry.attach_policy_to_certificate("p", id).unwrap();
    let bench = Bench::with_registry(registry, |_| {});
    let device = bench.device("t").comes_as(ComesAs::Certificate(id)).connect();
    let delta = "$aws/things/t/shadow/update/delta";
    device.subscribe(delta, 1);
    let payload = br#"{"state":{"desired":{"on":true}}}"#;
    https(&bench, ShadowCall::UpdateThingShadow { shadow: ShadowId::classic("t"), payload });
    device.expect_nothing();
    assert!(device.is_open());
    assert_eq!(bench.denials()[0].0, format!("iot:Receive on {delta} for t"));
}

/// `state.md` 1.1: a delta waits for a persistent session like any message.
#[test]
fn a_delta_waits_for_a_session_that_is_offline() {
    let bench = Bench::plain();
    let delta = "$aws/things/t/shadow/update/delta";
    let device = bench.device("d").persistent().connect().subscribe(delta, 1);
    device.disconnect();
    device.take_all();
    let payload = br#"{"state":{"desired":{"on":true}}}"#;
    https(&bench, ShadowCall::UpdateThingShadow { shadow: ShadowId::classic("t"), payload });
    device.connect_with(|_| {});
    device.expect_connack(true);
    bench.advance(1);
    assert_eq!(answer(&device, delta)["version"], 1);
}
