//! Answers, good and bad.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const CERTIFICATE: &str = "9f3ac20de1";

fn account() -> Account {
    Account::new("aws", "us-east-1", "123456789012")
}

fn plain(answer: &Value) -> Result<Grant, AnswerError> {
    grant(answer, AuthorizerKind::CustomAuth, None, &account())
}

fn policies(grant: &Grant) -> Vec<&Policy> {
    grant.rights.policies("").map(|version| &version.policy).collect()
}

fn full() -> Value {
    json!({
        "isAuthenticated": true,
        "principalId": "sensor1",
        "disconnectAfterInSeconds": 3600,
        "refreshAfterInSeconds": 300,
        "policyDocuments": [
            { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" }] }
        ],
        "context": { "nobody": "knows" }
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut answer = full();
    answer[key] = value;
    answer
}

fn without(key: &str) -> Value {
    let mut answer = full();
    answer.as_object_mut().unwrap().shift_remove(key);
    answer
}

#[test]
fn a_full_answer_is_taken_as_it_is() {
    let grant = plain(&full()).unwrap();
    assert_eq!(grant.principal_id, "sensor1");
    assert_eq!(grant.disconnect_after_seconds, 3600);
    assert_eq!(grant.refresh_after_seconds, 300);
    let text =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;
    assert_eq!(policies(&grant), [&Policy::parse(text, &account()).unwrap()]);
}

#[test]
fn seconds_have_defaults_and_bounds() {
    let disconnect = |answer: &Value| plain(answer).map(|grant| grant.disconnect_after_seconds);
    let refresh = |answer: &Value| plain(answer).map(|grant| grant.refresh_after_seconds);
    assert_eq!(disconnect(&without("disconnectAfterInSeconds")), Ok(86_400));
    assert_eq!(refresh(&without("refreshAfterInSeconds")), Ok(86_400));
    for seconds in [300, 301, 86_400] {
        assert_eq!(disconnect(&with("disconnectAfterInSeconds", json!(seconds))), Ok(seconds));
        assert_eq!(refresh(&with("refreshAfterInSeconds", json!(seconds))), Ok(seconds));
    }
    for key in ["disconnectAfterInSeconds", "refreshAfterInSeconds"] {
        for value in [json!(299), json!(86_401), json!(0), json!(-1), json!(u64::MAX), json!(300.5)] {
            let error = AnswerError::Seconds { key, seconds: value.to_string() };
            assert_eq!(plain(&with(key, value)), Err(error));
        }
        let error = AnswerError::Kind { key, expected: "a number", found: "a string" };
        assert_eq!(plain(&with(key, json!("300"))), Err(error));
    }
}

#[test]
fn a_principal_is_letters_and_digits() {
    for good in ["a", "Z9", &"x".repeat(128)] {
        assert_eq!(plain(&with("principalId", json!(good))).unwrap().principal_id, good);
    }
    for bad in ["", "a-b", "a b", "ä", &"x".repeat(129)] {
        let error = AnswerError::PrincipalId { principal_id: bad.into() };
        assert_eq!(plain(&with("principalId", json!(bad))), Err(error));
    }
}

#[test]
fn an_answer_of_the_wrong_form_says_what_is_wrong() {
    for (answer, text) in [
        (json!(null), "the authorizer's answer is null, not an object"),
        (json!([true]), "the authorizer's answer is an array, not an object"),
        (json!({}), "the authorizer's answer has no isAuthenticated"),
        (json!({"isAuthenticated": false}), "the authorizer answered that the client is not authenticated"),
        (
            json!({"isAuthenticated": false, "principalId": 7}),
            "the authorizer answered that the client is not authenticated",
        ),
        (
            with("isAuthenticated", json!("true")),
            "isAuthenticated in the authorizer's answer is a string, not true or false",
        ),
        (without("principalId"), "the authorizer's answer has no principalId"),
        (with("principalId", json!(7)), "principalId in the authorizer's answer is a number, not a string"),
        (without("policyDocuments"), "the authorizer's answer has no policyDocuments"),
        (
            with("policyDocuments", json!({})),
            "policyDocuments in the authorizer's answer is an object, not an array",
        ),
        (
            with("refreshAfterInSeconds", json!(299)),
            "refreshAfterInSeconds 299 in the authorizer's answer is not in 300 to 86400",
        ),
    ] {
        assert_eq!(plain(&answer).unwrap_err().to_string(), text);
    }
}

fn document(action: &str, resource: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": action, "Resource": resource }]
    })
}

fn topic(name: &str) -> String {
    format!("arn:aws:iot:us-east-1:123456789012:topic/{name}")
}

#[test]
fn there_are_at_most_ten_policy_documents() {
    let documents = |count: usize| {
        let documents: Vec<Value> =
            (0..count).map(|index| document("iot:Publish", &topic(&index.to_string()))).collect();
        with("policyDocuments", documents.into())
    };
    assert_eq!(policies(&plain(&documents(0)).unwrap()).len(), 0);
    let ten = plain(&documents(10)).unwrap();
    let names: Vec<&str> = ten.rights.policies("").map(|version| &*version.name).collect();
    assert_eq!((names.len(), names[0], names[9]), (10, "policyDocuments[0]", "policyDocuments[9]"));
    let last = Policy::parse(&document("iot:Publish", &topic("9")).to_string(), &account()).unwrap();
    assert_eq!(policies(&ten)[9], &last);
    assert_eq!(plain(&documents(11)), Err(AnswerError::TooManyDocuments { count: 11 }));
}

#[test]
fn a_wrong_policy_document_is_a_refusal_that_says_what_and_where() {
    let good = || document("iot:Publish", "*");
    for (documents, text) in [
        (
            json!([42]),
            "policy document 0 in the authorizer's answer is refused: MalformedPolicyException at document: found 42, an object is needed",
        ),
        (
            json!([good(), good().to_string()]),
            "policy document 1 in the authorizer's answer is refused: MalformedPolicyException at document: found ",
        ),
        (
            json!([good(), {}]),
            "policy document 1 in the authorizer's answer is refused: MalformedPolicyException at Version: missing",
        ),
        (
            json!([document("iot:Fly", "*")]),
            "policy document 0 in the authorizer's answer is refused: MalformedPolicyException at Statement[0].Action: unknown action \"iot:Fly\"",
        ),
        (
            json!([good(), good(), document("iot:Publish", "topic/a")]),
            "policy document 2 in the authorizer's answer is refused: MalformedPolicyException at Statement[0].Resource: \"topic/a\" is no ARN",
        ),
    ] {
        let error = plain(&with("policyDocuments", documents)).unwrap_err();
        assert!(matches!(error, AnswerError::Document { .. }), "{error:?}");
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

#[test]
fn a_policy_document_may_be_2048_characters_long() {
    let empty = document("iot:Publish", &topic("")).to_string().len();
    let sized = |length: usize, between: &str| {
        let name = "x".repeat(length - empty);
        with("policyDocuments", json!([document("iot:Publish", &topic(&format!("{between}{name}")))]))
    };
    assert!(plain(&sized(2048, "")).is_ok());
    assert!(plain(&sized(2048, " \u{a0} ")).is_ok(), "white space is not counted");
    let error = plain(&sized(2049, "")).unwrap_err().to_string();
    assert!(
        error.contains("MalformedPolicyException at document: the document has 2049 characters"),
        "{error}"
    );
}

#[test]
fn beside_a_certificate_the_principal_must_be_the_certificate() {
    let x509 =
        |answer: &Value, certificate| grant(answer, AuthorizerKind::CustomAuthX509, certificate, &account());
    let mut own = without("policyDocuments");
    own["principalId"] = json!(CERTIFICATE);
    assert_eq!(policies(&x509(&own, Some(CERTIFICATE)).unwrap()).len(), 0);
    let error = AnswerError::NotTheCertificate { principal_id: CERTIFICATE.into() };
    assert_eq!(x509(&own, Some("other")), Err(error.clone()));
    assert_eq!(x509(&own, None), Err(error));
    let error = AnswerError::NotTheCertificate { principal_id: "sensor1".into() };
    assert_eq!(x509(&full(), Some(CERTIFICATE)), Err(error));
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_an_answer_or_a_reason(answer in arbitrary_json(), x509 in any::<bool>()) {
        let kind = if x509 { AuthorizerKind::CustomAuthX509 } else { AuthorizerKind::CustomAuth };
        if let Err(error) = grant(&answer, kind, Some(CERTIFICATE), &account()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_value_in_a_known_place_is_taken_within_bounds_or_refused(
        value in arbitrary_json(),
        key in prop::sample::select(vec![
            "isAuthenticated", "principalId", "disconnectAfterInSeconds", "refreshAfterInSeconds", "policyDocuments",
        ]),
    ) {
        if let Ok(grant) = plain(&with(key, value)) {
            prop_assert!(SECONDS.contains(&grant.disconnect_after_seconds));
            prop_assert!(SECONDS.contains(&grant.refresh_after_seconds));
            prop_assert!((1..=MAX_PRINCIPAL_ID).contains(&grant.principal_id.len()));
            prop_assert!(policies(&grant).len() <= MAX_DOCUMENTS);
        }
    }
}
