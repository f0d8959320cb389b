//! What a person sees at the end of a run.
//!
//! The order is part of the contract: verdicts of expectations, oracles, what policies denied, latency, cost, fingerprint, the line that
//! reproduces the run, the path of the report. Lines keep within 100 columns, but a command or a path is never broken.

use squall_results::{RunResults, Verdict};

use crate::view::{self, Outcome};

mod conformance;
mod denials;
mod latency;
mod lines;
mod matrix;
mod money;
mod paint;
mod provisioning;
mod shadows;
mod table;
mod verdicts;

pub use conformance::conformance;
use lines::Lines;
pub use matrix::matrix;
pub use money::bill;
pub use paint::Colour;
use paint::Ink;
use table::{WIDTH, clip, printable};

/// The summary of one run. `report` is the path of its HTML page, if one was written.
pub fn summary(results: &RunResults, report: Option<&str>, colour: Colour) -> String {
    let mut out = Lines::new(colour);
    head(&mut out, results);
    verdicts::expectations(&mut out, results);
    verdicts::oracles(&mut out, results);
    denials::denials(&mut out, results);
    provisioning::provisioning(&mut out, results);
    shadows::shadows(&mut out, results);
    latency::latency(&mut out, results);
    money::cost(&mut out, results.bill.as_ref());
    assumptions(&mut out, results);
    out.blank();
    out.labelled("fingerprint", &results.fingerprint);
    out.labelled("reproduce", &results.reproduce);
    if let Some(report) = report {
        out.labelled("report", report);
    }
    out.finish()
}

fn head(out: &mut Lines, results: &RunResults) {
    let outcome = Outcome::of(results);
    let ink = outcome_ink(outcome);
    let mut title = format!("{} · seed {}", results.scenario, results.seed);
    if !results.cell.is_empty() {
        title.push_str(&format!(" · {}", view::cell_words(&results.cell)));
    }
    let title = clip(&printable(&title), WIDTH - 16);
    out.text.push_str(&format!(
        "{} · {}\n",
        out.colour.paint(Ink::Strong, &title),
        out.colour.paint(ink, &outcome.word().to_uppercase()),
    ));
    out.plain(Ink::Faint, &view::extent(results));
    out.blank();
}

const fn outcome_ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Good => Ink::Good,
        Outcome::Failed | Outcome::Violated => Ink::Bad,
        Outcome::Interrupted => Ink::Warn,
        Outcome::Unjudged => Ink::Faint,
    }
}

const fn verdict_ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Held => Ink::Good,
        Verdict::Failed => Ink::Bad,
        Verdict::NotJudged => Ink::Faint,
    }
}

fn assumptions(out: &mut Lines, results: &RunResults) {
    if results.assumptions.is_empty() {
        return;
    }
    let count = results.assumptions.len() as u64;
    let line = format!(
        "{} relied on: {}",
        view::plural(count, "assumption", "assumptions"),
        view::assumption_ids(results)
    );
    out.blank();
    out.plain(Ink::Warn, &line);
}
