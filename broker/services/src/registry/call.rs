//! Calls of the control plane, with the operation names of the public API.

use squall_types::CertificateId;

use super::ca_certificate::{CaRegistration, CaUpdate};
use super::{
    CertificateStatus, EventKind, PrincipalKind, ThingConfiguration, ThingGroupProperties, ThingGroupUpdate,
    ThingTypeProperties, ThingUpdate, X509Certificate,
};

/// What a policy is attached to, or detached from (`broker.md` 9.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyTarget<'a> {
    /// A certificate.
    Certificate(CertificateId),
    /// A static thing group.
    ThingGroup(&'a str),
    /// An authenticated Cognito identity.
    CognitoIdentity(&'a str),
}

/// One call that changes the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlCall<'a> {
    /// `CreatePolicy`.
    CreatePolicy {
        /// Name.
        name: &'a str,
        /// JSON text.
        document: &'a str,
    },
    /// `CreatePolicyVersion`.
    CreatePolicyVersion {
        /// Name of the policy.
        name: &'a str,
        /// JSON text.
        document: &'a str,
        /// Whether the version counts from now on.
        set_as_default: bool,
    },
    /// `SetDefaultPolicyVersion`.
    SetDefaultPolicyVersion {
        /// Name of the policy.
        name: &'a str,
        /// Number of the version.
        version: u32,
    },
    /// `DeletePolicyVersion`.
    DeletePolicyVersion {
        /// Name of the policy.
        name: &'a str,
        /// Number of the version.
        version: u32,
    },
    /// `DeletePolicy`.
    DeletePolicy {
        /// Name.
        name: &'a str,
    },
    /// `AttachPolicy`.
    AttachPolicy {
        /// Name of the policy.
        policy: &'a str,
        /// To what.
        target: PolicyTarget<'a>,
    },
    /// `DetachPolicy`.
    DetachPolicy {
        /// Name of the policy.
        policy: &'a str,
        /// From what.
        target: PolicyTarget<'a>,
    },
    /// `RegisterCertificate`.
    RegisterCertificate {
        /// The certificate.
        certificate: &'a X509Certificate,
        /// The CA that the caller names.
        ca: Option<CertificateId>,
        /// Its first state.
        status: CertificateStatus,
    },
    /// `RegisterCertificateWithoutCA`.
    RegisterCertificateWithoutCa {
        /// The certificate.
        certificate: &'a X509Certificate,
        /// Its first state.
        status: CertificateStatus,
    },
    /// `CreateKeysAndCertificate`.
    CreateKeysAndCertificate {
        /// What was issued; without it the registry makes up its fields.
        certificate: Option<&'a X509Certificate>,
        /// Its first state.
        status: CertificateStatus,
    },
    /// `CreateCertificateFromCsr`.
    CreateCertificateFromCsr {
        /// PEM text of the request, which the registry does not read.
        csr: &'a str,
        /// What was issued; without it the registry makes up its fields.
        certificate: Option<&'a X509Certificate>,
        /// Its first state.
        status: CertificateStatus,
    },
    /// `UpdateCertificate`.
    UpdateCertificate {
        /// Its id.
        id: CertificateId,
        /// Its new state.
        status: CertificateStatus,
    },
    /// `DeleteCertificate`.
    DeleteCertificate {
        /// Its id.
        id: CertificateId,
        /// Whether attached policies do not matter.
        force: bool,
    },
    /// `RegisterCACertificate`.
    RegisterCaCertificate(CaRegistration<'a>),
    /// `UpdateCACertificate`.
    UpdateCaCertificate {
        /// Its id.
        id: CertificateId,
        /// What changes.
        update: CaUpdate<'a>,
    },
    /// `DeleteCACertificate`.
    DeleteCaCertificate {
        /// Its id.
        id: CertificateId,
    },
    /// `DeleteRegistrationCode`.
    DeleteRegistrationCode,
    /// `CreateThing`.
    CreateThing {
        /// Name.
        name: &'a str,
        /// Type, attributes and billing group.
        configuration: &'a ThingConfiguration,
    },
    /// `UpdateThing`.
    UpdateThing {
        /// Name.
        name: &'a str,
        /// What changes.
        update: &'a ThingUpdate,
    },
    /// `DeleteThing`.
    DeleteThing {
        /// Name.
        name: &'a str,
        /// The version that it must have.
        expected_version: Option<u64>,
    },
    /// `CreateThingType`.
    CreateThingType {
        /// Name.
        name: &'a str,
        /// What it says of itself.
        properties: &'a ThingTypeProperties,
    },
    /// `UpdateThingType`.
    UpdateThingType {
        /// Name.
        name: &'a str,
        /// What it says of itself from now on.
        properties: &'a ThingTypeProperties,
    },
    /// `DeprecateThingType`.
    DeprecateThingType {
        /// Name.
        name: &'a str,
        /// Whether it is to be no longer deprecated.
        undo: bool,
    },
    /// `DeleteThingType`.
    DeleteThingType {
        /// Name.
        name: &'a str,
    },
    /// `AttachThingPrincipal`.
    AttachThingPrincipal {
        /// Name of the thing.
        thing: &'a str,
        /// The certificate.
        id: CertificateId,
        /// How.
        kind: PrincipalKind,
    },
    /// `DetachThingPrincipal`.
    DetachThingPrincipal {
        /// Name of the thing.
        thing: &'a str,
        /// The certificate.
        id: CertificateId,
    },
    /// `CreateThingGroup`.
    CreateThingGroup {
        /// Name.
        name: &'a str,
        /// Name of the group above it.
        parent: Option<&'a str>,
        /// What it says of itself.
        properties: &'a ThingGroupProperties,
    },
    /// `UpdateThingGroup`.
    UpdateThingGroup {
        /// Name.
        name: &'a str,
        /// What changes.
        update: &'a ThingGroupUpdate,
    },
    /// `DeleteThingGroup`.
    DeleteThingGroup {
        /// Name.
        name: &'a str,
        /// The version that it must have.
        expected_version: Option<u64>,
    },
    /// `AddThingToThingGroup`.
    AddThingToThingGroup {
        /// Name of the thing.
        thing: &'a str,
        /// Name of the group.
        group: &'a str,
    },
    /// `RemoveThingFromThingGroup`.
    RemoveThingFromThingGroup {
        /// Name of the thing.
        thing: &'a str,
        /// Name of the group.
        group: &'a str,
    },
    /// `UpdateThingGroupsForThing`.
    UpdateThingGroupsForThing {
        /// Name of the thing.
        thing: &'a str,
        /// Groups that it leaves first.
        remove: &'a [Box<str>],
        /// Groups that it joins then.
        add: &'a [Box<str>],
    },
    /// `CreateBillingGroup`.
    CreateBillingGroup {
        /// Name.
        name: &'a str,
        /// For people.
        description: Option<&'a str>,
    },
    /// `UpdateBillingGroup`.
    UpdateBillingGroup {
        /// Name.
        name: &'a str,
        /// The description that it is to have; none takes it away.
        description: Option<&'a str>,
        /// The version that it must have.
        expected_version: Option<u64>,
    },
    /// `DeleteBillingGroup`.
    DeleteBillingGroup {
        /// Name.
        name: &'a str,
        /// The version that it must have.
        expected_version: Option<u64>,
    },
    /// `AddThingToBillingGroup`.
    AddThingToBillingGroup {
        /// Name of the thing.
        thing: &'a str,
        /// Name of the group.
        group: &'a str,
    },
    /// `RemoveThingFromBillingGroup`.
    RemoveThingFromBillingGroup {
        /// Name of the thing.
        thing: &'a str,
        /// Name of the group.
        group: &'a str,
    },
    /// `UpdateEventConfigurations`.
    UpdateEventConfigurations {
        /// Which events are to be published, or no longer.
        configurations: &'a [(EventKind, bool)],
    },
}

/// Whose connections a call concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Nobody's.
    Nobody,
    /// Those of a certificate: its state, its policies.
    Certificate(CertificateId),
    /// Those of a certificate: the things that it is attached to.
    Things(CertificateId),
    /// Possibly everybody's: a policy's version, a group's policies or members.
    Everybody,
}

impl ControlCall<'_> {
    /// The operation as the API spells it.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::CreatePolicy { .. } => "CreatePolicy",
            Self::CreatePolicyVersion { .. } => "CreatePolicyVersion",
            Self::SetDefaultPolicyVersion { .. } => "SetDefaultPolicyVersion",
            Self::DeletePolicyVersion { .. } => "DeletePolicyVersion",
            Self::DeletePolicy { .. } => "DeletePolicy",
            Self::AttachPolicy { .. } => "AttachPolicy",
            Self::DetachPolicy { .. } => "DetachPolicy",
            Self::RegisterCertificate { .. } => "RegisterCertificate",
            Self::RegisterCertificateWithoutCa { .. } => "RegisterCertificateWithoutCA",
            Self::CreateKeysAndCertificate { .. } => "CreateKeysAndCertificate",
            Self::CreateCertificateFromCsr { .. } => "CreateCertificateFromCsr",
            Self::UpdateCertificate { .. } => "UpdateCertificate",
            Self::DeleteCertificate { .. } => "DeleteCertificate",
            Self::RegisterCaCertificate(_) => "RegisterCACertificate",
            Self::UpdateCaCertificate { .. } => "UpdateCACertificate",
            Self::DeleteCaCertificate { .. } => "DeleteCACertificate",
            Self::DeleteRegistrationCode => "DeleteRegistrationCode",
            Self::CreateThing { .. } => "CreateThing",
            Self::UpdateThing { .. } => "UpdateThing",
            Self::DeleteThing { .. } => "DeleteThing",
            Self::CreateThingType { .. } => "CreateThingType",
            Self::UpdateThingType { .. } => "UpdateThingType",
            Self::DeprecateThingType { .. } => "DeprecateThingType",
            Self::DeleteThingType { .. } => "DeleteThingType",
            Self::AttachThingPrincipal { .. } => "AttachThingPrincipal",
            Self::DetachThingPrincipal { .. } => "DetachThingPrincipal",
            Self::CreateThingGroup { .. } => "CreateThingGroup",
            Self::UpdateThingGroup { .. } => "UpdateThingGroup",
            Self::DeleteThingGroup { .. } => "DeleteThingGroup",
            Self::AddThingToThingGroup { .. } => "AddThingToThingGroup",
            Self::RemoveThingFromThingGroup { .. } => "RemoveThingFromThingGroup",
            Self::UpdateThingGroupsForThing { .. } => "UpdateThingGroupsForThing",
            Self::CreateBillingGroup { .. } => "CreateBillingGroup",
            Self::UpdateBillingGroup { .. } => "UpdateBillingGroup",
            Self::DeleteBillingGroup { .. } => "DeleteBillingGroup",
            Self::AddThingToBillingGroup { .. } => "AddThingToBillingGroup",
            Self::RemoveThingFromBillingGroup { .. } => "RemoveThingFromBillingGroup",
            Self::UpdateEventConfigurations { .. } => "UpdateEventConfigurations",
        }
    }

    /// Whose connections it concerns once it succeeds.
    #[must_use]
    pub const fn changed(&self) -> Changed {
        match *self {
            Self::CreatePolicy { .. }
            | Self::DeletePolicyVersion { .. }
            | Self::DeletePolicy { .. }
            | Self::CreatePolicyVersion { set_as_default: false, .. }
            | Self::RegisterCertificate { .. }
            | Self::RegisterCertificateWithoutCa { .. }
            | Self::CreateKeysAndCertificate { .. }
            | Self::CreateCertificateFromCsr { .. }
            // What a CA is concerns first connections alone.
            | Self::RegisterCaCertificate(_)
            | Self::UpdateCaCertificate { .. }
            | Self::DeleteCaCertificate { .. }
            | Self::DeleteRegistrationCode
            | Self::CreateThing { .. }
            // A thing's type and attributes are looked up whenever a policy asks for them.
            | Self::UpdateThing { .. }
            // Nothing is attached to a thing that can be deleted.
            | Self::DeleteThing { .. }
            | Self::CreateThingType { .. }
            | Self::UpdateThingType { .. }
            | Self::DeprecateThingType { .. }
            | Self::DeleteThingType { .. }
            | Self::CreateThingGroup { .. }
            | Self::UpdateThingGroup { .. }
            | Self::CreateBillingGroup { .. }
            | Self::UpdateBillingGroup { .. }
            | Self::DeleteBillingGroup { .. }
            | Self::AddThingToBillingGroup { .. }
            | Self::RemoveThingFromBillingGroup { .. }
            | Self::UpdateEventConfigurations { .. } => Changed::Nobody,
            Self::AttachPolicy { target: PolicyTarget::Certificate(id), .. }
            | Self::DetachPolicy { target: PolicyTarget::Certificate(id), .. }
            | Self::UpdateCertificate { id, .. }
            | Self::DeleteCertificate { id, .. } => Changed::Certificate(id),
            Self::AttachThingPrincipal { id, .. } | Self::DetachThingPrincipal { id, .. } => {
                Changed::Things(id)
            }
            Self::CreatePolicyVersion { set_as_default: true, .. }
            | Self::SetDefaultPolicyVersion { .. }
            | Self::AttachPolicy { .. }
            | Self::DetachPolicy { .. }
            | Self::DeleteThingGroup { .. }
            | Self::AddThingToThingGroup { .. }
            | Self::RemoveThingFromThingGroup { .. }
            | Self::UpdateThingGroupsForThing { .. } => Changed::Everybody,
        }
    }
}
