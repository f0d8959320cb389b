//! What the firmware of a fleet does with device shadows (`state.md` 1).
//!
//! ```text
//!   connected ──> subscribed ──> get? ──> report? ──> waits
//!                                                       │ a period is over: reports
//!                                                       │ a delta: applies it after its delay, reports what it applied
//!                      409 <── update ──────────────────┘
//!                       └──> gives the update up, or: get ──> the same update with the version of now
//! ```
//!
//! A device has one request under way for each of its shadows. What else it wants meanwhile is a mark, not a queue: a
//! report says what is so when it is sent.

use core::time::Duration;

use squall_codec::ReasonCode;
use squall_types::{QoS, Template, Timestamp};

/// One shadow of each device of a fleet, and what the firmware does with it.
#[derive(Clone, Debug)]
pub struct ShadowHabits {
    /// The thing; per device.
    pub thing: Template,
    /// The name of a named shadow; `None` is the classic one.
    pub name: Option<String>,
    /// What the device reports of itself: a JSON object, rendered anew for each report. What it applied of deltas stands
    /// above it.
    pub reported: Template,
    /// Whether it reports everything once it is connected and subscribed.
    pub report_on_connect: bool,
    /// How often it reports everything, apart from that.
    pub report_every: Option<Duration>,
    /// Whether it asks for the shadow once it is connected and subscribed, before it reports.
    pub get_on_connect: bool,
    /// What it listens to.
    pub listens: ShadowListens,
    /// What it does with a delta.
    pub on_delta: OnDelta,
    /// Whether its updates say which version they are meant for, as soon as it knows one.
    pub sends_version: bool,
    /// What it does when that was another version.
    pub on_conflict: OnConflict,
    /// Whether what it applied outlives a loss of power.
    pub keeps_applied: bool,
    /// QoS of its requests, and the one that it asks for answers with.
    pub qos: QoS,
    /// How long it waits for an answer.
    pub answer_timeout: Duration,
}

/// Which topics of its shadow a device subscribes to. What it does not listen to it never learns.
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

impl ShadowListens {
    /// To all of them.
    pub const ALL: Self = Self {
        delta: true,
        update_accepted: true,
        update_rejected: true,
        get_accepted: true,
        get_rejected: true,
    };

    /// To none.
    pub const NONE: Self = Self {
        delta: false,
        update_accepted: false,
        update_rejected: false,
        get_accepted: false,
        get_rejected: false,
    };
}

/// What a device does with a difference between desired and reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelta {
    /// Nothing.
    Ignore,
    /// It takes the desired values for its own after this time, and reports them. A delta that comes meanwhile takes the
    /// place of the one that waits, and keeps its time.
    Apply(Duration),
}

/// What a device does with an update that was rejected for its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It drops the update.
    GiveUp,
    /// It gets the shadow, takes what is desired as from a delta, and sends its update again with the version that it was
    /// told. After this many conflicts in a row it drops the update all the same.
    GetAndRepeat {
        /// How often it repeats one update.
        at_most: u8,
    },
}

/// What a device asks of its shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShadowRequest {
    /// The document.
    Get,
    /// An update of all that it reports.
    Report,
    /// An update of what it applied.
    ReportApplied,
}

impl ShadowRequest {
    /// Whether it changes the shadow.
    pub const fn is_update(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// A topic of a shadow that answers come on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerTopic {
    Delta,
    UpdateAccepted,
    UpdateRejected,
    GetAccepted,
    GetRejected,
}

impl AnswerTopic {
    const ALL: [Self; 5] =
        [Self::Delta, Self::UpdateAccepted, Self::UpdateRejected, Self::GetAccepted, Self::GetRejected];

    const fn end(self) -> &'static str {
        match self {
            Self::Delta => "/update/delta",
            Self::UpdateAccepted => "/update/accepted",
            Self::UpdateRejected => "/update/rejected",
            Self::GetAccepted => "/get/accepted",
            Self::GetRejected => "/get/rejected",
        }
    }
}

impl ShadowHabits {
    /// The topics that it listens on.
    pub(crate) fn answer_topics(&self) -> impl Iterator<Item = AnswerTopic> {
        let listens = self.listens;
        AnswerTopic::ALL.into_iter().filter(move |topic| match topic {
            AnswerTopic::Delta => listens.delta,
            AnswerTopic::UpdateAccepted => listens.update_accepted,
            AnswerTopic::UpdateRejected => listens.update_rejected,
            AnswerTopic::GetAccepted => listens.get_accepted,
            AnswerTopic::GetRejected => listens.get_rejected,
        })
    }

    /// Whether an answer to this request can reach the device.
    pub(crate) const fn hears_answers_to(&self, request: ShadowRequest) -> bool {
        if request.is_update() {
            self.listens.update_accepted || self.listens.update_rejected
        } else {
            self.listens.get_accepted || self.listens.get_rejected
        }
    }

    /// Appends what all topics of the shadow begin with, for a thing of this name.
    pub(crate) fn write_prefix(&self, thing: &str, out: &mut String) {
        out.push_str("$aws/things/");
        out.push_str(thing);
        out.push_str("/shadow");
        if let Some(name) = &self.name {
            out.push_str("/name/");
            out.push_str(name);
        }
    }

    /// Which answer a topic is for, after the prefix.
    pub(crate) fn answer_of(&self, end: &str) -> Option<AnswerTopic> {
        self.answer_topics().find(|topic| topic.end() == end)
    }
}

/// Appends the end of an answer's topic.
pub(crate) fn write_answer_end(topic: AnswerTopic, out: &mut String) {
    out.push_str(topic.end());
}

/// Something that a device did or saw with one of its shadows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShadowFact<'a> {
    /// A request left as a PUBLISH.
    RequestSent {
        /// Which.
        request: ShadowRequest,
        /// Its topic.
        topic: &'a str,
        /// Its payload.
        payload: &'a [u8],
        /// Its QoS.
        qos: QoS,
        /// Its client token.
        client_token: &'a str,
        /// The version that it is meant for, if it says one.
        version: Option<u64>,
        /// When the device first wanted it.
        intended: Timestamp,
        /// False for a repeat of the same packet. An update that is sent again after a conflict is a new one.
        first: bool,
    },
    /// A PUBACK came for a request. It says that the service has the message, and nothing about the shadow.
    RequestAcked {
        /// Its topic.
        topic: &'a str,
        /// Its payload.
        payload: &'a [u8],
        /// The service's answer.
        code: ReasonCode,
    },
    /// The answer to a request of the device came: accepted.
    Accepted {
        /// To which request.
        request: ShadowRequest,
        /// The shadow's version.
        version: u64,
        /// When the device first wanted it.
        intended: Timestamp,
    },
    /// The answer to a request of the device came: rejected.
    Rejected {
        /// Which request.
        request: ShadowRequest,
        /// The code of the error document; 0 if it could not be read.
        code: u16,
        /// When the device first wanted it.
        intended: Timestamp,
        /// Whether the firmware will send an update of the same again.
        repeats: bool,
    },
    /// No answer came in time, or none that the device listens to. It goes on as if there had been one.
    Unanswered {
        /// Which request.
        request: ShadowRequest,
        /// When the device first wanted it.
        intended: Timestamp,
    },
    /// A delta came, by itself or in a document that the device got.
    DeltaReceived {
        /// The version of the shadow that it is of.
        version: u64,
        /// The state in it, as JSON.
        state: &'a str,
        /// Whether the device will apply it. It drops one that is older than what it knows.
        taken: bool,
    },
    /// The device took the desired values for its own; it reports them next.
    DeltaApplied {
        /// The version of the shadow that the delta was of.
        version: u64,
        /// When the first delta came that it waited with.
        received: Timestamp,
    },
    /// Something came on a topic of the shadow that is no document of one.
    Unreadable,
}
