//! What a log says of facts.

mod denials;
mod records;
mod texts;
