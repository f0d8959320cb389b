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
    /// CONNECT requests a second with one client id; excess is refused.
    connect_requests_per_second_per_client_id,
    /// Connections that stand at one time on the account; a CONNECT beyond them is refused.
    concurrent_connections,
    /// Seconds that a transport may stand without its CONNECT packet; then it is closed.
    connect_packet_seconds,
    /// Seconds after which a changed policy, attachment or certificate reaches the connections that stand by then.
    propagation_seconds,
    /// Seconds that a custom authorizer's function may take; then the client is refused.
    authorizer_seconds,
    /// Seconds between the first connection with a certificate and the end of its just-in-time provisioning.
    jitp_seconds,
    /// Milliseconds after which a connection is closed that had an unknown certificate registered.
    first_contact_close_ms,
    /// CreateKeysAndCertificate requests a second over MQTT on the account; excess is rejected.
    fleet_create_keys_per_second,
    /// CreateCertificateFromCsr requests a second over MQTT on the account; excess is rejected.
    fleet_create_from_csr_per_second,
    /// RegisterThing requests a second over MQTT on the account; excess is rejected.
    fleet_register_thing_per_second,
    /// Seconds that a certificate ownership token lives; then the certificate is deleted unless something was made of it.
    ownership_token_seconds,
    /// Seconds that a temporary claim certificate lives, and that create may come after connecting with it.
    provisioning_claim_seconds,
    /// Seconds that a pre-provisioning hook may take; then the device is rejected.
    provisioning_hook_seconds,
    /// Shortest effective keep alive in seconds; shorter requests are raised to it.
    keep_alive_min_seconds,
    /// Longest effective keep alive in seconds; longer requests, and 0, become it. If it is 0 itself, keep alives are as
    /// asked and 0 means none.
    keep_alive_max_seconds,
    /// Publishes a second on one connection, inbound and outbound together; excess is discarded.
    publishes_per_second_per_connection,
    /// Seconds in a row over the publish rate after which the connection is closed; 0 never closes.
    throttled_seconds_before_close,
    /// Publishes a second that the account takes in, wills included; excess is discarded.
    inbound_publishes_per_second,
    /// Publishes a second that the account sends to clients; excess is discarded.
    outbound_publishes_per_second,
    /// Bytes a second that one connection may send; above it the connection is read more slowly, nothing is lost.
    inbound_bytes_per_second_per_connection,
    /// Largest payload in bytes; a larger one ends the connection.
    payload_bytes,
    /// Largest packet in bytes after its fixed header; a larger one ends the connection.
    packet_bytes,
    /// Smallest Maximum Packet Size in bytes that a client may ask for; less is refused at CONNECT.
    client_maximum_packet_bytes_min,
    /// Longest MQTT 5 content type in bytes; a publish or will with a longer one is refused.
    content_type_bytes,
    /// Longest MQTT 5 correlation data in bytes; a publish or will with more is refused.
    correlation_data_bytes,
    /// Bytes of keys and values of the MQTT 5 user properties of one packet; a packet with more is refused.
    user_properties_bytes,
    /// Highest MQTT 5 topic alias, announced as Topic Alias Maximum; also the most that the service uses itself. 0 is
    /// none.
    topic_alias_max,
    /// Unacknowledged inbound QoS 1 messages of a connection, announced as Receive Maximum.
    unacked_inbound,
    /// Unacknowledged outbound QoS 1 messages of a connection; further ones wait in the session.
    unacked_outbound,
    /// Seconds for which an unacknowledged message is redelivered to an MQTT 3.1.1 subscriber.
    retry_window_v311_seconds,
    /// Seconds for which an unacknowledged message is redelivered to an MQTT 5 subscriber.
    retry_window_v5_seconds,
    /// Seconds between two redeliveries on a live connection; 0 redelivers on reconnecting only.
    redelivery_interval_seconds,
    /// Longest topic name or filter in bytes.
    topic_bytes,
    /// Most slashes in a topic name or filter.
    topic_slashes,
    /// Most filters in one SUBSCRIBE.
    filters_per_subscribe,
    /// Most subscriptions of one connection; excess is refused in SUBACK.
    subscriptions_per_connection,
    /// Most subscriptions of the account; excess is refused in SUBACK.
    subscriptions,
    /// Filters a second that the account may subscribe to; excess is refused in SUBACK.
    subscribe_requests_per_second,
    /// Longest session expiry of the account in seconds, and that of a 3.1.1 session; a longer MQTT 5 request is lowered
    /// to it. 4294967295 never ends a session.
    session_expiry_seconds,
    /// Longest session expiry in seconds that the account's own setting may be raised to.
    session_expiry_cap_seconds,
    /// Seconds that a session may live past its expiry: each time a draw from 0 to this.
    session_expiry_slack_seconds,
    /// Longest message expiry interval in seconds; longer ones are lowered to it.
    message_expiry_max_seconds,
    /// Messages a second on the account that are stored for offline sessions; excess is not stored.
    queued_messages_per_second,
    /// Stored messages a second that a resumed session is sent.
    resumed_messages_per_second,
    /// Groups of shared subscriptions on the account; a SUBSCRIBE that needs one more is refused in SUBACK.
    shared_groups,
    /// Members of one group of shared subscriptions; one more is refused in SUBACK.
    shared_subscriptions_per_group,
    /// SUBSCRIBE and UNSUBSCRIBE requests a second for one group of shared subscriptions; excess is refused.
    shared_subscribes_per_second_per_group,
    /// Messages that one group of shared subscriptions stores; further ones are dropped.
    queued_messages_per_shared_group,
    /// Stored messages a second that each connected member of a group of shared subscriptions is sent.
    shared_drained_messages_per_second,
    /// Retained messages of the account; a publish that would add one more is discarded.
    retained_messages,
    /// Retained publishes a second on the account; excess is discarded.
    retained_publishes_per_second,
    /// Retained publishes a second to one topic; excess is discarded.
    retained_publishes_per_second_per_topic,
    /// Days after which a retained message is deleted unless it was replaced; 0 keeps it.
    retained_days,
    /// Bytes that may wait unsent on a connection; above it QoS 0 is dropped and QoS 1 stays in the session.
    unsent_bytes_per_connection,
    /// Bytes of a shadow's desired and reported state together, as compact JSON; an update beyond them is refused with
    /// 413.
    shadow_state_bytes,
    /// Levels of keys below desired and reported; a deeper update is refused with 400.
    shadow_levels,
    /// Longest client token of a shadow request in bytes; a longer one is refused with 400.
    shadow_client_token_bytes,
    /// Named shadows of one thing; an update that would add one more is refused with 400. 0 allows any number.
    named_shadows_per_thing,
    /// Shadow requests a second for one shadow, or one thing; excess is refused with 429.
    shadow_requests_per_second,
    /// Shadow requests a second of the account; excess is refused with 429.
    shadow_requests_per_second_on_account,
    /// Unanswered shadow requests for one thing on one connection; further ones are refused with 429.
    shadow_requests_in_flight,
    /// Seconds for which the version of a deleted shadow is remembered.
    shadow_version_memory_seconds,
}
