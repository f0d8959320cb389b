//! What a connection was last allowed to publish to.

use core::num::NonZeroU64;

use xxhash_rust::xxh3::xxh3_128_with_seed;

/// A topic that policies allow as long as the account has not changed.
///
/// The topic is kept as a hash of 128 bits, for its text would be one more place in memory to read for each packet, and
/// more to keep for each device. Two topics of one connection that have the same hash by chance are not to be expected:
/// after 10^12 topics the probability is below 10^-14. A client that looks for such a pair on purpose can find one, and
/// then publishes to a topic that it was not given: Squall holds back devices that are simulated or under test, and
/// guards nothing from them. The judge of authorizations does not rely on this memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastAllowed {
    low: u64,
    /// Never 0, so that having none needs no room. That costs one of 2^64 values.
    high: NonZeroU64,
}

impl LastAllowed {
    /// A topic, after so many changes of the account.
    #[inline]
    pub(crate) fn new(topic: &str, account_changes: u32) -> Self {
        let hash = xxh3_128_with_seed(topic.as_bytes(), account_changes.into());
        Self { low: hash as u64, high: NonZeroU64::new((hash >> 64) as u64).unwrap_or(NonZeroU64::MIN) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_topic_or_another_account_is_something_else() {
        let known = LastAllowed::new("sensors/1/telemetry", 3);
        assert_eq!(known, LastAllowed::new("sensors/1/telemetry", 3));
        assert_ne!(known, LastAllowed::new("sensors/2/telemetry", 3));
        assert_ne!(known, LastAllowed::new("sensors/1/telemetry", 4));
        assert_eq!(size_of::<Option<LastAllowed>>(), 16);
    }
}
