//! Clients get what their policies allow, and nothing that they allow is denied.
//!
//! The judge knows the documents, what is attached to whom and when that changed, and evaluates in its own plain way. A
//! change takes its time to get round (D-20), so within that time either answer is right.
//!
//! Not seen: policies of thing groups, which no scenario has; what a custom authorizer allowed, whose word is taken; and,
//! under the other choices of D-23 and D-24, anything at all.

use core::ops::Range;
use std::collections::BTreeMap;

use serde_json::Value;
use squall_profile::Switches;
use squall_profile::switch::{SubstitutedWildcard, UnresolvedVariable};
use squall_types::Timestamp;

use crate::naive_policy::{Known, decide};
use crate::verdict::Verdict;
use crate::{ClientKey, OracleConfig};

/// What begins the ARN of everything in the account.
const ACCOUNT: &str = "arn:aws:iot:us-east-1:123456789012:";

/// What is known of a client that is held to policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its client id.
    pub client_id: String,
    /// The address that it comes from.
    pub source_ip: String,
    /// The id of its certificate.
    pub certificate_id: String,
    /// The serial number of its certificate.
    pub serial_number: String,
    /// The thing that its certificate is attached to.
    pub thing: Option<SubjectThing>,
}

/// The thing of a client's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectThing {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
    /// Whether it is attached as `EXCLUSIVE_THING`.
    pub exclusive: bool,
}

impl Subject {
    /// The values of policy variables (`broker.md` 9.4).
    fn known(&self) -> Known {
        let mut known: Known = Vec::new();
        let mut add = |name: &str, value: &str| known.push((name.to_owned(), vec![value.to_owned()]));
        add("iot:ClientId", &self.client_id);
        add("aws:SourceIp", &self.source_ip);
        add("iot:CertificateId", &self.certificate_id);
        add("iot:Certificate.SerialNumber", &self.serial_number);
        let thing = self.thing.as_ref().filter(|thing| thing.exclusive || thing.name == self.client_id);
        add("iot:Connection.Thing.IsAttached", if thing.is_some() { "true" } else { "false" });
        if let Some(thing) = thing {
            add("iot:Connection.Thing.ThingName", &thing.name);
            add("iot:Thing.ThingName", &thing.name);
            add("iot:Connection.Thing.ThingTypeName", &thing.type_name);
            for (name, value) in &thing.attributes {
                add(&format!("iot:Connection.Thing.Attributes[{name}]"), value);
            }
        }
        known
    }
}

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
    documents: Vec<(Timestamp, Value)>,
}

/// A policy that was attached to a client while the world ran, or detached.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: Timestamp,
    policy: u32,
    attached: bool,
}

#[derive(Debug)]
pub(crate) struct AuthorizationOracle {
    verdict: Verdict,
    held: Vec<(Range<u32>, Held)>,
    policies: Vec<Policy>,
    changes: BTreeMap<u32, Vec<Change>>,
    /// The groups of shared subscriptions that clients have asked for.
    groups: BTreeMap<u32, Vec<String>>,
    /// How long an earlier state of the account may still count.
    window: u64,
    abstains: bool,
}

/// What the policies say over the time within which a change may not have got round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Allowed,
    Denied,
    /// It has changed lately, or the judge does not know.
    Either,
}

impl AuthorizationOracle {
    pub(crate) fn new(config: &OracleConfig) -> Self {
        let about = "clients get what their policies allow, and nothing that they allow is denied";
        let window = config.propagation + config.grace;
        Self {
            verdict: Verdict::new("authorization", about),
            held: Vec::new(),
            policies: Vec::new(),
            changes: BTreeMap::new(),
            groups: BTreeMap::new(),
            window: u64::try_from(window.as_nanos()).unwrap_or(u64::MAX),
            abstains: abstains(&config.switches),
        }
    }

    pub(crate) fn restrict(&mut self, clients: Range<u32>, policies: &[&str]) {
        let policies = policies.iter().map(|name| self.number(name)).collect();
        self.held.push((clients, Held::Policies(policies)));
    }

    pub(crate) fn leave_to_authorizer(&mut self, clients: Range<u32>) {
        self.held.push((clients, Held::Authorizer));
    }

    pub(crate) fn in_force(&mut self, now: Timestamp, name: &str, document: &str) {
        let number = self.number(name) as usize;
        // What the service took can be read.
        if let Ok(document) = serde_json::from_str(document) {
            self.policies[number].documents.push((now, document));
        }
    }

    pub(crate) fn changed(&mut self, now: Timestamp, client: ClientKey, name: &str, attached: bool) {
        let policy = self.number(name);
        self.changes.entry(client.0).or_default().push(Change { at: now, policy, attached });
    }

    /// A client asks to be a member of a group of shared subscriptions.
    pub(crate) fn joins_group(&mut self, client: ClientKey, group: &str) {
        if self.concerns(client) {
            let groups = self.groups.entry(client.0).or_default();
            if !groups.iter().any(|known| known == group) {
                groups.push(group.to_owned());
            }
        }
    }

    /// Whether a client is held to anything, so that it is worth saying who it is.
    #[inline]
    pub(crate) fn concerns(&self, client: ClientKey) -> bool {
        self.held.iter().any(|(clients, _)| clients.contains(&client.0))
    }

    /// A message reached a client.
    pub(crate) fn received(&mut self, now: Timestamp, client: ClientKey, topic: &str, subject: &Subject) {
        self.verdict.checks += 1;
        let groups = self.groups.get(&client.0).map_or(&[][..], Vec::as_slice);
        // D-18: a member of a group may be allowed under the group's topic.
        let mut names = core::iter::once(topic.to_owned())
            .chain(groups.iter().map(|group| format!("$share/{group}/{topic}")));
        if names.all(|name| self.find(now, client, "iot:Receive", &name, subject) == Finding::Denied) {
            let text = format!("received {topic}, for which no policy of its allows iot:Receive");
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
        subject: &Subject,
    ) -> bool {
        self.verdict.checks += 1;
        let allowed = self.find(now, client, action, name, subject) == Finding::Allowed;
        if allowed {
            let text = format!("was denied {action} on {name}, which its policies allow");
            self.verdict.violated(now, Some(client), text);
        }
        !allowed
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

    fn find(
        &self,
        now: Timestamp,
        client: ClientKey,
        action: &str,
        name: &str,
        subject: &Subject,
    ) -> Finding {
        let held = self.held.iter().find(|(clients, _)| clients.contains(&client.0)).map(|(_, held)| held);
        let policies = match held {
            None => return Finding::Allowed,
            Some(Held::Authorizer) => return Finding::Either,
            Some(Held::Policies(_)) if self.abstains => return Finding::Either,
            Some(Held::Policies(policies)) => policies,
        };
        let kind = match action {
            "iot:Connect" => "client",
            "iot:Subscribe" => "topicfilter",
            _ => "topic",
        };
        let (resource, known) = (format!("{ACCOUNT}{kind}/{name}"), subject.known());
        let changes = self.changes.get(&client.0).map_or(&[][..], Vec::as_slice);
        let since = Timestamp(now.0.saturating_sub(self.window));
        let within = |at: &Timestamp| *at > since && *at <= now;
        let moments = changes
            .iter()
            .map(|change| change.at)
            .chain(self.policies.iter().flat_map(|policy| policy.documents.iter().map(|(at, _)| *at)))
            .filter(within)
            .chain([since]);
        let mut answers = moments.map(|moment| {
            let documents = Self::attached(policies, changes, moment).into_iter().filter_map(|policy| {
                let documents = &self.policies[policy as usize].documents;
                documents.iter().rev().find(|(at, _)| *at <= moment).map(|(_, document)| document)
            });
            decide(documents, action, &resource, &known) == "ALLOWED"
        });
        let first = answers.next().unwrap_or(true);
        match answers.all(|answer| answer == first) {
            true if first => Finding::Allowed,
            true => Finding::Denied,
            false => Finding::Either,
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

fn abstains(switches: &Switches) -> bool {
    switches.unresolved_variable != UnresolvedVariable::Text
        || switches.substituted_wildcard != SubstitutedWildcard::Text
}
