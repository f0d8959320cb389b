//! What devices show of themselves that get their identity in the field: certificates from the factory, claims, and
//! what they were given for those.

use hashbrown::HashMap;
use squall_core::{Call, Identity};
use squall_device::{Credential, DeviceFact};
use squall_results::Operation;
use squall_scenario::CertificateExpiry;
use squall_services::policy::{CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder};
use squall_services::provisioning::TemplateCall;
use squall_services::registry::{CertificateStatus, Validity, X509Certificate};
use squall_types::{CertificateId, Owner, Template, Timestamp, WallTime};

use crate::account::{Entrance, serial_number};
use crate::fleet::FleetRun;
use crate::world::World;

/// The name that TLS asks for.
const SERVER_NAME: &str = "iot.example.com";

/// Certificates that a factory made for the devices of a fleet.
#[derive(Clone, Debug)]
pub(crate) struct FactoryCertificates {
    /// The authority that signed them.
    pub(crate) authority: CertificateId,
    /// The subject of each; per device.
    pub(crate) subject: Vec<(CertificateField, Template)>,
    /// Whether the devices name the server in their TLS.
    pub(crate) server_name: bool,
    pub(crate) expires: Option<CertificateExpiry>,
}

impl FactoryCertificates {
    /// The certificate of a device.
    fn of(&self, fleet: &FleetRun, epoch: WallTime, index: u32) -> X509Certificate {
        let id = fleet.certificate(index);
        let mut facts = CertificateFacts::new(&serial_number(id));
        for (field, value) in &self.subject {
            let attribute = CertificateAttribute { holder: CertificateHolder::Subject, field: *field };
            facts.add(attribute, &fleet.rendered(value, index));
        }
        let validity = match self.expires {
            None => Validity::ALWAYS,
            Some(expires) => {
                Validity { not_after: fleet.expiry_of(epoch, expires, index), ..Validity::ALWAYS }
            }
        };
        X509Certificate { issuer: Some(self.authority), validity, facts, ..X509Certificate::new(id) }
    }
}

/// How far a device is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// It has no identity.
    #[default]
    Nobody,
    /// It has one, and was not connected with it.
    Provisioned,
    /// It was.
    Connected,
    /// And published something that was acknowledged.
    Published,
}

/// A device that gets its identity in the field.
#[derive(Clone, Copy, Debug, Default)]
struct FieldDevice {
    /// The certificate that it was given last.
    given: Option<CertificateId>,
    /// Claims that a trusted user got for it.
    claims: u32,
    /// Until when the last of them is good.
    claim_until: Timestamp,
    stage: Stage,
    /// When it first tried.
    since: Timestamp,
}

/// The devices of all fleets that get their identity in the field.
#[derive(Debug)]
pub(crate) struct FieldDevices {
    /// By the number of the fleet; none of a fleet that has its identity.
    fleets: Vec<Vec<FieldDevice>>,
    /// Who showed a certificate that the service has not let in yet.
    shown_by: HashMap<CertificateId, u32, foldhash::fast::FixedState>,
}

impl FieldDevices {
    pub(crate) fn new(fleets: &[FleetRun]) -> Self {
        let devices = |fleet: &FleetRun| if fleet.profile.provisioning.is_some() { fleet.devices } else { 0 };
        let of_fleet = |fleet| vec![FieldDevice::default(); devices(fleet) as usize];
        Self {
            fleets: fleets.iter().map(of_fleet).collect(),
            shown_by: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(3)),
        }
    }

    fn get(&self, fleet: usize, index: u32) -> Option<&FieldDevice> {
        self.fleets.get(fleet)?.get(index as usize)
    }

    fn get_mut(&mut self, fleet: usize, index: u32) -> Option<&mut FieldDevice> {
        self.fleets.get_mut(fleet)?.get_mut(index as usize)
    }

    /// The certificate that a device was given.
    fn given(&self, fleet: usize, index: u32) -> Option<CertificateId> {
        self.get(fleet, index)?.given
    }

    /// Takes what a device says of itself; the operation that ended with it, and when that began.
    #[inline]
    pub(crate) fn device_fact(
        &mut self,
        fleet: usize,
        index: u32,
        fact: &DeviceFact<'_>,
    ) -> Option<(Operation, Timestamp)> {
        let device = self.get_mut(fleet, index)?;
        match *fact {
            DeviceFact::CertificateReceived { certificate_id } => device.given = Some(certificate_id),
            // One that had a certificate from the start is let in by that: it was connected a moment ago.
            DeviceFact::Provisioned { since, certificate_id: None, .. } if device.stage == Stage::Nobody => {
                (device.stage, device.since) = (Stage::Connected, since);
                return Some((Operation::Provisioning, since));
            }
            DeviceFact::Provisioned { since, certificate_id: Some(_), .. }
                if device.stage == Stage::Nobody =>
            {
                (device.stage, device.since) = (Stage::Provisioned, since);
            }
            DeviceFact::Connected { .. } if device.stage == Stage::Provisioned => {
                device.stage = Stage::Connected;
                return Some((Operation::Provisioning, device.since));
            }
            DeviceFact::PublishAcked { code, .. } if device.stage == Stage::Connected && !code.is_error() => {
                device.stage = Stage::Published;
                return Some((Operation::FirstPublish, device.since));
            }
            _ => {}
        }
        None
    }

    /// The device that showed a certificate which is provisioned just in time, or is not.
    pub(crate) fn shown_by(&mut self, certificate: CertificateId) -> Option<u32> {
        self.shown_by.remove(&certificate)
    }

    /// Devices that were connected with an identity that they got in the field.
    pub(crate) fn provisioned(&self) -> u64 {
        let devices = self.fleets.iter().flatten();
        devices.filter(|device| device.stage >= Stage::Connected).count() as u64
    }

    /// When devices began that were connected with their own identity and have published nothing so far.
    pub(crate) fn without_first_publish(&self) -> impl Iterator<Item = Timestamp> {
        let devices = self.fleets.iter().flatten();
        devices.filter(|device| device.stage == Stage::Connected).map(|device| device.since)
    }
}

/// What a device shows in its handshake.
pub(crate) enum Shown {
    Trusted(CertificateId),
    Registered(CertificateId),
    Presented { certificate: Box<X509Certificate>, server_name: bool },
    CustomAuthorizer,
}

impl Shown {
    pub(crate) fn identity(&self) -> Identity<'_> {
        match self {
            Self::Trusted(id) => Identity::Trusted(*id),
            Self::Registered(id) => Identity::Certificate(*id),
            Self::Presented { certificate, server_name } => {
                Identity::Presented { certificate, server_name: server_name.then_some(SERVER_NAME) }
            }
            Self::CustomAuthorizer => Identity::CustomAuthorizer { server_name: None },
        }
    }
}

/// The claim of a fleet, or the one with a number that a trusted user got for a device.
pub(crate) fn claim_of(owner: Owner) -> CertificateId {
    CertificateId::of(Owner(owner.0 ^ Owner::named("claim").0))
}

impl World {
    /// What a device shows in a handshake that it began with this credential.
    pub(crate) fn shown(&mut self, number: usize, index: u32, credential: Credential) -> Shown {
        let fleet = &self.fleets[number];
        match (&fleet.entrance, credential) {
            (Entrance::Registered, _) if self.mutant.ignores_policies() => {
                Shown::Trusted(fleet.certificate(index))
            }
            (Entrance::Trusted, _) => Shown::Trusted(fleet.certificate(index)),
            (Entrance::Registered, _) => Shown::Registered(fleet.certificate(index)),
            (Entrance::CustomAuthorizer, _) => Shown::CustomAuthorizer,
            (Entrance::Claim | Entrance::TrustedUser(_), Credential::Own) => {
                Shown::Registered(self.certificate_of(number, index))
            }
            (Entrance::Claim, Credential::Claim) => Shown::Registered(claim_of(fleet.owner)),
            (Entrance::TrustedUser(_), Credential::Claim) => {
                let claims = self.field.get(number, index).map_or(0, |device| device.claims);
                Shown::Registered(claim_of(fleet.owner.member(claim_number(index, claims))))
            }
            (Entrance::JustInTime(factory), _) => {
                let id = fleet.certificate(index);
                // The service asks no more of a certificate that it knows and lets in.
                if self.broker.registry().certificate_status(id) == Ok(CertificateStatus::Active) {
                    return Shown::Registered(id);
                }
                let certificate = Box::new(factory.of(fleet, self.epoch, index));
                self.field.shown_by.insert(id, fleet.first + index);
                Shown::Presented { certificate, server_name: factory.server_name }
            }
        }
    }

    /// The trusted user of a device sees to it that the device has a claim that is good, before it connects with it.
    pub(crate) fn hand_out_claim(&mut self, device: u32) {
        let number = self.fleet_of(device);
        let fleet = &self.fleets[number];
        let Entrance::TrustedUser(template) = &fleet.entrance else { return };
        let index = device - fleet.first;
        let Some(held) = self.field.get_mut(number, index) else { return };
        if self.now < held.claim_until {
            return;
        }
        held.claims += 1;
        let id = claim_of(fleet.owner.member(claim_number(index, held.claims)));
        let (template, certificate) = (template.clone(), X509Certificate::new(id));
        let call =
            TemplateCall::CreateProvisioningClaim { template: &template, certificate: Some(&certificate) };
        // One that is refused is no claim: the device is turned away, and whoever holds it tries again with it.
        if self.request(call.operation().as_bytes(), Call::Template(call)) {
            let until = self.now.plus_nanos(self.claim_nanos);
            if let Some(held) = self.field.get_mut(number, index) {
                held.claim_until = until;
            }
        }
    }

    /// The certificate that stands for a device in calls of cloud-side actors: its own.
    pub(crate) fn certificate_of(&self, number: usize, index: u32) -> CertificateId {
        let given = self.field.given(number, index);
        given.unwrap_or_else(|| self.fleets[number].certificate(index))
    }
}

/// Counts the claims of a device among those of its fleet.
const fn claim_number(index: u32, claims: u32) -> u64 {
    ((claims as u64) << 32) | index as u64
}
