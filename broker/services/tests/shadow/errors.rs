//! What is refused, in which words, and that nothing changes then (`state.md` 1.3, 1.9; checks 1, 2, 16, 29 to 35, 48, 49).

use squall_profile::switch::ShadowErrorTimestamp;
use squall_services::shadow::{Operation, Rejection, ShadowId};

use crate::support::{Bench, START, T, settings};

#[test]
fn bad_updates_are_refused_in_the_documented_words() {
    let nested = |levels: usize, inside: &str| {
        format!(r#"{{"state":{{"desired":{}{inside}{}}}}}"#, r#"{"k":"#.repeat(levels), "}".repeat(levels))
    };
    let deep_array =
        format!(r#"{{"state":{{"desired":{{"k":{}{}}}}}}}"#, "[".repeat(9_000), "]".repeat(9_000));
    let deep_object = nested(9_000, "1");
    let long_token = format!(r#"{{"state":{{}},"clientToken":"{}"}}"#, "x".repeat(65));
    let cases: &[(&[u8], u16, &str)] = &[
        // Check 48: before anything is parsed.
        (b"{\"state\":\xff}", 415, "Unsupported documented encoding; supported encoding is UTF-8"),
        (b"", 400, "Invalid JSON"),
        (br#"{"state":"#, 400, "Invalid JSON"),
        (b"[]", 400, "Invalid JSON"),
        (b"null", 400, "Invalid JSON"),
        (br#"{"state":{}} x"#, 400, "Invalid JSON"),
        (br#"{"state":{"desired":{"a":01}}}"#, 400, "Invalid JSON"),
        (br#"{"state":{"desired":{"a":"\ud800"}}}"#, 400, "Invalid JSON"),
        (br#"{"state":{"desired":{"a":1,}}}"#, 400, "Invalid JSON"),
        (br#"{"state":{"desired":{"a":NaN}}}"#, 400, "Invalid JSON"),
        (b"\xef\xbb\xbf{\"state\":{}}", 400, "Invalid JSON"),
        (br#"{"foo":1}"#, 400, "Missing required node: state"),
        (br#"{"State":{}}"#, 400, "Missing required node: state"),
        (br#"{"state":[]}"#, 400, "State node must be an object"),
        (br#"{"state":"x"}"#, 400, "State node must be an object"),
        (br#"{"state":{"desired":3}}"#, 400, "Desired node must be an object"),
        (br#"{"state":{"desired":[]}}"#, 400, "Desired node must be an object"),
        (br#"{"state":{"reported":"x"}}"#, 400, "Reported node must be an object"),
        (br#"{"state":{"reported":{},"desired":true}}"#, 400, "Desired node must be an object"),
        (long_token.as_bytes(), 400, "Invalid clientToken"),
        (br#"{"state":{},"clientToken":5}"#, 400, "Invalid clientToken"),
        (br#"{"state":{},"clientToken":null}"#, 400, "Invalid clientToken"),
        (br#"{"state":{},"version":"abc"}"#, 400, "Invalid version"),
        (br#"{"state":{},"version":-1}"#, 400, "Invalid version"),
        (br#"{"state":{},"version":1.5}"#, 400, "Invalid version"),
        (br#"{"state":{},"version":null}"#, 400, "Invalid version"),
        (br#"{"state":{},"version":"3"}"#, 400, "Invalid version"),
        (deep_array.as_bytes(), 400, "JSON contains too many levels of nesting; maximum is 6"),
        (deep_object.as_bytes(), 400, "JSON contains too many levels of nesting; maximum is 6"),
        // Check 16.
        (br#"{"state":{"desired":{"colors":[null,"RED"]}}}"#, 400, "State contains an invalid node"),
        (br#"{"state":{"desired":{"colors":[{"a":[1,null]}]}}}"#, 400, "State contains an invalid node"),
        (br#"{"state":{"desired":{"colors":[{"a":null}]}}}"#, 400, "State contains an invalid node"),
        (br#"{"state":{},"version":3}"#, 409, "Version conflict"),
        (br#"{"state":{},"version":99999999999999999999999}"#, 409, "Version conflict"),
    ];
    for &(payload, code, message) in cases {
        let shown = String::from_utf8_lossy(&payload[..payload.len().min(80)]).into_owned();
        let mut bench = Bench::new();
        bench.accept(r#"{"state":{"desired":{"a":1},"reported":{"b":[2]}}}"#);
        let without_time = |get: String| get.rsplit_once(",\"timestamp\":").unwrap().0.to_owned();
        let before = (bench.state(), without_time(bench.get()));
        let published = bench.ask(T, Operation::Update, payload);
        let time =
            if code == 409 { String::new() } else { format!(r#","timestamp":{}"#, START + bench.seconds) };
        let expected = format!(r#"{{"code":{code},"message":"{message}"{time}}}"#);
        assert_eq!(published, [("update/rejected".to_owned(), expected)], "{shown}");
        assert_eq!((bench.state(), without_time(bench.get())), before, "{shown}");
    }
}

/// `state.md` 1.3: of several faults the first counts.
#[test]
fn the_first_failing_check_counts() {
    let nine = r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}"#;
    let faults = [
        (r#""state":{"desired":7}"#, Rejection::DesiredNotObject),
        (r#""clientToken":7"#, Rejection::InvalidClientToken),
        (r#""version":"7""#, Rejection::InvalidVersion),
    ];
    let mut bench = Bench::new();
    for from in 0..faults.len() {
        let tail: Vec<&str> = faults[from..].iter().map(|(text, _)| *text).collect();
        let state = if from == 0 {
            String::new()
        } else {
            format!(r#","state":{{"desired":{nine},"reported":{{"x":[null]}}}}"#)
        };
        assert_eq!(bench.refuse(format!("{{{}{state}}}", tail.join(","))), faults[from].1);
    }
    let deep = format!(r#"{{"version":7,"state":{{"desired":{nine},"reported":{{"x":[null]}}}}}}"#);
    assert_eq!(bench.refuse(deep), Rejection::TooDeep);
    assert_eq!(bench.refuse(r#"{"version":7,"state":{"reported":{"x":[null]}}}"#), Rejection::InvalidNode);
    let large = format!(r#"{{"version":7,"state":{{"reported":{{"x":"{}"}}}}}}"#, "x".repeat(9_000));
    assert_eq!(bench.refuse(large), Rejection::VersionConflict);
}

/// Checks 34 and 35.
#[test]
fn keys_nest_as_deep_as_the_profile_says() {
    for (profile, levels) in [("aws-current", 8), ("greengrass-sm", 6), ("aws-2019", 5)] {
        let update = |levels: usize, leaf: &str| {
            format!(r#"{{"state":{{"desired":{}{leaf}{}}}}}"#, r#"{"k":"#.repeat(levels), "}".repeat(levels))
        };
        let mut bench = Bench::with(settings(profile));
        bench.accept(&update(levels, "1"));
        bench.accept(&update(levels, "[1,2]"));
        bench.accept(&update(levels, "{}"));
        for (levels, leaf) in
            [(levels + 1, "1"), (levels, r#"{"k":1}"#), (levels, "[[1]]"), (levels, r#"[{"k":1}]"#)]
        {
            assert_eq!(bench.refuse(update(levels, leaf)), Rejection::TooDeep, "{profile} {levels} {leaf}");
        }
    }
}

/// Checks 1 and 2, and K-08.
#[test]
fn a_missing_shadow_is_named() {
    let mut bench = Bench::new();
    for (shadow, name) in
        [(ShadowId::classic("Limits"), "Limits"), (ShadowId::named("Limits", "S$1:_-"), "S$1:_-")]
    {
        let get = &bench.ask(shadow, Operation::Get, br#"{"clientToken":"c"}"#)[0];
        assert!(get.0.ends_with("get/rejected"));
        assert_eq!(
            get.1,
            format!(r#"{{"code":404,"message":"No shadow exists with name: '{name}'","clientToken":"c"}}"#)
        );
        let delete = &bench.ask(shadow, Operation::Delete, b"")[0];
        assert!(delete.0.ends_with("delete/rejected"));
        let time = START + bench.seconds;
        assert_eq!(
            delete.1,
            format!(r#"{{"code":404,"message":"No shadow exists with name: '{name}'","timestamp":{time}}}"#)
        );
    }
    let mut settings = settings("aws-current");
    settings.error_timestamp = ShadowErrorTimestamp::Always;
    assert!(Bench::with(settings).get().contains(r#""timestamp":"#));
}

/// Check 44, `state.md` 1.10.
#[test]
fn names_have_bounds() {
    let (thing_max, shadow_max) = ("t".repeat(128), "s".repeat(64));
    let (thing_long, shadow_long) = ("t".repeat(129), "s".repeat(65));
    for (shadow, expected) in [
        (ShadowId::classic(&thing_max), Ok(1)),
        (ShadowId::named("t", &shadow_max), Ok(1)),
        (ShadowId::named("a-Z_0:", "$a-Z_0:"), Ok(1)),
        (ShadowId::classic(&thing_long), Err(Rejection::ThingNotFound)),
        (ShadowId::classic(""), Err(Rejection::ThingNotFound)),
        (ShadowId::classic("a b"), Err(Rejection::ThingNotFound)),
        (ShadowId::classic("$t"), Err(Rejection::ThingNotFound)),
        (ShadowId::named("t", &shadow_long), Err(Rejection::InvalidShadowName)),
        (ShadowId::named("t", ""), Err(Rejection::InvalidShadowName)),
        (ShadowId::named("t", "a/b"), Err(Rejection::InvalidShadowName)),
        (ShadowId::named("t", "ä"), Err(Rejection::InvalidShadowName)),
    ] {
        let mut bench = Bench::new();
        let now = bench.now();
        let found = bench.shadows.handle(shadow, Operation::Update, br#"{"state":{}}"#, now).version();
        assert_eq!(found, expected, "{shadow:?}");
        assert_eq!(bench.shadows.current(shadow).is_some(), expected.is_ok());
    }
}
