//! Shared subscriptions: one member of a group gets each message (`broker.md` 3.6).
//!
//! A message that no member can take now waits with the group, if one of them keeps a session. What a member was given
//! and never acknowledged goes back to the group when its connection ends.

use squall_codec::{Packet, Publish, decode};
use squall_types::{ProtocolVersion, Purpose, QoS, Timestamp};

use crate::broker::{Broker, Step};
use crate::deliver::{Judged, Recipient};
use crate::fact::{DiscardRule, Fact};
use crate::input::Tag;
use crate::message::MessageKey;
use crate::meter::Cause;
use crate::publish::metered_bytes;
use crate::session::{Held, SessionKey};
use crate::sink::Sink;
use crate::subscription::{GroupKey, Match, QueuedShared};
use crate::timer::TimerKind;

const SECOND: u64 = 1_000_000_000;

impl Broker {
    /// Gives a message to one member of a group, chosen at random among those that are connected.
    pub(crate) fn deliver_shared<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        group: GroupKey,
        publish: &Publish<'_>,
        stored: &mut Option<MessageKey>,
    ) {
        let needs_room = publish.qos != QoS::AtMostOnce;
        if let Some(member) = self.choose_member(step.now.mono, group, needs_room) {
            let recipient = Recipient {
                session: member.session,
                qos: member.options.qos,
                retain: publish.retain && member.options.retain_as_published,
                group: Some(group),
            };
            return self.deliver(step, recipient, publish, stored);
        }
        if publish.qos == QoS::AtMostOnce {
            // broker.md 3.6: dropped on any failure.
            return;
        }
        match self.may_store_shared(step.now.mono, group) {
            Ok(tag) => {
                let message = self.hold(step.now.mono, publish, stored);
                self.store_shared(step, group, message);
                // pricing.md 1.1: charged when stored, and again when delivered.
                self.meter.add_message(tag, Cause::Queued, metered_bytes(publish));
                let receiver = self.subscriptions.group_text(group);
                step.sink.fact(Fact::Queued { tag, receiver, topic: publish.topic });
            }
            Err((tag, rule)) => {
                let text = self.subscriptions.group_text(group);
                step.sink.fact(Fact::DiscardedShared { tag, group: text, topic: publish.topic, rule });
            }
        }
    }

    /// One of the members that are connected; with `needs_room` one whose publish rate allows another message.
    fn choose_member(&mut self, now: Timestamp, group: GroupKey, needs_room: bool) -> Option<Match> {
        let limit = self.limits.publishes_per_second_per_connection;
        let able = |session: SessionKey| {
            let session = &self.sessions[session];
            session.connection.is_some() && (!needs_room || session.publishes.has_room(now, limit))
        };
        // Two passes over a list that a quota keeps short cost less than a copy of it.
        let count = self.subscriptions.members(group).filter(|member| able(member.session)).count();
        if count == 0 {
            return None;
        }
        let held = self.subscriptions.group(group)?;
        let chosen = self.chance.below(held.owner, Purpose::SharedMember, held.draws, count as u64);
        let member =
            self.subscriptions.members(group).filter(|member| able(member.session)).nth(chosen as usize);
        self.subscriptions.group_mut(group)?.draws += 1;
        member
    }

    /// Whether a group may store one more message: under which tag, or by which rule not.
    fn may_store_shared(&mut self, now: Timestamp, group: GroupKey) -> Result<Tag, (Tag, DiscardRule)> {
        // Check 107: on only while a member keeps a session.
        let mut members = self.subscriptions.members(group);
        let Some(keeper) = members.find(|member| self.sessions[member.session].expiry_seconds > 0) else {
            return Err((self.tag_of_group(group), DiscardRule::NoMember));
        };
        let tag = self.tag_of(keeper.session);
        let stored = self.subscriptions.group(group).map_or(0, |group| group.queue.len());
        if stored >= self.limits.queued_messages_per_shared_group as usize {
            // broker.md 3.6: new messages are dropped, old ones are kept.
            return Err((tag, DiscardRule::SharedQueueFull));
        }
        if !self.queue_rate.take(now) {
            return Err((tag, DiscardRule::QueueRate));
        }
        Ok(tag)
    }

    /// Puts a message that the caller holds into a group's store; members that are connected get it in time.
    fn store_shared<S: Sink>(&mut self, step: &Step<'_, S>, group: GroupKey, message: MessageKey) {
        let now = step.now.mono;
        let Some(held) = self.subscriptions.group_mut(group) else { return self.messages.release(message) };
        held.queue.push_back(QueuedShared { message, queued_at: now });
        if self.has_member_online(group) {
            // Its members are over their rate; that of a second from now is new.
            self.arm_drain(group, now.plus_nanos(SECOND));
        }
    }

    fn has_member_online(&self, group: GroupKey) -> bool {
        self.subscriptions.members(group).any(|member| self.sessions[member.session].connection.is_some())
    }

    fn arm_drain(&mut self, group: GroupKey, at: Timestamp) {
        let Some(held) = self.subscriptions.group_mut(group) else { return };
        if !held.drain_armed {
            held.drain_armed = true;
            self.timers.set(at, TimerKind::SharedDrain, group.to_u32(), 0);
        }
    }

    /// A session came online: the groups that it is in may have something for it.
    pub(crate) fn drain_groups_of<S: Sink>(&mut self, step: &mut Step<'_, S>, session: SessionKey) {
        if self.sessions[session].shared_count == 0 {
            return;
        }
        let head = self.sessions[session].subscriptions;
        let groups: Vec<GroupKey> = self.subscriptions.groups_of(head).collect();
        for group in groups {
            self.drain_group(step, group);
        }
    }

    /// A group has a member that may take what it stores, unless the pace is kept already.
    pub(crate) fn drain_group<S: Sink>(&mut self, step: &mut Step<'_, S>, group: GroupKey) {
        if self.subscriptions.group(group).is_some_and(|held| !held.drain_armed && !held.queue.is_empty()) {
            self.on_shared_drain(step, group);
        }
    }

    /// Sends each connected member one stored message (`broker.md` 3.6: at most 20 a second for each).
    pub(crate) fn on_shared_drain<S: Sink>(&mut self, step: &mut Step<'_, S>, group: GroupKey) {
        let now = step.now.mono;
        let Some(held) = self.subscriptions.group_mut(group) else { return };
        held.drain_armed = false;
        let limit = self.limits.publishes_per_second_per_connection;
        let mut online = false;
        let mut sent = false;
        let mut members = std::mem::take(&mut self.members);
        members.clear();
        members.extend(self.subscriptions.members(group));
        for member in &members {
            let Some(connection) = self.sessions[member.session].connection else { continue };
            online = true;
            if !self.sessions[member.session].publishes.has_room(now, limit)
                || !self.has_room(connection, member.session)
                // broker.md 7.1: deliveries to clients count in the rate of the account.
                || !self.outbound_rate.has_token(now)
            {
                continue;
            }
            let Some(message) = self.pop_shared(step, group) else { break };
            self.outbound_rate.take(now);
            self.sessions[member.session].publishes.count(now, limit);
            sent = true;
            if member.options.qos == QoS::AtMostOnce {
                let held = Held { message, retain: false, group: Some(group) };
                self.send_stored_qos0(step, connection, member.session, held);
                self.messages.release(message);
            } else {
                let retain = member.options.retain_as_published && self.messages.is_retained(message);
                let held = Held { message, retain, group: Some(group) };
                self.send_first_time(step, connection, member.session, held, Judged::Before);
            }
        }
        self.members = members;
        let waiting = self.subscriptions.group(group).is_some_and(|held| !held.queue.is_empty());
        if waiting && online {
            let pace = SECOND / u64::from(self.limits.shared_drained_messages_per_second.max(1));
            // Members that can take nothing now are asked again in a second.
            self.arm_drain(group, now.plus_nanos(if sent { pace.max(1) } else { SECOND }));
        }
    }

    /// The next message of a group's store that is not too old.
    fn pop_shared<S: Sink>(&mut self, step: &mut Step<'_, S>, group: GroupKey) -> Option<MessageKey> {
        let now = step.now.mono;
        loop {
            let queued = self.subscriptions.group_mut(group)?.queue.pop_front()?;
            let expires_at = self.messages.expires_at(queued.message);
            // broker.md 3.6: the session's period holds unless the message has an expiry of its own.
            let kept_until = match expires_at {
                Timestamp::MAX => queued.queued_at.plus_nanos(u64::from(self.account_expiry()) * SECOND),
                at => at,
            };
            if now < kept_until {
                return Some(queued.message);
            }
            let rule = match expires_at {
                Timestamp::MAX => DiscardRule::SharedRetention,
                _ => DiscardRule::MessageExpiry,
            };
            self.discard_shared(step, group, queued.message, rule);
        }
    }

    /// The tag of a group's first member.
    fn tag_of_group(&self, group: GroupKey) -> Tag {
        self.subscriptions.members(group).next().map_or(Tag(0), |member| self.tag_of(member.session))
    }

    /// Declares a message that the caller held lost to a group, and lets go of it.
    fn discard_shared<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        group: GroupKey,
        message: MessageKey,
        rule: DiscardRule,
    ) {
        let tag = self.tag_of_group(group);
        let packet = self.messages.take_packet(message);
        if let Ok(Some((Packet::Publish(publish), _))) = decode(ProtocolVersion::V5, &packet, u32::MAX) {
            let text = self.subscriptions.group_text(group);
            step.sink.fact(Fact::DiscardedShared { tag, group: text, topic: publish.topic, rule });
        }
        self.messages.return_packet(message, packet);
        self.messages.release(message);
    }

    /// A member's connection ended: what it was given through groups goes back to them, in its old order.
    pub(crate) fn return_shared<S: Sink>(&mut self, step: &mut Step<'_, S>, session: SessionKey) {
        let Some(cold) = &mut self.sessions[session].cold else { return };
        if cold.held().all(|held| held.group.is_none()) {
            return;
        }
        // What came through a group that is no more stays with the session.
        let groups = &self.subscriptions;
        let returns = |held: &Held| held.group.is_some_and(|group| groups.group(group).is_some());
        let returned: Vec<Held> = cold.held().filter(returns).collect();
        cold.inflight.retain(|inflight| !returns(&inflight.held));
        cold.queue.retain(|held| !returns(held));
        for held in returned.into_iter().rev() {
            self.return_to_group(step, held);
        }
    }

    fn return_to_group<S: Sink>(&mut self, step: &mut Step<'_, S>, held: Held) {
        let now = step.now.mono;
        let Some(key) = held.group else { return };
        let online = self.has_member_online(key);
        let kept = online
            || self.subscriptions.members(key).any(|member| self.sessions[member.session].expiry_seconds > 0);
        if !kept {
            return self.discard_shared(step, key, held.message, DiscardRule::NoMember);
        }
        if let Some(group) = self.subscriptions.group_mut(key) {
            group.queue.push_front(QueuedShared { message: held.message, queued_at: now });
        }
        if online {
            self.arm_drain(key, now);
        }
    }
}
