//! Calls that change templates or make claims, and what they are answered with.

use super::super::claim::ProvisioningClaim;
use super::super::store::{NewTemplate, TemplateUpdate};
use crate::registry::X509Certificate;

/// One call about provisioning templates that changes the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateCall<'a> {
    /// `CreateProvisioningTemplate`.
    CreateProvisioningTemplate(NewTemplate<'a>),
    /// `CreateProvisioningTemplateVersion`.
    CreateProvisioningTemplateVersion {
        /// Name of the template.
        name: &'a str,
        /// JSON text.
        body: &'a str,
        /// Whether the version counts from now on.
        set_as_default: bool,
    },
    /// `UpdateProvisioningTemplate`.
    UpdateProvisioningTemplate {
        /// Name.
        name: &'a str,
        /// What changes.
        update: TemplateUpdate<'a>,
    },
    /// `DeleteProvisioningTemplate`.
    DeleteProvisioningTemplate {
        /// Name.
        name: &'a str,
    },
    /// `DeleteProvisioningTemplateVersion`.
    DeleteProvisioningTemplateVersion {
        /// Name of the template.
        name: &'a str,
        /// Number of the version.
        version: u32,
    },
    /// `CreateProvisioningClaim`.
    CreateProvisioningClaim {
        /// Name of the template.
        template: &'a str,
        /// What was issued; without it the registry makes up its fields.
        certificate: Option<&'a X509Certificate>,
    },
}

impl TemplateCall<'_> {
    /// The operation as the API spells it.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::CreateProvisioningTemplate(_) => "CreateProvisioningTemplate",
            Self::CreateProvisioningTemplateVersion { .. } => "CreateProvisioningTemplateVersion",
            Self::UpdateProvisioningTemplate { .. } => "UpdateProvisioningTemplate",
            Self::DeleteProvisioningTemplate { .. } => "DeleteProvisioningTemplate",
            Self::DeleteProvisioningTemplateVersion { .. } => "DeleteProvisioningTemplateVersion",
            Self::CreateProvisioningClaim { .. } => "CreateProvisioningClaim",
        }
    }
}

/// The answer to a call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateReply {
    /// Nothing but success.
    Done,
    /// `CreateProvisioningTemplate`.
    Made {
        /// Its name.
        name: Box<str>,
        /// Its ARN.
        arn: Box<str>,
        /// The number of the version that counts.
        default_version: u32,
    },
    /// `CreateProvisioningTemplateVersion`.
    Version {
        /// Name of the template.
        name: Box<str>,
        /// Its ARN.
        arn: Box<str>,
        /// The version's number.
        number: u32,
        /// Whether it is the one that counts.
        is_default: bool,
    },
    /// `CreateProvisioningClaim`.
    Claim {
        /// The certificate, and its end.
        claim: ProvisioningClaim,
        /// Its PEM text, if somebody has made one.
        pem: Option<Box<str>>,
    },
}
