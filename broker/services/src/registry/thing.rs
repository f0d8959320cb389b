//! Things (`state.md` 2.2).

use compact_str::CompactString;
use smallvec::SmallVec;
use squall_types::Uuid;

use super::attributes::{Attribute, AttributePayload, sorted};
use super::event::EventKind;
use super::reply::Made;
use super::{Registry, expect_version, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::records::{Named, RecordKey};

/// Attributes without and with a thing type.
const MAX_ATTRIBUTES: [usize; 2] = [3, 50];

/// What a thing is created with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingConfiguration {
    /// Its type, which must be there.
    pub type_name: Option<Box<str>>,
    /// Its attributes, each name once.
    pub attributes: Vec<(Box<str>, Box<str>)>,
    /// Its billing group, which must be there.
    pub billing_group: Option<Box<str>>,
}

/// What `UpdateThing` changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingUpdate {
    /// The type that it is to have.
    pub type_name: Option<Box<str>>,
    /// Whether it is to have none.
    pub remove_type: bool,
    /// Its attributes.
    pub attributes: Option<AttributePayload>,
    /// The version that it must have.
    pub expected_version: Option<u64>,
}

/// In this order: what a lookup reads stands together in front, in one cache line.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Thing {
    /// In place unless it is long: a lookup compares it.
    pub(super) name: CompactString,
    pub(super) serial: u64,
    pub(super) version: u64,
    /// In the order of their names.
    pub(super) attributes: Box<[Attribute]>,
    pub(super) type_key: Option<RecordKey>,
    pub(super) billing_group: Option<RecordKey>,
    /// How many certificates are attached to it; they know which.
    pub(super) certificates: u32,
    /// The groups that it is in, in the order of joining.
    pub(super) groups: SmallVec<[RecordKey; 2]>,
}

impl Named for Thing {
    type Name = str;

    fn name(&self) -> &str {
        &self.name
    }
}

impl Registry {
    /// `CreateThing`. The same thing again is no error.
    ///
    /// # Errors
    /// `InvalidRequest` for a name, attributes or a deprecated type; `ResourceNotFound` for the type or the billing group;
    /// `ResourceAlreadyExists` for one that differs.
    pub fn create_thing(&mut self, name: &str, configuration: ThingConfiguration) -> Result<Made, ApiError> {
        let serial = self.make_thing(name, configuration)?;
        Ok(self.thing_made(name, serial))
    }

    /// The same without an answer, for set-up: nobody reads a hundred thousand of them.
    ///
    /// # Errors
    /// Those of [`create_thing`](Self::create_thing).
    pub fn add_thing(&mut self, name: &str, configuration: ThingConfiguration) -> Result<(), ApiError> {
        self.make_thing(name, configuration).map(|_| ())
    }

    /// Makes a thing, or finds one that is the same; its serial number.
    fn make_thing(&mut self, name: &str, configuration: ThingConfiguration) -> Result<u64, ApiError> {
        validate_name("thing", name)?;
        let ThingConfiguration { type_name, attributes, billing_group } = configuration;
        let attributes = sorted_for_thing(attributes, type_name.is_some())?;
        if let Some(held) = self.things.named(name) {
            let same = held.attributes == attributes
                && self.type_name(held) == type_name.as_deref()
                && self.billing_group_name(held) == billing_group.as_deref();
            if same {
                return Ok(held.serial);
            }
            let made = self.thing_made(name, held.serial);
            let message = format!("Thing {name} already exists in account with different attributes");
            let error = ApiError::new(Exception::ResourceAlreadyExists, message);
            return Err(error.about(made.id, made.arn));
        }
        let type_key = type_name.map(|name| self.usable_type(&name)).transpose()?;
        let billing_group = billing_group.map(|name| self.billing_group_key(&name)).transpose()?;
        let serial = self.next_serial();
        self.count_of_type(type_key, 1);
        let groups = SmallVec::new();
        let (name, certificates, version) = (CompactString::new(name), 0, 1);
        let key = self.things.insert(Thing {
            name,
            serial,
            version,
            attributes,
            type_key,
            billing_group,
            certificates,
            groups,
        });
        self.note_thing(key, "created");
        self.note_type_of_thing(key, type_key, "added");
        Ok(serial)
    }

    /// `UpdateThing`. Every success is a version, even one that changes nothing (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for the thing or the type; `VersionConflict`; `InvalidRequest`.
    pub fn update_thing(&mut self, name: &str, update: &ThingUpdate) -> Result<(), ApiError> {
        let key = self.thing_key(name)?;
        let held = self.thing_at(key);
        expect_version("thing", name, held.version, update.expected_version)?;
        if update.remove_type && update.type_name.is_some() {
            return Err(invalid("thingTypeName and removeThingType exclude each other"));
        }
        let before = held.type_key;
        let type_key = match &update.type_name {
            Some(name) => Some(self.usable_type(name)?),
            None => before.filter(|_| !update.remove_type),
        };
        let attributes = match &update.attributes {
            Some(payload) => payload.apply(&held.attributes),
            None => held.attributes.to_vec(),
        };
        let attributes = sorted_for_thing(attributes, type_key.is_some())?;
        let held = self.thing_mut(name)?;
        (held.attributes, held.type_key) = (attributes, type_key);
        held.version += 1;
        self.note_thing(key, "updated");
        if before != type_key {
            self.count_of_type(before, -1);
            self.count_of_type(type_key, 1);
            self.note_type_of_thing(key, before, "removed");
            self.note_type_of_thing(key, type_key, "added");
        }
        Ok(())
    }

    /// `DeleteThing`. One that is not there is no error.
    ///
    /// # Errors
    /// `VersionConflict`; `InvalidRequest` while a principal is attached.
    pub fn delete_thing(&mut self, name: &str, expected_version: Option<u64>) -> Result<(), ApiError> {
        let Some(key) = self.things.find(name) else { return Ok(()) };
        let held = self.thing_at(key);
        expect_version("thing", name, held.version, expected_version)?;
        if held.certificates > 0 {
            return Err(invalid(format!(
                "Cannot delete. Thing {name} is still attached to one or more principals"
            )));
        }
        let type_key = held.type_key;
        self.note_thing(key, "deleted");
        self.note_type_of_thing(key, type_key, "removed");
        self.count_of_type(type_key, -1);
        self.things.remove(key);
        Ok(())
    }

    /// Whether there is a thing of that name.
    #[inline]
    #[must_use]
    pub fn has_thing(&self, name: &str) -> bool {
        self.things.named(name).is_some_and(|held| held.version > 0)
    }

    pub(super) fn thing_key(&self, name: &str) -> Result<RecordKey, ApiError> {
        self.things.find(name).ok_or_else(|| not_found("thing", name))
    }

    pub(super) fn thing_at(&self, key: RecordKey) -> &Thing {
        self.things.get(key).expect("a thing that is looked up or attached is there")
    }

    pub(super) fn thing_mut(&mut self, name: &str) -> Result<&mut Thing, ApiError> {
        let key = self.thing_key(name)?;
        self.things.get_mut(key).ok_or_else(|| not_found("thing", name))
    }

    pub(super) fn type_name(&self, thing: &Thing) -> Option<&str> {
        thing.type_key.and_then(|key| self.types.get(key)).map(|held| &*held.name)
    }

    pub(super) fn thing_id(&self, serial: u64) -> Uuid {
        self.id("thing", serial)
    }

    fn thing_made(&self, name: &str, serial: u64) -> Made {
        Made { name: name.into(), arn: self.arn("thing", name), id: self.thing_id(serial) }
    }

    fn count_of_type(&mut self, key: Option<RecordKey>, change: i32) {
        if let Some(held) = key.and_then(|key| self.types.get_mut(key)) {
            held.things = held.things.saturating_add_signed(change);
        }
    }

    /// `state.md` 2.11.
    fn note_thing(&mut self, key: RecordKey, what: &'static str) {
        if !self.events.is_enabled(EventKind::Thing) {
            return;
        }
        let thing = self.thing_at(key);
        let attributes: serde_json::Map<String, serde_json::Value> =
            thing.attributes.iter().map(|(name, value)| (String::from(&**name), (&**value).into())).collect();
        let topic = format!("thing/{}", thing.name);
        let payload = serde_json::json!({
            "accountId": self.account_id(),
            "thingId": self.thing_id(thing.serial).to_string(),
            "thingName": thing.name.as_str(),
            "versionNumber": thing.version,
            "thingTypeName": self.type_name(thing),
            "attributes": attributes,
        });
        self.note(EventKind::Thing, &topic, what, payload);
    }

    fn note_type_of_thing(&mut self, thing: RecordKey, key: Option<RecordKey>, what: &'static str) {
        if !self.events.is_enabled(EventKind::ThingTypeAssociation) {
            return;
        }
        let Some(held) = key.and_then(|key| self.types.get(key)) else { return };
        let thing = self.thing_at(thing);
        let topic = format!("thingTypeAssociation/thing/{}/thingType/{}", thing.name, held.name);
        let payload = serde_json::json!({
            "thingId": self.thing_id(thing.serial).to_string(),
            "thingName": thing.name.as_str(),
            "thingTypeName": held.name,
        });
        self.note(EventKind::ThingTypeAssociation, &topic, what, payload);
    }
}

fn sorted_for_thing(attributes: Vec<Attribute>, typed: bool) -> Result<Box<[Attribute]>, ApiError> {
    sorted(attributes, MAX_ATTRIBUTES[usize::from(typed)], "; 50 with a thing type")
}
