//! Thing types (`state.md` 2.3).

use squall_profile::switch::ThingTypeUpdates;
use squall_types::{Uuid, WallTime};

use super::attributes::validate_name as validate_attribute_name;
use super::event::EventKind;
use super::reply::Made;
use super::{Registry, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::records::{Named, RecordKey};

const MAX_SEARCHABLE_ATTRIBUTES: usize = 3;
const MAX_DESCRIPTION_CHARACTERS: usize = 2_028;
/// How long a type must have been deprecated before it can be deleted.
const DEPRECATED_NANOS: u64 = 300 * 1_000_000_000;

/// What a thing type says of itself. It does not constrain the attributes of things (`state.md` 0.11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingTypeProperties {
    /// For people.
    pub description: Option<Box<str>>,
    /// Attributes that things are searched by.
    pub searchable_attributes: Vec<Box<str>>,
}

#[derive(Clone, Debug)]
pub(super) struct ThingType {
    pub(super) name: Box<str>,
    pub(super) serial: u64,
    pub(super) properties: ThingTypeProperties,
    pub(super) created: WallTime,
    pub(super) deprecated: Option<WallTime>,
    /// How many things have it.
    pub(super) things: u32,
}

impl Named for ThingType {
    type Name = str;

    fn name(&self) -> &str {
        &self.name
    }
}

impl Registry {
    /// `CreateThingType`. The same type again is no error.
    ///
    /// # Errors
    /// `InvalidRequest`; `ResourceAlreadyExists` for other properties.
    pub fn create_thing_type(
        &mut self,
        name: &str,
        properties: ThingTypeProperties,
    ) -> Result<Made, ApiError> {
        validate_name("thing type", name)?;
        validate(&properties)?;
        if let Some(held) = self.types.named(name) {
            let made = self.type_made(name, held.serial);
            if held.properties == properties {
                return Ok(made);
            }
            let message = format!("Thing type {name} already exists in account with different properties");
            let error = ApiError::new(Exception::ResourceAlreadyExists, message);
            return Err(error.about(made.id, made.arn));
        }
        let serial = self.next_serial();
        let created = self.rates.now.wall;
        self.types.insert(ThingType {
            name: name.into(),
            serial,
            properties,
            created,
            deprecated: None,
            things: 0,
        });
        self.note_type(name, "created");
        Ok(self.type_made(name, serial))
    }

    /// `UpdateThingType`.
    ///
    /// # Errors
    /// `UnknownOperation` in a profile whose API has no such operation (`state.md` 0.10); `ResourceNotFound`; `InvalidRequest`.
    pub fn update_thing_type(&mut self, name: &str, properties: ThingTypeProperties) -> Result<(), ApiError> {
        if self.rules.thing_type_updates == ThingTypeUpdates::Absent {
            let message = "UpdateThingType does not exist in this profile: thing types are fixed";
            return Err(ApiError::new(Exception::UnknownOperation, message));
        }
        let key = self.type_key(name)?;
        validate(&properties)?;
        if let Some(held) = self.types.get_mut(key) {
            held.properties = properties;
        }
        self.note_type(name, "updated");
        Ok(())
    }

    /// `DeprecateThingType`, and its undoing. Deprecating again does not begin the wait anew (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn deprecate_thing_type(&mut self, name: &str, undo: bool) -> Result<(), ApiError> {
        let key = self.type_key(name)?;
        let now = self.rates.now.wall;
        if let Some(held) = self.types.get_mut(key) {
            held.deprecated = if undo { None } else { held.deprecated.or(Some(now)) };
        }
        self.note_type(name, "updated");
        Ok(())
    }

    /// `DeleteThingType`.
    ///
    /// # Errors
    /// `ResourceNotFound`; `InvalidRequest` unless it has been deprecated for five minutes and no thing has it.
    pub fn delete_thing_type(&mut self, name: &str) -> Result<(), ApiError> {
        let key = self.type_key(name)?;
        let held = self.types.get(key).ok_or_else(|| not_found("thing type", name))?;
        let Some(since) = held.deprecated else {
            return Err(invalid(format!("Thing type {name} must be deprecated before it is deleted")));
        };
        if self.rates.now.wall < since.plus_nanos(DEPRECATED_NANOS) {
            let message = format!("Please wait for 5 minutes after deprecation and then retry: {name}");
            return Err(invalid(message));
        }
        if held.things > 0 {
            return Err(invalid(format!("Cannot delete: thing type {name} still has things")));
        }
        self.note_type(name, "deleted");
        self.types.remove(key);
        Ok(())
    }

    /// The type that a thing is to have.
    pub(super) fn usable_type(&self, name: &str) -> Result<RecordKey, ApiError> {
        let key = self.type_key(name)?;
        match self.types.get(key) {
            Some(held) if held.deprecated.is_some() => {
                Err(invalid(format!("Can not associate a thing with deprecated thing type: {name}")))
            }
            _ => Ok(key),
        }
    }

    pub(super) fn type_key(&self, name: &str) -> Result<RecordKey, ApiError> {
        self.types.find(name).ok_or_else(|| not_found("thing type", name))
    }

    pub(super) fn type_id(&self, serial: u64) -> Uuid {
        self.id("thing-type", serial)
    }

    fn type_made(&self, name: &str, serial: u64) -> Made {
        Made { name: name.into(), arn: self.arn("thingtype", name), id: self.type_id(serial) }
    }

    /// `state.md` 2.11.
    fn note_type(&mut self, name: &str, what: &'static str) {
        if !self.events.is_enabled(EventKind::ThingType) {
            return;
        }
        let Some(held) = self.types.named(name) else { return };
        let payload = serde_json::json!({
            "thingTypeId": self.type_id(held.serial).to_string(),
            "thingTypeName": name,
            "isDeprecated": held.deprecated.is_some(),
            "deprecationDate": held.deprecated.map(WallTime::as_unix_millis),
            "searchableAttributes": held.properties.searchable_attributes,
            "description": held.properties.description,
            "accountId": self.account_id(),
        });
        self.note(EventKind::ThingType, &format!("thingType/{name}"), what, payload);
    }
}

fn validate(properties: &ThingTypeProperties) -> Result<(), ApiError> {
    let ThingTypeProperties { description, searchable_attributes } = properties;
    if searchable_attributes.len() > MAX_SEARCHABLE_ATTRIBUTES {
        let found = searchable_attributes.len();
        return Err(invalid(format!(
            "{found} searchable attributes, at most {MAX_SEARCHABLE_ATTRIBUTES} are allowed"
        )));
    }
    for (index, name) in searchable_attributes.iter().enumerate() {
        validate_attribute_name(name)?;
        if searchable_attributes[..index].contains(name) {
            return Err(invalid(format!("searchable attribute {name} is given twice")));
        }
    }
    validate_description(description.as_deref())
}

/// Of types and groups alike: a text of bounded length.
pub(super) fn validate_description(description: Option<&str>) -> Result<(), ApiError> {
    let found = description.map_or(0, |text| text.chars().count());
    if found <= MAX_DESCRIPTION_CHARACTERS {
        return Ok(());
    }
    let message =
        format!("description of {found} characters, at most {MAX_DESCRIPTION_CHARACTERS} are allowed");
    Err(invalid(message))
}
