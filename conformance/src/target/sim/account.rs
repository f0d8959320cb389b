//! The account of a case, set up in the registry of its broker.

use std::collections::BTreeMap;

use squall_core::LambdaRule;
use squall_services::api_error::{ApiError, Exception};
use squall_services::policy::{CertificateAttribute, CertificateFacts, Policy, Rights};
use squall_services::provisioning::{NewHook, NewTemplate, Templates};
use squall_services::registry::{
    CaRegistration, CertificateMode, PrincipalKind, RegistrationConfig, RegistrationTemplate, Registry,
    ThingConfiguration, ThingTypeProperties, Validity, X509Certificate,
};

use super::EPOCH;
use crate::case::{Account, Ca, CaTemplate, Certificate, Entry, KeptTemplate, Rule, Who, certificate_id};

/// Where the functions of the account are.
const FUNCTIONS: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// A role that may provision; nobody asks for it.
const ROLE: &str = "arn:aws:iam::123456789012:role/service-role/Provisioning";

/// What an account has in a broker.
pub(super) struct SetUp {
    pub(super) registry: Registry,
    pub(super) templates: Templates,
    pub(super) rules: Vec<LambdaRule>,
}

/// All that an account names.
///
/// # Errors
/// What the account's services refuse.
pub(super) fn set_up(account: &Account) -> Result<SetUp, String> {
    let owner = squall_services::policy::Account::default();
    let templates = Templates::new(&owner);
    let mut held = SetUp { registry: Registry::new(owner), templates, rules: Vec::new() };
    for entry in &account.entries {
        add(&mut held, account, entry).map_err(|error| format!("account: {entry:?}: {error}"))?;
    }
    Ok(held)
}

fn add(setup: &mut SetUp, account: &Account, entry: &Entry) -> Result<(), ApiError> {
    let registry = &mut setup.registry;
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
        Entry::Template(template) => add_template(&mut setup.templates, template),
        Entry::Ca(ca) => add_ca(registry, account, ca),
        Entry::Rule(Rule { name, filter, function }) => {
            let (name, filter) = (name.as_str().into(), filter.as_str().into());
            setup.rules.push(LambdaRule { name, filter, function: function.as_str().into() });
            Ok(())
        }
        Entry::Authorizer { .. } | Entry::Link { .. } | Entry::Address { .. } => Ok(()),
    }
}

fn add_template(templates: &mut Templates, template: &KeptTemplate) -> Result<(), ApiError> {
    let arn = template.hook.as_ref().map(|function| format!("{FUNCTIONS}{function}"));
    let hook = arn.as_ref().map(|arn| NewHook { payload_version: None, target_arn: arn });
    let new = NewTemplate {
        name: &template.name,
        description: None,
        body: &template.body,
        enabled: template.enabled,
        role_arn: ROLE,
        hook,
        kind: template.kind,
    };
    templates.create(EPOCH, &new).map(|_| ())
}

fn add_ca(registry: &mut Registry, account: &Account, ca: &Ca) -> Result<(), ApiError> {
    let template = match &ca.template {
        None => None,
        Some(CaTemplate::Name(name)) => Some(RegistrationTemplate::Name(name.as_str().into())),
        Some(CaTemplate::BodyOf(name)) => {
            let body = account.template(name).ok_or_else(|| {
                ApiError::new(Exception::ResourceNotFound, format!("the account has no template '{name}'"))
            })?;
            Some(RegistrationTemplate::Body(body.into()))
        }
    };
    let registration = template.map(|template| RegistrationConfig { template, role_arn: Some(ROLE.into()) });
    let certificate = X509Certificate {
        facts: facts("1", &ca.attributes),
        ..X509Certificate::new(certificate_id(&ca.name))
    };
    registry.register_ca_certificate(&CaRegistration {
        certificate: &certificate,
        verification: None,
        mode: CertificateMode::SniOnly,
        set_as_active: ca.active,
        allow_auto_registration: ca.auto_registration,
        registration: registration.as_ref(),
    })
}

fn facts(serial: &str, attributes: &[(CertificateAttribute, String)]) -> CertificateFacts {
    let mut facts = CertificateFacts::new(serial);
    for (attribute, value) in attributes {
        facts.add(*attribute, value);
    }
    facts
}

fn add_certificate(registry: &mut Registry, certificate: &Certificate) -> Result<(), ApiError> {
    let Some(status) = certificate.status else { return Ok(()) };
    let id = certificate_id(&certificate.name);
    let facts = facts(&certificate.serial, &certificate.attributes);
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

/// A certificate as a device of the account shows it whose CA is known: with all its fields.
pub(super) fn presented(certificate: &Certificate) -> Option<X509Certificate> {
    let issuer = certificate_id(certificate.ca.as_deref()?);
    let not_after = certificate.ends.map(|ends| EPOCH.plus_nanos(ends.as_nanos() as u64));
    let always = Validity::ALWAYS;
    Some(X509Certificate {
        issuer: Some(issuer),
        validity: Validity { not_after: not_after.unwrap_or(always.not_after), ..always },
        facts: facts(&certificate.serial, &certificate.attributes),
        ..X509Certificate::new(certificate_id(&certificate.name))
    })
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
