//! CA certificates of the account, and the code that proves that somebody has a CA's key (`state.md` 2.8, `broker.md`
//! 8.2).

use core::fmt::Write as _;

use squall_types::{CertificateId, Owner, Purpose, WallTime};

use super::certificate::CertificateMode;
use super::registration::RegistrationConfig;
use super::x509::{Validity, X509Certificate, subject};
use super::{Registry, invalid, not_found};
use crate::api_error::{ApiError, Exception};
use crate::policy::CertificateFacts;
use crate::records::Named;

const MAX_CAS_OF_ONE_SUBJECT: usize = 10;

/// What `RegisterCACertificate` is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaRegistration<'a> {
    /// The CA's own certificate.
    pub certificate: &'a X509Certificate,
    /// One that it has signed, with the account's registration code as its common name.
    pub verification: Option<&'a X509Certificate>,
    /// How its device certificates are registered.
    pub mode: CertificateMode,
    /// Whether it is ACTIVE at once.
    pub set_as_active: bool,
    /// Whether unknown certificates of it register by connecting.
    pub allow_auto_registration: bool,
    /// What becomes of those.
    pub registration: Option<&'a RegistrationConfig>,
}

/// What `UpdateCACertificate` changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaUpdate<'a> {
    /// Whether it is to be ACTIVE.
    pub active: Option<bool>,
    /// Whether unknown certificates of it are to register by connecting.
    pub auto_registration: Option<bool>,
    /// What is to become of those.
    pub registration: Option<&'a RegistrationConfig>,
    /// Whether nothing is to become of them, and auto-registration to end.
    pub remove_auto_registration: bool,
}

/// What a first connection asks of the CA of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredCa<'r> {
    /// Its id.
    pub id: CertificateId,
    /// Whether it is ACTIVE; one that is not registers nothing new.
    pub is_active: bool,
    /// Whether unknown certificates of it register by connecting.
    pub auto_registration: bool,
    /// What becomes of those; without it somebody must activate them.
    pub registration: Option<&'r RegistrationConfig>,
    /// How its device certificates are registered.
    pub mode: CertificateMode,
}

#[derive(Clone, Debug)]
pub(super) struct CaCertificate {
    pub(super) id: CertificateId,
    pub(super) active: bool,
    pub(super) auto_registration: bool,
    pub(super) mode: CertificateMode,
    pub(super) registration: Option<Box<RegistrationConfig>>,
    pub(super) validity: Validity,
    pub(super) facts: CertificateFacts,
    pub(super) pem: Option<Box<str>>,
    pub(super) created: WallTime,
    pub(super) modified: WallTime,
    pub(super) version: u32,
}

impl Named for CaCertificate {
    type Name = CertificateId;

    fn name(&self) -> &CertificateId {
        &self.id
    }
}

impl Registry {
    /// `GetRegistrationCode`: 64 hex digits, the same until it is deleted.
    #[must_use]
    pub fn registration_code(&self) -> String {
        let (chance, owner) = (self.chance_of_account(), Owner::named("registration-code"));
        (0..4).fold(String::with_capacity(64), |mut code, part| {
            let bits = chance.bits(owner, Purpose::RegistryId, self.registration_codes * 4 + part);
            // Writing to a string cannot fail.
            let _ = write!(code, "{bits:016x}");
            code
        })
    }

    /// `DeleteRegistrationCode`: the next one is another.
    pub fn delete_registration_code(&mut self) {
        self.registration_codes += 1;
    }

    /// `RegisterCACertificate`.
    ///
    /// # Errors
    /// `InvalidRequest` for a verification certificate where there must be none, or none where there must be one, and
    /// for a registration config; `CertificateValidation` if the CA has not signed it, or is out of its time;
    /// `RegistrationCodeValidation` for another common name; `ResourceAlreadyExists`; `LimitExceeded` for an eleventh of
    /// one subject.
    pub fn register_ca_certificate(&mut self, call: &CaRegistration<'_>) -> Result<(), ApiError> {
        let X509Certificate { id, validity, facts, pem, .. } = call.certificate;
        self.verify_ca(call)?;
        if let Some(config) = call.registration {
            config.validate()?;
        }
        let unfit = |message: &str| ApiError::new(Exception::CertificateValidation, message);
        if !validity.covers(self.rates.now.wall) {
            return Err(unfit("the CA certificate is not valid at this time"));
        }
        if self.cas.find(id).is_some() {
            let message = format!("CA certificate {id} is already registered");
            let error = ApiError::new(Exception::ResourceAlreadyExists, message);
            return Err(error.about(id, self.arn("cacert", id)));
        }
        if self.cas_of_subject(&call.certificate.subject()) >= MAX_CAS_OF_ONE_SUBJECT {
            let message =
                format!("{MAX_CAS_OF_ONE_SUBJECT} CA certificates of this subject are registered already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        let created = self.rates.now.wall;
        self.cas.insert(CaCertificate {
            id: *id,
            active: call.set_as_active,
            auto_registration: call.allow_auto_registration,
            mode: call.mode,
            registration: call.registration.cloned().map(Box::new),
            validity: *validity,
            facts: facts.clone(),
            pem: pem.clone(),
            created,
            modified: created,
            version: 1,
        });
        Ok(())
    }

    /// Whether the caller has the CA's key.
    fn verify_ca(&self, call: &CaRegistration<'_>) -> Result<(), ApiError> {
        let verification = match (call.mode, call.verification) {
            (CertificateMode::SniOnly, None) => return Ok(()),
            (CertificateMode::SniOnly, Some(_)) => {
                return Err(invalid("verificationCertificate must not be given in mode SNI_ONLY"));
            }
            (CertificateMode::Default, None) => {
                return Err(invalid("verificationCertificate is needed in mode DEFAULT"));
            }
            (CertificateMode::Default, Some(verification)) => verification,
        };
        if verification.issuer != Some(call.certificate.id) {
            let message = "the verification certificate is not signed by the CA certificate";
            return Err(ApiError::new(Exception::CertificateValidation, message));
        }
        if verification.common_name() != Some(&*self.registration_code()) {
            let message = "the common name of the verification certificate is not the registration code";
            return Err(ApiError::new(Exception::RegistrationCodeValidation, message));
        }
        Ok(())
    }

    /// `UpdateCACertificate`.
    ///
    /// # Errors
    /// `ResourceNotFound`; `InvalidRequest` for a registration config, or one that is given and removed at once.
    pub fn update_ca_certificate(
        &mut self,
        id: CertificateId,
        update: &CaUpdate<'_>,
    ) -> Result<(), ApiError> {
        let modified = self.rates.now.wall;
        let key = self.cas.find(&id).ok_or_else(|| not_found("CA certificate", id))?;
        if let Some(config) = update.registration {
            config.validate()?;
            if update.remove_auto_registration {
                return Err(invalid("registrationConfig and removeAutoRegistration exclude each other"));
            }
        }
        let held = self.cas.get_mut(key).ok_or_else(|| not_found("CA certificate", id))?;
        held.active = update.active.unwrap_or(held.active);
        held.auto_registration = update.auto_registration.unwrap_or(held.auto_registration);
        if let Some(config) = update.registration {
            held.registration = Some(Box::new(config.clone()));
        }
        if update.remove_auto_registration {
            (held.auto_registration, held.registration) = (false, None);
        }
        held.modified = modified;
        held.version += 1;
        Ok(())
    }

    /// `DeleteCACertificate`. Certificates that it has signed stay.
    ///
    /// # Errors
    /// `ResourceNotFound`; `CertificateState` while it is active.
    pub fn delete_ca_certificate(&mut self, id: CertificateId) -> Result<(), ApiError> {
        let key = self.cas.find(&id).ok_or_else(|| not_found("CA certificate", id))?;
        if self.cas.get(key).is_some_and(|held| held.active) {
            let message =
                format!("CA certificate must be deactivated (not ACTIVE) before deletion. Id: {id}");
            return Err(ApiError::new(Exception::CertificateState, message));
        }
        self.cas.remove(key);
        Ok(())
    }

    /// The registered CA whose key signed a certificate.
    #[must_use]
    pub fn ca_of(&self, certificate: &X509Certificate) -> Option<RegisteredCa<'_>> {
        self.registered_ca(certificate.issuer?)
    }

    /// A registered CA.
    #[must_use]
    pub fn registered_ca(&self, id: CertificateId) -> Option<RegisteredCa<'_>> {
        let held = self.cas.named(&id)?;
        Some(RegisteredCa {
            id: held.id,
            is_active: held.active,
            auto_registration: held.auto_registration,
            registration: held.registration.as_deref(),
            mode: held.mode,
        })
    }

    pub(super) fn cas_of_subject_of(&self, id: CertificateId) -> usize {
        self.cas.named(&id).map_or(0, |held| self.cas_of_subject(&subject(&held.facts)))
    }

    fn cas_of_subject(&self, text: &str) -> usize {
        self.cas.iter().filter(|(_, held)| subject(&held.facts) == text).count()
    }
}
