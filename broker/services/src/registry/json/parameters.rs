//! Writing calls: what audit records show of them.

use serde_json::{Map, Value, json};
use squall_types::CertificateId;

use super::x509;
use crate::registry::call::PolicyTarget;
use crate::registry::{
    AttributePayload, CaRegistration, CaUpdate, CertificateStatus, ControlCall, PrincipalKind,
    RegistrationConfig, RegistrationTemplate, ThingTypeProperties, ThingUpdate,
};

impl ControlCall<'_> {
    /// The members of the call's request, with the API's names; those that say nothing are left out.
    #[must_use]
    pub fn parameters(&self) -> Value {
        let mut value = self.members();
        if let Some(object) = value.as_object_mut() {
            object.retain(|_, value| !value.is_null());
        }
        value
    }

    fn members(&self) -> Value {
        match *self {
            Self::CreatePolicy { name, document } => json!({"policyName": name, "policyDocument": document}),
            Self::CreatePolicyVersion { name, document, set_as_default } => {
                json!({"policyName": name, "policyDocument": document, "setAsDefault": set_as_default})
            }
            Self::SetDefaultPolicyVersion { name, version } | Self::DeletePolicyVersion { name, version } => {
                json!({"policyName": name, "policyVersionId": version.to_string()})
            }
            Self::DeletePolicy { name } => json!({"policyName": name}),
            Self::AttachPolicy { policy, target } | Self::DetachPolicy { policy, target } => {
                json!({"policyName": policy, "target": target_text(target)})
            }
            Self::RegisterCertificate { certificate, ca, status } => json!({
                "certificatePem": x509::write(certificate),
                "caCertificatePem": ca.map(|ca| json!({"certificateId": ca.to_string()})),
                "status": status.as_str(),
            }),
            Self::RegisterCertificateWithoutCa { certificate, status } => {
                json!({"certificatePem": x509::write(certificate), "status": status.as_str()})
            }
            Self::CreateKeysAndCertificate { certificate: _, status } => {
                json!({"setAsActive": status == CertificateStatus::Active})
            }
            Self::CreateCertificateFromCsr { csr, certificate: _, status } => {
                json!({"certificateSigningRequest": csr, "setAsActive": status == CertificateStatus::Active})
            }
            Self::UpdateCertificate { id, status } => {
                json!({"certificateId": id.to_string(), "newStatus": status.as_str()})
            }
            Self::DeleteCertificate { id, force } => {
                json!({"certificateId": id.to_string(), "forceDelete": force})
            }
            Self::RegisterCaCertificate(registration) => ca_registration(&registration),
            Self::UpdateCaCertificate { id, update } => ca_update(id, &update),
            Self::DeleteCaCertificate { id } => json!({"certificateId": id.to_string()}),
            Self::DeleteRegistrationCode => json!({}),
            _ => self.members_on_things(),
        }
    }

    fn members_on_things(&self) -> Value {
        match *self {
            Self::CreateThing { name, configuration } => json!({
                "thingName": name,
                "thingTypeName": configuration.type_name,
                "attributePayload": (!configuration.attributes.is_empty())
                    .then(|| json!({"attributes": attributes(&configuration.attributes)})),
                "billingGroupName": configuration.billing_group,
            }),
            Self::UpdateThing { name, update } => thing_update(name, update),
            Self::DeleteThing { name, expected_version } => {
                json!({"thingName": name, "expectedVersion": expected_version})
            }
            Self::CreateThingType { name, properties } | Self::UpdateThingType { name, properties } => {
                json!({"thingTypeName": name, "thingTypeProperties": type_properties(properties)})
            }
            Self::DeprecateThingType { name, undo } => json!({"thingTypeName": name, "undoDeprecate": undo}),
            Self::DeleteThingType { name } => json!({"thingTypeName": name}),
            Self::AttachThingPrincipal { thing, id, kind } => json!({
                "thingName": thing,
                "principal": certificate_text(id),
                "thingPrincipalType": PrincipalKind::as_str(kind),
            }),
            Self::DetachThingPrincipal { thing, id } => {
                json!({"thingName": thing, "principal": certificate_text(id)})
            }
            Self::UpdateEventConfigurations { configurations } => {
                let settings = configurations.iter();
                let settings: Map<String, Value> = settings
                    .map(|(kind, enabled)| (kind.as_str().to_owned(), json!({"Enabled": enabled})))
                    .collect();
                json!({"eventConfigurations": settings})
            }
            _ => self.members_on_groups(),
        }
    }

    fn members_on_groups(&self) -> Value {
        match *self {
            Self::CreateThingGroup { name, parent, properties } => {
                let given = (!properties.attributes.is_empty())
                    .then(|| AttributePayload { attributes: properties.attributes.clone(), merge: false });
                json!({
                    "thingGroupName": name,
                    "parentGroupName": parent,
                    "thingGroupProperties": group_properties(properties.description.as_deref(), given.as_ref()),
                })
            }
            Self::UpdateThingGroup { name, update } => json!({
                "thingGroupName": name,
                "thingGroupProperties":
                    group_properties(update.description.as_deref(), update.attributes.as_ref()),
                "expectedVersion": update.expected_version,
            }),
            Self::DeleteThingGroup { name, expected_version } => {
                json!({"thingGroupName": name, "expectedVersion": expected_version})
            }
            Self::AddThingToThingGroup { thing, group }
            | Self::RemoveThingFromThingGroup { thing, group } => {
                json!({"thingName": thing, "thingGroupName": group})
            }
            Self::UpdateThingGroupsForThing { thing, remove, add } => {
                json!({"thingName": thing, "thingGroupsToRemove": remove, "thingGroupsToAdd": add})
            }
            Self::CreateBillingGroup { name, description } => {
                json!({"billingGroupName": name, "billingGroupProperties": billing_properties(description)})
            }
            Self::UpdateBillingGroup { name, description, expected_version } => json!({
                "billingGroupName": name,
                "billingGroupProperties": billing_properties(description),
                "expectedVersion": expected_version,
            }),
            Self::DeleteBillingGroup { name, expected_version } => {
                json!({"billingGroupName": name, "expectedVersion": expected_version})
            }
            Self::AddThingToBillingGroup { thing, group }
            | Self::RemoveThingFromBillingGroup { thing, group } => {
                json!({"thingName": thing, "billingGroupName": group})
            }
            _ => unreachable!("the callers have the other calls"),
        }
    }
}

fn target_text(target: PolicyTarget<'_>) -> String {
    match target {
        PolicyTarget::Certificate(id) => certificate_text(id),
        PolicyTarget::ThingGroup(name) => format!("thinggroup/{name}"),
        PolicyTarget::CognitoIdentity(id) => id.to_owned(),
    }
}

fn certificate_text(id: CertificateId) -> String {
    format!("cert/{id}")
}

pub(super) fn attributes(pairs: &[(Box<str>, Box<str>)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (String::from(&**name), Value::from(&**value))).collect()
}

fn payload(payload: &AttributePayload) -> Value {
    json!({"attributes": attributes(&payload.attributes), "merge": payload.merge})
}

fn thing_update(name: &str, update: &ThingUpdate) -> Value {
    json!({
        "thingName": name,
        "thingTypeName": update.type_name,
        "removeThingType": update.remove_type.then_some(true),
        "attributePayload": update.attributes.as_ref().map(payload),
        "expectedVersion": update.expected_version,
    })
}

fn type_properties(properties: &ThingTypeProperties) -> Option<Value> {
    let ThingTypeProperties { description, searchable_attributes } = properties;
    let mut value = Map::new();
    if let Some(description) = description {
        value.insert("thingTypeDescription".to_owned(), Value::from(&**description));
    }
    if !searchable_attributes.is_empty() {
        value.insert("searchableAttributes".to_owned(), json!(searchable_attributes));
    }
    (!value.is_empty()).then(|| value.into())
}

fn group_properties(description: Option<&str>, given: Option<&AttributePayload>) -> Option<Value> {
    let mut value = Map::new();
    if let Some(description) = description {
        value.insert("thingGroupDescription".to_owned(), description.into());
    }
    if let Some(given) = given {
        value.insert("attributePayload".to_owned(), payload(given));
    }
    (!value.is_empty()).then(|| value.into())
}

fn billing_properties(description: Option<&str>) -> Option<Value> {
    description.map(|description| json!({"billingGroupDescription": description}))
}

fn ca_registration(call: &CaRegistration<'_>) -> Value {
    json!({
        "caCertificate": x509::write(call.certificate),
        "verificationCertificate": call.verification.map(x509::write),
        "certificateMode": call.mode.as_str(),
        "setAsActive": call.set_as_active,
        "allowAutoRegistration": call.allow_auto_registration,
        "registrationConfig": call.registration.map(registration),
    })
}

fn ca_update(id: CertificateId, update: &CaUpdate<'_>) -> Value {
    json!({
        "certificateId": id.to_string(),
        "newStatus": update.active.map(|active| if active { "ACTIVE" } else { "INACTIVE" }),
        "newAutoRegistrationStatus":
            update.auto_registration.map(|enabled| if enabled { "ENABLE" } else { "DISABLE" }),
        "registrationConfig": update.registration.map(registration),
        "removeAutoRegistration": update.remove_auto_registration.then_some(true),
    })
}

pub(super) fn registration(config: &RegistrationConfig) -> Value {
    let (name, text) = match &config.template {
        RegistrationTemplate::Body(body) => ("templateBody", body),
        RegistrationTemplate::Name(template) => ("templateName", template),
    };
    let mut value = json!({name: text});
    if let Some(role) = &config.role_arn {
        value["roleArn"] = Value::from(&**role);
    }
    value
}
