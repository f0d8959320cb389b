//! The service against the plain second implementation, and against bytes that no client should send.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use squall_services::shadow::{Answer, Operation, Settings, ShadowId, ShadowTopic};

use crate::naive::Naive;
use crate::support::{Bench, START, T, settings, text};

/// What a test asks for.
#[derive(Clone, Debug)]
enum Step {
    Update { state: Value, version: Version, pretty: bool },
    Get,
    Delete,
    Wait { hours: u64 },
}

#[derive(Clone, Copy, Debug)]
enum Version {
    None,
    Current,
    Exactly(u64),
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::from),
        4 => (-2_i64..3).prop_map(Value::from),
        2 => prop_oneof![Just(0.5), Just(1.0), Just(-2.0), Just(1e30)].prop_map(Value::from),
        2 => prop_oneof![Just(""), Just("x"), Just("\"\\\n/é\u{1}"), Just("{a:[1]}")].prop_map(Value::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-d]", 1 => Just("a\"b".to_owned()), 1 => Just("ü".to_owned())]
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    vec((key(), value), 0..5).prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

fn section() -> impl Strategy<Value = Value> {
    let value = leaf().prop_recursive(
        4,
        24,
        5,
        |inside| prop_oneof![3 => object(inside.clone()), 1 => vec(inside, 0..4).prop_map(Value::from)],
    );
    prop_oneof![1 => Just(Value::Null), 9 => object(value)]
}

fn state() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        8 => section().prop_map(|desired| json!({ "desired": desired })),
        8 => section().prop_map(|reported| json!({ "reported": reported })),
        6 => (section(), section()).prop_map(|(desired, reported)| json!({ "reported": reported, "desired": desired })),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let version = prop_oneof![
        6 => Just(Version::None),
        2 => Just(Version::Current),
        1 => (0_u64..12).prop_map(Version::Exactly),
    ];
    prop_oneof![
        12 => (state(), version, any::<bool>())
            .prop_map(|(state, version, pretty)| Step::Update { state, version, pretty }),
        2 => Just(Step::Get),
        1 => Just(Step::Delete),
        1 => (0_u64..60).prop_map(|hours| Step::Wait { hours }),
    ]
}

/// Small limits find edges.
fn small(state_bytes: usize, levels: u32) -> Settings {
    Settings { state_bytes, levels, ..settings("aws-current") }
}

fn run(steps: Vec<Step>, settings: Settings) -> Result<(), TestCaseError> {
    let mut bench = Bench::with(settings);
    let mut naive = Naive::default();
    let mut highest = 0;
    for step in steps {
        bench.seconds += 1;
        let (seconds, now) = (bench.seconds, bench.now());
        let wall = START + seconds;
        match step {
            Step::Wait { hours } => bench.seconds += hours * 3_600,
            Step::Get => {
                let outcome = bench.shadows.handle(T, Operation::Get, b"", now);
                let found = outcome.version().is_ok().then(|| text(&outcome, Answer::Accepted));
                prop_assert_eq!(found, naive.get(wall));
            }
            Step::Delete => {
                let found = bench.shadows.handle(T, Operation::Delete, b"", now).version().ok();
                prop_assert_eq!(found, naive.delete(seconds));
            }
            Step::Update { state, version, pretty } => {
                let mut request = json!({ "state": state });
                match version {
                    Version::None => {}
                    Version::Current => request["version"] = json!(naive.version),
                    Version::Exactly(version) => request["version"] = json!(version),
                }
                if naive.is_forgotten(seconds, &settings) {
                    highest = 0;
                }
                let payload = if pretty {
                    serde_json::to_string_pretty(&request).unwrap()
                } else {
                    request.to_string()
                };
                let before = bench.state();
                let outcome = bench.shadows.handle(T, Operation::Update, payload.as_bytes(), now);
                match naive.update(&request, &settings, seconds, wall) {
                    Ok(expected) => {
                        let version = outcome.version();
                        prop_assert_eq!(version, Ok(naive.version), "{}", payload);
                        prop_assert!(naive.version > highest);
                        highest = naive.version;
                        prop_assert_eq!(text(&outcome, Answer::Accepted), expected.accepted);
                        prop_assert_eq!(outcome.has_delta(), expected.delta.is_some());
                        prop_assert_eq!(text(&outcome, Answer::Delta), expected.delta.unwrap_or_default());
                        prop_assert_eq!(text(&outcome, Answer::Documents), expected.documents);
                    }
                    Err(rejection) => {
                        prop_assert_eq!(outcome.version(), Err(rejection), "{}", payload);
                        prop_assert_eq!(bench.state(), before);
                    }
                }
            }
        }
    }
    Ok(())
}

/// A text of JSON of which some bytes were changed.
fn broken_json() -> impl Strategy<Value = Vec<u8>> {
    let edits = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (state(), edits).prop_map(|(state, edits)| {
        let mut bytes =
            json!({ "state": state, "clientToken": "\u{e9}", "version": 0 }).to_string().into_bytes();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// Text made of what JSON is made of.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\u",
        "d800",
        "\\",
        "null",
        "true",
        "1",
        "-",
        ".",
        "e9",
        " ",
        "\"state\":",
        "\"desired\":",
        "\"a\":",
        "\"version\":",
        "{\"state\":{\"desired\":{",
        "\"clientToken\":\"x\"",
    ]);
    vec(part, 0..40).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Delta, metadata, versions and refusals are those of the rules read plainly.
    #[test]
    fn the_service_does_what_the_rules_say(steps in vec(step(), 1..40)) {
        run(steps, small(8_192, 8))?;
    }

    #[test]
    fn small_limits_hold_at_their_edges(steps in vec(step(), 1..40), bytes in 10_usize..120, levels in 1_u32..4) {
        run(steps, small(bytes, levels))?;
    }

    #[test]
    fn no_bytes_bring_the_service_down(
        payloads in vec(prop_oneof![vec(any::<u8>(), 0..64), broken_json(), json_like()], 1..8)
    ) {
        let mut bench = Bench::new();
        for payload in payloads {
            for operation in [Operation::Get, Operation::Update, Operation::Delete] {
                let before = bench.state();
                let published = bench.ask(T, operation, &payload);
                prop_assert!(!published.is_empty());
                for (topic, text) in &published {
                    // Numbers stay as they were sent, also those that no float can hold.
                    let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
                    prop_assert!(parsed.is_ok(), "{}: {}", topic, text);
                    if topic.ends_with("rejected") {
                        prop_assert_eq!(&bench.state(), &before);
                    }
                }
            }
        }
    }

    #[test]
    fn any_topic_is_read_as_it_prints(topic in r"(\$aws/things/)?[a-z/]{0,12}(/shadow)?(/name/n)?/(get|update|delete)?(/accepted|/delta)?") {
        if let Some(parsed) = ShadowTopic::parse(&topic) {
            prop_assert_eq!(parsed.to_string(), topic);
        }
    }
}

#[test]
fn a_thing_with_many_keys_in_another_order_is_merged_all_the_same() {
    let forwards: Map<String, Value> = (0..600).map(|n| (format!("k{n}"), json!(n))).collect();
    let backwards: Map<String, Value> = (0..600).rev().map(|n| (format!("k{n}"), json!(n + n % 2))).collect();
    let mut bench = Bench::with(small(20_000, 8));
    let shadow = ShadowId::named("t", "many");
    bench.ask(shadow, Operation::Update, json!({ "state": { "desired": forwards } }).to_string().as_bytes());
    let reported = json!({ "state": { "reported": backwards } }).to_string();
    let published = bench.ask(shadow, Operation::Update, reported.as_bytes());
    let delta: Value = serde_json::from_str(&published[1].1).unwrap();
    assert_eq!(delta["state"].as_object().unwrap().len(), 300);
    let desired = json!({ "state": { "desired": backwards } }).to_string();
    assert_eq!(bench.ask(shadow, Operation::Update, desired.as_bytes()).len(), 2, "no delta is left");
}
