//! What it cost: in short, and in full with every metered unit.

use squall_results::{Bill, BillLine, BillPeriod, RunResults, text};

use super::{Page, heading};

pub(super) fn cost(page: &mut Page, bill: Option<&Bill>) {
    let Some(bill) = bill else {
        heading(page, "cost", "Cost", "no price book");
        page.raw("</section>\n");
        return;
    };
    heading(page, "cost", "Cost", &format!("{}: {}", bill.book, bill.about));
    page.table_head(&["", "#as run", "#30 days"]);
    for line in &bill.month.lines {
        let as_run = bill.run.lines.iter().find(|run| run.dimension == line.dimension);
        page.around("<tr><td>", &line.dimension, "</td>")
            .number(as_run.map_or_else(|| "–".to_owned(), |run| cost_words(run, bill)))
            .number(cost_words(line, bill))
            .raw("</tr>\n");
    }
    page.raw("<tr class=\"sum\"><td>total</td>")
        .number(text::money_fine(bill.run.total, &bill.currency))
        .number(text::money_fine(bill.month.total, &bill.currency))
        .raw("</tr>\n")
        .table_end()
        .around("<p class=\"note\">30 days: ", &bill.month.label, ".</p>\n</section>\n");
}

fn cost_words(line: &BillLine, bill: &Bill) -> String {
    match line.unit_price {
        Some(_) => text::money_fine(line.cost, &bill.currency),
        None => "no price".to_owned(),
    }
}

pub(super) fn usage(page: &mut Page, results: &RunResults) {
    let window = results.usage.window_seconds;
    heading(page, "usage", "Usage and bill", "every metered unit, and its price");
    if let Some(bill) = &results.bill {
        for period in [&bill.run, &bill.month] {
            page.around("<h3>Bill, ", &period.label, "</h3>\n");
            bill_table(page, bill, period);
        }
    }
    page.raw("<h3>Metered units</h3>\n").table_head(&[
        "dimension",
        "cause",
        "fleet",
        "#whole run",
        "#measured window",
    ]);
    for line in &results.usage.run {
        let measured = results.usage.measured.iter().find(|measured| {
            (&measured.dimension, &measured.cause, &measured.fleet)
                == (&line.dimension, &line.cause, &line.fleet)
        });
        page.raw("<tr>")
            .words(&line.dimension)
            .words(&line.cause)
            .words(&line.fleet)
            .number(text::count(line.units))
            .number(text::count(measured.map_or(0, |measured| measured.units)))
            .raw("</tr>\n");
    }
    page.table_end()
        .around("<p class=\"note\">The measured window is ", window, " s long: from ")
        .around("", text::duration(results.measure.from_seconds.as_micros()), " to ")
        .around("", text::duration(results.measure.to_seconds.as_micros()), ".</p>\n</section>\n");
}

fn bill_table(page: &mut Page, bill: &Bill, period: &BillPeriod) {
    page.table_head(&["dimension", "#units", "#price", "#cost", "source of the price"]);
    for line in &period.lines {
        page.raw("<tr>")
            .words(&line.dimension)
            .number(text::count(line.quantity.rounded()))
            .number(line.unit_price.as_deref().unwrap_or("no price"))
            .number(cost_words(line, bill))
            .around("<td class=\"soft\">", &line.source, "</td></tr>\n");
        for cause in &line.causes {
            page.around("<tr class=\"sub\"><td>", &cause.cause, "</td>")
                .number(text::count(cause.quantity.rounded()))
                .number(if cause.charged { "" } else { "not charged" })
                .raw("<td></td><td></td></tr>\n");
        }
    }
    page.raw("<tr class=\"sum\"><td>total</td><td></td><td></td>")
        .number(text::money_fine(period.total, &bill.currency))
        .raw("<td></td></tr>\n")
        .table_end();
}
