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
    Qos2 = "D-07", Unverified, "what a QoS 2 publish or subscribe meets";
    DollarClientId = "D-09", Unverified, "whether a client id may begin with $";
    ThrottledConnectV311 = "D-10", Unverified, "how a throttled 3.1.1 CONNECT is refused";
    InvalidTopicV5 = "D-12", Unverified, "how MQTT 5 answers a QoS 1 publish to an invalid topic";
    TooManyFilters = "D-13", Unverified, "what more than the allowed filters in one SUBSCRIBE meet";
    PublishRate = "D-14", Unverified, "what happens above the publish rate of a connection";
    OverlappingFilters = "D-15", Unverified, "how many copies overlapping filters of one client yield";
    SubscriptionOptions = "D-17", Unverified, "whether MQTT 5 subscription options are honoured";
    RedeliveryInterval = "D-25", Unverified, "how long an unacknowledged message waits for its redelivery";
    ConnectMetering = "pricing 1.1", Unverified, "whether a refused CONNECT is metered";
    ConnectPacketTime = "mqtt5 3.1.4", Unverified, "how long a transport may stand without its CONNECT";
    UnsentBytes = "design 2", Unverified, "how many bytes may wait unsent on a connection";
}

impl Decision {
    /// What a broker with `profile` does, in words.
    pub fn taken(self, profile: &Profile) -> String {
        let (limits, switches) = (&profile.limits, &profile.switches);
        match self {
            Self::SessionExpiry => format!("up to {} s longer", limits.session_expiry_slack_seconds),
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
            Self::UnsentBytes => format!("{} bytes", limits.unsent_bytes_per_connection),
        }
    }
}

/// The decisions that a run relied on, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assumptions(u64);

impl Assumptions {
    /// Notes that `decision` was relied on.
    #[inline]
    pub const fn note(&mut self, decision: Decision) {
        self.0 |= 1 << decision as u8;
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
