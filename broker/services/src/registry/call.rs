//! Calls of the control plane, with the operation names of the public API.

use squall_types::{CertificateId, Now};

use super::reply::{ControlReply, PolicyMade};
use super::{CertificateStatus, PrincipalKind, Registry, ThingConfiguration};
use crate::api_error::ApiError;
use crate::policy::CertificateFacts;

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
    /// `RegisterCertificateWithoutCA`.
    RegisterCertificateWithoutCa {
        /// Its id.
        id: CertificateId,
        /// What policies can ask of it.
        facts: &'a CertificateFacts,
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
    /// `CreateThing`.
    CreateThing {
        /// Name.
        name: &'a str,
        /// Type and attributes.
        configuration: &'a ThingConfiguration,
    },
    /// `DeleteThing`.
    DeleteThing {
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
            Self::RegisterCertificateWithoutCa { .. } => "RegisterCertificateWithoutCA",
            Self::UpdateCertificate { .. } => "UpdateCertificate",
            Self::DeleteCertificate { .. } => "DeleteCertificate",
            Self::CreateThing { .. } => "CreateThing",
            Self::DeleteThing { .. } => "DeleteThing",
            Self::AttachThingPrincipal { .. } => "AttachThingPrincipal",
            Self::DetachThingPrincipal { .. } => "DetachThingPrincipal",
            Self::CreateThingGroup { .. } => "CreateThingGroup",
            Self::AddThingToThingGroup { .. } => "AddThingToThingGroup",
            Self::RemoveThingFromThingGroup { .. } => "RemoveThingFromThingGroup",
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
            | Self::RegisterCertificateWithoutCa { .. }
            | Self::CreateThing { .. }
            | Self::DeleteThing { .. }
            | Self::CreateThingGroup { .. } => Changed::Nobody,
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
            | Self::AddThingToThingGroup { .. }
            | Self::RemoveThingFromThingGroup { .. } => Changed::Everybody,
        }
    }
}

impl Registry {
    /// Carries out a call.
    ///
    /// # Errors
    /// Those of the operation; nothing is changed then.
    pub fn call(&mut self, now: Now, call: &ControlCall<'_>) -> Result<ControlReply, ApiError> {
        use PolicyTarget as To;
        let _ = now;
        let done = |()| ControlReply::Done;
        match *call {
            ControlCall::CreatePolicy { name, document } => {
                self.policies.create_policy(name, document)?;
                Ok(self.policy_made(name, 1, document, true))
            }
            ControlCall::CreatePolicyVersion { name, document, set_as_default } => {
                let number = self.policies.create_policy_version(name, document, set_as_default)?;
                Ok(self.policy_made(name, number, document, set_as_default))
            }
            ControlCall::SetDefaultPolicyVersion { name, version } => {
                self.policies.set_default_policy_version(name, version).map(done)
            }
            ControlCall::DeletePolicyVersion { name, version } => {
                self.policies.delete_policy_version(name, version).map(done)
            }
            ControlCall::DeletePolicy { name } => self.policies.delete_policy(name).map(done),
            ControlCall::AttachPolicy { policy, target } => match target {
                To::Certificate(id) => self.attach_policy_to_certificate(policy, id),
                To::ThingGroup(group) => self.attach_policy_to_thing_group(policy, group),
                To::CognitoIdentity(id) => self.attach_policy_to_cognito_identity(policy, id),
            }
            .map(done),
            ControlCall::DetachPolicy { policy, target } => match target {
                To::Certificate(id) => self.detach_policy_from_certificate(policy, id),
                To::ThingGroup(group) => self.detach_policy_from_thing_group(policy, group),
                To::CognitoIdentity(id) => self.detach_policy_from_cognito_identity(policy, id),
            }
            .map(done),
            ControlCall::RegisterCertificateWithoutCa { id, facts, status } => {
                self.register_certificate(id, facts.clone(), status)?;
                Ok(ControlReply::Certificate { id, arn: self.arn("cert", id), pem: None })
            }
            ControlCall::UpdateCertificate { id, status } => self.update_certificate(id, status).map(done),
            ControlCall::DeleteCertificate { id, force } => self.delete_certificate(id, force).map(done),
            ControlCall::CreateThing { name, configuration } => {
                self.create_thing(name, configuration.clone()).map(done)
            }
            ControlCall::DeleteThing { name } => self.delete_thing(name).map(done),
            ControlCall::AttachThingPrincipal { thing, id, kind } => {
                self.attach_thing_principal(thing, id, kind).map(done)
            }
            ControlCall::DetachThingPrincipal { thing, id } => {
                self.detach_thing_principal(thing, id).map(done)
            }
            ControlCall::CreateThingGroup { name, parent } => self.create_thing_group(name, parent).map(done),
            ControlCall::AddThingToThingGroup { thing, group } => {
                self.add_thing_to_thing_group(thing, group).map(done)
            }
            ControlCall::RemoveThingFromThingGroup { thing, group } => {
                self.remove_thing_from_thing_group(thing, group).map(done)
            }
        }
    }

    fn policy_made(&self, name: &str, version: u32, document: &str, is_default: bool) -> ControlReply {
        ControlReply::Policy(Box::new(PolicyMade {
            name: name.into(),
            arn: self.arn("policy", name),
            document: document.into(),
            version,
            is_default,
        }))
    }
}
