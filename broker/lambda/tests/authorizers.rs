//! The authorizers in `fixtures/lambdas`, from a client's user name to what it is granted.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use squall_authorizer::{
    Authorizer, AuthorizerEvent, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, Credentials, Grant,
    MqttPart, Refusal, grant,
};
use squall_lambda::Lambda;

/// What one client gets from the authorizer whose function is `function`.
fn connect(function: &str, username: &str, password: &[u8]) -> Result<Grant, Refusal> {
    let authorizer = Authorizer::new(&AuthorizerRequest {
        name: "house",
        function,
        kind: AuthorizerKind::CustomAuth,
        status: AuthorizerStatus::Active,
        token_key_name: Some("tok"),
        signing_disabled: true,
        public_keys: &[],
        caching_for_http: false,
    })
    .unwrap();
    let credentials = Credentials::from_mqtt(Some(username), Some(password))?;
    let checked = authorizer.check(&credentials)?;
    let event = AuthorizerEvent {
        token: checked.token,
        signature_verified: checked.signature_verified,
        mqtt: Some(MqttPart {
            username: credentials.sent_username(),
            password: credentials.password(),
            client_id: Some("sensor-1"),
        }),
        connection_id: "2c8f2a1e-0000-4000-8000-000000000001",
        ..AuthorizerEvent::default()
    };
    let answer = invoke(authorizer.function(), &event.to_json())?;
    Ok(grant(&answer, authorizer.kind(), None)?)
}

fn invoke(function: &str, event: &Value) -> Result<Value, Refusal> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lambdas");
    let source = fs::read_to_string(folder.join(function).with_extension("rhai")).unwrap();
    let lambda = Lambda::compile(function, &source).unwrap();
    lambda.invoke(event).map_err(|error| Refusal::Lambda { message: error.to_string() })
}

#[test]
fn a_known_token_is_granted_a_policy() {
    let grant = connect("authorizer-token", "u?tok=allow-sensor-1", b"").unwrap();
    assert_eq!(grant.principal_id, "sensor1");
    assert_eq!((grant.refresh_after_seconds, grant.disconnect_after_seconds), (300, 86_400));
    assert!(grant.policy_documents[0].contains("client/sensor-1"));
}

#[test]
fn a_known_password_is_granted_a_policy() {
    let grant = connect("authorizer-password", "ada?x-amz-customauthorizer-name=house", b"lovelace").unwrap();
    assert_eq!(grant.principal_id, "ada");
    assert_eq!((grant.refresh_after_seconds, grant.disconnect_after_seconds), (600, 3600));
}

#[test]
fn every_other_answer_is_a_refusal_with_a_reason() {
    const EXECUTION: &str = "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR";
    const REFUSED: &str = "NOT_AUTHENTICATED";
    for (function, token, reason, text) in [
        ("authorizer-token", "unknown", REFUSED, "is not authenticated"),
        ("authorizer-password", "", REFUSED, "is not authenticated"),
        ("authorizer-garbage", "text", EXECUTION, "answer is a string, not an object"),
        ("authorizer-garbage", "list", EXECUTION, "answer is an array, not an object"),
        ("authorizer-garbage", "nothing", EXECUTION, "answer is null, not an object"),
        ("authorizer-garbage", "empty", EXECUTION, "answer has no isAuthenticated"),
        ("authorizer-garbage", "string-for-bool", EXECUTION, "is a string, not true or false"),
        ("authorizer-garbage", "bad-principal", EXECUTION, "is not 1 to 128 of A-Z a-z 0-9"),
        ("authorizer-garbage", "bad-policy", EXECUTION, "is a number, not an object"),
        ("authorizer-garbage", "bad-seconds", EXECUTION, "refreshAfterInSeconds -1"),
        ("authorizer-throws", "abc", EXECUTION, "the user table does not answer for abc, in line 5"),
        ("authorizer-throws", "loop", EXECUTION, "timed out after 100000 operations"),
    ] {
        let refusal = connect(function, &format!("ada?tok={token}"), b"wrong").unwrap_err();
        assert_eq!(refusal.log_reason().as_str(), reason, "{function} {token}");
        assert!(refusal.to_string().contains(text), "{function} {token}: {refusal}");
    }
}
