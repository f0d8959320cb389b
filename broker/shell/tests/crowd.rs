//! Many at once.

use squall_core::DisconnectReason;
use squall_types::{ProtocolVersion, QoS};
use tokio::task::JoinSet;

use crate::VERSIONS;
use crate::support::{Client, Seen, Service};

const CLIENTS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_connect_at_once_and_each_hears_everything() {
    let service = Service::tcp().await;
    let mut joining = JoinSet::new();
    for n in 0..CLIENTS {
        let stream = tokio::net::TcpStream::connect(service.address);
        joining.spawn(async move {
            let version = VERSIONS[n % 2];
            let mut client = Client::connect(stream.await.unwrap(), version, &format!("c{n}")).await;
            client.subscribe("news/+", QoS::AtLeastOnce).await;
            client
        });
    }
    let clients = joining.join_all().await;
    let mut publisher = Client::connect(service.transport().await, ProtocolVersion::V5, "p").await;
    for n in 0..20 {
        publisher.publish_acked(&format!("news/{n}"), n.to_string().as_bytes()).await;
    }
    let mut reading = JoinSet::new();
    for mut client in clients {
        reading.spawn(async move {
            for n in 0..20 {
                let id = client.expect_publish(&format!("news/{n}"), n.to_string().as_bytes()).await;
                client.ack(id).await;
            }
            client.ping().await;
        });
    }
    reading.join_all().await;
    // They all went without a word, at once.
    let lost = |seen: &Seen| matches!(seen, Seen::Disconnected(_, DisconnectReason::ConnectionLost));
    service.watch.wait_for(CLIENTS, lost).await;
    let broker = service.stop().await;
    assert_eq!((broker.connections(), broker.messages(), broker.subscriptions()), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_client_id_that_everybody_wants_has_one_holder_at_a_time() {
    let service = Service::tcp().await;
    let mut joining = JoinSet::new();
    for _ in 0..CLIENTS {
        let stream = tokio::net::TcpStream::connect(service.address);
        joining.spawn(async move {
            let mut client = Client::connect(stream.await.unwrap(), ProtocolVersion::V5, "one").await;
            while client.receive().await != crate::support::Got::End {}
        });
    }
    // All but the last are told to go; the last one is, too, at the end.
    let taken_over = |seen: &Seen| matches!(seen, Seen::Disconnected(_, DisconnectReason::DuplicateClientId));
    service.watch.wait_for(CLIENTS - 1, taken_over).await;
    let broker = service.stop().await;
    joining.join_all().await;
    assert_eq!((broker.connections(), broker.sessions()), (0, 0));
}
