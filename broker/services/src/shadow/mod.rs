//! Device shadows: what a thing reports of itself, what is desired of it, and the difference (`state.md` 1).
//!
//! ```text
//!   request ──► names ──► rates ──► JSON and its shape ──► version ──► merge ──► size ──► stored
//!                 └──────────┴───────────────┴───────────────┴───────────────────┴─► rejected, nothing changed
//!
//!   Outcome ──► accepted, delta (if desired and reported differ), documents: each written only if somebody asks
//! ```
//!
//! The service is state and functions: [`Shadows::handle`] answers what came by MQTT, [`Shadows::call`] the HTTPS API.
//! Who may ask is the caller's business, as is delivering the answers.

mod call;
mod delta;
mod document;
mod flat;
mod json;
mod merge;
mod outcome;
mod rate;
mod read;
mod rejection;
mod request;
mod settings;
mod store;
mod thing;
mod topic;
mod write;

pub use call::{CallOutcome, ListOutcome, ShadowCall};
pub use outcome::{Outcome, Via};
pub use rate::InFlight;
pub use read::{OwnedShadowCall, SHADOW_CALLS};
pub use rejection::Rejection;
pub use settings::{Settings, publish_order};
pub use store::Shadows;
pub use thing::Current;
pub use topic::{Answer, Operation, ShadowId, ShadowTopic};
