//! SUBSCRIBE and UNSUBSCRIBE.

use squall_codec::{ReasonCode, SubAck, Subscribe, SubscriptionOptions, UnsubAck, Unsubscribe};
use squall_profile::Decision;
use squall_profile::switch::{
    DeniedSubscribeV311, Qos2, SubscriptionOptionsSwitch, SubscriptionsExcess, TooManyFilters,
};
use squall_services::policy::Action;
use squall_types::{ProtocolVersion, QoS, split_shared, validate_topic_filter};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::fact::{Fact, SubscribeRefusal};
use crate::lifecycle::Detail;
use crate::meter::Cause;
use crate::output::DisconnectReason;
use crate::rate::RateVerdict;
use crate::reserved_topics::{Reached, ReservedUse, is_reserved, reached};
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::subscription::{GroupKey, SubscribeOptions};

/// `broker.md` 2.4: the longest share name.
const SHARE_NAME_CHARACTERS: usize = 128;

/// What became of one filter of a SUBSCRIBE.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Granted {
    code: ReasonCode,
    is_new: bool,
    over_connection_limit: bool,
}

impl Granted {
    const fn refused(code: ReasonCode) -> Self {
        Self { code, is_new: false, over_connection_limit: false }
    }
}

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
        if self.is_oversize(None, None, &subscribe.properties.user_properties) {
            return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        }
        let too_many = filters > self.limits.filters_per_subscribe as usize;
        if too_many {
            // broker.md 2.3, D-13.
            self.assumptions.note(Decision::TooManyFilters);
            if self.switches.too_many_filters == TooManyFilters::Close {
                return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
            }
        } else if version == ProtocolVersion::V311
            // A filter that is none ends a 3.1.1 connection (MQTT-4.7.1-2, -3; broker.md 2.3).
            && subscribe.filters.iter().any(|(filter, _)| validate_topic_filter(filter).is_err())
        {
            return self.close(step, key, DisconnectReason::ClientError);
        }
        let tag = self.connections[key].tag;
        let id = self.connections[key].id;
        let mut granted = std::mem::take(&mut self.granted);
        granted.clear();
        let mut denied = false;
        let mut bytes = subscribe.properties.user_properties.text_len();
        for (filter, options) in subscribe.filters.iter() {
            bytes += filter.len();
            let one = if too_many {
                Granted::refused(ReasonCode::QuotaExceeded)
            } else {
                self.subscribe_filter(step, key, session, filter, options)
            };
            let refused = |why| Fact::SubscribeRefused { connection: id, tag, filter, why };
            step.sink.fact(match one.code {
                code if !code.is_error() => Fact::Subscribed { connection: id, tag, filter },
                ReasonCode::QuotaExceeded => refused(SubscribeRefusal::Throttled),
                ReasonCode::NotAuthorized => refused(SubscribeRefusal::NotAuthorized),
                _ => refused(SubscribeRefusal::ClientError),
            });
            denied |= one.code == ReasonCode::NotAuthorized;
            granted.push(one);
        }
        // pricing.md 1.1: by the text of the filters and MQTT 5 user properties.
        self.meter.add_message(tag, Cause::Subscribe, bytes);
        let ends = self.switches.subscriptions_excess == SubscriptionsExcess::Close
            && granted.iter().any(|one| one.over_connection_limit);
        if ends {
            self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        } else if denied && self.closes_on_denied_subscribe(version) {
            self.close(step, key, DisconnectReason::AuthError);
        } else {
            self.answer_subscribe(step, key, version, subscribe, &granted);
            let topics = subscribe.filters.iter().zip(&granted);
            let topics = topics.filter(|(_, one)| !one.code.is_error()).map(|((filter, _), _)| filter);
            if topics.clone().next().is_some() {
                self.announce(step, key, session, Detail::Subscribed { topics });
            }
            for ((filter, options), one) in subscribe.filters.iter().zip(&granted) {
                if !one.code.is_error() && self.is_open(key, id) {
                    self.on_subscribed(step, session, filter, options, one.is_new);
                }
            }
        }
        self.granted = granted;
    }

    /// `broker.md` 0.14, D-03: 3.1.1 has one code for every failure, or none.
    fn closes_on_denied_subscribe(&mut self, version: ProtocolVersion) -> bool {
        if version != ProtocolVersion::V311 {
            return false;
        }
        self.assumptions.note(Decision::DeniedSubscribeV311);
        self.switches.denied_subscribe_v311 == DeniedSubscribeV311::Close
    }

    fn answer_subscribe<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        version: ProtocolVersion,
        subscribe: &Subscribe<'_>,
        granted: &[Granted],
    ) {
        let mut codes = std::mem::take(&mut self.codes);
        codes.clear();
        codes.extend(granted.iter().map(|one| match version {
            // 3.1.1 knows one failure (MQTT-3.9.3-2).
            ProtocolVersion::V311 if one.code.is_error() => ReasonCode::UnspecifiedError,
            _ => one.code,
        }));
        let suback = SubAck::new(subscribe.packet_id, &codes);
        self.send(step, key, |packet| suback.encode(version, packet));
        self.codes = codes;
    }

    /// What a granted filter brings at once: retained messages, or what its group stores (check 75: not both).
    fn on_subscribed<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        session: SessionKey,
        filter: &str,
        options: SubscriptionOptions,
        is_new: bool,
    ) {
        match self.subscriptions.find_group(filter) {
            Some(group) => self.drain_group(step, group),
            None => self.send_retained(step, session, filter, options, is_new),
        }
    }

    fn subscribe_filter<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        filter: &str,
        options: SubscriptionOptions,
    ) -> Granted {
        if validate_topic_filter(filter).is_err() {
            return Granted::refused(ReasonCode::TopicFilterInvalid);
        }
        let shared = split_shared(filter).and_then(Result::ok);
        let plain = shared.map_or(filter, |shared| shared.filter);
        if is_reserved(plain) {
            // broker.md 2.3, 6: 0x8F where nobody may subscribe.
            match reached(plain, ReservedUse::Subscribe) {
                Some(Reached::Served) => {}
                Some(Reached::NotModelled(feature)) => {
                    step.not_modelled(self.connections[key].tag, feature);
                }
                None => return Granted::refused(ReasonCode::TopicFilterInvalid),
            }
        }
        // broker.md 2.4: what stands before a shared filter does not count.
        let name_fits = shared.is_none_or(|shared| shared.name.chars().count() <= SHARE_NAME_CHARACTERS);
        if !self.fits_topic_limits(plain) || !name_fits {
            return Granted::refused(ReasonCode::TopicFilterInvalid);
        }
        // broker.md 2.3, 9.5: by the text of the filter, shared or not.
        if !self.may(step, key, session, Action::Subscribe, filter) {
            return Granted::refused(ReasonCode::NotAuthorized);
        }
        if !self.subscribe_rate.take(step.now.mono) {
            // broker.md 0.6, 7.1: each filter counts.
            return Granted::refused(ReasonCode::QuotaExceeded);
        }
        let is_new = !self.subscriptions.holds(self.sessions[session].subscriptions, filter);
        if is_new && let Err(refused) = self.judge_new_subscription(session) {
            return refused;
        }
        let makes_group = shared.is_some() && self.subscriptions.find_group(filter).is_none();
        if shared.is_some() && !self.admits_to_group(step, filter, is_new) {
            return Granted::refused(ReasonCode::QuotaExceeded);
        }
        let honoured = self.switches.subscription_options == SubscriptionOptionsSwitch::Honour;
        if options.no_local || options.retain_as_published {
            self.assumptions.note(Decision::SubscriptionOptions);
        }
        let held = &mut self.sessions[session];
        let kept = SubscribeOptions {
            qos: options.qos,
            no_local: options.no_local && honoured,
            retain_as_published: options.retain_as_published && honoured,
        };
        if self.subscriptions.subscribe(&mut held.subscriptions, session, filter, kept) {
            held.subscription_count += 1;
            held.shared_count += u16::from(shared.is_some());
        }
        if makes_group && let Some(group) = self.subscriptions.find_group(filter) {
            // The request that makes a group is its first.
            self.counts_group_request(step, group);
        }
        Granted { code: ReasonCode::granted(options.qos), is_new, over_connection_limit: false }
    }

    /// `broker.md` 7.1: subscriptions of one connection and of the account.
    fn judge_new_subscription(&mut self, session: SessionKey) -> Result<(), Granted> {
        let most = self.limits.subscriptions_per_connection.min(u16::MAX.into());
        if u32::from(self.sessions[session].subscription_count) >= most {
            // broker.md 0.1, checks 66 and 67.
            self.assumptions.note(Decision::SubscriptionsExcess);
            return Err(Granted {
                over_connection_limit: true,
                ..Granted::refused(ReasonCode::QuotaExceeded)
            });
        }
        if self.subscriptions.len() >= self.limits.subscriptions as usize {
            return Err(Granted::refused(ReasonCode::QuotaExceeded));
        }
        Ok(())
    }

    /// `broker.md` 3.6, 7.1: how many groups there are, how many members a group has and how often it is asked.
    fn admits_to_group<S: Sink>(&mut self, step: &Step<'_, S>, filter: &str, is_new: bool) -> bool {
        let Some(group) = self.subscriptions.find_group(filter) else {
            return self.subscriptions.groups() < self.limits.shared_groups as usize;
        };
        self.counts_group_request(step, group)
            && (!is_new
                || self.subscriptions.members(group).count()
                    < self.limits.shared_subscriptions_per_group as usize)
    }

    /// Counts a request for a group; false if it is over the rate.
    fn counts_group_request<S: Sink>(&mut self, step: &Step<'_, S>, group: GroupKey) -> bool {
        let limit = self.limits.shared_subscribes_per_second_per_group;
        self.subscriptions
            .group_mut(group)
            .is_none_or(|group| group.requests.count(step.now.mono, limit) == RateVerdict::Within)
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
        if self.is_oversize(None, None, &unsubscribe.user_properties) {
            return self.fail(step, key, ReasonCode::QuotaExceeded, DisconnectReason::ClientError);
        }
        if version == ProtocolVersion::V311
            && unsubscribe.filters.iter().any(|filter| validate_topic_filter(filter).is_err())
        {
            // As in SUBSCRIBE: a filter that is none ends a 3.1.1 connection (MQTT-4.7.3-1).
            return self.close(step, key, DisconnectReason::ClientError);
        }
        let mut codes = std::mem::take(&mut self.codes);
        codes.clear();
        for filter in unsubscribe.filters.iter() {
            step.receipt.filters += 1;
            codes.push(self.unsubscribe_filter(step, key, session, filter));
        }
        self.release_orphans();
        // 3.1.1 has no codes.
        let shown = if version == ProtocolVersion::V311 { &[] } else { &*codes };
        let unsuback = UnsubAck::new(unsubscribe.packet_id, shown);
        self.send(step, key, |packet| unsuback.encode(version, packet));
        let topics = unsubscribe.filters.iter().zip(&codes);
        let topics = topics.filter(|(_, code)| !code.is_error()).map(|(filter, _)| filter);
        if topics.clone().next().is_some() {
            self.announce(step, key, session, Detail::Unsubscribed { topics });
        }
        self.codes = codes;
    }

    fn unsubscribe_filter<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        filter: &str,
    ) -> ReasonCode {
        if validate_topic_filter(filter).is_err() {
            // broker.md 3.3.
            return ReasonCode::TopicFilterInvalid;
        }
        let is_shared = split_shared(filter).is_some();
        if is_shared
            && let Some(group) = self.subscriptions.find_group(filter)
            && !self.counts_group_request(step, group)
        {
            // broker.md 3.3: UNSUBACK has no 0x97.
            return ReasonCode::UnspecifiedError;
        }
        let held = &mut self.sessions[session];
        if self.subscriptions.unsubscribe(&mut held.subscriptions, filter) {
            held.subscription_count -= 1;
            held.shared_count -= u16::from(is_shared);
            let (connection, tag) = (self.connections[key].id, self.connections[key].tag);
            step.sink.fact(Fact::Unsubscribed { connection, tag, filter });
        }
        // broker.md 3.3: 0x11 is not among the codes that the service sends (check 69).
        ReasonCode::Success
    }

    /// Lets go of what groups held that are no more.
    pub(crate) fn release_orphans(&mut self) {
        while let Some(message) = self.subscriptions.pop_orphan() {
            self.messages.release(message);
        }
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
