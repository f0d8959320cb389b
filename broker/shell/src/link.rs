//! What the driver and the task of one connection share: bytes to write, whose turn it is to read, and the end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Once everything has been written.
    Flush,
    /// At once.
    Abort,
}

/// One chunk of bytes read at once.
pub(crate) const CHUNK_BYTES: usize = 4_096;

/// A buffer that grew past this in a burst is let go of when the burst is over.
const KEPT_BYTES: usize = 16_384;

/// See the module.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    /// One waiter each: the read half, the write half, the task's watch over the end.
    reader: Notify,
    writer: Notify,
    ended: Notify,
    unsent_bytes_before_pause: usize,
}

#[derive(Debug)]
struct State {
    /// Put out by the broker, not yet taken by the write half.
    outgoing: Vec<u8>,
    /// Put out by the broker, not yet taken by the transport.
    unsent: usize,
    /// The buffer to read into, while it is the read half's turn.
    turn: Option<Vec<u8>>,
    /// The broker wants nothing read.
    is_paused: bool,
    end: Option<End>,
}

impl Link {
    pub(crate) fn new(unsent_bytes_before_pause: usize) -> Self {
        Self {
            state: Mutex::new(State {
                outgoing: Vec::new(),
                unsent: 0,
                turn: Some(Vec::with_capacity(CHUNK_BYTES)),
                is_paused: false,
                end: None,
            }),
            reader: Notify::new(),
            writer: Notify::new(),
            ended: Notify::new(),
            unsent_bytes_before_pause,
        }
    }

    /// No step below can panic half way, so a poisoned state is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds bytes to write; the write half hears of them by [`Link::wake_writer`].
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.outgoing.extend_from_slice(bytes);
        state.unsent += bytes.len();
    }

    pub(crate) fn wake_writer(&self) {
        self.writer.notify_one();
    }

    /// Gives the buffer of a handled chunk back: the read half's turn.
    pub(crate) fn give_turn(&self, buffer: Vec<u8>) {
        self.state().turn = Some(buffer);
        self.reader.notify_one();
    }

    pub(crate) fn set_paused(&self, is_paused: bool) {
        self.state().is_paused = is_paused;
        if !is_paused {
            self.reader.notify_one();
        }
    }

    /// Ends the connection; the first end holds.
    pub(crate) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.reader.notify_one();
        self.writer.notify_one();
        self.ended.notify_one();
    }

    /// The buffer for the next chunk, once it is this half's turn and reading is wanted; `None` after the end.
    pub(crate) async fn turn(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut state = self.state();
                if state.end.is_some() {
                    return None;
                }
                if !state.is_paused
                    && state.unsent <= self.unsent_bytes_before_pause
                    && let Some(buffer) = state.turn.take()
                {
                    return Some(buffer);
                }
            }
            self.reader.notified().await;
        }
    }

    /// Waits for bytes to write and puts them in place of `written`; `None` once there will be no more.
    pub(crate) async fn outgoing(&self, mut written: Vec<u8>) -> Option<Vec<u8>> {
        written.clear();
        if written.capacity() > KEPT_BYTES {
            written = Vec::new();
        }
        loop {
            {
                let mut state = self.state();
                if state.end == Some(End::Abort) {
                    return None;
                }
                if !state.outgoing.is_empty() {
                    return Some(std::mem::replace(&mut state.outgoing, written));
                }
                if state.end == Some(End::Flush) {
                    return None;
                }
            }
            self.writer.notified().await;
        }
    }

    /// Counts bytes as sent.
    pub(crate) fn sent(&self, bytes: usize) {
        let mut state = self.state();
        let waited = state.unsent > self.unsent_bytes_before_pause;
        state.unsent -= bytes;
        if waited && state.unsent <= self.unsent_bytes_before_pause {
            self.reader.notify_one();
        }
    }

    /// Whether the connection ended in an orderly way, so that the peer is owed the end of the stream.
    pub(crate) fn is_orderly(&self) -> bool {
        self.state().end == Some(End::Flush)
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) {
        while self.state().end.is_none() {
            self.ended.notified().await;
        }
    }
}
