//! Rate limits.

use squall_codec::{Packet, ReasonCode};
use squall_core::{ConnectRefusal, DiscardRule, DisconnectReason};
use squall_profile::Decision;
use squall_profile::switch::ThrottledConnectV311;
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::{Bench, Fact, SECOND, Seen};

#[test]
fn connects_over_the_accounts_rate_are_refused() {
    // 19, 20, D-10; broker.md 0.5.
    for (rate, version) in [
        (100, ProtocolVersion::V311),
        (500, ProtocolVersion::V311),
        (500, ProtocolVersion::V5),
        (3_000, ProtocolVersion::V5),
    ] {
        let bench = Bench::new(|profile| profile.limits.connect_requests_per_second = rate);
        for device in bench.devices("d", rate as usize) {
            device.with_version(version).connect();
        }
        let late = bench.device("late").with_version(version);
        let refused = || {
            late.connect_with(|_| {});
            match version {
                ProtocolVersion::V311 => late.expect_close(DisconnectReason::Throttled),
                ProtocolVersion::V5 => late.expect_refusal(0x97, DisconnectReason::Throttled),
            }
        };
        refused();
        // The bucket fills at its rate: one token after a rate's part of a second, and no sooner.
        bench.advance_nanos(SECOND / u64::from(rate));
        if !SECOND.is_multiple_of(u64::from(rate)) {
            bench.advance_nanos(1);
        }
        late.connect().disconnect();
        refused();
        assert_eq!(bench.count(|fact| *fact == Fact::ConnectRefused(ConnectRefusal::Throttled)), 2);
        assert_eq!(bench.receipt().connects_refused, 2);
        assert_eq!(bench.relied_on(Decision::ThrottledConnectV311), version == ProtocolVersion::V311);
    }
}

#[test]
fn a_profile_may_tell_a_throttled_3_1_1_client() {
    // D-10.
    let bench = Bench::new(|profile| {
        profile.limits.connect_requests_per_second = 0;
        profile.switches.throttled_connect_v311 = ThrottledConnectV311::ServerUnavailable;
    });
    bench.device("d").connect_with(|_| {}).expect_refusal(3, DisconnectReason::Throttled);
}

#[test]
fn publishes_over_100_a_second_are_discarded() {
    // 46, D-14: no PUBACK in 3.1.1, 0x97 in MQTT 5.
    for version in VERSIONS {
        for qos in [0, 1] {
            let bench = Bench::plain();
            // Two that listen to a half each, so that what they are sent is within their own rates.
            let even = bench.device("even").connect().subscribe("0", 0);
            let odd = bench.device("odd").connect().subscribe("1", 0);
            let device = bench.device("d").with_version(version).connect();
            let mut ids = Vec::new();
            for n in 0..150_u64 {
                ids.push(device.publish(if n % 2 == 0 { "0" } else { "1" }, qos, n.to_string()));
                bench.advance_nanos(SECOND / 151);
            }
            assert_eq!(even.take_deliveries().len() + odd.take_deliveries().len(), 100);
            assert_eq!(bench.discarded(DiscardRule::PublishRateIn), 50);
            assert_eq!(bench.count(|fact| *fact == Fact::PublishIn), 100);
            assert!(bench.relied_on(Decision::PublishRate));
            let (within, over) = ids.split_at(100);
            if qos == 1 {
                for id in within {
                    device.expect_puback(*id);
                }
                if version == ProtocolVersion::V5 {
                    for id in over {
                        device.expect_puback_with(*id, ReasonCode::QuotaExceeded);
                    }
                }
            }
            device.expect_nothing();
            // The next second is a new one.
            bench.advance(1);
            device.publish("0", 0, "next");
            even.expect_publish("0", 0, "next");
        }
    }
}

#[test]
fn a_connection_that_stays_over_the_rate_for_10_seconds_is_closed() {
    // D-14: THROTTLED.
    for version in VERSIONS {
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        let mut seconds = 0;
        while device.is_open() && seconds < 20 {
            for _ in 0..101 {
                device.publish("a", 0, "x");
            }
            if device.is_open() {
                device.expect_nothing();
                bench.advance(1);
                seconds += 1;
            }
        }
        assert_eq!(seconds, 10);
        device.expect_disconnect(ReasonCode::QuotaExceeded, DisconnectReason::Throttled);
        assert_eq!(bench.ends_of("d"), [DisconnectReason::Throttled]);
    }
}

#[test]
fn a_quiet_second_forgives_and_a_profile_may_never_close() {
    // D-14.
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    for second in 0..60 {
        for _ in 0..if second % 9 == 8 { 1 } else { 120 } {
            device.publish("a", 0, "x");
        }
        bench.advance(1);
    }
    device.expect_nothing();

    let bench = Bench::new(|profile| profile.limits.throttled_seconds_before_close = 0);
    let device = bench.device("d").connect();
    for _ in 0..60 {
        for _ in 0..120 {
            device.publish("a", 0, "x");
        }
        bench.advance(1);
    }
    device.expect_nothing();
    assert_eq!(bench.discarded(DiscardRule::PublishRateIn), 60 * 20);
}

#[test]
fn deliveries_count_towards_the_rate_of_their_receiver() {
    // broker.md 7.1: in and out together.
    let bench = Bench::plain();
    let device = bench.device("d").connect().subscribe("a", 1);
    for publisher in bench.devices("p", 2) {
        publisher.connect();
        for _ in 0..40 {
            publisher.publish("a", 1, "x");
        }
    }
    assert_eq!(device.take_deliveries().len(), 80);
    for _ in 0..30 {
        device.publish("b", 0, "x");
    }
    assert_eq!(bench.discarded(DiscardRule::PublishRateIn), 10);
    bench.device("p-0").publish("a", 1, "x");
    device.expect_nothing();
    assert_eq!(bench.discarded(DiscardRule::PublishRateOut), 1);
    assert!(bench.device("p-0").is_open());
}

#[test]
fn messages_to_an_offline_session_count_towards_its_rate() {
    // broker.md 4, 7.1.
    let bench = Bench::plain();
    let device = bench.device("d").persistent().connect().subscribe("a", 1);
    device.disconnect();
    for publisher in bench.devices("p", 2) {
        publisher.connect();
        for _ in 0..60 {
            publisher.publish("a", 1, "x");
        }
    }
    assert_eq!(bench.messages(), 100);
    assert_eq!(bench.discarded(DiscardRule::PublishRateOut), 20);
}

#[test]
fn of_600_messages_stored_in_a_second_500_are_kept() {
    // 91, broker.md 4.
    let bench = Bench::plain();
    let devices = bench.devices("d", 10);
    for device in &devices {
        device.persistent().connect().subscribe("a", 1).disconnect();
    }
    bench.device("p").connect();
    for n in 0..60 {
        bench.device("p").publish("a", 1, n.to_string());
    }
    assert_eq!(bench.count(|fact| *fact == Fact::Queued), 500);
    assert_eq!(bench.discarded(DiscardRule::QueueRate), 100);
    for device in &devices {
        device.connect();
    }
    bench.advance(10);
    let got: usize = devices.iter().map(|device| device.ack_deliveries().len()).sum();
    assert_eq!(got, 500);
    assert_eq!(bench.messages(), 0);
}

#[test]
fn bytes_over_512_kb_a_second_are_read_later_and_none_is_lost() {
    // 47, broker.md 7.1: a second of it comes in at once, the rest at the rate.
    let bench = Bench::plain();
    let app = bench.device("app").connect().subscribe("a", 0);
    let device = bench.device("d").connect();
    let payload = vec![b'x'; 131_072];
    let started = bench.now();
    let mut sent = 0;
    // 2 MB, as fast as the broker reads.
    while sent < 16 {
        device.publish("a", 0, &payload);
        sent += 1;
        match device.take() {
            None => {}
            Some((_, Seen::Paused)) => {
                let paused = bench.now();
                while device.take().is_none() {
                    bench.advance_nanos(SECOND / 100);
                    assert!(bench.now() < paused.plus_nanos(2 * SECOND), "reading goes on");
                }
            }
            Some(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(app.take_deliveries().len(), 16);
    let took = (bench.now() - started).as_millis();
    assert!((3_000..3_300).contains(&took), "2 MB at 512 KB/s, the first second free: {took} ms");
    device.send(&Packet::PingReq);
    assert!(device.is_open());
}

#[test]
fn reading_goes_on_at_the_exact_time() {
    // 47: 1,024 bytes a second, of which 3,072 came at once.
    let bench = Bench::new(|profile| profile.limits.inbound_bytes_per_second_per_connection = 1_024);
    let device = bench.device("d").open();
    device.send_bytes(&[0; 0]);
    let connect = 2 + 10 + 3;
    device.reset();
    let device = device.connect();
    // CONNECT took its share.
    let mut bytes = vec![0x30, 0xfd, 0x17, 0, 1, b'a'];
    bytes.resize(3_072, b'x');
    device.send_bytes(&bytes);
    device.expect(&Seen::Paused);
    let until = (3_072 + connect) * SECOND / 1_024 - SECOND;
    bench.advance_nanos(until - 1);
    device.expect_nothing();
    bench.advance_nanos(1);
    device.expect(&Seen::Resumed);
    bench.advance(60);
    device.expect_nothing();
}

// Checks without a test here: 18 (the profile has no limit for CONNECTs of one client id yet).
