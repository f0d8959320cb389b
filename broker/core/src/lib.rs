//! The sans-IO broker: bytes and time in, bytes and deadlines out.
//!
//! ```text
//!             Input                                         Output
//!   Opened, Bytes, Sent, Closed ──┐                 ┌──> Bytes, Close, PauseReading, ResumeReading
//!   Request ──────────────────────┤  Broker::handle ├──> Reply
//!   Answer, Durable ──────────────┤                 ├──> Ask, Persist
//!   Deadline, Shutdown ───────────┘                 └──> facts, and a receipt of the work done
//!
//!   connection/    one transport each: state, keep alive, back-pressure
//!   session/       what outlives it: subscriptions, messages in flight and in store
//!   subscription/  who is subscribed to what
//!   retained/      the last message of a topic
//!   principal.rs authorization.rs authorizer.rs             who connections are, and what they may do
//!   packets.rs connect.rs subscribe.rs publish.rs           what packets do
//!   asks.rs question.rs                                     what is asked of the outside, and who waits for it
//!   provisioning/  shadows.rs  rule.rs                      devices without identity; state; messages to functions
//!   control.rs                                              what calls of the control plane do
//!   deliver.rs redelivery.rs shared.rs will.rs expiry.rs   what becomes of messages and of time
//!   lifecycle.rs                                           what the service says of connections
//! ```
//!
//! **The driver's contract.** One mutation at a time: call [`Broker::handle`] with one input, carry out the
//! outputs in the order in which they come, then give the next input. Call it with [`Input::Deadline`] once time
//! has reached [`Broker::next_deadline`]. Time never runs backwards. The driver names connections, never uses a
//! name twice, and keeps one first-in-first-out queue of outputs for each, from which an output leaves once its
//! `after` is durable. After [`Output::Close`] the broker has forgotten the connection; what the driver still
//! says of it is ignored. Whatever a peer sends is an outcome, never an error of `handle`.
//!
//! There is no thread, lock, socket, file, clock or OS randomness in here, and no await: `handle` runs to
//! completion. The same inputs at the same times give the same outputs.
//!
//! ```
//! use squall_core::{
//!     Broker, BrokerConfig, ClosedWhy, ConnectionId, Fact, Identity, Input, Output, Sink, Source, Tag, Transport,
//! };
//! use squall_profile::Profile;
//! use squall_types::{CertificateId, Now, ProtocolVersion, Seed, Timestamp, WallTime};
//!
//! struct Wire(Vec<u8>);
//!
//! impl Sink for Wire {
//!     fn output(&mut self, output: Output<'_>) {
//!         if let Output::Bytes { bytes, .. } = output {
//!             self.0.extend_from_slice(bytes);
//!         }
//!     }
//!     fn fact(&mut self, _: Fact<'_>) {}
//! }
//!
//! let mut broker = Broker::new(BrokerConfig::new(Profile::named("aws-current")?, Seed(7)));
//! let mut wire = Wire(Vec::new());
//! let connection = ConnectionId(1);
//! let now = |seconds| Now::at(Timestamp::from_secs(seconds), WallTime::from_unix_secs(1_767_225_600));
//! let opened = Input::Opened {
//!     connection,
//!     transport: Transport::Tls,
//!     identity: Identity::Trusted(CertificateId([7; 32])),
//!     source: Source { ip: [10, 0, 0, 1].into(), port: 50_000 },
//!     tag: Tag(0),
//! };
//! broker.handle(now(0), opened, &mut wire);
//! let mut connect = Vec::new();
//! squall_codec::Connect { keep_alive: 60, ..squall_codec::Connect::new(ProtocolVersion::V311, "pump-7") }
//!     .encode(&mut connect)?;
//! broker.handle(now(0), Input::Bytes { connection, bytes: &connect }, &mut wire);
//! assert_eq!(wire.0, [0x20, 2, 0, 0], "CONNACK, no session present");
//!
//! // Silent for 1.5 keep alives: the broker lets go.
//! while let Some(deadline) = broker.next_deadline() {
//!     assert!(deadline <= Timestamp::from_secs(90));
//!     broker.handle(now(deadline.as_secs()), Input::Deadline, &mut wire);
//! }
//! assert_eq!(broker.connections(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asks;
mod authenticate;
mod authorization;
mod authorizer;
mod broker;
mod connect;
mod connection;
mod control;
mod deliver;
mod expiry;
mod fact;
mod hash;
mod input;
mod lifecycle;
mod message;
mod meter;
mod metric;
mod output;
mod packets;
mod principal;
mod provisioning;
mod publish;
mod question;
mod rate;
mod receipt;
mod redelivery;
mod remembered;
mod request;
mod reserved_topics;
mod retained;
mod rule;
mod session;
mod shadows;
mod shared;
mod shutdown;
mod sink;
mod subscribe;
mod subscription;
mod timer;
mod will;

pub use authorization::Denial;
pub use broker::{Broker, BrokerConfig};
pub use fact::{AuditedCall, ConnectRefusal, DiscardRule, Fact, Feature, ShadowAnswered, SubscribeRefusal};
pub use input::{
    AskId, Caller, ClosedWhy, ConnectionId, Identity, Input, Lsn, RequestId, SignedIdentity, Source, Tag,
    Transport,
};
pub use meter::{Cause, Dimension, MESSAGE_UNIT_BYTES, Meter, message_units};
pub use metric::ServiceMetric;
pub use output::{DisconnectReason, Output};
pub use question::{Answer, ClientToAuthorize, OwnedQuestion, Question};
pub use receipt::Receipt;
pub use request::{Call, InvalidRequest, Reply, ShadowReply};
pub use rule::LambdaRule;
pub use sink::Sink;
