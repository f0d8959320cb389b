//! Versions, deletes and what is remembered of them (`state.md` 1.8, checks 17, 18, 21 to 28).

use squall_profile::Decision;
use squall_profile::switch::{ShadowVersionAfterDelete, ShadowVersionWhenAbsent};
use squall_services::shadow::{Operation, Rejection};

use crate::support::{Bench, START, T, settings};

const REPORT: &str = r#"{"state":{"reported":{"a":1}}}"#;
const MEMORY: u64 = 48 * 3_600;

fn update_with(version: u64) -> String {
    format!(r#"{{"state":{{"reported":{{"a":2}}}},"version":{version}}}"#)
}

/// A bench whose shadow has a version.
fn at_version(version: u64) -> Bench {
    let mut bench = Bench::new();
    for expected in 1..=version {
        assert_eq!(bench.accept(REPORT), expected);
    }
    bench
}

#[test]
fn every_accepted_update_is_one_version() {
    let mut bench = Bench::new();
    for (version, payload) in [
        REPORT,
        REPORT,
        r#"{"state":{}}"#,
        r#"{"state":{"desired":{"none":null}}}"#,
        r#"{"state":{"desired":null}}"#,
        r#"{"state":null}"#,
        r#"{"state":{"desired":{"a":1},"reported":{"a":2}}}"#,
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(bench.accept(payload), version as u64 + 1, "{payload}");
        let get = bench.get();
        assert!(get.contains(&format!(r#""version":{},"#, version + 1)), "{get}");
    }
}

/// Checks 17 and 18.
#[test]
fn null_removes_sections_but_not_the_shadow() {
    let mut bench = at_version(4);
    bench.accept(r#"{"state":{"desired":{"a":1}}}"#);
    bench.accept(r#"{"state":{"reported":{"c":"red"},"desired":null}}"#);
    let get = bench.get();
    assert!(!get.contains("desired") && get.contains(r#""reported":{"a":1,"c":"red"}"#), "{get}");
    assert_eq!(bench.accept(r#"{"state":null}"#), 7);
    assert_eq!(
        bench.get(),
        format!(r#"{{"state":{{}},"metadata":{{}},"version":7,"timestamp":{}}}"#, START + bench.seconds)
    );
}

/// Checks 21 to 23.
#[test]
fn a_version_that_is_not_the_current_one_conflicts() {
    let mut bench = at_version(10);
    for stale in [0, 1, 9, 11, u64::MAX] {
        let before = bench.state();
        assert_eq!(bench.refuse(update_with(stale)), Rejection::VersionConflict);
        assert_eq!(bench.state(), before);
    }
    let rejected = bench.update(r#"{"state":{},"version":9,"clientToken":"x"}"#);
    assert_eq!(
        rejected,
        [(
            "update/rejected".to_owned(),
            r#"{"code":409,"message":"Version conflict","clientToken":"x"}"#.to_owned()
        )]
    );
    assert_eq!(bench.accept(&update_with(10)), 11);
    assert_eq!(bench.accept(REPORT), 12);
}

/// Checks 25 to 28.
#[test]
fn a_deleted_shadows_version_is_remembered_for_48_hours() {
    let mut bench = at_version(4);
    assert_eq!(bench.delete(), format!(r#"{{"version":4,"timestamp":{}}}"#, START + bench.seconds));
    assert!(bench.get().contains(r#""code":404"#));
    assert!(bench.delete().contains(r#""code":404"#));
    for stale in [0, 1, 4, 6] {
        assert_eq!(bench.refuse(update_with(stale)), Rejection::VersionConflict, "{stale}");
    }
    // The delete took 5.
    assert_eq!(bench.accept(&update_with(5)), 6);

    for (waited, version) in [(MEMORY, 6), (MEMORY + 1, 1)] {
        let mut bench = at_version(4);
        bench.delete();
        bench.seconds += waited - 1;
        assert_eq!(bench.accept(REPORT), version, "{waited} s");
        assert!(!bench.state().1.is_empty());
    }
}

#[test]
fn another_profile_lets_the_version_follow_the_deleted_one() {
    let mut settings = settings("aws-current");
    settings.version_after_delete = ShadowVersionAfterDelete::Follows;
    let mut bench = Bench::with(settings);
    for _ in 0..4 {
        bench.accept(REPORT);
    }
    bench.delete();
    // Check 28 holds here too.
    assert_eq!(bench.refuse(update_with(4)), Rejection::VersionConflict);
    assert_eq!(bench.accept(REPORT), 5);
}

/// `state.md` K-11.
#[test]
fn a_version_for_a_shadow_that_never_was() {
    for (version, expected) in [(0, Ok(1)), (1, Ok(1)), (2, Err(Rejection::VersionConflict))] {
        let mut bench = Bench::new();
        let now = bench.now();
        let payload = update_with(version);
        let outcome = bench.shadows.handle(T, Operation::Update, payload.as_bytes(), now);
        assert_eq!(outcome.version(), expected, "{version}");
        assert!(outcome.relied_on().contains(Decision::ShadowVersionWhenAbsent));
    }
    let mut edge = settings("greengrass-sm");
    assert_eq!(edge.version_when_absent, ShadowVersionWhenAbsent::One);
    edge.levels = 8;
    assert_eq!(Bench::with(edge).refuse(update_with(0)), Rejection::InvalidVersion);
    assert_eq!(Bench::with(edge).accept(&update_with(1)), 1);
}

#[test]
fn the_open_questions_that_an_answer_depends_on_are_told() {
    let mut bench = Bench::new();
    let mut relied = |operation, payload: &str| {
        bench.seconds += 1;
        let now = bench.now();
        let outcome = bench.shadows.handle(T, operation, payload.as_bytes(), now);
        outcome.relied_on().iter().map(Decision::id).collect::<Vec<_>>()
    };
    assert_eq!(relied(Operation::Update, REPORT), ["K-02", "K-07"]);
    assert_eq!(relied(Operation::Update, r#"{"state":{"desired":{"a":2,"o":{}}}}"#), ["K-02", "K-09"]);
    assert_eq!(relied(Operation::Get, ""), ["K-03"]);
    assert_eq!(relied(Operation::Delete, ""), [""; 0]);
    assert_eq!(relied(Operation::Get, ""), ["K-08"]);
    assert_eq!(relied(Operation::Update, REPORT), ["K-01", "K-02", "K-07"]);
}
