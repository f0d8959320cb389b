//! The functions in `fixtures/lambdas` do what their first lines say.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use squall_lambda::{Lambda, LambdaError};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lambdas")
}

fn lambda(name: &str) -> Lambda {
    let source = fs::read_to_string(folder().join(name).with_extension("rhai")).unwrap();
    assert!(source.starts_with("// Shows "), "{name} begins by saying what it shows");
    Lambda::compile(name, &source).unwrap()
}

fn with_token(token: &str) -> Value {
    json!({ "token": token, "protocolData": { "mqtt": { "clientId": "sensor-1" } } })
}

#[test]
fn every_function_compiles() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().unwrap(), "rhai");
        lambda(path.file_stem().unwrap().to_str().unwrap());
        count += 1;
    }
    assert!(count >= 4);
}

#[test]
fn the_token_authorizer_writes_a_policy_for_the_client_id() {
    let lambda = lambda("authorizer-token");
    let answer = lambda.invoke(&with_token("allow-sensor-1")).unwrap();
    assert_eq!(answer["isAuthenticated"], json!(true));
    assert_eq!(answer["principalId"], json!("sensor1"));
    let statement = &answer["policyDocuments"][0]["Statement"][0];
    assert_eq!(statement["Resource"], json!("arn:aws:iot:us-east-1:123456789012:client/sensor-1"));
    for event in [with_token("unknown"), json!({}), json!({ "token": "allow-sensor-1" })] {
        assert_eq!(lambda.invoke(&event), Ok(json!({ "isAuthenticated": false })), "{event}");
    }
}

#[test]
fn the_password_authorizer_reads_user_and_password() {
    let lambda = lambda("authorizer-password");
    let event = |user: &str, password: &str| {
        let password = BASE64_STANDARD.encode(password);
        json!({ "protocolData": { "mqtt": { "username": user, "password": password } } })
    };
    for (user, password, authenticated) in [
        ("ada", "lovelace", true),
        ("ada?x-amz-customauthorizer-name=password", "lovelace", true),
        ("ada", "hopper", false),
        ("nobody", "lovelace", false),
    ] {
        let answer = lambda.invoke(&event(user, password)).unwrap();
        assert_eq!(answer["isAuthenticated"], json!(authenticated), "{user} {password}");
    }
    assert_eq!(lambda.invoke(&json!({})), Ok(json!({ "isAuthenticated": false })));
}

#[test]
fn the_garbage_authorizer_answers_with_json_that_is_no_answer() {
    let lambda = lambda("authorizer-garbage");
    for (token, answer) in [
        ("text", json!("yes, let it in")),
        ("list", json!([true, "device"])),
        ("empty", json!({})),
        ("anything", json!(null)),
    ] {
        assert_eq!(lambda.invoke(&with_token(token)), Ok(answer));
    }
}

#[test]
fn the_throwing_authorizer_fails_or_never_ends() {
    let lambda = lambda("authorizer-throws");
    let thrown = LambdaError::Failed { message: "the user table does not answer for abc".into(), line: 5 };
    assert_eq!(lambda.invoke(&with_token("abc")), Err(thrown));
    assert!(matches!(lambda.invoke(&with_token("loop")), Err(LambdaError::TimedOut { .. })));
}

#[test]
fn the_signed_authorizer_wants_a_signature_that_was_checked() {
    let lambda = lambda("authorizer-signed");
    let answer = lambda.invoke(&json!({ "token": "any", "signatureVerified": true })).unwrap();
    assert_eq!(answer["isAuthenticated"], json!(true));
    let unchecked = lambda.invoke(&json!({ "token": "any", "signatureVerified": false })).unwrap_err();
    assert!(matches!(unchecked, LambdaError::Failed { line: 6, .. }), "{unchecked}");
}

#[test]
fn the_certificate_authorizer_answers_with_the_certificate() {
    let lambda = lambda("authorizer-certificate");
    let event = |token: &str| json!({ "token": token, "protocolData": { "tls": { "principalId": "9f3a" } } });
    for (token, principal, policies) in
        [("", "9f3a", None), ("more", "9f3a", Some(1)), ("other", "somebody", None)]
    {
        let answer = lambda.invoke(&event(token)).unwrap();
        assert_eq!(answer["principalId"], json!(principal), "{token}");
        let documents = answer.get("policyDocuments").map(|documents| documents.as_array().unwrap().len());
        assert_eq!(documents, policies, "{token}");
    }
    assert_eq!(lambda.invoke(&json!({})), Ok(json!({ "isAuthenticated": false })));
}

#[test]
fn the_bad_policies_stand_behind_a_good_one() {
    let lambda = lambda("authorizer-bad-policies");
    let second = |token: &str| lambda.invoke(&with_token(token)).unwrap()["policyDocuments"][1].take();
    assert_eq!(second("anything"), json!({}));
    assert_eq!(second("action")["Statement"][0]["Action"], json!("iot:Fly"));
    assert!(second("text").is_string());
    assert!(second("long").to_string().len() > 2048);
}

#[test]
fn the_activation_answers_with_calls_that_activate_last() {
    let lambda = lambda("jitr-activate");
    let id = "ab".repeat(32);
    let event = json!({ "certificateId": id, "certificateStatus": "PENDING_ACTIVATION" });
    let answer = lambda.invoke(&event).unwrap();
    let calls: Vec<&str> =
        answer.as_array().unwrap().iter().map(|call| call["operation"].as_str().unwrap()).collect();
    assert_eq!(calls, ["CreateThing", "AttachThingPrincipal", "AttachPolicy", "UpdateCertificate"]);
    assert_eq!(answer[0]["parameters"], json!({ "thingName": "device-abababababababab" }));
    let arn = format!("arn:aws:iot:us-east-1:123456789012:cert/{id}");
    assert_eq!(answer[2]["parameters"], json!({ "policyName": "registered", "target": arn }));
    assert_eq!(answer[3]["parameters"], json!({ "certificateId": id, "newStatus": "ACTIVE" }));
    for event in [json!({}), json!({ "certificateId": id, "certificateStatus": "ACTIVE" })] {
        assert_eq!(lambda.invoke(&event), Ok(json!([])), "{event}");
    }
}

#[test]
fn the_hook_turns_away_every_tenth_serial_number_and_what_is_none() {
    let lambda = lambda("hook-serial-numbers");
    let asked = |number: &str| lambda.invoke(&json!({ "parameters": { "SerialNumber": number } })).unwrap();
    assert_eq!(
        asked("sn-12"),
        json!({ "allowProvisioning": true, "parameterOverrides": { "Site": "north" } })
    );
    assert_eq!(asked("sn-7")["parameterOverrides"]["Site"], json!("south"));
    for number in ["sn-0", "sn-10", "sn-490", "", "12", "xx-12"] {
        assert_eq!(asked(number), json!({ "allowProvisioning": false }), "{number}");
    }
    assert_eq!(lambda.invoke(&json!({})), Ok(json!({ "allowProvisioning": false })));
}
