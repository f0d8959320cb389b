//! Who is subscribed to what.
//!
//! ```text
//! topic ── one look-up by text ──> filter without wildcards ┐
//!       └─ trie of interned levels ──> filters with them    ├──> subscriptions ──> sessions
//!                                                            └──> groups ──> one of their subscriptions
//! ```
//!
//! A subscription is one record in two lists: that of its filter, in order of arrival, and that of its session. The
//! members of a group of shared subscriptions are the list of the filter with the text `$share/NAME/FILTER`; no topic
//! leads there but through the group, which hangs on the filter FILTER.

mod filters;
mod shared;
mod trie;

use slab::Slab;
use squall_types::{QoS, filter_matches, split_shared};

use self::filters::{FilterKey, Filters};
use self::shared::Groups;
pub(crate) use self::shared::{Group, GroupKey, QueuedShared};
use crate::message::MessageKey;
use crate::reserved_topics::may_match_events;
use crate::session::SessionKey;

const NONE: u32 = u32::MAX;

/// A subscription's key inside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubscriptionKey(u32);

impl SubscriptionKey {
    pub(crate) const NONE: Self = Self(NONE);
}

/// What a session asked for with a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubscribeOptions {
    pub(crate) qos: QoS,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
}

/// A subscription that a topic matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) session: SessionKey,
    pub(crate) options: SubscribeOptions,
}

#[derive(Clone, Copy, Debug)]
struct Subscription {
    session: SessionKey,
    filter: FilterKey,
    next_in_session: u32,
    previous_in_filter: u32,
    next_in_filter: u32,
    options: SubscribeOptions,
}

/// All subscriptions of the account.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    subscriptions: Slab<Subscription>,
    filters: Filters,
    groups: Groups,
    matched_filters: Vec<FilterKey>,
    hash_matches_parent: bool,
    /// Subscriptions that a topic of `$aws/events/` can match.
    of_events: u32,
    /// What groups that are gone still held, until the broker releases it.
    orphans: Vec<MessageKey>,
}

impl Subscriptions {
    pub(crate) fn new(hash_matches_parent: bool) -> Self {
        Self {
            subscriptions: Slab::new(),
            filters: Filters::new(hash_matches_parent),
            groups: Groups::default(),
            matched_filters: Vec::new(),
            hash_matches_parent,
            of_events: 0,
            orphans: Vec::new(),
        }
    }

    pub(crate) fn hash_matches_parent(&self) -> bool {
        self.hash_matches_parent
    }

    /// Whether somebody may get what is published to `$aws/events/`; `false` is certain.
    pub(crate) fn may_hear_events(&self) -> bool {
        self.of_events > 0
    }

    /// Groups of shared subscriptions.
    pub(crate) fn groups(&self) -> usize {
        self.groups.groups.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Subscribes a session whose list begins at `head`. A filter that it already holds takes the new options
    /// (MQTT-3.8.4-3). Returns whether the subscription is new.
    pub(crate) fn subscribe(
        &mut self,
        head: &mut SubscriptionKey,
        session: SessionKey,
        filter: &str,
        options: SubscribeOptions,
    ) -> bool {
        let text = filter;
        let filter = self.filters.find_or_insert(text);
        if let Some(Ok(shared)) = split_shared(text)
            && self.own_group(filter).is_none()
        {
            self.add_group(text, filter, shared.filter);
        }
        if let Some(held) = self.find_in_session(*head, filter) {
            self.subscriptions[held as usize].options = options;
            return false;
        }
        let last = self.filters.last(filter);
        let key = self.subscriptions.insert(Subscription {
            session,
            filter,
            next_in_session: head.0,
            previous_in_filter: last,
            next_in_filter: NONE,
            options,
        });
        let key = u32::try_from(key).expect("fewer than 2^32 subscriptions");
        *head = SubscriptionKey(key);
        match last {
            NONE => self.filters.set_first(filter, key),
            _ => self.subscriptions[last as usize].next_in_filter = key,
        }
        self.filters.set_last(filter, key);
        self.of_events += u32::from(may_match_events(text));
        true
    }

    /// Whether a session whose list begins at `head` holds `filter`.
    pub(crate) fn holds(&self, head: SubscriptionKey, filter: &str) -> bool {
        self.filters.find(filter).is_some_and(|filter| self.find_in_session(head, filter).is_some())
    }

    /// Removes a session's subscription to `filter`, compared character for character (MQTT-3.10.4-1).
    pub(crate) fn unsubscribe(&mut self, head: &mut SubscriptionKey, filter: &str) -> bool {
        let Some(filter) = self.filters.find(filter) else { return false };
        let mut previous = NONE;
        let mut at = head.0;
        while at != NONE {
            let subscription = self.subscriptions[at as usize];
            if subscription.filter == filter {
                match previous {
                    NONE => head.0 = subscription.next_in_session,
                    _ => self.subscriptions[previous as usize].next_in_session = subscription.next_in_session,
                }
                self.remove(at);
                return true;
            }
            previous = at;
            at = subscription.next_in_session;
        }
        false
    }

    /// Removes all subscriptions of a session.
    pub(crate) fn clear(&mut self, head: &mut SubscriptionKey) {
        let mut at = head.0;
        *head = SubscriptionKey::NONE;
        while at != NONE {
            let next = self.subscriptions[at as usize].next_in_session;
            self.remove(at);
            at = next;
        }
    }

    /// Appends every subscription that `topic` matches, filter by filter in order of subscription, and every group.
    /// Returns how many filters matched: with one, no session occurs twice.
    pub(crate) fn matches(&mut self, topic: &str, out: &mut Vec<Match>, groups: &mut Vec<GroupKey>) -> usize {
        self.matched_filters.clear();
        self.filters.matching(topic, &mut self.matched_filters);
        for &filter in &self.matched_filters {
            let mut group = self.filters.group(filter);
            while group != GroupKey::NONE {
                groups.push(group);
                group = self.groups.groups[&group].next_of_filter;
            }
            let mut at = self.filters.first(filter);
            while at != NONE {
                let subscription = &self.subscriptions[at as usize];
                out.push(Match { session: subscription.session, options: subscription.options });
                at = subscription.next_in_filter;
            }
        }
        self.matched_filters.len()
    }

    /// Whether anybody is subscribed to a topic.
    pub(crate) fn any_matches(&mut self, topic: &str) -> bool {
        self.matched_filters.clear();
        self.filters.matching(topic, &mut self.matched_filters);
        !self.matched_filters.is_empty()
    }

    /// The highest QoS at which a session whose list begins at `head` is subscribed to a topic by itself, not through a
    /// group. Looks at the session's own subscriptions only, however many others have the same filter.
    pub(crate) fn granted_to(&self, head: SubscriptionKey, topic: &str) -> Option<QoS> {
        let record = |at: u32| self.subscriptions.get(at as usize);
        core::iter::successors(record(head.0), move |subscription| record(subscription.next_in_session))
            .filter(|subscription| {
                let filter = self.filters.text(subscription.filter);
                split_shared(filter).is_none() && filter_matches(filter, topic, self.hash_matches_parent)
            })
            .map(|subscription| subscription.options.qos)
            .max()
    }

    fn find_in_session(&self, head: SubscriptionKey, filter: FilterKey) -> Option<u32> {
        let mut at = head.0;
        while at != NONE {
            let subscription = &self.subscriptions[at as usize];
            if subscription.filter == filter {
                return Some(at);
            }
            at = subscription.next_in_session;
        }
        None
    }

    fn remove(&mut self, key: u32) {
        let subscription = self.subscriptions.remove(key as usize);
        self.of_events -= u32::from(may_match_events(self.filters.text(subscription.filter)));
        let (previous, next) = (subscription.previous_in_filter, subscription.next_in_filter);
        match previous {
            NONE => self.filters.set_first(subscription.filter, next),
            _ => self.subscriptions[previous as usize].next_in_filter = next,
        }
        match next {
            NONE => self.filters.set_last(subscription.filter, previous),
            _ => self.subscriptions[next as usize].previous_in_filter = previous,
        }
        if previous == NONE && next == NONE {
            self.remove_unused(subscription.filter);
        }
    }

    /// A filter has lost its last subscription.
    fn remove_unused(&mut self, filter: FilterKey) {
        if let Some(group) = self.own_group(filter) {
            self.remove_group(group);
            self.filters.remove(filter);
        } else if self.filters.group(filter) == GroupKey::NONE {
            self.filters.remove(filter);
        }
        // Else it is a plain filter that groups are still matched with.
    }

    fn add_group(&mut self, text: &str, members: FilterKey, plain: &str) {
        let plain = self.filters.find_or_insert(plain);
        let group = self.groups.insert(text, members, plain, self.filters.group(plain));
        self.filters.set_group(plain, group);
        self.filters.set_group(members, group);
    }

    fn remove_group(&mut self, key: GroupKey) {
        let Some(group) = self.groups.groups.remove(&key) else { return };
        self.orphans.extend(group.queue.iter().map(|queued| queued.message));
        let mut previous = GroupKey::NONE;
        let mut at = self.filters.group(group.plain);
        while at != key {
            previous = at;
            at = self.groups.groups[&at].next_of_filter;
        }
        if previous != GroupKey::NONE {
            self.groups.groups.get_mut(&previous).expect("a group of the chain").next_of_filter =
                group.next_of_filter;
        } else {
            self.filters.set_group(group.plain, group.next_of_filter);
            if group.next_of_filter == GroupKey::NONE && self.filters.first(group.plain) == NONE {
                self.filters.remove(group.plain);
            }
        }
    }

    /// The group whose members hold this filter, if it is a shared one.
    fn own_group(&self, filter: FilterKey) -> Option<GroupKey> {
        let group = self.filters.group(filter);
        self.groups.groups.get(&group).filter(|held| held.members == filter).map(|_| group)
    }

    /// The group with this `$share/NAME/FILTER`.
    pub(crate) fn find_group(&self, text: &str) -> Option<GroupKey> {
        self.own_group(self.filters.find(text)?)
    }

    pub(crate) fn group(&self, key: GroupKey) -> Option<&Group> {
        self.groups.groups.get(&key).map(|group| &**group)
    }

    pub(crate) fn group_mut(&mut self, key: GroupKey) -> Option<&mut Group> {
        self.groups.groups.get_mut(&key).map(|group| &mut **group)
    }

    /// `$share/NAME/FILTER` of a group.
    pub(crate) fn group_text(&self, key: GroupKey) -> &str {
        self.filters.text(self.groups.groups[&key].members)
    }

    /// The members of a group, in order of subscription.
    pub(crate) fn members(&self, key: GroupKey) -> impl Iterator<Item = Match> {
        let first = self.groups.groups.get(&key).map_or(NONE, |group| self.filters.first(group.members));
        let record = |at: u32| self.subscriptions.get(at as usize);
        core::iter::successors(record(first), move |subscription| record(subscription.next_in_filter))
            .map(|subscription| Match { session: subscription.session, options: subscription.options })
    }

    /// The groups that a session whose list begins at `head` is in.
    pub(crate) fn groups_of(&self, head: SubscriptionKey) -> impl Iterator<Item = GroupKey> {
        let record = |at: u32| self.subscriptions.get(at as usize);
        core::iter::successors(record(head.0), move |subscription| record(subscription.next_in_session))
            .filter_map(|subscription| self.own_group(subscription.filter))
    }

    /// Takes a message that a group which is gone still held.
    pub(crate) fn pop_orphan(&mut self) -> Option<MessageKey> {
        self.orphans.pop()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use squall_types::filter_matches;

    use super::*;

    const AT_MOST_ONCE: SubscribeOptions =
        SubscribeOptions { qos: QoS::AtMostOnce, no_local: false, retain_as_published: false };

    #[test]
    fn a_subscription_stays_in_its_budget() {
        // Design section 2: one subscription with its topic in 96 bytes; the topic's text is 24 to 40 of them.
        assert_eq!(size_of::<Subscription>(), 24);
        assert!(size_of::<Subscription>() + filters::BYTES_A_FILTER + 32 <= 96);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Subscribe { session: u32, filter: String },
        Unsubscribe { session: u32, filter: String },
        Clear { session: u32 },
        Publish { topic: String },
    }

    fn levels(wild: bool) -> impl Strategy<Value = String> {
        let level = prop_oneof![4 => Just("a"), 4 => Just("b"), 1 => Just(""), 1 => Just("$x")];
        let plain = proptest::collection::vec(level, 1..4).prop_map(|levels| levels.join("/"));
        (plain, any::<prop::sample::Index>(), 0..6_u8).prop_map(move |(text, at, kind)| {
            let mut levels: Vec<&str> = text.split('/').collect();
            let at = at.index(levels.len());
            match kind {
                0 if wild => levels[at] = "+",
                1 if wild => {
                    levels.truncate(at);
                    levels.push("#");
                }
                _ => {}
            }
            let text = levels.join("/");
            let text = if text.is_empty() { "a".to_owned() } else { text };
            if wild && kind > 3 { format!("$share/g{}/{text}", kind - 4) } else { text }
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..4_u32, levels(true)).prop_map(|(session, filter)| Step::Subscribe { session, filter }),
            2 => (0..4_u32, levels(true)).prop_map(|(session, filter)| Step::Unsubscribe { session, filter }),
            1 => (0..4_u32).prop_map(|session| Step::Clear { session }),
            4 => levels(false).prop_map(|topic| Step::Publish { topic }),
        ]
    }

    proptest! {
        /// Against a list of (session, filter) that is searched with the plain matcher.
        #[test]
        fn agrees_with_a_list(steps in proptest::collection::vec(step(), 0..80), parent: bool) {
            let mut real = Subscriptions::new(parent);
            let mut heads = [SubscriptionKey::NONE; 4];
            let mut model: Vec<(u32, String)> = Vec::new();
            for step in steps {
                match step {
                    Step::Subscribe { session, filter } => {
                        let head = &mut heads[session as usize];
                        let new = real.subscribe(head, SessionKey(session), &filter, AT_MOST_ONCE);
                        prop_assert_eq!(new, !model.contains(&(session, filter.clone())));
                        if new {
                            model.push((session, filter));
                        }
                    }
                    Step::Unsubscribe { session, filter } => {
                        let gone = real.unsubscribe(&mut heads[session as usize], &filter);
                        let before = model.len();
                        model.retain(|held| *held != (session, filter.clone()));
                        prop_assert_eq!(gone, model.len() < before);
                    }
                    Step::Clear { session } => {
                        real.clear(&mut heads[session as usize]);
                        model.retain(|held| held.0 != session);
                    }
                    Step::Publish { topic } => {
                        let mut found = Vec::new();
                        let mut groups = Vec::new();
                        real.matches(&topic, &mut found, &mut groups);
                        let mut groups: Vec<_> =
                            groups.iter().map(|&group| real.group_text(group).to_owned()).collect();
                        let mut expected_groups: Vec<_> = model
                            .iter()
                            .filter(|held| {
                                split_shared(&held.1)
                                    .is_some_and(|shared| filter_matches(shared.unwrap().filter, &topic, parent))
                            })
                            .map(|held| held.1.clone())
                            .collect();
                        groups.sort_unstable();
                        expected_groups.sort_unstable();
                        expected_groups.dedup();
                        prop_assert_eq!(groups, expected_groups, "{}", topic);
                        let mut found: Vec<u32> = found.iter().map(|found| found.session.0).collect();
                        let mut expected: Vec<u32> = model
                            .iter()
                            .filter(|held| split_shared(&held.1).is_none())
                            .filter(|held| filter_matches(&held.1, &topic, parent))
                            .map(|held| held.0)
                            .collect();
                        found.sort_unstable();
                        expected.sort_unstable();
                        prop_assert_eq!(found, expected, "{}", topic);
                    }
                }
                prop_assert_eq!(real.len(), model.len());
            }
            for head in &mut heads {
                real.clear(head);
            }
            prop_assert!(real.filters.is_empty() && real.groups() == 0, "nothing may stay behind");
        }
    }
}
