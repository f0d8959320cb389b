//! What devices make of updates that are rejected.

use squall_codec::{Ack, Packet, ReasonCode};
use squall_device::{OnConflict, ShadowListens, ShadowRequest};

use crate::script::*;
use crate::shadow::*;

const CONFLICT: &str = r#"{"code":409,"message":"Version conflict","clientToken":"TOKEN"}"#;

impl Script {
    fn conflict(&mut self, token: &str) {
        self.say("/update/rejected", &CONFLICT.replace("TOKEN", token));
    }

    fn accept_get(&mut self, token: &str, version: u64, state: &str) {
        let answer = format!(r#"{{"state":{state},"version":{version},"clientToken":"{token}"}}"#);
        self.say("/get/accepted", &answer);
    }

    /// Knows version 3, and its next report is for that.
    fn versioned(on_conflict: OnConflict) -> Self {
        let mut script = Self::start(with(|habits| {
            habits.sends_version = true;
            habits.get_on_connect = true;
            habits.on_conflict = on_conflict;
        }));
        script.connect_and_grant();
        script.accept_get("4.0.0", 3, "{}");
        let report = r#"{"state":{"reported":{"target":20,"n":0}},"version":3,"clientToken":"4.0.1"}"#;
        assert_eq!(script.requests(), [get("4.0.0"), update(report)]);
        script.told();
        script
    }
}

fn rejected(repeats: bool) -> OfShadow {
    OfShadow::Rejected { request: ShadowRequest::Report, code: 409, repeats }
}

#[test]
fn firmware_that_gives_up_drops_the_update() {
    let mut script = Script::versioned(OnConflict::GiveUp);
    script.conflict("4.0.1");
    script.advance(60);
    assert_eq!(script.requests(), []);
    assert_eq!(script.of_shadow(), [rejected(false)]);
    assert_eq!(script.device.unfinished_shadow_requests().count(), 0);
}

#[test]
fn a_conflict_is_answered_by_a_get_and_the_same_update_with_the_version_of_now() {
    let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 2 });
    script.conflict("4.0.1");
    assert_eq!(script.requests(), [get("4.0.2")]);
    script.accept_get("4.0.2", 7, r#"{"desired":{"fan":1},"delta":{"fan":1}}"#);
    let report = r#"{"state":{"reported":{"target":20,"n":0}},"version":7,"clientToken":"4.0.3"}"#;
    assert_eq!(script.requests(), [update(report)], "the same values");
    script.accept_update("4.0.3", 8);
    script.advance(2);
    let applied = r#"{"state":{"reported":{"fan":1}},"version":8,"clientToken":"4.0.4"}"#;
    assert_eq!(script.requests(), [update(applied)], "what is desired was merged");
    let told = script.of_shadow();
    assert!(told.contains(&rejected(true)) && !told.contains(&rejected(false)), "{told:?}");
}

#[test]
fn conflicts_in_a_row_end_at_the_number_of_repeats() {
    let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 2 });
    for (update, get) in [("4.0.1", "4.0.2"), ("4.0.3", "4.0.4")] {
        script.conflict(update);
        script.accept_get(get, 9, "{}");
    }
    script.requests();
    script.conflict("4.0.5");
    script.advance(60);
    assert_eq!(script.requests(), []);
    let told = script.of_shadow();
    assert_eq!(told.iter().filter(|fact| **fact == rejected(true)).count(), 2);
    assert_eq!(told.last(), Some(&rejected(false)));
}

#[test]
fn the_count_of_conflicts_begins_anew_with_the_next_update() {
    let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 1 });
    script.conflict("4.0.1");
    script.accept_get("4.0.2", 9, "{}");
    script.accept_update("4.0.3", 10);
    script.say("/update/delta", r#"{"version":11,"state":{"target":23}}"#);
    script.advance(2);
    script.requests();
    script.conflict("4.0.4");
    assert_eq!(script.requests(), [get("4.0.5")]);
    script.accept_get("4.0.5", 12, r#"{"delta":{"target":23}}"#);
    let applied = r#"{"state":{"reported":{"target":23}},"version":12,"clientToken":"4.0.6"}"#;
    assert_eq!(script.requests(), [update(applied)], "what it applied is not lost");
}

#[test]
fn other_rejections_are_never_repeated() {
    for code in [400_u16, 413, 429] {
        let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 9 });
        script.say("/update/rejected", &format!(r#"{{"code":{code},"message":"-","clientToken":"4.0.1"}}"#));
        script.advance(60);
        assert_eq!(script.requests(), []);
        let request = ShadowRequest::Report;
        assert_eq!(script.of_shadow(), [OfShadow::Rejected { request, code, repeats: false }]);
    }
}

#[test]
fn a_rejection_that_nobody_listens_to_is_an_answer_that_does_not_come() {
    let mut script = Script::start(with(|habits| {
        habits.listens = ShadowListens { update_rejected: false, ..ShadowListens::ALL };
    }));
    script.connect_and_grant();
    script.told();
    script.conflict("4.0.0");
    script.advance(5);
    assert_eq!(script.of_shadow(), [OfShadow::Unanswered(ShadowRequest::Report)]);
}

#[test]
fn where_there_is_no_shadow_any_more_the_update_names_no_version() {
    let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 2 });
    script.conflict("4.0.1");
    script.say("/get/rejected", r#"{"code":404,"message":"-","clientToken":"4.0.2"}"#);
    let report = r#"{"state":{"reported":{"target":20,"n":0}},"clientToken":"4.0.3"}"#;
    assert_eq!(script.requests(), [get("4.0.2"), update(report)]);
}

#[test]
fn an_answer_without_a_token_is_taken_for_ones_own() {
    let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 2 });
    script.say("/update/rejected", r#"{"code":409,"message":"Version conflict"}"#);
    script.say("/get/accepted", r#"{"state":{},"version":5}"#);
    let report = r#"{"state":{"reported":{"target":20,"n":0}},"version":5,"clientToken":"4.0.3"}"#;
    assert_eq!(script.requests(), [get("4.0.2"), update(report)]);
}

#[test]
fn a_puback_that_says_no_ends_the_request() {
    let mut script = Script::versioned(OnConflict::GetAndRepeat { at_most: 2 });
    let code = ReasonCode::NotAuthorized;
    script.receive(&[Packet::PubAck(Ack { reason_code: code, ..Ack::new(id(3)) })]);
    assert_eq!(script.of_shadow(), [OfShadow::Acked(code)]);
    assert_eq!(script.device.unfinished_shadow_requests().count(), 0);
}

#[test]
fn each_request_is_waited_for_from_its_own_beginning() {
    let mut script = Script::versioned(OnConflict::GiveUp);
    script.say("/update/delta", r#"{"version":4,"state":{"target":23}}"#);
    script.accept_update("4.0.1", 5);
    script.advance(2);
    script.told();
    // The time of the report, which has its answer, is over before that of what it applied.
    script.advance_nanos(5 * SECOND - 1);
    assert_eq!(script.of_shadow(), []);
    script.advance_nanos(1);
    assert_eq!(script.of_shadow(), [OfShadow::Unanswered(ShadowRequest::ReportApplied)]);
}
