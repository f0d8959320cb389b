//! What the judges know of one shadow: who asked for what, and which version came of it.
//!
//! ```text
//!        base                    known above it            seen, with unknown ones below
//!   ──────●──────────────────────●────●────●──────────────────────○────────────────>  versions
//!    folded into one document     replayed as soon as the version between is known
//! ```
//!
//! An update whose answer nobody heard may have been taken in or not. As long as every version is accounted for by
//! an update that was seen to be accepted, the document at it is known exactly; else only what the unheard
//! updates say nothing of.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use squall_types::Timestamp;

use super::naive::{Document, same, touches};

/// Documents that are kept for messages that come late.
const RECENT: usize = 8;
/// Updates that are kept in full while a version below them is missing.
const WAITING: usize = 64;

/// One update, as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) state: Value,
    token: Option<String>,
    /// The version that it named.
    pub(super) named: Option<u64>,
    /// The latest version that anybody had seen when it was sent.
    pub(super) seen_before: u64,
    /// How often it was sent, and how often an answer was seen.
    sent: u32,
    pub(super) answered: u32,
}

/// An update with the version that came of it.
#[derive(Clone, Debug)]
struct Accepted {
    state: Value,
    token: Option<String>,
}

/// What an accepted answer turned out to be.
#[derive(Debug)]
pub(super) enum Taken {
    /// A further copy of one that was seen.
    Copy,
    /// The answer to this update.
    To(Asked),
    /// To none that anybody sent, or not so often.
    Unasked,
    /// The version is that of another update.
    Twice,
    /// It is older than what is kept.
    TooOld,
}

/// How well a document at a version is known.
pub(super) enum Known<'a> {
    /// Exactly.
    Exactly(&'a Document),
    /// Not yet: a version below it is missing.
    NotYet,
    /// It is older than what is kept.
    TooOld,
}

#[derive(Debug, Default)]
pub(super) struct History {
    /// Not fully answered, in the order in which they were sent.
    asked: Vec<Asked>,
    /// Unanswered updates that are kept as a number alone.
    forgotten: u64,
    base: Option<Document>,
    base_version: u64,
    above: BTreeMap<u64, Accepted>,
    recent: VecDeque<(u64, Document, Option<Accepted>)>,
    /// Versions below the base that no update was seen to have made.
    gaps: BTreeSet<u64>,
    /// The latest version that anybody has seen.
    pub(super) latest: u64,
    /// When somebody last asked for a change of what is desired, or was told of one.
    pub(super) desired_at: Timestamp,
    /// When it was last seen to be deleted.
    pub(super) deleted_at: Option<Timestamp>,
    deleted_version: Option<u64>,
}

impl History {
    pub(super) fn new() -> Self {
        Self { base: Some(Document::default()), ..Self::default() }
    }

    /// An update left somebody, `first` or repeated.
    pub(super) fn sent(&mut self, request: &Value, first: bool) {
        let token = request.get("clientToken").and_then(Value::as_str).map(str::to_owned);
        let state = request.get("state").cloned().unwrap_or_default();
        if !first && let Some(asked) = self.asked.iter_mut().rfind(|asked| asked.token == token) {
            asked.sent += 1;
            return;
        }
        let named = request.get("version").and_then(Value::as_u64);
        let seen_before = self.latest;
        self.asked.push(Asked { state, token, named, seen_before, sent: 1, answered: 0 });
    }

    /// An update left somebody that cannot be read here; the service may take it in.
    pub(super) fn sent_unreadable(&mut self) {
        self.forgotten += 1;
    }

    /// An update was rejected. Says which it was.
    pub(super) fn rejected(&mut self, token: &str) -> Option<Asked> {
        let at = self.asked.iter().position(|asked| asked.token.as_deref() == Some(token))?;
        Some(self.answer(at))
    }

    fn answer(&mut self, at: usize) -> Asked {
        let asked = &mut self.asked[at];
        asked.answered += 1;
        let answered = asked.clone();
        if asked.answered == asked.sent {
            self.asked.remove(at);
        }
        answered
    }

    /// An update was accepted as `version`.
    pub(super) fn accepted(&mut self, version: u64, state: &Value, token: Option<&str>) -> Taken {
        let is_same =
            |accepted: &Accepted| accepted.token.as_deref() == token && same(&accepted.state, state);
        let kept = self.above.get(&version).or_else(|| {
            self.recent.iter().find(|(recent, ..)| *recent == version).and_then(|(_, _, made)| made.as_ref())
        });
        if let Some(accepted) = kept {
            return if is_same(accepted) { Taken::Copy } else { Taken::Twice };
        }
        let fits = |asked: &Asked| asked.token.as_deref() == token && same(&asked.state, state);
        if version <= self.base_version && !self.gaps.contains(&version) {
            // A late copy, unless it is of an update that was sent when the version had been seen already.
            let is_younger = |asked: &Asked| token.is_some() && asked.seen_before >= version && fits(asked);
            let younger = self.asked.iter().position(is_younger);
            return younger.map_or(Taken::TooOld, |at| Taken::To(self.answer(at)));
        }
        let Some(at) = self.asked.iter().position(fits) else {
            if self.forgotten == 0 {
                return Taken::Unasked;
            }
            self.forgotten -= 1;
            self.account_for(version, state, token);
            return Taken::TooOld;
        };
        let asked = self.answer(at);
        self.account_for(version, state, token);
        Taken::To(asked)
    }

    fn account_for(&mut self, version: u64, state: &Value, token: Option<&str>) {
        if !self.gaps.remove(&version) {
            let accepted = Accepted { state: state.clone(), token: token.map(str::to_owned) };
            self.above.insert(version, accepted);
        }
    }

    /// Somebody saw this version.
    pub(super) fn seen(&mut self, version: u64) {
        self.latest = self.latest.max(version);
    }

    /// Replays what is known without a gap.
    pub(super) fn advance(&mut self, keeps_empty: bool) {
        while let Some(accepted) = self.above.remove(&(self.base_version + 1)) {
            self.base_version += 1;
            let Some(base) = &mut self.base else { continue };
            base.update(&accepted.state, keeps_empty);
            self.recent.push_back((self.base_version, base.clone(), Some(accepted)));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        if self.above.len() > WAITING {
            let latest = self.above.keys().next_back().copied().unwrap_or_default();
            self.jump(latest, None);
        }
        if self.asked.len() > WAITING {
            let surplus = self.asked.len() - WAITING;
            let lost = self.asked.drain(..surplus).map(|asked| u64::from(asked.sent - asked.answered));
            self.forgotten += lost.sum::<u64>();
        }
    }

    /// Goes on from `version`, whatever is missing below it. Without a document, what it holds is unknown from now on.
    pub(super) fn jump(&mut self, version: u64, document: Option<Document>) {
        let made = self.above.remove(&version);
        for below in self.base_version + 1..=version {
            if self.above.remove(&below).is_none() && !(below == version && made.is_some()) {
                self.gaps.insert(below);
            }
        }
        self.base_version = self.base_version.max(version);
        if let Some(document) = &document {
            self.recent.push_back((version, document.clone(), made));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        self.base = document;
    }

    /// The document at a version.
    pub(super) fn at(&self, version: u64) -> Known<'_> {
        if let Some((_, document, _)) = self.recent.iter().find(|(recent, ..)| *recent == version) {
            return Known::Exactly(document);
        }
        match &self.base {
            Some(base) if version == self.base_version => Known::Exactly(base),
            _ if version > self.base_version => Known::NotYet,
            _ => Known::TooOld,
        }
    }

    /// What the document at `version` is if none of the unheard updates was taken in; `None` if nothing is known.
    pub(super) fn guess(&self, version: u64, keeps_empty: bool) -> Option<Document> {
        let mut document = self.base.clone()?;
        for (_, accepted) in self.above.range(..=version) {
            document.update(&accepted.state, keeps_empty);
        }
        Some(document)
    }

    /// Whether an update that nobody heard the answer of can be why something is different at `path`.
    pub(super) fn may_be_unheard(&self, path: &[String]) -> bool {
        self.forgotten > 0 || self.asked.iter().any(|asked| touches(&asked.state, path))
    }

    /// The latest version whose document is known, and the document.
    pub(super) fn latest_document(&self) -> Option<(u64, &Document)> {
        self.base.as_ref().map(|base| (self.base_version, base))
    }

    /// Versions that no update was seen to have made, and updates without an answer.
    pub(super) fn unaccounted(&self) -> (u64, u64) {
        let above = self.latest.max(self.base_version) - self.base_version;
        let known = self.above.range(..=self.latest).count() as u64;
        let unheard = self.asked.iter().map(|asked| u64::from(asked.sent - asked.answered));
        (self.gaps.len() as u64 + above.saturating_sub(known), self.forgotten + unheard.sum::<u64>())
    }

    /// Whether that delete was seen before.
    pub(super) fn is_copy_of_delete(&self, version: u64) -> bool {
        self.deleted_version.is_some_and(|deleted| version <= deleted)
    }

    /// It was deleted at `version`; the delete itself took one number or none.
    pub(super) fn deleted(&mut self, now: Timestamp, version: u64, takes_one: bool) {
        self.jump(version.max(self.base_version), None);
        self.base_version += u64::from(takes_one);
        self.base = Some(Document::default());
        self.recent.clear();
        self.deleted_at = Some(now);
        self.deleted_version = Some(version);
        self.seen(self.base_version);
    }

    /// Its number is forgotten: versions begin again.
    pub(super) fn begin_again(&mut self) {
        self.base = Some(Document::default());
        self.base_version = 0;
        self.latest = 0;
        (self.deleted_at, self.deleted_version) = (None, None);
        self.above.clear();
        self.recent.clear();
        for asked in &mut self.asked {
            asked.seen_before = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_that_never_comes_does_not_keep_all_that_follow() {
        let mut history = History::new();
        for version in 2..1_000_u64 {
            let state = json!({"reported": {"n": version}});
            history.sent(&json!({"state": state, "clientToken": "x"}), true);
            assert!(matches!(history.accepted(version, &state, Some("x")), Taken::To(_)));
            history.seen(version);
            history.advance(false);
            assert!(history.above.len() <= WAITING && history.recent.len() <= RECENT);
        }
        assert_eq!(history.unaccounted(), (1, 0));
        for _ in 0..1_000 {
            history.sent(&json!({"state": {}}), true);
            history.advance(false);
        }
        assert_eq!((history.asked.len(), history.unaccounted()), (WAITING, (1, 1_000)));
    }
}
