//! What a good file says of policies, authorizers, certificates and the calls that change them.

use core::time::Duration;

use proptest::prelude::*;
use squall_scenario::{
    Authorizer, Call, CustomAuthorizer, Devices, Files, FunctionStation, Identity, LoadOptions, Plan,
    PolicyDocument, Registered, Rights, Scenario, json_schema, load, parse, parse_json,
};
use squall_services::registry::CertificateStatus;
use squall_types::Template;

const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
const CONNECT_ONLY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;
const SCRIPT: &str = "fn handler(event) { #{ isAuthenticated: true } }";
const GIVEN: Files<'static> = Files::Given(&[
    ("policies/star.json", ALLOW_ALL),
    ("lambdas/password.rhai", SCRIPT),
    ("broken.json", "{"),
]);

const FILE: &str = r#"
name = "access"
about = "Who may do what."
duration = "10m"

[[policy]]
name = "iot-star"
file = "policies/star.json"

[[policy]]
name = "Connect.Only"
document = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}'''

[[authorizer]]
name = "password"
file = "lambdas/password.rhai"
default = true
station = { concurrency = 2, latency = "1ms", cold_start = "0s", failures_per_million = 7 }

[[authorizer]]
name = "other"
script = "fn handler(event) { () }"

[[fleet]]
name = "pumps"
devices = 100
policies = ["iot-star", "Connect.Only"]
thing = "thing-{{index}}"
exclusive_thing = true
attributes = { model = "x1", Site = "a/b" }
certificate_status = "PENDING_ACTIVATION"

[[fleet]]
name = "locked"
devices = 2
policies = []

[[fleet]]
name = "free"
devices = 3
certificate_status = "INACTIVE"

[[fleet]]
name = "guests"
devices = 4
identity = "custom-authorizer"
username = "{{thing}}?x-amz-customauthorizer-name=password"
password = "secret"

[[app]]
at = "7m"
call = "AttachPolicy"
with = { policy = "late", fleet = "locked", devices = "1..2" }

[[app]]
at = "1m"
call = "UpdateCertificate"
with = { fleet = "free", status = "ACTIVE" }

[[app]]
at = "2m"
call = "CreatePolicy"
with = { policy = "late", file = "policies/star.json" }

[[app]]
at = "3m"
call = "CreatePolicyVersion"
with = { policy = "late", file = "broken.json" }

[[app]]
at = "4m"
call = "CreatePolicyVersion"
with = { policy = "iot-star", document = "no JSON", set_as_default = true }

[[app]]
at = "5m"
call = "SetDefaultPolicyVersion"
with = { policy = "iot-star", version = 2 }

[[app]]
at = "6m"
call = "DetachPolicy"
with = { policy = "iot-star", fleet = "pumps", devices = "10..1_00" }
"#;

fn plan_of(text: &str, sets: &[&str]) -> Plan {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets: &sets, files: GIVEN, ..LoadOptions::default() };
    parse("f.toml", text, options).unwrap_or_else(|errors| panic!("{errors}"))
}

fn scenario_of(text: &str, sets: &[&str]) -> Scenario {
    plan_of(text, sets).cells.remove(0).scenario
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn rights(identity: &Identity) -> Option<&Rights> {
    match identity {
        Identity::Registered(registered) => registered.rights.as_ref(),
        _ => None,
    }
}

#[test]
fn policies_and_authorizers_carry_their_texts() {
    let scenario = scenario_of(FILE, &[]);
    let policy = |name: &str, document: &str, source: Option<&str>| PolicyDocument {
        name: name.to_owned(),
        document: document.to_owned(),
        source: source.map(str::to_owned),
    };
    assert_eq!(
        scenario.policies,
        [
            policy("iot-star", ALLOW_ALL, Some("policies/star.json")),
            policy("Connect.Only", CONNECT_ONLY, None)
        ]
    );
    let password = Authorizer {
        name: "password".to_owned(),
        script: SCRIPT.to_owned(),
        source: Some("lambdas/password.rhai".to_owned()),
        is_default: true,
        station: FunctionStation {
            concurrency: 2,
            latency: Duration::from_millis(1),
            cold_start: Duration::ZERO,
            failures_per_million: 7,
        },
    };
    let other = Authorizer {
        name: "other".to_owned(),
        script: "fn handler(event) { () }".to_owned(),
        source: None,
        is_default: false,
        station: FunctionStation {
            concurrency: 1_000,
            latency: Duration::from_millis(20),
            cold_start: Duration::from_millis(250),
            failures_per_million: 0,
        },
    };
    assert_eq!(scenario.authorizers, [password, other]);
}

#[test]
fn a_fleet_has_rights_or_none_or_everything() {
    let scenario = scenario_of(FILE, &[]);
    let registered = |rights, certificate_status| {
        Identity::Registered(Registered { rights, certificate_status, certificate_expires: None })
    };
    let text = str::to_owned;
    let expected = [
        registered(
            Some(Rights {
                policies: vec![text("iot-star"), text("Connect.Only")],
                thing: template("thing-{{index}}"),
                exclusive_thing: true,
                attributes: vec![(text("Site"), text("a/b")), (text("model"), text("x1"))],
            }),
            CertificateStatus::PendingActivation,
        ),
        registered(
            Some(Rights {
                policies: vec![],
                thing: template("{{thing}}"),
                exclusive_thing: false,
                attributes: vec![],
            }),
            CertificateStatus::Active,
        ),
        registered(None, CertificateStatus::Inactive),
        Identity::CustomAuthorizer(CustomAuthorizer {
            username: Some(template("{{thing}}?x-amz-customauthorizer-name=password")),
            password: Some(template("secret")),
        }),
    ];
    let found: Vec<Identity> = scenario.fleets.into_iter().map(|fleet| fleet.identity).collect();
    assert_eq!(found, expected);
}

#[test]
fn calls_name_fleets_by_index_and_come_in_the_order_of_time() {
    let text = str::to_owned;
    let devices = |fleet, from, to| Devices { fleet, from, to };
    let expected = [
        Call::UpdateCertificate { devices: devices(2, 0, 3), status: CertificateStatus::Active },
        Call::CreatePolicy { policy: text("late"), document: text(ALLOW_ALL) },
        Call::CreatePolicyVersion { policy: text("late"), document: text("{"), set_as_default: false },
        Call::CreatePolicyVersion {
            policy: text("iot-star"),
            document: text("no JSON"),
            set_as_default: true,
        },
        Call::SetDefaultPolicyVersion { policy: text("iot-star"), version: 2 },
        Call::DetachPolicy { policy: text("iot-star"), devices: devices(0, 10, 100) },
        Call::AttachPolicy { policy: text("late"), devices: devices(1, 1, 2) },
    ];
    let calls: Vec<Call> = scenario_of(FILE, &[]).app_calls.into_iter().map(|call| call.call).collect();
    assert_eq!(calls, expected);
    for call in calls {
        assert_eq!(call.rendered(5), call);
    }
}

#[test]
fn a_resolved_scenario_reads_back_without_its_files() {
    let scenario = scenario_of(FILE, &[]);
    let json = scenario.to_json();
    let back = parse_json(&json).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(back, scenario);
    assert_eq!(back.to_json(), json);
    assert_eq!(json["policy"][0]["document"], ALLOW_ALL);
    assert_eq!(json["policy"][0]["source"], "policies/star.json");
    assert_eq!(json["app"][0]["with"]["devices"], "0..3");
    // What the results do not say is not invented.
    assert!(json["fleet"][2].get("policies").is_none() && json["fleet"][2].get("thing").is_none());
    assert!(json["fleet"][3].get("certificate_status").is_none());
}

#[test]
fn files_are_found_beside_the_scenario_and_counted_as_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for (path, text) in
        [("policies/star.json", ALLOW_ALL), ("lambdas/password.rhai", SCRIPT), ("broken.json", "{")]
    {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), text).unwrap();
    }
    std::fs::write(at("f.toml"), FILE).unwrap();
    let plan = load(&at("f.toml"), LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(plan.cells[0].scenario, scenario_of(FILE, &[]));
    let inputs: Vec<&str> = plan.inputs.iter().map(|input| input.path.as_str()).collect();
    let expected = ["f.toml", "broken.json", "lambdas/password.rhai", "policies/star.json"];
    assert_eq!(inputs, expected.map(|path| at(path).display().to_string()));
}

#[test]
fn an_argument_reaches_every_new_key() {
    let scenario = scenario_of(
        FILE,
        &[
            "authorizer.password.station.latency=2s",
            "fleet.pumps.policies=[\"Connect.Only\"]",
            "fleet.pumps.attributes.model=7",
            "fleet.pumps.certificate_status=REVOKED",
            "fleet.guests.password={{index}}",
            "app.2.with.status=REVOKED",
            "app.6.with.version=5",
            "app.7.with.devices=0..1",
        ],
    );
    assert_eq!(scenario.authorizers[0].station.latency, Duration::from_secs(2));
    let pumps = rights(&scenario.fleets[0].identity).unwrap();
    assert_eq!(pumps.policies, ["Connect.Only"]);
    assert_eq!(pumps.attributes[1], ("model".to_owned(), "7".to_owned()));
    let Identity::Registered(registered) = &scenario.fleets[0].identity else { panic!("a certificate") };
    assert_eq!(registered.certificate_status, CertificateStatus::Revoked);
    let Identity::CustomAuthorizer(guests) = &scenario.fleets[3].identity else { panic!("an authorizer") };
    assert_eq!(guests.password, Some(template("{{index}}")));
    let calls: Vec<&Call> = scenario.app_calls.iter().map(|call| &call.call).collect();
    assert!(matches!(calls[0], Call::UpdateCertificate { status: CertificateStatus::Revoked, .. }));
    assert!(matches!(calls[4], Call::SetDefaultPolicyVersion { version: 5, .. }));
    assert!(matches!(calls[5], Call::DetachPolicy { devices: Devices { fleet: 0, from: 0, to: 1 }, .. }));
}

#[test]
fn a_matrix_varies_lists_of_policies() {
    let matrix = "[[expect]]\nthat = \"takeovers\"\nis = \"== 0\"\n\
                  cells = { \"fleet.pumps.policies\" = [[], [\"iot-star\"]] }\n[matrix]\n\
                  \"fleet.pumps.policies\" = [[\"iot-star\"], [\"iot-star\", \"Connect.Only\"], []]\n\
                  \"fleet.pumps.attributes.model\" = [\"x1\", \"x2\"]\n";
    let text = format!("{FILE}{matrix}");
    let plan = plan_of(&text, &[]);
    let found: Vec<(usize, &str, bool)> = plan
        .cells
        .iter()
        .map(|cell| {
            let rights = rights(&cell.scenario.fleets[0].identity).unwrap();
            (rights.policies.len(), rights.attributes[1].1.as_str(), cell.scenario.expectations[0].judged)
        })
        .collect();
    let expected = [
        (1, "x1", true),
        (1, "x2", true),
        (2, "x1", false),
        (2, "x2", false),
        (0, "x1", true),
        (0, "x2", true),
    ];
    assert_eq!(found, expected);
    assert_eq!(plan.cells[0].labels[0].1, "[\"iot-star\"]");
    let slugs: std::collections::BTreeSet<String> =
        plan.cells.iter().map(squall_scenario::Cell::slug).collect();
    assert_eq!(slugs.len(), 6);

    let picked = plan_of(&text, &["fleet.pumps.policies=[]"]);
    assert_eq!(picked.cells.len(), 2);
    assert_eq!(picked.cells[0].scenario, plan.cells[4].scenario);
}

#[test]
fn a_matrix_varies_a_policy_document() {
    let matrix = "[matrix]\n\"policy.iot-star.file\" = [\"policies/star.json\", \"other.json\"]\n";
    let files = Files::Given(&[
        ("policies/star.json", ALLOW_ALL),
        ("other.json", CONNECT_ONLY),
        ("lambdas/password.rhai", SCRIPT),
        ("broken.json", "{"),
    ]);
    let options = LoadOptions { files, ..LoadOptions::default() };
    let plan =
        parse("f.toml", &format!("{FILE}{matrix}"), options).unwrap_or_else(|errors| panic!("{errors}"));
    let documents: Vec<&str> =
        plan.cells.iter().map(|cell| cell.scenario.policies[0].document.as_str()).collect();
    assert_eq!(documents, [ALLOW_ALL, CONNECT_ONLY]);
}

#[test]
fn the_schema_describes_the_new_keys() {
    let schema = json_schema();
    let policy = &schema["properties"]["policy"]["items"]["properties"];
    assert_eq!(policy["name"]["pattern"], "^[a-zA-Z0-9_+=,.@-]{1,128}$");
    assert!(policy["source"].is_null(), "results' keys are no part of a file");
    let fleet = &schema["properties"]["fleet"]["items"]["properties"];
    assert_eq!(fleet["policies"]["maxItems"], 10);
    assert_eq!(fleet["attributes"]["maxProperties"], 50);
    assert_eq!(fleet["certificate_status"]["enum"].as_array().map(Vec::len), Some(6));
    let app = &schema["properties"]["app"]["items"]["properties"];
    // Beside those of each call, the public API's.
    let words = app["call"]["anyOf"][0]["enum"].as_array().map(Vec::len);
    assert_eq!(app["with"]["anyOf"].as_array().map(Vec::len), words.map(|words| words + 1));
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        cuts in prop::collection::vec((0..FILE.len(), 0..20_usize, "[\\[\\]{}\"'=.,0-9a-z\n#-]{0,6}"), 1..4),
    ) {
        let mut text = FILE.to_owned();
        for (at, length, put) in cuts {
            let end = (at + length).min(text.len());
            text.replace_range(at.min(end)..end, &put);
        }
        let options = LoadOptions { files: GIVEN, ..LoadOptions::default() };
        if let Ok(plan) = parse("f.toml", &text, options) {
            let scenario = &plan.cells[0].scenario;
            let back = parse_json(&scenario.to_json());
            prop_assert_eq!(back.as_ref(), Ok(scenario));
        }
    }
}
