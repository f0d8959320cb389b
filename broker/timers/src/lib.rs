//! The timing wheel shared by the broker core and the event engine.
//!
//! Items come out ordered by (time, arrival number), exactly as from a binary heap, at a cost that does not
//! grow with how many are pending. Three levels of 1,024 slots cover 13 days ahead; what lies beyond waits in
//! a heap.
//!
//! ```text
//! level 0   1,024 slots of 2^20 ns (1 ms)      the present block
//! level 1   1,024 slots of 2^30 ns (1.1 s)     later blocks, spread over level 0 when reached
//! level 2   1,024 slots of 2^40 ns (18 min)    later still
//! overflow  a heap                             more than 13 days ahead
//! ready     the slot in hand, sorted           plus a small heap of items that arrived late for it
//! ```
//!
//! The wheel knows no clock: the caller says how far time has come. Nothing can be cancelled; an owner that
//! changes its mind recognises a stale item when it fires.

mod block_list;
mod wheel;

pub use wheel::Wheel;
