//! The event engine: one world of broker, network and devices in virtual time, on one thread.
//!
//! ```text
//!                 SYN, bytes, end            queue, servers            Input
//!   devices ──────────────────────> links ──────────────────> nodes ──────────> broker
//!  (endpoint)  <──────────────────  (link)  <──────────────── (station, service) <── Output, facts
//!      │            segments                   end of service
//!      └── facts ──> measure, oracles              every event: wheel ──> World::step
//! ```
//!
//! Devices and broker exchange real MQTT bytes. A packet waits for a server of its node; the broker handles it when
//! service starts, and what it sends leaves when service ends, after the time that the work done costs. What timers
//! of the broker and calls of cloud-side actors cause is served at once: it competes with nobody for a server.
//!
//! A run is a function of (resolved scenario, seed, build): one order of events, draws keyed by who draws and what
//! for, and a fingerprint over everything that can be observed from outside.
//!
//! This crate knows no file, no terminal, no price and no clock but virtual time.

mod account;
mod authorities;
mod authorizer;
mod call;
mod crash;
mod denials;
mod device_set;
mod endpoint;
mod event;
mod fault;
mod fingerprint;
mod fleet;
mod identities;
mod issuer;
mod lambda;
mod link;
mod log;
mod measure;
mod mutant;
mod outcome;
mod provisioning;
mod questions;
mod segment;
mod service;
mod shadow;
mod shadow_troubles;
mod sink;
mod station;
mod stranded;
#[cfg(test)]
mod tests;
mod world;

pub use account::SetupError;
pub use outcome::run_unwinding;
pub use world::{Progress, World};
