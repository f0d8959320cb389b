//! Several runs of one scenario side by side.

use squall_results::{Expectation, RunResults, Verdict};

use super::lines::Lines;
use super::paint::{Colour, Ink};
use super::table::{Align, Field, Table};
use super::{outcome_ink, verdict_ink};
use crate::view::{self, Outcome};

/// A table of the cells of a matrix: one row per cell, one column per expectation. `index` is the path of the
/// HTML index, if one was written.
pub fn matrix(cells: &[RunResults], index: Option<&str>, colour: Colour) -> String {
    let mut out = Lines::new(colour);
    let Some(first) = cells.first() else {
        out.plain(Ink::Faint, "no runs");
        return out.finish();
    };
    let ink = outcome_ink(view::worst(cells));
    let note = format!("seed {}, {}", first.seed, view::cell_tally(cells));
    out.heading(&first.scenario, &note, ink);
    let keys = view::short_keys(&first.cell);
    out.table(&cells_table(cells, &keys), keys.len() + 1);
    legend(&mut out, cells);
    if let Some(index) = index {
        out.blank();
        out.labelled("report", index);
    }
    out.finish()
}

fn cells_table(cells: &[RunResults], keys: &[String]) -> Table {
    let bounds = view::bounds(cells);
    // The metric stands over its bound.
    let mut metrics = vec![""];
    metrics.resize(keys.len() + 1, "");
    metrics.extend(bounds.iter().map(|(that, _)| *that));
    metrics.extend(["", ""]);
    let mut header = vec![""];
    header.extend(keys.iter().map(String::as_str));
    header.extend(bounds.iter().map(|(_, is)| *is));
    header.extend(["oracles", "fingerprint"]);
    let align = vec![Align::Left; header.len()];
    let mut table = Table::with_header(&align, &[&metrics, &header]);
    for cell in cells {
        let outcome = Outcome::of(cell);
        let mut row = vec![Field::inked(outcome_ink(outcome), outcome.mark())];
        // A cell that lacks a label still gets its columns.
        row.extend((0..keys.len()).map(|index| {
            Field::new(cell.cell.get(index).map_or_else(String::new, |label| label.shown().into_owned()))
        }));
        row.extend(bounds.iter().map(|bound| finding(cell, bound)));
        row.push(match cell.violation_count() {
            0 => Field::inked(Ink::Good, "✓"),
            n => Field::inked(Ink::Bad, format!("✗ {}", view::plural(n, "violation", "violations"))),
        });
        row.push(Field::inked(Ink::Faint, view::short_fingerprint(cell)));
        table.push(row);
    }
    table
}

/// What a cell found for a bound.
fn finding(cell: &RunResults, (that, is): &(&str, &str)) -> Field {
    let wanted = |e: &&Expectation| e.that == *that && e.is == *is;
    match cell.expectations.iter().find(wanted) {
        Some(expectation) => {
            let mark = view::verdict_mark(expectation.verdict);
            let note = match expectation.verdict {
                Verdict::NotJudged => " (not judged)",
                Verdict::Held | Verdict::Failed => "",
            };
            Field::inked(verdict_ink(expectation.verdict), format!("{mark} {}{note}", expectation.found))
        }
        None => Field::inked(Ink::Faint, "not judged"),
    }
}

/// Loud lines about cells that need them.
fn legend(out: &mut Lines, cells: &[RunResults]) {
    for cell in cells {
        let name = view::cell_words(&cell.cell);
        if let Some(interrupted) = &cell.interrupted {
            out.wrapped(Ink::Warn, 2, &format!("! {name}: interrupted, {}", interrupted.why));
        }
        let missing = cell.counter("not_modelled");
        if missing > 0 {
            let events = view::plural(missing, "event", "events");
            out.wrapped(Ink::Warn, 2, &format!("! {name}: NOT MODELLED, {events}"));
        }
    }
}
