//! Payloads of shadows: what a device sends, what it reads of the answers, and how it takes desired values over.

use core::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a device reads of an answer, whichever it is; what it does not need is skipped.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Answer {
    pub(crate) version: Option<u64>,
    pub(crate) code: Option<u16>,
    pub(crate) client_token: Option<String>,
    pub(crate) state: Option<Value>,
}

impl Answer {
    /// Reads an answer; `None` if it is none.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }

    /// The differences in a delta, if there are any.
    pub(crate) fn into_delta(self) -> Option<Map<String, Value>> {
        object(self.state?)
    }

    /// The differences in a whole document, if there are any.
    pub(crate) fn into_delta_of_document(self) -> Option<Map<String, Value>> {
        object(self.state?.as_object_mut()?.remove("delta")?)
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) if !members.is_empty() => Some(members),
        _ => None,
    }
}

/// A JSON object kept as text; nothing for one without members.
pub(crate) fn text(members: &Map<String, Value>) -> Box<str> {
    if members.is_empty() {
        return Box::default();
    }
    serde_json::to_string(members).unwrap_or_default().into_boxed_str()
}

/// What [`text`] kept.
pub(crate) fn members(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Takes the values of `news` over: objects key by key, all else as a whole.
pub(crate) fn take_over(into: &mut Map<String, Value>, news: Map<String, Value>) {
    for (key, value) in news {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => take_over(old, new),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Writes an update of reported state. `reported` is a JSON object.
pub(crate) fn write_update(reported: &str, version: Option<u64>, client_token: &str, out: &mut String) {
    out.clear();
    let _ = write!(out, r#"{{"state":{{"reported":{reported}}},"#);
    if let Some(version) = version {
        let _ = write!(out, r#""version":{version},"#);
    }
    let _ = write!(out, r#""clientToken":"{client_token}"}}"#);
}

/// Writes a request for the document. Device SDKs send their token with it.
pub(crate) fn write_get(client_token: &str, out: &mut String) {
    out.clear();
    let _ = write!(out, r#"{{"clientToken":"{client_token}"}}"#);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        object(value).unwrap_or_default()
    }

    #[test]
    fn desired_values_are_taken_over_key_by_key_and_arrays_as_a_whole() {
        for (own, news, then) in [
            (json!({}), json!({"a": 1}), json!({"a": 1})),
            (json!({"a": 1, "b": 2}), json!({"a": 3}), json!({"a": 3, "b": 2})),
            (json!({"a": {"x": 1, "y": 2}}), json!({"a": {"y": 3}}), json!({"a": {"x": 1, "y": 3}})),
            (json!({"a": {"x": 1}}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (json!({"a": 1}), json!({"a": {"x": 1}}), json!({"a": {"x": 1}})),
        ] {
            let mut own = map(own);
            take_over(&mut own, map(news));
            assert_eq!(Value::Object(own), then);
        }
    }

    #[test]
    fn an_answer_is_read_whatever_else_is_in_it() {
        let answer = Answer::read(
            br#"{"state":{"desired":{"a":2},"delta":{"a":2}},"metadata":{"x":[1]},"version":7,"timestamp":1,"clientToken":"t"}"#,
        )
        .unwrap();
        assert_eq!((answer.version, answer.code, answer.client_token.as_deref()), (Some(7), None, Some("t")));
        assert_eq!(answer.into_delta_of_document(), Some(map(json!({"a": 2}))));
        let error = Answer::read(br#"{"code":409,"message":"Version conflict"}"#).unwrap();
        assert_eq!((error.code, error.into_delta()), (Some(409), None));
        assert_eq!(Answer::read(b"{"), None);
        assert_eq!(Answer::read(br#"{"state":{}}"#).unwrap().into_delta(), None);
    }

    #[test]
    fn an_update_is_written_as_the_service_reads_it() {
        let mut out = String::new();
        write_update(r#"{"a":1}"#, Some(4), "4.0.1", &mut out);
        assert_eq!(out, r#"{"state":{"reported":{"a":1}},"version":4,"clientToken":"4.0.1"}"#);
        write_update("{}", None, "4.0.2", &mut out);
        assert_eq!(out, r#"{"state":{"reported":{}},"clientToken":"4.0.2"}"#);
        write_get("x", &mut out);
        assert_eq!(out, r#"{"clientToken":"x"}"#);
    }
}
