//! Bytes to packets and back, MQTT 3.1.1 and 5; no state, no clock.
//!
//! ```text
//!   &[u8] -- decode, decode_connect --> Packet<'_>  (borrows topic, payload and properties)
//!   Vec<u8> <-------- encode ---------- Packet<'_>, or Publish, Ack, ... without the enum
//! ```
//!
//! - Every packet and property of both versions, in both directions: a broker and a client use the same code.
//! - Strict: what breaks a rule of the standard that can be seen in one packet is a [`DecodeError`], which knows
//!   its reason code and the statement it rests on. What depends on more than the packet is not judged here:
//!   topic and filter syntax, who may send what, limits other than the packet's size.
//! - Decoding copies and allocates nothing. Encoding appends to a buffer, after counting what it will need.
//! - What encodes, decodes to an equal packet; what cannot is an [`EncodeError`], never dropped in silence.
//!
//! ```
//! use squall_codec::{Packet, PacketId, Publish, decode, frame_length};
//! use squall_types::{ProtocolVersion, QoS};
//!
//! let publish = Publish {
//!     qos: QoS::AtLeastOnce,
//!     packet_id: PacketId::new(7),
//!     ..Publish::new("sensors/kitchen", b"21.5")
//! };
//! let mut wire = Vec::new();
//! publish.encode(ProtocolVersion::V5, &mut wire)?;
//! assert_eq!(wire.len(), publish.encoded_len(ProtocolVersion::V5));
//!
//! // Bytes come in pieces: until the last one is there, the answer is to wait.
//! assert_eq!(decode(ProtocolVersion::V5, &wire[..5], 1_024)?, None);
//! assert_eq!(frame_length(&wire[..2], 1_024)?, Some(wire.len()));
//! let (packet, used) = decode(ProtocolVersion::V5, &wire, 1_024)?.expect("a whole packet");
//! assert_eq!(packet, Packet::Publish(publish));
//! assert_eq!(used, wire.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod connect_return_code;
mod decode;
mod encode;
mod error;
mod fixed_header;
mod packet;
mod packet_id;
mod packet_type;
mod properties;
mod reader;
mod reason_code;
mod subscription_identifiers;
mod text;
mod user_properties;
mod varint;

pub use connect_return_code::ConnectReturnCode;
pub use decode::{decode, decode_connect, frame_length};
pub use error::{DecodeError, EncodeError};
pub use packet::{
    Ack, AckProperties, AckType, Auth, AuthProperties, ConnAck, ConnAckCode, ConnAckProperties, Connect,
    ConnectProperties, Disconnect, DisconnectProperties, Packet, Publish, PublishProperties, ReasonCodes,
    RetainHandling, SubAck, Subscribe, SubscribeFilters, SubscribeFiltersIter, SubscribeProperties,
    SubscriptionOptions, UnsubAck, Unsubscribe, UnsubscribeFilters, UnsubscribeFiltersIter, Will,
    WillProperties,
};
pub use packet_id::PacketId;
pub use packet_type::PacketType;
pub use properties::Property;
pub use reason_code::ReasonCode;
pub use subscription_identifiers::{SubscriptionIdentifiers, SubscriptionIdentifiersBuf};
pub use user_properties::{UserProperties, UserPropertiesBuf, UserPropertiesIter};
