//! What the functions answer, and what of it is none.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_authorizer::{Authorizer, Authorizers, MqttClient};
use squall_lambda::Lambda;
use squall_services::policy::{Action, ResourceKind};

use crate::support::*;

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
            0..3,
        ),
    ) {
        let mut answer = json!({ "isAuthenticated": true, "principalId": "device", "policyDocuments": [] });
        answer.as_object_mut().unwrap().extend(entries.into_iter().map(|(key, value)| (key.to_owned(), value)));
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
