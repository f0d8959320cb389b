//! What the shell needs of an async runtime; a form of it is one small file.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use squall_types::{Now, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};

/// Clocks, timers, tasks and listeners.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// A listening socket.
    type Listener: Listener;

    /// The time since this runtime began, which never runs backwards, and the time of day.
    fn now(&self) -> Now;

    /// Ends once `now().mono` has reached `at`.
    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send;

    /// Runs `task` beside the caller.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Listens on `address`; port 0 takes any that is free.
    fn listen(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Listener>> + Send;
}

/// A listening socket.
pub trait Listener: Send + 'static {
    /// A byte stream, in order and reliable; shutting its write half down is the end of the stream for the peer.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    fn local_address(&self) -> io::Result<SocketAddr>;

    /// The next connection and its peer's address. Dropping the future loses no connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}
