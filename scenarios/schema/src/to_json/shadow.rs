//! Shadows of devices, in the vocabulary of the file.

use serde_json::{Value, json};

use super::qos;
use crate::resolved::{ConflictHabit, DeltaHabit, OnConflict, OnDelta, ShadowHabits, ShadowListens};
use crate::value::duration_text;

pub(super) fn shadow(habits: &ShadowHabits) -> Value {
    let mut table = json!({
        "thing": habits.thing.source(),
        "reported": habits.reported.source(),
        "report_on_connect": habits.report_on_connect,
        "get_on_connect": habits.get_on_connect,
        "listen": listens(habits.listens),
        "sends_version": habits.sends_version,
        "keeps_applied": habits.keeps_applied,
        "qos": qos(habits.qos),
        "answer_timeout": duration_text(habits.answer_timeout),
    });
    if let Some(name) = &habits.name {
        table["name"] = name.as_str().into();
    }
    if let Some(every) = habits.report_every {
        table["report_every"] = duration_text(every).into();
    }
    match habits.on_delta {
        OnDelta::Apply(after) => {
            table["on_delta"] = DeltaHabit::Apply.as_str().into();
            table["apply_after"] = duration_text(after).into();
        }
        OnDelta::Ignore => table["on_delta"] = DeltaHabit::Ignore.as_str().into(),
    }
    match habits.on_conflict {
        OnConflict::GetAndRepeat { at_most } => {
            table["on_conflict"] = ConflictHabit::GetAndRepeat.as_str().into();
            table["repeats"] = at_most.into();
        }
        OnConflict::GiveUp => table["on_conflict"] = ConflictHabit::GiveUp.as_str().into(),
    }
    table
}

fn listens(listens: ShadowListens) -> Value {
    json!({
        "delta": listens.delta,
        "update_accepted": listens.update_accepted,
        "update_rejected": listens.update_rejected,
        "get_accepted": listens.get_accepted,
        "get_rejected": listens.get_rejected,
    })
}
