//! Retained messages: the last message of a topic, for whoever subscribes later.

mod store;

use squall_codec::{Packet, Publish, RetainHandling, SubscriptionOptions, decode};
use squall_profile::Decision;
use squall_profile::switch::{RetainedOnSubscribe, SubscriptionOptionsSwitch};
use squall_types::{ProtocolVersion, Timestamp};

pub(crate) use self::store::RetainedMessages;
use self::store::{Refused, RetainedKey};
use crate::broker::{Broker, Step};
use crate::deliver::Recipient;
use crate::fact::Fact;
use crate::input::Tag;
use crate::message::MessageKey;
use crate::meter::Cause;
use crate::publish::metered_bytes;
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::timer::TimerKind;

/// A retained publish is over a quota.
pub(crate) struct OverQuota;

const DAY: u64 = 86_400_000_000_000;

impl Broker {
    /// Takes a publish with RETAIN: it replaces, or with an empty payload deletes, the message of its topic
    /// (MQTT-3.3.1-5, -10, -11).
    pub(crate) fn keep_retained<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        publish: &Publish<'_>,
        stored: &mut Option<MessageKey>,
    ) -> Result<(), OverQuota> {
        let now = step.now.mono;
        let per_topic = self.limits.retained_publishes_per_second_per_topic;
        let is_delete = publish.payload.is_empty();
        let most = if is_delete { u32::MAX } else { self.limits.retained_messages };
        let admitted = self.retained.admit(now, publish.topic, per_topic, most);
        self.arm_retained(admitted.key);
        // broker.md 2.3, checks 80 and 81.
        if admitted.refused == Some(Refused::Rate)
            || !self.retained_rate.take(now)
            || admitted.refused == Some(Refused::Full)
        {
            self.assumptions.note(Decision::RetainedRate);
            return Err(OverQuota);
        }
        let message = (!is_delete).then(|| (self.hold(now, publish, stored), publish.qos));
        let expires_at = message
            .map_or(Timestamp::MAX, |(message, _)| self.messages.expires_at(message))
            .min(self.too_old(now));
        if let Some(replaced) = self.retained.replace(admitted.key, message, now, expires_at) {
            self.messages.release(replaced);
        }
        self.arm_retained(admitted.key);
        // pricing.md P36: a unit on top of the PUBLISH itself.
        self.meter.add_message(tag, Cause::Retained, metered_bytes(publish));
        step.sink.fact(Fact::PublishRetained { tag });
        Ok(())
    }

    /// `broker.md` 0.18.
    fn too_old(&mut self, now: Timestamp) -> Timestamp {
        self.assumptions.note(Decision::RetainedAge);
        match self.limits.retained_days {
            0 => Timestamp::MAX,
            days => now.plus_nanos(u64::from(days) * DAY),
        }
    }

    fn arm_retained(&mut self, key: RetainedKey) {
        if let Some((at, generation)) = self.retained.wants_timer(key) {
            self.timers.set(at, TimerKind::Retained, key.0, generation);
        }
    }

    /// A retained message may have expired, or a topic without one need no more be remembered.
    pub(crate) fn on_retained(&mut self, now: Timestamp, key: u32, generation: u32) {
        let key = RetainedKey(key);
        if let Some(message) = self.retained.on_timer(now, key, generation) {
            self.messages.release(message);
        }
        self.arm_retained(key);
    }

    /// Sends a new subscription what is retained for it (MQTT-3.3.1-6 as far as `broker.md` row 2.9 has it).
    pub(crate) fn send_retained<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        session: SessionKey,
        filter: &str,
        options: SubscriptionOptions,
        is_new: bool,
    ) {
        if self.retained.is_empty() {
            return;
        }
        if self.switches.subscription_options == SubscriptionOptionsSwitch::Honour {
            if options.retain_handling != RetainHandling::SendAtSubscribe {
                self.assumptions.note(Decision::SubscriptionOptions);
            }
            match options.retain_handling {
                RetainHandling::SendAtSubscribe => {}
                RetainHandling::SendIfNew if is_new => {}
                RetainHandling::SendIfNew | RetainHandling::DoNotSend => return,
            }
        }
        let wild = filter.contains(['+', '#']);
        if wild {
            self.assumptions.note(Decision::RetainedOnSubscribe);
        }
        let mut found = std::mem::take(&mut self.found_retained);
        found.clear();
        if !wild {
            found.extend(self.retained.find(step.now.mono, filter));
        } else if self.switches.retained_on_subscribe == RetainedOnSubscribe::Oasis {
            let parent = self.subscriptions.hash_matches_parent();
            self.retained.matching(step.now.mono, filter, parent, &mut found);
        }
        for &(message, qos) in &found {
            // The delivery may need the message's own buffer, so this works on a copy.
            let mut packet = std::mem::take(&mut self.copy);
            self.messages.copy_packet(message, &mut packet);
            let Ok(Some((Packet::Publish(publish), _))) = decode(ProtocolVersion::V5, &packet, u32::MAX)
            else {
                unreachable!("a stored message is an encoded PUBLISH");
            };
            let publish = Publish { qos, ..publish };
            let left = self.messages.seconds_left(message, step.now.mono);
            let recipient = Recipient { session, qos: options.qos, retain: true, group: None };
            self.deliver_aged(step, recipient, &publish, left, &mut Some(message));
            self.copy = packet;
        }
        self.found_retained = found;
    }
}
