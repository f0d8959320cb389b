//! Devices that follow their shadows.

use serde_json::json;
use squall_types::Timestamp;

use crate::bench::*;

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
fn what_is_desired_counts_from_when_it_was_asked_for_if_nobody_hears_more() {
    let mut bench = Bench::new();
    bench.update(reported(1), 1);
    bench.wait(100);
    bench.send(desired(2));
    bench.see_document(json!({"desired": {"a": 2}, "reported": {"a": 1}, "delta": {"a": 2}}), 2);
    bench.wait(28);
    bench.finish().excused("shadow-convergence", "under-way-at-the-end");
}
