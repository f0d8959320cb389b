//! Judges that see what devices saw, what the wire carried and what the service publishes about itself, never the
//! broker's own state.
//!
//! ```text
//!  devices: sent, acknowledged, received, subscribed ──┐
//!  wire:    CONNACKs, packets, closes of the service ──┼──> Oracles ──> one Verdict a judge
//!  service: declared records of what it discarded ─────┘
//! ```
//!
//! * [`delivery`](Verdict): an acknowledged QoS 1 publish reaches every subscriber entitled to it, or is excused by a
//!   declared record whose rule is recounted here.
//! * `subscription`: nobody receives what they did not subscribe to.
//! * `authorization`: clients do, and get, what their policies allow, and nothing that they allow is denied.
//! * `single-connection`: at most one live connection for a client id.
//!
//! Device shadows have judges of their own, [`ShadowOracles`].
//!
//! The judges match topics their own plain way and keep nothing of a publish that matches no subscription.
//!
//! What the service itself publishes, lifecycle messages, is seen only where it arrives: nobody is owed any, and rates
//! that it takes part in cannot be recounted, so a record of such a rate is believed for a client that listens to it.

mod authorization;
mod clients;
mod delivery;
pub mod naive_policy;
mod recount;
mod shadow;
mod single_connection;
mod subject;
mod subscription;
mod subscriptions;
mod verdict;

use core::ops::Range;
use core::time::Duration;

use squall_profile::switch::HashMatchesParent;
use squall_profile::{Limits, Switches};
use squall_types::{QoS, Timestamp, split_shared};

use crate::authorization::AuthorizationOracle;
use crate::clients::Clients;
use crate::delivery::DeliveryOracle;
use crate::recount::{Direction, Recount};
use crate::single_connection::SingleConnectionOracle;
use crate::subscription::SubscriptionOracle;
use crate::subscriptions::Subscriptions;

pub use shadow::{ShadowOracleConfig, ShadowOracles};
pub use subject::{Subject, SubjectThing};
pub use verdict::{Verdict, Violation};

/// A device, by its number in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey(pub u32);

/// A client id: devices with equal ids are one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(pub u32);

/// A connection, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionNumber(pub u64);

/// Why a message did not reach a client whose policies do not let it have it.
const NOT_AUTHORIZED: &str = "not-authorized";

/// Topics of what the service itself publishes.
const OF_THE_SERVICE: &str = "$aws/events/";

/// Whether a filter, shared or not, can match a topic of the service's own messages.
fn may_hear_the_service(filter: &str) -> bool {
    let plain = split_shared(filter).and_then(Result::ok).map_or(filter, |shared| shared.filter);
    let mut levels = plain.split('/');
    levels.next() == Some("$aws") && matches!(levels.next(), Some("events" | "+" | "#"))
}

/// What the judges have to know of the world.
#[derive(Clone, Copy, Debug)]
pub struct OracleConfig {
    /// Devices in the world; clients are numbered like the first device that speaks as them.
    pub devices: u32,
    /// The limits that the service promises.
    pub limits: Limits,
    /// The disputed behaviours that it chooses.
    pub switches: Switches,
    /// How long a change of the account takes to reach connections.
    pub propagation: Duration,
    /// How long a delivery to a connected subscriber may take before it is missed.
    pub grace: Duration,
    /// How long the network may hold a packet back, so that what left devices over this time can reach the service at
    /// once.
    pub blur: Duration,
}

/// All judges of a run.
#[derive(Debug)]
pub struct Oracles {
    clients: Clients,
    subscriptions: Subscriptions,
    /// Shared ones, by the filter that topics are matched with: they allow, and promise nothing to any one client.
    shared: Subscriptions,
    recount: Recount,
    delivery: DeliveryOracle,
    subscription: SubscriptionOracle,
    authorization: AuthorizationOracle,
    single_connection: SingleConnectionOracle,
}

impl Oracles {
    /// Judges who have seen nothing yet.
    pub fn new(config: OracleConfig) -> Self {
        let hash_matches_parent = config.switches.hash_matches_parent == HashMatchesParent::Yes;
        Self {
            clients: Clients::new(config.devices),
            subscriptions: Subscriptions::new(hash_matches_parent),
            shared: Subscriptions::new(hash_matches_parent),
            recount: Recount::new(&config),
            delivery: DeliveryOracle::new(&config),
            subscription: SubscriptionOracle::default(),
            authorization: AuthorizationOracle::new(&config, hash_matches_parent),
            single_connection: SingleConnectionOracle::default(),
        }
    }

    /// A device sent CONNECT: from now on it speaks as `client`.
    pub fn connect_sent(&mut self, _: Timestamp, device: DeviceKey, client: ClientKey) {
        self.clients.speaks_as(device, client);
    }

    /// CONNACK 0 leaves the service.
    pub fn service_accepted(&mut self, now: Timestamp, connection: ConnectionNumber, client: ClientKey) {
        self.single_connection.accepted(now, connection, client, self.clients.live(client));
        self.clients.accepted(now, client, connection);
    }

    /// Any other packet leaves the service, but for the CONNACK of a refusal: it leaves on a connection that never was
    /// the client's.
    #[inline]
    pub fn service_sent(&mut self, now: Timestamp, connection: ConnectionNumber, client: ClientKey) {
        self.single_connection.sent(now, connection, client, self.clients.live(client));
    }

    /// The service closed a connection, or lost it.
    pub fn connection_closed(&mut self, now: Timestamp, connection: ConnectionNumber, client: ClientKey) {
        self.clients.closed(now, client, connection);
    }

    /// CONNACK 0 reached the device. `session_expiry` is how long the session outlives this connection; zero ends
    /// with it.
    pub fn connected(
        &mut self,
        now: Timestamp,
        device: DeviceKey,
        session_present: bool,
        session_expiry: Duration,
        clean_start: bool,
    ) {
        if self.clients.connected(device, session_present, session_expiry, clean_start) {
            self.delivery.session_lost_early(now, self.clients.of(device));
        }
    }

    /// The device lost its connection.
    pub fn disconnected(&mut self, _: Timestamp, device: DeviceKey) {
        self.clients.disconnected(device);
    }

    /// The device asked for a subscription.
    pub fn subscribing(&mut self, _: Timestamp, device: DeviceKey, filter: &str, qos: QoS) {
        let client = self.clients.of(device);
        let epoch = self.clients.epoch(client);
        if may_hear_the_service(filter) {
            self.recount.listens_to_service(client);
        }
        match split_shared(filter) {
            Some(Ok(shared)) => {
                self.authorization.joins_group(client, &shared);
                self.shared.requested(shared.filter, client, epoch, qos);
            }
            _ => self.subscriptions.requested(filter, client, epoch, qos),
        }
    }

    /// The answer reached the device; `None` is a refusal.
    pub fn subscribed(&mut self, _: Timestamp, device: DeviceKey, filter: &str, granted: Option<QoS>) {
        let client = self.clients.of(device);
        let epoch = self.clients.epoch(client);
        match split_shared(filter) {
            Some(Ok(shared)) => self.shared.answered_for_group(shared.filter, client, epoch, granted),
            _ => self.subscriptions.answered(filter, client, epoch, granted),
        }
    }

    /// A PUBLISH left a device, `first` or repeated.
    #[inline]
    pub fn publish_sent(
        &mut self,
        now: Timestamp,
        publisher: DeviceKey,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        first: bool,
    ) {
        let client = self.clients.of(publisher);
        self.recount.published(now, client, Direction::In);
        if first {
            self.track(now, Some(client), topic, payload, qos);
        }
    }

    /// The answer to a PUBLISH reached its device.
    #[inline]
    pub fn publish_acked(
        &mut self,
        now: Timestamp,
        publisher: DeviceKey,
        topic: &str,
        payload: &[u8],
        accepted: bool,
    ) {
        self.delivery.answered(now, Some(self.clients.of(publisher)), topic, payload, accepted);
    }

    /// A caller published a message and has the answer.
    pub fn call_published(&mut self, now: Timestamp, topic: &str, payload: &[u8], qos: QoS, accepted: bool) {
        if accepted {
            self.track(now, None, topic, payload, qos);
            self.delivery.answered(now, None, topic, payload, true);
        }
    }

    fn track(&mut self, now: Timestamp, publisher: Option<ClientKey>, topic: &str, payload: &[u8], qos: QoS) {
        let Self { clients, subscriptions, shared, recount, delivery, .. } = self;
        delivery.begin();
        // Any member of a group may get it, so nobody in particular is owed it.
        shared.matching(topic, |holder| recount.published(now, holder.client, Direction::Out));
        subscriptions.matching(topic, |holder| {
            if holder.epoch == clients.epoch(holder.client) {
                recount.published(now, holder.client, Direction::Out);
                if qos >= QoS::AtLeastOnce && holder.granted >= Some(QoS::AtLeastOnce) {
                    delivery.expect(now, publisher, topic, payload, holder.client, holder.epoch);
                }
            }
        });
    }

    /// From the start of the run these clients, by number, have certificates with these policies; whoever is named in no
    /// such call is allowed everything.
    pub fn restrict(&mut self, clients: Range<u32>, policies: &[&str]) {
        self.authorization.restrict(clients, policies);
    }

    /// What these clients may do, an authorizer says.
    pub fn leave_to_authorizer(&mut self, clients: Range<u32>) {
        self.authorization.leave_to_authorizer(clients);
    }

    /// The account has made this document the one that counts of a policy.
    pub fn policy_in_force(&mut self, now: Timestamp, name: &str, document: &str) {
        self.authorization.in_force(now, name, document);
    }

    /// The account has attached a policy to a client's certificate, or detached it.
    pub fn policy_changed(&mut self, now: Timestamp, client: ClientKey, name: &str, attached: bool) {
        self.authorization.changed(now, client, name, attached);
    }

    /// The service declares that it denied `action` (as `iot:Receive`) on a client id, topic or filter.
    pub fn denied(
        &mut self,
        now: Timestamp,
        client: Option<ClientKey>,
        action: &str,
        name: &str,
        subject: impl FnOnce() -> Subject,
    ) {
        let Some(client) = client.filter(|client| self.authorization.concerns(*client)) else {
            return self.authorization.denied_to_nobody(now, client, action, name);
        };
        if !self.authorization.denied(now, client, action, name, subject) {
            return;
        }
        match action {
            // No judge waits for what the service itself publishes.
            "iot:Receive" if name.starts_with(OF_THE_SERVICE) => {}
            "iot:Receive" => self.delivery.excuse(now, client, name, NOT_AUTHORIZED),
            "iot:Publish" | "iot:RetainPublish" => self.delivery.publish_denied(now, client, name),
            _ => {}
        }
    }

    /// A device has learnt by CONNACK 0 that the service let it in. The same sample is judged as in
    /// [`Oracles::let_through`].
    pub fn let_in(&mut self, now: Timestamp, device: DeviceKey, subject: impl FnOnce() -> Subject) {
        let client = self.clients.of(device);
        if self.authorization.concerns(client) && self.authorization.samples(client) {
            let subject = subject();
            let client_id = subject.client_id.clone();
            self.authorization.let_through(now, client, "iot:Connect", &client_id, || subject);
        }
    }

    /// A device has learnt that the service let it do `action` on a topic or filter: `iot:Subscribe` by a SUBACK that
    /// grants, `iot:Publish` (and `iot:RetainPublish`) by a PUBACK without error, unless the service acknowledges what it
    /// denies. Of more than 2,000 clients that are held to policies a sample is
    /// judged.
    pub fn let_through(
        &mut self,
        now: Timestamp,
        device: DeviceKey,
        action: &str,
        name: &str,
        subject: impl FnOnce() -> Subject,
    ) {
        let client = self.clients.of(device);
        if self.authorization.concerns(client) && self.authorization.samples(client) {
            self.authorization.let_through(now, client, action, name, subject);
        }
    }

    /// A PUBLISH reached a device.
    #[inline]
    pub fn received(
        &mut self,
        now: Timestamp,
        device: DeviceKey,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        subject: impl FnOnce() -> Subject,
    ) {
        let client = self.clients.of(device);
        if self.authorization.concerns(client) {
            self.authorization.received(now, client, topic, subject);
        }
        let epoch = self.clients.epoch_of_device(device);
        if self.shared.allows(client, epoch, topic, qos) {
            self.subscription.received_for_group();
        } else {
            self.subscription.received(now, &self.subscriptions, client, epoch, topic, qos);
        }
        self.delivery.received(client, self.clients.epoch(client), topic, payload, qos);
    }

    /// The service declares that it discarded a message to, or of, a client under a rule.
    pub fn discarded(&mut self, now: Timestamp, client: Option<ClientKey>, topic: &str, rule: &'static str) {
        let Some(client) = client else {
            return self.delivery.violated(now, None, format!("{rule}: a record that names no known client"));
        };
        if topic.starts_with(OF_THE_SERVICE) {
            // No judge waits for it, so the record excuses nothing.
            return;
        }
        match self.recount.applies(now, client, rule) {
            // What was not taken in was not acknowledged, so no delivery of it is owed to anybody.
            Ok(()) if recount::IS_ABOUT_PUBLISHER.contains(&rule) => {}
            Ok(()) => self.delivery.excuse(now, client, topic, rule),
            Err(found) => {
                self.delivery.violated(
                    now,
                    Some(client),
                    format!("declared {rule} for {topic}, but {found}"),
                );
            }
        }
    }

    /// The service declares that it stored a message for an offline session.
    pub fn queued(&mut self, now: Timestamp) {
        self.recount.queued(now);
    }

    /// QoS 1 messages that clients received more often than they were published to them.
    pub fn duplicates(&self) -> u64 {
        self.delivery.duplicates()
    }

    /// When each acknowledged message that did not reach a subscriber yet was sent, in an order that repeats itself.
    pub fn outstanding(&self) -> impl Iterator<Item = Timestamp> {
        self.delivery.outstanding()
    }

    /// The verdicts at the end of the run. `connected_since` tells for each device since when it is connected.
    pub fn finish(
        mut self,
        now: Timestamp,
        connected_since: impl Fn(DeviceKey) -> Option<Timestamp>,
    ) -> Vec<Verdict> {
        self.delivery.finish(now, &self.clients, connected_since);
        vec![
            self.delivery.into_verdict(),
            self.subscription.into_verdict(),
            self.authorization.into_verdict(),
            self.single_connection.into_verdict(),
        ]
    }
}
