//! Static thing groups: a hierarchy that policies are attached to (`state.md` 2.4).

use super::{Registry, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::policy::{AttachedPolicies, MAX_POLICIES_PER_THING_GROUP};
use crate::records::{Named, RecordKey, Records};

/// `state.md` 2.4.
const MAX_DEPTH: usize = 7;
const MAX_CHILDREN: u32 = 100;
const MAX_GROUPS_PER_THING: usize = 10;

#[derive(Clone, Debug)]
pub(super) struct ThingGroup {
    name: Box<str>,
    parent: Option<RecordKey>,
    children: u32,
    pub(super) attached: AttachedPolicies,
}

impl Named for ThingGroup {
    type Name = str;

    fn name(&self) -> &str {
        &self.name
    }
}

impl Registry {
    /// `CreateThingGroup`. The same group again is no error.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that is none; `ResourceNotFound` for the parent; `ResourceAlreadyExists` for the same
    /// name elsewhere in the hierarchy; `LimitExceeded` for an eighth level or a 101st child.
    pub fn create_thing_group(&mut self, name: &str, parent: Option<&str>) -> Result<(), ApiError> {
        validate_name("thing group", name)?;
        let above = parent.map(|parent| find(&self.groups, parent)).transpose();
        if let Some(held) = self.groups.find(name).and_then(|key| self.groups.get(key)) {
            return match above.is_ok_and(|above| held.parent == above) {
                true => Ok(()),
                false => {
                    let message = format!(
                        "Thing Group {name} already exists in current account with different properties"
                    );
                    Err(ApiError::new(Exception::ResourceAlreadyExists, message))
                }
            };
        }
        let above = above?;
        let children = above.and_then(|key| self.groups.get(key)).map_or(0, |group| group.children);
        let depth = above.map_or(0, |key| self.ancestry(key).count());
        if depth >= MAX_DEPTH || children >= MAX_CHILDREN {
            let message =
                format!("at most {MAX_DEPTH} levels and {MAX_CHILDREN} children a group are allowed");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        if let Some(above) = above.and_then(|key| self.groups.get_mut(key)) {
            above.children += 1;
        }
        let attached = AttachedPolicies::default();
        self.groups.insert(ThingGroup { name: name.into(), parent: above, children: 0, attached });
        Ok(())
    }

    /// `AddThingToThingGroup`. A thing that is in it already is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the thing; `InvalidRequest` if it is in another group of the same hierarchy;
    /// `LimitExceeded` for an eleventh group.
    pub fn add_thing_to_thing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        let key = find(&self.groups, group)?;
        let held = &self.thing_mut(thing)?.groups;
        if held.contains(&key) {
            return Ok(());
        }
        let held = held.clone();
        let root = self.root(key);
        if let Some(other) = held.iter().find(|&&other| self.root(other) == root) {
            let other = self.groups.get(*other).map_or("", |group| &group.name);
            return Err(invalid(format!("thing {thing} is in group {other} of the same hierarchy already")));
        }
        if held.len() >= MAX_GROUPS_PER_THING {
            let message = format!("thing {thing} is in {MAX_GROUPS_PER_THING} groups already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        self.thing_mut(thing)?.groups.push(key);
        Ok(())
    }

    /// `RemoveThingFromThingGroup`. A thing that is not in it is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the thing.
    pub fn remove_thing_from_thing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        let key = find(&self.groups, group)?;
        self.thing_mut(thing)?.groups.retain(|held| *held != key);
        Ok(())
    }

    /// `AttachPolicy` to a thing group.
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the policy; `LimitExceeded` for a third.
    pub fn attach_policy_to_thing_group(&mut self, policy: &str, group: &str) -> Result<(), ApiError> {
        let Self { policies, groups, .. } = self;
        let key = find(groups, group)?;
        let held = groups.get_mut(key).ok_or_else(|| not_found("thing group", group))?;
        policies.attach_policy(policy, &mut held.attached, MAX_POLICIES_PER_THING_GROUP)
    }

    /// `DetachPolicy` from a thing group.
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the policy.
    pub fn detach_policy_from_thing_group(&mut self, policy: &str, group: &str) -> Result<(), ApiError> {
        let Self { policies, groups, .. } = self;
        let key = find(groups, group)?;
        let held = groups.get_mut(key).ok_or_else(|| not_found("thing group", group))?;
        policies.detach_policy(policy, &mut held.attached)
    }

    /// The group that a hierarchy begins with.
    fn root(&self, key: RecordKey) -> Option<&str> {
        self.ancestry(key).last().map(|group| &*group.name)
    }

    /// A group and its ancestors, upwards.
    pub(super) fn ancestry(&self, key: RecordKey) -> impl Iterator<Item = &ThingGroup> {
        core::iter::successors(self.groups.get(key), |group| {
            group.parent.and_then(|parent| self.groups.get(parent))
        })
    }
}

fn find(groups: &Records<ThingGroup>, name: &str) -> Result<RecordKey, ApiError> {
    groups.find(name).ok_or_else(|| not_found("thing group", name))
}
