//! The small broker.

use squall_core::DisconnectReason;
use squall_types::{ProtocolVersion, filter_matches};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    Asked,
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    topic: String,
    payload: String,
}

#[derive(Clone, Debug)]
struct Session {
    version: ProtocolVersion,
    expiry: u64,
    connected: bool,
    gone_since: u64,
    subscriptions: Vec<(String, u8)>,
    /// Sent and not acknowledged, then stored, in order.
    waiting: Vec<Message>,
    /// How many of the waiting were sent on this connection, in the order of the client's knowledge.
    sent: Vec<Message>,
}

/// What a client saw since it was last asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) deliveries: Vec<(String, String, u8)>,
    pub(super) session_present: Vec<bool>,
    pub(super) closes: Vec<DisconnectReason>,
}

/// Sessions by client, and the time.
#[derive(Debug)]
pub(super) struct Reference {
    sessions: Vec<Option<Session>>,
    expected: Vec<Expected>,
    now: u64,
}

const ACCOUNT_EXPIRY: u64 = 3_600;
const SECOND: u64 = 1_000_000_000;
/// What the driver adds after each operation.
const MOMENT: u64 = 1_000;

impl Reference {
    pub(super) fn new(clients: usize) -> Self {
        Self { sessions: vec![None; clients], expected: vec![Expected::default(); clients], now: 0 }
    }

    pub(super) fn connect(&mut self, client: usize, version: ProtocolVersion, clean: bool, expiry: u32) {
        if self.is_connected(client) {
            self.expected[client].closes.push(DisconnectReason::DuplicateClientId);
            self.release(client);
        }
        let held = self.sessions[client].take();
        let resumed = held.filter(|session| !clean && session.version == version);
        self.expected[client].session_present.push(resumed.is_some());
        let mut session = resumed.unwrap_or(Session {
            version,
            expiry: 0,
            connected: true,
            gone_since: 0,
            subscriptions: Vec::new(),
            waiting: Vec::new(),
            sent: Vec::new(),
        });
        session.connected = true;
        session.expiry = match version {
            ProtocolVersion::V311 if clean => 0,
            ProtocolVersion::V311 => ACCOUNT_EXPIRY,
            ProtocolVersion::V5 => u64::from(expiry).min(ACCOUNT_EXPIRY),
        };
        session.sent = session.waiting.clone();
        for message in &session.waiting {
            self.expected[client].deliveries.push((message.topic.clone(), message.payload.clone(), 1));
        }
        self.sessions[client] = Some(session);
    }

    pub(super) fn disconnect(&mut self, client: usize, how: Close) {
        if self.is_connected(client) {
            if how == Close::Asked {
                self.expected[client].closes.push(DisconnectReason::ClientInitiated);
            }
            self.release(client);
        }
    }

    fn release(&mut self, client: usize) {
        let Some(session) = &mut self.sessions[client] else { return };
        session.connected = false;
        session.gone_since = self.now;
        session.sent.clear();
        if session.expiry == 0 {
            self.sessions[client] = None;
        }
    }

    pub(super) fn subscribe(&mut self, client: usize, filter: &str, qos: u8) {
        if let Some(session) = self.connected(client) {
            session.subscriptions.retain(|(held, _)| held != filter);
            session.subscriptions.push((filter.to_owned(), qos));
        }
    }

    pub(super) fn unsubscribe(&mut self, client: usize, filter: &str) {
        if let Some(session) = self.connected(client) {
            session.subscriptions.retain(|(held, _)| held != filter);
        }
    }

    pub(super) fn publish(&mut self, topic: &str, qos: u8, payload: &str) {
        for (session, expected) in self.sessions.iter_mut().zip(&mut self.expected) {
            let Some(session) = session else { continue };
            let granted = session
                .subscriptions
                .iter()
                .filter(|(filter, _)| filter_matches(filter, topic, false))
                .map(|(_, qos)| *qos)
                .max();
            let Some(granted) = granted else { continue };
            let qos = qos.min(granted);
            if session.connected {
                expected.deliveries.push((topic.to_owned(), payload.to_owned(), qos));
            }
            if qos > 0 {
                let message = Message { topic: topic.to_owned(), payload: payload.to_owned() };
                if session.connected {
                    session.sent.push(message.clone());
                }
                session.waiting.push(message);
            }
        }
    }

    /// The client acknowledges what it got on this connection, all or every second one of it.
    pub(super) fn acknowledge(&mut self, client: usize, half: bool) {
        let Some(session) = self.connected(client) else { return };
        let sent = std::mem::take(&mut session.sent);
        for (n, message) in sent.into_iter().enumerate() {
            if half && n % 2 == 1 {
                session.sent.push(message);
            } else {
                session.waiting.retain(|waiting| *waiting != message);
            }
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += seconds * SECOND;
        self.expire();
    }

    fn expire(&mut self) {
        for session in &mut self.sessions {
            session.take_if(|session| {
                !session.connected && self.now >= session.gone_since + session.expiry * SECOND
            });
        }
    }

    pub(super) fn is_connected(&self, client: usize) -> bool {
        self.sessions[client].as_ref().is_some_and(|session| session.connected)
    }

    fn connected(&mut self, client: usize) -> Option<&mut Session> {
        self.sessions[client].as_mut().filter(|session| session.connected)
    }

    /// What the client saw since the last call, which ends an operation for the last client.
    pub(super) fn take(&mut self, client: usize) -> Expected {
        if client == 0 {
            self.now += MOMENT;
            self.expire();
        }
        std::mem::take(&mut self.expected[client])
    }

    /// Connections, sessions, subscriptions, messages.
    pub(super) fn counts(&self) -> (usize, usize, usize, usize) {
        let sessions = || self.sessions.iter().flatten();
        let mut messages: Vec<&Message> = sessions().flat_map(|session| &session.waiting).collect();
        messages.sort_by(|a, b| a.payload.cmp(&b.payload));
        messages.dedup();
        (
            sessions().filter(|session| session.connected).count(),
            sessions().count(),
            sessions().map(|session| session.subscriptions.len()).sum(),
            messages.len(),
        )
    }
}
