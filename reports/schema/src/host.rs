//! What the machine that ran had to do with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All that differs between two equal runs: how long the machine took, and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Time on the wall clock, in seconds.
    pub wall_seconds: f64,
    /// Processor time of all threads, in seconds.
    pub cpu_seconds: f64,
    /// The most memory that was resident, in bytes.
    pub peak_rss_bytes: u64,
    /// Processor cores that the machine offered.
    pub cores: u32,
}
