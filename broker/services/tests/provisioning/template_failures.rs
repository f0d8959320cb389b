//! Calls and queries about templates that fail.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_services::api_error::ApiError;
use squall_services::provisioning::{TEMPLATE_CALLS, TEMPLATE_QUERIES};

use super::support::{ROLE, fleet_body, jitp_body};
use super::template_calls::{Bench, HOOK, create, version, with};

/// `state.md` 3.7 and 2.10: every error of each operation, and nothing is changed by it.
#[test]
fn every_error_has_its_name() {
    let long = "é".repeat(501);
    let oversized = " ".repeat(10_241);
    let jitp = jitp_body().to_string();
    let of = |name: &str| json!({"templateName": name});
    let fleet = |more| with(of("fleet"), more);
    let hook = |more| with(create("new"), json!({"preProvisioningHook": more}));
    let [invalid, missing] = ["InvalidRequestException", "ResourceNotFoundException"];
    let (new, newer) = ("CreateProvisioningTemplate", "CreateProvisioningTemplateVersion");
    let (update, delete) = ("UpdateProvisioningTemplate", "DeleteProvisioningTemplate");
    let delete_version = "DeleteProvisioningTemplateVersion";
    let claim = "CreateProvisioningClaim";
    let [described, numbered] = ["DescribeProvisioningTemplate", "DescribeProvisioningTemplateVersion"];
    let [all, versions] = ["ListProvisioningTemplates", "ListProvisioningTemplateVersions"];
    let both = json!({"preProvisioningHook": {"targetArn": HOOK}, "removePreProvisioningHook": true});
    let cases = [
        (new, create("fleet"), "ResourceAlreadyExistsException"),
        (new, create(""), invalid),
        (new, create(&"n".repeat(37)), invalid),
        (new, create("a.b"), invalid),
        (new, with(create("new"), json!({"description": long})), invalid),
        (new, with(create("new"), json!({"templateBody": oversized})), invalid),
        (new, with(create("new"), json!({"templateBody": "{}"})), invalid),
        (new, with(create("new"), json!({"templateBody": {}})), invalid),
        (new, with(create("new"), json!({"templateBody": null})), invalid),
        (
            new,
            with(create("new"), json!({"type": "JITP", "templateBody": fleet_body().to_string()})),
            invalid,
        ),
        (new, with(create("new"), json!({"type": "REGISTER_THING"})), invalid),
        (new, with(create("new"), json!({"provisioningRoleArn": "role"})), invalid),
        (new, with(create("new"), json!({"provisioningRoleArn": null})), invalid),
        (new, with(create("new"), json!({"enabled": "yes"})), invalid),
        (new, with(create("new"), json!({"setAsDefault": true})), invalid),
        (new, with(create("new"), json!({"tags": []})), "NotModelledException"),
        (new, hook(json!({"payloadVersion": "2019-01-01", "targetArn": HOOK})), invalid),
        (new, hook(json!({"targetArn": ""})), invalid),
        (new, hook(json!({})), invalid),
        (new, hook(json!({"targetArn": HOOK, "limit": 5})), invalid),
        (new, with(hook(json!({"targetArn": HOOK})), json!({"type": "JITP", "templateBody": jitp})), invalid),
        (newer, version("none"), missing),
        (newer, fleet(json!({"templateBody": jitp_body().to_string() + "x"})), invalid),
        (newer, of("fleet"), invalid),
        (update, with(of("none"), json!({"enabled": true})), missing),
        (update, fleet(json!({"enabled": false, "defaultVersionId": 3})), missing),
        (update, fleet(json!({"enabled": false, "defaultVersionId": -1})), invalid),
        (update, fleet(json!({"enabled": false, "defaultVersionId": 4_294_967_296_u64})), invalid),
        (update, fleet(json!({"enabled": false, "description": "é".repeat(501)})), invalid),
        (update, fleet(json!({"enabled": false, "provisioningRoleArn": "role"})), invalid),
        (update, fleet(both), invalid),
        (update, with(of("jitp"), json!({"preProvisioningHook": {"targetArn": HOOK}})), invalid),
        (update, fleet(json!({"templateBody": "{}"})), invalid),
        (delete, of("none"), missing),
        (delete, json!({}), invalid),
        (delete_version, with(of("none"), json!({"versionId": 1})), missing),
        (delete_version, fleet(json!({"versionId": 3})), missing),
        (delete_version, fleet(json!({"versionId": 1})), "DeleteConflictException"),
        (delete_version, of("fleet"), invalid),
        (claim, of("none"), missing),
        (claim, of("jitp"), invalid),
        (claim, of("off"), invalid),
        (claim, json!(["fleet"]), invalid),
        (described, of("none"), missing),
        (numbered, with(of("none"), json!({"versionId": 1})), missing),
        (numbered, fleet(json!({"versionId": 3})), missing),
        (numbered, of("fleet"), invalid),
        (all, json!({"maxResults": 0}), invalid),
        (all, json!({"maxResults": 251}), invalid),
        (all, json!({"templateName": "fleet"}), invalid),
        (versions, of("none"), missing),
        (versions, fleet(json!({"maxResults": 251})), invalid),
        (versions, fleet(json!({"nextToken": "fleet"})), invalid),
        ("CreateProvisioningTemplates", json!({}), invalid),
    ];
    let mut bench = Bench::furnished();
    for (operation, parameters, exception) in cases {
        let error = bench.refused(operation, &parameters);
        assert_eq!(error.exception.name(), exception, "{operation} {parameters}: {error}");
    }
}

/// Check 92, and the rates of `state.md` 2.10.
#[test]
fn quotas_and_rates_bind() {
    let mut bench = Bench::furnished();
    for number in 3..=5 {
        assert_eq!(bench.ok("CreateProvisioningTemplateVersion", version("fleet"))["versionId"], number);
    }
    let sixth = bench.refused("CreateProvisioningTemplateVersion", &version("fleet"));
    assert_eq!(sixth.exception.name(), "VersionsLimitExceededException");
    for index in 3..256 {
        bench.ok("CreateProvisioningTemplate", create(&format!("t{index}")));
    }
    let one_more = bench.refused("CreateProvisioningTemplate", &create("t256"));
    assert_eq!(one_more.exception.name(), "LimitExceededException");
    for operation in TEMPLATE_CALLS.iter().chain(TEMPLATE_QUERIES) {
        bench.seconds += 1;
        // What is counted comes before what is looked at: failures use up the rate as well.
        let parameters = match *operation {
            "ListProvisioningTemplates" => json!({}),
            "CreateProvisioningTemplate" => create("fleet"),
            "CreateProvisioningTemplateVersion" => version("none"),
            name if name.ends_with("TemplateVersion") => json!({"templateName": "none", "versionId": 1}),
            _ => json!({"templateName": "none"}),
        };
        let throttled = |result: Result<Value, ApiError>| {
            result.is_err_and(|error| error.exception.name() == "ThrottlingException")
        };
        let (mut granted, before) = (0, bench.dump());
        while !throttled(bench.ask_now(operation, &parameters)) {
            granted += 1;
            assert!(granted <= 10, "{operation} is never throttled");
        }
        assert_eq!(granted, 10, "{operation}");
        assert_eq!(bench.dump(), before, "{operation}");
    }
}

/// A value for a member that may or may not fit.
fn member(name: &'static str) -> BoxedStrategy<Value> {
    let one_of = |values: &[Value]| prop::sample::select(values.to_vec()).boxed();
    match name {
        "templateName" => one_of(&["fleet", "jitp", "off", "new", "bad name"].map(|name| json!(name))),
        "templateBody" => {
            let bodies = [fleet_body().to_string(), jitp_body().to_string(), "{}".to_owned()];
            one_of(&bodies.map(|body| json!(body)))
        }
        "provisioningRoleArn" => one_of(&[json!(ROLE), json!(ROLE), json!("role")]),
        "preProvisioningHook" => {
            one_of(&[json!({"targetArn": HOOK}), json!({"targetArn": ""}), json!({"payloadVersion": "1"})])
        }
        "type" => one_of(&["JITP", "FLEET_PROVISIONING", "OTHER"].map(|kind| json!(kind))),
        "versionId" | "defaultVersionId" => (0_u32..5).prop_map(|number| json!(number)).boxed(),
        "description" => one_of(&[json!("lamps"), json!("x".repeat(501))]),
        _ => any::<bool>().prop_map(|flag| json!(flag)).boxed(),
    }
}

fn call() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(TEMPLATE_CALLS).prop_flat_map(|operation| {
        let members: &[&'static str] = match operation {
            "CreateProvisioningTemplate" => &[
                "templateName",
                "templateBody",
                "provisioningRoleArn",
                "enabled",
                "type",
                "preProvisioningHook",
                "description",
            ],
            "CreateProvisioningTemplateVersion" => &["templateName", "templateBody", "setAsDefault"],
            "UpdateProvisioningTemplate" => &[
                "templateName",
                "enabled",
                "description",
                "defaultVersionId",
                "provisioningRoleArn",
                "preProvisioningHook",
                "removePreProvisioningHook",
            ],
            "DeleteProvisioningTemplateVersion" => &["templateName", "versionId"],
            _ => &["templateName"],
        };
        // What is needed is nearly always there, the rest half the time.
        let chance = |name| if members.len() < 4 || name == "templateName" { 0.97 } else { 0.6 };
        let given: Vec<_> = members
            .iter()
            .map(|&name| {
                prop::option::weighted(chance(name), member(name)).prop_map(move |value| (name, value))
            })
            .collect();
        given.prop_map(move |given| {
            let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            (operation, Value::Object(given.collect()))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever fails, nothing is changed by it.
    #[test]
    fn a_failed_call_changes_nothing(calls in prop::collection::vec(call(), 1..25)) {
        let mut bench = Bench::furnished();
        for (operation, parameters) in calls {
            let before = bench.dump();
            if let Err(error) = bench.ask(operation, &parameters) {
                prop_assert_eq!(bench.dump(), before, "{} {}: {}", operation, parameters, error);
            }
        }
    }
}
