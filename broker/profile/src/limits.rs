//! Every limit of the service that the broker enforces.

/// A limit's name and meaning, for documentation and for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitInfo {
    /// The key in a profile or under `limits` of a scenario; its unit comes last.
    pub name: &'static str,
    /// What it bounds and what excess does.
    pub about: &'static str,
}

macro_rules! limits {
    ($($(#[doc = $about:literal])+ $name:ident,)+) => {
        /// The limits as plain values.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $about])+ pub $name: u32,)+
        }

        /// All limits, in the order of the profile files.
        pub const LIMITS: &[LimitInfo] = &[
            $(LimitInfo { name: stringify!($name), about: concat!($($about,)+).trim_ascii() },)+
        ];

        impl Limits {
            /// All limits at zero, to be filled from a profile.
            pub(crate) const fn zero() -> Self {
                Self { $($name: 0,)+ }
            }

            /// The limit called `name`, if there is one.
            pub fn value(&self, name: &str) -> Option<u32> {
                match name {
                    $(stringify!($name) => Some(self.$name),)+
                    _ => None,
                }
            }

            /// Sets the limit called `name`; false if there is none.
            #[must_use]
            pub fn set(&mut self, name: &str, value: u32) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

limits! {
    /// Longest client id in bytes; longer ones are refused at CONNECT.
    client_id_bytes,
    /// CONNECT requests a second on the account (token bucket that holds one second); excess is refused.
    connect_requests_per_second,
    /// Seconds that a transport may stand without its CONNECT packet; then it is closed.
    connect_packet_seconds,
    /// Shortest effective keep alive in seconds; shorter requests are raised to it.
    keep_alive_min_seconds,
    /// Longest effective keep alive in seconds; longer requests, and 0, become it.
    keep_alive_max_seconds,
    /// Publishes a second on one connection, inbound and outbound together; excess is discarded.
    publishes_per_second_per_connection,
    /// Seconds in a row over the publish rate after which the connection is closed; 0 never closes.
    throttled_seconds_before_close,
    /// Bytes a second that one connection may send; above it the connection is read more slowly, nothing is lost.
    inbound_bytes_per_second_per_connection,
    /// Largest payload in bytes; a larger one ends the connection.
    payload_bytes,
    /// Largest packet in bytes after its fixed header; a larger one ends the connection.
    packet_bytes,
    /// Smallest Maximum Packet Size in bytes that a client may ask for; less is refused at CONNECT.
    client_maximum_packet_bytes_min,
    /// Unacknowledged inbound QoS 1 messages of a connection, announced as Receive Maximum.
    unacked_inbound,
    /// Unacknowledged outbound QoS 1 messages of a connection; further ones wait in the session.
    unacked_outbound,
    /// Seconds for which an unacknowledged message is redelivered to an MQTT 3.1.1 subscriber.
    retry_window_v311_seconds,
    /// Seconds for which an unacknowledged message is redelivered to an MQTT 5 subscriber.
    retry_window_v5_seconds,
    /// Seconds between two redeliveries on a live connection.
    redelivery_interval_seconds,
    /// Longest topic name or filter in bytes.
    topic_bytes,
    /// Most slashes in a topic name or filter.
    topic_slashes,
    /// Most filters in one SUBSCRIBE.
    filters_per_subscribe,
    /// Most subscriptions of one connection; excess is refused in SUBACK.
    subscriptions_per_connection,
    /// Longest session expiry of the account in seconds; a longer MQTT 5 request is lowered to it.
    session_expiry_seconds,
    /// Seconds that a session may live past its expiry.
    session_expiry_slack_seconds,
    /// Longest message expiry interval in seconds; longer ones are lowered to it.
    message_expiry_max_seconds,
    /// Messages a second on the account that are stored for offline sessions; excess is not stored.
    queued_messages_per_second,
    /// Stored messages a second that a resumed session is sent.
    resumed_messages_per_second,
    /// Bytes that may wait unsent on a connection; above it QoS 0 is dropped and QoS 1 stays in the session.
    unsent_bytes_per_connection,
}
