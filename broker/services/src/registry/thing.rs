//! Things, and which certificates they are attached to (`state.md` 2.2, 2.6).

use smallvec::SmallVec;
use squall_types::CertificateId;

use super::{Registry, invalid, not_found, validate_name};
use crate::api_error::{ApiError, Exception};
use crate::bounds::fits;
use crate::records::{Named, RecordKey};

/// `state.md` 2.2: attributes without and with a thing type.
const MAX_ATTRIBUTES: [usize; 2] = [3, 50];

/// What a thing is created with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingConfiguration {
    /// Its type. Thing types themselves are not kept yet, so any name is taken.
    pub type_name: Option<Box<str>>,
    /// Its attributes, each name once.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

/// How a principal is attached to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The thing's variables resolve for any client id, and the certificate joins no other thing.
    Exclusive,
    /// The thing's variables resolve for a client of its name.
    NonExclusive,
}

#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) name: Box<str>,
    pub(super) configuration: ThingConfiguration,
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
    /// `InvalidRequest` for a name or attributes out of bounds; `ResourceAlreadyExists` for the same name with another
    /// configuration.
    pub fn create_thing(&mut self, name: &str, configuration: ThingConfiguration) -> Result<(), ApiError> {
        validate_name("thing", name)?;
        validate_attributes(&configuration)?;
        match self.things.find(name).and_then(|key| self.things.get(key)) {
            Some(held) if held.configuration == configuration => Ok(()),
            Some(_) => {
                let message = format!("Thing {name} already exists in account with different attributes");
                Err(ApiError::new(Exception::ResourceAlreadyExists, message))
            }
            None => {
                let groups = SmallVec::new();
                self.things.insert(Thing { name: name.into(), configuration, certificates: 0, groups });
                Ok(())
            }
        }
    }

    /// `DeleteThing`. One that is not there is no error.
    ///
    /// # Errors
    /// `InvalidRequest` while a principal is attached.
    pub fn delete_thing(&mut self, name: &str) -> Result<(), ApiError> {
        let Some(key) = self.things.find(name) else { return Ok(()) };
        if self.things.get(key).is_some_and(|thing| thing.certificates > 0) {
            return Err(invalid(format!(
                "Cannot delete. Thing {name} is still attached to one or more principals"
            )));
        }
        self.things.remove(key);
        Ok(())
    }

    /// `AttachThingPrincipal`.
    ///
    /// # Errors
    /// `ResourceNotFound` for the thing or the certificate; `InvalidRequest` if the certificate is exclusive to another
    /// thing, or is to become exclusive and has another.
    pub fn attach_thing_principal(
        &mut self,
        thing: &str,
        id: CertificateId,
        kind: PrincipalKind,
    ) -> Result<(), ApiError> {
        let key = self.thing_key(thing)?;
        let certificate = self.certificate_mut(id)?;
        let has_other = certificate.things.iter().any(|&other| other != key);
        if has_other && (certificate.exclusive || kind == PrincipalKind::Exclusive) {
            return Err(invalid(format!(
                "certificate {id} is attached to another thing, and one of the two is exclusive"
            )));
        }
        certificate.exclusive = kind == PrincipalKind::Exclusive;
        if !certificate.things.contains(&key) {
            certificate.things.push(key);
            self.thing_mut(thing)?.certificates += 1;
        }
        Ok(())
    }

    /// `DetachThingPrincipal`. One that is not attached is no error.
    ///
    /// # Errors
    /// `ResourceNotFound` for the thing or the certificate.
    pub fn detach_thing_principal(&mut self, thing: &str, id: CertificateId) -> Result<(), ApiError> {
        let key = self.thing_key(thing)?;
        let certificate = self.certificate_mut(id)?;
        let Some(at) = certificate.things.iter().position(|&held| held == key) else { return Ok(()) };
        certificate.things.remove(at);
        certificate.exclusive &= !certificate.things.is_empty();
        self.thing_mut(thing)?.certificates -= 1;
        Ok(())
    }

    fn thing_key(&self, name: &str) -> Result<RecordKey, ApiError> {
        self.things.find(name).ok_or_else(|| not_found("thing", name))
    }

    pub(super) fn thing_mut(&mut self, name: &str) -> Result<&mut Thing, ApiError> {
        let key = self.thing_key(name)?;
        self.things.get_mut(key).ok_or_else(|| not_found("thing", name))
    }
}

fn validate_attributes(configuration: &ThingConfiguration) -> Result<(), ApiError> {
    let most = MAX_ATTRIBUTES[usize::from(configuration.type_name.is_some())];
    if configuration.attributes.len() > most {
        let found = configuration.attributes.len();
        return Err(invalid(format!("{found} attributes, at most {most} are allowed; 50 with a thing type")));
    }
    for (index, (name, value)) in configuration.attributes.iter().enumerate() {
        if !fits(name, 1..=128, b"_.,@/:#-") {
            return Err(invalid(format!(
                "attribute name {name:?}: 1 to 128 letters, digits and _.,@/:#- are allowed"
            )));
        }
        if !fits(value, 0..=800, b"_.,@/:#=[]-") {
            return Err(invalid(format!(
                "value of attribute {name}: at most 800 letters, digits and _.,@/:#=[]- are allowed"
            )));
        }
        if configuration.attributes[..index].iter().any(|(other, _)| other == name) {
            return Err(invalid(format!("attribute {name} is given twice")));
        }
    }
    Ok(())
}
