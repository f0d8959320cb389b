//! The services that stand beside the message broker of an AWS-IoT-Core-like service.
//!
//! Each is state and pure functions: no clock, no IO, no chance of its own. What lies outside (a Lambda, a disk, a
//! signature) is asked for by the caller.

pub mod api_error;
mod bounds;
pub mod policy;
mod principal_kind;
pub mod provisioning;
mod records;
pub mod registry;
pub mod shadow;
mod template;
