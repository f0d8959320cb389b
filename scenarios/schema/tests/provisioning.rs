//! What a good file says of authorities, templates, Lambdas, rules, devices without an identity, and crashes.

use core::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use squall_scenario::{
    AfterRejection, ApiCall, AuthorityStatus, Call, CallDevice, CertificateAuthority, CertificateExpiry,
    CertificateMode, DeviceCrash, Devices, Fault, FaultKind, Files, FirmwareHabits, FleetProvisioning,
    FunctionStation, Identity, JustInTime, Lambda, LoadOptions, PayloadFormat, ProvisioningTemplate, Rule,
    Scenario, TemplateKind, json_schema, parse, parse_json,
};
use squall_services::policy::CertificateField;
use squall_types::Template;

const BODY: &str = r#"{"Resources":{}}"#;
const SCRIPT: &str = "fn handler(event) { [] }";
const GIVEN: Files<'static> =
    Files::Given(&[("templates/claims.json", BODY), ("lambdas/activate.rhai", SCRIPT)]);

const FILE: &str = r#"
name = "provisioning"
about = "How devices get an identity."
duration = "2h"

[[policy]]
name = "claim"
document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}'

[[lambda]]
name = "Activate_1"
file = "lambdas/activate.rhai"
station = { concurrency = 3, latency = "40ms" }

[[rule]]
name = "registered"
filter = "$aws/events/certificates/registered/+"
lambda = "Activate_1"

[[provisioning_template]]
name = "claims"
file = "templates/claims.json"
hook = "Activate_1"

[[provisioning_template]]
name = "first-boot"
type = "jitp"
body = '{"Resources": {"thing": {}}}'
enabled = false

[[certificate_authority]]
name = "factory-a"
template = "first-boot"

[[certificate_authority]]
name = "factory-b"
status = "inactive"
auto_registration = false
mode = "sni-only"

[[fleet]]
name = "pumps"
devices = 100
identity = "jitp"
certificate_authority = "factory-a"

[[fleet]]
name = "valves"
devices = 10
identity = "jitr"
certificate_authority = "factory-b"
subject = { Organization = "Example", CommonName = "valve {{index}}" }
server_name = false
certificate_expires = { after = "30m", over = "10m" }
after_rejection = "5m"
gives_up = "2 %"

[[fleet]]
name = "meters"
devices = 50
identity = "claim"
template = "claims"
claim_policies = ["claim"]
parameters = { SerialNumber = "{{index}}", Batch = "7" }
payload_format = "cbor"
csr = true
provisioning_client_id = "claim-{{thing}}"
provisioning_timeout = "12s"
after_rejection = "give-up"
gives_up = "0.5"
keeps_certificate = false

[[fleet]]
name = "locks"
devices = 5
identity = "trusted-user"
template = "claims"

[[fleet]]
name = "old"
devices = 5
certificate_expires = { after = "0s" }

[[fault]]
at = "10m"
kind = "device-crash"
fleet = "meters"
share = "12.5 %"
lasts = "3s"

[[fault]]
at = "20m"
kind = "gateway-outage"
lasts = "1m"

[[fault]]
at = "20m"
kind = "device-crash"
fleet = "pumps"

[[app]]
at = "1m"
times = 3
call = "UpdateThing"
fleet = "locks"
devices = "1..3"
with = { thingName = "{{thing}}", attributePayload = { attributes = { n = "{{call}}-{{index}}", c = "{{certificate}}" }, merge = true } }

[[app]]
at = "2m"
call = "CreatePolicy"
with = { policyName = "late", policyDocument = "{}" }

[[app]]
at = "3m"
call = "AttachPolicy"
with = { policy = "late", fleet = "pumps", devices = "0..1" }

[[app]]
at = "4m"
call = "ListThings"
with = { maxResults = 5 }
"#;

fn scenario_of(text: &str, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let options = LoadOptions { sets: &sets, files: GIVEN, ..LoadOptions::default() };
    let mut plan = parse("f.toml", text, options).unwrap_or_else(|errors| panic!("{errors}"));
    plan.cells.remove(0).scenario
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_account_has_authorities_templates_lambdas_and_rules() {
    let scenario = scenario_of(FILE, &[]);
    let station = FunctionStation {
        concurrency: 3,
        latency: Duration::from_millis(40),
        cold_start: Duration::from_millis(250),
        failures_per_million: 0,
    };
    let activate = Lambda {
        name: text("Activate_1"),
        script: text(SCRIPT),
        source: Some(text("lambdas/activate.rhai")),
        station,
    };
    assert_eq!(scenario.lambdas, [activate]);
    let rule = Rule {
        name: text("registered"),
        filter: text("$aws/events/certificates/registered/+"),
        lambda: text("Activate_1"),
    };
    assert_eq!(scenario.rules, [rule]);
    let claims = ProvisioningTemplate {
        name: text("claims"),
        kind: TemplateKind::Fleet,
        body: text(BODY),
        source: Some(text("templates/claims.json")),
        is_enabled: true,
        hook: Some(text("Activate_1")),
    };
    let first_boot = ProvisioningTemplate {
        name: text("first-boot"),
        kind: TemplateKind::Jitp,
        body: text(r#"{"Resources": {"thing": {}}}"#),
        source: None,
        is_enabled: false,
        hook: None,
    };
    assert_eq!(scenario.provisioning_templates, [claims, first_boot]);
    let authorities = [
        CertificateAuthority {
            name: text("factory-a"),
            status: AuthorityStatus::Active,
            auto_registration: true,
            mode: CertificateMode::Default,
            template: Some(text("first-boot")),
        },
        CertificateAuthority {
            name: text("factory-b"),
            status: AuthorityStatus::Inactive,
            auto_registration: false,
            mode: CertificateMode::SniOnly,
            template: None,
        },
    ];
    assert_eq!(scenario.certificate_authorities, authorities);
}

#[test]
fn devices_get_their_identity_in_the_field() {
    let scenario = scenario_of(FILE, &[]);
    let patient = FirmwareHabits {
        after_rejection: AfterRejection::BackOff,
        gives_up_per_million: 0,
        keeps_certificate: true,
    };
    let pumps = Identity::Jitp(JustInTime {
        certificate_authority: text("factory-a"),
        subject: vec![(CertificateField::CommonName, template("{{thing}}"))],
        server_name: true,
        certificate_expires: None,
        habits: patient,
    });
    let valves = Identity::Jitr(JustInTime {
        certificate_authority: text("factory-b"),
        subject: vec![
            (CertificateField::Organization, template("Example")),
            (CertificateField::CommonName, template("valve {{index}}")),
        ],
        server_name: false,
        certificate_expires: Some(CertificateExpiry {
            after: Duration::from_secs(1_800),
            over: Duration::from_secs(600),
        }),
        habits: FirmwareHabits {
            after_rejection: AfterRejection::Wait(Duration::from_secs(300)),
            gives_up_per_million: 20_000,
            ..patient
        },
    });
    let meters = Identity::Claim(FleetProvisioning {
        claim_policies: vec![text("claim")],
        template: text("claims"),
        parameters: vec![(text("Batch"), template("7")), (text("SerialNumber"), template("{{index}}"))],
        payload_format: PayloadFormat::Cbor,
        csr: true,
        client_id: template("claim-{{thing}}"),
        timeout: Duration::from_secs(12),
        habits: FirmwareHabits {
            after_rejection: AfterRejection::GiveUp,
            gives_up_per_million: 500_000,
            keeps_certificate: false,
        },
    });
    let locks = Identity::TrustedUser(FleetProvisioning {
        claim_policies: vec![],
        template: text("claims"),
        parameters: vec![],
        payload_format: PayloadFormat::Json,
        csr: false,
        client_id: template("{{thing}}"),
        timeout: Duration::from_secs(30),
        habits: patient,
    });
    let found: Vec<Identity> = scenario.fleets.iter().map(|fleet| fleet.identity.clone()).collect();
    assert_eq!(found[..4], [pumps, valves, meters, locks]);
    let Identity::Registered(old) = &found[4] else { panic!("a certificate that is known") };
    let expiry = CertificateExpiry { after: Duration::ZERO, over: Duration::ZERO };
    assert_eq!(old.certificate_expires, Some(expiry));
}

#[test]
fn devices_crash_beside_an_outage_and_come_back() {
    let scenario = scenario_of(FILE, &[]);
    let crash = |fleet, share_per_million| FaultKind::DeviceCrash(DeviceCrash { fleet, share_per_million });
    let expected = [
        Fault { at: Duration::from_secs(600), lasts: Duration::from_secs(3), kind: crash(2, 125_000) },
        Fault { lasts: Duration::ZERO, at: Duration::from_secs(1_200), kind: crash(0, 1_000_000) },
    ];
    assert_eq!([scenario.faults[0], scenario.faults[2]], expected);
    assert!(matches!(scenario.faults[1].kind, FaultKind::GatewayOutage(_)));
}

#[test]
fn a_call_in_the_words_of_the_public_api_is_filled_in_for_each_device() {
    let scenario = scenario_of(FILE, &[]);
    let Call::Api(call) = &scenario.app_calls[0].call else { panic!("{:?}", scenario.app_calls[0]) };
    assert_eq!(call.devices, Some(Devices { fleet: 3, from: 1, to: 3 }));
    assert!(call.is_per_device());
    let device = CallDevice { thing: "locks-2", index: 2, certificate: "ab" };
    let attributes = json!({ "n": "1-2", "c": "ab" });
    assert_eq!(
        call.rendered(1).parameters_for(device),
        json!({ "thingName": "locks-2", "attributePayload": { "attributes": attributes, "merge": true } })
    );
    let policy = ApiCall {
        operation: text("CreatePolicy"),
        parameters: json!({ "policyName": "late", "policyDocument": "{}" }),
        devices: None,
    };
    assert!(!policy.is_per_device());
    assert_eq!(scenario.app_calls[1].call, Call::Api(policy));
    // The short form of a call goes on beside it, and knows what the other made.
    assert!(matches!(&scenario.app_calls[2].call, Call::AttachPolicy { policy, .. } if policy == "late"));
    assert_eq!(scenario.app_calls[3].call.name(), "ListThings");
}

#[test]
fn a_resolved_scenario_reads_back_without_its_files() {
    let scenario = scenario_of(FILE, &[]);
    let json = scenario.to_json();
    let back = parse_json(&json).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(back, scenario);
    assert_eq!(back.to_json(), json);
    assert_eq!(json["fault"][0]["share"], "12.5 %");
    assert_eq!(json["fleet"][2]["gives_up"], "50 %");
    assert_eq!(json["app"][0]["devices"], "1..3");
    // What the results do not say is not invented.
    assert!(json["certificate_authority"][1].get("template").is_none());
    assert!(json["fleet"][0].get("keeps_certificate").is_none());
    assert!(json["fleet"][3].get("claim_policies").is_none());
}

#[test]
fn an_argument_reaches_every_new_key() {
    let scenario = scenario_of(
        FILE,
        &[
            "lambda.1.station.concurrency=9",
            "rule.registered.filter=a/#",
            "provisioning_template.claims.enabled=false",
            "certificate_authority.factory-b.status=active",
            "fleet.valves.subject.Country=NO",
            "fleet.valves.certificate_expires.after=1m",
            "fleet.meters.parameters.Batch=8",
            "fleet.meters.gives_up=0.25",
            "fault.1.share=1 %",
            "app.1.with.attributePayload.merge=false",
            "app.4.with.maxResults=7",
        ],
    );
    assert_eq!(scenario.lambdas[0].station.concurrency, 9);
    assert_eq!(scenario.rules[0].filter, "a/#");
    assert!(!scenario.provisioning_templates[0].is_enabled);
    assert_eq!(scenario.certificate_authorities[1].status, AuthorityStatus::Active);
    let Identity::Jitr(valves) = &scenario.fleets[1].identity else { panic!("valves") };
    assert_eq!(valves.subject[0], (CertificateField::Country, template("NO")));
    assert_eq!(valves.certificate_expires.unwrap().after, Duration::from_secs(60));
    let Identity::Claim(meters) = &scenario.fleets[2].identity else { panic!("meters") };
    assert_eq!(meters.parameters[0], (text("Batch"), template("8")));
    assert_eq!(meters.habits.gives_up_per_million, 250_000);
    let FaultKind::DeviceCrash(crash) = scenario.faults[0].kind else { panic!("a crash") };
    assert_eq!(crash.share_per_million, 10_000);
    let Call::Api(call) = &scenario.app_calls[0].call else { panic!("a call") };
    assert_eq!(call.parameters["attributePayload"]["merge"], false);
    let Call::Api(call) = &scenario.app_calls[3].call else { panic!("a call") };
    assert_eq!(call.parameters, json!({ "maxResults": 7 }));
}

#[test]
fn the_schema_describes_the_new_keys() {
    let schema = json_schema();
    let properties = |table: &str| schema["properties"][table]["items"]["properties"].clone();
    assert_eq!(properties("provisioning_template")["name"]["pattern"], "^[a-zA-Z0-9_-]{1,36}$");
    assert_eq!(properties("rule")["name"]["pattern"], "^[a-zA-Z0-9_]{1,128}$");
    let fleet = properties("fleet");
    assert_eq!(fleet["identity"]["enum"].as_array().map(Vec::len), Some(6));
    assert_eq!(fleet["subject"]["properties"].as_object().map(serde_json::Map::len), Some(13));
    assert_eq!(properties("fault")["kind"]["enum"], json!(["gateway-outage", "device-crash"]));
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        cuts in prop::collection::vec((0..FILE.len(), 0..20_usize, "[\\[\\]{}\"'=.,%0-9a-z\n#-]{0,6}"), 1..4),
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
