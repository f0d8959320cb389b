//! The scenario file.
mod resolved;
pub use resolved::*;
