//! What the judges of shadows must catch, and what they must not mistake for a violation.

#![allow(clippy::needless_pass_by_value, reason = "a history reads better with its JSON in place")]

use core::time::Duration;

use serde_json::{Value, json};
use squall_oracle::{DeviceKey, ShadowOracleConfig, ShadowOracles, Verdict};
use squall_profile::Profile;
use squall_types::Timestamp;

const PREFIX: &str = "$aws/things/t/shadow";
const DEVICE: DeviceKey = DeviceKey(3);

/// Judges, a clock, and tokens that count themselves.
struct Bench {
    oracles: ShadowOracles,
    now: u64,
    tokens: u32,
}

impl Bench {
    fn new() -> Self {
        let profile = Profile::named("aws-current").unwrap();
        let mut oracles = ShadowOracles::new(ShadowOracleConfig::from(&profile));
        oracles.follow(DEVICE, PREFIX, Duration::from_secs(30));
        Self { oracles, now: 0, tokens: 0 }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_secs(self.now)
    }

    fn wait(&mut self, seconds: u64) {
        self.now += seconds;
    }

    /// Somebody sends an update; its token.
    fn send(&mut self, state: Value) -> String {
        self.send_for(state, None)
    }

    fn send_for(&mut self, state: Value, version: Option<u64>) -> String {
        self.now += 1;
        self.tokens += 1;
        let token = format!("c{}", self.tokens);
        let mut request = json!({"state": state, "clientToken": token});
        if let Some(version) = version {
            request["version"] = version.into();
        }
        self.send_raw(&request, true);
        token
    }

    fn send_raw(&mut self, request: &Value, first: bool) {
        let payload = request.to_string();
        self.oracles.request_sent(self.at(), &format!("{PREFIX}/update"), payload.as_bytes(), first);
    }

    /// Somebody sees an answer.
    fn see(&mut self, end: &str, answer: &Value) {
        self.now += 1;
        let payload = answer.to_string();
        self.oracles.answer_seen(self.at(), &format!("{PREFIX}/{end}"), payload.as_bytes());
    }

    fn see_accepted(&mut self, token: &str, state: &Value, version: u64) {
        let answer =
            json!({"state": state, "metadata": {}, "version": version, "timestamp": 1, "clientToken": token});
        self.see("update/accepted", &answer);
    }

    fn see_rejected(&mut self, token: &str, code: u16) {
        self.see("update/rejected", &json!({"code": code, "message": "-", "clientToken": token}));
    }

    fn see_delta(&mut self, state: Value, version: u64) {
        self.see("update/delta", &json!({"state": state, "version": version, "timestamp": 1}));
    }

    fn see_document(&mut self, state: Value, version: u64) {
        self.see("get/accepted", &json!({"state": state, "version": version, "timestamp": 1}));
    }

    /// An update that becomes `version`.
    fn update(&mut self, state: Value, version: u64) {
        let token = self.send(state.clone());
        self.see_accepted(&token, &state, version);
    }

    fn finish(self) -> Verdicts {
        let since = Some(Timestamp::ZERO);
        self.finish_with(since)
    }

    fn finish_with(self, since: Option<Timestamp>) -> Verdicts {
        let at = self.at();
        Verdicts(self.oracles.finish(at, |device| since.filter(|_| device == DEVICE)))
    }
}

struct Verdicts(Vec<Verdict>);

impl Verdicts {
    fn of(&self, name: &str) -> &Verdict {
        self.0.iter().find(|verdict| verdict.name == name).unwrap()
    }

    /// Violations of updates, of deltas, of convergence.
    #[track_caller]
    fn expect(&self, updates: u64, delta: u64, convergence: u64) {
        let names = ["shadow-updates", "shadow-delta", "shadow-convergence"];
        let found = names.map(|name| self.of(name).violations);
        assert_eq!(found, [updates, delta, convergence], "{:#?}", self.0);
    }

    #[track_caller]
    fn says(&self, name: &str, text: &str) {
        let examples = &self.of(name).examples;
        assert!(examples.iter().any(|example| example.text.contains(text)), "{examples:#?}");
    }

    #[track_caller]
    fn excused(&self, name: &str, rule: &str) {
        assert_eq!(self.of(name).excused.get(rule), Some(&1), "{:#?}", self.0);
    }
}

fn desired(value: u32) -> Value {
    json!({"desired": {"a": value}})
}

fn reported(value: u32) -> Value {
    json!({"reported": {"a": value}})
}

/// The worked trace of the reference (1.13), up to the device's second report.
fn lamp() -> Bench {
    let mut bench = Bench::new();
    bench.update(json!({"reported": {"ID": "SmartLamp21", "ColorRGB": [128, 128, 128]}}), 1);
    bench.update(json!({"desired": {"ColorRGB": [255, 255, 0]}}), 2);
    bench.see_delta(json!({"ColorRGB": [255, 255, 0]}), 2);
    bench.update(json!({"reported": {"ColorRGB": [255, 255, 0]}}), 3);
    bench
}

#[test]
fn the_trace_of_the_reference_is_right() {
    let mut bench = lamp();
    let lamp = json!({"ID": "SmartLamp21", "ColorRGB": [255, 255, 0]});
    bench.see_document(json!({"desired": {"ColorRGB": [255, 255, 0]}, "reported": lamp}), 3);
    bench.update(json!({"desired": null}), 4);
    bench.see_document(json!({"reported": lamp}), 4);
    bench.see("delete/accepted", &json!({"version": 4, "timestamp": 1}));
    bench.update(reported(1), 6);
    bench.see_document(reported(1), 6);
    bench.wait(60);
    let verdicts = bench.finish();
    verdicts.expect(0, 0, 0);
    assert!(verdicts.of("shadow-updates").checks >= 8);
    assert!(verdicts.of("shadow-delta").checks >= 3);
    assert!(verdicts.0.iter().all(|verdict| verdict.excused.is_empty()), "{:#?}", verdicts.0);
}

#[test]
fn messages_may_come_in_any_order_and_more_than_once() {
    let mut bench = Bench::new();
    let (one, two) = (bench.send(desired(1)), bench.send(desired(2)));
    bench.see_delta(json!({"a": 2}), 2);
    bench.see_document(json!({"desired": {"a": 2}, "delta": {"a": 2}}), 2);
    bench.see_accepted(&two, &desired(2), 2);
    bench.see_accepted(&one, &desired(1), 1);
    bench.see_accepted(&one, &desired(1), 1);
    bench.see_delta(json!({"a": 1}), 1);
    bench.update(reported(2), 3);
    bench.finish().expect(0, 0, 0);
}

#[test]
fn two_updates_of_one_version_are_caught() {
    let mut bench = lamp();
    bench.update(desired(1), 3);
    let verdicts = bench.finish();
    verdicts.expect(1, 0, 0);
    verdicts.says("shadow-updates", "two updates were accepted as version 3");
}

#[test]
fn a_version_that_no_update_made_is_caught() {
    let mut bench = lamp();
    bench.update(reported(1), 5);
    let verdicts = bench.finish();
    verdicts.expect(1, 0, 0);
    verdicts.says("shadow-updates", "1 versions were made of 0 updates");
}

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
fn an_accepted_update_that_nobody_sent_is_caught() {
    let mut bench = lamp();
    let token = bench.send(reported(1));
    bench.see_accepted(&token, &reported(2), 4);
    let verdicts = bench.finish();
    verdicts.says("shadow-updates", "of an update that nobody sent");
    // And one that was sent once and made two versions.
    let mut bench = lamp();
    let token = bench.send(reported(1));
    bench.see_accepted(&token, &reported(1), 4);
    bench.see_accepted(&token, &reported(1), 5);
    bench.finish().says("shadow-updates", "of an update that nobody sent");
}

#[test]
fn a_version_that_falls_is_caught() {
    let mut bench = lamp();
    bench.see_document(json!({}), 9);
    let token = bench.send(reported(1));
    bench.see_accepted(&token, &reported(1), 4);
    bench.finish().says("shadow-updates", "became version 4 after version 9 had been seen");
}

#[test]
fn an_update_becomes_the_version_above_the_one_it_names() {
    for (named, version, violations) in [(3, 4, 0), (2, 4, 1), (4, 4, 1)] {
        let mut bench = lamp();
        let token = bench.send_for(reported(1), Some(named));
        bench.see_accepted(&token, &reported(1), version);
        bench.finish().expect(violations, 0, 0);
    }
    for named in [0, 1] {
        let mut bench = Bench::new();
        let token = bench.send_for(reported(1), Some(named));
        bench.see_accepted(&token, &reported(1), 1);
        bench.finish().expect(0, 0, 0);
    }
}

#[test]
fn a_conflict_of_an_update_without_a_version_is_caught() {
    for (named, violations) in [(Some(2), 0), (None, 1)] {
        let mut bench = lamp();
        let token = bench.send_for(reported(1), named);
        bench.see_rejected(&token, 409);
        bench.finish().expect(violations, 0, 0);
    }
}

#[test]
fn a_lost_acknowledged_update_is_caught() {
    let mut bench = Bench::new();
    bench.update(desired(1), 1);
    bench.update(json!({"desired": {"b": 1}}), 2);
    bench.see_document(json!({"desired": {"b": 1}, "delta": {"b": 1}}), 2);
    let verdicts = bench.finish_with(None);
    verdicts.expect(1, 0, 0);
    verdicts.says("shadow-updates", "desired.a is not what the accepted updates made of it");
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
fn a_delta_with_too_much_too_little_or_without_a_difference_is_caught() {
    let state =
        json!({"desired": {"a": {"x": 1, "y": 2}, "b": 1}, "reported": {"a": {"x": 1}, "b": 1.0, "c": 1}});
    for (delta, violations) in [
        (json!({"a": {"y": 2}}), 0),
        (json!({"a": {"x": 1, "y": 2}}), 1),
        (json!({"a": {"y": 2}, "b": 1}), 1),
        (json!({"a": {"y": 3}}), 1),
        (json!({}), 1),
        (json!(null), 1),
    ] {
        let mut bench = Bench::new();
        bench.update(state.clone(), 1);
        bench.see_delta(delta, 1);
        bench.finish_with(None).expect(0, violations, 0);
    }
    let mut bench = lamp();
    bench.see_delta(json!({"ColorRGB": [255, 255, 0]}), 3);
    let verdicts = bench.finish();
    verdicts.expect(0, 1, 0);
    verdicts.says("shadow-delta", "where nothing desired differs");
}

#[test]
fn the_delta_in_a_document_is_decided_by_that_document() {
    for (delta, violations) in [(Some(json!({"a": 2})), 0), (None, 1), (Some(json!({"a": 2, "b": 1})), 1)] {
        let mut bench = Bench::new();
        bench.update(json!({"desired": {"a": 2}, "reported": {"a": 1, "b": 1}}), 1);
        let mut state = json!({"desired": {"a": 2}, "reported": {"a": 1, "b": 1}});
        if let Some(delta) = delta {
            state["delta"] = delta;
        }
        bench.see_document(state, 1);
        bench.finish_with(None).expect(0, violations, 0);
    }
    let mut bench = lamp();
    bench.see_document(json!({"delta": {}}), 3);
    assert_eq!(bench.finish().of("shadow-delta").violations, 1, "there is no empty delta");
}

#[test]
fn a_delta_of_a_version_that_is_not_known_is_not_judged() {
    let mut bench = Bench::new();
    bench.send(desired(1));
    bench.see_delta(json!({"b": 1}), 1);
    let verdicts = bench.finish_with(None);
    verdicts.expect(0, 0, 0);
    verdicts.excused("shadow-delta", "unheard-update");
}

#[test]
fn documents_of_versions_that_do_not_follow_each_other_are_caught() {
    for (previous, violations) in
        [(json!({"state": {}, "version": 2}), 0), (json!(null), 0), (json!({"state": {}, "version": 1}), 1)]
    {
        let mut bench = lamp();
        let current = json!({"state": {"desired": {"ColorRGB": [255, 255, 0]}, "reported": {"ID": "SmartLamp21", "ColorRGB": [255, 255, 0]}}, "version": 3});
        bench.see("update/documents", &json!({"previous": previous, "current": current, "timestamp": 1}));
        bench.finish().expect(violations, 0, 0);
    }
}

#[test]
fn a_device_that_does_not_report_what_is_desired_in_time_is_caught() {
    let behind = || {
        let mut bench = Bench::new();
        bench.update(reported(1), 1);
        bench.update(desired(2), 2);
        bench
    };
    let mut bench = behind();
    bench.wait(30);
    let verdicts = bench.finish();
    verdicts.expect(0, 0, 1);
    verdicts.says("shadow-convergence", r#"does not report {"a":2}"#);
    let mut bench = behind();
    bench.wait(29);
    bench.finish().excused("shadow-convergence", "under-way-at-the-end");
    // The time begins with its connection.
    let mut bench = behind();
    bench.wait(100);
    let since = bench.now - 29;
    bench
        .finish_with(Some(Timestamp::from_secs(since)))
        .excused("shadow-convergence", "under-way-at-the-end");
    let mut bench = behind();
    bench.wait(100);
    bench.finish_with(None).excused("shadow-convergence", "unreachable-at-the-end");
    let mut bench = behind();
    bench.update(reported(2), 3);
    bench.wait(100);
    let verdicts = bench.finish();
    verdicts.expect(0, 0, 0);
    assert_eq!(verdicts.of("shadow-convergence").checks, 1);
    // Unless nobody knows how the shadow stands.
    let mut bench = behind();
    bench.send(reported(2));
    bench.see_delta(json!({"b": 1}), 4);
    bench.wait(100);
    bench.finish().excused("shadow-convergence", "document-unknown");
}

#[test]
fn a_shadow_that_nobody_ever_spoke_of_wants_nothing() {
    let mut bench = Bench::new();
    bench.wait(100);
    bench.finish().expect(0, 0, 0);
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
fn shadows_are_told_apart_and_other_topics_are_none() {
    let mut bench = lamp();
    let payload = json!({"state": reported(1), "version": 7}).to_string();
    let at = bench.at();
    for topic in ["$aws/things/t/jobs/get/accepted", "things/t/shadow/update/accepted"] {
        bench.oracles.answer_seen(at, topic, payload.as_bytes());
    }
    bench.finish().expect(0, 0, 0);
    let mut bench = lamp();
    let at = bench.at();
    bench.oracles.answer_seen(at, "$aws/things/t/shadow/name/n/update/accepted", payload.as_bytes());
    bench.finish().says("shadow-updates", "$aws/things/t/shadow/name/n: version 7 was made of an update");
}

#[test]
fn what_is_published_has_to_be_json() {
    let mut bench = lamp();
    let at = bench.at();
    bench.oracles.answer_seen(at, &format!("{PREFIX}/update/delta"), b"{");
    bench.finish().expect(1, 0, 0);
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

#[test]
fn what_is_desired_counts_from_when_it_was_asked_for_if_nobody_hears_more() {
    let mut bench = Bench::new();
    bench.update(reported(1), 1);
    bench.wait(100);
    bench.send(desired(2));
    bench.see_document(json!({"desired": {"a": 2}, "reported": {"a": 1}, "delta": {"a": 2}}), 2);
    bench.wait(28);
    bench.finish().excused("shadow-convergence", "under-way-at-the-end");
}
