//! From keys and values to bytes, through the codec: what it refuses to write a case must write after `raw`.

use core::num::{NonZeroU16, NonZeroU32};

use squall_codec::{
    Ack, AckProperties, Auth, AuthProperties, ConnAck, ConnAckCode, ConnAckProperties, Connect,
    ConnectProperties, ConnectReturnCode, Disconnect, DisconnectProperties, Packet, PacketId, PacketType,
    Publish, PublishProperties, ReasonCode, ReasonCodes, SubAck, Subscribe, SubscribeProperties,
    SubscriptionIdentifiersBuf, SubscriptionOptions, UnsubAck, Unsubscribe, UserPropertiesBuf, Will,
    WillProperties,
};
use squall_types::{ProtocolVersion, QoS};

use super::keys::Key;
use super::packet::PacketText;
use super::value::Value;

const USE_RAW: &str = "write it after 'raw' if the case needs it";

/// Appends the packet's bytes to `out`.
///
/// # Errors
/// The codec writes no such packet in this version; the text says why.
pub fn encode(packet: &PacketText, version: ProtocolVersion, out: &mut Vec<u8>) -> Result<(), String> {
    let get = Getter { packet };
    let user = get.pairs(if packet.packet_type == PacketType::Connect { "user_property" } else { "user" })?;
    let user = user.as_user_properties();
    let refused = |error: squall_codec::EncodeError| format!("{}: {error}; {USE_RAW}", packet.packet_type);
    let mut write = |packet: &Packet<'_>| packet.encode(version, out).map_err(refused);
    match packet.packet_type {
        PacketType::Connect => {
            let will_user = get.pairs("will_user")?;
            let connect =
                get.connect(packet.version.unwrap_or(version), user, will_user.as_user_properties())?;
            write(&Packet::Connect(connect))
        }
        PacketType::ConnAck => write(&Packet::ConnAck(get.connack(version, user)?)),
        PacketType::Publish => {
            let mut identifiers = SubscriptionIdentifiersBuf::new();
            for value in packet.values("subscription_identifier") {
                let number = if let Value::Number(number) = value { *number } else { 0 };
                let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
                let number = number.ok_or_else(|| format!("subscription_identifier is not 0; {USE_RAW}"))?;
                identifiers.push(number).map_err(refused)?;
            }
            let mut publish = get.publish(user)?;
            publish.properties.subscription_identifiers = identifiers.as_subscription_identifiers();
            write(&Packet::Publish(publish))
        }
        PacketType::PubAck => write(&Packet::PubAck(get.ack(user)?)),
        PacketType::PubRec => write(&Packet::PubRec(get.ack(user)?)),
        PacketType::PubRel => write(&Packet::PubRel(get.ack(user)?)),
        PacketType::PubComp => write(&Packet::PubComp(get.ack(user)?)),
        PacketType::Subscribe => {
            let filters: Vec<(&str, SubscriptionOptions)> = packet
                .values("filter")
                .filter_map(|value| match value {
                    Value::Filter(filter, options) => Some((filter.as_str(), *options)),
                    _ => None,
                })
                .collect();
            let properties = SubscribeProperties {
                subscription_identifier: get.nonzero_u32("subscription_identifier")?,
                user_properties: user,
            };
            let packet_id = get.packet_id()?;
            write(&Packet::Subscribe(Subscribe { packet_id, filters: (&filters).into(), properties }))
        }
        PacketType::SubAck | PacketType::UnsubAck => {
            let codes = get.codes()?;
            let codes = ReasonCodes::from(codes.as_slice());
            let (packet_id, properties) = (get.packet_id()?, get.ack_properties(user));
            if packet.packet_type == PacketType::SubAck {
                write(&Packet::SubAck(SubAck { packet_id, codes, properties }))
            } else {
                write(&Packet::UnsubAck(UnsubAck { packet_id, codes, properties }))
            }
        }
        PacketType::Unsubscribe => {
            let filters: Vec<&str> = packet
                .values("filter")
                .filter_map(
                    |value| if let Value::Text(filter) = value { Some(filter.as_str()) } else { None },
                )
                .collect();
            let packet_id = get.packet_id()?;
            let filters = (&filters).into();
            write(&Packet::Unsubscribe(Unsubscribe { packet_id, filters, user_properties: user }))
        }
        PacketType::PingReq => write(&Packet::PingReq),
        PacketType::PingResp => write(&Packet::PingResp),
        PacketType::Disconnect => write(&Packet::Disconnect(Disconnect {
            reason_code: get.reason_code()?,
            properties: DisconnectProperties {
                session_expiry_interval: get.u32("session_expiry"),
                reason_string: get.text("reason_string"),
                user_properties: user,
                server_reference: get.text("server_reference"),
            },
        })),
        PacketType::Auth => write(&Packet::Auth(Auth {
            reason_code: get.reason_code()?,
            properties: AuthProperties {
                authentication_method: get.text("authentication_method"),
                authentication_data: get.bytes("authentication_data"),
                reason_string: get.text("reason_string"),
                user_properties: user,
            },
        })),
    }
}

/// Takes values of a packet by key.
struct Getter<'p> {
    packet: &'p PacketText,
}

type User<'a> = squall_codec::UserProperties<'a>;

impl<'p> Getter<'p> {
    fn text(&self, name: &str) -> Option<&'p str> {
        match self.packet.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn bytes(&self, name: &str) -> Option<&'p [u8]> {
        match self.packet.value(name) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            Some(Value::Text(text)) => Some(text.as_bytes()),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.packet.value(name) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn u32(&self, name: &str) -> Option<u32> {
        match self.packet.value(name) {
            Some(Value::Number(number)) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    fn u16(&self, name: &str) -> Option<u16> {
        self.u32(name).and_then(|number| u16::try_from(number).ok())
    }

    fn nonzero_u32(&self, name: &str) -> Result<Option<NonZeroU32>, String> {
        self.u32(name)
            .map(|number| NonZeroU32::new(number).ok_or_else(|| format!("'{name}' is not 0; {USE_RAW}")))
            .transpose()
    }

    fn nonzero_u16(&self, name: &str) -> Result<Option<NonZeroU16>, String> {
        self.u16(name)
            .map(|number| NonZeroU16::new(number).ok_or_else(|| format!("'{name}' is not 0; {USE_RAW}")))
            .transpose()
    }

    fn qos(&self, name: &str) -> QoS {
        self.u32(name).and_then(|bits| QoS::from_bits(bits as u8)).unwrap_or_default()
    }

    fn packet_id(&self) -> Result<PacketId, String> {
        let id = self.packet.id().ok_or_else(|| format!("{} needs an 'id'", self.packet.packet_type))?;
        PacketId::new(id).ok_or_else(|| format!("'id' is not 0; {USE_RAW}"))
    }

    fn pairs(&self, name: &str) -> Result<UserPropertiesBuf, String> {
        let mut pairs = UserPropertiesBuf::new();
        for value in self.packet.values(name) {
            if let Value::Pair(key, value) = value {
                pairs.push(key, value).map_err(|error| format!("'{name}': {error}; {USE_RAW}"))?;
            }
        }
        Ok(pairs)
    }

    fn reason_code(&self) -> Result<ReasonCode, String> {
        match self.packet.value("code") {
            Some(Value::Code(code)) => reason(*code),
            _ => Ok(ReasonCode::Success),
        }
    }

    fn codes(&self) -> Result<Vec<ReasonCode>, String> {
        match self.packet.value("codes") {
            Some(Value::Codes(codes)) => codes.iter().map(|code| reason(*code)).collect(),
            _ => Ok(Vec::new()),
        }
    }

    fn ack_properties<'a>(&self, user_properties: User<'a>) -> AckProperties<'a>
    where
        'p: 'a,
    {
        AckProperties { reason_string: self.text("reason_string"), user_properties }
    }

    fn ack<'a>(&self, user: User<'a>) -> Result<Ack<'a>, String>
    where
        'p: 'a,
    {
        Ok(Ack {
            packet_id: self.packet_id()?,
            reason_code: self.reason_code()?,
            properties: self.ack_properties(user),
        })
    }

    fn connect<'a>(
        &self,
        version: ProtocolVersion,
        user_properties: User<'a>,
        will_user: User<'a>,
    ) -> Result<Connect<'a>, String>
    where
        'p: 'a,
    {
        Ok(Connect {
            version,
            clean_start: self.flag("clean").unwrap_or(false),
            keep_alive: self.u16("keep_alive").unwrap_or(0),
            client_id: self.text("id").unwrap_or_default(),
            username: self.text("user"),
            password: self.bytes("password"),
            will: self.will(will_user)?,
            properties: ConnectProperties {
                session_expiry_interval: self.u32("session_expiry"),
                receive_maximum: self.nonzero_u16("receive_maximum")?,
                maximum_packet_size: self.nonzero_u32("maximum_packet_size")?,
                topic_alias_maximum: self.u16("topic_alias_maximum"),
                request_response_information: self.flag("request_response_information"),
                request_problem_information: self.flag("request_problem_information"),
                user_properties,
                authentication_method: self.text("authentication_method"),
                authentication_data: self.bytes("authentication_data"),
            },
        })
    }

    fn will<'a>(&self, user_properties: User<'a>) -> Result<Option<Will<'a>>, String>
    where
        'p: 'a,
    {
        let Some(topic) = self.text("will") else {
            let is_will =
                |key: &Key, value: &Value| key.name.starts_with("will_") && *value != Value::Flag(false);
            let stray = self.packet.fields.iter().find(|(key, value)| is_will(key, value));
            return match stray {
                Some((key, _)) => Err(format!("'{}' needs a will; {USE_RAW}", key.name)),
                None => Ok(None),
            };
        };
        Ok(Some(Will {
            topic,
            payload: self.bytes("will_payload").unwrap_or_default(),
            qos: self.qos("will_qos"),
            retain: self.flag("will_retain").unwrap_or(false),
            properties: WillProperties {
                will_delay_interval: self.u32("will_delay"),
                payload_is_utf8: self.flag("will_payload_format"),
                message_expiry_interval: self.u32("will_message_expiry"),
                content_type: self.text("will_content_type"),
                response_topic: self.text("will_response_topic"),
                correlation_data: self.bytes("will_correlation_data"),
                user_properties,
            },
        }))
    }

    fn publish<'a>(&self, user_properties: User<'a>) -> Result<Publish<'a>, String>
    where
        'p: 'a,
    {
        Ok(Publish {
            dup: self.flag("dup").unwrap_or(false),
            qos: self.qos("qos"),
            retain: self.flag("retain").unwrap_or(false),
            topic: self.text("topic").unwrap_or_default(),
            packet_id: self.packet.id().map(|_| self.packet_id()).transpose()?,
            payload: self.bytes("payload").unwrap_or_default(),
            properties: PublishProperties {
                payload_is_utf8: self.flag("payload_format"),
                message_expiry_interval: self.u32("message_expiry"),
                topic_alias: self.nonzero_u16("topic_alias")?,
                response_topic: self.text("response_topic"),
                correlation_data: self.bytes("correlation_data"),
                user_properties,
                content_type: self.text("content_type"),
                ..PublishProperties::default()
            },
        })
    }

    fn connack<'a>(&self, version: ProtocolVersion, user_properties: User<'a>) -> Result<ConnAck<'a>, String>
    where
        'p: 'a,
    {
        let code = match self.packet.value("code") {
            Some(Value::Code(code)) => *code,
            _ => 0,
        };
        let code = match version {
            ProtocolVersion::V311 => ConnAckCode::V311(
                ConnectReturnCode::from_u8(code).ok_or_else(|| format!("no return code is {code:02x}"))?,
            ),
            ProtocolVersion::V5 => ConnAckCode::V5(reason(code)?),
        };
        Ok(ConnAck {
            session_present: self.flag("session_present").unwrap_or(false),
            code,
            properties: ConnAckProperties {
                session_expiry_interval: self.u32("session_expiry"),
                receive_maximum: self.nonzero_u16("receive_maximum")?,
                maximum_qos: self.packet.value("maximum_qos").map(|_| self.qos("maximum_qos")),
                retain_available: self.flag("retain_available"),
                maximum_packet_size: self.nonzero_u32("maximum_packet_size")?,
                assigned_client_identifier: self.text("assigned_client_id"),
                topic_alias_maximum: self.u16("topic_alias_maximum"),
                reason_string: self.text("reason_string"),
                user_properties,
                wildcard_subscription_available: self.flag("wildcard_available"),
                subscription_identifier_available: self.flag("subscription_identifier_available"),
                shared_subscription_available: self.flag("shared_available"),
                server_keep_alive: self.u16("server_keep_alive"),
                response_information: self.text("response_information"),
                server_reference: self.text("server_reference"),
                authentication_method: self.text("authentication_method"),
                authentication_data: self.bytes("authentication_data"),
            },
        })
    }
}

fn reason(code: u8) -> Result<ReasonCode, String> {
    ReasonCode::from_u8(code).ok_or_else(|| format!("no reason code is {code:02x}; {USE_RAW}"))
}
