//! An acknowledged QoS 1 publish reaches every subscriber entitled to it, or is excused.
//!
//! Entitled is who held an acknowledged subscription at QoS 1 when the publish first left its publisher, for as long
//! as the session lasts. A publish without an answer may arrive or not (its outcome is unknown), so only acknowledged
//! ones are missed. A message is known by what it says; equal messages are counted.
//!
//! Not seen: order, and who of several equal messages' publishers a copy came from.

use hashbrown::HashMap;
use slab::Slab;
use squall_profile::switch::DeniedPublish;
use squall_types::{QoS, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::clients::Clients;
use crate::verdict::Verdict;
use crate::{ClientKey, DeviceKey, NOT_AUTHORIZED, OracleConfig};

type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

const NONE: u32 = u32::MAX;
/// Why a session gets nothing of what an earlier one was owed.
const SESSION_ENDED: &str = "session-ended";

/// What somebody is entitled to receive.
#[derive(Clone, Copy, Debug)]
struct Expectation {
    sent_at: Timestamp,
    /// [`Timestamp::MAX`] until the publisher has its answer.
    acked_at: Timestamp,
    message: u64,
    client: ClientKey,
    epoch: u32,
    /// Which publish it belongs to, so that equal messages are answered one by one.
    publish: u32,
    topic: u32,
    received: bool,
    /// The next of the same (client, message), and of the same (publisher, message).
    next_for_client: u32,
    next_of_publisher: u32,
}

/// First and last of a list of expectations.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
}

/// Denied publishes: how many, and when the last was.
#[derive(Clone, Copy, Debug)]
struct Denied {
    count: u32,
    last: Timestamp,
}

#[derive(Debug)]
pub(crate) struct DeliveryOracle {
    verdict: Verdict,
    expectations: Slab<Expectation>,
    by_client: Map<(ClientKey, u64), Ends>,
    by_publisher: Map<(u32, u64), Ends>,
    topics: Vec<Box<str>>,
    topic_numbers: Map<Box<str>, u32>,
    /// Declared losses that no missing delivery has used up.
    excuses: Map<(ClientKey, u32), Vec<(Timestamp, &'static str)>>,
    /// Denied publishes of a client to a topic that no answer has used up.
    denied: Map<(ClientKey, u32), Denied>,
    /// Whether the service acknowledges what it denies.
    acknowledges_denied: bool,
    publishes: u32,
    duplicates: u64,
    grace: u64,
    /// Nanoseconds that a resumed session may take for each stored message.
    pace: u64,
    window: usize,
}

impl DeliveryOracle {
    pub(crate) fn new(config: &OracleConfig) -> Self {
        fn map<K, V>() -> Map<K, V> {
            HashMap::with_hasher(foldhash::fast::FixedState::with_seed(4))
        }
        let limits = &config.limits;
        Self {
            verdict: Verdict::new(
                "delivery",
                "an acknowledged QoS 1 publish reaches every subscriber entitled to it, or is excused",
            ),
            expectations: Slab::new(),
            by_client: map(),
            by_publisher: map(),
            topics: Vec::new(),
            topic_numbers: map(),
            excuses: map(),
            denied: map(),
            acknowledges_denied: config.switches.denied_publish == DeniedPublish::Drop,
            publishes: 0,
            duplicates: 0,
            grace: u64::try_from(config.grace.as_nanos()).unwrap_or(u64::MAX),
            pace: 1_000_000_000 / u64::from(limits.resumed_messages_per_second.max(1)),
            window: limits.unacked_outbound as usize,
        }
    }

    /// What is expected from now on belongs to another publish.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.publishes = self.publishes.wrapping_add(1);
    }

    /// A publish is under way to a client entitled to it.
    pub(crate) fn expect(
        &mut self,
        now: Timestamp,
        publisher: Option<ClientKey>,
        topic: &str,
        payload: &[u8],
        client: ClientKey,
        epoch: u32,
    ) {
        let message = message(topic, payload);
        let publisher = publisher.map_or(NONE, |publisher| publisher.0);
        // One copy is due, however many filters of the client match.
        if let Some(ends) = self.by_client.get(&(client, message))
            && self.expectations[ends.last as usize].publish == self.publishes
        {
            return;
        }
        let topic = self.topic_number(topic);
        let key = self.expectations.insert(Expectation {
            sent_at: now,
            acked_at: Timestamp::MAX,
            message,
            client,
            epoch,
            publish: self.publishes,
            topic,
            received: false,
            next_for_client: NONE,
            next_of_publisher: NONE,
        }) as u32;
        if let Some(last) = append(&mut self.by_client, (client, message), key) {
            self.expectations[last as usize].next_for_client = key;
        }
        if let Some(last) = append(&mut self.by_publisher, (publisher, message), key) {
            self.expectations[last as usize].next_of_publisher = key;
        }
    }

    /// The publisher has its answer: the oldest of its equal messages is settled.
    #[inline]
    pub(crate) fn answered(
        &mut self,
        now: Timestamp,
        publisher: Option<ClientKey>,
        topic: &str,
        payload: &[u8],
        accepted: bool,
    ) {
        self.verdict.checks += 1;
        if self.by_publisher.is_empty() {
            return;
        }
        let owner = (publisher.map_or(NONE, |publisher| publisher.0), message(topic, payload));
        let Some(ends) = self.by_publisher.get(&owner).copied() else { return };
        let Expectation { publish, topic: number, sent_at, .. } = self.expectations[ends.first as usize];
        let denied = publisher.is_some_and(|publisher| self.take_denial(publisher, number, sent_at));
        let accepted = accepted && !denied;
        let mut at = ends.first;
        while at != NONE && self.expectations[at as usize].publish == publish {
            let expectation = &mut self.expectations[at as usize];
            let next = expectation.next_of_publisher;
            expectation.acked_at = now;
            if expectation.received {
                self.expectations.remove(at as usize);
            } else if !accepted {
                self.unlink_from_client(at);
                self.expectations.remove(at as usize);
            }
            at = next;
        }
        match at {
            NONE => drop(self.by_publisher.remove(&owner)),
            first => drop(self.by_publisher.insert(owner, Ends { first, last: ends.last })),
        }
    }

    /// A message reached a client whose session is `epoch`: the oldest of its equals that this session is owed is
    /// settled. What an earlier session was owed went with it.
    #[inline]
    pub(crate) fn received(&mut self, client: ClientKey, epoch: u32, topic: &str, payload: &[u8], qos: QoS) {
        if qos == QoS::AtMostOnce {
            return;
        }
        let owner = (client, message(topic, payload));
        while let Some(owed_to) = self.settle_oldest(owner) {
            self.verdict.checks += 1;
            if owed_to == epoch {
                return;
            }
            self.verdict.excused(SESSION_ENDED);
        }
        self.duplicates += 1;
    }

    /// Settles the oldest of a client's equal messages; says which session it was owed to.
    fn settle_oldest(&mut self, owner: (ClientKey, u64)) -> Option<u32> {
        let ends = self.by_client.get(&owner).copied()?;
        let expectation = &mut self.expectations[ends.first as usize];
        expectation.received = true;
        let Expectation { epoch, next_for_client, acked_at, .. } = *expectation;
        match next_for_client {
            NONE => drop(self.by_client.remove(&owner)),
            first => drop(self.by_client.insert(owner, Ends { first, last: ends.last })),
        }
        if acked_at != Timestamp::MAX {
            self.expectations.remove(ends.first as usize);
        }
        Some(epoch)
    }

    /// The service declared a loss whose rule applied.
    pub(crate) fn excuse(&mut self, at: Timestamp, client: ClientKey, topic: &str, rule: &'static str) {
        self.verdict.checks += 1;
        let topic = self.topic_number(topic);
        self.excuses.entry((client, topic)).or_default().push((at, rule));
    }

    /// The service declared that it denied a publish, and that was right. Where it acknowledges what it denies
    /// (`broker.md` 0.13), the answer has to be told from that of a publish taken in; elsewhere a publish that is denied
    /// and acknowledged after all was sent again, and taken in then.
    pub(crate) fn publish_denied(&mut self, at: Timestamp, publisher: ClientKey, topic: &str) {
        self.verdict.checks += 1;
        if self.acknowledges_denied {
            let topic = self.topic_number(topic);
            let denied = self.denied.entry((publisher, topic)).or_insert(Denied { count: 0, last: at });
            *denied = Denied { count: denied.count + 1, last: at };
        }
    }

    /// Uses up a denial that can be about a publish: of the same client and topic, and not older.
    fn take_denial(&mut self, publisher: ClientKey, topic: u32, sent_at: Timestamp) -> bool {
        let Some(denied) = self.denied.get_mut(&(publisher, topic)) else { return false };
        let is_newer = denied.last >= sent_at;
        denied.count -= 1;
        if denied.count == 0 || !is_newer {
            self.denied.remove(&(publisher, topic));
        }
        is_newer
    }

    /// Records of deliveries on a topic that the policies did not allow a client.
    fn denials(&self, of_topic: (ClientKey, u32)) -> usize {
        let records = self.excuses.get(&of_topic).map_or(&[][..], Vec::as_slice);
        records.iter().filter(|(_, rule)| *rule == NOT_AUTHORIZED).count()
    }

    /// Uses up a record that can be about what is missing: of the same client and topic, and not older.
    fn take_excuse(&mut self, missing: &Expectation) -> Option<&'static str> {
        let records = self.excuses.get_mut(&(missing.client, missing.topic))?;
        let at = records.iter().position(|(at, _)| *at >= missing.sent_at)?;
        Some(records.remove(at).1)
    }

    pub(crate) fn violated(&mut self, at: Timestamp, client: Option<ClientKey>, text: String) {
        self.verdict.violated(at, client, text);
    }

    /// A session that should still have been there was not.
    pub(crate) fn session_lost_early(&mut self, at: Timestamp, client: ClientKey) {
        self.verdict.violated(at, Some(client), "its session was lost before its expiry".to_owned());
    }

    pub(crate) const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    pub(crate) fn outstanding(&self) -> impl Iterator<Item = Timestamp> {
        self.expectations
            .iter()
            .map(|(_, expectation)| expectation)
            .filter(|expectation| !expectation.received && expectation.acked_at != Timestamp::MAX)
            .filter(|expectation| !self.may_be_excused(expectation))
            .map(|expectation| expectation.sent_at)
    }

    /// Whether a record can be about what is missing.
    fn may_be_excused(&self, missing: &Expectation) -> bool {
        let records = self.excuses.get(&(missing.client, missing.topic));
        records.and_then(|records| records.last()).is_some_and(|(latest, _)| *latest >= missing.sent_at)
    }

    /// Judges what never arrived.
    pub(crate) fn finish(
        &mut self,
        now: Timestamp,
        clients: &Clients,
        connected_since: impl Fn(DeviceKey) -> Option<Timestamp>,
    ) {
        let missing: Vec<Expectation> = self
            .expectations
            .iter()
            .map(|(_, expectation)| *expectation)
            .filter(|expectation| !expectation.received && expectation.acked_at != Timestamp::MAX)
            .collect();
        let mut waiting: Map<ClientKey, usize> =
            HashMap::with_hasher(foldhash::fast::FixedState::with_seed(5));
        let mut denials_left: Map<(ClientKey, u32), usize> =
            HashMap::with_hasher(foldhash::fast::FixedState::with_seed(7));
        for expectation in &missing {
            let of_topic = (expectation.client, expectation.topic);
            // What was denied waits for nothing, nor keeps anything waiting.
            let denials = denials_left.entry(of_topic).or_insert_with(|| self.denials(of_topic));
            match denials.checked_sub(1) {
                Some(rest) => *denials = rest,
                None => *waiting.entry(expectation.client).or_default() += 1,
            }
        }
        for expectation in missing {
            self.verdict.checks += 1;
            let client = expectation.client;
            if clients.epoch(client) != expectation.epoch {
                self.verdict.excused(SESSION_ENDED);
                continue;
            }
            let waiting = waiting.get(&client).copied().unwrap_or(0);
            let since = connected_since(clients.device_of(client)).filter(|_| clients.live(client).is_some());
            let in_time = since.is_none_or(|since| {
                let allowed = self.grace + self.pace * waiting as u64;
                now.0 - since.max(expectation.acked_at).0 < allowed
            });
            if in_time || waiting >= self.window {
                self.verdict.excused("under-way-at-the-end");
                continue;
            }
            // After those under way, which need no record and must not use one up.
            if let Some(rule) = self.take_excuse(&expectation) {
                self.verdict.excused(rule);
                continue;
            }
            let text = format!(
                "a message on {}, published at {} and acknowledged at {}, never arrived",
                self.topics[expectation.topic as usize], expectation.sent_at, expectation.acked_at,
            );
            self.verdict.violated(now, Some(client), text);
        }
    }

    pub(crate) fn into_verdict(self) -> Verdict {
        self.verdict
    }

    fn topic_number(&mut self, topic: &str) -> u32 {
        if let Some(&number) = self.topic_numbers.get(topic) {
            return number;
        }
        let number = self.topics.len() as u32;
        self.topics.push(topic.into());
        self.topic_numbers.insert(topic.into(), number);
        number
    }

    /// Takes an expectation out of the list of its client's equal messages.
    fn unlink_from_client(&mut self, key: u32) {
        let expectation = self.expectations[key as usize];
        let owner = (expectation.client, expectation.message);
        let Some(mut ends) = self.by_client.get(&owner).copied() else { return };
        let mut previous = NONE;
        let mut at = ends.first;
        while at != NONE && at != key {
            previous = at;
            at = self.expectations[at as usize].next_for_client;
        }
        if at == NONE {
            return;
        }
        match previous {
            NONE => ends.first = expectation.next_for_client,
            _ => self.expectations[previous as usize].next_for_client = expectation.next_for_client,
        }
        if ends.last == key {
            ends.last = previous;
        }
        match ends.first {
            NONE => drop(self.by_client.remove(&owner)),
            _ => drop(self.by_client.insert(owner, ends)),
        }
    }
}

/// Adds `key` to the end of a list; returns the one that was last before.
fn append<K: Eq + core::hash::Hash>(lists: &mut Map<K, Ends>, owner: K, key: u32) -> Option<u32> {
    let mut before = None;
    lists
        .entry(owner)
        .and_modify(|ends| {
            before = Some(ends.last);
            ends.last = key;
        })
        .or_insert(Ends { first: key, last: key });
    before
}

fn message(topic: &str, payload: &[u8]) -> u64 {
    xxh3_64_with_seed(payload, xxh3_64_with_seed(topic.as_bytes(), 6))
}
