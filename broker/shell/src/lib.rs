//! The async driver of the broker: sockets, timers and clocks around the sans-IO core.
//!
//! ```text
//!  listener ── accept ──┐ Opened                         ┌───────────┐
//!                       │                                │  driver   │  one task owns the broker:
//!  connection task      ├── bounded channel of events ──>│  Broker   │  one input at a time,
//!  ┌── read half ───────┤ Bytes, Closed                  │           │  one timer at its next deadline
//!  │                    │                                └─────┬─────┘
//!  └── write half ──────┘ Sent, Closed                         │ Bytes, Close, Pause, Resume
//!        ▲                                                     │
//!        └───────────────── link: bytes to write, turn to read ┘
//! ```
//!
//! **What bounds memory.** The channel holds a fixed number of events, and a connection has at most one chunk of
//! bytes in it: it reads again when the broker has handled that chunk, so a flood is slowed to the broker's pace and
//! to a fair share of it. The broker itself bounds what it delivers to a client that does not read, by what is
//! reported as sent. Answers to what such a client still sends are bounded here: the shell stops reading from a
//! connection while too much waits to leave on it.
//!
//! **How a connection ends.** After the broker's `Close` everything before it is written, then the stream is ended and
//! what the client still sends is read and dropped, so that the last packet is not lost to a reset. Both have their
//! time ([`ShellOptions`]); then the transport is dropped.
//!
//! The shell knows no packet. It is generic over a [`Runtime`]; tokio's is [`TokioRuntime`]. Durability is off in the
//! core so far, so no output has to wait for a record.

mod connection;
mod driver;
mod link;
mod listen;
mod runtime;
mod tokio_runtime;

pub use driver::{Observer, Shell, ShellOptions};
pub use listen::ListenError;
pub use runtime::{Listener, Runtime};
pub use tokio_runtime::TokioRuntime;
