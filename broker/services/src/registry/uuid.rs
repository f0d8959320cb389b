//! Ids of things, types, groups and events.

use core::fmt;

use squall_types::{Chance, Owner, Purpose};

/// A UUID of version 4, made of drawn bits: the same in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

impl Uuid {
    /// The `n`-th of an owner.
    pub(super) fn draw(chance: Chance, owner: Owner, n: u64) -> Self {
        let [high, low] = [0, 1].map(|half| chance.bits(owner, Purpose::RegistryId, n * 2 + half));
        let drawn = u128::from(high) << 64 | u128::from(low);
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
    use squall_types::Seed;

    use super::*;

    #[test]
    fn version_and_variant_are_set_whatever_is_drawn() {
        let owner = Owner::named("thing");
        for n in 0..100 {
            let text = Uuid::draw(Chance::new(Seed(1)), owner, n).to_string();
            assert_eq!((text.len(), &text[14..15]), (36, "4"));
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        }
    }
}
