//! Lifecycle messages: `broker.md` 5, checks 2, 15, 21, 28, 29, 53, 54 and 112 to 114.
//!
//! Without a test here: 10, 32 and 115, which need policies or the registry.

use serde_json::Value;
use squall_core::{Cause, DisconnectReason, Feature};

use crate::VERSIONS;
use crate::support::{Bench, Device, Seen};

const CERTIFICATE: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const PRESENCE: &str = "$aws/events/presence/+/#";

/// Somebody who hears of every client, under another tag than theirs.
fn observer(bench: &Bench, filter: &str) -> Device {
    let observer = bench.device("observer").tagged(5).connect().subscribe(filter, 1);
    observer.take_all();
    observer
}

/// The next message, which must have this topic below `$aws/events/`.
#[track_caller]
fn expect_event(observer: &Device, topic: &str) -> Value {
    match observer.take() {
        Some((_, Seen::Publish(delivery))) => {
            assert_eq!(delivery.topic, format!("$aws/events/{topic}"));
            assert_eq!((delivery.qos, delivery.retain, delivery.dup), (0, false, false));
            serde_json::from_slice(&delivery.payload).expect("JSON")
        }
        other => panic!("{topic} was expected, not {other:?}"),
    }
}

fn keys(event: &Value) -> Vec<&str> {
    event.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_connection_is_announced_and_taken_leave_of() {
    // 54, 112; to the key.
    for version in VERSIONS {
        let bench = Bench::plain();
        let observer = observer(&bench, PRESENCE);
        let device = bench.device("d").with_version(version).connect();
        let connected = expect_event(&observer, "presence/connected/d");
        bench.advance(2);
        device.disconnect();
        let disconnected = expect_event(&observer, "presence/disconnected/d");
        assert_eq!(
            keys(&connected),
            [
                "clientId",
                "timestamp",
                "eventType",
                "sessionIdentifier",
                "principalIdentifier",
                "ipAddress",
                "versionNumber"
            ]
        );
        assert_eq!(
            keys(&disconnected),
            [
                "clientId",
                "timestamp",
                "eventType",
                "sessionIdentifier",
                "principalIdentifier",
                "clientInitiatedDisconnect",
                "disconnectReason",
                "versionNumber"
            ]
        );
        for event in [&connected, &disconnected] {
            assert_eq!(event["clientId"], "d");
            assert_eq!(event["principalIdentifier"], CERTIFICATE);
            assert_eq!(event["versionNumber"], 0);
            assert_eq!(event["sessionIdentifier"], connected["sessionIdentifier"]);
        }
        let identifier = connected["sessionIdentifier"].as_str().unwrap();
        let lengths: Vec<usize> = identifier.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(connected["ipAddress"], "10.0.0.1");
        assert_eq!(connected["timestamp"], 1_767_225_600_000_u64);
        assert_eq!(disconnected["timestamp"], 1_767_225_602_000_u64);
        assert_eq!(disconnected["clientInitiatedDisconnect"], true);
        assert_eq!(disconnected["disconnectReason"], "CLIENT_INITIATED_DISCONNECT");
        observer.expect_nothing();
    }
}

#[test]
fn every_end_has_its_reason() {
    // 2, 15, 21, 29, and the others of broker.md 5 that can occur.
    type End = fn(&Bench, &Device);
    let ends: [(DisconnectReason, End); 6] = [
        (DisconnectReason::ClientError, |_, device| device.send_bytes(&[0xf0, 0])),
        (DisconnectReason::ConnectionLost, |_, device| device.reset()),
        (DisconnectReason::DuplicateClientId, |bench, _| {
            bench.device("new").with_client_id("d").connect();
        }),
        (DisconnectReason::KeepAliveTimeout, |bench, _| bench.advance(46)),
        (DisconnectReason::Throttled, |bench, device| {
            for _ in 0..4 {
                (0..3).for_each(|_| _ = device.is_open().then(|| device.publish("a", 0, "x")));
                bench.advance(1);
            }
        }),
        (DisconnectReason::ServerInitiated, |bench, _| bench.input(squall_core::Input::Shutdown)),
    ];
    for version in VERSIONS {
        for (reason, end) in ends {
            let bench = Bench::new(|profile| {
                profile.limits.connect_requests_per_second_per_client_id = u32::MAX;
                profile.limits.publishes_per_second_per_connection = 2;
                profile.limits.throttled_seconds_before_close = 1;
            });
            // The device goes first when all go.
            let device = bench.device("d").with_version(version).keep_alive(30).connect();
            let observer = observer(&bench, "$aws/events/presence/disconnected/+");
            end(&bench, &device);
            let event = expect_event(&observer, "presence/disconnected/d");
            assert_eq!(event["disconnectReason"], reason.as_str());
            assert_eq!(event["clientInitiatedDisconnect"], false);
        }
    }
}

#[test]
fn numbers_and_identifiers_follow_connections_and_sessions() {
    // broker.md 5: a session keeps its identifier, each connection has a number.
    for version in VERSIONS {
        let bench = Bench::plain();
        let observer = observer(&bench, "$aws/events/presence/connected/d");
        let number = |expected: u32| {
            let event = expect_event(&observer, "presence/connected/d");
            assert_eq!(event["versionNumber"], expected);
            event["sessionIdentifier"].as_str().unwrap().to_owned()
        };
        let device = bench.device("d").with_version(version).persistent().connect();
        let first = number(0);
        device.reset();
        let device = device.connect();
        assert_eq!(number(1), first, "resumed");
        bench.device("new").with_version(version).persistent().with_client_id("d").connect_with(|_| {});
        assert_eq!(number(2), first, "taken over");
        let clean = bench.device("clean").with_version(version).with_client_id("d").connect_with(|_| {});
        let second = number(3);
        assert_ne!(second, first, "a clean start begins another session");
        clean.take_all();
        clean.disconnect();
        let again = bench.device("clean").connect_with(|_| {});
        let third = number(4);
        assert!(third != first && third != second);
        again.take_all();
        again.disconnect();
        bench.advance(1_000);
        keep_alive(&observer);
        device.connect_with(|_| {});
        let fourth = number(5);
        device.reset();
        // 3.1.1 and MQTT 5 sessions alike last for the account's hour; then the number begins again.
        for _ in 0..4 {
            bench.advance(1_000);
            keep_alive(&observer);
        }
        device.connect_with(|_| {});
        let last = number(0);
        assert!(![first, second, third, fourth].contains(&last));
    }
}

fn keep_alive(device: &Device) {
    device.send(&squall_codec::Packet::PingReq);
    device.expect(&Seen::PingResp);
}

#[test]
fn a_clean_client_is_forgotten_after_an_hour() {
    for (seconds, expected) in [(3_599, 1), (3_600, 0)] {
        let bench = Bench::plain();
        let device = bench.device("d").connect();
        device.disconnect();
        bench.advance(seconds);
        let observer = observer(&bench, PRESENCE);
        device.connect();
        assert_eq!(expect_event(&observer, "presence/connected/d")["versionNumber"], expected);
    }
}

#[test]
fn subscriptions_are_announced_packet_by_packet() {
    // 114, broker.md 2.3: what was granted, and again when it is held already.
    for version in VERSIONS {
        let bench = Bench::plain();
        let observer = observer(&bench, "$aws/events/subscriptions/+/d");
        let device = bench.device("d").with_version(version).connect();
        device.subscribe_all(&[("a", 0), ("$x/#", 0), ("b/+", 1)]);
        let event = expect_event(&observer, "subscriptions/subscribed/d");
        assert_eq!(
            keys(&event),
            ["clientId", "timestamp", "eventType", "sessionIdentifier", "principalIdentifier", "topics"]
        );
        assert_eq!(event["topics"], Value::from(vec!["a", "b/+"]));
        device.subscribe("a", 0);
        assert_eq!(expect_event(&observer, "subscriptions/subscribed/d")["topics"], Value::from(vec!["a"]));
        // Nothing was granted.
        device.subscribe_all(&[("$x/#", 0)]);
        observer.expect_nothing();
        device.unsubscribe("b/+");
        let event = expect_event(&observer, "subscriptions/unsubscribed/d");
        assert_eq!(event["topics"], Value::from(vec!["b/+"]));
        assert_eq!(event["eventType"], "unsubscribed");
        observer.expect_nothing();
    }
}

#[test]
fn a_client_hears_of_itself_after_its_answer() {
    let bench = Bench::plain();
    let device = bench.device("d").persistent().connect();
    device.send_subscribe(&[("$aws/events/#", squall_types::QoS::AtMostOnce.into())]);
    assert!(matches!(device.take(), Some((_, Seen::SubAck { .. }))));
    expect_event(&device, "subscriptions/subscribed/d");
    device.reset();
    device.connect_with(|_| {});
    device.expect_connack(true);
    // What was published while it was away was QoS 0, so nobody stored it.
    expect_event(&device, "presence/connected/d");
    device.expect_nothing();
}

#[test]
fn some_client_ids_have_no_events_and_some_filters_hear_none() {
    // 53, 113.
    let bench = Bench::plain();
    let all = bench.device("all").connect().subscribe("#", 0).subscribe("+/events/#", 0);
    let observer = observer(&bench, "$aws/events/#");
    for client_id in ["a+b", "#"] {
        let device = bench.device(client_id).connect();
        device.subscribe("t", 0);
        device.unsubscribe("t");
        device.disconnect();
    }
    observer.expect_nothing();
    bench.device("a/b").connect();
    expect_event(&observer, "presence/connected/a/b");
    all.expect_nothing();
}

#[test]
fn events_are_metered_when_they_are_delivered() {
    // pricing.md 1.1.
    let bench = Bench::plain();
    let observer = observer(&bench, PRESENCE);
    let before = bench.metered(5, Cause::PublishOut);
    let messages = bench.metered(0, Cause::PublishIn);
    bench.device("d").connect().disconnect();
    assert_eq!(bench.metered(5, Cause::PublishOut), before + 2);
    assert_eq!(bench.metered(0, Cause::PublishIn), messages);
    observer.take_all();
    assert_eq!(bench.metered(0, Cause::PublishOut), 0);
}

#[test]
fn a_group_shares_events() {
    let bench = Bench::plain();
    let members: Vec<_> = bench
        .devices("m", 2)
        .iter()
        .map(|member| member.connect().subscribe("$share/g/$aws/events/presence/connected/#", 0))
        .collect();
    members.iter().for_each(|member| _ = member.take_all());
    for n in 0..8 {
        bench.device(&format!("d-{n}")).connect();
    }
    let heard: Vec<usize> = members.iter().map(|member| member.take_all().len()).collect();
    assert_eq!(heard.iter().sum::<usize>(), 8);
}

#[test]
fn an_ended_connection_is_told_of_once_whatever_its_will() {
    let bench = Bench::plain();
    let observer = observer(&bench, "$aws/events/presence/disconnected/d");
    observer.subscribe("will", 0);
    let device = bench.device("d").v5();
    device.connect_with(|connect| connect.will = Some(squall_codec::Will::new("will", b"gone")));
    device.send_bytes(&[0xf0, 0]);
    observer.expect_publish("will", 0, "gone");
    let event = expect_event(&observer, "presence/disconnected/d");
    assert_eq!(event["disconnectReason"], "CLIENT_ERROR");
    observer.expect_nothing();
}

#[test]
fn only_what_nobody_serves_is_not_modelled() {
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    device.subscribe_all(&[
        (PRESENCE, 1),
        ("$aws/events/subscriptions/subscribed/x", 1),
        ("$aws/events/presence/connect_failed/d", 1),
        ("$aws/events/thing/t/created", 1),
        ("$aws/events/certificates/registered/+", 1),
    ]);
    assert_eq!(bench.not_modelled(), []);
    device.subscribe_all(&[("$aws/events/job/j/completed", 1), ("$aws/events/#", 1)]);
    assert_eq!(bench.not_modelled(), [Feature::Events; 2]);
}
