//! Conformance cases as data, and what runs them against a broker.
//!
//! ```text
//!   cases/**/*.toml ── case, wire_text, vector ──> Case ─┐
//!                                                        ├─ run ──> Outcome ── verdict ──> CaseResult
//!   sim, mqtt://HOST:PORT ── target ─────────> World ────┘             ▲
//!                                                    deviations/*.toml ┘
//!   requirements/* ── requirement, coverage ──> which statements are exercised, by which cases
//! ```
//!
//! A case is written in the notation of `conformance/README.md`. Its verdict is a [`CaseVerdict`] of the results
//! crate, which draws it too.
//!
//! [`CaseVerdict`]: squall_results::CaseVerdict

pub mod case;
pub mod coverage;
pub mod deviation;
mod embedded;
mod ladder;
mod near;
pub mod requirement;
pub mod run;
pub mod suite;
pub mod target;
pub mod vector;
pub mod verdict;
pub mod wire_text;
