//! Keys of what devices do with their shadows.

use super::access::NameRule;
use super::{ANY, Default, Key, Kind, Optional, POSITIVE, Renders, Required, Table, whole};
use crate::resolved::{ConflictHabit, DeltaHabit};
use crate::value::Words;

/// Most shadows of a fleet. Their random draws come from the other end than those of publishes.
pub(crate) const SHADOWS_MAX: usize = 100;
/// Names of shadows (`state.md` 1.10).
const SHADOW_NAME: NameRule = NameRule { what: "shadow", punctuation: "$:_-", max: 64 };

table!(SHADOW, "fleet.NAME.shadow.N", "One shadow of each device, and what its firmware does with it. A device has one request under way for each of its shadows; what falls due meanwhile is one more, not a queue.", {
    "thing": Kind::DeviceTemplate(Renders::ThingName), Default("\"{{thing}}\""), "The thing whose shadow it is.";
    "name": Kind::Name(SHADOW_NAME), Optional("the classic shadow"), "The name of a named shadow; no two shadows of a device share one.";
    "reported": Kind::Template, Required, "What the device reports of itself: a JSON object, filled in anew for each report. What it applied of deltas takes the place of what stands here.";
    "report_on_connect": Kind::Flag, Default("true"), "Whether it reports everything once it is connected and its subscriptions are answered.";
    "report_every": Kind::Duration(POSITIVE), Optional("no further reports of everything"), "How often it reports everything besides. The first time is drawn for each device within this span. Reports that fall due offline are made up for by one.";
    "get_on_connect": Kind::Flag, Default("false"), "Whether it asks for the whole shadow once it is connected, before it reports, and takes the delta in it.";
    "listen": Kind::Table(&LISTEN), Optional("to all that it needs"), "What it subscribes to.";
    "on_delta": Kind::Choice(DeltaHabit::CHOICES), Default("\"apply\""), "What it does with a delta.";
    "apply_after": Kind::Duration(ANY), Default("\"1s\""), "How long it takes to apply one. A delta that comes meanwhile takes the place of the first and keeps its time. Only with `on_delta = \"apply\"`.";
    "sends_version": Kind::Flag, Default("false"), "Whether its updates say the version that they are meant for, once it knows one. Then the service rejects what is late, with 409.";
    "on_conflict": Kind::Choice(ConflictHabit::CHOICES), Default("\"get-and-repeat\""), "What it does with an update that was rejected with 409. It learns of it only if it listens to `update/rejected`.";
    "repeats": whole(1, 255, "repeats"), Default("3"), "How often it repeats one update. Only with `on_conflict = \"get-and-repeat\"`.";
    "keeps_applied": Kind::Flag, Default("true"), "Whether what it applied outlives a loss of power.";
    "qos": Kind::QoS, Default("1"), "The QoS of its requests, and the one that it asks for answers with.";
    "answer_timeout": Kind::Duration(POSITIVE), Default("\"10s\""), "How long it waits for an answer. Then it goes on as if there had been one.";
});

table!(LISTEN, "fleet.NAME.shadow.N.listen", "Which topics of its shadow a device subscribes to. What it does not listen to it never learns.", {
    "delta": Kind::Flag, Default("true"), "`update/delta`.";
    "update_accepted": Kind::Flag, Default("true"), "`update/accepted`.";
    "update_rejected": Kind::Flag, Default("true"), "`update/rejected`. Firmware that leaves it out loses updates without noticing.";
    "get_accepted": Kind::Flag, Optional("`true` if it ever gets"), "`get/accepted`.";
    "get_rejected": Kind::Flag, Optional("`true` if it ever gets"), "`get/rejected`.";
});
