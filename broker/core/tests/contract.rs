//! The driver's contract: order, names, pieces, and bytes that mean harm.

use proptest::prelude::*;
use squall_codec::{Connect, Packet, PacketId, Publish, Subscribe, Unsubscribe};
use squall_core::{Answer, AskId, ClosedWhy, ConnectionId, DisconnectReason, Input, Lsn, Tag};
use squall_types::{ProtocolVersion, QoS};

use crate::VERSIONS;
use crate::support::{Bench, Device, RESET, Seen};

#[test]
fn what_a_driver_says_of_a_closed_connection_is_ignored() {
    let bench = Bench::plain();
    let device = bench.device("d").keep_alive(60).connect();
    let connection = device.connection().expect("connected");
    device.disconnect();
    for input in [
        Input::Bytes { connection, bytes: &[0xc0, 0] },
        Input::Sent { connection, bytes: 4 },
        Input::Closed { connection, why: RESET },
        Input::Closed { connection, why: ClosedWhy::EndOfStream },
    ] {
        bench.input(input);
    }
    bench.advance(10_000);
    device.expect_nothing();
    bench.expect_empty();
    assert_eq!(bench.ends_of("d"), [DisconnectReason::ClientInitiated]);
}

#[test]
fn what_comes_behind_the_end_in_the_same_bytes_is_ignored() {
    for version in VERSIONS {
        let bench = Bench::plain();
        let all = bench.device("all").connect().subscribe("#", 0);
        let device = bench.device("d").with_version(version).connect();
        let mut bytes = vec![0xe0, 0];
        Publish::new("a", b"late").encode(version, &mut bytes).expect("a PUBLISH");
        device.send_bytes(&bytes);
        device.expect_close(DisconnectReason::ClientInitiated);
        all.expect_nothing();
    }
}

#[test]
fn a_name_that_was_never_used_is_ignored() {
    let bench = Bench::plain();
    let connection = ConnectionId(u64::MAX);
    bench.input(Input::Bytes { connection, bytes: &[0xc0, 0] });
    bench.input(Input::Sent { connection, bytes: 4 });
    bench.input(Input::Closed { connection, why: RESET });
    bench.expect_empty();
}

#[test]
fn an_answer_that_nobody_waits_for_and_durability_that_nobody_asked_for_change_nothing() {
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    for ask in [0, 1, u64::MAX] {
        bench.input(Input::Answer {
            ask: AskId(ask),
            answer: Answer::Refused { reason: "NOT_AUTHENTICATED" },
        });
        bench.input(Input::Durable { lsn: Lsn(ask) });
    }
    device.expect_nothing();
    assert_eq!(bench.connections(), 1);
}

#[test]
fn a_deadline_that_comes_early_does_nothing() {
    let bench = Bench::plain();
    let device = bench.device("d").keep_alive(60).connect();
    for _ in 0..10 {
        bench.input(Input::Deadline);
    }
    device.expect_nothing();
    assert!(device.is_open());
}

#[test]
fn transports_that_come_and_go_leave_nothing_behind() {
    // Places are used again, names are not.
    let bench = Bench::plain();
    for n in 0..3_000 {
        let connection = bench.open_transport(Tag(0));
        if n % 3 == 0 {
            bench.input(Input::Bytes { connection, bytes: &[0x10, 0x20] });
        }
        if n % 2 == 0 {
            bench.input(Input::Closed { connection, why: RESET });
        }
    }
    assert_eq!(bench.connections(), 1_500);
    bench.advance(60);
    bench.expect_empty();
}

/// A conversation that has every packet a client may send.
fn conversation(bench: &Bench, version: ProtocolVersion) -> Device {
    let other = bench.device("other").connect().subscribe("b/#", 0);
    let device = bench.device("d").with_version(version).persistent().connect();
    device.subscribe_all(&[("a/+", 1), ("a/#", 0), ("$share/g/x", 1)]);
    for n in 0..20 {
        device.publish("b/c", n % 2, vec![b'x'; usize::from(n) * 40]);
        other.publish("a/b", 1, n.to_string());
    }
    let ids: Vec<u16> = bench
        .log()
        .iter()
        .filter_map(|(who, seen)| match seen {
            Seen::Publish(delivery) if who == "d" && delivery.qos == 1 => Some(delivery.packet_id),
            _ => None,
        })
        .collect();
    for id in &ids[..10] {
        device.ack(*id);
    }
    device.send(&Packet::Unsubscribe(Unsubscribe::new(PacketId::MIN, &["a/#", "nothing"])));
    device.send(&Packet::PingReq);
    bench.advance(25);
    device.send(&Packet::Disconnect(squall_codec::Disconnect::default()));
    other.publish("a/b", 1, "stored");
    device.connect_with(|_| {});
    bench.advance(5);
    device.publish("a/+", 0, "refused");
    device
}

#[test]
fn packets_in_pieces_are_the_same_packets() {
    for version in VERSIONS {
        let whole = Bench::plain();
        conversation(&whole, version);
        let log = whole.log();
        assert!(log.len() > 60, "{}", log.len());
        for size in [1, 2, 3, 7, 64] {
            let pieces = Bench::plain().in_pieces_of(size);
            conversation(&pieces, version);
            assert_eq!(pieces.log(), log, "pieces of {size}");
            assert_eq!(pieces.receipt(), whole.receipt());
        }
    }
}

/// Many packets in one read.
#[test]
fn packets_that_come_together_are_the_same_packets() {
    for version in VERSIONS {
        let [alone, together] = [false, true].map(|together| {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).open();
            let mut bytes = Vec::new();
            Connect::new(version, "d").encode(&mut bytes).expect("a CONNECT");
            let filters = [("a", QoS::AtLeastOnce.into())];
            Subscribe::new(PacketId::MIN, &filters).encode(version, &mut bytes).expect("a SUBSCRIBE");
            Publish { qos: QoS::AtLeastOnce, packet_id: PacketId::new(2), ..Publish::new("a", b"x") }
                .encode(version, &mut bytes)
                .expect("a PUBLISH");
            Packet::PingReq.encode(version, &mut bytes).expect("a PINGREQ");
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let length = squall_codec::frame_length(rest, 1_000).expect("a packet").expect("a packet");
                let (packet, behind) = if together { (rest, &[][..]) } else { rest.split_at(length) };
                device.send_bytes(packet);
                rest = behind;
            }
            bench.log()
        });
        assert_eq!(alone, together);
        assert_eq!(alone.len(), 5);
    }
}

/// What a hostile client sends.
#[derive(Clone, Debug)]
enum Hostile {
    Noise(Vec<u8>),
    /// A real packet with some bytes changed.
    Mutated {
        packet: usize,
        changes: Vec<(prop::sample::Index, u8)>,
    },
    Packet(usize),
    Reset,
    Wait(u32),
}

/// Valid packets to start from, each first for 3.1.1 and then for MQTT 5.
fn packets(version: ProtocolVersion) -> Vec<Vec<u8>> {
    let filters = [("a/+", QoS::AtLeastOnce.into()), ("#", QoS::AtMostOnce.into())];
    let publish = |qos, topic| Publish {
        qos,
        packet_id: (qos != QoS::AtMostOnce).then_some(PacketId::MIN),
        ..Publish::new(topic, b"payload")
    };
    let all = [
        Packet::Connect(Connect { clean_start: false, keep_alive: 60, ..Connect::new(version, "d") }),
        Packet::Connect(Connect { keep_alive: 60, ..Connect::new(version, "e") }),
        Packet::Subscribe(Subscribe::new(PacketId::MIN, &filters)),
        Packet::Publish(publish(QoS::AtMostOnce, "a/b")),
        Packet::Publish(publish(QoS::AtLeastOnce, "a/b")),
        Packet::PubAck(squall_codec::Ack::new(PacketId::MIN)),
        Packet::Unsubscribe(Unsubscribe::new(PacketId::MIN, &["a/+"])),
        Packet::PingReq,
        Packet::Disconnect(squall_codec::Disconnect::default()),
    ];
    all.iter()
        .map(|packet| {
            let mut bytes = Vec::new();
            packet.encode(version, &mut bytes).expect("a valid packet");
            bytes
        })
        .collect()
}

const PACKETS: usize = 9;

fn hostile() -> impl Strategy<Value = Hostile> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    prop_oneof![
        2 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Hostile::Noise),
        4 => (0..PACKETS, changes).prop_map(|(packet, changes)| Hostile::Mutated { packet, changes }),
        4 => (0..PACKETS).prop_map(Hostile::Packet),
        1 => Just(Hostile::Reset),
        1 => (1..100_u32).prop_map(Hostile::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Whatever comes before or after CONNECT, nothing panics, an honest client is served, and nothing stays behind.
    #[test]
    fn hostile_bytes_do_no_harm(
        v5: bool,
        connected: bool,
        piece in prop_oneof![Just(usize::MAX), 1..20_usize],
        steps in proptest::collection::vec(hostile(), 1..40),
    ) {
        let version = if v5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 };
        let packets = packets(version);
        let bench = Bench::plain().in_pieces_of(piece);
        let honest = bench.device("honest").connect().subscribe("honest", 1);
        let device = bench.device("hostile").with_version(version);
        for step in steps {
            if !device.is_open() {
                device.open();
                if connected {
                    device.send_bytes(&packets[0]);
                }
            }
            match step {
                Hostile::Noise(bytes) => device.send_bytes(&bytes),
                Hostile::Mutated { packet, changes } => {
                    let mut bytes = packets[packet].clone();
                    for (at, byte) in changes {
                        let at = at.index(bytes.len());
                        bytes[at] = byte;
                    }
                    device.send_bytes(&bytes);
                }
                Hostile::Packet(packet) => device.send_bytes(&packets[packet]),
                Hostile::Reset => device.reset(),
                Hostile::Wait(seconds) => {
                    honest.send(&Packet::PingReq);
                    bench.advance(u64::from(seconds));
                }
            }
            device.take_all();
        }
        honest.take_all();
        honest.publish("honest", 1, "still served");
        let served = honest.take_all();
        prop_assert!(
            served.iter().any(|seen| matches!(seen, Seen::Publish(delivery) if delivery.payload == b"still served")),
            "{:?}", served
        );
        device.reset();
        honest.reset();
        bench.advance(3_600);
        bench.expect_empty();
    }
}
