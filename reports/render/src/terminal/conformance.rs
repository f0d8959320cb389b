//! What `squall conform` shows: totals by suite, then what did not go as written, the failures last.

use std::collections::BTreeMap;

use squall_results::{
    CaseFailure, CaseResult, CaseVerdict, ConformanceResults, ConformanceSummary, LadderDirection, LadderRow,
    text,
};

use super::lines::Lines;
use super::paint::{Colour, Ink};
use super::table::{Align, Field, Table, printable};
use crate::view;

/// The summary of a run of conformance cases. Failures come last, each with all that a person needs to judge it.
pub fn conformance(results: &ConformanceResults, colour: Colour) -> String {
    let mut out = Lines::new(colour);
    totals(&mut out, results);
    reasons(&mut out, results, CaseVerdict::Unimplemented, "Unimplemented");
    reasons(&mut out, results, CaseVerdict::Skipped, "Skipped");
    for (verdict, title) in
        [(CaseVerdict::Informational, "Informational"), (CaseVerdict::NonStrict, "Non-strict")]
    {
        brief(&mut out, results, verdict, title);
    }
    let failed: Vec<&CaseResult> =
        results.cases.iter().filter(|case| case.verdict == CaseVerdict::Failed).collect();
    if !failed.is_empty() {
        out.blank();
        let note = view::plural(failed.len() as u64, "case", "cases");
        out.heading("Failed", &note, Ink::Bad);
        failed.into_iter().for_each(|case| failure(&mut out, case));
    }
    out.blank();
    out.plain(summary_ink(results.summary), &sentence(results));
    out.finish()
}

/// `412 ok, 3 failed, 20 skipped against sim`.
fn sentence(results: &ConformanceResults) -> String {
    let parts: Vec<String> = CaseVerdict::ALL
        .into_iter()
        .map(|verdict| (results.summary.count(verdict), verdict.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", text::count(count)))
        .collect();
    let parts = if parts.is_empty() { "no case".to_owned() } else { parts.join(", ") };
    format!("{parts} against {}", results.target)
}

const fn summary_ink(summary: ConformanceSummary) -> Ink {
    if summary.failed > 0 { Ink::Bad } else { Ink::Good }
}

const fn verdict_ink(verdict: CaseVerdict) -> Ink {
    match verdict {
        CaseVerdict::Ok => Ink::Good,
        CaseVerdict::Failed => Ink::Bad,
        CaseVerdict::NonStrict | CaseVerdict::Informational => Ink::Warn,
        CaseVerdict::Unimplemented | CaseVerdict::Skipped => Ink::Faint,
    }
}

fn totals(out: &mut Lines, results: &ConformanceResults) {
    let note =
        format!("{} against {}", view::plural(results.summary.total(), "case", "cases"), results.target);
    out.heading("Conformance", &note, Ink::Plain);
    let words = CaseVerdict::ALL.map(CaseVerdict::word);
    let header: Vec<&str> = ["suite", "cases"].into_iter().chain(words).collect();
    let mut align = vec![Align::Left];
    align.resize(header.len(), Align::Right);
    let mut table = Table::with_header(&align, &[&header]);
    let mut suites: Vec<&str> = Vec::new();
    for case in &results.cases {
        if !suites.contains(&case.suite.as_str()) {
            suites.push(&case.suite);
        }
    }
    for suite in &suites {
        let summary = ConformanceSummary::of(results.cases.iter().filter(|case| case.suite == **suite));
        table.push(row(suite, summary));
    }
    if suites.len() > 1 {
        table.push(row("total", results.summary));
    }
    out.table(&table, 1);
}

fn row(name: &str, summary: ConformanceSummary) -> Vec<Field> {
    let mut row = vec![Field::new(name), Field::new(text::count(summary.total()))];
    row.extend(CaseVerdict::ALL.into_iter().map(|verdict| match summary.count(verdict) {
        0 => Field::inked(Ink::Faint, "·"),
        count => Field::inked(verdict_ink(verdict), text::count(count)),
    }));
    row
}

/// A line a reason for what was not run.
fn reasons(out: &mut Lines, results: &ConformanceResults, verdict: CaseVerdict, title: &str) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for case in results.cases.iter().filter(|case| case.verdict == verdict) {
        *counts.entry(case.why.as_deref().unwrap_or_default()).or_default() += 1;
    }
    if counts.is_empty() {
        return;
    }
    out.blank();
    let total = counts.values().sum();
    out.heading(title, &view::plural(total, "case", "cases"), verdict_ink(verdict));
    let mut table = Table::new(&[Align::Right, Align::Left]);
    for (why, count) in counts {
        table.push(vec![Field::new(text::count(count)), Field::new(why)]);
    }
    out.table(&table, 0);
}

/// A line a case for what differs and is no failure.
fn brief(out: &mut Lines, results: &ConformanceResults, verdict: CaseVerdict, title: &str) {
    let cases: Vec<&CaseResult> = results.cases.iter().filter(|case| case.verdict == verdict).collect();
    if cases.is_empty() {
        return;
    }
    out.blank();
    out.heading(title, &view::plural(cases.len() as u64, "case", "cases"), verdict_ink(verdict));
    let width = cases.iter().map(|case| case.address.chars().count()).max().unwrap_or(0);
    for case in cases {
        let why = case.why.as_deref().map(str::to_owned).or_else(|| found(case)).unwrap_or_default();
        out.plain(Ink::Plain, &format!("  {:<width$}  {why}", case.address));
    }
}

fn found(case: &CaseResult) -> Option<String> {
    case.failure.as_ref().map(|failure| format!("found {}", failure.actual))
}

fn failure(out: &mut Lines, case: &CaseResult) {
    out.blank();
    out.plain(Ink::Bad, &format!("✗ {}", case.address));
    out.wrapped(Ink::Plain, 2, &case.about);
    labelled(out, "rests on", &format!("{} ({})", case.requirement.join(", "), case.level));
    if let Some(why) = &case.why {
        labelled(out, "why", why);
    }
    let Some(failure) = &case.failure else { return };
    labelled(out, "at", &format!("{}:{}: {}", case.file, failure.line, failure.step));
    labelled(out, "expected", &failure.expected);
    labelled(out, "found", &failure.actual);
    ladder(out, failure);
}

/// A label and a text that may be long, for a person to copy: wrapped at spaces is worse than a long line.
fn labelled(out: &mut Lines, label: &str, value: &str) {
    let label = out.colour.paint(Ink::Faint, &format!("  {label:<9} "));
    out.text.push_str(&format!("{label}{}\n", printable(value)));
}

fn ladder(out: &mut Lines, failure: &CaseFailure) {
    if failure.ladder.is_empty() {
        return;
    }
    let width = failure.ladder.iter().map(|row| row.link.chars().count()).max().unwrap_or(0);
    for row in &failure.ladder {
        let line = rung(row, width);
        let ink = if row.direction == LadderDirection::Note { Ink::Faint } else { Ink::Plain };
        let line = out.colour.paint(ink, &printable(&line));
        out.text.push_str(&format!("{line}\n"));
    }
}

/// `    0.000  s <-- CONNACK code=00`
fn rung(row: &LadderRow, width: usize) -> String {
    let arrow = row.direction.arrow();
    let seconds = row.at_us / 1_000_000;
    let millis = row.at_us % 1_000_000 / 1_000;
    format!("    {seconds:>5}.{millis:03}  {:<width$} {arrow} {}", row.link, row.text)
}
