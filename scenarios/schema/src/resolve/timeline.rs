//! What happens when: `[[fault]]`, `[measure]`.

use core::time::Duration;

use super::{all, report_outside};
use crate::keys::FAULT_KINDS;
use crate::read::Cursor;
use crate::resolved::{Fault, FaultKind, OutageMode, Window};
use crate::value::duration_text;

pub(super) fn read_faults(scenario: &Cursor<'_>, duration: Option<Duration>) -> Option<Vec<Fault>> {
    let mut earlier: Vec<(usize, Fault)> = Vec::new();
    let mut number = 0;
    all(scenario.tables("fault"), |cursor| {
        number += 1;
        let cursor = cursor?;
        let fault = read_fault(&cursor, duration)?;
        check_order(&cursor, fault, &earlier);
        earlier.push((number, fault));
        Some(fault)
    })
}

fn read_fault(cursor: &Cursor<'_>, duration: Option<Duration>) -> Option<Fault> {
    let at = cursor.duration("at");
    let kind = cursor.choice_index("kind", FAULT_KINDS);
    let mode = cursor.choice::<OutageMode>("mode");
    let lasts = cursor.duration("lasts");
    let (at, lasts) = (at?, lasts?);
    if let Some(end) = duration {
        if at >= end {
            report_outside(cursor, "at", "the fault begins after the run has ended", end);
        } else if at + lasts > end {
            report_outside(cursor, "lasts", "the fault ends after the run has ended", end);
        }
    }
    kind?;
    Some(Fault { at, lasts, kind: FaultKind::GatewayOutage(mode?) })
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
        let (FaultKind::GatewayOutage(_), FaultKind::GatewayOutage(_)) = (fault.kind, other.kind);
        other.at + other.lasts > fault.at
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
