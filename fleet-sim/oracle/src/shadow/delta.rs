//! A delta is published only where desired differs from reported, and carries exactly the difference.

use serde_json::{Map, Value};
use squall_types::Timestamp;

use super::naive::{Document, same_members};
use crate::verdict::Verdict;

/// Why a delta was not judged: what the shadow held at its version is not known.
const UNHEARD: &str = "unheard-update";

#[derive(Debug)]
pub(super) struct DeltaOracle {
    verdict: Verdict,
}

impl Default for DeltaOracle {
    fn default() -> Self {
        let about = "a delta is published only where desired differs from reported, and carries exactly the difference";
        Self { verdict: Verdict::new("shadow-delta", about) }
    }
}

impl DeltaOracle {
    /// A delta was published of a version whose document is known.
    pub(super) fn published(
        &mut self,
        now: Timestamp,
        shadow: &str,
        version: u64,
        state: &Value,
        document: &Document,
    ) {
        self.verdict.checks += 1;
        let expected = document.difference();
        let text = if expected.is_empty() {
            format!("{shadow}: a delta of version {version}, where nothing desired differs: {state}")
        } else if state.as_object().is_some_and(|state| same_members(state, &expected)) {
            return;
        } else {
            let expected = Value::Object(expected);
            format!("{shadow}: the delta of version {version} is {state}, and the difference {expected}")
        };
        self.verdict.violated(now, None, text);
    }

    /// The delta that a whole document shows, which that document alone decides.
    pub(super) fn in_document(
        &mut self,
        now: Timestamp,
        shadow: &str,
        document: &Document,
        shown: Option<&Value>,
    ) {
        self.verdict.checks += 1;
        let expected = document.difference();
        let nothing = Map::new();
        let is_right = match shown {
            // There is no empty delta in a document.
            Some(shown) => {
                !expected.is_empty() && same_members(shown.as_object().unwrap_or(&nothing), &expected)
            }
            None => expected.is_empty(),
        };
        if !is_right {
            let expected = Value::Object(expected);
            let shown = shown.map_or_else(|| "none".to_owned(), Value::to_string);
            let text = format!("{shadow}: the delta in a document is {shown}, and the difference {expected}");
            self.verdict.violated(now, None, text);
        }
    }

    pub(super) fn unjudged(&mut self) {
        self.verdict.excused(UNHEARD);
    }

    pub(super) fn into_verdict(self) -> Verdict {
        self.verdict
    }
}
