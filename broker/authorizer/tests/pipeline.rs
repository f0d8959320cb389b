//! The authorizers in `fixtures`, from what a client sends to what it is granted.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};
use squall_authorizer::{
    Authorizer, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, Authorizers, ClientCertificate, Grant,
    INVOCATION_TIMEOUT, InvocationError, MqttClient, Refusal, SignatureError,
};
use squall_lambda::{Lambda, Outcome, Run, Station, StationConfig};
use squall_profile::switch::{SubstitutedWildcard, UnresolvedVariable};
use squall_services::policy::{
    Account, Action, AuthDecision, ConnectFacts, Facts, Request, Resource, ResourceKind, Semantics,
};
use squall_types::{Chance, Owner, Seed, Timestamp};

const KEY: &str = include_str!("../../../fixtures/authorizers/token-signing-key.pub.pem");
const PRIVATE: &[u8] = include_bytes!("../../../fixtures/authorizers/token-signing-key.pk8");
const ID: &str = "2c8f2a1e-0000-4000-8000-000000000001";
const CERTIFICATE: ClientCertificate<'_> = ClientCertificate { id: "9f3ac20de1", pem: Some("PEM") };
const EXECUTION: &str = "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR";
const REFUSED: &str = "NOT_AUTHENTICATED";
const PARAMETER: &str = "CUSTOM_AUTHORIZER_PARAMETER_INVALID";
const NOT_FOUND: &str = "CUSTOM_AUTHORIZER_NOT_FOUND";

const UNSIGNED: AuthorizerRequest<'_> = AuthorizerRequest {
    name: "house",
    function: "authorizer-token",
    kind: AuthorizerKind::CustomAuth,
    status: AuthorizerStatus::Active,
    token_key_name: Some("tok"),
    signing_disabled: true,
    public_keys: &[],
    caching_for_http: false,
};

fn account() -> Account {
    Account::new("aws", "us-east-1", "123456789012")
}

fn lambda(function: &str) -> Arc<Lambda> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lambdas");
    let source = fs::read_to_string(folder.join(function).with_extension("rhai")).unwrap();
    Arc::new(Lambda::compile(function, &source).unwrap())
}

fn add(authorizers: &mut Authorizers, request: AuthorizerRequest<'_>) {
    authorizers.add(Authorizer::new(&request).unwrap(), lambda(request.function)).unwrap();
}

/// An authorizer for each function of the fixtures, named as it; the default one is `authorizer-token`.
fn endpoint() -> Authorizers {
    let mut authorizers = Authorizers::new(account());
    for name in [
        "authorizer-token",
        "authorizer-password",
        "authorizer-garbage",
        "authorizer-throws",
        "authorizer-bad-policies",
    ] {
        add(&mut authorizers, AuthorizerRequest { name, function: name, ..UNSIGNED });
    }
    let name = "authorizer-signed";
    let signed =
        AuthorizerRequest { name, function: name, signing_disabled: false, public_keys: &[KEY], ..UNSIGNED };
    add(&mut authorizers, signed);
    let name = "authorizer-certificate";
    let kind = AuthorizerKind::CustomAuthX509;
    add(&mut authorizers, AuthorizerRequest { name, function: name, kind, ..UNSIGNED });
    let status = AuthorizerStatus::Inactive;
    add(&mut authorizers, AuthorizerRequest { name: "retired", status, ..UNSIGNED });
    authorizers.set_default("authorizer-token").unwrap();
    authorizers
}

fn client(username: &str) -> MqttClient<'_> {
    MqttClient {
        username: Some(username),
        password: Some(b"lovelace"),
        client_id: Some("sensor-1"),
        server_name: Some("iot.example.com"),
        certificate: None,
        connection_id: Some(ID),
    }
}

fn connect(authorizers: &Authorizers, client: &MqttClient<'_>) -> Result<Grant, Refusal> {
    let invocation = authorizers.begin(client)?;
    authorizers.finish(&invocation, authorizers.invoke(&invocation).map_err(Into::into))
}

/// A user name that names an authorizer and carries a token.
fn user(authorizer: &str, token: &str) -> String {
    format!("ada?x-amz-customauthorizer-name={authorizer}&tok={token}")
}

fn signature(token: &str) -> String {
    let pair = KeyPair::from_pkcs8(PRIVATE).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).unwrap();
    BASE64_STANDARD.encode(signature).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

fn allows(grant: &Grant, action: Action, kind: ResourceKind, name: &str) -> bool {
    let account = account();
    let facts = Facts {
        account: &account,
        client_id: Some("sensor-1"),
        source_ip: Ipv4Addr::LOCALHOST.into(),
        certificate: None,
        thing: None,
        connect: ConnectFacts::default(),
    };
    let semantics = Semantics {
        unresolved_variable: UnresolvedVariable::Text,
        substituted_wildcard: SubstitutedWildcard::Text,
    };
    let request = Request { action, resource: Resource { kind, name } };
    grant.rights.evaluate(request, &facts, semantics).decision == AuthDecision::Allowed
}

#[test]
fn who_is_let_in_may_do_what_the_policies_say() {
    let endpoint = endpoint();
    let grant = connect(&endpoint, &client("u?tok=allow-sensor-1")).unwrap();
    assert_eq!(grant.principal_id, "sensor1");
    assert_eq!((grant.refresh_after_seconds, grant.disconnect_after_seconds), (300, 86_400));
    assert!(allows(&grant, Action::Connect, ResourceKind::Client, "sensor-1"));
    assert!(allows(&grant, Action::Publish, ResourceKind::Topic, "devices/sensor-1/t"));
    assert!(!allows(&grant, Action::Publish, ResourceKind::Topic, "devices/sensor-2/t"));

    let grant = connect(&endpoint, &client("ada?x-amz-customauthorizer-name=authorizer-password")).unwrap();
    assert_eq!(grant.principal_id, "ada");
    assert_eq!((grant.refresh_after_seconds, grant.disconnect_after_seconds), (600, 3600));
    assert!(allows(&grant, Action::Publish, ResourceKind::Topic, "anything"));
    assert!(!allows(&grant, Action::Subscribe, ResourceKind::TopicFilter, "anything"));
}

#[test]
fn a_signed_token_reaches_the_function_and_no_other_does() {
    let endpoint = endpoint();
    let user = |token: &str, signature: &str| {
        format!("{}&x-amz-customauthorizer-signature={signature}", user("authorizer-signed", token))
    };
    let good = signature("let-me");
    let invocation = endpoint.begin(&client(&user("let-me", &good))).unwrap();
    assert_eq!(invocation.event()["signatureVerified"], json!(true));
    let grant = endpoint.finish(&invocation, endpoint.invoke(&invocation).map_err(Into::into)).unwrap();
    assert!(allows(&grant, Action::Publish, ResourceKind::Topic, "devices/sensor-1/t"));
    assert!(!allows(&grant, Action::Publish, ResourceKind::Topic, "devices/sensor-2/t"));

    // Check 130: there is no invocation that a caller could make.
    for (user, refusal, reason) in [
        (user("let-you", &good), SignatureError::Mismatch.into(), REFUSED),
        (user("let-me", "AAAA"), SignatureError::Mismatch.into(), REFUSED),
        (user("let-me", "%20"), SignatureError::NotBase64.into(), PARAMETER),
        (
            "u?x-amz-customauthorizer-name=authorizer-signed&tok=let-me".into(),
            SignatureError::Missing.into(),
            PARAMETER,
        ),
        (user("", &good), Refusal::TokenMissing { token_key_name: "tok".into() }, PARAMETER),
    ] {
        let found = endpoint.begin(&client(&user)).unwrap_err();
        assert_eq!((found.log_reason().as_str(), found), (reason, refusal), "{user}");
    }
}

#[test]
fn the_client_chooses_among_the_endpoint_s_authorizers() {
    let mut endpoint = endpoint();
    let begin = |endpoint: &Authorizers, user: &str| {
        let invocation = endpoint.begin(&client(user)).map_err(|refusal| refusal.log_reason().as_str());
        invocation.map(|invocation| endpoint.authorizer(&invocation).name().to_owned())
    };
    let named = |name: &str| format!("u?x-amz-customauthorizer-name={name}");
    assert_eq!(begin(&endpoint, "u"), Ok("authorizer-token".into()));
    assert_eq!(begin(&endpoint, &named("authorizer-password")), Ok("authorizer-password".into()));
    assert_eq!(begin(&endpoint, &named("nobody")), Err(NOT_FOUND));
    assert_eq!(begin(&endpoint, &named("retired")), Err(NOT_FOUND));
    assert_eq!(begin(&endpoint, &named("%20")), Err(PARAMETER));
    endpoint.set_status("retired", AuthorizerStatus::Active).unwrap();
    assert_eq!(begin(&endpoint, &named("retired")), Ok("retired".into()));
    endpoint.forbid_override(true);
    assert_eq!(begin(&endpoint, &named("authorizer-password")), Err(PARAMETER));
    assert_eq!(begin(&endpoint, &named("authorizer-token")), Ok("authorizer-token".into()));
    endpoint.set_status("authorizer-token", AuthorizerStatus::Inactive).unwrap();
    assert_eq!(begin(&endpoint, "u"), Err(NOT_FOUND));
    assert_eq!(begin(&Authorizers::new(account()), "u"), Err(NOT_FOUND));
}

#[test]
fn an_account_has_so_many_authorizers_and_no_two_of_one_name() {
    let mut authorizers = Authorizers::new(account());
    let function = lambda("authorizer-token");
    let mut add = |name: &str, status| {
        let authorizer = Authorizer::new(&AuthorizerRequest { name, status, ..UNSIGNED }).unwrap();
        authorizers.add(authorizer, Arc::clone(&function)).map_err(|error| error.to_string())
    };
    for index in 0..32 {
        add(&format!("active-{index}"), AuthorizerStatus::Active).unwrap();
    }
    let limit = |what: &str| Err(format!("LimitExceededException: An account has at most {what}"));
    assert_eq!(add("one-more", AuthorizerStatus::Active), limit("32 active authorizers"));
    for index in 32..100 {
        add(&format!("idle-{index}"), AuthorizerStatus::Inactive).unwrap();
    }
    assert_eq!(add("one-more", AuthorizerStatus::Inactive), limit("100 authorizers"));
    let exists = "ResourceAlreadyExistsException: Authorizer idle-40 already exists";
    assert_eq!(add("idle-40", AuthorizerStatus::Inactive), Err(exists.into()));

    let mut set =
        |name: &str, status| authorizers.set_status(name, status).map_err(|error| error.to_string());
    assert_eq!(set("active-0", AuthorizerStatus::Active), Ok(()));
    assert_eq!(set("idle-40", AuthorizerStatus::Active), limit("32 active authorizers"));
    assert_eq!(set("active-0", AuthorizerStatus::Inactive), Ok(()));
    assert_eq!(set("idle-40", AuthorizerStatus::Active), Ok(()));
    let missing = "ResourceNotFoundException: Authorizer nobody not found";
    assert_eq!(set("nobody", AuthorizerStatus::Active), Err(missing.into()));
    assert_eq!(authorizers.set_default("nobody").unwrap_err().to_string(), missing);
}

#[test]
fn the_event_says_what_is_known_and_nothing_else() {
    let endpoint = endpoint();
    let full = endpoint.begin(&client("ada?tok=t")).unwrap();
    let event = json!({
        "token": "t", "signatureVerified": false, "protocols": ["tls", "mqtt"],
        "protocolData": {
            "tls": { "serverName": "iot.example.com" },
            "mqtt": { "username": "ada?tok=t", "password": "bG92ZWxhY2U=", "clientId": "sensor-1" }
        },
        "connectionMetadata": { "id": ID }
    });
    assert_eq!(full.event(), &event);
    let bare = endpoint.begin(&MqttClient { client_id: Some(""), ..MqttClient::default() }).unwrap();
    let event = json!({ "signatureVerified": false, "protocols": ["tls", "mqtt"], "protocolData": {} });
    assert_eq!(bare.event(), &event);
    let long = "a".repeat(254);
    let refusal = endpoint.begin(&MqttClient { server_name: Some(&long), ..client("ada") }).unwrap_err();
    assert_eq!(refusal.to_string(), "the server name has 254 bytes; at most 253 are allowed");
}

#[test]
fn a_certificate_counts_where_the_authorizer_stands_beside_it() {
    let endpoint = endpoint();
    let with_certificate =
        |user: &str| connect(&endpoint, &MqttClient { certificate: Some(CERTIFICATE), ..client(user) });
    let grant = with_certificate(&user("authorizer-certificate", "")).unwrap();
    assert_eq!((grant.principal_id.as_str(), grant.rights.policies("").count()), ("9f3ac20de1", 0));
    let grant = with_certificate(&user("authorizer-certificate", "more")).unwrap();
    assert!(allows(&grant, Action::Subscribe, ResourceKind::TopicFilter, "a/+"));
    let refusal = with_certificate(&user("authorizer-certificate", "other")).unwrap_err();
    assert!(refusal.to_string().contains("is not the id of the client's certificate"), "{refusal}");
    let refusal = connect(&endpoint, &client(&user("authorizer-certificate", ""))).unwrap_err();
    assert_eq!(refusal.log_reason().as_str(), REFUSED);

    let user = user("authorizer-token", "t");
    let invocation = endpoint.begin(&MqttClient { certificate: Some(CERTIFICATE), ..client(&user) }).unwrap();
    assert_eq!(invocation.event()["protocolData"]["tls"], json!({ "serverName": "iot.example.com" }));
}

#[test]
fn every_other_answer_is_a_refusal_with_a_reason() {
    let endpoint = endpoint();
    for (function, token, reason, text) in [
        ("authorizer-token", "unknown", REFUSED, "is not authenticated"),
        ("authorizer-garbage", "text", EXECUTION, "answer is a string, not an object"),
        ("authorizer-garbage", "list", EXECUTION, "answer is an array, not an object"),
        ("authorizer-garbage", "nothing", EXECUTION, "answer is null, not an object"),
        ("authorizer-garbage", "empty", EXECUTION, "answer has no isAuthenticated"),
        ("authorizer-garbage", "string-for-bool", EXECUTION, "is a string, not true or false"),
        ("authorizer-garbage", "bad-principal", EXECUTION, "is not 1 to 128 of A-Z a-z 0-9"),
        (
            "authorizer-garbage",
            "bad-policy",
            EXECUTION,
            "policy document 0 in the authorizer's answer is refused",
        ),
        ("authorizer-garbage", "bad-seconds", EXECUTION, "refreshAfterInSeconds -1"),
        ("authorizer-bad-policies", "version", EXECUTION, "policy document 1 in the authorizer's answer"),
        ("authorizer-bad-policies", "version", EXECUTION, "MalformedPolicyException at Version"),
        (
            "authorizer-bad-policies",
            "action",
            EXECUTION,
            "at Statement[0].Action: unknown action \"iot:Fly\"",
        ),
        ("authorizer-bad-policies", "arn", EXECUTION, "at Statement[0].Resource: \"topic/a\" is no ARN"),
        ("authorizer-bad-policies", "variable", EXECUTION, "at Statement[0].Resource: "),
        ("authorizer-bad-policies", "text", EXECUTION, "at document: found "),
        ("authorizer-bad-policies", "long", EXECUTION, "at document: the document has 2"),
        ("authorizer-bad-policies", "else", EXECUTION, "at Version: missing"),
        ("authorizer-throws", "abc", EXECUTION, "the user table does not answer for abc, in line 5"),
        ("authorizer-throws", "loop", EXECUTION, "timed out after 100000 operations"),
    ] {
        let refusal = connect(&endpoint, &client(&user(function, token))).unwrap_err();
        assert_eq!(refusal.log_reason().as_str(), reason, "{function} {token}");
        assert!(refusal.to_string().contains(text), "{function} {token}: {refusal}");
    }
    let wrong = MqttClient {
        password: Some(b"wrong"),
        ..client("ada?x-amz-customauthorizer-name=authorizer-password")
    };
    assert_eq!(connect(&endpoint, &wrong).unwrap_err().log_reason().as_str(), REFUSED);
}

fn at(millis: u64) -> Timestamp {
    Timestamp(millis * 1_000_000)
}

fn run(outcome: Outcome, ends: u64) -> Run {
    Run { outcome, cold: false, ends: at(ends) }
}

#[test]
fn a_run_says_when_an_answer_comes_and_what_of_it() {
    let endpoint = endpoint();
    let invocation = |user: &str| endpoint.begin(&client(user)).unwrap();
    let good = invocation(&user("authorizer-token", "allow-sensor-1"));
    let throws = invocation(&user("authorizer-throws", "abc"));
    let loops = invocation(&user("authorizer-throws", "loop"));
    let late = "took longer than 5 s";
    // Asked at 1 s: the time is over after 6 s.
    for (invocation, run, answered, error) in [
        (&good, run(Outcome::Succeeds, 1_020), 1_020, None),
        (&good, run(Outcome::Succeeds, 6_000), 6_000, None),
        (&good, run(Outcome::Succeeds, 6_001), 6_000, Some(late)),
        (&good, run(Outcome::Succeeds, 6_100), 6_000, Some(late)),
        (&good, run(Outcome::Fails, 1_020), 1_020, Some("the invocation failed")),
        (&good, run(Outcome::Fails, 6_100), 6_000, Some(late)),
        (&good, run(Outcome::Throttled, 1_000), 1_000, Some("was throttled (429")),
        (&throws, run(Outcome::Succeeds, 1_020), 1_020, Some("the user table does not answer")),
        (&throws, run(Outcome::Succeeds, 6_100), 6_000, Some(late)),
        (&loops, run(Outcome::Succeeds, 1_020), 6_000, Some("timed out after")),
    ] {
        let found = endpoint.run(invocation, at(1_000), &run);
        assert_eq!(found.at, at(answered), "{run:?}");
        let outcome = endpoint.finish(invocation, found.answer);
        match (outcome, error) {
            (Ok(grant), None) => assert_eq!(grant.principal_id, "sensor1"),
            (Err(refusal), Some(text)) => {
                assert_eq!(refusal.log_reason().as_str(), EXECUTION, "{run:?}");
                assert!(refusal.to_string().contains(text), "{run:?}: {refusal}");
            }
            (outcome, _) => panic!("{run:?}: {outcome:?}"),
        }
    }
    assert_eq!(INVOCATION_TIMEOUT, Duration::from_secs(5));
}

#[test]
fn a_shorter_time_may_be_given() {
    let mut endpoint = endpoint();
    endpoint.set_timeout(Duration::from_secs(2));
    let invocation = endpoint.begin(&client("u?tok=allow-sensor-1")).unwrap();
    let after = Duration::from_secs(2);
    let found = endpoint.run(&invocation, at(0), &run(Outcome::Succeeds, 2_001));
    assert_eq!((found.at, found.answer), (at(2_000), Err(InvocationError::TimedOut { after })));
}

#[test]
fn a_storm_is_throttled_by_the_station_and_refused() {
    let endpoint = endpoint();
    let latency = Duration::from_millis(20);
    let mut station = Station::new(StationConfig { concurrency: 3, latency, ..StationConfig::default() });
    let chance = Chance::new(Seed(1));
    let mut connect = |device: u64, now| {
        let invocation = endpoint.begin(&client("u?tok=allow-sensor-1")).unwrap();
        let run = station.invoke(now, chance, Owner::named("sensors").member(device));
        let answered = endpoint.run(&invocation, now, &run);
        (answered.at, endpoint.finish(&invocation, answered.answer))
    };
    for device in 0..3 {
        let (at_end, outcome) = connect(device, at(0));
        assert_eq!((at_end, outcome.unwrap().principal_id), (at(20), "sensor1".to_owned()));
    }
    let (at_end, outcome) = connect(3, at(0));
    assert_eq!((at_end, outcome), (at(0), Err(InvocationError::Throttled.into())));
    assert!(connect(3, at(20)).1.is_ok());
    let counters = station.counters();
    assert_eq!((counters.invocations, counters.cold_starts, counters.throttles), (4, 3, 1));
}

/// An endpoint whose authorizer answers with the JSON that is the password.
fn echo() -> Authorizers {
    let source = "fn handler(event) { parse_json(base64_decode(event.protocolData.mqtt.password)) }";
    let mut authorizers = Authorizers::new(account());
    let authorizer = Authorizer::new(&UNSIGNED).unwrap();
    authorizers.add(authorizer, Arc::new(Lambda::compile("echo", source).unwrap())).unwrap();
    authorizers.set_default("house").unwrap();
    authorizers
}

fn arbitrary_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0_i64..100_000).prop_map(Value::from),
        "[a-z0-9-]{0,6}".prop_map(Value::from),
        Just(json!([])),
        Just(json!([{ "Version": "2012-10-17", "Statement": [] }])),
        Just(json!([{
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" }]
        }])),
        Just(Value::Null),
    ]
}

proptest! {
    #[test]
    fn whatever_is_answered_is_a_grant_that_was_authenticated_or_a_refusal(
        entries in prop::collection::btree_map(
            prop::sample::select(vec![
                "isAuthenticated", "principalId", "disconnectAfterInSeconds", "refreshAfterInSeconds",
                "policyDocuments", "else",
            ]),
            arbitrary_value(),
            0..7,
        ),
    ) {
        let answer = json!(entries);
        let endpoint = echo();
        let password = answer.to_string();
        let asking = MqttClient { password: Some(password.as_bytes()), ..client("u") };
        let invocation = endpoint.begin(&asking).unwrap();
        let found = endpoint.invoke(&invocation);
        prop_assert_eq!(found.as_ref(), Ok(&answer));
        match endpoint.finish(&invocation, found.map_err(Into::into)) {
            Ok(grant) => {
                prop_assert_eq!(&answer["isAuthenticated"], &json!(true));
                prop_assert_eq!(&answer["principalId"], &json!(grant.principal_id));
            }
            Err(refusal) => prop_assert!([EXECUTION, REFUSED].contains(&refusal.log_reason().as_str())),
        }
    }

    #[test]
    fn whatever_is_sent_is_granted_or_refused(
        username in proptest::option::of("(.{0,8}|.{0,4}\\?([a-z]{0,3}=.{0,6}&?){0,3})"),
        password in proptest::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        client_id in proptest::option::of(".{0,8}"),
    ) {
        let asking = MqttClient {
            username: username.as_deref(),
            password: password.as_deref(),
            client_id: client_id.as_deref(),
            ..MqttClient::default()
        };
        // No bytes but JSON that says so make this authorizer let anybody in, and random ones are none.
        let refusal = connect(&echo(), &asking).unwrap_err();
        prop_assert!([EXECUTION, PARAMETER].contains(&refusal.log_reason().as_str()), "{}", refusal);
    }
}
