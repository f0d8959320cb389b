//! Bytes on their way, in buffers that are used again: no allocation per segment.

use crate::event::SegmentKey;

/// The last of a list of segments.
pub(crate) const NO_SEGMENT: u32 = u32::MAX;

#[derive(Debug, Default)]
struct Segment {
    bytes: Vec<u8>,
    /// The next in a free list or in a node's queue.
    next: u32,
}

/// All segments of a world.
#[derive(Debug)]
pub(crate) struct Segments {
    segments: Vec<Segment>,
    free: u32,
}

/// Segments waiting in order at one end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentQueue {
    first: u32,
    last: u32,
}

impl SegmentQueue {
    pub(crate) const EMPTY: Self = Self { first: NO_SEGMENT, last: NO_SEGMENT };

    pub(crate) const fn is_empty(&self) -> bool {
        self.first == NO_SEGMENT
    }
}

/// A buffer that grew beyond this gives its memory back.
const KEPT_BYTES: usize = 1_024;

impl Segments {
    pub(crate) const fn new() -> Self {
        Self { segments: Vec::new(), free: NO_SEGMENT }
    }

    pub(crate) fn insert(&mut self, bytes: &[u8]) -> SegmentKey {
        let key = if self.free == NO_SEGMENT {
            self.segments.push(Segment { bytes: Vec::with_capacity(bytes.len().max(64)), next: NO_SEGMENT });
            u32::try_from(self.segments.len() - 1).expect("fewer than 2^32 segments")
        } else {
            let key = self.free;
            self.free = self.segments[key as usize].next;
            key
        };
        let segment = &mut self.segments[key as usize];
        segment.bytes.extend_from_slice(bytes);
        segment.next = NO_SEGMENT;
        SegmentKey(key)
    }

    pub(crate) fn bytes(&self, key: SegmentKey) -> &[u8] {
        &self.segments[key.0 as usize].bytes
    }

    /// Lends the buffer out, until [`Segments::put_back`].
    pub(crate) fn take(&mut self, key: SegmentKey) -> Vec<u8> {
        std::mem::take(&mut self.segments[key.0 as usize].bytes)
    }

    /// Takes back what [`Segments::take`] lent out.
    pub(crate) fn give(&mut self, key: SegmentKey, bytes: Vec<u8>) {
        self.segments[key.0 as usize].bytes = bytes;
    }

    /// Takes back what [`Segments::take`] lent out, and frees the segment.
    pub(crate) fn put_back(&mut self, key: SegmentKey, bytes: Vec<u8>) {
        self.segments[key.0 as usize].bytes = bytes;
        self.remove(key);
    }

    pub(crate) fn remove(&mut self, key: SegmentKey) {
        let segment = &mut self.segments[key.0 as usize];
        segment.bytes.clear();
        segment.bytes.shrink_to(KEPT_BYTES);
        segment.next = self.free;
        self.free = key.0;
    }

    pub(crate) fn push_back(&mut self, queue: &mut SegmentQueue, key: SegmentKey) {
        match queue.last {
            NO_SEGMENT => queue.first = key.0,
            last => self.segments[last as usize].next = key.0,
        }
        queue.last = key.0;
    }

    pub(crate) fn pop_front(&mut self, queue: &mut SegmentQueue) -> Option<SegmentKey> {
        if queue.is_empty() {
            return None;
        }
        let key = queue.first;
        queue.first = self.segments[key as usize].next;
        if queue.is_empty() {
            queue.last = NO_SEGMENT;
        }
        self.segments[key as usize].next = NO_SEGMENT;
        Some(SegmentKey(key))
    }

    /// Frees all segments of a queue.
    pub(crate) fn clear(&mut self, queue: &mut SegmentQueue) {
        while let Some(key) = self.pop_front(queue) {
            self.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_queue_in_order_and_buffers_are_used_again() {
        let mut segments = Segments::new();
        let mut queue = SegmentQueue::EMPTY;
        for text in ["a", "b", "c"] {
            let key = segments.insert(text.as_bytes());
            segments.push_back(&mut queue, key);
        }
        let first = segments.pop_front(&mut queue).unwrap();
        assert_eq!(segments.bytes(first), b"a");
        segments.remove(first);
        let again = segments.insert(b"d");
        assert_eq!(again, first);
        segments.push_back(&mut queue, again);
        let mut rest = Vec::new();
        while let Some(key) = segments.pop_front(&mut queue) {
            rest.extend_from_slice(segments.bytes(key));
        }
        assert_eq!(rest, b"bcd");
        assert!(queue.is_empty());
    }
}
