//! What the log says of what the policies deny, and of a certificate that may not come in: a broker, its facts, its log.

use serde_json::Value;
use squall_codec::{Connect, Packet, PacketId, Publish, Subscribe, SubscriptionOptions};
use squall_core::{
    Broker, BrokerConfig, ClosedWhy, ConnectionId, Fact, Identity, Input, Output, Sink, Transport,
};
use squall_logs::ServiceLog;
use squall_profile::Profile;
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{CertificateStatus, Registry};
use squall_types::{CertificateId, ProtocolVersion, Seed};

use crate::records::{SOURCE, TAG, lines, log, now};

const ID: CertificateId = CertificateId([1; 32]);
const CONNECTION: ConnectionId = ConnectionId(1);

struct ToLog<'l>(&'l mut ServiceLog);

impl Sink for ToLog<'_> {
    fn output(&mut self, _: Output<'_>) {}

    fn fact(&mut self, fact: Fact<'_>) {
        self.0.fact(now(), &fact);
    }
}

/// What is logged of a client under these statements that sends these packets and then breaks off.
fn logged(statements: &str, status: CertificateStatus, packets: &[Packet<'_>]) -> Vec<Value> {
    let mut registry = Registry::new(Account::default());
    registry.register_certificate(ID, CertificateFacts::new("1"), status).unwrap();
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    registry.policies.create_policy("p", &document).unwrap();
    registry.attach_policy_to_certificate("p", ID).unwrap();
    let profile = Profile::named("aws-current").unwrap();
    let mut broker = Broker::new(BrokerConfig { registry, ..BrokerConfig::new(profile, Seed(1)) });
    let mut log = log();
    let identity = Identity::Certificate(ID);
    log.opened(CONNECTION, &identity, SOURCE);
    let (connection, transport) = (CONNECTION, Transport::Tls);
    let opened = Input::Opened { connection, transport, identity, source: SOURCE, tag: TAG };
    broker.handle(now(), opened, &mut ToLog(&mut log));
    for packet in packets {
        let mut bytes = Vec::new();
        packet.encode(ProtocolVersion::V311, &mut bytes).unwrap();
        // The broker knows nothing of one that it has ended.
        broker.handle(now(), Input::Bytes { connection, bytes: &bytes }, &mut ToLog(&mut log));
    }
    broker.handle(now(), Input::Closed { connection, why: ClosedWhy::Reset }, &mut ToLog(&mut log));
    log.closed(connection);
    assert_eq!(log.connections(), 0);
    lines(&mut log).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const CONNECT: &str = r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}"#;
const DENY: &str = r#"{"Sid":"No","Effect":"Deny","Action":"iot:Publish","Resource":"*"}"#;
const SUBSCRIBE: &str = r#"{"Effect":"Allow","Action":["iot:Subscribe","iot:Publish"],"Resource":"*"}"#;

fn connect() -> Packet<'static> {
    Packet::Connect(Connect::new(ProtocolVersion::V311, "pump-7"))
}

fn publish() -> Packet<'static> {
    Packet::Publish(Publish::new("a/b", b"x"))
}

/// Events and their statuses.
fn told(records: &[Value]) -> Vec<(&str, &str)> {
    records
        .iter()
        .map(|record| (record["eventType"].as_str().unwrap(), record["status"].as_str().unwrap()))
        .collect()
}

#[track_caller]
fn expect_denial(record: &Value, topic: Option<&str>, details: &str) {
    assert_eq!(record["logLevel"], "ERROR");
    assert_eq!(record["clientId"], "pump-7");
    assert_eq!(record["principalId"], "01".repeat(32));
    assert_eq!(record["sourceIp"], "10.0.0.7");
    assert_eq!(record["reason"], "AUTHORIZATION_FAILURE");
    assert_eq!(record["topicName"].as_str(), topic);
    assert_eq!(record["details"], details);
}

#[test]
fn a_connect_that_is_denied_is_one_failure() {
    let records = logged(DENY, CertificateStatus::Active, &[connect()]);
    assert_eq!(told(&records), [("Connect", "Failure")]);
    expect_denial(
        &records[0],
        None,
        "IMPLICIT_DENY: iot:Connect on arn:aws:iot:us-east-1:123456789012:client/pump-7; no statement allows it",
    );
}

#[test]
fn a_publish_that_is_denied_names_its_statement_and_ends_the_connection() {
    let records = logged(&format!("{CONNECT},{DENY}"), CertificateStatus::Active, &[connect(), publish()]);
    assert_eq!(
        told(&records),
        [("Connect", "Success"), ("Publish-In", "Failure"), ("Disconnect", "Success")]
    );
    expect_denial(
        &records[1],
        Some("a/b"),
        "EXPLICIT_DENY: iot:Publish on arn:aws:iot:us-east-1:123456789012:topic/a/b; p Statement[1] (No): denies it on *",
    );
    assert_eq!(records[2]["disconnectReason"], "AUTH_ERROR");
}

#[test]
fn a_subscription_that_is_denied_is_one_failure_and_a_missing_receive_another() {
    let filters = [("a/#", SubscriptionOptions::default())];
    let subscribe = || Packet::Subscribe(Subscribe::new(PacketId::MIN, &filters[..]));
    let records = logged(CONNECT, CertificateStatus::Active, &[connect(), subscribe()]);
    assert_eq!(told(&records)[..2], [("Connect", "Success"), ("Subscribe", "Failure")]);
    expect_denial(
        &records[1],
        Some("a/#"),
        "IMPLICIT_DENY: iot:Subscribe on arn:aws:iot:us-east-1:123456789012:topicfilter/a/#; no statement allows it",
    );

    let statements = format!("{CONNECT},{SUBSCRIBE}");
    let records = logged(&statements, CertificateStatus::Active, &[connect(), subscribe(), publish()]);
    assert_eq!(
        told(&records),
        [
            ("Connect", "Success"),
            ("Subscribe", "Success"),
            ("Publish-In", "Success"),
            ("Publish-Out", "Failure"),
            ("Disconnect", "Success")
        ]
    );
    expect_denial(
        &records[3],
        Some("a/b"),
        "IMPLICIT_DENY: iot:Receive on arn:aws:iot:us-east-1:123456789012:topic/a/b; no statement allows it",
    );
}

#[test]
fn a_certificate_that_is_switched_off_is_not_authenticated() {
    let records = logged(CONNECT, CertificateStatus::Inactive, &[]);
    assert_eq!(told(&records), [("Connection.AuthNError", "Failure")]);
    assert_eq!(records[0]["authenticationType"], "AWS_X509");
    assert_eq!(records[0]["reason"], "DEVICE_CERTIFICATE_INACTIVE");
    assert_eq!(records[0]["principalId"], "01".repeat(32));
    assert_eq!(records[0]["clientId"], Value::Null);
}
