//! A device on the bench: what it sends, and what it must have seen.

use squall_codec::{
    Ack, AckType, Connect, Disconnect, Packet, PacketId, Publish, ReasonCode, Subscribe, SubscriptionOptions,
    Unsubscribe, Will,
};
use squall_core::{ConnectionId, DisconnectReason, Input, Tag};
use squall_types::{ProtocolVersion, QoS, Timestamp};

use super::seen::ConnAck;
use super::{Bench, Client, ComesAs, Delivery, RESET, Seen};

/// A handle; the bench keeps the state.
#[derive(Clone)]
pub(crate) struct Device {
    pub(super) bench: Bench,
    pub(super) index: usize,
}

impl Device {
    fn with<T>(&self, act: impl FnOnce(&mut Client) -> T) -> T {
        act(&mut self.bench.0.borrow_mut().clients[self.index])
    }

    pub(crate) fn version(&self) -> ProtocolVersion {
        self.with(|client| client.version)
    }

    /// Speaks MQTT 5.
    pub(crate) fn v5(&self) -> Self {
        self.with_version(ProtocolVersion::V5)
    }

    pub(crate) fn with_version(&self, version: ProtocolVersion) -> Self {
        self.with(|client| client.version = version);
        self.clone()
    }

    /// Asks for a session of an hour that outlives connections.
    pub(crate) fn persistent(&self) -> Self {
        self.with(|client| client.clean_start = false);
        self.clone()
    }

    pub(crate) fn keep_alive(&self, seconds: u16) -> Self {
        self.with(|client| client.keep_alive = seconds);
        self.clone()
    }

    /// Comes with another client id than its name on the bench.
    pub(crate) fn with_client_id(&self, client_id: &str) -> Self {
        self.with(|client| client_id.clone_into(&mut client.client_id));
        self.clone()
    }

    pub(crate) fn tagged(&self, tag: u16) -> Self {
        self.with(|client| client.tag = Tag(tag));
        self.clone()
    }

    /// Opens a transport and sends nothing.
    pub(crate) fn open(&self) -> Self {
        let (tag, comes_as) = self.with(|client| (client.tag, client.comes_as.clone()));
        // The transport has its device before the broker hears of it.
        let connection = self.bench.next_connection();
        self.with(|client| client.connection = Some(connection));
        self.bench.open_as(connection, tag, &comes_as);
        self.clone()
    }

    /// From now on its transports introduce it so.
    pub(crate) fn comes_as(&self, comes_as: ComesAs) -> Self {
        self.with(|client| client.comes_as = comes_as);
        self.clone()
    }

    /// Opens a transport, sends CONNECT and takes the CONNACK that accepts it.
    #[track_caller]
    pub(crate) fn connect(&self) -> Self {
        self.connect_with(|_| {});
        match self.take() {
            Some((_, Seen::ConnAck(connack))) if connack.code == 0 => self.clone(),
            other => self.fail("CONNACK 0", other),
        }
    }

    /// Opens a transport and sends a CONNECT changed by `change`.
    pub(crate) fn connect_with(&self, change: impl FnOnce(&mut Connect<'_>)) -> Self {
        self.connect_with_will(None, change)
    }

    /// The same with a will of the caller's.
    pub(crate) fn connect_with_will(
        &self,
        will: Option<Will<'_>>,
        change: impl FnOnce(&mut Connect<'_>),
    ) -> Self {
        self.open();
        let client_id = self.with(|client| client.client_id.clone());
        let mut connect = self.with(|client| {
            let mut connect = Connect::new(client.version, &client_id);
            connect.clean_start = client.clean_start;
            connect.keep_alive = client.keep_alive;
            if client.version == ProtocolVersion::V5 && !client.clean_start {
                connect.properties.session_expiry_interval = Some(3_600);
            }
            connect
        });
        connect.will = will;
        change(&mut connect);
        self.send(&Packet::Connect(connect));
        self.clone()
    }

    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        self.with(|client| client.connection)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.connection().is_some()
    }

    /// Sends a packet in the device's version.
    pub(crate) fn send(&self, packet: &Packet<'_>) {
        let mut bytes = Vec::new();
        packet.encode(self.version(), &mut bytes).expect("a device sends packets that can be encoded");
        self.send_bytes(&bytes);
    }

    /// Sends bytes, whatever they are. Does nothing without a transport.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        let Some(connection) = self.connection() else { return };
        {
            let mut world = self.bench.0.borrow_mut();
            let now = world.now;
            let (name, version) = (world.clients[self.index].name.clone(), world.clients[self.index].version);
            world.transcript.sent(now, &name, version, bytes);
        }
        self.bench.bytes(connection, bytes);
    }

    fn packet_id(&self) -> PacketId {
        self.with(|client| {
            let id = PacketId::new(client.next_packet_id).expect("a packet id is never 0");
            client.next_packet_id = id.next().get();
            id
        })
    }

    /// Publishes; returns the packet id, 0 with QoS 0.
    pub(crate) fn publish(&self, topic: &str, qos: u8, payload: impl AsRef<[u8]>) -> u16 {
        self.publish_with(topic, qos, payload, |_| {})
    }

    pub(crate) fn publish_with(
        &self,
        topic: &str,
        qos: u8,
        payload: impl AsRef<[u8]>,
        change: impl FnOnce(&mut Publish<'_>),
    ) -> u16 {
        let qos = QoS::from_bits(qos).expect("a QoS");
        let packet_id = (qos != QoS::AtMostOnce).then(|| self.packet_id());
        let mut publish = Publish { qos, packet_id, ..Publish::new(topic, payload.as_ref()) };
        change(&mut publish);
        self.send(&Packet::Publish(publish));
        packet_id.map_or(0, PacketId::get)
    }

    /// Publishes at QoS 1 and takes the PUBACK.
    #[track_caller]
    pub(crate) fn publish_acked(&self, topic: &str, payload: impl AsRef<[u8]>) {
        let packet_id = self.publish(topic, 1, payload);
        self.expect_puback(packet_id);
    }

    pub(crate) fn ack(&self, packet_id: u16) {
        let ack = Ack::new(PacketId::new(packet_id).expect("a packet id"));
        let mut bytes = Vec::new();
        ack.encode(AckType::PubAck, self.version(), &mut bytes).expect("a PUBACK");
        self.send_bytes(&bytes);
    }

    /// Sends a SUBSCRIBE and takes its SUBACK's codes.
    #[track_caller]
    pub(crate) fn subscribe_all(&self, filters: &[(&str, u8)]) -> Vec<u8> {
        let filters: Vec<(&str, SubscriptionOptions)> = filters
            .iter()
            .map(|(filter, qos)| (*filter, QoS::from_bits(*qos).expect("a QoS").into()))
            .collect();
        let packet_id = self.send_subscribe(&filters);
        match self.take() {
            Some((_, Seen::SubAck { packet_id: id, codes })) if id == packet_id => codes,
            other => self.fail("SUBACK", other),
        }
    }

    pub(crate) fn send_subscribe(&self, filters: &[(&str, SubscriptionOptions)]) -> u16 {
        let packet_id = self.packet_id();
        self.send(&Packet::Subscribe(Subscribe::new(packet_id, filters)));
        packet_id.get()
    }

    /// Subscribes and is granted the QoS.
    #[track_caller]
    pub(crate) fn subscribe(&self, filter: &str, qos: u8) -> Self {
        let codes = self.subscribe_all(&[(filter, qos)]);
        assert_eq!(codes, [qos], "SUBACK for {filter}");
        self.clone()
    }

    /// Unsubscribes and takes the UNSUBACK's codes.
    #[track_caller]
    pub(crate) fn unsubscribe(&self, filter: &str) -> Vec<u8> {
        let packet_id = self.packet_id();
        self.send(&Packet::Unsubscribe(Unsubscribe::new(packet_id, &[filter])));
        match self.take() {
            Some((_, Seen::UnsubAck { packet_id: id, codes })) if id == packet_id.get() => codes,
            other => self.fail("UNSUBACK", other),
        }
    }

    /// Sends an UNSUBSCRIBE and leaves its answer.
    pub(crate) fn unsubscribe_quietly(&self, filter: &str) {
        let packet_id = self.packet_id();
        self.send(&Packet::Unsubscribe(Unsubscribe::new(packet_id, &[filter])));
    }

    /// Says DISCONNECT; the broker closes.
    #[track_caller]
    pub(crate) fn disconnect(&self) {
        self.disconnect_with(|_| {});
        self.expect_close(DisconnectReason::ClientInitiated);
    }

    pub(crate) fn disconnect_with(&self, change: impl FnOnce(&mut Disconnect<'_>)) {
        let mut disconnect = Disconnect::default();
        change(&mut disconnect);
        self.send(&Packet::Disconnect(disconnect));
    }

    /// The transport breaks.
    pub(crate) fn reset(&self) {
        if let Some(connection) = self.with(Client::close) {
            self.bench.input(Input::Closed { connection, why: RESET });
        }
    }

    /// From now on bytes stay in the broker's buffers.
    pub(crate) fn stall(&self) {
        self.with(|client| client.flowing = false);
    }

    /// Bytes leave again, those that waited first.
    pub(crate) fn flow(&self) {
        self.with(|client| client.flowing = true);
        self.bench.0.borrow_mut().flow();
    }

    pub(crate) fn unsent(&self) -> u32 {
        self.with(|client| client.unsent)
    }

    /// The oldest thing seen.
    pub(crate) fn take(&self) -> Option<(Timestamp, Seen)> {
        self.with(|client| client.inbox.pop_front())
    }

    /// All that was seen.
    pub(crate) fn take_all(&self) -> Vec<Seen> {
        self.with(|client| client.inbox.drain(..).map(|(_, seen)| seen).collect())
    }

    /// All that was seen, which is nothing but deliveries.
    #[track_caller]
    pub(crate) fn take_deliveries(&self) -> Vec<(Timestamp, Delivery)> {
        let mut deliveries = Vec::new();
        while let Some((at, seen)) = self.take() {
            match seen {
                Seen::Publish(delivery) => deliveries.push((at, delivery)),
                other => self.fail("only deliveries", Some((at, other))),
            }
        }
        deliveries
    }

    /// Acknowledges every delivery seen so far and returns the payloads.
    #[track_caller]
    pub(crate) fn ack_deliveries(&self) -> Vec<String> {
        let deliveries = self.take_deliveries();
        for (_, delivery) in deliveries.iter().filter(|(_, delivery)| delivery.qos > 0) {
            self.ack(delivery.packet_id);
        }
        deliveries
            .into_iter()
            .map(|(_, delivery)| String::from_utf8_lossy(&delivery.payload).into_owned())
            .collect()
    }

    #[track_caller]
    pub(crate) fn expect_connack(&self, session_present: bool) -> ConnAck {
        match self.take() {
            Some((_, Seen::ConnAck(connack)))
                if connack.code == 0 && connack.session_present == session_present =>
            {
                *connack
            }
            other => self.fail(&format!("CONNACK 0, session present {session_present}"), other),
        }
    }

    /// A CONNACK that refuses, then the end of the transport.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, code: u8, reason: DisconnectReason) {
        match self.take() {
            Some((_, Seen::ConnAck(connack))) if connack.code == code && !connack.session_present => {}
            other => self.fail(&format!("CONNACK {code:#04x}"), other),
        }
        self.expect_close(reason);
    }

    #[track_caller]
    pub(crate) fn expect_publish(&self, topic: &str, qos: u8, payload: impl AsRef<[u8]>) -> Delivery {
        let payload = payload.as_ref();
        match self.take() {
            Some((_, Seen::Publish(delivery)))
                if delivery.topic == topic && delivery.qos == qos && delivery.payload == payload =>
            {
                delivery
            }
            other => {
                let payload = String::from_utf8_lossy(payload);
                self.fail(&format!("PUBLISH {topic} at QoS {qos} with {payload:?}"), other)
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect_puback(&self, packet_id: u16) {
        self.expect_puback_with(packet_id, ReasonCode::Success);
    }

    #[track_caller]
    pub(crate) fn expect_puback_with(&self, packet_id: u16, code: ReasonCode) {
        self.expect(&Seen::PubAck { packet_id, code });
    }

    /// DISCONNECT with `code` if the device speaks MQTT 5, then the end of the transport.
    #[track_caller]
    pub(crate) fn expect_disconnect(&self, code: ReasonCode, reason: DisconnectReason) {
        if self.version() == ProtocolVersion::V5 {
            self.expect(&Seen::Disconnect(code));
        }
        self.expect_close(reason);
    }

    #[track_caller]
    pub(crate) fn expect_close(&self, reason: DisconnectReason) {
        self.expect(&Seen::Closed(reason));
        self.expect_nothing();
    }

    #[track_caller]
    pub(crate) fn expect(&self, expected: &Seen) {
        match self.take() {
            Some((_, seen)) if seen == *expected => {}
            other => self.fail(&format!("{expected:?}"), other),
        }
    }

    #[track_caller]
    pub(crate) fn expect_nothing(&self) {
        if let Some(seen) = self.take() {
            self.fail("nothing", Some(seen));
        }
    }

    #[track_caller]
    fn fail(&self, expected: &str, seen: Option<(Timestamp, Seen)>) -> ! {
        let seen = match seen {
            Some((at, seen)) => format!("{seen:?} at {at}"),
            None => "nothing".to_owned(),
        };
        let world = self.bench.0.borrow();
        let (now, name) = (world.now, &world.clients[self.index].name);
        panic!("{name} at {now} expected {expected}\n  but saw {seen}\n{}", world.transcript);
    }
}
