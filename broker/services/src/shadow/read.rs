//! Calls of the HTTPS data API as JSON in the API's own names, for whoever writes them down (`state.md` 1.11).

use serde_json::Value;

use super::{ShadowCall, ShadowId};
use crate::api_error::{ApiError, Exception};
use crate::registry::Members;

/// The operations.
pub const SHADOW_CALLS: &[&str] =
    &["DeleteThingShadow", "GetThingShadow", "ListNamedShadowsForThing", "UpdateThingShadow"];

/// A [`ShadowCall`] that owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedShadowCall {
    thing: Box<str>,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Get { name: Option<Box<str>> },
    Update { name: Option<Box<str>>, payload: Box<[u8]> },
    Delete { name: Option<Box<str>> },
    List { page_size: Option<u32>, next_token: Option<Box<str>> },
}

impl OwnedShadowCall {
    /// A call from its operation and the members of its request. `payload` is an object, or a text that the service reads
    /// as it stands.
    ///
    /// # Errors
    /// `InvalidRequest` that says what is allowed.
    pub fn read(operation: &str, parameters: &Value) -> Result<Self, ApiError> {
        let mut members = Members::of(operation, parameters)?;
        let thing = members.need("thingName")?;
        let what = match operation {
            "GetThingShadow" => What::Get { name: members.owned("shadowName")? },
            "DeleteThingShadow" => What::Delete { name: members.owned("shadowName")? },
            "UpdateThingShadow" => {
                let name = members.owned("shadowName")?;
                let payload = match members.value("payload") {
                    Some(Value::String(text)) => text.as_bytes().into(),
                    Some(object @ Value::Object(_)) => object.to_string().into_bytes().into(),
                    _ => {
                        let message = "payload: an object or its text is expected";
                        return Err(ApiError::new(Exception::InvalidRequest, message));
                    }
                };
                What::Update { name, payload }
            }
            "ListNamedShadowsForThing" => What::List {
                page_size: members.number("pageSize")?.map(|size| u32::try_from(size).unwrap_or(u32::MAX)),
                next_token: members.owned("nextToken")?,
            },
            _ => {
                let message = format!("no operation {operation}; allowed: {}", SHADOW_CALLS.join(", "));
                return Err(ApiError::new(Exception::InvalidRequest, message));
            }
        };
        members.finish()?;
        Ok(Self { thing, what })
    }

    /// The call, ready to be made.
    #[must_use]
    pub fn as_call(&self) -> ShadowCall<'_> {
        match &self.what {
            What::Get { name } => ShadowCall::GetThingShadow { shadow: self.shadow(name) },
            What::Update { name, payload } => {
                ShadowCall::UpdateThingShadow { shadow: self.shadow(name), payload }
            }
            What::Delete { name } => ShadowCall::DeleteThingShadow { shadow: self.shadow(name) },
            What::List { page_size, next_token } => ShadowCall::ListNamedShadowsForThing {
                thing: &self.thing,
                page_size: *page_size,
                next_token: next_token.as_deref(),
            },
        }
    }

    fn shadow<'a>(&'a self, name: &'a Option<Box<str>>) -> ShadowId<'a> {
        ShadowId { thing: &self.thing, name: name.as_deref() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_read_by_the_names_of_the_api() {
        let read = |operation: &str, parameters: Value| OwnedShadowCall::read(operation, &parameters);
        let update = read(
            "UpdateThingShadow",
            json!({"thingName": "t", "shadowName": "n", "payload": {"state": {"desired": {"on": true}}}}),
        );
        let payload = br#"{"state":{"desired":{"on":true}}}"#;
        let shadow = ShadowId::named("t", "n");
        assert_eq!(update.unwrap().as_call(), ShadowCall::UpdateThingShadow { shadow, payload });
        let text = read("UpdateThingShadow", json!({"thingName": "t", "payload": "{\"state\":null}"}));
        let (shadow, payload) = (ShadowId::classic("t"), br#"{"state":null}"#);
        assert_eq!(text.unwrap().as_call(), ShadowCall::UpdateThingShadow { shadow, payload });
        let get = read("GetThingShadow", json!({"thingName": "t"})).unwrap();
        assert_eq!(get.as_call(), ShadowCall::GetThingShadow { shadow });
        let delete = read("DeleteThingShadow", json!({"thingName": "t"})).unwrap();
        assert_eq!(delete.as_call(), ShadowCall::DeleteThingShadow { shadow });
        let list = read("ListNamedShadowsForThing", json!({"thingName": "t", "pageSize": 3})).unwrap();
        let expected =
            ShadowCall::ListNamedShadowsForThing { thing: "t", page_size: Some(3), next_token: None };
        assert_eq!(list.as_call(), expected);
        for (operation, parameters) in [
            ("GetThingShadow", json!({})),
            ("GetThingShadow", json!({"thingName": 7})),
            ("GetThingShadow", json!({"thingName": "t", "color": "red"})),
            ("UpdateThingShadow", json!({"thingName": "t"})),
            ("UpdateThingShadow", json!({"thingName": "t", "payload": 7})),
            ("UpdateShadow", json!({"thingName": "t"})),
        ] {
            let error = read(operation, parameters.clone()).unwrap_err();
            assert_eq!(error.exception, Exception::InvalidRequest, "{operation} {parameters}");
        }
    }
}
