//! Calls of the control plane in the public API's own JSON.

use serde_json::{Map, Value as Json};
use squall_services::api_error::ApiError;
use squall_services::provisioning::{
    OwnedTemplateCall, OwnedTemplateQuery, TEMPLATE_CALLS, TEMPLATE_QUERIES,
};
use squall_services::registry::{CALLS, OwnedCall, OwnedQuery, QUERIES};
use squall_services::shadow::{OwnedShadowCall, SHADOW_CALLS};

use crate::error::did_you_mean;
use crate::keys::holds_api_parameters;
use crate::read::{Cursor, join};
use crate::resolved::{
    ApiCall, CALL_PLACEHOLDER, CallDevice, CallKind, DEVICE_CALL_PLACEHOLDERS, Devices, placeholders_of,
};
use crate::tree::{Node, Value, shorten};
use crate::value::Words;

/// The call of this name that has arguments of its own kind; `None` if those in the file are the public API's.
pub(super) fn own_kind(cursor: &Cursor<'_>, name: &str) -> Option<CallKind> {
    let kind = CallKind::VALUES.iter().copied().find(|kind| kind.as_str() == name)?;
    (!cursor.node("with").is_some_and(holds_api_parameters)).then_some(kind)
}

/// Reads the parameters of `operation`; `devices` are those that it is made for.
pub(super) fn read(cursor: &Cursor<'_>, operation: &str, devices: Option<Devices>) -> Option<ApiCall> {
    let Some(with) = cursor.node("with") else {
        let error = cursor.error_at_table("'with' is missing");
        let allowed = format!("with = table of the parameters of {operation}, as in the public API");
        cursor.report().push(error.allowed(allowed).hint("write with = {} if it has none"));
        return None;
    };
    if with.as_table().is_none() {
        let error = cursor.error_at("with", "expected a table").found(crate::wording::with_kind(with));
        cursor.report().push(error.allowed(format!("the parameters of {operation}, as in the public API")));
        return None;
    }
    check_placeholders(cursor, with, &cursor.path_of("with"), devices.is_some())?;
    let call = ApiCall { operation: operation.to_owned(), parameters: to_json(with), devices };
    check_parameters(cursor, with, &call)?;
    Some(call)
}

/// Has the service read the call as it would be made the first time.
fn check_parameters(cursor: &Cursor<'_>, with: &Node, call: &ApiCall) -> Option<()> {
    let sample = CallDevice { thing: "thing-0", index: 0, certificate: SAMPLE_CERTIFICATE };
    let first = call.rendered(0).parameters_for(sample);
    let Err(refusal) = understood(&call.operation, &first) else { return Some(()) };
    let problem = format!("the service refuses the parameters: {}", refusal.exception.name());
    let error = cursor.report().error(&with.origin, &cursor.path_of("with"), problem);
    cursor.report().push(error.found(shorten(&first.to_string())).hint(refusal.message));
    None
}

const SAMPLE_CERTIFICATE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whether the service takes parameters of this form. This is the one place where they are judged.
fn understood(operation: &str, parameters: &Json) -> Result<(), ApiError> {
    if QUERIES.contains(&operation) {
        OwnedQuery::read(operation, parameters).map(drop)
    } else if SHADOW_CALLS.contains(&operation) {
        OwnedShadowCall::read(operation, parameters).map(drop)
    } else if TEMPLATE_QUERIES.contains(&operation) {
        OwnedTemplateQuery::read(operation, parameters).map(drop)
    } else if TEMPLATE_CALLS.contains(&operation) {
        OwnedTemplateCall::read(operation, parameters).map(drop)
    } else {
        OwnedCall::read(operation, parameters).map(drop)
    }
}

/// The operations that the service knows.
pub(super) fn operations() -> impl Iterator<Item = &'static str> {
    let all = [CALLS, QUERIES, TEMPLATE_CALLS, TEMPLATE_QUERIES, SHADOW_CALLS];
    all.into_iter().flatten().copied()
}

/// Reports placeholders that nothing fills in; `None` if there is one.
fn check_placeholders(cursor: &Cursor<'_>, node: &Node, path: &str, per_device: bool) -> Option<()> {
    match &node.value {
        Value::List(members) => {
            let each = |(index, member): (usize, &Node)| {
                check_placeholders(cursor, member, &format!("{path}.{}", index + 1), per_device)
            };
            let checked: Vec<Option<()>> = members.iter().enumerate().map(each).collect();
            checked.into_iter().collect()
        }
        Value::Table(entries) => {
            let checked: Vec<Option<()>> = entries
                .iter()
                .map(|entry| check_placeholders(cursor, &entry.node, &join(path, &entry.key), per_device))
                .collect();
            checked.into_iter().collect()
        }
        Value::Text(text) => check_text(cursor, node, text, path, per_device),
        Value::Decimal(number) if !number.is_finite() => {
            let error = cursor.report().error(&node.origin, path, "JSON has no such number");
            cursor.report().push(error.found(node.shown()));
            None
        }
        Value::Whole(_) | Value::Decimal(_) | Value::Flag(_) | Value::DateTime(_) => Some(()),
    }
}

fn check_text(cursor: &Cursor<'_>, node: &Node, text: &str, path: &str, per_device: bool) -> Option<()> {
    for placeholder in placeholders_of(&Json::String(text.to_owned())) {
        let of_devices = DEVICE_CALL_PLACEHOLDERS.contains(&placeholder.as_str());
        if placeholder == CALL_PLACEHOLDER || (of_devices && per_device) {
            continue;
        }
        let known = [CALL_PLACEHOLDER].into_iter().chain(DEVICE_CALL_PLACEHOLDERS);
        let allowed: Vec<&str> = known.take(if per_device { 4 } else { 1 }).collect();
        let mut error = cursor.report().error(&node.origin, path, format!("nothing fills in {placeholder}"));
        error = error.found(node.shown()).allowed(allowed.join(", "));
        error.hint = if of_devices {
            Some("name the devices beside 'with': fleet = \"...\"".to_owned())
        } else {
            did_you_mean(&placeholder, allowed)
        };
        cursor.report().push(error);
        return None;
    }
    Some(())
}

/// A TOML value as JSON. Dates are texts, as the public API has them.
fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Text(text) | Value::DateTime(text) => text.as_str().into(),
        Value::Whole(number) => (*number).into(),
        Value::Decimal(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::List(members) => members.iter().map(to_json).collect(),
        Value::Table(entries) => {
            let members: Map<String, Json> =
                entries.iter().map(|entry| (entry.key.clone(), to_json(&entry.node))).collect();
            members.into()
        }
    }
}
