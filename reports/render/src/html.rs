//! One self-contained page per run, and one that lists the cells of a matrix.
//!
//! A page loads nothing: style and drawings are inside it, and there is no script. It follows the reader's choice of a
//! light or dark screen. The order is that of the terminal; pictures stand where they explain the numbers beside them.

use squall_results::{Counter, OperationLatency, RunResults, Stat, text};

use crate::view::{self, Outcome};

mod denials;
mod matrix;
mod measures;
mod money;
mod page;
mod provisioning;
mod shadows;
mod verdicts;

pub use matrix::matrix;
use page::Page;

/// The page of one run.
pub fn report(results: &RunResults) -> String {
    let mut page = Page::new(&format!("{} · seed {}", results.scenario, results.seed));
    head(&mut page, results);
    verdicts::expectations(&mut page, results);
    verdicts::oracles(&mut page, results);
    denials::denials(&mut page, results);
    provisioning::provisioning(&mut page, results);
    shadows::shadows(&mut page, results);
    measures::fleet(&mut page, results);
    measures::latency(&mut page, results);
    money::cost(&mut page, results.bill.as_ref());
    reproduce(&mut page, results);
    money::usage(&mut page, results);
    counters(&mut page, results);
    assumptions(&mut page, results);
    scenario(&mut page, results);
    host(&mut page, results);
    page.finish()
}

fn head(page: &mut Page, results: &RunResults) {
    let outcome = Outcome::of(results);
    page.raw("<header>\n").around("<h1>", &results.scenario, " ");
    badge(page, outcome);
    page.raw("</h1>\n");
    if !results.about.is_empty() {
        page.around("<p class=\"about\">", &results.about, "</p>\n");
    }
    page.raw("<ul class=\"chips\">").around("<li>seed <b>", &results.seed, "</b></li>");
    for (key, label) in view::short_keys(&results.cell).iter().zip(&results.cell) {
        page.around("<li>", key, " <b>").around("", &label.value, "</b></li>");
    }
    page.around("<li><b>", view::plural(results.devices, "device", "devices"), "</b></li>")
        .around("<li><b>", text::duration(results.virtual_seconds.as_micros()), "</b> of virtual time</li>")
        .around("<li><b>", view::plural(results.packets, "packet", "packets"), "</b></li>")
        .around("<li><b>", view::plural(results.events, "event", "events"), "</b></li>")
        .raw("</ul>\n");
    if let Some(interrupted) = &results.interrupted {
        let at = text::duration(interrupted.at_seconds.as_micros());
        page.around("<p class=\"loud\">Interrupted after ", at, " of virtual time: ").around(
            "",
            &interrupted.why,
            "</p>\n",
        );
    }
    tiles(page, results);
    page.raw("</header>\n");
}

fn badge(page: &mut Page, outcome: Outcome) {
    page.raw(match outcome {
        Outcome::Good => "<span class=\"badge passed\">",
        Outcome::Failed | Outcome::Violated => "<span class=\"badge failed\">",
        Outcome::Interrupted => "<span class=\"badge interrupted\">",
        Outcome::Unjudged => "<span class=\"badge unjudged\">",
    })
    .around("", outcome.word(), "</span>");
}

/// The few numbers that are looked for first.
fn tiles(page: &mut Page, results: &RunResults) {
    page.raw("<div class=\"tiles\">\n");
    let mut tile = |label: &str, value: &str| {
        page.around("<div class=\"tile\"><span>", label, "</span>").around("<b>", value, "</b></div>\n");
    };
    for fault in results.faults.iter().take(1) {
        let recovery = fault.recovery_us.map(text::duration);
        tile(&format!("recovery after fault {}", fault.number), recovery.as_deref().unwrap_or("never"));
    }
    for operation in ["publish.ack", "delivery", "connect.session"] {
        let of_run = |row: &&OperationLatency| row.operation == operation && row.window == "run";
        if let Some(row) = results.latency.iter().find(of_run) {
            tile(&format!("{operation}.p99"), &view::latency_text(row, Stat::P99));
        }
    }
    if let Some(connected) = results.counters.get(Counter::DevicesConnectedAtEnd.name()) {
        tile("connected at the end", &text::count(*connected));
    }
    if let Some(bill) = &results.bill {
        tile("cost of 30 days", &text::money_fine(bill.month.total, &bill.currency));
    }
    page.raw("</div>\n");
}

fn heading(page: &mut Page, id: &'static str, title: &'static str, note: &str) {
    page.around("<section id=\"", id, "\">\n<h2>").text(title);
    if !note.is_empty() {
        page.around(" <small>", note, "</small>");
    }
    page.raw("</h2>\n");
}

fn reproduce(page: &mut Page, results: &RunResults) {
    heading(page, "reproduce", "Run it again", "");
    page.around("<pre class=\"command\">", &results.reproduce, "</pre>\n")
        .around("<p>Fingerprint <code>", &results.fingerprint, "</code></p>\n")
        .around("<p class=\"note\">squall ", &results.build.version, ", ")
        .around("", &results.build.profile, " build, ")
        .around("", &results.build.rustc, ", ")
        .around("", &results.build.target, ". Equal inputs give an equal fingerprint.</p>\n</section>\n");
}

fn counters(page: &mut Page, results: &RunResults) {
    heading(page, "counters", "Counters", "");
    page.table_head(&["counter", "#count", "what it counts"]);
    for (name, count) in &results.counters {
        let about = Counter::named(name).map_or("", Counter::about);
        page.around("<tr><td><code>", name, "</code></td>").number(text::count(*count)).around(
            "<td class=\"soft\">",
            about,
            "</td></tr>\n",
        );
    }
    page.table_end();
    if !results.service_metrics.is_empty() {
        page.raw("<h3>What the service counted</h3>\n").table_head(&["metric of AWS/IoT", "#count"]);
        for (name, count) in &results.service_metrics {
            page.around("<tr><td><code>", name, "</code></td>").number(text::count(*count)).raw("</tr>\n");
        }
        page.table_end();
    }
    page.raw("</section>\n");
}

fn assumptions(page: &mut Page, results: &RunResults) {
    let note = match results.assumptions.len() as u64 {
        0 => "none relied on".to_owned(),
        count => format!("{count} relied on"),
    };
    heading(page, "assumptions", "Assumptions", &note);
    if !results.assumptions.is_empty() {
        page.table_head(&["id", "open question", "taken", "grade", "source"]);
        for assumption in &results.assumptions {
            page.raw("<tr>")
                .around("<td><b>", &assumption.id, "</b></td>")
                .words(&assumption.question)
                .words(&assumption.taken)
                .words(&assumption.grade)
                .around("<td class=\"soft\">", &assumption.source, "</td></tr>\n");
        }
        page.table_end();
    }
    page.raw("</section>\n");
}

fn scenario(page: &mut Page, results: &RunResults) {
    heading(page, "scenario", "Scenario", "as it was run");
    if !results.overrides.is_empty() {
        page.table_head(&["set from outside", "value", "by"]);
        for value in &results.overrides {
            page.around("<tr><td><code>", &value.key, "</code></td>")
                .around("<td><code>", &value.value, "</code></td>")
                .words(&value.origin)
                .raw("</tr>\n");
        }
        page.table_end();
    }
    if !results.inputs.is_empty() {
        page.table_head(&["file", "xxh3-128"]);
        for input in &results.inputs {
            page.around("<tr><td><code>", &input.path, "</code></td>").around(
                "<td class=\"soft\"><code>",
                &input.hash,
                "</code></td></tr>\n",
            );
        }
        page.table_end();
    }
    let resolved = format!("{:#}", results.resolved);
    page.raw("<details><summary>Resolved, every default filled in</summary>\n").around(
        "<pre>",
        resolved,
        "</pre></details>\n</section>\n",
    );
}

/// The one place that differs between two equal runs.
fn host(page: &mut Page, results: &RunResults) {
    let host = &results.host;
    page.raw("<footer><section id=\"host\">\n<h2>On this machine:</h2>\n")
        .around("", format!("{:.2}", host.wall_seconds), " s on the wall clock, ")
        .around("", format!("{:.2}", host.cpu_seconds), " s of processor time, ")
        .around("", text::count(host.peak_rss_bytes / 1_048_576), " MiB of memory at most, ")
        .around("", host.cores, " cores. ")
        .raw("Nothing else on this page differs between two equal runs.\n</section></footer>\n");
}
