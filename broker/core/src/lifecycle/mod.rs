//! Lifecycle messages: what the service publishes about who comes, who goes and who subscribes (`broker.md` 5).
//!
//! ```text
//! CONNECT denied ────────> $aws/events/presence/connect_failed/ID  ┐
//! CONNACK sent ──────────> $aws/events/presence/connected/ID       │
//! connection ended ──────> $aws/events/presence/disconnected/ID    ├──> like any message, at QoS 0
//! SUBACK, UNSUBACK sent ─> $aws/events/subscriptions/.../ID        ┘
//! ```
//!
//! They go to whoever subscribes to their topics. No document names a QoS; `broker.md` 5 promises neither order nor that
//! each comes once, and QoS 0 promises no more than that. None is metered as published, each is when delivered
//! (`pricing.md` 1.1). Nothing is written, and no text is made, while no filter that is held can match one.

mod message;
mod version_numbers;

use squall_codec::Publish;
use squall_types::{Owner, Purpose, Timestamp};

pub(crate) use self::message::{Detail, Message, Presence};
use self::message::{Event, SessionIdentifier};
pub(crate) use self::version_numbers::VersionNumbers;
use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::session::SessionKey;
use crate::sink::Sink;

/// What tells one session, and one connection of it, from the others of a client id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// `versionNumber` of the connection that the session has, or had last.
    pub(crate) version_number: u32,
    /// Which draw of the client id's the `sessionIdentifier` is.
    identifier: u32,
}

impl Marks {
    /// Those of a session that begins now with a connection of this number. The sum grows from one session of a client
    /// id to the next: at one moment because the number does, and the number begins again only an hour later.
    pub(crate) const fn begin(now: Timestamp, version_number: u32) -> Self {
        Self { version_number, identifier: (now.as_millis() as u32).wrapping_add(version_number) }
    }
}

impl Broker {
    /// Whether somebody may get what is published to `$aws/events/`; `false` is certain.
    fn may_hear_events(&self) -> bool {
        self.subscriptions.may_hear_events() || self.rules.may_hear_events
    }

    /// Publishes what has just happened on a connection, if somebody may hear it.
    pub(crate) fn announce<'f, S: Sink, F: Iterator<Item = &'f str> + Clone>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        detail: Detail<F>,
    ) {
        if let Some(message) = self.write_lifecycle(step, key, session, detail) {
            self.publish_lifecycle(step, message);
        }
    }

    /// Writes a lifecycle message, to be published by [`Broker::publish_lifecycle`]; `None` if nobody can hear it.
    pub(crate) fn write_lifecycle<'f, S: Sink, F: Iterator<Item = &'f str> + Clone>(
        &mut self,
        step: &Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        detail: Detail<F>,
    ) -> Option<Message> {
        if !self.may_hear_events() {
            return None;
        }
        let mut message = std::mem::take(&mut self.lifecycle);
        let session = &self.sessions[session];
        let is_written =
            self.write_event(step, &mut message, key, session.client_id.as_str(), session.marks, detail);
        if !is_written {
            self.lifecycle = message;
            return None;
        }
        Some(message)
    }

    /// Publishes that a CONNECT was denied, if somebody may hear it. It began no session, so the identifier of one is
    /// drawn for this attempt alone.
    pub(crate) fn announce_connect_failed<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        client_id: &str,
    ) {
        if !self.may_hear_events() {
            return;
        }
        let ip = self.connections.address(key);
        let mut message = std::mem::take(&mut self.lifecycle);
        let marks = Marks::begin(step.now.mono, 0);
        if self.write_event(step, &mut message, key, client_id, marks, Presence::ConnectFailed { ip }) {
            self.publish_lifecycle(step, message);
        } else {
            self.lifecycle = message;
        }
    }

    /// Writes an event; false if the client id may have none (`broker.md` 5, check 113).
    fn write_event<'f, S: Sink, F: Iterator<Item = &'f str> + Clone>(
        &self,
        step: &Step<'_, S>,
        message: &mut Message,
        key: ConnectionKey,
        client_id: &str,
        marks: Marks,
        detail: Detail<F>,
    ) -> bool {
        if client_id.contains(['+', '#']) {
            return false;
        }
        let owner = Owner::named(client_id);
        let halves = [0, 1].map(|half| {
            self.chance.bits(owner, Purpose::SessionIdentifier, u64::from(marks.identifier) * 2 + half)
        });
        message.write(&Event {
            client_id,
            thing_name: self.exclusive_thing(key, client_id),
            timestamp: step.now.wall.as_unix_millis(),
            session_identifier: SessionIdentifier::from_bits(halves),
            principal: &self.principals[self.connections[key].principal].who,
            version_number: marks.version_number,
            detail,
        });
        true
    }

    /// Gives a lifecycle message to its subscribers.
    pub(crate) fn publish_lifecycle<S: Sink>(&mut self, step: &mut Step<'_, S>, message: Message) {
        self.publish_own(step, &Publish::new(message.topic(), message.payload()));
        // Its buffers serve the next one.
        self.lifecycle = message;
    }
}
