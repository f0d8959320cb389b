//! Groups of shared subscriptions: who is in one is a list of subscriptions like that of any filter; what is here
//! belongs to the group as a whole.

use std::collections::VecDeque;

use hashbrown::HashMap;
use squall_types::{Owner, Timestamp};

use super::filters::FilterKey;
use crate::hash::Hasher;
use crate::message::MessageKey;
use crate::rate::SecondWindow;

/// A group, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupKey(pub(super) u32);

impl GroupKey {
    pub(super) const NONE: Self = Self(super::NONE);

    /// The number, for timers.
    pub(crate) const fn to_u32(self) -> u32 {
        self.0
    }

    /// The key of [`GroupKey::to_u32`].
    pub(crate) const fn from_u32(number: u32) -> Self {
        Self(number)
    }
}

/// A message that a group keeps until a member can take it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueuedShared {
    pub(crate) message: MessageKey,
    pub(crate) queued_at: Timestamp,
}

/// One share name with one filter (`broker.md` 3.6).
#[derive(Debug)]
pub(crate) struct Group {
    /// The filter record that its members hold, under the text `$share/NAME/FILTER`.
    pub(super) members: FilterKey,
    /// The filter that topics are matched with.
    pub(super) plain: FilterKey,
    /// The next group with the same plain filter.
    pub(super) next_of_filter: GroupKey,
    /// Whose draws choose members.
    pub(crate) owner: Owner,
    pub(crate) draws: u64,
    /// SUBSCRIBE and UNSUBSCRIBE requests.
    pub(crate) requests: SecondWindow,
    pub(crate) queue: VecDeque<QueuedShared>,
    /// The timer that empties the queue is pending.
    pub(crate) drain_armed: bool,
}

/// All groups of the account; looked up, never iterated.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) groups: HashMap<GroupKey, Box<Group>, Hasher>,
    last: u32,
}

impl Default for Groups {
    fn default() -> Self {
        Self { groups: HashMap::with_hasher(crate::hash::HASHER), last: 0 }
    }
}

impl Groups {
    pub(super) fn insert(
        &mut self,
        text: &str,
        members: FilterKey,
        plain: FilterKey,
        next: GroupKey,
    ) -> GroupKey {
        self.last += 1;
        let key = GroupKey(self.last);
        let group = Group {
            members,
            plain,
            next_of_filter: next,
            owner: Owner::named(text),
            draws: 0,
            requests: SecondWindow::default(),
            queue: VecDeque::new(),
            drain_armed: false,
        };
        self.groups.insert(key, Box::new(group));
        key
    }
}
