//! What devices do with their shadows.

use core::time::Duration;

use squall_types::{QoS, Template};

/// One shadow of each device of a fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowHabits {
    /// The thing; per device.
    pub thing: Template,
    /// The name of a named shadow; `None` is the classic one.
    pub name: Option<String>,
    /// What a device reports of itself: renders to a JSON object.
    pub reported: Template,
    /// Whether it reports everything once connected.
    pub report_on_connect: bool,
    /// How often it reports everything besides.
    pub report_every: Option<Duration>,
    /// Whether it gets the shadow once connected.
    pub get_on_connect: bool,
    /// What it subscribes to.
    pub listens: ShadowListens,
    /// What it does with a delta.
    pub on_delta: OnDelta,
    /// Whether its updates say a version.
    pub sends_version: bool,
    /// What it does when that was another one.
    pub on_conflict: OnConflict,
    /// Whether what it applied outlives a loss of power.
    pub keeps_applied: bool,
    /// QoS of requests and answers, 0 or 1.
    pub qos: QoS,
    /// How long it waits for an answer.
    pub answer_timeout: Duration,
}

/// Which topics of its shadow a device subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadowListens {
    /// `update/delta`.
    pub delta: bool,
    /// `update/accepted`.
    pub update_accepted: bool,
    /// `update/rejected`.
    pub update_rejected: bool,
    /// `get/accepted`.
    pub get_accepted: bool,
    /// `get/rejected`.
    pub get_rejected: bool,
}

/// What a device does with a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelta {
    /// Nothing.
    Ignore,
    /// It takes the desired values for its own after this time.
    Apply(Duration),
}

/// What a device does with an update that was rejected for its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It drops the update.
    GiveUp,
    /// It gets the shadow and sends its update again, so often.
    GetAndRepeat {
        /// How often it repeats one update.
        at_most: u8,
    },
}

/// The words of [`OnDelta`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaHabit {
    /// [`OnDelta::Apply`].
    Apply,
    /// [`OnDelta::Ignore`].
    Ignore,
}

/// The words of [`OnConflict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictHabit {
    /// [`OnConflict::GetAndRepeat`].
    GetAndRepeat,
    /// [`OnConflict::GiveUp`].
    GiveUp,
}
