//! Sizes, rates and numbers (`state.md` 1.10, checks 36 to 39 and 46).

use squall_profile::switch::ShadowPublishOrder;
use squall_services::shadow::{Answer, InFlight, Operation, Rejection, ShadowId, publish_order};

use crate::support::{Bench, T, of, settings};

/// An update of desired whose section becomes exactly so many bytes long.
fn of_bytes(bytes: usize) -> String {
    format!(r#"{{"state":{{"desired":{{"a":"{}"}}}}}}"#, "x".repeat(bytes - r#"{"a":""}"#.len()))
}

/// Checks 36 and 37: both sections count together, as compact JSON; nothing else does.
#[test]
fn state_may_have_8192_bytes() {
    let mut bench = Bench::new();
    let report = r#"{"state":{"reported":{"b":[1, 2],  "c":"é"}}}"#;
    bench.accept(report);
    let reported = r#"{"b":[1,2],"c":"é"}"#;
    bench.accept(&of_bytes(8_192 - reported.len()));
    let now = bench.now();
    assert_eq!(bench.shadows.handle(T, Operation::Get, b"", now).state_bytes(), 8_192);
    let full = bench.state();
    assert_eq!(bench.refuse(of_bytes(8_193 - reported.len())), Rejection::TooLarge);
    assert_eq!(bench.refuse(r#"{"state":{"reported":{"b":[1,22]}}}"#), Rejection::TooLarge);
    assert_eq!(bench.state(), full);
    let published = bench.update(r#"{"state":{"desired":{"b":1}},"clientToken":"c"}"#);
    let rejected = of(&published, "update/rejected").unwrap();
    assert!(
        rejected.starts_with(r#"{"code":413,"message":"The payload exceeds the maximum size allowed""#),
        "{rejected}"
    );
    // The size is that after the merge.
    bench.accept(r#"{"state":{"reported":{"b":null,"d":[1,2]}}}"#);
    assert_eq!(bench.refuse(r#"{"state":{"reported":{"d":[1,2,3]}}}"#), Rejection::TooLarge);
    bench.accept(r#"{"state":{"reported":{"d":[1,2,3]},"desired":null}}"#);
    // Many leaves have much metadata, which does not count.
    let leaves: Vec<String> = (0..1_000).map(|n| format!(r#""{n}":1"#)).collect();
    bench.accept(&format!(r#"{{"state":{{"desired":{{{}}}}}}}"#, leaves.join(",")));
    assert!(bench.get().len() > 30_000);
}

/// Check 39.
#[test]
fn each_shadow_has_its_rate() {
    let mut bench = Bench::new();
    let named = ShadowId::named("t", "n");
    let now = bench.now();
    let mut ask = |shadow, operation| {
        bench.shadows.handle(shadow, operation, br#"{"state":{},"clientToken":"c"}"#, now).version()
    };
    for n in 1..=20 {
        assert_eq!(ask(T, Operation::Update), Ok(n));
        assert_eq!(ask(named, Operation::Update), Ok(n));
    }
    for operation in [Operation::Get, Operation::Update, Operation::Delete] {
        assert_eq!(ask(T, operation), Err(Rejection::Throttled));
    }
    let published = {
        let outcome = bench.shadows.handle(T, Operation::Update, br#"{"clientToken":"c"}"#, now);
        crate::support::published(&outcome)
    };
    let rejected = of(&published, "update/rejected").unwrap();
    assert!(
        rejected.starts_with(r#"{"code":429,"#) && rejected.ends_with(r#""clientToken":"c"}"#),
        "{rejected}"
    );
    assert_eq!(bench.accept(r#"{"state":{}}"#), 21);
}

#[test]
fn in_2019_all_shadows_of_a_thing_shared_a_rate() {
    let mut bench = Bench::with(settings("aws-2019"));
    let now = bench.now();
    let accepted = (0..40).filter(|n| {
        let name = format!("n{n}");
        bench
            .shadows
            .handle(ShadowId::named("t", &name), Operation::Update, br#"{"state":{}}"#, now)
            .version()
            .is_ok()
    });
    assert_eq!(accepted.count(), 20);
}

/// `state.md` 1.10: 4000 a second, 400 in smaller regions. What is refused counts nowhere.
#[test]
fn the_account_has_a_rate() {
    for (profile, most) in [("aws-current", 4_000), ("aws-select-region", 400)] {
        let mut bench = Bench::with(settings(profile));
        let now = bench.now();
        let mut ask = |n: u32| {
            let thing = format!("t{n}");
            bench
                .shadows
                .handle(ShadowId::classic(&thing), Operation::Update, br#"{"state":{}}"#, now)
                .version()
        };
        assert!((0..most).all(|n| ask(n) == Ok(1)));
        assert_eq!(ask(most), Err(Rejection::Throttled));
    }
}

/// Check 38: the connection counts, the service answers.
#[test]
fn a_request_over_ten_in_flight_is_refused() {
    let bench = Bench::new();
    let limit = bench.shadows.settings().in_flight;
    let mut in_flight = InFlight::default();
    assert!((0..10).all(|_| in_flight.begin("t", limit)));
    assert!(!in_flight.begin("t", limit));
    let outcome = bench.shadows.refuse(T, Operation::Get, br#"{"clientToken":"c"}"#, bench.now());
    assert_eq!(outcome.version(), Err(Rejection::Throttled));
    let published = crate::support::published(&outcome);
    assert!(of(&published, "get/rejected").unwrap().starts_with(r#"{"code":429,"#));
    in_flight.end("t");
    assert!(in_flight.begin("t", limit));
}

/// Check 46.
#[test]
fn the_handbook_allows_ten_named_shadows() {
    for (profile, expected) in [("aws-current", Ok(1)), ("seed-handbook", Err(Rejection::TooManyShadows))] {
        let mut bench = Bench::with(settings(profile));
        let now = bench.now();
        let mut ask = |name: &str, operation| {
            bench.shadows.handle(ShadowId::named("t", name), operation, br#"{"state":{}}"#, now).version()
        };
        for n in 0..10 {
            assert_eq!(ask(&format!("n{n}"), Operation::Update), Ok(1));
        }
        assert_eq!(ask("n10", Operation::Update), expected, "{profile}");
        // Those that are there may change, and one that goes makes room.
        assert_eq!(ask("n3", Operation::Update), Ok(2));
        assert_eq!(ask("n4", Operation::Delete), Ok(1));
        assert_eq!(ask("n11", Operation::Update), Ok(1));
        assert_eq!(bench.shadows.handle(T, Operation::Update, br#"{"state":{}}"#, now).version(), Ok(1));
    }
}

/// `state.md` K-02.
#[test]
fn answers_have_the_order_of_the_profile() {
    let order = |profile: &str| {
        let published = Bench::with(settings(profile)).update(r#"{"state":{"desired":{"a":1}}}"#);
        published.into_iter().map(|(topic, _)| topic).collect::<Vec<_>>()
    };
    assert_eq!(order("aws-current"), ["update/accepted", "update/delta", "update/documents"]);
    assert_eq!(order("greengrass-sm"), ["update/delta", "update/documents", "update/accepted"]);
    let mut orders: Vec<[Answer; 3]> =
        (0..6).map(|draw| publish_order(ShadowPublishOrder::Shuffle, draw)).collect();
    orders.sort_by_key(|order| order.map(|answer| answer as u8));
    orders.dedup();
    assert_eq!(orders.len(), 6);
}
