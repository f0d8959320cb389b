//! What a mistake about policies, authorizers, certificates and their calls reads like.

use squall_scenario::{Files, LoadOptions, parse};

const GIVEN: Files<'static> = Files::Given(&[
    ("policies/per-device.json", PER_DEVICE),
    ("policies/broken.json", "{\"Version\": \"2012-10-17\",\n"),
    ("lambdas/password.rhai", "fn handler(event) { () }"),
]);
const PER_DEVICE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;

/// A file in which nothing is wrong; each row changes texts of it.
const GOOD: &str = r#"name = "access"
about = "Who may do what."
duration = "15m"

[[policy]]
name = "per-device"
file = "policies/per-device.json"

[[authorizer]]
name = "password"
file = "lambdas/password.rhai"
default = true

[[fleet]]
name = "pumps"
devices = 100
policies = ["per-device"]
thing = "{{thing}}"
attributes = { model = "x1" }

[[fleet]]
name = "guests"
devices = 10
identity = "custom-authorizer"
username = "{{thing}}"

[[app]]
at = "1m"
call = "UpdateCertificate"
with = { fleet = "pumps", devices = "0..10", status = "INACTIVE" }

[[app]]
at = "2m"
call = "CreatePolicy"
with = { policy = "late", file = "policies/broken.json" }

[[app]]
at = "3m"
call = "AttachPolicy"
with = { policy = "late", fleet = "pumps" }
"#;

fn errors_of(text: &str, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets: &sets, files: GIVEN, ..LoadOptions::default() };
    match parse("access.toml", text, options) {
        Ok(_) => "(no error)".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn the_good_file_is_good() {
    assert_eq!(errors_of(GOOD, &[]), "(no error)");
}

const POLICY: &str = "file = \"policies/per-device.json\"";
const SCRIPT: &str = "file = \"lambdas/password.rhai\"";
const STATUS: &str = "status = \"INACTIVE\"";
const ATTACH: &str = "with = { policy = \"late\", fleet = \"pumps\" }";
const IDENTITY: &str = "identity = \"custom-authorizer\"\nusername = \"{{thing}}\"";

#[test]
fn mistakes_about_policies_and_authorizers() {
    check(
        "policies",
        &[
            ("policy without a document", &[(POLICY, "")]),
            ("policy with two documents", &[(POLICY, "file = \"a\"\ndocument = \"{}\"")]),
            ("policy file that is not there", &[("per-device.json", "per-devise.json")]),
            ("policy file that is a number", &[(POLICY, "file = 5")]),
            ("policy that is not closed", &[("per-device.json", "broken.json")]),
            (
                "policy of no statements",
                &[(POLICY, "document = '''{\"Version\": \"2012-10-17\", \"Statement\": []}'''")],
            ),
            (
                "policy with an unknown action",
                &[(
                    POLICY,
                    "document = '{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"iot:Fly\", \"Resource\": \"*\"}}'",
                )],
            ),
            (
                "policy that is not modelled",
                &[(
                    POLICY,
                    "document = '{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"NotAction\": \"iot:Connect\", \"Resource\": \"*\"}}'",
                )],
            ),
            ("policy with a bad name", &[("name = \"per-device\"", "name = \"per device\"")]),
            ("policy without a name", &[("name = \"per-device\"\n", "")]),
            (
                "two policies of one name",
                &[(
                    "[[authorizer]]",
                    "[[policy]]\nname = \"per-device\"\ndocument = '{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"iot:*\", \"Resource\": \"*\"}}'\n\n[[authorizer]]",
                )],
            ),
            ("unknown key of a policy", &[("[[authorizer]]", "versoin = 1\n\n[[authorizer]]")]),
            ("results' key of a policy", &[("[[authorizer]]", "source = \"a\"\n\n[[authorizer]]")]),
            ("policy as a table", &[("[[policy]]", "[policy]")]),
            ("authorizer without a script", &[(SCRIPT, "")]),
            ("authorizer with a bad name", &[("name = \"password\"", "name = \"pass.word\"")]),
            ("authorizer file that is not there", &[("password.rhai", "pasword.rhai")]),
            (
                "two defaults",
                &[("[[fleet]]", "[[authorizer]]\nname = \"b\"\nscript = \"\"\ndefault = true\n\n[[fleet]]")],
            ),
            (
                "two authorizers of one name",
                &[("[[fleet]]", "[[authorizer]]\nname = \"password\"\nscript = \"\"\n\n[[fleet]]")],
            ),
            ("unknown key of a station", &[("default = true", "station.latncy = \"1ms\"")]),
            ("concurrency of none", &[("default = true", "station.concurrency = 0")]),
            ("too many failures", &[("default = true", "station.failures_per_million = 1_000_001")]),
        ],
    );
}

#[test]
fn mistakes_about_fleets() {
    let too_many = format!("policies = [{}]", "\"per-device\", ".repeat(11));
    let attributes: String = (0..51).map(|n| format!("a{n} = \"\", ")).collect();
    let attributes = format!("attributes = {{ {} }}", attributes.trim_end_matches(", "));
    check(
        "fleets",
        &[
            ("unknown policy", &[("policies = [\"per-device\"]", "policies = [\"per-divice\"]")]),
            ("unknown policy that resembles none", &[("policies = [\"per-device\"]", "policies = [\"x\"]")]),
            ("policy that only a call makes", &[("policies = [\"per-device\"]", "policies = [\"late\"]")]),
            ("policy named twice", &[("[\"per-device\"]", "[\"per-device\", \"per-device\"]")]),
            ("policies without brackets", &[("[\"per-device\"]", "\"per-device\"")]),
            ("policies that are numbers", &[("[\"per-device\"]", "[1, \"per-device\", true]")]),
            ("too many policies", &[("policies = [\"per-device\"]", too_many.as_str())]),
            ("thing with a bad name", &[("thing = \"{{thing}}\"", "thing = \"{{thing}}.x\"")]),
            ("thing that changes", &[("thing = \"{{thing}}\"", "thing = \"{{counter}}\"")]),
            (
                "keys of a thing without policies",
                &[("policies = [\"per-device\"]\n", "exclusive_thing = true\n")],
            ),
            ("attributes that are no table", &[("{ model = \"x1\" }", "\"x1\"")]),
            ("attribute with a bad name", &[("model = \"x1\"", "\"my model\" = \"x1\"")]),
            ("attribute with a bad value", &[("model = \"x1\"", "model = \"x 1\", size = 5")]),
            ("too many attributes", &[("attributes = { model = \"x1\" }", attributes.as_str())]),
            ("unknown status", &[("thing = \"{{thing}}\"", "certificate_status = \"ACTIV\"")]),
            ("username without a custom authorizer", &[("identity = \"custom-authorizer\"\n", "")]),
            (
                "certificate with a custom authorizer",
                &[(
                    IDENTITY,
                    "identity = \"custom-authorizer\"\npolicies = []\ncertificate_status = \"ACTIVE\"",
                )],
            ),
            (
                "thing with a custom authorizer",
                &[(IDENTITY, "identity = \"custom-authorizer\"\nthing = \"a\"")],
            ),
            (
                "password without a user name",
                &[("username = \"{{thing}}\"", "password = \"x\"\nmqtt = { version = \"3.1.1\" }")],
            ),
            ("password that changes", &[("username = \"{{thing}}\"", "password = \"{{counter}}\"")]),
            (
                "custom authorizer that is not there",
                &[(
                    "[[authorizer]]\nname = \"password\"\nfile = \"lambdas/password.rhai\"\ndefault = true\n",
                    "",
                )],
            ),
        ],
    );
}

#[test]
fn mistakes_about_calls() {
    check(
        "calls",
        &[
            ("unknown fleet", &[("fleet = \"pumps\", devices", "fleet = \"pump\", devices")]),
            ("range beyond the fleet", &[("\"0..10\"", "\"95..101\"")]),
            ("empty range", &[("\"0..10\"", "\"10..10\"")]),
            ("no range", &[("\"0..10\"", "\"10\"")]),
            ("range that is a number", &[("\"0..10\"", "10")]),
            ("status that does not exist", &[(STATUS, "status = \"INACTIV\"")]),
            ("argument that is missing", &[(", status = \"INACTIVE\"", "")]),
            ("argument of another call", &[(STATUS, "status = \"INACTIVE\", topic = \"a\"")]),
            ("unknown argument", &[(STATUS, "statsu = \"INACTIVE\"")]),
            (
                "fleet with a custom authorizer",
                &[("fleet = \"pumps\", devices", "fleet = \"guests\", devices")],
            ),
            (
                "fleet that is allowed everything",
                &[(
                    "policies = [\"per-device\"]\nthing = \"{{thing}}\"\nattributes = { model = \"x1\" }\n",
                    "",
                )],
            ),
            ("unknown policy", &[(ATTACH, "with = { policy = \"lates\", fleet = \"pumps\" }")]),
            ("policy that is made later", &[("at = \"2m\"", "at = \"4m\"")]),
            ("policy with a bad name", &[("policy = \"late\", file", "policy = \"la te\", file")]),
            ("new policy without a document", &[(", file = \"policies/broken.json\"", "")]),
            (
                "new policy with a file that is not there",
                &[("policies/broken.json", "policies/brocken.json")],
            ),
            (
                "version of an unknown policy",
                &[
                    ("\"AttachPolicy\"", "\"SetDefaultPolicyVersion\""),
                    (ATTACH, "with = { policy = \"x\", version = 0 }"),
                ],
            ),
            (
                "flag that is text",
                &[
                    ("\"AttachPolicy\"", "\"CreatePolicyVersion\""),
                    (ATTACH, "with = { policy = \"late\", document = \"\", set_as_default = \"yes\" }"),
                ],
            ),
            ("unknown call", &[("\"UpdateCertificate\"", "\"UpdateCertificates\"")]),
            ("call without arguments", &[(ATTACH, "")]),
            (
                "several at once",
                &[
                    ("\"0..10\"", "\"x\""),
                    ("\"policies/broken.json\"", "\"x\""),
                    (ATTACH, "with = { policy = \"x\", fleet = \"x\" }"),
                ],
            ),
        ],
    );
}

fn check(name: &str, rows: &[(&str, &[(&str, &str)])]) {
    let mut page = String::new();
    for (row, changes) in rows {
        let mut text = GOOD.to_owned();
        for (from, to) in *changes {
            assert!(text.contains(from), "{row}: the good file has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        let errors = errors_of(&text, &[]);
        assert_ne!(errors, "(no error)", "{row}");
        page.push_str(&format!("# {row}\n{errors}\n\n"));
    }
    insta::assert_snapshot!(format!("mistakes_about_{name}"), page);
}

#[test]
fn mistakes_in_arguments_and_the_matrix() {
    let mut page = String::new();
    let rows: &[&[&str]] = &[
        &["fleet.pumps.policies=per-device"],
        &["fleet.pumps.policies=[\"x\"]"],
        &["fleet.pumps.policies.1=x"],
        &["fleet.pumps.attributes.a.b=x"],
        &["fleet.pumps.devices=5"],
        &["policy.x.file=a"],
        &["policy.per-device.document={}"],
        &["policy.per-device.file=a"],
        &["app.1.with.version=1"],
        &["app.1.with.devices=0"],
        &["matrix.fleet.pumps.policies=[[\"per-device\"], [\"x\"]]"],
        &["matrix.fleet.pumps.policies=[\"per-device\"]"],
    ];
    for sets in rows {
        page.push_str(&format!("# {}\n{}\n\n", sets.join(" "), errors_of(GOOD, sets)));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_scenario_without_a_place_has_no_files() {
    let errors = parse("access.toml", GOOD, LoadOptions::default()).unwrap_err().to_string();
    insta::assert_snapshot!(errors.lines().take(4).collect::<Vec<_>>().join("\n"), @r#"
    access.toml:7:8: policy.per-device.file: no files come with this scenario
      found    "policies/per-device.json"
      hint     write the text into the scenario, between '''
    access.toml:11:8: authorizer.password.file: no files come with this scenario
    "#);
}
