//! The driver: the one task that owns the broker.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use squall_core::{
    Broker, BrokerConfig, ClosedWhy, ConnectionId, Fact, Identity, Input, Output, Sink, Source, Tag,
    Transport,
};
use squall_types::{Now, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::link::{End, Link};
use crate::listen::{Acceptor, ListenError};
use crate::runtime::{Listener, Runtime};

/// What the shell decides itself.
#[derive(Clone, Copy, Debug)]
pub struct ShellOptions {
    /// How long the transport of a closed connection may take to take its last bytes.
    pub close_timeout: Duration,
    /// How long the peer may take to end its side after that.
    pub linger: Duration,
}

impl Default for ShellOptions {
    fn default() -> Self {
        Self { close_timeout: Duration::from_secs(5), linger: Duration::from_secs(1) }
    }
}

/// Somebody who watches. Nothing it does changes what happens.
pub trait Observer {
    /// A transport was set up; what it does follows as facts.
    fn opened(&mut self, _connection: ConnectionId, _identity: &Identity<'_>, _source: Source) {}

    /// What the service just did.
    fn fact(&mut self, now: Now, fact: Fact<'_>);

    /// A transport is gone, or is about to be closed by the service. Facts about it have been told.
    fn closed(&mut self, _connection: ConnectionId) {}

    /// All that came of one input has been told.
    fn handled(&mut self) {}

    /// The system refused to accept connections, and will be asked again.
    fn accept_failed(&mut self, error: &io::Error);
}

/// Watches nothing.
impl Observer for () {
    fn fact(&mut self, _: Now, _: Fact<'_>) {}

    fn accept_failed(&mut self, _: &io::Error) {}
}

/// What listeners and connections tell the driver.
#[derive(Debug)]
pub(crate) enum Event {
    Opened {
        connection: ConnectionId,
        transport: Transport,
        identity: Identity<'static>,
        source: Source,
        link: Arc<Link>,
    },
    /// A chunk; its buffer goes back when it has been handled.
    Bytes {
        connection: ConnectionId,
        buffer: Vec<u8>,
    },
    Sent {
        connection: ConnectionId,
        bytes: u32,
    },
    Closed {
        connection: ConnectionId,
        why: ClosedWhy,
    },
    AcceptFailed {
        error: io::Error,
    },
}

/// Events that may wait for the broker.
const WAITING_EVENTS: usize = 1_024;

/// Events handled before the writers are woken and the timer is looked at.
const EVENTS_AT_ONCE: usize = 64;

/// Answers that may wait to leave on a connection, on top of what the broker lets pile up of its own accord; then the
/// connection is not read. Were it less, a client that reads slowly could not even say that it is alive.
const UNSENT_ANSWER_BYTES: usize = 256 * 1024;

/// A broker and its listeners.
pub struct Shell<R> {
    runtime: R,
    options: ShellOptions,
    unsent_bytes_before_pause: usize,
    broker: Broker,
    links: Links,
    events: mpsc::Receiver<Event>,
    sender: mpsc::Sender<Event>,
    stopping: watch::Sender<bool>,
    next_id: Arc<AtomicU64>,
}

impl<R: Runtime> Shell<R> {
    /// A broker that nobody can reach yet.
    pub fn new(runtime: R, config: BrokerConfig, options: ShellOptions) -> Self {
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        let limits = &config.profile.limits;
        let of_the_broker = limits.unsent_bytes_per_connection.saturating_add(limits.packet_bytes);
        Self {
            runtime,
            options,
            unsent_bytes_before_pause: (of_the_broker as usize).saturating_add(UNSENT_ANSWER_BYTES),
            broker: Broker::new(config),
            links: Links::default(),
            events,
            sender,
            stopping: watch::Sender::new(false),
            next_id: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Listens for MQTT over plain TCP on a loopback address; everybody is let in as [`Identity::Anonymous`]. Returns
    /// where it listens, with the port that was found for port 0.
    ///
    /// # Errors
    /// If the address is not a loopback address, or cannot be had.
    pub async fn listen_insecure(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback { address });
        }
        let refused = |source| ListenError::Refused { address, source };
        let listener = self.runtime.listen(address).await.map_err(refused)?;
        let local = listener.local_address().map_err(refused)?;
        let acceptor = Acceptor {
            runtime: self.runtime.clone(),
            transport: Transport::Tcp,
            identity: Identity::Anonymous,
            events: self.sender.clone(),
            next_id: Arc::clone(&self.next_id),
            stopping: self.stopping.subscribe(),
            unsent_bytes_before_pause: self.unsent_bytes_before_pause,
            options: self.options,
        };
        self.runtime.spawn(acceptor.accept_all(listener));
        Ok(local)
    }

    /// Serves until `stop` is done, then ends every connection in an orderly way. Returns the broker as it is then.
    pub async fn run(mut self, stop: impl Future<Output = ()>, observer: &mut impl Observer) -> Broker {
        let runtime = self.runtime.clone();
        let mut stop = pin!(stop);
        let mut timer = pin!(runtime.sleep_until(Timestamp::MAX));
        let mut armed = None;
        let mut batch = Vec::with_capacity(EVENTS_AT_ONCE);
        loop {
            let deadline = self.broker.next_deadline();
            if let Some(at) = deadline
                && deadline != armed
            {
                timer.set(runtime.sleep_until(at));
            }
            armed = deadline;
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = &mut timer, if armed.is_some() => {
                    armed = None;
                    self.handle(Input::Deadline, observer);
                }
                _ = self.events.recv_many(&mut batch, EVENTS_AT_ONCE) => {
                    for event in batch.drain(..) {
                        self.take(event, observer);
                    }
                }
            }
            self.links.wake_writers();
        }
        self.shut_down(observer).await
    }

    /// Ends every connection, and waits until the last of their tasks is gone.
    async fn shut_down(mut self, observer: &mut impl Observer) -> Broker {
        self.stopping.send_replace(true);
        self.handle(Input::Shutdown, observer);
        debug_assert!(self.links.open.is_empty(), "the broker lets go of every connection");
        // Listeners and connections hold the other senders.
        drop(self.sender);
        while let Some(event) = self.events.recv().await {
            if let Event::Opened { link, .. } = event {
                link.end(End::Abort);
            }
        }
        self.broker
    }

    fn take(&mut self, event: Event, observer: &mut impl Observer) {
        match event {
            Event::Opened { connection, transport, identity, source, link } => {
                self.links.open.insert(connection, Open { link, has_outgoing: false });
                observer.opened(connection, &identity, source);
                let opened = Input::Opened { connection, transport, identity, source, tag: Tag(0) };
                self.handle(opened, observer);
            }
            Event::Bytes { connection, buffer } => {
                if self.links.open.contains_key(&connection) {
                    self.handle(Input::Bytes { connection, bytes: &buffer }, observer);
                    // The broker may have let go of it on account of these bytes.
                    if let Some(open) = self.links.open.get(&connection) {
                        open.link.give_turn(buffer);
                    }
                }
            }
            Event::Sent { connection, bytes } => {
                if self.links.open.contains_key(&connection) {
                    self.handle(Input::Sent { connection, bytes }, observer);
                }
            }
            Event::Closed { connection, why } => {
                if let Some(open) = self.links.open.remove(&connection) {
                    // A peer that ended its stream may still read the answers to what it sent before.
                    open.link.end(End::Flush);
                    self.handle(Input::Closed { connection, why }, observer);
                    observer.closed(connection);
                }
            }
            Event::AcceptFailed { error } => observer.accept_failed(&error),
        }
    }

    fn handle(&mut self, input: Input<'_>, observer: &mut impl Observer) {
        let now = self.runtime.now();
        self.broker.handle(now, input, &mut ShellSink { now, links: &mut self.links, observer });
        observer.handled();
    }
}

/// The connections that the broker knows.
#[derive(Debug, Default)]
struct Links {
    open: HashMap<ConnectionId, Open>,
    /// Those with bytes that their writers have not been told of.
    to_wake: Vec<ConnectionId>,
}

#[derive(Debug)]
struct Open {
    link: Arc<Link>,
    /// Whether it is in `to_wake`.
    has_outgoing: bool,
}

/// A driver that goes away takes its connections with it.
impl Drop for Open {
    fn drop(&mut self) {
        self.link.end(End::Abort);
    }
}

impl Links {
    fn push(&mut self, connection: ConnectionId, bytes: &[u8]) {
        if let Some(open) = self.open.get_mut(&connection) {
            open.link.push(bytes);
            if !open.has_outgoing {
                open.has_outgoing = true;
                self.to_wake.push(connection);
            }
        }
    }

    /// What one batch of events put out on a connection leaves in one piece.
    fn wake_writers(&mut self) {
        for connection in self.to_wake.drain(..) {
            if let Some(open) = self.open.get_mut(&connection) {
                open.has_outgoing = false;
                open.link.wake_writer();
            }
        }
    }

    fn close(&mut self, connection: ConnectionId) {
        if let Some(open) = self.open.remove(&connection) {
            open.link.end(End::Flush);
        }
    }

    fn set_paused(&self, connection: ConnectionId, is_paused: bool) {
        if let Some(open) = self.open.get(&connection) {
            open.link.set_paused(is_paused);
        }
    }
}

/// Carries out the outputs of one `handle` call.
struct ShellSink<'s, O> {
    now: Now,
    links: &'s mut Links,
    observer: &'s mut O,
}

impl<O: Observer> Sink for ShellSink<'_, O> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Bytes { connection, after: _, bytes } => self.links.push(connection, bytes),
            Output::Close { connection, after: _, reason: _ } => {
                self.links.close(connection);
                self.observer.closed(connection);
            }
            Output::PauseReading { connection } => self.links.set_paused(connection, true),
            Output::ResumeReading { connection } => self.links.set_paused(connection, false),
            Output::Reply { .. } => unreachable!("the shell makes no request"),
            Output::Ask { .. } => unreachable!("the shell lets nobody in whom an authorizer must judge"),
            Output::Persist { lsn: _ } => unreachable!("durability is off"),
        }
    }

    fn fact(&mut self, fact: Fact<'_>) {
        self.observer.fact(self.now, fact);
    }
}
