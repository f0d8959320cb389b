//! Requests of shadows that were refused, grouped by whose and why, so that a report can say it in a sentence each.

use hashbrown::HashMap;
use squall_core::{ShadowAnswered, Tag};
use squall_results::{ShadowTrouble, ShadowTroubleKind};
use squall_services::shadow::{Rejection, ShadowId};
use squall_types::Timestamp;

use crate::shadow;

/// What became of refused requests in one run.
#[derive(Debug, Default)]
pub(crate) struct ShadowTroubleLog {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    tag: Tag,
    kind: ShadowTroubleKind,
    /// How often it happened to each shadow.
    shadows: HashMap<u64, u64, foldhash::fast::FixedState>,
    count: u64,
    first: Timestamp,
    /// The shadow that it happened to most often, and first of those.
    worst: String,
    worst_count: u64,
}

impl ShadowTroubleLog {
    /// Takes what became of a request.
    pub(crate) fn answered(&mut self, now: Timestamp, tag: Tag, answered: &ShadowAnswered<'_>) {
        let ShadowAnswered { shadow, version: Err(rejection), unheard, .. } = *answered else { return };
        if rejection == Rejection::VersionConflict {
            self.add(now, tag, ShadowTroubleKind::Conflict, shadow);
        }
        if unheard {
            self.add(now, tag, ShadowTroubleKind::Unnoticed, shadow);
        }
    }

    fn add(&mut self, now: Timestamp, tag: Tag, kind: ShadowTroubleKind, shadow: ShadowId<'_>) {
        let group = match self.groups.iter().position(|group| group.tag == tag && group.kind == kind) {
            Some(at) => &mut self.groups[at],
            None => {
                self.groups.push(Group {
                    tag,
                    kind,
                    shadows: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(5)),
                    count: 0,
                    first: now,
                    worst: String::new(),
                    worst_count: 0,
                });
                self.groups.last_mut().expect("one was added just now")
            }
        };
        group.count += 1;
        let count = group.shadows.entry(shadow::key(shadow)).or_insert(0);
        *count += 1;
        if *count > group.worst_count {
            group.worst_count = *count;
            group.worst = match shadow.name {
                None => shadow.thing.to_owned(),
                Some(name) => format!("{}/{name}", shadow.thing),
            };
        }
    }

    /// What hits most shadows first; equal ones in the order in which they came up.
    pub(crate) fn finish(self, fleet: impl Fn(Tag) -> String) -> Vec<ShadowTrouble> {
        let mut all: Vec<ShadowTrouble> = self
            .groups
            .into_iter()
            .map(|group| ShadowTrouble {
                fleet: fleet(group.tag),
                kind: group.kind,
                shadows: group.shadows.len() as u64,
                count: group.count,
                first_at_us: group.first.as_micros(),
                worst: group.worst,
                worst_count: group.worst_count,
            })
            .collect();
        all.sort_by_key(|trouble| core::cmp::Reverse(trouble.shadows));
        all
    }
}
