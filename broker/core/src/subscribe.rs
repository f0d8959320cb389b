//! SUBSCRIBE and UNSUBSCRIBE.

use squall_codec::{ReasonCode, SubAck, Subscribe, SubscriptionOptions, UnsubAck, Unsubscribe};
use squall_profile::Decision;
use squall_profile::switch::{Qos2, SubscriptionOptionsSwitch, TooManyFilters};
use squall_types::{ProtocolVersion, QoS, split_shared, validate_topic_filter};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::fact::Feature;
use crate::input::Tag;
use crate::meter::Cause;
use crate::output::DisconnectReason;
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::subscription::SubscribeOptions;

impl Broker {
    pub(crate) fn handle_subscribe<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        subscribe: &Subscribe<'_>,
    ) {
        let filters = subscribe.filters.iter().count();
        step.receipt.filters += filters as u32;
        step.receipt.others += 1;
        if subscribe.properties.subscription_identifier.is_some() {
            // broker.md 3.1.
            let code = ReasonCode::SubscriptionIdentifiersNotSupported;
            return self.fail(step, key, code, DisconnectReason::ClientError);
        }
        if subscribe.filters.iter().any(|(_, options)| options.qos == QoS::ExactlyOnce) {
            // broker.md row 2.1: no SUBACK.
            return self.refuse_qos2(step, key);
        }
        let mut codes = Vec::with_capacity(filters);
        if filters > self.limits.filters_per_subscribe as usize {
            // broker.md 2.3, D-13.
            self.assumptions.note(Decision::TooManyFilters);
            match self.switches.too_many_filters {
                TooManyFilters::Close => {
                    return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
                }
                TooManyFilters::SubAckFailure => codes.resize(filters, ReasonCode::QuotaExceeded),
            }
        } else {
            let tag = self.connections[key].tag;
            let mut bytes = subscribe.properties.user_properties.text_len();
            for (filter, options) in subscribe.filters.iter() {
                bytes += filter.len();
                match self.subscribe_filter(step, tag, session, filter, options) {
                    // A filter that is none ends a 3.1.1 connection (MQTT-4.7.1-2, -3; broker.md 2.3).
                    ReasonCode::TopicFilterInvalid
                        if version == ProtocolVersion::V311 && validate_topic_filter(filter).is_err() =>
                    {
                        return self.close(step, key, DisconnectReason::ClientError);
                    }
                    code => codes.push(code),
                }
            }
            // pricing.md 1.1: by the text of the filters and MQTT 5 user properties.
            self.meter.add_message(tag, Cause::Subscribe, bytes);
        }
        if version == ProtocolVersion::V311 {
            // 3.1.1 knows one failure (MQTT-3.9.3-2).
            for code in codes.iter_mut().filter(|code| code.is_error()) {
                *code = ReasonCode::UnspecifiedError;
            }
        }
        let suback = SubAck::new(subscribe.packet_id, &codes);
        self.send(step, key, |packet| suback.encode(version, packet));
    }

    fn subscribe_filter<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        session: SessionKey,
        filter: &str,
        options: SubscriptionOptions,
    ) -> ReasonCode {
        if validate_topic_filter(filter).is_err() {
            return ReasonCode::TopicFilterInvalid;
        }
        if split_shared(filter).is_some() {
            step.not_modelled(tag, Feature::SharedSubscription);
            return ReasonCode::SharedSubscriptionsNotSupported;
        }
        if filter.starts_with('$') {
            // broker.md 2.3: 0x8F for unknown '$' spaces; the known ones come with their services.
            step.not_modelled(tag, Feature::ReservedTopic);
            return ReasonCode::TopicFilterInvalid;
        }
        if !self.fits_topic_limits(filter) {
            // broker.md 2.4.
            return ReasonCode::TopicFilterInvalid;
        }
        let held = &mut self.sessions[session];
        let is_new = !self.subscriptions.holds(held.subscriptions, filter);
        let most = self.limits.subscriptions_per_connection.min(u16::MAX.into());
        if is_new && u32::from(held.subscription_count) >= most {
            // broker.md 0.1, check 66.
            return ReasonCode::QuotaExceeded;
        }
        let honoured = self.switches.subscription_options == SubscriptionOptionsSwitch::Honour;
        if options.no_local {
            self.assumptions.note(Decision::SubscriptionOptions);
        }
        let options = SubscribeOptions { qos: options.qos, no_local: options.no_local && honoured };
        if self.subscriptions.subscribe(&mut held.subscriptions, session, filter, options) {
            held.subscription_count += 1;
        }
        ReasonCode::granted(options.qos)
    }

    pub(crate) fn handle_unsubscribe<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        version: ProtocolVersion,
        unsubscribe: &Unsubscribe<'_>,
    ) {
        step.receipt.others += 1;
        let held = &mut self.sessions[session];
        let mut codes = Vec::new();
        for filter in unsubscribe.filters.iter() {
            step.receipt.filters += 1;
            if self.subscriptions.unsubscribe(&mut held.subscriptions, filter) {
                held.subscription_count -= 1;
            }
            // broker.md 3.3: 0x11 is not among the codes that the service sends (check 69).
            codes.push(ReasonCode::Success);
        }
        if version == ProtocolVersion::V311 {
            codes.clear();
        }
        let unsuback = UnsubAck::new(unsubscribe.packet_id, &codes);
        self.send(step, key, |packet| unsuback.encode(version, packet));
    }

    /// `broker.md` 2.4: length and depth of a topic name or of a filter that is not shared.
    pub(crate) fn fits_topic_limits(&self, text: &str) -> bool {
        let slashes = text.bytes().filter(|&byte| byte == b'/').count();
        // A longer text has no bytes on the wire, whatever a profile allows.
        let most = self.limits.topic_bytes.min(u16::MAX.into()) as usize;
        text.len() <= most && slashes <= self.limits.topic_slashes as usize
    }

    /// `broker.md` row 2.1, D-07: QoS 2 is never acknowledged.
    pub(crate) fn refuse_qos2<S: Sink>(&mut self, step: &mut Step<'_, S>, key: ConnectionKey) {
        self.assumptions.note(Decision::Qos2);
        match self.switches.qos2 {
            Qos2::Close => self.fail(step, key, ReasonCode::QosNotSupported, DisconnectReason::ClientError),
            Qos2::Ignore => {}
        }
    }
}
