use serde_json::{Value, json};

use crate::support::Bench;

fn group(bench: &mut Bench, name: &str, parent: Option<&str>) -> Value {
    bench.ok("CreateThingGroup", json!({"thingGroupName": name, "parentGroupName": parent}))
}

/// Checks 63 to 65.
#[test]
fn the_hierarchy_has_its_rules() {
    let mut bench = Bench::new();
    group(&mut bench, "1", None);
    for level in 2..=7 {
        group(&mut bench, &level.to_string(), Some(&(level - 1).to_string()));
    }
    let eighth = json!({"thingGroupName": "8", "parentGroupName": "7"});
    assert_eq!(bench.refused("CreateThingGroup", eighth).0, "LimitExceededException");
    group(&mut bench, "wide", None);
    for child in 1..=100 {
        group(&mut bench, &format!("child-{child}"), Some("wide"));
    }
    let child = json!({"thingGroupName": "child-101", "parentGroupName": "wide"});
    assert_eq!(bench.refused("CreateThingGroup", child).0, "LimitExceededException");
    bench.ok("CreateThing", json!({"thingName": "T"}));
    let member = |group: &str| json!({"thingName": "T", "thingGroupName": group});
    bench.ok("AddThingToThingGroup", member("3"));
    bench.ok("AddThingToThingGroup", member("3"));
    assert_eq!(bench.refused("AddThingToThingGroup", member("5")).0, "InvalidRequestException");
    let moved = json!({"thingName": "T", "thingGroupsToRemove": ["3"], "thingGroupsToAdd": ["5", "child-1"]});
    bench.ok("UpdateThingGroupsForThing", moved);
    let half = json!({"thingName": "T", "thingGroupsToRemove": ["5"], "thingGroupsToAdd": ["child-2"]});
    assert_eq!(bench.refused("UpdateThingGroupsForThing", half).0, "InvalidRequestException");
    let found = bench.ok("ListThingGroupsForThing", json!({"thingName": "T"}));
    let names: Vec<&str> = found["thingGroups"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|group| group["groupName"].as_str())
        .collect();
    assert_eq!(names, ["5", "child-1"]);
    for n in 0..8 {
        let name = format!("other-{n}");
        group(&mut bench, &name, None);
        bench.ok("AddThingToThingGroup", member(&name));
    }
    group(&mut bench, "eleventh", None);
    assert_eq!(bench.refused("AddThingToThingGroup", member("eleventh")).0, "LimitExceededException");
    assert_eq!(
        bench.refused("DeleteThingGroup", json!({"thingGroupName": "6"})),
        (
            "InvalidRequestException",
            "Cannot delete thing group : 6 when there are still child groups attached to it.".to_owned()
        )
    );
}

#[test]
fn a_group_with_members_is_deleted_and_they_stay() {
    let mut bench = Bench::new();
    group(&mut bench, "site", None);
    group(&mut bench, "hall", Some("site"));
    bench.ok("CreateThing", json!({"thingName": "T"}));
    bench.ok("AddThingToThingGroup", json!({"thingName": "T", "thingGroupName": "hall"}));
    let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    bench.ok("CreatePolicy", json!({"policyName": "p", "policyDocument": everything}));
    bench.ok(
        "AttachPolicy",
        json!({"policyName": "p", "target": "arn:aws:iot:us-east-1:123456789012:thinggroup/hall"}),
    );
    bench.ok("DeleteThingGroup", json!({"thingGroupName": "hall"}));
    bench.ok("DeleteThingGroup", json!({"thingGroupName": "site"}));
    bench.ok("DeletePolicy", json!({"policyName": "p"}));
    // Another group gets the place of the one that is gone, and no members.
    group(&mut bench, "new", None);
    assert_eq!(bench.ok("ListThingsInThingGroup", json!({"thingGroupName": "new"})), json!({"things": []}));
    assert_eq!(bench.ok("ListThingGroupsForThing", json!({"thingName": "T"})), json!({"thingGroups": []}));
}

#[test]
fn groups_have_versions_and_properties() {
    let mut bench = Bench::new();
    group(&mut bench, "site", None);
    let properties =
        json!({"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "1", "b": "2"}}});
    let create =
        json!({"thingGroupName": "hall", "parentGroupName": "site", "thingGroupProperties": properties});
    let first = bench.ok("CreateThingGroup", create.clone());
    assert_eq!(first, bench.ok("CreateThingGroup", create));
    for other in [
        json!({"thingGroupName": "hall", "parentGroupName": "site"}),
        json!({"thingGroupName": "hall", "thingGroupProperties": properties}),
        json!({"thingGroupName": "hall", "parentGroupName": "nowhere"}),
    ] {
        assert_eq!(bench.refused("CreateThingGroup", other).0, "ResourceAlreadyExistsException");
    }
    let merge = json!({"attributePayload": {"attributes": {"a": "", "c": "3"}, "merge": true}});
    let update = json!({"thingGroupName": "hall", "thingGroupProperties": merge, "expectedVersion": 1});
    assert_eq!(bench.ok("UpdateThingGroup", update.clone()), json!({"version": 2}));
    assert_eq!(bench.refused("UpdateThingGroup", update).0, "VersionConflictException");
    let found = bench.ok("DescribeThingGroup", json!({"thingGroupName": "hall"}));
    assert_eq!(
        found["thingGroupProperties"],
        json!({"attributePayload": {"attributes": {"b": "2", "c": "3"}}})
    );
    assert_eq!(found["thingGroupMetadata"]["parentGroupName"], "site");
    assert_eq!(
        found["thingGroupMetadata"]["rootToParentThingGroups"],
        json!([{"groupName": "site", "groupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/site"}])
    );
}
