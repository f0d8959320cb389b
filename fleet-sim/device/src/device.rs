//! The device itself.

use squall_codec::{
    Ack, AckType, ConnAck, Connect, ConnectProperties, Packet, PacketId, Publish, ReasonCode, decode,
};
use squall_types::{ProtocolVersion, QoS, Template, Timestamp};

use crate::outbox::{Entry, Outbox};
use crate::profile::{DeviceProfile, Offline};
use crate::provisioning::Credential;
use crate::sink::{AttemptFailure, DeviceFact, DeviceSink, TimerToken};

mod onboarding;
mod power;
mod shadow;
mod subscribing;

use onboarding::Onboarding;
use shadow::ShadowState;

/// From PINGREQ to giving the connection up; within the range of common clients (3 s to 30 s).
const PING_TIMEOUT_NANOS: u64 = 10_000_000_000;
/// Unacknowledged publishes where CONNACK names no Receive Maximum (`broker.md` 7.1).
const UNACKED_PUBLISHES: u16 = 100;
/// However many the service takes: some packet ids must stay free.
const MOST_UNACKED_PUBLISHES: u16 = 60_000;
/// No service sends larger packets to a device than it takes from one.
const LARGEST_PACKET: u32 = 1 << 20;

/// Something that happened to a device.
#[derive(Clone, Copy, Debug)]
pub enum DeviceInput<'a> {
    /// It is switched on, for the first time or after a loss of power.
    Start,
    /// It loses its power, and its transport with it. What was in its memory is gone.
    PowerLost,
    /// The transport that it asked for is set up.
    Up,
    /// The transport that it asked for failed.
    Failed(TransportFailure),
    /// Bytes came.
    Bytes(&'a [u8]),
    /// The transport was closed or reset by the other side or the network.
    Closed,
    /// A timer fired.
    Timer(TimerToken),
}

/// How setting up a transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFailure {
    /// The other side refused.
    Refused,
}

/// Buffers that all devices of a world share.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    topic: String,
    payload: String,
    packet: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Connecting,
    AwaitingConnack,
    Connected,
    /// Connected with a claim.
    Provisioning,
    Waiting,
    /// Its firmware never tries again.
    GivenUp,
}

/// One device: a cache line, and a second part that is boxed.
#[derive(Debug)]
#[repr(align(64))]
pub struct Device {
    started: Timestamp,
    /// When it first wanted the connection that it waits for or has.
    wanted: Timestamp,
    /// When the present attempt began; once connected, when it last sent something.
    since: Timestamp,
    rare: Box<Rare>,
    index: u32,
    /// How many back-off waits were drawn.
    draws: u32,
    /// The previous wait in microseconds (decorrelated jitter).
    previous_wait: u32,
    /// How many publishes of pattern 0 fell due.
    published: u32,
    /// Back-off waits since it was last connected.
    waits: u16,
    /// Tells timers of this connection from those of earlier ones.
    generation: u16,
    next_packet_id: u16,
    /// The keep alive in force, in seconds.
    keep_alive: u16,
    receive_maximum: u16,
    /// Tells timers of publishes from those before the last loss of power.
    boots: u16,
    state: State,
    awaiting_pingresp: bool,
    /// It has an identity.
    provisioned: bool,
}

/// What does not fit into the first cache line. The outbox, which every publish touches, begins it.
#[derive(Debug, Default)]
#[repr(C, align(64))]
struct Rare {
    outbox: Outbox,
    /// The beginning of a packet whose rest has not come.
    partial: Vec<u8>,
    /// SUBSCRIBE packets not answered: packet id, and the first filter in it.
    subscribing: Vec<(u16, u16)>,
    /// How many publishes of patterns 1, 2, ... fell due.
    published: Vec<u32>,
    disconnect_reason: Option<ReasonCode>,
    connected_since: Timestamp,
    /// The session was asked for all subscriptions and answered.
    subscribed: bool,
    /// Only while it has no identity.
    onboarding: Option<Box<Onboarding>>,
    /// One for each shadow that its firmware has to do with.
    shadows: Box<[ShadowState]>,
}

impl Device {
    /// The device `index` of a fleet, switched off.
    pub fn new(index: u32) -> Self {
        Self {
            started: Timestamp::ZERO,
            wanted: Timestamp::ZERO,
            since: Timestamp::ZERO,
            rare: Box::default(),
            index,
            draws: 0,
            previous_wait: 0,
            published: 0,
            waits: 0,
            generation: 0,
            next_packet_id: 1,
            keep_alive: 0,
            receive_maximum: UNACKED_PUBLISHES,
            boots: 0,
            state: State::Idle,
            awaiting_pingresp: false,
            provisioned: false,
        }
    }

    /// Reads the first cache line, so that it is there when the device's turn comes.
    #[inline]
    pub fn touch(&self) -> u32 {
        self.draws
    }

    /// Reads the second part, so that it is there when the device's turn comes; waits for the first if need be.
    #[inline]
    pub fn touch_outbox(&self) -> usize {
        self.rare.outbox.waiting()
    }

    /// Its index in the fleet.
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Whether CONNACK 0 came on a transport that still stands, and that is no connection with a claim.
    pub fn is_connected(&self) -> bool {
        self.state == State::Connected
    }

    /// Since when CONNACK 0 stands; `None` if it is not connected.
    pub fn connected_since(&self) -> Option<Timestamp> {
        self.is_connected().then_some(self.rare.connected_since)
    }

    /// When it began to want the connection that it does not have; `None` if connected, off or given up.
    pub fn wants_connection_since(&self) -> Option<Timestamp> {
        (!matches!(self.state, State::Idle | State::Connected | State::GivenUp)).then_some(self.wanted)
    }

    /// When the attempt under way began, if there is one.
    pub fn attempting_since(&self) -> Option<Timestamp> {
        matches!(self.state, State::Connecting | State::AwaitingConnack).then_some(self.since)
    }

    /// Publishes at QoS 1 that are not acknowledged: when each was intended, and first sent if it was.
    pub fn unfinished_publishes(
        &self,
        profile: &DeviceProfile,
    ) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> {
        self.rare
            .outbox
            .iter()
            .filter(|entry| profile.publishes[usize::from(entry.pattern)].qos == QoS::AtLeastOnce)
            .map(|entry| (entry.intended, (entry.packet_id != 0).then_some(entry.sent)))
    }

    /// Takes one input and runs to completion.
    pub fn handle<S: DeviceSink>(
        &mut self,
        profile: &DeviceProfile,
        scratch: &mut Scratch,
        now: Timestamp,
        input: DeviceInput<'_>,
        sink: &mut S,
    ) {
        let mut step = Step { profile, scratch, now, sink };
        match input {
            DeviceInput::Start => self.start(&mut step),
            DeviceInput::PowerLost => self.lose_power(&mut step),
            DeviceInput::Up => self.on_up(&mut step),
            DeviceInput::Failed(TransportFailure::Refused) => {
                if self.state == State::Connecting {
                    self.attempt_failed(&mut step, AttemptFailure::Transport);
                }
            }
            DeviceInput::Bytes(bytes) => self.on_bytes(&mut step, bytes),
            DeviceInput::Closed => self.on_closed(&mut step),
            DeviceInput::Timer(token) => self.on_timer(&mut step, token),
        }
    }

    fn connect<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        self.state = State::Connecting;
        self.since = step.now;
        self.generation = self.generation.wrapping_add(1);
        step.sink.fact(DeviceFact::AttemptBegan);
        step.sink.open(self.credential(step.profile));
        step.sink.arm(
            step.now + step.profile.connect_timeout,
            TimerToken::new(TimerToken::CONNECTION, 0, self.generation),
        );
    }

    fn on_up<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        if self.state != State::Connecting {
            return;
        }
        self.state = State::AwaitingConnack;
        let profile = step.profile;
        let client_id = &mut step.scratch.topic;
        client_id.clear();
        let claim = self.claim(profile);
        let template = claim.map_or(&profile.client_id, |claim| &claim.client_id);
        template.render(&profile.context(self.index, 0, 0), client_id);
        let properties = match profile.version {
            // What a claim is good for ends with its connection.
            _ if claim.is_some() => ConnectProperties::default(),
            ProtocolVersion::V311 => ConnectProperties::default(),
            ProtocolVersion::V5 => ConnectProperties {
                session_expiry_interval: (profile.session_expiry_seconds > 0)
                    .then_some(profile.session_expiry_seconds),
                ..ConnectProperties::default()
            },
        };
        let credential = |template: &Option<Template>| {
            template.as_ref().map(|template| {
                let mut text = String::new();
                template.render(&profile.context(self.index, 0, 0), &mut text);
                text
            })
        };
        let username = credential(&profile.credentials.username);
        let password = credential(&profile.credentials.password);
        let connect = Connect {
            username: username.as_deref(),
            password: password.as_deref().map(str::as_bytes),
            clean_start: profile.clean_start || claim.is_some(),
            keep_alive: profile.keep_alive_seconds,
            properties,
            ..Connect::new(profile.version, client_id)
        };
        step.scratch.packet.clear();
        connect.encode(&mut step.scratch.packet).expect("a checked profile gives a valid CONNECT");
        let credential = if claim.is_some() { Credential::Claim } else { Credential::Own };
        step.sink.fact(DeviceFact::ConnectSent { client_id, credential });
        step.sink.send(&step.scratch.packet);
    }

    fn on_closed<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        match self.state {
            State::Connecting => self.attempt_failed(step, AttemptFailure::Transport),
            State::AwaitingConnack => self.attempt_failed(step, AttemptFailure::Closed),
            State::Connected => self.connection_lost(step),
            State::Provisioning => self.claim_lost(step),
            State::Idle | State::Waiting | State::GivenUp => {}
        }
    }

    fn attempt_failed<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, why: AttemptFailure) {
        step.sink.fact(DeviceFact::AttemptFailed { began: self.since, why });
        self.after_failure(step, why);
    }

    fn connection_lost<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        let reason = self.rare.disconnect_reason.take();
        step.sink.fact(DeviceFact::ConnectionLost { reason });
        self.rare.outbox.disconnect();
        self.rare.subscribing.clear();
        self.wanted = step.now;
        self.waits = 0;
        self.previous_wait = 0;
        self.wait(step);
    }

    /// Waits as its back-off says, then tries again.
    fn wait<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        let profile = step.profile;
        let owner = profile.owner(self.index);
        let previous = u64::from(self.previous_wait) * 1_000;
        let draw = u64::from(self.draws);
        let wait = profile.back_off.wait(profile.chance, owner, draw, self.waits, previous);
        self.draws += 1;
        self.waits = self.waits.saturating_add(1);
        self.previous_wait = (wait / 1_000).min(u32::MAX.into()) as u32;
        self.wait_for(step, wait);
    }

    /// Waits so long, then tries again.
    fn wait_for<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, nanos: u64) {
        self.state = State::Waiting;
        self.rare.partial.clear();
        self.generation = self.generation.wrapping_add(1);
        let token = TimerToken::new(TimerToken::CONNECTION, 0, self.generation);
        step.sink.arm(step.now.plus_nanos(nanos), token);
    }

    fn on_timer<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, token: TimerToken) {
        if token.kind() == TimerToken::PUBLISH {
            if token.generation() == self.boots && self.state != State::Idle {
                self.on_publish_due(step, token.pattern());
            }
            return;
        }
        if matches!(token.kind(), TimerToken::SHADOW_REPORT | TimerToken::SHADOW_APPLY) {
            if token.generation() == self.boots && self.state != State::Idle {
                self.on_shadow_timer(step, token);
            }
            return;
        }
        if token.generation() != self.generation {
            return;
        }
        match (token.kind(), self.state) {
            (TimerToken::CONNECTION, State::Waiting) => self.connect(step),
            (TimerToken::CONNECTION, State::Connecting | State::AwaitingConnack) => {
                step.sink.close();
                self.attempt_failed(step, AttemptFailure::TimedOut);
            }
            (TimerToken::KEEP_ALIVE, State::Connected | State::Provisioning) => self.on_keep_alive(step),
            (TimerToken::SHADOW_ANSWER, State::Connected) => self.on_shadow_timer(step, token),
            (TimerToken::PROVISIONING, State::Provisioning) => self.on_answer_late(step, token.pattern()),
            _ => {}
        }
    }

    fn on_keep_alive<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        if self.awaiting_pingresp {
            // MQTT 3.1.1 3.1.2.10: no PINGRESP in reasonable time.
            step.sink.close();
            return self.on_closed(step);
        }
        let due = self.since.plus_nanos(u64::from(self.keep_alive) * 1_000_000_000);
        let next = if step.now >= due {
            self.awaiting_pingresp = true;
            self.send(step, |packet, version| Packet::PingReq.encode(version, packet));
            // No longer than the keep alive, or the next PINGREQ would be late (MQTT-3.1.2-23).
            step.now.plus_nanos(PING_TIMEOUT_NANOS.min(u64::from(self.keep_alive) * 1_000_000_000))
        } else {
            due
        };
        step.sink.arm(next, TimerToken::new(TimerToken::KEEP_ALIVE, 0, self.generation));
    }

    fn on_bytes<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, bytes: &[u8]) {
        if self.rare.partial.is_empty() {
            let used = self.on_packets(step, bytes);
            if used < bytes.len() && self.has_transport() {
                self.rare.partial.extend_from_slice(&bytes[used..]);
            }
        } else {
            let mut waiting = std::mem::take(&mut self.rare.partial);
            waiting.extend_from_slice(bytes);
            let used = self.on_packets(step, &waiting);
            if self.has_transport() {
                waiting.drain(..used);
                self.rare.partial = waiting;
            }
        }
    }

    fn has_transport(&self) -> bool {
        matches!(self.state, State::AwaitingConnack | State::Connected | State::Provisioning)
    }

    fn on_packets<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, bytes: &[u8]) -> usize {
        let mut used = 0;
        while used < bytes.len() && self.has_transport() {
            match decode(step.profile.version, &bytes[used..], LARGEST_PACKET) {
                Ok(None) => break,
                Ok(Some((packet, length))) => {
                    self.on_packet(step, &packet);
                    used += length;
                }
                Err(_) => {
                    self.violated(step);
                    break;
                }
            }
        }
        used
    }

    fn on_packet<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, packet: &Packet<'_>) {
        match (self.state, packet) {
            (State::AwaitingConnack, Packet::ConnAck(connack)) => self.on_connack(step, connack),
            // QoS 2 and an alias were never agreed on.
            (State::Connected, Packet::Publish(publish))
                if publish.qos != QoS::ExactlyOnce && publish.properties.topic_alias.is_none() =>
            {
                self.on_publish(step, publish);
            }
            (State::Connected, Packet::PubAck(ack)) => self.on_puback(step, ack),
            (State::Connected, Packet::SubAck(suback)) => self.on_suback(step, suback),
            (State::Connected, Packet::PingResp) => self.awaiting_pingresp = false,
            (State::Connected, Packet::UnsubAck(_)) => {}
            (State::Connected, Packet::Disconnect(disconnect)) => {
                // MQTT5-3.14.4-2: the sender closes; this side waits for that.
                self.rare.disconnect_reason = Some(disconnect.reason_code);
            }
            (State::Provisioning, packet) => self.on_provisioning_packet(step, packet),
            _ => self.violated(step),
        }
    }

    fn violated<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        step.sink.fact(DeviceFact::ProtocolViolation);
        step.sink.close();
        self.on_closed(step);
    }

    fn on_connack<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, connack: &ConnAck<'_>) {
        if !connack.code.is_accepted() {
            step.sink.close();
            return self.attempt_failed(step, AttemptFailure::Refused { code: connack.code.to_u8() });
        }
        if self.claim(step.profile).is_some() {
            let began = self.since;
            self.agree(step, connack);
            return self.on_claim_connected(step, began);
        }
        let session_present = connack.session_present;
        step.sink.fact(DeviceFact::Connected { wanted: self.wanted, began: self.since, session_present });
        if !self.provisioned {
            self.on_first_connected(step);
        }
        self.state = State::Connected;
        self.rare.connected_since = step.now;
        self.waits = 0;
        self.previous_wait = 0;
        self.agree(step, connack);
        if !session_present {
            // MQTT5-3.2.2-5: without a session there is nothing to repeat; what is unacknowledged is new again.
            self.rare.outbox.forget_packet_ids();
            self.rare.subscribed = false;
        }
        // A session that was left before its SUBACK, or made by a CONNECT whose answer got lost, lacks them.
        if !self.rare.subscribed {
            self.subscribe(step);
        }
        self.resume_shadows(step, session_present);
        self.flush(step);
        if self.rare.subscribing.is_empty() {
            self.on_shadows_ready(step);
        }
    }

    /// Takes over what CONNACK says of the connection.
    fn agree<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, connack: &ConnAck<'_>) {
        self.awaiting_pingresp = false;
        self.since = step.now;
        // MQTT5-3.1.2-21.
        self.keep_alive = connack.properties.server_keep_alive.unwrap_or(step.profile.keep_alive_seconds);
        let receive_maximum = connack.properties.receive_maximum.map_or(UNACKED_PUBLISHES, Into::into);
        self.receive_maximum = receive_maximum.min(MOST_UNACKED_PUBLISHES);
        if self.keep_alive > 0 {
            let at = step.now.plus_nanos(u64::from(self.keep_alive) * 1_000_000_000);
            step.sink.arm(at, TimerToken::new(TimerToken::KEEP_ALIVE, 0, self.generation));
        }
    }

    fn on_publish<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, publish: &Publish<'_>) {
        let (topic, payload, qos) = (publish.topic, publish.payload, publish.qos);
        step.sink.fact(DeviceFact::Received { topic, payload, qos });
        if let Some(packet_id) = publish.packet_id {
            let ack = Ack::new(packet_id);
            self.send(step, |packet, version| ack.encode(AckType::PubAck, version, packet));
        }
        self.on_shadow_publish(step, publish);
    }

    fn on_publish_due<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, pattern: u8) {
        let n = *self.published_mut(pattern);
        let intended = step.profile.due(self.index, pattern, n, self.started);
        *self.published_mut(pattern) = n + 1;
        self.arm_publish(step, pattern);
        let room = match step.profile.offline {
            _ if self.state == State::Connected => true,
            Offline::Drop => false,
            Offline::Queue(limit) => self.rare.outbox.waiting() < limit as usize,
        };
        if !room {
            return step.sink.fact(DeviceFact::PublishDropped);
        }
        self.rare.outbox.push(Entry { intended, sent: Timestamp::ZERO, n, packet_id: 0, pattern });
        if self.state == State::Connected {
            self.flush(step);
        }
    }

    fn arm_publish<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, pattern: u8) {
        let n = *self.published_mut(pattern);
        let due = step.profile.due(self.index, pattern, n, self.started);
        step.sink.arm(due, TimerToken::new(TimerToken::PUBLISH, pattern, self.boots));
    }

    fn published_mut(&mut self, pattern: u8) -> &mut u32 {
        match pattern {
            0 => &mut self.published,
            _ => &mut self.rare.published[usize::from(pattern) - 1],
        }
    }

    /// Sends what waits, as far as the service's Receive Maximum allows.
    fn flush<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        loop {
            let fresh = self.packet_id_if_needed();
            let limit = usize::from(self.receive_maximum).saturating_sub(self.shadow_requests_on_wire());
            let Some(entry) = self.rare.outbox.next_to_send(limit) else { return };
            let first = entry.packet_id == 0;
            let qos = step.profile.publishes[usize::from(entry.pattern)].qos;
            if first {
                entry.sent = step.now;
                entry.packet_id = fresh.get();
            }
            let entry = *entry;
            self.send_publish(step, &entry, qos, first);
            if qos == QoS::AtMostOnce {
                self.rare.outbox.finish_last_sent();
            } else if first {
                self.next_packet_id = fresh.next().get();
            }
        }
    }

    fn send_publish<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, entry: &Entry, qos: QoS, first: bool) {
        self.since = step.now;
        step.render(self.index, entry);
        let (topic, payload) = (&*step.scratch.topic, step.scratch.payload.as_bytes());
        step.sink.fact(DeviceFact::PublishSent {
            pattern: entry.pattern,
            topic,
            payload,
            qos,
            intended: entry.intended,
            first,
        });
        let packet_id = if qos == QoS::AtMostOnce { None } else { PacketId::new(entry.packet_id) };
        // MQTT-3.3.1-1: a repeat has DUP.
        let publish = Publish { dup: !first, qos, packet_id, ..Publish::new(topic, payload) };
        step.scratch.packet.clear();
        publish
            .encode(step.profile.version, &mut step.scratch.packet)
            .expect("a checked profile gives a valid PUBLISH");
        step.sink.send(&step.scratch.packet);
    }

    fn on_puback<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, ack: &Ack<'_>) {
        let Some(entry) = self.rare.outbox.acknowledge(ack.packet_id.get()) else {
            self.on_shadow_puback(step, ack.packet_id, ack.reason_code);
            self.flush(step);
            return self.pump_shadows(step);
        };
        step.render(self.index, &entry);
        step.sink.fact(DeviceFact::PublishAcked {
            topic: &step.scratch.topic,
            payload: step.scratch.payload.as_bytes(),
            intended: entry.intended,
            sent: entry.sent,
            code: ack.reason_code,
        });
        self.flush(step);
        self.pump_shadows(step);
    }

    /// A packet id that nothing has, without taking it yet.
    fn packet_id_if_needed(&mut self) -> PacketId {
        loop {
            let id = PacketId::new(self.next_packet_id).unwrap_or(PacketId::MIN);
            let taken = self.rare.outbox.uses(id.get())
                || self.rare.subscribing.iter().any(|(subscribe, _)| *subscribe == id.get())
                || self.onboarding_uses(id)
                || self.shadows_use(id);
            if !taken {
                return id;
            }
            self.next_packet_id = id.next().get();
        }
    }

    fn packet_id(&mut self) -> PacketId {
        let id = self.packet_id_if_needed();
        self.next_packet_id = id.next().get();
        id
    }

    fn send<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        encode: impl FnOnce(&mut Vec<u8>, ProtocolVersion) -> Result<(), squall_codec::EncodeError>,
    ) {
        self.since = step.now;
        step.scratch.packet.clear();
        encode(&mut step.scratch.packet, step.profile.version).expect("a device sends only valid packets");
        step.sink.send(&step.scratch.packet);
    }
}

/// One `handle` call.
struct Step<'s, S> {
    profile: &'s DeviceProfile,
    scratch: &'s mut Scratch,
    now: Timestamp,
    sink: &'s mut S,
}

impl<S> Step<'_, S> {
    /// Renders topic and payload of a publish.
    fn render(&mut self, index: u32, entry: &Entry) {
        let pattern = &self.profile.publishes[usize::from(entry.pattern)];
        let context = self.profile.context(index, entry.pattern, u64::from(entry.n));
        let Scratch { topic, payload, .. } = &mut *self.scratch;
        topic.clear();
        pattern.topic.render(&context, topic);
        payload.clear();
        pattern.payload.render(&context, payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_stays_in_its_budget() {
        // Design section 2: device 64 bytes.
        assert!(size_of::<Device>() <= 64, "{}", size_of::<Device>());
        assert!(size_of::<Rare>() <= 192, "{}", size_of::<Rare>());
    }
}
