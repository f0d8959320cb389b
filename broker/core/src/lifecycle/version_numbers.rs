//! The version numbers of client ids that have no session at the moment.

use hashbrown::HashTable;
use squall_types::Timestamp;

use crate::hash::hash_text;

/// `broker.md` 5: a number begins at 0 again after about an hour without a connection.
const HOUR: u64 = 3_600 * 1_000_000_000;

/// The number of each client id's last connection, for an hour; that of a client id with a session is in the session.
///
/// Two generations of an hour each bound the memory by the clients of two hours; an id is known by its hash.
#[derive(Debug, Default)]
pub(crate) struct VersionNumbers {
    present: HashTable<Last>,
    past: HashTable<Last>,
    rotate_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    client_id: u64,
    ended_at: Timestamp,
    version_number: u32,
}

impl VersionNumbers {
    /// A connection ended and left no session.
    pub(crate) fn keep(&mut self, now: Timestamp, client_id: &str, version_number: u32) {
        self.rotate(now);
        let last = Last { client_id: hash_text(client_id), ended_at: now, version_number };
        self.present.insert_unique(last.client_id, last, |last| last.client_id);
    }

    /// The number of a client id's last connection, which is now its session's to keep.
    pub(crate) fn take(&mut self, now: Timestamp, client_id: &str) -> Option<u32> {
        self.rotate(now);
        let client_id = hash_text(client_id);
        let last = [&mut self.present, &mut self.past].into_iter().find_map(|held| {
            let entry = held.find_entry(client_id, |last| last.client_id == client_id).ok()?;
            Some(entry.remove().0)
        })?;
        (now < last.ended_at.plus_nanos(HOUR)).then_some(last.version_number)
    }

    fn rotate(&mut self, now: Timestamp) {
        if now < self.rotate_at {
            return;
        }
        let idle = now >= self.rotate_at.plus_nanos(HOUR);
        std::mem::swap(&mut self.present, &mut self.past);
        self.present.clear();
        if idle {
            self.past.clear();
        }
        self.rotate_at = now.plus_nanos(HOUR);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list of who left when.
        #[test]
        fn a_number_is_kept_for_an_hour(steps in proptest::collection::vec((0..5_000_u64, 0..3_usize), 1..60)) {
            let mut numbers = VersionNumbers::default();
            let mut model = [None::<(u64, u32)>; 3];
            let (mut now, mut number) = (0, 0);
            for (seconds, client) in steps {
                now += seconds;
                number += 1;
                let name = ["a", "b", "c"][client];
                let expected = model[client].filter(|(ended, _)| now < ended + 3_600).map(|(_, number)| number);
                prop_assert_eq!(numbers.take(Timestamp::from_secs(now), name), expected);
                numbers.keep(Timestamp::from_secs(now), name, number);
                model[client] = Some((now, number));
                prop_assert!(numbers.present.len() + numbers.past.len() <= 3);
            }
        }
    }
}
