//! What a mistake about provisioning, crashes and calls of the public API reads like.

use squall_scenario::{Files, LoadOptions, parse};

const GIVEN: Files<'static> = Files::Given(&[
    ("templates/claims.json", "{\"Resources\":{}}"),
    ("templates/broken.json", "{\n\"Resources\": {},\n}"),
    ("lambdas/hook.rhai", "fn handler(event) { #{ allowProvisioning: true } }"),
]);

/// A file in which nothing is wrong; each row changes texts of it.
const GOOD: &str = r#"name = "provisioning"
about = "How devices get an identity."
duration = "2h"

[[policy]]
name = "claim"
document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}'

[[lambda]]
name = "hook"
file = "lambdas/hook.rhai"

[[rule]]
name = "registered"
filter = "$aws/events/certificates/registered/+"
lambda = "hook"

[[provisioning_template]]
name = "claims"
file = "templates/claims.json"
hook = "hook"

[[provisioning_template]]
name = "first-boot"
type = "jitp"
body = "{}"

[[certificate_authority]]
name = "factory-a"
template = "first-boot"

[[certificate_authority]]
name = "factory-b"

[[fleet]]
name = "pumps"
devices = 100
identity = "jitp"
certificate_authority = "factory-a"
subject = { CommonName = "{{thing}}" }

[[fleet]]
name = "valves"
devices = 10
identity = "jitr"
certificate_authority = "factory-b"
after_rejection = "5m"
gives_up = "2 %"

[[fleet]]
name = "meters"
devices = 50
identity = "claim"
template = "claims"
claim_policies = ["claim"]
parameters = { SerialNumber = "{{index}}" }

[[fault]]
at = "10m"
kind = "device-crash"
fleet = "meters"
share = "50 %"

[[fault]]
at = "20m"
kind = "gateway-outage"
lasts = "1m"

[[app]]
at = "1m"
call = "UpdateThing"
fleet = "meters"
devices = "1..3"
with = { thingName = "{{thing}}", expectedVersion = 1 }

[[app]]
at = "2m"
call = "DeleteThing"
with = { thingName = "pumps-{{call}}" }
"#;

fn errors_of(text: &str) -> String {
    let options = LoadOptions { files: GIVEN, ..LoadOptions::default() };
    match parse("provisioning.toml", text, options) {
        Ok(_) => "(no error)".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn the_good_file_is_good() {
    assert_eq!(errors_of(GOOD), "(no error)");
}

type Row = (&'static str, &'static [(&'static str, &'static str)]);

fn check(name: &str, rows: &[Row]) {
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
    insta::assert_snapshot!(format!("mistakes_about_{name}"), page);
}

#[test]
fn mistakes_about_templates_authorities_lambdas_and_rules() {
    check(
        "templates",
        &[
            ("Lambda without a script", &[("file = \"lambdas/hook.rhai\"", "")]),
            ("Lambda with a bad name", &[("[[lambda]]\nname = \"hook\"", "[[lambda]]\nname = \"my hook\"")]),
            ("Lambda file that is not there", &[("lambdas/hook.rhai", "lambdas/hok.rhai")]),
            (
                "two Lambdas of one name",
                &[("[[rule]]", "[[lambda]]\nname = \"hook\"\nscript = \"\"\n[[rule]]")],
            ),
            ("unknown key of a Lambda", &[("[[rule]]", "default = true\n[[rule]]")]),
            ("unknown Lambda of a rule", &[("lambda = \"hook\"", "lambda = \"hok\"")]),
            ("filter with a placeholder", &[("registered/+\"", "registered/{{thing}}\"")]),
            ("filter that is none", &[("registered/+\"", "registered/#/a\"")]),
            ("rule with a bad name", &[("name = \"registered\"", "name = \"first-boot\"")]),
            (
                "template with a long name",
                &[("name = \"claims\"", "name = \"claims-of-a-whole-year-of-production-a\"")],
            ),
            ("template without a body", &[("file = \"templates/claims.json\"", "")]),
            ("body that is not closed", &[("templates/claims.json", "templates/broken.json")]),
            ("body that is no object", &[("body = \"{}\"", "body = \"[]\"")]),
            ("unknown type of template", &[("type = \"jitp\"", "type = \"JITP\"")]),
            ("hook of just-in-time provisioning", &[("body = \"{}\"", "body = \"{}\"\nhook = \"hook\"")]),
            ("unknown hook", &[("hook = \"hook\"", "hook = \"hooks\"")]),
            (
                "unknown template of an authority",
                &[("template = \"first-boot\"", "template = \"first-bot\"")],
            ),
            (
                "template of claims for an authority",
                &[("template = \"first-boot\"", "template = \"claims\"")],
            ),
            (
                "unknown status of an authority",
                &[("template = \"first-boot\"", "template = \"first-boot\"\nstatus = \"ACTIVE\"")],
            ),
            (
                "unknown mode of an authority",
                &[("name = \"factory-b\"", "name = \"factory-b\"\nmode = \"sni\"")],
            ),
            (
                "two authorities of one name",
                &[
                    ("name = \"factory-b\"", "name = \"factory-a\""),
                    ("certificate_authority = \"factory-b\"", "certificate_authority = \"factory-a\""),
                ],
            ),
        ],
    );
}

#[test]
fn mistakes_about_identities() {
    check(
        "identities",
        &[
            ("jitp without an authority", &[("certificate_authority = \"factory-a\"\n", "")]),
            ("unknown authority", &[("authority = \"factory-a\"", "authority = \"factory-c\"")]),
            (
                "jitp with an authority that only registers",
                &[("authority = \"factory-a\"", "authority = \"factory-b\"")],
            ),
            (
                "jitr with an authority that provisions",
                &[("authority = \"factory-b\"", "authority = \"factory-a\"")],
            ),
            ("unknown field of a subject", &[("CommonName", "CommonNam")]),
            ("alternative name as a subject", &[("CommonName", "\"AlternativeName.DNSName\"")]),
            ("subject that changes", &[("\"{{thing}}\" }\n\n[[fleet]]", "\"{{counter}}\" }\n\n[[fleet]]")]),
            ("subject that is a number", &[("CommonName = \"{{thing}}\"", "CommonName = 7")]),
            ("subject that is no table", &[("{ CommonName = \"{{thing}}\" }", "\"{{thing}}\"")]),
            ("wait without a unit", &[("after_rejection = \"5m\"", "after_rejection = \"5\"")]),
            ("unknown habit", &[("after_rejection = \"5m\"", "after_rejection = \"giveup\"")]),
            ("share without quotes", &[("gives_up = \"2 %\"", "gives_up = 0.02")]),
            ("share of more than all", &[("gives_up = \"2 %\"", "gives_up = \"102 %\"")]),
            ("share that is none", &[("gives_up = \"2 %\"", "gives_up = \"few\"")]),
            (
                "policies of a device that is not known yet",
                &[("gives_up = \"2 %\"", "policies = [\"claim\"]\nthing = \"{{thing}}\"")],
            ),
            (
                "policies of a device with a template",
                &[("template = \"claims\"\nclaim", "template = \"claims\"\npolicies = []\nclaim")],
            ),
            (
                "claim without a template",
                &[("identity = \"claim\"\ntemplate = \"claims\"", "identity = \"claim\"")],
            ),
            ("claim without policies", &[("claim_policies = [\"claim\"]\n", "")]),
            (
                "claim with an unknown policy",
                &[("claim_policies = [\"claim\"]", "claim_policies = [\"clam\"]")],
            ),
            (
                "claim with a template of just-in-time provisioning",
                &[(
                    "identity = \"claim\"\ntemplate = \"claims\"",
                    "identity = \"claim\"\ntemplate = \"first-boot\"",
                )],
            ),
            ("claim policies of a trusted user", &[("identity = \"claim\"", "identity = \"trusted-user\"")]),
            ("parameter with a bad name", &[("SerialNumber", "\"Serial Number\"")]),
            ("parameter with an unknown placeholder", &[("\"{{index}}\"", "\"{{idnex}}\"")]),
            ("unknown payload format", &[("claim_policies", "payload_format = \"xml\"\nclaim_policies")]),
            ("no time for an answer", &[("claim_policies", "provisioning_timeout = \"0s\"\nclaim_policies")]),
            (
                "keys of a claim with jitp",
                &[(
                    "certificate_authority = \"factory-a\"",
                    "certificate_authority = \"factory-a\"\ncsr = true\nkeeps_certificate = false",
                )],
            ),
            (
                "habits of a device that is known",
                &[("identity = \"jitr\"\ncertificate_authority = \"factory-b\"\n", "")],
            ),
            (
                "expiry of a claim",
                &[("claim_policies", "certificate_expires = { after = \"1m\" }\nclaim_policies")],
            ),
            ("expiry without a time", &[("gives_up = \"2 %\"", "certificate_expires = { over = \"1m\" }")]),
        ],
    );
}

#[test]
fn mistakes_about_crashes_and_calls_of_the_public_api() {
    check(
        "crashes_and_calls",
        &[
            ("crash without a fleet", &[("fleet = \"meters\"\nshare", "share")]),
            ("crash of an unknown fleet", &[("fleet = \"meters\"\nshare", "fleet = \"meter\"\nshare")]),
            ("crash with a mode", &[("share = \"50 %\"", "mode = \"reset\"")]),
            ("share as a percentage without quotes", &[("share = \"50 %\"", "share = 1")]),
            ("outage with a fleet", &[("lasts = \"1m\"", "lasts = \"1m\"\nfleet = \"meters\"")]),
            ("outage without an end", &[("lasts = \"1m\"", "")]),
            (
                "crashes of one fleet that overlap",
                &[
                    ("share = \"50 %\"", "lasts = \"20m\""),
                    (
                        "kind = \"gateway-outage\"\nlasts = \"1m\"",
                        "kind = \"device-crash\"\nfleet = \"meters\"",
                    ),
                ],
            ),
            ("unknown operation", &[("\"UpdateThing\"", "\"UpdateThings\"")]),
            ("operation in another case", &[("\"UpdateThing\"", "\"updateThing\"")]),
            ("operation without parameters", &[("with = { thingName = \"pumps-{{call}}\" }", "")]),
            ("parameters that are no table", &[("{ thingName = \"pumps-{{call}}\" }", "\"pumps-1\"")]),
            ("parameter that the operation has not", &[("expectedVersion = 1", "expectdVersion = 1")]),
            ("parameter of the wrong type", &[("expectedVersion = 1", "expectedVersion = \"one\"")]),
            ("parameter that is missing", &[("thingName = \"pumps-{{call}}\"", "")]),
            ("placeholder of a device without devices", &[("pumps-{{call}}", "{{thing}}")]),
            ("unknown placeholder", &[("\"{{thing}}\", expected", "\"{{ting}}\", expected")]),
            ("devices without a fleet", &[("fleet = \"meters\"\ndevices = \"1..3\"", "devices = \"1..3\"")]),
            ("devices beyond the fleet", &[("\"1..3\"", "\"1..51\"")]),
            ("number that JSON has not", &[("expectedVersion = 1", "expectedVersion = nan")]),
            (
                "devices of a call that has them in its arguments",
                &[
                    ("call = \"UpdateThing\"", "call = \"UpdateCertificate\""),
                    (
                        "{ thingName = \"{{thing}}\", expectedVersion = 1 }",
                        "{ fleet = \"meters\", status = \"ACTIVE\" }",
                    ),
                ],
            ),
            (
                "arguments of both kinds",
                &[
                    ("call = \"DeleteThing\"", "call = \"AttachPolicy\""),
                    ("{ thingName = \"pumps-{{call}}\" }", "{ policy = \"claim\", target = \"x\" }"),
                ],
            ),
        ],
    );
}
