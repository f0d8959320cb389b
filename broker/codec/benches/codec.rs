//! What one PUBLISH and one PUBACK cost, both ways and in both versions.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use squall_codec::{Ack, AckType, Packet, PacketId, Publish, PublishProperties, UserPropertiesBuf, decode};
use squall_types::{ProtocolVersion, QoS};

const TOPIC: &str = "fleet/rotterdam/pump-0007/flow";
const PAYLOAD: &[u8] = b"{\"flow\":21.5,\"unit\":\"m3/hour\"}";

fn benchmark(criterion: &mut Criterion, name: &str, version: ProtocolVersion, packet: &Packet<'_>) {
    let mut wire = Vec::new();
    packet.encode(version, &mut wire).expect("a valid packet");
    criterion.bench_function(&format!("decode/{name}"), |bencher| {
        bencher.iter(|| {
            let decoded = decode(version, black_box(&wire), 131_072);
            let Ok(Some((packet, used))) = &decoded else {
                unreachable!("a whole, valid packet");
            };
            black_box(packet);
            *used
        });
    });
    let mut out = Vec::with_capacity(1_024);
    criterion.bench_function(&format!("encode/{name}"), |bencher| {
        bencher.iter(|| {
            out.clear();
            match black_box(packet) {
                Packet::Publish(publish) => publish.encode(version, &mut out),
                Packet::PubAck(ack) => ack.encode(AckType::PubAck, version, &mut out),
                other => other.encode(version, &mut out),
            }
            .expect("a valid packet");
            black_box(out.as_slice().len())
        });
    });
}

fn all(criterion: &mut Criterion) {
    let packet_id = PacketId::new(7).expect("not zero");
    let publish =
        Publish { qos: QoS::AtLeastOnce, packet_id: Some(packet_id), ..Publish::new(TOPIC, PAYLOAD) };
    let user_properties =
        UserPropertiesBuf::from_pairs([("site", "rotterdam"), ("schema", "3")]).expect("short");
    let with_properties = Publish {
        properties: PublishProperties {
            message_expiry_interval: Some(60),
            content_type: Some("application/json"),
            user_properties: user_properties.as_user_properties(),
            ..PublishProperties::default()
        },
        ..publish.clone()
    };
    let publish = Packet::Publish(publish);
    let puback = Packet::PubAck(Ack::new(packet_id));
    let (v311, v5) = (ProtocolVersion::V311, ProtocolVersion::V5);
    benchmark(criterion, "publish/3.1.1", v311, &publish);
    benchmark(criterion, "publish/5", v5, &publish);
    benchmark(criterion, "publish/5/properties", v5, &Packet::Publish(with_properties));
    benchmark(criterion, "puback/3.1.1", v311, &puback);
    benchmark(criterion, "puback/5", v5, &puback);
}

criterion_group!(benches, all);
criterion_main!(benches);
