//! Judges of device shadows (`state.md` 1).
//!
//! * `shadow-updates`: versions rise by one with each accepted update, and no acknowledged update is lost.
//! * `shadow-delta`: a delta is published only where desired differs from reported, and carries exactly the difference.
//! * `shadow-convergence`: what devices report is what is desired of them, by the time that their habits allow.
//!
//! They see what clients sent and what the service published about a shadow, on its topics or as the bodies of its API,
//! and replay it with a naive implementation of their own. Topics say which shadow it is; nothing is asked of the
//! service. Messages may be seen in any order and more than once.
//!
//! Not seen: a delta that was due and not published, but for what does not converge then.

mod convergence;
mod delta;
mod history;
mod naive;
mod updates;

use core::time::Duration;

use hashbrown::HashMap;
use serde_json::Value;
use squall_profile::Profile;
use squall_profile::switch::{ShadowEmptyObject, ShadowVersionAfterDelete};
use squall_types::Timestamp;

use self::convergence::ConvergenceOracle;
use self::delta::DeltaOracle;
use self::history::{History, Known};
use self::naive::Document;
use self::updates::UpdatesOracle;
use crate::DeviceKey;
use crate::verdict::Verdict;

/// What the judges of shadows have to know of the service.
#[derive(Clone, Copy, Debug)]
pub struct ShadowOracleConfig {
    /// K-01: whether a delete takes a version.
    pub delete_takes_version: bool,
    /// K-09: whether `{}` is a value of its own.
    pub keeps_empty_objects: bool,
    /// How long the version of a deleted shadow is remembered.
    pub version_memory: Duration,
}

impl From<&Profile> for ShadowOracleConfig {
    fn from(profile: &Profile) -> Self {
        let switches = &profile.switches;
        Self {
            delete_takes_version: switches.shadow_version_after_delete == ShadowVersionAfterDelete::Skips,
            keeps_empty_objects: switches.shadow_empty_object == ShadowEmptyObject::Store,
            version_memory: Duration::from_secs(profile.limits.shadow_version_memory_seconds.into()),
        }
    }
}

/// Something that waits until a version's document is known.
#[derive(Debug)]
struct Waiting {
    at: Timestamp,
    version: u64,
    what: Message,
}

#[derive(Debug)]
enum Message {
    Delta(Value),
    Document(Document),
}

/// Messages of one shadow that wait for a version at most; then what is missing is taken for never to come.
const PATIENCE: usize = 16;

#[derive(Debug)]
struct Shadow {
    history: History,
    waiting: Vec<Waiting>,
}

/// All judges of shadows of a run.
#[derive(Debug)]
pub struct ShadowOracles {
    config: ShadowOracleConfig,
    /// By the beginning of their topics.
    shadows: HashMap<Box<str>, Shadow, foldhash::fast::FixedState>,
    updates: UpdatesOracle,
    delta: DeltaOracle,
    convergence: ConvergenceOracle,
}

impl ShadowOracles {
    /// Judges who have seen nothing yet.
    pub fn new(config: ShadowOracleConfig) -> Self {
        Self {
            config,
            shadows: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(9)),
            updates: UpdatesOracle::default(),
            delta: DeltaOracle::default(),
            convergence: ConvergenceOracle::default(),
        }
    }

    /// A client sent a PUBLISH, `first` or repeated, to a topic that may be one of a shadow; or made the call of the
    /// same meaning. Only updates count.
    pub fn request_sent(&mut self, now: Timestamp, topic: &str, payload: &[u8], first: bool) {
        let Some((prefix, "update")) = split(topic) else { return };
        let history = &mut self.shadow(prefix).history;
        let Ok(request) = serde_json::from_slice::<Value>(payload) else {
            if is_json(payload) {
                history.sent_unreadable();
            }
            return;
        };
        if says_desired(request.get("state")) {
            history.desired_at = now;
        }
        history.sent(&request, first);
    }

    /// The service published on a topic that may be one of a shadow, and somebody got it; or it answered a call so. The
    /// same message may be given once for each who got it.
    pub fn answer_seen(&mut self, now: Timestamp, topic: &str, payload: &[u8]) {
        let Some((prefix, end)) = split(topic) else { return };
        let answer = match serde_json::from_slice::<Value>(payload) {
            Ok(answer) => answer,
            Err(_) if is_json(payload) => return self.updates.out_of_range(),
            Err(_) => return self.updates.unreadable(now, topic),
        };
        match end {
            "update/accepted" => self.accepted(now, prefix, &answer),
            "update/rejected" => {
                // Without a token it may be about anything, even about what is no update at all.
                let token = answer.get("clientToken").and_then(Value::as_str);
                let asked = token.and_then(|token| self.shadow(prefix).history.rejected(token));
                self.updates.rejected(now, prefix, &answer, asked.as_ref());
            }
            "update/delta" => {
                let state = answer.get("state").cloned().unwrap_or_default();
                self.wait(now, prefix, &answer, Message::Delta(state));
            }
            "update/documents" => self.documents(now, prefix, &answer),
            "get/accepted" => self.document(now, prefix, &answer),
            "delete/accepted" => self.deleted(now, prefix, version_of(&answer)),
            _ => {}
        }
    }

    /// From now on a device is expected to follow a shadow, which all topics of `prefix` are of: whenever it is reachable for
    /// as long as `within`, and nothing new was desired meanwhile, it reports what is desired.
    pub fn follow(&mut self, device: DeviceKey, prefix: &str, within: Duration) {
        self.convergence.follow(device, prefix, within);
    }

    fn shadow(&mut self, prefix: &str) -> &mut Shadow {
        if !self.shadows.contains_key(prefix) {
            let shadow = Shadow { history: History::new(), waiting: Vec::new() };
            self.shadows.insert(prefix.into(), shadow);
        }
        self.shadows.get_mut(prefix).expect("it was just put there")
    }

    fn accepted(&mut self, now: Timestamp, prefix: &str, answer: &Value) {
        let version = version_of(answer);
        self.may_begin_again(now, prefix, version);
        let null = Value::Null;
        let state = answer.get("state").unwrap_or(&null);
        let token = answer.get("clientToken").and_then(Value::as_str);
        let history = &mut self.shadow(prefix).history;
        if says_desired(Some(state)) {
            history.desired_at = now;
        }
        let taken = history.accepted(version, state, token);
        history.seen(version);
        self.updates.accepted(now, prefix, version, &taken);
        self.settle(prefix, false);
    }

    /// Versions begin again where a deleted shadow was forgotten.
    fn may_begin_again(&mut self, now: Timestamp, prefix: &str, version: u64) {
        let memory = u64::try_from(self.config.version_memory.as_nanos()).unwrap_or(u64::MAX);
        let history = &mut self.shadow(prefix).history;
        let forgotten = history.deleted_at.is_some_and(|at| now.0.saturating_sub(at.0) >= memory);
        if forgotten && version <= history.latest {
            history.begin_again();
        }
    }

    fn deleted(&mut self, now: Timestamp, prefix: &str, version: u64) {
        let takes_one = self.config.delete_takes_version;
        if self.shadow(prefix).history.is_copy_of_delete(version) {
            return;
        }
        self.settle(prefix, true);
        self.shadow(prefix).history.deleted(now, version, takes_one);
    }

    fn documents(&mut self, now: Timestamp, prefix: &str, answer: &Value) {
        let Some(current) = answer.get("current") else { return };
        self.may_begin_again(now, prefix, version_of(current));
        let previous = answer.get("previous").filter(|previous| previous.get("state").is_some());
        self.updates.documents(now, prefix, previous.map(version_of), version_of(current));
        self.wait(now, prefix, current, Message::Document(Document::read(current.get("state"))));
    }

    fn document(&mut self, now: Timestamp, prefix: &str, answer: &Value) {
        let document = Document::read(answer.get("state"));
        let shown = answer.get("state").and_then(|state| state.get("delta"));
        self.delta.in_document(now, prefix, &document, shown);
        self.wait(now, prefix, answer, Message::Document(document));
    }

    /// Judges a message once the document at its version is known.
    fn wait(&mut self, now: Timestamp, prefix: &str, answer: &Value, what: Message) {
        let version = version_of(answer);
        let shadow = self.shadow(prefix);
        shadow.history.seen(version);
        shadow.waiting.push(Waiting { at: now, version, what });
        self.settle(prefix, false);
    }

    /// Judges what can be judged by now; at the end, all as well as it can be.
    fn settle(&mut self, prefix: &str, is_end: bool) {
        let keeps_empty = self.config.keeps_empty_objects;
        loop {
            self.judge_known(prefix);
            let Self { shadows, updates, delta, .. } = self;
            let Some(Shadow { history, waiting }) = shadows.get_mut(prefix) else { return };
            if waiting.is_empty() || !is_end && waiting.len() <= PATIENCE {
                return;
            }
            // The earliest whole document shows how things stood, whatever was unheard below it.
            let Some(at) = earliest_document(waiting) else {
                return waiting.drain(..).for_each(|_| delta.unjudged());
            };
            let Waiting { at, version, what } = waiting.remove(at);
            let Message::Document(seen) = what else { return };
            updates.document_with_gaps(at, prefix, version, &seen, history, keeps_empty);
            history.jump(version, Some(seen));
        }
    }

    /// Judges what waits for versions that are known by now.
    fn judge_known(&mut self, prefix: &str) {
        let Self { config, shadows, updates, delta, .. } = self;
        let Some(Shadow { history, waiting }) = shadows.get_mut(prefix) else { return };
        history.advance(config.keeps_empty_objects);
        waiting.retain(|message| {
            let Waiting { at, version, what } = message;
            match (history.at(*version), what) {
                (Known::NotYet, _) => return true,
                (Known::TooOld, Message::Delta(_)) => delta.unjudged(),
                (Known::TooOld, Message::Document(_)) => updates.unjudged(),
                (Known::Exactly(document), Message::Delta(state)) => {
                    delta.published(*at, prefix, *version, state, document);
                }
                (Known::Exactly(document), Message::Document(seen)) => {
                    updates.document(*at, prefix, *version, seen, document);
                }
            }
            false
        });
    }

    /// The verdicts at the end of the run. `connected_since` tells for each device since when it is connected.
    ///
    /// What is judged of convergence is the latest document that is known: a caller that wants all of them judged
    /// gets every followed shadow once more and gives the answer to [`ShadowOracles::answer_seen`].
    pub fn finish(
        mut self,
        now: Timestamp,
        connected_since: impl Fn(DeviceKey) -> Option<Timestamp>,
    ) -> Vec<Verdict> {
        let mut prefixes: Vec<Box<str>> = self.shadows.keys().cloned().collect();
        prefixes.sort_unstable();
        for prefix in &prefixes {
            self.settle(prefix, true);
            let history = &self.shadows[prefix].history;
            self.updates.finish(now, prefix, history);
        }
        let Self { shadows, mut convergence, updates, delta, .. } = self;
        let history = |prefix: &str| shadows.get(prefix).map(|shadow| &shadow.history);
        convergence.finish(now, history, connected_since);
        vec![updates.into_verdict(), delta.into_verdict(), convergence.into_verdict()]
    }
}

fn earliest_document(waiting: &[Waiting]) -> Option<usize> {
    let documents = waiting.iter().enumerate().filter(|(_, one)| matches!(one.what, Message::Document(_)));
    documents.min_by_key(|(_, one)| one.version).map(|(at, _)| at)
}

/// Splits a topic of a shadow into what all of its topics begin with, and the rest.
fn split(topic: &str) -> Option<(&str, &str)> {
    let rest = topic.strip_prefix("$aws/things/")?;
    let thing = rest.find('/')?;
    let after = rest[thing..].strip_prefix("/shadow/")?;
    let end = match after.strip_prefix("name/") {
        Some(named) => &named[named.find('/')? + 1..],
        None => after,
    };
    Some((&topic[..topic.len() - end.len() - 1], end))
}

/// Whether it is JSON, perhaps with numbers that no float can hold; those the judges leave alone.
fn is_json(payload: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok()
}

fn version_of(answer: &Value) -> u64 {
    answer.get("version").and_then(Value::as_u64).unwrap_or_default()
}

/// Whether an update's state says anything of what is desired.
fn says_desired(state: Option<&Value>) -> bool {
    state.is_some_and(|state| state.is_null() || state.get("desired").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_split_into_the_shadow_and_the_rest() {
        for (topic, expected) in [
            ("$aws/things/t/shadow/update", Some(("$aws/things/t/shadow", "update"))),
            ("$aws/things/t/shadow/update/delta", Some(("$aws/things/t/shadow", "update/delta"))),
            (
                "$aws/things/t/shadow/name/n/get/accepted",
                Some(("$aws/things/t/shadow/name/n", "get/accepted")),
            ),
            ("$aws/things/t/shadow/name/n", None),
            ("$aws/things/t/jobs/get", None),
            ("things/t/shadow/update", None),
        ] {
            assert_eq!(split(topic), expected, "{topic}");
        }
    }
}
