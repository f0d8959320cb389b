//! Deadlines, exact to the millisecond of tokio's timers.

use std::time::Duration;

use squall_codec::{Connect, Packet, ReasonCode};
use squall_core::DisconnectReason;
use squall_types::{ProtocolVersion, QoS, Timestamp};

use crate::VERSIONS;
use crate::support::{Client, Got, Memory, Service};

/// How long ago it was, to the millisecond.
fn since(network: &Memory, from: Timestamp) -> u64 {
    network.now().since(from).as_nanos().div_ceil(1_000_000) as u64
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection_after_one_and_a_half_keep_alives() {
    for version in VERSIONS {
        let network = Memory::new();
        let service = Service::memory(&network, |_| {}).await;
        let mut client = Client::new(network.connect(4_096), version);
        let from = network.now();
        client.send(&Packet::Connect(Connect { keep_alive: 30, ..Connect::new(version, "c") })).await;
        client.expect(Got::ConnAck { code: 0, session_present: false }).await;
        client.expect_end(ReasonCode::KeepAliveTimeout).await;
        assert!((45_000..45_003).contains(&since(&network, from)), "{}", since(&network, from));
        service.watch.wait_for_end("c", DisconnectReason::KeepAliveTimeout).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pings_keep_a_connection() {
    let network = Memory::new();
    let service = Service::memory(&network, |_| {}).await;
    let mut client = Client::new(network.connect(4_096), ProtocolVersion::V311);
    client
        .send(&Packet::Connect(Connect { keep_alive: 30, ..Connect::new(ProtocolVersion::V311, "c") }))
        .await;
    client.expect(Got::ConnAck { code: 0, session_present: false }).await;
    for _ in 0..100 {
        // Virtual time: this is what the client does, and costs nothing.
        tokio::time::sleep(Duration::from_secs(44)).await;
        client.ping().await;
    }
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_transport_without_a_connect_is_closed() {
    let network = Memory::new();
    let service = Service::memory(&network, |limits| limits.connect_packet_seconds = 20).await;
    let from = network.now();
    let mut client = Client::new(network.connect(4_096), ProtocolVersion::V311);
    client.send_bytes(&[0x10, 0x20]).await;
    // All of the rest never comes.
    assert!(client.receive_rest().await.is_empty());
    assert!((20_000..20_003).contains(&since(&network, from)), "{}", since(&network, from));
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_over_its_throughput_is_read_more_slowly_and_loses_nothing() {
    let network = Memory::new();
    let service = Service::memory(&network, |limits| {
        limits.inbound_bytes_per_second_per_connection = 100_000;
        limits.publishes_per_second_per_connection = 10_000;
    })
    .await;
    let mut reader = Client::connect(network.connect(1 << 20), ProtocolVersion::V5, "reader").await;
    reader.subscribe("a", QoS::AtMostOnce).await;
    let mut writer = Client::connect(network.connect(1_000), ProtocolVersion::V5, "writer").await;
    let from = network.now();
    for n in 0..100_u8 {
        writer.publish("a", &[n; 10_000]).await;
    }
    writer.ping().await;
    // A million bytes at a hundred thousand a second, of which the first second is free.
    let took = since(&network, from);
    assert!((8_900..9_200).contains(&took), "{took}");
    for n in 0..100_u8 {
        reader.expect_publish("a", &[n; 10_000]).await;
    }
    assert_eq!(service.stop().await.connections(), 0);
}
