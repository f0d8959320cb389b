//! Certificates and their states (`broker.md` 8.1, `state.md` 2.7).

use squall_types::CertificateId;

use smallvec::SmallVec;

use super::{Registry, invalid, not_found};
use crate::api_error::{ApiError, Exception};
use crate::policy::{AttachedPolicies, CertificateFacts, MAX_POLICIES_PER_PRINCIPAL};
use crate::records::{Named, RecordKey};

/// The state of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// May connect.
    Active,
    /// Switched off.
    Inactive,
    /// Withdrawn for good.
    Revoked,
    /// On its way to another account.
    PendingTransfer,
    /// Registered by its first connection, not yet activated.
    PendingActivation,
    /// Deprecated by the service.
    RegisterInactive,
}

impl CertificateStatus {
    /// Every state.
    pub const ALL: &[Self] = &[
        Self::Active,
        Self::Inactive,
        Self::Revoked,
        Self::PendingTransfer,
        Self::PendingActivation,
        Self::RegisterInactive,
    ];

    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingTransfer => "PENDING_TRANSFER",
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::RegisterInactive => "REGISTER_INACTIVE",
        }
    }

    /// Whether a user may ask for it.
    const fn is_settable(self) -> bool {
        matches!(self, Self::Active | Self::Inactive | Self::Revoked)
    }
}

/// In this order: what every connection asks for stands together, what policies seldom ask for behind it.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Certificate {
    pub(super) id: CertificateId,
    pub(super) status: CertificateStatus,
    /// Attached to its one thing as `EXCLUSIVE_THING`.
    pub(super) exclusive: bool,
    pub(super) attached: AttachedPolicies,
    /// The things that it is attached to, in the order of attaching.
    pub(super) things: SmallVec<[RecordKey; 1]>,
    pub(super) facts: CertificateFacts,
}

impl Named for Certificate {
    type Name = CertificateId;

    fn name(&self) -> &CertificateId {
        &self.id
    }
}

impl Registry {
    /// `RegisterCertificateWithoutCA`, and what the flows that create certificates do: makes one known.
    ///
    /// # Errors
    /// `ResourceAlreadyExists`.
    pub fn register_certificate(
        &mut self,
        id: CertificateId,
        facts: CertificateFacts,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        if self.certificates.find(&id).is_some() {
            let message = format!("The certificate is already provisioned or registered. Id: {id}");
            return Err(ApiError::new(Exception::ResourceAlreadyExists, message));
        }
        let attached = AttachedPolicies::default();
        let things = SmallVec::new();
        self.certificates.insert(Certificate { id, status, facts, attached, things, exclusive: false });
        Ok(())
    }

    /// `UpdateCertificate`. Asking for the state that it has is no error.
    ///
    /// # Errors
    /// `ResourceNotFound`; `InvalidRequest` for a state that no user may set, and for leaving REVOKED, which the
    /// documents call final (unverified).
    pub fn update_certificate(
        &mut self,
        id: CertificateId,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        let certificate = self.certificate_mut(id)?;
        if !status.is_settable() {
            let message = format!("{} cannot be set; ACTIVE, INACTIVE and REVOKED can", status.as_str());
            return Err(invalid(message));
        }
        if certificate.status == CertificateStatus::Revoked && status != CertificateStatus::Revoked {
            return Err(invalid(format!("certificate {id} is REVOKED, which is final")));
        }
        certificate.status = status;
        Ok(())
    }

    /// `DescribeCertificate`: its state.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn certificate_status(&self, id: CertificateId) -> Result<CertificateStatus, ApiError> {
        Ok(self.certificate(id)?.status)
    }

    /// `DeleteCertificate`. With `force` attached policies do not matter.
    ///
    /// # Errors
    /// `ResourceNotFound`; `CertificateState` while it is active; `DeleteConflict` while a thing or a policy is attached.
    pub fn delete_certificate(&mut self, id: CertificateId, force: bool) -> Result<(), ApiError> {
        let certificate = self.certificate(id)?;
        if certificate.status == CertificateStatus::Active {
            let message = format!("Certificate must be deactivated (not ACTIVE) before deletion. Id: {id}");
            return Err(ApiError::new(Exception::CertificateState, message));
        }
        let has_policies = certificate.attached.keys().next().is_some();
        if !certificate.things.is_empty() || has_policies && !force {
            let message = format!("certificate {id} still has things or policies attached");
            return Err(ApiError::new(Exception::DeleteConflict, message));
        }
        if let Some(key) = self.certificates.find(&id) {
            self.policies.detach_all(&mut self.certificates.remove(key).attached);
        }
        Ok(())
    }

    /// `AttachPolicy` to a certificate.
    ///
    /// # Errors
    /// `ResourceNotFound` for the certificate or the policy; `LimitExceeded`.
    pub fn attach_policy_to_certificate(&mut self, policy: &str, id: CertificateId) -> Result<(), ApiError> {
        let Self { policies, certificates, .. } = self;
        let key = certificates.find(&id).ok_or_else(|| not_found("certificate", id))?;
        let certificate = certificates.get_mut(key).ok_or_else(|| not_found("certificate", id))?;
        policies.attach_policy(policy, &mut certificate.attached, MAX_POLICIES_PER_PRINCIPAL)
    }

    /// `DetachPolicy` from a certificate.
    ///
    /// # Errors
    /// `ResourceNotFound` for the certificate or the policy.
    pub fn detach_policy_from_certificate(
        &mut self,
        policy: &str,
        id: CertificateId,
    ) -> Result<(), ApiError> {
        let Self { policies, certificates, .. } = self;
        let key = certificates.find(&id).ok_or_else(|| not_found("certificate", id))?;
        let certificate = certificates.get_mut(key).ok_or_else(|| not_found("certificate", id))?;
        policies.detach_policy(policy, &mut certificate.attached)
    }

    fn certificate(&self, id: CertificateId) -> Result<&Certificate, ApiError> {
        let key = self.certificates.find(&id);
        key.and_then(|key| self.certificates.get(key)).ok_or_else(|| not_found("certificate", id))
    }

    pub(super) fn certificate_mut(&mut self, id: CertificateId) -> Result<&mut Certificate, ApiError> {
        let key = self.certificates.find(&id);
        key.and_then(|key| self.certificates.get_mut(key)).ok_or_else(|| not_found("certificate", id))
    }
}
