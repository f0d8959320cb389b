//! Runs that look like real ones: a fleet that starts, meets an outage and comes back, made from plain arithmetic.

#![allow(dead_code, reason = "each test file uses its own part")]

use squall_results::{
    Assumption, Build, CellLabel, Comparison, Counter, Counters, Denials, FaultWindow, Host, InputFile,
    LatencyRecorder, MeasureWindow, Metric, Operation, OracleVerdict, Override, ProvisioningFailures,
    RunResults, SCHEMA_VERSION, Seconds, Series, SeriesColumn, SeriesRecorder, ShadowTrouble,
    ShadowTroubleKind, Span, Usage, UsageLine, Verdict, Violation, Windows, cause, dimension, judge,
};

const DEVICES: u64 = 10_000;
const SECOND: u64 = 1_000_000;
const END: u64 = 900;
const FAULT: (u64, u64) = (420, 450);

/// How devices of a cell come back.
#[derive(Clone, Copy)]
pub(crate) struct Comeback {
    pub(crate) strategy: &'static str,
    /// Connections per second that the service accepts after the outage.
    pub(crate) accepted_per_second: u64,
    /// Attempts per second right after the outage.
    pub(crate) attempts_per_second: u64,
}

pub(crate) const FULL_JITTER: Comeback =
    Comeback { strategy: "full-jitter", accepted_per_second: 60, attempts_per_second: 140 };

pub(crate) const NO_BACKOFF: Comeback =
    Comeback { strategy: "none", accepted_per_second: 20, attempts_per_second: 900 };

/// A run whose expectations hold.
pub(crate) fn passing() -> RunResults {
    let mut results = storm(FULL_JITTER);
    expect(&mut results, "fault.1.recovery", "< 300s", 41);
    expect(&mut results, "measure.publish.ack.p99", "< 5m", 45);
    expect(&mut results, "devices.connected_at_end", ">= 9_990", 49);
    expect(&mut results, "bill.month.total", "< $1_000", 53);
    results
}

/// A run that fails in every way there is.
pub(crate) fn failing() -> RunResults {
    let mut results = storm(NO_BACKOFF);
    expect(&mut results, "fault.1.recovery", "< 300s", 41);
    expect(&mut results, "fault.1.during.publish.ack.p99", "< 60s", 45);
    expect(&mut results, "connect.refused", "<= 1_000", 49);
    expect(&mut results, "takeovers", "== 0", 53);
    expect(&mut results, "delivery.p50", "< 1s", 57);
    results.expectations[3].verdict = Verdict::NotJudged;
    let oracle = &mut results.oracles[0];
    for n in 0..1_234_u64 {
        oracle.add_violation(Violation {
            at_us: 421_250_000 + n * 17_500,
            text: format!(
                "message {} was acknowledged and never reached commands-listener, and no declared loss covers it",
                n + 1
            ),
            client: Some(format!("sensors-{:05}", n * 7)),
            topic: Some(format!("sensors/sensors-{:05}/telemetry", n * 7)),
            requirement: Some("MQTT-4.3.2-2".into()),
        });
    }
    results.counters.insert("not_modelled".into(), 3);
    results
}

/// One run per way of coming back; the last states no expectation, the third did not reach its end.
pub(crate) fn matrix() -> Vec<RunResults> {
    let comebacks = [
        NO_BACKOFF,
        Comeback { strategy: "exponential", accepted_per_second: 41, attempts_per_second: 420 },
        FULL_JITTER,
        Comeback { strategy: "decorrelated-jitter", accepted_per_second: 55, attempts_per_second: 180 },
    ];
    let mut cells: Vec<RunResults> = comebacks
        .into_iter()
        .map(|comeback| {
            let mut cell = storm(comeback);
            cell.cell = vec![CellLabel {
                key: "fleet.sensors.reconnect.strategy".into(),
                value: comeback.strategy.into(),
            }];
            cell
        })
        .collect();
    for cell in &mut cells[..3] {
        expect(cell, "fault.1.recovery", "< 240s", 41);
        expect(cell, "measure.publish.ack.p99", "< 3m", 45);
    }
    cells[1].counters.insert("not_modelled".into(), 1);
    cells
}

fn expect(results: &mut RunResults, that: &str, is: &str, line: u32) {
    let metric = Metric::parse(that).unwrap();
    let comparison = Comparison::parse(is, metric.unit()).unwrap();
    let mut expectation = judge(&metric, &comparison, results);
    expectation.line = Some(line);
    results.expectations.push(expectation);
}

fn storm(comeback: Comeback) -> RunResults {
    let counters = counters(comeback);
    let recovery = recovery_seconds(comeback);
    let usage = usage(&counters);
    let book = squall_billing::book("aws-use1").unwrap();
    let bill = squall_billing::compute(&usage, &book).unwrap();
    let checks = DEVICES * 13;
    RunResults {
        schema_version: SCHEMA_VERSION,
        scenario: "reconnect-storm".into(),
        about: "What a 30 s gateway outage does to 10,000 sensors, and how long until all are back.".into(),
        seed: "7".into(),
        fingerprint: format!(
            "{:08x}9c41d07a5be2f3168ad4c05b",
            comeback.attempts_per_second * 7_919_113 % (1 << 32)
        ),
        checkpoints: (0..END).map(|second| format!("{:032x}", second * 0x9e37_79b9)).collect(),
        resolved: serde_json::json!({
            "name": "reconnect-storm",
            "duration": "15m",
            "fleet": [{ "name": "sensors", "devices": DEVICES, "reconnect": { "strategy": comeback.strategy } }],
        }),
        inputs: vec![InputFile {
            path: "scenarios/library/storm/reconnect.toml".into(),
            hash: "0c1d2e3f405162738495a6b7c8d9eafb".into(),
        }],
        overrides: vec![Override {
            key: "fleet.sensors.reconnect.strategy".into(),
            value: comeback.strategy.into(),
            origin: "--set".into(),
        }],
        cell: vec![],
        build: Build {
            version: "0.1.0".into(),
            rustc: "rustc 1.95.0".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "release".into(),
        },
        virtual_seconds: Seconds::from_secs(END),
        events: 4_812_377,
        packets: 612_480,
        devices: DEVICES,
        counters: counters.to_map(),
        latency: latency(comeback),
        series: series(comeback),
        faults: vec![FaultWindow {
            number: 1,
            kind: "gateway-outage".into(),
            mode: "reset".into(),
            from_seconds: Seconds::from_secs(FAULT.0),
            to_seconds: Seconds::from_secs(FAULT.1),
            recovery_us: (FAULT.1 + recovery <= END).then(|| recovery * SECOND - 318_000),
            disconnected: DEVICES,
        }],
        measure: MeasureWindow { from_seconds: Seconds::from_secs(300), to_seconds: Seconds::from_secs(END) },
        usage,
        bill: Some(bill),
        expectations: vec![],
        denials: vec![],
        provisioning_failures: vec![],
        shadow_troubles: vec![],
        service_metrics: [("Connect.Success".to_owned(), DEVICES), ("Ping.Success".to_owned(), 4)].into(),
        oracles: vec![
            OracleVerdict {
                checks,
                excused: [("queue quota".to_owned(), 12)].into(),
                ..OracleVerdict::new(
                    "delivery",
                    "Every acknowledged QoS 1 message reaches every session that was subscribed.",
                )
            },
            OracleVerdict {
                checks: checks / 3,
                ..OracleVerdict::new(
                    "ordering",
                    "Messages of one publisher on one topic arrive in their order.",
                )
            },
            OracleVerdict {
                checks: END,
                ..OracleVerdict::new("quota", "What the service lets through stays within its quotas.")
            },
        ],
        assumptions: vec![
            Assumption {
                id: "D-14".into(),
                question: "what happens above the publish rate of a connection".into(),
                taken: "delay, then close after 10 s".into(),
                grade: "unverified".into(),
                source: "broker.md D-14".into(),
            },
            Assumption {
                id: "D-25".into(),
                question: "how long an unacknowledged message waits for its redelivery".into(),
                taken: "20 s".into(),
                grade: "unverified".into(),
                source: "broker.md D-25".into(),
            },
        ],
        interrupted: None,
        reproduce: format!(
            "squall run scenarios/library/storm/reconnect.toml --seed 7 --set fleet.sensors.reconnect.strategy={}",
            comeback.strategy
        ),
        host: Host { wall_seconds: 2.318_4, cpu_seconds: 2.291_7, peak_rss_bytes: 73_400_320, cores: 2 },
    }
}

/// From the end of the outage until all devices are back.
fn recovery_seconds(comeback: Comeback) -> u64 {
    DEVICES.div_ceil(comeback.accepted_per_second)
}

/// A number below `below` that looks random and is not.
fn scatter(n: u64, below: u64) -> u64 {
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) % below
}

/// When device `n` comes back, in microseconds; the last ones never do if they are slow.
fn back_at(comeback: Comeback, n: u64) -> u64 {
    FAULT.1 * SECOND + (n + 1) * SECOND / comeback.accepted_per_second
}

fn latency(comeback: Comeback) -> Vec<squall_results::OperationLatency> {
    let fault = Span::new(FAULT.0 * SECOND, FAULT.1 * SECOND);
    let windows = Windows::new(Span::new(300 * SECOND, END * SECOND), &[fault]);
    let mut recorder = LatencyRecorder::new(windows);
    for n in 0..DEVICES {
        let started = n * 300 * SECOND / DEVICES;
        let handshake = 180_000 + scatter(n, 90_000) + scatter(n, 40) * scatter(n + 7, 40) * 300;
        recorder.record(Operation::ConnectSession, started, handshake);
        recorder.record(Operation::ConnectAttempt, started, handshake);
        let lost = fault.from_us + scatter(n, 1_500_000);
        let back = back_at(comeback, n);
        if back <= END * SECOND {
            recorder.record(Operation::ConnectSession, lost, back - lost);
            recorder.record(Operation::ConnectAttempt, back - handshake * 2, handshake * 2);
        } else {
            recorder.record_unfinished(Operation::ConnectSession, lost, END * SECOND);
        }
        for minute in 0..15 {
            let due = (minute * 60 + 1) * SECOND + scatter(n, 59 * SECOND);
            let wire =
                42_000 + scatter(n * 31 + minute, 21_000) + scatter(n, 30) * scatter(minute + n, 30) * 90;
            if due < started + handshake {
                continue;
            }
            let sent = if due > lost && due < back { back } else { due };
            if sent + wire > END * SECOND {
                recorder.record_unfinished(Operation::PublishAck, due, END * SECOND);
            } else {
                recorder.record(Operation::PublishAck, due, sent - due + wire);
                recorder.record(Operation::PublishWire, sent, wire);
            }
        }
    }
    recorder.finish()
}

fn series(comeback: Comeback) -> Series {
    let mut recorder = SeriesRecorder::new(END * SECOND);
    let mut waiting = 0;
    let mut connected = 0;
    for second in 0..END {
        let at = second * SECOND;
        let (attempts, accepted) = match second {
            0..300 => (DEVICES / 300 + scatter(second, 3), DEVICES.div_ceil(300)),
            FAULT_BEGINS => {
                (waiting, connected) = (connected, 0);
                (0, 0)
            }
            SECOND_AFTER..FAULT_ENDS => (comeback.attempts_per_second * 2 + scatter(second, 60), 0),
            FAULT_ENDS.. => {
                let eager = comeback.attempts_per_second * waiting / DEVICES;
                let accepted = comeback.accepted_per_second.min(waiting);
                waiting -= accepted;
                (eager.max(accepted) + scatter(second, 9).min(waiting), accepted)
            }
            _ => (0, 0),
        };
        connected = (connected + accepted).min(DEVICES);
        let refused = attempts.saturating_sub(accepted);
        for (column, count) in [
            (SeriesColumn::ConnectAttempts, attempts),
            (SeriesColumn::ConnectAccepted, accepted),
            (SeriesColumn::ConnectRefused, refused),
            (SeriesColumn::ConnectThrottled, refused * u64::from(second >= FAULT_ENDS) * 2 / 3),
            (SeriesColumn::PublishSent, connected / 60),
        ] {
            (0..count).for_each(|_| recorder.count(column, at));
        }
        recorder.level(SeriesColumn::DevicesConnected, at, connected);
    }
    recorder.finish(END * SECOND)
}

const FAULT_BEGINS: u64 = FAULT.0;
const SECOND_AFTER: u64 = FAULT.0 + 1;
const FAULT_ENDS: u64 = FAULT.1;

fn counters(comeback: Comeback) -> Counters {
    let mut counters = Counters::default();
    let back = DEVICES.min((END - FAULT.1) * comeback.accepted_per_second);
    let attempts = DEVICES + comeback.attempts_per_second * 90;
    counters[Counter::DevicesConnectedAtEnd] = back;
    counters[Counter::DevicesConnectedPeak] = DEVICES;
    counters[Counter::ConnectAttempts] = attempts;
    counters[Counter::ConnectAccepted] = DEVICES + back;
    counters[Counter::ConnectRefused] = attempts.saturating_sub(DEVICES + back);
    counters[Counter::ConnectionsLost] = DEVICES;
    counters[Counter::PublishSent] = 138_211;
    counters[Counter::PublishAcked] = 138_011;
    counters[Counter::Takeovers] = 3;
    counters
}

fn usage(counters: &Counters) -> Usage {
    let accepted = counters[Counter::ConnectAccepted];
    let line = |dimension, cause, units| UsageLine::new(dimension, cause, "sensors", units);
    Usage {
        window_seconds: Seconds::from_secs(600),
        run: vec![
            line(dimension::CONNECTIVITY_MINUTES, cause::CONNECTED, 121_440),
            line(dimension::MESSAGES, cause::CONNECT, accepted),
            line(dimension::MESSAGES, cause::PUBLISH_IN, 138_211),
            line(dimension::MESSAGES, cause::SUBSCRIBE, DEVICES),
        ],
        measured: vec![
            line(dimension::CONNECTIVITY_MINUTES, cause::CONNECTED, 96_018),
            line(dimension::MESSAGES, cause::CONNECT, accepted - DEVICES),
            line(dimension::MESSAGES, cause::PUBLISH_IN, 94_870),
        ],
    }
}

/// Two kinds of devices under policies that do not allow what they want.
pub(crate) fn denied() -> RunResults {
    let mut results = passing();
    let why = |statement: &str| {
        format!("IMPLICIT_DENY: as asked\n  no statement allows it\n  no match  {statement}\n")
    };
    results.denials = vec![
        Denials {
            fleet: "sensors".into(),
            action: "iot:Receive".into(),
            decision: "IMPLICIT_DENY".into(),
            devices: 412,
            count: 1_203,
            first_at_us: 12_345_678,
            client: "sensors-7".into(),
            name: "commands/sensors-7".into(),
            why: why(
                "per-device Statement[3]: allows it on arn:aws:iot:us-east-1:123456789012:topic/x, which does not cover the resource",
            ),
            ..Denials::default()
        },
        Denials {
            fleet: "pumps".into(),
            action: "iot:Publish".into(),
            decision: "EXPLICIT_DENY".into(),
            policy: Some("per-device".into()),
            statement: Some(5),
            devices: 1,
            count: 1,
            first_at_us: 1,
            client: "<pumps-0>".into(),
            name: "pumps/firmware".into(),
            why: why("per-device Statement[5]: denies it"),
        },
    ];
    results
}

/// A run whose devices lose updates of their shadows.
pub(crate) fn troubled() -> RunResults {
    let mut results = passing();
    let trouble = |fleet: &str, kind, shadows, worst: &str, worst_count| ShadowTrouble {
        fleet: fleet.into(),
        kind,
        shadows,
        count: shadows + worst_count - 1,
        first_at_us: 12_345_678,
        worst: worst.into(),
        worst_count,
    };
    results.shadow_troubles = vec![
        trouble("rooms", ShadowTroubleKind::Conflict, 2_412, "rooms-17/config", 3),
        trouble("pumps", ShadowTroubleKind::Unnoticed, 12, "<pumps-0>", 1),
        trouble("", ShadowTroubleKind::Conflict, 1, "rooms-1", 1),
    ];
    results
}

/// Devices that did not get an identity: one kind because of a rate, one because nobody answered.
pub(crate) fn stranded() -> RunResults {
    let mut results = passing();
    let failures = |fleet: &str, step: &str, error: &str, devices, details: &str| ProvisioningFailures {
        fleet: fleet.into(),
        step: step.into(),
        error: error.into(),
        devices,
        count: devices * 3,
        first_at_us: 12_345_678,
        client: format!("<{fleet}-0>"),
        details: details.into(),
    };
    results.provisioning_failures = vec![
        failures("sensors", "UpdateCertificate", "ThrottlingException", 2_412, "Rate exceeded"),
        failures("pumps", "RegisterThing", ProvisioningFailures::NO_ANSWER, 1, "nothing came for 30 s"),
    ];
    results
}
