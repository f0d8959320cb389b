//! Who subscribed to what, as the devices saw it; matched in the judges' own plain way.
//!
//! A filter without wildcards is found by its text. One with wildcards is kept under the levels before its first
//! wildcard, so a topic is compared with the filters that begin as it does and with no others.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use squall_types::{QoS, filter_matches};

use crate::ClientKey;

type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

fn map<K, V>() -> Map<K, V> {
    HashMap::with_hasher(foldhash::fast::FixedState::with_seed(3))
}

/// One client's subscription to a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) client: ClientKey,
    /// The session that it belongs to.
    pub(crate) epoch: u32,
    /// What the service granted, once that is known.
    pub(crate) granted: Option<QoS>,
    /// What was asked for and not answered: it may be in force or not.
    pub(crate) requested: Option<QoS>,
}

/// The subscriptions to one filter: mostly one client's, sometimes a whole fleet's.
#[derive(Clone, Debug)]
enum Holders {
    One(Holder),
    Many { list: Vec<Holder>, at: Map<ClientKey, u32> },
}

impl Holders {
    fn iter(&self) -> impl Iterator<Item = &Holder> {
        match self {
            Self::One(holder) => core::slice::from_ref(holder).iter(),
            Self::Many { list, .. } => list.iter(),
        }
    }

    fn find(&self, client: ClientKey) -> Option<&Holder> {
        match self {
            Self::One(holder) => Some(holder).filter(|holder| holder.client == client),
            Self::Many { list, at } => at.get(&client).map(|&at| &list[at as usize]),
        }
    }

    /// The subscription of `client`, made new if it belongs to an earlier session.
    fn of(&mut self, client: ClientKey, epoch: u32) -> &mut Holder {
        let fresh = Holder { client, epoch, granted: None, requested: None };
        if let Self::One(holder) = self
            && holder.client != client
        {
            let mut at = map();
            at.insert(holder.client, 0);
            *self = Self::Many { list: vec![*holder], at };
        }
        let holder = match self {
            Self::One(holder) => holder,
            Self::Many { list, at } => {
                let index = *at.entry(client).or_insert_with(|| {
                    list.push(fresh);
                    list.len() as u32 - 1
                });
                &mut list[index as usize]
            }
        };
        if holder.epoch != epoch {
            *holder = fresh;
        }
        holder
    }
}

/// All subscriptions that devices asked for.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    exact: Map<Box<str>, Holders>,
    /// By the levels before the first wildcard: filter and holders.
    wild: Map<Box<str>, Vec<(Box<str>, Holders)>>,
    hash_matches_parent: bool,
}

impl Subscriptions {
    pub(crate) fn new(hash_matches_parent: bool) -> Self {
        Self { exact: map(), wild: map(), hash_matches_parent }
    }

    pub(crate) fn requested(&mut self, filter: &str, client: ClientKey, epoch: u32, qos: QoS) {
        self.holder(filter, client, epoch).requested = Some(qos);
    }

    pub(crate) fn answered(&mut self, filter: &str, client: ClientKey, epoch: u32, granted: Option<QoS>) {
        let holder = self.holder(filter, client, epoch);
        holder.requested = None;
        holder.granted = granted;
    }

    /// The same where one client may hold a filter several times, once for each group: the highest answer counts.
    pub(crate) fn answered_for_group(
        &mut self,
        filter: &str,
        client: ClientKey,
        epoch: u32,
        granted: Option<QoS>,
    ) {
        let holder = self.holder(filter, client, epoch);
        holder.granted = holder.granted.max(granted);
        holder.requested = None;
    }

    /// Calls `each` for every subscription whose filter `topic` matches, of whatever session.
    #[inline]
    pub(crate) fn matching(&self, topic: &str, mut each: impl FnMut(&Holder)) {
        if let Some(holders) = self.exact.get(topic) {
            holders.iter().for_each(&mut each);
        }
        self.matching_wild(topic, |holders| holders.iter().for_each(&mut each));
    }

    /// Whether a subscription of `client`, of session `epoch` or later, allows it to receive `topic` at `qos`.
    #[inline]
    pub(crate) fn allows(&self, client: ClientKey, epoch: u32, topic: &str, qos: QoS) -> bool {
        let allows = |holders: &Holders| {
            holders.find(client).is_some_and(|holder| {
                holder.epoch >= epoch && (holder.granted >= Some(qos) || holder.requested >= Some(qos))
            })
        };
        if self.exact.get(topic).is_some_and(allows) {
            return true;
        }
        let mut found = false;
        self.matching_wild(topic, |holders| found |= allows(holders));
        found
    }

    #[inline]
    fn matching_wild(&self, topic: &str, mut each: impl FnMut(&Holders)) {
        if self.wild.is_empty() {
            return;
        }
        let borders = topic.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at + 1);
        // `a/#` may match `a` itself, whose prefix is then one slash longer than the topic.
        let parent = self.hash_matches_parent.then(|| format!("{topic}/"));
        let prefixes = core::iter::once("").chain(borders.map(|border| &topic[..border]));
        for prefix in prefixes.chain(parent.as_deref()) {
            for (filter, holders) in self.wild.get(prefix).into_iter().flatten() {
                if filter_matches(filter, topic, self.hash_matches_parent) {
                    each(holders);
                }
            }
        }
    }

    fn holder(&mut self, filter: &str, client: ClientKey, epoch: u32) -> &mut Holder {
        let fresh = Holders::One(Holder { client, epoch, granted: None, requested: None });
        let Some(wildcard) = filter.find(['+', '#']) else {
            return self.exact.entry(filter.into()).or_insert(fresh).of(client, epoch);
        };
        let prefix = filter[..wildcard].rfind('/').map_or("", |slash| &filter[..=slash]);
        let bucket = match self.wild.entry(prefix.into()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Vec::new()),
        };
        let at = bucket.iter().position(|(known, _)| **known == *filter).unwrap_or_else(|| {
            bucket.push((filter.into(), fresh));
            bucket.len() - 1
        });
        bucket[at].1.of(client, epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_finds_the_filters_that_match_it() {
        for parent in [false, true] {
            let mut subscriptions = Subscriptions::new(parent);
            let filters = ["a", "a/b", "a/+", "a/#", "#", "+/b", "a/+/c", "$x/#", "+"];
            for (filter, client) in filters.iter().zip(0..) {
                subscriptions.requested(filter, ClientKey(client), 0, QoS::AtLeastOnce);
            }
            for topic in ["a", "a/b", "a/b/c", "b", "$x/y", "a/", "/"] {
                let mut found = Vec::new();
                subscriptions.matching(topic, |holder| found.push(filters[holder.client.0 as usize]));
                found.sort_unstable();
                let mut expected: Vec<_> =
                    filters.iter().copied().filter(|filter| filter_matches(filter, topic, parent)).collect();
                expected.sort_unstable();
                assert_eq!(found, expected, "{topic} {parent}");
            }
        }
    }

    #[test]
    fn many_clients_hold_one_filter_and_a_new_session_starts_afresh() {
        let mut subscriptions = Subscriptions::new(false);
        for client in 0..5 {
            subscriptions.requested("news", ClientKey(client), 0, QoS::AtMostOnce);
            subscriptions.answered("news", ClientKey(client), 0, Some(QoS::AtMostOnce));
        }
        assert!(subscriptions.allows(ClientKey(3), 0, "news", QoS::AtMostOnce));
        assert!(!subscriptions.allows(ClientKey(3), 0, "news", QoS::AtLeastOnce), "granted less");
        assert!(!subscriptions.allows(ClientKey(3), 1, "news", QoS::AtMostOnce), "of an earlier session");
        subscriptions.requested("news", ClientKey(3), 1, QoS::AtLeastOnce);
        assert!(subscriptions.allows(ClientKey(3), 1, "news", QoS::AtLeastOnce), "asked for is enough");
        subscriptions.answered("news", ClientKey(3), 1, None);
        assert!(!subscriptions.allows(ClientKey(3), 1, "news", QoS::AtMostOnce), "refused");
    }
}
