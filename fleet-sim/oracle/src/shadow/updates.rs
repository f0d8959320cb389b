//! Versions rise by one with each accepted update, and no acknowledged update is lost.
//!
//! Each accepted update has a version of its own, above all that anybody had seen when it was sent, and one above the
//! version that it named. Every other version needs an update whose answer nobody heard. A whole document is what
//! the accepted updates make of it, but for what unheard ones may have changed.

use serde_json::Value;
use squall_types::Timestamp;

use super::history::{Asked, History, Taken};
use super::naive::Document;
use crate::verdict::Verdict;

/// Why something was not judged: its version is older than what is kept.
const SEEN_LATE: &str = "seen-late";
/// Why something was not judged: there is a number in it that no float can hold.
const OUT_OF_RANGE: &str = "number-out-of-range";
/// Why a difference is none: an update whose answer nobody heard.
const UNHEARD: &str = "unheard-update";

#[derive(Debug)]
pub(super) struct UpdatesOracle {
    verdict: Verdict,
}

impl Default for UpdatesOracle {
    fn default() -> Self {
        let about =
            "versions of a shadow rise by one with each accepted update, and no acknowledged update is lost";
        Self { verdict: Verdict::new("shadow-updates", about) }
    }
}

impl UpdatesOracle {
    pub(super) fn unreadable(&mut self, now: Timestamp, topic: &str) {
        self.violated(now, topic, "something was published that is no JSON");
    }

    fn violated(&mut self, now: Timestamp, shadow: &str, what: &str) {
        self.verdict.violated(now, None, format!("{shadow}: {what}"));
    }

    pub(super) fn accepted(&mut self, now: Timestamp, shadow: &str, version: u64, taken: &Taken) {
        self.verdict.checks += 1;
        match taken {
            Taken::Copy => {}
            Taken::TooOld => self.verdict.excused(SEEN_LATE),
            Taken::Unasked => {
                self.violated(
                    now,
                    shadow,
                    &format!("version {version} was made of an update that nobody sent"),
                );
            }
            Taken::Twice => {
                self.violated(now, shadow, &format!("two updates were accepted as version {version}"));
            }
            Taken::To(asked) => self.rises(now, shadow, version, asked),
        }
    }

    fn rises(&mut self, now: Timestamp, shadow: &str, version: u64, asked: &Asked) {
        if version <= asked.seen_before {
            let seen = asked.seen_before;
            let text = format!("an update became version {version} after version {seen} had been seen");
            return self.violated(now, shadow, &text);
        }
        // K-11: a shadow that is not there yet takes 1 as well as 0.
        let creates = asked.named == Some(1) && version == 1;
        if let Some(named) = asked.named
            && named.checked_add(1) != Some(version)
            && !creates
        {
            let text = format!("an update of version {named} became version {version}");
            self.violated(now, shadow, &text);
        }
    }

    pub(super) fn rejected(&mut self, now: Timestamp, shadow: &str, answer: &Value, asked: Option<&Asked>) {
        self.verdict.checks += 1;
        let is_conflict = answer.get("code").and_then(Value::as_u64) == Some(409);
        if is_conflict && asked.is_some_and(|asked| asked.named.is_none()) {
            self.violated(now, shadow, "an update that names no version was in conflict with one");
        }
    }

    pub(super) fn documents(&mut self, now: Timestamp, shadow: &str, previous: Option<u64>, current: u64) {
        self.verdict.checks += 1;
        if let Some(previous) = previous
            && previous + 1 != current
        {
            let text = format!("the documents before and after an update are of {previous} and {current}");
            self.violated(now, shadow, &text);
        }
    }

    /// A whole document of a version up to which everything is known.
    pub(super) fn document(
        &mut self,
        now: Timestamp,
        shadow: &str,
        version: u64,
        seen: &Document,
        expected: &Document,
    ) {
        self.verdict.checks += 1;
        if let Some(path) = seen.differing_paths(expected).first() {
            let path = path.join(".");
            let text = format!("at version {version}, {path} is not what the accepted updates made of it");
            self.violated(now, shadow, &text);
        }
    }

    /// The same where versions are missing: what no unheard update speaks of has to be right nonetheless.
    pub(super) fn document_with_gaps(
        &mut self,
        now: Timestamp,
        shadow: &str,
        version: u64,
        seen: &Document,
        history: &History,
        keeps_empty: bool,
    ) {
        self.verdict.checks += 1;
        let Some(guess) = history.guess(version, keeps_empty) else {
            return self.verdict.excused(UNHEARD);
        };
        let paths = seen.differing_paths(&guess);
        if let Some(path) = paths.iter().find(|path| !history.may_be_unheard(path)) {
            let path = path.join(".");
            let text = format!("at version {version}, {path} is not what any update made of it");
            self.violated(now, shadow, &text);
        } else if !paths.is_empty() {
            self.verdict.excused(UNHEARD);
        }
    }

    pub(super) fn out_of_range(&mut self) {
        self.verdict.excused(OUT_OF_RANGE);
    }

    pub(super) fn unjudged(&mut self) {
        self.verdict.excused(SEEN_LATE);
    }

    pub(super) fn finish(&mut self, now: Timestamp, shadow: &str, history: &History) {
        self.verdict.checks += 1;
        let (versions, unheard) = history.unaccounted();
        if versions > unheard {
            let text =
                format!("{versions} versions were made of {unheard} updates whose answers nobody heard");
            self.violated(now, shadow, &text);
        }
    }

    pub(super) fn into_verdict(self) -> Verdict {
        self.verdict
    }
}
