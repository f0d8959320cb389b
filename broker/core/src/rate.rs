//! Rate limits: a one-second window for a connection, and one for each client id. Those of the account are token
//! buckets.

use hashbrown::HashTable;
use squall_types::Timestamp;

use crate::hash::hash_text;

const SECOND: u64 = 1_000_000_000;

/// A count over windows of one second, each of which begins with the first event after the last one ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SecondWindow {
    start: u64,
    count: u32,
    /// Windows in a row that saw more than the limit.
    exceeded_in_a_row: u16,
    started: bool,
}

/// What a [`SecondWindow`] says of one more event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateVerdict {
    /// Within the limit.
    Within,
    /// Over it; so many windows in a row have been, this one included.
    Over { windows_in_a_row: u16 },
}

impl SecondWindow {
    /// Whether one more event at `now` would be within the limit.
    pub(crate) const fn has_room(&self, now: Timestamp, limit: u32) -> bool {
        limit > 0 && (!self.started || now.0 >= self.start + SECOND || self.count < limit)
    }

    pub(crate) fn count(&mut self, now: Timestamp, limit: u32) -> RateVerdict {
        if !self.started || now.0 >= self.start + SECOND {
            let adjacent = self.started && now.0 < self.start + 2 * SECOND;
            if self.count <= limit || !adjacent {
                self.exceeded_in_a_row = 0;
            }
            self.start = now.0;
            self.count = 0;
            self.started = true;
        }
        self.count = self.count.saturating_add(1);
        if self.count <= limit {
            return RateVerdict::Within;
        }
        if self.count == limit + 1 {
            self.exceeded_in_a_row = self.exceeded_in_a_row.saturating_add(1);
        }
        RateVerdict::Over { windows_in_a_row: self.exceeded_in_a_row }
    }
}

/// A rate for each client id, whether it has a session or not.
///
/// Windows of one second begin with an id's first request after its last window ended. Two generations of a second
/// each bound the memory by the requests of two seconds; an id is known by its hash.
#[derive(Debug, Default)]
pub(crate) struct ClientIdRates {
    present: HashTable<ClientIdWindow>,
    past: HashTable<ClientIdWindow>,
    rotate_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct ClientIdWindow {
    client_id: u64,
    start: u64,
    count: u32,
}

impl ClientIdRates {
    /// Whether one more request at `now` is within `limit` a second; one that is counts.
    pub(crate) fn take(&mut self, now: Timestamp, client_id: &str, limit: u32) -> bool {
        if now >= self.rotate_at {
            let idle = now.0 >= self.rotate_at.0 + SECOND;
            std::mem::swap(&mut self.present, &mut self.past);
            self.present.clear();
            if idle {
                self.past.clear();
            }
            self.rotate_at = now.plus_nanos(SECOND);
        }
        let client_id = hash_text(client_id);
        let same = |window: &ClientIdWindow| window.client_id == client_id;
        let known = self.present.find(client_id, same).or_else(|| self.past.find(client_id, same)).copied();
        let window = match known {
            Some(window) if now.0 < window.start + SECOND => {
                if window.count >= limit {
                    return false;
                }
                ClientIdWindow { count: window.count + 1, ..window }
            }
            _ if limit == 0 => return false,
            _ => ClientIdWindow { client_id, start: now.0, count: 1 },
        };
        match self.present.find_mut(client_id, same) {
            Some(held) => *held = window,
            None => {
                self.present.insert_unique(client_id, window, |window| window.client_id);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list of what was granted to whom.
        #[test]
        fn a_client_id_is_granted_its_rate(
            requests in proptest::collection::vec((0..600_u64, 0..3_usize), 1..200),
            limit in 0..3_u32,
        ) {
            let mut rates = ClientIdRates::default();
            let mut windows = [None::<(u64, u32)>; 3];
            let mut now = 0;
            for (millis, client) in requests {
                now += millis * 1_000_000;
                let expected = match &mut windows[client] {
                    Some((start, count)) if now < *start + SECOND => {
                        let granted = *count < limit;
                        *count += u32::from(granted);
                        granted
                    }
                    window => {
                        *window = (limit > 0).then_some((now, 1));
                        limit > 0
                    }
                };
                prop_assert_eq!(rates.take(Timestamp(now), ["a", "b", "c"][client], limit), expected);
            }
        }
    }

    #[test]
    fn a_window_lets_the_limit_through_and_counts_windows_over_it() {
        let mut window = SecondWindow::default();
        let mut over = 0;
        for n in 0..150 {
            // 150 in one second, broker.md check 46.
            if window.count(Timestamp(n * 6_000_000), 100) != RateVerdict::Within {
                over += 1;
            }
        }
        assert_eq!(over, 50);
        for second in 1..4_u64 {
            for _ in 0..100 {
                assert_eq!(window.count(Timestamp::from_secs(second), 100), RateVerdict::Within);
            }
            let expected = RateVerdict::Over { windows_in_a_row: second as u16 + 1 };
            assert_eq!(window.count(Timestamp::from_secs(second), 100), expected);
        }
        // A quiet second breaks the row.
        for _ in 0..100 {
            window.count(Timestamp::from_secs(6), 100);
        }
        assert_eq!(window.count(Timestamp::from_secs(6), 100), RateVerdict::Over { windows_in_a_row: 1 });
    }
}
