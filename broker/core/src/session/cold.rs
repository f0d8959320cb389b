//! The part of a session that most sessions never need: messages on their way, topic aliases, a will.

use std::collections::VecDeque;

use squall_types::Timestamp;

use super::Aliases;
use crate::message::MessageKey;
use crate::subscription::GroupKey;
use crate::will::Will;

/// What a session has beside its hot part.
#[derive(Debug, Default)]
pub(crate) struct Cold {
    /// Sent and not acknowledged, in order of first sending.
    pub(crate) inflight: VecDeque<Inflight>,
    /// QoS 1 messages not sent yet, in order of arrival.
    pub(crate) queue: VecDeque<Held>,
    /// Resumed with messages in store, which go out at a bounded rate (`broker.md` 4).
    pub(crate) draining: bool,
    /// The timer that paces the store is pending.
    pub(crate) resume_armed: bool,
    /// A redelivery timer is pending.
    pub(crate) redelivery_armed: bool,
    /// Topic aliases of the present connection, if it uses any.
    pub(crate) aliases: Option<Box<Aliases>>,
    /// Published when the present connection ends, or after its delay.
    pub(crate) will: Option<Box<Will>>,
}

/// A QoS 1 message that a session holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) message: MessageKey,
    /// With which RETAIN it goes out.
    pub(crate) retain: bool,
    /// The group of shared subscriptions that it came through, to which it goes back if the client leaves.
    pub(crate) group: Option<GroupKey>,
}

/// A QoS 1 message sent to a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inflight {
    pub(crate) held: Held,
    pub(crate) packet_id: u16,
    /// To be sent again after the session was resumed.
    pub(crate) resend: bool,
    pub(crate) first_sent: Timestamp,
    pub(crate) last_sent: Timestamp,
}

impl Cold {
    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.inflight.is_empty() && self.queue.is_empty()
    }

    /// Whether nothing would be lost with it.
    pub(crate) fn is_unused(&self) -> bool {
        self.is_empty()
            && !self.redelivery_armed
            && !self.resume_armed
            && self.aliases.is_none()
            && self.will.is_none()
    }

    /// Every message that the session holds.
    pub(crate) fn held(&self) -> impl Iterator<Item = Held> {
        self.inflight.iter().map(|inflight| inflight.held).chain(self.queue.iter().copied())
    }

    /// Whether a resumed session was sent all that it missed.
    pub(crate) fn has_missed_none(&self) -> bool {
        self.queue.is_empty() && !self.inflight.iter().any(|inflight| inflight.resend)
    }

    /// Takes the message with this packet id out, if there is one.
    pub(crate) fn acknowledge(&mut self, packet_id: u16) -> Option<Inflight> {
        // Acknowledgements come in the order of sending, so the first is nearly always the one.
        let at = self.inflight.iter().position(|inflight| inflight.packet_id == packet_id)?;
        self.inflight.remove(at)
    }

    /// Whether a packet id is taken.
    pub(crate) fn uses(&self, packet_id: u16) -> bool {
        self.inflight.iter().any(|inflight| inflight.packet_id == packet_id)
    }
}
