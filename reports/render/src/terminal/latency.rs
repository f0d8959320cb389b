//! How long operations took.

use squall_results::{FaultWindow, OperationLatency, Phase, RunResults, Stat, Window};

use super::lines::Lines;
use super::paint::Ink;
use super::table::{Align, Field, Table};
use crate::view;

/// Around how many faults latency is shown; the file has all.
const FAULTS_SHOWN: usize = 3;

pub(super) fn latency(out: &mut Lines, results: &RunResults) {
    let note = if results.faults.len() > FAULTS_SHOWN {
        "the whole run, and the first faults"
    } else if results.faults.is_empty() {
        "the whole run"
    } else {
        "the whole run, and around each fault"
    };
    out.heading("Latency", note, Ink::Plain);
    let mut align = [Align::Right; 8];
    align[0] = Align::Left;
    let header = ["", "count", "p50", "p90", "p99", "p99.9", "max", "unfinished"];
    let mut table = Table::with_header(&align, &[&header]);
    for run in results.latency.iter().filter(|row| row.window == "run") {
        table.push(latency_row(&run.operation, Ink::Plain, run));
        for fault in results.faults.iter().take(FAULTS_SHOWN) {
            for row in around(results, &run.operation, fault) {
                let label = format!("  {}", view::window_words(&row.window));
                table.push(latency_row(&label, Ink::Faint, row));
            }
        }
    }
    if results.latency.is_empty() {
        out.plain(Ink::Faint, "  nothing was measured");
    } else {
        out.table(&table, 1);
        if results.latency.iter().any(|row| row.unfinished > 0) {
            out.plain(
                Ink::Faint,
                "  ≥  reaches into operations that were unfinished at the end, which count with their age",
            );
        }
    }
    out.blank();
}

/// The rows of an operation while a fault lasts and after it.
fn around<'a>(
    results: &'a RunResults,
    operation: &'a str,
    fault: &FaultWindow,
) -> impl Iterator<Item = &'a OperationLatency> {
    let number = fault.number;
    results.latency.iter().filter(move |row| {
        row.operation == operation
            && matches!(
                row.window.parse(),
                Ok(Window::Fault { number: n, phase })
                    if n == number && phase != Phase::Before
            )
    })
}

fn latency_row(label: &str, ink: Ink, row: &OperationLatency) -> Vec<Field> {
    let mut fields = vec![Field::inked(ink, label)];
    for stat in [Stat::Count, Stat::P50, Stat::P90, Stat::P99, Stat::P999, Stat::Max, Stat::Unfinished] {
        let ink = match stat {
            Stat::Unfinished if row.unfinished > 0 => Ink::Warn,
            _ => ink,
        };
        fields.push(Field::inked(ink, view::latency_text(row, stat)));
    }
    fields
}
