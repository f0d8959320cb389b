//! Wills: when they are published, and when not.

use squall_codec::{Connect, ReasonCode, Will};
use squall_core::{ConnectRefusal, DiscardRule, DisconnectReason};
use squall_profile::Decision;
use squall_profile::switch::{DisconnectWithWill, TakeoverWill, WillDelay};
use squall_types::{ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::{Bench, Device, Fact};

/// A way for a connection to end.
type End = fn(&Bench, &Device);

fn will(connect: &mut Connect<'_>) {
    connect.will = Some(Will { qos: QoS::AtLeastOnce, ..Will::new("w", b"gone") });
}

fn delayed(seconds: u32) -> impl Fn(&mut Connect<'_>) {
    move |connect| {
        will(connect);
        connect.clean_start = false;
        connect.properties.session_expiry_interval = Some(60);
        if let Some(will) = &mut connect.will {
            will.properties.will_delay_interval = Some(seconds);
        }
    }
}

fn honouring(bench_switches: impl FnOnce(&mut squall_profile::Switches)) -> Bench {
    Bench::new(|profile| {
        profile.switches.will_delay = WillDelay::Honour;
        bench_switches(&mut profile.switches);
    })
}

#[test]
fn a_will_is_published_when_the_connection_breaks() {
    // Checks 17, 29; MQTT-3.1.2-8, v5:3.1.2-8.
    for version in VERSIONS {
        let ends: [(&str, End); 4] = [
            ("reset", |_, device| device.reset()),
            ("silence", |bench, _| bench.advance(1_800)),
            ("second CONNECT", |_, device| device.send_bytes(b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01d")),
            ("takeover", |bench, device| {
                bench.device("other").with_client_id("d").with_version(device.version()).connect();
            }),
        ];
        for (name, end) in ends {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).connect_with(will);
            device.expect_connack(false);
            bench.advance(900);
            let watcher = bench.device("w").connect().subscribe("w", 1);
            end(&bench, &device);
            watcher.expect_publish("w", 1, "gone");
            assert!(!device.is_open(), "{name}");
            let published = |fact: &Fact| matches!(fact, Fact::WillPublished { topic, .. } if topic == "w");
            assert_eq!(bench.count(published), 1, "{name}");
        }
    }
}

#[test]
fn a_disconnect_discards_the_will() {
    // Check 28; MQTT-3.14.4-3, MQTT-3.1.2-10.
    for version in VERSIONS {
        let bench = Bench::plain();
        let watcher = bench.device("w").connect().subscribe("w", 1);
        let device = bench.device("d").with_version(version).connect_with(will);
        device.expect_connack(false);
        device.disconnect();
        bench.advance(10);
        watcher.expect_nothing();
        // The next connection has no will.
        device.connect().reset();
        watcher.expect_nothing();
    }
}

#[test]
fn a_disconnect_with_another_reason_is_a_switch() {
    // D-19; v5:3.14.4-3.
    for (switch, sent) in [(DisconnectWithWill::Send, true), (DisconnectWithWill::Discard, false)] {
        let bench = Bench::new(|profile| profile.switches.disconnect_with_will = switch);
        let watcher = bench.device("w").connect().subscribe("w", 1);
        let device = bench.device("d").v5().connect_with(will);
        device.disconnect_with(|disconnect| disconnect.reason_code = ReasonCode::DisconnectWithWillMessage);
        if sent {
            watcher.expect_publish("w", 1, "gone");
        }
        watcher.expect_nothing();
        assert!(bench.relied_on(Decision::DisconnectWithWill));
    }
}

#[test]
fn a_will_is_a_publish_like_any_other() {
    // Check 33 without HTTPS, checks 49 and 98; MQTT-3.1.2-17, v5:3.1.2-15.
    let bench = Bench::plain();
    let device = bench.device("d").v5();
    device.connect_with(|connect| {
        will(connect);
        let will = connect.will.as_mut().expect("a will");
        will.retain = true;
        will.properties.content_type = Some("text/plain");
        will.properties.message_expiry_interval = Some(30);
    });
    // Its expiry begins when it is published (broker.md 3.5).
    bench.advance(100);
    let live = bench.device("w").v5().connect().subscribe("w", 1);
    device.reset();
    let delivery = live.expect_publish("w", 1, "gone");
    assert_eq!((delivery.expiry, delivery.retain), (Some(30), false));
    assert_eq!(delivery.content_type.as_deref(), Some("text/plain"));
    bench.advance(10);
    let late = bench.device("late").v5().connect().subscribe("w", 0);
    let delivery = late.expect_publish("w", 0, "gone");
    assert_eq!((delivery.expiry, delivery.retain), (Some(20), true));
}

#[test]
fn a_will_that_may_not_be_is_refused_at_connect() {
    // Check 31; broker.md 2.2, 2.3, row 2.2; v5:3.2.2-12.
    let cases: [(&str, QoS, u8); 4] = [
        ("w", QoS::ExactlyOnce, 0x9b),
        ("a/+", QoS::AtMostOnce, 0x90),
        ("$aws/things/t/shadow/update", QoS::AtMostOnce, 0x90),
        ("1/2/3/4/5/6/7/8/9", QoS::AtMostOnce, 0x90),
    ];
    for version in VERSIONS {
        for (topic, qos, code) in cases {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version);
            device.connect_with(|connect| connect.will = Some(Will { qos, ..Will::new(topic, b"x") }));
            match version {
                ProtocolVersion::V311 => device.expect_close(DisconnectReason::ClientError),
                ProtocolVersion::V5 => device.expect_refusal(code, DisconnectReason::ClientError),
            }
            assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::ClientError)), 1);
            bench.expect_empty();
        }
    }
}

#[test]
fn a_delay_is_ignored_by_default() {
    // D-16.
    let bench = Bench::plain();
    let watcher = bench.device("w").connect().subscribe("w", 0);
    bench.device("d").v5().connect_with(delayed(30)).reset();
    watcher.expect_publish("w", 0, "gone");
    bench.advance(100);
    watcher.expect_nothing();
    assert!(bench.relied_on(Decision::WillDelay));
}

#[test]
fn an_honoured_delay_ends_by_time_or_with_the_session() {
    // v5:3.1.2-10, 3.1.3-9.
    for (delay, published_after) in [(30, 30), (60, 60), (100, 60)] {
        let bench = honouring(|_| {});
        let watcher = bench.device("w").connect().subscribe("w", 0);
        bench.device("d").v5().connect_with(delayed(delay)).reset();
        bench.advance(published_after - 1);
        watcher.expect_nothing();
        bench.advance(1);
        watcher.expect_publish("w", 0, "gone");
        bench.advance(100);
        watcher.expect_nothing();
    }
}

#[test]
fn a_session_that_is_resumed_in_time_drops_its_delayed_will() {
    // v5:3.1.3-9.
    let bench = honouring(|_| {});
    let watcher = bench.device("w").connect().subscribe("w", 0);
    let device = bench.device("d").v5();
    device.connect_with(delayed(30)).reset();
    bench.advance(29);
    device.connect_with(|connect| {
        delayed(0)(connect);
        connect.will = None;
    });
    bench.advance(100);
    watcher.expect_nothing();
    // A clean start ends the session, and with it the delay.
    device.connect_with(delayed(30)).reset();
    device.connect();
    watcher.expect_publish("w", 0, "gone");
}

#[test]
fn the_will_of_a_connection_that_is_taken_over_is_a_switch() {
    // D-26; check 17; v5:3.1.4-3.
    for (switch, delay, sent) in
        [(TakeoverWill::Send, 30, true), (TakeoverWill::Oasis, 30, false), (TakeoverWill::Oasis, 0, true)]
    {
        let bench = honouring(|switches| switches.takeover_will = switch);
        let watcher = bench.device("w").connect().subscribe("w", 0);
        bench.device("d").v5().connect_with(delayed(delay)).expect_connack(false);
        bench.device("other").with_client_id("d").v5().connect_with(|connect| {
            delayed(0)(connect);
            connect.will = None;
        });
        if sent {
            watcher.expect_publish("w", 0, "gone");
        }
        bench.advance(100);
        watcher.expect_nothing();
        assert!(bench.relied_on(Decision::TakeoverWill));
    }
}

#[test]
fn wills_count_in_the_rate_of_the_account() {
    // broker.md 7.1.
    let bench = Bench::new(|profile| profile.limits.inbound_publishes_per_second = 1);
    let watcher = bench.device("w").connect().subscribe("w", 0);
    for name in ["d", "e"] {
        bench.device(name).connect_with(will).reset();
    }
    watcher.expect_publish("w", 0, "gone");
    watcher.expect_nothing();
    assert_eq!(bench.discarded(DiscardRule::AccountPublishRateIn), 1);
}
