//! The decision register: what the documents leave open, and which of it a run relied on.

use crate::Profile;

/// How well a behaviour that a run relied on is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// No document of the service states it.
    Unverified,
    /// Documents disagree with each other.
    Disputed,
}

impl Grade {
    /// The spelling in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Disputed => "disputed",
        }
    }
}

macro_rules! decisions {
    ($($variant:ident = $id:literal, $grade:ident, $question:literal;)+) => {
        /// One entry of the decision register (`broker.md` section 11) that the broker can rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Decision {
            $(#[doc = $question] $variant,)+
        }

        impl Decision {
            /// All decisions, in the order of their bits.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The id in the reference.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// The open question.
            pub const fn question(self) -> &'static str {
                match self { $(Self::$variant => $question,)+ }
            }

            /// How well its answer is known.
            pub const fn grade(self) -> Grade {
                match self { $(Self::$variant => Grade::$grade,)+ }
            }
        }
    };
}

decisions! {
    SessionExpiry = "D-01", Disputed, "how long a session outlives its expiry";
    RefusedConnectV311 = "D-02", Unverified, "how a 3.1.1 CONNECT is refused that has no code of its own";
    DeniedSubscribeV311 = "D-03", Unverified, "what a denied 3.1.1 subscribe meets";
    Qos2 = "D-07", Unverified, "what a QoS 2 publish or subscribe meets";
    BeforeConnAck = "D-08", Unverified, "what packets sent before the CONNACK meet";
    DollarClientId = "D-09", Unverified, "whether a client id may begin with $";
    ThrottledConnectV311 = "D-10", Unverified, "how a throttled 3.1.1 CONNECT is refused";
    DeniedPublishV5 = "D-11", Unverified, "what a denied QoS 1 publish of MQTT 5 meets";
    InvalidTopicV5 = "D-12", Unverified, "how MQTT 5 answers a QoS 1 publish to an invalid topic";
    TooManyFilters = "D-13", Unverified, "what more than the allowed filters in one SUBSCRIBE meet";
    PublishRate = "D-14", Unverified, "what happens above the publish rate of a connection";
    OverlappingFilters = "D-15", Unverified, "how many copies overlapping filters of one client yield";
    WillDelay = "D-16", Unverified, "whether the Will Delay Interval is honoured";
    SubscriptionOptions = "D-17", Unverified, "whether MQTT 5 subscription options are honoured";
    SharedReceiveArn = "D-18", Unverified, "on which topic a shared subscriber must be allowed to receive";
    DisconnectWithWill = "D-19", Disputed, "whether a DISCONNECT other than 0x00 has the will published";
    Propagation = "D-20", Unverified, "when a change of policies or of a certificate reaches connections";
    UnresolvedVariable = "D-23", Unverified, "what a policy variable without a value stands for";
    SubstitutedWildcard = "D-24", Unverified, "what wildcards do that come from the value of a policy variable";
    RedeliveryInterval = "D-25", Unverified, "how long an unacknowledged message waits for its redelivery";
    TakeoverWill = "D-26", Disputed, "what becomes of the will of a connection that is taken over";
    PolicyLayers = "broker 0.10", Disputed, "which policies must allow what IAM and Cognito identities do";
    GroupPolicies = "broker 0.11", Disputed, "whether policies of thing groups count";
    DeniedPublish = "broker 0.13", Disputed, "what a denied publish meets";
    SubscriptionsExcess = "broker 0.1", Disputed, "what subscriptions over the limit of a connection meet";
    RetainedOnSubscribe = "broker 0.17", Disputed, "which retained messages a new subscription brings";
    RetainedAge = "broker 0.18", Disputed, "how long a retained message is kept";
    SessionsAcrossVersions = "broker 2.21", Unverified, "what becomes of a session when its client changes the protocol version";
    RetainedRate = "broker 2.3", Unverified, "how a retained publish over a quota is answered";
    OversizeProperty = "broker 3.2", Unverified, "how a property over its size is refused";
    OutboundTopicAlias = "broker 3.2 alias", Unverified, "when the service uses topic aliases itself";
    AccountPublishRate = "broker 7.1", Unverified, "what publishes over a rate of the account meet";
    ConcurrentConnections = "broker 7.1 connections", Unverified, "how a CONNECT over the account's connections is refused";
    ConnectMetering = "pricing 1.1", Unverified, "whether a refused CONNECT is metered";
    ConnectPacketTime = "mqtt5 3.1.4", Unverified, "how long a transport may stand without its CONNECT";
    JitpTime = "K-10", Unverified, "how long just-in-time provisioning takes";
    FirstContactClose = "state 3.1 close", Unverified, "when a connection ends that had its certificate registered";
    JitpAfterFailure = "state 3.1", Unverified, "whether just-in-time provisioning that was throttled is tried again";
    FleetRejections = "state 3.3", Unverified, "what a rejected request of fleet provisioning is told";
    OverrideSettings = "K-17", Unverified, "what a template does with a thing that is there if it does not say";
    UnsentBytes = "design 2", Unverified, "how many bytes may wait unsent on a connection";
    ShadowVersionAfterDelete = "K-01", Unverified, "which version follows that of a deleted shadow";
    ShadowPublishOrder = "K-02", Unverified, "in which order an accepted shadow update is answered";
    ShadowDeltaMetadata = "K-03", Disputed, "whether a whole shadow document has the metadata of its delta";
    ShadowDeleteBody = "K-04", Disputed, "what DeleteThingShadow answers over HTTPS";
    ShadowHttpsMessages = "K-05", Unverified, "which MQTT messages a shadow request over HTTPS causes";
    ShadowRateBucket = "K-06", Disputed, "what the rate of shadow requests is counted for";
    ShadowPreviousAtCreation = "K-07", Unverified, "what comes before the first document of a shadow";
    ShadowErrorTimestamp = "K-08", Unverified, "which error documents of shadows have a timestamp";
    ShadowEmptyObject = "K-09", Unverified, "what an empty object is in a shadow's state";
    ShadowVersionWhenAbsent = "K-11", Unverified, "what a version meets in an update of a shadow that never was";
    NamedShadows = "state 0.1", Disputed, "how many named shadows a thing may have";
}

impl Decision {
    /// What a broker with `profile` does, in words.
    pub fn taken(self, profile: &Profile) -> String {
        let (limits, switches) = (&profile.limits, &profile.switches);
        match self {
            Self::SessionExpiry => format!("up to {} s longer", limits.session_expiry_slack_seconds),
            Self::RefusedConnectV311 => switches.refused_connect_v311.as_str().to_owned(),
            Self::DeniedSubscribeV311 => switches.denied_subscribe_v311.as_str().to_owned(),
            Self::DeniedPublish => switches.denied_publish.as_str().to_owned(),
            Self::DeniedPublishV5 => switches.denied_publish_v5.as_str().to_owned(),
            Self::SharedReceiveArn => switches.shared_receive_arn.as_str().to_owned(),
            Self::GroupPolicies => switches.group_policies.as_str().to_owned(),
            Self::PolicyLayers => switches.policy_layers.as_str().to_owned(),
            Self::Propagation => format!("{} s after it was made", limits.propagation_seconds),
            Self::BeforeConnAck => switches.before_connack.as_str().to_owned(),
            Self::WillDelay => switches.will_delay.as_str().to_owned(),
            Self::DisconnectWithWill => switches.disconnect_with_will.as_str().to_owned(),
            Self::TakeoverWill => switches.takeover_will.as_str().to_owned(),
            Self::UnresolvedVariable => switches.unresolved_variable.as_str().to_owned(),
            Self::SubstitutedWildcard => switches.substituted_wildcard.as_str().to_owned(),
            Self::SubscriptionsExcess => switches.subscriptions_excess.as_str().to_owned(),
            Self::RetainedOnSubscribe => switches.retained_on_subscribe.as_str().to_owned(),
            Self::RetainedAge => match limits.retained_days {
                0 => "until it is replaced, deleted or expired".to_owned(),
                days => format!("{days} days without a new publish"),
            },
            Self::SessionsAcrossVersions => switches.sessions_across_versions.as_str().to_owned(),
            Self::RetainedRate => "discarded; MQTT 5 hears 0x97 at QoS 1".to_owned(),
            Self::OversizeProperty => "refused with 0x97".to_owned(),
            Self::OutboundTopicAlias => {
                format!("for the first {} topics that a client is sent", limits.topic_alias_max)
            }
            Self::AccountPublishRate => "discarded; MQTT 5 hears 0x97 at QoS 1".to_owned(),
            Self::ConcurrentConnections => "as a throttled CONNECT".to_owned(),
            Self::Qos2 => switches.qos2.as_str().to_owned(),
            Self::DollarClientId => switches.dollar_client_id.as_str().to_owned(),
            Self::ThrottledConnectV311 => switches.throttled_connect_v311.as_str().to_owned(),
            Self::InvalidTopicV5 => switches.invalid_topic_v5.as_str().to_owned(),
            Self::TooManyFilters => switches.too_many_filters.as_str().to_owned(),
            Self::PublishRate => match limits.throttled_seconds_before_close {
                0 => "discarded".to_owned(),
                seconds => format!("discarded; the connection ends after {seconds} s of it in a row"),
            },
            Self::OverlappingFilters => switches.overlapping_filters.as_str().to_owned(),
            Self::SubscriptionOptions => switches.subscription_options.as_str().to_owned(),
            Self::RedeliveryInterval => format!("{} s", limits.redelivery_interval_seconds),
            Self::ConnectMetering => "metered when accepted, not when refused".to_owned(),
            Self::ConnectPacketTime => format!("{} s", limits.connect_packet_seconds),
            Self::JitpTime => format!("{} s", limits.jitp_seconds),
            Self::FirstContactClose => format!("after {} ms", limits.first_contact_close_ms),
            Self::JitpAfterFailure => switches.jitp_after_failure.as_str().to_owned(),
            Self::FleetRejections => {
                "the names of the control plane's exceptions, 429 for throttling".to_owned()
            }
            Self::OverrideSettings => {
                "the thing stays as it is, the certificate's status is replaced".to_owned()
            }
            Self::UnsentBytes => format!("{} bytes", limits.unsent_bytes_per_connection),
            Self::ShadowVersionAfterDelete => switches.shadow_version_after_delete.as_str().to_owned(),
            Self::ShadowPublishOrder => switches.shadow_publish_order.as_str().to_owned(),
            Self::ShadowDeltaMetadata => switches.shadow_delta_metadata.as_str().to_owned(),
            Self::ShadowDeleteBody => switches.shadow_delete_body.as_str().to_owned(),
            Self::ShadowHttpsMessages => switches.shadow_https_messages.as_str().to_owned(),
            Self::ShadowRateBucket => format!("each {}", switches.shadow_rate_bucket.as_str()),
            Self::ShadowPreviousAtCreation => switches.shadow_previous_at_creation.as_str().to_owned(),
            Self::ShadowErrorTimestamp => switches.shadow_error_timestamp.as_str().to_owned(),
            Self::ShadowEmptyObject => switches.shadow_empty_object.as_str().to_owned(),
            Self::ShadowVersionWhenAbsent => switches.shadow_version_when_absent.as_str().to_owned(),
            Self::NamedShadows => match limits.named_shadows_per_thing {
                0 => "any number".to_owned(),
                most => format!("at most {most}"),
            },
        }
    }
}

/// The decisions that a run relied on, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assumptions(u64);

const _: () = assert!(Decision::ALL.len() <= u64::BITS as usize, "each decision has a bit");

impl Assumptions {
    /// Notes that `decision` was relied on.
    #[inline]
    pub const fn note(&mut self, decision: Decision) {
        self.0 |= 1 << decision as u8;
    }

    /// Notes all that `other` holds.
    #[inline]
    pub const fn note_all(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether `decision` was relied on.
    pub const fn contains(self, decision: Decision) -> bool {
        self.0 & (1 << decision as u8) != 0
    }

    /// The decisions relied on, in register order.
    pub fn iter(self) -> impl Iterator<Item = Decision> {
        Decision::ALL.iter().copied().filter(move |&decision| self.contains(decision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decisions of the register whose subject the broker does not have yet.
    const LATER: &[(u32, &str)] =
        &[(4, "WebSocket"), (5, "HTTPS"), (6, "HTTPS"), (21, "TLS"), (22, "WebSocket")];

    #[test]
    fn every_decision_of_the_register_is_here_or_waits_for_its_subject() {
        let here = Decision::ALL.iter().filter_map(|decision| decision.id().strip_prefix("D-"));
        let mut found: Vec<u32> = here.map(|id| id.parse().unwrap()).collect();
        found.extend(LATER.iter().map(|(id, _)| id));
        found.sort_unstable();
        assert_eq!(found, (1..=26).collect::<Vec<_>>());
    }

    #[test]
    fn every_decision_says_what_is_done() {
        let profile = Profile::named("aws-current").unwrap();
        let mut assumptions = Assumptions::default();
        for &decision in Decision::ALL {
            assert!(!decision.taken(&profile).is_empty() && !decision.question().is_empty(), "{decision:?}");
            assumptions.note(decision);
        }
        assert!(assumptions.iter().eq(Decision::ALL.iter().copied()));
        let mut ids: Vec<&str> = Decision::ALL.iter().map(|decision| decision.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Decision::ALL.len());
    }
}
