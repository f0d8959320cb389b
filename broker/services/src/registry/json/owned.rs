//! Calls that own what they are made with.

use squall_types::CertificateId;

use crate::registry::{
    CaRegistration, CaUpdate, CertificateMode, CertificateStatus, ControlCall, EventKind, PolicyTarget,
    PrincipalKind, RegistrationConfig, ThingConfiguration, ThingGroupProperties, ThingGroupUpdate,
    ThingTypeProperties, ThingUpdate, X509Certificate,
};

type Name = Box<str>;

/// A [`PolicyTarget`] that owns its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OwnedTarget {
    Certificate(CertificateId),
    ThingGroup(Name),
    CognitoIdentity(Name),
}

/// A [`ControlCall`] that owns what it is made with, such as one that was read from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedCall(pub(super) Owned);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    CreatePolicy {
        name: Name,
        document: Name,
    },
    CreatePolicyVersion {
        name: Name,
        document: Name,
        set_as_default: bool,
    },
    SetDefaultPolicyVersion {
        name: Name,
        version: u32,
    },
    DeletePolicyVersion {
        name: Name,
        version: u32,
    },
    DeletePolicy {
        name: Name,
    },
    AttachPolicy {
        policy: Name,
        target: OwnedTarget,
    },
    DetachPolicy {
        policy: Name,
        target: OwnedTarget,
    },
    RegisterCertificate {
        certificate: Box<X509Certificate>,
        ca: Option<CertificateId>,
        status: CertificateStatus,
    },
    RegisterCertificateWithoutCa {
        certificate: Box<X509Certificate>,
        status: CertificateStatus,
    },
    CreateKeysAndCertificate {
        status: CertificateStatus,
    },
    CreateCertificateFromCsr {
        csr: Name,
        status: CertificateStatus,
    },
    UpdateCertificate {
        id: CertificateId,
        status: CertificateStatus,
    },
    DeleteCertificate {
        id: CertificateId,
        force: bool,
    },
    RegisterCaCertificate(Box<OwnedCaRegistration>),
    UpdateCaCertificate {
        id: CertificateId,
        update: OwnedCaUpdate,
    },
    DeleteCaCertificate {
        id: CertificateId,
    },
    DeleteRegistrationCode,
    CreateThing {
        name: Name,
        configuration: ThingConfiguration,
    },
    UpdateThing {
        name: Name,
        update: ThingUpdate,
    },
    DeleteThing {
        name: Name,
        expected_version: Option<u64>,
    },
    CreateThingType {
        name: Name,
        properties: ThingTypeProperties,
    },
    UpdateThingType {
        name: Name,
        properties: ThingTypeProperties,
    },
    DeprecateThingType {
        name: Name,
        undo: bool,
    },
    DeleteThingType {
        name: Name,
    },
    AttachThingPrincipal {
        thing: Name,
        id: CertificateId,
        kind: PrincipalKind,
    },
    DetachThingPrincipal {
        thing: Name,
        id: CertificateId,
    },
    CreateThingGroup {
        name: Name,
        parent: Option<Name>,
        properties: ThingGroupProperties,
    },
    UpdateThingGroup {
        name: Name,
        update: ThingGroupUpdate,
    },
    DeleteThingGroup {
        name: Name,
        expected_version: Option<u64>,
    },
    AddThingToThingGroup {
        thing: Name,
        group: Name,
    },
    RemoveThingFromThingGroup {
        thing: Name,
        group: Name,
    },
    UpdateThingGroupsForThing {
        thing: Name,
        remove: Vec<Name>,
        add: Vec<Name>,
    },
    CreateBillingGroup {
        name: Name,
        description: Option<Name>,
    },
    UpdateBillingGroup {
        name: Name,
        description: Option<Name>,
        expected_version: Option<u64>,
    },
    DeleteBillingGroup {
        name: Name,
        expected_version: Option<u64>,
    },
    AddThingToBillingGroup {
        thing: Name,
        group: Name,
    },
    RemoveThingFromBillingGroup {
        thing: Name,
        group: Name,
    },
    UpdateEventConfigurations {
        configurations: Vec<(EventKind, bool)>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnedCaRegistration {
    pub(super) certificate: X509Certificate,
    pub(super) verification: Option<X509Certificate>,
    pub(super) mode: CertificateMode,
    pub(super) set_as_active: bool,
    pub(super) allow_auto_registration: bool,
    pub(super) registration: Option<RegistrationConfig>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnedCaUpdate {
    pub(super) active: Option<bool>,
    pub(super) auto_registration: Option<bool>,
    pub(super) registration: Option<RegistrationConfig>,
    pub(super) remove_auto_registration: bool,
}

impl OwnedTarget {
    fn borrowed(&self) -> PolicyTarget<'_> {
        match self {
            Self::Certificate(id) => PolicyTarget::Certificate(*id),
            Self::ThingGroup(name) => PolicyTarget::ThingGroup(name),
            Self::CognitoIdentity(id) => PolicyTarget::CognitoIdentity(id),
        }
    }
}

impl OwnedCaRegistration {
    fn borrowed(&self) -> CaRegistration<'_> {
        CaRegistration {
            certificate: &self.certificate,
            verification: self.verification.as_ref(),
            mode: self.mode,
            set_as_active: self.set_as_active,
            allow_auto_registration: self.allow_auto_registration,
            registration: self.registration.as_ref(),
        }
    }
}

impl OwnedCaUpdate {
    fn borrowed(&self) -> CaUpdate<'_> {
        CaUpdate {
            active: self.active,
            auto_registration: self.auto_registration,
            registration: self.registration.as_ref(),
            remove_auto_registration: self.remove_auto_registration,
        }
    }
}

impl OwnedCall {
    /// The call, ready to be made.
    #[must_use]
    pub fn as_call(&self) -> ControlCall<'_> {
        use ControlCall as Call;
        match &self.0 {
            Owned::CreatePolicy { name, document } => Call::CreatePolicy { name, document },
            Owned::CreatePolicyVersion { name, document, set_as_default } => {
                Call::CreatePolicyVersion { name, document, set_as_default: *set_as_default }
            }
            &Owned::SetDefaultPolicyVersion { ref name, version } => {
                Call::SetDefaultPolicyVersion { name, version }
            }
            &Owned::DeletePolicyVersion { ref name, version } => Call::DeletePolicyVersion { name, version },
            Owned::DeletePolicy { name } => Call::DeletePolicy { name },
            Owned::AttachPolicy { policy, target } => {
                Call::AttachPolicy { policy, target: target.borrowed() }
            }
            Owned::DetachPolicy { policy, target } => {
                Call::DetachPolicy { policy, target: target.borrowed() }
            }
            &Owned::RegisterCertificate { ref certificate, ca, status } => {
                Call::RegisterCertificate { certificate, ca, status }
            }
            &Owned::RegisterCertificateWithoutCa { ref certificate, status } => {
                Call::RegisterCertificateWithoutCa { certificate, status }
            }
            &Owned::CreateKeysAndCertificate { status } => {
                Call::CreateKeysAndCertificate { certificate: None, status }
            }
            &Owned::CreateCertificateFromCsr { ref csr, status } => {
                Call::CreateCertificateFromCsr { csr, certificate: None, status }
            }
            &Owned::UpdateCertificate { id, status } => Call::UpdateCertificate { id, status },
            &Owned::DeleteCertificate { id, force } => Call::DeleteCertificate { id, force },
            Owned::RegisterCaCertificate(registration) => {
                Call::RegisterCaCertificate(registration.borrowed())
            }
            Owned::UpdateCaCertificate { id, update } => {
                Call::UpdateCaCertificate { id: *id, update: update.borrowed() }
            }
            &Owned::DeleteCaCertificate { id } => Call::DeleteCaCertificate { id },
            Owned::DeleteRegistrationCode => Call::DeleteRegistrationCode,
            _ => self.as_call_on_things(),
        }
    }

    fn as_call_on_things(&self) -> ControlCall<'_> {
        use ControlCall as Call;
        match &self.0 {
            Owned::CreateThing { name, configuration } => Call::CreateThing { name, configuration },
            Owned::UpdateThing { name, update } => Call::UpdateThing { name, update },
            &Owned::DeleteThing { ref name, expected_version } => {
                Call::DeleteThing { name, expected_version }
            }
            Owned::CreateThingType { name, properties } => Call::CreateThingType { name, properties },
            Owned::UpdateThingType { name, properties } => Call::UpdateThingType { name, properties },
            &Owned::DeprecateThingType { ref name, undo } => Call::DeprecateThingType { name, undo },
            Owned::DeleteThingType { name } => Call::DeleteThingType { name },
            &Owned::AttachThingPrincipal { ref thing, id, kind } => {
                Call::AttachThingPrincipal { thing, id, kind }
            }
            &Owned::DetachThingPrincipal { ref thing, id } => Call::DetachThingPrincipal { thing, id },
            Owned::CreateThingGroup { name, parent, properties } => {
                Call::CreateThingGroup { name, parent: parent.as_deref(), properties }
            }
            Owned::UpdateThingGroup { name, update } => Call::UpdateThingGroup { name, update },
            &Owned::DeleteThingGroup { ref name, expected_version } => {
                Call::DeleteThingGroup { name, expected_version }
            }
            Owned::AddThingToThingGroup { thing, group } => Call::AddThingToThingGroup { thing, group },
            Owned::RemoveThingFromThingGroup { thing, group } => {
                Call::RemoveThingFromThingGroup { thing, group }
            }
            Owned::UpdateThingGroupsForThing { thing, remove, add } => {
                Call::UpdateThingGroupsForThing { thing, remove, add }
            }
            Owned::CreateBillingGroup { name, description } => {
                Call::CreateBillingGroup { name, description: description.as_deref() }
            }
            &Owned::UpdateBillingGroup { ref name, ref description, expected_version } => {
                Call::UpdateBillingGroup { name, description: description.as_deref(), expected_version }
            }
            &Owned::DeleteBillingGroup { ref name, expected_version } => {
                Call::DeleteBillingGroup { name, expected_version }
            }
            Owned::AddThingToBillingGroup { thing, group } => Call::AddThingToBillingGroup { thing, group },
            Owned::RemoveThingFromBillingGroup { thing, group } => {
                Call::RemoveThingFromBillingGroup { thing, group }
            }
            Owned::UpdateEventConfigurations { configurations } => {
                Call::UpdateEventConfigurations { configurations }
            }
            _ => unreachable!("as_call has the other calls"),
        }
    }
}
