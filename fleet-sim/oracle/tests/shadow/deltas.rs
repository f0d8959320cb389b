//! Deltas, by themselves and in documents.

use serde_json::json;

use crate::bench::*;

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
