//! Static thing groups: a hierarchy that policies are attached to (`state.md` 2.4).

use smallvec::SmallVec;
use squall_types::{Uuid, WallTime};

use super::attributes::{Attribute, AttributePayload, sorted};
use super::event::EventKind;
use super::reply::Made;
use super::thing_type::validate_description;
use super::{Registry, expect_version, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::policy::{AttachedPolicies, MAX_POLICIES_PER_THING_GROUP};
use crate::records::{Named, RecordKey};

const MAX_DEPTH: usize = 7;
const MAX_CHILDREN: u32 = 100;
const MAX_GROUPS_PER_THING: usize = 10;
const MAX_ATTRIBUTES: usize = 50;

/// What a group says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingGroupProperties {
    /// For people.
    pub description: Option<Box<str>>,
    /// Its attributes, each name once.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

/// What `UpdateThingGroup` changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingGroupUpdate {
    /// The description that it is to have; none takes it away.
    pub description: Option<Box<str>>,
    /// Its attributes.
    pub attributes: Option<AttributePayload>,
    /// The version that it must have.
    pub expected_version: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct ThingGroup {
    pub(super) name: Box<str>,
    pub(super) serial: u64,
    pub(super) version: u64,
    pub(super) parent: Option<RecordKey>,
    pub(super) children: u32,
    pub(super) description: Option<Box<str>>,
    pub(super) attributes: Box<[Attribute]>,
    pub(super) created: WallTime,
    pub(super) attached: AttachedPolicies,
}

impl Named for ThingGroup {
    type Name = str;

    fn name(&self) -> &str {
        &self.name
    }
}

impl Registry {
    /// `CreateThingGroup` of a group that says nothing of itself.
    ///
    /// # Errors
    /// As [`create_thing_group_with`](Self::create_thing_group_with).
    pub fn create_thing_group(&mut self, name: &str, parent: Option<&str>) -> Result<Made, ApiError> {
        self.create_thing_group_with(name, parent, ThingGroupProperties::default())
    }

    /// `CreateThingGroup`. The same group again is no error.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that is none; `ResourceNotFound` for the parent; `ResourceAlreadyExists` for the same
    /// name elsewhere in the hierarchy or with other properties; `LimitExceeded` for an eighth level or a 101st child.
    pub fn create_thing_group_with(
        &mut self,
        name: &str,
        parent: Option<&str>,
        properties: ThingGroupProperties,
    ) -> Result<Made, ApiError> {
        validate_name("thing group", name)?;
        validate_description(properties.description.as_deref())?;
        let ThingGroupProperties { description, attributes } = properties;
        let attributes = sorted(attributes, MAX_ATTRIBUTES, "")?;
        let parent = parent.map(|parent| self.group_key(parent)).transpose();
        if let Some(held) = self.groups.named(name) {
            let made = self.group_made(name, held.serial);
            let same = parent.is_ok_and(|parent| held.parent == parent)
                && held.description == description
                && held.attributes == attributes;
            if same {
                return Ok(made);
            }
            let message =
                format!("Thing Group {name} already exists in current account with different properties");
            let error = ApiError::new(Exception::ResourceAlreadyExists, message);
            return Err(error.about(made.id, made.arn));
        }
        let parent = parent?;
        self.admit_child(parent)?;
        if let Some(parent) = parent.and_then(|key| self.groups.get_mut(key)) {
            parent.children += 1;
        }
        let (serial, created) = (self.next_serial(), self.rates.now.wall);
        let attached = AttachedPolicies::default();
        let (name, children, version) = (Box::<str>::from(name), 0, 1);
        let made = self.group_made(&name, serial);
        let key = self.groups.insert(ThingGroup {
            name,
            serial,
            version,
            parent,
            children,
            description,
            attributes,
            created,
            attached,
        });
        self.note_group(key, "created");
        self.note_hierarchy(key, "added");
        Ok(made)
    }

    /// Whether a group may have one more below it.
    fn admit_child(&self, parent: Option<RecordKey>) -> Result<(), ApiError> {
        let children = parent.and_then(|key| self.groups.get(key)).map_or(0, |group| group.children);
        let depth = parent.map_or(0, |key| self.ancestry(key).count());
        if depth < MAX_DEPTH && children < MAX_CHILDREN {
            return Ok(());
        }
        let message = format!("at most {MAX_DEPTH} levels and {MAX_CHILDREN} children a group are allowed");
        Err(ApiError::new(Exception::LimitExceeded, message))
    }

    /// `UpdateThingGroup`: the new version.
    ///
    /// # Errors
    /// `ResourceNotFound`, `VersionConflict`, `InvalidRequest`.
    pub fn update_thing_group(&mut self, name: &str, update: &ThingGroupUpdate) -> Result<u64, ApiError> {
        let key = self.group_key(name)?;
        let held = self.groups.get(key).ok_or_else(|| not_found("thing group", name))?;
        expect_version("thing group", name, held.version, update.expected_version)?;
        validate_description(update.description.as_deref())?;
        let attributes = match &update.attributes {
            Some(payload) => sorted(payload.apply(&held.attributes), MAX_ATTRIBUTES, "")?,
            None => held.attributes.clone(),
        };
        let held = self.groups.get_mut(key).ok_or_else(|| not_found("thing group", name))?;
        held.description.clone_from(&update.description);
        held.attributes = attributes;
        held.version += 1;
        let version = held.version;
        self.note_group(key, "updated");
        Ok(version)
    }

    /// `DeleteThingGroup`. Its members stay things; what policies it had is detached. One that is not there is no error
    /// (unverified). Looks at every thing.
    ///
    /// # Errors
    /// `VersionConflict`; `InvalidRequest` while it has groups below it.
    pub fn delete_thing_group(&mut self, name: &str, expected_version: Option<u64>) -> Result<(), ApiError> {
        let Some(key) = self.groups.find(name) else { return Ok(()) };
        let held = self.groups.get(key).ok_or_else(|| not_found("thing group", name))?;
        expect_version("thing group", name, held.version, expected_version)?;
        if held.children > 0 {
            return Err(invalid(format!(
                "Cannot delete thing group : {name} when there are still child groups attached to it."
            )));
        }
        let parent = held.parent;
        self.note_hierarchy(key, "removed");
        self.note_group(key, "deleted");
        if let Some(parent) = parent.and_then(|key| self.groups.get_mut(key)) {
            parent.children -= 1;
        }
        for (_, thing) in self.things.iter_mut() {
            thing.groups.retain(|held| *held != key);
        }
        self.policies.detach_all(&mut self.groups.remove(key).attached);
        Ok(())
    }

    /// `AddThingToThingGroup`. A thing that is in it already is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the thing; `InvalidRequest` if it is in another group of the same hierarchy;
    /// `LimitExceeded` for an eleventh group.
    pub fn add_thing_to_thing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        self.update_thing_groups_for_thing::<&str>(thing, &[], &[group])
    }

    /// `RemoveThingFromThingGroup`. A thing that is not in it is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the thing.
    pub fn remove_thing_from_thing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        self.update_thing_groups_for_thing::<&str>(thing, &[group], &[])
    }

    /// `UpdateThingGroupsForThing`: first out of some groups, then into others, or nothing of it.
    ///
    /// # Errors
    /// As [`add_thing_to_thing_group`](Self::add_thing_to_thing_group).
    pub fn update_thing_groups_for_thing<G: AsRef<str>>(
        &mut self,
        thing: &str,
        remove: &[G],
        add: &[G],
    ) -> Result<(), ApiError> {
        let key = self.thing_key(thing)?;
        let before = self.thing_at(key).groups.clone();
        let mut groups = before.clone();
        for group in remove {
            let group = self.group_key(group.as_ref())?;
            groups.retain(|held| *held != group);
        }
        for group in add {
            self.join(thing, &mut groups, self.group_key(group.as_ref())?)?;
        }
        self.thing_mut(thing)?.groups.clone_from(&groups);
        if self.events.is_enabled(EventKind::ThingGroupMembership) {
            for &left in before.iter().filter(|held| !groups.contains(held)) {
                self.note_membership(key, left, "removed");
            }
            for &joined in groups.iter().filter(|held| !before.contains(held)) {
                self.note_membership(key, joined, "added");
            }
        }
        Ok(())
    }

    /// Puts a group to those that a thing is in, if that is allowed.
    fn join(
        &self,
        thing: &str,
        held: &mut SmallVec<[RecordKey; 2]>,
        group: RecordKey,
    ) -> Result<(), ApiError> {
        if held.contains(&group) {
            return Ok(());
        }
        let root = self.root(group);
        if let Some(other) = held.iter().find(|&&other| self.root(other) == root) {
            let other = self.groups.get(*other).map_or("", |group| &group.name);
            return Err(invalid(format!("thing {thing} is in group {other} of the same hierarchy already")));
        }
        if held.len() >= MAX_GROUPS_PER_THING {
            let message = format!("thing {thing} is in {MAX_GROUPS_PER_THING} groups already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        held.push(group);
        Ok(())
    }

    /// `AttachPolicy` to a thing group.
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the policy; `LimitExceeded` for a third.
    pub fn attach_policy_to_thing_group(&mut self, policy: &str, group: &str) -> Result<(), ApiError> {
        let key = self.group_key(group)?;
        let Self { policies, groups, .. } = self;
        let held = groups.get_mut(key).ok_or_else(|| not_found("thing group", group))?;
        policies.attach_policy(policy, &mut held.attached, MAX_POLICIES_PER_THING_GROUP)
    }

    /// `DetachPolicy` from a thing group.
    ///
    /// # Errors
    /// `ResourceNotFound` for the group or the policy.
    pub fn detach_policy_from_thing_group(&mut self, policy: &str, group: &str) -> Result<(), ApiError> {
        let key = self.group_key(group)?;
        let Self { policies, groups, .. } = self;
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

    pub(super) fn group_key(&self, name: &str) -> Result<RecordKey, ApiError> {
        self.groups.find(name).ok_or_else(|| not_found("thing group", name))
    }

    pub(super) fn group_id(&self, serial: u64) -> Uuid {
        self.id("thing-group", serial)
    }

    fn group_made(&self, name: &str, serial: u64) -> Made {
        Made { name: name.into(), arn: self.arn("thinggroup", name), id: self.group_id(serial) }
    }

    /// `state.md` 2.11.
    fn note_group(&mut self, key: RecordKey, what: &'static str) {
        if !self.events.is_enabled(EventKind::ThingGroup) {
            return;
        }
        let Some(group) = self.groups.get(key) else { return };
        let parent = group.parent.and_then(|parent| self.groups.get(parent));
        let attributes: serde_json::Map<String, serde_json::Value> =
            group.attributes.iter().map(|(name, value)| (String::from(&**name), (&**value).into())).collect();
        let topic = format!("thingGroup/{}", group.name);
        let payload = serde_json::json!({
            "accountId": self.account_id(),
            "thingGroupId": self.group_id(group.serial).to_string(),
            "thingGroupName": group.name,
            "versionNumber": group.version,
            "parentGroupName": parent.map(|parent| &parent.name),
            "parentGroupId": parent.map(|parent| self.group_id(parent.serial).to_string()),
            "description": group.description,
            "rootToParentThingGroups": self.root_to_parent(group).map(|above| serde_json::json!({
                "groupArn": self.arn("thinggroup", &above.name),
                "groupId": self.group_id(above.serial).to_string(),
            })).collect::<Vec<_>>(),
            "attributes": attributes,
            "dynamicGroupMappingId": null,
        });
        self.note(EventKind::ThingGroup, &topic, what, payload);
    }

    /// The groups above a group, the root first.
    pub(super) fn root_to_parent(&self, group: &ThingGroup) -> impl Iterator<Item = &ThingGroup> {
        let above: Vec<&ThingGroup> =
            group.parent.into_iter().flat_map(|parent| self.ancestry(parent)).collect();
        above.into_iter().rev()
    }

    fn note_hierarchy(&mut self, key: RecordKey, what: &'static str) {
        if !self.events.is_enabled(EventKind::ThingGroupHierarchy) {
            return;
        }
        let Some(group) = self.groups.get(key) else { return };
        let Some(parent) = group.parent.and_then(|parent| self.groups.get(parent)) else { return };
        let topic = format!("thingGroupHierarchy/thingGroup/{}/childThingGroup/{}", parent.name, group.name);
        let payload = serde_json::json!({
            "accountId": self.account_id(),
            "thingGroupId": self.group_id(parent.serial).to_string(),
            "thingGroupName": parent.name,
            "childGroupId": self.group_id(group.serial).to_string(),
            "childGroupName": group.name,
        });
        self.note(EventKind::ThingGroupHierarchy, &topic, what, payload);
    }

    fn note_membership(&mut self, thing: RecordKey, group: RecordKey, what: &'static str) {
        let Some(group) = self.groups.get(group) else { return };
        let thing = self.thing_at(thing);
        let topic = format!("thingGroupMembership/thingGroup/{}/thing/{}", group.name, thing.name);
        let membership = self.id("membership", thing.serial << 32 | group.serial);
        let payload = serde_json::json!({
            "accountId": self.account_id(),
            "groupArn": self.arn("thinggroup", &group.name),
            "groupId": self.group_id(group.serial).to_string(),
            "thingArn": self.arn("thing", &thing.name),
            "thingId": self.thing_id(thing.serial).to_string(),
            "membershipId": membership.to_string(),
        });
        self.note(EventKind::ThingGroupMembership, &topic, what, payload);
    }
}
