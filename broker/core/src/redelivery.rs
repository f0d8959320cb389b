//! Deliveries put off: what a resumed session missed, and what was not acknowledged in time.

use squall_codec::{Packet, PacketId, decode};
use squall_profile::Decision;
use squall_profile::switch::RetransmissionPacketId;
use squall_types::{ProtocolVersion, Timestamp};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::deliver::{Judged, Sending, free_packet_id};
use crate::fact::{DiscardRule, Fact};
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::timer::TimerKind;

const SECOND: u64 = 1_000_000_000;
/// After how long a resumed client that could take nothing is tried again, at the earliest.
const BLOCKED: u64 = 10_000_000;

impl Broker {
    /// Begins to send a resumed session what it missed (`broker.md` 4).
    pub(crate) fn resume_delivery<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        let Some(cold) = &mut self.sessions[key].cold else { return };
        if cold.is_empty() {
            return;
        }
        for inflight in &mut cold.inflight {
            inflight.resend = true;
        }
        cold.draining = true;
        // A timer left over from a connection that ended meanwhile keeps the pace.
        if !cold.resume_armed {
            self.on_resume(step, key);
        }
    }

    /// Sends a resumed session the next message it missed: what it never acknowledged, then what was stored.
    pub(crate) fn on_resume<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        let now = step.now.mono;
        let session = &mut self.sessions[key];
        let (generation, connection) = (session.generation, session.connection);
        let Some(cold) = &mut session.cold else { return };
        cold.resume_armed = false;
        let (true, Some(connection)) = (cold.draining, connection) else { return };
        // A message that is gone (it expired, or is too large) does not take the turn of the next one.
        let mut sent = false;
        while !sent && self.may_send_missed(now, connection, key) {
            sent = self.send_missed(step, connection, key);
        }
        let cold = self.sessions[key].cold_mut();
        if cold.has_missed_none() {
            cold.draining = false;
            return;
        }
        cold.resume_armed = true;
        let interval = (SECOND / u64::from(self.limits.resumed_messages_per_second.max(1))).max(1);
        // A client that can take nothing now is not asked again at the pace of one that can.
        let wait = if sent { interval } else { interval.max(BLOCKED) };
        self.timers.set(now.plus_nanos(wait), TimerKind::Resume, key.0, generation);
    }

    /// Whether a resumed session still misses messages, and its connection may take one now: by its Receive
    /// Maximum (MQTT5-3.3.4-9 counts this connection's alone), unsent bytes and publish rate (`broker.md` 4).
    fn may_send_missed(&mut self, now: Timestamp, connection: ConnectionKey, key: SessionKey) -> bool {
        let limit = self.limits.publishes_per_second_per_connection;
        let admitted = !self.is_backed_up(connection) && self.outbound_rate.has_token(now);
        let session = &mut self.sessions[key];
        let receive_maximum = usize::from(session.receive_maximum);
        let cold = session.cold_mut();
        let on_wire = cold.inflight.iter().filter(|inflight| !inflight.resend).count();
        !cold.has_missed_none()
            && on_wire < receive_maximum
            && admitted
            && session.publishes.has_room(now, limit)
    }

    /// Sends a resumed session one message that it missed; false if that one is gone instead.
    fn send_missed<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
    ) -> bool {
        let cold = self.sessions[key].cold_mut();
        let sent = if let Some(at) = cold.inflight.iter().position(|inflight| inflight.resend) {
            self.send_again(step, connection, key, at)
        } else if let Some(held) = cold.queue.pop_front() {
            self.send_first_time(step, connection, key, held, Judged::Before)
        } else {
            return true;
        };
        if sent {
            let limit = self.limits.publishes_per_second_per_connection;
            self.sessions[key].publishes.count(step.now.mono, limit);
            self.outbound_rate.take(step.now.mono);
        }
        sent
    }

    /// Redelivers what was not acknowledged in time on a live connection (`broker.md` D-25).
    pub(crate) fn on_redelivery<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        let now = step.now.mono;
        let interval = u64::from(self.limits.redelivery_interval_seconds) * SECOND;
        let session = &mut self.sessions[key];
        let (connection, version) = (session.connection, session.version);
        let Some(cold) = &mut session.cold else { return };
        let Some(connection) = connection else {
            cold.redelivery_armed = false;
            return;
        };
        // broker.md 0.4.
        let window = SECOND
            * u64::from(match version {
                ProtocolVersion::V311 => self.limits.retry_window_v311_seconds,
                ProtocolVersion::V5 => self.limits.retry_window_v5_seconds,
            });
        let mut at = 0;
        while let Some(inflight) = self.sessions[key].cold_mut().inflight.get(at).copied() {
            if inflight.resend || now < inflight.last_sent.plus_nanos(interval) {
                at += 1;
            } else if now >= inflight.first_sent.plus_nanos(window) {
                self.give_up(step, key, at);
            } else if self.is_backed_up(connection) {
                // What the transport does not take is not sent twice; its turn comes an interval later.
                self.sessions[key].cold_mut().inflight[at].last_sent = now;
                at += 1;
            } else if self.send_again(step, connection, key, at) {
                self.assumptions.note(Decision::RedeliveryInterval);
                step.sink.fact(Fact::Redelivered { tag: self.tag_of(key) });
                at += 1;
            }
        }
        // The timer is for the message whose turn is next, not for the one sent just now. What a resumed session
        // was not sent yet arms it when it is sent.
        let cold = self.sessions[key].cold_mut();
        cold.redelivery_armed = false;
        let sent = cold.inflight.iter().filter(|inflight| !inflight.resend);
        if let Some(last_sent) = sent.map(|inflight| inflight.last_sent).min() {
            self.arm_redelivery(key, last_sent);
        }
        self.send_waiting(step, key);
    }

    /// Sends the message at `at` of those in flight again; false if it is gone instead.
    fn send_again<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
        at: usize,
    ) -> bool {
        let inflight = self.sessions[key].cold_mut().inflight[at];
        let packet_id = match self.switches.retransmission_packet_id {
            RetransmissionPacketId::Same => {
                PacketId::new(inflight.packet_id).expect("a packet id is never 0")
            }
            RetransmissionPacketId::New => free_packet_id(&mut self.sessions[key]),
        };
        let sending = Sending { packet_id: Some(packet_id), again: true, judged: Judged::Before };
        let sent = self.send_stored(step, connection, key, inflight.held, sending);
        let now = step.now.mono;
        let cold = self.sessions[key].cold_mut();
        if sent {
            let held = &mut cold.inflight[at];
            if held.resend {
                // The retry window is the connection's: time spent offline is the session's to bound.
                held.first_sent = now;
            }
            held.packet_id = packet_id.get();
            held.last_sent = now;
            held.resend = false;
            self.arm_redelivery(key, now);
        } else {
            cold.inflight.remove(at);
            self.messages.release(inflight.held.message);
        }
        sent
    }

    /// Drops the message at `at` of those in flight: its retry window is over.
    fn give_up<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey, at: usize) {
        let Some(inflight) = self.sessions[key].cold_mut().inflight.remove(at) else { return };
        let message = inflight.held.message;
        let packet = self.messages.take_packet(message);
        if let Ok(Some((Packet::Publish(publish), _))) = decode(ProtocolVersion::V5, &packet, u32::MAX) {
            self.discarded(step, key, publish.topic, DiscardRule::RetryWindow);
        }
        self.messages.return_packet(message, packet);
        self.messages.release(message);
    }

    pub(crate) fn arm_redelivery(&mut self, key: SessionKey, last_sent: Timestamp) {
        let interval = u64::from(self.limits.redelivery_interval_seconds) * SECOND;
        if interval == 0 {
            // MQTT5-4.4.0-1: on reconnecting only.
            return;
        }
        let session = &mut self.sessions[key];
        let generation = session.generation;
        let cold = session.cold_mut();
        if !cold.redelivery_armed {
            cold.redelivery_armed = true;
            self.timers.set(last_sent.plus_nanos(interval), TimerKind::Redelivery, key.0, generation);
        }
    }
}
