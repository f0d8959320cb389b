//! The fifteen packets, one file each, and the enum of them all.

mod ack_properties;
mod auth;
mod connack;
mod connect;
mod disconnect;
mod puback;
mod publish;
mod reason_codes;
mod suback;
mod subscribe;
mod unsuback;
mod unsubscribe;
mod will;

use squall_types::ProtocolVersion;

pub use ack_properties::AckProperties;
pub use auth::{Auth, AuthProperties};
pub use connack::{ConnAck, ConnAckCode, ConnAckProperties};
pub use connect::{Connect, ConnectProperties};
pub use disconnect::{Disconnect, DisconnectProperties};
pub use puback::{Ack, AckType};
pub use publish::{Publish, PublishProperties};
pub use reason_codes::ReasonCodes;
pub use suback::SubAck;
pub use subscribe::{
    RetainHandling, Subscribe, SubscribeFilters, SubscribeFiltersIter, SubscribeProperties,
    SubscriptionOptions,
};
pub use unsuback::UnsubAck;
pub use unsubscribe::{Unsubscribe, UnsubscribeFilters, UnsubscribeFiltersIter};
pub use will::{Will, WillProperties};

use crate::encode::{Body, Put};
use crate::{EncodeError, PacketType};

/// Any packet, of either version and direction, borrowed from the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Packet<'a> {
    Connect(Connect<'a>),
    ConnAck(ConnAck<'a>),
    Publish(Publish<'a>),
    PubAck(Ack<'a>),
    PubRec(Ack<'a>),
    PubRel(Ack<'a>),
    PubComp(Ack<'a>),
    Subscribe(Subscribe<'a>),
    SubAck(SubAck<'a>),
    Unsubscribe(Unsubscribe<'a>),
    UnsubAck(UnsubAck<'a>),
    PingReq,
    PingResp,
    Disconnect(Disconnect<'a>),
    /// MQTT 5 only.
    Auth(Auth<'a>),
}

impl Packet<'_> {
    /// Which of the fifteen it is.
    #[inline]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::ConnAck(_) => PacketType::ConnAck,
            Self::Publish(_) => PacketType::Publish,
            Self::PubAck(_) => PacketType::PubAck,
            Self::PubRec(_) => PacketType::PubRec,
            Self::PubRel(_) => PacketType::PubRel,
            Self::PubComp(_) => PacketType::PubComp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::SubAck(_) => PacketType::SubAck,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::UnsubAck(_) => PacketType::UnsubAck,
            Self::PingReq => PacketType::PingReq,
            Self::PingResp => PacketType::PingResp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// How many bytes [`encode`](Self::encode) writes, the fixed header included.
    pub fn encoded_len(&self, version: ProtocolVersion) -> usize {
        match self {
            Self::Connect(connect) => connect.encoded_len(),
            Self::ConnAck(connack) => connack.encoded_len(version),
            Self::Publish(publish) => publish.encoded_len(version),
            Self::PubAck(ack) => ack.encoded_len(AckType::PubAck, version),
            Self::PubRec(ack) => ack.encoded_len(AckType::PubRec, version),
            Self::PubRel(ack) => ack.encoded_len(AckType::PubRel, version),
            Self::PubComp(ack) => ack.encoded_len(AckType::PubComp, version),
            Self::Subscribe(subscribe) => subscribe.encoded_len(version),
            Self::SubAck(suback) => suback.encoded_len(version),
            Self::Unsubscribe(unsubscribe) => unsubscribe.encoded_len(version),
            Self::UnsubAck(unsuback) => unsuback.encoded_len(version),
            Self::PingReq | Self::PingResp => 2,
            Self::Disconnect(disconnect) => disconnect.encoded_len(version),
            Self::Auth(auth) => auth.encoded_len(version),
        }
    }

    /// Appends the packet to `out`; CONNECT is written in the version that it names itself.
    ///
    /// # Errors
    /// It has what `version` lacks, does not fit its lengths, or breaks a rule that a receiver would refuse it
    /// for. `out` is then as it was.
    pub fn encode(&self, version: ProtocolVersion, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Connect(connect) => connect.encode(out),
            Self::ConnAck(connack) => connack.encode(version, out),
            Self::Publish(publish) => publish.encode(version, out),
            Self::PubAck(ack) => ack.encode(AckType::PubAck, version, out),
            Self::PubRec(ack) => ack.encode(AckType::PubRec, version, out),
            Self::PubRel(ack) => ack.encode(AckType::PubRel, version, out),
            Self::PubComp(ack) => ack.encode(AckType::PubComp, version, out),
            Self::Subscribe(subscribe) => subscribe.encode(version, out),
            Self::SubAck(suback) => suback.encode(version, out),
            Self::Unsubscribe(unsubscribe) => unsubscribe.encode(version, out),
            Self::UnsubAck(unsuback) => unsuback.encode(version, out),
            Self::PingReq => crate::encode::encode(&Ping(PacketType::PingReq), version, out),
            Self::PingResp => crate::encode::encode(&Ping(PacketType::PingResp), version, out),
            Self::Disconnect(disconnect) => disconnect.encode(version, out),
            Self::Auth(auth) => auth.encode(version, out),
        }
    }
}

/// PINGREQ or PINGRESP, which are all header.
struct Ping(PacketType);

impl Body for Ping {
    fn check(&self, _: ProtocolVersion) -> Result<(), EncodeError> {
        Ok(())
    }

    fn first_byte(&self) -> u8 {
        self.0.first_byte()
    }

    fn put<P: Put>(&self, _: ProtocolVersion, _: &mut P) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_stays_small_enough_to_pass_by_value() {
        // CONNECT with a will is the largest; a PUBLISH is half of it.
        assert!(size_of::<Packet<'_>>() <= 256, "{}", size_of::<Packet<'_>>());
        assert!(size_of::<Publish<'_>>() <= 144, "{}", size_of::<Publish<'_>>());
        assert!(size_of::<Ack<'_>>() <= 40, "{}", size_of::<Ack<'_>>());
    }
}
