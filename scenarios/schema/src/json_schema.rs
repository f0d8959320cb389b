//! The JSON Schema of a scenario file, for editors.

use serde_json::{Map, Value as Json, json};
use squall_profile::LIMITS;
use squall_profile::switch::SWITCHES;
use squall_services::policy::MAX_POLICIES_PER_PRINCIPAL;

use crate::keys::{
    ANY, ARGUMENTS, ATTRIBUTE_NAME, ATTRIBUTE_VALUE_MAX, ATTRIBUTES_MAX, DurationRule, IDENTIFIER_MAX, Key,
    Kind, LINK_MODEL, NameRule, PARAMETER_NAME, POLICY_NAME, Presence, SCENARIO, Table,
};
use crate::resolve::service::{profiles, switch_words};
use crate::resolved::CallKind;
use crate::tree::{Node, Origin, Value, parse_own_value};
use crate::value::Words;
use crate::wording::subject_fields;
use crate::{link_model, value};

/// The JSON Schema of a scenario file; TOML editors check by it as well.
///
/// It knows names, types and words. What needs more than one key at a time, such as a fault that begins after the
/// run has ended, only [`load`](crate::load) finds.
pub fn json_schema() -> Json {
    let mut schema = table_schema(&SCENARIO);
    let members = schema.as_object_mut().expect("a table's schema is an object");
    members.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    members.insert("title".into(), "Squall scenario".into());
    schema
}

fn table_schema(table: &Table) -> Json {
    let in_file = || table.keys.iter().filter(|key| key.presence != Presence::Results);
    let properties: Map<String, Json> = in_file().map(|key| (key.name.to_owned(), key_schema(key))).collect();
    let required: Vec<&str> =
        in_file().filter(|key| key.presence == Presence::Required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "description": table.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn key_schema(key: &Key) -> Json {
    let mut schema = kind_schema(&key.kind);
    let members = schema.as_object_mut().expect("every kind's schema is an object");
    members.insert("description".into(), key.about.into());
    if let Presence::Default(text) = key.presence {
        members.insert("default".into(), to_json(&parse_own_value(text, &Origin::Whole)));
    }
    schema
}

fn kind_schema(kind: &Kind) -> Json {
    match kind {
        Kind::Text
        | Kind::File
        | Kind::Template
        | Kind::DeviceTemplate(_)
        | Kind::TopicName
        | Kind::TopicFilter
        | Kind::PriceBook
        | Kind::Metric => {
            json!({ "type": "string" })
        }
        Kind::Identifier => {
            json!({ "type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": IDENTIFIER_MAX })
        }
        Kind::Name(rule) => json!({ "type": "string", "pattern": name_pattern(*rule) }),
        Kind::Policies => json!({
            "type": "array",
            "items": { "type": "string", "pattern": name_pattern(POLICY_NAME) },
            "maxItems": MAX_POLICIES_PER_PRINCIPAL,
            "uniqueItems": true,
        }),
        Kind::DeviceRange => {
            json!({ "type": "string", "pattern": "^\\s*[0-9][0-9_]*\\s*\\.\\.\\s*[0-9][0-9_]*\\s*$" })
        }
        Kind::Attributes => json!({
            "type": "object",
            "maxProperties": ATTRIBUTES_MAX,
            "propertyNames": { "pattern": name_pattern(ATTRIBUTE_NAME) },
            "additionalProperties": { "type": "string", "maxLength": ATTRIBUTE_VALUE_MAX },
        }),
        // Which of them it is hangs on the key `call`; only a reader of the whole table can tell.
        Kind::Arguments => {
            let api = json!({ "type": "object", "description": "Parameters of the public API." });
            json!({ "anyOf": ARGUMENTS.map(table_schema).into_iter().chain([api]).collect::<Vec<_>>() })
        }
        Kind::Call => {
            let words: Vec<&str> = CallKind::CHOICES.iter().map(|choice| choice.word).collect();
            json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": "^[A-Z][A-Za-z0-9]+$" }] })
        }
        Kind::Subject => closed(subject_fields().map(|field| (field.text(), json!({ "type": "string" })))),
        Kind::Parameters => json!({
            "type": "object",
            "propertyNames": { "pattern": name_pattern(PARAMETER_NAME) },
            "additionalProperties": { "type": "string" },
        }),
        Kind::Share => json!({ "type": "string", "pattern": "^\\s*[0-9][0-9_]*(\\.[0-9_]+)?\\s*%?\\s*$" }),
        Kind::AfterRejection => json!({
            "anyOf": [
                { "enum": ["back-off", "give-up"] },
                { "type": "string", "pattern": duration_pattern(ANY) },
            ],
        }),
        Kind::Profile => {
            json!({ "enum": profiles().iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>() })
        }
        Kind::Duration(rule) => json!({ "type": "string", "pattern": duration_pattern(*rule) }),
        Kind::WallTime => json!({ "type": "string", "format": "date-time" }),
        Kind::Seed => json!({ "type": "string", "pattern": "^[0-9]+$" }),
        Kind::Whole { min, max, .. } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::QoS => json!({ "enum": [0, 1] }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Choice(choices) => {
            let words = choices.iter().map(|choice| choice.word);
            json!({ "enum": words.collect::<Vec<_>>() })
        }
        Kind::Version => json!({ "enum": [5, "3.1.1"] }),
        Kind::Offline => json!({ "type": "string", "pattern": "^(drop|queue:[0-9]+)$" }),
        Kind::Comparison => json!({ "type": "string", "pattern": "^\\s*(<|<=|>|>=|=|==|!=)\\s*[^<>=!]+$" }),
        Kind::Curve => {
            json!({ "type": "array", "minItems": 2, "items": { "type": "integer", "minimum": 0, "maximum": u32::MAX } })
        }
        Kind::Table(table) => table_schema(table),
        Kind::Tables(table) => json!({ "type": "array", "items": table_schema(table) }),
        Kind::Network => json!({ "anyOf": [{ "enum": link_model::names() }, table_schema(&LINK_MODEL)] }),
        Kind::Limits => {
            let limit =
                |about| json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX, "description": about });
            closed(LIMITS.iter().map(|known| (known.name, limit(known.about))))
        }
        Kind::Switches => closed(SWITCHES.iter().map(|name| (*name, json!({ "enum": switch_words(name) })))),
        // Keys without quotes arrive as tables in tables.
        Kind::Matrix | Kind::Cells => {
            json!({ "type": "object", "additionalProperties": { "type": ["array", "object"] } })
        }
    }
}

fn closed<'a>(properties: impl Iterator<Item = (&'a str, Json)>) -> Json {
    let properties: Map<String, Json> = properties.map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn name_pattern(rule: NameRule) -> String {
    // Every rule ends with the hyphen, which stands for itself there.
    format!("^[a-zA-Z0-9{}]{{1,{}}}$", rule.punctuation, rule.max)
}

fn duration_pattern(rule: DurationRule) -> String {
    let units: Vec<&str> = value::UNITS.iter().map(|(unit, _)| *unit).collect();
    let number = "[0-9][0-9_]*(\\.[0-9_]+)?";
    let pattern = format!("^\\s*({number}\\s*({}|µs|min)\\s*)+$", units.join("|"));
    if rule.min.is_zero() { pattern } else { pattern.replacen('^', "^(?=.*[1-9])", 1) }
}

/// A default as JSON.
fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Text(text) | Value::DateTime(text) => json!(text),
        Value::Whole(number) => json!(number),
        Value::Decimal(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::List(members) => members.iter().map(to_json).collect(),
        Value::Table(entries) => {
            Json::Object(entries.iter().map(|entry| (entry.key.clone(), to_json(&entry.node))).collect())
        }
    }
}
