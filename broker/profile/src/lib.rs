//! Limits and disputed behaviours of the service, as data.
//!
//! A profile file (`profiles/*.toml`) holds every value with its source beside it; [`Profile`] is what is left
//! once it is read: one struct of plain values that the core copies and nothing looks up by name again. What
//! the documents leave open is a [`Decision`] with a [`switch`]; a run that relied on one says so.
//!
//! This crate knows no packet, no session and no scenario.

mod decision;
mod limits;
mod load;
pub mod switch;

pub use decision::{Assumptions, Decision, Grade};
pub use limits::{LIMITS, LimitInfo, Limits};
pub use load::{Profile, ProfileError, Sourced, profile_names};
pub use switch::Switches;
