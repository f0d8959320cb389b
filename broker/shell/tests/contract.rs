//! What the broker and its clients may rely on: order, names, ends, and bytes that mean harm.

use squall_codec::{Connect, Disconnect, Packet, PacketId, ReasonCode, Subscribe};
use squall_core::DisconnectReason;
use squall_types::{ProtocolVersion, QoS};
use tokio::io::AsyncWriteExt;

use crate::VERSIONS;
use crate::support::{Client, Got, Memory, Seen, Service};

#[tokio::test]
async fn packets_may_come_byte_by_byte() {
    for version in VERSIONS {
        let service = Service::tcp().await;
        let stream = service.transport().await;
        stream.set_nodelay(true).unwrap();
        let mut client = Client::new(stream, version);
        let mut bytes = client.encode(&Packet::Connect(Connect::new(version, "slow")));
        let filters = [("a/#", QoS::AtLeastOnce.into())];
        bytes.extend(client.encode(&Packet::Subscribe(Subscribe::new(PacketId::MIN, &filters))));
        bytes.extend(client.encode(&Packet::Publish(squall_codec::Publish::new("a/b", b"hello"))));
        bytes.extend(client.encode(&Packet::PingReq));
        for byte in bytes {
            client.send_bytes(&[byte]).await;
        }
        client.expect(Got::ConnAck { code: 0, session_present: false }).await;
        client.expect(Got::SubAck(vec![1])).await;
        client.expect_publish("a/b", b"hello").await;
        client.expect(Got::PingResp).await;
        assert_eq!(service.stop().await.connections(), 0);
    }
}

#[tokio::test]
async fn the_largest_payload_goes_through() {
    let service = Service::tcp().await;
    let mut client = Client::connect(service.transport().await, ProtocolVersion::V5, "large").await;
    client.subscribe("a", QoS::AtLeastOnce).await;
    let payload: Vec<u8> = (0..131_072_u32).map(|n| (n % 251) as u8).collect();
    client.publish("a", &payload).await;
    client.expect_publish("a", &payload).await;
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test]
async fn the_end_of_the_stream_is_a_lost_connection() {
    for version in VERSIONS {
        let service = Service::tcp().await;
        let client = Client::connect(service.transport().await, version, "gone").await;
        drop(client);
        service.watch.wait_for_end("gone", DisconnectReason::ConnectionLost).await;
        assert_eq!(service.stop().await.connections(), 0);
    }
}

#[tokio::test]
async fn a_reset_is_a_lost_connection() {
    let service = Service::tcp().await;
    let client = Client::connect(service.transport().await, ProtocolVersion::V5, "reset").await;
    client.stream.set_zero_linger().unwrap();
    drop(client);
    service.watch.wait_for_end("reset", DisconnectReason::ConnectionLost).await;
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test]
async fn a_client_that_ends_its_stream_still_hears_the_answers() {
    for version in VERSIONS {
        let service = Service::tcp().await;
        let mut client = Client::new(service.transport().await, version);
        client.send(&Packet::Connect(Connect::new(version, "brief"))).await;
        client.send(&Packet::PingReq).await;
        client.stream.shutdown().await.unwrap();
        client.expect(Got::ConnAck { code: 0, session_present: false }).await;
        client.expect(Got::PingResp).await;
        client.expect(Got::End).await;
        assert_eq!(service.stop().await.connections(), 0);
    }
}

#[tokio::test]
async fn a_client_that_says_goodbye_is_let_go() {
    for version in VERSIONS {
        let service = Service::tcp().await;
        let mut client = Client::connect(service.transport().await, version, "polite").await;
        client.send(&Packet::Disconnect(Disconnect::default())).await;
        client.expect(Got::End).await;
        service.watch.wait_for_end("polite", DisconnectReason::ClientInitiated).await;
        assert_eq!(service.stop().await.connections(), 0);
    }
}

#[tokio::test]
async fn the_reason_of_a_refusal_arrives_although_the_client_goes_on_sending() {
    // A socket closed with bytes unread is reset, and the reset can overtake the reason.
    let service = Service::tcp().await;
    for _ in 0..20 {
        let mut client = Client::connect(service.transport().await, ProtocolVersion::V5, "talker").await;
        // AUTH, which nobody asked for, and much behind it.
        let mut bytes = vec![0xf0, 0x00];
        bytes.resize(200_000, b'x');
        client.send_bytes(&bytes).await;
        client.expect(Got::Disconnect(ReasonCode::ProtocolError)).await;
        client.expect(Got::End).await;
    }
    assert_eq!(service.stop().await.connections(), 0);
}

/// What a port on the internet hears, and packets that lie about themselves.
fn hostile() -> Vec<Vec<u8>> {
    let mut all = vec![
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        vec![0xff; 10_000],
        vec![0x00; 10_000],
        // A CONNECT of 256 MB, and one whose length never ends.
        vec![0x10, 0xff, 0xff, 0xff, 0x7f],
        vec![0x10, 0xff, 0xff, 0xff, 0xff, 0xff],
        // Not a CONNECT.
        vec![0xc0, 0x00],
        // A client id longer than its packet.
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\xff\xff".to_vec(),
    ];
    // Noise that is the same in each run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for length in 1..120 {
        let noise = (0..length * 7).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        });
        all.push(noise.collect());
    }
    all
}

#[tokio::test]
async fn hostile_bytes_end_their_own_connection_only() {
    let service = Service::tcp().await;
    let mut witness = Client::connect(service.transport().await, ProtocolVersion::V5, "witness").await;
    for bytes in hostile() {
        let mut client = Client::new(service.transport().await, ProtocolVersion::V311);
        client.send_bytes(&bytes).await;
        client.stream.shutdown().await.unwrap();
        let answer = client.receive_rest().await;
        assert!(answer.is_empty() || answer[0] == 0x20, "{bytes:02x?} gave {answer:02x?}");
        witness.ping().await;
    }
    for bytes in hostile() {
        let mut client = Client::connect(service.transport().await, ProtocolVersion::V5, "hostile").await;
        client.send_bytes(&bytes).await;
        client.stream.shutdown().await.unwrap();
        client.receive_rest().await;
        witness.ping().await;
    }
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_connection_gets_the_name_of_another() {
    let network = Memory::new();
    let service = Service::memory(&network, |_| {}).await;
    for n in 0..300 {
        let client_id = format!("c{n}");
        drop(Client::connect(network.connect(1_000), ProtocolVersion::V5, &client_id).await);
    }
    let mut names: Vec<_> = service
        .watch
        .seen()
        .into_iter()
        .filter_map(|seen| match seen {
            Seen::Connected(name, _) => Some(name),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 300);
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test]
async fn only_loopback_addresses_are_taken() {
    use squall_core::BrokerConfig;
    use squall_profile::Profile;
    use squall_shell::{Shell, ShellOptions, TokioRuntime};
    use squall_types::Seed;

    let config = || BrokerConfig::new(Profile::named("aws-current").unwrap(), Seed(7));
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:1883"] {
        let mut shell = Shell::new(TokioRuntime::new(), config(), ShellOptions::default());
        let error = shell.listen_insecure(address.parse().unwrap()).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{address} is not a loopback address")), "{error}");
    }
    let mut first = Shell::new(TokioRuntime::new(), config(), ShellOptions::default());
    let taken = first.listen_insecure("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut second = Shell::new(TokioRuntime::new(), config(), ShellOptions::default());
    let error = second.listen_insecure(taken).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on {taken}: ")), "{error}");
}
