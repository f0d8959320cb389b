//! A bench that speaks the domain: histories as devices, wire and service would show them.

use core::time::Duration;

use squall_oracle::{
    ClientKey, ConnectionNumber, DeviceKey, OracleConfig, Oracles, Subject, SubjectThing, Verdict,
};
use squall_profile::Profile;
use squall_types::{QoS, Timestamp};

pub(crate) const HOUR: u64 = 3_600;

/// Judges, a clock, and for each device since when it is connected and on which connection.
pub(crate) struct Bench {
    pub(crate) oracles: Oracles,
    now: Timestamp,
    connections: u64,
    devices: Vec<Device>,
}

#[derive(Clone, Copy)]
struct Device {
    client: u32,
    connection: u64,
    since: Option<Timestamp>,
}

/// A client that is attached to the thing of its name.
pub(crate) fn subject(client: u32) -> Subject {
    let client_id = format!("client-{client}");
    let thing = Some(SubjectThing { name: client_id.clone(), ..SubjectThing::default() });
    Subject { client_id, thing, ..Subject::default() }
}

impl Bench {
    /// Four devices, each its own client.
    pub(crate) fn new() -> Self {
        Self::of_profile(&Profile::named("aws-current").unwrap())
    }

    /// The same under another profile.
    pub(crate) fn of_profile(profile: &Profile) -> Self {
        let config = OracleConfig {
            devices: 4,
            limits: profile.limits,
            switches: profile.switches,
            propagation: Duration::from_secs(60),
            grace: Duration::from_secs(30),
            blur: Duration::from_secs(9),
        };
        Self {
            oracles: Oracles::new(config),
            now: Timestamp::ZERO,
            connections: 0,
            devices: (0..4).map(|client| Device { client, connection: 0, since: None }).collect(),
        }
    }

    /// Two devices share one client id.
    pub(crate) fn same_client(mut self, one: u32, other: u32) -> Self {
        self.devices[other as usize].client = self.devices[one as usize].client;
        self
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now = Timestamp(self.now.0 + seconds * 1_000_000_000);
    }

    /// A whole CONNECT, with a session that outlives the connection by an hour.
    pub(crate) fn connect(&mut self, device: u32, session_present: bool) {
        self.connect_with(device, session_present, HOUR, false);
    }

    pub(crate) fn connect_with(
        &mut self,
        device: u32,
        session_present: bool,
        expiry: u64,
        clean_start: bool,
    ) {
        self.connections += 1;
        let connection = self.connections;
        let client = self.devices[device as usize].client;
        let key = ConnectionNumber(connection);
        self.oracles.connect_sent(self.now, DeviceKey(device), ClientKey(client));
        self.oracles.service_accepted(self.now, key, ClientKey(client));
        let expiry = Duration::from_secs(expiry);
        self.oracles.connected(self.now, DeviceKey(device), session_present, expiry, clean_start);
        self.devices[device as usize] = Device { client, connection, since: Some(self.now) };
    }

    /// The service closes the connection, or loses it.
    pub(crate) fn close_at_service(&mut self, device: u32) {
        let Device { client, connection, .. } = self.devices[device as usize];
        self.oracles.connection_closed(self.now, ConnectionNumber(connection), ClientKey(client));
    }

    /// Both sides lose the connection.
    pub(crate) fn disconnect(&mut self, device: u32) {
        self.close_at_service(device);
        self.oracles.disconnected(self.now, DeviceKey(device));
        self.devices[device as usize].since = None;
    }

    /// A packet leaves the service on the device's connection.
    pub(crate) fn service_sends(&mut self, device: u32) {
        let Device { client, connection, .. } = self.devices[device as usize];
        self.oracles.service_sent(self.now, ConnectionNumber(connection), ClientKey(client));
    }

    pub(crate) fn subscribe(&mut self, device: u32, filter: &str, qos: u8) {
        self.request(device, filter, qos);
        self.oracles.subscribed(self.now, DeviceKey(device), filter, QoS::from_bits(qos));
    }

    /// SUBSCRIBE without an answer yet.
    pub(crate) fn request(&mut self, device: u32, filter: &str, qos: u8) {
        self.oracles.subscribing(self.now, DeviceKey(device), filter, QoS::from_bits(qos).unwrap());
    }

    pub(crate) fn send(&mut self, device: u32, topic: &str, payload: &str) {
        self.send_at(device, topic, payload, 1);
    }

    pub(crate) fn send_at(&mut self, device: u32, topic: &str, payload: &str, qos: u8) {
        let qos = QoS::from_bits(qos).unwrap();
        self.oracles.publish_sent(self.now, DeviceKey(device), topic, payload.as_bytes(), qos, true);
    }

    pub(crate) fn ack(&mut self, device: u32, topic: &str, payload: &str) {
        self.oracles.publish_acked(self.now, DeviceKey(device), topic, payload.as_bytes(), true);
    }

    pub(crate) fn refuse(&mut self, device: u32, topic: &str, payload: &str) {
        self.oracles.publish_acked(self.now, DeviceKey(device), topic, payload.as_bytes(), false);
    }

    /// A publish and its acknowledgement.
    pub(crate) fn publish(&mut self, device: u32, topic: &str, payload: &str) {
        self.send(device, topic, payload);
        self.ack(device, topic, payload);
    }

    pub(crate) fn receive(&mut self, device: u32, topic: &str, payload: &str) {
        self.receive_at(device, topic, payload, 1);
    }

    pub(crate) fn receive_at(&mut self, device: u32, topic: &str, payload: &str, qos: u8) {
        let qos = QoS::from_bits(qos).unwrap();
        let subject = || subject(self.devices[device as usize].client);
        self.oracles.received(self.now, DeviceKey(device), topic, payload.as_bytes(), qos, subject);
    }

    pub(crate) fn discarded(&mut self, client: u32, topic: &str, rule: &'static str) {
        self.oracles.discarded(self.now, Some(ClientKey(client)), topic, rule);
    }

    pub(crate) fn denied(&mut self, client: u32, action: &str, name: &str) {
        self.oracles.denied(self.now, Some(ClientKey(client)), action, name, || subject(client));
    }

    /// The device learns that the service let it do something.
    pub(crate) fn let_through(&mut self, device: u32, action: &str, name: &str) {
        let client = self.devices[device as usize].client;
        self.oracles.let_through(self.now, DeviceKey(device), action, name, || subject(client));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Ends the run now.
    pub(crate) fn finish(self) -> Verdicts {
        let devices = self.devices;
        Verdicts(self.oracles.finish(self.now, |device| devices[device.0 as usize].since))
    }

    /// Ends the run ten minutes later, when nothing can be under way any more.
    pub(crate) fn finish_later(mut self) -> Verdicts {
        self.wait(600);
        self.finish()
    }
}

/// The verdicts by name.
pub(crate) struct Verdicts(pub(crate) Vec<Verdict>);

impl Verdicts {
    pub(crate) fn of(&self, name: &str) -> &Verdict {
        self.0.iter().find(|verdict| verdict.name == name).unwrap()
    }

    #[track_caller]
    pub(crate) fn expect(&self, delivery: u64, subscription: u64, single_connection: u64) {
        let found = ["delivery", "subscription", "single-connection"].map(|name| self.of(name).violations);
        assert_eq!(found, [delivery, subscription, single_connection], "{:#?}", self.0);
    }

    #[track_caller]
    pub(crate) fn excused(&self, rule: &str, count: u64) {
        assert_eq!(self.of("delivery").excused.get(rule).copied(), Some(count), "{:#?}", self.0);
        self.expect(0, 0, 0);
    }
}
