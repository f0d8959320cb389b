//! Documents byte by byte: the samples of the reference, its trace, and the document of S4.

use serde_json::Value;
use squall_profile::switch::ShadowPreviousAtCreation;
use squall_services::shadow::{Operation, ShadowCall, ShadowId};

use crate::support::{Bench, START, T, of, settings};

/// `state.md` 1.13.
#[test]
fn the_trace_of_the_reference() {
    let lamp = ShadowId::classic("simShadow1");
    let mut bench = Bench::new();
    let mut trace = String::new();
    let mut note = |step: &str, published: &[(String, String)], body: Option<&str>| {
        trace += &format!("{step}\n");
        if let Some(text) = body {
            trace += &format!("  200: {text}\n");
        }
        for (topic, payload) in published {
            trace += &format!("  {topic}: {payload}\n");
        }
    };
    note("get", &bench.ask(lamp, Operation::Get, b""), None);
    let first = br#"{"state":{"reported":{"ID":"SmartLamp21","ColorRGB":[128,128,128]}},"clientToken":"c1"}"#;
    note("update reported", &bench.ask(lamp, Operation::Update, first), None);
    let payload = br#"{"state":{"desired":{"ColorRGB":[255,255,0]}}}"#;
    let (refused, body, published) = bench.call(ShadowCall::UpdateThingShadow { shadow: lamp, payload });
    assert_eq!(refused, None);
    note("update desired over HTTPS", &published, Some(&body));
    let report = br#"{"state":{"reported":{"ColorRGB":[255,255,0]}},"clientToken":"c2"}"#;
    note("device reports", &bench.ask(lamp, Operation::Update, report), None);
    note("get", &bench.ask(lamp, Operation::Get, br#"{"clientToken":"c3"}"#), None);
    note("desired null", &bench.ask(lamp, Operation::Update, br#"{"state":{"desired":null}}"#), None);
    note("get", &bench.ask(lamp, Operation::Get, b""), None);
    note("delete", &bench.ask(lamp, Operation::Delete, b"anything"), None);
    note("get", &bench.ask(lamp, Operation::Get, b""), None);
    note("update again", &bench.ask(lamp, Operation::Update, br#"{"state":{"reported":{"ID":1}}}"#), None);
    insta::assert_snapshot!(trace);
}

/// S4's document, version 47, field by field; the delta's metadata is left out there (`state.md` 0.6).
#[test]
fn the_document_of_the_handbook() {
    let mut bench = Bench::with(settings("seed-handbook"));
    let at = |bench: &mut Bench, seconds: u64, payload: &str| {
        // One second is added by the update itself.
        bench.seconds = seconds - START - 1;
        bench.accept(payload)
    };
    const FIRMWARE: u64 = 1_709_280_000;
    const REPORTED: u64 = 1_709_310_000;
    const DESIRED: u64 = 1_709_312_400;
    at(
        &mut bench,
        FIRMWARE,
        r#"{"state":{"reported":{"heaterEnabled":true,"targetTemp":1,"reportingInterval":1,"firmwareVersion":"2.4.1"}}}"#,
    );
    for _ in 0..44 {
        bench.accept(r#"{"state":{}}"#);
    }
    let reported =
        r#"{"state":{"reported":{"heaterEnabled":false,"targetTemp":18.3,"reportingInterval":300}}}"#;
    assert_eq!(at(&mut bench, REPORTED, reported), 46);
    let desired = r#"{"state":{"desired":{"heaterEnabled":true,"targetTemp":22.5,"reportingInterval":60}}}"#;
    bench.seconds = DESIRED - START - 1;
    let published = bench.update(desired);
    bench.seconds -= 1;
    let expected = r#"{
        "state": {
            "desired": { "heaterEnabled": true, "targetTemp": 22.5, "reportingInterval": 60 },
            "reported": { "heaterEnabled": false, "targetTemp": 18.3, "reportingInterval": 300, "firmwareVersion": "2.4.1" },
            "delta": { "heaterEnabled": true, "targetTemp": 22.5, "reportingInterval": 60 }
        },
        "metadata": {
            "desired": {
                "heaterEnabled": { "timestamp": 1709312400 },
                "targetTemp": { "timestamp": 1709312400 },
                "reportingInterval": { "timestamp": 1709312400 }
            },
            "reported": {
                "heaterEnabled": { "timestamp": 1709310000 },
                "targetTemp": { "timestamp": 1709310000 },
                "reportingInterval": { "timestamp": 1709310000 },
                "firmwareVersion": { "timestamp": 1709280000 }
            }
        },
        "version": 47,
        "timestamp": 1709312400
    }"#;
    // The order of keys is S4's too: maps of serde_json keep it here.
    let expected: Value = serde_json::from_str(expected).unwrap();
    assert_eq!(bench.get(), expected.to_string());
    // Check 50: three keys, not the one that is only reported.
    let delta: Value = serde_json::from_str(of(&published, "update/delta").unwrap()).unwrap();
    assert_eq!(delta["state"], expected["state"]["delta"]);
    assert_eq!(delta["metadata"], expected["metadata"]["desired"]);
}

/// Checks 3 to 8 and 13.
#[test]
fn updates_are_answered_as_documented() {
    let mut bench = Bench::new();
    let t = START + 1;
    let published = bench.update(r#"{"state":{"reported":{"a":1}},"clientToken":"x"}"#);
    assert_eq!(
        published,
        [
            (
                "update/accepted".to_owned(),
                format!(
                    r#"{{"state":{{"reported":{{"a":1}}}},"metadata":{{"reported":{{"a":{{"timestamp":{t}}}}}}},"version":1,"timestamp":{t},"clientToken":"x"}}"#
                )
            ),
            (
                "update/documents".to_owned(),
                format!(
                    r#"{{"previous":null,"current":{{"state":{{"reported":{{"a":1}}}},"metadata":{{"reported":{{"a":{{"timestamp":{t}}}}}}},"version":1}},"timestamp":{t},"clientToken":"x"}}"#
                )
            ),
        ]
    );
    let t = t + 1;
    let published = bench.update(r#"{"state":{"desired":{"a":2}}}"#);
    let delta = format!(
        r#"{{"version":2,"timestamp":{t},"state":{{"a":2}},"metadata":{{"a":{{"timestamp":{t}}}}}}}"#
    );
    assert_eq!(of(&published, "update/delta"), Some(&*delta));
    let topics: Vec<&str> = published.iter().map(|(topic, _)| &**topic).collect();
    assert_eq!(topics, ["update/accepted", "update/delta", "update/documents"]);
    let get = bench.get();
    let now = t + 1;
    assert_eq!(
        get,
        format!(
            r#"{{"state":{{"desired":{{"a":2}},"reported":{{"a":1}},"delta":{{"a":2}}}},"metadata":{{"desired":{{"a":{{"timestamp":{t}}}}},"reported":{{"a":{{"timestamp":{}}}}},"delta":{{"a":{{"timestamp":{t}}}}}}},"version":2,"timestamp":{now}}}"#,
            t - 1
        )
    );
    let published = bench.update(r#"{"state":{"reported":{"a":2}}}"#);
    assert_eq!(of(&published, "update/delta"), None);
    assert!(of(&published, "update/documents").is_some());
    assert!(!bench.get().contains("delta"));
}

/// `state.md` 1.2, 1.4.1, 1.6: what was sent comes back, nulls and order too, and null has a timestamp.
#[test]
fn accepted_echoes_the_request() {
    for (request, state, metadata) in [
        (r#"{"state":{"desired":{"a":null}}}"#, r#"{"desired":{"a":null}}"#, r#"{"desired":{"a":T}}"#),
        (
            r#"{ "state": { "reported": {"c": "red"}, "desired": null } }"#,
            r#"{"reported":{"c":"red"},"desired":null}"#,
            r#"{"reported":{"c":T},"desired":T}"#,
        ),
        (r#"{"state":{}}"#, "{}", "{}"),
        (r#"{"state":null}"#, "null", "T"),
        (r#"{"state":{"desired":{"o":{}}}}"#, r#"{"desired":{"o":{}}}"#, r#"{"desired":{"o":{}}}"#),
        (
            r#"{"state":{"desired":{"x":[1, "a,b" ,[true,{"k":[]}]],"y":[]}}}"#,
            r#"{"desired":{"x":[1,"a,b",[true,{"k":[]}]],"y":[]}}"#,
            r#"{"desired":{"x":[T,T,[T,{"k":[]}]],"y":[]}}"#,
        ),
        (
            r#"{"state":{"reported":{"\u0061\"b\n":"\u00e9\/"},"delta":{"x":1},"other":[null]},"more":null}"#,
            r#"{"reported":{"a\"b\n":"é/"}}"#,
            r#"{"reported":{"a\"b\n":T}}"#,
        ),
    ] {
        let mut bench = Bench::new();
        let published = bench.update(request);
        let t = START + 1;
        let metadata = metadata.replace('T', &format!(r#"{{"timestamp":{t}}}"#));
        let expected = format!(r#"{{"state":{state},"metadata":{metadata},"version":1,"timestamp":{t}}}"#);
        assert_eq!(of(&published, "update/accepted"), Some(&*expected), "{request}");
    }
}

/// `state.md` K-07.
#[test]
fn what_came_before_the_first_document_is_the_profiles_choice() {
    let mut settings = settings("aws-current");
    settings.previous_at_creation = ShadowPreviousAtCreation::Empty;
    let mut bench = Bench::with(settings);
    let published = bench.update(r#"{"state":{"reported":{"a":1}}}"#);
    let documents = of(&published, "update/documents").unwrap();
    assert!(
        documents.starts_with(r#"{"previous":{"state":{},"metadata":{},"version":0},"current":{"#),
        "{documents}"
    );
}

/// `state.md` 1.4.5, 1.4: every answer bears the token of its request.
#[test]
fn tokens_come_back() {
    let mut bench = Bench::new();
    bench.accept(r#"{"state":{"reported":{"a":1}}}"#);
    let published = bench.update(r#"{"clientToken":"ü\"","state":{"desired":{"a":2}}}"#);
    assert_eq!(published.len(), 3);
    for (operation, payload, answers) in [
        (Operation::Get, &br#"{"clientToken":"t"}"#[..], 1),
        (Operation::Delete, br#"{"clientToken":"t","more":[]}"#, 1),
        // Now there is no shadow.
        (Operation::Get, br#"{"clientToken":"t"}"#, 1),
        (Operation::Update, br#"{"clientToken":"t","state":{},"version":77}"#, 1),
        (Operation::Update, br#"{"clientToken":"t"}"#, 1),
    ] {
        let published = bench.ask(T, operation, payload);
        assert_eq!(published.len(), answers);
        assert!(published[0].1.ends_with(r#","clientToken":"t"}"#), "{published:?}");
    }
    for (_, payload) in published {
        assert!(payload.ends_with(r#","clientToken":"ü\""}"#), "{payload}");
    }
    // No token, or none that can be one: the request is answered without.
    for payload in [&b""[..], b"{", b"\xff", br#"{"clientToken":7}"#, b"[]"] {
        assert!(!bench.ask(T, Operation::Get, payload)[0].1.contains("clientToken"));
    }
}

/// Check 47.
#[test]
fn documents_chain() {
    let mut bench = Bench::new();
    bench.accept(r#"{"state":{"desired":{"a":1,"b":{"c":1}},"reported":{"a":0}}}"#);
    let mut last: Option<Value> = None;
    for payload in [
        r#"{"state":{"desired":{"b":{"c":2}}}}"#,
        r#"{"state":{"reported":{"a":1,"n":[1,2]}}}"#,
        r#"{"state":{"desired":null}}"#,
        r#"{"state":null}"#,
        r#"{"state":{"reported":{"z":1}}}"#,
    ] {
        let published = bench.update(payload);
        let documents: Value = serde_json::from_str(of(&published, "update/documents").unwrap()).unwrap();
        if let Some(last) = last {
            assert_eq!(documents["previous"], last);
        }
        assert_eq!(
            documents["previous"]["version"].as_u64().unwrap() + 1,
            documents["current"]["version"].as_u64().unwrap()
        );
        last = Some(documents["current"].clone());
    }
}
