//! What stands for something else in the texts of JSON that a case writes: `{certificate NAME}`, `{$noted}`, `#`.

use serde_json::Value as Json;

use super::value::{Notes, Value};
use crate::case::certificate_id;

/// JSON with all placeholders of its texts and names filled in; `#` stands for the count, if there is one.
///
/// # Errors
/// A name that nothing was noted under.
pub(super) fn fill_json(value: &Json, count: Option<u64>, notes: &Notes) -> Result<Json, String> {
    Ok(match value {
        Json::String(text) => fill_text(text, count, notes)?.into(),
        Json::Array(items) => {
            items.iter().map(|item| fill_json(item, count, notes)).collect::<Result<Vec<_>, _>>()?.into()
        }
        Json::Object(members) => {
            let pair = |(name, value): (&String, &Json)| {
                Ok((fill_text(name, count, notes)?, fill_json(value, count, notes)?))
            };
            Json::Object(members.iter().map(pair).collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// A text with its placeholders filled in.
///
/// # Errors
/// A name that nothing was noted under.
pub(super) fn fill_text(text: &str, count: Option<u64>, notes: &Notes) -> Result<String, String> {
    let counted = match count {
        Some(count) => text.replace('#', &count.to_string()),
        None => text.to_owned(),
    };
    let mut filled = String::new();
    let mut rest = counted.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((inside, behind)) if inside.starts_with("certificate ") => {
                let name = inside["certificate ".len()..].trim();
                filled.push_str(&certificate_id(name).to_string());
                rest = behind;
            }
            Some((inside, behind)) if inside.starts_with('$') => {
                match notes.get(&inside[1..]) {
                    Some(Value::Text(noted)) => filled.push_str(noted),
                    Some(Value::Bytes(noted)) => {
                        let text = std::str::from_utf8(noted);
                        filled.push_str(text.map_err(|_| format!("what was noted as {inside} is no text"))?);
                    }
                    _ => return Err(format!("nothing was noted as {inside} so far")),
                }
                rest = behind;
            }
            // Braces of JSON within a text, such as a policy.
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The names that `{$noted}` in it needs.
pub(super) fn noted_names(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => text
            .split("{$")
            .skip(1)
            .filter_map(|behind| behind.split_once('}').map(|(name, _)| name))
            .collect(),
        Json::Array(items) => items.iter().flat_map(noted_names).collect(),
        Json::Object(members) => members.values().flat_map(noted_names).collect(),
        _ => Vec::new(),
    }
}
