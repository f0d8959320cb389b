//! Chance: counter-based draws, a pure function of (seed, owner, purpose, n).
//!
//! Nothing is stored but `n`, so one more draw by one owner moves no draw of another, and a fleet added
//! to a scenario changes nothing that the first fleet draws. Bounds are integers throughout: no floating
//! point and no libm decide anything.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A seed is a decimal number of at most 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a seed is a whole number from 0 to 18446744073709551615")]
pub struct SeedError;

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        text.parse().map(Self).map_err(|_| SeedError)
    }
}

/// Who draws: a device (fleet name and index), a session, a share group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u64);

impl Owner {
    /// The owner of a named thing, such as a fleet or a client id.
    pub fn named(name: &str) -> Self {
        Self(xxh3_64_with_seed(name.as_bytes(), 0))
    }

    /// The `index`-th member of this owner, such as a device of a fleet.
    pub const fn member(self, index: u64) -> Self {
        Self(mix(self.0 ^ mix(index.wrapping_add(GOLDEN))))
    }
}

/// What a draw is for, so that two purposes of one owner never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Purpose {
    /// When a device first connects.
    Start = 1,
    /// The jitter of a reconnect back-off.
    BackOff = 2,
    /// The phase of a periodic publish; patterns add their index to `n`.
    PublishPhase = 3,
    /// A random placeholder of a payload template.
    Payload = 4,
    /// Latency of a segment from the device.
    UplinkLatency = 5,
    /// Loss of a segment from the device.
    UplinkLoss = 6,
    /// Latency of a segment to the device.
    DownlinkLatency = 7,
    /// Loss of a segment to the device.
    DownlinkLoss = 8,
    /// Round trips of transport set-up.
    Handshake = 9,
    /// A server-assigned client id.
    AssignedClientId = 10,
    /// Which node a connection lands on.
    Node = 11,
    /// Which member of a group of shared subscriptions gets a message.
    SharedMember = 12,
    /// How long a session outlives its expiry.
    ExpirySlack = 13,
    /// The id of a device's certificate.
    Certificate = 14,
    /// The identifier of a session in lifecycle messages.
    SessionIdentifier = 15,
    /// Whether an invocation of a function fails.
    FunctionFailure = 16,
    /// The identifier of a log record.
    LogRecord = 17,
    /// The identifier of a connection.
    ConnectionIdentifier = 18,
    /// The id of something in the registry, or of one of its events.
    RegistryId = 20,
    /// Whether a device's firmware gives up when it is turned away.
    GivesUp = 21,
    /// Whether a device crashes; faults add their number to `n`.
    Crash = 22,
    /// When a device's certificate expires.
    CertificateExpiry = 23,
    /// The text of a certificate ownership token.
    OwnershipToken = 24,
    /// In which order the answers to a shadow's update are published.
    ShadowOrder = 25,
}

/// The dice of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// The dice of `seed`.
    pub const fn new(seed: Seed) -> Self {
        Self { seed: mix(seed.0 ^ GOLDEN) }
    }

    /// The `n`-th draw of `owner` for `purpose`: 64 uniform bits.
    pub const fn bits(self, owner: Owner, purpose: Purpose, n: u64) -> u64 {
        let keyed = mix(self.seed ^ owner.0).wrapping_add((purpose as u64) << 48);
        mix(keyed ^ mix(n.wrapping_add(GOLDEN)))
    }

    /// A uniform draw from `0..bound`; 0 if `bound` is 0.
    pub const fn below(self, owner: Owner, purpose: Purpose, n: u64, bound: u64) -> u64 {
        scale(self.bits(owner, purpose, n), bound)
    }

    /// True in `numerator` of `denominator` cases.
    pub const fn ratio(
        self,
        owner: Owner,
        purpose: Purpose,
        n: u64,
        numerator: u64,
        denominator: u64,
    ) -> bool {
        self.below(owner, purpose, n, denominator) < numerator
    }
}

/// Maps 64 uniform bits to `0..bound` by the high half of a widening product; the bias is below 2^-64 of `bound`.
pub const fn scale(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of MurmurHash3 with Stafford's variant 13 constants: every input bit reaches every output bit.
const fn mix(mut value: u64) -> u64 {
    value ^= value >> 30;
    value = value.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value ^= value >> 27;
    value = value.wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn draws_are_the_same_on_every_machine() {
        let chance = Chance::new(Seed(7));
        let owner = Owner::named("sensors").member(3);
        assert_eq!(chance.bits(owner, Purpose::Start, 0), chance.bits(owner, Purpose::Start, 0));
        // Golden values: a change here changes every fingerprint.
        assert_eq!(owner.0, 12_422_221_607_977_452_665);
        assert_eq!(chance.bits(owner, Purpose::Start, 0), 3_201_092_786_878_515_857);
    }

    #[test]
    fn neighbours_do_not_share_draws() {
        let chance = Chance::new(Seed(1));
        let mut seen: Vec<u64> = (0..100)
            .flat_map(|index| {
                let owner = Owner::named("f").member(index);
                (0..10).flat_map(move |n| {
                    [chance.bits(owner, Purpose::Start, n), chance.bits(owner, Purpose::BackOff, n)]
                })
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2_000);
    }

    #[test]
    fn draws_are_uniform_enough() {
        let chance = Chance::new(Seed(42));
        let mut buckets = [0_u32; 16];
        for index in 0..16_000 {
            buckets[chance.below(Owner::named("f").member(index), Purpose::BackOff, 0, 16) as usize] += 1;
        }
        // 1,000 expected in each; 5 standard deviations are about 153.
        assert!(buckets.iter().all(|&count| (847..=1_153).contains(&count)), "{buckets:?}");
    }

    proptest! {
        #[test]
        fn below_stays_below(seed: u64, owner: u64, n: u64, bound in 1_u64..) {
            prop_assert!(Chance::new(Seed(seed)).below(Owner(owner), Purpose::Start, n, bound) < bound);
        }
    }
}
