//! What it cost.

use squall_results::{Bill, BillPeriod, text};

use super::lines::Lines;
use super::paint::{Colour, Ink};
use super::table::{Align, Field, Table};

/// A bill by itself: every line with its quantity, price and cost, as run and for a month.
pub fn bill(bill: &Bill, colour: Colour) -> String {
    let mut out = Lines::new(colour);
    out.heading("Cost", &format!("{}: {}", bill.book, bill.about), Ink::Plain);
    for period in [&bill.run, &bill.month] {
        out.plain(Ink::Strong, &format!("  {}", period.label));
        if !period.lines.is_empty() {
            bill_period(&mut out, bill, period);
        }
        out.blank();
    }
    out.finish()
}

pub(super) fn cost(out: &mut Lines, bill: Option<&Bill>) {
    let Some(bill) = bill else {
        out.heading("Cost", "no price book", Ink::Faint);
        return;
    };
    out.heading("Cost", &format!("{}: {}", bill.book, bill.about), Ink::Plain);
    let header = ["", "units as run", "cost", "units in 30 days", "cost"];
    let mut align = [Align::Right; 5];
    align[0] = Align::Left;
    let mut table = Table::with_header(&align, &[&header]);
    for dimension in bill_dimensions(bill) {
        let mut row = vec![Field::new(dimension)];
        for period in [&bill.run, &bill.month] {
            match period.lines.iter().find(|line| line.dimension == dimension) {
                Some(line) => {
                    row.push(Field::new(text::count(line.quantity.rounded())));
                    let cost = text::money_fine(line.cost, &bill.currency);
                    row.push(match &line.unit_price {
                        Some(_) => Field::new(cost),
                        None => Field::inked(Ink::Warn, "no price"),
                    });
                }
                None => row.extend([Field::new("–"), Field::new("–")]),
            }
        }
        table.push(row);
    }
    let total =
        |period: &BillPeriod| Field::inked(Ink::Strong, text::money_fine(period.total, &bill.currency));
    table.push(vec![
        Field::inked(Ink::Strong, "total"),
        Field::new(""),
        total(&bill.run),
        Field::new(""),
        total(&bill.month),
    ]);
    out.table(&table, 0);
    out.plain(Ink::Faint, &format!("  30 days: {}", bill.month.label));
}

fn bill_dimensions(bill: &Bill) -> Vec<&str> {
    let mut dimensions: Vec<&str> = Vec::new();
    for line in bill.month.lines.iter().chain(&bill.run.lines) {
        if !dimensions.contains(&line.dimension.as_str()) {
            dimensions.push(&line.dimension);
        }
    }
    dimensions
}

fn bill_period(out: &mut Lines, bill: &Bill, period: &BillPeriod) {
    let header = ["", "units", "price", "cost"];
    let align = [Align::Left, Align::Right, Align::Right, Align::Right];
    let mut table = Table::with_header(&align, &[&header]);
    for line in &period.lines {
        table.push(vec![
            Field::new(&line.dimension),
            Field::new(text::count(line.quantity.rounded())),
            Field::new(line.unit_price.as_deref().unwrap_or("no price")),
            Field::new(text::money_fine(line.cost, &bill.currency)),
        ]);
        for cause in &line.causes {
            let note = if cause.charged { "" } else { "not charged" };
            table.push(vec![
                Field::inked(Ink::Faint, format!("  {}", cause.cause)),
                Field::inked(Ink::Faint, text::count(cause.quantity.rounded())),
                Field::inked(Ink::Faint, note),
                Field::new(""),
            ]);
        }
    }
    table.push(vec![
        Field::inked(Ink::Strong, "total"),
        Field::new(""),
        Field::new(""),
        Field::inked(Ink::Strong, text::money_fine(period.total, &bill.currency)),
    ]);
    out.table(&table, 0);
}
