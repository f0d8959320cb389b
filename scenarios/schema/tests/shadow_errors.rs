//! What a mistake about the shadows of devices reads like.

use squall_scenario::{LoadOptions, parse};

/// A file in which nothing is wrong; each row changes texts of it.
const GOOD: &str = r#"name = "thermostats"
about = "Devices that follow their shadows."
duration = "2h"

[[fleet]]
name = "rooms"
devices = 100

[[fleet.shadow]]
reported = '{"target": 20}'

[[fleet.shadow]]
name = "config"
reported = '{"interval": {{counter}}}'
listen = { update_rejected = false }
on_delta = "apply"
apply_after = "90s"
on_conflict = "get-and-repeat"
repeats = 3
qos = 1
"#;

fn errors_of(text: &str) -> String {
    match parse("thermostats.toml", text, LoadOptions::default()) {
        Ok(_) => "(no error)".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn the_good_file_is_good() {
    assert_eq!(errors_of(GOOD), "(no error)");
}

#[test]
fn mistakes_about_shadows() {
    let rows: &[(&str, &[(&str, &str)])] = &[
        ("nothing reported", &[("reported = '{\"target\": 20}'", "qos = 0")]),
        ("reported is no JSON", &[("{\"target\": 20}", "{target: 20}")]),
        ("reported is no object", &[("'{\"target\": 20}'", "\"20\"")]),
        ("reported as a table", &[("'{\"target\": 20}'", "{ target = 20 }")]),
        ("unknown placeholder", &[("{{counter}}", "{{count}}")]),
        ("a name that no shadow has", &[("\"config\"", "\"my config\"")]),
        (
            "a thing that no device has",
            &[("name = \"config\"", "name = \"config\"\nthing = \"{{thing}}/a\"")],
        ),
        ("two classic shadows", &[("name = \"config\"\n", "")]),
        ("two shadows of one name", &[("[[fleet.shadow]]\n", "[[fleet.shadow]]\nname = \"config\"\n")]),
        (
            "a table in place of a list",
            &[("[[fleet.shadow]]\nreported = '{\"target\": 20}'\n\n[[fleet.shadow]]", "[fleet.shadow]")],
        ),
        ("unknown key", &[("repeats", "repeat")]),
        ("key of a publish", &[("repeats = 3", "every = \"5m\"")]),
        ("unknown topic", &[("update_rejected", "rejected")]),
        ("a topic in quotes", &[("update_rejected = false", "update_rejected = \"false\"")]),
        ("topics as a list", &[("{ update_rejected = false }", "[\"update/delta\"]")]),
        ("unknown habit", &[("\"apply\"", "\"aply\"")]),
        ("delay of what is ignored", &[("\"apply\"", "\"ignore\"")]),
        ("repeats of who gives up", &[("\"get-and-repeat\"", "\"give-up\"")]),
        ("no repeats", &[("repeats = 3", "repeats = 0")]),
        ("delay without a unit", &[("\"90s\"", "90")]),
        ("reports all the time", &[("qos = 1", "report_every = \"0s\"")]),
        ("no time for an answer", &[("qos = 1", "answer_timeout = \"0s\"")]),
        ("QoS 2", &[("qos = 1", "qos = 2")]),
    ];
    let mut page = String::new();
    for (row, changes) in rows {
        let mut text = GOOD.to_owned();
        for (from, to) in *changes {
            assert!(text.contains(from), "{row}: the good file has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        let errors = errors_of(&text);
        assert_ne!(errors, "(no error)", "{row}");
        page.push_str(&format!("# {row}\n{errors}\n\n"));
    }
    let many = "\n[[fleet.shadow]]\nname = \"s\"\nreported = '{}'\n";
    let many: String = (0..100).map(|n| many.replace("\"s\"", &format!("\"s{n}\""))).collect();
    page.push_str(&format!("# too many\n{}\n\n", errors_of(&format!("{GOOD}{many}"))));
    insta::assert_snapshot!("mistakes_about_shadows", page);
}
