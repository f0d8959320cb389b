//! Merge, delta and metadata, one row each (`state.md` 1.5, 1.6, 1.7).

use serde_json::Value;
use squall_profile::switch::ShadowEmptyObject;

use crate::support::{Bench, START, of, settings};

/// What `patches` make of an empty desired section.
fn merged(bench: &mut Bench, patches: &[&str]) -> String {
    for patch in patches {
        bench.accept(&format!(r#"{{"state":{{"desired":{patch}}}}}"#));
    }
    bench.state().0
}

#[test]
fn patches_merge() {
    for (patches, expected) in [
        // Scalars replace, siblings stay, new keys come last.
        (&[r#"{"a":1,"b":2}"#, r#"{"c":3,"a":"x"}"#][..], r#"{"a":"x","b":2,"c":3}"#),
        // Check 19.
        (&[r#"{"o":{"a":1,"b":2}}"#, r#"{"o":{"b":3}}"#], r#"{"o":{"a":1,"b":3}}"#),
        // Check 15: arrays are one value.
        (&[r#"{"k":["R","G","B"]}"#, r#"{"k":["R"]}"#], r#"{"k":["R"]}"#),
        (&[r#"{"k":{"a":1}}"#, r#"{"k":[1]}"#], r#"{"k":[1]}"#),
        // Check 20 and its like: another type replaces.
        (&[r#"{"o":{"a":1}}"#, r#"{"o":"x"}"#], r#"{"o":"x"}"#),
        (&[r#"{"o":"x"}"#, r#"{"o":{"a":1}}"#], r#"{"o":{"a":1}}"#),
        (&[r#"{"o":[1]}"#, r#"{"o":{"a":null,"b":1}}"#], r#"{"o":{"b":1}}"#),
        (&[r#"{"o":1}"#, r#"{"o":{"a":null}}"#], ""),
        // Check 14: null deletes.
        (&[r#"{"a":1,"b":2}"#, r#"{"a":null}"#], r#"{"b":2}"#),
        (&[r#"{"a":1}"#, r#"{"z":null}"#], r#"{"a":1}"#),
        (&[r#"{"a":{"b":{"c":1}},"d":1}"#, r#"{"a":{"b":{"c":null}}}"#], r#"{"d":1}"#),
        (&[r#"{"a":1}"#, r#"{"a":null}"#], ""),
        (&[r#"{"a":1}"#, "null"], ""),
        // A new object loses its nulls and what they leave empty.
        (&[r#"{"n":{"a":null,"b":{"c":null},"d":1}}"#], r#"{"n":{"d":1}}"#),
        (&[r#"{"n":{"a":null}}"#], ""),
        // K-09.
        (&[r#"{"n":{},"m":1}"#], r#"{"m":1}"#),
        (&[r#"{"n":{"a":1}}"#, r#"{"n":{}}"#], r#"{"n":{"a":1}}"#),
        (&[r#"{}"#], ""),
        // Numbers stay as they were written, strings too but for their escapes.
        (
            &[r#"{"a":1.0,"b":1e2,"c":-0,"d":123456789012345678901234567890}"#],
            r#"{"a":1.0,"b":1e2,"c":-0,"d":123456789012345678901234567890}"#,
        ),
        (&[r#"{"A":1,"a":2}"#, r#"{"\u0061":3}"#], r#"{"A":1,"a":3}"#),
        // Of a key that is sent twice, the last counts.
        (&[r#"{"a":1,"b":2,"a":{"c":1,"c":2}}"#], r#"{"a":{"c":2},"b":2}"#),
        // The other order of keys than that of the state.
        (&[r#"{"a":1,"b":2,"c":3}"#, r#"{"c":6,"b":5,"x":0,"a":4}"#], r#"{"a":4,"b":5,"c":6,"x":0}"#),
        (
            &[r#"{"a":{"x":1},"b":{"y":1},"c":2}"#, r#"{"d":{"n":null},"b":{"y":null,"z":{"q":[]}}}"#],
            r#"{"a":{"x":1},"b":{"z":{"q":[]}},"c":2}"#,
        ),
    ] {
        assert_eq!(merged(&mut Bench::new(), patches), expected, "{patches:?}");
    }
}

#[test]
fn empty_objects_are_values_where_the_profile_says_so() {
    let mut settings = settings("aws-current");
    settings.empty_object = ShadowEmptyObject::Store;
    for (patches, expected) in [
        (&[r#"{"n":{},"m":1}"#][..], r#"{"n":{},"m":1}"#),
        (&[r#"{"n":{"a":1}}"#, r#"{"n":{"a":null}}"#], r#"{"n":{}}"#),
        (&[r#"{"n":{"a":1}}"#, r#"{"n":{}}"#], r#"{"n":{"a":1}}"#),
        (&[r#"{"n":1}"#, r#"{"n":{}}"#], r#"{"n":{}}"#),
    ] {
        assert_eq!(merged(&mut Bench::with(settings), patches), expected, "{patches:?}");
    }
    let mut bench = Bench::with(settings);
    let published = bench.update(r#"{"state":{"desired":{"n":{}}}}"#);
    assert!(of(&published, "update/delta").unwrap().contains(r#""state":{"n":{}},"metadata":{"n":{}}"#));
    let published = bench.update(r#"{"state":{"reported":{"n":{"a":1}}}}"#);
    assert_eq!(of(&published, "update/delta"), None, "every key of desired is reported");
}

#[test]
fn deltas_are_what_desired_has_and_reported_has_not() {
    for (desired, reported, expected) in [
        // Check 9, D1, D2.
        (r#"{"color":"RED"}"#, r#"{"engine":"ON"}"#, Some(r#"{"color":"RED"}"#)),
        // Check 10, D3.
        (
            r#"{"lights":{"color":{"r":255,"g":255,"b":255}}}"#,
            r#"{"lights":{"color":{"r":255,"g":0,"b":255}}}"#,
            Some(r#"{"lights":{"color":{"g":255}}}"#),
        ),
        // Check 11, D4.
        (r#"{"x":[1,2,3]}"#, r#"{"x":[1,2]}"#, Some(r#"{"x":[1,2,3]}"#)),
        (r#"{"x":[1,2]}"#, r#"{"x":[2,1]}"#, Some(r#"{"x":[1,2]}"#)),
        // Check 7, D8.
        (r#"{"a":1,"o":{"b":[1,{"c":"d"}]}}"#, r#"{"z":9,"o":{"b":[1,{"c":"d"}]},"a":1}"#, None),
        // D9.
        (r#"{"a":1,"o":{"b":2}}"#, "null", Some(r#"{"a":1,"o":{"b":2}}"#)),
        ("null", r#"{"a":1}"#, None),
        // Numbers by value, strings and case by bytes.
        (r#"{"a":1,"b":2.50,"c":1e3}"#, r#"{"a":1.0,"b":2.5,"c":1000}"#, None),
        (r#"{"a":"x","B":1}"#, r#"{"a":"X","b":1}"#, Some(r#"{"a":"x","B":1}"#)),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, Some(r#"{"a":1}"#)),
        (r#"{"a":true,"b":false}"#, r#"{"a":false,"b":false}"#, Some(r#"{"a":true}"#)),
        // Another type differs as a whole.
        (r#"{"a":{"b":1,"c":{"d":2}},"e":0}"#, r#"{"a":5,"e":0}"#, Some(r#"{"a":{"b":1,"c":{"d":2}}}"#)),
        (r#"{"a":5}"#, r#"{"a":{"b":1}}"#, Some(r#"{"a":5}"#)),
        // Elements are compared as values.
        (r#"{"a":[{"x":1,"y":2}]}"#, r#"{"a":[{"y":2.0,"x":1}]}"#, None),
        // What is S4's: several keys at once, one of them only reported.
        (
            r#"{"h":true,"t":22.5,"i":60}"#,
            r#"{"h":false,"t":18.3,"i":300,"f":"2.4.1"}"#,
            Some(r#"{"h":true,"t":22.5,"i":60}"#),
        ),
    ] {
        let mut bench = Bench::new();
        let published =
            bench.update(&format!(r#"{{"state":{{"desired":{desired},"reported":{reported}}}}}"#));
        let found = of(&published, "update/delta").map(|delta| serde_json::from_str::<Value>(delta).unwrap());
        let state = found.as_ref().map(|delta| delta["state"].to_string());
        assert_eq!(state.as_deref(), expected, "{desired} {reported}");
        let get: Value = serde_json::from_str(&bench.get()).unwrap();
        let in_get = get["state"].get("delta").map(Value::to_string);
        assert_eq!(in_get.as_deref(), expected);
        assert_eq!(get["metadata"].get("delta"), found.as_ref().map(|delta| &delta["metadata"]));
    }
}

/// Checks 12 and 13, D5 to D7 and D11: every difference each time, not only what this request touched.
#[test]
fn deltas_come_back_until_the_difference_is_gone() {
    let mut bench = Bench::new();
    let delta_after = |bench: &mut Bench, payload: &str| {
        let published = bench.update(payload);
        of(&published, "update/delta")
            .map(|delta| serde_json::from_str::<Value>(delta).unwrap()["state"].to_string())
    };
    for (payload, expected) in [
        (r#"{"state":{"desired":{"a":1,"b":2},"reported":{"a":0}}}"#, Some(r#"{"a":1,"b":2}"#)),
        (r#"{"state":{"reported":{"c":9}}}"#, Some(r#"{"a":1,"b":2}"#)),
        (r#"{"state":{"desired":{"a":1}}}"#, Some(r#"{"a":1,"b":2}"#)),
        (r#"{"state":{}}"#, Some(r#"{"a":1,"b":2}"#)),
        (r#"{"state":{"reported":{"a":1,"b":2}}}"#, None),
        (r#"{"state":{"reported":{"a":null}}}"#, Some(r#"{"a":1}"#)),
        (r#"{"state":{"desired":null}}"#, None),
    ] {
        assert_eq!(delta_after(&mut bench, payload).as_deref(), expected, "{payload}");
    }
}

/// `state.md` 1.6: a leaf's time is that of the last request that had it, changed or not.
#[test]
fn only_what_was_sent_is_stamped() {
    let mut bench = Bench::new();
    bench.accept(r#"{"state":{"desired":{"o":{"a":1,"b":2},"k":[1,2],"s":"x"}}}"#);
    bench.accept(r#"{"state":{"desired":{"o":{"b":2},"k":[3]}}}"#);
    bench.accept(r#"{"state":{"desired":{"s":{"t":1},"n":null}}}"#);
    let document: Value = serde_json::from_str(&bench.get()).unwrap();
    let at = |seconds: u64| format!(r#"{{"timestamp":{}}}"#, START + seconds);
    assert_eq!(
        document["metadata"]["desired"].to_string(),
        format!(r#"{{"o":{{"a":{},"b":{}}},"k":[{}],"s":{{"t":{}}}}}"#, at(1), at(2), at(2), at(3))
    );
}
