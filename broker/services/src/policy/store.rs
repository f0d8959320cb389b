//! The account's policies: named, with versions, attached to principals and groups (`state.md` 2.9, `broker.md` 7.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use slab::Slab;
use smallvec::SmallVec;

use super::arn::Account;
use super::document::Policy;
use super::error::PolicyErrorKind;
use super::rights::PolicyVersion;
use crate::api_error::{ApiError, Exception};
use crate::bounds::fits;

/// `broker.md` 7.2, not adjustable.
const MAX_VERSIONS: usize = 5;
/// `broker.md` 7.2, not adjustable: policies per certificate or Cognito identity.
pub const MAX_POLICIES_PER_PRINCIPAL: usize = 10;
/// `broker.md` 7.2: policies per thing group.
pub const MAX_POLICIES_PER_THING_GROUP: usize = 2;

/// A policy of the store. Valid as long as something is attached to it, since such a policy cannot be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyKey(u32);

/// What is attached to one principal or group, in the order of attaching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedPolicies(SmallVec<[PolicyKey; 2]>);

impl AttachedPolicies {
    /// The keys, in the order of attaching.
    pub fn keys(&self) -> impl Iterator<Item = PolicyKey> {
        self.0.iter().copied()
    }
}

#[derive(Clone, Debug)]
struct Named {
    name: Box<str>,
    /// By number, the lowest first; never empty.
    versions: SmallVec<[Arc<PolicyVersion>; 1]>,
    default: u32,
    /// Version numbers are not given twice.
    last: u32,
    attachments: u32,
}

impl Named {
    fn find(&self, number: u32) -> Result<usize, ApiError> {
        self.versions.iter().position(|version| version.number == number).ok_or_else(|| {
            let message = format!("policy {} has no version {number}", self.name);
            ApiError::new(Exception::ResourceNotFound, message)
        })
    }

    fn operative(&self) -> &Arc<PolicyVersion> {
        self.versions
            .iter()
            .find(|version| version.number == self.default)
            .expect("the default version cannot be deleted")
    }
}

/// All policies of an account.
#[derive(Clone, Debug, Default)]
pub struct PolicyStore {
    account: Account,
    policies: Slab<Named>,
    names: BTreeMap<Box<str>, PolicyKey>,
}

impl PolicyStore {
    /// A store without policies.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { account, ..Self::default() }
    }

    /// The account whose ARNs the policies mean.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// `CreatePolicy`: version 1, which is the default.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that is none, `MalformedPolicy`, `ResourceAlreadyExists`.
    pub fn create_policy(&mut self, name: &str, document: &str) -> Result<PolicyKey, ApiError> {
        validate_name(name)?;
        if self.names.contains_key(name) {
            let message = format!("Policy cannot be created - name already exists (name={name})");
            return Err(ApiError::new(Exception::ResourceAlreadyExists, message));
        }
        let first = self.version(name, 1, document)?;
        let index = self.policies.insert(Named {
            name: name.into(),
            versions: SmallVec::from_buf([first]),
            default: 1,
            last: 1,
            attachments: 0,
        });
        let key = PolicyKey(u32::try_from(index).expect("fewer than 2^32 policies"));
        self.names.insert(name.into(), key);
        Ok(key)
    }

    /// `CreatePolicyVersion`: the number of the new version.
    ///
    /// # Errors
    /// `ResourceNotFound`, `MalformedPolicy`, `VersionsLimitExceeded` for a sixth (check 151).
    pub fn create_policy_version(
        &mut self,
        name: &str,
        document: &str,
        set_as_default: bool,
    ) -> Result<u32, ApiError> {
        let key = self.find(name)?;
        let number = self.named(key).last + 1;
        let version = self.version(name, number, document)?;
        let named = self.named_mut(key);
        if named.versions.len() >= MAX_VERSIONS {
            let message = format!("policy {name} has {MAX_VERSIONS} versions already; delete one first");
            return Err(ApiError::new(Exception::VersionsLimitExceeded, message));
        }
        named.versions.push(version);
        named.last = number;
        if set_as_default {
            named.default = number;
        }
        Ok(number)
    }

    /// `SetDefaultPolicyVersion`: the version that counts from now on.
    ///
    /// # Errors
    /// `ResourceNotFound` for the policy or the version.
    pub fn set_default_policy_version(&mut self, name: &str, number: u32) -> Result<(), ApiError> {
        let key = self.find(name)?;
        let named = self.named_mut(key);
        named.find(number)?;
        named.default = number;
        Ok(())
    }

    /// `DeletePolicyVersion`.
    ///
    /// # Errors
    /// `ResourceNotFound`; `DeleteConflict` for the default version.
    pub fn delete_policy_version(&mut self, name: &str, number: u32) -> Result<(), ApiError> {
        let key = self.find(name)?;
        let named = self.named_mut(key);
        let index = named.find(number)?;
        if number == named.default {
            let message = format!("version {number} of policy {name} is its default version");
            return Err(ApiError::new(Exception::DeleteConflict, message));
        }
        named.versions.remove(index);
        Ok(())
    }

    /// `DeletePolicy`.
    ///
    /// # Errors
    /// `ResourceNotFound`; `DeleteConflict` while it is attached or has another version than the default.
    pub fn delete_policy(&mut self, name: &str) -> Result<(), ApiError> {
        let key = self.find(name)?;
        let named = self.named(key);
        if named.attachments > 0 {
            let message = format!(
                "The policy cannot be deleted as the policy is attached to one or more principals (name={name})"
            );
            return Err(ApiError::new(Exception::DeleteConflict, message));
        }
        if named.versions.len() > 1 {
            let message = format!("policy {name} has versions beside its default; delete them first");
            return Err(ApiError::new(Exception::DeleteConflict, message));
        }
        self.policies.remove(key.0 as usize);
        self.names.remove(name);
        Ok(())
    }

    /// `AttachPolicy` to what has `attached` so far and may have `most`. Attaching again changes nothing.
    ///
    /// # Errors
    /// `ResourceNotFound`, `LimitExceeded`.
    pub fn attach_policy(
        &mut self,
        name: &str,
        attached: &mut AttachedPolicies,
        most: usize,
    ) -> Result<(), ApiError> {
        let key = self.find(name)?;
        if attached.0.contains(&key) {
            return Ok(());
        }
        if attached.0.len() >= most {
            let message = format!("the target has {most} policies already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        attached.0.push(key);
        self.named_mut(key).attachments += 1;
        Ok(())
    }

    /// `DetachPolicy`. One that is not attached is no error; what the service says then is not documented.
    ///
    /// # Errors
    /// `ResourceNotFound` if there is no such policy.
    pub fn detach_policy(&mut self, name: &str, attached: &mut AttachedPolicies) -> Result<(), ApiError> {
        let key = self.find(name)?;
        if let Some(index) = attached.0.iter().position(|held| *held == key) {
            attached.0.remove(index);
            self.named_mut(key).attachments -= 1;
        }
        Ok(())
    }

    /// Detaches everything from what is about to be deleted.
    pub(crate) fn detach_all(&mut self, attached: &mut AttachedPolicies) {
        for key in attached.0.drain(..) {
            self.policies[key.0 as usize].attachments -= 1;
        }
    }

    /// `GetPolicy`: the number and the text of the default version.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn get_policy(&self, name: &str) -> Result<(u32, &str), ApiError> {
        let version = self.named(self.find(name)?).operative();
        Ok((version.number, &version.document))
    }

    /// The default version of every attached policy: what counts now.
    pub fn operative<'s>(
        &'s self,
        attached: &'s AttachedPolicies,
    ) -> impl Iterator<Item = &'s Arc<PolicyVersion>> {
        attached.0.iter().map(|key| self.named(*key).operative())
    }

    fn version(&self, name: &str, number: u32, document: &str) -> Result<Arc<PolicyVersion>, ApiError> {
        let policy = Policy::parse(document, &self.account).map_err(|error| {
            let exception = match error.kind() {
                PolicyErrorKind::Malformed => Exception::MalformedPolicy,
                PolicyErrorKind::NotModelled => Exception::NotModelled,
            };
            ApiError::new(exception, format!("{}: {}", error.place(), error.message()))
        })?;
        Ok(Arc::new(PolicyVersion { name: name.into(), number, document: document.into(), policy }))
    }

    fn find(&self, name: &str) -> Result<PolicyKey, ApiError> {
        self.names.get(name).copied().ok_or_else(|| {
            ApiError::new(Exception::ResourceNotFound, format!("Policy not found (name={name})"))
        })
    }

    fn named(&self, key: PolicyKey) -> &Named {
        &self.policies[key.0 as usize]
    }

    fn named_mut(&mut self, key: PolicyKey) -> &mut Named {
        &mut self.policies[key.0 as usize]
    }
}

/// `broker.md` 9.1: `[\w+=,.@-]{1,128}`.
fn validate_name(name: &str) -> Result<(), ApiError> {
    if fits(name, 1..=128, b"_+=,.@-") {
        return Ok(());
    }
    let message = format!("policy name {name:?}: 1 to 128 letters, digits and _+=,.@- are allowed");
    Err(ApiError::new(Exception::InvalidRequest, message))
}
