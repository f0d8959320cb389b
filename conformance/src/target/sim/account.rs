//! The account of a case, set up in the registry of its broker.

use std::collections::BTreeMap;

use squall_services::api_error::ApiError;
use squall_services::policy::{CertificateFacts, Policy, Rights};
use squall_services::registry::{PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties};
use squall_types::{CertificateId, Owner};

use crate::case::{Account, Certificate, Entry, Who};

/// The id of the certificate of that name.
pub(super) fn certificate_id(name: &str) -> CertificateId {
    CertificateId::of(Owner::named(&format!("conformance/{name}")))
}

/// A registry with all that an account names.
///
/// # Errors
/// What the registry refuses.
pub(super) fn registry(account: &Account) -> Result<Registry, String> {
    let mut registry = Registry::new(squall_services::policy::Account::default());
    for entry in &account.entries {
        add(&mut registry, entry).map_err(|error| format!("account: {entry:?}: {error}"))?;
    }
    Ok(registry)
}

fn add(registry: &mut Registry, entry: &Entry) -> Result<(), ApiError> {
    match entry {
        Entry::Policy { name, document } => registry.policies.create_policy(name, document).map(|_| ()),
        Entry::Group { name, parent, policies } => {
            registry.create_thing_group(name, parent.as_deref())?;
            policies.iter().try_for_each(|policy| registry.attach_policy_to_thing_group(policy, name))
        }
        Entry::Thing { name, type_name, attributes, groups } => {
            let pair = |(name, value): &(String, String)| (name.as_str().into(), value.as_str().into());
            if let Some(type_name) = type_name {
                registry.create_thing_type(type_name, ThingTypeProperties::default())?;
            }
            let configuration = ThingConfiguration {
                billing_group: None,
                type_name: type_name.as_deref().map(Into::into),
                attributes: attributes.iter().map(pair).collect(),
            };
            registry.create_thing(name, configuration)?;
            groups.iter().try_for_each(|group| registry.add_thing_to_thing_group(name, group))
        }
        Entry::Cognito { id, policies } => {
            policies.iter().try_for_each(|policy| registry.attach_policy_to_cognito_identity(policy, id))
        }
        Entry::Certificate(certificate) => add_certificate(registry, certificate),
        Entry::Authorizer { .. } | Entry::Link { .. } | Entry::Address { .. } => Ok(()),
    }
}

fn add_certificate(registry: &mut Registry, certificate: &Certificate) -> Result<(), ApiError> {
    let Some(status) = certificate.status else { return Ok(()) };
    let id = certificate_id(&certificate.name);
    let mut facts = CertificateFacts::new(&certificate.serial);
    for (attribute, value) in &certificate.attributes {
        facts.add(*attribute, value);
    }
    registry.register_certificate(id, facts, status)?;
    for policy in &certificate.policies {
        registry.attach_policy_to_certificate(policy, id)?;
    }
    let kind = if certificate.exclusive { PrincipalKind::Exclusive } else { PrincipalKind::NonExclusive };
    match &certificate.thing {
        Some(thing) => registry.attach_thing_principal(thing, id, kind),
        None => Ok(()),
    }
}

/// What IAM policies allow whoever signed, by link.
///
/// # Errors
/// There is no such policy, or it is wrong.
pub(super) fn iam_rights(account: &Account) -> Result<BTreeMap<&str, Rights>, String> {
    let mut rights = BTreeMap::new();
    for entry in &account.entries {
        let Entry::Link { name: link, who: Who::Signed { iam, .. } } = entry else { continue };
        let parse = |name: &String| {
            let document = account.document(name).ok_or_else(|| format!("account: no policy '{name}'"))?;
            Policy::parse(document, &squall_services::policy::Account::default())
                .map_err(|error| error.to_string())
        };
        let policies = iam.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        rights.insert(link.as_str(), Rights::granted(policies));
    }
    Ok(rights)
}
