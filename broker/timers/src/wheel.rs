//! The wheel itself.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use squall_types::Timestamp;

use crate::block_list::{BlockList, BlockPool};

const TICK_BITS: u32 = 20;
const LEVEL_BITS: u32 = 10;
const SLOTS: usize = 1 << LEVEL_BITS;
const LEVELS: usize = 3;

/// Items by time of firing; equal times by order of arrival.
#[derive(Clone, Debug)]
pub struct Wheel<T> {
    /// The tick of the slot in hand: everything at or before it is in `ready` or `late`.
    cursor: u64,
    /// Sorted from last to first.
    ready: Vec<Entry<T>>,
    late: BinaryHeap<Reverse<Entry<T>>>,
    levels: [Level; LEVELS],
    overflow: BinaryHeap<Reverse<Entry<T>>>,
    pool: BlockPool<Entry<T>>,
    scratch: Vec<Entry<T>>,
    arrivals: u64,
    len: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry<T> {
    at: u64,
    arrival: u64,
    item: T,
}

impl<T> Entry<T> {
    const fn key(&self) -> (u64, u64) {
        (self.at, self.arrival)
    }

    const fn tick(&self) -> u64 {
        self.at >> TICK_BITS
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[derive(Clone, Debug)]
struct Level {
    slots: Box<[Slot]>,
    occupied: [u64; SLOTS / 64],
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    list: BlockList,
    earliest: u64,
}

impl Level {
    fn new() -> Self {
        let empty = Slot { list: BlockList::EMPTY, earliest: u64::MAX };
        Self { slots: vec![empty; SLOTS].into(), occupied: [0; SLOTS / 64] }
    }

    /// The first occupied slot after `index`.
    fn next_after(&self, index: usize) -> Option<usize> {
        let from = index + 1;
        if from >= SLOTS {
            return None;
        }
        let mut word = from / 64;
        let mut bits = self.occupied[word] & (u64::MAX << (from % 64));
        loop {
            if bits != 0 {
                return Some(word * 64 + bits.trailing_zeros() as usize);
            }
            word += 1;
            if word == self.occupied.len() {
                return None;
            }
            bits = self.occupied[word];
        }
    }
}

impl<T: Copy + Default> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy + Default> Wheel<T> {
    /// An empty wheel at time zero.
    pub fn new() -> Self {
        Self {
            cursor: 0,
            ready: Vec::new(),
            late: BinaryHeap::new(),
            levels: [Level::new(), Level::new(), Level::new()],
            overflow: BinaryHeap::new(),
            pool: BlockPool::new(),
            scratch: Vec::new(),
            arrivals: 0,
            len: 0,
        }
    }

    /// How many items are pending.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds `item`, to fire at `at`; a time already passed fires next.
    #[inline]
    pub fn push(&mut self, at: Timestamp, item: T) {
        let entry = Entry { at: at.0, arrival: self.arrivals, item };
        self.arrivals += 1;
        self.len += 1;
        if entry.tick() <= self.cursor {
            self.late.push(Reverse(entry));
        } else {
            self.place(entry);
        }
    }

    /// The time of the item that fires next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let ready = self.ready.last().map_or(u64::MAX, |entry| entry.at);
        let late = self.late.peek().map_or(u64::MAX, |entry| entry.0.at);
        let in_hand = ready.min(late);
        if in_hand < u64::MAX || self.len == 0 {
            return (in_hand < u64::MAX).then_some(Timestamp(in_hand));
        }
        for level in 0..LEVELS {
            if let Some(index) = self.levels[level].next_after(self.index(level)) {
                return Some(Timestamp(self.levels[level].slots[index].earliest));
            }
        }
        self.overflow.peek().map(|entry| Timestamp(entry.0.at))
    }

    /// The item that fires `ahead` items after the next one, as far as that is known without work; for a caller that
    /// wants to fetch what the item needs before its turn comes.
    #[inline]
    pub fn upcoming(&self, ahead: usize) -> Option<&T> {
        let at = self.ready.len().checked_sub(ahead + 1)?;
        self.ready.get(at).map(|entry| &entry.item)
    }

    /// Takes the next item that fires at or before `limit`.
    #[inline]
    pub fn pop_until(&mut self, limit: Timestamp) -> Option<(Timestamp, T)> {
        loop {
            let from_late = match (self.ready.last(), self.late.peek()) {
                (Some(ready), Some(late)) => late.0 < *ready,
                (None, Some(_)) => true,
                (Some(_), None) => false,
                (None, None) => {
                    if !self.advance(limit.0) {
                        return None;
                    }
                    continue;
                }
            };
            let next =
                if from_late { self.late.peek().map(|entry| entry.0) } else { self.ready.last().copied() };
            let entry = next.filter(|entry| entry.at <= limit.0)?;
            if from_late {
                self.late.pop();
            } else {
                self.ready.pop();
            }
            self.len -= 1;
            return Some((Timestamp(entry.at), entry.item));
        }
    }

    /// The slot of `level` that the cursor is in.
    const fn index(&self, level: usize) -> usize {
        (self.cursor >> (level as u32 * LEVEL_BITS)) as usize % SLOTS
    }

    fn place(&mut self, entry: Entry<T>) {
        let tick = entry.tick();
        for level in 0..LEVELS {
            let shift = level as u32 * LEVEL_BITS;
            if tick >> (shift + LEVEL_BITS) == self.cursor >> (shift + LEVEL_BITS) {
                let index = (tick >> shift) as usize % SLOTS;
                let slot = &mut self.levels[level].slots[index];
                slot.earliest = slot.earliest.min(entry.at);
                self.pool.push(&mut slot.list, entry);
                self.levels[level].occupied[index / 64] |= 1 << (index % 64);
                return;
            }
        }
        self.overflow.push(Reverse(entry));
    }

    /// Brings the next occupied slot into hand if it holds something due by `limit`.
    fn advance(&mut self, limit: u64) -> bool {
        'search: loop {
            for level in 0..LEVELS {
                let Some(index) = self.levels[level].next_after(self.index(level)) else { continue };
                if self.levels[level].slots[index].earliest > limit {
                    return false;
                }
                let shift = level as u32 * LEVEL_BITS;
                let above = self.cursor >> (shift + LEVEL_BITS) << LEVEL_BITS;
                self.cursor = (above | index as u64) << shift;
                self.open(level, index);
                if self.ready.is_empty() {
                    continue 'search;
                }
                return true;
            }
            let Some(Reverse(first)) = self.overflow.peek() else { return false };
            if first.at > limit {
                return false;
            }
            let span = LEVELS as u32 * LEVEL_BITS;
            let block = first.tick() >> span;
            self.cursor = block << span;
            while let Some(Reverse(entry)) =
                self.overflow.peek().filter(|entry| entry.0.tick() >> span == block)
            {
                let entry = *entry;
                self.overflow.pop();
                self.settle(entry);
            }
            self.ready.sort_unstable_by_key(|entry| Reverse(entry.key()));
            if !self.ready.is_empty() {
                return true;
            }
        }
    }

    /// Empties a slot that the cursor has just reached: into hand what is due in the cursor's tick, the rest below.
    fn open(&mut self, level: usize, index: usize) {
        let slot = &mut self.levels[level].slots[index];
        slot.earliest = u64::MAX;
        self.levels[level].occupied[index / 64] &= !(1 << (index % 64));
        if level == 0 {
            self.pool.drain(&mut self.levels[0].slots[index].list, &mut self.ready);
        } else {
            let mut entries = std::mem::take(&mut self.scratch);
            self.pool.drain(&mut self.levels[level].slots[index].list, &mut entries);
            for entry in entries.drain(..) {
                self.settle(entry);
            }
            self.scratch = entries;
        }
        self.ready.sort_unstable_by_key(|entry| Reverse(entry.key()));
    }

    fn settle(&mut self, entry: Entry<T>) {
        if entry.tick() <= self.cursor {
            self.ready.push(entry);
        } else {
            self.place(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_event_of_sixteen_bytes_waits_in_thirty_two() {
        // The pending-event budget of design section 2.
        assert_eq!(size_of::<Entry<[u32; 4]>>(), 32);
    }

    #[test]
    fn equal_times_fire_in_order_of_arrival() {
        let mut wheel = Wheel::new();
        for item in 0..100_u32 {
            wheel.push(Timestamp::from_secs(5), item);
        }
        let fired: Vec<u32> =
            std::iter::from_fn(|| wheel.pop_until(Timestamp::MAX)).map(|(_, item)| item).collect();
        assert_eq!(fired, (0..100).collect::<Vec<_>>());
        assert!(wheel.is_empty());
    }

    #[test]
    fn nothing_fires_early() {
        let mut wheel = Wheel::new();
        wheel.push(Timestamp(10_000_000_001), 1_u32);
        assert_eq!(wheel.next_deadline(), Some(Timestamp(10_000_000_001)));
        assert_eq!(wheel.pop_until(Timestamp(10_000_000_000)), None);
        assert_eq!(wheel.pop_until(Timestamp(10_000_000_001)), Some((Timestamp(10_000_000_001), 1)));
    }

    /// Pushes `delay` after the present, or moves the present on and pops all that is due.
    #[derive(Clone, Debug)]
    enum Step {
        Push { delay: u64 },
        Run { by: u64 },
    }

    fn delay() -> impl Strategy<Value = u64> {
        // Every level, the borders between them, and the overflow heap.
        prop_oneof![
            Just(0),
            0..5_000_000_u64,
            0..3_000_000_000_u64,
            0..3_000_000_000_000_u64,
            0..3_000_000_000_000_000_u64,
            (0..60_u32, 0..3_u64).prop_map(|(bit, off)| (1_u64 << bit.min(51)) + off - 1),
        ]
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let push = delay().prop_map(|delay| Step::Push { delay });
        let run = delay().prop_map(|by| Step::Run { by });
        proptest::collection::vec(prop_oneof![3 => push, 1 => run], 0..200)
    }

    proptest! {
        #[test]
        fn agrees_with_a_binary_heap(steps in steps()) {
            let mut wheel = Wheel::new();
            let mut model = BinaryHeap::new();
            let mut now = 0;
            let mut number = 0_u64;
            for step in steps {
                match step {
                    Step::Push { delay } => {
                        wheel.push(Timestamp(now + delay), number);
                        model.push(Reverse((now + delay, number)));
                        number += 1;
                    }
                    Step::Run { by } => {
                        let limit = now + by;
                        while let Some((at, item)) = wheel.pop_until(Timestamp(limit)) {
                            prop_assert_eq!(model.pop(), Some(Reverse((at.0, item))));
                            now = now.max(at.0);
                            if item % 7 == 0 {
                                // An event that causes another at once, and one a little later.
                                for delay in [0, 1_500_000] {
                                    wheel.push(Timestamp(now + delay), number);
                                    model.push(Reverse((now + delay, number)));
                                    number += 1;
                                    // Only multiples of 7 cause more, so make sure it ends.
                                    if number.is_multiple_of(7) { number += 1; }
                                }
                            }
                        }
                        prop_assert!(model.peek().is_none_or(|next| next.0.0 > limit));
                        now = limit;
                    }
                }
                prop_assert_eq!(wheel.len(), model.len());
                prop_assert_eq!(wheel.next_deadline().map(|at| at.0), model.peek().map(|next| next.0.0));
            }
        }
    }
}
