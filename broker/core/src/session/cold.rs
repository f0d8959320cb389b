//! The part of a session that most sessions never need: messages on their way.

use std::collections::VecDeque;

use squall_types::Timestamp;

use crate::message::MessageKey;

/// Messages on their way to a client.
#[derive(Debug, Default)]
pub(crate) struct Cold {
    /// Sent and not acknowledged, in order of first sending.
    pub(crate) inflight: VecDeque<Inflight>,
    /// QoS 1 messages not sent yet, in order of arrival.
    pub(crate) queue: VecDeque<MessageKey>,
    /// Resumed with messages in store, which go out at a bounded rate (`broker.md` 4).
    pub(crate) draining: bool,
    /// The timer that paces the store is pending.
    pub(crate) resume_armed: bool,
    /// A redelivery timer is pending.
    pub(crate) redelivery_armed: bool,
}

/// A QoS 1 message sent to a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inflight {
    pub(crate) message: MessageKey,
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
