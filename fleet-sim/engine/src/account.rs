//! The account at the start of a run: its policies, and the certificate and thing of each device that is held to some.

use core::fmt;

use squall_oracle::{Oracles, Subject, SubjectThing};
use squall_scenario::{Call, Fleet, Identity, Registered, Scenario};
use squall_services::api_error::ApiError;
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{
    CertificateStatus, PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties, Validity,
    X509Certificate,
};
use squall_types::{CertificateId, Now, Timestamp, WallTime};

use crate::authorities::{self, authority_of};
use crate::fleet::FleetRun;
use crate::identities::FactoryCertificates;
use crate::service::address_of;

/// The policy of certificates that a scenario gives no policy and yet calls by name: they are allowed everything.
const EVERYTHING: &str = "squall-allows-everything";
const EVERYTHING_DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A world that cannot begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupError {
    what: String,
    why: String,
}

impl SetupError {
    pub(crate) fn new(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { what: what.into(), why: why.to_string() }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl core::error::Error for SetupError {}

/// How the devices of a fleet come.
#[derive(Clone, Debug)]
pub(crate) enum Entrance {
    /// With certificates that nobody looks up.
    Trusted,
    /// With registered certificates.
    Registered,
    /// With what a custom authorizer judges.
    CustomAuthorizer,
    /// With certificates that their first connections register.
    JustInTime(FactoryCertificates),
    /// With a claim that the fleet shares, for certificates of their own.
    Claim,
    /// With claims that a trusted user gets for each from a template, for the same.
    TrustedUser(String),
}

impl Entrance {
    /// Devices whose certificates nobody restricts, switches off or calls by name need no record.
    pub(crate) fn of(fleet: &Fleet, number: usize, scenario: &Scenario) -> Self {
        match &fleet.identity {
            Identity::CustomAuthorizer(_) => Self::CustomAuthorizer,
            Identity::Registered(Registered {
                rights: None,
                certificate_status: CertificateStatus::Active,
                certificate_expires: None,
            }) if !scenario.app_calls.iter().any(|call| names_fleet(&call.call, number)) => Self::Trusted,
            Identity::Registered(_) => Self::Registered,
            Identity::Jitp(asked) | Identity::Jitr(asked) => Self::JustInTime(FactoryCertificates {
                authority: authority_of(&asked.certificate_authority),
                subject: asked.subject.clone(),
                server_name: asked.server_name,
                expires: asked.certificate_expires,
            }),
            Identity::Claim(_) => Self::Claim,
            Identity::TrustedUser(asked) => Self::TrustedUser(asked.template.clone()),
        }
    }
}

fn names_fleet(call: &Call, number: usize) -> bool {
    match call {
        Call::UpdateCertificate { devices, .. }
        | Call::AttachPolicy { devices, .. }
        | Call::DetachPolicy { devices, .. } => devices.fleet == number,
        Call::PublishToTopic { .. }
        | Call::CreatePolicy { .. }
        | Call::CreatePolicyVersion { .. }
        | Call::SetDefaultPolicyVersion { .. } => false,
        Call::Api(call) => call.devices.is_some_and(|devices| devices.fleet == number),
    }
}

/// Everything that the account knows when the run begins.
pub(crate) fn registry(scenario: &Scenario, fleets: &[FleetRun]) -> Result<Registry, SetupError> {
    let mut registry = Registry::new(Account::default());
    registry.set_time(Now::at(Timestamp::ZERO, scenario.epoch));
    for policy in &scenario.policies {
        let created = registry.policies.create_policy(&policy.name, &policy.document);
        created.map_err(|error| SetupError::new(format!("policy {}", policy.name), error))?;
    }
    for (fleet, run) in scenario.fleets.iter().zip(fleets) {
        let Identity::Registered(registered) = &fleet.identity else { continue };
        if !matches!(run.entrance, Entrance::Registered) {
            continue;
        }
        if registered.rights.is_none() {
            // Another fleet may have brought it.
            let _ = registry.policies.create_policy(EVERYTHING, EVERYTHING_DOCUMENT);
        }
        // A fleet is a type of thing, which may have more attributes than a thing without type.
        let created = registry.create_thing_type(&run.profile.fleet, ThingTypeProperties::default());
        created.map_err(|error| SetupError::new(format!("thing type {}", run.profile.fleet), error))?;
        registry.reserve(fleet.devices as usize);
        for index in 0..fleet.devices {
            let what = || format!("device {index} of fleet {}", fleet.name);
            register(&mut registry, run, registered, scenario.epoch, index)
                .map_err(|error| SetupError::new(what(), error))?;
        }
    }
    authorities::register(&mut registry, scenario, fleets)?;
    Ok(registry)
}

/// Tells the judges what the account knows when the run begins.
pub(crate) fn introduce(oracles: &mut Oracles, scenario: &Scenario, fleets: &[FleetRun]) {
    for policy in &scenario.policies {
        oracles.policy_in_force(Timestamp::ZERO, &policy.name, &policy.document);
    }
    for (fleet, run) in scenario.fleets.iter().zip(fleets) {
        let devices = run.first..run.first + run.devices;
        match &fleet.identity {
            // What templates and functions attach to their certificates, the judges do not follow.
            Identity::CustomAuthorizer(_)
            | Identity::Jitp(_)
            | Identity::Jitr(_)
            | Identity::Claim(_)
            | Identity::TrustedUser(_) => oracles.leave_to_authorizer(devices),
            Identity::Registered(Registered { rights: Some(rights), .. }) => {
                let policies: Vec<&str> = rights.policies.iter().map(String::as_str).collect();
                oracles.restrict(devices, &policies);
            }
            Identity::Registered(Registered { rights: None, .. }) => {}
        }
    }
}

fn register(
    registry: &mut Registry,
    fleet: &FleetRun,
    registered: &Registered,
    epoch: WallTime,
    index: u32,
) -> Result<(), ApiError> {
    let id = fleet.certificate(index);
    let facts = CertificateFacts::new(&serial_number(id));
    match registered.certificate_expires {
        None => registry.register_certificate(id, facts, registered.certificate_status)?,
        Some(expires) => {
            let validity = Validity { not_after: fleet.expiry_of(epoch, expires, index), ..Validity::ALWAYS };
            let certificate = X509Certificate { facts, validity, ..X509Certificate::new(id) };
            registry.register_certificate_without_ca(&certificate, registered.certificate_status)?;
        }
    }
    let Some(rights) = &registered.rights else {
        return registry.attach_policy_to_certificate(EVERYTHING, id);
    };
    for policy in &rights.policies {
        registry.attach_policy_to_certificate(policy, id)?;
    }
    let thing = fleet.rendered(&rights.thing, index);
    let attributes =
        rights.attributes.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
    let type_name = Some(fleet.profile.fleet.as_str().into());
    let attributes = attributes.collect();
    registry.add_thing(&thing, ThingConfiguration { type_name, attributes, billing_group: None })?;
    let kind = if rights.exclusive_thing { PrincipalKind::Exclusive } else { PrincipalKind::NonExclusive };
    registry.attach_thing_principal(&thing, id, kind)
}

/// A certificate of the simulation was never issued; its serial number is a part of its id.
pub(crate) fn serial_number(id: CertificateId) -> String {
    let [a, b, c, d, e, f, g, h, ..] = id.0;
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// What the judges may know of a device that is held to policies.
pub(crate) fn subject(fleet: &FleetRun, device: u32) -> Subject {
    let index = device - fleet.first;
    let id = fleet.certificate(index);
    Subject {
        client_id: fleet.rendered(&fleet.profile.client_id, index),
        source_ip: address_of(device).to_string(),
        certificate_id: id.to_string(),
        serial_number: serial_number(id),
        thing: fleet.rights.as_ref().map(|rights| SubjectThing {
            name: fleet.rendered(&rights.thing, index),
            type_name: fleet.profile.fleet.clone(),
            attributes: rights.attributes.clone(),
            exclusive: rights.exclusive_thing,
        }),
    }
}
