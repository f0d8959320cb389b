//! Configurations, and what they make of credentials.

use super::super::SignatureError;
use super::super::signature::tests::{PUBLIC, sign};
use super::*;

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

const SIGNED: AuthorizerRequest<'_> =
    AuthorizerRequest { signing_disabled: false, public_keys: &[PUBLIC], ..UNSIGNED };

fn error(request: AuthorizerRequest<'_>) -> String {
    let error = Authorizer::new(&request).unwrap_err();
    assert_eq!((error.name(), error.status()), ("InvalidRequestException", 400));
    error.to_string()
}

fn credentials(username: &str) -> Credentials {
    Credentials::from_mqtt(Some(username), None).unwrap()
}

#[test]
fn a_configuration_is_kept_as_it_was_given() {
    let mut authorizer = Authorizer::new(&SIGNED).unwrap();
    assert_eq!((authorizer.name(), authorizer.function()), ("house", "authorizer-token"));
    assert_eq!(
        (authorizer.kind(), authorizer.status()),
        (AuthorizerKind::CustomAuth, AuthorizerStatus::Active)
    );
    assert!(!authorizer.caching_for_http());
    assert!(matches!(authorizer.signing(), Signing::Required { keys, .. } if keys.len() == 1));
    authorizer.set_status(AuthorizerStatus::Inactive);
    assert_eq!(authorizer.status(), AuthorizerStatus::Inactive);
}

#[test]
fn fields_have_bounds() {
    let long = "a".repeat(129);
    for name in ["a", "A_9=,@-", &"a".repeat(128)] {
        assert!(Authorizer::new(&AuthorizerRequest { name, ..UNSIGNED }).is_ok(), "{name}");
    }
    for (request, end) in [
        (AuthorizerRequest { name: "", ..UNSIGNED }, "Member must have length between 1 and 128"),
        (AuthorizerRequest { name: &long, ..UNSIGNED }, "Member must have length between 1 and 128"),
        (AuthorizerRequest { name: "a b", ..UNSIGNED }, r"regular expression pattern: [\w=,@-]+"),
        (AuthorizerRequest { name: "ä", ..UNSIGNED }, r"regular expression pattern: [\w=,@-]+"),
        (AuthorizerRequest { function: "", ..UNSIGNED }, "Member must have length between 1 and 2048"),
        (
            AuthorizerRequest { token_key_name: Some(""), ..UNSIGNED },
            "Member must have length between 1 and 128",
        ),
        (AuthorizerRequest { token_key_name: Some("a=b"), ..UNSIGNED }, "pattern: [a-zA-Z0-9_-]+"),
        (
            AuthorizerRequest { token_key_name: None, ..SIGNED },
            "tokenKeyName is required when signing is enabled",
        ),
        (
            AuthorizerRequest { public_keys: &[], ..SIGNED },
            "tokenSigningPublicKeys is required when signing is enabled",
        ),
        (
            AuthorizerRequest { public_keys: &["no key"], ..SIGNED },
            "is invalid: the key is no PEM text that begins with -----BEGIN PUBLIC KEY-----",
        ),
    ] {
        let text = error(request);
        assert!(text.ends_with(end), "{text}");
    }
    assert_eq!(
        error(AuthorizerRequest { name: "a b", ..UNSIGNED }),
        r"1 validation error detected: Value 'a b' at 'authorizerName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w=,@-]+"
    );
}

#[test]
fn a_signed_token_goes_through_and_no_other() {
    let authorizer = Authorizer::new(&SIGNED).unwrap();
    let signature = sign("let-me").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let sent = |token: &str, signature: &str| {
        credentials(&format!("u?tok={token}&x-amz-customauthorizer-signature={signature}"))
    };
    let good = sent("let-me", &signature);
    let checked = CheckedToken { token: Some("let-me"), signature_verified: true };
    assert_eq!(authorizer.check(&good), Ok(checked));
    for (credentials, refusal) in [
        (sent("let-you", &signature), SignatureError::Mismatch.into()),
        (sent("let-me", "%%%"), SignatureError::NotBase64.into()),
        (credentials("u?tok=let-me"), SignatureError::Missing.into()),
        (credentials("u"), Refusal::TokenMissing { token_key_name: "tok".into() }),
    ] {
        assert_eq!(authorizer.check(&credentials), Err(refusal));
    }
}

#[test]
fn without_signing_a_token_may_be_absent() {
    let authorizer = Authorizer::new(&UNSIGNED).unwrap();
    let nameless = Authorizer::new(&AuthorizerRequest { token_key_name: None, ..UNSIGNED }).unwrap();
    let with_token = credentials("u?tok=abc&x-amz-customauthorizer-signature=whatever");
    let unverified = |token| Ok(CheckedToken { token, signature_verified: false });
    assert_eq!(authorizer.check(&with_token), unverified(Some("abc")));
    assert_eq!(authorizer.check(&credentials("u")), unverified(None));
    assert_eq!(nameless.check(&with_token), unverified(None));
}

#[test]
fn an_inactive_authorizer_lets_nobody_in() {
    let request = AuthorizerRequest { status: AuthorizerStatus::Inactive, ..UNSIGNED };
    let authorizer = Authorizer::new(&request).unwrap();
    let refusal = Refusal::InactiveAuthorizer { name: "house".into() };
    assert_eq!(authorizer.check(&credentials("u")), Err(refusal));
}
