//! Policies enforced, certificates judged: `broker.md` 2.3, 8.1, 8.5, 9, and checks 10, 32, 33, 78, 104, 115, 124 to 126,
//! 138, 143, 144, 150 and 152.

use std::fmt::Write as _;

use serde_json::Value;
use squall_codec::{ReasonCode, SubscriptionOptions, Will};
use squall_core::{ConnectRefusal, DisconnectReason, Reply, SubscribeRefusal};
use squall_profile::switch::{
    DeniedPublish, DeniedPublishV5, DeniedSubscribeV311, GroupPolicies, PolicyLayers, RefusedConnectV311,
    SharedReceiveArn,
};
use squall_profile::{Decision, Profile};
use squall_services::policy::{Account, CertificateFacts, Policy, Rights};
use squall_services::registry::{
    CertificateStatus, ControlCall, PolicyTarget, PrincipalKind, Registry, ThingConfiguration,
};
use squall_types::{CertificateId, ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::{Bench, ComesAs, Device, Fact, Seen};

const ONE: CertificateId = CertificateId([1; 32]);
const TWO: CertificateId = CertificateId([2; 32]);

const EVERYTHING: &[&str] = &["Allow Connect *", "Allow Publish *", "Allow Subscribe *", "Allow Receive *"];

/// A policy of statements `EFFECT ACTION NAME`, such as `Allow Publish topic/a/*`.
fn document(statements: &[&str]) -> String {
    let mut text = String::from(r#"{"Version":"2012-10-17","Statement":["#);
    for (index, statement) in statements.iter().enumerate() {
        let mut parts = statement.splitn(3, ' ');
        let [effect, action, name] = [(); 3].map(|()| parts.next().expect("three words"));
        let comma = if index == 0 { "" } else { "," };
        let arn = "arn:aws:iot:us-east-1:123456789012:";
        write!(text, r#"{comma}{{"Effect":"{effect}","Action":"iot:{action}","Resource":"{arn}{name}"}}"#)
            .expect("text");
    }
    text + "]}"
}

fn register(registry: &mut Registry, id: CertificateId, status: CertificateStatus) {
    registry.register_certificate(id, CertificateFacts::new("1"), status).unwrap();
}

/// An account with certificate ONE, active, under a policy `p` of these statements.
fn account(statements: &[&str]) -> Registry {
    let mut registry = Registry::new(Account::default());
    register(&mut registry, ONE, CertificateStatus::Active);
    registry.policies.create_policy("p", &document(statements)).unwrap();
    registry.attach_policy_to_certificate("p", ONE).unwrap();
    registry
}

fn bench(statements: &[&str]) -> Bench {
    Bench::with_registry(account(statements), |_| {})
}

fn bench_with(statements: &[&str], tweak: impl FnOnce(&mut Profile)) -> Bench {
    Bench::with_registry(account(statements), tweak)
}

/// A device that shows certificate ONE.
fn device(bench: &Bench, name: &str, version: ProtocolVersion) -> Device {
    bench.device(name).with_version(version).comes_as(ComesAs::Certificate(ONE))
}

#[track_caller]
fn expect_denials(bench: &Bench, expected: &[(&str, &str)]) {
    let found = bench.denials();
    let found: Vec<(&str, &str)> = found.iter().map(|(text, metric)| (text.as_str(), *metric)).collect();
    assert_eq!(found, expected);
}

/// 138, D-02: without a policy, or under one that allows another client id, CONNECT is denied.
#[test]
fn a_connect_that_is_not_allowed_is_refused() {
    for (code, switch) in [(None, RefusedConnectV311::Close), (Some(5), RefusedConnectV311::ConnAck5)] {
        for version in VERSIONS {
            let statements = &["Allow Connect client/other", "Deny Connect client/d-*"];
            let bench = bench_with(statements, |profile| profile.switches.refused_connect_v311 = switch);
            let d = device(&bench, "d", version).connect_with(|_| {});
            match (version, code) {
                (ProtocolVersion::V5, _) => d.expect_refusal(0x87, DisconnectReason::AuthError),
                (ProtocolVersion::V311, None) => d.expect_close(DisconnectReason::AuthError),
                (ProtocolVersion::V311, Some(code)) => d.expect_refusal(code, DisconnectReason::AuthError),
            }
            expect_denials(&bench, &[("iot:Connect on d for d", "Connect.AuthError")]);
            assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::NotAuthorized)), 1);
            assert!(bench.why_denied().contains("IMPLICIT_DENY"), "{}", bench.why_denied());
            device(&bench, "other", version).connect();
            device(&bench, "d-1", version).connect_with(|_| {});
            assert!(bench.why_denied().contains("p Statement[1]"), "{}", bench.why_denied());
            bench.device("other").disconnect();
            bench.expect_empty();
        }
    }
}

/// 10, 115, `broker.md` 2.2: a will that could not be published is denied at CONNECT, and heard of.
#[test]
fn a_will_needs_the_right_to_publish_it() {
    for (statements, retain, denied) in [
        (&["Allow Connect *", "Allow Publish topic/w"][..], false, None),
        (&["Allow Connect *", "Allow Publish topic/x"], false, Some("iot:Publish on w for d")),
        (&["Allow Connect *", "Allow Publish topic/w"], true, Some("iot:RetainPublish on w for d")),
        (&["Allow Connect *", "Allow Publish *", "Allow RetainPublish topic/w"], true, None),
    ] {
        let bench = bench(statements);
        let observer =
            bench.device("observer").connect().subscribe("$aws/events/presence/connect_failed/+", 0);
        let will = Will { retain, ..Will::new("w", b"gone") };
        let d = device(&bench, "d", ProtocolVersion::V5).connect_with_will(Some(will), |_| {});
        let Some(denied) = denied else {
            d.expect_connack(false);
            continue;
        };
        d.expect_refusal(0x87, DisconnectReason::AuthError);
        expect_denials(&bench, &[(denied, "Connect.AuthError")]);
        let Some((_, Seen::Publish(event))) = observer.take() else { panic!("connect_failed was expected") };
        assert_eq!(event.topic, "$aws/events/presence/connect_failed/d");
        let event: Value = serde_json::from_slice(&event.payload).unwrap();
        let keys: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "clientId",
                "timestamp",
                "eventType",
                "connectFailureReason",
                "principalIdentifier",
                "sessionIdentifier",
                "ipAddress"
            ]
        );
        assert_eq!(event["connectFailureReason"], "AUTHORIZATION_FAILED");
        assert_eq!(event["principalIdentifier"], ONE.to_string());
        assert_eq!(event["ipAddress"], "10.0.0.1");
    }
}

/// 32, 104, D-11, 0.13: what a denied publish meets, by version, QoS and profile.
#[test]
fn a_publish_that_is_not_allowed_ends_the_connection_or_is_answered() {
    enum Meets {
        Close,
        Disconnect,
        PubAck(ReasonCode),
        Nothing,
    }
    let (refuse, drop) = (DeniedPublish::Refuse, DeniedPublish::Drop);
    let (puback, disconnect) = (DeniedPublishV5::PubAck, DeniedPublishV5::Disconnect);
    let (v3, v5) = (ProtocolVersion::V311, ProtocolVersion::V5);
    for (version, qos, denied_publish, denied_publish_v5, meets) in [
        (v3, 0, refuse, puback, Meets::Close),
        (v3, 1, refuse, puback, Meets::Close),
        (v5, 0, refuse, puback, Meets::Disconnect),
        (v5, 1, refuse, puback, Meets::PubAck(ReasonCode::NotAuthorized)),
        (v5, 1, refuse, disconnect, Meets::Disconnect),
        (v3, 0, drop, puback, Meets::Nothing),
        (v5, 0, drop, puback, Meets::Nothing),
        (v3, 1, drop, puback, Meets::PubAck(ReasonCode::Success)),
        (v5, 1, drop, puback, Meets::PubAck(ReasonCode::Success)),
    ] {
        let bench = bench_with(&["Allow Connect *", "Allow Publish topic/mine/*"], |profile| {
            profile.switches.denied_publish = denied_publish;
            profile.switches.denied_publish_v5 = denied_publish_v5;
        });
        let listener = bench.device("listener").connect().subscribe("#", 1);
        let d = device(&bench, "d", version).connect();
        d.publish_acked("mine/a", b"1");
        listener.expect_publish("mine/a", 1, b"1");
        let id = d.publish("theirs/a", qos, b"2");
        match meets {
            Meets::Close => d.expect_close(DisconnectReason::AuthError),
            Meets::Disconnect => {
                d.expect_disconnect(ReasonCode::NotAuthorized, DisconnectReason::AuthError);
            }
            Meets::PubAck(code) => {
                assert_eq!(d.take().map(|(_, seen)| seen), Some(Seen::PubAck { packet_id: id, code }));
                assert!(d.is_open());
            }
            Meets::Nothing => assert!(d.take().is_none() && d.is_open()),
        }
        listener.expect_nothing();
        expect_denials(&bench, &[("iot:Publish on theirs/a for d", "PublishIn.AuthError")]);
        assert!(bench.relied_on(Decision::DeniedPublish));
        assert_eq!(bench.count(|fact| *fact == Fact::PublishIn), 1);
    }
}

/// 78: RETAIN asks for a right of its own, and the plain one.
#[test]
fn retain_needs_both_rights() {
    for (statements, denied) in [
        (
            &["Allow Connect *", "Allow Publish topic/t"][..],
            Some(("iot:RetainPublish on t for d", "PublishRetained.AuthError")),
        ),
        (
            &["Allow Connect *", "Allow RetainPublish topic/t"],
            Some(("iot:Publish on t for d", "PublishIn.AuthError")),
        ),
        (&["Allow Connect *", "Allow Publish topic/t", "Allow RetainPublish topic/t"], None),
    ] {
        let bench = bench(statements);
        let d = device(&bench, "d", ProtocolVersion::V5).connect();
        let id = d.publish_with("t", 1, b"x", |publish| publish.retain = true);
        let code = if denied.is_some() { ReasonCode::NotAuthorized } else { ReasonCode::Success };
        assert_eq!(d.take().map(|(_, seen)| seen), Some(Seen::PubAck { packet_id: id, code }));
        assert_eq!(bench.retained_messages(), usize::from(denied.is_none()));
        expect_denials(&bench, &denied.into_iter().collect::<Vec<_>>());
    }
}

/// 33, 143, D-03: each filter is judged by its text; 3.1.1 hears 0x80, or is closed.
#[test]
fn a_subscribe_is_judged_filter_by_filter() {
    let statements =
        &["Allow Connect *", "Allow Subscribe topicfilter/a/+/c", "Allow Subscribe topicfilter/$share/g/a/*"];
    let filters = [("a/+/c", 0), ("a/b/c", 1), ("$share/g/a/b", 1), ("$share/h/a/b", 1), ("#", 0)];
    for version in VERSIONS {
        let bench = bench(statements);
        let d = device(&bench, "d", version).connect();
        let refused = if version == ProtocolVersion::V5 { 0x87 } else { 0x80 };
        assert_eq!(d.subscribe_all(&filters), [0, refused, 1, refused, refused]);
        assert_eq!(bench.subscriptions(), 2);
        expect_denials(
            &bench,
            &[
                ("iot:Subscribe on a/b/c for d", "Subscribe.AuthError"),
                ("iot:Subscribe on $share/h/a/b for d", "Subscribe.AuthError"),
                ("iot:Subscribe on # for d", "Subscribe.AuthError"),
            ],
        );
        let refusals = bench.count(|fact| *fact == Fact::SubscribeRefused(SubscribeRefusal::NotAuthorized));
        assert_eq!(refusals, 3);
    }
    let bench = bench_with(statements, |profile| {
        profile.switches.denied_subscribe_v311 = DeniedSubscribeV311::Close;
    });
    for (version, closes) in [(ProtocolVersion::V311, true), (ProtocolVersion::V5, false)] {
        let d = device(&bench, "d", version).connect();
        d.send_subscribe(&[("#", SubscriptionOptions::from(QoS::AtMostOnce))]);
        if closes {
            d.expect_close(DisconnectReason::AuthError);
        }
        assert_eq!(d.is_open(), !closes);
    }
    assert!(bench.relied_on(Decision::DeniedSubscribeV311));
}

/// `broker.md` 9.2, 9.5: Receive is asked at every delivery, and who may not is not told.
#[test]
fn what_a_client_may_not_receive_does_not_reach_it() {
    for version in VERSIONS {
        for qos in [0, 1] {
            let bench = bench(&[
                "Allow Connect *",
                "Allow Subscribe *",
                "Allow Receive topic/mine/*",
                "Deny Receive topic/*/secret",
            ]);
            let d = device(&bench, "d", version).connect().subscribe("#", qos);
            let app = bench.device("app").connect();
            for topic in ["mine/a", "theirs/a", "mine/secret"] {
                app.publish_acked(topic, b"x");
            }
            let delivery = d.expect_publish("mine/a", qos, b"x");
            if qos == 1 {
                d.ack(delivery.packet_id);
            }
            d.expect_nothing();
            expect_denials(
                &bench,
                &[
                    ("iot:Receive on theirs/a for d", "PublishOut.AuthError"),
                    ("iot:Receive on mine/secret for d", "PublishOut.AuthError"),
                ],
            );
            assert_eq!(bench.count(|fact| *fact == Fact::PublishOut), 1);
            assert!(d.is_open());
        }
    }
}

/// What was not sent counts in no rate: two hundred messages in a second that a client may not have cost it nothing.
#[test]
fn what_may_not_be_received_counts_in_no_rate() {
    let bench = bench(&["Allow Connect *", "Allow Subscribe *", "Allow Receive topic/mine"]);
    let d = device(&bench, "d", ProtocolVersion::V311).connect().subscribe("#", 1);
    for n in 0..4 {
        let app = bench.device(&format!("app-{n}")).connect();
        for _ in 0..50 {
            app.publish("theirs", 0, b"x");
        }
    }
    bench.device("app-0").publish("mine", 0, b"x");
    d.expect_publish("mine", 0, b"x");
}

/// What is stored for an offline client is judged when it is sent; what it may not have is gone.
#[test]
fn stored_messages_are_judged_when_they_are_sent() {
    let bench = bench(&["Allow Connect *", "Allow Subscribe *", "Allow Receive topic/mine/*"]);
    let d = device(&bench, "d", ProtocolVersion::V311).persistent().connect().subscribe("#", 1);
    d.reset();
    let app = bench.device("app").connect();
    for topic in ["theirs/1", "mine/1", "theirs/2", "mine/2"] {
        app.publish_acked(topic, b"x");
    }
    assert_eq!(bench.messages(), 4);
    d.connect_with(|_| {}).expect_connack(true);
    bench.advance(2);
    assert_eq!(
        d.take_deliveries().iter().map(|(_, got)| got.topic.as_str()).collect::<Vec<_>>(),
        ["mine/1", "mine/2"]
    );
    assert_eq!(bench.messages(), 2, "in flight");
    assert_eq!(bench.denials().len(), 2);
}

/// A redelivery is a delivery: after the right is gone, what was never acknowledged is not sent again.
#[test]
fn a_redelivery_is_judged_anew() {
    let bench = bench(EVERYTHING);
    let d = device(&bench, "d", ProtocolVersion::V311).connect().subscribe("t", 1);
    bench.device("app").connect().publish_acked("t", b"x");
    d.expect_publish("t", 1, b"x");
    let without = document(&["Allow Connect *", "Allow Subscribe *"]);
    let version = ControlCall::CreatePolicyVersion { name: "p", document: &without, set_as_default: true };
    assert!(bench.control(version).is_accepted());
    bench.advance(59);
    assert_eq!(d.take_deliveries().len(), 2, "after 20 and 40 seconds");
    bench.advance(60);
    d.expect_nothing();
    assert_eq!(bench.messages(), 0);
}

/// D-18: which topic a member of a group must be allowed to receive.
#[test]
fn a_member_of_a_group_may_receive_under_either_arn() {
    let (either, topic) = (SharedReceiveArn::Either, SharedReceiveArn::Topic);
    for (switch, receive, arrives) in [
        (either, "Allow Receive topic/$share/*/t", true),
        (topic, "Allow Receive topic/$share/*/t", false),
        (either, "Allow Receive topic/t", true),
        (topic, "Allow Receive topic/t", true),
        (either, "Allow Receive topic/$share/other/t", false),
    ] {
        for qos in [0, 1] {
            let statements = &["Allow Connect *", "Allow Subscribe *", receive];
            let bench = bench_with(statements, |profile| profile.switches.shared_receive_arn = switch);
            let d = device(&bench, "d", ProtocolVersion::V5).connect().subscribe("$share/g/t", qos);
            bench.device("app").connect().publish_acked("t", b"x");
            assert_eq!(d.take_deliveries().len(), usize::from(arrives), "{receive}");
            assert_eq!(bench.denials().len(), usize::from(!arrives));
            assert_eq!(bench.relied_on(Decision::SharedReceiveArn), receive != "Allow Receive topic/t");
        }
    }
    // An explicit denial of the topic is final.
    let statements = &["Allow Connect *", "Allow Subscribe *", "Allow Receive *", "Deny Receive topic/t"];
    let bench = bench(statements);
    let d = device(&bench, "d", ProtocolVersion::V5).connect().subscribe("$share/g/t", 1);
    bench.device("app").connect().publish_acked("t", b"x");
    d.expect_nothing();
}

/// A message that a group stored goes to a member only if that one may have it.
#[test]
fn what_a_group_stores_is_judged_too() {
    for qos in [0, 1] {
        let bench = bench(&["Allow Connect *", "Allow Subscribe *"]);
        let keeper = bench.device("keeper").persistent().connect().subscribe("$share/g/t", 1);
        keeper.reset();
        bench.device("app").connect().publish_acked("t", b"x");
        device(&bench, "d", ProtocolVersion::V311).connect().subscribe("$share/g/t", qos).expect_nothing();
        assert_eq!(bench.denials().len(), 1);
        assert_eq!(bench.messages(), 0);
    }
}

/// A retained message is a delivery.
#[test]
fn a_retained_message_is_judged() {
    let bench = bench(&["Allow Connect *", "Allow Subscribe *", "Allow Receive topic/mine"]);
    let app = bench.device("app").connect();
    for topic in ["mine", "theirs"] {
        app.publish_with(topic, 0, b"x", |publish| publish.retain = true);
    }
    let d = device(&bench, "d", ProtocolVersion::V311).connect();
    assert_eq!(d.subscribe_all(&[("mine", 0), ("theirs", 0)]), [0, 0]);
    d.expect_publish("mine", 0, b"x");
    d.expect_nothing();
}

/// 124 to 126, `broker.md` 8.1: only an active certificate gets as far as MQTT, and the log says why others do not.
#[test]
fn only_an_active_certificate_connects() {
    for &status in CertificateStatus::ALL {
        let mut registry = Registry::new(Account::default());
        register(&mut registry, ONE, status);
        let bench = Bench::with_registry(registry, |_| {});
        let expected = match status.as_str() {
            "ACTIVE" => continue,
            "REVOKED" => "DEVICE_CERTIFICATE_REVOKED",
            _ => "DEVICE_CERTIFICATE_INACTIVE",
        };
        for (id, reason) in [(ONE, expected), (TWO, "DEVICE_CERTIFICATE_NOT_REGISTERED")] {
            let d = bench.device("d").comes_as(ComesAs::Certificate(id)).open();
            d.expect_close(DisconnectReason::AuthError);
            let refused = Fact::ConnectRefused(ConnectRefusal::NotAuthenticated(reason));
            assert_eq!(bench.count(|fact| *fact == refused), 1, "{reason}");
        }
        assert_eq!(bench.receipt().connects_refused, 2);
        bench.expect_empty();
    }
}

/// D-20: a certificate that is switched off is dropped when that has got round, and cannot come back meanwhile.
#[test]
fn a_certificate_that_is_switched_off_is_dropped_after_the_delay() {
    for version in VERSIONS {
        let bench = bench(EVERYTHING);
        let listener = bench.device("listener").connect().subscribe("w", 0);
        let will = Will::new("w", b"gone");
        let d = device(&bench, "d", version).connect_with_will(Some(will), |_| {});
        d.expect_connack(false);
        let off = ControlCall::UpdateCertificate { id: ONE, status: CertificateStatus::Inactive };
        assert!(bench.control(off).is_accepted());
        device(&bench, "late", version).open().expect_close(DisconnectReason::AuthError);
        bench.advance(59);
        d.publish_acked("still/here", b"x");
        bench.advance(1);
        match version {
            ProtocolVersion::V311 => d.expect_close(DisconnectReason::AuthError),
            ProtocolVersion::V5 => {
                d.expect_disconnect(ReasonCode::NotAuthorized, DisconnectReason::AuthError);
            }
        }
        // broker.md 5: the will of a connection that had been accepted is sent.
        listener.expect_publish("w", 0, b"gone");
        assert!(bench.relied_on(Decision::Propagation));
    }
}

/// Switched off and on again within the delay: nobody notices.
#[test]
fn a_certificate_that_is_active_again_in_time_keeps_its_connections() {
    let bench = bench(EVERYTHING);
    let d = device(&bench, "d", ProtocolVersion::V311).connect();
    for status in [CertificateStatus::Inactive, CertificateStatus::Active] {
        bench.control(ControlCall::UpdateCertificate { id: ONE, status });
        bench.advance(1);
    }
    bench.advance(120);
    assert!(d.is_open());
}

/// Every connection of a certificate goes, not only the last one, and nobody else's.
#[test]
fn all_connections_of_a_certificate_are_dropped() {
    let mut registry = account(EVERYTHING);
    register(&mut registry, TWO, CertificateStatus::Active);
    registry.attach_policy_to_certificate("p", TWO).unwrap();
    let bench = Bench::with_registry(registry, |profile| profile.limits.connect_packet_seconds = 600);
    let devices = bench.devices("d", 3);
    for device in &devices {
        device.comes_as(ComesAs::Certificate(ONE)).connect();
    }
    let silent = bench.device("silent").comes_as(ComesAs::Certificate(ONE)).open();
    let other = bench.device("other").comes_as(ComesAs::Certificate(TWO)).connect();
    bench.control(ControlCall::UpdateCertificate { id: ONE, status: CertificateStatus::Revoked });
    bench.advance(60);
    for device in devices.iter().chain([&silent]) {
        device.expect_close(DisconnectReason::AuthError);
    }
    assert!(other.is_open());
}

/// A certificate that is deleted takes its connections with it at once.
#[test]
fn a_deleted_certificate_has_no_connections() {
    let bench = bench(EVERYTHING);
    let d = device(&bench, "d", ProtocolVersion::V311).connect();
    bench.control(ControlCall::UpdateCertificate { id: ONE, status: CertificateStatus::Inactive });
    assert!(d.is_open());
    assert!(bench.control(ControlCall::DeleteCertificate { id: ONE, force: true }).is_accepted());
    d.expect_close(DisconnectReason::AuthError);
    bench.advance(120);
    bench.expect_empty();
}

/// 152: what is detached counts until that has got round.
#[test]
fn a_change_of_policies_reaches_connections_after_the_delay() {
    let target = PolicyTarget::Certificate(ONE);
    let wider = document(EVERYTHING);
    let narrow = document(&["Allow Connect *"]);
    for (call, before, after) in [
        (ControlCall::DetachPolicy { policy: "p", target }, true, false),
        (ControlCall::AttachPolicy { policy: "none", target }, true, false),
        (
            ControlCall::CreatePolicyVersion { name: "p", document: &narrow, set_as_default: true },
            true,
            false,
        ),
        (
            ControlCall::CreatePolicyVersion { name: "p", document: &narrow, set_as_default: false },
            true,
            true,
        ),
        (ControlCall::SetDefaultPolicyVersion { name: "p", version: 2 }, true, false),
        (ControlCall::CreatePolicy { name: "new", document: &wider }, true, true),
    ] {
        let mut registry = account(EVERYTHING);
        registry.policies.create_policy("none", &document(&["Deny Publish *"])).unwrap();
        if matches!(call, ControlCall::SetDefaultPolicyVersion { .. }) {
            registry.policies.create_policy_version("p", &narrow, false).unwrap();
        }
        let bench = Bench::with_registry(registry, |_| {});
        let d = device(&bench, "d", ProtocolVersion::V5).connect();
        let publishes = || {
            d.publish("t", 1, b"x");
            matches!(d.take(), Some((_, Seen::PubAck { code: ReasonCode::Success, .. })))
        };
        assert!(bench.control(call).is_accepted());
        bench.advance(59);
        assert_eq!(publishes(), before, "{call:?}");
        bench.advance(1);
        assert_eq!(publishes(), after, "{call:?}");
        // What connects anew is held to what is there now.
        d.disconnect();
        let d = device(&bench, "d", ProtocolVersion::V5).connect_with(|_| {});
        let detached = matches!(call, ControlCall::DetachPolicy { .. });
        assert_eq!(d.is_open(), !detached);
    }
}

/// A call that fails changes nothing, and is on record like one that succeeds.
#[test]
fn every_call_leaves_an_audit_record() {
    let bench = bench(EVERYTHING);
    let target = PolicyTarget::Certificate(ONE);
    let Reply::Failed(error) =
        bench.control(ControlCall::CreatePolicy { name: "broken", document: "{\"Version\":\"2008-10-17\"}" })
    else {
        panic!("a malformed document was taken");
    };
    assert_eq!((error.exception.name(), error.exception.status()), ("MalformedPolicyException", 400));
    assert!(error.message.contains("Version"), "{error}");
    assert!(matches!(
        bench.control(ControlCall::AttachPolicy { policy: "broken", target }),
        Reply::Failed(_)
    ));
    assert!(bench.control(ControlCall::DetachPolicy { policy: "p", target }).is_accepted());
    for (operation, error) in [
        ("CreatePolicy", Some("MalformedPolicyException")),
        ("AttachPolicy", Some("ResourceNotFoundException")),
        ("DetachPolicy", None),
    ] {
        assert_eq!(bench.count(|fact| *fact == Fact::Audit { operation, error }), 1, "{operation}");
    }
}

/// 144: the variables of a thing, for its own name, after it was attached, and for an exclusive certificate.
#[test]
fn a_thing_stands_for_the_client_of_its_name() {
    let statements =
        &["Allow Connect *", "Allow Publish topic/${iot:Connection.Thing.ThingName}", "Allow Subscribe *"];
    let mut registry = account(statements);
    registry.create_thing("pump", ThingConfiguration::default()).unwrap();
    let bench = Bench::with_registry(registry, |_| {});
    let d = device(&bench, "pump", ProtocolVersion::V5).connect();
    let other = device(&bench, "other", ProtocolVersion::V5).connect();
    let publishes = |device: &Device| {
        device.publish("pump", 1, b"x");
        matches!(device.take(), Some((_, Seen::PubAck { code: ReasonCode::Success, .. })))
    };
    assert!(!publishes(&d) && !publishes(&other));
    assert!(bench.relied_on(Decision::UnresolvedVariable));
    let attach = |kind| ControlCall::AttachThingPrincipal { thing: "pump", id: ONE, kind };
    assert!(bench.control(attach(PrincipalKind::NonExclusive)).is_accepted());
    assert!(publishes(&d) && !publishes(&other));
    assert!(bench.control(attach(PrincipalKind::Exclusive)).is_accepted());
    assert!(publishes(&d) && publishes(&other));
    // broker.md 5: now lifecycle messages name the thing.
    let observer = bench.device("observer").connect().subscribe("$aws/events/presence/disconnected/+", 0);
    other.disconnect();
    let Some((_, Seen::Publish(event))) = observer.take() else { panic!("disconnected was expected") };
    let event: Value = serde_json::from_slice(&event.payload).unwrap();
    assert_eq!(event["thingName"], "pump");
    assert_eq!(event.as_object().unwrap().keys().nth(1).map(String::as_str), Some("thingName"));
    assert!(bench.control(ControlCall::DetachThingPrincipal { thing: "pump", id: ONE }).is_accepted());
    assert!(!publishes(&d));
}

/// 150, 0.11: policies of the groups that a client's thing is in, unless the profile knows none.
#[test]
fn policies_of_groups_count_for_the_client_of_the_things_name() {
    for (group_policies, expected) in [(GroupPolicies::Count, true), (GroupPolicies::Ignore, false)] {
        let mut registry = account(&["Allow Connect *"]);
        registry.create_thing("pump", ThingConfiguration::default()).unwrap();
        registry.attach_thing_principal("pump", ONE, PrincipalKind::NonExclusive).unwrap();
        registry.create_thing_group("site", None).unwrap();
        registry.create_thing_group("hall", Some("site")).unwrap();
        registry.policies.create_policy("site", &document(&["Allow Publish topic/site"])).unwrap();
        let bench =
            Bench::with_registry(registry, |profile| profile.switches.group_policies = group_policies);
        let d = device(&bench, "pump", ProtocolVersion::V5).connect();
        let other = device(&bench, "other", ProtocolVersion::V5).connect();
        let publishes = |device: &Device| {
            device.publish("site", 1, b"x");
            matches!(device.take(), Some((_, Seen::PubAck { code: ReasonCode::Success, .. })))
        };
        bench.control(ControlCall::AddThingToThingGroup { thing: "pump", group: "hall" });
        bench.control(ControlCall::AttachPolicy { policy: "site", target: PolicyTarget::ThingGroup("site") });
        assert!(!publishes(&d));
        bench.advance(60);
        assert_eq!((publishes(&d), publishes(&other)), (expected, false));
        bench.control(ControlCall::RemoveThingFromThingGroup { thing: "pump", group: "hall" });
        bench.advance(60);
        assert!(!publishes(&d));
    }
}

/// `broker.md` 0.10, 8.5: which policies must allow, by who signed.
#[test]
fn signed_identities_need_the_policies_of_their_kind() {
    let rights = |statements: &[&str]| {
        Rights::granted([Policy::parse(&document(statements), &Account::default()).unwrap()])
    };
    let (per_identity, both) = (PolicyLayers::PerIdentity, PolicyLayers::Both);
    for (layers, iam, cognito, iot, connects) in [
        (per_identity, EVERYTHING, None, EVERYTHING, true),
        (per_identity, &["Allow Publish *"][..], None, EVERYTHING, false),
        (both, EVERYTHING, None, EVERYTHING, false),
        (per_identity, EVERYTHING, Some("us-east-1:me"), EVERYTHING, true),
        (both, EVERYTHING, Some("us-east-1:me"), EVERYTHING, true),
        (per_identity, EVERYTHING, Some("us-east-1:you"), EVERYTHING, false),
        (per_identity, EVERYTHING, Some("us-east-1:me"), &["Allow Publish *"], false),
        (per_identity, &["Allow Publish *"], Some("us-east-1:me"), EVERYTHING, false),
    ] {
        let mut registry = Registry::new(Account::default());
        registry.policies.create_policy("p", &document(iot)).unwrap();
        registry.attach_policy_to_cognito_identity("p", "us-east-1:me").unwrap();
        let bench = Bench::with_registry(registry, |profile| profile.switches.policy_layers = layers);
        let comes_as = ComesAs::Signed { iam: rights(iam), cognito_identity: cognito.map(str::to_owned) };
        let d = bench.device("web").v5().comes_as(comes_as).connect_with(|_| {});
        assert_eq!(d.is_open(), connects, "{layers:?} {cognito:?}");
        assert!(bench.relied_on(Decision::PolicyLayers));
    }
}

/// What is attached to a Cognito identity follows the account as certificates do.
#[test]
fn a_cognito_identity_loses_what_is_detached() {
    let mut registry = Registry::new(Account::default());
    registry.policies.create_policy("p", &document(EVERYTHING)).unwrap();
    registry.attach_policy_to_cognito_identity("p", "us-east-1:me").unwrap();
    let bench = Bench::with_registry(registry, |_| {});
    let iam = Rights::granted([Policy::parse(&document(EVERYTHING), &Account::default()).unwrap()]);
    let comes_as = ComesAs::Signed { iam, cognito_identity: Some("us-east-1:me".to_owned()) };
    let d = bench.device("web").v5().comes_as(comes_as).connect();
    d.publish_acked("t", b"x");
    let target = PolicyTarget::CognitoIdentity("us-east-1:me");
    assert!(bench.control(ControlCall::DetachPolicy { policy: "p", target }).is_accepted());
    bench.advance(60);
    let id = d.publish("t", 1, b"x");
    let code = ReasonCode::NotAuthorized;
    assert_eq!(d.take().map(|(_, seen)| seen), Some(Seen::PubAck { packet_id: id, code }));
}

/// D-24, `broker.md` 9.4: a client that calls itself `*` is on record as relying on what that means.
#[test]
fn a_client_id_with_wildcards_is_an_assumption() {
    let bench = bench(&["Allow Connect *", "Allow Publish topic/${iot:ClientId}"]);
    let d = device(&bench, "*", ProtocolVersion::V5).connect();
    let id = d.publish("somebody", 1, b"x");
    let code = ReasonCode::NotAuthorized;
    assert_eq!(d.take().map(|(_, seen)| seen), Some(Seen::PubAck { packet_id: id, code }));
    assert!(bench.relied_on(Decision::SubstitutedWildcard));
}

/// A change of somebody who has left does not hurry one of whoever came in its place.
#[test]
fn a_change_reaches_only_whom_it_is_about() {
    let mut registry = account(EVERYTHING);
    register(&mut registry, TWO, CertificateStatus::Active);
    registry.attach_policy_to_certificate("p", TWO).unwrap();
    let bench = Bench::with_registry(registry, |_| {});
    let detach = |id| ControlCall::DetachPolicy { policy: "p", target: PolicyTarget::Certificate(id) };
    let first = device(&bench, "first", ProtocolVersion::V5).connect();
    bench.control(detach(ONE));
    first.disconnect();
    bench.advance(30);
    let second = bench.device("second").v5().comes_as(ComesAs::Certificate(TWO)).connect();
    bench.control(detach(TWO));
    bench.advance(59);
    second.publish_acked("t", b"x");
    bench.advance(1);
    second.publish("t", 0, b"x");
    assert!(!second.is_open());
}
