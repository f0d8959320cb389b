//! What devices report is what is desired of them, by the time that their habits allow.

use core::time::Duration;
use std::collections::BTreeMap;

use serde_json::Value;
use squall_types::Timestamp;

use super::history::History;
use crate::DeviceKey;
use crate::verdict::Verdict;

/// It is not connected.
const UNREACHABLE: &str = "unreachable-at-the-end";
/// It has some time left.
const NOT_DUE: &str = "under-way-at-the-end";
/// Nobody knows what the shadow holds.
const UNKNOWN: &str = "document-unknown";

#[derive(Debug)]
pub(super) struct ConvergenceOracle {
    verdict: Verdict,
    followed: BTreeMap<(DeviceKey, Box<str>), Duration>,
}

impl Default for ConvergenceOracle {
    fn default() -> Self {
        let about = "each device that is reachable for long enough reports what is desired of it";
        Self { verdict: Verdict::new("shadow-convergence", about), followed: BTreeMap::new() }
    }
}

impl ConvergenceOracle {
    pub(super) fn follow(&mut self, device: DeviceKey, prefix: &str, within: Duration) {
        self.followed.insert((device, prefix.into()), within);
    }

    pub(super) fn finish<'h>(
        &mut self,
        now: Timestamp,
        history: impl Fn(&str) -> Option<&'h History>,
        connected_since: impl Fn(DeviceKey) -> Option<Timestamp>,
    ) {
        for ((device, prefix), within) in core::mem::take(&mut self.followed) {
            self.verdict.checks += 1;
            // A shadow that nobody ever spoke of wants nothing.
            let Some(history) = history(&prefix) else { continue };
            let Some(since) = connected_since(device) else {
                self.verdict.excused(UNREACHABLE);
                continue;
            };
            let Some((version, document)) =
                history.latest_document().filter(|(version, _)| *version >= history.latest)
            else {
                self.verdict.excused(UNKNOWN);
                continue;
            };
            let difference = document.difference();
            if difference.is_empty() {
                continue;
            }
            if now < since.max(history.desired_at) + within {
                self.verdict.excused(NOT_DUE);
                continue;
            }
            let difference = Value::Object(difference);
            let text = format!(
                "{prefix}: at version {version} the device does not report {difference}, desired since {} and connected since {since}",
                history.desired_at,
            );
            self.verdict.violated(now, None, text);
        }
    }

    pub(super) fn into_verdict(self) -> Verdict {
        self.verdict
    }
}
