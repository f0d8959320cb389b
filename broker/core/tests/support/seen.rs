//! What devices and observers saw, with nothing borrowed.

use squall_codec::{Packet, ReasonCode};
use squall_core::{ConnectRefusal, DiscardRule, DisconnectReason, Feature, ServiceMetric, SubscribeRefusal};
use squall_services::provisioning::Outcome;
use squall_services::shadow::{Operation, Rejection};
use squall_types::CertificateId;

/// One thing that a device saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    ConnAck(Box<ConnAck>),
    Publish(Delivery),
    PubAck { packet_id: u16, code: ReasonCode },
    SubAck { packet_id: u16, codes: Vec<u8> },
    UnsubAck { packet_id: u16, codes: Vec<u8> },
    PingResp,
    Disconnect(ReasonCode),
    Closed(DisconnectReason),
    Paused,
    Resumed,
}

/// A CONNACK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnAck {
    pub(crate) session_present: bool,
    pub(crate) code: u8,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) maximum_qos: Option<u8>,
    pub(crate) maximum_packet_size: Option<u32>,
    pub(crate) retain: Option<bool>,
    pub(crate) wildcards: Option<bool>,
    pub(crate) subscription_identifiers: Option<bool>,
    pub(crate) shared: Option<bool>,
    pub(crate) topic_alias_maximum: Option<u16>,
    pub(crate) assigned_client_id: Option<String>,
    pub(crate) server_keep_alive: Option<u16>,
}

/// A PUBLISH that a device got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    /// 0 with QoS 0.
    pub(crate) packet_id: u16,
    pub(crate) dup: bool,
    pub(crate) retain: bool,
    pub(crate) expiry: Option<u32>,
    pub(crate) alias: Option<u16>,
    pub(crate) content_type: Option<String>,
    pub(crate) response_topic: Option<String>,
    pub(crate) correlation_data: Option<Vec<u8>>,
    pub(crate) payload_is_utf8: Option<bool>,
    pub(crate) user_properties: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn from_packet(packet: &Packet<'_>) -> Self {
        match packet {
            Packet::ConnAck(connack) => {
                let properties = &connack.properties;
                Self::ConnAck(Box::new(ConnAck {
                    session_present: connack.session_present,
                    code: connack.code.to_u8(),
                    session_expiry: properties.session_expiry_interval,
                    receive_maximum: properties.receive_maximum.map(Into::into),
                    maximum_qos: properties.maximum_qos.map(squall_types::QoS::bits),
                    maximum_packet_size: properties.maximum_packet_size.map(Into::into),
                    retain: properties.retain_available,
                    wildcards: properties.wildcard_subscription_available,
                    subscription_identifiers: properties.subscription_identifier_available,
                    shared: properties.shared_subscription_available,
                    topic_alias_maximum: properties.topic_alias_maximum,
                    assigned_client_id: properties.assigned_client_identifier.map(str::to_owned),
                    server_keep_alive: properties.server_keep_alive,
                }))
            }
            Packet::Publish(publish) => {
                let properties = &publish.properties;
                Self::Publish(Delivery {
                    topic: publish.topic.to_owned(),
                    payload: publish.payload.to_owned(),
                    qos: publish.qos.bits(),
                    packet_id: publish.packet_id.map_or(0, squall_codec::PacketId::get),
                    dup: publish.dup,
                    retain: publish.retain,
                    expiry: properties.message_expiry_interval,
                    alias: properties.topic_alias.map(Into::into),
                    content_type: properties.content_type.map(str::to_owned),
                    response_topic: properties.response_topic.map(str::to_owned),
                    correlation_data: properties.correlation_data.map(<[u8]>::to_owned),
                    payload_is_utf8: properties.payload_is_utf8,
                    user_properties: properties
                        .user_properties
                        .iter()
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                })
            }
            Packet::PubAck(ack) => Self::PubAck { packet_id: ack.packet_id.get(), code: ack.reason_code },
            Packet::SubAck(suback) => Self::SubAck {
                packet_id: suback.packet_id.get(),
                codes: suback.codes.iter().map(ReasonCode::to_u8).collect(),
            },
            Packet::UnsubAck(unsuback) => Self::UnsubAck {
                packet_id: unsuback.packet_id.get(),
                codes: unsuback.codes.iter().map(ReasonCode::to_u8).collect(),
            },
            Packet::PingResp => Self::PingResp,
            Packet::Disconnect(disconnect) => Self::Disconnect(disconnect.reason_code),
            other => panic!("a broker never sends {other:?}"),
        }
    }
}

/// A fact, without those that nothing asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Connected,
    ConnectRefused(ConnectRefusal),
    Disconnected {
        client_id: String,
        reason: DisconnectReason,
    },
    PublishIn,
    PublishOut,
    Redelivered,
    Queued,
    Discarded {
        client_id: String,
        topic: String,
        rule: DiscardRule,
    },
    DiscardedShared {
        group: String,
        topic: String,
        rule: DiscardRule,
    },
    PublishRetained,
    PublishRefused {
        over_https: bool,
        topic: String,
    },
    CallThrottled(DiscardRule),
    WillPublished {
        client_id: String,
        topic: String,
    },
    Ping,
    Subscribed,
    SubscribeRefused(SubscribeRefusal),
    NotAuthenticated(&'static str),
    Denied {
        text: String,
        metric: Option<&'static str>,
        why: String,
    },
    Audit {
        operation: &'static str,
        error: Option<&'static str>,
    },
    Unsubscribed,
    NotModelled(Feature),
    RegisteredOnConnect(CertificateId),
    JustInTime {
        certificate: CertificateId,
        failure: Option<String>,
        metric: &'static str,
    },
    ShadowAnswered {
        operation: Operation,
        version: Result<u64, Rejection>,
        metric: Option<&'static str>,
        unheard: bool,
    },
    FleetAnswered {
        api: &'static str,
        rejected: bool,
        metric: Option<&'static str>,
    },
}

impl From<squall_core::Fact<'_>> for Fact {
    fn from(fact: squall_core::Fact<'_>) -> Self {
        use squall_core::Fact as Told;
        match fact {
            Told::Connected { .. } => Self::Connected,
            Told::ConnectRefused { why, .. } => Self::ConnectRefused(why),
            Told::Disconnected { client_id, reason, .. } => {
                Self::Disconnected { client_id: client_id.to_owned(), reason }
            }
            Told::PublishIn { .. } => Self::PublishIn,
            Told::PublishOut { .. } => Self::PublishOut,
            Told::Redelivered { .. } => Self::Redelivered,
            Told::Queued { .. } => Self::Queued,
            Told::Discarded { client_id, topic, rule, .. } => {
                Self::Discarded { client_id: client_id.to_owned(), topic: topic.to_owned(), rule }
            }
            Told::DiscardedShared { group, topic, rule, .. } => {
                Self::DiscardedShared { group: group.to_owned(), topic: topic.to_owned(), rule }
            }
            Told::PublishRetained { .. } => Self::PublishRetained,
            Told::CallThrottled { rule, .. } => Self::CallThrottled(rule),
            Told::PublishRefused { connection, topic, .. } => {
                Self::PublishRefused { over_https: connection.is_none(), topic: topic.to_owned() }
            }
            Told::WillPublished { client_id, topic, .. } => {
                Self::WillPublished { client_id: client_id.to_owned(), topic: topic.to_owned() }
            }
            Told::Ping { .. } => Self::Ping,
            Told::Subscribed { .. } => Self::Subscribed,
            Told::SubscribeRefused { why, .. } => Self::SubscribeRefused(why),
            Told::NotAuthenticated { reason, .. } => Self::NotAuthenticated(reason),
            Told::Denied { denial, .. } => Self::Denied {
                text: format!("{} on {} for {}", denial.action, denial.name, denial.client_id),
                metric: fact.metric().map(ServiceMetric::as_str),
                why: denial.explain().to_string(),
            },
            Told::Audit { call, error, .. } => {
                Self::Audit { operation: call.operation(), error: error.map(|error| error.exception.name()) }
            }
            Told::Unsubscribed { .. } => Self::Unsubscribed,
            Told::NotModelled { feature, .. } => Self::NotModelled(feature),
            Told::RegisteredOnConnect { certificate, .. } => Self::RegisteredOnConnect(*certificate),
            Told::JustInTime { certificate, result, .. } => Self::JustInTime {
                certificate: *certificate,
                failure: result.err().map(ToString::to_string),
                metric: fact.metric().expect("a metric").as_str(),
            },
            Told::ShadowAnswered { answered, .. } => Self::ShadowAnswered {
                operation: answered.operation,
                version: answered.version,
                unheard: answered.unheard,
                metric: fact.metric().map(ServiceMetric::as_str),
            },
            Told::FleetAnswered { api, outcome, .. } => Self::FleetAnswered {
                api: api.name(),
                rejected: matches!(outcome, Outcome::Rejected { .. }),
                metric: fact.metric().map(ServiceMetric::as_str),
            },
        }
    }
}
