use serde_json::{Value, json};

use crate::support::{Bench, arn, id};

fn texts(listed: &Value, list: &str, member: &str) -> Vec<String> {
    let items = listed[list].as_array().unwrap().iter();
    items.map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn lists_come_in_parts_and_in_one_order() {
    let mut bench = Bench::new();
    for name in ["d", "a", "c", "b", "e"] {
        bench.ok("CreateThing", json!({"thingName": name}));
    }
    bench.ok("DeleteThing", json!({"thingName": "a"}));
    let first = bench.ok("ListThings", json!({"maxResults": 2}));
    assert_eq!(texts(&first, "things", "thingName"), ["d", "c"]);
    let second = bench.ok("ListThings", json!({"maxResults": 2, "nextToken": first["nextToken"]}));
    assert_eq!(texts(&second, "things", "thingName"), ["b", "e"]);
    assert!(second.get("nextToken").is_none());
    for wrong in [json!({"maxResults": 0}), json!({"maxResults": 251}), json!({"nextToken": "x"})] {
        assert_eq!(bench.refused("ListThings", wrong).0, "InvalidRequestException");
    }
}

#[test]
fn things_are_filtered_by_type_and_attribute() {
    let mut bench = Bench::new();
    bench.ok("CreateThingType", json!({"thingTypeName": "P"}));
    for (name, typed, site) in [("one", true, "north-1"), ("two", false, "north-2"), ("three", true, "south")]
    {
        let attributes = json!({"attributes": {"site": site}});
        let thing_type = typed.then_some("P");
        bench.ok(
            "CreateThing",
            json!({"thingName": name, "thingTypeName": thing_type, "attributePayload": attributes}),
        );
    }
    for (filter, expected) in [
        (json!({"thingTypeName": "P"}), &["one", "three"][..]),
        (json!({"attributeName": "site"}), &["one", "two", "three"]),
        (json!({"attributeName": "site", "attributeValue": "south"}), &["three"]),
        (
            json!({"attributeName": "site", "attributeValue": "north", "usePrefixAttributeValue": true}),
            &["one", "two"],
        ),
        (json!({"attributeName": "site", "attributeValue": "north"}), &[]),
        (json!({"attributeName": "none"}), &[]),
    ] {
        let found = bench.ok("ListThings", filter.clone());
        assert_eq!(texts(&found, "things", "thingName"), expected, "{filter}");
    }
    assert_eq!(bench.refused("ListThings", json!({"attributeValue": "x"})).0, "InvalidRequestException");
    assert_eq!(texts(&bench.ok("ListThingTypes", json!({})), "thingTypes", "thingTypeName"), ["P"]);
    assert_eq!(
        texts(&bench.ok("ListThingTypes", json!({"thingTypeName": "Q"})), "thingTypes", "thingTypeName")
            .len(),
        0
    );
}

#[test]
fn groups_and_members_are_listed_down_the_hierarchy() {
    let mut bench = Bench::new();
    for (name, parent) in [("site", None), ("hall", Some("site")), ("rack", Some("hall")), ("other", None)] {
        bench.ok("CreateThingGroup", json!({"thingGroupName": name, "parentGroupName": parent}));
    }
    for (filter, expected) in [
        (json!({}), &["site", "hall", "rack", "other"][..]),
        (json!({"recursive": false}), &["site", "other"]),
        (json!({"parentGroup": "site"}), &["hall", "rack"]),
        (json!({"parentGroup": "site", "recursive": false}), &["hall"]),
        (json!({"namePrefixFilter": "r"}), &["rack"]),
    ] {
        let found = bench.ok("ListThingGroups", filter.clone());
        assert_eq!(texts(&found, "thingGroups", "groupName"), expected, "{filter}");
    }
    for (thing, group) in [("t1", "rack"), ("t2", "site"), ("t3", "other")] {
        bench.ok("CreateThing", json!({"thingName": thing}));
        bench.ok("AddThingToThingGroup", json!({"thingArn": format!("arn:aws:iot:us-east-1:123456789012:thing/{thing}"), "thingGroupName": group}));
    }
    for (asked, expected) in [
        (json!({"thingGroupName": "site"}), json!({"things": ["t2"]})),
        (json!({"thingGroupName": "site", "recursive": true}), json!({"things": ["t1", "t2"]})),
    ] {
        assert_eq!(bench.ok("ListThingsInThingGroup", asked), expected);
    }
}

#[test]
fn principals_and_things_know_one_another() {
    let mut bench = Bench::new();
    for n in [1, 2] {
        let certificate =
            json!({"certificatePem": {"certificateId": id(n).to_string()}, "status": "INACTIVE"});
        bench.ok("RegisterCertificateWithoutCA", certificate);
    }
    for (thing, certificate) in [("T", 1), ("T", 2), ("U", 1)] {
        bench.ok("CreateThing", json!({"thingName": thing}));
        bench.ok("AttachThingPrincipal", json!({"thingName": thing, "principal": arn(certificate)}));
    }
    let principals = bench.ok("ListThingPrincipals", json!({"thingName": "T"}));
    assert_eq!(principals, json!({"principals": [arn(1), arn(2)]}));
    let things = bench.ok("ListPrincipalThings", json!({"principal": arn(1), "maxResults": 1}));
    assert_eq!(things, json!({"things": ["T"], "nextToken": "1"}));
    let rest = bench.ok("ListPrincipalThings", json!({"principal": arn(1), "nextToken": "1"}));
    assert_eq!(rest, json!({"things": ["U"]}));
    let listed = bench.ok("ListCertificates", json!({"pageSize": 1}));
    assert_eq!(texts(&listed, "certificates", "certificateId"), [id(1).to_string()]);
    assert_eq!(
        (&listed["certificates"][0]["certificateMode"], &listed["nextMarker"]),
        (&json!("SNI_ONLY"), &json!("1"))
    );
    let exclusive = json!({"thingName": "T", "principal": arn(1), "thingPrincipalType": "EXCLUSIVE_THING"});
    assert_eq!(bench.refused("AttachThingPrincipal", exclusive).0, "InvalidRequestException");
}
