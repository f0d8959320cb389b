//! The shell from outside: raw bytes and real clients, on real sockets and on a network in memory.
//!
//! Tests in memory run on tokio's paused clock: whole minutes pass at once, and times are exact.

mod back_pressure;
mod contract;
mod crowd;
mod rumqttc_v311;
mod rumqttc_v5;
mod shutdown;
mod support;
mod time;

use squall_types::ProtocolVersion;

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];
