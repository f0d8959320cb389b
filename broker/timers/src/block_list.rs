//! Append-only lists of entries in pooled blocks: no allocation per entry, no capacity kept by idle slots.

const BLOCK: usize = 32;

/// No block.
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Block<E> {
    entries: [E; BLOCK],
    len: u8,
    next: u32,
}

/// The blocks of all lists of one wheel.
#[derive(Clone, Debug)]
pub(crate) struct BlockPool<E> {
    blocks: Vec<Block<E>>,
    free: u32,
}

/// One list: its first and last block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockList {
    first: u32,
    last: u32,
}

impl BlockList {
    pub(crate) const EMPTY: Self = Self { first: NONE, last: NONE };
}

impl<E: Copy + Default> BlockPool<E> {
    pub(crate) const fn new() -> Self {
        Self { blocks: Vec::new(), free: NONE }
    }

    pub(crate) fn push(&mut self, list: &mut BlockList, entry: E) {
        let last = list.last;
        if last == NONE || usize::from(self.blocks[last as usize].len) == BLOCK {
            let block = self.take_block();
            if last == NONE {
                list.first = block;
            } else {
                self.blocks[last as usize].next = block;
            }
            list.last = block;
        }
        let block = &mut self.blocks[list.last as usize];
        block.entries[usize::from(block.len)] = entry;
        block.len += 1;
    }

    /// Moves the entries of `list` to the end of `out` in order of arrival and returns its blocks to the pool.
    pub(crate) fn drain(&mut self, list: &mut BlockList, out: &mut Vec<E>) {
        let mut at = list.first;
        while at != NONE {
            let block = &mut self.blocks[at as usize];
            out.extend_from_slice(&block.entries[..usize::from(block.len)]);
            let next = block.next;
            block.len = 0;
            block.next = self.free;
            self.free = at;
            at = next;
        }
        *list = BlockList::EMPTY;
    }

    fn take_block(&mut self) -> u32 {
        if self.free == NONE {
            self.blocks.push(Block { entries: [E::default(); BLOCK], len: 0, next: NONE });
            u32::try_from(self.blocks.len() - 1).expect("fewer than 2^32 blocks")
        } else {
            let block = self.free;
            self.free = self.blocks[block as usize].next;
            self.blocks[block as usize].next = NONE;
            block
        }
    }
}
