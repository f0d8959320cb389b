//! What a good file is read as.

use core::time::Duration;

use proptest::prelude::*;
use squall_scenario::{
    BackOffStrategy, Call, FaultKind, Identity, LoadOptions, Mutant, Offline, OutageMode, Overflow, Plan,
    Registered, Start, Window, json_schema, parse, parse_json,
};
use squall_services::registry::CertificateStatus;
use squall_types::{ProtocolVersion, QoS, Seed, WallTime};

const SMALL: &str = r#"
name = "small"
about = "As little as a file can say."
duration = "10m"

[[fleet]]
name = "sensors"
devices = 3
"#;

/// A file that says something about every key.
const FULL: &str = r#"
name = "full"
about = "Everything."
duration = "1h"
epoch = "2030-06-01T12:00:00Z"
seed = "18446744073709551615"
heals = false
measure = { from = "1m", to = "59m" }

[service]
profile = "aws-current"
price_book = "aws-use1"
limits = { topic_bytes = 100, payload_bytes = 1_000 }
switches.qos2 = "ignore"
nodes = 3
oracles = false
mutant = "misdeliver"
station = { servers = 2, queue = 3, overflow = "drop-syn", tls = "1us", connect = "2us", connect_refused = "3us", publish = "4us", delivery = "5us", subscribe = "6us", other = "7ns" }

[[fleet]]
name = "old"
devices = 10
start = { at = "1s", over = "2s" }
network = { name = "mine", uplink_us = [1, 2, 3], downlink_us = [4, 4], loss_per_million = 5, retransmission_timeout = "1s", uplink_bits_per_second = 6, downlink_bits_per_second = 7, handshake_round_trips = 2 }
identity = "registered"
client_id = "{{fleet}}-{{index}}"
mqtt = { version = "3.1.1", keep_alive = "0s", clean_start = true }
connect_timeout = "1m30s"
reconnect = { strategy = "decorrelated-jitter", base = "1.5s", cap = "2m" }
offline = "drop"
subscribe = [{ filter = "a/{{thing}}/+", qos = 0 }, { filter = "$share/g/b/#" }]
publish = [{ topic = "a/{{index}}", every = "1s", qos = 0, payload = "{{uniform:1..2}}" }]

[[fleet]]
name = "new"
devices = 1

[[fault]]
at = "10m"
kind = "gateway-outage"
mode = "silent"
lasts = "1m"

[[fault]]
at = "20m"
kind = "gateway-outage"
lasts = "1m"

[[app]]
at = "30m"
call = "PublishToTopic"
with = { topic = "late", payload = "ü", qos = 0 }

[[app]]
at = "5m"
call = "PublishToTopic"
with = { topic = "early" }

[[expect]]
that = "fault.2.recovery"
is = "< 5m"

[[expect]]
that = "devices.connected_at_end"
is = "== 11"
judged = false
"#;

fn plan_of(text: &str, sets: &[&str]) -> Plan {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets: &sets, ..LoadOptions::default() };
    parse("f.toml", text, options).unwrap_or_else(|errors| panic!("{errors}"))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_a_file_leaves_out_has_a_default() {
    let plan = plan_of(SMALL, &[]);
    assert_eq!(plan.name, "small");
    assert!(plan.overrides.is_empty() && plan.matrix_keys.is_empty());
    assert_eq!(plan.inputs[0].path, "f.toml");
    assert_eq!(plan.inputs[0].hash.len(), 32);
    assert_eq!((plan.cells.len(), plan.cells[0].slug().as_str()), (1, ""));
    let scenario = &plan.cells[0].scenario;
    assert_eq!(scenario.epoch, WallTime::from_unix_secs(1_767_225_600));
    assert_eq!((scenario.seed, scenario.heals), (Seed(1), true));
    assert_eq!(scenario.measure, Window { from: Duration::ZERO, to: seconds(600) });
    let service = &scenario.service;
    assert_eq!((service.profile.name.as_str(), service.price_book.as_str()), ("aws-current", "aws-use1"));
    assert_eq!((service.nodes, service.oracles, service.mutant), (1, true, Mutant::None));
    let station = &service.station;
    assert_eq!((station.servers, station.queue, station.overflow), (8, 1_000, Overflow::Refuse));
    let costs = station.costs;
    let micros = [
        costs.tls,
        costs.connect,
        costs.connect_refused,
        costs.publish,
        costs.delivery,
        costs.subscribe,
        costs.other,
    ];
    assert_eq!(micros.map(|cost| cost.as_micros()), [1_000, 4_000, 200, 250, 100, 200, 50]);
    let fleet = &scenario.fleets[0];
    assert_eq!(fleet.start, Start { at: Duration::ZERO, over: Duration::ZERO });
    assert_eq!(fleet.network.name, "broadband");
    let certificate =
        Registered { rights: None, certificate_status: CertificateStatus::Active, certificate_expires: None };
    assert_eq!(fleet.identity, Identity::Registered(certificate));
    assert_eq!(fleet.client_id.source(), "{{thing}}");
    assert_eq!((fleet.mqtt.version, fleet.mqtt.clean_start), (ProtocolVersion::V5, false));
    assert_eq!((fleet.mqtt.keep_alive, fleet.mqtt.session_expiry), (seconds(1_200), seconds(3_600)));
    assert_eq!(fleet.connect_timeout, seconds(10));
    let reconnect = fleet.reconnect;
    assert_eq!(reconnect.strategy, BackOffStrategy::FullJitter);
    assert_eq!((reconnect.base, reconnect.cap), (seconds(1), seconds(60)));
    assert_eq!(fleet.offline, Offline::Queue(100));
    assert!(fleet.subscriptions.is_empty() && fleet.publishes.is_empty());
}

#[test]
fn what_a_file_says_is_taken() {
    let plan = plan_of(FULL, &[]);
    let scenario = &plan.cells[0].scenario;
    assert_eq!((scenario.seed, scenario.heals), (Seed(u64::MAX), false));
    assert_eq!(scenario.measure, Window { from: seconds(60), to: seconds(59 * 60) });
    let service = &scenario.service;
    assert_eq!((service.profile.limits.topic_bytes, service.profile.limits.payload_bytes), (100, 1_000));
    assert_eq!(service.profile.switches.value("qos2"), Some("ignore"));
    assert_eq!((service.nodes, service.oracles, service.mutant), (3, false, Mutant::Misdeliver));
    assert_eq!(service.station.overflow, Overflow::DropSyn);
    assert_eq!(service.station.costs.other, Duration::from_nanos(7));
    let fleet = &scenario.fleets[0];
    assert_eq!((fleet.network.name.as_str(), fleet.network.uplink_us.as_slice()), ("mine", &[1, 2, 3][..]));
    assert_eq!((fleet.mqtt.version, fleet.mqtt.session_expiry), (ProtocolVersion::V311, Duration::ZERO));
    assert_eq!(fleet.reconnect.base, Duration::from_millis(1_500));
    assert_eq!(fleet.offline, Offline::Drop);
    let granted: Vec<QoS> = fleet.subscriptions.iter().map(|subscription| subscription.qos).collect();
    assert_eq!(granted, [QoS::AtMostOnce, QoS::AtLeastOnce]);
    assert_eq!(fleet.publishes[0].payload.source(), "{{uniform:1..2}}");
    let kinds: Vec<FaultKind> = scenario.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [OutageMode::Silent, OutageMode::Reset].map(FaultKind::GatewayOutage));
    let Call::PublishToTopic { topic, payload, qos } = &scenario.app_calls[0].call else {
        panic!("a publish")
    };
    assert_eq!((topic.as_str(), payload.as_str(), *qos), ("early", "", QoS::AtLeastOnce));
    let lines: Vec<(u32, bool)> =
        scenario.expectations.iter().map(|expectation| (expectation.line, expectation.judged)).collect();
    assert_eq!(lines, [(59, true), (63, false)]);
}

#[test]
fn an_argument_wins_over_the_file_and_is_kept() {
    let sets = [
        "duration=5m",
        "fleet.sensors.devices=1_000",
        "seed=9",
        "service.limits.topic_slashes=3",
        "fleet.1.mqtt.version=3.1.1",
        "fleet.sensors.network.loss_per_million=7",
        "about=123",
        "heals=false",
        "fleet.sensors.subscribe=[{ filter = \"a/#\" }]",
    ];
    let plan = plan_of(SMALL, &sets);
    let scenario = &plan.cells[0].scenario;
    assert_eq!((scenario.duration, scenario.seed, scenario.heals), (seconds(300), Seed(9), false));
    assert_eq!(scenario.about, "123");
    assert_eq!(scenario.service.profile.limits.topic_slashes, 3);
    let fleet = &scenario.fleets[0];
    assert_eq!((fleet.devices, fleet.mqtt.version), (1_000, ProtocolVersion::V311));
    assert_eq!((fleet.network.loss_per_million, fleet.network.name.as_str()), (7, "broadband (changed)"));
    assert_eq!(fleet.subscriptions[0].filter.source(), "a/#");
    let kept = &plan.overrides[4];
    assert_eq!(
        (kept.key.as_str(), kept.value.as_str(), kept.origin.as_str()),
        ("fleet.sensors.mqtt.version", "3.1.1", "--set")
    );
}

#[test]
fn the_seed_of_the_command_wins() {
    let sets = ["seed=3".to_owned()];
    let options = LoadOptions { sets: &sets, seed: Some(Seed(4)), ..LoadOptions::default() };
    let plan = parse("f.toml", SMALL, options).unwrap();
    assert_eq!(plan.cells[0].scenario.seed, Seed(4));
    assert_eq!(plan.overrides[1].origin, "--seed");
}

const MATRIX: &str = r#"
[[expect]]
that = "devices.connected_at_end"
is = "> 0"
cells = { "fleet.1.reconnect.strategy" = ["none"], "service.nodes" = [2] }

[[expect]]
that = "oracle.violations"
is = "== 0"

[matrix]
fleet.sensors.reconnect.strategy = ["none", "fixed"]
"service.nodes" = [1, 2]
"#;

#[test]
fn a_matrix_yields_a_cell_for_each_combination() {
    let plan = plan_of(&format!("{SMALL}{MATRIX}"), &[]);
    assert_eq!(plan.matrix_keys, ["fleet.sensors.reconnect.strategy", "service.nodes"]);
    let slugs: Vec<String> = plan.cells.iter().map(squall_scenario::Cell::slug).collect();
    assert_eq!(
        slugs,
        [
            "strategy=none,nodes=1",
            "strategy=none,nodes=2",
            "strategy=fixed,nodes=1",
            "strategy=fixed,nodes=2"
        ]
    );
    let judged: Vec<[bool; 2]> = plan
        .cells
        .iter()
        .map(|cell| [cell.scenario.expectations[0].judged, cell.scenario.expectations[1].judged])
        .collect();
    assert_eq!(judged, [[false, true], [true, true], [false, true], [false, true]]);
    let cell = &plan.cells[3].scenario;
    assert_eq!((cell.service.nodes, cell.fleets[0].reconnect.strategy), (2, BackOffStrategy::Fixed));
}

#[test]
fn an_argument_picks_a_value_of_the_matrix() {
    let text = format!("{SMALL}{MATRIX}");
    let plan = plan_of(&text, &["fleet.1.reconnect.strategy=none", "service.nodes=2"]);
    assert_eq!(plan.cells.len(), 1);
    assert_eq!(plan.cells[0].slug(), "strategy=none,nodes=2");
    assert!(plan.cells[0].scenario.expectations[0].judged);
    assert_eq!(plan.cells[0].scenario, plan_of(&text, &[]).cells[1].scenario);
}

#[test]
fn an_argument_can_add_a_matrix() {
    let plan = plan_of(SMALL, &["matrix.fleet.sensors.devices=[1, 2]"]);
    let devices: Vec<u32> = plan.cells.iter().map(|cell| cell.scenario.fleets[0].devices).collect();
    assert_eq!(devices, [1, 2]);
}

#[test]
fn a_resolved_scenario_reads_back() {
    for text in [SMALL.to_owned(), FULL.to_owned(), format!("{SMALL}{MATRIX}")] {
        for cell in plan_of(&text, &[]).cells {
            let json = cell.scenario.to_json();
            assert_eq!(parse_json(&json).unwrap_or_else(|errors| panic!("{errors}")), cell.scenario);
            assert_eq!(parse_json(&json).unwrap().to_json(), json);
        }
    }
}

#[test]
fn a_damaged_result_is_an_error() {
    let mut json = plan_of(SMALL, &[]).cells[0].scenario.to_json();
    json["fleet"][0]["devices"] = "many".into();
    json["service"]["station"].as_object_mut().unwrap().remove("servers");
    json["extra"] = 1.into();
    insta::assert_snapshot!(parse_json(&json).unwrap_err().to_string(), @r#"
    resolved scenario: extra: unknown key
      found    extra
      allowed  name, about, duration, epoch, seed, heals, service, policy, authorizer, certificate_authority,
               provisioning_template, lambda, rule, fleet, fault, app, measure, expect, matrix
    resolved scenario: fleet.sensors.devices: wrong type
      found    "many" (text)
      allowed  whole number of devices from 1 to 10,000,000
    "#);
    json["extra"] = serde_json::Value::Null;
    assert!(parse_json(&json).is_err());
}

#[test]
fn the_schema_knows_every_key_of_a_resolved_scenario() {
    fn check(value: &serde_json::Value, schema: &serde_json::Value, path: &str) {
        let knows = |choice: &serde_json::Value| {
            let names = value.as_object().map(|members| members.keys());
            names.is_none_or(|mut names| names.all(|name| !choice["properties"][name].is_null()))
        };
        let schema = match schema["anyOf"].as_array() {
            Some(choices) => choices.iter().find(|choice| knows(choice)).unwrap_or_else(|| panic!("{path}")),
            None => schema,
        };
        match value {
            serde_json::Value::Object(members) => {
                for (key, member) in members {
                    if path.ends_with(".expect") && key == "line" {
                        continue;
                    }
                    let known = &schema["properties"][key];
                    assert!(!known.is_null(), "{path}.{key}");
                    check(member, known, &format!("{path}.{key}"));
                }
            }
            serde_json::Value::Array(members) => {
                members.iter().for_each(|member| check(member, &schema["items"], path));
            }
            _ => {}
        }
    }
    check(&plan_of(FULL, &[]).cells[0].scenario.to_json(), &json_schema(), "");
}

/// Keys with values that are right whatever the others are.
const CHANGES: &[(&str, &[&str])] = &[
    ("name", &["a", "b-2"]),
    ("about", &["'x'", "''", "'ü \"quoted\"'"]),
    ("epoch", &["2026-01-01T00:00:00Z", "1970-01-01T00:00:00.25Z"]),
    ("seed", &["0", "7", "18446744073709551615"]),
    ("heals", &["true", "false"]),
    ("service.nodes", &["1", "2"]),
    ("service.station.tls", &["0s", "1ns", "1.5ms", "1d2h3m4s5ms6us7ns"]),
    ("service.station.overflow", &["refuse", "drop-syn"]),
    ("service.limits.topic_bytes", &["0", "4_294_967_295"]),
    ("service.switches.qos2", &["close", "ignore"]),
    ("service.mutant", &["none", "keep-taken-over"]),
    ("fleet.sensors.devices", &["1", "10_000_000"]),
    ("fleet.sensors.start.over", &["0s", "7m"]),
    ("fleet.sensors.network", &["ideal", "lan", "nb-iot", "satellite"]),
    ("fleet.sensors.network.loss_per_million", &["0", "1_000_000"]),
    ("fleet.sensors.client_id", &["'{{thing}}'", "same", "''"]),
    ("fleet.sensors.mqtt", &["{}", "{ version = '3.1.1' }", "{ session_expiry = '0s', clean_start = true }"]),
    ("fleet.sensors.mqtt.keep_alive", &["0s", "18h12m15s"]),
    ("fleet.sensors.reconnect.strategy", &["none", "fixed", "exponential", "equal-jitter"]),
    ("fleet.sensors.offline", &["drop", "queue:1", "queue:4294967295"]),
    ("fleet.sensors.subscribe", &["[]", "[{ filter = '#' }, { filter = '+/a', qos = 0 }]"]),
    ("fleet.sensors.publish", &["[]", "[{ topic = 'a', every = '1s', payload = '{{uniform:-1.5..2}}' }]"]),
    ("measure.from", &["0s", "9m59s"]),
    ("fault", &["[]", "[{ at = '0s', kind = 'gateway-outage', mode = 'refuse', lasts = '10m' }]"]),
    (
        "policy",
        &[
            "[]",
            "[{ name = 'p', document = '{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}}' }]",
        ],
    ),
    ("authorizer", &["[{ name = 'a', script = '' }]", "[{ name = 'A=', script = 'ü', default = true }]"]),
    ("fleet.sensors.policies", &["[]", "['p']"]),
    ("fleet.sensors.attributes", &["{}", "{ z = 'b', a = '' }"]),
    ("fleet.sensors.certificate_status", &["ACTIVE", "REVOKED"]),
    ("fleet.sensors.identity", &["registered", "custom-authorizer"]),
    ("fleet.sensors.username", &["''", "'{{index}}'"]),
    (
        "app",
        &[
            "[]",
            "[{ at = '1s', call = 'DetachPolicy', with = { policy = 'p', fleet = 'sensors', devices = '0..1' } }]",
            "[{ at = '0s', call = 'PublishToTopic', with = { topic = 'a/b', payload = 'ü' } }]",
        ],
    ),
    (
        "expect",
        &[
            "[]",
            "[{ that = 'takeovers', is = '= 0' }, { that = 'bill.run.total', is = '< $1', judged = false }]",
        ],
    ),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_set_reads_back(choices in prop::collection::vec((0..CHANGES.len(), 0..4_usize), 0..12)) {
        let sets: Vec<String> = choices
            .iter()
            .map(|&(key, value)| format!("{}={}", CHANGES[key].0, CHANGES[key].1[value % CHANGES[key].1.len()]))
            .collect();
        let options = LoadOptions { sets: &sets, ..LoadOptions::default() };
        // A few combinations contradict each other; all others must survive the way through JSON.
        if let Ok(plan) = parse("f.toml", SMALL, options) {
            let scenario = &plan.cells[0].scenario;
            let back = parse_json(&scenario.to_json());
            prop_assert_eq!(back.as_ref(), Ok(scenario));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}|([a-z.]{1,8}( = |=)[\\[\\]{}\"'0-9a-z,.]{0,12}\n|\\[{1,2}[a-z.]{1,8}\\]{1,2}\n){0,20}") {
        let _ = parse("f.toml", &text, LoadOptions::default()).map_err(|errors| errors.to_string());
    }

    #[test]
    fn no_damage_makes_the_reader_panic(
        cuts in prop::collection::vec((0..FULL.len(), 0..20_usize, "[\\[\\]{}\"'=.,0-9a-zü\n#-]{0,6}"), 1..4),
    ) {
        let mut text = format!("{FULL}{MATRIX}").replace("sensors", "new");
        for (at, length, put) in cuts {
            let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let (from, to) = (floor(at), floor(at + length));
            text.replace_range(from..to, &put);
        }
        let _ = parse("f.toml", &text, LoadOptions::default()).map_err(|errors| errors.to_string());
    }

    #[test]
    fn no_argument_makes_the_reader_panic(
        key in "[a-z]{1,8}(\\.[a-z0-9]{1,8}){0,3}|fleet\\.(new|old|1|9)(\\.[a-z]{1,10}){0,2}|matrix\\.\\PC{0,8}|\\PC{0,20}",
        value in "\\PC{0,20}|[\\[\\]{}\"'=.,0-9a-z]{0,12}",
    ) {
        let sets = [format!("{key}={value}")];
        let options = LoadOptions { sets: &sets, ..LoadOptions::default() };
        let _ = parse("f.toml", FULL, options).map_err(|errors| errors.to_string());
    }
}

#[test]
fn a_repeated_call_names_itself_in_its_arguments() {
    let plan = plan_of(
        "name = \"n\"\nabout = \"a\"\nduration = \"1m\"\n[[fleet]]\nname = \"f\"\ndevices = 3\n[[app]]\nat = \"1s\"\n\
         every = \"20s\"\ntimes = 3\ncall = \"PublishToTopic\"\nwith = { topic = \"f-{{call}}\", payload = \"no. {{call}}\" }",
        &[],
    );
    let call = &plan.cells[0].scenario.app_calls[0];
    assert_eq!((call.every, call.times), (seconds(20), 3));
    let Call::PublishToTopic { topic, payload, .. } = call.call.rendered(2) else { panic!("a publish") };
    assert_eq!((topic.as_str(), payload.as_str()), ("f-2", "no. 2"));
}
