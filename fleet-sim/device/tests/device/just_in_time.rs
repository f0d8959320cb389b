//! Devices whose first connections make their certificates known.

use core::time::Duration;

use squall_device::{
    AfterRejection, AttemptFailure, Credential, Device, DeviceInput, DeviceProfile, Provisioning,
    TransportFailure, Way,
};
use squall_types::{ProtocolVersion, Timestamp};

use crate::script::*;

fn just_in_time(after_rejection: AfterRejection, gives_up_per_million: u32) -> DeviceProfile {
    let way = Way::JustInTime;
    let provisioning = Provisioning { way, after_rejection, gives_up_per_million, keeps_certificate: true };
    DeviceProfile { provisioning: Some(provisioning), ..profile(ProtocolVersion::V5) }
}

/// The service ends the connection in place of a CONNACK.
fn turn_away(script: &mut Script) {
    script.input(DeviceInput::Up);
    script.lose();
}

#[test]
fn a_device_waits_after_its_rejection_and_is_provisioned_once_it_is_let_in() {
    for (after_rejection, wait) in
        [(AfterRejection::BackOff, 1), (AfterRejection::Wait(Duration::from_secs(90)), 90)]
    {
        let mut script = Script::start(just_in_time(after_rejection, 0));
        assert_eq!(script.credential, Some(Credential::Own));
        assert!(!script.device.is_provisioned());
        assert_eq!(script.device.provisioning_since(), Some(Timestamp::ZERO));
        turn_away(&mut script);
        assert_eq!(
            script.told(),
            [Told::AttemptBegan, Told::AttemptFailed(AttemptFailure::Closed)],
            "the rejection is a failed attempt as any other"
        );
        script.advance(wait - 1);
        assert!(!script.transport);
        script.advance(1);
        script.accept(false);
        let provisioned =
            Told::Provisioned { since: Timestamp::ZERO, certificate_id: None, thing_name: None };
        assert_eq!(script.told().last(), Some(&provisioned));
        assert!(script.device.is_provisioned());
        assert_eq!(script.device.provisioning_since(), None);
        // From now on it is a device as any other.
        script.lose();
        script.advance(1);
        turn_away(&mut script);
        script.advance(1);
        assert!(script.transport);
    }
}

#[test]
fn a_refused_transport_turns_a_device_away_as_well_and_a_timeout_does_not() {
    let mut script = Script::start(just_in_time(AfterRejection::GiveUp, 0));
    script.advance(10);
    assert!(!script.device.has_given_up(), "no answer is no rejection");
    script.advance(1);
    script.transport = false;
    script.input(DeviceInput::Failed(TransportFailure::Refused));
    assert!(script.device.has_given_up());
}

#[test]
fn firmware_that_gives_up_never_comes_back() {
    for (after_rejection, share) in [(AfterRejection::GiveUp, 0), (AfterRejection::BackOff, 1_000_000)] {
        let mut script = Script::start(just_in_time(after_rejection, share));
        turn_away(&mut script);
        assert_eq!(script.told().last(), Some(&Told::GaveUp { since: Timestamp::ZERO }));
        assert_eq!(script.device.wants_connection_since(), None);
        assert_eq!(script.device.provisioning_since(), Some(Timestamp::ZERO));
        script.advance(1_000_000);
        script.lose_power();
        script.input(DeviceInput::Start);
        script.advance(1_000_000);
        assert!(!script.transport && script.device.has_given_up());
        assert_eq!(script.attempts(), [0_u64; 0]);
    }
}

#[test]
fn as_many_devices_give_up_as_the_share_says() {
    let profile = just_in_time(AfterRejection::BackOff, 20_000);
    let gives_up = |index: u32| {
        let mut device = Device::new(index);
        let mut scratch = squall_device::Scratch::default();
        let mut did = Did::default();
        for input in [DeviceInput::Start, DeviceInput::Up, DeviceInput::Closed] {
            device.handle(&profile, &mut scratch, Timestamp::ZERO, input, &mut did);
        }
        device.has_given_up()
    };
    let bricks = (0..10_000).filter(|index| gives_up(*index)).count();
    assert!((150..250).contains(&bricks), "{bricks}");
}
