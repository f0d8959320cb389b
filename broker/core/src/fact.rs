//! What the service publishes about itself: metrics, log records and audit, before any text is made of them.

use squall_types::ProtocolVersion;

use crate::input::{ConnectionId, Tag};
use crate::output::DisconnectReason;

/// One fact. Small and `Copy`: a reader that wants text makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<'a> {
    /// `Connect.Success`.
    Connected {
        /// Which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// The client id.
        client_id: &'a str,
        /// The protocol version.
        version: ProtocolVersion,
        /// Whether a stored session was resumed.
        session_present: bool,
    },
    /// A CONNECT was refused.
    ConnectRefused {
        /// Which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// Why.
        why: ConnectRefusal,
    },
    /// A connection that had been accepted ended.
    Disconnected {
        /// Which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// The client id.
        client_id: &'a str,
        /// Why.
        reason: DisconnectReason,
    },
    /// `PublishIn.Success`.
    PublishIn {
        /// Whose.
        tag: Tag,
    },
    /// `PublishOut.Success`.
    PublishOut {
        /// The receiver's.
        tag: Tag,
    },
    /// A QoS 1 message was sent again because its acknowledgement did not come.
    Redelivered {
        /// The receiver's.
        tag: Tag,
    },
    /// `Queued.Success`: stored for an offline session.
    Queued {
        /// The receiver's.
        tag: Tag,
    },
    /// A message was lost to a client under a rule of the service. Names all that an outside judge needs.
    Discarded {
        /// Whose.
        tag: Tag,
        /// The client that does not get it, or whose publish was not taken.
        client_id: &'a str,
        /// The topic.
        topic: &'a str,
        /// Under which rule.
        rule: DiscardRule,
    },
    /// Something was asked for that this broker does not model; the client was turned away.
    NotModelled {
        /// Whose.
        tag: Tag,
        /// What.
        feature: Feature,
    },
}

impl Fact<'_> {
    /// The CloudWatch metric that the fact counts in (`broker.md` 10.1), for those that have one.
    pub const fn metric(&self) -> Option<&'static str> {
        Some(match self {
            Self::Connected { .. } => "Connect.Success",
            Self::ConnectRefused { why: ConnectRefusal::Throttled, .. } => "Connect.Throttle",
            Self::ConnectRefused { why: ConnectRefusal::ClientError, .. } => "Connect.ClientError",
            Self::ConnectRefused { why: ConnectRefusal::NotModelled, .. } => "Connect.ServerError",
            Self::PublishIn { .. } => "PublishIn.Success",
            Self::PublishOut { .. } => "PublishOut.Success",
            Self::Queued { .. } => "Queued.Success",
            Self::Discarded { rule, .. } => match rule {
                DiscardRule::PublishRateIn | DiscardRule::PublishRateOut => "Throttle.Exceeded",
                DiscardRule::QueueRate => "Queued.Throttle",
                DiscardRule::RetryWindow
                | DiscardRule::MessageExpiry
                | DiscardRule::UnsentBytes
                | DiscardRule::ReceiverPacketSize => return None,
            },
            Self::Disconnected { .. } | Self::Redelivered { .. } | Self::NotModelled { .. } => return None,
        })
    }
}

/// Why a CONNECT was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectRefusal {
    /// `Connect.Throttle`: the account's CONNECT rate.
    Throttled,
    /// The packet broke the protocol, or asked for what is not allowed.
    ClientError,
    /// The packet asked for what is not modelled.
    NotModelled,
}

/// The rule under which a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiscardRule {
    /// Over the publishes a second of the publisher's connection (`broker.md` 7.1, check 46).
    PublishRateIn,
    /// Over the publishes a second of the receiver's connection.
    PublishRateOut,
    /// Over the messages a second that the account stores for offline sessions (`broker.md` 4).
    QueueRate,
    /// Never acknowledged within the retry window (`broker.md` 0.4).
    RetryWindow,
    /// Its message expiry interval passed (`broker.md` 3.5).
    MessageExpiry,
    /// QoS 0 to a connection with too many unsent bytes (design section 2).
    UnsentBytes,
    /// Larger than the receiver's Maximum Packet Size (MQTT-3.1.2-25).
    ReceiverPacketSize,
}

impl DiscardRule {
    /// The spelling in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PublishRateIn => "publish-rate-in",
            Self::PublishRateOut => "publish-rate-out",
            Self::QueueRate => "queue-rate",
            Self::RetryWindow => "retry-window",
            Self::MessageExpiry => "message-expiry",
            Self::UnsentBytes => "unsent-bytes",
            Self::ReceiverPacketSize => "receiver-packet-size",
        }
    }
}

/// What is not modelled yet; asking for it is refused, never approximated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// A will in CONNECT.
    Will,
    /// RETAIN on a PUBLISH.
    RetainedMessage,
    /// A topic alias on a PUBLISH.
    TopicAlias,
    /// A `$share/...` filter.
    SharedSubscription,
    /// A topic or filter that begins with `$`.
    ReservedTopic,
}

impl Feature {
    /// All features that are not modelled.
    pub const ALL: &[Self] =
        &[Self::Will, Self::RetainedMessage, Self::TopicAlias, Self::SharedSubscription, Self::ReservedTopic];

    /// The spelling in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Will => "will",
            Self::RetainedMessage => "retained message",
            Self::TopicAlias => "topic alias",
            Self::SharedSubscription => "shared subscription",
            Self::ReservedTopic => "reserved topic",
        }
    }
}
