//! The places of records by the hashes of their names.
//!
//! An open table of eight bytes a slot: part of the hash and the place stand side by side, so that finding a place
//! touches one cache line. A table of places alone, such as `hashbrown::HashTable`, keeps hashes and places apart and
//! touches two, which made a lookup among a million records 1.5 times as long as in a map of whole records.

/// Longest run of slots in use is kept short by growing at three quarters.
const FULL_QUARTERS: usize = 3;
const FEWEST_SLOTS: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(align(8))]
struct Slot {
    /// Tells most other names apart without a look at their records; also says where the slot would best be, so that
    /// growing looks at no record.
    hash: u32,
    place: u32,
}

const EMPTY: Slot = Slot { hash: 0, place: u32::MAX };

/// Which place a name may have. Whether it has it only the record can say.
#[derive(Clone, Default)]
pub(super) struct Index {
    /// None, or a power of two of them.
    slots: Vec<Slot>,
    used: usize,
}

impl Index {
    /// The place of the hash that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let hash = hash as u32;
        let mut at = self.home(hash);
        loop {
            let slot = *self.slots.get(at)?;
            if slot == EMPTY {
                return None;
            }
            if slot.hash == hash && is_it(slot.place) {
                return Some(slot.place);
            }
            at = self.behind(at);
        }
    }

    /// Adds a place that is not in it.
    pub(super) fn insert(&mut self, hash: u64, place: u32) {
        assert!(place < EMPTY.place, "fewer than 2^32 - 1 records");
        self.reserve(1);
        self.put(Slot { hash: hash as u32, place });
        self.used += 1;
    }

    /// Takes a place out, if it is in it.
    pub(super) fn remove(&mut self, hash: u64, place: u32) {
        let wanted = Slot { hash: hash as u32, place };
        let mut hole = self.home(wanted.hash);
        while *self.slots.get(hole).unwrap_or(&EMPTY) != wanted {
            if self.slots.get(hole).is_none_or(|slot| *slot == EMPTY) {
                return;
            }
            hole = self.behind(hole);
        }
        self.used -= 1;
        // Who stands behind moves up, unless that would be in front of its home.
        let mut next = self.behind(hole);
        while self.slots[next] != EMPTY {
            let slot = self.slots[next];
            if self.distance(self.home(slot.hash), next) >= self.distance(hole, next) {
                self.slots[hole] = slot;
                hole = next;
            }
            next = self.behind(next);
        }
        self.slots[hole] = EMPTY;
    }

    pub(super) fn reserve(&mut self, more: usize) {
        let needed = (self.used + more) * 4 / FULL_QUARTERS + 1;
        if needed <= self.slots.len() {
            return;
        }
        let slots = vec![EMPTY; needed.next_power_of_two().max(FEWEST_SLOTS)];
        let old = core::mem::replace(&mut self.slots, slots);
        old.into_iter().filter(|slot| *slot != EMPTY).for_each(|slot| self.put(slot));
    }

    fn put(&mut self, slot: Slot) {
        let mut at = self.home(slot.hash);
        while self.slots[at] != EMPTY {
            at = self.behind(at);
        }
        self.slots[at] = slot;
    }

    /// Where a hash would best be. The multiplication has every bit of it count.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        let spread = u64::from(hash.wrapping_mul(0x9e37_79b9));
        ((spread * self.slots.len() as u64) >> 32) as usize
    }

    #[inline]
    fn behind(&self, at: usize) -> usize {
        (at + 1) & self.slots.len().wrapping_sub(1)
    }

    /// How many slots `to` is behind `from`, around the end.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A hash that many keys share: 64 of them over the whole range.
    fn hash(key: u32) -> u64 {
        u64::from(key % 64) << 26
    }

    proptest! {
        /// Whatever comes and goes, all that is there is found and nothing else is.
        #[test]
        fn finds_what_was_put_in(steps in prop::collection::vec((any::<bool>(), 0_u32..200), 1..400)) {
            let (mut index, mut model) = (Index::default(), BTreeMap::new());
            for (put, key) in steps {
                match (put, model.contains_key(&key)) {
                    (true, false) => {
                        index.insert(hash(key), key);
                        model.insert(key, ());
                    }
                    (true, true) => {}
                    (false, _) => {
                        index.remove(hash(key), key);
                        model.remove(&key);
                    }
                }
            }
            for key in 0..200 {
                let found = index.find(hash(key), |place| place == key);
                prop_assert_eq!(found, model.contains_key(&key).then_some(key));
            }
            prop_assert_eq!(index.used, model.len());
            let in_use = index.slots.iter().filter(|slot| **slot != EMPTY).count();
            prop_assert_eq!(in_use, model.len());
        }
    }

    #[test]
    fn room_that_is_reserved_is_not_made_again() {
        let mut index = Index::default();
        assert_eq!((index.find(7, |_| true), index.slots.len()), (None, 0));
        index.remove(7, 0);
        index.reserve(1_000);
        let slots = index.slots.len();
        (0..1_000).for_each(|key| index.insert(u64::from(key), key));
        assert_eq!((slots, index.slots.len()), (2_048, 2_048));
        assert!((0..1_000).all(|key| index.find(u64::from(key), |_| true) == Some(key)));
    }
}
