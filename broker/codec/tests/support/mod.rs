//! Strategies for every packet with every property.
//!
//! Packets borrow, strategies own: what a packet points to is leaked, a few kilobytes a test.

#![allow(dead_code)]

use std::num::{NonZeroU16, NonZeroU32};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use squall_codec::{
    Ack, AckProperties, Auth, AuthProperties, ConnAck, ConnAckCode, ConnAckProperties, Connect,
    ConnectProperties, ConnectReturnCode, Disconnect, DisconnectProperties, Packet, PacketId, PacketType,
    Publish, PublishProperties, ReasonCode, ReasonCodes, RetainHandling, SubAck, Subscribe,
    SubscribeProperties, SubscriptionIdentifiers, SubscriptionIdentifiersBuf, SubscriptionOptions, UnsubAck,
    Unsubscribe, UserProperties, UserPropertiesBuf, Will, WillProperties,
};
use squall_types::{ProtocolVersion, QoS};

pub(crate) const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Text without U+0000: mostly short, of any script, now and then long enough for longer lengths.
pub(crate) fn text() -> impl Strategy<Value = &'static str> {
    let character = prop_oneof![
        4 => proptest::char::range('!', '~'),
        1 => proptest::char::range('\u{1}', char::MAX),
    ];
    prop_oneof![4 => vec(character.clone(), 0..20), 1 => vec(character, 100..400)]
        .prop_map(|characters| leak(characters.into_iter().collect::<String>()).as_str())
}

fn nonempty_text() -> impl Strategy<Value = &'static str> {
    text().prop_map(|text| if text.is_empty() { "t" } else { text })
}

pub(crate) fn binary() -> impl Strategy<Value = &'static [u8]> {
    let long = (any::<u8>(), 100..20_000_usize).prop_map(|(byte, length)| vec![byte; length]);
    prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => long].prop_map(|bytes| leak(bytes).as_slice())
}

fn short_binary() -> impl Strategy<Value = &'static [u8]> {
    vec(any::<u8>(), 0..40_usize).prop_map(|bytes| leak(bytes).as_slice())
}

fn response_topic() -> impl Strategy<Value = &'static str> {
    text().prop_map(|topic| leak(topic.replace(['+', '#'], "-")).as_str())
}

pub(crate) fn user_properties() -> impl Strategy<Value = UserProperties<'static>> {
    vec((text(), text()), 0..3)
        .prop_map(|pairs| leak(UserPropertiesBuf::from_pairs(pairs).unwrap()).as_user_properties())
}

fn subscription_identifier() -> impl Strategy<Value = NonZeroU32> {
    prop_oneof![1..200_u32, 1..268_435_456_u32].prop_map(|id| NonZeroU32::new(id).unwrap())
}

fn subscription_identifiers() -> impl Strategy<Value = SubscriptionIdentifiers<'static>> {
    vec(subscription_identifier(), 0..4).prop_map(|ids| {
        let mut identifiers = SubscriptionIdentifiersBuf::new();
        for id in ids {
            identifiers.push(id).unwrap();
        }
        leak(identifiers).as_subscription_identifiers()
    })
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    any::<NonZeroU16>().prop_map(PacketId::from)
}

fn qos() -> impl Strategy<Value = QoS> {
    select(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][..])
}

fn code_of(packet_type: PacketType) -> impl Strategy<Value = ReasonCode> {
    let codes: Vec<ReasonCode> =
        ReasonCode::ALL.iter().copied().filter(|code| code.is_valid_for(packet_type)).collect();
    select(codes)
}

/// The strategy in MQTT 5, the default in 3.1.1.
fn only_v5<T: Clone + Default + std::fmt::Debug + 'static>(
    version: ProtocolVersion,
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    match version {
        ProtocolVersion::V311 => Just(T::default()).boxed(),
        ProtocolVersion::V5 => prop_oneof![Just(T::default()), strategy].boxed(),
    }
}

fn connect(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let properties = (
        (
            option::of(any::<u32>()),
            option::of(any::<NonZeroU16>()),
            option::of(any::<NonZeroU32>()),
            option::of(any::<u16>()),
            option::of(any::<bool>()),
            option::of(any::<bool>()),
        ),
        user_properties(),
        option::of((text(), option::of(short_binary()))),
    )
        .prop_map(|(numbers, user_properties, authentication)| {
            let (
                session_expiry_interval,
                receive_maximum,
                maximum_packet_size,
                topic_alias_maximum,
                request_response_information,
                request_problem_information,
            ) = numbers;
            ConnectProperties {
                session_expiry_interval,
                receive_maximum,
                maximum_packet_size,
                topic_alias_maximum,
                request_response_information,
                request_problem_information,
                user_properties,
                authentication_method: authentication.map(|(method, _)| method),
                authentication_data: authentication.and_then(|(_, data)| data),
            }
        });
    (
        any::<bool>(),
        any::<u16>(),
        text(),
        option::of(text()),
        option::of(short_binary()),
        option::of(will(version)),
        only_v5(version, properties),
    )
        .prop_map(move |(clean_start, keep_alive, client_id, username, password, will, properties)| {
            // 3.1.1 has a password only next to a user name.
            let lone = version == ProtocolVersion::V311 && username.is_none();
            Packet::Connect(Connect {
                version,
                clean_start,
                keep_alive,
                client_id,
                username,
                password: password.filter(|_| !lone),
                will,
                properties,
            })
        })
}

fn will(version: ProtocolVersion) -> impl Strategy<Value = Will<'static>> {
    let properties = (
        option::of(any::<u32>()),
        option::of(any::<bool>()),
        option::of(any::<u32>()),
        option::of(text()),
        option::of(response_topic()),
        option::of(short_binary()),
        user_properties(),
    )
        .prop_map(|fields| WillProperties {
            will_delay_interval: fields.0,
            payload_is_utf8: fields.1,
            message_expiry_interval: fields.2,
            content_type: fields.3,
            response_topic: fields.4,
            correlation_data: fields.5,
            user_properties: fields.6,
        });
    (text(), binary(), qos(), any::<bool>(), only_v5(version, properties)).prop_map(
        |(topic, payload, qos, retain, properties)| Will { topic, payload, qos, retain, properties },
    )
}

fn connack(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let code = match version {
        ProtocolVersion::V311 => {
            (0..6_u8).prop_map(|code| ConnAckCode::V311(ConnectReturnCode::from_u8(code).unwrap())).boxed()
        }
        ProtocolVersion::V5 => code_of(PacketType::ConnAck).prop_map(ConnAckCode::V5).boxed(),
    };
    let properties = (
        (
            option::of(any::<u32>()),
            option::of(any::<NonZeroU16>()),
            option::of(select(&[QoS::AtMostOnce, QoS::AtLeastOnce][..])),
            option::of(any::<NonZeroU32>()),
            option::of(any::<u16>()),
            option::of(any::<u16>()),
        ),
        (
            option::of(any::<bool>()),
            option::of(any::<bool>()),
            option::of(any::<bool>()),
            option::of(any::<bool>()),
        ),
        (option::of(text()), option::of(text()), option::of(text()), option::of(text())),
        user_properties(),
        option::of((text(), option::of(short_binary()))),
    )
        .prop_map(|(numbers, flags, texts, user_properties, authentication)| ConnAckProperties {
            session_expiry_interval: numbers.0,
            receive_maximum: numbers.1,
            maximum_qos: numbers.2,
            retain_available: flags.0,
            maximum_packet_size: numbers.3,
            assigned_client_identifier: texts.0,
            topic_alias_maximum: numbers.4,
            reason_string: texts.1,
            user_properties,
            wildcard_subscription_available: flags.1,
            subscription_identifier_available: flags.2,
            shared_subscription_available: flags.3,
            server_keep_alive: numbers.5,
            response_information: texts.2,
            server_reference: texts.3,
            authentication_method: authentication.map(|(method, _)| method),
            authentication_data: authentication.and_then(|(_, data)| data),
        });
    (any::<bool>(), code, only_v5(version, properties)).prop_map(|(session_present, code, properties)| {
        Packet::ConnAck(ConnAck { session_present: session_present && code.is_accepted(), code, properties })
    })
}

pub(crate) fn publish(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let properties = (
        option::of(any::<bool>()),
        option::of(any::<u32>()),
        option::of(any::<NonZeroU16>()),
        option::of(response_topic()),
        option::of(short_binary()),
        user_properties(),
        subscription_identifiers(),
        option::of(text()),
    )
        .prop_map(|fields| PublishProperties {
            payload_is_utf8: fields.0,
            message_expiry_interval: fields.1,
            topic_alias: fields.2,
            response_topic: fields.3,
            correlation_data: fields.4,
            user_properties: fields.5,
            subscription_identifiers: fields.6,
            content_type: fields.7,
        });
    (any::<bool>(), qos(), any::<bool>(), text(), packet_id(), binary(), only_v5(version, properties))
        .prop_map(move |(dup, qos, retain, topic, packet_id, payload, properties)| {
            let acknowledged = qos != QoS::AtMostOnce;
            let needs_topic = version == ProtocolVersion::V5 && properties.topic_alias.is_none();
            Packet::Publish(Publish {
                dup: dup && acknowledged,
                qos,
                retain,
                topic: if topic.is_empty() && needs_topic { "t" } else { topic },
                packet_id: acknowledged.then_some(packet_id),
                payload,
                properties,
            })
        })
}

fn ack_properties(version: ProtocolVersion) -> BoxedStrategy<AckProperties<'static>> {
    let properties = (option::of(text()), user_properties())
        .prop_map(|(reason_string, user_properties)| AckProperties { reason_string, user_properties });
    only_v5(version, properties)
}

fn ack(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let types = [PacketType::PubAck, PacketType::PubRec, PacketType::PubRel, PacketType::PubComp];
    select(types.to_vec()).prop_flat_map(move |packet_type| {
        (packet_id(), only_v5(version, code_of(packet_type)), ack_properties(version)).prop_map(
            move |(packet_id, reason_code, properties)| {
                let ack = Ack { packet_id, reason_code, properties };
                match packet_type {
                    PacketType::PubAck => Packet::PubAck(ack),
                    PacketType::PubRec => Packet::PubRec(ack),
                    PacketType::PubRel => Packet::PubRel(ack),
                    _ => Packet::PubComp(ack),
                }
            },
        )
    })
}

fn subscription_options(version: ProtocolVersion) -> impl Strategy<Value = SubscriptionOptions> {
    let handling = [RetainHandling::SendAtSubscribe, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    (qos(), any::<bool>(), any::<bool>(), select(handling.to_vec())).prop_map(
        move |(qos, no_local, retain_as_published, retain_handling)| match version {
            ProtocolVersion::V311 => qos.into(),
            ProtocolVersion::V5 => {
                SubscriptionOptions { qos, no_local, retain_as_published, retain_handling }
            }
        },
    )
}

fn subscribe(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let properties = (option::of(subscription_identifier()), user_properties()).prop_map(
        |(subscription_identifier, user_properties)| SubscribeProperties {
            subscription_identifier,
            user_properties,
        },
    );
    (packet_id(), vec((text(), subscription_options(version)), 1..5), only_v5(version, properties)).prop_map(
        |(packet_id, filters, properties)| {
            Packet::Subscribe(Subscribe { properties, ..Subscribe::new(packet_id, leak(filters)) })
        },
    )
}

fn suback(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let code = match version {
        ProtocolVersion::V311 => select(vec![
            ReasonCode::GRANTED_QOS_0,
            ReasonCode::GrantedQos1,
            ReasonCode::GrantedQos2,
            ReasonCode::UnspecifiedError,
        ])
        .boxed(),
        ProtocolVersion::V5 => code_of(PacketType::SubAck).boxed(),
    };
    (packet_id(), vec(code, 1..9), ack_properties(version)).prop_map(|(packet_id, codes, properties)| {
        Packet::SubAck(SubAck { properties, ..SubAck::new(packet_id, leak(codes)) })
    })
}

fn unsubscribe(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    (packet_id(), vec(text(), 1..5), only_v5(version, user_properties())).prop_map(
        |(packet_id, filters, user_properties)| {
            Packet::Unsubscribe(Unsubscribe { user_properties, ..Unsubscribe::new(packet_id, leak(filters)) })
        },
    )
}

fn unsuback(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    (packet_id(), vec(code_of(PacketType::UnsubAck), 1..9), ack_properties(version)).prop_map(
        move |(packet_id, codes, properties)| {
            Packet::UnsubAck(UnsubAck {
                packet_id,
                codes: match version {
                    ProtocolVersion::V311 => ReasonCodes::NONE,
                    ProtocolVersion::V5 => leak(codes).into(),
                },
                properties,
            })
        },
    )
}

fn disconnect(version: ProtocolVersion) -> impl Strategy<Value = Packet<'static>> {
    let properties = (option::of(any::<u32>()), option::of(text()), user_properties(), option::of(text()))
        .prop_map(|fields| DisconnectProperties {
            session_expiry_interval: fields.0,
            reason_string: fields.1,
            user_properties: fields.2,
            server_reference: fields.3,
        });
    (only_v5(version, code_of(PacketType::Disconnect)), only_v5(version, properties))
        .prop_map(|(reason_code, properties)| Packet::Disconnect(Disconnect { reason_code, properties }))
}

fn auth() -> impl Strategy<Value = Packet<'static>> {
    let properties = (nonempty_text(), option::of(short_binary()), option::of(text()), user_properties())
        .prop_map(|fields| AuthProperties {
            authentication_method: Some(fields.0),
            authentication_data: fields.1,
            reason_string: fields.2,
            user_properties: fields.3,
        });
    prop_oneof![
        1 => Just(Auth::default()),
        4 => (code_of(PacketType::Auth), properties).prop_map(|(reason_code, properties)| Auth {
            reason_code,
            properties,
        }),
    ]
    .prop_map(Packet::Auth)
}

/// Any packet of one version.
pub(crate) fn packet_of(version: ProtocolVersion) -> BoxedStrategy<Packet<'static>> {
    let both = prop_oneof![
        connect(version),
        connack(version),
        publish(version),
        ack(version),
        subscribe(version),
        suback(version),
        unsubscribe(version),
        unsuback(version),
        disconnect(version),
        Just(Packet::PingReq),
        Just(Packet::PingResp),
    ];
    match version {
        ProtocolVersion::V311 => both.boxed(),
        ProtocolVersion::V5 => prop_oneof![11 => both, 1 => auth()].boxed(),
    }
}

/// Any packet of any version.
pub(crate) fn packet() -> impl Strategy<Value = (ProtocolVersion, Packet<'static>)> {
    select(&VERSIONS[..])
        .prop_flat_map(|version| packet_of(version).prop_map(move |packet| (version, packet)))
}

pub(crate) fn encoded(version: ProtocolVersion, packet: &Packet<'_>) -> Vec<u8> {
    let mut wire = Vec::new();
    packet.encode(version, &mut wire).unwrap();
    wire
}
