//! Devices that get their identity in the field, as a user runs them: what the library does not show.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use serde_json::Value;
use support::{folder, results, root, squall, texts};

/// A fleet whose devices get claims from a trusted user, with these further keys.
fn trusted_user(keys: &str, rest: &str) -> String {
    let template = root().join("fixtures/provisioning/claim-by-serial-number.json");
    format!(
        r#"name = "trusted-user"
about = "Devices whose claims a trusted user hands out."
duration = "20m"
seed = "7"

[[policy]]
name = "claimed"
document = '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iot:*","Resource":"*"}}}}'

[[provisioning_template]]
name = "meters"
file = "{}"

[[fleet]]
name = "meters"
devices = 30
start = {{ over = "1m" }}
identity = "trusted-user"
template = "meters"
parameters = {{ SerialNumber = "{{{{thing}}}}" }}
reconnect = {{ strategy = "full-jitter", base = "1s", cap = "60s" }}
{keys}

[[fleet.publish]]
topic = "meters/{{{{thing}}}}/reading"
every = "1m"
qos = 1
payload = '1'

{rest}"#,
        template.display()
    )
}

fn run(scenario: &str, seed: &str) -> Value {
    let folder = folder();
    std::fs::write(folder.path().join("s.toml"), scenario).unwrap();
    results(folder.path(), &["s.toml", "--seed", seed])
}

fn counter(results: &Value, name: &str) -> u64 {
    results["counters"][name].as_u64().unwrap_or_else(|| panic!("no counter {name}"))
}

#[test]
fn a_trusted_user_gets_a_claim_for_each_device() {
    let scenario = trusted_user("", "");
    let first = run(&scenario, "7");
    for (name, expected) in [
        ("calls.accepted", 30),
        ("provisioning.registered", 30),
        ("provisioning.succeeded", 30),
        ("devices.provisioned_at_end", 30),
        ("devices.connected_at_end", 30),
    ] {
        assert_eq!(counter(&first, name), expected, "{name}");
    }
    assert_eq!(first["latency"]["run"]["provisioning"]["unfinished"].as_u64().unwrap_or(0), 0);
    assert_eq!(first, run(&scenario, "7"), "the same seed gives the same run");
    assert_ne!(first["fingerprint"], run(&scenario, "8")["fingerprint"]);
}

/// A device that loses its certificate with its power needs another claim, and gets another certificate.
#[test]
fn firmware_that_forgets_its_certificate_is_provisioned_again() {
    let fault = r#"
[[fault]]
at = "5m"
kind = "device-crash"
fleet = "meters"
share = "100 %"
lasts = "1m"
"#;
    let forgets = run(&trusted_user("keeps_certificate = false", fault), "7");
    assert_eq!(counter(&forgets, "calls.accepted"), 60);
    // All come back at once, so a registration may be over its rate: then the device begins again with a new certificate.
    let again = counter(&forgets, "provisioning.failed");
    assert_eq!(counter(&forgets, "provisioning.registered"), 60 + again);
    assert_eq!(counter(&forgets, "provisioning.throttled"), again);
    assert_eq!(counter(&forgets, "devices.connected_at_end"), 30);
    let keeps = run(&trusted_user("keeps_certificate = true", fault), "7");
    assert_eq!(counter(&keeps, "provisioning.registered"), 30);
    assert_eq!(counter(&keeps, "devices.connected_at_end"), 30);
}

/// A template can be switched off, and a call says so in the API's own words.
#[test]
fn a_template_is_switched_off_while_devices_need_it() {
    let call = r#"
[[app]]
at = "30s"
call = "UpdateProvisioningTemplate"
with = { templateName = "meters", enabled = false }
"#;
    let results = run(&trusted_user("provisioning_timeout = \"10s\"", call), "7");
    let provisioned = counter(&results, "devices.provisioned_at_end");
    assert!((1..30).contains(&provisioned), "{provisioned}");
    assert!(counter(&results, "calls.refused") > 0, "no claim is made of a template that is switched off");
}

/// Set-up errors name what cannot be set up: exit 2, nothing is run.
#[test]
fn a_template_that_the_service_refuses_ends_the_run_before_it_begins() {
    let folder = folder();
    let scenario = trusted_user("", "")
        .replace("name = \"meters\"\nfile", "name = \"a name with spaces that no template may have\"\nfile");
    let scenario = scenario
        .replace("template = \"meters\"", "template = \"a name with spaces that no template may have\"");
    std::fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let (code, stdout, stderr) = texts(&squall(folder.path(), &["run", "s.toml", "--out", "out"]));
    assert_eq!(code, 2, "{stdout}\n{stderr}");
    assert!(stderr.contains("a name with spaces that no template may have"), "{stderr}");
    assert!(!folder.path().join("out").exists(), "nothing was run");
}
