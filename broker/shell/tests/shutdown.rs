//! The orderly end.

use std::time::Duration;

use squall_codec::{Connect, Packet, ReasonCode};
use squall_core::DisconnectReason;
use squall_types::{ProtocolVersion, QoS};
use tokio::net::TcpListener;

use crate::VERSIONS;
use crate::support::{Client, Got, Memory, Service};

#[tokio::test]
async fn every_client_is_told_and_the_port_is_free_again() {
    for version in VERSIONS {
        let service = Service::tcp().await;
        let mut clients = Vec::new();
        for n in 0..20 {
            let mut client = Client::new(service.transport().await, version);
            let mut connect = Connect::new(version, ["a", "b"][n % 2]);
            let client_id = format!("c{n}");
            connect.client_id = &client_id;
            connect.clean_start = false;
            client.send(&Packet::Connect(connect)).await;
            client.expect(Got::ConnAck { code: 0, session_present: false }).await;
            clients.push(client);
        }
        let silent = Client::new(service.transport().await, version);
        let (address, watch) = (service.address, service.watch.clone());
        let broker = service.stop().await;
        for client in &mut clients {
            client.expect_end(ReasonCode::ServerShuttingDown).await;
        }
        assert!(silent.receive_rest().await.is_empty());
        for n in 0..20 {
            watch.wait_for_end(&format!("c{n}"), DisconnectReason::ServerInitiated).await;
        }
        // 3.1.1 without a clean session has one that outlives the connection; MQTT 5 did not ask for it.
        let sessions = if version == ProtocolVersion::V311 { 20 } else { 0 };
        assert_eq!((broker.connections(), broker.sessions()), (0, sessions));
        drop(clients);
        TcpListener::bind(address).await.expect("the port is free again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_holds_the_end_up_for_a_bounded_time() {
    let network = Memory::new();
    let service = Service::memory(&network, |_| {}).await;
    let mut stalled = Client::connect(network.connect(100), ProtocolVersion::V5, "stalled").await;
    stalled.subscribe("a", QoS::AtMostOnce).await;
    let mut writer = Client::connect(network.connect(1_000), ProtocolVersion::V5, "writer").await;
    writer.publish("a", &[7; 10_000]).await;
    writer.ping().await;
    let from = network.now();
    assert_eq!(service.stop().await.connections(), 0);
    let took = network.now().since(from);
    assert!((Duration::from_secs(6)..Duration::from_millis(6_100)).contains(&took), "{took:?}");
    writer.expect_end(ReasonCode::ServerShuttingDown).await;
}

#[tokio::test(start_paused = true)]
async fn without_clients_it_ends_at_once() {
    let network = Memory::new();
    let service = Service::memory(&network, |_| {}).await;
    let from = network.now();
    assert_eq!(service.stop().await.connections(), 0);
    assert_eq!(network.now(), from);
}
