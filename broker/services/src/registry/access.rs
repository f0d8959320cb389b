//! What the broker asks of the registry when somebody connects or does something.

use core::net::IpAddr;

use squall_types::{CertificateId, WallTime};

use super::certificate::{Certificate, CertificateStatus};
use super::{Registry, Validity};
use crate::policy::{ConnectFacts, Facts, Needs, PolicySet, Rights, ThingFacts};
use crate::records::RecordKey;

/// Why a certificate cannot connect: what the authentication log names (`broker.md` 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRefusal {
    /// Nobody registered it.
    NotRegistered,
    /// It is revoked.
    Revoked,
    /// It is in any other state than active.
    Inactive,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
}

impl AccessRefusal {
    /// The reason as the log spells it. A certificate out of its time fails in TLS, of which neither log nor metric
    /// tells (unverified).
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::NotRegistered => Some("DEVICE_CERTIFICATE_NOT_REGISTERED"),
            Self::Revoked => Some("DEVICE_CERTIFICATE_REVOKED"),
            Self::Inactive => Some("DEVICE_CERTIFICATE_INACTIVE"),
            Self::NotYetValid | Self::Expired => None,
        }
    }
}

/// A registered certificate's place in the registry; valid until the certificate is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateKey(RecordKey);

/// The thing that stands for a client of a certificate; valid until the thing is detached from the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachedThing {
    key: RecordKey,
    /// Attached as `EXCLUSIVE_THING`; else the thing has the client's name.
    exclusive: bool,
}

/// An active certificate, and what of the registry concerns it.
#[derive(Clone, Copy, Debug)]
pub struct Access<'r> {
    registry: &'r Registry,
    certificate: &'r Certificate,
    key: CertificateKey,
}

impl Registry {
    /// Whether a certificate may connect now, and with which rights.
    ///
    /// # Errors
    /// Why not. TLS comes before the registry is asked, so its time counts first.
    #[inline]
    pub fn access(&self, id: CertificateId, now: WallTime) -> Result<Access<'_>, AccessRefusal> {
        let found = self.certificates.look_up(&id);
        match found {
            Some((_, held)) if !held.validity.has_begun(now) => Err(AccessRefusal::NotYetValid),
            Some((_, held)) if !held.validity.covers(now) => Err(AccessRefusal::Expired),
            _ => self.judge(found),
        }
    }

    /// Whether a connection of a certificate may stand, and with which rights: nobody looks at its dates again.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn standing(&self, id: CertificateId) -> Result<Access<'_>, AccessRefusal> {
        self.judge(self.certificates.look_up(&id))
    }

    #[inline]
    fn judge<'r>(&'r self, found: Option<(RecordKey, &'r Certificate)>) -> Result<Access<'r>, AccessRefusal> {
        let (key, certificate) = found.ok_or(AccessRefusal::NotRegistered)?;
        match certificate.status {
            CertificateStatus::Active => Ok(Access { registry: self, certificate, key: CertificateKey(key) }),
            CertificateStatus::Revoked => Err(AccessRefusal::Revoked),
            CertificateStatus::Inactive
            | CertificateStatus::PendingTransfer
            | CertificateStatus::PendingActivation
            | CertificateStatus::RegisterInactive => Err(AccessRefusal::Inactive),
        }
    }

    /// The thing that stands for a client: the one of the certificate's things that has its name, or the exclusive one.
    #[must_use]
    pub fn attached_thing(&self, certificate: CertificateKey, client_id: &str) -> Option<AttachedThing> {
        let certificate = self.certificates.get(certificate.0)?;
        let stands = |key: &RecordKey| certificate.exclusive || *self.thing_at(*key).name == *client_id;
        let key =
            certificate.things.iter().copied().find(|key| self.things.get(*key).is_some() && stands(key))?;
        Some(AttachedThing { key, exclusive: certificate.exclusive })
    }

    /// The name of an exclusive thing; others have the client's.
    #[must_use]
    pub fn exclusive_thing(&self, thing: AttachedThing) -> Option<&str> {
        thing.exclusive.then(|| &*self.thing_at(thing.key).name)
    }

    /// What policies may ask of a client: of the certificate and the thing no more than is in `needs`.
    #[inline]
    #[must_use]
    pub fn facts<'f>(
        &'f self,
        needs: Needs,
        certificate: Option<CertificateKey>,
        thing: Option<AttachedThing>,
        client_id: &'f str,
        source_ip: IpAddr,
        connect: ConnectFacts<'f>,
    ) -> Facts<'f> {
        let certificate =
            certificate.filter(|_| needs.certificate).and_then(|key| self.certificates.get(key.0));
        let thing = thing.filter(|_| needs.thing).map(|thing| {
            // A thing that is not exclusive has the client's name, so its record need not be looked at for that.
            let record = (needs.thing_details || thing.exclusive).then(|| self.thing_at(thing.key));
            ThingFacts {
                name: record.map_or(client_id, |record| &record.name),
                type_name: record.and_then(|record| self.type_name(record)),
                attributes: record.map_or(&[], |record| &record.attributes),
                exclusive: thing.exclusive,
            }
        });
        Facts {
            account: self.policies.account(),
            client_id: Some(client_id),
            source_ip,
            certificate_id: certificate.map(|certificate| &certificate.id),
            certificate: certificate.map(|certificate| &*certificate.facts),
            thing,
            connect,
        }
    }
}

impl Access<'_> {
    /// The certificate's place, for later questions.
    #[must_use]
    pub const fn key(&self) -> CertificateKey {
        self.key
    }

    /// Whether the certificate has an end, so that it may be refused later though nobody changes it.
    #[must_use]
    pub fn expires(&self) -> bool {
        self.certificate.validity.not_after != Validity::ALWAYS.not_after
    }

    /// The certificate's own policies alone.
    #[must_use]
    pub fn own_rights(&self) -> Rights {
        let own = self.registry.policies.operative(&self.certificate.attached).cloned().collect();
        Rights::new(own, Vec::new())
    }

    /// Every policy that counts now: those of the certificate, and for each of its things those of the groups that the
    /// thing is in and of their ancestors.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let registry = self.registry;
        let own = registry.policies.operative(&self.certificate.attached).cloned().collect();
        // Most accounts have no groups; then no thing need be looked at.
        let things: &[RecordKey] = if registry.groups.is_empty() { &[] } else { &self.certificate.things };
        let things = things.iter().map(|&key| registry.thing_at(key));
        let inherited = things.filter(|thing| !thing.groups.is_empty()).map(|thing| {
            let groups = thing.groups.iter().flat_map(|&group| registry.ancestry(group));
            let policies = groups.flat_map(|group| registry.policies.operative(&group.attached));
            (thing.name.as_str().into(), policies.cloned().collect::<PolicySet>())
        });
        Rights::new(own, inherited.filter(|(_, policies)| !policies.is_empty()).collect())
    }
}
