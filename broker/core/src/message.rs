//! Messages that somebody still has to get: stored once, counted, their buffers used again.

use slab::Slab;
use squall_types::Timestamp;

/// A message's key inside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageKey(u32);

/// A message: an encoded MQTT 5 PUBLISH at QoS 0, so that decoding it gives the packet to forward.
#[derive(Debug, Default)]
struct Message {
    packet: Vec<u8>,
    /// [`Timestamp::MAX`] for a message that never expires.
    expires_at: Timestamp,
    holders: u32,
    /// Whether it was published with RETAIN.
    retain: bool,
}

/// All messages kept.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    messages: Slab<Message>,
    /// Buffers of messages that are gone, so that a steady flow allocates nothing.
    spare: Vec<Vec<u8>>,
}

/// Buffers larger than this, and more than [`SPARE`] of them, go back to the allocator.
const SPARE_BYTES: usize = 4_096;
const SPARE: usize = 1_024;

impl Messages {
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Keeps a message for one holder; `write` encodes it.
    pub(crate) fn insert(
        &mut self,
        expires_at: Timestamp,
        retain: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> MessageKey {
        let mut packet = self.spare.pop().unwrap_or_default();
        write(&mut packet);
        let key = self.messages.insert(Message { packet, expires_at, holders: 1, retain });
        MessageKey(u32::try_from(key).expect("fewer than 2^32 messages"))
    }

    /// One holder more.
    pub(crate) fn hold(&mut self, key: MessageKey) {
        self.messages[key.0 as usize].holders += 1;
    }

    /// One holder less; the last one takes the message along.
    pub(crate) fn release(&mut self, key: MessageKey) {
        let message = &mut self.messages[key.0 as usize];
        message.holders -= 1;
        if message.holders == 0 {
            let mut packet = self.messages.remove(key.0 as usize).packet;
            if packet.capacity() <= SPARE_BYTES && self.spare.len() < SPARE {
                packet.clear();
                self.spare.push(packet);
            }
        }
    }

    /// Lends the encoded packet out, until [`Messages::return_packet`].
    pub(crate) fn take_packet(&mut self, key: MessageKey) -> Vec<u8> {
        std::mem::take(&mut self.messages[key.0 as usize].packet)
    }

    /// Takes back what [`Messages::take_packet`] lent out.
    pub(crate) fn return_packet(&mut self, key: MessageKey, packet: Vec<u8>) {
        self.messages[key.0 as usize].packet = packet;
    }

    /// Whether the message was published with RETAIN.
    pub(crate) fn is_retained(&self, key: MessageKey) -> bool {
        self.messages[key.0 as usize].retain
    }

    /// Puts a copy of the encoded packet into `out`.
    pub(crate) fn copy_packet(&self, key: MessageKey, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.messages[key.0 as usize].packet);
    }

    /// Whole seconds that are left of the message's life; `None` for one that never expires (`broker.md` 3.5).
    pub(crate) fn seconds_left(&self, key: MessageKey, now: Timestamp) -> Option<u32> {
        let expires_at = self.expires_at(key);
        (expires_at != Timestamp::MAX)
            .then(|| (expires_at.0.saturating_sub(now.0) / 1_000_000_000).min(u32::MAX.into()) as u32)
    }

    /// When the message expires.
    pub(crate) fn expires_at(&self, key: MessageKey) -> Timestamp {
        self.messages[key.0 as usize].expires_at
    }
}
