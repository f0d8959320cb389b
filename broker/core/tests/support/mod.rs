//! The bench: a broker, a virtual clock, and devices that speak the domain.
//!
//! ```text
//! let bench = Bench::new(|profile| profile.limits.unacked_outbound = 4);
//! let pump = bench.device("pump").v5().connect();
//! pump.subscribe("a/+", 1);
//! bench.device("app").connect().publish("a/b", 1, b"x");
//! let delivery = pump.expect_publish("a/b", 1, b"x");
//! pump.ack(delivery.packet_id);
//! bench.advance(20);
//! pump.expect_nothing();
//! ```
//!
//! Everything the broker writes is decoded by the codec and kept in order; an expectation takes the oldest thing
//! that a device saw, and fails with a transcript of the last packets.

mod device;
mod seen;
mod transcript;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use squall_core::{
    AskId, Broker, BrokerConfig, Call, Caller, Cause, ClosedWhy, ConnectionId, DiscardRule, DisconnectReason,
    Feature, Identity, Input, Output, OwnedQuestion, Receipt, Reply, RequestId, SignedIdentity, Sink, Source,
    Tag, Transport,
};
use squall_profile::Profile;
use squall_services::policy::Rights;
use squall_services::registry::{ControlCall, Registry, X509Certificate};
use squall_types::{CertificateId, Now, ProtocolVersion, QoS, Seed, Timestamp, WallTime};

pub(crate) use device::Device;
pub(crate) use seen::{Delivery, Fact, Seen};
use transcript::Transcript;

pub(crate) const SECOND: u64 = 1_000_000_000;
const EPOCH: WallTime = WallTime::from_unix_secs(1_767_225_600);

/// A broker with its devices.
#[derive(Clone)]
pub(crate) struct Bench(Rc<RefCell<World>>);

struct World {
    broker: Broker,
    now: Timestamp,
    clients: Vec<Client>,
    connections: u64,
    facts: Vec<Fact>,
    replies: Vec<(RequestId, Reply)>,
    asks: Vec<(AskId, OwnedQuestion)>,
    receipt: Receipt,
    /// All that all devices saw, in the broker's order.
    log: Vec<(String, Seen)>,
    /// Bytes reach the broker in pieces of this size.
    piece: usize,
    transcript: Transcript,
}

/// What the bench keeps of a device.
struct Client {
    name: String,
    /// What it calls itself in CONNECT.
    client_id: String,
    version: ProtocolVersion,
    clean_start: bool,
    keep_alive: u16,
    tag: Tag,
    comes_as: ComesAs,
    connection: Option<ConnectionId>,
    next_packet_id: u16,
    inbox: VecDeque<(Timestamp, Seen)>,
    /// Whether bytes leave the broker's buffers at once.
    flowing: bool,
    unsent: u32,
}

/// As whom a device's transport introduces it.
#[derive(Clone)]
pub(crate) enum ComesAs {
    /// Somebody who is allowed everything.
    Trusted,
    Certificate(CertificateId),
    /// A certificate that may be unknown, with or without a server name.
    Presented(X509Certificate, Option<&'static str>),
    CustomAuthorizer,
    Signed {
        iam: Rights,
        cognito_identity: Option<String>,
    },
}

impl Bench {
    /// A broker with the default profile, changed by `tweak`. Devices may connect as often as they like: that one
    /// client id may only once a second is a subject of its own.
    pub(crate) fn new(tweak: impl FnOnce(&mut Profile)) -> Self {
        Self::with_registry(Registry::default(), tweak)
    }

    /// The same for an account that knows somebody.
    pub(crate) fn with_registry(registry: Registry, tweak: impl FnOnce(&mut Profile)) -> Self {
        Self::with_account(|config| config.registry = registry, tweak)
    }

    /// The same for an account that has more than a registry.
    pub(crate) fn with_account(
        set_up: impl FnOnce(&mut BrokerConfig),
        tweak: impl FnOnce(&mut Profile),
    ) -> Self {
        let mut profile = Profile::named("aws-current").expect("the default profile");
        profile.limits.connect_requests_per_second_per_client_id = u32::MAX;
        tweak(&mut profile);
        let mut config = BrokerConfig::new(profile, Seed(7));
        set_up(&mut config);
        Self(Rc::new(RefCell::new(World {
            broker: Broker::new(config),
            now: Timestamp::ZERO,
            clients: Vec::new(),
            connections: 0,
            facts: Vec::new(),
            replies: Vec::new(),
            asks: Vec::new(),
            receipt: Receipt::default(),
            log: Vec::new(),
            piece: usize::MAX,
            transcript: Transcript::default(),
        })))
    }

    /// A broker with the default profile.
    pub(crate) fn plain() -> Self {
        Self::new(|_| {})
    }

    /// From now on bytes reach the broker in pieces of `size`.
    pub(crate) fn in_pieces_of(self, size: usize) -> Self {
        self.0.borrow_mut().piece = size;
        self
    }

    /// The device with this client id, made when first named: 3.1.1, clean session, keep alive of an hour that the
    /// service cuts to 20 minutes.
    pub(crate) fn device(&self, name: &str) -> Device {
        let mut world = self.0.borrow_mut();
        let found = world.clients.iter().position(|client| client.name == name);
        let index = found.unwrap_or_else(|| {
            world.clients.push(Client {
                name: name.to_owned(),
                client_id: name.to_owned(),
                version: ProtocolVersion::V311,
                clean_start: true,
                keep_alive: 3_600,
                tag: Tag(0),
                comes_as: ComesAs::Trusted,
                connection: None,
                next_packet_id: 1,
                inbox: VecDeque::new(),
                flowing: true,
                unsent: 0,
            });
            world.clients.len() - 1
        });
        Device { bench: self.clone(), index }
    }

    /// Devices `prefix-0`, `prefix-1`, ...
    pub(crate) fn devices(&self, prefix: &str, count: usize) -> Vec<Device> {
        (0..count).map(|n| self.device(&format!("{prefix}-{n}"))).collect()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    /// Lets so many seconds pass; every deadline is met at its exact time.
    pub(crate) fn advance(&self, seconds: u64) {
        self.advance_nanos(seconds * SECOND);
    }

    pub(crate) fn advance_nanos(&self, nanos: u64) {
        let until = self.now().plus_nanos(nanos);
        loop {
            let deadline = self.0.borrow().broker.next_deadline();
            let Some(deadline) = deadline.filter(|deadline| *deadline <= until) else { break };
            let now = self.now().max(deadline);
            self.0.borrow_mut().now = now;
            self.input(Input::Deadline);
            let next = self.0.borrow().broker.next_deadline();
            assert!(
                next.is_none_or(|next| next > now),
                "a deadline met at {now} leaves nothing due at {now}"
            );
        }
        self.0.borrow_mut().now = until;
    }

    /// Gives the broker one input now.
    pub(crate) fn input(&self, input: Input<'_>) {
        let world = &mut *self.0.borrow_mut();
        let mut recorder = Recorder {
            now: world.now,
            clients: &mut world.clients,
            facts: &mut world.facts,
            replies: &mut world.replies,
            asks: &mut world.asks,
            log: &mut world.log,
            transcript: &mut world.transcript,
        };
        let receipt = world.broker.handle(Now::at(world.now, EPOCH), input, &mut recorder);
        world.add(&receipt);
        world.flow();
    }

    /// An HTTPS publish of the account's owner, under tag 9.
    pub(crate) fn https_publish(&self, topic: &str, qos: u8, payload: &[u8]) -> Reply {
        let qos = QoS::from_bits(qos).expect("a QoS");
        self.call(Call::Publish { topic, payload, qos, retain: false })
    }

    /// A call of the account's owner, under tag 9.
    pub(crate) fn call(&self, call: Call<'_>) -> Reply {
        let id = RequestId(self.0.borrow().replies.len() as u64 + 1);
        self.input(Input::Request { id, caller: Caller::Account { tag: Tag(9) }, call });
        let replies = &self.0.borrow().replies;
        let (request, reply) = replies.last().expect("a request is answered at once");
        assert_eq!(*request, id);
        reply.clone()
    }

    /// A call that changes the account.
    pub(crate) fn control(&self, call: ControlCall<'_>) -> Reply {
        self.call(Call::Control(call))
    }

    /// Looks into the account.
    pub(crate) fn with_registry_of<T>(&self, look: impl FnOnce(&Registry) -> T) -> T {
        look(self.0.borrow().broker.registry())
    }

    /// Opens a transport that no device has.
    pub(crate) fn open_transport(&self, tag: Tag) -> ConnectionId {
        let connection = self.next_connection();
        self.open_as(connection, tag, &ComesAs::Trusted);
        connection
    }

    fn next_connection(&self) -> ConnectionId {
        let mut world = self.0.borrow_mut();
        world.connections += 1;
        ConnectionId(world.connections)
    }

    fn open_as(&self, connection: ConnectionId, tag: Tag, comes_as: &ComesAs) {
        let identity = match comes_as {
            ComesAs::Trusted => Identity::Trusted(CertificateId([7; 32])),
            ComesAs::Certificate(id) => Identity::Certificate(*id),
            ComesAs::Presented(certificate, server_name) => {
                Identity::Presented { certificate, server_name: *server_name }
            }
            ComesAs::CustomAuthorizer => Identity::CustomAuthorizer { server_name: Some("iot.example.com") },
            ComesAs::Signed { iam, cognito_identity } => Identity::Signed(SignedIdentity {
                principal: "AKIDEXAMPLE",
                iam,
                cognito_identity: cognito_identity.as_deref(),
            }),
        };
        self.input(Input::Opened {
            connection,
            transport: Transport::Tls,
            identity,
            source: Source { ip: [10, 0, 0, 1].into(), port: 50_000 },
            tag,
        });
    }

    /// What was asked of the outside so far.
    pub(crate) fn asks(&self) -> Vec<(AskId, OwnedQuestion)> {
        self.0.borrow().asks.clone()
    }

    /// What was denied so far: `ACTION on NAME for CLIENT`, and the metric that it counts in.
    pub(crate) fn denials(&self) -> Vec<(String, &'static str)> {
        let world = self.0.borrow();
        let denials = world.facts.iter().filter_map(|fact| match fact {
            Fact::Denied { text, metric, .. } => Some((text.clone(), metric.expect("a metric"))),
            _ => None,
        });
        denials.collect()
    }

    /// Why the last denial was one, as a person reads it.
    pub(crate) fn why_denied(&self) -> String {
        let world = self.0.borrow();
        let mut reasons = world.facts.iter().rev().filter_map(|fact| match fact {
            Fact::Denied { why, .. } => Some(why.clone()),
            _ => None,
        });
        reasons.next().expect("a denial")
    }

    /// Bytes on a connection, in the bench's pieces.
    fn bytes(&self, connection: ConnectionId, bytes: &[u8]) {
        let piece = self.0.borrow().piece;
        for bytes in bytes.chunks(piece) {
            self.input(Input::Bytes { connection, bytes });
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.0.borrow().broker.connections()
    }

    pub(crate) fn sessions(&self) -> usize {
        self.0.borrow().broker.sessions()
    }

    pub(crate) fn subscriptions(&self) -> usize {
        self.0.borrow().broker.subscriptions()
    }

    pub(crate) fn messages(&self) -> usize {
        self.0.borrow().broker.messages()
    }

    /// Nothing is kept of anybody.
    #[track_caller]
    pub(crate) fn expect_empty(&self) {
        let waiting = self.messages() - self.retained_messages();
        let kept = (self.connections(), self.sessions(), self.subscriptions(), waiting);
        assert_eq!(kept, (0, 0, 0, 0), "(connections, sessions, subscriptions, messages) that stay behind");
    }

    pub(crate) fn retained_messages(&self) -> usize {
        self.0.borrow().broker.retained_messages()
    }

    pub(crate) fn shared_groups(&self) -> usize {
        self.0.borrow().broker.shared_groups()
    }

    /// Units metered so far.
    pub(crate) fn metered(&self, tag: u16, cause: Cause) -> u64 {
        let world = self.0.borrow();
        world.broker.metered(world.now).units(Tag(tag), cause)
    }

    /// Work done so far.
    pub(crate) fn receipt(&self) -> Receipt {
        self.0.borrow().receipt
    }

    pub(crate) fn relied_on(&self, decision: squall_profile::Decision) -> bool {
        self.0.borrow().broker.assumptions().contains(decision)
    }

    /// How many facts are such.
    pub(crate) fn count(&self, is_such: impl Fn(&Fact) -> bool) -> usize {
        self.0.borrow().facts.iter().filter(|fact| is_such(fact)).count()
    }

    /// How many messages were lost under a rule.
    pub(crate) fn discarded(&self, rule: DiscardRule) -> usize {
        self.count(|fact| matches!(fact, Fact::Discarded { rule: under, .. } if *under == rule))
    }

    /// What was asked for that is not modelled.
    pub(crate) fn not_modelled(&self) -> Vec<Feature> {
        let world = self.0.borrow();
        let features = world.facts.iter().filter_map(|fact| match fact {
            Fact::NotModelled(feature) => Some(*feature),
            _ => None,
        });
        features.collect()
    }

    /// The reasons for which a device's connections ended, in order.
    pub(crate) fn ends_of(&self, device: &str) -> Vec<DisconnectReason> {
        let world = self.0.borrow();
        let ends = world.facts.iter().filter_map(|fact| match fact {
            Fact::Disconnected { client_id, reason } if client_id == device => Some(*reason),
            _ => None,
        });
        ends.collect()
    }

    /// All that all devices saw so far, in the broker's order.
    pub(crate) fn log(&self) -> Vec<(String, Seen)> {
        self.0.borrow().log.clone()
    }
}

impl World {
    fn add(&mut self, receipt: &Receipt) {
        self.receipt.connects += receipt.connects;
        self.receipt.connects_refused += receipt.connects_refused;
        self.receipt.publishes += receipt.publishes;
        self.receipt.deliveries += receipt.deliveries;
        self.receipt.filters += receipt.filters;
        self.receipt.others += receipt.others;
    }

    /// Reports bytes as sent, until the broker has no more for those whose transports take them.
    fn flow(&mut self) {
        loop {
            let found = self.clients.iter_mut().find(|client| client.flowing && client.unsent > 0);
            let Some(client) = found else { return };
            let bytes = std::mem::take(&mut client.unsent);
            let Some(connection) = client.connection else { continue };
            let mut recorder = Recorder {
                now: self.now,
                clients: &mut self.clients,
                facts: &mut self.facts,
                replies: &mut self.replies,
                asks: &mut self.asks,
                log: &mut self.log,
                transcript: &mut self.transcript,
            };
            let now = Now::at(self.now, EPOCH);
            let receipt = self.broker.handle(now, Input::Sent { connection, bytes }, &mut recorder);
            self.add(&receipt);
        }
    }
}

/// Takes what the broker does to whom it concerns.
struct Recorder<'w> {
    now: Timestamp,
    clients: &'w mut [Client],
    facts: &'w mut Vec<Fact>,
    replies: &'w mut Vec<(RequestId, Reply)>,
    asks: &'w mut Vec<(AskId, OwnedQuestion)>,
    log: &'w mut Vec<(String, Seen)>,
    transcript: &'w mut Transcript,
}

impl Recorder<'_> {
    /// Notes what the device of a connection saw; nothing if nobody has the connection any more.
    fn see(&mut self, connection: ConnectionId, seen: Seen) {
        let found = self.clients.iter_mut().find(|client| client.connection == Some(connection));
        let Some(client) = found else { return };
        self.log.push((client.name.clone(), seen.clone()));
        if let Seen::Closed(reason) = &seen {
            client.close();
            self.transcript.note(self.now, &client.name, format!("<- close, {reason}"));
        }
        client.inbox.push_back((self.now, seen));
    }

    fn take_bytes(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let found = self.clients.iter_mut().find(|client| client.connection == Some(connection));
        let Some(client) = found else { return };
        client.unsent += bytes.len() as u32;
        let (name, version) = (client.name.clone(), client.version);
        self.transcript.received(self.now, &name, version, bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            // A CONNECT that names another version is answered in that one.
            let decoded = [version, ProtocolVersion::V311, ProtocolVersion::V5]
                .map(|version| squall_codec::decode(version, rest, u32::MAX))
                .into_iter()
                .reduce(|first, next| if first.is_ok() { first } else { next })
                .expect("three answers");
            let Ok(Some((packet, length))) = decoded else {
                panic!("{name}: the broker wrote {rest:02x?}, which is {decoded:?}");
            };
            self.see(connection, Seen::from_packet(&packet));
            rest = &rest[length..];
        }
    }
}

impl Sink for Recorder<'_> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Bytes { connection, after, bytes } => {
                assert_eq!(after.0, 0, "durability is off");
                self.take_bytes(connection, bytes);
            }
            Output::Close { connection, reason, .. } => self.see(connection, Seen::Closed(reason)),
            Output::PauseReading { connection } => self.see(connection, Seen::Paused),
            Output::ResumeReading { connection } => self.see(connection, Seen::Resumed),
            Output::Reply { request, reply, .. } => self.replies.push((request, reply.clone())),
            Output::Ask { ask, question } => {
                self.asks.push((ask, question.into()));
            }
            Output::Persist { .. } => panic!("durability is off"),
        }
    }

    fn fact(&mut self, fact: squall_core::Fact<'_>) {
        self.facts.push(Fact::from(fact));
    }
}

impl Client {
    fn close(&mut self) -> Option<ConnectionId> {
        self.unsent = 0;
        self.connection.take()
    }
}

pub(crate) const RESET: ClosedWhy = ClosedWhy::Reset;
