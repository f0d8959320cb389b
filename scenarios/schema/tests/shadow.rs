//! What a good file says of the shadows of devices.

use core::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use squall_scenario::{
    LoadOptions, OnConflict, OnDelta, Scenario, ShadowHabits, ShadowListens, json_schema, parse, parse_json,
};
use squall_types::{QoS, Template};

const FILE: &str = r#"
name = "thermostats"
about = "Devices that follow their shadows."
duration = "2h"

[[fleet]]
name = "rooms"
devices = 100

[[fleet.shadow]]
reported = '{"target": 20}'

[[fleet.shadow]]
thing = "house-{{index}}"
name = "Config$1"
reported = '{"interval": 60, "n": {{counter}}, "t": {{uniform:1.0..2.0}}}'
report_on_connect = false
report_every = "5m"
get_on_connect = true
listen = { update_rejected = false, get_rejected = false }
on_delta = "apply"
apply_after = "90s"
sends_version = true
on_conflict = "get-and-repeat"
repeats = 7
keeps_applied = false
qos = 0
answer_timeout = "4s"

[[fleet]]
name = "deaf"
devices = 1

[[fleet.shadow]]
reported = "{}"
on_delta = "ignore"
on_conflict = "give-up"
sends_version = true
listen = { delta = false, update_accepted = false, update_rejected = false }

[[fleet]]
name = "plain"
devices = 1
"#;

fn scenario_of(text: &str, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets: &sets, ..LoadOptions::default() };
    let mut plan = parse("f.toml", text, options).unwrap_or_else(|errors| panic!("{errors}"));
    plan.cells.remove(0).scenario
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

const HEARS_UPDATES: ShadowListens = ShadowListens {
    delta: true,
    update_accepted: true,
    update_rejected: true,
    get_accepted: false,
    get_rejected: false,
};

#[test]
fn what_a_file_leaves_out_is_common_firmware() {
    let scenario = scenario_of(FILE, &[]);
    let expected = ShadowHabits {
        thing: template("{{thing}}"),
        name: None,
        reported: template(r#"{"target": 20}"#),
        report_on_connect: true,
        report_every: None,
        get_on_connect: false,
        listens: HEARS_UPDATES,
        on_delta: OnDelta::Apply(Duration::from_secs(1)),
        sends_version: false,
        on_conflict: OnConflict::GetAndRepeat { at_most: 3 },
        keeps_applied: true,
        qos: QoS::AtLeastOnce,
        answer_timeout: Duration::from_secs(10),
    };
    assert_eq!(scenario.fleets[0].shadows[0], expected);
    assert!(scenario.fleets[2].shadows.is_empty());
}

#[test]
fn every_habit_can_be_said() {
    let scenario = scenario_of(FILE, &[]);
    let expected = ShadowHabits {
        thing: template("house-{{index}}"),
        name: Some("Config$1".to_owned()),
        reported: template(r#"{"interval": 60, "n": {{counter}}, "t": {{uniform:1.0..2.0}}}"#),
        report_on_connect: false,
        report_every: Some(Duration::from_secs(300)),
        get_on_connect: true,
        listens: ShadowListens { update_rejected: false, get_accepted: true, ..HEARS_UPDATES },
        on_delta: OnDelta::Apply(Duration::from_secs(90)),
        sends_version: true,
        on_conflict: OnConflict::GetAndRepeat { at_most: 7 },
        keeps_applied: false,
        qos: QoS::AtMostOnce,
        answer_timeout: Duration::from_secs(4),
    };
    assert_eq!(scenario.fleets[0].shadows[1], expected);
    let deaf = &scenario.fleets[1].shadows[0];
    assert_eq!((deaf.on_delta, deaf.on_conflict), (OnDelta::Ignore, OnConflict::GiveUp));
    let listens = deaf.listens;
    assert!(![listens.delta, listens.update_accepted, listens.update_rejected].contains(&true));
}

#[test]
fn a_device_listens_to_answers_of_get_if_it_ever_gets() {
    let heard = |sets: &[&str]| {
        let listens = scenario_of(FILE, sets).fleets[0].shadows[0].listens;
        (listens.get_accepted, listens.get_rejected)
    };
    assert_eq!(heard(&[]), (false, false));
    assert_eq!(heard(&["fleet.rooms.shadow.1.get_on_connect=true"]), (true, true));
    let versioned = "fleet.rooms.shadow.1.sends_version=true";
    assert_eq!(heard(&[versioned]), (true, true), "after a conflict");
    assert_eq!(heard(&[versioned, "fleet.rooms.shadow.1.on_conflict=give-up"]), (false, false));
    assert_eq!(heard(&["fleet.rooms.shadow.1.listen.get_accepted=true"]), (true, false));
}

#[test]
fn an_argument_reaches_a_shadow_by_its_name_or_its_number() {
    let scenario = scenario_of(
        FILE,
        &[
            "fleet.rooms.shadow.1.listen.update_rejected=false",
            "fleet.rooms.shadow.2.apply_after=3s",
            r#"fleet.rooms.shadow."Config$1".repeats=1"#,
        ],
    );
    let [classic, named] = &scenario.fleets[0].shadows[..] else { panic!("two shadows") };
    assert!(!classic.listens.update_rejected);
    assert_eq!(named.on_delta, OnDelta::Apply(Duration::from_secs(3)));
    assert_eq!(named.on_conflict, OnConflict::GetAndRepeat { at_most: 1 });
}

#[test]
fn a_resolved_scenario_reads_back() {
    let scenario = scenario_of(FILE, &[]);
    let json = scenario.to_json();
    let back = parse_json(&json).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(back, scenario);
    assert_eq!(back.to_json(), json);
    let shadows = &json["fleet"][0]["shadow"];
    assert_eq!(shadows[1]["name"], "Config$1");
    // What the results do not say is not invented.
    assert!(shadows[0].get("name").is_none() && shadows[0].get("report_every").is_none());
    let deaf = &json["fleet"][1]["shadow"][0];
    assert!(deaf.get("apply_after").is_none() && deaf.get("repeats").is_none());
    assert_eq!(json["fleet"][2]["shadow"], json!([]));
}

#[test]
fn the_schema_describes_shadows() {
    let schema = json_schema();
    let shadow = &schema["properties"]["fleet"]["items"]["properties"]["shadow"]["items"];
    assert_eq!(shadow["required"], json!(["reported"]));
    let properties = &shadow["properties"];
    assert_eq!(properties["name"]["pattern"], "^[a-zA-Z0-9$:_-]{1,64}$");
    assert_eq!(properties["on_conflict"]["enum"], json!(["get-and-repeat", "give-up"]));
    let listen = properties["listen"]["properties"].as_object().map(serde_json::Map::len);
    assert_eq!(listen, Some(5));
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        cuts in prop::collection::vec((0..FILE.len(), 0..20_usize, "[\\[\\]{}\"'=.,$0-9a-z\n#-]{0,6}"), 1..4),
    ) {
        let mut text = FILE.to_owned();
        for (at, length, put) in cuts {
            let end = (at + length).min(text.len());
            text.replace_range(at.min(end)..end, &put);
        }
        if let Ok(plan) = parse("f.toml", &text, LoadOptions::default()) {
            let scenario = &plan.cells[0].scenario;
            let back = parse_json(&scenario.to_json());
            prop_assert_eq!(back.as_ref(), Ok(scenario));
        }
    }
}
