//! How many units a message is, and which messages count.

use serde::Deserialize;
use squall_results::{cause, dimension};

/// Units of `unit_bytes` that `bytes` come to: a begun unit counts whole, and nothing still counts as one.
///
/// # Panics
/// If `unit_bytes` is zero.
pub const fn units(bytes: u64, unit_bytes: u64) -> u64 {
    let units = bytes.div_ceil(unit_bytes);
    if units == 0 { 1 } else { units }
}

/// What a price book counts as a message, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// As AWS documents it: CONNECT, PUBLISH, PUBACK and SUBSCRIBE, topic and payload.
    Aws,
    /// As the source documents have it: PUBLISH only, and of it the payload only.
    PayloadPublishOnly,
}

impl Meter {
    /// Whether units of `dimension` that `cause` made are charged.
    pub fn charges(self, dimension: &str, cause: &str) -> bool {
        match self {
            Self::Aws => true,
            Self::PayloadPublishOnly => {
                dimension != dimension::MESSAGES || [cause::PUBLISH_IN, cause::PUBLISH_OUT].contains(&cause)
            }
        }
    }

    /// The bytes of a message that are counted.
    pub const fn bytes(self, payload_bytes: u64, topic_bytes: u64) -> u64 {
        match self {
            Self::Aws => payload_bytes + topic_bytes,
            Self::PayloadPublishOnly => payload_bytes,
        }
    }
}
