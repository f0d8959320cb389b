//! Terminal, HTML and JUnit views of `results.json`.
//!
//! ```text
//!                    ┌─► terminal::summary, terminal::matrix, terminal::bill
//!  RunResults (one   ├─► junit::report
//!  or a matrix)    ──┴─► html::report, html::matrix  ◄── chart (SVG)
//! ```
//!
//! Every view is a pure function of the results: the same file gives the same text, on any machine. What differs
//! between two equal runs is shown in one place of one view, the section `host` of the HTML page.
//!
//! This crate knows no engine, broker or scenario, and neither reads nor writes files.

mod chart;
pub mod html;
pub mod junit;
pub mod terminal;
mod view;
