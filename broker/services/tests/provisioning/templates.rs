//! What is a template and what is none.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_services::provisioning::{MAX_TEMPLATE_BYTES, Template, TemplateKind};

use super::support::{fleet_body, jitp_body, policy_document};

/// Changes the value that a pointer names; null removes it.
fn changed(mut body: Value, pointer: &str, value: Value) -> String {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(&key).unwrap();
    } else {
        parent.insert(key, value);
    }
    body.to_string()
}

#[test]
fn the_samples_are_templates() {
    Template::parse(&fleet_body().to_string(), TemplateKind::Fleet).unwrap();
    Template::parse(&jitp_body().to_string(), TemplateKind::Jitp).unwrap();
    for (pointer, value) in [
        (
            "/Resources/thing/OverrideSettings",
            json!({"AttributePayload": "MERGE", "THING_TYPE_NAME": "REPLACE"}),
        ),
        (
            "/Resources/thing/OverrideSettings",
            json!({"ATTRIBUTE_PAYLOAD": "FAIL", "ThingGroups": "DO_NOTHING"}),
        ),
        ("/Resources/certificate/OverrideSettings", json!({"Status": "FAIL"})),
        ("/Resources/certificate/Properties/Status", json!("inactive")),
        ("/Resources/certificate/Properties/Status", json!({"Ref": "Serial"})),
        ("/Resources/certificate/Properties/ThingPrincipalType", json!("EXCLUSIVE_THING")),
        ("/Resources/policy/Properties", json!({"PolicyName": "p"})),
        ("/Resources/second", json!({"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "q"}})),
        // With a reference it is judged when it has a value.
        ("/Resources/policy/Properties/PolicyDocument", json!({"Version": {"Ref": "Serial"}})),
        ("/Resources/thing", Value::Null),
    ] {
        let body = changed(fleet_body(), pointer, value);
        assert!(Template::parse(&body, TemplateKind::Fleet).is_ok(), "{body}");
    }
    let with_pem = json!({"CertificatePem": "x", "CACertificatePem": "y"});
    let without = changed(fleet_body(), "/Mappings", Value::Null);
    let without = changed(serde_json::from_str(&without).unwrap(), "/DeviceConfiguration", Value::Null);
    let body =
        changed(serde_json::from_str(&without).unwrap(), "/Resources/certificate/Properties", with_pem);
    assert!(Template::parse(&body, TemplateKind::RegisterThing).is_ok());
}

/// Each with the place and what is allowed there (check 90 among them).
#[test]
fn mistakes_name_their_place() {
    let fleet: &[(&str, Value)] = &[
        ("/Parameters/Serial/Type", json!("Number")),
        ("/Parameters/Serial/Type", Value::Null),
        ("/Parameters/Serial/Default", json!(7)),
        ("/Parameters/Serial/NoEcho", json!(true)),
        ("/Parameters", json!([])),
        ("/Outputs", json!({})),
        ("/Resources", Value::Null),
        ("/Resources/certificate", Value::Null),
        ("/Resources/certificate/Type", json!("AWS::IoT::TopicRule")),
        ("/Resources/certificate/Type", Value::Null),
        ("/Resources/certificate/DependsOn", json!("thing")),
        ("/Resources/certificate/Properties", Value::Null),
        ("/Resources/certificate/Properties/CertificateId", json!("1234")),
        ("/Resources/certificate/Properties/CertificateId", Value::Null),
        ("/Resources/certificate/Properties/CertificatePem", json!("x")),
        ("/Resources/certificate/Properties/Status", json!("REVOKED")),
        ("/Resources/certificate/Properties/ThingPrincipalType", json!("EXCLUSIVE")),
        ("/Resources/certificate/OverrideSettings", json!({"Status": "MERGE"})),
        ("/Resources/certificate/OverrideSettings", json!({"CertificateId": "FAIL"})),
        ("/Resources/second", json!({"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "x"}})),
        ("/Resources/thing/Properties/ThingName", Value::Null),
        ("/Resources/thing/Properties/ThingName", json!(7)),
        ("/Resources/thing/Properties/ThingName", json!({"Ref": "Nobody"})),
        ("/Resources/thing/Properties/ThingName", json!({"Ref": "Serial", "x": 1})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::GetAtt": ["a", "b"]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Join": ["-"]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Join": ["-", "abc"]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Select": ["first", ["a"]]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Select": [-1, ["a"]]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Split": ["-", "a-b"]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Select": [0, {"Fn::Split": ["", "ab"]}]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Sub": "a${Nobody}"})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Sub": "a${Serial"})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::Sub": ["${x}", {"x": {"Ref": "Nobody"}}]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::FindInMap": ["Nothing", "a", "b"]})),
        ("/Resources/thing/Properties/ThingName", json!({"Fn::FindInMap": ["Urls", "Paris", "url"]})),
        ("/Resources/thing/Properties/ThingGroups", json!("lamps")),
        ("/Resources/thing/Properties/ThingGroups", json!(["lamps", 7])),
        ("/Resources/thing/Properties/AttributePayload", json!({"a": {"b": "c"}})),
        ("/Resources/thing/Properties/PackageVersions", json!({})),
        ("/Resources/thing/OverrideSettings", json!({"ThingTypeName": "MERGE"})),
        ("/Resources/thing/OverrideSettings", json!({"ThingGroups": "APPEND"})),
        ("/Resources/thing/OverrideSettings", json!({"ThingGroups": "MERGE", "THING_GROUPS": "FAIL"})),
        ("/Resources/thing/OverrideSettings", json!({"ThingName": "FAIL"})),
        ("/Resources/policy/Properties", json!({})),
        ("/Resources/policy/Properties", json!({"PolicyName": "p", "PolicyDocument": policy_document()})),
        ("/Resources/policy/Properties", json!({"PolicyName": {"Fn::Join": ["", ["a", "b"]]}})),
        ("/Resources/policy/Properties", json!({"PolicyDocument": {"Version": "2012-10-17"}})),
        ("/Resources/policy/Properties", json!({"PolicyDocument": "{"})),
        ("/Resources/policy/OverrideSettings", json!({"PolicyName": "FAIL"})),
        ("/Mappings/Urls/Seattle/url", json!({"Ref": "Serial"})),
        ("/Mappings/Urls/Seattle", json!("https://sea")),
        ("/DeviceConfiguration/url", json!({"a": {"b": "c"}})),
        ("/DeviceConfiguration/url", json!(["a"])),
    ];
    let rows = fleet.iter().map(|(pointer, value)| {
        (TemplateKind::Fleet, changed(fleet_body(), pointer, value.clone()), format!("{pointer} {value}"))
    });
    let second = json!({"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "q"}});
    let jitp = [
        ("/Resources/policy", Value::Null),
        ("/Resources/second", second),
        ("/DeviceConfiguration", json!({})),
        ("/Resources/certificate/Properties", json!({"CertificateSigningRequest": "x"})),
    ];
    let jitp = jitp.map(|(pointer, value)| {
        (TemplateKind::Jitp, changed(jitp_body(), pointer, value.clone()), format!("jitp {pointer} {value}"))
    });
    let whole =
        ["", "[]", "{\"Resources\": {}}"].map(|body| (TemplateKind::Fleet, body.to_owned(), body.to_owned()));
    let mut text = String::new();
    for (kind, body, what) in rows.chain(jitp).chain(whole) {
        let error = Template::parse(&body, kind).unwrap_err();
        text.push_str(&format!("{what}\n    {error}\n"));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_template_may_be_10_kilobytes_long() {
    let body = fleet_body().to_string();
    let padded = |length: usize| format!("{}{body}", " ".repeat(length - body.len()));
    assert!(Template::parse(&padded(MAX_TEMPLATE_BYTES), TemplateKind::Fleet).is_ok());
    let error = Template::parse(&padded(MAX_TEMPLATE_BYTES + 1), TemplateKind::Fleet).unwrap_err();
    assert_eq!(error.exception.name(), "InvalidRequestException");
}

/// JSON of the words that templates are made of.
fn hostile() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Parameters",
        "Resources",
        "Mappings",
        "Type",
        "String",
        "Default",
        "Properties",
        "Ref",
        "Fn::Join",
        "Fn::Sub",
        "Fn::Select",
        "Fn::Split",
        "Fn::FindInMap",
        "AWS::IoT::Thing",
        "AWS::IoT::Certificate",
        "AWS::IoT::Policy",
        "CertificateId",
        "AWS::IoT::Certificate::Id",
        "PolicyDocument",
        "${",
        "${x}",
        "",
        "OverrideSettings",
        "Status",
        "DeviceConfiguration",
        "ThingName",
        "ThingGroups",
    ]);
    let leaf = prop_oneof![
        words.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..4).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_parser_panic(value in hostile(), kind in 0..3_usize, at in 0..6_usize) {
        let kind = [TemplateKind::Jitp, TemplateKind::Fleet, TemplateKind::RegisterThing][kind];
        let pointers = [
            "/Resources/thing/Properties/ThingName",
            "/Resources/thing/Properties/ThingGroups",
            "/Resources/policy/Properties/PolicyDocument",
            "/Resources/certificate",
            "/Parameters",
            "/Mappings",
        ];
        let mut body = fleet_body();
        *body.pointer_mut(pointers[at]).unwrap() = value.clone();
        for text in [value.to_string(), body.to_string()] {
            if let Ok(template) = Template::parse(&text, kind) {
                let _ = template.expand(&[("Serial", "7"), ("x", "y")].into_iter().collect());
            }
        }
    }
}
