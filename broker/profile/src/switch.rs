//! Disputed behaviours: one small enum each, chosen by the profile.

macro_rules! switches {
    ($($(#[doc = $about:literal])+ $name:ident: $kind:ident { $($(#[doc = $variant_about:literal])+ $variant:ident = $text:literal,)+ })+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $kind {
                $($(#[doc = $variant_about])+ $variant,)+
            }

            impl $kind {
                /// The spellings that a profile or scenario may use.
                pub const ALLOWED: &[&str] = &[$($text,)+];

                /// The spelling of this choice.
                pub const fn as_str(self) -> &'static str {
                    match self {
                        $(Self::$variant => $text,)+
                    }
                }

                fn parse(text: &str) -> Option<Self> {
                    match text {
                        $($text => Some(Self::$variant),)+
                        _ => None,
                    }
                }
            }
        )+

        /// All switches, resolved.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Switches {
            $($(#[doc = $about])+ pub $name: $kind,)+
        }

        /// The names of all switches, in the order of the profile files.
        pub const SWITCHES: &[&str] = &[$(stringify!($name),)+];

        impl Switches {
            /// Each switch at its first choice, to be filled from a profile.
            pub(crate) const fn first() -> Self {
                Self { $($name: switches!(@first $kind $($variant)+),)+ }
            }

            /// The choice of the switch called `name`, if there is one.
            pub fn value(&self, name: &str) -> Option<&'static str> {
                match name {
                    $(stringify!($name) => Some(self.$name.as_str()),)+
                    _ => None,
                }
            }

            /// Sets the switch called `name`.
            ///
            /// # Errors
            /// `None` if there is no such switch, else the spellings that it allows.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), Option<&'static [&'static str]>> {
                match name {
                    $(stringify!($name) => {
                        self.$name = $kind::parse(value).ok_or(Some($kind::ALLOWED))?;
                    })+
                    _ => return Err(None),
                }
                Ok(())
            }
        }
    };
    (@first $kind:ident $first:ident $($rest:ident)*) => { $kind::$first };
}

switches! {
    /// What a QoS 2 PUBLISH or SUBSCRIBE meets (`broker.md` D-07).
    qos2: Qos2 {
        /// No acknowledgement; the connection ends, MQTT 5 with DISCONNECT 0x9B.
        Close = "close",
        /// No acknowledgement; the connection stays.
        Ignore = "ignore",
    }
    /// Whether a client id may begin with `$` (`broker.md` D-09).
    dollar_client_id: DollarClientId {
        /// Refused: CONNACK 0x02 in 3.1.1, 0x85 in 5.
        Refuse = "refuse",
        /// Accepted.
        Accept = "accept",
    }
    /// How a throttled 3.1.1 CONNECT is refused (`broker.md` D-10).
    throttled_connect_v311: ThrottledConnectV311 {
        /// The socket is closed without CONNACK.
        Close = "close",
        /// CONNACK 0x03, then close.
        ServerUnavailable = "connack-3",
    }
    /// How MQTT 5 answers a QoS 1 PUBLISH to an invalid topic (`broker.md` D-12).
    invalid_topic_v5: InvalidTopicV5 {
        /// PUBACK 0x90, the connection stays; QoS 0 still disconnects.
        PubAck = "puback",
        /// DISCONNECT 0x90 at either QoS.
        Disconnect = "disconnect",
    }
    /// What a SUBSCRIBE with too many filters meets (`broker.md` D-13).
    too_many_filters: TooManyFilters {
        /// The connection ends, MQTT 5 with DISCONNECT 0x97.
        Close = "close",
        /// SUBACK in which every filter failed.
        SubAckFailure = "suback-failure",
    }
    /// How many copies overlapping filters of one client yield (`broker.md` D-15).
    overlapping_filters: OverlappingFilters {
        /// One copy at the highest granted QoS.
        OneCopy = "one-copy",
        /// One copy for each matching filter.
        OnePerFilter = "one-per-filter",
    }
    /// Whether No Local of MQTT 5 is honoured (`broker.md` D-17).
    subscription_options: SubscriptionOptionsSwitch {
        /// As the standard says.
        Honour = "honour",
        /// Accepted and ignored.
        Ignore = "ignore",
    }
    /// Whether `a/#` also matches `a` (`broker.md` 2.7).
    hash_matches_parent: HashMatchesParent {
        /// As the service does.
        No = "no",
        /// As MQTT 4.7.1.2 does.
        Yes = "yes",
    }
    /// Whether a redelivery carries DUP (`broker.md` 2.3).
    dup_on_redelivery: DupOnRedelivery {
        /// As the service does.
        No = "no",
        /// As MQTT-3.3.1-1 asks.
        Yes = "yes",
    }
    /// What a 3.1.1 CONNECT meets that is refused for what 3.1.1 has no code for (`broker.md` D-02).
    refused_connect_v311: RefusedConnectV311 {
        /// The socket is closed without CONNACK.
        Close = "close",
        /// CONNACK 0x05, then close.
        ConnAck5 = "connack-5",
        /// CONNACK 0x07, which the standard reserves, then close.
        ConnAck7 = "connack-7",
    }
    /// What packets that a client sends before it has its CONNACK meet (`broker.md` D-08).
    before_connack: BeforeConnAck {
        /// They are handled once the CONNECT is.
        Buffer = "buffer",
        /// The connection ends.
        Close = "close",
    }
    /// Whether the Will Delay Interval of MQTT 5 is honoured (`broker.md` D-16).
    will_delay: WillDelay {
        /// The will is published at once.
        Ignore = "ignore",
        /// It waits for its delay, or for the session's end if that comes first.
        Honour = "honour",
    }
    /// Whether a DISCONNECT with another reason than 0x00 has the will published (`broker.md` D-19).
    disconnect_with_will: DisconnectWithWill {
        /// As the standard says.
        Send = "send",
        /// Any DISCONNECT of the client discards it.
        Discard = "discard",
    }
    /// What becomes of the will of a connection that another one takes over (`broker.md` D-26).
    takeover_will: TakeoverWill {
        /// It is published.
        Send = "send",
        /// As the standard says: a delayed will is dropped if the newcomer resumes the session.
        Oasis = "oasis",
    }
    /// Which retained messages a new subscription brings (`broker.md` 0.17).
    retained_on_subscribe: RetainedOnSubscribe {
        /// The one whose topic equals the filter; none for filters with wildcards.
        Exact = "exact",
        /// Every one that the filter matches, as MQTT-3.3.1-6 says.
        Oasis = "oasis",
    }
    /// What subscriptions over the limit of a connection meet (`broker.md` 0.1).
    subscriptions_excess: SubscriptionsExcess {
        /// They fail in SUBACK, the connection stays.
        SubAck = "suback",
        /// The connection ends.
        Close = "close",
    }
    /// Under which packet id a QoS 1 message is sent again (`broker.md` row 2.5, which allows both).
    retransmission_packet_id: RetransmissionPacketId {
        /// The first one.
        Same = "same",
        /// One of its own each time.
        New = "new",
    }
    /// Whether a session is resumed by a client of the other protocol version (`broker.md` 2.21).
    sessions_across_versions: SessionsAcrossVersions {
        /// It is discarded.
        Discard = "discard",
        /// It is resumed.
        Resume = "resume",
    }
    /// What a policy variable without a value stands for (`broker.md` D-23).
    unresolved_variable: UnresolvedVariable {
        /// Its own text, `${...}`, which normally matches nothing.
        Text = "text",
        /// The whole statement does not apply.
        Fail = "fail",
    }
    /// What `*` and `?` do that come from the value of a policy variable (`broker.md` D-24).
    substituted_wildcard: SubstitutedWildcard {
        /// They are text.
        Text = "text",
        /// They match as if the policy had them.
        Act = "act",
    }
    /// What a denied 3.1.1 SUBSCRIBE meets (`broker.md` D-03).
    denied_subscribe_v311: DeniedSubscribeV311 {
        /// SUBACK 0x80 for the filter.
        SubAck = "suback",
        /// The connection ends.
        Close = "close",
    }
    /// What a denied PUBLISH meets (`broker.md` 0.13).
    denied_publish: DeniedPublish {
        /// The connection ends, but for MQTT 5 at QoS 1 (D-11).
        Refuse = "refuse",
        /// It is acknowledged as if it had been taken, and goes nowhere.
        Drop = "drop",
    }
    /// What a denied QoS 1 PUBLISH of MQTT 5 meets (`broker.md` D-11).
    denied_publish_v5: DeniedPublishV5 {
        /// PUBACK 0x87, the connection stays.
        PubAck = "puback",
        /// DISCONNECT 0x87.
        Disconnect = "disconnect",
    }
    /// On which topic ARN `iot:Receive` must be allowed for a message of a shared subscription (`broker.md` D-18).
    shared_receive_arn: SharedReceiveArn {
        /// `topic/TOPIC` or `topic/$share/NAME/TOPIC`.
        Either = "either",
        /// `topic/TOPIC`.
        Topic = "topic",
    }
    /// Which policies must allow what a client does that signed with IAM or Cognito credentials (`broker.md` 0.10).
    policy_layers: PolicyLayers {
        /// IAM policies; for an authenticated Cognito identity also the IoT policies attached to it.
        PerIdentity = "per-identity",
        /// Both IAM and IoT policies, whoever it is.
        Both = "both",
    }
    /// What presenting a certificate does whose just-in-time provisioning was throttled (`state.md` 3.1); after any other
    /// failure it does nothing.
    jitp_after_failure: JitpAfterFailure {
        /// It is tried again.
        Again = "again",
        /// Nothing.
        Never = "never",
    }
    /// Whether policies of thing groups count (`broker.md` 0.11).
    group_policies: GroupPolicies {
        /// Those of every static group that a client's thing is in, and of the groups above it.
        Count = "count",
        /// Only what is attached to the certificate or the Cognito identity counts.
        Ignore = "ignore",
    }
    /// Whether a thing type can be changed once it is there (`state.md` 0.10).
    thing_type_updates: ThingTypeUpdates {
        /// `UpdateThingType` changes its properties.
        Allow = "allow",
        /// There is no such operation.
        Absent = "absent",
    }
    /// How often an account may call the operations of the registry (`state.md` 2.10).
    registry_rates: RegistryRates {
        /// As the quotas of large regions say.
        Current = "current",
        /// As the quotas of select regions say.
        SelectRegion = "select-region",
        /// As the quotas of 2019 said.
        Of2019 = "2019",
        /// None: as for an account that had them all raised beyond its needs, which no account can have done.
        Unlimited = "unlimited",
    }
    /// Which version the first update after a delete makes, as long as the old one is remembered (`state.md` K-01).
    shadow_version_after_delete: ShadowVersionAfterDelete {
        /// The delete takes a version: after N comes N+2.
        Skips = "skips",
        /// After N comes N+1.
        Follows = "follows",
    }
    /// In which order an accepted shadow update is answered (`state.md` K-02).
    shadow_publish_order: ShadowPublishOrder {
        /// As it is named.
        AcceptedFirst = "accepted-delta-documents",
        /// As it is named.
        DeltaFirst = "delta-documents-accepted",
        /// Any, by chance.
        Shuffle = "shuffle",
    }
    /// Whether a whole shadow document has the metadata of its delta (`state.md` K-03).
    shadow_delta_metadata: ShadowDeltaMetadata {
        /// It has.
        Present = "present",
        /// It has not.
        Absent = "absent",
    }
    /// What DeleteThingShadow answers over HTTPS (`state.md` K-04).
    shadow_delete_body: ShadowDeleteBody {
        /// Version and timestamp.
        Version = "version",
        /// Nothing.
        Empty = "empty",
    }
    /// Which MQTT messages an accepted HTTPS request causes (`state.md` K-05).
    shadow_https_messages: ShadowHttpsMessages {
        /// Those of the same request over MQTT.
        All = "all",
        /// The delta alone.
        Delta = "delta",
    }
    /// What the rate of shadow requests is counted for (`state.md` K-06).
    shadow_rate_bucket: ShadowRateBucket {
        /// Each shadow of a thing.
        Shadow = "shadow",
        /// Each thing.
        Thing = "thing",
    }
    /// What `previous` is in the documents of a shadow's first update (`state.md` K-07).
    shadow_previous_at_creation: ShadowPreviousAtCreation {
        /// `null`.
        Null = "null",
        /// A document without state.
        Empty = "empty",
    }
    /// Which error documents of shadows have a timestamp (`state.md` K-08).
    shadow_error_timestamp: ShadowErrorTimestamp {
        /// All but that of a get without a shadow and that of a version conflict.
        AsSamples = "as-samples",
        /// All.
        Always = "always",
    }
    /// What `{}` is in a shadow's state (`state.md` K-09).
    shadow_empty_object: ShadowEmptyObject {
        /// Nothing: it is not stored, nor is an object that lost its last key.
        Drop = "drop",
        /// A value.
        Store = "store",
    }
    /// What a `version` meets in an update of a shadow that never was (`state.md` K-11).
    shadow_version_when_absent: ShadowVersionWhenAbsent {
        /// 0 and 1 are accepted, others conflict.
        ZeroOrOne = "zero-or-one",
        /// 1 is accepted, others are invalid.
        One = "one",
    }
}
