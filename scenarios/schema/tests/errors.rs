//! What a mistake in a scenario file reads like. One row a mistake, all messages in one snapshot.

use squall_scenario::{LoadOptions, load, parse};
use squall_types::Seed;

const BOOKS: &[&str] = &["aws-use1", "aws-euw1"];

/// A file in which nothing is wrong; each row changes one text of it.
const GOOD: &str = r#"name = "storm"
about = "An outage."
duration = "15m"
seed = "7"

[service]
limits.connect_requests_per_second = 500
station = { servers = 8, overflow = "refuse" }

[[fleet]]
name = "sensors"
devices = 1_000
start = { over = "5m" }
network = "lte-m"
mqtt = { version = 5, keep_alive = "10m", session_expiry = "1h" }
reconnect = { strategy = "full-jitter", base = "1s", cap = "60s" }
offline = "queue:100"
subscribe = [{ filter = "commands/{{thing}}", qos = 1 }]

[[fleet.publish]]
topic = "sensors/{{thing}}/telemetry"
every = "1m"
payload = '{"n": {{counter}}}'

[[fault]]
at = "7m"
kind = "gateway-outage"
lasts = "30s"

[[app]]
at = "8m"
call = "PublishToTopic"
with = { topic = "commands/sensors-0", payload = "ping" }

[measure]
from = "5m"

[[expect]]
that = "fault.1.recovery"
is = "< 300s"
cells = { "fleet.sensors.reconnect.strategy" = ["full-jitter"] }

[matrix]
"fleet.sensors.reconnect.strategy" = ["none", "full-jitter"]
"#;

const NO_MATRIX: (&str, &str) =
    ("[matrix]\n\"fleet.sensors.reconnect.strategy\" = [\"none\", \"full-jitter\"]", "");

fn errors_of(text: &str, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets: &sets, price_books: BOOKS, ..LoadOptions::default() };
    match parse("storm.toml", text, options) {
        Ok(_) => "(no error)".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn the_good_file_is_good() {
    assert_eq!(errors_of(GOOD, &[]), "(no error)");
}

#[test]
fn mistakes_in_a_file() {
    let rows: &[(&str, &[(&str, &str)])] = &[
        ("unknown key", &[("reconnect =", "reconect =")]),
        ("unknown key of another table", &[("offline =", "keep_alive =")]),
        ("unknown key that resembles none", &[("seed =", "weather =")]),
        ("unknown key in an inline table", &[("servers = 8", "server = 8")]),
        ("unknown table", &[("[measure]", "[measurement]")]),
        ("results' key in a file", &[("is = \"< 300s\"", "is = \"< 300s\"\nline = 4")]),
        ("missing key", &[("devices = 1_000\n", "")]),
        ("missing keys of the top level", &[("name = \"storm\"\n", ""), ("duration = \"15m\"\n", "")]),
        ("empty file", &[(GOOD, "")]),
        ("number for text", &[("name = \"storm\"", "name = 5")]),
        ("text for number", &[("devices = 1_000", "devices = \"1_000\"")]),
        ("decimal for number", &[("devices = 1_000", "devices = 1.5")]),
        ("number out of range", &[("devices = 1_000", "devices = 0")]),
        ("number far out of range", &[("devices = 1_000", "devices = 10_000_001")]),
        ("text for a flag", &[("session_expiry", "clean_start = \"true\", session_expiry")]),
        ("text for a table", &[("start = { over = \"5m\" }", "start = \"5m\"")]),
        ("table for a list", &[("[[fault]]", "[fault]")]),
        ("table for a list in a table", &[("[[fleet.publish]]", "[fleet.publish]")]),
        ("list for a table", &[("[measure]", "[[measure]]")]),
        ("text in a list of tables", &[("[{ filter = \"commands/{{thing}}\", qos = 1 }]", "[\"a/b\"]")]),
        ("not a name", &[("name = \"sensors\"", "name = \"My Sensors\"")]),
        ("seed without quotes", &[("seed = \"7\"", "seed = 7")]),
        ("seed that is none", &[("seed = \"7\"", "seed = \"seven\"")]),
        ("epoch without quotes", &[("seed = \"7\"", "epoch = 2026-01-01T00:00:00Z")]),
        ("epoch without a time", &[("seed = \"7\"", "epoch = \"2026-01-01\"")]),
        ("duration without quotes", &[("duration = \"15m\"", "duration = 15m")]),
        ("version without quotes", &[("version = 5", "version = 3.1.1")]),
        ("duration as a number", &[("lasts = \"30s\"", "lasts = 30")]),
        ("duration without unit", &[("lasts = \"30s\"", "lasts = \"30\"")]),
        ("duration with a wrong unit", &[("lasts = \"30s\"", "lasts = \"30 sec\"")]),
        ("duration with a stranger unit", &[("lasts = \"30s\"", "lasts = \"30 parsecs\"")]),
        ("duration that is none", &[("lasts = \"30s\"", "lasts = \"soon\"")]),
        ("negative duration", &[("lasts = \"30s\"", "lasts = \"-30s\"")]),
        ("zero duration", &[("lasts = \"30s\"", "lasts = \"0s\"")]),
        ("duration too fine", &[("lasts = \"30s\"", "lasts = \"0.1ns\"")]),
        ("duration too long", &[("duration = \"15m\"", "duration = \"200000d\"")]),
        ("keep alive in parts of a second", &[("keep_alive = \"10m\"", "keep_alive = \"1500ms\"")]),
        ("keep alive too long", &[("keep_alive = \"10m\"", "keep_alive = \"1d\"")]),
        ("session expiry in parts of a second", &[("session_expiry = \"1h\"", "session_expiry = \"1ms\"")]),
        ("session expiry with 3.1.1", &[("version = 5", "version = \"3.1.1\"")]),
        ("version 3", &[("version = 5", "version = 3")]),
        ("version in quotes", &[("version = 5", "version = \"5\"")]),
        ("unknown word", &[("overflow = \"refuse\"", "overflow = \"refused\"")]),
        ("unknown strategy", &[("strategy = \"full-jitter\"", "strategy = \"jitter\""), NO_MATRIX]),
        ("identity without its authority", &[("offline = ", "identity = \"jitp\"\noffline = ")]),
        ("identity that does not exist", &[("offline = ", "identity = \"regstered\"\noffline = ")]),
        ("offline without a number", &[("offline = \"queue:100\"", "offline = \"queue\"")]),
        ("offline that is none", &[("offline = \"queue:100\"", "offline = \"keep\"")]),
        ("cap below base", &[("base = \"1s\"", "base = \"2m\"")]),
        ("base above the default cap", &[(", base = \"1s\", cap = \"60s\"", ", base = \"2m\"")]),
        ("unknown network", &[("network = \"lte-m\"", "network = \"ltem\"")]),
        (
            "incomplete network",
            &[("network = \"lte-m\"", "network = { name = \"mine\", uplink_us = [5, 1] }")],
        ),
        ("unknown profile", &[("[service]", "[service]\nprofile = \"aws-curent\"")]),
        ("unknown price book", &[("[service]", "[service]\nprice_book = \"aws-use2\"")]),
        ("unknown limit", &[("limits.connect_requests_per_second", "limits.connects_per_second")]),
        ("limit misspelt", &[("connect_requests_per_second", "connect_request_per_second")]),
        ("limit out of range", &[("per_second = 500", "per_second = -1")]),
        ("unknown switch", &[("[service]", "[service]\nswitches.qos_2 = \"close\"")]),
        ("switch that does not allow it", &[("[service]", "[service]\nswitches.qos2 = \"closed\"")]),
        ("bad topic filter", &[("commands/{{thing}}\"", "commands/{{thing}}#\"")]),
        ("bad topic name", &[("sensors/{{thing}}/telemetry", "sensors/+/telemetry")]),
        ("empty topic name", &[("sensors/{{thing}}/telemetry", "")]),
        ("unknown placeholder", &[("sensors/{{thing}}", "sensors/{{thng}}")]),
        ("placeholder that changes", &[("commands/{{thing}}", "commands/{{counter}}")]),
        ("placeholder that is not closed", &[("{{counter}}}", "{{counter")]),
        ("placeholder with a bad range", &[("{{counter}}}", "{{uniform:9..1}}")]),
        ("placeholder in an app's topic", &[("commands/sensors-0", "commands/{{thing}}")]),
        ("QoS 2", &[("qos = 1", "qos = 2")]),
        ("QoS 3", &[("qos = 1", "qos = 3")]),
        (
            "two fleets of one name",
            &[("[[fault]]", "[[fleet]]\nname = \"sensors\"\ndevices = 1\n\n[[fault]]")],
        ),
        ("fleet that starts too late", &[("over = \"5m\"", "over = \"20m\"")]),
        ("fault after the end", &[("at = \"7m\"", "at = \"15m\"")]),
        ("fault beyond the end", &[("lasts = \"30s\"", "lasts = \"10m\"")]),
        (
            "faults out of order",
            &[("[[app]]", "[[fault]]\nat = \"1m\"\nkind = \"gateway-outage\"\nlasts = \"1s\"\n\n[[app]]")],
        ),
        (
            "faults that overlap",
            &[("[[app]]", "[[fault]]\nat = \"7m10s\"\nkind = \"gateway-outage\"\nlasts = \"1s\"\n\n[[app]]")],
        ),
        ("unknown kind of fault", &[("gateway-outage", "gateway-outtage")]),
        ("call after the end", &[("at = \"8m\"", "at = \"20m\"")]),
        ("unknown call", &[("PublishToTopic", "PublishToTopics")]),
        (
            "call without arguments",
            &[("with = { topic = \"commands/sensors-0\", payload = \"ping\" }\n", "")],
        ),
        ("measure after the end", &[("from = \"5m\"", "from = \"15m\"")]),
        ("measure to after the end", &[("from = \"5m\"", "to = \"16m\"")]),
        ("empty measure", &[("from = \"5m\"", "from = \"5m\"\nto = \"5m\"")]),
        ("unknown metric", &[("fault.1.recovery", "fault.1.recovry")]),
        ("unknown metric that resembles none", &[("fault.1.recovery", "happiness")]),
        ("metric of a fault that does not exist", &[("fault.1.recovery", "fault.2.recovery")]),
        ("bound without operator", &[("< 300s", "300s")]),
        ("bound of a wrong unit", &[("< 300s", "< 300")]),
        ("bound of a wrong kind", &[("fault.1.recovery", "delivery.received")]),
        (
            "cells of a key that does not vary",
            &[(
                "cells = { \"fleet.sensors.reconnect.strategy\"",
                "cells = { \"fleet.sensors.reconnect.base\"",
            )],
        ),
        ("cells of a value that is not there", &[("= [\"full-jitter\"] }", "= [\"ful-jitter\"] }")]),
        ("cells without brackets", &[("= [\"full-jitter\"] }", "= \"full-jitter\" }")]),
        ("cells without a matrix", &[NO_MATRIX]),
        (
            "matrix over a key that does not exist",
            &[("[matrix]\n\"fleet.sensors", "[matrix]\n\"fleet.sensor")],
        ),
        ("matrix over an unknown key", &[("strategy\" = [\"none\"", "stategy\" = [\"none\"")]),
        ("matrix over the seed", &[("[matrix]", "[matrix]\nseed = [\"1\", \"2\"]")]),
        ("matrix with a wrong value", &[("[\"none\", ", "[\"non\", ")]),
        ("matrix with a value of a wrong type", &[("[\"none\", ", "[4, ")]),
        ("matrix with one value twice", &[("[\"none\", ", "[\"none\", \"none\", ")]),
        (
            "matrix with one key twice",
            &[("[matrix]", "[matrix]\n\"fleet.1.reconnect.strategy\" = [\"none\"]")],
        ),
        ("matrix without brackets", &[("[\"none\", \"full-jitter\"]", "\"none\"")]),
        ("matrix of no values", &[("[\"none\", \"full-jitter\"]", "[]")]),
        ("matrix with a bad path", &[("[matrix]", "[matrix]\n\"fleet..x\" = [1]")]),
        (
            "matrix that fails in one cell",
            &[("[matrix]", "[matrix]\nfleet.sensors.reconnect.base = [\"1s\", \"5m\"]")],
        ),
        ("duplicate key", &[("seed = \"7\"", "seed = \"7\"\nseed = \"8\"")]),
        ("open list", &[("[\"none\", \"full-jitter\"]", "[\"none\"")]),
        ("key without value", &[("seed = \"7\"", "seed")]),
        (
            "several at once",
            &[("servers = 8", "servers = 0"), ("every = \"1m\"", "every = \"1\""), ("< 300s", "300s")],
        ),
        (
            "long text",
            &[(
                "network = \"lte-m\"",
                "network = \"a very long name that nobody would ever give to a link model of theirs, or would they\"",
            )],
        ),
    ];
    let mut page = String::new();
    for (name, changes) in rows {
        let mut text = GOOD.to_owned();
        for (from, to) in *changes {
            assert!(text.contains(from), "{name}: the good file has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        page.push_str(&format!("# {name}\n{}\n\n", errors_of(&text, &[])));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn mistakes_in_arguments() {
    let rows: &[&[&str]] = &[
        &["duration"],
        &["=5m"],
        &["a b=5"],
        &["duratoin=5m"],
        &["duration=5"],
        &["duration=10m", "measure.from=11m"],
        &["fleet.sensor.devices=10"],
        &["fleet.sensors.devices=many"],
        &["fleet.sensors=5"],
        &["fleet.sensors.mqtt.keepalive=5m"],
        &["fleet.sensors.network.loss=5"],
        &["fault.2.lasts=5s"],
        &["duration.x=5"],
        &["service.limits.topic_bites=5"],
        &["fleet=5"],
        &["fleet.sensors.publish=[{ topic = \"a\" }]"],
        &["fleet.sensors.reconnect.strategy=fulljitter"],
    ];
    let mut page = String::new();
    for sets in rows {
        page.push_str(&format!("# {}\n{}\n\n", sets.join(" "), errors_of(GOOD, sets)));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_matrix_has_a_thousand_cells_at_most() {
    let values: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
    let axis = |key: &str| format!("{key} = [{}]\n", values.join(", "));
    let matrix = format!("[matrix]\n{}{}", axis("service.nodes"), axis("fleet.sensors.devices"));
    insta::assert_snapshot!(errors_of(&GOOD.replace("[matrix]\n", &matrix), &[]), @r"
    storm.toml:43:2: matrix: the matrix has too many cells
      found    40 x 40 x 2
      allowed  at most 1000 cells
      hint     split it into several files, or drop values
    ");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.toml");
    let message = load(&path, LoadOptions::default()).unwrap_err().to_string();
    let message = message.replace(&path.display().to_string(), "none.toml");
    assert!(message.starts_with("none.toml: cannot be read: "), "{message}");
    std::fs::write(&path, b"name = \"x\"\nabout = \"\xff\"\n").unwrap();
    let message = load(&path, LoadOptions::default()).unwrap_err().to_string();
    assert!(message.ends_with("none.toml: not valid TOML: line 2 is not UTF-8"), "{message}");
}

#[test]
fn errors_come_in_the_order_of_the_file() {
    let text = GOOD.replace("lasts = \"30s\"", "lasts = 1").replace("devices = 1_000", "devices = 0");
    let sets = ["seed=x".to_owned()];
    let options =
        LoadOptions { sets: &sets, seed: Some(Seed(1)), price_books: BOOKS, ..LoadOptions::default() };
    let errors = parse("storm.toml", &text, options).unwrap_err();
    let keys: Vec<&str> = errors.iter().map(|error| error.key.as_str()).collect();
    // --seed comes after --set and wins, so the bad seed is gone.
    assert_eq!(keys, ["fleet.sensors.devices", "fault.1.lasts"]);
    assert_eq!(errors.count(), 2);
}

#[test]
fn without_a_list_of_price_books_none_is_checked() {
    let text = GOOD.replace("[service]", "[service]\nprice_book = \"mine\"");
    let plan = parse("storm.toml", &text, LoadOptions::default()).unwrap();
    assert_eq!(plan.cells[0].scenario.service.price_book, "mine");
}
