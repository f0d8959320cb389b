//! PUBLISH from a client or a caller: may it come in, and who gets it.

use squall_codec::{Ack, PacketId, Publish, ReasonCode};
use squall_profile::Decision;
use squall_profile::switch::{InvalidTopicV5, OverlappingFilters};
use squall_types::{ProtocolVersion, QoS, validate_topic_name};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::fact::{DiscardRule, Fact, Feature};
use crate::input::{Caller, Tag};
use crate::meter::Cause;
use crate::output::DisconnectReason;
use crate::rate::RateVerdict;
use crate::request::{Call, InvalidRequest, Reply};
use crate::session::SessionKey;
use crate::sink::Sink;

impl Broker {
    pub(crate) fn handle_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
    ) {
        let tag = self.connections[key].tag;
        if publish.qos == QoS::ExactlyOnce {
            // MQTT5-3.2.2-11, broker.md row 2.1.
            return self.refuse_qos2(step, key);
        }
        if publish.retain {
            // MQTT5-3.2.2-14: Retain Available is announced as 0 until retained messages are modelled.
            step.not_modelled(tag, Feature::RetainedMessage);
            return self.fail(step, key, ReasonCode::RetainNotSupported, DisconnectReason::ServerError);
        }
        if publish.properties.topic_alias.is_some() {
            // MQTT5-3.2.2-18: no Topic Alias Maximum is announced until aliases are modelled.
            step.not_modelled(tag, Feature::TopicAlias);
            return self.fail(step, key, ReasonCode::TopicAliasInvalid, DisconnectReason::ServerError);
        }
        if !publish.properties.subscription_identifiers.is_empty() {
            // MQTT5-3.3.4-6.
            return self.fail(step, key, ReasonCode::ProtocolError, DisconnectReason::ClientError);
        }
        if publish.payload.len() > self.limits.payload_bytes as usize {
            // broker.md row 2.17, check 48.
            return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        }
        if publish.topic.starts_with('$') {
            step.not_modelled(tag, Feature::ReservedTopic);
            return self.refuse_topic(step, key, version, publish);
        }
        if validate_topic_name(publish.topic).is_err() || !self.fits_topic_limits(publish.topic) {
            return self.refuse_topic(step, key, version, publish);
        }
        let limit = self.limits.publishes_per_second_per_connection;
        let verdict = self.sessions[session].publishes.count(step.now.mono, limit);
        if let RateVerdict::Over { windows_in_a_row } = verdict {
            return self.discard_publish(step, key, session, version, publish, windows_in_a_row);
        }
        self.meter.add_message(tag, Cause::PublishIn, metered_bytes(publish));
        step.sink.fact(Fact::PublishIn { tag });
        self.route(step, Some(session), publish);
        if let Some(packet_id) = publish.packet_id {
            // MQTT-2.3.1-6, MQTT-4.3.2-2; broker.md 3.3: 0x10 is not used.
            self.send_puback(step, key, version, &Ack::new(packet_id));
        }
    }

    /// `broker.md` 2.3, D-12: an invalid topic ends the connection, except for MQTT 5 at QoS 1.
    fn refuse_topic<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
    ) {
        match (version, publish.packet_id) {
            (ProtocolVersion::V5, Some(packet_id)) => {
                self.assumptions.note(Decision::InvalidTopicV5);
                match self.switches.invalid_topic_v5 {
                    InvalidTopicV5::PubAck => {
                        let ack = Ack::with_reason(packet_id, ReasonCode::TopicNameInvalid);
                        self.send_puback(step, key, version, &ack);
                    }
                    InvalidTopicV5::Disconnect => {
                        self.fail(step, key, ReasonCode::TopicNameInvalid, DisconnectReason::ClientError);
                    }
                }
            }
            _ => self.fail(step, key, ReasonCode::TopicNameInvalid, DisconnectReason::ClientError),
        }
    }

    /// `broker.md` 2.3, D-14: over the connection's publish rate. 3.1.1 gets no PUBACK, MQTT 5 one with 0x97; many
    /// seconds of it end the connection.
    fn discard_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
        windows_in_a_row: u16,
    ) {
        self.assumptions.note(Decision::PublishRate);
        self.discarded(step, session, publish.topic, DiscardRule::PublishRateIn);
        let patience = self.limits.throttled_seconds_before_close;
        if patience > 0 && u32::from(windows_in_a_row) > patience {
            return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::Throttled);
        }
        if let (ProtocolVersion::V5, Some(packet_id)) = (version, publish.packet_id) {
            let ack = Ack::with_reason(packet_id, ReasonCode::QuotaExceeded);
            self.send_puback(step, key, version, &ack);
        }
    }

    pub(crate) fn handle_call<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        caller: Caller,
        call: Call<'_>,
    ) -> Reply {
        let Caller::Account { tag } = caller;
        let Call::Publish { topic, payload, qos } = call;
        // broker.md 1.3: an HTTPS publish; pricing.md 1.1 meters its body and the body of the answer.
        self.meter.add_message(tag, Cause::HttpRequest, payload.len());
        self.meter.add_message(tag, Cause::HttpResponse, 0);
        if qos == QoS::ExactlyOnce {
            return Reply::InvalidRequest(InvalidRequest::QoS);
        }
        if payload.len() > self.limits.payload_bytes as usize {
            return Reply::InvalidRequest(InvalidRequest::Payload);
        }
        if topic.starts_with('$') {
            step.not_modelled(tag, Feature::ReservedTopic);
            return Reply::InvalidRequest(InvalidRequest::Topic);
        }
        if validate_topic_name(topic).is_err() || !self.fits_topic_limits(topic) {
            return Reply::InvalidRequest(InvalidRequest::Topic);
        }
        step.receipt.publishes += 1;
        step.sink.fact(Fact::PublishIn { tag });
        let packet_id = (qos == QoS::AtLeastOnce).then_some(PacketId::MIN);
        self.route(step, None, &Publish { qos, packet_id, ..Publish::new(topic, payload) });
        Reply::Ok
    }

    /// Gives a message to every session that is subscribed to its topic.
    fn route<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        publisher: Option<SessionKey>,
        publish: &Publish<'_>,
    ) {
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        let filters = self.subscriptions.matches(publish.topic, &mut matches);
        // MQTT5-3.8.3-3: No Local is a subscription's, so another filter of the publisher's may still want a copy.
        matches.retain(|found| !found.options.no_local || publisher != Some(found.session));
        if filters > 1 && self.switches.overlapping_filters == OverlappingFilters::OneCopy {
            // MQTT-3.3.5-1: one copy at the highest granted QoS.
            let copies = matches.len();
            matches.sort_unstable_by_key(|found| (found.session, core::cmp::Reverse(found.options.qos)));
            matches.dedup_by_key(|found| found.session);
            if matches.len() < copies {
                self.assumptions.note(Decision::OverlappingFilters);
            }
        }
        let mut stored = None;
        for found in &matches {
            self.deliver(step, *found, publish, &mut stored);
        }
        if let Some(message) = stored {
            self.messages.release(message);
        }
        self.matches = matches;
    }

    /// A message was lost to a session under a rule of the service.
    pub(crate) fn discarded<S: Sink>(
        &self,
        step: &mut Step<'_, S>,
        session: SessionKey,
        topic: &str,
        rule: DiscardRule,
    ) {
        let session = &self.sessions[session];
        step.sink.fact(Fact::Discarded {
            tag: session.tag,
            client_id: session.client_id.as_str(),
            topic,
            rule,
        });
    }

    /// The session whose timer or packet this is, by its tag.
    pub(crate) fn tag_of(&self, session: SessionKey) -> Tag {
        self.sessions[session].tag
    }
}

/// What a PUBLISH is metered by (`pricing.md` 1.1): payload and topic, and with MQTT 5 user properties, response
/// topic, correlation data and content type.
pub(crate) fn metered_bytes(publish: &Publish<'_>) -> usize {
    let properties = &publish.properties;
    publish.payload.len()
        + publish.topic.len()
        + properties.response_topic.map_or(0, str::len)
        + properties.correlation_data.map_or(0, <[u8]>::len)
        + properties.content_type.map_or(0, str::len)
        + if properties.user_properties.is_empty() { 0 } else { properties.user_properties.text_len() }
}
