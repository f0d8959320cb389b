//! Reading calls.

use serde_json::{Value, json};

use super::members::{Members, tail};
use super::owned::{Owned, OwnedCaRegistration, OwnedCaUpdate, OwnedCall, OwnedTarget};
use super::x509::{self, ReadPem};
use crate::api_error::{ApiError, Exception};
use crate::registry::{
    CertificateMode, CertificateStatus, EventKind, PrincipalKind, RegistrationConfig, RegistrationTemplate,
    ThingConfiguration, ThingGroupProperties, ThingGroupUpdate, ThingTypeProperties, ThingUpdate, invalid,
};

/// The operations that change something, in the order of their names.
pub const CALLS: &[&str] = &[
    "AddThingToBillingGroup",
    "AddThingToThingGroup",
    "AttachPolicy",
    "AttachThingPrincipal",
    "CreateBillingGroup",
    "CreateCertificateFromCsr",
    "CreateKeysAndCertificate",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateThing",
    "CreateThingGroup",
    "CreateThingType",
    "DeleteBillingGroup",
    "DeleteCACertificate",
    "DeleteCertificate",
    "DeletePolicy",
    "DeletePolicyVersion",
    "DeleteRegistrationCode",
    "DeleteThing",
    "DeleteThingGroup",
    "DeleteThingType",
    "DeprecateThingType",
    "DetachPolicy",
    "DetachThingPrincipal",
    "RegisterCACertificate",
    "RegisterCertificate",
    "RegisterCertificateWithoutCA",
    "RemoveThingFromBillingGroup",
    "RemoveThingFromThingGroup",
    "SetDefaultPolicyVersion",
    "UpdateBillingGroup",
    "UpdateCACertificate",
    "UpdateCertificate",
    "UpdateEventConfigurations",
    "UpdateThing",
    "UpdateThingGroup",
    "UpdateThingGroupsForThing",
    "UpdateThingType",
];

/// Operations of the service that Squall does not model.
const NOT_MODELLED: &[&str] = &[
    "AcceptCertificateTransfer",
    "CancelCertificateTransfer",
    "CreateDynamicThingGroup",
    "DeleteDynamicThingGroup",
    "RejectCertificateTransfer",
    "TransferCertificate",
    "UpdateDynamicThingGroup",
];

impl OwnedCall {
    /// A call from its operation and the members of its request. A certificate is an object of its fields
    /// (`certificateId`, `caCertificateId`, `serialNumber`, `notBefore`, `notAfter`, `subject`, `issuer`).
    ///
    /// # Errors
    /// `InvalidRequest` that says what is allowed; `NotModelled`.
    pub fn read(operation: &str, parameters: &Value) -> Result<Self, ApiError> {
        Self::read_with(operation, parameters, &x509::no_pem)
    }

    /// As [`read`](Self::read), by a caller that can read PEM text.
    ///
    /// # Errors
    /// As [`read`](Self::read), and those of `read_pem`.
    pub fn read_with(
        operation: &str,
        parameters: &Value,
        read_pem: &dyn Fn(&str) -> Result<crate::registry::X509Certificate, ApiError>,
    ) -> Result<Self, ApiError> {
        if NOT_MODELLED.contains(&operation) {
            let message = format!("Squall does not model {operation}");
            return Err(ApiError::new(Exception::NotModelled, message));
        }
        let mut members = Members::of(operation, parameters)?;
        let call = match operation {
            operation if operation.contains("Policy") => policies(operation, &mut members)?,
            operation if operation.contains("Certificate") => {
                certificates(operation, &mut members, read_pem)?
            }
            operation if operation.contains("Group") => groups(operation, &mut members)?,
            operation => others(operation, &mut members)?,
        };
        let call = call.ok_or_else(|| {
            invalid(format!("there is no operation '{operation}'; there is {}", CALLS.join(", ")))
        })?;
        members.finish()?;
        Ok(Self(call))
    }
}

fn policies(operation: &str, members: &mut Members<'_>) -> Result<Option<Owned>, ApiError> {
    if !CALLS.contains(&operation) {
        return Ok(None);
    }
    let name = members.need("policyName")?;
    Ok(Some(match operation {
        "CreatePolicy" => {
            members.not_modelled("tags")?;
            Owned::CreatePolicy { name, document: members.need("policyDocument")? }
        }
        "CreatePolicyVersion" => {
            let document = members.need("policyDocument")?;
            Owned::CreatePolicyVersion { name, document, set_as_default: members.flag("setAsDefault")? }
        }
        "SetDefaultPolicyVersion" => {
            Owned::SetDefaultPolicyVersion { name, version: members.version("policyVersionId")? }
        }
        "DeletePolicyVersion" => {
            Owned::DeletePolicyVersion { name, version: members.version("policyVersionId")? }
        }
        "DeletePolicy" => Owned::DeletePolicy { name },
        "AttachPolicy" => Owned::AttachPolicy { policy: name, target: target(&members.need("target")?)? },
        _ => Owned::DetachPolicy { policy: name, target: target(&members.need("target")?)? },
    }))
}

fn target(text: &str) -> Result<OwnedTarget, ApiError> {
    let found = tail(text);
    if let Some(id) = found.strip_prefix("cert/") {
        let id = id.parse().map_err(|error| invalid(format!("target: {error}")))?;
        return Ok(OwnedTarget::Certificate(id));
    }
    match found.strip_prefix("thinggroup/") {
        Some(name) => Ok(OwnedTarget::ThingGroup(name.into())),
        None => Ok(OwnedTarget::CognitoIdentity(text.into())),
    }
}

fn certificates(
    operation: &str,
    members: &mut Members<'_>,
    read_pem: &ReadPem<'_>,
) -> Result<Option<Owned>, ApiError> {
    Ok(Some(match operation {
        "RegisterCertificate" => {
            let certificate = x509::need("certificatePem", members.value("certificatePem"))?;
            let certificate = Box::new(x509::read("certificatePem", certificate, read_pem)?);
            let ca = members.value("caCertificatePem");
            let ca = ca.map(|ca| x509::read("caCertificatePem", ca, read_pem)).transpose()?;
            Owned::RegisterCertificate { certificate, ca: ca.map(|ca| ca.id), status: first_status(members)? }
        }
        "RegisterCertificateWithoutCA" => {
            let certificate = x509::need("certificatePem", members.value("certificatePem"))?;
            let certificate = Box::new(x509::read("certificatePem", certificate, read_pem)?);
            Owned::RegisterCertificateWithoutCa { certificate, status: first_status(members)? }
        }
        "CreateKeysAndCertificate" => Owned::CreateKeysAndCertificate { status: set_as_active(members)? },
        "CreateCertificateFromCsr" => {
            let csr = members.need("certificateSigningRequest")?;
            Owned::CreateCertificateFromCsr { csr, status: set_as_active(members)? }
        }
        "UpdateCertificate" => {
            let id = members.id("certificateId")?;
            let status = members.word("newStatus", CertificateStatus::ALL, CertificateStatus::as_str)?;
            let status = status.ok_or_else(|| invalid("UpdateCertificate: newStatus is missing"))?;
            Owned::UpdateCertificate { id, status }
        }
        "DeleteCertificate" => {
            let id = members.id("certificateId")?;
            Owned::DeleteCertificate { id, force: members.flag("forceDelete")? }
        }
        "RegisterCACertificate" => {
            Owned::RegisterCaCertificate(Box::new(ca_registration(members, read_pem)?))
        }
        "UpdateCACertificate" => {
            Owned::UpdateCaCertificate { id: members.id("certificateId")?, update: ca_update(members)? }
        }
        "DeleteCACertificate" => Owned::DeleteCaCertificate { id: members.id("certificateId")? },
        _ => return Ok(None),
    }))
}

fn set_as_active(members: &mut Members<'_>) -> Result<CertificateStatus, ApiError> {
    Ok(if members.flag("setAsActive")? { CertificateStatus::Active } else { CertificateStatus::Inactive })
}

fn first_status(members: &mut Members<'_>) -> Result<CertificateStatus, ApiError> {
    let active = set_as_active(members)?;
    let status = members.word("status", CertificateStatus::ALL, CertificateStatus::as_str)?;
    Ok(status.unwrap_or(active))
}

fn ca_registration(
    members: &mut Members<'_>,
    read_pem: &ReadPem<'_>,
) -> Result<OwnedCaRegistration, ApiError> {
    let certificate = x509::need("caCertificate", members.value("caCertificate"))?;
    let verification = members.value("verificationCertificate");
    let modes = [CertificateMode::Default, CertificateMode::SniOnly];
    members.not_modelled("tags")?;
    Ok(OwnedCaRegistration {
        certificate: x509::read("caCertificate", certificate, read_pem)?,
        verification: verification
            .map(|value| x509::read("verificationCertificate", value, read_pem))
            .transpose()?,
        mode: members.word("certificateMode", &modes, CertificateMode::as_str)?.unwrap_or_default(),
        set_as_active: members.flag("setAsActive")?,
        allow_auto_registration: members.flag("allowAutoRegistration")?,
        registration: registration(members)?,
    })
}

fn ca_update(members: &mut Members<'_>) -> Result<OwnedCaUpdate, ApiError> {
    let words = [true, false];
    let active = |active| if active { "ACTIVE" } else { "INACTIVE" };
    let enabled = |enabled| if enabled { "ENABLE" } else { "DISABLE" };
    Ok(OwnedCaUpdate {
        active: members.word("newStatus", &words, active)?,
        auto_registration: members.word("newAutoRegistrationStatus", &words, enabled)?,
        registration: registration(members)?,
        remove_auto_registration: members.flag("removeAutoRegistration")?,
    })
}

fn registration(members: &mut Members<'_>) -> Result<Option<RegistrationConfig>, ApiError> {
    let Some(value) = members.value("registrationConfig") else { return Ok(None) };
    let mut members = Members::of("registrationConfig", value)?;
    let template = match (members.owned("templateBody")?, members.owned("templateName")?) {
        (Some(body), None) => RegistrationTemplate::Body(body),
        (None, Some(name)) => RegistrationTemplate::Name(name),
        _ => return Err(invalid("registrationConfig: one of templateBody and templateName is needed")),
    };
    let role_arn = members.owned("roleArn")?;
    members.finish()?;
    Ok(Some(RegistrationConfig { template, role_arn }))
}

fn groups(operation: &str, members: &mut Members<'_>) -> Result<Option<Owned>, ApiError> {
    Ok(Some(match operation {
        "CreateThingGroup" => {
            members.not_modelled("tags")?;
            let (name, parent) = (members.need("thingGroupName")?, members.owned("parentGroupName")?);
            let update = group_properties(members)?;
            let attributes = update.attributes.map(|payload| payload.attributes).unwrap_or_default();
            let properties = ThingGroupProperties { description: update.description, attributes };
            Owned::CreateThingGroup { name, parent, properties }
        }
        "UpdateThingGroup" => {
            let (name, update) = (members.need("thingGroupName")?, group_properties(members)?);
            let expected_version = members.number("expectedVersion")?;
            Owned::UpdateThingGroup { name, update: ThingGroupUpdate { expected_version, ..update } }
        }
        "DeleteThingGroup" => {
            let expected_version = members.number("expectedVersion")?;
            Owned::DeleteThingGroup { name: members.need("thingGroupName")?, expected_version }
        }
        "AddThingToThingGroup" => {
            members.flag("overrideDynamicGroups")?;
            let (thing, group) = member_of(members, ["thingGroupName", "thingGroupArn"], "thinggroup")?;
            Owned::AddThingToThingGroup { thing, group }
        }
        "RemoveThingFromThingGroup" => {
            let (thing, group) = member_of(members, ["thingGroupName", "thingGroupArn"], "thinggroup")?;
            Owned::RemoveThingFromThingGroup { thing, group }
        }
        "UpdateThingGroupsForThing" => {
            members.flag("overrideDynamicGroups")?;
            let thing = members.need("thingName")?;
            let remove = members.texts("thingGroupsToRemove")?;
            Owned::UpdateThingGroupsForThing { thing, remove, add: members.texts("thingGroupsToAdd")? }
        }
        "AddThingToBillingGroup" => {
            let (thing, group) = member_of(members, ["billingGroupName", "billingGroupArn"], "billinggroup")?;
            Owned::AddThingToBillingGroup { thing, group }
        }
        "RemoveThingFromBillingGroup" => {
            let (thing, group) = member_of(members, ["billingGroupName", "billingGroupArn"], "billinggroup")?;
            Owned::RemoveThingFromBillingGroup { thing, group }
        }
        _ => return billing_groups(operation, members),
    }))
}

fn billing_groups(operation: &str, members: &mut Members<'_>) -> Result<Option<Owned>, ApiError> {
    Ok(Some(match operation {
        "CreateBillingGroup" => {
            members.not_modelled("tags")?;
            let name = members.need("billingGroupName")?;
            Owned::CreateBillingGroup { name, description: billing_description(members)? }
        }
        "UpdateBillingGroup" => {
            let (name, description) = (members.need("billingGroupName")?, billing_description(members)?);
            let expected_version = members.number("expectedVersion")?;
            Owned::UpdateBillingGroup { name, description, expected_version }
        }
        "DeleteBillingGroup" => {
            let expected_version = members.number("expectedVersion")?;
            Owned::DeleteBillingGroup { name: members.need("billingGroupName")?, expected_version }
        }
        _ => return Ok(None),
    }))
}

fn member_of(
    members: &mut Members<'_>,
    [name, arn]: [&'static str; 2],
    kind: &str,
) -> Result<(Box<str>, Box<str>), ApiError> {
    Ok((members.name_or_arn("thingName", "thingArn", "thing")?, members.name_or_arn(name, arn, kind)?))
}

fn group_properties(members: &mut Members<'_>) -> Result<ThingGroupUpdate, ApiError> {
    let value = members.value("thingGroupProperties").unwrap_or(&Value::Null);
    let mut members = Members::of("thingGroupProperties", value)?;
    let description = members.owned("thingGroupDescription")?;
    let attributes = members.attributes("attributePayload")?;
    members.finish()?;
    Ok(ThingGroupUpdate { description, attributes, expected_version: None })
}

fn billing_description(members: &mut Members<'_>) -> Result<Option<Box<str>>, ApiError> {
    let value = members.value("billingGroupProperties").unwrap_or(&Value::Null);
    let mut members = Members::of("billingGroupProperties", value)?;
    let description = members.owned("billingGroupDescription")?;
    members.finish()?;
    Ok(description)
}

fn others(operation: &str, members: &mut Members<'_>) -> Result<Option<Owned>, ApiError> {
    Ok(Some(match operation {
        "CreateThing" => {
            let name = members.need("thingName")?;
            let payload = members.attributes("attributePayload")?;
            let configuration = ThingConfiguration {
                type_name: members.owned("thingTypeName")?,
                attributes: payload.map(|payload| payload.attributes).unwrap_or_default(),
                billing_group: members.owned("billingGroupName")?,
            };
            Owned::CreateThing { name, configuration }
        }
        "UpdateThing" => {
            let name = members.need("thingName")?;
            let update = ThingUpdate {
                type_name: members.owned("thingTypeName")?,
                remove_type: members.flag("removeThingType")?,
                attributes: members.attributes("attributePayload")?,
                expected_version: members.number("expectedVersion")?,
            };
            Owned::UpdateThing { name, update }
        }
        "DeleteThing" => {
            let expected_version = members.number("expectedVersion")?;
            Owned::DeleteThing { name: members.need("thingName")?, expected_version }
        }
        "AttachThingPrincipal" => {
            let (thing, id) = (members.need("thingName")?, members.principal("principal")?);
            let kinds = [PrincipalKind::Exclusive, PrincipalKind::NonExclusive];
            let kind = members.word("thingPrincipalType", &kinds, PrincipalKind::as_str)?;
            Owned::AttachThingPrincipal { thing, id, kind: kind.unwrap_or(PrincipalKind::NonExclusive) }
        }
        "DetachThingPrincipal" => {
            let (thing, id) = (members.need("thingName")?, members.principal("principal")?);
            Owned::DetachThingPrincipal { thing, id }
        }
        "DeleteRegistrationCode" => Owned::DeleteRegistrationCode,
        "UpdateEventConfigurations" => {
            Owned::UpdateEventConfigurations { configurations: event_configurations(members)? }
        }
        _ => return types(operation, members),
    }))
}

fn types(operation: &str, members: &mut Members<'_>) -> Result<Option<Owned>, ApiError> {
    Ok(Some(match operation {
        "CreateThingType" => {
            members.not_modelled("tags")?;
            let name = members.need("thingTypeName")?;
            Owned::CreateThingType { name, properties: type_properties(members)? }
        }
        "UpdateThingType" => {
            let name = members.need("thingTypeName")?;
            Owned::UpdateThingType { name, properties: type_properties(members)? }
        }
        "DeprecateThingType" => {
            let name = members.need("thingTypeName")?;
            Owned::DeprecateThingType { name, undo: members.flag("undoDeprecate")? }
        }
        "DeleteThingType" => Owned::DeleteThingType { name: members.need("thingTypeName")? },
        _ => return Ok(None),
    }))
}

fn type_properties(members: &mut Members<'_>) -> Result<ThingTypeProperties, ApiError> {
    let value = members.value("thingTypeProperties").unwrap_or(&Value::Null);
    let mut members = Members::of("thingTypeProperties", value)?;
    members.not_modelled("mqtt5Configuration")?;
    let description = members.owned("thingTypeDescription")?;
    let searchable_attributes = members.texts("searchableAttributes")?;
    members.finish()?;
    Ok(ThingTypeProperties { description, searchable_attributes })
}

fn event_configurations(members: &mut Members<'_>) -> Result<Vec<(EventKind, bool)>, ApiError> {
    let none = json!({});
    let value = members.value("eventConfigurations").unwrap_or(&none);
    let mut members = Members::of("eventConfigurations", value)?;
    let mut configurations = Vec::new();
    for &kind in EventKind::ALL {
        if let Some(value) = members.value(kind.as_str()) {
            let mut setting = Members::of(kind.as_str(), value)?;
            configurations.push((kind, setting.flag("Enabled")?));
            setting.finish()?;
        }
    }
    members.finish()?;
    Ok(configurations)
}
