//! Shadows and devices that lose their connection or their power.

use core::time::Duration;

use squall_codec::ReasonCode;
use squall_device::{DeviceInput, ShadowRequest};
use squall_types::{QoS, Timestamp};

use crate::script::*;
use crate::shadow::*;

const REPORT: &str = r#"{"state":{"reported":{"target":20,"n":0}},"clientToken":"4.0.0"}"#;

#[test]
fn an_unacknowledged_request_is_repeated_in_the_same_session() {
    let mut script = Script::start(with(|habits| habits.report_on_connect = false));
    script.connect_and_grant();
    script.say("/update/delta", r#"{"version":1,"state":{"a":1}}"#);
    script.advance(2);
    script.sent();
    script.lose();
    script.advance(1);
    script.told();
    script.accept(true);
    let sent = script.sent();
    let repeat = sent.last().expect("a PUBLISH");
    assert!(matches!(repeat, Sent::Publish { dup: true, packet_id: 2, .. }), "{repeat:?}");
    let request = ShadowRequest::ReportApplied;
    let intended = Timestamp(2 * SECOND);
    assert_eq!(script.of_shadow(), [OfShadow::Sent { request, version: None, intended, first: false }]);
    // Acknowledged, it waits on; the clock of its answer began anew.
    script.acknowledge(2);
    script.lose();
    script.advance(1);
    script.accept(true);
    assert_eq!(script.requests(), [], "the service has it");
    script.advance(4);
    assert_eq!(script.of_shadow(), [OfShadow::Acked(ReasonCode::Success)]);
    script.advance(1);
    assert_eq!(script.of_shadow(), [OfShadow::Unanswered(request)]);
}

#[test]
fn without_the_session_it_is_wanted_again_since_it_was_first_wanted() {
    for (present, qos) in [(false, QoS::AtLeastOnce), (true, QoS::AtMostOnce)] {
        let mut script = Script::start(with(|habits| {
            habits.report_on_connect = false;
            habits.qos = qos;
        }));
        script.connect_and_grant();
        script.say("/update/delta", r#"{"version":1,"state":{"a":1}}"#);
        script.advance(2);
        script.lose();
        script.advance(1);
        script.sent();
        script.told();
        if present {
            script.accept(true);
        } else {
            script.connect_and_grant();
        }
        let applied = r#"{"state":{"reported":{"a":1}},"clientToken":"4.0.1"}"#;
        assert_eq!(script.requests(), [update(applied)]);
        let (request, intended) = (ShadowRequest::ReportApplied, Timestamp(2 * SECOND));
        assert!(script.of_shadow().contains(&OfShadow::Sent {
            request,
            version: None,
            intended,
            first: true
        }));
    }
}

#[test]
fn a_delta_is_applied_offline_and_reported_on_the_next_connection() {
    let mut script = Script::start(with(|habits| habits.report_on_connect = false));
    script.connect_and_grant();
    script.say("/update/delta", r#"{"version":1,"state":{"a":1}}"#);
    script.sent();
    script.lose();
    script.advance(3);
    assert_eq!(script.requests(), []);
    script.accept(true);
    let applied = r#"{"state":{"reported":{"a":1}},"clientToken":"4.0.0"}"#;
    assert_eq!(script.requests(), [update(applied)]);
}

#[test]
fn what_was_applied_goes_with_the_power_unless_the_firmware_keeps_it() {
    for keeps in [false, true] {
        let mut script = Script::start(with(|habits| habits.keeps_applied = keeps));
        script.connect_and_grant();
        assert_eq!(script.requests(), [update(REPORT)]);
        script.accept_update("4.0.0", 1);
        script.say("/update/delta", r#"{"version":2,"state":{"target":23}}"#);
        script.advance(2);
        script.say("/update/delta", r#"{"version":3,"state":{"target":24}}"#);
        script.lose_power();
        script.advance(60);
        script.told();
        assert_eq!(script.device.unfinished_shadow_requests().count(), 0);
        script.input(DeviceInput::Start);
        script.sent();
        script.connect_and_grant();
        let target = if keeps { 23 } else { 20 };
        let report =
            format!(r#"{{"state":{{"reported":{{"target":{target},"n":1}}}},"clientToken":"4.0.2"}}"#);
        assert_eq!(script.requests(), [update(&report)], "no token comes twice");
        script.advance(60);
        let told = script.of_shadow();
        let applied = told.iter().any(|fact| matches!(fact, OfShadow::DeltaApplied { .. }));
        assert!(!applied, "the delta that waited is forgotten: {told:?}");
    }
}

#[test]
fn reports_keep_their_rhythm_through_a_loss_of_power() {
    let mut script = Script::start(with(|habits| {
        habits.report_on_connect = false;
        habits.report_every = Some(Duration::from_secs(60));
        habits.qos = QoS::AtMostOnce;
    }));
    script.connect_and_grant();
    let sent_at = |script: &mut Script| {
        let sent: Vec<_> = script.sent.drain(..).collect();
        let times = sent.into_iter().filter(|(_, sent)| matches!(sent, Sent::Publish { .. }));
        times.map(|(at, _)| at.0).collect::<Vec<_>>()
    };
    script.advance(60);
    let [first] = sent_at(&mut script)[..] else { panic!("one report a minute") };
    script.lose_power();
    script.advance(100);
    script.input(DeviceInput::Start);
    script.connect_and_grant();
    script.advance(60);
    let [next] = sent_at(&mut script)[..] else { panic!("one report a minute") };
    assert_eq!((next - first) % (60 * SECOND), 0);
}

#[test]
fn a_report_of_everything_reports_what_was_applied_as_well() {
    let mut script = Script::start(with(|_| {}));
    script.connect_and_grant();
    script.accept_update("4.0.0", 1);
    script.say("/update/delta", r#"{"version":2,"state":{"target":23}}"#);
    script.lose();
    script.advance(3);
    script.sent();
    script.told();
    script.accept(true);
    let report = r#"{"state":{"reported":{"target":23,"n":1}},"clientToken":"4.0.1"}"#;
    assert_eq!(script.requests(), [update(report)]);
    let told = script.of_shadow();
    let OfShadow::Sent { intended, .. } = told[0] else { panic!("{told:?}") };
    assert_eq!(intended, Timestamp(2 * SECOND), "since what it applied was to be reported");
    script.accept_update("4.0.1", 3);
    script.advance(60);
    assert_eq!(script.requests(), [], "there is nothing more to say");
}

#[test]
fn what_is_wanted_again_keeps_the_time_of_what_waits_longest() {
    let mut script = Script::start(with(|habits| habits.qos = QoS::AtMostOnce));
    script.connect_and_grant();
    script.accept_update("4.0.0", 1);
    script.say("/update/delta", r#"{"version":2,"state":{"a":1}}"#);
    script.advance(1);
    script.say("/update/delta", r#"{"version":3,"state":{"b":1}}"#);
    script.advance(1);
    // Under way since 2 s; what comes now is wanted since 4 s.
    script.say("/update/delta", r#"{"version":4,"state":{"c":1}}"#);
    script.advance(2);
    assert_eq!(script.device.unfinished_shadow_requests().next(), Some((0, Timestamp(2 * SECOND))));
    script.lose();
    script.advance(1);
    script.sent();
    script.told();
    script.accept(true);
    let told = script.of_shadow();
    let OfShadow::Sent { intended, .. } = told[0] else { panic!("{told:?}") };
    assert_eq!(intended, Timestamp(2 * SECOND));
    let report = r#"{"state":{"reported":{"target":20,"n":1,"b":1,"c":1}},"clientToken":"4.0.2"}"#;
    assert_eq!(script.requests(), [update(report)], "the delta at 1 s took the place of the first");
}

#[test]
fn each_report_is_rendered_anew_where_nobody_waits_for_answers_too() {
    let mut script = Script::start(with(|habits| {
        habits.report_every = Some(Duration::from_secs(10));
        habits.qos = QoS::AtMostOnce;
        habits.listens = squall_device::ShadowListens::NONE;
    }));
    script.accept(false);
    script.advance(20);
    let numbers: Vec<bool> = script
        .requests()
        .iter()
        .enumerate()
        .map(|(n, (_, payload))| payload.contains(&format!(r#""n":{n}}}"#)))
        .collect();
    assert_eq!(numbers, [true; 3]);
}
