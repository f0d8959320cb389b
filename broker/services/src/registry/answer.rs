//! What queries are answered with.

use squall_types::CertificateId;

use super::attributes::Attribute;
use super::certificate::Certificate;
use super::description::{
    BillingGroupDescription, CaCertificateDescription, CertificateDescription, NameAndArn, ThingDescription,
    ThingGroupDescription, ThingTypeDescription,
};
use super::query::{ControlQuery, GroupFilter, Listed, Page, ThingFilter, part};
use super::reply::PolicyMade;
use super::thing::Thing;
use super::thing_group::ThingGroup;
use super::thing_type::ThingType;
use super::{EventKind, Registry, invalid, not_found};
use crate::api_error::ApiError;
use crate::records::RecordKey;

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAnswer {
    /// `DescribeThing`.
    Thing(Box<ThingDescription>),
    /// `ListThings`.
    Things(Listed<ThingDescription>),
    /// `DescribeThingType`.
    ThingType(Box<ThingTypeDescription>),
    /// `ListThingTypes`.
    ThingTypes(Listed<ThingTypeDescription>),
    /// `DescribeThingGroup`.
    ThingGroup(Box<ThingGroupDescription>),
    /// `ListThingGroups`, `ListThingGroupsForThing`: names and ARNs.
    ThingGroups(Listed<NameAndArn>),
    /// `ListThingsInThingGroup`, `ListPrincipalThings`: names.
    ThingNames(Listed<Box<str>>),
    /// `ListThingPrincipals`: ARNs.
    Principals(Listed<Box<str>>),
    /// `DescribeCertificate`.
    Certificate(Box<CertificateDescription>),
    /// `ListCertificates`.
    Certificates(Listed<CertificateDescription>),
    /// `DescribeCACertificate`.
    CaCertificate(Box<CaCertificateDescription>),
    /// `GetRegistrationCode`.
    RegistrationCode(Box<str>),
    /// `GetPolicy`: its default version.
    Policy(Box<PolicyMade>),
    /// `DescribeBillingGroup`.
    BillingGroup(Box<BillingGroupDescription>),
    /// `DescribeEventConfigurations`.
    EventConfigurations(Vec<(EventKind, bool)>),
}

impl Registry {
    /// Answers a query, with no regard to rates.
    ///
    /// # Errors
    /// `ResourceNotFound`; `InvalidRequest` for a page or a filter that is none.
    pub fn answer(&self, query: &ControlQuery<'_>) -> Result<ControlAnswer, ApiError> {
        use ControlAnswer as Answer;
        Ok(match *query {
            ControlQuery::DescribeThing { name } => {
                Answer::Thing(Box::new(self.describe_thing(self.thing_at(self.thing_key(name)?))))
            }
            ControlQuery::ListThings { filter, page } => Answer::Things(self.list_things(&filter, &page)?),
            ControlQuery::DescribeThingType { name } => {
                let held = self.types.named(name).ok_or_else(|| not_found("thing type", name))?;
                Answer::ThingType(Box::new(self.describe_type(held)))
            }
            ControlQuery::ListThingTypes { name, page } => {
                let (from, most) = page.bounds()?;
                let found = self
                    .types
                    .iter_from(from)
                    .filter(|(_, held)| name.is_none_or(|name| *held.name == *name));
                Answer::ThingTypes(part(found.map(|(key, held)| (key, self.describe_type(held))), most))
            }
            ControlQuery::DescribeThingGroup { name } => {
                let held = self.groups.named(name).ok_or_else(|| not_found("thing group", name))?;
                Answer::ThingGroup(Box::new(self.describe_group(held)))
            }
            ControlQuery::ListThingGroups { filter, page } => {
                Answer::ThingGroups(self.list_groups(&filter, &page)?)
            }
            ControlQuery::ListThingGroupsForThing { thing, page } => {
                let groups = &self.thing_at(self.thing_key(thing)?).groups;
                let found =
                    groups.iter().filter_map(|&key| self.groups.get(key)).map(|held| self.group_name(held));
                Answer::ThingGroups(part_of_list(found, &page)?)
            }
            ControlQuery::ListThingsInThingGroup { group, recursive, page } => {
                Answer::ThingNames(self.list_members(group, recursive, &page)?)
            }
            ControlQuery::ListThingPrincipals { thing, page } => {
                let (key, (from, most)) = (self.thing_key(thing)?, page.bounds()?);
                let found = self.certificates.iter_from(from).filter(|(_, held)| held.things.contains(&key));
                Answer::Principals(part(found.map(|(place, held)| (place, self.arn("cert", held.id))), most))
            }
            ControlQuery::ListPrincipalThings { id, page } => {
                let things = self.certificate(id)?.things.iter();
                let names = things.map(|&key| self.thing_at(key).name.as_str().into());
                Answer::ThingNames(part_of_list(names, &page)?)
            }
            ControlQuery::DescribeEventConfigurations => Answer::EventConfigurations(
                EventKind::ALL.iter().map(|&kind| (kind, self.is_event_enabled(kind))).collect(),
            ),
            _ => return self.answer_on_certificates(query),
        })
    }

    fn answer_on_certificates(&self, query: &ControlQuery<'_>) -> Result<ControlAnswer, ApiError> {
        use ControlAnswer as Answer;
        Ok(match *query {
            ControlQuery::DescribeCertificate { id } => {
                Answer::Certificate(Box::new(self.describe_certificate(self.certificate(id)?)))
            }
            ControlQuery::ListCertificates { page } => {
                let (from, most) = page.bounds()?;
                let found = self.certificates.iter_from(from);
                let found = found.map(|(key, held)| (key, self.describe_certificate(held)));
                Answer::Certificates(part(found, most))
            }
            ControlQuery::DescribeCaCertificate { id } => {
                Answer::CaCertificate(Box::new(self.describe_ca_certificate(id)?))
            }
            ControlQuery::GetRegistrationCode => Answer::RegistrationCode(self.registration_code().into()),
            ControlQuery::GetPolicy { name } => {
                let (version, document) = self.policies.get_policy(name)?;
                let (arn, document) = (self.arn("policy", name), document.into());
                let name = name.into();
                Answer::Policy(Box::new(PolicyMade { name, arn, document, version, is_default: true }))
            }
            ControlQuery::DescribeBillingGroup { name } => {
                let held = self.billing_groups.named(name).ok_or_else(|| not_found("billing group", name))?;
                Answer::BillingGroup(Box::new(BillingGroupDescription {
                    name: held.name.clone(),
                    arn: self.arn("billinggroup", name),
                    id: self.billing_group_id(held.serial),
                    version: held.version,
                    description: held.description.clone(),
                    created: held.created,
                }))
            }
            _ => unreachable!("answer has the other queries"),
        })
    }

    fn describe_thing(&self, held: &Thing) -> ThingDescription {
        ThingDescription {
            name: held.name.as_str().into(),
            arn: self.arn("thing", &held.name),
            id: self.thing_id(held.serial),
            version: held.version,
            type_name: self.type_name(held).map(Into::into),
            attributes: held.attributes.clone(),
            billing_group: self.billing_group_name(held).map(Into::into),
        }
    }

    fn list_things(
        &self,
        filter: &ThingFilter<'_>,
        page: &Page<'_>,
    ) -> Result<Listed<ThingDescription>, ApiError> {
        if filter.attribute_value.is_some() && filter.attribute_name.is_none() {
            return Err(invalid("attributeValue needs attributeName"));
        }
        let (from, most) = page.bounds()?;
        let fits = |(_, held): &(RecordKey, &Thing)| {
            filter.type_name.is_none_or(|name| self.type_name(held) == Some(name))
                && filter.attribute_name.is_none_or(|name| has_attribute(&held.attributes, name, filter))
        };
        let found = self.things.iter_from(from).filter(fits);
        Ok(part(found.map(|(key, held)| (key, self.describe_thing(held))), most))
    }

    fn describe_type(&self, held: &ThingType) -> ThingTypeDescription {
        ThingTypeDescription {
            name: held.name.clone(),
            arn: self.arn("thingtype", &held.name),
            id: self.type_id(held.serial),
            properties: held.properties.clone(),
            created: held.created,
            deprecated: held.deprecated,
        }
    }

    fn describe_group(&self, held: &ThingGroup) -> ThingGroupDescription {
        ThingGroupDescription {
            name: held.name.clone(),
            arn: self.arn("thinggroup", &held.name),
            id: self.group_id(held.serial),
            version: held.version,
            description: held.description.clone(),
            attributes: held.attributes.clone(),
            root_to_parent: self.root_to_parent(held).map(|above| self.group_name(above)).collect(),
            created: held.created,
        }
    }

    fn group_name(&self, held: &ThingGroup) -> NameAndArn {
        NameAndArn { name: held.name.clone(), arn: self.arn("thinggroup", &held.name) }
    }

    fn list_groups(&self, filter: &GroupFilter<'_>, page: &Page<'_>) -> Result<Listed<NameAndArn>, ApiError> {
        let parent = filter.parent.map(|name| self.group_key(name)).transpose()?;
        let (from, most) = page.bounds()?;
        let below = |held: &ThingGroup| match (parent, filter.recursive) {
            (None, true) => true,
            (_, false) => held.parent == parent,
            (Some(parent), true) => {
                let above = held.parent.into_iter();
                let mut above = above
                    .flat_map(|key| core::iter::successors(Some(key), |&key| self.groups.get(key)?.parent));
                above.any(|key| key == parent)
            }
        };
        let fits = |(_, held): &(RecordKey, &ThingGroup)| {
            below(held) && filter.name_prefix.is_none_or(|prefix| held.name.starts_with(prefix))
        };
        let found = self.groups.iter_from(from).filter(fits);
        Ok(part(found.map(|(key, held)| (key, self.group_name(held))), most))
    }

    fn list_members(
        &self,
        group: &str,
        recursive: bool,
        page: &Page<'_>,
    ) -> Result<Listed<Box<str>>, ApiError> {
        let (key, (from, most)) = (self.group_key(group)?, page.bounds()?);
        let is_in = |held: &RecordKey| {
            *held == key || recursive && self.ancestry(*held).any(|above| *above.name == *group)
        };
        let found = self.things.iter_from(from).filter(|(_, thing)| thing.groups.iter().any(is_in));
        Ok(part(found.map(|(place, thing)| (place, thing.name.as_str().into())), most))
    }

    fn describe_certificate(&self, held: &Certificate) -> CertificateDescription {
        let rest = held.rest.as_deref().cloned().unwrap_or_default();
        CertificateDescription {
            id: held.id,
            arn: self.arn("cert", held.id),
            ca: rest.ca,
            status: held.status,
            mode: rest.mode,
            validity: held.validity,
            created: rest.created,
            modified: rest.modified,
            version: rest.version,
            pem: rest.pem,
            owned_by: self.account_id().into(),
        }
    }

    fn describe_ca_certificate(&self, id: CertificateId) -> Result<CaCertificateDescription, ApiError> {
        let held = self.cas.named(&id).ok_or_else(|| not_found("CA certificate", id))?;
        Ok(CaCertificateDescription {
            id,
            arn: self.arn("cacert", id),
            is_active: held.active,
            auto_registration: held.auto_registration,
            registration: held.registration.as_deref().cloned(),
            mode: held.mode,
            validity: held.validity,
            created: held.created,
            modified: held.modified,
            version: held.version,
            pem: held.pem.clone(),
            owned_by: self.account_id().into(),
        })
    }
}

fn has_attribute(attributes: &[Attribute], name: &str, filter: &ThingFilter<'_>) -> bool {
    let Ok(at) = attributes.binary_search_by(|(known, _)| (**known).cmp(name)) else { return false };
    let value = &*attributes[at].1;
    filter.attribute_value.is_none_or(|wanted| match filter.use_prefix {
        true => value.starts_with(wanted),
        false => value == wanted,
    })
}

/// A part of a list that somebody has of their own; its places are counted.
fn part_of_list<T>(items: impl Iterator<Item = T>, page: &Page<'_>) -> Result<Listed<T>, ApiError> {
    let (from, most) = page.bounds()?;
    Ok(part((0..).zip(items).skip(from as usize), most))
}
