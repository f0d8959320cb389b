//! Token buckets of the account.

use squall_types::Timestamp;

const SECOND: u64 = 1_000_000_000;

/// Holds one second of its rate and starts full.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    /// Tokens in units of 10^-9, so that `rate` a second is `rate` a nanosecond.
    level: u64,
    rate: u64,
    at: Timestamp,
}

impl TokenBucket {
    pub(super) const fn new(per_second: u32) -> Self {
        Self { level: per_second as u64 * SECOND, rate: per_second as u64, at: Timestamp::ZERO }
    }

    /// Takes one token, if there is one.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        let elapsed = now.0.saturating_sub(self.at.0).min(SECOND);
        self.level = (self.level + elapsed * self.rate).min(self.rate * SECOND);
        self.at = now;
        let granted = self.level >= SECOND;
        if granted {
            self.level -= SECOND;
        }
        granted
    }
}
