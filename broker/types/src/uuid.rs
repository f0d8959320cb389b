//! Identifiers that the service draws.

use core::fmt;

use crate::chance::{Chance, Owner, Purpose};

/// A UUID of version 4, made of drawn bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

impl Uuid {
    /// The `n`-th of an owner for a purpose.
    pub fn draw(chance: Chance, owner: Owner, purpose: Purpose, n: u64) -> Self {
        let [high, low] =
            [0, 1].map(|half| chance.bits(owner, purpose, n.wrapping_mul(2).wrapping_add(half)));
        Self::from_bits(u128::from(high) << 64 | u128::from(low))
    }

    const fn from_bits(drawn: u128) -> Self {
        Self(drawn & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |shift: u32, bits: u32| (self.0 >> shift) as u64 & ((1 << bits) - 1);
        let (first, second, third) = (part(96, 32), part(80, 16), part(64, 16));
        write!(f, "{first:08x}-{second:04x}-{third:04x}-{:04x}-{:012x}", part(48, 16), part(0, 48))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_are_set_whatever_is_drawn() {
        assert_eq!(Uuid::from_bits(0).to_string(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(Uuid::from_bits(u128::MAX).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
