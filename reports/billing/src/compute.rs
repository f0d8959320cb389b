//! From metered units to line items.

use squall_results::{Bill, BillBand, BillCause, BillLine, BillPeriod, Money, Quantity, Usage, UsageLine};
use thiserror::Error;

use crate::book::{Price, PriceBook};

/// A billing month: 30 days, in microseconds.
const MONTH_MICROS: u64 = 30 * 24 * 3_600 * 1_000_000;

/// Why a bill could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BillError {
    /// The numbers are beyond what exact arithmetic holds, which no real fleet reaches.
    #[error("the units of {dimension} are too many to bill")]
    TooLarge {
        /// What is metered.
        dimension: String,
    },
}

/// The bill of `usage` at the prices of `book`: the run as it was, and its measured window as a month of 30 days.
///
/// A month's quantities are scaled exactly, as fractions, before the bands of a price are applied; each cost is
/// rounded half up to 10^-12 of the currency unit, and once.
///
/// # Errors
/// [`BillError::TooLarge`] if a product does not fit 128 bits.
pub fn compute(usage: &Usage, book: &PriceBook) -> Result<Bill, BillError> {
    let window_micros = usage.window_seconds.as_micros();
    let month = if window_micros == 0 {
        BillPeriod { label: "no measured window to scale".to_owned(), ..BillPeriod::default() }
    } else {
        let label = format!("scaled from a measured window of {} s to 30 days", usage.window_seconds);
        period(label, &usage.measured, MONTH_MICROS, window_micros, book)?
    };
    Ok(Bill {
        book: book.name.clone(),
        about: book.about.clone(),
        currency: book.currency.clone(),
        run: period("as run".to_owned(), &usage.run, 1, 1, book)?,
        month,
    })
}

fn period(
    label: String,
    usage: &[UsageLine],
    factor: u64,
    divisor: u64,
    book: &PriceBook,
) -> Result<BillPeriod, BillError> {
    let lines = dimensions(usage, book)
        .into_iter()
        .map(|dimension| {
            let causes = causes(dimension, usage, factor, divisor, book);
            line(dimension, causes, book.price(dimension))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let total: Money = lines.iter().map(|line| line.cost).sum();
    Ok(BillPeriod { label, lines, total, total_cents: total.cents() })
}

/// The metered dimensions: first those of the book in its order, then the others by name.
fn dimensions<'a>(usage: &'a [UsageLine], book: &'a PriceBook) -> Vec<&'a str> {
    let metered = |dimension: &str| usage.iter().any(|line| line.dimension == dimension);
    let mut unpriced: Vec<&str> = usage
        .iter()
        .map(|line| line.dimension.as_str())
        .filter(|dimension| book.price(dimension).is_none())
        .collect();
    unpriced.sort_unstable();
    unpriced.dedup();
    let priced = book.prices.iter().map(|price| price.dimension.as_str());
    priced.filter(|dimension| metered(dimension)).chain(unpriced).collect()
}

/// What made the units of `dimension`, over all fleets, in the order of the usage.
fn causes(
    dimension: &str,
    usage: &[UsageLine],
    factor: u64,
    divisor: u64,
    book: &PriceBook,
) -> Vec<BillCause> {
    let mut causes: Vec<(&str, u128)> = Vec::new();
    for line in usage.iter().filter(|line| line.dimension == dimension) {
        match causes.iter_mut().find(|(cause, _)| *cause == line.cause) {
            Some((_, units)) => *units += u128::from(line.units),
            None => causes.push((&line.cause, u128::from(line.units))),
        }
    }
    causes
        .into_iter()
        .map(|(cause, units)| BillCause {
            cause: cause.to_owned(),
            quantity: Quantity::ratio(units * u128::from(factor), u128::from(divisor)),
            charged: book.meter.charges(dimension, cause),
        })
        .collect()
}

fn line(dimension: &str, causes: Vec<BillCause>, price: Option<&Price>) -> Result<BillLine, BillError> {
    let charged = causes.iter().filter(|cause| cause.charged);
    let quantity: Quantity = charged.map(|cause| cause.quantity).sum();
    let mut line = BillLine { dimension: dimension.to_owned(), quantity, causes, ..BillLine::default() };
    if let Some(price) = price {
        line.bands =
            bands(quantity, price).ok_or_else(|| BillError::TooLarge { dimension: dimension.to_owned() })?;
        line.unit = price.unit.clone();
        line.unit_price = Some(price.in_words());
        line.source = price.sources();
        line.cost = line.bands.iter().map(|band| band.cost).sum();
        line.cost_cents = line.cost.cents();
    }
    Ok(line)
}

/// `quantity` split over the bands of `price`; `None` if a product does not fit.
fn bands(quantity: Quantity, price: &Price) -> Option<Vec<BillBand>> {
    let denominator = quantity.denominator();
    let mut bands = Vec::new();
    let mut taken: u128 = 0;
    for band in &price.bands {
        let end = match band.up_to {
            Some(up_to) => quantity.numerator().min(u128::from(up_to).checked_mul(denominator)?),
            None => quantity.numerator(),
        };
        let numerator = end - taken;
        taken = end;
        if numerator == 0 && !bands.is_empty() {
            break;
        }
        let amount = band.price.amount().parts().unsigned_abs();
        let divisor = denominator.checked_mul(u128::from(price.per))?;
        let cost = numerator.checked_mul(amount)?;
        // Half up: the quotient of (2 cost + divisor) and 2 divisor.
        let cost = cost.checked_mul(2)?.checked_add(divisor)? / divisor.checked_mul(2)?;
        bands.push(BillBand {
            quantity: Quantity::ratio(numerator, denominator),
            price: price.band_in_words(band),
            cost: Money::from_parts(i128::try_from(cost).ok()?),
        });
    }
    Some(bands)
}
