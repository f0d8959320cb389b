//! What the service publishes about itself: metrics, log records and audit, before any text is made of them.

use squall_services::api_error::ApiError;
use squall_services::policy::Action;
use squall_services::provisioning::{FleetApi, Outcome, Provisioned, ProvisioningFailure, TemplateCall};
use squall_services::registry::ControlCall;
use squall_services::shadow::{Operation, Rejection, ShadowId};
use squall_types::{CertificateId, ProtocolVersion};

use crate::authorization::Denial;
use crate::input::{ConnectionId, Tag};
use crate::metric::ServiceMetric;
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
    /// `Connection.AuthNError` on a connection that stood: its authorizer no longer lets it stay.
    NotAuthenticated {
        /// Which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// The reason that the log names.
        reason: &'static str,
    },
    /// `*.AuthError`: the policies do not allow what a client wants.
    Denied {
        /// On which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// What, and why not.
        denial: &'a Denial<'a>,
    },
    /// A certificate that nobody knew was shown, and is registered by that as PENDING_ACTIVATION (`state.md` 3.1, 3.2).
    RegisteredOnConnect {
        /// Whose device showed it.
        tag: Tag,
        /// The certificate.
        certificate: &'a CertificateId,
    },
    /// `ProvisionThing.*`: just-in-time provisioning has come to its end.
    JustInTime {
        /// Whose device it is.
        tag: Tag,
        /// The device's certificate.
        certificate: &'a CertificateId,
        /// The name of the template, if the account keeps it by name.
        template: Option<&'a str>,
        /// What was done, or what failed and what was done before.
        result: Result<&'a Provisioned, &'a ProvisioningFailure>,
    },
    /// A request of fleet provisioning was answered, whether or not the device hears it (`state.md` 3.3).
    FleetAnswered {
        /// On which connection it came.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// What was asked for.
        api: FleetApi<'a>,
        /// What came of it.
        outcome: &'a Outcome,
    },
    /// `*ThingShadow.Accepted`, or a request that was refused.
    ShadowAnswered {
        /// On which connection it came; none over HTTPS.
        connection: Option<ConnectionId>,
        /// Whose.
        tag: Tag,
        /// What, and what became of it.
        answered: &'a ShadowAnswered<'a>,
    },
    /// A call of the control plane that would change something was carried out or refused: an audit record.
    Audit {
        /// Whose.
        tag: Tag,
        /// The call.
        call: AuditedCall<'a>,
        /// Why it was refused.
        error: Option<&'a ApiError>,
    },
    /// `PublishIn.Success`.
    PublishIn {
        /// On which connection; none over HTTPS.
        connection: Option<ConnectionId>,
        /// Whose.
        tag: Tag,
        /// The topic.
        topic: &'a str,
        /// Whether with RETAIN.
        retain: bool,
    },
    /// `PublishRetained.Success`: a PUBLISH with RETAIN replaced or deleted a retained message.
    PublishRetained {
        /// Whose.
        tag: Tag,
    },
    /// A will was published, which counts in `PublishIn.Success` too.
    WillPublished {
        /// Whose.
        tag: Tag,
        /// Whose connection ended.
        client_id: &'a str,
        /// The topic.
        topic: &'a str,
    },
    /// `PublishIn.ClientError`: a publish was refused for what it is.
    PublishRefused {
        /// On which connection; none for a publish over HTTPS.
        connection: Option<ConnectionId>,
        /// Whose.
        tag: Tag,
        /// The topic, as it was written: empty where an alias stands for it.
        topic: &'a str,
    },
    /// `PublishOut.Success`.
    PublishOut {
        /// On which connection.
        connection: ConnectionId,
        /// The receiver's.
        tag: Tag,
        /// The topic.
        topic: &'a str,
    },
    /// A QoS 1 message was sent again because its acknowledgement did not come.
    Redelivered {
        /// The receiver's.
        tag: Tag,
    },
    /// `Ping.Success`.
    Ping {
        /// On which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
    },
    /// `Subscribe.Success`: a filter was granted.
    Subscribed {
        /// On which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// The filter.
        filter: &'a str,
    },
    /// A filter was not granted.
    SubscribeRefused {
        /// On which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// The filter.
        filter: &'a str,
        /// Why.
        why: SubscribeRefusal,
    },
    /// `Unsubscribe.Success`: a filter is no longer held.
    Unsubscribed {
        /// On which connection.
        connection: ConnectionId,
        /// Whose.
        tag: Tag,
        /// The filter.
        filter: &'a str,
    },
    /// `Queued.Success`: stored for an offline session, or for a group of shared subscriptions.
    Queued {
        /// The receiver's.
        tag: Tag,
        /// The client, or `$share/NAME/FILTER` for a group.
        receiver: &'a str,
        /// The topic.
        topic: &'a str,
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
    /// A message was lost to a group of shared subscriptions under a rule of the service.
    DiscardedShared {
        /// A member's, if there is one.
        tag: Tag,
        /// The group, as `$share/NAME/FILTER`.
        group: &'a str,
        /// The topic.
        topic: &'a str,
        /// Under which rule.
        rule: DiscardRule,
    },
    /// A call was refused for a rate; its caller is told, so nothing is lost in silence.
    CallThrottled {
        /// Whose.
        tag: Tag,
        /// Under which rule.
        rule: DiscardRule,
    },
    /// A reserved topic was published or subscribed to whose service is not modelled: nothing will come of it.
    NotModelled {
        /// Whose.
        tag: Tag,
        /// What.
        feature: Feature,
    },
}

/// A request of a shadow, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadowAnswered<'a> {
    /// Of which shadow.
    pub shadow: ShadowId<'a>,
    /// What was asked.
    pub operation: Operation,
    /// The shadow's version after it (before a delete), or why it was refused.
    pub version: Result<u64, Rejection>,
    /// Whether desired still differs from reported after an update.
    pub has_delta: bool,
    /// It was refused, and the client that asked is not subscribed to hear of it.
    pub unheard: bool,
}

/// A call that leaves an audit record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditedCall<'a> {
    /// One of the registry.
    Registry(&'a ControlCall<'a>),
    /// One about provisioning templates and claims.
    Template(&'a TemplateCall<'a>),
}

impl AuditedCall<'_> {
    /// The operation as the API spells it.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Registry(call) => call.operation(),
            Self::Template(call) => call.operation(),
        }
    }

    /// What was asked for, as the API's JSON.
    pub fn parameters(&self) -> serde_json::Value {
        match self {
            Self::Registry(call) => call.parameters(),
            Self::Template(call) => call.parameters(),
        }
    }
}

impl Fact<'_> {
    /// The CloudWatch metric that the fact counts in (`broker.md` 10.1), for those that have one.
    pub fn metric(&self) -> Option<ServiceMetric> {
        Some(match self {
            Self::Connected { .. } => ServiceMetric::ConnectSuccess,
            Self::ConnectRefused { why, .. } => return why.metric(),
            Self::PublishIn { .. } | Self::WillPublished { .. } => ServiceMetric::PublishInSuccess,
            Self::PublishRefused { .. } => ServiceMetric::PublishInClientError,
            Self::PublishRetained { .. } => ServiceMetric::PublishRetainedSuccess,
            Self::PublishOut { .. } => ServiceMetric::PublishOutSuccess,
            Self::Ping { .. } => ServiceMetric::PingSuccess,
            Self::Subscribed { .. } => ServiceMetric::SubscribeSuccess,
            Self::SubscribeRefused { why, .. } => return why.metric(),
            Self::NotAuthenticated { .. } => ServiceMetric::ConnectionAuthNError,
            Self::Denied { denial, .. } if denial.at_connect => ServiceMetric::ConnectAuthError,
            Self::Denied { denial, .. } => match denial.action {
                Action::RetainPublish => ServiceMetric::PublishRetainedAuthError,
                Action::Subscribe => ServiceMetric::SubscribeAuthError,
                Action::Receive => ServiceMetric::PublishOutAuthError,
                // Nothing else is asked over MQTT.
                _ => ServiceMetric::PublishInAuthError,
            },
            Self::Unsubscribed { .. } => ServiceMetric::UnsubscribeSuccess,
            Self::Queued { .. } => ServiceMetric::QueuedSuccess,
            Self::Discarded { rule, .. } | Self::DiscardedShared { rule, .. } => return rule.metric(),
            // broker.md 10.1: `PublishIn.Throttle` is not emitted for HTTP.
            Self::CallThrottled { rule: DiscardRule::AccountPublishRateIn, .. } => return None,
            Self::CallThrottled { rule, .. } => return rule.metric(),
            Self::JustInTime { result, .. } => match result {
                Ok(_) => ServiceMetric::ProvisionThingSuccess,
                // Like the API's own failures: what the account could do better, or what only the service can.
                Err(failure) if failure.error.is_server_side() => ServiceMetric::ProvisionThingServerError,
                Err(_) => ServiceMetric::ProvisionThingClientError,
            },
            Self::FleetAnswered { api, outcome: Outcome::Rejected { .. }, .. } => match api {
                FleetApi::CreateKeysAndCertificate => ServiceMetric::CreateKeysAndCertificateFailed,
                FleetApi::CreateCertificateFromCsr => ServiceMetric::CreateCertificateFromCsrFailed,
                FleetApi::RegisterThing { .. } => ServiceMetric::RegisterThingFailed,
            },
            Self::FleetAnswered { outcome: Outcome::Registered { .. }, .. } => {
                ServiceMetric::ApproximateNumberOfThingsRegistered
            }
            Self::ShadowAnswered { answered, .. } if answered.version.is_ok() => match answered.operation {
                Operation::Get => ServiceMetric::GetThingShadowAccepted,
                Operation::Update => ServiceMetric::UpdateThingShadowAccepted,
                Operation::Delete => ServiceMetric::DeleteThingShadowAccepted,
            },
            Self::ShadowAnswered { .. }
            | Self::FleetAnswered { outcome: Outcome::Issued(_), .. }
            | Self::RegisteredOnConnect { .. }
            | Self::Disconnected { .. }
            | Self::Redelivered { .. }
            | Self::NotModelled { .. }
            | Self::Audit { .. } => return None,
        })
    }
}

/// Why a CONNECT was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectRefusal {
    /// `Connect.Throttle`: the account's CONNECT rate, or its connections.
    Throttled,
    /// `Connect.ClientIDThrottle`: the CONNECT rate of the client id.
    ClientIdThrottled,
    /// The packet broke the protocol, or asked for what no client may have.
    ClientError,
    /// `Connection.AuthNError`: nobody knows the client, or it is not who it says; with the reason that the log names.
    NotAuthenticated(&'static str),
    /// Its certificate is not valid yet, or no longer. TLS ends there, which neither log nor metric tells (`broker.md`
    /// 8.1, unverified).
    CertificateDates,
    /// It showed a certificate that is not registered, and its TLS named no server, so it cannot register by that. No
    /// log and no metric tells of it (`broker.md` 8.1).
    NoServerName,
    /// The policies do not allow it; [`Fact::Denied`] says why, and counts.
    NotAuthorized,
}

impl ConnectRefusal {
    const fn metric(self) -> Option<ServiceMetric> {
        match self {
            Self::Throttled => Some(ServiceMetric::ConnectThrottle),
            Self::ClientIdThrottled => Some(ServiceMetric::ConnectClientIdThrottle),
            Self::ClientError => Some(ServiceMetric::ConnectClientError),
            Self::NotAuthenticated(_) => Some(ServiceMetric::ConnectionAuthNError),
            Self::NotAuthorized | Self::CertificateDates | Self::NoServerName => None,
        }
    }
}

/// Why a filter was not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscribeRefusal {
    /// `Subscribe.Throttle`: a quota.
    Throttled,
    /// The filter is none, or leads where nobody may subscribe.
    ClientError,
    /// The policies do not allow it; [`Fact::Denied`] says why, and counts.
    NotAuthorized,
}

impl SubscribeRefusal {
    const fn metric(self) -> Option<ServiceMetric> {
        match self {
            Self::Throttled => Some(ServiceMetric::SubscribeThrottle),
            Self::ClientError => Some(ServiceMetric::SubscribeClientError),
            Self::NotAuthorized => None,
        }
    }
}

/// The rule under which a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiscardRule {
    /// Over the publishes a second of the publisher's connection (`broker.md` 7.1, check 46).
    PublishRateIn,
    /// Over the publishes a second of the receiver's connection.
    PublishRateOut,
    /// Over the publishes a second that the account takes in (`broker.md` 7.1).
    AccountPublishRateIn,
    /// Over the publishes a second that the account sends to clients (`broker.md` 7.1).
    AccountPublishRateOut,
    /// Over a rate or the number of retained messages (`broker.md` 2.3, checks 80 and 81).
    RetainedQuota,
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
    /// To a group of shared subscriptions whose store is full (`broker.md` 3.6).
    SharedQueueFull,
    /// To a group none of whose members is connected or keeps a session (`broker.md` check 107).
    NoMember,
    /// Stored by a group for longer than its members' sessions last (`broker.md` 3.6).
    SharedRetention,
}

impl DiscardRule {
    const fn metric(self) -> Option<ServiceMetric> {
        match self {
            Self::PublishRateIn | Self::PublishRateOut => Some(ServiceMetric::ThrottleExceeded),
            Self::AccountPublishRateIn => Some(ServiceMetric::PublishInThrottle),
            Self::AccountPublishRateOut => Some(ServiceMetric::PublishOutThrottle),
            Self::RetainedQuota => Some(ServiceMetric::PublishRetainedThrottle),
            Self::QueueRate | Self::SharedQueueFull => Some(ServiceMetric::QueuedThrottle),
            Self::RetryWindow
            | Self::MessageExpiry
            | Self::UnsentBytes
            | Self::ReceiverPacketSize
            | Self::NoMember
            | Self::SharedRetention => None,
        }
    }

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
            Self::AccountPublishRateIn => "account-publish-rate-in",
            Self::AccountPublishRateOut => "account-publish-rate-out",
            Self::RetainedQuota => "retained-quota",
            Self::SharedQueueFull => "shared-queue-full",
            Self::NoMember => "no-member",
            Self::SharedRetention => "shared-retention",
        }
    }
}

/// A family of reserved topics whose service is not modelled yet (`broker.md` 6): the broker carries what goes there
/// and comes from there, and nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Basic Ingest into rules.
    Rules,
    /// Jobs.
    Jobs,
    /// Certificates and fleet provisioning.
    Provisioning,
    /// Commands.
    Commands,
    /// Streams of files.
    Streams,
    /// Defender metrics.
    Defender,
    /// Secure tunnels.
    Tunnels,
    /// Device location.
    Location,
    /// SiteWise.
    SiteWise,
    /// Lifecycle, registry and job events.
    Events,
}

impl Feature {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Rules,
        Self::Jobs,
        Self::Provisioning,
        Self::Commands,
        Self::Streams,
        Self::Defender,
        Self::Tunnels,
        Self::Location,
        Self::SiteWise,
        Self::Events,
    ];

    /// The spelling in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Jobs => "jobs",
            Self::Provisioning => "provisioning",
            Self::Commands => "commands",
            Self::Streams => "streams",
            Self::Defender => "defender",
            Self::Tunnels => "tunnels",
            Self::Location => "location",
            Self::SiteWise => "sitewise",
            Self::Events => "events",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_small() {
        // Several are told for each packet, by value: what only few of them say is behind a reference.
        assert!(size_of::<Fact<'_>>() <= 64, "{}", size_of::<Fact<'_>>());
    }
}
