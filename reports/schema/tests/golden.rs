//! Files of every schema version stay readable, and say what they said.
//!
//! `golden/v1.json` was written once and is never written again: if a change breaks these tests, it breaks the files
//! that people have kept.

use squall_results::{
    Assumption, Bill, BillBand, BillCause, BillLine, BillPeriod, Build, CellLabel, Denials, Expectation,
    FaultWindow, Host, InputFile, Interrupted, LatencyRecorder, MeasureWindow, MetricValue, Operation,
    OracleVerdict, Override, Quantity, ReadError, RunResults, Seconds, Series, Span, Usage, UsageLine,
    Verdict, Violation, Windows, cause, dimension, json_schema, read, read_file,
};

const V1: &str = include_str!("golden/v1.json");
const SECOND: u64 = 1_000_000;

#[test]
fn the_file_of_version_1_reads_as_it_was_written() {
    assert_eq!(read(V1).unwrap(), sample());
}

#[test]
fn what_is_written_reads_back() {
    let mut sample = sample();
    // Fields that came after the file was written.
    sample.denials = vec![Denials { policy: Some("p".into()), statement: Some(2), ..Denials::default() }];
    sample.service_metrics = [("Connect.Success".to_owned(), 2)].into();
    let text = serde_json::to_string(&sample).unwrap();
    assert_eq!(read(&text).unwrap(), sample);
}

#[test]
fn unknown_fields_are_ignored() {
    let mut value: serde_json::Value = serde_json::from_str(V1).unwrap();
    value["weather"] = "fine".into();
    value["host"]["fans"] = 2.into();
    value["latency"][0]["p75"] = 1.into();
    assert_eq!(read(&value.to_string()).unwrap(), sample());
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let newer = V1.replace("\"schema_version\": 1,", "\"schema_version\": 2,");
    let error = read(&newer).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file has schema version 2, this squall reads up to 1; read it with a newer squall"
    );
    assert!(matches!(read("{}"), Err(ReadError::NotResults(_))));
    assert!(matches!(read("not JSON"), Err(ReadError::NotResults(_))));
    let broken = V1.replace("\"seed\": \"7\"", "\"seed\": 7");
    let error = read(&broken).unwrap_err().to_string();
    assert!(error.starts_with("a results file of schema version 1, but invalid type"), "{error}");
    let error = read_file("nowhere/results.json").unwrap_err().to_string();
    assert!(error.starts_with("nowhere/results.json: "), "{error}");
}

#[test]
fn a_file_is_read_from_its_path() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v1.json");
    assert_eq!(read_file(path).unwrap(), sample());
}

#[test]
fn the_json_schema_is_as_published() {
    insta::assert_json_snapshot!("json_schema", json_schema());
}

#[test]
fn the_json_schema_names_every_field_of_the_file() {
    let schema = json_schema();
    let file: serde_json::Value = serde_json::from_str(V1).unwrap();
    for field in file.as_object().unwrap().keys() {
        assert!(schema["properties"][field].is_object(), "{field}");
    }
}

/// A run with something in every field.
fn sample() -> RunResults {
    RunResults {
        schema_version: 1,
        scenario: "smoke".into(),
        about: "Two devices connect, publish and lose their gateway.".into(),
        seed: "7".into(),
        fingerprint: "00112233445566778899aabbccddeeff".into(),
        checkpoints: vec!["0a".repeat(16), "0b".repeat(16)],
        resolved: serde_json::json!({ "name": "smoke", "fleet": [{ "name": "sensors", "devices": 2 }] }),
        inputs: vec![InputFile {
            path: "scenarios/library/smoke/smoke.toml".into(),
            hash: "ffeeddccbbaa99887766554433221100".into(),
        }],
        overrides: vec![Override {
            key: "fleet.sensors.devices".into(),
            value: "2".into(),
            origin: "--set".into(),
        }],
        cell: vec![CellLabel { key: "fleet.sensors.devices".into(), value: "2".into() }],
        build: Build {
            version: "0.1.0".into(),
            rustc: "rustc 1.95.0".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "release".into(),
        },
        virtual_seconds: Seconds::from_micros(3_500_000),
        events: 120,
        packets: 24,
        devices: 2,
        counters: [("connect.attempts".to_owned(), 3), ("connect.accepted".to_owned(), 2)].into(),
        latency: latency(),
        series: series(),
        faults: vec![
            FaultWindow {
                number: 1,
                kind: "gateway-outage".into(),
                mode: "reset".into(),
                from_seconds: Seconds::from_secs(1),
                to_seconds: Seconds::from_micros(1_500_000),
                recovery_us: Some(750_000),
                disconnected: 2,
            },
            FaultWindow {
                number: 2,
                kind: "broker-restart".into(),
                mode: String::new(),
                from_seconds: Seconds::from_secs(3),
                to_seconds: Seconds::from_micros(3_250_000),
                recovery_us: None,
                disconnected: 1,
            },
        ],
        measure: MeasureWindow {
            from_seconds: Seconds::from_micros(500_000),
            to_seconds: Seconds::from_micros(3_500_000),
        },
        usage: usage(),
        bill: Some(bill()),
        expectations: expectations(),
        denials: vec![],
        provisioning_failures: vec![],
        shadow_troubles: vec![],
        service_metrics: std::collections::BTreeMap::new(),
        oracles: vec![oracle()],
        assumptions: vec![Assumption {
            id: "D-25".into(),
            question: "how long an unacknowledged message waits for its redelivery".into(),
            taken: "20 s".into(),
            grade: "unverified".into(),
            source: "broker.md D-25".into(),
        }],
        interrupted: Some(Interrupted { at_seconds: Seconds::from_micros(3_500_000), why: "Ctrl-C".into() }),
        reproduce: "squall run scenarios/library/smoke/smoke.toml --seed 7".into(),
        host: Host { wall_seconds: 0.25, cpu_seconds: 0.125, peak_rss_bytes: 10_485_760, cores: 2 },
    }
}

fn latency() -> Vec<squall_results::OperationLatency> {
    let measure = Span::new(SECOND / 2, 7 * SECOND / 2);
    let fault = Span::new(SECOND, 3 * SECOND / 2);
    let mut recorder = LatencyRecorder::new(Windows::new(measure, &[fault]));
    recorder.record(Operation::ConnectSession, 0, 180_000);
    recorder.record(Operation::ConnectSession, SECOND, 1_250_000);
    recorder.record_unfinished(Operation::PublishAck, 2 * SECOND, 3_500_000);
    recorder.finish()
}

fn series() -> Series {
    Series {
        interval_seconds: 1,
        columns: [
            ("devices.connected".to_owned(), vec![2, 0, 0, 2]),
            ("connect.attempts".to_owned(), vec![2, 0, 1, 0]),
        ]
        .into(),
    }
}

fn usage() -> Usage {
    Usage {
        window_seconds: Seconds::from_secs(3),
        run: vec![UsageLine::new(dimension::MESSAGES, cause::PUBLISH_IN, "sensors", 4)],
        measured: vec![UsageLine::new(dimension::MESSAGES, cause::PUBLISH_IN, "sensors", 3)],
    }
}

fn bill() -> Bill {
    let quantity = Quantity::ratio(2_592_001, 7);
    let period = BillPeriod {
        label: "as run".into(),
        lines: vec![BillLine {
            dimension: "messages".into(),
            quantity,
            unit: "5 KB of message".into(),
            unit_price: Some("1.00 per 1,000,000".into()),
            cost: "0.370285857143".parse().unwrap(),
            cost_cents: 37,
            causes: vec![BillCause { cause: "publish_in".into(), quantity, charged: true }],
            bands: vec![BillBand {
                quantity,
                price: "1.00 per 1,000,000".into(),
                cost: "0.370285857143".parse().unwrap(),
            }],
            source: "a page".into(),
        }],
        total: "0.370285857143".parse().unwrap(),
        total_cents: 37,
    };
    Bill {
        book: "aws-use1".into(),
        about: "list prices".into(),
        currency: "USD".into(),
        run: period.clone(),
        month: period,
    }
}

fn expectations() -> Vec<Expectation> {
    let expectation = |that: &str, is: &str, found: &str, value, verdict, line| Expectation {
        that: that.into(),
        is: is.into(),
        found: found.into(),
        value,
        verdict,
        line,
    };
    let duration = Some(MetricValue::Duration(750_000));
    let money = Some(MetricValue::Money("0.370285857143".parse().unwrap()));
    vec![
        expectation("fault.1.recovery", "< 1s", "750 ms", duration, Verdict::Held, Some(41)),
        expectation("fault.2.recovery", "< 1s", "never recovered", None, Verdict::Failed, None),
        expectation("bill.month.total", "< 1", "$0.370286", money, Verdict::NotJudged, Some(47)),
    ]
}

fn oracle() -> OracleVerdict {
    let mut oracle = OracleVerdict::new("delivery", "Every acknowledged message arrives.");
    oracle.checks = 4;
    oracle.add_excuse("queue quota");
    oracle.add_violation(Violation {
        at_us: 2_000_001,
        text: "message 3 never arrived".into(),
        client: Some("sensors-1".into()),
        topic: Some("sensors/1".into()),
        requirement: Some("MQTT-4.3.2-2".into()),
    });
    oracle.add_violation(Violation {
        at_us: 2_000_002,
        text: "message 4 never arrived".into(),
        ..Violation::default()
    });
    oracle
}
