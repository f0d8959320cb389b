//! What was expected and watched, and how it came out.

use squall_results::{Counter, Expectation, OracleVerdict, RunResults, Verdict, text};

use super::{Page, heading};
use crate::view;

pub(super) fn expectations(page: &mut Page, results: &RunResults) {
    let tally = view::expectation_tally(results);
    heading(page, "expectations", "Expectations", &tally);
    if !results.expectations.is_empty() {
        page.table_head(&["", "metric", "expected", "found", "#line"]);
        for expectation in &results.expectations {
            expectation_row(page, expectation);
        }
        page.table_end();
    }
    page.raw("</section>\n");
}

fn expectation_row(page: &mut Page, expectation: &Expectation) {
    page.raw(match expectation.verdict {
        Verdict::Failed => "<tr class=\"bad\">",
        Verdict::Held | Verdict::NotJudged => "<tr>",
    });
    verdict_field(page, expectation.verdict);
    page.around("<td class=\"whole\"><code>", &expectation.that, "</code></td>")
        .around("<td class=\"whole\"><code>", &expectation.is, "</code></td>")
        .around("<td class=\"whole\">", &expectation.found, "</td>")
        .number(expectation.line.map_or_else(String::new, |line| line.to_string()))
        .raw("</tr>\n");
}

fn verdict_field(page: &mut Page, verdict: Verdict) {
    page.raw(match verdict {
        Verdict::Held => "<td class=\"ok\">",
        Verdict::Failed => "<td class=\"no\">",
        Verdict::NotJudged => "<td class=\"na\">",
    })
    .text(view::verdict_mark(verdict))
    .around(" ", view::verdict_word(verdict).to_lowercase(), "</td>");
}

pub(super) fn oracles(page: &mut Page, results: &RunResults) {
    heading(page, "oracles", "Oracles", &view::oracle_tally(results));
    if !results.oracles.is_empty() {
        page.table_head(&["", "oracle", "holds the run to", "#checks", "excused"]);
        for oracle in &results.oracles {
            oracle_row(page, oracle);
        }
        page.table_end();
    }
    for oracle in &results.oracles {
        violations(page, oracle);
    }
    let missing = results.counter(Counter::NotModelled.name());
    if missing > 0 {
        page.around("<p class=\"loud\">Not modelled: ", view::plural(missing, "event", "events"), " ").raw(
            "asked for a behaviour that Squall does not model. The numbers on this page leave it out.</p>\n",
        );
    }
    page.raw("</section>\n");
}

fn oracle_row(page: &mut Page, oracle: &OracleVerdict) {
    if oracle.violation_count == 0 {
        page.raw("<tr><td class=\"ok\">✓ held</td>");
    } else {
        let count = view::plural(oracle.violation_count, "violation", "violations");
        page.raw("<tr class=\"bad\">").around("<td class=\"no\">✗ ", count, "</td>");
    }
    let excused = oracle.excused.iter();
    let excused: Vec<String> =
        excused.map(|(rule, count)| format!("{} by {rule}", text::count(*count))).collect();
    page.around("<td>", &oracle.name, "</td>")
        .around("<td class=\"soft\">", &oracle.about, "</td>")
        .number(text::count(oracle.checks))
        .around("<td class=\"soft\">", excused.join(", "), "</td></tr>\n");
}

fn violations(page: &mut Page, oracle: &OracleVerdict) {
    if oracle.violations.is_empty() {
        return;
    }
    page.around("<h3>Violations of ", &oracle.name, "</h3>\n").table_head(&[
        "#virtual time",
        "client",
        "what happened",
        "topic",
        "requirement",
    ]);
    for violation in &oracle.violations {
        page.raw("<tr>")
            .number(text::duration_fine(violation.at_us))
            .around("<td class=\"whole\">", violation.client.as_deref().unwrap_or(""), "</td>")
            .words(&violation.text)
            .words(violation.topic.as_deref().unwrap_or(""))
            .around("<td class=\"whole\">", violation.requirement.as_deref().unwrap_or(""), "</td>")
            .raw("</tr>\n");
    }
    page.table_end();
    let kept = oracle.violations.len() as u64;
    if oracle.violation_count > kept {
        let more = text::count(oracle.violation_count - kept);
        page.around("<p class=\"note\">and ", more, " more</p>\n");
    }
}
