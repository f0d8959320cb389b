//! What the judges of shadows must catch, and what they must not mistake for a violation.

#![allow(clippy::needless_pass_by_value, reason = "a history reads better with its JSON in place")]

mod bench;
mod convergence;
mod deltas;
mod memory;
mod updates;
