//! One line of every kind, its keys in the order of `broker.md` 10.2, and nothing kept once connections end.

use core::net::Ipv4Addr;

use serde_json::Value;
use squall_core::{
    AuditedCall, ConnectRefusal, ConnectionId, DiscardRule, DisconnectReason, Fact, Feature, Identity,
    ShadowAnswered, SignedIdentity, Source, SubscribeRefusal, Tag,
};
use squall_logs::ServiceLog;
use squall_services::api_error::{ApiError, Exception};
use squall_services::policy::Rights;
use squall_services::provisioning::{
    FleetApi, Outcome, Provisioned, ProvisioningError, ProvisioningFailure, Rejection,
};
use squall_services::registry::{
    CertificateStatus, ControlCall, PolicyTarget, PrincipalKind, Registry, ThingConfiguration,
    ThingGroupProperties, X509Certificate,
};
use squall_services::shadow::{Operation, ShadowId};
use squall_types::{CertificateId, Chance, Now, ProtocolVersion, Seed, Timestamp, WallTime};

pub(crate) const TAG: Tag = Tag(0);
pub(crate) const SOURCE: Source =
    Source { ip: core::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)), port: 1_883 };
const ID: CertificateId = CertificateId([0xab; 32]);
const CONNECTION: ConnectionId = ConnectionId(1);

pub(crate) fn log() -> ServiceLog {
    ServiceLog::new("123456789012", Chance::new(Seed(1)))
}

pub(crate) fn now() -> Now {
    Now::at(Timestamp(1_500_000_000), WallTime::from_unix_secs(1_767_225_600))
}

pub(crate) fn lines(log: &mut ServiceLog) -> Vec<String> {
    let text = String::from_utf8(log.take()).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

/// The line of a fact on a connection that stands.
fn line(fact: &Fact<'_>) -> Option<String> {
    let mut log = log();
    log.opened(CONNECTION, &Identity::Certificate(ID), SOURCE);
    log.fact(now(), &connected());
    log.take();
    log.fact(now(), fact);
    let mut lines = lines(&mut log);
    assert!(lines.len() < 2, "{lines:?}");
    lines.pop()
}

fn connected() -> Fact<'static> {
    Fact::Connected {
        connection: CONNECTION,
        tag: TAG,
        client_id: "pump-7",
        version: ProtocolVersion::V5,
        session_present: false,
    }
}

fn disconnected(reason: DisconnectReason) -> Fact<'static> {
    Fact::Disconnected { connection: CONNECTION, tag: TAG, client_id: "pump-7", reason }
}

fn refused(why: ConnectRefusal) -> Fact<'static> {
    Fact::ConnectRefused { connection: CONNECTION, tag: TAG, why }
}

fn subscribe_refused(why: SubscribeRefusal) -> Fact<'static> {
    Fact::SubscribeRefused { connection: CONNECTION, tag: TAG, filter: "a/#", why }
}

fn published(retain: bool) -> Fact<'static> {
    Fact::PublishIn { connection: Some(CONNECTION), tag: TAG, topic: "a/b", retain }
}

fn discarded(rule: DiscardRule) -> Fact<'static> {
    Fact::Discarded { tag: TAG, client_id: "pump-7", topic: "a/b", rule }
}

fn facts() -> Vec<Fact<'static>> {
    vec![
        connected(),
        refused(ConnectRefusal::Throttled),
        refused(ConnectRefusal::ClientIdThrottled),
        refused(ConnectRefusal::ClientError),
        refused(ConnectRefusal::NotAuthenticated("DEVICE_CERTIFICATE_INACTIVE")),
        disconnected(DisconnectReason::ClientInitiated),
        disconnected(DisconnectReason::DuplicateClientId),
        Fact::NotAuthenticated { connection: CONNECTION, tag: TAG, reason: "NOT_AUTHENTICATED" },
        published(false),
        published(true),
        Fact::PublishIn { connection: None, tag: TAG, topic: "a/b", retain: false },
        Fact::WillPublished { tag: TAG, client_id: "pump-7", topic: "wills/pump-7" },
        Fact::PublishRefused { connection: Some(CONNECTION), tag: TAG, topic: "$aws/x" },
        Fact::PublishRefused { connection: Some(CONNECTION), tag: TAG, topic: "" },
        Fact::PublishRefused { connection: None, tag: TAG, topic: "a/#" },
        Fact::PublishOut { connection: CONNECTION, tag: TAG, topic: "a/b" },
        Fact::Ping { connection: CONNECTION, tag: TAG },
        Fact::Subscribed { connection: CONNECTION, tag: TAG, filter: "a/#" },
        subscribe_refused(SubscribeRefusal::Throttled),
        subscribe_refused(SubscribeRefusal::ClientError),
        Fact::Unsubscribed { connection: CONNECTION, tag: TAG, filter: "a/#" },
        Fact::Queued { tag: TAG, receiver: "pump-8", topic: "a/b" },
        discarded(DiscardRule::PublishRateIn),
        discarded(DiscardRule::PublishRateOut),
        discarded(DiscardRule::QueueRate),
        discarded(DiscardRule::MessageExpiry),
        Fact::DiscardedShared {
            tag: TAG,
            group: "$share/crew/a/#",
            topic: "a/b",
            rule: DiscardRule::SharedQueueFull,
        },
        Fact::CallThrottled { tag: TAG, rule: DiscardRule::AccountPublishRateIn },
        Fact::NotModelled { tag: TAG, feature: Feature::Jobs },
    ]
}

#[test]
fn every_kind_of_record() {
    let all: Vec<String> = facts().iter().filter_map(line).collect();
    assert_eq!(all.len(), facts().len());
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_another_record_says_is_not_said_twice() {
    for fact in [
        refused(ConnectRefusal::NotAuthorized),
        subscribe_refused(SubscribeRefusal::NotAuthorized),
        Fact::PublishRetained { tag: TAG },
        Fact::Redelivered { tag: TAG },
    ] {
        assert_eq!(line(&fact), None, "{fact:?}");
    }
}

#[test]
fn keys_come_in_the_documented_order() {
    let common = ["timestamp", "logLevel", "traceId", "accountId", "status", "eventType"];
    let client = ["protocol", "clientId", "principalId", "sourceIp", "sourcePort"];
    for (fact, more) in [
        (connected(), &[][..]),
        (disconnected(DisconnectReason::DuplicateClientId), &["reason", "details", "disconnectReason"]),
        (Fact::Ping { connection: CONNECTION, tag: TAG }, &[]),
        (published(true), &["topicName", "retain"]),
        (published(false), &["topicName"]),
        (Fact::PublishOut { connection: CONNECTION, tag: TAG, topic: "a" }, &["topicName"]),
        (Fact::Subscribed { connection: CONNECTION, tag: TAG, filter: "a" }, &["topicName"]),
        (Fact::Unsubscribed { connection: CONNECTION, tag: TAG, filter: "a" }, &[]),
        (refused(ConnectRefusal::NotAuthenticated("X")), &["authenticationType", "reason"]),
    ] {
        let expected: Vec<&str> = common.iter().chain(&client).chain(more).copied().collect();
        assert_eq!(keys(&line(&fact).unwrap()), expected, "{fact:?}");
    }
    let queued: Vec<&str> =
        common.iter().copied().chain(["topicName", "clientId", "qos", "protocol", "details"]).collect();
    assert_eq!(keys(&line(&discarded(DiscardRule::QueueRate)).unwrap()), queued);
}

fn keys(line: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(line).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn an_audit_record_names_the_call_and_what_it_was_made_with() {
    let registered = X509Certificate::new(ID);
    let configuration = ThingConfiguration {
        billing_group: None,
        type_name: Some("pump".into()),
        attributes: vec![("model".into(), "x1".into())],
    };
    let certificate = PolicyTarget::Certificate(ID);
    let calls = [
        ControlCall::CreatePolicy { name: "p", document: "{}" },
        ControlCall::CreatePolicyVersion { name: "p", document: "{}", set_as_default: true },
        ControlCall::SetDefaultPolicyVersion { name: "p", version: 2 },
        ControlCall::DeletePolicyVersion { name: "p", version: 1 },
        ControlCall::DeletePolicy { name: "p" },
        ControlCall::AttachPolicy { policy: "p", target: certificate },
        ControlCall::AttachPolicy { policy: "p", target: PolicyTarget::ThingGroup("g") },
        ControlCall::DetachPolicy { policy: "p", target: PolicyTarget::CognitoIdentity("us-east-1:1") },
        ControlCall::RegisterCertificateWithoutCa {
            certificate: &registered,
            status: CertificateStatus::Active,
        },
        ControlCall::UpdateCertificate { id: ID, status: CertificateStatus::Revoked },
        ControlCall::DeleteCertificate { id: ID, force: true },
        ControlCall::CreateThing { name: "t", configuration: &configuration },
        ControlCall::DeleteThing { name: "t", expected_version: Some(2) },
        ControlCall::AttachThingPrincipal { thing: "t", id: ID, kind: PrincipalKind::Exclusive },
        ControlCall::DetachThingPrincipal { thing: "t", id: ID },
        ControlCall::CreateThingGroup {
            name: "g",
            parent: Some("h"),
            properties: &ThingGroupProperties::default(),
        },
        ControlCall::AddThingToThingGroup { thing: "t", group: "g" },
        ControlCall::RemoveThingFromThingGroup { thing: "t", group: "g" },
    ];
    let mut log = log();
    for call in &calls {
        log.fact(now(), &Fact::Audit { tag: TAG, call: AuditedCall::Registry(call), error: None });
    }
    // One that is refused.
    let call = ControlCall::AttachPolicy { policy: "none", target: certificate };
    let error = Registry::default().call(now(), &call).unwrap_err();
    log.fact(now(), &Fact::Audit { tag: TAG, call: AuditedCall::Registry(&call), error: Some(&error) });
    let lines = lines(&mut log);
    assert_eq!(lines.len(), calls.len() + 1);
    insta::assert_snapshot!(lines.join("\n"));
}

/// `state.md` 3.1: who was provisioned, by which template, or why not; a request for a certificate is no record.
#[test]
fn a_device_that_is_provisioned_has_a_record_and_one_that_is_not_has_its_reason() {
    let provisioned = Provisioned { thing: Some("pump".into()), steps: Vec::new() };
    let error = ApiError::new(Exception::ResourceNotFound, "no such group");
    let error = ProvisioningError::Call { operation: "AddThingToThingGroup", error };
    let failure = ProvisioningFailure { error, done: Vec::new() };
    let registered = Outcome::Registered { certificate: ID, provisioned: provisioned.clone() };
    let rejected = Outcome::Rejected { rejection: Rejection::EmptyToken, details: "no token".into() };
    let (connection, tag) = (CONNECTION, TAG);
    let register = FleetApi::RegisterThing { template: "fleet" };
    let mut log = log();
    for fact in [
        Fact::JustInTime { tag, certificate: &ID, template: Some("boot"), result: Ok(&provisioned) },
        Fact::JustInTime { tag, certificate: &ID, template: None, result: Err(&failure) },
        Fact::FleetAnswered { connection, tag, api: register, outcome: &registered },
        Fact::FleetAnswered { connection, tag, api: register, outcome: &rejected },
        Fact::FleetAnswered {
            connection,
            tag,
            api: FleetApi::CreateKeysAndCertificate,
            outcome: &Outcome::Issued(ID),
        },
        Fact::RegisteredOnConnect { tag, certificate: &ID },
    ] {
        log.fact(now(), &fact);
    }
    insta::assert_snapshot!(lines(&mut log).join("\n"));
}

/// `state.md` 1.12.
#[test]
fn a_request_of_a_shadow_has_a_record_under_its_operation() {
    let (tag, has_delta, unheard) = (TAG, false, false);
    let mut log = log();
    for (connection, shadow, operation, version) in [
        (Some(CONNECTION), ShadowId::classic("t"), Operation::Update, Ok(7)),
        (
            Some(CONNECTION),
            ShadowId::named("t", "config"),
            Operation::Get,
            Err(squall_services::shadow::Rejection::NoShadow),
        ),
        (None, ShadowId::named("t", "config"), Operation::Delete, Ok(1)),
    ] {
        log.fact(
            now(),
            &Fact::ShadowAnswered {
                connection,
                tag,
                answered: &ShadowAnswered { shadow, operation, version, has_delta, unheard },
            },
        );
    }
    insta::assert_snapshot!(lines(&mut log).join("\n"));
}

#[test]
fn whoever_comes_is_named_as_far_as_it_is_known() {
    let rights = Rights::default();
    let signed = SignedIdentity { principal: "AKIA1", iam: &rights, cognito_identity: None };
    for (identity, named, principal, authentication) in [
        (Identity::Certificate(ID), None, Some("ab".repeat(32)), Some("AWS_X509")),
        (Identity::Trusted(ID), None, Some("ab".repeat(32)), Some("AWS_X509")),
        (Identity::Signed(signed), None, Some("AKIA1".to_owned()), Some("AWS_SIGV4")),
        (Identity::CustomAuthorizer { server_name: None }, None, None, Some("CUSTOM_AUTH")),
        (
            Identity::CustomAuthorizer { server_name: None },
            Some("alice"),
            Some("alice".to_owned()),
            Some("CUSTOM_AUTH"),
        ),
        (Identity::Anonymous, None, None, None),
    ] {
        let mut log = log();
        log.opened(CONNECTION, &identity, SOURCE);
        if let Some(principal) = named {
            log.named(CONNECTION, principal);
        }
        log.fact(now(), &connected());
        log.fact(now(), &Fact::NotAuthenticated { connection: CONNECTION, tag: TAG, reason: "X" });
        let lines = lines(&mut log);
        let [connect, failure] = [0, 1].map(|at| serde_json::from_str::<Value>(&lines[at]).unwrap());
        assert_eq!(connect["principalId"].as_str().map(str::to_owned), principal);
        assert_eq!(failure["authenticationType"].as_str(), authentication);
    }
}

#[test]
fn nothing_is_kept_once_connections_end() {
    let mut log = log();
    for n in 0..100 {
        log.opened(ConnectionId(n), &Identity::Certificate(ID), SOURCE);
    }
    assert_eq!(log.connections(), 100);
    for n in 0..100 {
        let connection = ConnectionId(n);
        match n % 3 {
            0 => log.fact(
                now(),
                &Fact::Disconnected {
                    connection,
                    tag: TAG,
                    client_id: "pump-7",
                    reason: DisconnectReason::ConnectionLost,
                },
            ),
            1 => log.fact(
                now(),
                &Fact::ConnectRefused { connection, tag: TAG, why: ConnectRefusal::ClientError },
            ),
            _ => log.closed(connection),
        }
    }
    assert_eq!(log.connections(), 0);
    assert!(!log.is_empty());
    log.take();
    assert!(log.is_empty());
}

#[test]
fn identifiers_are_the_same_in_every_run_and_never_twice() {
    let ids = |seed| {
        let mut log = ServiceLog::new("123456789012", Chance::new(Seed(seed)));
        for _ in 0..50 {
            log.fact(now(), &published(false));
        }
        let ids = lines(&mut log).into_iter().map(|line| {
            let value: Value = serde_json::from_str(&line).unwrap();
            value["traceId"].as_str().unwrap().to_owned()
        });
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(ids(1).len(), 50);
    assert_eq!(ids(1), ids(1));
    assert!(ids(1).is_disjoint(&ids(2)));
}
