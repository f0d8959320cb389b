//! Queries about templates, and what they are answered with.

use squall_types::WallTime;

use super::super::store::{ProvisioningHook, ProvisioningTemplate, TemplateVersion, Templates};
use crate::api_error::ApiError;
use crate::registry::{Listed, MAX_RESULTS, Page, part};
use crate::template::TemplateKind;

/// One call about provisioning templates that reads the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateQuery<'a> {
    /// `DescribeProvisioningTemplate`.
    DescribeProvisioningTemplate {
        /// Name.
        name: &'a str,
    },
    /// `DescribeProvisioningTemplateVersion`.
    DescribeProvisioningTemplateVersion {
        /// Name of the template.
        name: &'a str,
        /// Number of the version.
        version: u32,
    },
    /// `ListProvisioningTemplates`: in the order of their names.
    ListProvisioningTemplates {
        /// Which part.
        page: Page<'a>,
    },
    /// `ListProvisioningTemplateVersions`: in the order of their numbers.
    ListProvisioningTemplateVersions {
        /// Name of the template.
        name: &'a str,
        /// Which part.
        page: Page<'a>,
    },
}

impl TemplateQuery<'_> {
    /// The operation as the API spells it.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::DescribeProvisioningTemplate { .. } => "DescribeProvisioningTemplate",
            Self::DescribeProvisioningTemplateVersion { .. } => "DescribeProvisioningTemplateVersion",
            Self::ListProvisioningTemplates { .. } => "ListProvisioningTemplates",
            Self::ListProvisioningTemplateVersions { .. } => "ListProvisioningTemplateVersions",
        }
    }
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateAnswer {
    /// `DescribeProvisioningTemplate`.
    Template(Box<TemplateDescription>),
    /// `DescribeProvisioningTemplateVersion`.
    Version(Box<TemplateVersionDescription>),
    /// `ListProvisioningTemplates`.
    Templates(Listed<TemplateSummary>),
    /// `ListProvisioningTemplateVersions`.
    Versions(Listed<TemplateVersionSummary>),
}

/// What a list says of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSummary {
    /// `templateName`.
    pub name: Box<str>,
    /// `templateArn`.
    pub arn: Box<str>,
    /// `description`.
    pub description: Box<str>,
    /// `creationDate`.
    pub created: WallTime,
    /// `lastModifiedDate`.
    pub modified: WallTime,
    /// `enabled`.
    pub enabled: bool,
    /// `type`.
    pub kind: TemplateKind,
}

/// What is said of one template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDescription {
    /// What a list says as well.
    pub summary: TemplateSummary,
    /// `defaultVersionId`.
    pub default_version: u32,
    /// `templateBody` of that version.
    pub body: Box<str>,
    /// `provisioningRoleArn`.
    pub role_arn: Box<str>,
    /// `preProvisioningHook`.
    pub hook: Option<ProvisioningHook>,
}

/// What a list says of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateVersionSummary {
    /// `versionId`.
    pub number: u32,
    /// `creationDate`.
    pub created: WallTime,
    /// `isDefaultVersion`.
    pub is_default: bool,
}

/// What is said of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVersionDescription {
    /// What a list says as well.
    pub summary: TemplateVersionSummary,
    /// `templateBody`.
    pub body: Box<str>,
}

impl Templates {
    /// Answers a query, with no regard to rates.
    ///
    /// # Errors
    /// `ResourceNotFound`; `InvalidRequest` for a page that is none.
    pub fn answer(&self, query: &TemplateQuery<'_>) -> Result<TemplateAnswer, ApiError> {
        Ok(match *query {
            TemplateQuery::DescribeProvisioningTemplate { name } => {
                TemplateAnswer::Template(Box::new(description(self.describe(name)?)))
            }
            TemplateQuery::DescribeProvisioningTemplateVersion { name, version } => {
                let held = self.describe(name)?;
                let version = held.version(version)?;
                let (summary, body) = (version_summary(held, version), version.body.clone());
                TemplateAnswer::Version(Box::new(TemplateVersionDescription { summary, body }))
            }
            TemplateQuery::ListProvisioningTemplates { page } => {
                let most = page.max_results.unwrap_or(MAX_RESULTS) as usize;
                let (held, next_token) = self.list(most, page.next_token)?;
                let items = held.into_iter().map(summary).collect();
                TemplateAnswer::Templates(Listed { items, next_token: next_token.map(Into::into) })
            }
            TemplateQuery::ListProvisioningTemplateVersions { name, page } => {
                let (held, (from, most)) = (self.describe(name)?, page.bounds()?);
                let found = held.versions().iter().filter(|version| version.number >= from);
                let found = found.map(|version| (version.number, version_summary(held, version)));
                TemplateAnswer::Versions(part(found, most))
            }
        })
    }
}

fn summary(held: &ProvisioningTemplate) -> TemplateSummary {
    TemplateSummary {
        name: held.name.clone(),
        arn: held.arn.clone(),
        description: held.description.clone(),
        created: held.created,
        modified: held.modified,
        enabled: held.enabled,
        kind: held.kind,
    }
}

fn description(held: &ProvisioningTemplate) -> TemplateDescription {
    let version = held.default_version();
    TemplateDescription {
        summary: summary(held),
        default_version: version.number,
        body: version.body.clone(),
        role_arn: held.role_arn.clone(),
        hook: held.hook.clone(),
    }
}

fn version_summary(held: &ProvisioningTemplate, version: &TemplateVersion) -> TemplateVersionSummary {
    let is_default = held.default_version().number == version.number;
    TemplateVersionSummary { number: version.number, created: version.created, is_default }
}
