//! Faults: what is broken when.

use core::time::Duration;

use squall_scenario::{Fault, FaultKind, OutageMode};
use squall_types::Timestamp;

/// Gateway outages by time.
#[derive(Clone, Debug)]
pub(crate) struct Outages {
    outages: Vec<Outage>,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    from: Timestamp,
    to: Timestamp,
    mode: OutageMode,
}

impl Outages {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let outages = faults
            .iter()
            .filter_map(|fault| {
                let FaultKind::GatewayOutage(mode) = fault.kind else { return None };
                let from = Timestamp::ZERO + fault.at;
                Some(Outage { from, to: from + fault.lasts, mode })
            })
            .collect();
        Self { outages }
    }

    /// The outage at `at`, if there is one.
    #[inline]
    pub(crate) fn at(&self, at: Timestamp) -> Option<OutageMode> {
        self.outages.iter().find(|outage| outage.from <= at && at < outage.to).map(|outage| outage.mode)
    }

    /// How long the longest silent outage lasts.
    pub(crate) fn longest_silence(&self) -> Duration {
        let silent = self.outages.iter().filter(|outage| outage.mode == OutageMode::Silent);
        silent.map(|outage| outage.to - outage.from).max().unwrap_or_default()
    }

    /// When the silent outage at `at` ends, if there is one.
    #[inline]
    pub(crate) fn silent_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.outages
            .iter()
            .find(|outage| outage.mode == OutageMode::Silent && outage.from <= at && at < outage.to)
            .map(|outage| outage.to)
    }
}
