//! Temporary claim certificates, which a trusted user gets for a device (`state.md` 3.4).
//!
//! Claim certificates of the ordinary kind are certificates of the registry with a narrow policy. These are not in the
//! registry: nobody lists them, they live for minutes, and what they may do is fixed by their template.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use squall_types::{CertificateId, WallTime};

use super::store::Templates;
use crate::api_error::{ApiError, Exception};
use crate::policy::{Account, CertificateFacts, Policy, PolicyVersion, ResourceKind, Rights};
use crate::registry::X509Certificate;
use crate::template::TemplateKind;

const SECOND: u64 = 1_000_000_000;

/// What `CreateProvisioningClaim` answers with, beside the PEM texts that whoever made the certificate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvisioningClaim {
    /// `certificateId`.
    pub certificate: CertificateId,
    /// `expiration`.
    pub expiration: WallTime,
}

/// A temporary claim certificate that may connect.
#[derive(Clone, Copy, Debug)]
pub struct ClaimAccess<'c> {
    /// The template that it is for.
    pub template: &'c str,
    /// What policies can ask of it.
    pub facts: &'c CertificateFacts,
    policy: &'c Arc<PolicyVersion>,
}

impl ClaimAccess<'_> {
    /// What it may do: connect, and talk to the topics of creating a certificate and of its template.
    #[must_use]
    pub fn rights(&self) -> Rights {
        Rights::new(core::iter::once(Arc::clone(self.policy)).collect(), Vec::new())
    }
}

/// The temporary claim certificates of an account.
#[derive(Clone, Debug, Default)]
pub struct ProvisioningClaims {
    claims: BTreeMap<CertificateId, Claim>,
    /// In the order of creation, which is that of their ends.
    ends: VecDeque<(WallTime, CertificateId)>,
}

#[derive(Clone, Debug)]
struct Claim {
    template: Box<str>,
    facts: CertificateFacts,
    policy: Arc<PolicyVersion>,
    expiration: WallTime,
}

impl ProvisioningClaims {
    /// `CreateProvisioningClaim`, once its certificate is made. It is good for `seconds`, whatever the certificate says.
    ///
    /// # Errors
    /// `ResourceNotFound` for the template; `InvalidRequest` if it is none of fleet provisioning or not enabled;
    /// `ResourceAlreadyExists` for a certificate that is a claim already.
    pub fn create(
        &mut self,
        account: &Account,
        templates: &Templates,
        template: &str,
        certificate: &X509Certificate,
        now: WallTime,
        seconds: u32,
    ) -> Result<ProvisioningClaim, ApiError> {
        for_claims(templates, template)?;
        if self.claims.contains_key(&certificate.id) {
            let message = format!("the certificate is a provisioning claim already. Id: {}", certificate.id);
            return Err(ApiError::new(Exception::ResourceAlreadyExists, message));
        }
        let expiration = now.plus_nanos(u64::from(seconds) * SECOND);
        let policy = Arc::new(claim_policy(account, template)?);
        let claim = Claim { template: template.into(), facts: certificate.facts.clone(), policy, expiration };
        self.claims.insert(certificate.id, claim);
        self.ends.push_back((expiration, certificate.id));
        Ok(ProvisioningClaim { certificate: certificate.id, expiration })
    }

    /// Whether a certificate is a temporary claim that may connect now, and what it may do.
    #[must_use]
    pub fn access(&self, certificate: CertificateId, now: WallTime) -> Option<ClaimAccess<'_>> {
        let claim = self.claims.get(&certificate).filter(|claim| now <= claim.expiration)?;
        Some(ClaimAccess { template: &claim.template, facts: &claim.facts, policy: &claim.policy })
    }

    /// Forgets those that can no longer connect; connections that stand keep the rights that they have.
    pub fn expire(&mut self, now: WallTime) {
        while let Some((_, certificate)) = self.ends.pop_front_if(|(end, _)| *end < now) {
            self.claims.remove(&certificate);
        }
    }

    /// When the first of them ends.
    #[must_use]
    pub fn next_end(&self) -> Option<WallTime> {
        self.ends.front().map(|(end, _)| *end)
    }
}

/// Whether there may be claims for a template.
///
/// # Errors
/// `ResourceNotFound`; `InvalidRequest` if it is none of fleet provisioning or not enabled.
pub(super) fn for_claims(templates: &Templates, template: &str) -> Result<(), ApiError> {
    let held = templates.describe(template)?;
    if held.kind == TemplateKind::Fleet && held.enabled {
        return Ok(());
    }
    let message = format!("provisioning template {template} is not an enabled one of fleet provisioning");
    Err(ApiError::new(Exception::InvalidRequest, message))
}

/// The smallest policy that provisioning needs (`state.md` 3.5), with the topics of signing requests.
#[must_use]
pub fn minimal_claim_policy(account: &Account, template: &str) -> String {
    let topics = [
        "$aws/certificates/create/*".to_owned(),
        "$aws/certificates/create-from-csr/*".to_owned(),
        format!("$aws/provisioning-templates/{template}/provision/*"),
    ];
    let arns = |kind| topics.iter().map(|topic| format!("{}{topic}", account.head(kind))).collect::<Vec<_>>();
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["iot:Publish", "iot:Receive"],
                "Resource": arns(ResourceKind::Topic),
            },
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arns(ResourceKind::TopicFilter)},
        ],
    })
    .to_string()
}

fn claim_policy(account: &Account, template: &str) -> Result<PolicyVersion, ApiError> {
    let document = minimal_claim_policy(account, template);
    let policy = Policy::parse(&document, account)
        .map_err(|error| ApiError::new(Exception::InternalFailure, error.to_string()))?;
    let name = format!("provisioning-claim-{template}").into();
    Ok(PolicyVersion { name, number: 1, document: document.into(), policy })
}
