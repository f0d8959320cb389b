//! What the service metered, before anyone put a price to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Seconds;

/// Names of metered dimensions. A file may hold others.
pub mod dimension {
    /// Minutes that connections were open, each begun minute of a connection counting whole.
    pub const CONNECTIVITY_MINUTES: &str = "connectivity_minutes";
    /// Messages, in units of 5 KB (5,120 bytes).
    pub const MESSAGES: &str = "messages";
    /// Messages that reach a rule through Basic Ingest, in units of 5 KB.
    pub const BASIC_INGEST_MESSAGES: &str = "basic_ingest_messages";
    /// Rules triggered, in units of 5 KB of the processed message.
    pub const RULES_TRIGGERED: &str = "rules_triggered";
    /// Rule actions executed, in units of 5 KB of the outgoing payload.
    pub const ACTIONS: &str = "actions";
    /// Shadow reads, updates and deletions, in units of 1 KB.
    pub const SHADOW_OPERATIONS: &str = "shadow_operations";
    /// Calls of metered registry APIs, in units of 1 KB.
    pub const REGISTRY_OPERATIONS: &str = "registry_operations";
    /// Job executions sent to a device.
    pub const JOB_ACTIONS: &str = "job_actions";
    /// Things registered or changed in bulk.
    pub const BULK_THINGS: &str = "bulk_things";
    /// Fleet index updates, in units of 1 KB.
    pub const INDEX_UPDATES: &str = "index_updates";
    /// Fleet index queries.
    pub const INDEX_QUERIES: &str = "index_queries";
}

/// Names of causes: which event made the units. A file may hold others.
pub mod cause {
    /// A connection that is open (of `connectivity_minutes`).
    pub const CONNECTED: &str = "connected";
    /// A CONNECT.
    pub const CONNECT: &str = "connect";
    /// A PUBLISH from a client.
    pub const PUBLISH_IN: &str = "publish_in";
    /// A PUBLISH to a client, each recipient once.
    pub const PUBLISH_OUT: &str = "publish_out";
    /// A PUBACK from a client.
    pub const PUBACK_IN: &str = "puback_in";
    /// A SUBSCRIBE.
    pub const SUBSCRIBE: &str = "subscribe";
    /// A message queued for a persistent session that is offline.
    pub const QUEUED: &str = "queued";
}

/// Metered units of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Length of the measured window, in seconds of virtual time.
    pub window_seconds: Seconds,
    /// Units of the whole run.
    pub run: Vec<UsageLine>,
    /// Units of the measured window, from which the month is scaled.
    pub measured: Vec<UsageLine>,
}

/// Units of one dimension that one cause made in one fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageLine {
    /// What is metered; see [`dimension`](mod@dimension).
    pub dimension: String,
    /// What made the units; see [`cause`](mod@cause).
    pub cause: String,
    /// The fleet whose connections made them, or the name of an app.
    pub fleet: String,
    /// How many units.
    pub units: u64,
}

impl UsageLine {
    /// `units` of `dimension` made by `cause` in `fleet`.
    pub fn new(dimension: &str, cause: &str, fleet: &str, units: u64) -> Self {
        Self { dimension: dimension.to_owned(), cause: cause.to_owned(), fleet: fleet.to_owned(), units }
    }
}
