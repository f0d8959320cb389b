//! Deterministic functions, written in [Rhai](https://rhai.rs), in the place of AWS Lambda.
//!
//! A script defines `fn handler(event)`; the event and the answer are JSON. The same event always gives the same
//! answer: a script has no clock, no chance, no IO, no modules and no memory of earlier invocations.
//!
//! ```
//! use serde_json::json;
//! use squall_lambda::Lambda;
//!
//! let lambda = Lambda::compile("greet", r#"fn handler(event) { #{ text: "Hello, " + event.name } }"#)?;
//! assert_eq!(lambda.invoke(&json!({ "name": "Ada" })).unwrap(), json!({ "text": "Hello, Ada" }));
//! # Ok::<(), squall_lambda::CompileError>(())
//! ```
//!
//! What a script can call: Rhai's packages for arithmetic, logic, strings, arrays, maps and iteration, and the helpers
//! `base64_encode`, `base64_decode`, `parse_json`, `to_json`, `parse_int`, `parse_float`, `to_int`, `to_float`, `floor`,
//! `ceiling` and `round`. What it cannot, and why, is said in `engine.rs`.
//!
//! A [`Lambda`] says what the answer is. When it comes, and whether it comes at all, a [`Station`] says: it counts
//! instances, over virtual time. An event whose answer nobody waits for is tried again as a [`QueuedEvent`] says.

mod engine;
mod error;
mod event_queue;
mod helpers;
mod json;
mod lambda;
mod station;

pub use engine::Limits;
pub use error::{CompileError, LambdaError};
pub use event_queue::{QueuedEvent, Setback};
pub use lambda::Lambda;
pub use station::{Outcome, Run, Station, StationConfig, StationCounters};
