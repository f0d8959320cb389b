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
}
