//! What is settled without the function: which authorizer, the signature, the event.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::json;
use squall_authorizer::{
    Authorizer, AuthorizerRequest, AuthorizerStatus, Authorizers, MqttClient, Refusal, SignatureError,
};
use squall_services::policy::{Action, ResourceKind};

use crate::support::*;

const PRIVATE: &[u8] = include_bytes!("../../../../fixtures/authorizers/token-signing-key.pk8");

fn signature(token: &str) -> String {
    let pair = KeyPair::from_pkcs8(PRIVATE).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).unwrap();
    BASE64_STANDARD.encode(signature).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
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
