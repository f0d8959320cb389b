//! Principals: who connections are, each kept once for as long as a connection has it.

use core::hash::BuildHasher;

use hashbrown::HashTable;
use slab::Slab;

use crate::hash::HASHER;
use crate::input::Identity;

/// A principal's key inside the core, which a connection keeps in place of the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PrincipalKey(u32);

#[derive(Debug)]
struct Principal {
    identity: Identity,
    /// How many connections have it; without one it is forgotten, so nothing grows with certificates seen.
    connections: u32,
}

/// The principals of all connections.
#[derive(Debug, Default)]
pub(crate) struct Principals {
    principals: Slab<Principal>,
    by_identity: HashTable<u32>,
}

fn hash_identity(identity: &Identity) -> u64 {
    HASHER.hash_one(identity)
}

impl Principals {
    /// The key of a principal for one more connection.
    pub(crate) fn acquire(&mut self, identity: Identity) -> PrincipalKey {
        let hash = hash_identity(&identity);
        let found = self.by_identity.find(hash, |&key| self.principals[key as usize].identity == identity);
        if let Some(&key) = found {
            self.principals[key as usize].connections += 1;
            return PrincipalKey(key);
        }
        let key = self.principals.insert(Principal { identity, connections: 1 });
        let key = u32::try_from(key).expect("fewer than 2^32 principals");
        let principals = &self.principals;
        self.by_identity.insert_unique(hash, key, |&key| hash_identity(&principals[key as usize].identity));
        PrincipalKey(key)
    }

    /// One connection less has it.
    pub(crate) fn release(&mut self, key: PrincipalKey) {
        let principal = &mut self.principals[key.0 as usize];
        principal.connections -= 1;
        if principal.connections == 0 {
            let identity = self.principals.remove(key.0 as usize).identity;
            if let Ok(entry) = self.by_identity.find_entry(hash_identity(&identity), |&other| other == key.0)
            {
                entry.remove();
            }
        }
    }

    pub(crate) fn identity(&self, key: PrincipalKey) -> Identity {
        self.principals[key.0 as usize].identity
    }
}

#[cfg(test)]
mod tests {
    use squall_types::CertificateId;

    use super::*;

    #[test]
    fn a_principal_is_kept_once_and_only_while_a_connection_has_it() {
        let mut principals = Principals::default();
        let certificate = |n| Identity::Certificate(CertificateId([n; 32]));
        let first = principals.acquire(certificate(1));
        let other = principals.acquire(certificate(2));
        let anonymous = principals.acquire(Identity::Anonymous);
        assert_eq!(principals.acquire(certificate(1)), first);
        assert_eq!(principals.principals.len(), 3);
        principals.release(first);
        assert_eq!(principals.identity(first), certificate(1));
        for key in [first, other, anonymous] {
            principals.release(key);
        }
        assert!(principals.principals.is_empty() && principals.by_identity.is_empty());
    }
}
