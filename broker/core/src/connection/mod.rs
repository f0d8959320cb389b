//! Connections: one transport each, from its first byte to its end.
//!
//! ```text
//!            CONNECT accepted             DISCONNECT, fault, takeover, silence
//! Awaiting ───────────────────> Connected ────────────────────────────────────> gone
//!     │ ^                                                                          ^
//!     │ └─ granted ── Authorizing ── refused, late ────────────────────────────────┤
//!     └────────── refused, malformed, silence ─────────────────────────────────────┤
//! TurnedAway ── a moment later ────────────────────────────────────────────────────┘
//! ```
//!
//! What the core has let go of is gone from here at once: later inputs of the driver find nothing.

use core::net::IpAddr;
use core::num::NonZeroU32;
use core::ops::{Index, IndexMut};

use hashbrown::HashTable;
use slab::Slab;
use squall_types::{ProtocolVersion, Timestamp};

use crate::hash::HASHER;
use crate::input::{ConnectionId, Tag};
use crate::principal::PrincipalKey;
use crate::session::SessionKey;

/// A connection's key inside the core; non-zero so that an absent one costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionKey(NonZeroU32);

impl ConnectionKey {
    fn new(index: usize) -> Self {
        let index = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(index.expect("fewer than 2^32 connections"))
    }

    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The key as a plain number, for timers.
    pub(crate) const fn to_u32(self) -> u32 {
        self.0.get()
    }

    /// The key of [`ConnectionKey::to_u32`].
    pub(crate) const fn from_u32(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(key) => Some(Self(key)),
            None => None,
        }
    }
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// CONNECT has not come, or is about to be handled.
    Awaiting,
    /// CONNECT has come, and waits for a custom authorizer's answer.
    Authorizing,
    /// A certificate was shown that may not connect, and registers by that: whatever comes is not looked at.
    TurnedAway,
    /// CONNECT was accepted.
    Connected { session: SessionKey, version: ProtocolVersion },
}

/// What the broker keeps of a connection: a cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) state: State,
    /// When CONNECT was accepted, or the transport opened before that.
    pub(crate) since: Timestamp,
    pub(crate) last_received: Timestamp,
    /// When the bytes received so far would have come in at exactly the throughput quota.
    pub(crate) throughput: Timestamp,
    /// The effective keep alive in seconds.
    pub(crate) keep_alive: u16,
    pub(crate) tag: Tag,
    pub(crate) principal: PrincipalKey,
    pub(crate) unsent: u32,
    pub(crate) paused: bool,
    /// Whether policies are asked what its principal may do.
    pub(crate) restricted: bool,
    /// The beginning of a packet whose rest has not come; `None` between packets, which is nearly always.
    #[expect(clippy::box_collection, reason = "8 bytes in place of 24: nearly every connection has none")]
    pub(crate) partial: Option<Box<Vec<u8>>>,
}

impl Connection {
    /// One whose transport has opened.
    pub(crate) const fn new(id: ConnectionId, tag: Tag, principal: PrincipalKey, now: Timestamp) -> Self {
        Self {
            id,
            state: State::Awaiting,
            since: now,
            last_received: now,
            throughput: now,
            keep_alive: 0,
            tag,
            principal,
            unsent: 0,
            paused: false,
            restricted: false,
            partial: None,
        }
    }
}

/// All connections of the account.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    connections: Slab<Connection>,
    /// Where each comes from, by its place: not in the connection's own cache line, since it is seldom asked for.
    addresses: Vec<IpAddr>,
    by_id: HashTable<u32>,
}

fn hash_id(id: ConnectionId) -> u64 {
    use core::hash::BuildHasher;
    HASHER.hash_one(id.0)
}

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    #[inline]
    pub(crate) fn find(&self, id: ConnectionId) -> Option<ConnectionKey> {
        let found = self.by_id.find(hash_id(id), |&index| self.connections[index as usize].id == id);
        found.map(|&index| ConnectionKey::new(index as usize))
    }

    pub(crate) fn get(&self, key: ConnectionKey) -> Option<&Connection> {
        self.connections.get(key.index())
    }

    /// The address that a connection comes from.
    pub(crate) fn address(&self, key: ConnectionKey) -> IpAddr {
        self.addresses[key.index()]
    }

    pub(crate) fn insert(&mut self, connection: Connection, address: IpAddr) -> ConnectionKey {
        let id = connection.id;
        let index = self.connections.insert(connection);
        match self.addresses.get_mut(index) {
            Some(held) => *held = address,
            // A slab's places are taken one after the other.
            None => self.addresses.push(address),
        }
        let key = ConnectionKey::new(index);
        let connections = &self.connections;
        self.by_id.insert_unique(hash_id(id), index as u32, |&index| hash_id(connections[index as usize].id));
        key
    }

    pub(crate) fn remove(&mut self, key: ConnectionKey) -> Connection {
        let connection = self.connections.remove(key.index());
        if let Ok(entry) =
            self.by_id.find_entry(hash_id(connection.id), |&index| index as usize == key.index())
        {
            entry.remove();
        }
        connection
    }

    /// The connections of a principal, in the order of their places.
    pub(crate) fn of_principal(&self, principal: PrincipalKey) -> Vec<ConnectionKey> {
        let all = self.connections.iter().filter(|(_, connection)| connection.principal == principal);
        all.map(|(index, _)| ConnectionKey::new(index)).collect()
    }

    /// All connections, in no order that may reach a result.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().map(|(_, connection)| connection)
    }
}

impl Index<ConnectionKey> for Connections {
    type Output = Connection;

    fn index(&self, key: ConnectionKey) -> &Connection {
        &self.connections[key.index()]
    }
}

impl IndexMut<ConnectionKey> for Connections {
    fn index_mut(&mut self, key: ConnectionKey) -> &mut Connection {
        &mut self.connections[key.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_stays_in_its_budget() {
        // Design section 2: connection 64 bytes.
        assert!(size_of::<Connection>() <= 64, "{}", size_of::<Connection>());
        assert_eq!(size_of::<Option<ConnectionKey>>(), 4);
    }
}
