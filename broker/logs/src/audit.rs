//! One audit record a call of the control plane that would change something (`broker.md` 10.3).

use std::collections::BTreeMap;

use serde::Serialize;
use squall_services::api_error::ApiError;
use squall_services::registry::{ControlCall, PolicyTarget, PrincipalKind};
use squall_types::{CertificateId, Now, WallTime};

use crate::record::{Lines, Text, write_line};
use crate::uuid::Uuid;

/// The keys of CloudTrail that Squall has something to say in. Who called and from where it does not know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditRecord<'a> {
    event_time: Text<WallTime>,
    event_source: &'static str,
    event_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: Parameters<'a>,
    #[serde(rename = "eventID")]
    event_id: Text<Uuid>,
    read_only: bool,
    event_type: &'static str,
    recipient_account_id: &'a str,
}

/// What a call was made with, under the names of the API.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_document: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_as_default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version_id: Option<Text<u32>>,
    /// The tail of the target's ARN: a fact knows no region.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_id: Option<Text<CertificateId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force_delete: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_type_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_payload: Option<AttributePayload<'a>>,
    /// The tail of the principal's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_principal_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_group_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_group_name: Option<&'a str>,
}

#[derive(Serialize)]
struct AttributePayload<'a> {
    attributes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Parameters<'a> {
    fn of(call: &ControlCall<'a>) -> Self {
        let none = Self::default();
        match *call {
            ControlCall::CreatePolicy { name, document } => {
                Self { policy_name: Some(name), policy_document: Some(document), ..none }
            }
            ControlCall::CreatePolicyVersion { name, document, set_as_default } => Self {
                policy_name: Some(name),
                policy_document: Some(document),
                set_as_default: Some(set_as_default),
                ..none
            },
            ControlCall::SetDefaultPolicyVersion { name, version }
            | ControlCall::DeletePolicyVersion { name, version } => {
                Self { policy_name: Some(name), policy_version_id: Some(Text(version)), ..none }
            }
            ControlCall::DeletePolicy { name } => Self { policy_name: Some(name), ..none },
            ControlCall::AttachPolicy { policy, target } | ControlCall::DetachPolicy { policy, target } => {
                Self { policy_name: Some(policy), target: Some(target_text(target)), ..none }
            }
            ControlCall::RegisterCertificateWithoutCa { id, facts: _, status } => {
                Self { certificate_id: Some(Text(id)), status: Some(status.as_str()), ..none }
            }
            ControlCall::UpdateCertificate { id, status } => {
                Self { certificate_id: Some(Text(id)), new_status: Some(status.as_str()), ..none }
            }
            ControlCall::DeleteCertificate { id, force } => {
                Self { certificate_id: Some(Text(id)), force_delete: Some(force), ..none }
            }
            ControlCall::CreateThing { name, configuration } => Self {
                thing_name: Some(name),
                thing_type_name: configuration.type_name.as_deref(),
                attribute_payload: (!configuration.attributes.is_empty()).then(|| AttributePayload {
                    attributes: configuration
                        .attributes
                        .iter()
                        .map(|(name, value)| (&**name, &**value))
                        .collect(),
                }),
                ..none
            },
            ControlCall::DeleteThing { name } => Self { thing_name: Some(name), ..none },
            ControlCall::AttachThingPrincipal { thing, id, kind } => Self {
                thing_name: Some(thing),
                principal: Some(certificate_text(id)),
                thing_principal_type: Some(match kind {
                    PrincipalKind::Exclusive => "EXCLUSIVE_THING",
                    PrincipalKind::NonExclusive => "NON_EXCLUSIVE_THING",
                }),
                ..none
            },
            ControlCall::DetachThingPrincipal { thing, id } => {
                Self { thing_name: Some(thing), principal: Some(certificate_text(id)), ..none }
            }
            ControlCall::CreateThingGroup { name, parent } => {
                Self { thing_group_name: Some(name), parent_group_name: parent, ..none }
            }
            ControlCall::AddThingToThingGroup { thing, group }
            | ControlCall::RemoveThingFromThingGroup { thing, group } => {
                Self { thing_name: Some(thing), thing_group_name: Some(group), ..none }
            }
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

impl Lines {
    /// Appends the audit record of a call.
    pub(crate) fn audit(&mut self, now: Now, call: &ControlCall<'_>, error: Option<&ApiError>) {
        let event_id = Text(self.next_id());
        let record = AuditRecord {
            event_time: Text(now.wall),
            event_source: "iot.amazonaws.com",
            event_name: call.operation(),
            error_code: error.map(|error| error.exception.name()),
            error_message: error.map(|error| error.message.as_str()),
            request_parameters: Parameters::of(call),
            event_id,
            read_only: false,
            event_type: "AwsApiCall",
            recipient_account_id: &self.account_id,
        };
        write_line(&mut self.text, &record);
    }
}
