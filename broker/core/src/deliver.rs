//! PUBLISH to a client: at once, from its store, or again.

use squall_codec::{Ack, Packet, PacketId, Publish, PublishProperties, decode};
use squall_profile::Decision;
use squall_profile::switch::DupOnRedelivery;
use squall_types::{ProtocolVersion, QoS, Timestamp};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::fact::{DiscardRule, Fact};
use crate::message::MessageKey;
use crate::meter::Cause;
use crate::publish::metered_bytes;
use crate::rate::RateVerdict;
use crate::session::{Held, Inflight, SessionKey};
use crate::sink::Sink;
use crate::subscription::GroupKey;

const SECOND: u64 = 1_000_000_000;

/// Who gets a message, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipient {
    pub(crate) session: SessionKey,
    /// The granted QoS.
    pub(crate) qos: QoS,
    /// With which RETAIN it goes out.
    pub(crate) retain: bool,
    /// The group of shared subscriptions that it comes through.
    pub(crate) group: Option<GroupKey>,
}

/// When it was asked last whether the client may receive a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Just now.
    Now,
    /// When the message was stored or first sent, or never: it is asked again.
    Before,
}

/// How a stored message is sent.
#[derive(Clone, Copy)]
pub(crate) struct Sending {
    /// At QoS 1 if there is one.
    pub(crate) packet_id: Option<PacketId>,
    /// Whether it was sent before.
    pub(crate) again: bool,
    pub(crate) judged: Judged,
}

/// How one PUBLISH goes out.
#[derive(Clone, Copy)]
struct Outgoing {
    packet_id: Option<PacketId>,
    dup: bool,
    retain: bool,
    /// What is left of the message's life; `None` for one that never expires.
    expiry: Option<u32>,
}

impl Broker {
    /// Gives one message to one subscriber. `stored` is the message in store, once somebody needed it there.
    #[inline]
    pub(crate) fn deliver<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        recipient: Recipient,
        publish: &Publish<'_>,
        stored: &mut Option<MessageKey>,
    ) {
        let expiry = publish.properties.message_expiry_interval.map(|asked| self.clamp_expiry(asked));
        self.deliver_aged(step, recipient, publish, expiry, stored);
    }

    /// The same for a message of which `expiry` seconds are left.
    pub(crate) fn deliver_aged<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        recipient: Recipient,
        publish: &Publish<'_>,
        expiry: Option<u32>,
        stored: &mut Option<MessageKey>,
    ) {
        // MQTT-3.8.4-6: the lower of published and granted.
        let qos = publish.qos.min(recipient.qos);
        let key = recipient.session;
        let connection = self.sessions[key].connection;
        if connection.is_none() && qos == QoS::AtMostOnce {
            // broker.md 4: not stored.
            return;
        }
        // What is stored is judged when it is sent.
        if let Some(connection) = connection
            && !self.may_receive(step, connection, key, publish.topic, recipient.group)
        {
            return;
        }
        if !self.admits_delivery(step, key, publish.topic) {
            return;
        }
        let Some(connection) = connection else {
            return self.store(step, recipient, publish, stored);
        };
        // broker.md 7.1: deliveries to clients count, what is stored does not yet.
        if !self.outbound_rate.take(step.now.mono) {
            self.assumptions.note(Decision::AccountPublishRate);
            return self.discarded(step, key, publish.topic, DiscardRule::AccountPublishRateOut);
        }
        if qos == QoS::AtMostOnce {
            if self.is_backed_up(connection) {
                self.assumptions.note(Decision::UnsentBytes);
                return self.discarded(step, key, publish.topic, DiscardRule::UnsentBytes);
            }
            let outgoing = Outgoing { packet_id: None, dup: false, retain: recipient.retain, expiry };
            self.send_publish(step, connection, key, publish, outgoing);
            return;
        }
        let message = self.hold(step.now.mono, publish, stored);
        let held = Held { message, retain: recipient.retain, group: recipient.group };
        let room = self.has_room(connection, key);
        let cold = self.sessions[key].cold_mut();
        // Live messages pass a store that is being emptied (broker.md 4), but not each other.
        if room && (cold.queue.is_empty() || cold.draining) {
            self.send_first_time(step, connection, key, held, Judged::Now);
        } else {
            cold.queue.push_back(held);
        }
    }

    /// `broker.md` 7.1, D-14: counts a delivery in the publish rate of its connection; false if that is exceeded, and
    /// long enough of that ends the connection.
    fn admits_delivery<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey, topic: &str) -> bool {
        let limit = self.limits.publishes_per_second_per_connection;
        let session = &mut self.sessions[key];
        let RateVerdict::Over { windows_in_a_row } = session.publishes.count(step.now.mono, limit) else {
            return true;
        };
        let patience = self.limits.throttled_seconds_before_close;
        if let Some(connection) = session.connection
            && patience > 0
            && u32::from(windows_in_a_row) > patience
        {
            // Not here: whoever is being served may be looking at the same connections.
            self.throttled.push((connection, self.connections[connection].id));
        }
        self.assumptions.note(Decision::PublishRate);
        self.discarded(step, key, topic, DiscardRule::PublishRateOut);
        false
    }

    /// Whether a connection can take one more QoS 1 message.
    pub(crate) fn has_room(&self, connection: ConnectionKey, key: SessionKey) -> bool {
        let session = &self.sessions[key];
        let inflight = session.cold.as_ref().map_or(0, |cold| cold.inflight.len());
        !self.is_backed_up(connection) && inflight < usize::from(session.receive_maximum)
    }

    /// Keeps a message for a session that is offline.
    fn store<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        recipient: Recipient,
        publish: &Publish<'_>,
        stored: &mut Option<MessageKey>,
    ) {
        let key = recipient.session;
        // broker.md 4, check 91.
        if !self.queue_rate.take(step.now.mono) {
            return self.discarded(step, key, publish.topic, DiscardRule::QueueRate);
        }
        let message = self.hold(step.now.mono, publish, stored);
        let session = &mut self.sessions[key];
        let held = Held { message, retain: recipient.retain, group: recipient.group };
        session.cold_mut().queue.push_back(held);
        let tag = session.tag;
        // pricing.md 1.1: charged when stored, and again when delivered.
        self.meter.add_message(tag, Cause::Queued, metered_bytes(publish));
        let receiver = self.sessions[key].client_id.as_str();
        step.sink.fact(Fact::Queued { tag, receiver, topic: publish.topic });
    }

    /// The message in store, with one holder more.
    pub(crate) fn hold(
        &mut self,
        now: Timestamp,
        publish: &Publish<'_>,
        stored: &mut Option<MessageKey>,
    ) -> MessageKey {
        let message = *stored.get_or_insert_with(|| {
            let expires_at = publish
                .properties
                .message_expiry_interval
                .map_or(Timestamp::MAX, |asked| now.plus_nanos(u64::from(self.clamp_expiry(asked)) * SECOND));
            self.messages.insert(expires_at, publish.retain, |packet| {
                let kept = Publish {
                    qos: QoS::AtMostOnce,
                    packet_id: None,
                    dup: false,
                    retain: false,
                    ..publish.clone()
                };
                kept.encode(ProtocolVersion::V5, packet).expect("what was decoded can be encoded");
            })
        });
        self.messages.hold(message);
        message
    }

    /// `broker.md` 3.5.
    fn clamp_expiry(&self, asked: u32) -> u32 {
        asked.clamp(1, self.limits.message_expiry_max_seconds.max(1))
    }

    /// Sends a message of the session's for the first time, under a packet id of its own; false if it is gone.
    pub(crate) fn send_first_time<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
        held: Held,
        judged: Judged,
    ) -> bool {
        let now = step.now.mono;
        let packet_id = free_packet_id(&mut self.sessions[key]);
        let sending = Sending { packet_id: Some(packet_id), again: false, judged };
        let sent = self.send_stored(step, connection, key, held, sending);
        if sent {
            self.sessions[key].cold_mut().inflight.push_back(Inflight {
                held,
                packet_id: packet_id.get(),
                resend: false,
                first_sent: now,
                last_sent: now,
            });
            self.arm_redelivery(key, now);
        } else {
            self.messages.release(held.message);
        }
        sent
    }

    /// Sends a stored message at QoS 0; whoever holds it still does.
    pub(crate) fn send_stored_qos0<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
        held: Held,
    ) {
        let sending = Sending { packet_id: None, again: false, judged: Judged::Before };
        self.send_stored(step, connection, key, held, sending);
    }

    /// Sends a stored message; false if it cannot be sent any more.
    pub(crate) fn send_stored<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
        held: Held,
        sending: Sending,
    ) -> bool {
        let message = held.message;
        let expiry = self.messages.seconds_left(message, step.now.mono);
        let is_expired = step.now.mono >= self.messages.expires_at(message);
        // The buffer is lent out while the broker writes another one from it.
        let packet = self.messages.take_packet(message);
        let Ok(Some((Packet::Publish(publish), _))) = decode(ProtocolVersion::V5, &packet, u32::MAX) else {
            unreachable!("a stored message is an encoded PUBLISH");
        };
        let sent = if is_expired {
            // broker.md 3.5, check 98.
            self.discarded(step, key, publish.topic, DiscardRule::MessageExpiry);
            false
        } else if sending.judged == Judged::Before
            && !self.may_receive(step, connection, key, publish.topic, held.group)
        {
            false
        } else {
            let dup = sending.again && self.switches.dup_on_redelivery == DupOnRedelivery::Yes;
            let outgoing = Outgoing { packet_id: sending.packet_id, dup, retain: held.retain, expiry };
            self.send_publish(step, connection, key, &publish, outgoing)
        };
        self.messages.return_packet(message, packet);
        sent
    }

    /// Encodes a PUBLISH for one client and sends it; false if the client would not take one of its size.
    fn send_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
        publish: &Publish<'_>,
        outgoing: Outgoing,
    ) -> bool {
        let session = &self.sessions[key];
        let (version, tag) = (session.version, session.tag);
        // MQTT5-3.3.2-12: an alias that the client knows stands for the topic.
        let aliases = session.cold.as_ref().and_then(|cold| cold.aliases.as_ref());
        let alias = aliases.and_then(|aliases| aliases.outbound(publish.topic));
        let packet = Publish {
            dup: outgoing.dup,
            qos: if outgoing.packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce },
            packet_id: outgoing.packet_id,
            properties: match version {
                // broker.md check 49: a 3.1.1 subscriber sees no properties.
                ProtocolVersion::V311 => PublishProperties::default(),
                ProtocolVersion::V5 => PublishProperties {
                    message_expiry_interval: outgoing.expiry,
                    topic_alias: alias.map(|(alias, _)| alias),
                    ..publish.properties.clone()
                },
            },
            retain: outgoing.retain,
            topic: if alias.is_some_and(|(_, known)| known) { "" } else { publish.topic },
            payload: publish.payload,
        };
        if session.maximum_packet_size < u32::MAX
            && packet.encoded_len(version) > session.maximum_packet_size as usize
        {
            // MQTT5-3.1.2-24, -25.
            self.discarded(step, key, publish.topic, DiscardRule::ReceiverPacketSize);
            return false;
        }
        self.send(step, connection, |out| packet.encode(version, out));
        if alias.is_some_and(|(_, known)| !known) {
            self.assumptions.note(Decision::OutboundTopicAlias);
            if let Some(aliases) = &mut self.sessions[key].cold_mut().aliases {
                aliases.add_outbound(publish.topic);
            }
        }
        step.receipt.deliveries += 1;
        // The topic counts whether an alias stands for it or not.
        let hidden = publish.topic.len() - packet.topic.len();
        self.meter.add_message(tag, Cause::PublishOut, metered_bytes(&packet) + hidden);
        let connection = self.connections[connection].id;
        step.sink.fact(Fact::PublishOut { connection, tag, topic: publish.topic });
        true
    }

    pub(crate) fn handle_puback<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionKey,
        key: SessionKey,
        ack: &Ack<'_>,
    ) {
        // pricing.md 1.1: one unit with 3.1.1, by size of its user properties with MQTT 5.
        let tag = self.connections[connection].tag;
        let bytes = if ack.properties.user_properties.is_empty() {
            0
        } else {
            ack.properties.user_properties.text_len()
        };
        self.meter.add_message(tag, Cause::PubAckIn, bytes);
        let Some(cold) = &mut self.sessions[key].cold else { return };
        // broker.md check 50: an unknown id is ignored. An error settles the message too (MQTT5-4.4.0-2).
        if let Some(inflight) = cold.acknowledge(ack.packet_id.get()) {
            let waiting = !cold.queue.is_empty() && !cold.draining;
            self.messages.release(inflight.held.message);
            if waiting {
                self.send_waiting(step, key);
            }
        }
    }

    /// Sends what waited for room, as far as there is room now.
    pub(crate) fn send_waiting<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        loop {
            let Some(connection) = self.sessions[key].connection else { return };
            let room = self.has_room(connection, key);
            let Some(cold) = &mut self.sessions[key].cold else { return };
            if !room || cold.draining {
                return;
            }
            let Some(held) = cold.queue.pop_front() else { return };
            self.send_first_time(step, connection, key, held, Judged::Before);
        }
    }

    /// Whether more waits unsent on a connection than is allowed to (design section 2).
    pub(crate) fn is_backed_up(&self, connection: ConnectionKey) -> bool {
        self.connections[connection].unsent > self.limits.unsent_bytes_per_connection
    }
}

/// A packet id that no message in flight has (MQTT-2.3.1-4).
pub(crate) fn free_packet_id(session: &mut crate::session::Session) -> PacketId {
    loop {
        let id = PacketId::new(session.next_packet_id).unwrap_or(PacketId::MIN);
        session.next_packet_id = id.next().get();
        if session.cold.as_ref().is_none_or(|cold| !cold.uses(id.get())) {
            return id;
        }
    }
}
