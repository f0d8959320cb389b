//! What happens when: `[[fault]]`, `[measure]`.

use core::time::Duration;

use super::{all, report_outside};
use crate::keys::{DEVICE_CRASH, FAULT_KINDS};
use crate::read::Cursor;
use crate::resolved::{DeviceCrash, Fault, FaultKind, OutageMode, Window};
use crate::value::duration_text;

pub(super) fn read_faults(
    scenario: &Cursor<'_>,
    duration: Option<Duration>,
    fleets: &[&str],
) -> Option<Vec<Fault>> {
    let mut earlier: Vec<(usize, Fault)> = Vec::new();
    let mut number = 0;
    all(scenario.tables("fault"), |cursor| {
        number += 1;
        let cursor = cursor?;
        let fault = read_fault(&cursor, duration, fleets)?;
        check_order(&cursor, fault, &earlier);
        earlier.push((number, fault));
        Some(fault)
    })
}

fn read_fault(cursor: &Cursor<'_>, duration: Option<Duration>, fleets: &[&str]) -> Option<Fault> {
    let at = cursor.duration("at");
    let kind = cursor.choice_index("kind", FAULT_KINDS).map(|index| FAULT_KINDS[index].word);
    let crash = kind == Some(DEVICE_CRASH);
    let mode = cursor.choice::<OutageMode>("mode");
    let lasts = read_lasts(cursor, crash);
    let share_per_million = cursor.share("share");
    let fleet = if crash { read_fleet(cursor, fleets) } else { None };
    let foreign: &[&str] = if crash { &["mode"] } else { &["fleet", "share"] };
    let in_place = kind.and_then(|kind| forbid(cursor, foreign, kind));
    if let (Some(at), Some(lasts), Some(end)) = (at, lasts, duration) {
        if at >= end {
            report_outside(cursor, "at", "the fault begins after the run has ended", end);
        } else if at + lasts > end {
            report_outside(cursor, "lasts", "the fault ends after the run has ended", end);
        }
    }
    in_place?;
    let kind = if crash {
        FaultKind::DeviceCrash(DeviceCrash { fleet: fleet?, share_per_million: share_per_million? })
    } else {
        FaultKind::GatewayOutage(mode?)
    };
    Some(Fault { at: at?, lasts: lasts?, kind })
}

/// How long the fault lasts. Only crashed devices may be there again at once.
fn read_lasts(cursor: &Cursor<'_>, crash: bool) -> Option<Duration> {
    let Some(node) = cursor.node("lasts") else {
        if crash {
            return Some(Duration::ZERO);
        }
        let error = cursor.error_at_table("'lasts' is missing").hint("how long it lasts, as lasts = \"90s\"");
        cursor.report().push(error);
        return None;
    };
    let lasts = cursor.duration("lasts")?;
    if lasts.is_zero() && !crash {
        let error = cursor.error_at("lasts", "the duration must not be zero").found(node.shown());
        cursor.report().push(error.allowed("for a gateway-outage, a duration of more than zero"));
        return None;
    }
    Some(lasts)
}

fn read_fleet(cursor: &Cursor<'_>, fleets: &[&str]) -> Option<usize> {
    let Some(node) = cursor.node("fleet") else {
        let error = cursor.error_at_table("'fleet' is missing").hint("name the fleet whose devices crash");
        cursor.report().push(error.allowed(fleets.join(", ")));
        return None;
    };
    let name = cursor.identifier("fleet")?;
    let fleet = fleets.iter().position(|known| *known == name);
    if fleet.is_none() {
        cursor.report_unknown("fleet", node, &name, "no [[fleet]] has this name", fleets);
    }
    fleet
}

/// Reports keys of another kind of fault; `None` if there is one.
fn forbid(cursor: &Cursor<'_>, names: &[&str], kind: &str) -> Option<()> {
    let mut in_place = Some(());
    for name in names {
        let Some(node) = cursor.node(name) else { continue };
        let error = cursor.error_at(name, format!("it says nothing about a {kind}")).found(node.shown());
        cursor.report().push(error.hint("remove it"));
        in_place = None;
    }
    in_place
}

/// Metrics count faults, so the order of the file must be that of time.
fn check_order(cursor: &Cursor<'_>, fault: Fault, earlier: &[(usize, Fault)]) {
    let report = |problem: &str, hint: String| {
        let error = cursor.error_at("at", problem).found(format!("\"{}\"", duration_text(fault.at)));
        cursor.report().push(error.hint(hint));
    };
    if let Some((number, previous)) = earlier.last()
        && fault.at < previous.at
    {
        let at = duration_text(previous.at);
        let hint = format!("fault.{number} begins at {at}; metrics count faults, so move this one before it");
        report("faults stand in the order of time", hint);
        return;
    }
    let overlaps = |other: &Fault| {
        let same = match (fault.kind, other.kind) {
            (FaultKind::GatewayOutage(_), FaultKind::GatewayOutage(_)) => true,
            (FaultKind::DeviceCrash(crash), FaultKind::DeviceCrash(earlier)) => crash.fleet == earlier.fleet,
            _ => false,
        };
        same && other.at + other.lasts > fault.at
    };
    if let Some((number, other)) = earlier.iter().find(|(_, other)| overlaps(other)) {
        let hint = format!("fault.{number} lasts until {}", duration_text(other.at + other.lasts));
        report("two faults of this kind overlap", hint);
    }
}

pub(super) fn read_measure(scenario: &Cursor<'_>, duration: Option<Duration>) -> Option<Window> {
    let cursor = scenario.table("measure")?;
    let from = cursor.duration("from");
    let to = match cursor.node("to") {
        Some(_) => cursor.duration("to"),
        None => duration,
    };
    let (from, to, end) = (from?, to?, duration?);
    if from >= end {
        report_outside(&cursor, "from", "the window begins after the run has ended", end);
    } else if to > end {
        report_outside(&cursor, "to", "the window ends after the run has ended", end);
    } else if from >= to {
        let name = if cursor.node("to").is_some() { "to" } else { "from" };
        let found = format!("from = \"{}\", to = \"{}\"", duration_text(from), duration_text(to));
        cursor.report().push(cursor.error_at(name, "the window is empty").found(found));
    }
    Some(Window { from, to })
}
