//! How many requests a second are answered, and how many at one time.

use smallvec::SmallVec;
use squall_types::Timestamp;

const SECOND: u64 = 1_000_000_000;

/// A bucket of tokens that holds one second of its rate and starts full, as the one time at which it would be full again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    full_at: u64,
}

impl Bucket {
    /// Whether a token is left. A rate of 0 has none.
    pub(super) fn has_token(&self, now: Timestamp, per_second: u32) -> bool {
        // Each token takes 1/rate to come back; full after one second.
        per_second > 0 && self.full_at.max(now.0) + SECOND / u64::from(per_second) <= now.0 + SECOND
    }

    /// Takes a token that is there.
    pub(super) fn take(&mut self, now: Timestamp, per_second: u32) {
        self.full_at = self.full_at.max(now.0) + SECOND / u64::from(per_second);
    }
}

/// The unanswered shadow requests of one connection, counted for each thing (`state.md` 1.10).
#[derive(Clone, Debug, Default)]
pub struct InFlight {
    things: SmallVec<[(Box<str>, u32); 1]>,
}

impl InFlight {
    /// Counts one more request for `thing`, unless `limit` of them wait for their answers.
    #[must_use]
    pub fn begin(&mut self, thing: &str, limit: u32) -> bool {
        if let Some((_, count)) = self.things.iter_mut().find(|(name, _)| **name == *thing) {
            let room = *count < limit;
            *count += u32::from(room);
            return room;
        }
        if limit > 0 {
            self.things.push((thing.into(), 1));
        }
        limit > 0
    }

    /// Whether no request waits for its answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// One request for `thing` has its answer.
    pub fn end(&mut self, thing: &str) {
        if let Some(at) = self.things.iter().position(|(name, _)| **name == *thing) {
            self.things[at].1 -= 1;
            if self.things[at].1 == 0 {
                self.things.swap_remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_one_second_and_fills_evenly() {
        let mut bucket = Bucket::default();
        let taken = |bucket: &mut Bucket, at: u64| {
            let now = Timestamp(at);
            let mut count = 0;
            while bucket.has_token(now, 20) {
                bucket.take(now, 20);
                count += 1;
            }
            count
        };
        assert_eq!(taken(&mut bucket, 7 * SECOND), 20);
        assert_eq!(taken(&mut bucket, 7 * SECOND + SECOND / 20 - 1), 0);
        assert_eq!(taken(&mut bucket, 7 * SECOND + SECOND / 20), 1);
        assert_eq!(taken(&mut bucket, 8 * SECOND), 19);
        assert_eq!(taken(&mut bucket, 60 * SECOND), 20);
        assert!(!Bucket::default().has_token(Timestamp(SECOND), 0));
    }

    #[test]
    fn requests_in_flight_count_for_each_thing() {
        let mut in_flight = InFlight::default();
        for _ in 0..10 {
            assert!(in_flight.begin("t", 10));
        }
        assert!(!in_flight.begin("t", 10));
        assert!(in_flight.begin("u", 10));
        in_flight.end("t");
        assert!(in_flight.begin("t", 10));
        assert!(!in_flight.begin("t", 10));
        in_flight.end("never begun");
        assert!(!InFlight::default().begin("t", 0));
    }
}
