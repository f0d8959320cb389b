//! Losing power and coming back.

use squall_codec::{ConnAck, Packet, ReasonCode, SubAck};
use squall_device::{AttemptFailure, DeviceInput, DeviceProfile, SubscriptionPattern};
use squall_types::{ProtocolVersion, QoS};

use crate::script::*;

#[test]
fn memory_is_lost_and_the_rhythm_of_publishes_stays() {
    let subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
    let mut script =
        Script::start(DeviceProfile { subscriptions, ..publishing(ProtocolVersion::V5, QoS::AtLeastOnce) });
    script.accept(false);
    script.receive(&[Packet::SubAck(SubAck::new(id(1), &[ReasonCode::GrantedQos1]))]);
    script.advance(3);
    let sent = script.sent().len();
    assert_eq!(sent, 5, "CONNECT, SUBSCRIBE and three publishes");
    script.told();
    script.lose_power();
    let forgotten = Told::PowerLost { forgotten: 3, certificate_lost: false };
    assert_eq!(script.told(), [Told::Lost(None), forgotten]);
    assert_eq!(script.device.wants_connection_since(), None);
    assert_eq!(script.device.unfinished_publishes(&script.profile).count(), 0);
    // Nothing that was armed before it does anything now.
    script.advance(100);
    assert_eq!((script.sent(), script.told()), (vec![], vec![]));
    script.input(DeviceInput::Start);
    assert_eq!(script.device.wants_connection_since(), Some(script.now));
    script.accept(true);
    // It does not know that the session has its subscription.
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }, Sent::Subscribe { .. }]));
    script.told();
    script.advance(2);
    let sent = script.sent();
    assert_eq!(sent.len(), 2, "one publish a second, not two: {sent:?}");
    let Sent::Publish { payload, .. } = &sent[0] else { panic!("{sent:?}") };
    assert_eq!(payload, "103", "what fell due without power was never published");
    assert!(script.told().iter().all(|told| matches!(told, Told::PublishSent { first: true, .. })));
}

#[test]
fn power_is_lost_in_every_state() {
    for (steps, ended) in [
        (0, Some(Told::AttemptFailed(AttemptFailure::PowerLost))),
        (1, Some(Told::AttemptFailed(AttemptFailure::PowerLost))),
        (2, Some(Told::Lost(None))),
        (3, None),
    ] {
        let mut script = Script::start(profile(ProtocolVersion::V311));
        if steps > 0 {
            script.input(DeviceInput::Up);
        }
        if steps > 1 {
            script.receive(&[Packet::ConnAck(ConnAck::accepted(ProtocolVersion::V311, false))]);
        }
        if steps > 2 {
            script.lose();
        }
        script.told();
        script.lose_power();
        let lost = Told::PowerLost { forgotten: 0, certificate_lost: false };
        assert_eq!(script.told(), ended.into_iter().chain([lost]).collect::<Vec<_>>());
        script.advance(100);
        script.lose_power();
        assert_eq!(script.told(), [], "what is off cannot lose its power");
        script.input(DeviceInput::Start);
        script.accept(false);
    }
}
