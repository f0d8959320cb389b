//! PUBLISH from a client: may it come in, and who gets it.

use core::num::NonZeroU16;

use squall_codec::{Ack, Publish, ReasonCode, UserProperties};
use squall_profile::Decision;
use squall_profile::switch::{DeniedPublish, DeniedPublishV5, InvalidTopicV5, OverlappingFilters};
use squall_services::policy::Action;
use squall_services::provisioning::{Direction, FleetTopic};
use squall_types::{ProtocolVersion, QoS, validate_topic_name};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::deliver::Recipient;
use crate::fact::{DiscardRule, Fact};
use crate::input::Tag;
use crate::message::MessageKey;
use crate::meter::Cause;
use crate::output::DisconnectReason;
use crate::rate::RateVerdict;
use crate::reserved_topics::{Reached, ReservedUse, basic_ingest_topic, is_reserved, reached};
use crate::session::SessionKey;
use crate::shadows::shadow_request;
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
        if publish.qos == QoS::ExactlyOnce {
            // MQTT5-3.2.2-11, broker.md row 2.1.
            self.report_publish_refused(step, key, publish.topic);
            return self.refuse_qos2(step, key);
        }
        if !publish.properties.subscription_identifiers.is_empty() {
            // MQTT5-3.3.4-6.
            self.report_publish_refused(step, key, publish.topic);
            return self.fail(step, key, ReasonCode::ProtocolError, DisconnectReason::ClientError);
        }
        if publish.payload.len() > self.limits.payload_bytes as usize {
            // broker.md row 2.17, check 48.
            self.report_publish_refused(step, key, publish.topic);
            return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        }
        match publish.properties.topic_alias {
            None => self.accept_publish(step, key, session, version, publish),
            Some(alias) => self.handle_aliased_publish(step, key, session, version, publish, alias),
        }
    }

    /// MQTT 5 3.3.2.3.4: an alias comes with the topic that it stands for from now on, or in its place.
    fn handle_aliased_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
        alias: NonZeroU16,
    ) {
        if u32::from(alias.get()) > self.limits.topic_alias_max {
            // MQTT5-3.3.2-9, check 94.
            self.report_publish_refused(step, key, publish.topic);
            return self.fail(step, key, ReasonCode::TopicAliasInvalid, DisconnectReason::ClientError);
        }
        // Taken out while the topic is borrowed from it.
        let id = self.connections[key].id;
        let mut aliases = self.sessions[session].cold_mut().aliases.take().unwrap_or_default();
        if !publish.topic.is_empty() {
            aliases.set_inbound(alias, publish.topic);
        }
        match aliases.inbound(alias) {
            Some(topic) => {
                let mut named = Publish { topic, ..publish.clone() };
                // MQTT5-3.3.2-7: it is this connection's alone.
                named.properties.topic_alias = None;
                self.accept_publish(step, key, session, version, &named);
            }
            None => {
                // MQTT5 3.3.2.3.4: without a mapping, a protocol error.
                self.report_publish_refused(step, key, publish.topic);
                self.fail(step, key, ReasonCode::ProtocolError, DisconnectReason::ClientError);
            }
        }
        if self.is_open(key, id) {
            self.sessions[session].cold_mut().aliases = Some(aliases);
        }
    }

    /// A PUBLISH whose packet is in order: may its message come in?
    fn accept_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
    ) {
        let tag = self.connections[key].tag;
        if !self.admits_topic(step, tag, publish.topic, publish.retain) {
            return self.refuse_publish(step, key, version, publish, ReasonCode::TopicNameInvalid);
        }
        let properties = &publish.properties;
        if self.is_oversize(properties.content_type, properties.correlation_data, &properties.user_properties)
        {
            return self.refuse_publish(step, key, version, publish, ReasonCode::QuotaExceeded);
        }
        // broker.md 9.2: RETAIN asks for both.
        if !self.may_publish(step, key, session, publish.topic)
            || publish.retain && !self.may(step, key, session, Action::RetainPublish, publish.topic)
        {
            return self.deny_publish(step, key, version, publish);
        }
        let limit = self.limits.publishes_per_second_per_connection;
        let verdict = self.sessions[session].publishes.count(step.now.mono, limit);
        if let RateVerdict::Over { windows_in_a_row } = verdict {
            self.assumptions.note(Decision::PublishRate);
            let patience = self.limits.throttled_seconds_before_close;
            if patience > 0 && u32::from(windows_in_a_row) > patience {
                self.discarded(step, session, publish.topic, DiscardRule::PublishRateIn);
                return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::Throttled);
            }
            return self.discard_publish(step, key, session, version, publish, DiscardRule::PublishRateIn);
        }
        if !self.inbound_rate.take(step.now.mono) {
            self.assumptions.note(Decision::AccountPublishRate);
            let rule = DiscardRule::AccountPublishRateIn;
            return self.discard_publish(step, key, session, version, publish, rule);
        }
        let mut stored = None;
        let is_ingest = basic_ingest_topic(publish.topic).is_some();
        let fleet = fleet_request(publish.topic);
        if publish.retain && self.keep_retained(step, tag, publish, &mut stored).is_err() {
            return self.discard_publish(step, key, session, version, publish, DiscardRule::RetainedQuota);
        }
        step.sink.fact(Fact::PublishIn {
            connection: Some(self.connections[key].id),
            tag,
            topic: publish.topic,
            retain: publish.retain,
        });
        if !is_ingest {
            // broker.md 6: Basic Ingest costs no messaging and reaches no subscriber.
            self.meter.add_message(tag, Cause::PublishIn, metered_bytes(publish));
            if fleet.is_none() {
                self.route(step, Some(session), publish, &mut stored);
            }
        }
        if let Some(message) = stored {
            self.messages.release(message);
        }
        if let Some(packet_id) = publish.packet_id {
            // MQTT-2.3.1-6, MQTT-4.3.2-2; broker.md 3.3: 0x10 is not used.
            self.send_puback(step, key, version, &Ack::new(packet_id));
        }
        if let Some(topic) = fleet {
            self.handle_fleet_request(step, key, session, topic, publish);
        } else if let Some(topic) = shadow_request(publish.topic) {
            self.handle_shadow_request(step, key, session, topic, publish.payload);
        }
    }

    /// Whether a topic may be published to (`broker.md` 2.4, 6).
    pub(crate) fn admits_topic<S: Sink>(
        &self,
        step: &mut Step<'_, S>,
        tag: Tag,
        topic: &str,
        retain: bool,
    ) -> bool {
        if validate_topic_name(topic).is_err() {
            return false;
        }
        if !is_reserved(topic) {
            return self.fits_topic_limits(topic);
        }
        // Row 2.11: nothing is retained there.
        match reached(topic, ReservedUse::Publish) {
            Some(reached)
                if !retain && self.fits_topic_limits(basic_ingest_topic(topic).unwrap_or(topic)) =>
            {
                if let Reached::NotModelled(feature) = reached {
                    step.not_modelled(tag, feature);
                }
                true
            }
            _ => false,
        }
    }

    /// `broker.md` 3.2, 7.1: the sizes of MQTT 5 properties.
    pub(crate) fn is_oversize(
        &mut self,
        content_type: Option<&str>,
        correlation_data: Option<&[u8]>,
        user_properties: &UserProperties<'_>,
    ) -> bool {
        let limits = &self.limits;
        let over = content_type.is_some_and(|text| text.len() > limits.content_type_bytes as usize)
            || correlation_data.is_some_and(|bytes| bytes.len() > limits.correlation_data_bytes as usize)
            || (!user_properties.is_empty()
                && user_properties.text_len() > limits.user_properties_bytes as usize);
        if over {
            self.assumptions.note(Decision::OversizeProperty);
        }
        over
    }

    fn report_publish_refused<S: Sink>(&self, step: &mut Step<'_, S>, key: ConnectionKey, topic: &str) {
        let connection = &self.connections[key];
        let (id, tag) = (connection.id, connection.tag);
        step.sink.fact(Fact::PublishRefused { connection: Some(id), tag, topic });
    }

    /// `broker.md` 2.3, D-12: a publish to an invalid topic, or with a property that is too large, ends the connection,
    /// except for MQTT 5 at QoS 1.
    fn refuse_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
        code: ReasonCode,
    ) {
        self.report_publish_refused(step, key, publish.topic);
        match (version, publish.packet_id) {
            (ProtocolVersion::V5, Some(packet_id)) => {
                self.assumptions.note(Decision::InvalidTopicV5);
                match self.switches.invalid_topic_v5 {
                    InvalidTopicV5::PubAck => {
                        let ack = Ack::with_reason(packet_id, code);
                        self.send_puback(step, key, version, &ack);
                    }
                    InvalidTopicV5::Disconnect => {
                        self.fail(step, key, code, DisconnectReason::ClientError);
                    }
                }
            }
            _ => self.fail(step, key, code, DisconnectReason::ClientError),
        }
    }

    /// `broker.md` 0.13, 2.3, D-11: a publish that the policies do not allow ends the connection, except for MQTT 5 at
    /// QoS 1.
    fn deny_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
    ) {
        self.assumptions.note(Decision::DeniedPublish);
        if self.switches.denied_publish == DeniedPublish::Drop {
            if let Some(packet_id) = publish.packet_id {
                self.send_puback(step, key, version, &Ack::new(packet_id));
            }
            return;
        }
        if let (ProtocolVersion::V5, Some(packet_id)) = (version, publish.packet_id) {
            self.assumptions.note(Decision::DeniedPublishV5);
            if self.switches.denied_publish_v5 == DeniedPublishV5::PubAck {
                let ack = Ack::with_reason(packet_id, ReasonCode::NotAuthorized);
                return self.send_puback(step, key, version, &ack);
            }
        }
        self.fail(step, key, ReasonCode::NotAuthorized, DisconnectReason::AuthError);
    }

    /// `broker.md` 2.3, D-14: over a rate. 3.1.1 gets no PUBACK, MQTT 5 one with 0x97.
    fn discard_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        publish: &Publish<'_>,
        rule: DiscardRule,
    ) {
        self.discarded(step, session, publish.topic, rule);
        if let (ProtocolVersion::V5, Some(packet_id)) = (version, publish.packet_id) {
            let ack = Ack::with_reason(packet_id, ReasonCode::QuotaExceeded);
            self.send_puback(step, key, version, &ack);
        }
    }

    /// Gives a message to every session that is subscribed to its topic, and to one of each group. `stored` is the
    /// message in store, if somebody needed it there before.
    pub(crate) fn route<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        publisher: Option<SessionKey>,
        publish: &Publish<'_>,
        stored: &mut Option<MessageKey>,
    ) {
        if !self.rules.is_empty() {
            self.trigger_rules(step, publish);
        }
        let mut matches = std::mem::take(&mut self.matches);
        let mut groups = std::mem::take(&mut self.matched_groups);
        matches.clear();
        groups.clear();
        let filters = self.subscriptions.matches(publish.topic, &mut matches, &mut groups);
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
        for found in &matches {
            let recipient = Recipient {
                session: found.session,
                qos: found.options.qos,
                // MQTT-3.3.1-9, MQTT5-3.3.1-12, -13.
                retain: publish.retain && found.options.retain_as_published,
                group: None,
            };
            self.deliver(step, recipient, publish, stored);
        }
        for &group in &groups {
            self.deliver_shared(step, group, publish, stored);
        }
        self.matches = matches;
        self.matched_groups = groups;
    }

    /// Publishes a message of the service's own.
    pub(crate) fn publish_own<S: Sink>(&mut self, step: &mut Step<'_, S>, publish: &Publish<'_>) {
        let mut stored = None;
        self.route(step, None, publish, &mut stored);
        if let Some(stored) = stored {
            self.messages.release(stored);
        }
    }

    /// Whether somebody gets what is published to a topic: a subscriber, a group of them, or a rule.
    pub(crate) fn is_heard(&mut self, topic: &str) -> bool {
        !self.rules.is_empty() || self.subscriptions.any_matches(topic)
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

/// The request of fleet provisioning that a topic stands for. What is published there is for the service alone.
#[inline]
pub(crate) fn fleet_request(topic: &str) -> Option<FleetTopic<'_>> {
    if !is_reserved(topic) {
        return None;
    }
    FleetTopic::parse(topic).filter(|topic| topic.direction == Direction::Request)
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
