//! rumqttc 0.25 with MQTT 5.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, ConnectReturnCode, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, Incoming, MqttOptions};
use squall_core::DisconnectReason;

use crate::support::{Service, within};

/// A client whose event loop the test turns itself.
struct Real {
    client: AsyncClient,
    events: EventLoop,
}

impl Real {
    fn new(service: &Service, client_id: &str, is_clean: bool) -> Self {
        let mut options = MqttOptions::new(client_id, "127.0.0.1", service.address.port());
        options.set_keep_alive(Duration::from_secs(30));
        options.set_clean_start(is_clean);
        if !is_clean {
            options.set_connect_properties(ConnectProperties {
                session_expiry_interval: Some(3_600),
                ..ConnectProperties::new()
            });
        }
        let (client, events) = AsyncClient::new(options, 100);
        Self { client, events }
    }

    /// The next packet that comes in.
    async fn incoming(&mut self) -> Result<Incoming, ConnectionError> {
        within(async {
            loop {
                if let Event::Incoming(packet) = self.events.poll().await? {
                    return Ok(packet);
                }
            }
        })
        .await
    }

    /// Connects; whether there was a session.
    async fn connect(&mut self) -> bool {
        match self.incoming().await.unwrap() {
            Incoming::ConnAck(connack) => {
                assert_eq!(connack.code, ConnectReturnCode::Success);
                connack.session_present
            }
            other => panic!("no CONNACK but {other:?}"),
        }
    }

    async fn subscribe(&mut self, filter: &str, qos: QoS) {
        self.client.subscribe(filter, qos).await.unwrap();
        match self.incoming().await.unwrap() {
            Incoming::SubAck(suback) => assert_eq!(suback.return_codes, [SubscribeReasonCode::Success(qos)]),
            other => panic!("no SUBACK but {other:?}"),
        }
    }

    /// Publishes at QoS 1 and takes the acknowledgement.
    async fn publish(&mut self, topic: &str, payload: &str) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload.to_owned()).await.unwrap();
        let got = self.incoming().await.unwrap();
        assert!(matches!(got, Incoming::PubAck(_)), "{got:?}");
    }

    async fn expect(&mut self, topic: &str, qos: QoS, payload: &str) {
        match self.incoming().await.unwrap() {
            Incoming::Publish(publish) => {
                let found = (
                    String::from_utf8(publish.topic.to_vec()).unwrap(),
                    publish.qos,
                    publish.payload.to_vec(),
                );
                assert_eq!(found, (topic.to_owned(), qos, payload.as_bytes().to_vec()));
            }
            other => panic!("no PUBLISH but {other:?}"),
        }
    }

    /// Says goodbye and sees the end of the stream.
    async fn disconnect(&mut self) {
        self.client.disconnect().await.unwrap();
        while self.incoming().await.is_ok() {}
    }
}

#[tokio::test]
async fn messages_go_both_ways_at_both_qos() {
    let service = Service::tcp().await;
    let mut subscriber = Real::new(&service, "subscriber", true);
    assert!(!subscriber.connect().await);
    subscriber.subscribe("a/+", QoS::AtLeastOnce).await;
    let mut publisher = Real::new(&service, "publisher", true);
    publisher.connect().await;
    publisher.publish("a/b", "one").await;
    publisher.client.publish("a/c", QoS::AtMostOnce, false, "two").await.unwrap();
    publisher.publish("b/c", "not for it").await;
    publisher.publish("a/d", "three").await;
    subscriber.expect("a/b", QoS::AtLeastOnce, "one").await;
    subscriber.expect("a/c", QoS::AtMostOnce, "two").await;
    subscriber.expect("a/d", QoS::AtLeastOnce, "three").await;
    publisher.disconnect().await;
    subscriber.disconnect().await;
    for client_id in ["publisher", "subscriber"] {
        service.watch.wait_for_end(client_id, DisconnectReason::ClientInitiated).await;
    }
    let broker = service.stop().await;
    assert_eq!((broker.connections(), broker.sessions(), broker.messages()), (0, 0, 0));
}

#[tokio::test]
async fn a_newcomer_takes_over() {
    let service = Service::tcp().await;
    let mut first = Real::new(&service, "same", true);
    first.connect().await;
    let mut second = Real::new(&service, "same", true);
    second.connect().await;
    // It cannot read a DISCONNECT that leaves out its property length, as MQTT 5 (3.14.2.2.1) allows, and reports the end
    // alone; that the reason is sent is tested with a client of our own.
    assert!(first.incoming().await.is_err());
    service.watch.wait_for_end("same", DisconnectReason::DuplicateClientId).await;
    second.subscribe("a", QoS::AtMostOnce).await;
    assert_eq!(service.stop().await.connections(), 0);
}

#[tokio::test]
async fn a_persistent_session_brings_what_came_meanwhile() {
    let service = Service::tcp().await;
    let mut subscriber = Real::new(&service, "keeper", false);
    assert!(!subscriber.connect().await);
    subscriber.subscribe("a", QoS::AtLeastOnce).await;
    subscriber.disconnect().await;
    service.watch.wait_for_end("keeper", DisconnectReason::ClientInitiated).await;
    let mut publisher = Real::new(&service, "publisher", true);
    publisher.connect().await;
    for n in 0..3 {
        publisher.publish("a", &n.to_string()).await;
    }
    let mut subscriber = Real::new(&service, "keeper", false);
    assert!(subscriber.connect().await, "the session is there");
    for n in 0..3 {
        subscriber.expect("a", QoS::AtLeastOnce, &n.to_string()).await;
    }
    subscriber.disconnect().await;
    let broker = service.stop().await;
    assert_eq!((broker.connections(), broker.sessions(), broker.messages()), (0, 1, 0));
}

#[tokio::test]
async fn it_hears_that_the_service_goes_down() {
    let service = Service::tcp().await;
    let mut client = Real::new(&service, "c", true);
    client.connect().await;
    let ((), _) = tokio::join!(
        async {
            assert!(client.incoming().await.is_err());
        },
        service.stop(),
    );
}
