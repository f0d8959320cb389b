//! Price books: the embedded ones, and any other file of their form.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use squall_results::{Money, text};
use thiserror::Error;

use crate::meter::{Meter, units};

const EMBEDDED: &[(&str, &str)] = &[
    ("aws-use1", embedded::AWS_USE1),
    ("seed-000", embedded::SEED_000),
    ("seed-001", embedded::SEED_001),
    ("seed-003", embedded::SEED_003),
];

mod embedded {
    pub(super) const AWS_USE1: &str = include_str!("../../../fixtures/price-books/aws-use1.toml");
    pub(super) const SEED_000: &str = include_str!("../../../fixtures/price-books/seed-000.toml");
    pub(super) const SEED_001: &str = include_str!("../../../fixtures/price-books/seed-001.toml");
    pub(super) const SEED_003: &str = include_str!("../../../fixtures/price-books/seed-003.toml");
}

/// The prices of one service in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    /// Its name, as scenarios write it.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// Currency code of all its prices, as `USD`.
    pub currency: String,
    /// What counts as a message.
    pub meter: Meter,
    /// Size of a message unit in bytes; `None` if a message is one unit whatever its size.
    pub message_unit_bytes: Option<u64>,
    /// Prices, in the order of bills.
    pub prices: Vec<Price>,
}

/// The price of one metered dimension.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is metered.
    pub dimension: String,
    /// The unit that is counted, in words.
    pub unit: String,
    /// How many units the prices are for.
    pub per: u64,
    /// Graduated bands: each unit has the price of the band that it falls into.
    pub bands: Vec<Band>,
}

/// One band of a graduated price.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The last unit of the month that belongs to it; `None` in the last band.
    pub up_to: Option<u64>,
    /// What [`Price::per`] units cost, as written in the file.
    pub price: PriceText,
    /// Where the price is from.
    pub source: String,
}

/// A price, exact and as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PriceText {
    text: String,
    amount: Money,
}

impl PriceText {
    /// The text in the file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The amount.
    pub const fn amount(&self) -> Money {
        self.amount
    }
}

impl TryFrom<String> for PriceText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<Money>() {
            Ok(amount) if amount >= Money::default() => Ok(Self { text, amount }),
            Ok(_) => Err(format!("a price cannot be negative, as '{text}' is")),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A name that no embedded price book has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no price book is called '{name}'; {}", hint(suggestions))]
pub struct UnknownBook {
    /// What was asked for.
    pub name: String,
    /// Names that look like it, the nearest first.
    pub suggestions: Vec<&'static str>,
}

fn hint(suggestions: &[&str]) -> String {
    if suggestions.is_empty() {
        format!(
            "there are {}, or the path of a file that ends in .toml",
            book_names().collect::<Vec<_>>().join(", ")
        )
    } else {
        format!("did you mean {}?", suggestions.join(" or "))
    }
}

/// Why a price book could not be had.
#[derive(Debug, Error)]
pub enum BookError {
    /// No embedded book has that name.
    #[error(transparent)]
    Unknown(#[from] UnknownBook),
    /// The file could not be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is no price book.
    #[error("not a price book: {0}")]
    Syntax(String),
    /// The bands of a price do not follow each other.
    #[error("price of {dimension}: bands need rising 'up_to' and a last one without, and 'per' cannot be 0")]
    Bands {
        /// What the price is for.
        dimension: String,
    },
    /// Two prices for the same thing.
    #[error("two prices for {dimension}")]
    Duplicate {
        /// What the prices are for.
        dimension: String,
    },
}

/// The names of the embedded price books; the first is the default.
pub fn book_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// The embedded price book called `name`.
///
/// ```
/// let error = squall_billing::book("aws-use-1").unwrap_err();
/// assert_eq!(error.to_string(), "no price book is called 'aws-use-1'; did you mean aws-use1?");
/// ```
///
/// # Errors
/// [`UnknownBook`] with names that look like it.
pub fn book(name: &str) -> Result<PriceBook, UnknownBook> {
    match EMBEDDED.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(PriceBook::parse(text).expect("tests read every embedded book")),
        None => {
            let mut near: Vec<_> = book_names()
                .map(|known| (strsim::damerau_levenshtein(name, known), known))
                .filter(|(distance, _)| *distance <= 2)
                .collect();
            near.sort_unstable();
            Err(UnknownBook {
                name: name.to_owned(),
                suggestions: near.into_iter().map(|(_, known)| known).collect(),
            })
        }
    }
}

/// The price book of that name, or of the file at that path if it ends in `.toml`.
///
/// # Errors
/// [`BookError`] if there is none, or if the file is no price book.
pub fn load(name_or_path: &str) -> Result<PriceBook, BookError> {
    let path = Path::new(name_or_path);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Ok(book(name_or_path)?);
    }
    let text =
        std::fs::read_to_string(path).map_err(|source| BookError::File { path: path.to_owned(), source })?;
    PriceBook::parse(&text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    name: String,
    about: String,
    currency: String,
    meter: Sourced<Meter>,
    message_unit_bytes: Option<Sourced<u64>>,
    price: Vec<Price>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sourced<T> {
    value: T,
    #[serde(rename = "source")]
    _source: String,
}

impl PriceBook {
    /// The price book of a file's text.
    ///
    /// # Errors
    /// [`BookError`] if it is no TOML, leaves a value or its source out, or has bands that do not follow each other.
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let file: BookFile =
            toml_edit::de::from_str(text).map_err(|error| BookError::Syntax(error.to_string()))?;
        for (index, price) in file.price.iter().enumerate() {
            price.check()?;
            if file.price[..index].iter().any(|earlier| earlier.dimension == price.dimension) {
                return Err(BookError::Duplicate { dimension: price.dimension.clone() });
            }
        }
        let message_unit_bytes = file.message_unit_bytes.map(|bytes| bytes.value);
        if message_unit_bytes == Some(0) {
            return Err(BookError::Syntax("message_unit_bytes cannot be 0".into()));
        }
        Ok(Self {
            name: file.name,
            about: file.about,
            currency: file.currency,
            meter: file.meter.value,
            message_unit_bytes,
            prices: file.price,
        })
    }

    /// The price of `dimension`, if the book has one.
    pub fn price(&self, dimension: &str) -> Option<&Price> {
        self.prices.iter().find(|price| price.dimension == dimension)
    }

    /// Units that one PUBLISH is.
    pub fn message_units(&self, payload_bytes: u64, topic_bytes: u64) -> u64 {
        match self.message_unit_bytes {
            Some(unit_bytes) => units(self.meter.bytes(payload_bytes, topic_bytes), unit_bytes),
            None => 1,
        }
    }
}

impl Price {
    fn check(&self) -> Result<(), BookError> {
        let mut limits = self.bands.iter().map(|band| band.up_to);
        let last_is_open = limits.next_back() == Some(None);
        let limits: Vec<Option<u64>> = limits.collect();
        let rising = limits.iter().all(Option::is_some) && limits.is_sorted_by(|a, b| a < b);
        if last_is_open && rising && self.per > 0 && !limits.contains(&Some(0)) {
            Ok(())
        } else {
            Err(BookError::Bands { dimension: self.dimension.clone() })
        }
    }

    /// The price in words: `1.00 / 0.80 / 0.70 per 1,000,000`.
    pub fn in_words(&self) -> String {
        let prices: Vec<&str> = self.bands.iter().map(|band| band.price.as_str()).collect();
        self.per_words(&prices.join(" / "))
    }

    /// One price of it in words: `0.80 per 1,000,000`.
    pub fn band_in_words(&self, band: &Band) -> String {
        self.per_words(band.price.as_str())
    }

    fn per_words(&self, prices: &str) -> String {
        match self.per {
            1 => format!("{prices} each"),
            per => format!("{prices} per {}", text::count(per)),
        }
    }

    /// The sources of its bands, each once.
    pub fn sources(&self) -> String {
        let mut sources: Vec<&str> = Vec::new();
        for band in &self.bands {
            if !sources.contains(&band.source.as_str()) {
                sources.push(&band.source);
            }
        }
        sources.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_book_reads_and_bears_its_name() {
        for name in book_names() {
            assert_eq!(book(name).unwrap().name, name);
        }
    }

    #[test]
    fn a_book_is_found_by_name_or_path() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/price-books/seed-001.toml");
        assert_eq!(load(path).unwrap(), book("seed-001").unwrap());
        assert!(matches!(load("nowhere.toml"), Err(BookError::File { .. })));
        assert_eq!(
            load("azure").unwrap_err().to_string(),
            "no price book is called 'azure'; there are aws-use1, seed-000, seed-001, seed-003, \
             or the path of a file that ends in .toml"
        );
    }

    #[test]
    fn prices_are_put_in_words() {
        let book = book("aws-use1").unwrap();
        let words = |dimension: &str| book.price(dimension).unwrap().in_words();
        assert_eq!(words("messages"), "1.00 / 0.80 / 0.70 per 1,000,000");
        assert_eq!(words("job_actions"), "0.003 / 0.0015 each");
    }

    #[test]
    fn a_broken_book_says_what_is_wrong() {
        let good = embedded::AWS_USE1;
        for (from, to, message) in [
            ("price = \"0.80\"", "price = 0.80", "not a price book"),
            ("price = \"0.80\"", "price = \"-1\"", "cannot be negative"),
            ("up_to = 5_000_000_000", "up_to = 5", "price of messages: bands"),
            ("up_to = 5_000_000_000, ", "", "price of messages: bands"),
            ("per = 10_000", "per = 0", "price of index_queries: bands"),
            ("dimension = \"actions\"", "dimension = \"messages\"", "two prices for messages"),
            (", source = \"pricing.md 2 [HARV]", ", sauce = \"", "not a price book"),
            ("value = 5120", "value = 0", "cannot be 0"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = PriceBook::parse(&good.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(message), "{from}: {error}");
        }
    }
}
