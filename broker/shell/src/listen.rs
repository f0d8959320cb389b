//! Listeners: where connections come from.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use squall_core::{ConnectionId, Identity, Source, Transport};
use thiserror::Error;
use tokio::sync::{Notify, mpsc, watch};

use crate::connection::Connection;
use crate::driver::{Event, ShellOptions};
use crate::link::Link;
use crate::runtime::{Listener, Runtime};

/// Why the shell does not listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Plain TCP has neither encryption nor identities.
    #[error(
        "{address} is not a loopback address; without TLS anybody could connect, so use 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("cannot listen on {address}: {source}")]
    Refused {
        /// What was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// After the system refused to accept (too many open files, say), it is left alone for so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and starts their tasks.
pub(crate) struct Acceptor<R> {
    pub(crate) runtime: R,
    pub(crate) transport: Transport,
    pub(crate) identity: Identity<'static>,
    pub(crate) events: mpsc::Sender<Event>,
    /// The id of the next connection, of whatever listener.
    pub(crate) next_id: Arc<AtomicU64>,
    /// Turns true, or goes away, when nothing more may be accepted.
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) unsent_bytes_before_pause: usize,
    pub(crate) options: ShellOptions,
}

impl<R: Runtime> Acceptor<R> {
    pub(crate) async fn accept_all(mut self, mut listener: R::Listener) {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stopping.wait_for(|&stopping| stopping) => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.open(stream, peer).await,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if self.events.send(Event::AcceptFailed { error }).await.is_err() {
                        return;
                    }
                    let until = self.runtime.now().mono.plus_nanos(ACCEPT_PAUSE.as_nanos() as u64);
                    self.runtime.sleep_until(until).await;
                }
            }
        }
    }

    async fn open(&self, stream: <R::Listener as Listener>::Stream, peer: SocketAddr) {
        let id = ConnectionId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let link = Arc::new(Link::new(self.unsent_bytes_before_pause));
        let opened = Event::Opened {
            connection: id,
            transport: self.transport,
            identity: self.identity,
            source: Source { ip: peer.ip(), port: peer.port() },
            link: Arc::clone(&link),
        };
        // The broker hears of a connection before anything of it can be read.
        if self.events.send(opened).await.is_ok() {
            let connection = Connection {
                id,
                link,
                events: self.events.clone(),
                runtime: self.runtime.clone(),
                options: self.options,
                written: Notify::new(),
            };
            self.runtime.spawn(connection.serve(stream));
        }
    }
}

/// Whether one peer gave up before it was accepted, which says nothing of the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected
            | io::ErrorKind::InvalidInput
    )
}
