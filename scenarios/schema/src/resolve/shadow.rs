//! `[[fleet.shadow]]`.

use squall_types::Template;

use super::all;
use crate::keys::SHADOWS_MAX;
use crate::read::{Cursor, sample_of};
use crate::resolved::{ConflictHabit, DeltaHabit, OnConflict, OnDelta, ShadowHabits, ShadowListens};

pub(super) fn read_all(fleet: &Cursor<'_>, fleet_name: &str) -> Option<Vec<ShadowHabits>> {
    let cursors = fleet.tables("shadow")?;
    if cursors.len() > SHADOWS_MAX {
        let error = fleet.error_at("shadow", "too many shadows").found(cursors.len().to_string());
        fleet.report().push(error.allowed(format!("at most {SHADOWS_MAX} for each fleet")));
    }
    let mut taken: Vec<(String, Option<String>)> = Vec::new();
    all(Some(cursors), |cursor| {
        let cursor = cursor?;
        let habits = read(&cursor, fleet_name)?;
        let shadow = (habits.thing.source().to_owned(), habits.name.clone());
        if taken.contains(&shadow) {
            let problem = match &habits.name {
                Some(_) => "another shadow of the fleet has this name",
                None => "another shadow of the fleet is the classic one",
            };
            let error = match cursor.node("name") {
                Some(node) => cursor.error_at("name", problem).found(node.shown()),
                None => cursor.error_at_table(problem).hint("give one of them a name"),
            };
            cursor.report().push(error);
            return None;
        }
        taken.push(shadow);
        Some(habits)
    })
}

fn read(cursor: &Cursor<'_>, fleet_name: &str) -> Option<ShadowHabits> {
    let thing = cursor.template("thing", fleet_name);
    let name = match cursor.node("name") {
        Some(_) => cursor.api_name("name").map(Some),
        None => Some(None),
    };
    let reported = read_reported(cursor, fleet_name);
    let report_on_connect = cursor.flag("report_on_connect");
    let report_every = match cursor.node("report_every") {
        Some(_) => cursor.duration("report_every").map(Some),
        None => Some(None),
    };
    let get_on_connect = cursor.flag("get_on_connect");
    let on_delta = read_on_delta(cursor);
    let sends_version = cursor.flag("sends_version");
    let on_conflict = read_on_conflict(cursor);
    let gets = match (get_on_connect, sends_version, on_conflict) {
        (Some(get_on_connect), Some(sends_version), Some(on_conflict)) => {
            get_on_connect || sends_version && on_conflict != OnConflict::GiveUp
        }
        // Something is wrong with one of them already.
        _ => false,
    };
    let listens = cursor.table("listen").and_then(|cursor| read_listens(&cursor, gets));
    let keeps_applied = cursor.flag("keeps_applied");
    let qos = cursor.qos("qos");
    let answer_timeout = cursor.duration("answer_timeout");
    Some(ShadowHabits {
        thing: thing?,
        name: name?,
        reported: reported?,
        report_on_connect: report_on_connect?,
        report_every: report_every?,
        get_on_connect: get_on_connect?,
        listens: listens?,
        on_delta: on_delta?,
        sends_version: sends_version?,
        on_conflict: on_conflict?,
        keeps_applied: keeps_applied?,
        qos: qos?,
        answer_timeout: answer_timeout?,
    })
}

/// What is reported has to be a JSON object, or every report would be rejected.
fn read_reported(cursor: &Cursor<'_>, fleet_name: &str) -> Option<Template> {
    let template = cursor.template("reported", fleet_name)?;
    let sample = sample_of(&template, fleet_name);
    let (problem, hint) = match serde_json::from_str(&sample) {
        Ok(serde_json::Value::Object(_)) => return Some(template),
        Ok(_) => ("what is reported is no JSON object", "write names and values between { and }".to_owned()),
        Err(error) => ("what is reported is no JSON", error.to_string()),
    };
    let error = cursor.error_at("reported", problem);
    let found = cursor.node("reported").map_or_else(String::new, crate::tree::Node::shown);
    cursor.report().push(error.found(found).hint(hint));
    None
}

fn read_on_delta(cursor: &Cursor<'_>) -> Option<OnDelta> {
    let (habit, after) = (cursor.choice::<DeltaHabit>("on_delta"), cursor.duration("apply_after"));
    match habit? {
        DeltaHabit::Apply => Some(OnDelta::Apply(after?)),
        DeltaHabit::Ignore => alone(cursor, "apply_after", "a device that ignores deltas applies none")
            .map(|()| OnDelta::Ignore),
    }
}

fn read_on_conflict(cursor: &Cursor<'_>) -> Option<OnConflict> {
    let (habit, repeats) = (cursor.choice::<ConflictHabit>("on_conflict"), cursor.whole_u32("repeats"));
    match habit? {
        ConflictHabit::GetAndRepeat => {
            let at_most = u8::try_from(repeats?).expect("the key table bounds it");
            Some(OnConflict::GetAndRepeat { at_most })
        }
        ConflictHabit::GiveUp => {
            alone(cursor, "repeats", "a device that gives up repeats nothing").map(|()| OnConflict::GiveUp)
        }
    }
}

/// Reports a key that means nothing beside another one.
fn alone(cursor: &Cursor<'_>, key: &str, problem: &str) -> Option<()> {
    let Some(node) = cursor.node(key) else { return Some(()) };
    let error = cursor.error_at(key, problem).found(node.shown());
    cursor.report().push(error.hint("remove one of the two"));
    None
}

fn read_listens(cursor: &Cursor<'_>, gets: bool) -> Option<ShadowListens> {
    let to_get = |name: &str| if cursor.node(name).is_some() { cursor.flag(name) } else { Some(gets) };
    let delta = cursor.flag("delta");
    let (update_accepted, update_rejected) = (cursor.flag("update_accepted"), cursor.flag("update_rejected"));
    let (get_accepted, get_rejected) = (to_get("get_accepted"), to_get("get_rejected"));
    Some(ShadowListens {
        delta: delta?,
        update_accepted: update_accepted?,
        update_rejected: update_rejected?,
        get_accepted: get_accepted?,
        get_rejected: get_rejected?,
    })
}
