//! Certificates of devices and their states (`broker.md` 8.1, `state.md` 2.7).

use smallvec::SmallVec;
use squall_types::{CertificateId, Owner, WallTime};

use super::x509::{Validity, X509Certificate};
use super::{Registry, invalid, not_found};
use crate::api_error::{ApiError, Exception};
use crate::policy::{
    AttachedPolicies, CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder,
    MAX_POLICIES_PER_PRINCIPAL,
};
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
    /// Registered by its first connection or issued to a device, not yet activated.
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

/// How a certificate was registered, which a device must connect accordingly with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertificateMode {
    /// By the service, or under a registered CA.
    #[default]
    Default,
    /// Without CA, or under a CA of this mode: the client must send SNI.
    SniOnly,
}

impl CertificateMode {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::SniOnly => "SNI_ONLY",
        }
    }
}

/// What decides whether it may connect stands in one cache line, what connections ask for then in the next.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Certificate {
    pub(super) id: CertificateId,
    pub(super) validity: Validity,
    pub(super) status: CertificateStatus,
    /// Attached to its one thing as `EXCLUSIVE_THING`.
    pub(super) exclusive: bool,
    /// What is seldom asked for; none if nobody said anything of it.
    pub(super) rest: Option<Box<CertificateRest>>,
    pub(super) attached: AttachedPolicies,
    /// The things that it is attached to, in the order of attaching.
    pub(super) things: SmallVec<[RecordKey; 1]>,
    pub(super) facts: Box<CertificateFacts>,
}

/// The place of a record in memory: two cache lines, and no word beside them for the list that the records stand in.
const _: () = assert!(size_of::<Option<Certificate>>() == 128);

/// What only descriptions ask for.
#[derive(Clone, Debug)]
pub(super) struct CertificateRest {
    pub(super) ca: Option<CertificateId>,
    pub(super) mode: CertificateMode,
    pub(super) pem: Option<Box<str>>,
    pub(super) created: WallTime,
    pub(super) modified: WallTime,
    /// How often it was changed, from 1.
    pub(super) version: u32,
}

impl Default for CertificateRest {
    fn default() -> Self {
        Self {
            ca: None,
            mode: CertificateMode::Default,
            pem: None,
            created: WallTime(0),
            modified: WallTime(0),
            version: 1,
        }
    }
}

impl Named for Certificate {
    type Name = CertificateId;

    fn name(&self) -> &CertificateId {
        &self.id
    }
}

impl Registry {
    /// Makes a certificate known of which nothing but its id and names matters, in whatever state: for set-up.
    ///
    /// # Errors
    /// `ResourceAlreadyExists`.
    pub fn register_certificate(
        &mut self,
        id: CertificateId,
        facts: CertificateFacts,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        self.insert_certificate(id, facts, Validity::ALWAYS, status, None)
    }

    /// `RegisterCertificate`, under a registered CA. `ca` is the CA that the caller names.
    ///
    /// # Errors
    /// `CertificateValidation` for a CA that is not registered or not the one that signed (unverified), and for a
    /// certificate that is out of its time; `CertificateState` while the CA is not active; `CertificateConflict` if it
    /// must be named, since several have its subject; `InvalidRequest` for a state that no user may set;
    /// `ResourceAlreadyExists`.
    pub fn register_certificate_of_ca(
        &mut self,
        certificate: &X509Certificate,
        ca: Option<CertificateId>,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        settable(status)?;
        let unfit = |message: String| ApiError::new(Exception::CertificateValidation, message);
        let signed = self.ca_of(certificate).ok_or_else(|| {
            unfit(format!("the CA that signed certificate {} is not registered", certificate.id))
        })?;
        if ca.is_some_and(|named| named != signed.id) {
            return Err(unfit(format!("certificate {} is not signed by the CA given", certificate.id)));
        }
        if ca.is_none() && self.cas_of_subject_of(signed.id) > 1 {
            let message =
                "several CA certificates have the subject of the issuer: caCertificatePem is needed";
            return Err(ApiError::new(Exception::CertificateConflict, message));
        }
        if !signed.is_active {
            let message = format!("CA certificate {} is not ACTIVE", signed.id);
            return Err(ApiError::new(Exception::CertificateState, message));
        }
        let mode = signed.mode;
        self.register_checked(certificate, mode, status)
    }

    /// `RegisterCertificateWithoutCA`.
    ///
    /// # Errors
    /// `CertificateValidation` for one that is out of its time; `InvalidRequest` for a state that no user may set;
    /// `ResourceAlreadyExists`.
    pub fn register_certificate_without_ca(
        &mut self,
        certificate: &X509Certificate,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        settable(status)?;
        self.register_checked(certificate, CertificateMode::SniOnly, status)
    }

    /// What the first connection with an unknown certificate of a CA with auto-registration does: it becomes known, as
    /// PENDING_ACTIVATION.
    ///
    /// # Errors
    /// `ResourceAlreadyExists`.
    pub fn register_on_connect(&mut self, certificate: &X509Certificate) -> Result<(), ApiError> {
        let mode = self.ca_of(certificate).map_or(CertificateMode::Default, |ca| ca.mode);
        self.register_parsed(certificate, mode, CertificateStatus::PendingActivation)
    }

    fn register_checked(
        &mut self,
        certificate: &X509Certificate,
        mode: CertificateMode,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        if self.rates.now.wall > certificate.validity.not_after {
            let message = format!("certificate {} has expired", certificate.id);
            return Err(ApiError::new(Exception::CertificateValidation, message));
        }
        self.register_parsed(certificate, mode, status)
    }

    fn register_parsed(
        &mut self,
        certificate: &X509Certificate,
        mode: CertificateMode,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        let X509Certificate { id, issuer, validity, facts, pem } = certificate;
        let (ca, pem, created) = (*issuer, pem.clone(), self.rates.now.wall);
        let ca = ca.filter(|ca| self.cas.find(ca).is_some());
        let rest = CertificateRest { ca, mode, pem, created, modified: created, version: 1 };
        self.insert_certificate(*id, facts.clone(), *validity, status, Some(Box::new(rest)))
    }

    /// What `CreateKeysAndCertificate` and `CreateCertificateFromCsr` do once there is a key: a certificate that the
    /// service issues. Without one at hand the registry makes up its fields, another id each time.
    ///
    /// # Errors
    /// `ResourceAlreadyExists`, if the one at hand is known.
    pub fn issue_certificate(
        &mut self,
        certificate: Option<&X509Certificate>,
        status: CertificateStatus,
    ) -> Result<CertificateId, ApiError> {
        let made;
        let certificate = match certificate {
            Some(certificate) => certificate,
            None => {
                made = self.make_up_certificate();
                &made
            }
        };
        self.register_parsed(certificate, CertificateMode::Default, status)?;
        Ok(certificate.id)
    }

    /// A certificate as the service issues them, with an id that no other of the account has.
    pub(crate) fn make_up_certificate(&mut self) -> X509Certificate {
        let serial = self.next_serial();
        let owner = Owner(self.chance_of_account().bits(
            Owner::named("issued-certificate"),
            squall_types::Purpose::RegistryId,
            serial,
        ));
        let mut certificate = X509Certificate::new(CertificateId::of(owner));
        certificate.validity = Validity::issued_at(self.rates.now.wall);
        let name =
            CertificateAttribute { holder: CertificateHolder::Subject, field: CertificateField::CommonName };
        certificate.facts.add(name, "AWS IoT Certificate");
        certificate
    }

    fn insert_certificate(
        &mut self,
        id: CertificateId,
        facts: CertificateFacts,
        validity: Validity,
        status: CertificateStatus,
        rest: Option<Box<CertificateRest>>,
    ) -> Result<(), ApiError> {
        if self.certificates.find(&id).is_some() {
            let message = format!("The certificate is already provisioned or registered. Id: {id}");
            let error = ApiError::new(Exception::ResourceAlreadyExists, message);
            return Err(error.about(id, self.arn("cert", id)));
        }
        self.certificates.insert(Certificate {
            id,
            validity,
            status,
            exclusive: false,
            rest,
            attached: AttachedPolicies::default(),
            things: SmallVec::new(),
            facts: Box::new(facts),
        });
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
        let held = self.certificate(id)?.status;
        settable(status)?;
        if held == CertificateStatus::Revoked && status != CertificateStatus::Revoked {
            return Err(invalid(format!("certificate {id} is REVOKED, which is final")));
        }
        self.set_certificate_status(id, status)
    }

    /// Gives a certificate a state, as the flows do that activate one.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn set_certificate_status(
        &mut self,
        id: CertificateId,
        status: CertificateStatus,
    ) -> Result<(), ApiError> {
        let modified = self.rates.now.wall;
        let certificate = self.certificate_mut(id)?;
        if certificate.status != status {
            certificate.status = status;
            // A certificate of the set-up, of which nothing is known, stays so small.
            if let Some(rest) = &mut certificate.rest {
                rest.modified = modified;
                rest.version += 1;
            }
        }
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

    pub(super) fn certificate(&self, id: CertificateId) -> Result<&Certificate, ApiError> {
        self.certificates.named(&id).ok_or_else(|| not_found("certificate", id))
    }

    pub(super) fn certificate_mut(&mut self, id: CertificateId) -> Result<&mut Certificate, ApiError> {
        let key = self.certificates.find(&id);
        key.and_then(|key| self.certificates.get_mut(key)).ok_or_else(|| not_found("certificate", id))
    }
}

fn settable(status: CertificateStatus) -> Result<(), ApiError> {
    if status.is_settable() {
        return Ok(());
    }
    Err(invalid(format!("{} cannot be set; ACTIVE, INACTIVE and REVOKED can", status.as_str())))
}
