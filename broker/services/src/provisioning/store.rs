//! The account's provisioning templates and their versions (`state.md` 3.7).

use std::collections::BTreeMap;
use std::sync::Arc;

use squall_types::WallTime;

use crate::api_error::{ApiError, Exception};
use crate::bounds::fits;
use crate::policy::{Account, ResourceKind};
use crate::template::{Template, TemplateKind};

/// Not adjustable.
pub const MAX_TEMPLATES: usize = 256;
/// Not adjustable.
pub const MAX_TEMPLATE_VERSIONS: usize = 5;
/// The only payload that a hook is sent.
pub const HOOK_PAYLOAD_VERSION: &str = "2020-04-01";

const MAX_DESCRIPTION_CHARACTERS: usize = 500;
const ROLE_ARN_LENGTHS: core::ops::RangeInclusive<usize> = 20..=2_048;
const MAX_PAGE: usize = 250;

/// A Lambda function that decides about each device before it is provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningHook {
    /// Its ARN.
    pub target_arn: Box<str>,
}

/// The fields of `CreateProvisioningTemplate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTemplate<'a> {
    /// `templateName`.
    pub name: &'a str,
    /// `description`.
    pub description: Option<&'a str>,
    /// `templateBody`.
    pub body: &'a str,
    /// `enabled`.
    pub enabled: bool,
    /// `provisioningRoleArn`.
    pub role_arn: &'a str,
    /// `preProvisioningHook`.
    pub hook: Option<NewHook<'a>>,
    /// `type`.
    pub kind: TemplateKind,
}

/// A hook as a caller gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewHook<'a> {
    /// `payloadVersion`; nothing given is the only one that there is.
    pub payload_version: Option<&'a str>,
    /// `targetArn`.
    pub target_arn: &'a str,
}

/// The fields of `UpdateProvisioningTemplate`; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemplateUpdate<'a> {
    /// `description`.
    pub description: Option<&'a str>,
    /// `enabled`.
    pub enabled: Option<bool>,
    /// `defaultVersionId`.
    pub default_version: Option<u32>,
    /// `provisioningRoleArn`.
    pub role_arn: Option<&'a str>,
    /// `preProvisioningHook`.
    pub hook: Option<NewHook<'a>>,
    /// `removePreProvisioningHook`.
    pub remove_hook: bool,
}

/// A version of a template.
#[derive(Clone, Debug)]
pub struct TemplateVersion {
    /// `versionId`.
    pub number: u32,
    /// `creationDate`.
    pub created: WallTime,
    /// `templateBody`.
    pub body: Box<str>,
    /// The same, checked.
    pub template: Arc<Template>,
}

/// A template of the account: what `DescribeProvisioningTemplate` shows.
#[derive(Clone, Debug)]
pub struct ProvisioningTemplate {
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
    /// `provisioningRoleArn`.
    pub role_arn: Box<str>,
    /// `preProvisioningHook`.
    pub hook: Option<ProvisioningHook>,
    /// `type`.
    pub kind: TemplateKind,
    /// By number, the lowest first; never empty.
    versions: Vec<TemplateVersion>,
    default: u32,
    /// Version numbers are not given twice.
    last: u32,
}

impl ProvisioningTemplate {
    /// The version that counts.
    #[must_use]
    pub fn default_version(&self) -> &TemplateVersion {
        self.versions
            .iter()
            .find(|version| version.number == self.default)
            .expect("the default version cannot be deleted")
    }

    /// All versions, the oldest first (`ListProvisioningTemplateVersions`).
    #[must_use]
    pub fn versions(&self) -> &[TemplateVersion] {
        &self.versions
    }

    /// One version (`DescribeProvisioningTemplateVersion`).
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn version(&self, number: u32) -> Result<&TemplateVersion, ApiError> {
        self.versions.iter().find(|version| version.number == number).ok_or_else(|| {
            let message = format!("provisioning template {} has no version {number}", self.name);
            ApiError::new(Exception::ResourceNotFound, message)
        })
    }
}

/// All provisioning templates of an account.
#[derive(Clone, Debug)]
pub struct Templates {
    arn_head: Box<str>,
    by_name: BTreeMap<Box<str>, ProvisioningTemplate>,
}

impl Default for Templates {
    fn default() -> Self {
        Self::new(&Account::default())
    }
}

impl Templates {
    /// No template.
    #[must_use]
    pub fn new(account: &Account) -> Self {
        let things = account.head(ResourceKind::Thing);
        let head = things.strip_suffix("thing/").unwrap_or(things);
        Self { arn_head: format!("{head}provisioningtemplate/").into(), by_name: BTreeMap::new() }
    }

    /// `CreateProvisioningTemplate`: version 1, which is the default.
    ///
    /// # Errors
    /// `InvalidRequest` for a field out of bounds or a body that is no template; `ResourceAlreadyExists`;
    /// `LimitExceeded` for a 257th (check 92).
    pub fn create(
        &mut self,
        now: WallTime,
        new: &NewTemplate<'_>,
    ) -> Result<&ProvisioningTemplate, ApiError> {
        validate_name(new.name)?;
        validate_description(new.description.unwrap_or_default())?;
        validate_role(new.role_arn)?;
        if new.kind == TemplateKind::RegisterThing {
            return Err(invalid("type: FLEET_PROVISIONING and JITP are allowed"));
        }
        let hook = new.hook.map(|hook| checked_hook(hook, new.kind)).transpose()?;
        let template = Arc::new(Template::parse(new.body, new.kind)?);
        if self.by_name.contains_key(new.name) {
            let message = format!("provisioning template {} exists already", new.name);
            return Err(ApiError::new(Exception::ResourceAlreadyExists, message));
        }
        if self.by_name.len() >= MAX_TEMPLATES {
            let message = format!("the account has {MAX_TEMPLATES} provisioning templates already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        let first = TemplateVersion { number: 1, created: now, body: new.body.into(), template };
        let made = ProvisioningTemplate {
            name: new.name.into(),
            arn: format!("{}{}", self.arn_head, new.name).into(),
            description: new.description.unwrap_or_default().into(),
            created: now,
            modified: now,
            enabled: new.enabled,
            role_arn: new.role_arn.into(),
            hook,
            kind: new.kind,
            versions: vec![first],
            default: 1,
            last: 1,
        };
        Ok(self.by_name.entry(new.name.into()).or_insert(made))
    }

    /// `CreateProvisioningTemplateVersion`: the number of the new version.
    ///
    /// # Errors
    /// `ResourceNotFound`; `InvalidRequest` for a body that is no template; `VersionsLimitExceeded` for a sixth
    /// (check 92).
    pub fn create_version(
        &mut self,
        now: WallTime,
        name: &str,
        body: &str,
        set_as_default: bool,
    ) -> Result<u32, ApiError> {
        let held = self.held(name)?;
        let template = Arc::new(Template::parse(body, held.kind)?);
        if held.versions.len() >= MAX_TEMPLATE_VERSIONS {
            let message = format!(
                "provisioning template {name} has {MAX_TEMPLATE_VERSIONS} versions already; delete one first"
            );
            return Err(ApiError::new(Exception::VersionsLimitExceeded, message));
        }
        held.last += 1;
        held.versions.push(TemplateVersion { number: held.last, created: now, body: body.into(), template });
        held.modified = now;
        if set_as_default {
            held.default = held.last;
        }
        Ok(held.last)
    }

    /// `UpdateProvisioningTemplate`.
    ///
    /// # Errors
    /// `ResourceNotFound` for the template or the version; `InvalidRequest`. Nothing is changed then.
    pub fn update(&mut self, now: WallTime, name: &str, update: &TemplateUpdate<'_>) -> Result<(), ApiError> {
        let held = self.held(name)?;
        update.description.map_or(Ok(()), validate_description)?;
        update.role_arn.map_or(Ok(()), validate_role)?;
        update.default_version.map_or(Ok(()), |number| held.version(number).map(|_| ()))?;
        let hook = update.hook.map(|hook| checked_hook(hook, held.kind)).transpose()?;
        if hook.is_some() && update.remove_hook {
            return Err(invalid("preProvisioningHook and removePreProvisioningHook exclude each other"));
        }
        if let Some(description) = update.description {
            held.description = description.into();
        }
        if let Some(role_arn) = update.role_arn {
            held.role_arn = role_arn.into();
        }
        if hook.is_some() || update.remove_hook {
            held.hook = hook;
        }
        held.enabled = update.enabled.unwrap_or(held.enabled);
        held.default = update.default_version.unwrap_or(held.default);
        held.modified = now;
        Ok(())
    }

    /// `DeleteProvisioningTemplate`, with all its versions.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn delete(&mut self, name: &str) -> Result<(), ApiError> {
        self.by_name.remove(name).map(|_| ()).ok_or_else(|| not_found(name))
    }

    /// `DeleteProvisioningTemplateVersion`.
    ///
    /// # Errors
    /// `ResourceNotFound`; `DeleteConflict` for the default version.
    pub fn delete_version(&mut self, name: &str, number: u32) -> Result<(), ApiError> {
        let held = self.held(name)?;
        held.version(number)?;
        if number == held.default {
            let message = format!("version {number} of provisioning template {name} is its default version");
            return Err(ApiError::new(Exception::DeleteConflict, message));
        }
        held.versions.retain(|version| version.number != number);
        Ok(())
    }

    /// `DescribeProvisioningTemplate`.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn describe(&self, name: &str) -> Result<&ProvisioningTemplate, ApiError> {
        self.by_name.get(name).ok_or_else(|| not_found(name))
    }

    /// `ListProvisioningTemplates`: in the order of their names, behind the one that `next_token` names. The second
    /// value is the token for what comes then, if anything does.
    ///
    /// # Errors
    /// `InvalidRequest` for a page of less than 1 or more than 250.
    pub fn list(
        &self,
        max_results: usize,
        next_token: Option<&str>,
    ) -> Result<(Vec<&ProvisioningTemplate>, Option<&str>), ApiError> {
        if !(1..=MAX_PAGE).contains(&max_results) {
            return Err(invalid(format!("maxResults: 1 to {MAX_PAGE} are allowed, {max_results} is given")));
        }
        let behind = |held: &&ProvisioningTemplate| next_token.is_none_or(|token| *held.name > *token);
        let mut rest = self.by_name.values().filter(behind);
        let page: Vec<_> = rest.by_ref().take(max_results).collect();
        let token = rest.next().and_then(|_| page.last()).map(|last| &*last.name);
        Ok((page, token))
    }

    fn held(&mut self, name: &str) -> Result<&mut ProvisioningTemplate, ApiError> {
        self.by_name.get_mut(name).ok_or_else(|| not_found(name))
    }
}

fn not_found(name: &str) -> ApiError {
    ApiError::new(Exception::ResourceNotFound, format!("provisioning template {name} not found"))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(Exception::InvalidRequest, message)
}

fn validate_name(name: &str) -> Result<(), ApiError> {
    if fits(name, 1..=36, b"_-") {
        return Ok(());
    }
    Err(invalid(format!("templateName {name:?}: 1 to 36 letters, digits and _- are allowed")))
}

fn validate_description(text: &str) -> Result<(), ApiError> {
    let found = text.chars().count();
    if found <= MAX_DESCRIPTION_CHARACTERS {
        return Ok(());
    }
    Err(invalid(format!(
        "description: at most {MAX_DESCRIPTION_CHARACTERS} characters are allowed, {found} are given"
    )))
}

fn validate_role(arn: &str) -> Result<(), ApiError> {
    if ROLE_ARN_LENGTHS.contains(&arn.len()) && arn.starts_with("arn:") {
        return Ok(());
    }
    Err(invalid(format!(
        "provisioningRoleArn {arn:?}: the ARN of a role with 20 to 2,048 characters is expected"
    )))
}

fn checked_hook(hook: NewHook<'_>, kind: TemplateKind) -> Result<ProvisioningHook, ApiError> {
    if kind != TemplateKind::Fleet {
        // Just-in-time provisioning never calls one; what the service says is not documented.
        return Err(invalid("preProvisioningHook: only templates of type FLEET_PROVISIONING have one"));
    }
    let version = hook.payload_version.unwrap_or(HOOK_PAYLOAD_VERSION);
    if version != HOOK_PAYLOAD_VERSION {
        return Err(invalid(format!("payloadVersion {version:?}: {HOOK_PAYLOAD_VERSION} is the only one")));
    }
    if hook.target_arn.is_empty() || hook.target_arn.len() > 2_048 {
        return Err(invalid("targetArn: 1 to 2,048 characters are allowed"));
    }
    Ok(ProvisioningHook { target_arn: hook.target_arn.into() })
}
