//! Versions and updates: what must be caught, and what must not be mistaken for a violation.

use serde_json::json;

use crate::bench::*;

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
