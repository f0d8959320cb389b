//! An endpoint with the authorizers of the fixtures, and its clients.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use squall_authorizer::{
    Authorizer, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, Authorizers, ClientCertificate, Grant,
    MqttClient, Refusal,
};
use squall_lambda::Lambda;
use squall_profile::switch::{SubstitutedWildcard, UnresolvedVariable};
use squall_services::policy::{
    Account, Action, AuthDecision, ConnectFacts, Facts, Request, Resource, ResourceKind, Semantics,
};

pub(crate) const KEY: &str = include_str!("../../../../fixtures/authorizers/token-signing-key.pub.pem");
pub(crate) const ID: &str = "2c8f2a1e-0000-4000-8000-000000000001";
pub(crate) const CERTIFICATE: ClientCertificate<'_> =
    ClientCertificate { id: "9f3ac20de1", pem: Some("PEM") };
pub(crate) const EXECUTION: &str = "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR";
pub(crate) const REFUSED: &str = "NOT_AUTHENTICATED";
pub(crate) const PARAMETER: &str = "CUSTOM_AUTHORIZER_PARAMETER_INVALID";
pub(crate) const NOT_FOUND: &str = "CUSTOM_AUTHORIZER_NOT_FOUND";

pub(crate) const UNSIGNED: AuthorizerRequest<'_> = AuthorizerRequest {
    name: "house",
    function: "authorizer-token",
    kind: AuthorizerKind::CustomAuth,
    status: AuthorizerStatus::Active,
    token_key_name: Some("tok"),
    signing_disabled: true,
    public_keys: &[],
    caching_for_http: false,
};

pub(crate) fn account() -> Account {
    Account::new("aws", "us-east-1", "123456789012")
}

pub(crate) fn lambda(function: &str) -> Arc<Lambda> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lambdas");
    let source = fs::read_to_string(folder.join(function).with_extension("rhai")).unwrap();
    Arc::new(Lambda::compile(function, &source).unwrap())
}

pub(crate) fn add(authorizers: &mut Authorizers, request: AuthorizerRequest<'_>) {
    authorizers.add(Authorizer::new(&request).unwrap(), lambda(request.function)).unwrap();
}

/// An authorizer for each function of the fixtures, named as it; the default one is `authorizer-token`.
pub(crate) fn endpoint() -> Authorizers {
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

pub(crate) fn client(username: &str) -> MqttClient<'_> {
    MqttClient {
        username: Some(username),
        password: Some(b"lovelace"),
        client_id: Some("sensor-1"),
        server_name: Some("iot.example.com"),
        certificate: None,
        connection_id: Some(ID),
    }
}

pub(crate) fn connect(authorizers: &Authorizers, client: &MqttClient<'_>) -> Result<Grant, Refusal> {
    let invocation = authorizers.begin(client)?;
    authorizers.finish(&invocation, authorizers.invoke(&invocation).map_err(Into::into))
}

/// A user name that names an authorizer and carries a token.
pub(crate) fn user(authorizer: &str, token: &str) -> String {
    format!("ada?x-amz-customauthorizer-name={authorizer}&tok={token}")
}

pub(crate) fn allows(grant: &Grant, action: Action, kind: ResourceKind, name: &str) -> bool {
    let account = account();
    let facts = Facts {
        account: &account,
        client_id: Some("sensor-1"),
        source_ip: Ipv4Addr::LOCALHOST.into(),
        certificate_id: None,
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
