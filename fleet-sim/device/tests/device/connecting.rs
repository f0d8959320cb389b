//! Coming up, going down, and coming back.

use core::time::Duration;

use squall_codec::{ConnAck, ConnAckCode, ConnectReturnCode, Disconnect, Packet, ReasonCode, SubAck};
use squall_device::{
    AttemptFailure, BackOff, DeviceInput, DeviceProfile, Strategy as Waiting, SubscriptionPattern,
    TransportFailure,
};
use squall_types::{ProtocolVersion, QoS, Timestamp};

use crate::script::*;

#[test]
fn a_device_connects_and_then_subscribes() {
    for (version, session_expiry) in [(ProtocolVersion::V311, None), (ProtocolVersion::V5, Some(3_600))] {
        let filters = (0..10).map(|n| SubscriptionPattern {
            filter: template(&format!("{{{{thing}}}}/{n}")),
            qos: if n == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce },
        });
        let mut script =
            Script::start(DeviceProfile { subscriptions: filters.collect(), ..profile(version) });
        assert!(script.transport);
        assert_eq!(script.sent(), []);
        script.advance(2);
        script.input(DeviceInput::Up);
        let connect = Sent::Connect {
            client_id: "pumps-4".to_owned(),
            clean_start: false,
            keep_alive: 60,
            session_expiry,
        };
        assert_eq!(script.sent(), [connect]);
        assert_eq!(script.device.attempting_since(), Some(Timestamp::ZERO));
        script.receive(&[Packet::ConnAck(ConnAck::accepted(version, false))]);
        // broker.md 7.1: at most 8 filters in a SUBSCRIBE.
        let asked: Vec<(String, u8)> = (0..10).map(|n| (format!("pumps-4/{n}"), u8::from(n > 0))).collect();
        let subscribes = [
            Sent::Subscribe { packet_id: 1, filters: asked[..8].to_vec() },
            Sent::Subscribe { packet_id: 2, filters: asked[8..].to_vec() },
        ];
        assert_eq!(script.sent(), subscribes);
        let wanted = Timestamp::ZERO;
        let connected = Told::Connected { wanted, began: wanted, session_present: false };
        assert_eq!(script.told(), [Told::AttemptBegan, connected]);
        assert_eq!(script.device.connected_since(), Some(Timestamp::from_secs(2)));
        // Answers may come in any order, and refuse.
        script.receive(&[Packet::SubAck(SubAck::new(
            id(2),
            &[ReasonCode::GrantedQos1, ReasonCode::UnspecifiedError],
        ))]);
        let granted = |filter: &str| Told::Subscribed(filter.to_owned(), ReasonCode::GrantedQos1);
        let refused = Told::Subscribed("pumps-4/9".to_owned(), ReasonCode::UnspecifiedError);
        assert_eq!(script.told(), [granted("pumps-4/8"), refused]);
        script.receive(&[Packet::SubAck(SubAck::new(id(1), &[ReasonCode::GrantedQos1; 8]))]);
        assert_eq!(script.told().len(), 8);
        assert_eq!(script.sent(), []);
    }
}

#[test]
fn a_session_that_is_still_there_is_not_subscribed_again() {
    // MQTT-3.1.2-4.
    let subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
    let mut script = Script::start(DeviceProfile { subscriptions, ..profile(ProtocolVersion::V311) });
    script.accept(false);
    // Lost before the SUBACK: whether the service has the subscription is not known.
    script.lose();
    script.advance(1);
    script.sent();
    script.accept(true);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }, Sent::Subscribe { packet_id: 2, .. }]));
    script.receive(&[Packet::SubAck(SubAck::new(id(2), &[ReasonCode::GrantedQos1]))]);
    script.lose();
    script.advance(1);
    script.accept(true);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }]));
    script.lose();
    script.advance(1);
    script.accept(false);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }, Sent::Subscribe { .. }]));
}

/// A device that waits in this way.
fn waiting(strategy: Waiting) -> DeviceProfile {
    let back_off = BackOff { strategy, base: Duration::from_secs(1), cap: Duration::from_secs(20) };
    DeviceProfile { back_off, ..profile(ProtocolVersion::V5) }
}

/// Lets so many attempts fail at once, each in the same way.
fn fail_attempts(script: &mut Script, attempts: usize, mut fail: impl FnMut(&mut Script)) {
    for _ in 0..attempts {
        while !script.transport {
            let (next, ..) = script.next_timer().expect("a device that waits has a timer");
            script.advance_nanos(next.0.saturating_sub(script.now.0));
        }
        fail(script);
    }
}

#[test]
fn refused_transports_are_tried_again_after_the_back_off() {
    for (strategy, times) in [
        (Waiting::None, [0, 0, 0, 0, 0, 0, 0]),
        (Waiting::Fixed, [0, 1, 2, 3, 4, 5, 6]),
        (Waiting::Exponential, [0, 1, 3, 7, 15, 31, 51]),
    ] {
        let mut script = Script::start(waiting(strategy));
        fail_attempts(&mut script, 7, |script| {
            script.transport = false;
            script.input(DeviceInput::Failed(TransportFailure::Refused));
        });
        assert_eq!(script.attempts(), times, "{strategy:?}");
        let failures = script.told().into_iter().filter(|told| *told != Told::AttemptBegan);
        assert!(failures.eq(vec![Told::AttemptFailed(AttemptFailure::Transport); 7]));
    }
}

#[test]
fn a_connack_that_refuses_counts_as_a_failed_attempt() {
    for version in VERSIONS {
        let mut script = Script::start(DeviceProfile { version, ..waiting(Waiting::Exponential) });
        let code: ConnAckCode = match version {
            ProtocolVersion::V311 => ConnectReturnCode::ServerUnavailable.into(),
            ProtocolVersion::V5 => ReasonCode::QuotaExceeded.into(),
        };
        let refusal = ConnAck::refused(code);
        fail_attempts(&mut script, 5, |script| {
            script.input(DeviceInput::Up);
            script.receive(&[Packet::ConnAck(refusal.clone())]);
            assert!(!script.transport, "the device closes too");
        });
        assert_eq!(script.attempts(), [0, 1, 3, 7, 15]);
        let refused = Told::AttemptFailed(AttemptFailure::Refused { code: refusal.code.to_u8() });
        assert!(script.told().contains(&refused));
    }
}

#[test]
fn a_service_that_closes_instead_of_answering_fails_the_attempt() {
    // broker.md D-02, D-10: what 3.1.1 sees of a refusal.
    let mut script = Script::start(waiting(Waiting::Exponential));
    fail_attempts(&mut script, 4, |script| {
        script.input(DeviceInput::Up);
        script.lose();
    });
    assert_eq!(script.attempts(), [0, 1, 3, 7]);
    assert!(script.told().contains(&Told::AttemptFailed(AttemptFailure::Closed)));
}

#[test]
fn an_attempt_times_out_with_and_without_a_transport() {
    for up in [false, true] {
        let mut script = Script::start(waiting(Waiting::Exponential));
        fail_attempts(&mut script, 4, |script| {
            script.advance(4);
            if up {
                script.input(DeviceInput::Up);
            }
            script.advance_nanos(6 * SECOND - 1);
            assert!(script.transport);
            script.advance_nanos(1);
            assert!(!script.transport);
        });
        // 10 s of each attempt, and 1, 2 and 4 s between them.
        assert_eq!(script.attempts(), [0, 11, 23, 37]);
        assert!(script.told().contains(&Told::AttemptFailed(AttemptFailure::TimedOut)));
    }
}

#[test]
fn a_lost_connection_begins_the_back_off_anew() {
    let mut script = Script::start(waiting(Waiting::Exponential));
    fail_attempts(&mut script, 4, |script| {
        script.transport = false;
        script.input(DeviceInput::Failed(TransportFailure::Refused));
    });
    script.advance(8);
    script.accept(false);
    script.advance(20);
    script.told();
    script.lose();
    let lost = script.now;
    assert_eq!(script.told(), [Told::Lost(None)]);
    assert_eq!(script.device.wants_connection_since(), Some(lost));
    fail_attempts(&mut script, 4, |script| {
        script.transport = false;
        script.input(DeviceInput::Failed(TransportFailure::Refused));
    });
    assert_eq!(script.attempts(), [1, 3, 7, 15].map(|seconds| lost.as_secs() + seconds));
    script.advance(16);
    script.accept(true);
    let began = script.now;
    let connected = Told::Connected { wanted: lost, began, session_present: true };
    assert_eq!(script.told().last(), Some(&connected));
}

#[test]
fn jitter_differs_between_devices_and_not_between_runs() {
    for strategy in [Waiting::FullJitter, Waiting::EqualJitter, Waiting::DecorrelatedJitter] {
        let run = || {
            let mut script = Script::start(waiting(strategy));
            fail_attempts(&mut script, 20, |script| {
                script.transport = false;
                script.input(DeviceInput::Failed(TransportFailure::Refused));
            });
            let began = script.told.iter().filter(|(_, told)| *told == Told::AttemptBegan);
            began.map(|(at, _)| *at).collect::<Vec<_>>()
        };
        let times = run();
        assert_eq!(times, run());
        let waits: Vec<u64> = times.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(waits.iter().all(|wait| *wait <= 20 * SECOND));
        let distinct: std::collections::BTreeSet<_> = waits.iter().collect();
        assert!(distinct.len() > 10, "{strategy:?} {waits:?}");
    }
}

#[test]
fn a_disconnect_of_the_service_is_the_reason_of_the_loss() {
    // v5:3.14.4-2.
    let mut script = Script::start(profile(ProtocolVersion::V5));
    script.accept(false);
    script.told();
    script.receive(&[Packet::Disconnect(Disconnect::new(ReasonCode::SessionTakenOver))]);
    assert!(script.device.is_connected(), "the service closes");
    script.lose();
    assert_eq!(script.told(), [Told::Lost(Some(ReasonCode::SessionTakenOver))]);
    script.advance(1);
    script.accept(true);
    script.told();
    script.lose();
    assert_eq!(script.told(), [Told::Lost(None)], "a reason counts once");
}
