//! The scenario file: spanned TOML in, resolved scenarios out.
//!
//! ```text
//! file ──► tree.rs ──► path.rs: --set ──► matrix.rs: cells ──► resolve.rs ──► Scenario
//!                                                                 │
//!                        keys.rs: every key, once ────────────────┤
//!                                                                 ├──► scenario_md(), json_schema()
//!                                                                 └──► errors with their suggestions
//! ```
//!
//! [`load`] reads a file into a [`Plan`]: one [`Scenario`] for each cell of its matrix, in which nothing is left to
//! default. Whatever is wrong comes back at once as [`ScenarioErrors`], each with file, line, column, key, what
//! was found, what is allowed and, where it can be guessed, what was meant.
//!
//! This crate knows no engine and no broker: which engine runs a scenario is not its business.

mod document;
mod error;
mod files;
mod json_schema;
mod keys;
mod link_model;
mod load;
mod matrix;
mod path;
mod read;
mod resolve;
mod resolved;
mod to_json;
mod tree;
mod value;
mod wording;

pub use document::scenario_md;
pub use error::{Place, ScenarioError, ScenarioErrors};
pub use files::Files;
pub use json_schema::json_schema;
pub use link_model::{LinkModelFile, link_models};
pub use load::{Cell, LoadOptions, Plan, load, parse, parse_json};
pub use resolved::*;
