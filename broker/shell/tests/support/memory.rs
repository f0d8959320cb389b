//! A runtime on a network in memory, where a transport holds as few bytes as a test wants.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use squall_shell::{Listener, Runtime, TokioRuntime};
use squall_types::{Now, Timestamp};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

type Incoming = mpsc::UnboundedReceiver<DuplexStream>;

/// The clients' side of the network.
pub(crate) struct Memory {
    dial: mpsc::UnboundedSender<DuplexStream>,
    runtime: MemoryRuntime,
}

impl Memory {
    /// Time begins now.
    pub(crate) fn new() -> Self {
        let (dial, incoming) = mpsc::unbounded_channel();
        let runtime =
            MemoryRuntime { tokio: TokioRuntime::new(), incoming: Arc::new(Mutex::new(Some(incoming))) };
        Self { dial, runtime }
    }

    pub(crate) fn runtime(&self) -> MemoryRuntime {
        self.runtime.clone()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 1_883))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.runtime.now().mono
    }

    /// Connects by a transport that holds `bytes` each way.
    pub(crate) fn connect(&self, bytes: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(bytes);
        self.dial.send(theirs).unwrap();
        ours
    }
}

/// Tokio's clock and tasks, which a test may pause, and one listener.
#[derive(Clone)]
pub(crate) struct MemoryRuntime {
    tokio: TokioRuntime,
    incoming: Arc<Mutex<Option<Incoming>>>,
}

impl Runtime for MemoryRuntime {
    type Listener = MemoryListener;

    fn now(&self) -> Now {
        self.tokio.now()
    }

    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send {
        self.tokio.sleep_until(at)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tokio.spawn(task);
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<MemoryListener> {
        let incoming = self.incoming.lock().unwrap().take().ok_or(io::ErrorKind::AddrInUse)?;
        Ok(MemoryListener { address, incoming })
    }
}

pub(crate) struct MemoryListener {
    address: SocketAddr,
    incoming: Incoming,
}

impl Listener for MemoryListener {
    type Stream = DuplexStream;

    fn local_address(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.incoming.recv().await {
            Some(stream) => Ok((stream, SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)))),
            None => std::future::pending().await,
        }
    }
}
