//! What was expected and watched, and how it came out.

use squall_results::{Expectation, OracleVerdict, RunResults, Verdict, text};

use super::lines::Lines;
use super::paint::Ink;
use super::table::{Align, Field, Table};
use super::verdict_ink;
use crate::view;

/// How many violations of an oracle are shown; the file has more.
const VIOLATIONS_SHOWN: usize = 3;

pub(super) fn expectations(out: &mut Lines, results: &RunResults) {
    let ink = match results.count_expectations(Verdict::Failed) {
        0 => Ink::Plain,
        _ => Ink::Bad,
    };
    out.heading("Expectations", &view::expectation_tally(results), ink);
    if let Some(interrupted) = &results.interrupted {
        let at = text::duration(interrupted.at_seconds.as_micros());
        let line = format!("! Interrupted after {at} of virtual time: {}", interrupted.why);
        out.wrapped(Ink::Warn, 2, &line);
    }
    let mut table = Table::new(&[Align::Left; 5]);
    for expectation in &results.expectations {
        table.push(expectation_row(expectation));
    }
    out.table(&table, 0);
    out.blank();
}

fn expectation_row(expectation: &Expectation) -> Vec<Field> {
    let ink = verdict_ink(expectation.verdict);
    let mark = view::verdict_mark(expectation.verdict);
    let word = view::verdict_word(expectation.verdict);
    let failed = expectation.verdict == Verdict::Failed;
    let line = match expectation.line {
        Some(line) if failed => format!("line {line}"),
        _ => String::new(),
    };
    vec![
        Field::inked(ink, format!("{mark} {word}")),
        Field::inked(if failed { Ink::Strong } else { Ink::Plain }, &expectation.that),
        Field::new(&expectation.is),
        Field::inked(ink, view::found_words(expectation)),
        Field::inked(Ink::Faint, line),
    ]
}

pub(super) fn oracles(out: &mut Lines, results: &RunResults) {
    let ink = match results.violation_count() {
        0 => Ink::Plain,
        _ => Ink::Bad,
    };
    out.heading("Oracles", &view::oracle_tally(results), ink);
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left]);
    for oracle in &results.oracles {
        table.push(oracle_row(oracle));
    }
    out.table(&table, 0);
    for oracle in &results.oracles {
        violations(out, oracle);
    }
    if results.counter("not_modelled") > 0 {
        let events = view::plural(results.counter("not_modelled"), "event", "events");
        let line = format!(
            "! NOT MODELLED: {events} asked for a behaviour that Squall does not model. \
             The numbers above and below leave it out."
        );
        out.blank();
        out.wrapped(Ink::Warn, 2, &line);
    }
    out.blank();
}

fn oracle_row(oracle: &OracleVerdict) -> Vec<Field> {
    let (mark, ink, finding) = match oracle.violation_count {
        0 => ("✓", Ink::Good, "no violation".to_owned()),
        n => ("✗", Ink::Bad, view::plural(n, "violation", "violations")),
    };
    let excused: Vec<String> = oracle
        .excused
        .iter()
        .map(|(rule, count)| format!("{} excused by {rule}", text::count(*count)))
        .collect();
    let note = match excused.as_slice() {
        [] => finding,
        _ => format!("{finding}, {}", excused.join(", ")),
    };
    vec![
        Field::inked(ink, mark),
        Field::new(&oracle.name),
        Field::new(view::plural(oracle.checks, "check", "checks")),
        Field::inked(ink, note),
    ]
}

fn violations(out: &mut Lines, oracle: &OracleVerdict) {
    if oracle.violation_count == 0 {
        return;
    }
    out.blank();
    out.plain(Ink::Strong, &format!("  {}: {}", oracle.name, oracle.about));
    for violation in oracle.violations.iter().take(VIOLATIONS_SHOWN) {
        let mut line = format!("{}  ", text::duration_fine(violation.at_us));
        if let Some(client) = &violation.client {
            line.push_str(&format!("{client}: "));
        }
        line.push_str(&violation.text);
        if let Some(requirement) = &violation.requirement {
            line.push_str(&format!(" [{requirement}]"));
        }
        out.wrapped(Ink::Plain, 4, &line);
    }
    let shown = oracle.violations.len().min(VIOLATIONS_SHOWN) as u64;
    if oracle.violation_count > shown {
        let more = text::count(oracle.violation_count - shown);
        out.plain(Ink::Faint, &format!("    and {more} more"));
    }
}
