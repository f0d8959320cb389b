//! Calls as audit records show them, and replies and answers as the public API writes them.

use serde_json::{Value, json};

use super::call::{TemplateCall, TemplateReply};
use super::query::{TemplateAnswer, TemplateSummary, TemplateVersionSummary};
use crate::provisioning::store::{HOOK_PAYLOAD_VERSION, NewHook, NewTemplate, TemplateUpdate};
use crate::registry::{list, without_nulls};

impl TemplateCall<'_> {
    /// The members of the call's request, with the API's names; those that say nothing are left out.
    #[must_use]
    pub fn parameters(&self) -> Value {
        without_nulls(match *self {
            Self::CreateProvisioningTemplate(ref new) => new_template(new),
            Self::CreateProvisioningTemplateVersion { name, body, set_as_default } => {
                json!({"templateName": name, "templateBody": body, "setAsDefault": set_as_default})
            }
            Self::UpdateProvisioningTemplate { name, ref update } => template_update(name, update),
            Self::DeleteProvisioningTemplate { name } => json!({"templateName": name}),
            Self::DeleteProvisioningTemplateVersion { name, version } => {
                json!({"templateName": name, "versionId": version})
            }
            // The certificate is the service's, no part of what it is asked for.
            Self::CreateProvisioningClaim { template, certificate: _ } => json!({"templateName": template}),
        })
    }
}

fn new_template(new: &NewTemplate<'_>) -> Value {
    json!({
        "templateName": new.name,
        "description": new.description,
        "templateBody": new.body,
        "enabled": new.enabled,
        "provisioningRoleArn": new.role_arn,
        "preProvisioningHook": new.hook.map(hook),
        "type": new.kind.as_str(),
    })
}

fn template_update(name: &str, update: &TemplateUpdate<'_>) -> Value {
    json!({
        "templateName": name,
        "description": update.description,
        "enabled": update.enabled,
        "defaultVersionId": update.default_version,
        "provisioningRoleArn": update.role_arn,
        "preProvisioningHook": update.hook.map(hook),
        "removePreProvisioningHook": update.remove_hook.then_some(true),
    })
}

fn hook(hook: NewHook<'_>) -> Value {
    without_nulls(json!({"payloadVersion": hook.payload_version, "targetArn": hook.target_arn}))
}

impl TemplateReply {
    /// The body of the API's response to a call. The keys of a claim are never in it: nobody makes any here.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Done => json!({}),
            Self::Made { name, arn, default_version } => {
                json!({"templateArn": arn, "templateName": name, "defaultVersionId": default_version})
            }
            Self::Version { name, arn, number, is_default } => json!({
                "templateArn": arn,
                "templateName": name,
                "versionId": number,
                "isDefaultVersion": is_default,
            }),
            Self::Claim { claim, pem } => without_nulls(json!({
                "certificateId": claim.certificate.to_string(),
                "certificatePem": pem,
                "expiration": claim.expiration.as_unix_secs(),
            })),
        }
    }
}

impl TemplateAnswer {
    /// The body of the API's response to a query.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Template(held) => {
                let mut value = summary(&held.summary);
                value["defaultVersionId"] = held.default_version.into();
                value["templateBody"] = json!(held.body);
                value["provisioningRoleArn"] = json!(held.role_arn);
                if let Some(hook) = &held.hook {
                    value["preProvisioningHook"] =
                        json!({"payloadVersion": HOOK_PAYLOAD_VERSION, "targetArn": hook.target_arn});
                }
                value
            }
            Self::Version(held) => {
                let mut value = version(&held.summary);
                value["templateBody"] = json!(held.body);
                value
            }
            Self::Templates(listed) => list("templates", "nextToken", listed, summary),
            Self::Versions(listed) => list("versions", "nextToken", listed, version),
        }
    }
}

fn summary(held: &TemplateSummary) -> Value {
    json!({
        "templateArn": held.arn,
        "templateName": held.name,
        "description": held.description,
        "creationDate": held.created.as_unix_secs(),
        "lastModifiedDate": held.modified.as_unix_secs(),
        "enabled": held.enabled,
        "type": held.kind.as_str(),
    })
}

fn version(held: &TemplateVersionSummary) -> Value {
    json!({
        "versionId": held.number,
        "creationDate": held.created.as_unix_secs(),
        "isDefaultVersion": held.is_default,
    })
}
