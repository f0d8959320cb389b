//! What the broker does, by subject, on a bench that speaks the domain.
//!
//! Numbers in comments are the checks of `broker.md` section 12; ids are normative statements of MQTT 3.1.1, and
//! with `v5:` in front of MQTT 5. Each file's foot lists the checks of its subject that have no test, and why.

mod aliases;
mod authorizers;
mod back_pressure;
mod connect;
mod contract;
mod fleet_provisioning;
mod hostile;
mod just_in_time;
mod keep_alive;
mod lifecycle;
mod metering;
mod model;
mod not_modelled;
mod policies;
mod publish;
mod redelivery;
mod remembered;
mod retained;
mod sessions;
mod shadows;
mod shared;
mod shutdown;
mod subscribe;
mod support;
mod takeover;
mod throttles;
mod wills;

use squall_types::ProtocolVersion;

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];
