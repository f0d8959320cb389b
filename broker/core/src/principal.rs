//! Principals: who connections are, and what each may do.
//!
//! One is kept for as long as a connection has it. What it may do is a snapshot, read when its first connection comes
//! and again a propagation delay after a change (`broker.md` 8.1, 9.5, D-20). A principal that is allowed everything
//! has no snapshot.
//!
//! That of a certificate stays, without connections, until the certificate is deleted: devices come back, and if the
//! account has not changed meanwhile there is nothing to read anew.

use core::fmt;
use core::hash::BuildHasher;
use core::ops::{Index, IndexMut};
use std::sync::Arc;

use hashbrown::HashTable;
use slab::Slab;
use squall_services::policy::Rights;
use squall_services::registry::{AttachedThing, CertificateKey};
use squall_types::CertificateId;

use crate::authorizer::{Authorizing, Granted};
use crate::connection::ConnectionKey;
use crate::hash::HASHER;
use crate::remembered::Remembered;

/// A principal's key inside the core, which a connection keeps in place of the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PrincipalKey(pub(crate) u32);

/// Who a principal is.
#[derive(Debug)]
pub(crate) enum Who {
    /// A registered certificate.
    Certificate(CertificateId),
    /// A certificate that nobody looks up.
    Trusted(CertificateId),
    /// A temporary claim certificate, which a trusted user got (`state.md` 3.4).
    Claim(CertificateId),
    /// A certificate that may not connect, on a connection that is about to end.
    TurnedAway(CertificateId),
    /// Nobody in particular.
    Anonymous,
    /// Whoever signed with IAM or Cognito credentials.
    Signed(Box<Signed>),
    /// A client whose CONNECT has to bring its credentials, and the name that its TLS asked for.
    Unasked(Option<Box<str>>),
    /// A client whose authorizer has not answered.
    Authorizing(Box<Authorizing>),
    /// A client that an authorizer let in.
    Granted(Box<Granted>),
}

impl Who {
    /// The certificate that it showed.
    pub(crate) const fn certificate(&self) -> Option<CertificateId> {
        match self {
            Self::Certificate(id) | Self::Trusted(id) | Self::Claim(id) | Self::TurnedAway(id) => Some(*id),
            Self::Anonymous
            | Self::Signed(_)
            | Self::Unasked(_)
            | Self::Authorizing(_)
            | Self::Granted(_) => None,
        }
    }
}

/// Whoever signed with IAM or Cognito credentials.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) principal: Box<str>,
    pub(crate) iam: Rights,
    pub(crate) cognito_identity: Option<Box<str>>,
}

/// `principalIdentifier` (`broker.md` 5). The service knows nobody who is anonymous; this text is Squall's own.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(id) | Self::Trusted(id) | Self::Claim(id) | Self::TurnedAway(id) => id.fmt(f),
            Self::Anonymous | Self::Unasked(_) | Self::Authorizing(_) => f.write_str("anonymous"),
            Self::Signed(signed) => f.write_str(&signed.principal),
            Self::Granted(granted) => f.write_str(&granted.principal),
        }
    }
}

/// What a principal may do: what every layer that is there allows (`broker.md` 0.10, 8.5).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) iot: Option<Rights>,
    pub(crate) iam: Option<Rights>,
}

impl Authority {
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Rights> {
        self.iot.iter().chain(&self.iam)
    }
}

/// In this order: what a new connection asks for is in the first cache line, what PUBLISH asks for in the second. Many
/// connections of a storm are turned away before their CONNECT is looked at, and need no more than the first.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Principal {
    pub(crate) who: Who,
    /// `None` allows everything.
    authority: Option<Arc<Authority>>,
    /// How many connections have it.
    connections: u32,
    /// After how many changes of the account its certificate was read, and found active.
    read_after: u32,
    /// Tells it from others that had its key before.
    pub(crate) serial: u32,
    /// The connection whose CONNECT came last, if it still stands.
    latest: Option<ConnectionKey>,
    /// What `latest` was last allowed to publish to. It names the connection and how often the account has changed; a
    /// new authority and the end of the connection, whose key another may get, forget it.
    last_allowed: Option<Remembered>,
    pub(crate) certificate: Option<CertificateKey>,
    /// The thing that stands for the client of `latest`, or for the one before if there is none.
    thing: Option<AttachedThing>,
    /// The client id that `thing` was found for.
    thing_for: Option<Remembered>,
}

impl Principal {
    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.authority.as_deref()
    }

    pub(crate) fn latest(&self) -> Option<ConnectionKey> {
        self.latest
    }

    /// The thing that stands for the client of `latest`.
    pub(crate) fn thing(&self) -> Option<AttachedThing> {
        self.thing
    }

    /// What it may do was read, after so many changes of the account.
    pub(crate) fn set_authority(&mut self, authority: Arc<Authority>, account_changes: u32) {
        self.authority = Some(authority);
        self.read_after = account_changes;
        self.last_allowed = None;
    }

    /// Whether the account is as it was when what it may do was read, and time alone changes nothing.
    pub(crate) fn is_current(&self, account_changes: u32) -> bool {
        self.read_after == account_changes
    }

    pub(crate) fn set_thing(&mut self, thing: Option<AttachedThing>) {
        self.thing = thing;
        self.thing_for = None;
    }

    /// The thing that stands for a client, if that is known.
    pub(crate) fn thing_for(&self, client_id: Remembered) -> Option<Option<AttachedThing>> {
        (self.thing_for == Some(client_id)).then_some(self.thing)
    }

    /// The CONNECT of a connection has come, the last for now, and a thing stands for its client.
    pub(crate) fn set_latest(
        &mut self,
        connection: ConnectionKey,
        thing: Option<AttachedThing>,
        client_id: Remembered,
    ) {
        self.set_thing(thing);
        self.latest = Some(connection);
        self.thing_for = Some(client_id);
    }

    /// Whether it is known that a connection may publish to a topic.
    #[inline]
    pub(crate) fn remembers(&self, allowed: Remembered) -> bool {
        self.last_allowed == Some(allowed)
    }

    /// The connection may publish to a topic, until something changes.
    pub(crate) fn remember(&mut self, connection: ConnectionKey, allowed: Remembered) {
        if self.latest == Some(connection) {
            self.last_allowed = Some(allowed);
        }
    }

    /// Whether `latest` is all there is.
    pub(crate) fn only_connection(&self) -> Option<ConnectionKey> {
        self.latest.filter(|_| self.connections == 1)
    }
}

/// The principals of all connections.
#[derive(Debug, Default)]
pub(crate) struct Principals {
    principals: Slab<Principal>,
    /// Those that several connections may share.
    shared: HashTable<u32>,
    serial: u32,
    /// Authorities read lately, so that a fleet under one policy has one.
    recent: Vec<Arc<Authority>>,
    replaced: usize,
}

/// So many authorities are remembered: a few fleets come at a time.
const RECENT: usize = 8;

/// What connections share a principal by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shared {
    Certificate(CertificateId),
    Trusted(CertificateId),
    Anonymous,
}

impl Shared {
    fn of(who: &Who) -> Option<Self> {
        match who {
            Who::Certificate(id) => Some(Self::Certificate(*id)),
            Who::Trusted(id) => Some(Self::Trusted(*id)),
            Who::Anonymous => Some(Self::Anonymous),
            Who::Claim(_)
            | Who::TurnedAway(_)
            | Who::Signed(_)
            | Who::Unasked(_)
            | Who::Authorizing(_)
            | Who::Granted(_) => None,
        }
    }
}

fn hash(shared: Shared) -> u64 {
    HASHER.hash_one(shared)
}

impl Principals {
    fn find(&self, shared: Shared) -> Option<PrincipalKey> {
        let is_it = |&key: &u32| Shared::of(&self.principals[key as usize].who) == Some(shared);
        self.shared.find(hash(shared), is_it).map(|&key| PrincipalKey(key))
    }

    /// The principal of a registered certificate, if a connection has it.
    pub(crate) fn of_certificate(&self, id: CertificateId) -> Option<PrincipalKey> {
        self.find(Shared::Certificate(id)).filter(|&key| self[key].connections > 0)
    }

    /// The principal of a certificate, whether a connection has it or not.
    pub(crate) fn known(&self, certificate: CertificateId) -> Option<PrincipalKey> {
        self.find(Shared::Certificate(certificate))
    }

    /// One that is there, for one more connection.
    pub(crate) fn acquire(&mut self, who: &Who) -> Option<PrincipalKey> {
        let key = self.find(Shared::of(who)?)?;
        self.add_connection(key);
        Some(key)
    }

    /// One more connection has it.
    pub(crate) fn add_connection(&mut self, key: PrincipalKey) {
        if self[key].connections == 0 {
            // What was to happen to it happens to the connections that it had.
            self.serial = self.serial.wrapping_add(1);
            self[key].serial = self.serial;
        }
        self[key].connections += 1;
    }

    pub(crate) fn has_connections(&self, key: PrincipalKey) -> bool {
        self[key].connections > 0
    }

    /// A new one, for its first connection.
    pub(crate) fn insert(
        &mut self,
        who: Who,
        certificate: Option<CertificateKey>,
        authority: Option<Arc<Authority>>,
        account_changes: u32,
    ) -> PrincipalKey {
        let shared = Shared::of(&who);
        self.serial = self.serial.wrapping_add(1);
        let key = self.principals.insert(Principal {
            who,
            connections: 1,
            read_after: account_changes,
            serial: self.serial,
            last_allowed: None,
            latest: None,
            certificate,
            thing: None,
            thing_for: None,
            authority,
        });
        let key = u32::try_from(key).expect("fewer than 2^32 principals");
        if let Some(shared) = shared {
            let principals = &self.principals;
            self.shared.insert_unique(hash(shared), key, |&key| {
                Shared::of(&principals[key as usize].who).map_or(0, hash)
            });
        }
        PrincipalKey(key)
    }

    /// A connection has it no longer.
    pub(crate) fn release(&mut self, key: PrincipalKey, connection: ConnectionKey) {
        let principal = &mut self[key];
        principal.connections -= 1;
        if principal.latest == Some(connection) {
            principal.latest = None;
            principal.last_allowed = None;
        }
        if principal.connections == 0 && !matches!(principal.who, Who::Certificate(_)) {
            self.remove(key);
        }
    }

    /// A certificate is no more.
    pub(crate) fn forget(&mut self, certificate: CertificateId) {
        if let Some(key) = self.known(certificate)
            && self[key].connections == 0
        {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: PrincipalKey) {
        let who = self.principals.remove(key.0 as usize).who;
        if let Some(shared) = Shared::of(&who)
            && let Ok(entry) = self.shared.find_entry(hash(shared), |&other| other == key.0)
        {
            entry.remove();
        }
    }

    pub(crate) fn get(&self, key: PrincipalKey) -> Option<&Principal> {
        self.principals.get(key.0 as usize)
    }

    /// Those that connections have, in the order of their keys.
    pub(crate) fn keys(&self) -> Vec<PrincipalKey> {
        let connected = self.principals.iter().filter(|(_, principal)| principal.connections > 0);
        connected.map(|(key, _)| PrincipalKey(key as u32)).collect()
    }

    /// The authority, shared with whoever has the same.
    pub(crate) fn intern(&mut self, authority: Authority) -> Arc<Authority> {
        if let Some(known) = self.recent.iter().find(|known| ***known == authority) {
            return Arc::clone(known);
        }
        let authority = Arc::new(authority);
        if self.recent.len() < RECENT {
            self.recent.push(Arc::clone(&authority));
        } else {
            self.recent[self.replaced % RECENT] = Arc::clone(&authority);
            self.replaced += 1;
        }
        authority
    }
}

impl Index<PrincipalKey> for Principals {
    type Output = Principal;

    fn index(&self, key: PrincipalKey) -> &Principal {
        &self.principals[key.0 as usize]
    }
}

impl IndexMut<PrincipalKey> for Principals {
    fn index_mut(&mut self, key: PrincipalKey) -> &mut Principal {
        &mut self.principals[key.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(byte: u8) -> Who {
        Who::Certificate(CertificateId([byte; 32]))
    }

    #[test]
    fn a_principal_lasts_as_long_as_a_connection_or_its_certificate() {
        let mut principals = Principals::default();
        let [one, two] = [1, 2].map(|number| ConnectionKey::from_u32(number).unwrap());
        assert!(principals.acquire(&certificate(1)).is_none());
        let first = principals.insert(certificate(1), None, None, 0);
        let other = principals.insert(certificate(2), None, None, 0);
        let trusted = principals.insert(Who::Trusted(CertificateId([1; 32])), None, None, 0);
        assert_eq!(principals.acquire(&certificate(1)), Some(first));
        principals[first].set_latest(two, None, Remembered::client_id("two", 0));
        principals.release(first, one);
        assert_eq!(principals[first].only_connection(), Some(two));
        assert_eq!(principals.of_certificate(CertificateId([1; 32])), Some(first));
        for key in [first, other, trusted] {
            principals.release(key, two);
        }
        assert_eq!(principals.keys(), []);
        assert_eq!(principals.of_certificate(CertificateId([1; 32])), None);
        assert_eq!((principals.principals.len(), principals.shared.len()), (2, 2));
        let before = principals[first].serial;
        assert_eq!(principals.acquire(&certificate(1)), Some(first));
        assert_ne!(principals[first].serial, before);
        principals.forget(CertificateId([1; 32]));
        assert_eq!(principals.of_certificate(CertificateId([1; 32])), Some(first));
        principals.release(first, two);
        principals.forget(CertificateId([1; 32]));
        principals.forget(CertificateId([2; 32]));
        assert!(principals.principals.is_empty() && principals.shared.is_empty());
    }

    #[test]
    fn clients_of_an_authorizer_share_nothing() {
        let mut principals = Principals::default();
        let first = principals.insert(Who::Unasked(None), None, None, 0);
        assert!(principals.acquire(&Who::Unasked(None)).is_none());
        assert_ne!(principals.insert(Who::Unasked(None), None, None, 0), first);
    }

    #[test]
    fn equal_authorities_are_one() {
        let mut principals = Principals::default();
        let nothing = || Authority { iot: Some(Rights::default()), iam: None };
        let first = principals.intern(nothing());
        assert!(Arc::ptr_eq(&first, &principals.intern(nothing())));
        assert!(!Arc::ptr_eq(&first, &principals.intern(Authority::default())));
    }

    #[test]
    fn a_principal_stays_in_its_budget() {
        assert!(size_of::<Principal>() <= 128, "{}", size_of::<Principal>());
        assert_eq!(core::mem::offset_of!(Principal, last_allowed), 64);
    }
}
