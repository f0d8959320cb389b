//! Where desired differs from reported (`state.md` 1.7).

use smallvec::SmallVec;

use super::flat::{Finder, Object};
use super::json;

/// Which nodes of desired are part of the delta.
#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    /// One for each node of desired, in order; empty if there is no difference.
    marks: SmallVec<[bool; 48]>,
}

impl Delta {
    /// Compares the sections of a document.
    pub(super) fn between(desired: Object<'_>, reported: Object<'_>) -> Self {
        let mut marks = SmallVec::from_elem(false, desired.nodes.len());
        if !mark(desired, reported, &mut marks) {
            marks.clear();
        }
        Self { marks }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    pub(super) fn marks(&self) -> &[bool] {
        &self.marks
    }
}

/// Marks what of `desired` is different in `reported`; whether anything is.
fn mark(desired: Object<'_>, reported: Object<'_>, marks: &mut [bool]) -> bool {
    let mut reports = Finder::new(reported);
    let mut any = false;
    for wanted in desired.members() {
        let found = reports.find(wanted.key);
        if let (Some(desired), Some(reported)) = (wanted.object(), found.and_then(|found| found.object())) {
            // An object is part of the delta for what differs below it.
            let inside = mark(desired, reported, &mut marks[wanted.index + 1..wanted.end]);
            marks[wanted.index] = inside;
            any |= inside;
        } else if found.is_none_or(|found| found.object().is_some() || !json::same(wanted.value, found.value))
        {
            marks[wanted.index..wanted.end].fill(true);
            any = true;
        }
    }
    any
}
