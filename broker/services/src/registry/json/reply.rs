//! Writing replies, answers and errors.

use serde_json::{Map, Value, json};
use squall_types::WallTime;

use super::parameters::{attributes, registration};
use crate::api_error::ApiError;
use crate::registry::{
    BillingGroupDescription, CaCertificateDescription, CertificateDescription, ControlAnswer, ControlCall,
    ControlReply, Listed, NameAndArn, ThingDescription, ThingGroupDescription, ThingTypeDescription,
    Validity,
};

impl ControlReply {
    /// The body of the API's response to a call.
    #[must_use]
    pub fn to_json(&self, call: &ControlCall<'_>) -> Value {
        match self {
            Self::Done => json!({}),
            Self::Made(made) => {
                let what = match call {
                    ControlCall::CreateThingType { .. } => "thingType",
                    ControlCall::CreateThingGroup { .. } => "thingGroup",
                    ControlCall::CreateBillingGroup { .. } => "billingGroup",
                    _ => "thing",
                };
                let mut value = Map::new();
                value.insert(format!("{what}Name"), json!(made.name));
                value.insert(format!("{what}Arn"), json!(made.arn));
                value.insert(format!("{what}Id"), json!(made.id.to_string()));
                value.into()
            }
            Self::Policy(made) => {
                let mut value = json!({
                    "policyName": made.name,
                    "policyArn": made.arn,
                    "policyDocument": made.document,
                    "policyVersionId": made.version.to_string(),
                });
                if let ControlCall::CreatePolicyVersion { .. } = call {
                    value["isDefaultVersion"] = made.is_default.into();
                    value.as_object_mut().map(|object| object.shift_remove("policyName"));
                }
                value
            }
            Self::Certificate { id, arn, pem } => without_nulls(json!({
                "certificateArn": arn,
                "certificateId": id.to_string(),
                "certificatePem": pem,
            })),
            Self::Version(version) => json!({"version": version}),
        }
    }
}

impl ApiError {
    /// The body of the API's response to a call that failed.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut value = json!({"message": self.message});
        if let Some(resource) = &self.resource {
            value["resourceId"] = json!(resource.id);
            value["resourceArn"] = json!(resource.arn);
        }
        value
    }
}

impl ControlAnswer {
    /// The body of the API's response to a query.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Thing(held) => {
                let mut value = thing(held);
                value["defaultClientId"] = json!(held.name);
                value["thingId"] = json!(held.id.to_string());
                if let Some(group) = &held.billing_group {
                    value["billingGroupName"] = json!(group);
                }
                value
            }
            Self::Things(listed) => list("things", "nextToken", listed, thing),
            Self::ThingType(held) => {
                let mut value = thing_type(held);
                value["thingTypeId"] = json!(held.id.to_string());
                value
            }
            Self::ThingTypes(listed) => list("thingTypes", "nextToken", listed, thing_type),
            Self::ThingGroup(held) => thing_group(held),
            Self::ThingGroups(listed) => list("thingGroups", "nextToken", listed, group_name),
            Self::ThingNames(listed) => list("things", "nextToken", listed, |name| json!(name)),
            Self::Principals(listed) => list("principals", "nextToken", listed, |arn| json!(arn)),
            Self::Certificate(held) => json!({"certificateDescription": certificate(held)}),
            Self::Certificates(listed) => list("certificates", "nextMarker", listed, |held| {
                json!({
                    "certificateArn": held.arn,
                    "certificateId": held.id.to_string(),
                    "status": held.status.as_str(),
                    "certificateMode": held.mode.as_str(),
                    "creationDate": seconds(held.created),
                })
            }),
            Self::CaCertificate(held) => ca_certificate(held),
            Self::RegistrationCode(code) => json!({"registrationCode": code}),
            Self::Policy(held) => json!({
                "policyName": held.name,
                "policyArn": held.arn,
                "policyDocument": held.document,
                "defaultVersionId": held.version.to_string(),
            }),
            Self::BillingGroup(held) => billing_group(held),
            Self::EventConfigurations(configurations) => {
                let settings: Map<String, Value> = configurations
                    .iter()
                    .map(|(kind, enabled)| (kind.as_str().to_owned(), json!({"Enabled": enabled})))
                    .collect();
                json!({"eventConfigurations": settings})
            }
        }
    }
}

/// The API counts in seconds.
const fn seconds(at: WallTime) -> u64 {
    at.as_unix_secs()
}

pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    value
}

pub(crate) fn list<T>(name: &str, token: &str, listed: &Listed<T>, write: impl FnMut(&T) -> Value) -> Value {
    let mut value = json!({name: listed.items.iter().map(write).collect::<Vec<_>>()});
    if let Some(next) = &listed.next_token {
        value[token] = json!(next);
    }
    value
}

fn thing(held: &ThingDescription) -> Value {
    without_nulls(json!({
        "thingName": held.name,
        "thingArn": held.arn,
        "thingTypeName": held.type_name,
        "attributes": attributes(&held.attributes),
        "version": held.version,
    }))
}

fn thing_type(held: &ThingTypeDescription) -> Value {
    let properties = without_nulls(json!({
        "thingTypeDescription": held.properties.description,
        "searchableAttributes": held.properties.searchable_attributes,
    }));
    let metadata = without_nulls(json!({
        "deprecated": held.deprecated.is_some(),
        "deprecationDate": held.deprecated.map(seconds),
        "creationDate": seconds(held.created),
    }));
    json!({
        "thingTypeName": held.name,
        "thingTypeArn": held.arn,
        "thingTypeProperties": properties,
        "thingTypeMetadata": metadata,
    })
}

fn group_name(held: &NameAndArn) -> Value {
    json!({"groupName": held.name, "groupArn": held.arn})
}

fn thing_group(held: &ThingGroupDescription) -> Value {
    let properties = without_nulls(json!({
        "thingGroupDescription": held.description,
        "attributePayload": {"attributes": attributes(&held.attributes)},
    }));
    let metadata = without_nulls(json!({
        "parentGroupName": held.root_to_parent.last().map(|parent| &parent.name),
        "rootToParentThingGroups": held.root_to_parent.iter().map(group_name).collect::<Vec<_>>(),
        "creationDate": seconds(held.created),
    }));
    json!({
        "thingGroupName": held.name,
        "thingGroupId": held.id.to_string(),
        "thingGroupArn": held.arn,
        "version": held.version,
        "thingGroupProperties": properties,
        "thingGroupMetadata": metadata,
    })
}

fn billing_group(held: &BillingGroupDescription) -> Value {
    let properties = without_nulls(json!({"billingGroupDescription": held.description}));
    json!({
        "billingGroupName": held.name,
        "billingGroupId": held.id.to_string(),
        "billingGroupArn": held.arn,
        "version": held.version,
        "billingGroupProperties": properties,
        "billingGroupMetadata": {"creationDate": seconds(held.created)},
    })
}

fn validity(held: Validity) -> Option<Value> {
    (held != Validity::ALWAYS)
        .then(|| json!({"notBefore": seconds(held.not_before), "notAfter": seconds(held.not_after)}))
}

fn certificate(held: &CertificateDescription) -> Value {
    without_nulls(json!({
        "certificateArn": held.arn,
        "certificateId": held.id.to_string(),
        "caCertificateId": held.ca.map(|id| id.to_string()),
        "status": held.status.as_str(),
        "certificatePem": held.pem,
        "ownedBy": held.owned_by,
        "creationDate": seconds(held.created),
        "lastModifiedDate": seconds(held.modified),
        "customerVersion": held.version,
        "validity": validity(held.validity),
        "certificateMode": held.mode.as_str(),
    }))
}

fn ca_certificate(held: &CaCertificateDescription) -> Value {
    let description = without_nulls(json!({
        "certificateArn": held.arn,
        "certificateId": held.id.to_string(),
        "status": if held.is_active { "ACTIVE" } else { "INACTIVE" },
        "certificatePem": held.pem,
        "ownedBy": held.owned_by,
        "creationDate": seconds(held.created),
        "autoRegistrationStatus": if held.auto_registration { "ENABLE" } else { "DISABLE" },
        "lastModifiedDate": seconds(held.modified),
        "customerVersion": held.version,
        "validity": validity(held.validity),
        "certificateMode": held.mode.as_str(),
    }));
    without_nulls(json!({
        "certificateDescription": description,
        "registrationConfig": held.registration.as_ref().map(registration),
    }))
}
