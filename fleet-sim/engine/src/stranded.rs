//! Provisioning that came to nothing, grouped by who, where and why, so that a report can say it in a sentence each.

use squall_core::{Fact, Tag};
use squall_results::ProvisioningFailures;
use squall_services::provisioning::Outcome;
use squall_types::Timestamp;

use crate::device_set::DeviceSet;

/// So many groups are kept; a run with more has a reason for every device, and its later ones are still counted.
const MOST_GROUPS: usize = 64;

/// What provisioning came to nothing in one run.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    tag: Tag,
    /// The device that it happened to first.
    first: u32,
    /// What a report shows, but for the names that only the world knows and the number of devices.
    shown: ProvisioningFailures,
    devices: DeviceSet,
}

/// One failure of a device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) step: &'a str,
    pub(crate) error: &'a str,
    pub(crate) details: &'a str,
}

impl FailureLog {
    /// Takes what the service says of a device; nothing if it is no failure.
    pub(crate) fn service_fact(&mut self, now: Timestamp, fact: &Fact<'_>, device: u32) {
        match *fact {
            Fact::JustInTime { tag, result: Err(failure), .. } => {
                let details = failure.to_string();
                let failure =
                    Failure { step: "ProvisionThing", error: failure.error.name(), details: &details };
                self.add(now, tag, device, failure);
            }
            Fact::FleetAnswered { tag, api, outcome: Outcome::Rejected { rejection, details }, .. } => {
                let (_, error, _) = rejection.parts();
                self.add(now, tag, device, Failure { step: api.name(), error, details });
            }
            _ => {}
        }
    }

    /// Takes a failure of a device of the fleet with the number `tag`.
    pub(crate) fn add(&mut self, now: Timestamp, tag: Tag, device: u32, failure: Failure<'_>) {
        let is_same = |group: &Group| {
            group.tag == tag && group.shown.step == failure.step && group.shown.error == failure.error
        };
        let group = match self.groups.iter().position(is_same) {
            Some(at) => &mut self.groups[at],
            None if self.groups.len() >= MOST_GROUPS => return,
            None => {
                self.groups.push(Group {
                    tag,
                    first: device,
                    shown: ProvisioningFailures {
                        step: failure.step.to_owned(),
                        error: failure.error.to_owned(),
                        first_at_us: now.as_micros(),
                        details: failure.details.to_owned(),
                        ..ProvisioningFailures::default()
                    },
                    devices: DeviceSet::default(),
                });
                self.groups.last_mut().expect("one was added just now")
            }
        };
        group.shown.count += 1;
        group.devices.insert(device);
    }

    /// What hits most devices first; equal ones in the order in which they came up.
    pub(crate) fn finish(
        self,
        fleet: impl Fn(Tag) -> String,
        client_id: impl Fn(u32) -> String,
    ) -> Vec<ProvisioningFailures> {
        let mut all: Vec<ProvisioningFailures> = self
            .groups
            .into_iter()
            .map(|group| ProvisioningFailures {
                fleet: fleet(group.tag),
                client: client_id(group.first),
                devices: group.devices.len(),
                ..group.shown
            })
            .collect();
        all.sort_by_key(|failures| core::cmp::Reverse(failures.devices));
        all
    }
}
