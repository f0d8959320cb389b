//! Billing groups: what the usage of a thing is put down to (`state.md` 2.5).

use squall_types::{Uuid, WallTime};

use super::reply::Made;
use super::thing::Thing;
use super::thing_type::validate_description;
use super::{Registry, expect_version, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::records::{Named, RecordKey};

const MAX_BILLING_GROUPS: usize = 20_000;

#[derive(Clone, Debug)]
pub(super) struct BillingGroup {
    pub(super) name: Box<str>,
    pub(super) serial: u64,
    pub(super) version: u64,
    pub(super) description: Option<Box<str>>,
    pub(super) created: WallTime,
}

impl Named for BillingGroup {
    type Name = str;

    fn name(&self) -> &str {
        &self.name
    }
}

impl Registry {
    /// `CreateBillingGroup`. The same group again is no error.
    ///
    /// # Errors
    /// `InvalidRequest`; `ResourceAlreadyExists` for another description; `LimitExceeded` for the 20,001st.
    pub fn create_billing_group(&mut self, name: &str, description: Option<&str>) -> Result<Made, ApiError> {
        validate_name("billing group", name)?;
        validate_description(description)?;
        if let Some(held) = self.billing_groups.named(name) {
            let made = self.billing_group_made(name, held.serial);
            if held.description.as_deref() == description {
                return Ok(made);
            }
            let message = format!("Billing group {name} already exists in account with different properties");
            let error = ApiError::new(Exception::ResourceAlreadyExists, message);
            return Err(error.about(made.id, made.arn));
        }
        if self.billing_groups.len() >= MAX_BILLING_GROUPS {
            let message = format!("the account has {MAX_BILLING_GROUPS} billing groups already");
            return Err(ApiError::new(Exception::LimitExceeded, message));
        }
        let (serial, created) = (self.next_serial(), self.rates.now.wall);
        let description = description.map(Into::into);
        self.billing_groups.insert(BillingGroup {
            name: name.into(),
            serial,
            version: 1,
            description,
            created,
        });
        Ok(self.billing_group_made(name, serial))
    }

    /// `UpdateBillingGroup`: the new version.
    ///
    /// # Errors
    /// `ResourceNotFound`, `VersionConflict`, `InvalidRequest`.
    pub fn update_billing_group(
        &mut self,
        name: &str,
        description: Option<&str>,
        expected_version: Option<u64>,
    ) -> Result<u64, ApiError> {
        let key = self.billing_group_key(name)?;
        validate_description(description)?;
        let held = self.billing_groups.get_mut(key).ok_or_else(|| not_found("billing group", name))?;
        expect_version("billing group", name, held.version, expected_version)?;
        held.description = description.map(Into::into);
        held.version += 1;
        Ok(held.version)
    }

    /// `DeleteBillingGroup`. Its things stay, without one; one that is not there is no error (both unverified). Looks at
    /// every thing.
    ///
    /// # Errors
    /// `VersionConflict`.
    pub fn delete_billing_group(
        &mut self,
        name: &str,
        expected_version: Option<u64>,
    ) -> Result<(), ApiError> {
        let Some(key) = self.billing_groups.find(name) else { return Ok(()) };
        let held = self.billing_groups.get(key).ok_or_else(|| not_found("billing group", name))?;
        expect_version("billing group", name, held.version, expected_version)?;
        for (_, thing) in self.things.iter_mut() {
            thing.billing_group = thing.billing_group.filter(|held| *held != key);
        }
        self.billing_groups.remove(key);
        Ok(())
    }

    /// `AddThingToBillingGroup`. A thing that is in it already is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for either; `InvalidRequest` if it is in another (unverified which error).
    pub fn add_thing_to_billing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        let key = self.billing_group_key(group)?;
        let held = self.thing_mut(thing)?;
        if held.billing_group.is_some_and(|other| other != key) {
            return Err(invalid(format!("thing {thing} is in another billing group already")));
        }
        held.billing_group = Some(key);
        Ok(())
    }

    /// `RemoveThingFromBillingGroup`. A thing that is not in it is no error (unverified).
    ///
    /// # Errors
    /// `ResourceNotFound` for either.
    pub fn remove_thing_from_billing_group(&mut self, thing: &str, group: &str) -> Result<(), ApiError> {
        let key = self.billing_group_key(group)?;
        let held = self.thing_mut(thing)?;
        held.billing_group = held.billing_group.filter(|held| *held != key);
        Ok(())
    }

    pub(super) fn billing_group_key(&self, name: &str) -> Result<RecordKey, ApiError> {
        self.billing_groups.find(name).ok_or_else(|| not_found("billing group", name))
    }

    pub(super) fn billing_group_name(&self, thing: &Thing) -> Option<&str> {
        thing.billing_group.and_then(|key| self.billing_groups.get(key)).map(|held| &*held.name)
    }

    pub(super) fn billing_group_id(&self, serial: u64) -> Uuid {
        self.id("billing-group", serial)
    }

    fn billing_group_made(&self, name: &str, serial: u64) -> Made {
        Made { name: name.into(), arn: self.arn("billinggroup", name), id: self.billing_group_id(serial) }
    }
}
