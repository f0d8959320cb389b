//! Rates that allow a burst.

use crate::Timestamp;

const SECOND: u64 = 1_000_000_000;

/// A token bucket that holds one second of its rate and starts full.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    /// Tokens in units of 10^-9, so that `rate` a second is `rate` a nanosecond.
    level: u64,
    rate: u64,
    at: Timestamp,
}

impl TokenBucket {
    /// A full one that gives so many tokens a second. A rate of 0 gives none.
    #[must_use]
    pub const fn new(per_second: u32) -> Self {
        Self { level: per_second as u64 * SECOND, rate: per_second as u64, at: Timestamp::ZERO }
    }

    /// Whether there is a token.
    #[inline]
    pub fn has_token(&mut self, now: Timestamp) -> bool {
        let elapsed = now.0.saturating_sub(self.at.0).min(SECOND);
        self.level = (self.level + elapsed * self.rate).min(self.rate * SECOND);
        self.at = now;
        self.level >= SECOND
    }

    /// Takes one token, if there is one.
    #[inline]
    pub fn take(&mut self, now: Timestamp) -> bool {
        let granted = self.has_token(now);
        if granted {
            self.level -= SECOND;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_grants_a_burst_of_one_second_and_then_its_rate() {
        let mut bucket = TokenBucket::new(500);
        let granted = |bucket: &mut TokenBucket, at| (0..2_000).filter(|_| bucket.take(at)).count();
        assert_eq!(granted(&mut bucket, Timestamp::ZERO), 500);
        assert_eq!(granted(&mut bucket, Timestamp(500_000_000)), 250);
        assert_eq!(granted(&mut bucket, Timestamp::from_secs(60)), 500);
        assert!(!TokenBucket::new(0).take(Timestamp::from_secs(9)));
    }
}
