//! Calls and queries that own what they are made with, and how they are read from the public API's JSON.

use serde_json::Value;

use super::call::TemplateCall;
use super::query::TemplateQuery;
use crate::api_error::ApiError;
use crate::provisioning::store::{NewHook, NewTemplate, TemplateUpdate};
use crate::registry::{Members, Page, invalid};
use crate::template::TemplateKind;

/// The operations on templates that change something, in the order of their names.
pub const TEMPLATE_CALLS: &[&str] = &[
    "CreateProvisioningClaim",
    "CreateProvisioningTemplate",
    "CreateProvisioningTemplateVersion",
    "DeleteProvisioningTemplate",
    "DeleteProvisioningTemplateVersion",
    "UpdateProvisioningTemplate",
];

/// The operations on templates that read something, in the order of their names.
pub const TEMPLATE_QUERIES: &[&str] = &[
    "DescribeProvisioningTemplate",
    "DescribeProvisioningTemplateVersion",
    "ListProvisioningTemplateVersions",
    "ListProvisioningTemplates",
];

type Text = Box<str>;

/// A [`TemplateCall`] that owns what it is made with, such as one that was read from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedTemplateCall {
    /// `templateName`, which every call has.
    name: Text,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Create(OwnedNew),
    CreateVersion { body: Text, set_as_default: bool },
    Update(OwnedUpdate),
    Delete,
    DeleteVersion { version: u32 },
    CreateClaim,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnedNew {
    description: Option<Text>,
    body: Text,
    enabled: bool,
    role_arn: Text,
    hook: Option<OwnedHook>,
    kind: TemplateKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnedUpdate {
    description: Option<Text>,
    enabled: Option<bool>,
    default_version: Option<u32>,
    role_arn: Option<Text>,
    hook: Option<OwnedHook>,
    remove_hook: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnedHook {
    payload_version: Option<Text>,
    target_arn: Text,
}

impl OwnedTemplateCall {
    /// A call from its operation and the members of its request.
    ///
    /// # Errors
    /// `InvalidRequest` that says what is allowed; `NotModelled`.
    pub fn read(operation: &str, parameters: &Value) -> Result<Self, ApiError> {
        if !TEMPLATE_CALLS.contains(&operation) {
            return Err(unknown(operation, TEMPLATE_CALLS));
        }
        let mut members = Members::of(operation, parameters)?;
        let name = members.need("templateName")?;
        let what = match operation {
            "CreateProvisioningTemplate" => What::Create(OwnedNew::read(&mut members)?),
            "CreateProvisioningTemplateVersion" => What::CreateVersion {
                body: members.need("templateBody")?,
                set_as_default: members.flag("setAsDefault")?,
            },
            "UpdateProvisioningTemplate" => What::Update(OwnedUpdate::read(&mut members)?),
            "DeleteProvisioningTemplate" => What::Delete,
            "DeleteProvisioningTemplateVersion" => {
                What::DeleteVersion { version: members.version("versionId")? }
            }
            _ => What::CreateClaim,
        };
        members.finish()?;
        Ok(Self { name, what })
    }

    /// The call, ready to be made.
    #[must_use]
    pub fn as_call(&self) -> TemplateCall<'_> {
        let name = &*self.name;
        match &self.what {
            What::Create(new) => TemplateCall::CreateProvisioningTemplate(new.borrowed(name)),
            &What::CreateVersion { ref body, set_as_default } => {
                TemplateCall::CreateProvisioningTemplateVersion { name, body, set_as_default }
            }
            What::Update(update) => {
                TemplateCall::UpdateProvisioningTemplate { name, update: update.borrowed() }
            }
            What::Delete => TemplateCall::DeleteProvisioningTemplate { name },
            &What::DeleteVersion { version } => {
                TemplateCall::DeleteProvisioningTemplateVersion { name, version }
            }
            What::CreateClaim => TemplateCall::CreateProvisioningClaim { template: name, certificate: None },
        }
    }
}

impl OwnedNew {
    fn read(members: &mut Members<'_>) -> Result<Self, ApiError> {
        members.not_modelled("tags")?;
        let kinds = [TemplateKind::Fleet, TemplateKind::Jitp];
        Ok(Self {
            description: members.owned("description")?,
            body: members.need("templateBody")?,
            enabled: members.flag("enabled")?,
            role_arn: members.need("provisioningRoleArn")?,
            hook: OwnedHook::read(members)?,
            kind: members.word("type", &kinds, TemplateKind::as_str)?.unwrap_or(TemplateKind::Fleet),
        })
    }

    fn borrowed<'a>(&'a self, name: &'a str) -> NewTemplate<'a> {
        NewTemplate {
            name,
            description: self.description.as_deref(),
            body: &self.body,
            enabled: self.enabled,
            role_arn: &self.role_arn,
            hook: self.hook.as_ref().map(OwnedHook::borrowed),
            kind: self.kind,
        }
    }
}

impl OwnedUpdate {
    fn read(members: &mut Members<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            description: members.owned("description")?,
            enabled: members.choice_of_flag("enabled")?,
            default_version: members.choice_of_version("defaultVersionId")?,
            role_arn: members.owned("provisioningRoleArn")?,
            hook: OwnedHook::read(members)?,
            remove_hook: members.flag("removePreProvisioningHook")?,
        })
    }

    fn borrowed(&self) -> TemplateUpdate<'_> {
        TemplateUpdate {
            description: self.description.as_deref(),
            enabled: self.enabled,
            default_version: self.default_version,
            role_arn: self.role_arn.as_deref(),
            hook: self.hook.as_ref().map(OwnedHook::borrowed),
            remove_hook: self.remove_hook,
        }
    }
}

impl OwnedHook {
    const NAME: &'static str = "preProvisioningHook";

    fn read(members: &mut Members<'_>) -> Result<Option<Self>, ApiError> {
        let Some(value) = members.value(Self::NAME) else { return Ok(None) };
        let mut members = Members::of(Self::NAME, value)?;
        let hook = Self {
            payload_version: members.owned("payloadVersion")?,
            target_arn: members.need("targetArn")?,
        };
        members.finish()?;
        Ok(Some(hook))
    }

    fn borrowed(&self) -> NewHook<'_> {
        NewHook { payload_version: self.payload_version.as_deref(), target_arn: &self.target_arn }
    }
}

/// A [`TemplateQuery`] that owns what it is made with, such as one that was read from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedTemplateQuery {
    operation: &'static str,
    /// `templateName`; empty for the list of all.
    name: Text,
    version: u32,
    max_results: Option<u32>,
    next_token: Option<Text>,
}

impl OwnedTemplateQuery {
    /// A query from its operation and the members of its request.
    ///
    /// # Errors
    /// `InvalidRequest` that says what is allowed.
    pub fn read(operation: &str, parameters: &Value) -> Result<Self, ApiError> {
        let known = TEMPLATE_QUERIES.iter().copied().find(|known| *known == operation);
        let operation = known.ok_or_else(|| unknown(operation, TEMPLATE_QUERIES))?;
        let mut members = Members::of(operation, parameters)?;
        let mut query =
            Self { operation, name: Text::default(), version: 0, max_results: None, next_token: None };
        if operation != "ListProvisioningTemplates" {
            query.name = members.need("templateName")?;
        }
        if operation == "DescribeProvisioningTemplateVersion" {
            query.version = members.version("versionId")?;
        }
        if operation.starts_with("List") {
            let size = members.number("maxResults")?;
            query.max_results = size.map(|size| u32::try_from(size).unwrap_or(u32::MAX));
            query.next_token = members.owned("nextToken")?;
        }
        members.finish()?;
        Ok(query)
    }

    /// The query, ready to be asked.
    #[must_use]
    pub fn as_query(&self) -> TemplateQuery<'_> {
        let name = &*self.name;
        let page = Page { max_results: self.max_results, next_token: self.next_token.as_deref() };
        match self.operation {
            "DescribeProvisioningTemplate" => TemplateQuery::DescribeProvisioningTemplate { name },
            "DescribeProvisioningTemplateVersion" => {
                TemplateQuery::DescribeProvisioningTemplateVersion { name, version: self.version }
            }
            "ListProvisioningTemplateVersions" => {
                TemplateQuery::ListProvisioningTemplateVersions { name, page }
            }
            // `read` knows no other operation than these and the next.
            _ => TemplateQuery::ListProvisioningTemplates { page },
        }
    }
}

fn unknown(operation: &str, known: &[&str]) -> ApiError {
    invalid(format!("there is no operation '{operation}'; there is {}", known.join(", ")))
}
