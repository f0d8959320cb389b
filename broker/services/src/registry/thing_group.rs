//! Static thing groups: a hierarchy that policies are attached to (`state.md` 2.4).

use super::{Registry, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::policy::{AttachedPolicies, MAX_POLICIES_PER_THING_GROUP};

/// `state.md` 2.4.
const MAX_DEPTH: usize = 7;
const MAX_CHILDREN: usize = 100;
const MAX_GROUPS_PER_THING: usize = 10;

#[derive(Clone, Debug)]
pub(super) struct ThingGroup {
    pub(super) parent: Option<Box<str>>,
    pub(super) attached: AttachedPolicies,
}

impl Registry {
    /// `CreateThingGroup`. The same group again is no error.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that is none; `ResourceNotFound` for the parent; `ResourceAlreadyExists` for the same
    /// name elsewhere in the hierarchy; `LimitExceeded` for an eighth level or a 101st child.
    pub fn create_thing_group(&mut self, name: &str, parent: Option<&str>) -> Result<(), ApiError> {
        validate_name("thing group", name)?;
        if let Some(held) = self.groups.get(name) {
            return match held.parent.as_deref() == parent {
                true => Ok(()),
                false => {
                    let message = format!(
                        "Thing Group {name} already exists in current account with different properties"
                    );
                    Err(ApiError::new(Exception::ResourceAlreadyExists, message))
                }
            };
        }
        if let Some(parent) = parent {
            if !self.groups.contains_key(parent) {
                return Err(not_found("thing group", parent));
            }
            let siblings =
                self.groups.values().filter(|group| group.parent.as_deref() == Some(parent)).count();
            if self.ancestry(parent).count() >= MAX_DEPTH || siblings >= MAX_CHILDREN {
                let message =
                    format!("at most {MAX_DEPTH} levels and {MAX_CHILDREN} children a group are allowed");
                return Err(ApiError::new(Exception::LimitExceeded, message));
            }
        }
        let group = ThingGroup { parent: parent.map(Into::into), attached: AttachedPolicies::default() };
        self.groups.insert(name.into(), group);
        Ok(())
    }

    /// `AddThingToThingGroup`. A thing that is in it already is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the thing; `InvalidRequest` if it is in another group of the same hierarchy;
    /// `LimitExceeded` for an eleventh group.
    pub fn add_thing_to_thing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        if !self.groups.contains_key(group) {
            return Err(not_found("thing group", group));
        }
        let held = self.things.get(thing).ok_or_else(|| not_found("thing", thing))?;
        if held.groups.iter().any(|name| **name == *group) {
            return Ok(());
        }
        let root = self.root(group);
        if let Some(other) = held.groups.iter().find(|other| self.root(other) == root) {
            return Err(invalid(format!("thing {thing} is in group {other} of the same hierarchy already")));
        }
        if held.groups.len() >= MAX_GROUPS_PER_THING {
            let message = format!("thing {thing} is in {MAX_GROUPS_PER_THING} groups already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        if let Some(held) = self.things.get_mut(thing) {
            held.groups.push(group.into());
        }
        Ok(())
    }

    /// `RemoveThingFromThingGroup`. A thing that is not in it is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the thing.
    pub fn remove_thing_from_thing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        if !self.groups.contains_key(group) {
            return Err(not_found("thing group", group));
        }
        let held = self.things.get_mut(thing).ok_or_else(|| not_found("thing", thing))?;
        held.groups.retain(|name| **name != *group);
        Ok(())
    }

    /// `AttachPolicy` to a thing group.
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the policy; `LimitExceeded` for a third.
    pub fn attach_policy_to_thing_group(&mut self, policy: &str, group: &str) -> Result<(), ApiError> {
        let held = self.groups.get_mut(group).ok_or_else(|| not_found("thing group", group))?;
        self.policies.attach_policy(policy, &mut held.attached, MAX_POLICIES_PER_THING_GROUP)
    }

    /// `DetachPolicy` from a thing group.
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the policy.
    pub fn detach_policy_from_thing_group(&mut self, policy: &str, group: &str) -> Result<(), ApiError> {
        let held = self.groups.get_mut(group).ok_or_else(|| not_found("thing group", group))?;
        self.policies.detach_policy(policy, &mut held.attached)
    }

    /// The name of the group that a hierarchy begins with.
    fn root<'r>(&'r self, name: &'r str) -> Option<&'r str> {
        self.ancestry(name).last().map(|(name, _)| name)
    }

    /// A group and its ancestors, upwards, each with its name.
    pub(super) fn ancestry<'r>(&'r self, name: &'r str) -> impl Iterator<Item = (&'r str, &'r ThingGroup)> {
        let first = self.groups.get(name).map(|group| (name, group));
        core::iter::successors(first, |(_, group)| {
            let parent = group.parent.as_deref()?;
            self.groups.get(parent).map(|group| (parent, group))
        })
    }
}
