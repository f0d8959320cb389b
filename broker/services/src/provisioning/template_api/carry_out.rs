//! Carrying calls out: each is counted against its rate, then handed to the method of its name.

use squall_types::Now;

use super::super::claim::{ProvisioningClaims, for_claims};
use super::super::store::Templates;
use super::call::{TemplateCall, TemplateReply};
use super::query::{TemplateAnswer, TemplateQuery};
use crate::api_error::{ApiError, Exception};
use crate::registry::{Registry, X509Certificate};

/// Where calls about templates are carried out.
#[derive(Debug)]
pub struct TemplateControl<'c> {
    /// The account's registry, which counts calls and knows which certificates there are.
    pub registry: &'c mut Registry,
    /// Its templates.
    pub templates: &'c mut Templates,
    /// Its temporary claims.
    pub claims: &'c mut ProvisioningClaims,
    /// How long those live: the limit `provisioning_claim_seconds`.
    pub claim_seconds: u32,
}

impl TemplateControl<'_> {
    /// Carries out a call.
    ///
    /// # Errors
    /// `Throttling` if the operation is called more often than the profile allows, and those of the operation; nothing
    /// is changed then. `ConflictingResourceUpdate`, of two updates at once, cannot occur: one call ends before the
    /// next begins.
    pub fn call(&mut self, now: Now, call: &TemplateCall<'_>) -> Result<TemplateReply, ApiError> {
        self.registry.count_operation(now, call.operation())?;
        let templates = &mut *self.templates;
        match *call {
            TemplateCall::CreateProvisioningTemplate(ref new) => {
                let made = templates.create(now.wall, new)?;
                let default_version = made.default_version().number;
                return Ok(TemplateReply::Made {
                    name: made.name.clone(),
                    arn: made.arn.clone(),
                    default_version,
                });
            }
            TemplateCall::CreateProvisioningTemplateVersion { name, body, set_as_default } => {
                let number = templates.create_version(now.wall, name, body, set_as_default)?;
                let arn = templates.describe(name)?.arn.clone();
                return Ok(TemplateReply::Version {
                    name: name.into(),
                    arn,
                    number,
                    is_default: set_as_default,
                });
            }
            TemplateCall::CreateProvisioningClaim { template, certificate } => {
                return self.create_claim(now, template, certificate);
            }
            TemplateCall::UpdateProvisioningTemplate { name, ref update } => {
                templates.update(now.wall, name, update)
            }
            TemplateCall::DeleteProvisioningTemplate { name } => templates.delete(name),
            TemplateCall::DeleteProvisioningTemplateVersion { name, version } => {
                templates.delete_version(name, version)
            }
        }
        .map(|()| TemplateReply::Done)
    }

    /// Answers a query, if the operation is not called more often than the profile allows.
    ///
    /// # Errors
    /// `Throttling`, and those of [`Templates::answer`].
    pub fn query(&mut self, now: Now, query: &TemplateQuery<'_>) -> Result<TemplateAnswer, ApiError> {
        self.registry.count_operation(now, query.operation())?;
        self.templates.answer(query)
    }

    fn create_claim(
        &mut self,
        now: Now,
        template: &str,
        certificate: Option<&X509Certificate>,
    ) -> Result<TemplateReply, ApiError> {
        // Before a certificate is made up, which uses up a number.
        for_claims(self.templates, template)?;
        let made_up;
        let certificate = match certificate {
            Some(certificate) => certificate,
            None => {
                made_up = self.registry.make_up_certificate();
                &made_up
            }
        };
        if self.registry.certificate_status(certificate.id).is_ok() {
            let message =
                format!("The certificate is already provisioned or registered. Id: {}", certificate.id);
            return Err(ApiError::new(Exception::ResourceAlreadyExists, message));
        }
        let account = self.registry.policies.account();
        let claim = self.claims.create(
            account,
            self.templates,
            template,
            certificate,
            now.wall,
            self.claim_seconds,
        )?;
        Ok(TemplateReply::Claim { claim, pem: certificate.pem.clone() })
    }
}
