//! Filters with wildcards, as a trie over interned topic levels.
//!
//! A topic level that no filter names was never interned, so most levels of most topics cost one look-up.

use hashbrown::HashTable;
use slab::Slab;

use super::NONE;
use super::filters::FilterKey;
use crate::hash::hash_text;

/// A place in the trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrieNode(u32);

impl TrieNode {
    pub(super) const NONE: Self = Self(NONE);
}

const ROOT: u32 = 0;

#[derive(Debug)]
struct Node {
    parent: u32,
    /// The level that leads here from the parent: a segment, or one of the two wildcards.
    edge: Edge,
    children: u32,
    plus: u32,
    hash: u32,
    filter: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Segment(u32),
    Plus,
    Hash,
}

#[derive(Debug)]
struct Segment {
    text: Box<str>,
    uses: u32,
}

#[derive(Debug)]
pub(super) struct Trie {
    nodes: Slab<Node>,
    children: HashTable<Child>,
    segments: Slab<Segment>,
    by_text: HashTable<u32>,
    hash_matches_parent: bool,
    levels: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Child {
    parent: u32,
    segment: u32,
    node: u32,
}

const fn hash_child(parent: u32, segment: u32) -> u64 {
    // The odd multiplier spreads both halves; the shift feeds the high bits that the table's tags use.
    let mixed = (((parent as u64) << 32) | segment as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

impl Trie {
    pub(super) fn new(hash_matches_parent: bool) -> Self {
        let mut nodes = Slab::new();
        nodes.insert(Node {
            parent: NONE,
            edge: Edge::Hash,
            children: 0,
            plus: NONE,
            hash: NONE,
            filter: NONE,
        });
        Self {
            nodes,
            children: HashTable::new(),
            segments: Slab::new(),
            by_text: HashTable::new(),
            hash_matches_parent,
            levels: Vec::new(),
        }
    }

    /// Whether no filter is held.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes[ROOT as usize].children == 0
    }

    pub(super) fn insert(&mut self, filter: &str, key: u32) -> TrieNode {
        let mut at = ROOT;
        for level in filter.split('/') {
            let edge = match level {
                "+" => Edge::Plus,
                "#" => Edge::Hash,
                _ => Edge::Segment(self.intern(level)),
            };
            at = self.child(at, edge).unwrap_or_else(|| self.add_child(at, edge));
        }
        self.nodes[at as usize].filter = key;
        TrieNode(at)
    }

    /// Takes the filter that ends at `node` out, with every node that is then of no use.
    pub(super) fn remove(&mut self, node: TrieNode) {
        let mut at = node.0;
        self.nodes[at as usize].filter = NONE;
        while at != ROOT && self.nodes[at as usize].children == 0 && self.nodes[at as usize].filter == NONE {
            let Node { parent, edge, .. } = self.nodes.remove(at as usize);
            match edge {
                Edge::Plus => self.nodes[parent as usize].plus = NONE,
                Edge::Hash => self.nodes[parent as usize].hash = NONE,
                Edge::Segment(segment) => {
                    let found =
                        self.children.find_entry(hash_child(parent, segment), |child| child.node == at);
                    if let Ok(entry) = found {
                        entry.remove();
                    }
                    self.release(segment);
                }
            }
            self.nodes[parent as usize].children -= 1;
            at = parent;
        }
    }

    pub(super) fn matching(&mut self, topic: &str, out: &mut Vec<FilterKey>) {
        let mut levels = std::mem::take(&mut self.levels);
        levels.clear();
        levels.extend(topic.split('/').map(|level| self.find_segment(level).unwrap_or(NONE)));
        // MQTT-4.7.2-1: a leading wildcard does not match a topic that begins with '$'.
        let wild = !topic.starts_with('$');
        self.descend(ROOT, &levels, wild, out);
        self.levels = levels;
    }

    fn descend(&self, at: u32, levels: &[u32], wild: bool, out: &mut Vec<FilterKey>) {
        let node = &self.nodes[at as usize];
        let Some((&level, rest)) = levels.split_first() else {
            if node.filter != NONE {
                out.push(FilterKey(node.filter));
            }
            if self.hash_matches_parent && node.hash != NONE {
                out.push(FilterKey(self.nodes[node.hash as usize].filter));
            }
            return;
        };
        if level != NONE
            && let Some(child) = self.child(at, Edge::Segment(level))
        {
            self.descend(child, rest, true, out);
        }
        if wild && node.plus != NONE {
            self.descend(node.plus, rest, true, out);
        }
        if wild && node.hash != NONE {
            out.push(FilterKey(self.nodes[node.hash as usize].filter));
        }
    }

    fn child(&self, parent: u32, edge: Edge) -> Option<u32> {
        let found = match edge {
            Edge::Plus => self.nodes[parent as usize].plus,
            Edge::Hash => self.nodes[parent as usize].hash,
            Edge::Segment(segment) => {
                return self
                    .children
                    .find(hash_child(parent, segment), |child| {
                        child.parent == parent && child.segment == segment
                    })
                    .map(|child| child.node);
            }
        };
        (found != NONE).then_some(found)
    }

    fn add_child(&mut self, parent: u32, edge: Edge) -> u32 {
        let node = Node { parent, edge, children: 0, plus: NONE, hash: NONE, filter: NONE };
        let node = u32::try_from(self.nodes.insert(node)).expect("fewer than 2^32 nodes");
        match edge {
            Edge::Plus => self.nodes[parent as usize].plus = node,
            Edge::Hash => self.nodes[parent as usize].hash = node,
            Edge::Segment(segment) => {
                self.segments[segment as usize].uses += 1;
                self.children.insert_unique(
                    hash_child(parent, segment),
                    Child { parent, segment, node },
                    |child| hash_child(child.parent, child.segment),
                );
            }
        }
        self.nodes[parent as usize].children += 1;
        node
    }

    fn find_segment(&self, text: &str) -> Option<u32> {
        self.by_text.find(hash_text(text), |&key| &*self.segments[key as usize].text == text).copied()
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(found) = self.find_segment(text) {
            return found;
        }
        let key = self.segments.insert(Segment { text: text.into(), uses: 0 });
        let key = u32::try_from(key).expect("fewer than 2^32 segments");
        let segments = &self.segments;
        self.by_text.insert_unique(hash_text(text), key, |&key| hash_text(&segments[key as usize].text));
        key
    }

    fn release(&mut self, segment: u32) {
        self.segments[segment as usize].uses -= 1;
        if self.segments[segment as usize].uses == 0 {
            let text = self.segments.remove(segment as usize).text;
            if let Ok(entry) = self.by_text.find_entry(hash_text(&text), |&key| key == segment) {
                entry.remove();
            }
        }
    }
}
