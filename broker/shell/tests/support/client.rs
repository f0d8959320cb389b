//! A client that sends and reads packets one by one, over any byte stream.

use std::future::Future;
use std::time::Duration;

use squall_codec::{Ack, AckType, Connect, Packet, PacketId, Publish, ReasonCode, Subscribe, decode};
use squall_types::{ProtocolVersion, QoS};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Nothing takes so long; where the clock is paused it costs nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What `future` gives, or a failed test.
#[track_caller]
pub(crate) fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain at {place}"))
    }
}

/// What a client received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    ConnAck {
        code: u8,
        session_present: bool,
    },
    Publish {
        topic: String,
        payload: Vec<u8>,
        packet_id: u16,
    },
    PubAck(u16),
    SubAck(Vec<u8>),
    PingResp,
    Disconnect(ReasonCode),
    /// The end of the stream.
    End,
}

/// A stream and what came on it that was not asked for yet.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    version: ProtocolVersion,
    received: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// On a transport on which nothing was said.
    pub(crate) fn new(stream: S, version: ProtocolVersion) -> Self {
        Self { stream, version, received: Vec::new() }
    }

    /// Connects with a clean session and without keep alive.
    pub(crate) async fn connect(stream: S, version: ProtocolVersion, client_id: &str) -> Self {
        let mut client = Self::new(stream, version);
        client.send(&Packet::Connect(Connect::new(version, client_id))).await;
        client.expect(Got::ConnAck { code: 0, session_present: false }).await;
        client
    }

    pub(crate) fn encode(&self, packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        packet.encode(self.version, &mut bytes).unwrap();
        bytes
    }

    pub(crate) async fn send(&mut self, packet: &Packet<'_>) {
        let bytes = self.encode(packet);
        self.send_bytes(&bytes).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, filter: &str, qos: QoS) {
        let filters = [(filter, qos.into())];
        self.send(&Packet::Subscribe(Subscribe::new(PacketId::MIN, &filters))).await;
        self.expect(Got::SubAck(vec![qos.bits()])).await;
    }

    pub(crate) async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.send(&Packet::Publish(Publish::new(topic, payload))).await;
    }

    /// Publishes at QoS 1 and takes the acknowledgement.
    pub(crate) async fn publish_acked(&mut self, topic: &str, payload: &[u8]) {
        let publish =
            Publish { qos: QoS::AtLeastOnce, packet_id: Some(PacketId::MIN), ..Publish::new(topic, payload) };
        self.send(&Packet::Publish(publish)).await;
        self.expect(Got::PubAck(1)).await;
    }

    pub(crate) async fn ack(&mut self, packet_id: u16) {
        let ack = Ack::new(PacketId::new(packet_id).unwrap());
        let mut bytes = Vec::new();
        ack.encode(AckType::PubAck, self.version, &mut bytes).unwrap();
        self.send_bytes(&bytes).await;
    }

    /// Shows that the service is alive and has handled everything before.
    pub(crate) async fn ping(&mut self) {
        self.send(&Packet::PingReq).await;
        self.expect(Got::PingResp).await;
    }

    /// The next packet, or the end.
    pub(crate) async fn receive(&mut self) -> Got {
        loop {
            if let Some((packet, length)) = decode(self.version, &self.received, u32::MAX).unwrap() {
                let got = Got::from(&packet);
                self.received.drain(..length);
                return got;
            }
            if within(self.stream.read_buf(&mut self.received)).await.unwrap() == 0 {
                assert!(self.received.is_empty(), "the stream ends within a packet: {:?}", self.received);
                return Got::End;
            }
        }
    }

    /// Everything until the end of the stream, packets or not.
    pub(crate) async fn receive_rest(mut self) -> Vec<u8> {
        within(self.stream.read_to_end(&mut self.received)).await.unwrap();
        self.received
    }

    pub(crate) async fn expect(&mut self, expected: Got) {
        assert_eq!(self.receive().await, expected);
    }

    /// Takes a message of QoS 0, or gives the packet id of QoS 1.
    pub(crate) async fn expect_publish(&mut self, topic: &str, payload: &[u8]) -> u16 {
        match self.receive().await {
            Got::Publish { topic: found, payload: bytes, packet_id } => {
                assert_eq!((found.as_str(), bytes.as_slice()), (topic, payload));
                packet_id
            }
            other => panic!("no PUBLISH but {other:?}"),
        }
    }

    /// Where MQTT 5 has a DISCONNECT with `code` and 3.1.1 nothing, and then the end.
    pub(crate) async fn expect_end(&mut self, code: ReasonCode) {
        if self.version == ProtocolVersion::V5 {
            self.expect(Got::Disconnect(code)).await;
        }
        self.expect(Got::End).await;
    }
}

impl From<&Packet<'_>> for Got {
    fn from(packet: &Packet<'_>) -> Self {
        match packet {
            Packet::ConnAck(connack) => {
                Self::ConnAck { code: connack.code.to_u8(), session_present: connack.session_present }
            }
            Packet::Publish(publish) => Self::Publish {
                topic: publish.topic.to_owned(),
                payload: publish.payload.to_owned(),
                packet_id: publish.packet_id.map_or(0, PacketId::get),
            },
            Packet::PubAck(ack) => Self::PubAck(ack.packet_id.get()),
            Packet::SubAck(suback) => Self::SubAck(suback.codes.iter().map(ReasonCode::to_u8).collect()),
            Packet::PingResp => Self::PingResp,
            Packet::Disconnect(disconnect) => Self::Disconnect(disconnect.reason_code),
            other => panic!("not expected here: {other:?}"),
        }
    }
}
