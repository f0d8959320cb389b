//! The filters that somebody subscribes with, each once: found by text, matched by topic.

use hashbrown::HashTable;
use slab::Slab;
use squall_types::split_shared;

use super::shared::GroupKey;
use super::trie::{Trie, TrieNode};
use crate::hash::hash_text;

/// A filter's key inside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FilterKey(pub(super) u32);

#[derive(Debug)]
struct Filter {
    text: Box<str>,
    first: u32,
    last: u32,
    /// Where it ends in the trie; [`TrieNode::NONE`] for a filter without wildcards and for a shared one, which no
    /// topic is matched with.
    node: TrieNode,
    /// The first group of shared subscriptions that is matched with this filter; of a shared filter, its own group.
    group: GroupKey,
}

/// What one filter costs besides its text: the record and its place in the table.
#[cfg(test)]
pub(super) const BYTES_A_FILTER: usize = size_of::<Filter>() + 6;

#[derive(Debug)]
pub(super) struct Filters {
    filters: Slab<Filter>,
    by_text: HashTable<u32>,
    trie: Trie,
}

impl Filters {
    pub(super) fn new(hash_matches_parent: bool) -> Self {
        Self { filters: Slab::new(), by_text: HashTable::new(), trie: Trie::new(hash_matches_parent) }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.by_text.is_empty() && self.trie.is_empty()
    }

    pub(super) fn find(&self, text: &str) -> Option<FilterKey> {
        self.by_text
            .find(hash_text(text), |&key| &*self.filters[key as usize].text == text)
            .map(|&key| FilterKey(key))
    }

    pub(super) fn find_or_insert(&mut self, text: &str) -> FilterKey {
        if let Some(found) = self.find(text) {
            return found;
        }
        let key = u32::try_from(self.filters.vacant_key()).expect("fewer than 2^32 filters");
        let is_wild = text.contains(['+', '#']) && split_shared(text).is_none();
        let node = if is_wild { self.trie.insert(text, key) } else { TrieNode::NONE };
        let none = super::NONE;
        self.filters.insert(Filter {
            text: text.into(),
            first: none,
            last: none,
            node,
            group: GroupKey::NONE,
        });
        let filters = &self.filters;
        self.by_text.insert_unique(hash_text(text), key, |&key| hash_text(&filters[key as usize].text));
        FilterKey(key)
    }

    pub(super) fn remove(&mut self, key: FilterKey) {
        let filter = self.filters.remove(key.0 as usize);
        if let Ok(entry) = self.by_text.find_entry(hash_text(&filter.text), |&other| other == key.0) {
            entry.remove();
        }
        if filter.node != TrieNode::NONE {
            self.trie.remove(filter.node);
        }
    }

    /// Appends the filters that `topic` matches: first the one that equals it, then those with wildcards.
    pub(super) fn matching(&mut self, topic: &str, out: &mut Vec<FilterKey>) {
        out.extend(self.find(topic));
        if !self.trie.is_empty() {
            self.trie.matching(topic, out);
        }
    }

    pub(super) fn text(&self, key: FilterKey) -> &str {
        &self.filters[key.0 as usize].text
    }

    pub(super) fn group(&self, key: FilterKey) -> GroupKey {
        self.filters[key.0 as usize].group
    }

    pub(super) fn set_group(&mut self, key: FilterKey, group: GroupKey) {
        self.filters[key.0 as usize].group = group;
    }

    pub(super) fn first(&self, key: FilterKey) -> u32 {
        self.filters[key.0 as usize].first
    }

    pub(super) fn last(&self, key: FilterKey) -> u32 {
        self.filters[key.0 as usize].last
    }

    pub(super) fn set_first(&mut self, key: FilterKey, subscription: u32) {
        self.filters[key.0 as usize].first = subscription;
    }

    pub(super) fn set_last(&mut self, key: FilterKey, subscription: u32) {
        self.filters[key.0 as usize].last = subscription;
    }
}
