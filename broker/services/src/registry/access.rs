//! What the broker asks of the registry when somebody connects or does something.

use core::net::IpAddr;

use squall_types::CertificateId;

use super::certificate::{Certificate, CertificateStatus};
use super::{Registry, thing};
use crate::policy::{ConnectFacts, Facts, Policy, ThingFacts};

/// Why a certificate cannot connect: what the authentication log names (`broker.md` 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRefusal {
    /// Nobody registered it.
    NotRegistered,
    /// It is revoked.
    Revoked,
    /// It is in any other state than active.
    Inactive,
}

impl AccessRefusal {
    /// The reason as the log spells it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotRegistered => "DEVICE_CERTIFICATE_NOT_REGISTERED",
            Self::Revoked => "DEVICE_CERTIFICATE_REVOKED",
            Self::Inactive => "DEVICE_CERTIFICATE_INACTIVE",
        }
    }
}

/// An active certificate, and what of the registry concerns it.
#[derive(Clone, Copy, Debug)]
pub struct Access<'r> {
    registry: &'r Registry,
    certificate: &'r Certificate,
}

impl Registry {
    /// Whether a certificate may connect, and with which rights.
    ///
    /// # Errors
    /// Why not.
    pub fn access(&self, id: CertificateId) -> Result<Access<'_>, AccessRefusal> {
        let certificate = self.certificates.get(&id).ok_or(AccessRefusal::NotRegistered)?;
        match certificate.status {
            CertificateStatus::Active => Ok(Access { registry: self, certificate }),
            CertificateStatus::Revoked => Err(AccessRefusal::Revoked),
            CertificateStatus::Inactive
            | CertificateStatus::PendingTransfer
            | CertificateStatus::PendingActivation
            | CertificateStatus::RegisterInactive => Err(AccessRefusal::Inactive),
        }
    }
}

impl<'r> Access<'r> {
    /// The thing that stands for a client: the one of the certificate's things that has its name, or the exclusive one.
    fn thing_of(&self, client_id: &str) -> Option<(&'r str, &'r thing::Thing)> {
        let certificate = self.certificate;
        let name = certificate.things.iter().find(|name| certificate.exclusive || ***name == *client_id)?;
        self.registry.things.get(name).map(|thing| (&**name, thing))
    }

    /// Every policy in force for a client, with its name: those of the certificate, then those of the groups that its
    /// thing is in and their ancestors. Groups count only for a client of the thing's name (`broker.md` 9.5).
    pub fn policies(&self, client_id: &str) -> impl Iterator<Item = (&'r str, &'r Policy)> {
        let registry = self.registry;
        let thing = self.thing_of(client_id).filter(|(name, _)| *name == client_id);
        let groups = thing.into_iter().flat_map(|(_, thing)| &thing.groups);
        let inherited = groups
            .flat_map(|group| registry.ancestry(group))
            .flat_map(|(_, group)| registry.policies.operative(&group.attached));
        registry.policies.operative(&self.certificate.attached).chain(inherited)
    }

    /// What policies may ask of a client.
    #[must_use]
    pub fn facts<'f>(&self, client_id: &'f str, source_ip: IpAddr, connect: ConnectFacts<'f>) -> Facts<'f>
    where
        'r: 'f,
    {
        Facts {
            account: self.registry.policies.account(),
            client_id: Some(client_id),
            source_ip,
            certificate: Some(&self.certificate.facts),
            thing: self.thing_of(client_id).map(|(name, thing)| ThingFacts {
                name,
                type_name: thing.configuration.type_name.as_deref(),
                attributes: &thing.configuration.attributes,
                exclusive: self.certificate.exclusive,
            }),
            connect,
        }
    }
}
