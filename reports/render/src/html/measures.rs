//! What was measured: the fleet over time, and how long operations took.

use squall_results::{Operation, RunResults, Stat, text};

use super::{Page, heading};
use crate::{chart, view};

pub(super) fn fleet(page: &mut Page, results: &RunResults) {
    let note = match results.faults.len() as u64 {
        0 => "no fault",
        _ => "shaded: faults",
    };
    heading(page, "fleet", "Fleet over time", note);
    page.chart(chart::devices_connected(results)).chart(chart::connects(results));
    if !results.faults.is_empty() {
        page.table_head(&["#fault", "kind", "mode", "#from", "#to", "#disconnected", "#recovery"]);
        for fault in &results.faults {
            let recovery = fault.recovery_us.map(text::duration);
            page.raw("<tr>")
                .number(fault.number)
                .words(&fault.kind)
                .words(&fault.mode)
                .number(text::duration(fault.from_seconds.as_micros()))
                .number(text::duration(fault.to_seconds.as_micros()))
                .number(text::count(fault.disconnected))
                .number(recovery.as_deref().unwrap_or("never"))
                .raw("</tr>\n");
        }
        page.table_end().raw(
            "<p class=\"note\">Recovery runs from the end of the fault until 99.9 % of the fleet is connected again.</p>\n",
        );
    }
    page.raw("</section>\n");
}

pub(super) fn latency(page: &mut Page, results: &RunResults) {
    heading(page, "latency", "Latency", "");
    if results.latency.is_empty() {
        page.raw("<p class=\"note\">Nothing was measured.</p></section>\n");
        return;
    }
    page.table_head(&["operation", "#count", "#p50", "#p90", "#p99", "#p99.9", "#max", "#unfinished"]);
    for run in results.latency.iter().filter(|row| row.window == "run") {
        let of_operation = results.latency.iter().filter(|row| row.operation == run.operation);
        for row in of_operation {
            if row.window == "run" {
                page.around("<tr><td><b>", &row.operation, "</b></td>");
            } else {
                let window = view::window_words(&row.window);
                page.around("<tr class=\"sub\"><td>", window, "</td>");
            }
            for stat in
                [Stat::Count, Stat::P50, Stat::P90, Stat::P99, Stat::P999, Stat::Max, Stat::Unfinished]
            {
                page.number(view::latency_text(row, stat));
            }
            page.raw("</tr>\n");
        }
    }
    page.table_end().raw(
        "<p class=\"note\">An operation counts in the window in which it began. One that was unfinished at the end \
         counts with its age; ≥ marks a number that reaches into those. Percentiles are at most 0.8 % above the true \
         value, never below it.</p>\n",
    );
    page.chart(chart::percentiles(results));
    page.raw("<details><summary>What each operation measures</summary>\n<ul>");
    for operation in Operation::ALL {
        page.around("<li><code>", operation.name(), "</code> ").around("", operation.about(), "</li>");
    }
    page.raw("</ul></details>\n</section>\n");
}
