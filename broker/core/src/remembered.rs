//! What need not be found out again, as long as the account has not changed.

use core::num::NonZeroU64;

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::connection::ConnectionKey;

/// A topic or a client id about which something is known.
///
/// It is kept as a hash of 128 bits, for the text would be one more place in memory to read for each packet, and more
/// to keep for each device. Two texts that have the same hash by chance are not to be expected: each is compared with
/// one other at a time, and in 10^12 comparisons the probability is below 10^-26. A client that looks for such a pair
/// on purpose can find one, and is then allowed what it was not given: Squall holds back devices that are simulated or
/// under test, and guards nothing from them. The judge of authorizations does not rely on this memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    low: u64,
    /// Never 0, so that having none needs no room. That costs one of 2^64 values.
    high: NonZeroU64,
}

impl Remembered {
    /// A topic of a connection, after so many changes of the account.
    #[inline]
    pub(crate) fn topic(topic: &str, connection: ConnectionKey, account_changes: u32) -> Self {
        Self::new(topic, connection.to_u32(), account_changes)
    }

    /// A client id, after so many changes of the account.
    pub(crate) fn client_id(client_id: &str, account_changes: u32) -> Self {
        // No connection has this key.
        Self::new(client_id, 0, account_changes)
    }

    #[inline]
    fn new(text: &str, connection: u32, account_changes: u32) -> Self {
        let seed = u64::from(connection) << 32 | u64::from(account_changes);
        let hash = xxh3_128_with_seed(text.as_bytes(), seed);
        Self { low: hash as u64, high: NonZeroU64::new((hash >> 64) as u64).unwrap_or(NonZeroU64::MIN) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_text_connection_or_account_is_something_else() {
        let [one, two] = [1, 2].map(|number| ConnectionKey::from_u32(number).unwrap());
        let known = Remembered::topic("sensors/1/telemetry", one, 3);
        assert_eq!(known, Remembered::topic("sensors/1/telemetry", one, 3));
        assert_ne!(known, Remembered::topic("sensors/2/telemetry", one, 3));
        assert_ne!(known, Remembered::topic("sensors/1/telemetry", two, 3));
        assert_ne!(known, Remembered::topic("sensors/1/telemetry", one, 4));
        assert_eq!(Remembered::client_id("d", 3), Remembered::client_id("d", 3));
        assert_ne!(Remembered::client_id("d", 3), Remembered::client_id("d", 4));
        assert_eq!(size_of::<Option<Remembered>>(), 16);
    }
}
