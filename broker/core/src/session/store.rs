//! The hot part of every session, and how sessions are found by client id.

use core::ops::{Index, IndexMut};

use hashbrown::HashTable;
use slab::Slab;
use squall_types::{ClientId, ProtocolVersion, Timestamp};

use super::Cold;
use crate::connection::ConnectionKey;
use crate::hash::hash_text;
use crate::input::Tag;
use crate::lifecycle::Marks;
use crate::rate::SecondWindow;
use crate::subscription::SubscriptionKey;

/// A session's key inside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey(pub(crate) u32);

/// What the broker keeps of every session; the rest is in [`Cold`], boxed when first needed.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client_id: ClientId,
    /// The live connection, if there is one.
    pub(crate) connection: Option<ConnectionKey>,
    pub(crate) subscriptions: SubscriptionKey,
    pub(crate) subscription_count: u16,
    /// How many of them are shared.
    pub(crate) shared_count: u16,
    pub(crate) next_packet_id: u16,
    /// Seconds that the session outlives its connection; 0 ends with it.
    pub(crate) expiry_seconds: u32,
    pub(crate) disconnected_at: Timestamp,
    /// When the pending expiry timer fires; [`Timestamp::MAX`] if none is pending.
    pub(crate) expiry_timer: Timestamp,
    /// Publishes in and out, offline ones included (`broker.md` 7.1).
    pub(crate) publishes: SecondWindow,
    /// Tells a timer of this session from one of an earlier session in the same place.
    pub(crate) generation: u32,
    /// The client's Receive Maximum, at most the service's own.
    pub(crate) receive_maximum: u16,
    pub(crate) version: ProtocolVersion,
    pub(crate) tag: Tag,
    /// The client's Maximum Packet Size.
    pub(crate) maximum_packet_size: u32,
    /// What lifecycle messages call it.
    pub(crate) marks: Marks,
    pub(crate) cold: Option<Box<Cold>>,
}

impl Session {
    /// The cold part, made on first use.
    pub(crate) fn cold_mut(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }
}

/// All sessions of the account.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: Slab<Session>,
    by_client_id: HashTable<u32>,
    generations: u32,
}

impl Sessions {
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) fn find(&self, client_id: &str) -> Option<SessionKey> {
        self.by_client_id
            .find(hash_text(client_id), |&key| self.sessions[key as usize].client_id.as_str() == client_id)
            .map(|&key| SessionKey(key))
    }

    /// The generation of the session in this place, if there is one.
    pub(crate) fn generation(&self, key: SessionKey) -> Option<u32> {
        self.sessions.get(key.0 as usize).map(|session| session.generation)
    }

    /// Adds an empty session for a client id that has none.
    pub(crate) fn insert(
        &mut self,
        client_id: ClientId,
        version: ProtocolVersion,
        tag: Tag,
        marks: Marks,
    ) -> SessionKey {
        debug_assert!(self.find(client_id.as_str()).is_none());
        let hash = hash_text(client_id.as_str());
        self.generations = self.generations.wrapping_add(1);
        let key = self.sessions.insert(Session {
            client_id,
            connection: None,
            subscriptions: SubscriptionKey::NONE,
            subscription_count: 0,
            shared_count: 0,
            next_packet_id: 1,
            expiry_seconds: 0,
            disconnected_at: Timestamp::ZERO,
            expiry_timer: Timestamp::MAX,
            publishes: SecondWindow::default(),
            generation: self.generations,
            receive_maximum: 0,
            version,
            tag,
            maximum_packet_size: u32::MAX,
            marks,
            cold: None,
        });
        let key = u32::try_from(key).expect("fewer than 2^32 sessions");
        let sessions = &self.sessions;
        self.by_client_id
            .insert_unique(hash, key, |&key| hash_text(sessions[key as usize].client_id.as_str()));
        SessionKey(key)
    }

    pub(crate) fn remove(&mut self, key: SessionKey) -> Session {
        let session = self.sessions.remove(key.0 as usize);
        let found =
            self.by_client_id.find_entry(hash_text(session.client_id.as_str()), |&other| other == key.0);
        if let Ok(entry) = found {
            entry.remove();
        }
        session
    }
}

impl Index<SessionKey> for Sessions {
    type Output = Session;

    fn index(&self, key: SessionKey) -> &Session {
        &self.sessions[key.0 as usize]
    }
}

impl IndexMut<SessionKey> for Sessions {
    fn index_mut(&mut self, key: SessionKey) -> &mut Session {
        &mut self.sessions[key.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stays_in_its_budget() {
        // Design section 2: hot session 96 bytes.
        assert!(size_of::<Session>() <= 96, "{}", size_of::<Session>());
    }
}
