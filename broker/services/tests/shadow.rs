//! Device shadows: the tables of the reference (`state.md` 1 and the checks 1 to 50), and a second implementation.

#[path = "shadow/documents.rs"]
mod documents;
#[path = "shadow/errors.rs"]
mod errors;
#[path = "shadow/https.rs"]
mod https;
#[path = "shadow/judged.rs"]
mod judged;
#[path = "shadow/limits.rs"]
mod limits;
#[path = "shadow/merging.rs"]
mod merging;
#[path = "shadow/naive.rs"]
mod naive;
#[path = "shadow/properties.rs"]
mod properties;
#[path = "shadow/support.rs"]
mod support;
#[path = "shadow/versions.rs"]
mod versions;
