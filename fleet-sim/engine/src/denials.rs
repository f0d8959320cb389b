//! What the policies denied, grouped by who, what and why, so that a report can say it in a sentence each.

use squall_core::{Denial, Tag};
use squall_results::Denials;
use squall_types::Timestamp;

use crate::device_set::DeviceSet;

/// So many groups are kept; a run with more has a policy for every device, and its later ones are still counted.
const MOST_GROUPS: usize = 64;

/// Denials of one run.
#[derive(Debug, Default)]
pub(crate) struct DenialLog {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    tag: Tag,
    /// What a report shows, but for the names that only the world knows and the number of devices.
    shown: Denials,
    devices: DeviceSet,
}

impl DenialLog {
    /// Takes a denial of a device of the fleet with the number `tag`.
    pub(crate) fn add(&mut self, now: Timestamp, tag: Tag, device: u32, denial: &Denial<'_>) {
        let by = denial.denied_by();
        let is_same = |group: &Group| {
            let shown = &group.shown;
            group.tag == tag
                && shown.action == denial.action.text()
                && shown.decision == denial.verdict.decision.as_str()
                && shown.policy.as_deref() == by.map(|(policy, _)| policy)
                && shown.statement == by.map(|(_, at)| at.statement.into())
        };
        let group = match self.groups.iter().position(is_same) {
            Some(at) => &mut self.groups[at],
            None if self.groups.len() >= MOST_GROUPS => return,
            None => {
                self.groups.push(Group {
                    tag,
                    shown: Denials {
                        action: denial.action.text().to_owned(),
                        decision: denial.verdict.decision.as_str().to_owned(),
                        policy: by.map(|(policy, _)| policy.to_owned()),
                        statement: by.map(|(_, at)| at.statement.into()),
                        first_at_us: now.as_micros(),
                        client: denial.client_id.to_owned(),
                        name: denial.name.to_owned(),
                        why: denial.explain().to_string(),
                        ..Denials::default()
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
    pub(crate) fn finish(self, fleet: impl Fn(Tag) -> String) -> Vec<Denials> {
        let mut all: Vec<Denials> = self
            .groups
            .into_iter()
            .map(|group| Denials { fleet: fleet(group.tag), devices: group.devices.len(), ..group.shown })
            .collect();
        all.sort_by_key(|denials| core::cmp::Reverse(denials.devices));
        all
    }
}
