//! The fingerprint of a run: over what can be observed from outside, the same on every machine.
//!
//! Each item (a segment sent or delivered, a connection opened or closed, a fault, a request, a reply) is hashed
//! with its time, its owner and the owner's own count of items. A checkpoint is the wrapping sum of the items of one
//! virtual second, so the order in which shards add them does not matter; the fingerprint chains the checkpoints.

use squall_types::{Owner, Timestamp};
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

/// What an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ItemKind {
    AttemptBegan = 1,
    HandshakeDone = 2,
    AttemptRefused = 3,
    UplinkSent = 4,
    UplinkDelivered = 5,
    DownlinkSent = 6,
    DownlinkDelivered = 7,
    ClosedByDevice = 8,
    ClosedByService = 9,
    CloseSeenByDevice = 10,
    CloseSeenByService = 11,
    FaultBegan = 12,
    FaultEnded = 13,
    Request = 14,
    Reply = 15,
    FunctionAnswered = 16,
    CertificateIssued = 17,
}

/// The checkpoints so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingerprint {
    seconds: Vec<u128>,
}

impl Fingerprint {
    /// Adds one item. `number` counts the items of `owner`.
    #[inline]
    pub(crate) fn add(&mut self, at: Timestamp, owner: Owner, number: u64, kind: ItemKind, bytes: &[u8]) {
        let seed = owner.0
            ^ at.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (number.rotate_left(8) ^ kind as u64).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(32);
        let item = xxh3_128_with_seed(bytes, seed);
        let second = at.as_secs() as usize;
        if second >= self.seconds.len() {
            self.seconds.resize(second + 1, 0);
        }
        self.seconds[second] = self.seconds[second].wrapping_add(item);
    }

    /// The checkpoints of the first `seconds` seconds as hexadecimal text, and the fingerprint that chains them.
    pub(crate) fn finish(mut self, seconds: usize) -> (Vec<String>, String) {
        self.seconds.resize(seconds, 0);
        let mut chain = 0_u128;
        for checkpoint in &self.seconds {
            let mut link = [0; 32];
            link[..16].copy_from_slice(&chain.to_le_bytes());
            link[16..].copy_from_slice(&checkpoint.to_le_bytes());
            chain = xxh3_128(&link);
        }
        let checkpoints = self.seconds.iter().map(|checkpoint| format!("{checkpoint:032x}")).collect();
        (checkpoints, format!("{chain:032x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(items: &[(u64, u64, u64, &[u8])]) -> String {
        let mut fingerprint = Fingerprint::default();
        for &(at, owner, number, bytes) in items {
            fingerprint.add(Timestamp::from_secs(at), Owner(owner), number, ItemKind::UplinkSent, bytes);
        }
        fingerprint.finish(10).1
    }

    #[test]
    fn the_order_of_adding_within_a_second_does_not_matter_and_everything_else_does() {
        let base = fingerprint(&[(1, 1, 0, b"a"), (1, 2, 0, b"b")]);
        assert_eq!(base, fingerprint(&[(1, 2, 0, b"b"), (1, 1, 0, b"a")]));
        for other in [
            fingerprint(&[(1, 1, 0, b"a"), (1, 2, 0, b"c")]),
            fingerprint(&[(1, 1, 0, b"a"), (2, 2, 0, b"b")]),
            fingerprint(&[(1, 1, 0, b"a"), (1, 3, 0, b"b")]),
            fingerprint(&[(1, 1, 0, b"a"), (1, 2, 1, b"b")]),
            fingerprint(&[(1, 1, 0, b"a")]),
        ] {
            assert_ne!(base, other);
        }
    }
}
