//! Records of an account: each found by its name in one hash lookup, and by its key without any.

mod index;

use core::fmt;
use core::hash::{BuildHasher, Hasher};

use slab::Slab;
use squall_types::CertificateId;

use index::Index;

/// A fixed seed: the same on every machine. The table is never iterated.
const HASHER: foldhash::fast::FixedState = foldhash::fast::FixedState::with_seed(0x5245_4749_5354);

/// What a record is found by.
pub(crate) trait RecordName: Eq {
    fn hash_code(&self) -> u64;
}

impl RecordName for str {
    #[inline]
    fn hash_code(&self) -> u64 {
        HASHER.hash_one(self)
    }
}

impl RecordName for CertificateId {
    /// Four words in a row, which are hashed in place; as bytes they would go through a loop of the hasher's.
    #[inline]
    fn hash_code(&self) -> u64 {
        let mut hasher = HASHER.build_hasher();
        let (words, _) = self.0.as_chunks::<8>();
        words.iter().for_each(|word| hasher.write_u64(u64::from_le_bytes(*word)));
        hasher.finish()
    }
}

/// A record with a name.
pub(crate) trait Named {
    type Name: RecordName + ?Sized;

    fn name(&self) -> &Self::Name;
}

/// A record's place. It stands for the record until that is removed; then another may take it.
pub(crate) type RecordKey = u32;

#[derive(Clone)]
pub(crate) struct Records<T> {
    records: Slab<T>,
    by_name: Index,
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self { records: Slab::new(), by_name: Index::default() }
    }
}

/// Shows what is there, not how it is found.
impl<T: fmt::Debug> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.records.iter()).finish()
    }
}

impl<T: Named> Records<T> {
    pub(crate) fn find(&self, name: &T::Name) -> Option<RecordKey> {
        self.look_up(name).map(|(key, _)| key)
    }

    /// The record of a name, with its place.
    #[inline]
    pub(crate) fn look_up(&self, name: &T::Name) -> Option<(RecordKey, &T)> {
        let is_named = |key| self.get(key).is_some_and(|record| record.name() == name);
        let key = self.by_name.find(name.hash_code(), is_named)?;
        Some((key, self.get(key)?))
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        self.records.reserve(more);
        self.by_name.reserve(more);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The record of a name.
    pub(crate) fn named(&self, name: &T::Name) -> Option<&T> {
        self.look_up(name).map(|(_, record)| record)
    }

    /// Every record, in the order of their places: as they came, but that a newer one takes the place of a removed one.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RecordKey, &T)> {
        self.iter_from(0)
    }

    /// Every record from a place on.
    pub(crate) fn iter_from(&self, from: RecordKey) -> impl Iterator<Item = (RecordKey, &T)> {
        // A slab has a place for each record and each hole; places behind the last hold nothing.
        (from..self.places()).filter_map(|key| Some((key, self.get(key)?)))
    }

    fn places(&self) -> RecordKey {
        u32::try_from(self.records.capacity()).unwrap_or(u32::MAX)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (RecordKey, &mut T)> {
        self.records.iter_mut().map(|(key, record)| (key as RecordKey, record))
    }

    pub(crate) fn get(&self, key: RecordKey) -> Option<&T> {
        self.records.get(key as usize)
    }

    pub(crate) fn get_mut(&mut self, key: RecordKey) -> Option<&mut T> {
        self.records.get_mut(key as usize)
    }

    /// Adds a record whose name no other has.
    pub(crate) fn insert(&mut self, record: T) -> RecordKey {
        let hash = record.name().hash_code();
        let key = u32::try_from(self.records.insert(record)).expect("fewer than 2^32 records");
        self.by_name.insert(hash, key);
        key
    }

    pub(crate) fn remove(&mut self, key: RecordKey) -> T {
        let record = self.records.remove(key as usize);
        self.by_name.remove(record.name().hash_code(), key);
        record
    }
}
