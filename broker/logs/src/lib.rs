//! What the service writes down: log records of the group `AWSIotLogsV2` and CloudTrail-like audit records
//! (`broker.md` 10.2, 10.3), a JSON object a line.
//!
//! ```text
//!   broker ── facts ──> ServiceLog ── take() ──> JSON lines, for whoever keeps them
//!   driver ── opened, named, closed ──┘
//! ```
//!
//! A fact makes at most one line. What is left out: facts that CloudWatch has no entry for (`PublishRetained`,
//! `Redelivered`), and the second of two facts about one refusal.
//!
//! | level | for |
//! |---|---|
//! | DEBUG | a ping |
//! | INFO | what succeeded; the end of a connection, whatever its reason |
//! | WARN | what a rate or another rule of the service cost: throttled or discarded; what is not modelled |
//! | ERROR | what was refused: a client error, an authorisation or authentication that failed |
//!
//! **How it differs from the service.** Facts about subscriptions come filter by filter, and so do their records; an
//! MQTT 5 record has no `subscriptions`, since the fact does not hold the granted QoS. A ping has no latency. A refused
//! CONNECT names its client only where the policies refused it. Both opt-in kinds, `Ping` and `Connection.AuthNError`,
//! are always written. `NotModelled` is Squall's own event type.
//!
//! Pure: no clock, no IO, no randomness but counter-based draws.

mod audit;
mod clients;
mod record;
mod service_log;

pub use service_log::ServiceLog;
