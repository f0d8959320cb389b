//! Words that every crate of Squall shares.
//!
//! Nothing here knows of a broker, a device or a file. Time comes in two kinds that never mix:
//! [`Timestamp`] (monotonic, since the run began; every deadline) and [`WallTime`] (what a person or a
//! file sees). Chance is a pure function of (seed, owner, purpose, n), see [`chance`].

mod certificate_id;
pub mod chance;
mod client_id;
mod protocol;
mod qos;
mod template;
mod timestamp;
mod token_bucket;
mod topic_filter;
mod topic_name;
mod uuid;
mod wall_time;

pub use certificate_id::{CertificateId, CertificateIdError};
pub use chance::{Chance, Owner, Purpose, Seed};
pub use client_id::ClientId;
pub use protocol::ProtocolVersion;
pub use qos::QoS;
pub use template::{Template, TemplateContext, TemplateError};
pub use timestamp::{Now, Timestamp};
pub use token_bucket::TokenBucket;
pub use topic_filter::{SharedFilter, TopicFilterError, filter_matches, split_shared, validate_topic_filter};
pub use topic_name::{TopicNameError, validate_topic_name};
pub use uuid::Uuid;
pub use wall_time::WallTime;
