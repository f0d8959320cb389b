//! Identity, policies and calls, in the vocabulary of the file.

use serde_json::{Map, Value, json};

use super::{provisioning, qos};
use crate::resolved::{
    ApiCall, AppCall, Authorizer, Call, Devices, Fleet, FunctionStation, Identity, PolicyDocument, Rights,
};
use crate::value::duration_text;

pub(super) fn policy(policy: &PolicyDocument) -> Value {
    let table = json!({ "name": policy.name, "document": policy.document });
    with_source(table, policy.source.as_deref())
}

pub(super) fn authorizer(authorizer: &Authorizer) -> Value {
    let table = json!({
        "name": authorizer.name,
        "script": authorizer.script,
        "default": authorizer.is_default,
        "station": function_station(authorizer.station),
    });
    with_source(table, authorizer.source.as_deref())
}

pub(super) fn function_station(station: FunctionStation) -> Value {
    json!({
        "concurrency": station.concurrency,
        "latency": duration_text(station.latency),
        "cold_start": duration_text(station.cold_start),
        "failures_per_million": station.failures_per_million,
    })
}

pub(super) fn with_source(mut table: Value, source: Option<&str>) -> Value {
    if let Some(source) = source {
        table["source"] = source.into();
    }
    table
}

/// Puts the keys of an identity into the table of its fleet.
pub(super) fn put_identity(identity: &Identity, table: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| table.insert(key.to_owned(), value);
    put("identity", identity.kind().as_str().into());
    match identity {
        Identity::Registered(registered) => {
            put("certificate_status", registered.certificate_status.as_str().into());
            if let Some(expiry) = registered.certificate_expires {
                put("certificate_expires", provisioning::expiry(expiry));
            }
            let Some(Rights { policies, thing, exclusive_thing, attributes }) = &registered.rights else {
                return;
            };
            put("policies", json!(policies));
            put("thing", thing.source().into());
            put("exclusive_thing", json!(exclusive_thing));
            let attribute = |(name, value): &(String, String)| (name.clone(), json!(value));
            put("attributes", attributes.iter().map(attribute).collect::<Map<_, _>>().into());
        }
        Identity::CustomAuthorizer(custom) => {
            for (key, template) in [("username", &custom.username), ("password", &custom.password)] {
                if let Some(template) = template {
                    put(key, template.source().into());
                }
            }
        }
        Identity::Jitp(just_in_time) | Identity::Jitr(just_in_time) => {
            provisioning::put_just_in_time(just_in_time, table);
        }
        Identity::Claim(claim) => {
            put("claim_policies", json!(claim.claim_policies));
            provisioning::put_claim(claim, table);
        }
        Identity::TrustedUser(claim) => provisioning::put_claim(claim, table),
    }
}

pub(super) fn app_call(app_call: &AppCall, fleets: &[Fleet]) -> Value {
    let mut table = json!({
        "at": duration_text(app_call.at),
        "every": duration_text(app_call.every),
        "times": app_call.times,
        "call": app_call.call.name(),
        "with": arguments(&app_call.call, fleets),
    });
    if let Call::Api(ApiCall { devices: Some(devices), .. }) = &app_call.call {
        table["fleet"] = fleets[devices.fleet].name.as_str().into();
        table["devices"] = format!("{}..{}", devices.from, devices.to).into();
    }
    table
}

fn arguments(call: &Call, fleets: &[Fleet]) -> Value {
    let fleet = |devices: &Devices| fleets[devices.fleet].name.as_str();
    let range = |devices: &Devices| format!("{}..{}", devices.from, devices.to);
    match call {
        Call::PublishToTopic { topic, payload, qos: level } => {
            json!({ "topic": topic, "payload": payload, "qos": qos(*level) })
        }
        Call::UpdateCertificate { devices, status } => {
            json!({ "fleet": fleet(devices), "devices": range(devices), "status": status.as_str() })
        }
        Call::AttachPolicy { policy, devices } | Call::DetachPolicy { policy, devices } => {
            json!({ "policy": policy, "fleet": fleet(devices), "devices": range(devices) })
        }
        Call::CreatePolicy { policy, document } => json!({ "policy": policy, "document": document }),
        Call::CreatePolicyVersion { policy, document, set_as_default } => {
            json!({ "policy": policy, "document": document, "set_as_default": set_as_default })
        }
        Call::SetDefaultPolicyVersion { policy, version } => json!({ "policy": policy, "version": version }),
        Call::Api(call) => call.parameters.clone(),
    }
}
