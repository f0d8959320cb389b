//! The runtime on real sockets: tokio.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use squall_types::{Now, Timestamp, WallTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::runtime::{Listener, Runtime};

/// Time, tasks and TCP of the tokio runtime that it is used on.
#[derive(Clone, Copy, Debug)]
pub struct TokioRuntime {
    began: Instant,
}

impl TokioRuntime {
    /// Time begins now.
    #[expect(clippy::new_without_default, reason = "when it is called makes a difference")]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Runtime for TokioRuntime {
    type Listener = TcpListener;

    fn now(&self) -> Now {
        let nanos = |duration: Duration| duration.as_nanos().try_into().unwrap_or(u64::MAX);
        let of_day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { mono: Timestamp(nanos(self.began.elapsed())), wall: WallTime(nanos(of_day)) }
    }

    async fn sleep_until(&self, at: Timestamp) {
        match self.began.checked_add(Duration::from_nanos(at.as_nanos())) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn local_address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // An acknowledgement must not wait for more to send.
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}
