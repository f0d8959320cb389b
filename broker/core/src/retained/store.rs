//! What is retained, by topic.

use hashbrown::HashTable;
use slab::Slab;
use squall_types::{QoS, Timestamp, filter_matches};

use crate::hash::hash_text;
use crate::message::MessageKey;
use crate::rate::{RateVerdict, SecondWindow};

/// A topic's key inside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetainedKey(pub(crate) u32);

/// A topic that has a retained message, or had a retained publish within the last second.
#[derive(Debug)]
struct Entry {
    topic: Box<str>,
    message: Option<(MessageKey, QoS)>,
    /// When the message expires or is too old; [`Timestamp::MAX`] if never.
    expires_at: Timestamp,
    /// Retained publishes to the topic.
    publishes: SecondWindow,
    last_publish: Timestamp,
    /// When the pending timer fires; [`Timestamp::MAX`] if none is pending.
    timer: Timestamp,
    generation: u32,
}

/// Why a publish may not be retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Over the rate of its topic.
    Rate,
    /// It would add one more message than is allowed.
    Full,
}

/// The place of a topic, and whether a publish to it may be retained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    pub(crate) key: RetainedKey,
    pub(crate) refused: Option<Refused>,
}

/// All retained messages of the account.
#[derive(Debug, Default)]
pub(crate) struct RetainedMessages {
    entries: Slab<Entry>,
    by_topic: HashTable<u32>,
    messages: usize,
    generations: u32,
}

const SECOND: u64 = 1_000_000_000;

impl RetainedMessages {
    /// Messages that are retained.
    pub(crate) fn len(&self) -> usize {
        self.messages
    }

    /// Whether nothing is retained.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// Counts a retained publish to `topic`.
    pub(crate) fn admit(&mut self, now: Timestamp, topic: &str, per_second: u32, most: u32) -> Admitted {
        let key = self.find_key(topic).unwrap_or_else(|| self.insert(topic));
        let entry = &mut self.entries[key.0 as usize];
        entry.last_publish = now;
        let refused = if entry.publishes.count(now, per_second) != RateVerdict::Within {
            Some(Refused::Rate)
        } else if entry.message.is_none() && self.messages >= most as usize {
            Some(Refused::Full)
        } else {
            None
        };
        Admitted { key, refused }
    }

    /// Puts `message` in the place of what the topic had, which is returned.
    pub(crate) fn replace(
        &mut self,
        key: RetainedKey,
        message: Option<(MessageKey, QoS)>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Option<MessageKey> {
        let entry = &mut self.entries[key.0 as usize];
        self.messages += usize::from(message.is_some());
        let replaced = std::mem::replace(&mut entry.message, message);
        self.messages -= usize::from(replaced.is_some());
        entry.expires_at = expires_at;
        entry.last_publish = now;
        replaced.map(|(message, _)| message)
    }

    /// The timer that the topic needs and does not have yet.
    pub(crate) fn wants_timer(&mut self, key: RetainedKey) -> Option<(Timestamp, u32)> {
        let entry = self.entries.get_mut(key.0 as usize)?;
        let at =
            if entry.message.is_some() { entry.expires_at } else { entry.last_publish.plus_nanos(SECOND) };
        if at >= entry.timer {
            return None;
        }
        entry.timer = at;
        Some((at, entry.generation))
    }

    /// Lets go of what has expired; returns its message.
    pub(crate) fn on_timer(
        &mut self,
        now: Timestamp,
        key: RetainedKey,
        generation: u32,
    ) -> Option<MessageKey> {
        let entry = self.entries.get_mut(key.0 as usize).filter(|entry| entry.generation == generation)?;
        if entry.timer <= now {
            entry.timer = Timestamp::MAX;
        }
        let expired = if entry.expires_at <= now { entry.message.take() } else { None };
        self.messages -= usize::from(expired.is_some());
        if entry.message.is_none() && now.0 >= entry.last_publish.0 + SECOND {
            self.remove(key);
        }
        expired.map(|(message, _)| message)
    }

    /// What is retained on exactly `topic`.
    pub(crate) fn find(&self, now: Timestamp, topic: &str) -> Option<(MessageKey, QoS)> {
        let entry = &self.entries[self.find_key(topic)?.0 as usize];
        entry.message.filter(|_| entry.expires_at > now)
    }

    /// Appends what is retained on every topic that `filter` matches, in no order that a client may rely on but the
    /// same in every run. Looks at all topics, so the service itself never asks for it.
    pub(crate) fn matching(
        &self,
        now: Timestamp,
        filter: &str,
        hash_matches_parent: bool,
        out: &mut Vec<(MessageKey, QoS)>,
    ) {
        let entries = self.entries.iter().map(|(_, entry)| entry);
        let found = entries.filter(|entry| {
            entry.expires_at > now && filter_matches(filter, &entry.topic, hash_matches_parent)
        });
        out.extend(found.filter_map(|entry| entry.message));
    }

    fn find_key(&self, topic: &str) -> Option<RetainedKey> {
        self.by_topic
            .find(hash_text(topic), |&key| &*self.entries[key as usize].topic == topic)
            .map(|&key| RetainedKey(key))
    }

    fn insert(&mut self, topic: &str) -> RetainedKey {
        self.generations = self.generations.wrapping_add(1);
        let key = self.entries.insert(Entry {
            topic: topic.into(),
            message: None,
            expires_at: Timestamp::MAX,
            publishes: SecondWindow::default(),
            last_publish: Timestamp::ZERO,
            timer: Timestamp::MAX,
            generation: self.generations,
        });
        let key = u32::try_from(key).expect("fewer than 2^32 retained topics");
        let entries = &self.entries;
        self.by_topic.insert_unique(hash_text(topic), key, |&key| hash_text(&entries[key as usize].topic));
        RetainedKey(key)
    }

    fn remove(&mut self, key: RetainedKey) {
        let entry = self.entries.remove(key.0 as usize);
        if let Ok(found) = self.by_topic.find_entry(hash_text(&entry.topic), |&other| other == key.0) {
            found.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_without_a_message_is_forgotten_after_its_second() {
        let mut retained = RetainedMessages::default();
        let admitted = retained.admit(Timestamp::ZERO, "a", 1, 0);
        assert_eq!(admitted.refused, Some(Refused::Full));
        let (at, generation) = retained.wants_timer(admitted.key).expect("a timer");
        assert_eq!(at, Timestamp::from_secs(1));
        assert_eq!(retained.admit(Timestamp(5), "a", 1, 9).refused, Some(Refused::Rate));
        // The publish in between puts it off.
        assert_eq!(retained.on_timer(at, admitted.key, generation), None);
        assert_eq!(retained.entries.len(), 1);
        let (at, generation) = retained.wants_timer(admitted.key).expect("a timer");
        assert_eq!(retained.on_timer(at, admitted.key, generation), None);
        assert!(retained.entries.is_empty() && retained.by_topic.is_empty());
        assert_eq!(retained.wants_timer(admitted.key), None);
    }
}
