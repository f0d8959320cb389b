use proptest::prelude::*;
use serde_json::{Value, json};
use squall_services::registry::CALLS;

use crate::support::{Bench, arn, id};

/// Something of everything.
fn furnished() -> Bench {
    let mut bench = Bench::new();
    let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    bench.ok("CreatePolicy", json!({"policyName": "a", "policyDocument": everything}));
    bench.ok("CreateThingType", json!({"thingTypeName": "a"}));
    bench.ok("CreateThingType", json!({"thingTypeName": "b"}));
    bench.ok("DeprecateThingType", json!({"thingTypeName": "b"}));
    bench.ok("CreateBillingGroup", json!({"billingGroupName": "a"}));
    bench.ok("CreateThingGroup", json!({"thingGroupName": "a"}));
    bench.ok("CreateThingGroup", json!({"thingGroupName": "b", "parentGroupName": "a"}));
    bench.ok("CreateThing", json!({"thingName": "a", "thingTypeName": "a"}));
    bench.ok("CreateThing", json!({"thingName": "b"}));
    bench.ok("AddThingToThingGroup", json!({"thingName": "a", "thingGroupName": "b"}));
    for (n, status) in [(1, "ACTIVE"), (2, "INACTIVE")] {
        bench.ok(
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": {"certificateId": id(n).to_string()}, "status": status}),
        );
    }
    bench.ok(
        "AttachThingPrincipal",
        json!({"thingName": "a", "principal": arn(1), "thingPrincipalType": "EXCLUSIVE_THING"}),
    );
    bench.ok("AttachPolicy", json!({"policyName": "a", "target": arn(2)}));
    let ca = json!({"certificateId": id(3).to_string()});
    bench.ok(
        "RegisterCACertificate",
        json!({"caCertificate": ca, "certificateMode": "SNI_ONLY", "setAsActive": true}),
    );
    let on = json!({"THING": {"Enabled": true}, "THING_GROUP_MEMBERSHIP": {"Enabled": true}});
    bench.ok("UpdateEventConfigurations", json!({"eventConfigurations": on}));
    bench.registry.take_events();
    bench
}

/// A value for a member that may or may not fit.
fn member(name: &'static str) -> BoxedStrategy<Value> {
    let names = prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!("new")), Just(json!("bad name"))];
    let certificates = (1_u8..5).prop_map(|n| json!(id(n).to_string()));
    match name {
        "certificateId" => certificates.boxed(),
        "principal" => (1_u8..5).prop_map(|n| json!(arn(n))).boxed(),
        "target" => prop_oneof![
            (1_u8..5).prop_map(|n| json!(arn(n))),
            Just(json!("thinggroup/a")),
            Just(json!("thinggroup/no"))
        ]
        .boxed(),
        "policyDocument" => {
            prop_oneof![Just(json!("{}")), Just(json!(r#"{"Version":"2012-10-17","Statement":[]}"#))].boxed()
        }
        "policyVersionId" | "expectedVersion" => (1_u64..4).prop_map(|n| json!(n)).boxed(),
        "newStatus" => {
            prop_oneof![Just(json!("ACTIVE")), Just(json!("INACTIVE")), Just(json!("PENDING_ACTIVATION"))]
                .boxed()
        }
        "certificatePem" | "caCertificate" => (1_u8..6, 2_u8..5)
            .prop_map(
                |(n, ca)| json!({"certificateId": id(n).to_string(), "caCertificateId": id(ca).to_string()}),
            )
            .boxed(),
        "forceDelete" | "removeThingType" | "undoDeprecate" | "setAsActive" | "removeAutoRegistration" => {
            any::<bool>().prop_map(|flag| json!(flag)).boxed()
        }
        "thingGroupsToAdd" | "thingGroupsToRemove" => {
            prop::collection::vec(names, 0..3).prop_map(|list| json!(list)).boxed()
        }
        "attributePayload" => (0_usize..5, any::<bool>())
            .prop_map(|(count, merge)| {
                let attributes: serde_json::Map<String, Value> =
                    (0..count).map(|n| (format!("k{n}"), json!("v"))).collect();
                json!({"attributes": attributes, "merge": merge})
            })
            .boxed(),
        "certificateMode" => prop_oneof![Just(json!("DEFAULT")), Just(json!("SNI_ONLY"))].boxed(),
        "thingPrincipalType" => {
            prop_oneof![Just(json!("EXCLUSIVE_THING")), Just(json!("NON_EXCLUSIVE_THING"))].boxed()
        }
        "certificateSigningRequest" => Just(json!("CSR")).boxed(),
        "registrationConfig" => {
            prop_oneof![Just(json!({"templateName": "t"})), Just(json!({"templateBody": "{}"}))].boxed()
        }
        _ => names.boxed(),
    }
}

const MEMBERS: &[&str] = &[
    "thingName",
    "thingTypeName",
    "thingGroupName",
    "parentGroupName",
    "billingGroupName",
    "policyName",
    "certificateId",
    "principal",
    "target",
    "policyDocument",
    "policyVersionId",
    "expectedVersion",
    "newStatus",
    "certificatePem",
    "caCertificate",
    "forceDelete",
    "removeThingType",
    "undoDeprecate",
    "setAsActive",
    "removeAutoRegistration",
    "thingGroupsToAdd",
    "thingGroupsToRemove",
    "attributePayload",
    "certificateMode",
    "thingPrincipalType",
    "certificateSigningRequest",
    "registrationConfig",
];

/// The members of every operation, which its own complaint about a foreign one lists.
fn members_of(operation: &str) -> Vec<&'static str> {
    let mut parameters = json!({"foreign": 1});
    loop {
        let error = squall_services::registry::OwnedCall::read(operation, &parameters).unwrap_err();
        if let Some((_, listed)) = error.message.split_once("; it has ") {
            return MEMBERS
                .iter()
                .copied()
                .filter(|name| listed.split(", ").any(|known| known == *name))
                .collect();
        }
        // Something is missing: what it is stands before the last two words.
        let name = error
            .message
            .strip_suffix(" is missing")
            .map(|text| text.rsplit([' ', ':']).next().unwrap_or(text));
        let Some(name) = name.and_then(|name| MEMBERS.iter().find(|known| **known == name)) else {
            // One of two is needed: by name is as good as by ARN.
            parameters["thingName"] = json!("a");
            let group = if operation.contains("Billing") { "billingGroupName" } else { "thingGroupName" };
            parameters[group] = json!("a");
            continue;
        };
        parameters[*name] = match *name {
            "certificateId" => json!(id(1).to_string()),
            "principal" | "target" => json!(arn(1)),
            "certificatePem" | "caCertificate" => json!({"certificateId": id(1).to_string()}),
            "newStatus" => json!("ACTIVE"),
            "policyVersionId" => json!(1),
            _ => json!("a"),
        };
        if operation.ends_with("PolicyVersion") {
            parameters["policyVersionId"] = json!(1);
            if operation == "CreatePolicyVersion" {
                parameters.as_object_mut().unwrap().remove("policyVersionId");
            }
        }
    }
}

fn call() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(CALLS).prop_flat_map(|operation| {
        let members: Vec<_> = members_of(operation)
            .into_iter()
            .map(|name| prop::option::weighted(0.85, member(name)).prop_map(move |value| (name, value)))
            .collect();
        members.prop_map(move |members| {
            let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            (operation, Value::Object(given.collect()))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever fails, nothing is changed by it.
    #[test]
    fn a_failed_call_changes_nothing(calls in prop::collection::vec(call(), 1..25)) {
        let mut bench = furnished();
        for (operation, parameters) in calls {
            let before = bench.dump();
            if let Err(error) = bench.ask(operation, parameters.clone()) {
                prop_assert_eq!(bench.dump(), before, "{} {}: {}", operation, parameters, error);
            }
        }
    }
}
