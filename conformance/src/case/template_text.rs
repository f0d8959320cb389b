//! Provisioning templates as a case writes them: `thing=lamp-${Serial} policy=p config.place=${Place}`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::words::Words;

const CERTIFICATE_ID: &str = "AWS::IoT::Certificate::Id";

/// The JSON of a template in words. A parameter is declared by being used.
///
/// # Errors
/// It has neither a thing nor a policy.
pub(super) fn body(words: &mut Words) -> Result<String, String> {
    let mut texts = Texts::default();
    texts.declared.insert(CERTIFICATE_ID.to_owned());
    texts.declared.extend(words.list("parameters"));
    let mut resources = Map::new();
    let (mut of_thing, mut of_certificate) = (Map::new(), Map::new());
    for (property, setting) in words.all("override.") {
        let settings = if property == "Status" { &mut of_certificate } else { &mut of_thing };
        settings.insert(property, setting.into());
    }
    if let Some(properties) = thing(words, &mut texts)? {
        resources.insert("thing".to_owned(), resource("AWS::IoT::Thing", &properties, of_thing));
    }
    let mut certificate = Map::new();
    certificate.insert("CertificateId".to_owned(), json!({ "Ref": CERTIFICATE_ID }));
    if let Some(status) = words.take("status") {
        certificate.insert("Status".to_owned(), texts.value(&status));
    }
    resources
        .insert("certificate".to_owned(), resource("AWS::IoT::Certificate", &certificate, of_certificate));
    for (number, policy) in words.list("policy").iter().enumerate() {
        let mut properties = Map::new();
        properties.insert("PolicyName".to_owned(), texts.value(policy));
        resources.insert(format!("policy{number}"), resource("AWS::IoT::Policy", &properties, Map::new()));
    }
    if resources.len() == 1 {
        return Err("a template has thing=NAME, policy=NAME or both, or is written in JSON".to_owned());
    }
    let configuration = texts.values(words.all("config."));
    let mut defaults: Map<String, Value> = Map::new();
    for (name, value) in words.all("default.") {
        texts.declared.insert(name.clone());
        defaults.insert(name, value.into());
    }
    let declared = texts.declared.into_iter().map(|name| {
        let mut declaration = json!({ "Type": "String" });
        if let Some(default) = defaults.remove(&name) {
            declaration["Default"] = default;
        }
        (name, declaration)
    });
    let mut template = json!({ "Parameters": declared.collect::<Map<_, _>>(), "Resources": resources });
    if !configuration.is_empty() {
        template["DeviceConfiguration"] = configuration.into();
    }
    Ok(template.to_string())
}

/// The properties of the thing, if there is one.
fn thing(words: &mut Words, texts: &mut Texts) -> Result<Option<Map<String, Value>>, String> {
    let name = words.take("thing");
    let mut properties = Map::new();
    for (key, property) in
        [("type", "ThingTypeName"), ("billing_group", "BillingGroup"), ("groups", "ThingGroups")]
    {
        if words.has(key) {
            let value = match key {
                "groups" => words.list(key).iter().map(|group| texts.value(group)).collect(),
                _ => texts.value(&words.take(key).unwrap_or_default()),
            };
            properties.insert(property.to_owned(), value);
        }
    }
    let attributes = texts.values(words.all("attribute."));
    if !attributes.is_empty() {
        properties.insert("AttributePayload".to_owned(), attributes.into());
    }
    match name {
        Some(name) => {
            properties.insert("ThingName".to_owned(), texts.value(&name));
            Ok(Some(properties))
        }
        None if properties.is_empty() => Ok(None),
        None => Err("what a template says of a thing needs thing=NAME".to_owned()),
    }
}

fn resource(kind: &str, properties: &Map<String, Value>, overrides: Map<String, Value>) -> Value {
    let mut resource = json!({ "Type": kind, "Properties": properties });
    if !overrides.is_empty() {
        resource["OverrideSettings"] = overrides.into();
    }
    resource
}

/// Texts with parameters in them, and which.
#[derive(Default)]
struct Texts {
    declared: BTreeSet<String>,
}

impl Texts {
    /// A text with `${NAME}` in it is one for `Fn::Sub`, any other stands for itself.
    fn value(&mut self, text: &str) -> Value {
        let mut rest = text;
        while let Some((_, behind)) = rest.split_once("${") {
            let (name, behind) = behind.split_once('}').unwrap_or((behind, ""));
            self.declared.insert(name.to_owned());
            rest = behind;
        }
        if text.contains("${") { json!({ "Fn::Sub": text }) } else { text.into() }
    }

    fn values(&mut self, pairs: Vec<(String, String)>) -> Map<String, Value> {
        pairs.into_iter().map(|(name, text)| (name, self.value(&text))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        let mut words = Words::parse(text)?;
        let body = body(&mut words)?;
        words.end("template")?;
        Ok(serde_json::from_str(&body).unwrap())
    }

    #[test]
    fn words_become_a_template() {
        let found = read(
            "thing=lamp-${Serial} groups=a,${Group} attribute.place=${Place} policy=p status=INACTIVE \
             override.ThingGroups=FAIL override.Status=DO_NOTHING parameters=Extra default.Place=Nowhere \
             config.where=${Place}",
        );
        let text = json!({ "Type": "String" });
        let expected = json!({
            "Parameters": {
                "AWS::IoT::Certificate::Id": text,
                "Extra": text,
                "Group": text,
                "Place": { "Type": "String", "Default": "Nowhere" },
                "Serial": text,
            },
            "Resources": {
                "thing": {
                    "Type": "AWS::IoT::Thing",
                    "Properties": {
                        "ThingName": { "Fn::Sub": "lamp-${Serial}" },
                        "ThingGroups": ["a", { "Fn::Sub": "${Group}" }],
                        "AttributePayload": { "place": { "Fn::Sub": "${Place}" } },
                    },
                    "OverrideSettings": { "ThingGroups": "FAIL" },
                },
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": { "CertificateId": { "Ref": CERTIFICATE_ID }, "Status": "INACTIVE" },
                    "OverrideSettings": { "Status": "DO_NOTHING" },
                },
                "policy0": { "Type": "AWS::IoT::Policy", "Properties": { "PolicyName": "p" } },
            },
            "DeviceConfiguration": { "where": { "Fn::Sub": "${Place}" } },
        });
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn what_is_no_template_is_told() {
        for (text, problem) in [
            ("", "a template has thing=NAME"),
            ("type=lamp", "what a template says of a thing needs thing=NAME"),
            ("thing=t shoe=44", "'template' has no 'shoe' here"),
        ] {
            assert!(read(text).unwrap_err().starts_with(problem), "{text}");
        }
    }
}
