use serde_json::{Value, json};

use crate::support::{Bench, EPOCH};

fn events(bench: &mut Bench) -> Vec<(String, Value)> {
    let events = bench.registry.take_events().into_iter();
    events.map(|event| (event.topic.into(), serde_json::from_str(&event.payload).unwrap())).collect()
}

/// A call, and the topics and keys of the events that it leaves.
type Row<'r> = (&'static str, Value, &'r [Expected<'r>]);
type Expected<'r> = (&'r str, &'r [&'r str]);

fn keys(payload: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = payload.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Check 75: nothing is left while events are off, as they are at first.
#[test]
fn events_are_off_until_they_are_asked_for() {
    let mut bench = Bench::new();
    bench.ok("CreateThing", json!({"thingName": "T"}));
    bench.ok("CreateThingGroup", json!({"thingGroupName": "G"}));
    assert_eq!(events(&mut bench), []);
    bench.ok("UpdateEventConfigurations", json!({"eventConfigurations": {"THING": {"Enabled": true}}}));
    let found = bench.ok("DescribeEventConfigurations", json!({}));
    assert_eq!(found["eventConfigurations"]["THING"], json!({"Enabled": true}));
    assert_eq!(found["eventConfigurations"]["CA_CERTIFICATE"], json!({"Enabled": false}));
    bench.ok("CreateThing", json!({"thingName": "U"}));
    bench.ok("CreateThing", json!({"thingName": "U"}));
    bench.ok("CreateThingGroup", json!({"thingGroupName": "H"}));
    bench.refused("CreateThing", json!({"thingName": "U", "thingTypeName": "none"}));
    let topics: Vec<String> = events(&mut bench).into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(topics, ["$aws/events/thing/U/created"]);
    bench.ok("UpdateEventConfigurations", json!({"eventConfigurations": {"THING": {"Enabled": false}}}));
    bench.ok("DeleteThing", json!({"thingName": "U"}));
    assert_eq!(events(&mut bench), []);
}

/// Check 74, and the keys of state.md 2.11.
#[test]
fn every_event_has_the_keys_of_its_kind() {
    let mut bench = Bench::new();
    let kinds = [
        "THING",
        "THING_GROUP",
        "THING_TYPE",
        "THING_GROUP_MEMBERSHIP",
        "THING_GROUP_HIERARCHY",
        "THING_TYPE_ASSOCIATION",
    ];
    let on: serde_json::Map<String, Value> =
        kinds.iter().map(|kind| ((*kind).to_owned(), json!({"Enabled": true}))).collect();
    bench.ok("UpdateEventConfigurations", json!({"eventConfigurations": on}));
    bench.ok("CreateThing", json!({"thingName": "T", "attributePayload": {"attributes": {"a": "1"}}}));
    let at = EPOCH.as_unix_millis() + bench.now.mono.as_millis();
    let made = events(&mut bench);
    let [(topic, payload)] = &made[..] else { panic!("{made:?}") };
    assert_eq!(topic, "$aws/events/thing/T/created");
    assert_eq!(
        keys(payload),
        [
            "accountId",
            "attributes",
            "eventId",
            "eventType",
            "operation",
            "thingId",
            "thingName",
            "thingTypeName",
            "timestamp",
            "versionNumber"
        ]
    );
    assert_eq!((&payload["eventType"], &payload["operation"]), (&json!("THING_EVENT"), &json!("CREATED")));
    assert_eq!((&payload["versionNumber"], &payload["thingTypeName"]), (&json!(1), &Value::Null));
    assert_eq!((&payload["timestamp"], &payload["accountId"]), (&json!(at), &json!("123456789012")));
    assert_eq!(payload["attributes"], json!({"a": "1"}));
    let common = ["eventId", "eventType", "operation", "timestamp"];
    let with = |more: &[&'static str]| {
        let mut keys: Vec<&str> = common.iter().chain(more).copied().collect();
        keys.sort_unstable();
        keys
    };
    let of_type = with(&[
        "accountId",
        "thingTypeId",
        "thingTypeName",
        "isDeprecated",
        "deprecationDate",
        "searchableAttributes",
        "description",
    ]);
    let of_group = with(&[
        "accountId",
        "thingGroupId",
        "thingGroupName",
        "versionNumber",
        "parentGroupName",
        "parentGroupId",
        "description",
        "rootToParentThingGroups",
        "attributes",
        "dynamicGroupMappingId",
    ]);
    let of_thing = keys(payload);
    let of_association = with(&["thingId", "thingName", "thingTypeName"]);
    let of_member = with(&["accountId", "groupArn", "groupId", "thingArn", "thingId", "membershipId"]);
    let of_hierarchy =
        with(&["accountId", "thingGroupId", "thingGroupName", "childGroupId", "childGroupName"]);
    let rows: &[Row<'_>] = &[
        ("CreateThingType", json!({"thingTypeName": "P"}), &[("thingType/P/created", &of_type)]),
        (
            "UpdateThing",
            json!({"thingName": "T", "thingTypeName": "P"}),
            &[
                ("thing/T/updated", &of_thing),
                ("thingTypeAssociation/thing/T/thingType/P/added", &of_association),
            ],
        ),
        ("DeprecateThingType", json!({"thingTypeName": "P"}), &[("thingType/P/updated", &of_type)]),
        ("CreateThingGroup", json!({"thingGroupName": "G"}), &[("thingGroup/G/created", &of_group)]),
        (
            "CreateThingGroup",
            json!({"thingGroupName": "H", "parentGroupName": "G"}),
            &[
                ("thingGroup/H/created", &of_group),
                ("thingGroupHierarchy/thingGroup/G/childThingGroup/H/added", &of_hierarchy),
            ],
        ),
        (
            "AddThingToThingGroup",
            json!({"thingName": "T", "thingGroupName": "H"}),
            &[("thingGroupMembership/thingGroup/H/thing/T/added", &of_member)],
        ),
        ("AddThingToThingGroup", json!({"thingName": "T", "thingGroupName": "H"}), &[]),
        (
            "RemoveThingFromThingGroup",
            json!({"thingName": "T", "thingGroupName": "H"}),
            &[("thingGroupMembership/thingGroup/H/thing/T/removed", &of_member)],
        ),
        ("UpdateThingGroup", json!({"thingGroupName": "H"}), &[("thingGroup/H/updated", &of_group)]),
        (
            "DeleteThingGroup",
            json!({"thingGroupName": "H"}),
            &[
                ("thingGroupHierarchy/thingGroup/G/childThingGroup/H/removed", &of_hierarchy),
                ("thingGroup/H/deleted", &of_group),
            ],
        ),
        (
            "DeleteThing",
            json!({"thingName": "T"}),
            &[
                ("thing/T/deleted", &of_thing),
                ("thingTypeAssociation/thing/T/thingType/P/removed", &of_association),
            ],
        ),
    ];
    let mut ids = std::collections::BTreeSet::from([payload["eventId"].to_string()]);
    for (operation, parameters, expected) in rows {
        bench.ok(operation, parameters.clone());
        let found = events(&mut bench);
        let shown: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|(topic, payload)| (topic.strip_prefix("$aws/events/").unwrap(), keys(payload)))
            .collect();
        let expected: Vec<(&str, Vec<&str>)> =
            expected.iter().map(|(topic, keys)| (*topic, keys.to_vec())).collect();
        assert_eq!(shown, expected, "{operation} {parameters}");
        for (topic, payload) in &found {
            let end = topic.rsplit('/').next().unwrap().to_uppercase();
            assert_eq!(payload["operation"], end);
            assert!(ids.insert(payload["eventId"].to_string()), "an id comes once");
        }
    }
}
