//! Publishes that are not done: sent and unacknowledged first, then those that wait.

use smallvec::SmallVec;
use squall_types::Timestamp;

/// One publish, as two numbers that render to its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) intended: Timestamp,
    /// When it was first sent; meaningless while `packet_id` is 0.
    pub(crate) sent: Timestamp,
    pub(crate) n: u32,
    /// 0 until first sent.
    pub(crate) packet_id: u16,
    pub(crate) pattern: u8,
}

/// The publishes of a device that are not done. One fits in place, which is all that a connected device needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    entries: SmallVec<[Entry; 1]>,
    /// How many of them, from the front, were sent on the present connection.
    on_wire: usize,
}

impl Outbox {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Entries not on the wire now.
    pub(crate) fn waiting(&self) -> usize {
        self.entries.len() - self.on_wire
    }

    /// How many were sent on the present connection and are not acknowledged.
    pub(crate) fn on_wire(&self) -> usize {
        self.on_wire
    }

    /// Unfinished entries, on the wire or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The connection is gone: nothing is on the wire any more.
    pub(crate) fn disconnect(&mut self) {
        self.on_wire = 0;
    }

    /// The session is gone: what was sent counts as unsent.
    pub(crate) fn forget_packet_ids(&mut self) {
        for entry in &mut self.entries {
            entry.packet_id = 0;
        }
    }

    /// The next entry to send, if fewer than `limit` are on the wire; it is then on the wire.
    pub(crate) fn next_to_send(&mut self, limit: usize) -> Option<&mut Entry> {
        if self.on_wire >= limit {
            return None;
        }
        let entry = self.entries.get_mut(self.on_wire)?;
        self.on_wire += 1;
        Some(entry)
    }

    /// Takes the entry that was just sent back: it needs no acknowledgement.
    pub(crate) fn finish_last_sent(&mut self) {
        self.on_wire -= 1;
        self.entries.remove(self.on_wire);
    }

    /// Takes out the entry with this packet id.
    pub(crate) fn acknowledge(&mut self, packet_id: u16) -> Option<Entry> {
        let at = self.entries.iter().take(self.on_wire).position(|entry| entry.packet_id == packet_id)?;
        self.on_wire -= 1;
        Some(self.entries.remove(at))
    }

    pub(crate) fn uses(&self, packet_id: u16) -> bool {
        self.entries.iter().any(|entry| entry.packet_id == packet_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u32) -> Entry {
        Entry { intended: Timestamp::ZERO, sent: Timestamp::ZERO, n, packet_id: 0, pattern: 0 }
    }

    #[test]
    fn entries_leave_in_order_and_come_back_after_a_disconnect() {
        let mut outbox = Outbox::default();
        (0..3).for_each(|n| outbox.push(entry(n)));
        for id in 1..=2 {
            outbox.next_to_send(2).unwrap().packet_id = id;
        }
        assert_eq!(outbox.next_to_send(2), None, "the window is full");
        assert_eq!(outbox.acknowledge(9), None);
        assert_eq!(outbox.acknowledge(1).unwrap().n, 0);
        assert_eq!(outbox.next_to_send(2).unwrap().n, 2);
        outbox.disconnect();
        assert_eq!(outbox.waiting(), 2);
        assert_eq!(outbox.acknowledge(2), None, "an old acknowledgement settles nothing on a new connection");
        assert_eq!(outbox.next_to_send(2).unwrap().packet_id, 2, "a repeat keeps its id");
    }

    #[test]
    fn an_entry_takes_24_bytes() {
        assert_eq!(size_of::<Entry>(), 24);
    }
}
