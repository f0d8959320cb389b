//! From decoded packets to keys and values.

use core::num::{NonZeroU16, NonZeroU32};

use squall_codec::{
    Ack, AckProperties, Auth, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Publish,
    ReasonCode, ReasonCodes, SubAck, Subscribe, UnsubAck, Unsubscribe, UserProperties, Will,
};
use squall_types::{ProtocolVersion, QoS};

use super::keys::{self, Key};
use super::packet::PacketText;
use super::value::Value;

/// The packet as a case writes it. A 3.1.1 acknowledgement has no code on the wire, so it has none here.
pub fn describe(packet: &Packet<'_>, version: ProtocolVersion) -> PacketText {
    let mut out = Fields { packet_type: packet.packet_type(), fields: Vec::new() };
    let mut named = None;
    match packet {
        Packet::Connect(connect) => {
            named = Some(connect.version);
            put_connect(connect, &mut out);
        }
        Packet::ConnAck(connack) => put_connack(connack, &mut out),
        Packet::Publish(publish) => put_publish(publish, &mut out),
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
            put_ack(ack, version, &mut out);
        }
        Packet::Subscribe(subscribe) => put_subscribe(subscribe, &mut out),
        Packet::SubAck(SubAck { packet_id, codes, properties })
        | Packet::UnsubAck(UnsubAck { packet_id, codes, properties }) => {
            out.put("id", Value::Number(packet_id.get().into()));
            put_codes(codes, &mut out);
            put_ack_properties(properties, &mut out);
        }
        Packet::Unsubscribe(unsubscribe) => put_unsubscribe(unsubscribe, &mut out),
        Packet::PingReq | Packet::PingResp => {}
        Packet::Disconnect(disconnect) => put_disconnect(disconnect, version, &mut out),
        Packet::Auth(auth) => put_auth(auth, &mut out),
    }
    PacketText { packet_type: out.packet_type, version: named, fields: out.fields }
}

struct Fields {
    packet_type: PacketType,
    fields: Vec<(&'static Key, Value)>,
}

impl Fields {
    fn put(&mut self, name: &str, value: Value) {
        let key = keys::find(self.packet_type, name).expect("the table has every key of the packet");
        self.fields.push((key, value));
    }

    fn flag(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.put(name, Value::Flag(value));
        }
    }

    fn number(&mut self, name: &str, value: Option<impl Into<u64>>) {
        if let Some(value) = value {
            self.put(name, Value::Number(value.into()));
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, Value::Text(value.to_owned()));
        }
    }

    fn bytes(&mut self, name: &str, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.put(name, Value::Bytes(value.to_vec()));
        }
    }

    fn pairs(&mut self, name: &str, pairs: UserProperties<'_>) {
        for (key, value) in pairs {
            self.put(name, Value::Pair(key.to_owned(), value.to_owned()));
        }
    }
}

fn put_connect(connect: &Connect<'_>, out: &mut Fields) {
    out.text("id", Some(connect.client_id));
    out.flag("clean", Some(connect.clean_start));
    out.number("keep_alive", Some(connect.keep_alive));
    out.text("user", connect.username);
    out.bytes("password", connect.password);
    if let Some(will) = &connect.will {
        put_will(will, out);
    }
    let properties = &connect.properties;
    out.number("session_expiry", properties.session_expiry_interval);
    out.number("receive_maximum", properties.receive_maximum.map(NonZeroU16::get));
    out.number("maximum_packet_size", properties.maximum_packet_size.map(NonZeroU32::get));
    out.number("topic_alias_maximum", properties.topic_alias_maximum);
    out.flag("request_response_information", properties.request_response_information);
    out.flag("request_problem_information", properties.request_problem_information);
    out.text("authentication_method", properties.authentication_method);
    out.bytes("authentication_data", properties.authentication_data);
    out.pairs("user_property", properties.user_properties);
}

fn put_will(will: &Will<'_>, out: &mut Fields) {
    out.text("will", Some(will.topic));
    out.bytes("will_payload", Some(will.payload));
    out.number("will_qos", Some(will.qos.bits()));
    out.flag("will_retain", Some(will.retain));
    let properties = &will.properties;
    out.number("will_delay", properties.will_delay_interval);
    out.flag("will_payload_format", properties.payload_is_utf8);
    out.number("will_message_expiry", properties.message_expiry_interval);
    out.text("will_content_type", properties.content_type);
    out.text("will_response_topic", properties.response_topic);
    out.bytes("will_correlation_data", properties.correlation_data);
    out.pairs("will_user", properties.user_properties);
}

fn put_connack(connack: &ConnAck<'_>, out: &mut Fields) {
    out.put("code", Value::Code(connack.code.to_u8()));
    out.flag("session_present", Some(connack.session_present));
    let properties = &connack.properties;
    out.number("session_expiry", properties.session_expiry_interval);
    out.number("receive_maximum", properties.receive_maximum.map(NonZeroU16::get));
    out.number("maximum_qos", properties.maximum_qos.map(QoS::bits));
    out.flag("retain_available", properties.retain_available);
    out.number("maximum_packet_size", properties.maximum_packet_size.map(NonZeroU32::get));
    out.text("assigned_client_id", properties.assigned_client_identifier);
    out.number("topic_alias_maximum", properties.topic_alias_maximum);
    out.text("reason_string", properties.reason_string);
    out.pairs("user", properties.user_properties);
    out.flag("wildcard_available", properties.wildcard_subscription_available);
    out.flag("subscription_identifier_available", properties.subscription_identifier_available);
    out.flag("shared_available", properties.shared_subscription_available);
    out.number("server_keep_alive", properties.server_keep_alive);
    out.text("response_information", properties.response_information);
    out.text("server_reference", properties.server_reference);
    out.text("authentication_method", properties.authentication_method);
    out.bytes("authentication_data", properties.authentication_data);
}

fn put_publish(publish: &Publish<'_>, out: &mut Fields) {
    out.text("topic", Some(publish.topic));
    out.bytes("payload", Some(publish.payload));
    out.number("qos", Some(publish.qos.bits()));
    out.flag("dup", Some(publish.dup));
    out.flag("retain", Some(publish.retain));
    out.number("id", publish.packet_id.map(PacketId::get));
    let properties = &publish.properties;
    out.flag("payload_format", properties.payload_is_utf8);
    out.number("message_expiry", properties.message_expiry_interval);
    out.number("topic_alias", properties.topic_alias.map(NonZeroU16::get));
    out.text("response_topic", properties.response_topic);
    out.bytes("correlation_data", properties.correlation_data);
    out.pairs("user", properties.user_properties);
    for identifier in properties.subscription_identifiers.iter() {
        out.number("subscription_identifier", Some(identifier.get()));
    }
    out.text("content_type", properties.content_type);
}

fn put_ack(ack: &Ack<'_>, version: ProtocolVersion, out: &mut Fields) {
    out.number("id", Some(ack.packet_id.get()));
    if version == ProtocolVersion::V5 {
        out.put("code", Value::Code(ack.reason_code.to_u8()));
    }
    put_ack_properties(&ack.properties, out);
}

fn put_ack_properties(properties: &AckProperties<'_>, out: &mut Fields) {
    out.text("reason_string", properties.reason_string);
    out.pairs("user", properties.user_properties);
}

fn put_codes(codes: &ReasonCodes<'_>, out: &mut Fields) {
    if !codes.is_empty() {
        out.put("codes", Value::Codes(codes.iter().map(ReasonCode::to_u8).collect()));
    }
}

fn put_subscribe(subscribe: &Subscribe<'_>, out: &mut Fields) {
    out.number("id", Some(subscribe.packet_id.get()));
    for (filter, options) in subscribe.filters {
        out.put("filter", Value::Filter(filter.to_owned(), options));
    }
    out.number("subscription_identifier", subscribe.properties.subscription_identifier.map(NonZeroU32::get));
    out.pairs("user", subscribe.properties.user_properties);
}

fn put_unsubscribe(unsubscribe: &Unsubscribe<'_>, out: &mut Fields) {
    out.number("id", Some(unsubscribe.packet_id.get()));
    for filter in unsubscribe.filters {
        out.text("filter", Some(filter));
    }
    out.pairs("user", unsubscribe.user_properties);
}

fn put_disconnect(disconnect: &Disconnect<'_>, version: ProtocolVersion, out: &mut Fields) {
    if version == ProtocolVersion::V5 {
        out.put("code", Value::Code(disconnect.reason_code.to_u8()));
    }
    let properties = &disconnect.properties;
    out.number("session_expiry", properties.session_expiry_interval);
    out.text("reason_string", properties.reason_string);
    out.pairs("user", properties.user_properties);
    out.text("server_reference", properties.server_reference);
}

fn put_auth(auth: &Auth<'_>, out: &mut Fields) {
    out.put("code", Value::Code(auth.reason_code.to_u8()));
    out.text("authentication_method", auth.properties.authentication_method);
    out.bytes("authentication_data", auth.properties.authentication_data);
    out.text("reason_string", auth.properties.reason_string);
    out.pairs("user", auth.properties.user_properties);
}
