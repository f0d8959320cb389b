//! Clients do, and get, what their policies allow, and nothing that they allow is denied.
//!
//! The judge knows the documents, what is attached to whom and when that changed, and evaluates in its own plain way. A
//! change takes its time to get round (D-20), so whatever some state of the account within that time says is right.
//!
//! Not seen: policies of thing groups, which no scenario has; what a custom authorizer allowed, whose word is taken; and
//! a CONNECT under a document that asks about its attributes or its will.

use core::ops::Range;
use std::collections::BTreeMap;

use squall_profile::switch::SharedReceiveArn;
use squall_types::{SharedFilter, Timestamp, filter_matches};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::naive_policy::{Decision, Document, Known, Rules, decide};
use crate::subject::Subject;
use crate::verdict::Verdict;
use crate::{ClientKey, OracleConfig};

/// What begins the ARN of everything in the account.
const ACCOUNT: &str = "arn:aws:iot:us-east-1:123456789012:";

/// What clients are held to.
#[derive(Clone, Debug)]
enum Held {
    Policies(Vec<u32>),
    Authorizer,
}

#[derive(Debug, Default)]
struct Policy {
    name: String,
    /// The document in force from each of these times, the earliest first.
    documents: Vec<(Timestamp, Document)>,
}

/// A policy that was attached to a client while the world ran, or detached.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: Timestamp,
    policy: u32,
    attached: bool,
}

/// What is asked of the policies.
#[derive(Clone, Copy)]
enum Question<'q> {
    /// May the client do this?
    Action(&'q str, &'q str),
    /// May it have a message on this topic, through whichever of its subscriptions?
    Delivery(&'q str),
}

/// A question with all that an answer takes.
struct Case {
    action: String,
    resource: String,
    /// The resources that will do as well where nothing denies the first (D-18).
    otherwise: Vec<String>,
    known: Known,
}

/// Of how many clients, about, it is judged what the service lets them do.
const SAMPLED_CLIENTS: u32 = 2_000;

#[derive(Debug)]
pub(crate) struct AuthorizationOracle {
    verdict: Verdict,
    /// How many clients are held to policies.
    restricted: u32,
    held: Vec<(Range<u32>, Held)>,
    policies: Vec<Policy>,
    changes: BTreeMap<u32, Vec<Change>>,
    /// The shared subscriptions that clients have asked for: group and filter.
    groups: BTreeMap<u32, Vec<(String, String)>>,
    answers: Answers,
    /// How long an earlier state of the account may still count.
    window: u64,
    rules: Rules,
    shared_receive_arn: SharedReceiveArn,
    hash_matches_parent: bool,
}

impl AuthorizationOracle {
    pub(crate) fn new(config: &OracleConfig, hash_matches_parent: bool) -> Self {
        let about = "clients do, and get, what their policies allow, and nothing that they allow is denied";
        let window = config.propagation + config.grace;
        Self {
            verdict: Verdict::new("authorization", about),
            restricted: 0,
            held: Vec::new(),
            policies: Vec::new(),
            changes: BTreeMap::new(),
            groups: BTreeMap::new(),
            answers: Answers::default(),
            window: u64::try_from(window.as_nanos()).unwrap_or(u64::MAX),
            rules: Rules::from(&config.switches),
            shared_receive_arn: config.switches.shared_receive_arn,
            hash_matches_parent,
        }
    }

    pub(crate) fn restrict(&mut self, clients: Range<u32>, policies: &[&str]) {
        let policies = policies.iter().map(|name| self.number(name)).collect();
        self.restricted += clients.end - clients.start;
        self.answers.make_room(clients.len());
        self.held.push((clients, Held::Policies(policies)));
    }

    pub(crate) fn leave_to_authorizer(&mut self, clients: Range<u32>) {
        self.held.push((clients, Held::Authorizer));
    }

    pub(crate) fn in_force(&mut self, now: Timestamp, name: &str, document: &str) {
        let number = self.number(name) as usize;
        match Document::parse(document) {
            Ok(document) => self.policies[number].documents.push((now, document)),
            Err(found) => {
                let text = format!("a document was taken for policy {name} that cannot be read: {found}");
                self.verdict.violated(now, None, text);
            }
        }
        self.answers.forget();
    }

    pub(crate) fn changed(&mut self, now: Timestamp, client: ClientKey, name: &str, attached: bool) {
        let policy = self.number(name);
        self.changes.entry(client.0).or_default().push(Change { at: now, policy, attached });
    }

    /// A client asks to be a member of a group of shared subscriptions.
    pub(crate) fn joins_group(&mut self, client: ClientKey, shared: &SharedFilter<'_>) {
        if self.concerns(client) {
            let joined = (shared.name.to_owned(), shared.filter.to_owned());
            let groups = self.groups.entry(client.0).or_default();
            if !groups.contains(&joined) {
                groups.push(joined);
            }
        }
    }

    /// Whether a client is held to anything.
    #[inline]
    pub(crate) fn concerns(&self, client: ClientKey) -> bool {
        self.held.iter().any(|(clients, _)| clients.contains(&client.0))
    }

    /// A message reached a client.
    pub(crate) fn received(
        &mut self,
        now: Timestamp,
        client: ClientKey,
        topic: &str,
        subject: impl FnOnce() -> Subject,
    ) {
        self.verdict.checks += 1;
        if !self.may_be(now, client, Question::Delivery(topic), true, subject) {
            let text = format!("received {topic}, for which no policy of its allows iot:Receive");
            self.verdict.violated(now, Some(client), text);
        }
    }

    /// Whether what the service lets a client do is looked at. Of very many clients that is a sample, evenly spread: a
    /// plain evaluation takes its time, and a service that lets denied things through does so for many. What clients
    /// are given, and what is denied, is judged for all.
    pub(crate) fn samples(&self, client: ClientKey) -> bool {
        client.0.is_multiple_of(self.restricted.div_ceil(SAMPLED_CLIENTS).max(1))
    }

    /// A client learnt that the service let it do something.
    pub(crate) fn let_through(
        &mut self,
        now: Timestamp,
        client: ClientKey,
        action: &str,
        name: &str,
        subject: impl FnOnce() -> Subject,
    ) {
        self.verdict.checks += 1;
        if !self.may_be(now, client, Question::Action(action, name), true, subject) {
            let text = format!("was let through with {action} on {name}, which no policy of its allows");
            self.verdict.violated(now, Some(client), text);
        }
    }

    /// The service declares that it denied something; says whether that may be so.
    pub(crate) fn denied(
        &mut self,
        now: Timestamp,
        client: ClientKey,
        action: &str,
        name: &str,
        subject: impl FnOnce() -> Subject,
    ) -> bool {
        self.verdict.checks += 1;
        let right = self.may_be(now, client, Question::Action(action, name), false, subject);
        if !right {
            let text = format!("was denied {action} on {name}, which its policies allow");
            self.verdict.violated(now, Some(client), text);
        }
        right
    }

    /// A record of a denial that names nobody who is held to anything.
    pub(crate) fn denied_to_nobody(
        &mut self,
        now: Timestamp,
        client: Option<ClientKey>,
        action: &str,
        name: &str,
    ) {
        self.verdict.checks += 1;
        let text =
            format!("a record that {action} on {name} was denied to a client that is held to no policy");
        self.verdict.violated(now, client, text);
    }

    /// Whether some state of the account that may still count gives this answer, `true` for allowed.
    fn may_be(
        &mut self,
        now: Timestamp,
        client: ClientKey,
        question: Question<'_>,
        answer: bool,
        subject: impl FnOnce() -> Subject,
    ) -> bool {
        let held = self.held.iter().find(|(clients, _)| clients.contains(&client.0)).map(|(_, held)| held);
        let Some(Held::Policies(policies)) = held else { return true };
        let changes = self.changes.get(&client.0).map_or(&[][..], Vec::as_slice);
        let key = self.answers.key(client, changes.len(), question);
        if self.answers.recall(key) == Some(answer) {
            return true;
        }
        let case = self.case(client, question, &subject());
        let found = self.answer_at(now, policies, changes, &case);
        let mut may = found.is_none_or(|found| found == answer);
        if !may {
            let since = Timestamp(now.0.saturating_sub(self.window));
            let documents =
                self.policies.iter().flat_map(|policy| policy.documents.iter().map(|(at, _)| *at));
            let mut moments = changes.iter().map(|change| change.at).chain(documents);
            // What a change at the very start of the window replaced still counts too.
            let before = Timestamp(since.0.saturating_sub(1));
            let answers =
                |moment| self.answer_at(moment, policies, changes, &case).is_none_or(|found| found == answer);
            may = answers(before) || moments.any(|at| at >= since && at <= now && answers(at));
        }
        if let Some(found) = found {
            self.answers.remember(key, found);
        }
        may
    }

    fn case(&self, client: ClientKey, question: Question<'_>, subject: &Subject) -> Case {
        let (action, name) = match question {
            Question::Action(action, name) => (action, name),
            Question::Delivery(topic) => ("iot:Receive", topic),
        };
        let kind = match action {
            "iot:Connect" => "client",
            "iot:Subscribe" => "topicfilter",
            _ => "topic",
        };
        let groups = match (question, self.shared_receive_arn) {
            (Question::Delivery(_), SharedReceiveArn::Either) => self.groups.get(&client.0),
            _ => None,
        };
        let otherwise = groups
            .into_iter()
            .flatten()
            .filter(|(_, filter)| filter_matches(filter, name, self.hash_matches_parent))
            .map(|(group, _)| format!("{ACCOUNT}topic/$share/{group}/{name}"))
            .collect();
        Case {
            action: action.to_owned(),
            resource: format!("{ACCOUNT}{kind}/{name}"),
            otherwise,
            known: subject.known(),
        }
    }

    /// What the account said at a moment; `None` where the judge does not know.
    fn answer_at(
        &self,
        moment: Timestamp,
        policies: &[u32],
        changes: &[Change],
        case: &Case,
    ) -> Option<bool> {
        let attached = attached(policies, changes, moment).into_iter();
        let documents: Vec<&Document> = attached
            .filter_map(|policy| {
                let documents = &self.policies[policy as usize].documents;
                documents.iter().rev().find(|(at, _)| *at <= moment).map(|(_, document)| document)
            })
            .collect();
        if case.action == "iot:Connect" && documents.iter().any(|document| document.asks_about_connect()) {
            return None;
        }
        let on = |resource: &str| {
            decide(documents.iter().copied(), &case.action, resource, &case.known, self.rules)
        };
        Some(match on(&case.resource) {
            Decision::Allowed => true,
            Decision::ExplicitDeny => false,
            Decision::ImplicitDeny => case.otherwise.iter().any(|name| on(name) == Decision::Allowed),
        })
    }

    fn number(&mut self, name: &str) -> u32 {
        let found = self.policies.iter().position(|policy| policy.name == name);
        let number = found.unwrap_or_else(|| {
            self.policies.push(Policy { name: name.to_owned(), documents: Vec::new() });
            self.policies.len() - 1
        });
        number as u32
    }

    pub(crate) fn into_verdict(self) -> Verdict {
        self.verdict
    }
}

/// What is attached to a client at a moment.
fn attached(policies: &[u32], changes: &[Change], moment: Timestamp) -> Vec<u32> {
    let mut attached = policies.to_vec();
    for change in changes.iter().filter(|change| change.at <= moment) {
        attached.retain(|policy| *policy != change.policy);
        if change.attached {
            attached.push(change.policy);
        }
    }
    attached
}

/// What the account says now to the questions asked last, so that a client's next message on the same topic costs one
/// look. A question has one place in the table, and whoever comes later takes it over.
#[derive(Debug, Default)]
struct Answers {
    /// The key of a question, but for its lowest bit, which is the answer.
    table: Vec<u64>,
    clients: usize,
    /// How often documents have changed.
    generation: u64,
}

impl Answers {
    /// Two places a client: bytes of the judges' budget.
    fn make_room(&mut self, clients: usize) {
        self.clients += clients;
        self.table = vec![0; (self.clients * 2).next_power_of_two()];
    }

    fn forget(&mut self) {
        self.generation += 1;
    }

    /// Names a question to the account as it is now, for a client with so many changes of its own.
    fn key(&self, client: ClientKey, changes: usize, question: Question<'_>) -> u64 {
        let (action, name) = match question {
            Question::Action(action, name) => (action, name),
            // No action is called so.
            Question::Delivery(topic) => ("", topic),
        };
        let state = [u64::from(client.0), changes as u64, self.generation];
        let seed = state.iter().fold(7, |seed, part| xxh3_64_with_seed(&part.to_le_bytes(), seed));
        xxh3_64_with_seed(name.as_bytes(), xxh3_64_with_seed(action.as_bytes(), seed))
    }

    fn recall(&self, key: u64) -> Option<bool> {
        let kept = *self.table.get(self.place(key))?;
        (kept >> 1 == key >> 1).then_some(kept & 1 == 1)
    }

    fn remember(&mut self, key: u64, allowed: bool) {
        let place = self.place(key);
        if let Some(kept) = self.table.get_mut(place) {
            *kept = key & !1 | u64::from(allowed);
        }
    }

    /// The table's length is a power of two.
    fn place(&self, key: u64) -> usize {
        (key >> 1) as usize & self.table.len().saturating_sub(1)
    }
}
