//! The index of a matrix: every cell in one table, every fleet in one picture.

use squall_results::{CellLabel, Expectation, RunResults, Verdict, text};

use super::{Page, badge};
use crate::chart;
use crate::view;

/// The index page of a matrix. `links` holds the path of each cell's own page, in the order of the cells; a cell
/// beyond its end has no link.
pub fn matrix(cells: &[RunResults], links: &[String]) -> String {
    let Some(first) = cells.first() else {
        return Page::new("no runs").finish();
    };
    let mut page = Page::new(&format!("{} · {} cells", first.scenario, cells.len()));
    page.around("<header><h1>", &first.scenario, " ");
    badge(&mut page, view::worst(cells));
    page.raw("</h1>\n")
        .around("<p class=\"about\">", &first.about, "</p>\n")
        .around("<ul class=\"chips\"><li>seed <b>", &first.seed, "</b></li>")
        .around("<li>", view::cell_tally(cells), "</li>")
        .around("<li>", view::extent(first), "</li></ul>\n</header>\n");
    for cell in cells {
        warnings(&mut page, cell);
    }
    table(&mut page, cells, links);
    page.raw("<section id=\"fleet\">\n<h2>Fleet over time</h2>\n")
        .chart(chart::devices_connected_by_cell(cells))
        .raw("</section>\n");
    host(&mut page, cells);
    page.finish()
}

fn warnings(page: &mut Page, cell: &RunResults) {
    let name = view::cell_words(&cell.cell);
    if let Some(interrupted) = &cell.interrupted {
        page.around("<p class=\"loud\">", &name, ": interrupted, ").around("", &interrupted.why, "</p>\n");
    }
    let missing = cell.counter("not_modelled");
    if missing > 0 {
        page.around("<p class=\"loud\">", &name, ": not modelled, ").around(
            "",
            view::plural(missing, "event", "events"),
            "</p>\n",
        );
    }
}

fn table(page: &mut Page, cells: &[RunResults], links: &[String]) {
    let keys = cells.first().map(|cell| view::short_keys(&cell.cell)).unwrap_or_default();
    let bounds = view::bounds(cells);
    let titles: Vec<String> = bounds.iter().map(|(that, is)| format!("{that} {is}")).collect();
    let mut labels = vec![""];
    labels.extend(keys.iter().map(String::as_str));
    labels.extend(titles.iter().map(String::as_str));
    labels.extend(["oracles", "#cost of 30 days", "fingerprint"]);
    page.raw("<section id=\"cells\">\n<h2>Cells</h2>\n").table_head(&labels);
    for (index, cell) in cells.iter().enumerate() {
        row(page, cell, links.get(index), keys.len(), &bounds);
    }
    page.table_end().raw("</section>\n");
}

fn row(page: &mut Page, cell: &RunResults, link: Option<&String>, keys: usize, bounds: &[(&str, &str)]) {
    page.raw("<tr><td>");
    if let Some(link) = link {
        page.around("<a href=\"", link, "\">open</a>");
    }
    page.raw("</td>");
    for index in 0..keys {
        let shown = cell.cell.get(index).map(CellLabel::shown).unwrap_or_default();
        page.around("<td><b>", &shown, "</b></td>");
    }
    for bound in bounds {
        finding(page, cell, bound);
    }
    match cell.violation_count() {
        0 => page.raw("<td class=\"ok\">✓</td>"),
        n => page.around("<td class=\"no\">✗ ", view::plural(n, "violation", "violations"), "</td>"),
    };
    let month = cell.bill.as_ref();
    let month = month.map(|bill| text::money_fine(bill.month.total, &bill.currency));
    page.number(month.as_deref().unwrap_or("–")).around(
        "<td><code>",
        view::short_fingerprint(cell),
        "</code></td></tr>\n",
    );
}

fn finding(page: &mut Page, cell: &RunResults, (that, is): &(&str, &str)) {
    let wanted = |e: &&Expectation| e.that == *that && e.is == *is;
    let Some(expectation) = cell.expectations.iter().find(wanted) else {
        page.raw("<td class=\"na\">not judged</td>");
        return;
    };
    page.raw(match expectation.verdict {
        Verdict::Held => "<td class=\"ok\">",
        Verdict::Failed => "<td class=\"no\">",
        Verdict::NotJudged => "<td class=\"na\">",
    })
    .text(view::verdict_mark(expectation.verdict))
    .around(" ", &expectation.found, "");
    page.raw(match expectation.verdict {
        Verdict::NotJudged => " (not judged)</td>",
        Verdict::Held | Verdict::Failed => "</td>",
    });
}

fn host(page: &mut Page, cells: &[RunResults]) {
    let wall: f64 = cells.iter().map(|cell| cell.host.wall_seconds).sum();
    page.raw("<footer><section id=\"host\">\n<h2>On this machine:</h2>\n")
        .around("", format!("{wall:.2}"), " s on the wall clock, over all cells. ")
        .raw("Nothing else on this page differs between two equal matrices.\n</section></footer>\n");
}
