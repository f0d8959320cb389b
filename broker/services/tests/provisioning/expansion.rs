//! Templates with their parameters in place.

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_services::policy::CertificateField;
use squall_services::provisioning::{
    CertificateOutcome, CertificateSource, Parameters, Plan, PolicyPlan, ProvisioningError, Template,
    TemplateKind,
};
use squall_services::registry::PrincipalKind;

use super::support::{DEVICE, certificate, fleet_body, jitp_body, policy_document};

fn expand(body: &Value, parameters: &[(&str, &str)]) -> Result<Plan, ProvisioningError> {
    let template = Template::parse(&body.to_string(), TemplateKind::Fleet).unwrap();
    template.expand(&parameters.iter().copied().collect())
}

/// What an expression gives as the one entry of a device's configuration.
fn configured(expression: &Value, parameters: &[(&str, &str)]) -> Result<String, String> {
    let mut body = fleet_body();
    for name in ["a", "b"] {
        body["Parameters"][name] = json!({"Type": "String", "Default": ""});
    }
    body["Parameters"]["Serial"]["Default"] = json!("7");
    body["DeviceConfiguration"] = json!({"x": expression});
    body["Mappings"]["M"] = json!({"k": {"v": "found", "": "empty"}});
    let plan = expand(&body, parameters).map_err(|error| error.to_string())?;
    Ok(plan.device_configuration[0].1.to_string())
}

#[test]
fn the_sample_makes_a_plan() {
    let plan = expand(&fleet_body(), &[("Serial", "7"), ("Place", "Seattle"), ("Other", "x")]).unwrap();
    let thing = plan.thing.unwrap();
    assert_eq!(&*thing.name, "lamp-7");
    assert_eq!(thing.attributes, [("place".into(), "Seattle".into())]);
    assert_eq!(thing.groups.unwrap(), ["lamps".into(), "west".into()]);
    assert_eq!(plan.certificate.source, CertificateSource::Provisioned);
    assert_eq!(plan.certificate.status, CertificateOutcome::Active);
    assert_eq!(plan.certificate.principal_kind, PrincipalKind::NonExclusive);
    let [PolicyPlan::Document { name, document }] = &plan.policies[..] else { panic!("{:?}", plan.policies) };
    assert_eq!(**document, policy_document().to_string());
    assert!(name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    // In the order of the template.
    let entries: Vec<(&str, &str)> = plan.device_configuration.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(entries, [("url", "https://sea"), ("name", "lamp 7")]);
    // A default stands in, and the same document has the same name.
    let other = expand(&fleet_body(), &[("Serial", "8")]).unwrap();
    assert_eq!(&*other.device_configuration[0].1, "https://none");
    assert_eq!(other.policies, plan.policies);
}

#[test]
fn functions_have_their_values() {
    for (expression, expected) in [
        (json!("x"), Ok("x")),
        (json!({"Ref": "a"}), Ok("A")),
        (json!({"Fn::Join": ["", ["x", {"Ref": "a"}, "y"]]}), Ok("xAy")),
        (json!({"Fn::Join": [",", []]}), Ok("")),
        (json!({"Fn::Join": ["+", {"Fn::Split": ["-", "p-q--r"]}]}), Ok("p+q++r")),
        (json!({"Fn::Join": ["+", ["x", null]]}), Err("value 1 of the list is null")),
        (json!({"Fn::Select": [1, ["x", "y"]]}), Ok("y")),
        (json!({"Fn::Select": ["1", {"Fn::Split": ["-", {"Ref": "b"}]}]}), Ok("two")),
        // Check 91.
        (json!({"Fn::Select": [2, ["x", "y"]]}), Err("index 2 is out of range")),
        (json!({"Fn::Select": [1, ["x", null]]}), Err("value 1 of the list is null")),
        (json!({"Fn::Select": [0, ["x", null]]}), Ok("x")),
        (json!({"Fn::Select": [{"Ref": "a"}, ["x"]]}), Err("\"A\" is no index")),
        (json!({"Fn::FindInMap": ["M", "k", "v"]}), Ok("found")),
        (json!({"Fn::FindInMap": [{"Ref": "a"}, "k", "v"]}), Err("Mappings has no A.k.v")),
        (json!({"Fn::FindInMap": ["M", "k", {"Ref": "a"}]}), Err("Mappings has no M.k.A")),
        (json!({"Fn::Sub": "<${a}|${!a}|${b}>"}), Ok("<A|${a}|one-two>")),
        (json!({"Fn::Sub": ["${a}${n}", {"n": {"Fn::Join": ["", ["1", "2"]]}, "a": "own"}]}), Ok("own12")),
    ] {
        let found = configured(&expression, &[("a", "A"), ("b", "one-two")]);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{expression}"),
            (Err(found), Err(expected)) => {
                assert!(found.starts_with("DeviceConfiguration.x: ") && found.contains(expected), "{found}");
            }
            (found, expected) => panic!("{expression}: {found:?}, {expected:?} is expected"),
        }
    }
}

/// `state.md` 3.1: even one that nothing refers to.
#[test]
fn a_declared_parameter_without_value_fails() {
    let error = expand(&fleet_body(), &[]).unwrap_err();
    assert_eq!(error.to_string(), "Parameters.Serial: parameter Serial has no value");
    assert!(!error.is_transient());
}

#[test]
fn parameters_come_from_the_subject() {
    let template = Template::parse(&jitp_body().to_string(), TemplateKind::Jitp).unwrap();
    let subject = [(CertificateField::CommonName, "pump"), (CertificateField::Country, "US")];
    let whole = Parameters::of_certificate(&certificate(DEVICE, &subject));
    assert_eq!(&*template.expand(&whole).unwrap().thing.unwrap().name, "pump");
    assert_eq!(whole.get("AWS::IoT::Certificate::Id"), Some(&*DEVICE.to_string()));
    // Check 77.
    let partly = Parameters::of_certificate(&certificate(DEVICE, &subject[..1]));
    let error = template.expand(&partly).unwrap_err().to_string();
    assert!(error.contains("AWS::IoT::Certificate::Country has no value"), "{error}");
}

#[test]
fn an_expansion_is_bounded() {
    // Doubled thirty times over.
    let mut expression = json!({"Ref": "a"});
    for _ in 0..30 {
        expression = json!({"Fn::Sub": ["${v}${v}", {"v": expression}]});
    }
    let error = configured(&expression, &[("a", "xx")]).unwrap_err();
    assert!(error.contains("more than 524288 bytes"), "{error}");
    let split = json!({"Fn::Join": ["", {"Fn::Split": ["x", {"Ref": "a"}]}]});
    assert!(configured(&split, &[("a", &"x".repeat(100_000))]).is_err());
}

fn expression() -> impl Strategy<Value = Value> {
    let text = "[ab$-]{0,4}";
    let leaf = prop_oneof![
        text.prop_map(Value::from),
        prop::sample::select(vec!["a", "b"]).prop_map(|name| json!({"Ref": name})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let item = prop_oneof![4 => inner.clone(), 1 => Just(Value::Null)];
        let list = prop_oneof![
            prop::collection::vec(item, 0..4).prop_map(Value::from),
            ("[ab-]{1,2}", inner.clone()).prop_map(|(by, text)| json!({"Fn::Split": [by, text]})),
        ];
        prop_oneof![
            (inner.clone(), list.clone()).prop_map(|(by, list)| json!({"Fn::Join": [by, list]})),
            (0..4_u32, list).prop_map(|(at, list)| json!({"Fn::Select": [at, list]})),
            inner.clone().prop_map(|key| json!({"Fn::FindInMap": ["M", "k", key]})),
            inner.prop_map(|value| json!({"Fn::Sub": ["-${a}${!a}${own}", {"own": value}]})),
        ]
    })
}

/// As the functions read, without a thought of cost or places.
fn naive(expression: &Value, a: &str, b: &str) -> Option<String> {
    let Some(object) = expression.as_object() else { return Some(expression.as_str()?.to_owned()) };
    let (name, argument) = object.iter().next()?;
    let list = |value: &Value| -> Option<Vec<Option<String>>> {
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| if item.is_null() { Some(None) } else { naive(item, a, b).map(Some) })
                .collect(),
            split => {
                let text = naive(&split["Fn::Split"][1], a, b)?;
                let by = split["Fn::Split"][0].as_str()?;
                Some(text.split(by).map(|piece| Some(piece.to_owned())).collect())
            }
        }
    };
    match name.as_str() {
        "Ref" => Some(if argument == "a" { a } else { b }.to_owned()),
        "Fn::Join" => {
            let by = naive(&argument[0], a, b)?;
            Some(list(&argument[1])?.into_iter().collect::<Option<Vec<_>>>()?.join(&by))
        }
        "Fn::Select" => list(&argument[1])?.into_iter().nth(usize::try_from(argument[0].as_u64()?).ok()?)?,
        "Fn::FindInMap" => match naive(&argument[2], a, b)?.as_str() {
            "v" => Some("found".to_owned()),
            "" => Some("empty".to_owned()),
            _ => None,
        },
        "Fn::Sub" => Some(format!("-{a}${{a}}{}", naive(&argument[1]["own"], a, b)?)),
        _ => None,
    }
}

proptest! {
    #[test]
    fn expressions_have_the_values_of_the_naive_reading(
        expression in expression(), a in "[ab-]{0,6}", b in "\\PC{0,6}",
    ) {
        let found = configured(&expression, &[("a", &a), ("b", &b)]).ok();
        prop_assert_eq!(found, naive(&expression, &a, &b));
    }
}
