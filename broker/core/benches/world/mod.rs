//! A broker under load: no clock, no network, and nobody who looks at what it writes.

use squall_codec::{Connect, PacketId, Publish, Subscribe, SubscriptionOptions, Unsubscribe, Will};
use squall_core::{
    Broker, BrokerConfig, ClosedWhy, ConnectionId, Fact, Identity, Input, Output, Sink, Source, Tag,
    Transport,
};
use squall_profile::{Limits, Profile};
use squall_types::{CertificateId, Now, ProtocolVersion, QoS, Seed, Timestamp, WallTime};

/// What was written since it last left.
#[derive(Default)]
pub(crate) struct Wire {
    written: Vec<(ConnectionId, u32)>,
    /// PUBLISH packets written.
    pub(crate) deliveries: u64,
}

impl Sink for Wire {
    fn output(&mut self, output: Output<'_>) {
        if let Output::Bytes { connection, bytes, .. } = output {
            self.written.push((connection, bytes.len() as u32));
            self.deliveries += u64::from(bytes[0] >> 4 == 3);
        }
    }

    fn fact(&mut self, _: Fact<'_>) {}
}

pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) wire: Wire,
    pub(crate) now: Timestamp,
}

impl World {
    /// A broker that no rate holds back.
    pub(crate) fn new() -> Self {
        Self::with_limits(|_| {})
    }

    /// The same with other limits changed.
    pub(crate) fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut profile = Profile::named("aws-current").expect("the default profile");
        let limits = &mut profile.limits;
        for rate in [
            &mut limits.connect_requests_per_second,
            &mut limits.connect_requests_per_second_per_client_id,
            &mut limits.publishes_per_second_per_connection,
            &mut limits.inbound_publishes_per_second,
            &mut limits.outbound_publishes_per_second,
            &mut limits.inbound_bytes_per_second_per_connection,
            &mut limits.subscribe_requests_per_second,
            &mut limits.retained_publishes_per_second,
            &mut limits.retained_publishes_per_second_per_topic,
            &mut limits.queued_messages_per_second,
            &mut limits.shared_subscribes_per_second_per_group,
        ] {
            *rate = u32::MAX;
        }
        change(limits);
        let broker = Broker::new(BrokerConfig::new(profile, Seed(7)));
        Self { broker, wire: Wire::default(), now: Timestamp::ZERO }
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) {
        let now = Now::at(self.now, WallTime::from_unix_secs(1_767_225_600));
        self.broker.handle(now, input, &mut self.wire);
    }

    /// Bytes to the broker; what it wrote in answer leaves at once.
    pub(crate) fn bytes(&mut self, connection: ConnectionId, bytes: &[u8]) {
        self.handle(Input::Bytes { connection, bytes });
        self.flow();
    }

    pub(crate) fn connect(&mut self, id: u64) -> ConnectionId {
        self.connect_with(id, |_| {})
    }

    /// Connects with a CONNECT changed by `change`.
    pub(crate) fn connect_with(&mut self, id: u64, change: impl FnOnce(&mut Connect<'_>)) -> ConnectionId {
        let (connection, client_id) = self.open(id);
        let mut bytes = Vec::new();
        let mut connect = Connect::new(ProtocolVersion::V5, &client_id);
        change(&mut connect);
        connect.encode(&mut bytes).expect("a CONNECT");
        self.bytes(connection, &bytes);
        connection
    }

    /// Connects with a will.
    pub(crate) fn connect_will(&mut self, id: u64, will: Will<'_>) -> ConnectionId {
        let (connection, client_id) = self.open(id);
        let mut bytes = Vec::new();
        let connect = Connect { will: Some(will), ..Connect::new(ProtocolVersion::V5, &client_id) };
        connect.encode(&mut bytes).expect("a CONNECT");
        self.bytes(connection, &bytes);
        connection
    }

    fn open(&mut self, id: u64) -> (ConnectionId, String) {
        let connection = ConnectionId(id);
        self.handle(Input::Opened {
            connection,
            transport: Transport::Tls,
            identity: Identity::Trusted(CertificateId([7; 32])),
            source: Source { ip: [10, 0, 0, 1].into(), port: 50_000 },
            tag: Tag(0),
        });
        (connection, format!("sensors-{id}"))
    }

    /// The transport breaks; what the broker writes because of it leaves at once.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.handle(Input::Closed { connection, why: ClosedWhy::Reset });
        self.flow();
    }

    fn flow(&mut self) {
        while let Some((connection, bytes)) = self.wire.written.pop() {
            self.handle(Input::Sent { connection, bytes });
        }
    }

    pub(crate) fn unsubscribe(&mut self, connection: ConnectionId, filter: &str) {
        let mut bytes = Vec::new();
        Unsubscribe::new(PacketId::MIN, &[filter])
            .encode(ProtocolVersion::V5, &mut bytes)
            .expect("an UNSUBSCRIBE");
        self.bytes(connection, &bytes);
    }

    pub(crate) fn subscribe(&mut self, connection: ConnectionId, filter: &str) {
        self.subscribe_at(connection, filter, QoS::AtMostOnce);
    }

    pub(crate) fn subscribe_at(&mut self, connection: ConnectionId, filter: &str, qos: QoS) {
        let mut bytes = Vec::new();
        let filters: [(&str, SubscriptionOptions); 1] = [(filter, qos.into())];
        Subscribe::new(PacketId::MIN, &filters).encode(ProtocolVersion::V5, &mut bytes).expect("a SUBSCRIBE");
        self.bytes(connection, &bytes);
    }
}

/// An encoded PUBLISH.
pub(crate) fn publish(topic: &str, qos: QoS, retain: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet_id = (qos != QoS::AtMostOnce).then_some(PacketId::MIN);
    Publish { qos, packet_id, retain, ..Publish::new(topic, b"{\"flow\":21.5,\"unit\":\"m3/hour\"}") }
        .encode(ProtocolVersion::V5, &mut bytes)
        .expect("a PUBLISH");
    bytes
}
