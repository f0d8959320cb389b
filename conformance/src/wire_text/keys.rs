//! The keys of each packet: what they are called in a case, and what their values look like.

use squall_codec::PacketType;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Alone, or `=0`, `=1`.
    Flag,
    /// A whole number up to this.
    Number(u64),
    /// A reason or return code in two hex digits.
    Code,
    /// Codes with commas between them.
    Codes,
    /// Text.
    Text,
    /// Text, or `0x` and hex digits.
    Bytes,
    /// `NAME:VALUE`.
    Pair,
    /// A filter of SUBSCRIBE: `FILTER:QOS`, and `,nl`, `,rap`, `,rh=N` after it.
    FilterWithOptions,
}

/// What a text names; on a target that others use such names get a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing that two cases could share.
    Plain,
    /// A client id.
    ClientId,
    /// A topic name.
    Topic,
    /// A topic filter.
    Filter,
}

/// One key of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// As a case writes it.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// What it names.
    pub role: Role,
    /// Whether it may stand more than once.
    pub many: bool,
}

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, role: Role::Plain, many: false }
}

const fn named(name: &'static str, role: Role) -> Key {
    Key { name, kind: Kind::Text, role, many: false }
}

const fn many(name: &'static str, kind: Kind, role: Role) -> Key {
    Key { name, kind, role, many: true }
}

const U16: Kind = Kind::Number(u16::MAX as u64);
const U32: Kind = Kind::Number(u32::MAX as u64);

const ID: Key = key("id", U16);
const CODE: Key = key("code", Kind::Code);
const CODES: Key = key("codes", Kind::Codes);
const USER: Key = many("user", Kind::Pair, Role::Plain);
const REASON_STRING: Key = key("reason_string", Kind::Text);
const SESSION_EXPIRY: Key = key("session_expiry", U32);
const METHOD: Key = key("authentication_method", Kind::Text);
const DATA: Key = key("authentication_data", Kind::Bytes);
const SERVER_REFERENCE: Key = key("server_reference", Kind::Text);

const CONNECT: &[Key] = &[
    named("id", Role::ClientId),
    key("clean", Kind::Flag),
    key("keep_alive", U16),
    key("user", Kind::Text),
    key("password", Kind::Bytes),
    named("will", Role::Topic),
    key("will_payload", Kind::Bytes),
    key("will_qos", Kind::Number(2)),
    key("will_retain", Kind::Flag),
    SESSION_EXPIRY,
    key("receive_maximum", U16),
    key("maximum_packet_size", U32),
    key("topic_alias_maximum", U16),
    key("request_response_information", Kind::Flag),
    key("request_problem_information", Kind::Flag),
    METHOD,
    DATA,
    many("user_property", Kind::Pair, Role::Plain),
    key("will_delay", U32),
    key("will_payload_format", Kind::Flag),
    key("will_message_expiry", U32),
    key("will_content_type", Kind::Text),
    named("will_response_topic", Role::Topic),
    key("will_correlation_data", Kind::Bytes),
    many("will_user", Kind::Pair, Role::Plain),
];

const CONNACK: &[Key] = &[
    CODE,
    key("session_present", Kind::Flag),
    SESSION_EXPIRY,
    key("receive_maximum", U16),
    key("maximum_qos", Kind::Number(1)),
    key("retain_available", Kind::Flag),
    key("maximum_packet_size", U32),
    key("assigned_client_id", Kind::Text),
    key("topic_alias_maximum", U16),
    REASON_STRING,
    USER,
    key("wildcard_available", Kind::Flag),
    key("subscription_identifier_available", Kind::Flag),
    key("shared_available", Kind::Flag),
    key("server_keep_alive", U16),
    key("response_information", Kind::Text),
    SERVER_REFERENCE,
    METHOD,
    DATA,
];

const PUBLISH: &[Key] = &[
    named("topic", Role::Topic),
    key("payload", Kind::Bytes),
    key("qos", Kind::Number(2)),
    key("dup", Kind::Flag),
    key("retain", Kind::Flag),
    ID,
    key("payload_format", Kind::Flag),
    key("message_expiry", U32),
    key("topic_alias", U16),
    named("response_topic", Role::Topic),
    key("correlation_data", Kind::Bytes),
    USER,
    many("subscription_identifier", U32, Role::Plain),
    key("content_type", Kind::Text),
];

const ACK: &[Key] = &[ID, CODE, REASON_STRING, USER];
const SUBSCRIBE: &[Key] =
    &[ID, many("filter", Kind::FilterWithOptions, Role::Filter), key("subscription_identifier", U32), USER];
const SUBACK: &[Key] = &[ID, CODES, REASON_STRING, USER];
const UNSUBSCRIBE: &[Key] = &[ID, many("filter", Kind::Text, Role::Filter), USER];
const DISCONNECT: &[Key] = &[CODE, SESSION_EXPIRY, REASON_STRING, USER, SERVER_REFERENCE];
const AUTH: &[Key] = &[CODE, METHOD, DATA, REASON_STRING, USER];

/// The keys of a packet, in the order in which they are printed.
pub fn keys(packet_type: PacketType) -> &'static [Key] {
    match packet_type {
        PacketType::Connect => CONNECT,
        PacketType::ConnAck => CONNACK,
        PacketType::Publish => PUBLISH,
        PacketType::PubAck | PacketType::PubRec | PacketType::PubRel | PacketType::PubComp => ACK,
        PacketType::Subscribe => SUBSCRIBE,
        PacketType::SubAck | PacketType::UnsubAck => SUBACK,
        PacketType::Unsubscribe => UNSUBSCRIBE,
        PacketType::PingReq | PacketType::PingResp => &[],
        PacketType::Disconnect => DISCONNECT,
        PacketType::Auth => AUTH,
    }
}

/// The key called `name`. `user_property` is understood everywhere; only CONNECT has a `user` of another kind.
///
/// # Errors
/// There is none; says which there are.
pub(crate) fn find(packet_type: PacketType, name: &str) -> Result<&'static Key, String> {
    let keys = keys(packet_type);
    let name = match name {
        "user_property" if packet_type != PacketType::Connect => "user",
        "will_user_property" => "will_user",
        name => name,
    };
    keys.iter().find(|key| key.name == name).ok_or_else(|| {
        if keys.is_empty() {
            return format!("{packet_type} has no keys, so no '{name}'");
        }
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        format!("{packet_type} has no key '{name}'; it has {}", names.join(", "))
    })
}

/// All packet types, to find one by its name.
pub const PACKET_TYPES: [PacketType; 15] = [
    PacketType::Connect,
    PacketType::ConnAck,
    PacketType::Publish,
    PacketType::PubAck,
    PacketType::PubRec,
    PacketType::PubRel,
    PacketType::PubComp,
    PacketType::Subscribe,
    PacketType::SubAck,
    PacketType::Unsubscribe,
    PacketType::UnsubAck,
    PacketType::PingReq,
    PacketType::PingResp,
    PacketType::Disconnect,
    PacketType::Auth,
];
