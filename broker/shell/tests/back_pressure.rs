//! Clients that do not read, and clients that do not stop writing.

use std::time::Duration;

use squall_codec::{Connect, Disconnect, Packet, Publish, ReasonCode};
use squall_core::{DiscardRule, DisconnectReason};
use squall_profile::Limits;
use squall_types::{ProtocolVersion, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::VERSIONS;
use crate::support::{Client, Got, Memory, Seen, Service};

/// What a transport in memory holds each way.
const TRANSPORT: usize = 1_000;

/// No quota comes before the bound on unsent bytes.
fn unthrottled(limits: &mut Limits) {
    limits.publishes_per_second_per_connection = u32::MAX;
    limits.inbound_bytes_per_second_per_connection = u32::MAX;
}

fn discarded(seen: &Seen) -> bool {
    *seen == Seen::Discarded(DiscardRule::UnsentBytes)
}

#[tokio::test(start_paused = true)]
async fn what_a_client_does_not_read_is_bounded_and_the_rest_of_qos_0_is_dropped() {
    for version in VERSIONS {
        let network = Memory::new();
        let service = Service::memory(&network, unthrottled).await;
        let mut stalled = Client::connect(network.connect(TRANSPORT), version, "stalled").await;
        stalled.subscribe("a", QoS::AtMostOnce).await;
        let mut writer = Client::connect(network.connect(1 << 20), version, "writer").await;
        for _ in 0..2_000 {
            writer.publish("a", &[7; 10_000]).await;
        }
        writer.ping().await;
        let dropped = service.watch.count(discarded);
        // Twenty million bytes, of which 256 KiB wait, and what the write half has taken already.
        let kept = 2_000 - dropped;
        assert!((26..=28).contains(&kept), "{kept}");
        for _ in 0..kept {
            stalled.expect_publish("a", &[7; 10_000]).await;
        }
        stalled.ping().await;
        writer.publish("a", b"again").await;
        stalled.expect_publish("a", b"again").await;
        assert_eq!(service.stop().await.connections(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn qos_1_waits_for_a_slow_reader_and_comes_whole_and_in_order() {
    let network = Memory::new();
    let service = Service::memory(&network, unthrottled).await;
    let mut slow = Client::connect(network.connect(TRANSPORT), ProtocolVersion::V5, "slow").await;
    slow.subscribe("a", QoS::AtLeastOnce).await;
    let mut writer = Client::connect(network.connect(1 << 20), ProtocolVersion::V5, "writer").await;
    for n in 0..200_u8 {
        writer.publish_acked("a", &[n; 10_000]).await;
    }
    for n in 0..200_u8 {
        let id = slow.expect_publish("a", &[n; 10_000]).await;
        slow.ack(id).await;
    }
    slow.ping().await;
    assert_eq!(service.watch.count(discarded), 0);
    assert_eq!(service.stop().await.messages(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_and_never_reads_is_not_read_any_more() {
    let network = Memory::new();
    let service = Service::memory(&network, unthrottled).await;
    let mut client = Client::connect(network.connect(TRANSPORT), ProtocolVersion::V5, "asker").await;
    let pings = [0xc0, 0].repeat(8_000_000);
    // Virtual time: it passes only once nothing else can happen.
    let (mut reader, mut writer) = tokio::io::split(&mut client.stream);
    let mut written = 0;
    while let Ok(bytes) = tokio::time::timeout(Duration::from_secs(1), writer.write(&pings[written..])).await
    {
        written += bytes.unwrap();
    }
    // The broker's bound, the largest packet, the answers' share and what is under way.
    assert!((600_000..800_000).contains(&written), "{written}");
    // Once it reads, it is read, to the last.
    let write = async {
        writer.write_all(&pings[written..]).await.unwrap();
    };
    let read = async {
        let mut answers = vec![0; pings.len()];
        reader.read_exact(&mut answers).await.unwrap();
        assert!(answers.chunks(2).all(|answer| answer == [0xd0, 0]));
    };
    tokio::join!(write, read);
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flood_leaves_others_their_turn() {
    let network = Memory::new();
    let service = Service::memory(&network, unthrottled).await;
    let mut flood = Client::connect(network.connect(1 << 20), ProtocolVersion::V311, "flood").await;
    let mut other = Client::connect(network.connect(TRANSPORT), ProtocolVersion::V311, "other").await;
    let packet = flood.encode(&Packet::Publish(Publish::new("a", b"")));
    let bytes = packet.repeat((8 << 20) / packet.len());
    let flood = tokio::spawn(async move { flood.send_bytes(&bytes).await });
    // Each ping is answered while the flood goes on.
    let pings = tokio::spawn(async move {
        let mut pings = 0;
        while !flood.is_finished() {
            other.ping().await;
            pings += 1;
        }
        pings
    });
    let pings = pings.await.unwrap();
    // 2,048 chunks of flood, and at most a few of them before each answer.
    assert!(pings > 300, "{pings}");
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_before_a_close_leaves_before_the_end() {
    for version in VERSIONS {
        let network = Memory::new();
        let service = Service::memory(&network, unthrottled).await;
        let mut slow = Client::connect(network.connect(TRANSPORT), version, "slow").await;
        slow.subscribe("a", QoS::AtMostOnce).await;
        let mut writer = Client::connect(network.connect(TRANSPORT), version, "writer").await;
        for n in 0..20_u8 {
            writer.publish("a", &[n; 10_000]).await;
        }
        writer.ping().await;
        let _newcomer = Client::connect(network.connect(TRANSPORT), version, "slow").await;
        service.watch.wait_for_end("slow", DisconnectReason::DuplicateClientId).await;
        for n in 0..20_u8 {
            slow.expect_publish("a", &[n; 10_000]).await;
        }
        slow.expect_end(ReasonCode::SessionTakenOver).await;
        assert_eq!(service.stop().await.connections(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_that_takes_nothing_is_dropped_in_the_end() {
    let network = Memory::new();
    let service = Service::memory(&network, unthrottled).await;
    let mut stalled = Client::connect(network.connect(TRANSPORT), ProtocolVersion::V5, "stalled").await;
    stalled.subscribe("a", QoS::AtMostOnce).await;
    let mut writer = Client::connect(network.connect(1 << 20), ProtocolVersion::V5, "writer").await;
    writer.publish("a", &[7; 10_000]).await;
    writer.ping().await;
    stalled.send(&Packet::Disconnect(Disconnect::default())).await;
    service.watch.wait_for_end("stalled", DisconnectReason::ClientInitiated).await;
    // Virtual time, in which the shell's patience ends.
    tokio::time::sleep(Duration::from_secs(7)).await;
    let rest = stalled.receive_rest().await;
    assert!(rest.len() <= TRANSPORT, "{}", rest.len());
    // A name that is free again.
    let mut again = Client::new(network.connect(TRANSPORT), ProtocolVersion::V5);
    again.send(&Packet::Connect(Connect::new(ProtocolVersion::V5, "stalled"))).await;
    again.expect(Got::ConnAck { code: 0, session_present: false }).await;
    assert_eq!(service.stop().await.connections(), 0);
}
