//! State in a flat form: its compact JSON text, and beside it one small record for every key, in the text's order.
//!
//! ```text
//! text   {"a":{"b":1,"c":[2,3]},"d":"x"}
//! nodes  a: object, 2 below   b: leaf   c: array of 2   d: leaf      each with the lengths of its key and value
//! ```
//!
//! Lengths rather than places let a part be copied from one state into another as it stands: text by text, nodes by
//! nodes. The text is canonical (no blanks, every string escaped in one way, no key twice), so equal keys and strings
//! are equal bytes; numbers are as the client wrote them.

use hashbrown::HashMap;

/// What a key's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string, a number or a boolean.
    Scalar = 0,
    /// Only in requests.
    Null = 1,
    /// An array of scalars.
    Array = 2,
    /// An array with objects or arrays in it.
    DeepArray = 3,
    /// An object; the nodes below it follow its own.
    Object = 4,
}

/// One key of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Bytes of the key, quotes included.
    key_len: u32,
    value_len: u32,
    /// Kind in the low bits; above them the nodes below an object, the elements of an array.
    shape: u32,
    /// Seconds since 1970 of the last update that had this leaf; they reach the year 2106.
    pub(super) stamp: u32,
}

const KIND_BITS: u32 = 3;

impl Node {
    fn new(key_len: usize, value_len: usize, kind: Kind, count: usize, stamp: u32) -> Self {
        // A payload has fewer than 2^28 bytes (MQTT 2.2.3), so nothing in it is longer or more.
        let short = |length: usize| u32::try_from(length).expect("parts of a payload are shorter than 2^32");
        let shape = (short(count) << KIND_BITS) | kind as u32;
        Self { key_len: short(key_len), value_len: short(value_len), shape, stamp }
    }

    pub(super) const fn kind(self) -> Kind {
        match self.shape & ((1 << KIND_BITS) - 1) {
            0 => Kind::Scalar,
            1 => Kind::Null,
            2 => Kind::Array,
            3 => Kind::DeepArray,
            _ => Kind::Object,
        }
    }

    /// Nodes below an object, elements of an array, else 0.
    pub(super) const fn count(self) -> usize {
        (self.shape >> KIND_BITS) as usize
    }

    const fn below(self) -> usize {
        match self.kind() {
            Kind::Object => self.count(),
            Kind::Scalar | Kind::Null | Kind::Array | Kind::DeepArray => 0,
        }
    }
}

/// One section of a stored document; without a key its text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    text: Box<[u8]>,
    nodes: Box<[Node]>,
}

impl Section {
    /// JSON, or nothing.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn object(&self) -> Object<'_> {
        Object { text: &self.text, nodes: &self.nodes }
    }

    /// Bytes on the heap that are not its JSON.
    pub(super) fn overhead(&self) -> usize {
        size_of_val(&*self.nodes)
    }
}

/// An object in flat form: a whole section, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    /// With its braces; a section without a key has no text at all.
    pub(super) text: &'a [u8],
    pub(super) nodes: &'a [Node],
}

impl<'a> Object<'a> {
    pub(super) const fn members(self) -> Members<'a> {
        Members { object: self, at: 1, index: 0 }
    }
}

/// A key of an object with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    /// With its quotes.
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) node: Node,
    /// The place of its node, and after those below it that of the next.
    pub(super) index: usize,
    pub(super) end: usize,
    /// The place of the key in the object's text, and that after the value.
    pub(super) text_start: usize,
    pub(super) text_end: usize,
    below: &'a [Node],
}

impl<'a> Member<'a> {
    pub(super) fn kind(&self) -> Kind {
        self.node.kind()
    }

    /// The value, if it is an object.
    pub(super) fn object(&self) -> Option<Object<'a>> {
        (self.kind() == Kind::Object).then_some(Object { text: self.value, nodes: self.below })
    }
}

/// The members of an object, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<'a> {
    object: Object<'a>,
    at: usize,
    index: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        let Object { text, nodes } = self.object;
        let (index, text_start) = (self.index, self.at);
        let node = *nodes.get(index)?;
        let key_end = text_start + node.key_len as usize;
        let text_end = key_end + 1 + node.value_len as usize;
        let end = index + 1 + node.below();
        self.at = text_end + 1;
        self.index = end;
        let (key, value) = (&text[text_start..key_end], &text[key_end + 1..text_end]);
        Some(Member { key, value, node, index, end, text_start, text_end, below: &nodes[index + 1..end] })
    }
}

/// Looks keys of an object up. Keys asked for in the object's own order are each found at once; an object with many keys
/// that is asked for many others gets an index.
#[derive(Clone, Debug)]
pub(super) struct Finder<'a> {
    object: Object<'a>,
    next: Members<'a>,
    /// Keys looked at so far.
    looked_at: usize,
    index: Option<Index<'a>>,
}

/// By each key, where its member begins.
type Index<'a> = HashMap<&'a [u8], Members<'a>, foldhash::fast::FixedState>;

impl<'a> Finder<'a> {
    /// Objects of fewer nodes never get an index.
    const MANY: usize = 64;

    pub(super) const fn new(object: Object<'a>) -> Self {
        Self { object, next: object.members(), looked_at: 0, index: None }
    }

    #[inline]
    pub(super) fn find(&mut self, key: &[u8]) -> Option<Member<'a>> {
        if let Some(index) = &self.index {
            return index.get(key).and_then(|members| { *members }.next());
        }
        let begun = self.next.index;
        let found = self.seek(self.next, usize::MAX, key);
        let found = found.or_else(|| self.seek(self.object.members(), begun, key));
        if self.object.nodes.len() > Self::MANY && self.looked_at > 8 * self.object.nodes.len() {
            self.index = Some(index(self.object));
        }
        found
    }

    /// Looks from one member on, up to the node `end`.
    #[inline]
    fn seek(&mut self, mut members: Members<'a>, end: usize, key: &[u8]) -> Option<Member<'a>> {
        while members.index < end {
            let member = members.next()?;
            self.looked_at += 1;
            if member.key == key {
                self.next = members;
                return Some(member);
            }
        }
        None
    }
}

fn index(object: Object<'_>) -> Index<'_> {
    let mut index = Index::with_hasher(foldhash::fast::FixedState::with_seed(0x4b45_5953));
    let mut members = object.members();
    loop {
        let at = members;
        let Some(member) = members.next() else { return index };
        index.insert(member.key, at);
    }
}

/// A state being put together. Kept from one request to the next, so that it need not grow again.
#[derive(Clone, Debug, Default)]
pub(super) struct Builder {
    pub(super) text: Vec<u8>,
    nodes: Vec<Node>,
}

/// An object that a [`Builder`] has begun and not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// Where the text ended before.
    text_before: usize,
    key_len: usize,
    value_start: usize,
    node: usize,
}

impl Builder {
    /// Drops what was built and begins a section.
    pub(super) fn begin(&mut self) {
        self.text.clear();
        self.nodes.clear();
        self.text.push(b'{');
    }

    /// Ends the section.
    pub(super) fn end(&mut self) {
        self.text.push(b'}');
    }

    pub(super) fn object(&self) -> Object<'_> {
        Object { text: &self.text, nodes: &self.nodes }
    }

    /// Whether the section, ended, has no key.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What was built, to be stored.
    pub(super) fn section(&self) -> Section {
        if self.is_empty() {
            return Section::default();
        }
        Section { text: self.text.as_slice().into(), nodes: self.nodes.as_slice().into() }
    }

    /// Writes a comma, if one is due, and a key by `write`; its length.
    pub(super) fn key(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        self.comma();
        let start = self.text.len();
        write(&mut self.text);
        let length = self.text.len() - start;
        self.text.push(b':');
        length
    }

    /// Ends a member that is no object, whose key was `key_len` long and whose value began at `value_start`.
    pub(super) fn leaf(&mut self, key_len: usize, value_start: usize, kind: Kind, count: usize, stamp: u32) {
        self.nodes.push(Node::new(key_len, self.text.len() - value_start, kind, count, stamp));
    }

    /// Begins a member that is an object.
    pub(super) fn open(&mut self, write_key: impl FnOnce(&mut Vec<u8>)) -> Open {
        let text_before = self.text.len();
        let key_len = self.key(write_key);
        let open = Open { text_before, key_len, value_start: self.text.len(), node: self.nodes.len() };
        self.text.push(b'{');
        self.nodes.push(Node::new(0, 0, Kind::Object, 0, 0));
        open
    }

    /// Whether nothing was put into the object yet.
    pub(super) fn is_bare(&self, open: Open) -> bool {
        self.nodes.len() == open.node + 1
    }

    pub(super) fn close(&mut self, open: Open, stamp: u32) {
        self.text.push(b'}');
        let value_len = self.text.len() - open.value_start;
        let below = self.nodes.len() - open.node - 1;
        self.nodes[open.node] = Node::new(open.key_len, value_len, Kind::Object, below, stamp);
    }

    /// Takes the object back as if it had never been begun.
    pub(super) fn abandon(&mut self, open: Open) {
        self.text.truncate(open.text_before);
        self.nodes.truncate(open.node);
    }

    /// Appends whole members of another object: text without the commas around it, and their nodes.
    pub(super) fn append(&mut self, text: &[u8], nodes: &[Node]) {
        self.comma();
        self.text.extend_from_slice(text);
        self.nodes.extend_from_slice(nodes);
    }

    fn comma(&mut self) {
        if self.text.last() != Some(&b'{') {
            self.text.push(b',');
        }
    }
}
