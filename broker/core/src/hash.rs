//! Hashing with a fixed seed: the same on every machine and in every run, and never iterated.

use core::hash::BuildHasher;

pub(crate) type Hasher = foldhash::fast::FixedState;

pub(crate) const HASHER: Hasher = Hasher::with_seed(0x5153_5541_4c4c);

pub(crate) fn hash_text(text: &str) -> u64 {
    HASHER.hash_one(text)
}
