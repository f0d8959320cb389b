//! Cognito identities, as far as policies are attached to them (`broker.md` 8.5).

use super::Registry;
use crate::api_error::ApiError;
use crate::policy::{AttachedPolicies, MAX_POLICIES_PER_PRINCIPAL, Rights};
use crate::records::Named;

#[derive(Clone, Debug)]
pub(super) struct CognitoIdentity {
    id: Box<str>,
    attached: AttachedPolicies,
}

impl Named for CognitoIdentity {
    type Name = str;

    fn name(&self) -> &str {
        &self.id
    }
}

impl Registry {
    /// `AttachPolicy` to a Cognito identity, which the account need not have seen before: the pool knows it, not the
    /// registry.
    ///
    /// # Errors
    /// `ResourceNotFound` for the policy; `LimitExceeded`.
    pub fn attach_policy_to_cognito_identity(&mut self, policy: &str, id: &str) -> Result<(), ApiError> {
        let key = self.cognito_identities.find(id);
        let mut attached = key
            .and_then(|key| self.cognito_identities.get(key))
            .map(|held| held.attached.clone())
            .unwrap_or_default();
        self.policies.attach_policy(policy, &mut attached, MAX_POLICIES_PER_PRINCIPAL)?;
        match key.and_then(|key| self.cognito_identities.get_mut(key)) {
            Some(held) => held.attached = attached,
            None => {
                self.cognito_identities.insert(CognitoIdentity { id: id.into(), attached });
            }
        }
        Ok(())
    }

    /// `DetachPolicy` from a Cognito identity.
    ///
    /// # Errors
    /// `ResourceNotFound` for the policy.
    pub fn detach_policy_from_cognito_identity(&mut self, policy: &str, id: &str) -> Result<(), ApiError> {
        let Self { policies, cognito_identities, .. } = self;
        match cognito_identities.find(id).and_then(|key| cognito_identities.get_mut(key)) {
            Some(held) => policies.detach_policy(policy, &mut held.attached),
            None => policies.get_policy(policy).map(|_| ()),
        }
    }

    /// The policies that are attached to a Cognito identity, which nobody else's add to.
    #[must_use]
    pub fn cognito_rights(&self, id: &str) -> Rights {
        let held = self.cognito_identities.find(id).and_then(|key| self.cognito_identities.get(key));
        let own = held.into_iter().flat_map(|held| self.policies.operative(&held.attached)).cloned();
        Rights::new(own.collect(), Vec::new())
    }
}
