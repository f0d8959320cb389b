//! Updates whose answers nobody heard, and what the judges keep and forget.

use serde_json::json;

use crate::bench::*;

#[test]
fn a_version_that_an_unheard_update_may_have_made_is_none() {
    let mut bench = lamp();
    bench.send(reported(9));
    bench.update(reported(1), 5);
    bench.finish().expect(0, 0, 0);
    // A packet that was repeated may have been taken in twice.
    let mut bench = lamp();
    let request = json!({"state": reported(9), "clientToken": "x"});
    bench.send_raw(&request, true);
    bench.send_raw(&request, false);
    bench.see_accepted("x", &reported(9), 5);
    bench.finish().expect(0, 0, 0);
    // What was rejected made none.
    let mut bench = lamp();
    let token = bench.send(reported(9));
    bench.see_rejected(&token, 409);
    bench.update(reported(1), 5);
    bench.finish().expect(2, 0, 0);
}

#[test]
fn what_unheard_updates_say_nothing_of_has_to_be_right_nonetheless() {
    for (b, violations) in [(1, 0), (7, 1)] {
        let mut bench = Bench::new();
        bench.update(json!({"reported": {"a": 1, "b": 1}}), 1);
        bench.send(reported(2));
        bench.update(json!({"reported": {"c": 1}}), 3);
        bench.see_document(json!({"reported": {"a": 2, "b": b, "c": 1}}), 3);
        let verdicts = bench.finish();
        verdicts.expect(violations, 0, 0);
        if violations == 0 {
            verdicts.excused("shadow-updates", "unheard-update");
        }
    }
}

#[test]
fn a_document_shows_how_things_stand_for_what_comes_after() {
    let mut bench = Bench::new();
    bench.send(reported(2));
    bench.update(desired(1), 2);
    // Enough messages in vain: what is missing is taken for never to come.
    for _ in 0..20 {
        bench.see_document(json!({"desired": {"a": 1}, "reported": {"a": 2}, "delta": {"a": 1}}), 2);
    }
    bench.update(desired(3), 3);
    bench.see_delta(json!({"a": 4}), 3);
    let verdicts = bench.finish_with(None);
    verdicts.expect(0, 1, 0);
    verdicts.says("shadow-delta", r#"the delta of version 3 is {"a":4}, and the difference {"a":3}"#);
}

#[test]
fn versions_begin_again_once_a_deleted_shadow_is_forgotten() {
    for (hours, version, violations) in [(47, 5, 0), (49, 1, 0), (49, 5, 0), (1, 1, 1)] {
        let mut bench = lamp();
        bench.see("delete/accepted", &json!({"version": 3, "timestamp": 1}));
        bench.see("delete/accepted", &json!({"version": 3, "timestamp": 1}));
        bench.wait(hours * 3_600);
        bench.update(reported(1), version);
        if hours == 47 {
            // A copy that somebody else got late.
            bench.see("delete/accepted", &json!({"version": 3, "timestamp": 1}));
        }
        bench.see_document(reported(1), version);
        let verdicts = bench.finish();
        let found = verdicts.of("shadow-updates").violations > 0;
        assert_eq!(found, violations > 0, "{hours} h: {:#?}", verdicts.0);
    }
}

#[test]
fn a_long_run_with_unheard_updates_is_kept_small_and_judged_on() {
    let mut bench = Bench::new();
    bench.update(desired(0), 1);
    let mut version = 1;
    for n in 0..400 {
        // Every other update is taken in and nobody hears of it.
        bench.send(json!({"reported": {"n": n}}));
        bench.update(reported(n), version + 2);
        version += 2;
    }
    bench.see_document(
        json!({"desired": {"a": 0}, "reported": {"a": 399, "n": 399}, "delta": {"a": 0}}),
        version,
    );
    let verdicts = bench.finish_with(None);
    verdicts.expect(0, 0, 0);
}

#[test]
fn numbers_that_no_float_can_hold_are_left_alone() {
    let mut bench = lamp();
    let at = bench.at();
    let request = br#"{"state":{"reported":{"a":1e330}}}"#;
    bench.oracles.request_sent(at, &format!("{PREFIX}/update"), request, true);
    let accepted = br#"{"state":{"reported":{"a":1e330}},"version":4}"#;
    bench.oracles.answer_seen(at, &format!("{PREFIX}/update/accepted"), accepted);
    bench.update(reported(1), 5);
    bench.wait(60);
    let verdicts = bench.finish();
    verdicts.expect(0, 0, 0);
    verdicts.excused("shadow-updates", "number-out-of-range");
}

#[test]
fn versions_below_a_document_need_updates_as_well() {
    let mut bench = lamp();
    let rgb = json!([255, 255, 0]);
    let state = json!({"desired": {"ColorRGB": rgb}, "reported": {"ID": "SmartLamp21", "ColorRGB": rgb}});
    for _ in 0..20 {
        bench.see_document(state.clone(), 5);
    }
    let verdicts = bench.finish();
    verdicts.expect(1, 0, 0);
    verdicts.says("shadow-updates", "2 versions were made of 0 updates");
}

#[test]
fn a_late_copy_settles_nothing() {
    let mut bench = Bench::new();
    let request = json!({"state": reported(9), "clientToken": "x"});
    bench.send_raw(&request, true);
    bench.send_raw(&request, false);
    bench.see_accepted("x", &reported(9), 1);
    for version in 2..20 {
        bench.update(reported(1), version);
    }
    bench.see_accepted("x", &reported(9), 1);
    bench.see_accepted("x", &reported(9), 20);
    bench.finish().expect(0, 0, 0);
}

#[test]
fn updates_that_are_answered_late_account_for_one_version_each() {
    for (next, violations) in [(71, 0), (72, 1)] {
        let mut bench = Bench::new();
        let tokens: Vec<String> = (0..70).map(|n| bench.send(reported(n))).collect();
        for (n, token) in (0_u32..).zip(&tokens) {
            bench.see_accepted(token, &reported(n), u64::from(n) + 1);
        }
        bench.update(reported(1), next);
        bench.finish().expect(violations, 0, 0);
    }
}

#[test]
fn what_waits_is_judged_before_a_delete() {
    let mut bench = Bench::new();
    bench.update(json!({"reported": {"a": 1, "b": 1}}), 1);
    bench.send(reported(2));
    bench.update(json!({"reported": {"c": 1}}), 3);
    bench.see_document(json!({"reported": {"a": 2, "b": 7, "c": 1}}), 3);
    bench.see("delete/accepted", &json!({"version": 3, "timestamp": 1}));
    bench.finish().expect(1, 0, 0);
}
