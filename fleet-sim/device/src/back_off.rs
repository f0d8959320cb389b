//! How a device waits before it tries to connect again.

use core::time::Duration;

use squall_types::{Chance, Owner, Purpose};

/// The shape of the waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// No wait at all.
    None,
    /// Always the base.
    Fixed,
    /// The base doubled with each wait in a row, up to the cap.
    Exponential,
    /// Half of the exponential wait, and a uniform draw up to the other half.
    EqualJitter,
    /// A uniform draw up to the exponential wait.
    FullJitter,
    /// A uniform draw from the base to three times the previous wait, up to the cap.
    DecorrelatedJitter,
}

/// A strategy with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// The shape.
    pub strategy: Strategy,
    /// The first wait, or its upper bound.
    pub base: Duration,
    /// No wait is longer.
    pub cap: Duration,
}

impl BackOff {
    /// The wait in nanoseconds, `waits` of them having passed since the device was last connected, `previous` being
    /// the last of them and `n` the number of the draw.
    pub(crate) fn wait(&self, chance: Chance, owner: Owner, n: u64, waits: u16, previous: u64) -> u64 {
        let (base, cap) = (self.base.as_nanos() as u64, self.cap.as_nanos() as u64);
        let exponential = base.saturating_mul(1_u64.checked_shl(waits.into()).unwrap_or(u64::MAX)).min(cap);
        let up_to = |bound: u64| chance.below(owner, Purpose::BackOff, n, bound.saturating_add(1));
        match self.strategy {
            Strategy::None => 0,
            Strategy::Fixed => base,
            Strategy::Exponential => exponential,
            Strategy::EqualJitter => exponential / 2 + up_to(exponential - exponential / 2),
            Strategy::FullJitter => up_to(exponential),
            Strategy::DecorrelatedJitter => {
                let high = previous.max(base).saturating_mul(3).min(cap.max(base));
                (base + up_to(high - base)).min(cap)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use squall_types::Seed;

    use super::{BackOff, Chance, Duration, Owner, Strategy};

    const SECOND: u64 = 1_000_000_000;

    fn back_off(strategy: Strategy) -> BackOff {
        BackOff { strategy, base: Duration::from_secs(1), cap: Duration::from_secs(60) }
    }

    #[test]
    fn waits_without_chance_are_exact() {
        let chance = Chance::new(Seed(1));
        let waits = |strategy| {
            let back_off = back_off(strategy);
            [0, 1, 2, 5, 6, 70].map(|failed| back_off.wait(chance, Owner(1), 0, failed, 0) / SECOND)
        };
        assert_eq!(waits(Strategy::None), [0, 0, 0, 0, 0, 0]);
        assert_eq!(waits(Strategy::Fixed), [1, 1, 1, 1, 1, 1]);
        assert_eq!(waits(Strategy::Exponential), [1, 2, 4, 32, 60, 60]);
    }

    proptest! {
        #[test]
        fn jitter_stays_in_its_bounds(seed: u64, n: u64, failed: u16, previous in 0..200 * SECOND) {
            let chance = Chance::new(Seed(seed));
            let wait = |strategy| back_off(strategy).wait(chance, Owner(3), n, failed, previous);
            let exponential = wait(Strategy::Exponential);
            prop_assert!((exponential / 2..=exponential).contains(&wait(Strategy::EqualJitter)));
            prop_assert!(wait(Strategy::FullJitter) <= exponential);
            let high = (previous.max(SECOND) * 3).min(60 * SECOND);
            prop_assert!((SECOND..=high).contains(&wait(Strategy::DecorrelatedJitter)));
        }
    }
}
