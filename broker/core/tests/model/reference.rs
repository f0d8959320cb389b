//! The small broker.

use squall_core::DisconnectReason;
use squall_types::{ProtocolVersion, filter_matches};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    Asked,
    Broken,
}

/// A message on its way to one client.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    /// The publish that it is of.
    publish: usize,
    /// One publish may come to a client several times, if it is retained.
    copy: usize,
    topic: String,
    payload: String,
    retain: bool,
}

/// What is published when a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Will {
    pub(super) topic: &'static str,
    pub(super) payload: String,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) delay: u32,
}

#[derive(Clone, Debug)]
struct Retained {
    publish: usize,
    topic: String,
    payload: String,
    qos: u8,
}

#[derive(Clone, Debug)]
struct Session {
    version: ProtocolVersion,
    expiry: u64,
    connected: bool,
    gone_since: u64,
    subscriptions: Vec<(String, u8)>,
    will: Option<Will>,
    /// When a delayed will is published.
    will_due: Option<u64>,
    /// Sent and not acknowledged, then stored, in order.
    waiting: Vec<Message>,
    /// How many of the waiting were sent on this connection, in the order of the client's knowledge.
    sent: Vec<Message>,
}

/// What a client saw since it was last asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) deliveries: Vec<(String, String, u8, bool)>,
    pub(super) session_present: Vec<bool>,
    pub(super) closes: Vec<DisconnectReason>,
}

/// Sessions by client, and the time.
#[derive(Debug)]
pub(super) struct Reference {
    sessions: Vec<Option<Session>>,
    expected: Vec<Expected>,
    retained: Vec<Retained>,
    publishes: usize,
    copies: usize,
    /// Whether delays of wills are honoured and the standard says what a takeover does to a will.
    honours_delay: bool,
    now: u64,
}

const ACCOUNT_EXPIRY: u64 = 3_600;
const SECOND: u64 = 1_000_000_000;
/// What the driver adds after each operation.
const MOMENT: u64 = 1_000;

impl Reference {
    pub(super) fn new(clients: usize, honours_delay: bool) -> Self {
        Self {
            sessions: vec![None; clients],
            expected: vec![Expected::default(); clients],
            retained: Vec::new(),
            publishes: 0,
            copies: 0,
            honours_delay,
            now: 0,
        }
    }

    pub(super) fn connect(
        &mut self,
        client: usize,
        version: ProtocolVersion,
        clean: bool,
        expiry: u32,
        will: Option<Will>,
    ) {
        if self.is_connected(client) {
            self.expected[client].closes.push(DisconnectReason::DuplicateClientId);
            self.release(client);
        }
        let resumes = |session: &Session| !clean && session.version == version;
        if self.sessions[client].as_ref().is_some_and(|session| !resumes(session)) {
            self.end(client);
        }
        let resumed = self.sessions[client].take();
        self.expected[client].session_present.push(resumed.is_some());
        let mut session = resumed.unwrap_or(Session {
            version,
            expiry: 0,
            connected: true,
            gone_since: 0,
            subscriptions: Vec::new(),
            will: None,
            will_due: None,
            waiting: Vec::new(),
            sent: Vec::new(),
        });
        session.connected = true;
        session.will = will;
        session.will_due = None;
        session.expiry = match version {
            ProtocolVersion::V311 if clean => 0,
            ProtocolVersion::V311 => ACCOUNT_EXPIRY,
            ProtocolVersion::V5 => u64::from(expiry).min(ACCOUNT_EXPIRY),
        };
        session.sent = session.waiting.clone();
        for message in &session.waiting {
            let delivery = (message.topic.clone(), message.payload.clone(), 1, message.retain);
            self.expected[client].deliveries.push(delivery);
        }
        self.sessions[client] = Some(session);
    }

    pub(super) fn disconnect(&mut self, client: usize, how: Close) {
        if let Some(session) = self.connected(client) {
            if how == Close::Asked {
                session.will = None;
                self.expected[client].closes.push(DisconnectReason::ClientInitiated);
            }
            self.release(client);
        }
    }

    /// The connection is gone: the session ends or waits, and so does the will.
    fn release(&mut self, client: usize) {
        let (now, honours_delay) = (self.now, self.honours_delay);
        let Some(session) = &mut self.sessions[client] else { return };
        session.connected = false;
        session.gone_since = now;
        session.sent.clear();
        if session.expiry == 0 {
            return self.end(client);
        }
        let delay = session.will.as_ref().map_or(0, |will| u64::from(will.delay));
        if honours_delay && delay > 0 {
            session.will_due = Some(now + delay * SECOND);
        } else if let Some(will) = session.will.take() {
            self.publish_will(&will);
        }
    }

    /// A session ends, and a will that waited waits no longer.
    fn end(&mut self, client: usize) {
        if let Some(will) = self.sessions[client].take().and_then(|session| session.will) {
            self.publish_will(&will);
        }
    }

    fn publish_will(&mut self, will: &Will) {
        self.publish(will.topic, will.qos, &will.payload, will.retain);
    }

    pub(super) fn subscribe(&mut self, client: usize, filter: &str, qos: u8) {
        if let Some(session) = self.connected(client) {
            session.subscriptions.retain(|(held, _)| held != filter);
            session.subscriptions.push((filter.to_owned(), qos));
            // What is retained comes by exact filters alone.
            if let Some(kept) = self.retained.iter().find(|kept| kept.topic == filter).cloned() {
                self.give(client, kept.publish, &kept.topic, &kept.payload, qos.min(kept.qos), true);
            }
        }
    }

    pub(super) fn unsubscribe(&mut self, client: usize, filter: &str) {
        if let Some(session) = self.connected(client) {
            session.subscriptions.retain(|(held, _)| held != filter);
        }
    }

    pub(super) fn publish(&mut self, topic: &str, qos: u8, payload: &str, retain: bool) {
        self.publishes += 1;
        let publish = self.publishes;
        if retain {
            self.retained.retain(|kept| kept.topic != topic);
            if !payload.is_empty() {
                let (topic, payload) = (topic.to_owned(), payload.to_owned());
                self.retained.push(Retained { publish, topic, payload, qos });
            }
        }
        for client in 0..self.sessions.len() {
            let Some(session) = &self.sessions[client] else { continue };
            let granted = session
                .subscriptions
                .iter()
                .filter(|(filter, _)| filter_matches(filter, topic, false))
                .map(|(_, qos)| *qos)
                .max();
            if let Some(granted) = granted {
                self.give(client, publish, topic, payload, qos.min(granted), false);
            }
        }
    }

    /// A message to one client, now or when it returns.
    fn give(&mut self, client: usize, publish: usize, topic: &str, payload: &str, qos: u8, retain: bool) {
        let Some(session) = &mut self.sessions[client] else { return };
        if session.connected {
            let delivery = (topic.to_owned(), payload.to_owned(), qos, retain);
            self.expected[client].deliveries.push(delivery);
        }
        if qos > 0 {
            self.copies += 1;
            let (topic, payload) = (topic.to_owned(), payload.to_owned());
            let message = Message { publish, copy: self.copies, topic, payload, retain };
            if session.connected {
                session.sent.push(message.clone());
            }
            session.waiting.push(message);
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
        self.pass(seconds * SECOND);
    }

    /// Lets time pass: what falls due meanwhile happens in the order of its times.
    fn pass(&mut self, nanos: u64) {
        let until = self.now + nanos;
        loop {
            let due = |client: usize| {
                let session = self.sessions[client].as_ref().filter(|session| !session.connected)?;
                let ends = session.gone_since + session.expiry * SECOND;
                Some((session.will_due.map_or(ends, |due| due.min(ends)), client))
            };
            let Some((at, client)) = (0..self.sessions.len()).filter_map(due).min() else { break };
            if at > until {
                break;
            }
            self.now = at;
            let Some(session) = &mut self.sessions[client] else { break };
            if session.gone_since + session.expiry * SECOND <= at {
                self.end(client);
            } else if let Some(will) = session.will.take() {
                session.will_due = None;
                self.publish_will(&will);
            }
        }
        self.now = until;
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
            self.pass(MOMENT);
        }
        std::mem::take(&mut self.expected[client])
    }

    /// Connections, sessions, subscriptions, messages, retained messages.
    pub(super) fn counts(&self) -> (usize, usize, usize, usize, usize) {
        let sessions = || self.sessions.iter().flatten();
        let waiting = sessions().flat_map(|session| &session.waiting).map(|message| message.publish);
        let mut messages: Vec<usize> = waiting.chain(self.retained.iter().map(|kept| kept.publish)).collect();
        messages.sort_unstable();
        messages.dedup();
        (
            sessions().filter(|session| session.connected).count(),
            sessions().count(),
            sessions().map(|session| session.subscriptions.len()).sum(),
            messages.len(),
            self.retained.len(),
        )
    }
}
