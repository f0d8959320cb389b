//! The broker: its parts, and how an input reaches the one that it is for.

use squall_codec::{Ack, AckType, Disconnect, ReasonCode};
use squall_profile::{Assumptions, Decision, Limits, Profile, Switches};
use squall_services::policy::Semantics;
use squall_services::provisioning::Templates;
use squall_services::registry::{AccessRefusal, Registry, RegistryRules};
use squall_services::shadow::Settings;
use squall_types::{Chance, Now, ProtocolVersion, QoS, Seed, Timestamp, TokenBucket};

use crate::asks::Asks;
use crate::connection::{Connection, ConnectionKey, Connections, State};
use crate::fact::{ConnectRefusal, Fact, Feature};
use crate::input::{ClosedWhy, ConnectionId, Identity, Input, Lsn, Source, Tag};
use crate::lifecycle::{Message, Presence, VersionNumbers};
use crate::message::{MessageKey, Messages};
use crate::meter::{Cause, Meter, connected_minutes};
use crate::output::{DisconnectReason, Output};
use crate::principal::{Principals, Who};
use crate::provisioning::{Contact, Provisioning};
use crate::rate::ClientIdRates;
use crate::receipt::Receipt;
use crate::retained::RetainedMessages;
use crate::rule::{LambdaRule, Rules};
use crate::session::Sessions;
use crate::shadows::ShadowWork;
use crate::sink::Sink;
use crate::subscribe::Granted;
use crate::subscription::{GroupKey, Match, Subscriptions};
use crate::timer::{TimerKind, Timers};

/// What a broker is made from.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Limits and disputed behaviours.
    pub profile: Profile,
    /// The seed of its draws (assigned client ids).
    pub seed: Seed,
    /// Who is known to the account when the broker starts, with which policies.
    pub registry: Registry,
    /// Its provisioning templates.
    pub templates: Templates,
    /// Its rules, in their order.
    pub rules: Vec<LambdaRule>,
    /// Whose what the account does by itself is, in metering.
    pub account_tag: Tag,
}

impl BrokerConfig {
    /// The configuration of an account that knows nobody yet.
    pub fn new(profile: Profile, seed: Seed) -> Self {
        let registry = Registry::default();
        let templates = Templates::new(registry.policies.account());
        Self { profile, seed, registry, templates, rules: Vec::new(), account_tag: Tag::default() }
    }
}

/// The service: every connection, session and subscription of one account in one region.
#[derive(Debug)]
pub struct Broker {
    pub(crate) limits: Limits,
    pub(crate) switches: Switches,
    pub(crate) chance: Chance,
    pub(crate) connections: Connections,
    pub(crate) registry: Registry,
    /// Counts the calls that may have changed the registry.
    pub(crate) account_changes: u32,
    pub(crate) semantics: Semantics,
    pub(crate) principals: Principals,
    pub(crate) asks: Asks,
    pub(crate) provisioning: Provisioning,
    /// `None` while a request is answered.
    pub(crate) shadows: Option<Box<ShadowWork>>,
    pub(crate) rules: Rules,
    pub(crate) account_tag: Tag,
    /// When everybody's rights are read anew next, as far as that was asked for last.
    pub(crate) everybody_at: Timestamp,
    pub(crate) sessions: Sessions,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) messages: Messages,
    pub(crate) timers: Timers,
    pub(crate) meter: Meter,
    pub(crate) assumptions: Assumptions,
    pub(crate) connect_rate: TokenBucket,
    pub(crate) queue_rate: TokenBucket,
    pub(crate) client_id_rates: ClientIdRates,
    pub(crate) inbound_rate: TokenBucket,
    pub(crate) outbound_rate: TokenBucket,
    pub(crate) subscribe_rate: TokenBucket,
    pub(crate) retained_rate: TokenBucket,
    pub(crate) retained: RetainedMessages,
    pub(crate) version_numbers: VersionNumbers,
    /// Connections with an accepted CONNECT.
    pub(crate) connected: u32,
    /// Connections to end, for receiving over their rate, once the input at hand is handled.
    pub(crate) throttled: Vec<(ConnectionKey, ConnectionId)>,
    pub(crate) assigned_client_ids: u64,
    pub(crate) packet: Vec<u8>,
    /// Room to work in, so that a steady flow allocates nothing.
    pub(crate) matches: Vec<Match>,
    pub(crate) matched_groups: Vec<GroupKey>,
    pub(crate) members: Vec<Match>,
    pub(crate) granted: Vec<Granted>,
    pub(crate) codes: Vec<ReasonCode>,
    pub(crate) found_retained: Vec<(MessageKey, QoS)>,
    pub(crate) copy: Vec<u8>,
    pub(crate) lifecycle: Message,
}

/// One `handle` call: its time, where its outputs go, what it did.
pub(crate) struct Step<'s, S> {
    pub(crate) now: Now,
    pub(crate) sink: &'s mut S,
    pub(crate) receipt: Receipt,
}

impl<S: Sink> Step<'_, S> {
    pub(crate) fn not_modelled(&mut self, tag: Tag, feature: Feature) {
        self.sink.fact(Fact::NotModelled { tag, feature });
    }
}

/// Durability is off: no output waits for a record.
pub(crate) const AT_ONCE: Lsn = Lsn(0);

impl Broker {
    /// A broker without connections, at time zero.
    pub fn new(config: BrokerConfig) -> Self {
        let BrokerConfig { profile, seed, mut registry, templates, rules, account_tag } = config;
        registry.set_rules(RegistryRules::from(&profile));
        let shadow_settings = Settings::from(&profile);
        let Profile { limits, switches, .. } = profile;
        let hash_matches_parent =
            switches.hash_matches_parent == squall_profile::switch::HashMatchesParent::Yes;
        Self {
            limits,
            switches,
            chance: Chance::new(seed),
            connections: Connections::default(),
            registry,
            account_changes: 0,
            semantics: Semantics::from(&switches),
            principals: Principals::default(),
            asks: Asks::default(),
            provisioning: Provisioning::new(templates, &limits, &switches),
            shadows: Some(Box::new(ShadowWork::new(shadow_settings))),
            rules: Rules::new(rules),
            account_tag,
            everybody_at: Timestamp::ZERO,
            sessions: Sessions::default(),
            subscriptions: Subscriptions::new(hash_matches_parent),
            messages: Messages::default(),
            timers: Timers::default(),
            meter: Meter::default(),
            assumptions: Assumptions::default(),
            connect_rate: TokenBucket::new(limits.connect_requests_per_second),
            queue_rate: TokenBucket::new(limits.queued_messages_per_second),
            client_id_rates: ClientIdRates::default(),
            inbound_rate: TokenBucket::new(limits.inbound_publishes_per_second),
            outbound_rate: TokenBucket::new(limits.outbound_publishes_per_second),
            subscribe_rate: TokenBucket::new(limits.subscribe_requests_per_second),
            retained_rate: TokenBucket::new(limits.retained_publishes_per_second),
            retained: RetainedMessages::default(),
            version_numbers: VersionNumbers::default(),
            connected: 0,
            throttled: Vec::new(),
            assigned_client_ids: 0,
            packet: Vec::new(),
            matches: Vec::new(),
            matched_groups: Vec::new(),
            members: Vec::new(),
            granted: Vec::new(),
            codes: Vec::new(),
            found_retained: Vec::new(),
            copy: Vec::new(),
            lifecycle: Message::default(),
        }
    }

    /// Takes one input, runs to completion, and says what it did. See the crate's documentation for the contract.
    pub fn handle<S: Sink>(&mut self, now: Now, input: Input<'_>, sink: &mut S) -> Receipt {
        let mut step = Step { now, sink, receipt: Receipt::default() };
        match input {
            Input::Opened { connection, tag, transport: _, identity, source } => {
                self.handle_opened(&mut step, connection, tag, identity, source);
            }
            Input::Bytes { connection, bytes } => {
                if let Some(key) = self.connections.find(connection) {
                    self.handle_bytes(&mut step, key, connection, bytes);
                }
            }
            Input::Sent { connection, bytes } => {
                if let Some(key) = self.connections.find(connection) {
                    self.handle_sent(&mut step, key, bytes);
                }
            }
            Input::Closed { connection, why } => {
                if let Some(key) = self.connections.find(connection) {
                    // Without a DISCONNECT, the end of the stream is a lost connection too.
                    let (ClosedWhy::EndOfStream | ClosedWhy::Reset) = why;
                    self.end_connection(&mut step, key, DisconnectReason::ConnectionLost);
                }
            }
            Input::Request { id, caller, call } => {
                let reply = self.handle_call(&mut step, caller, call);
                step.sink.output(Output::Reply { request: id, after: AT_ONCE, reply: &reply });
            }
            Input::Answer { ask, answer } => self.handle_answer(&mut step, ask, answer),
            // Durability is off: no output waits for a record.
            Input::Durable { lsn: _ } => {}
            Input::Deadline => self.handle_deadline(&mut step),
            Input::Shutdown => self.handle_shutdown(&mut step),
        }
        while let Some((key, id)) = self.throttled.pop() {
            if self.is_open(key, id) {
                self.fail(&mut step, key, ReasonCode::QuotaExceeded, DisconnectReason::Throttled);
            }
        }
        step.receipt
    }

    /// When `handle` must be called with [`Input::Deadline`] at the latest.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// What the control plane would answer a reader.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Transports that are open.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Sessions, connected or not.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Subscriptions of all sessions.
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    /// Retained messages.
    pub fn retained_messages(&self) -> usize {
        self.retained.len()
    }

    /// Groups of shared subscriptions.
    pub fn shared_groups(&self) -> usize {
        self.subscriptions.groups()
    }

    /// Messages that somebody still has to get, retained ones included.
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// The disputed behaviours that were relied on so far.
    pub fn assumptions(&self) -> Assumptions {
        self.assumptions
    }

    /// All units metered up to `now`, the minutes of connections that still stand included.
    pub fn metered(&self, now: Timestamp) -> Meter {
        let mut meter = self.meter.clone();
        for connection in self.connections.iter() {
            if let State::Connected { .. } = connection.state {
                meter.add(connection.tag, Cause::Connected, connected_minutes(connection.since, now));
            }
        }
        meter
    }

    fn handle_opened<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        id: ConnectionId,
        tag: Tag,
        identity: Identity<'_>,
        source: Source,
    ) {
        debug_assert!(self.connections.find(id).is_none(), "a driver never uses a connection id twice");
        let now = step.now.mono;
        let principal = match self.authenticate(identity, step.now.wall) {
            Ok(principal) => principal,
            Err(refusal) => return self.turn_away(step, id, tag, identity, source, refusal),
        };
        let restricted = self.principals[principal].authority().is_some()
            || matches!(identity, Identity::CustomAuthorizer { .. });
        let connection = Connection { restricted, ..Connection::new(id, tag, principal, now) };
        let key = self.connections.insert(connection, source.ip);
        let at = now.plus_nanos(u64::from(self.limits.connect_packet_seconds) * 1_000_000_000);
        self.timers.set(at, TimerKind::ConnectPacket, key.to_u32(), id.0 as u32);
    }

    /// Nobody that may connect. `broker.md` 8.1: authentication precedes MQTT, so there is no CONNACK.
    fn turn_away<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        id: ConnectionId,
        tag: Tag,
        identity: Identity<'_>,
        source: Source,
        refusal: AccessRefusal,
    ) {
        let dates = ConnectRefusal::CertificateDates;
        let mut why = refusal.reason().map_or(dates, ConnectRefusal::NotAuthenticated);
        let mut begun = None;
        if let (Identity::Presented { certificate, server_name }, Some(_)) = (identity, refusal.reason()) {
            match self.first_contact(step, tag, certificate, server_name) {
                Contact::Refused(other) => why = other.unwrap_or(why),
                Contact::Begun => begun = Some(certificate.id),
            }
        }
        step.receipt.connects_refused += 1;
        step.sink.fact(Fact::ConnectRefused { connection: id, tag, why });
        let (reason, now) = (DisconnectReason::AuthError, step.now.mono);
        let Some(certificate) = begun else {
            return step.sink.output(Output::Close { connection: id, after: AT_ONCE, reason });
        };
        // state.md 3.1: TLS completes, and whatever the client sends is not answered.
        self.assumptions.note(Decision::FirstContactClose);
        let who = Who::TurnedAway(certificate);
        let principal = self.principals.insert(who, None, None, self.account_changes);
        let connection = Connection { state: State::TurnedAway, ..Connection::new(id, tag, principal, now) };
        let key = self.connections.insert(connection, source.ip);
        let at = now.plus_nanos(u64::from(self.limits.first_contact_close_ms) * 1_000_000);
        self.timers.set(at, TimerKind::TurnedAway, key.to_u32(), id.0 as u32);
    }

    /// Whether the connection that had `key` is still there.
    pub(crate) fn is_open(&self, key: ConnectionKey, id: ConnectionId) -> bool {
        self.connections.get(key).is_some_and(|connection| connection.id == id)
    }

    /// Encodes one packet and sends it. Returns its length.
    ///
    /// # Panics
    /// If the packet cannot be encoded, which is the broker's own mistake.
    pub(crate) fn send<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), squall_codec::EncodeError>,
    ) -> usize {
        self.packet.clear();
        encode(&mut self.packet).expect("the broker sends only packets that can be encoded");
        let connection = &mut self.connections[key];
        connection.unsent = connection.unsent.saturating_add(self.packet.len() as u32);
        let output = Output::Bytes { connection: connection.id, after: AT_ONCE, bytes: &self.packet };
        step.sink.output(output);
        self.packet.len()
    }

    /// Sends a PUBACK.
    pub(crate) fn send_puback<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        version: ProtocolVersion,
        ack: &Ack<'_>,
    ) {
        self.send(step, key, |packet| ack.encode(AckType::PubAck, version, packet));
    }

    /// Ends a connection for what the client did or suffered: MQTT 5 is told with DISCONNECT (section 4.13), 3.1.1
    /// has no such packet.
    pub(crate) fn fail<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        code: ReasonCode,
        reason: DisconnectReason,
    ) {
        if let State::Connected { version: ProtocolVersion::V5, .. } = self.connections[key].state {
            self.send(step, key, |packet| Disconnect::new(code).encode(ProtocolVersion::V5, packet));
        }
        self.close(step, key, reason);
    }

    /// Lets go of a connection and has the driver end it.
    pub(crate) fn close<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        reason: DisconnectReason,
    ) {
        let connection = self.connections[key].id;
        self.end_connection(step, key, reason);
        step.sink.output(Output::Close { connection, after: AT_ONCE, reason });
    }

    /// Lets go of a connection: its time is metered, and its session ends or begins to expire.
    fn end_connection<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        reason: DisconnectReason,
    ) {
        let farewell = match self.connections[key].state {
            State::Connected { session, .. } => {
                self.write_lifecycle(step, key, session, Presence::Disconnected { reason })
            }
            State::Awaiting | State::Authorizing | State::TurnedAway => None,
        };
        self.forget_question(key);
        let connection = self.connections.remove(key);
        self.principals.release(connection.principal, key);
        let State::Connected { session, .. } = connection.state else { return };
        let tag = connection.tag;
        let now = step.now.mono;
        self.meter.add(tag, Cause::Connected, connected_minutes(connection.since, now));
        self.connected -= 1;
        let held = &self.sessions[session];
        let client_id = held.client_id.as_str();
        step.sink.fact(Fact::Disconnected { connection: connection.id, tag, client_id, reason });
        match self.take_due_will(step, session, reason) {
            None => self.release_session(step, session),
            Some(will) => {
                let client_id = self.sessions[session].client_id.clone();
                let generation = self.sessions.generation(session);
                self.release_session(step, session);
                let publisher =
                    Some(session).filter(|&session| self.sessions.generation(session) == generation);
                self.publish_will(step, tag, client_id.as_str(), publisher, &will);
            }
        }
        if let Some(farewell) = farewell {
            self.publish_lifecycle(step, farewell);
        }
    }

    pub(crate) fn charge_throughput<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        bytes: usize,
    ) {
        // broker.md 7.1: above the quota processing is delayed and nothing is lost (check 47).
        let rate = u64::from(self.limits.inbound_bytes_per_second_per_connection).max(1);
        let connection = &mut self.connections[key];
        let from = connection.throughput.max(step.now.mono);
        connection.throughput = from.plus_nanos(bytes as u64 * 1_000_000_000 / rate);
        let ahead = connection.throughput.0 - step.now.mono.0;
        if ahead > 1_000_000_000 && !connection.paused {
            connection.paused = true;
            let (id, resume) = (connection.id, step.now.mono.plus_nanos(ahead - 1_000_000_000));
            step.sink.output(Output::PauseReading { connection: id });
            self.timers.set(resume, TimerKind::ResumeReading, key.to_u32(), id.0 as u32);
        }
    }

    fn handle_sent<S: Sink>(&mut self, step: &mut Step<'_, S>, key: ConnectionKey, bytes: u32) {
        let connection = &mut self.connections[key];
        let full = connection.unsent > self.limits.unsent_bytes_per_connection;
        debug_assert!(connection.unsent >= bytes, "a driver reports no more than it was given");
        connection.unsent = connection.unsent.saturating_sub(bytes);
        if full
            && connection.unsent <= self.limits.unsent_bytes_per_connection
            && let State::Connected { session, .. } = connection.state
        {
            self.assumptions.note(Decision::UnsentBytes);
            self.send_waiting(step, session);
        }
    }
}
