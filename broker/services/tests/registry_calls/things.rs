use serde_json::{Value, json};
use squall_profile::Profile;
use squall_services::registry::RegistryRules;

use crate::support::{Bench, arn, id};

fn attributes(count: usize) -> Value {
    (0..count).map(|n| (format!("a{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
}

/// Checks 51 and 52.
#[test]
fn the_same_thing_again_is_the_same_thing_and_another_is_a_conflict() {
    let mut bench = Bench::new();
    let body = json!({"thingName": "T", "attributePayload": {"attributes": {"b": "2", "a": "1"}}});
    let first = bench.ok("CreateThing", body.clone());
    assert_eq!(first, bench.ok("CreateThing", body));
    assert_eq!(first["thingArn"], "arn:aws:iot:us-east-1:123456789012:thing/T");
    let other = json!({"thingName": "T", "attributePayload": {"attributes": {"a": "1"}}});
    bench.refused("CreateThing", other.clone());
    let error = bench.ask("CreateThing", other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ResourceAlreadyExistsException: Thing T already exists in account with different attributes"
    );
    assert_eq!(
        error.to_json(),
        json!({"message": error.message, "resourceId": first["thingId"], "resourceArn": first["thingArn"]})
    );
    bench.ok("DeleteThing", json!({"thingName": "T"}));
    let again = bench.ok("CreateThing", json!({"thingName": "T"}));
    assert_ne!(again["thingId"], first["thingId"], "state.md 2.2: a new thing of the name has a new id");
}

/// Check 53, and the bounds of state.md 2.2.
#[test]
fn attributes_are_bounded() {
    let mut bench = Bench::new();
    bench.ok("CreateThingType", json!({"thingTypeName": "type"}));
    let create = |name: &str, count: usize, typed: bool| {
        json!({
            "thingName": name,
            "thingTypeName": typed.then_some("type"),
            "attributePayload": {"attributes": attributes(count)},
        })
    };
    bench.ok("CreateThing", create("three", 3, false));
    bench.ok("CreateThing", create("fifty", 50, true));
    for (count, typed) in [(4, false), (51, true)] {
        assert_eq!(bench.refused("CreateThing", create("more", count, typed)).0, "InvalidRequestException");
    }
    let untyped = json!({"thingName": "fifty", "removeThingType": true});
    assert_eq!(bench.refused("UpdateThing", untyped).0, "InvalidRequestException");
}

/// Checks 54 to 56.
#[test]
fn updates_count_versions_and_treat_attributes_as_asked() {
    let mut bench = Bench::new();
    bench.ok(
        "CreateThing",
        json!({"thingName": "T", "attributePayload": {"attributes": {"a": "1", "b": "2"}}}),
    );
    let update = |attributes: Value, merge: bool| json!({"thingName": "T", "attributePayload": {"attributes": attributes, "merge": merge}});
    for (call, version, expected) in [
        (update(json!({"a": ""}), true), 2, json!({"b": "2"})),
        (update(json!({"c": "3"}), true), 3, json!({"b": "2", "c": "3"})),
        (update(json!({"d": "4", "e": ""}), false), 4, json!({"d": "4"})),
        (json!({"thingName": "T"}), 5, json!({"d": "4"})),
        (json!({"thingName": "T", "expectedVersion": 5, "attributePayload": {}}), 6, json!({})),
    ] {
        bench.ok("UpdateThing", call);
        let thing = bench.ok("DescribeThing", json!({"thingName": "T"}));
        assert_eq!((&thing["version"], &thing["attributes"]), (&json!(version), &expected));
    }
    let conflict = bench.refused("UpdateThing", json!({"thingName": "T", "expectedVersion": 1}));
    assert_eq!(conflict.0, "VersionConflictException");
    let conflict = bench.refused("DeleteThing", json!({"thingName": "T", "expectedVersion": 1}));
    assert_eq!(conflict.0, "VersionConflictException");
    assert_eq!(bench.refused("UpdateThing", json!({"thingName": "U"})).0, "ResourceNotFoundException");
}

/// Checks 57 and 58.
#[test]
fn a_thing_is_deleted_unless_a_principal_is_attached() {
    let mut bench = Bench::new();
    bench.ok("DeleteThing", json!({"thingName": "T"}));
    bench.ok("CreateThing", json!({"thingName": "T"}));
    let certificate = json!({"certificatePem": {"certificateId": id(1).to_string()}, "status": "ACTIVE"});
    bench.ok("RegisterCertificateWithoutCA", certificate);
    bench.ok("AttachThingPrincipal", json!({"thingName": "T", "principal": arn(1)}));
    assert_eq!(
        bench.refused("DeleteThing", json!({"thingName": "T"})),
        (
            "InvalidRequestException",
            "Cannot delete. Thing T is still attached to one or more principals".to_owned()
        )
    );
    bench.ok("DetachThingPrincipal", json!({"thingName": "T", "principal": arn(1)}));
    bench.ok("DeleteThing", json!({"thingName": "T"}));
    assert_eq!(bench.refused("DescribeThing", json!({"thingName": "T"})).0, "ResourceNotFoundException");
}

/// Checks 59 to 61.
#[test]
fn types_are_deprecated_waited_for_and_deleted() {
    let mut bench = Bench::new();
    let named = json!({"thingTypeName": "P"});
    let with = |name: &str| json!({"thingName": name, "thingTypeName": "P"});
    assert_eq!(bench.refused("CreateThing", with("T")).0, "ResourceNotFoundException");
    bench.ok("CreateThingType", named.clone());
    assert_eq!(bench.refused("DeleteThingType", named.clone()).0, "InvalidRequestException");
    bench.ok("DeprecateThingType", named.clone());
    assert_eq!(bench.refused("CreateThing", with("T")).0, "InvalidRequestException");
    bench.ok("CreateThing", json!({"thingName": "U"}));
    assert_eq!(bench.refused("UpdateThing", with("U")).0, "InvalidRequestException");
    bench.ok("DeprecateThingType", json!({"thingTypeName": "P", "undoDeprecate": true}));
    bench.ok("CreateThing", with("T"));
    bench.ok("DeprecateThingType", named.clone());
    bench.advance(298 * 1_000_000_000);
    assert_eq!(
        bench.refused("DeleteThingType", named.clone()).0,
        "InvalidRequestException",
        "after 4 min 59 s"
    );
    assert_eq!(
        bench.refused("DeleteThingType", named.clone()).0,
        "InvalidRequestException",
        "a thing has it"
    );
    bench.ok("UpdateThing", json!({"thingName": "T", "removeThingType": true}));
    bench.ok("DeleteThingType", named.clone());
    assert_eq!(bench.refused("DeleteThingType", named).0, "ResourceNotFoundException");
    let both = json!({"thingName": "T", "removeThingType": true, "thingTypeName": "P"});
    assert_eq!(bench.refused("UpdateThing", both).0, "InvalidRequestException");
}

/// Check 60 to the nanosecond.
#[test]
fn a_type_is_deleted_five_minutes_after_it_was_deprecated_and_not_before() {
    let mut bench = Bench::new();
    bench.ok("CreateThingType", json!({"thingTypeName": "P"}));
    bench.ok("DeprecateThingType", json!({"thingTypeName": "P"}));
    bench.advance(300 * 1_000_000_000 - 1);
    let early = bench.ask_now("DeleteThingType", &json!({"thingTypeName": "P"})).unwrap_err();
    assert_eq!(early.exception.name(), "InvalidRequestException");
    bench.advance(1);
    bench.ask_now("DeleteThingType", &json!({"thingTypeName": "P"})).unwrap();
}

/// Check 62, and what a type says of itself.
#[test]
fn types_change_where_the_profile_has_it() {
    let described =
        |text: &str| json!({"thingTypeName": "P", "thingTypeProperties": {"thingTypeDescription": text}});
    for (profile, updates) in [("aws-current", true), ("seed-handbook", false), ("aws-2019", false)] {
        let mut bench = Bench::new();
        bench.registry.set_rules(RegistryRules::from(&Profile::named(profile).unwrap()));
        let first = bench.ok("CreateThingType", described("one"));
        assert_eq!(bench.ok("CreateThingType", described("one")), first);
        assert_eq!(bench.refused("CreateThingType", described("two")).0, "ResourceAlreadyExistsException");
        if updates {
            bench.ok("UpdateThingType", described("two"));
        } else {
            assert_eq!(bench.refused("UpdateThingType", described("two")).0, "UnknownOperationException");
        }
        let found = bench.ok("DescribeThingType", json!({"thingTypeName": "P"}));
        let text = if updates { "two" } else { "one" };
        assert_eq!(found["thingTypeProperties"]["thingTypeDescription"], text, "{profile}");
        assert_eq!(found["thingTypeMetadata"]["deprecated"], false);
        let many = json!({"searchableAttributes": ["a", "b", "c", "d"]});
        let many = json!({"thingTypeName": "Q", "thingTypeProperties": many});
        assert_eq!(bench.refused("CreateThingType", many).0, "InvalidRequestException");
    }
}

/// state.md 2.5.
#[test]
fn a_thing_has_one_billing_group() {
    let mut bench = Bench::new();
    let group = |name: &str| json!({"billingGroupName": name});
    let member = |group: &str| json!({"thingName": "T", "billingGroupName": group});
    assert_eq!(bench.refused("CreateThing", member("B")).0, "ResourceNotFoundException");
    bench.ok("CreateBillingGroup", group("B"));
    bench.ok("CreateBillingGroup", group("C"));
    bench.ok("CreateThing", member("B"));
    assert_eq!(bench.refused("AddThingToBillingGroup", member("C")).0, "InvalidRequestException");
    bench.ok("RemoveThingFromBillingGroup", member("B"));
    bench.ok("AddThingToBillingGroup", member("C"));
    let found = bench.ok("DescribeThing", json!({"thingName": "T"}));
    assert_eq!(found["billingGroupName"], "C");
    let described =
        json!({"billingGroupName": "C", "billingGroupProperties": {"billingGroupDescription": "d"}});
    assert_eq!(bench.ok("UpdateBillingGroup", described), json!({"version": 2}));
    let stale = json!({"billingGroupName": "C", "expectedVersion": 1});
    assert_eq!(bench.refused("UpdateBillingGroup", stale.clone()).0, "VersionConflictException");
    assert_eq!(bench.refused("DeleteBillingGroup", stale).0, "VersionConflictException");
    bench.ok("DeleteBillingGroup", group("C"));
    assert!(bench.ok("DescribeThing", json!({"thingName": "T"})).get("billingGroupName").is_none());
}
