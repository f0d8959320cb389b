//! Usage to money: price books, tiers, exact integers.
//!
//! ```text
//! Usage (metered units)  ──┐
//!                          ├── compute ──► Bill { as run, month }
//! PriceBook (a TOML file) ─┘
//! ```
//!
//! Prices are data, each with its source. Nothing here is a float: an amount is a whole number of 10^-12 of the
//! currency unit, a scaled quantity is a fraction, and cents exist for display alone.

mod book;
mod compute;
mod meter;

pub use book::{Band, BookError, Price, PriceBook, PriceText, UnknownBook, book, book_names, load};
pub use compute::{BillError, compute};
pub use meter::{Meter, units};
