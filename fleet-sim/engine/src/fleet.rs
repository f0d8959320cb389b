//! Fleets as the engine runs them: where their devices lie, what they do, which client each speaks as.

use core::time::Duration;

use hashbrown::HashMap;
use squall_device::{
    BackOff, Credential, Credentials, DeviceProfile, Offline, PublishPattern, Strategy, SubscriptionPattern,
};
use squall_profile::Limits;
use squall_scenario::{BackOffStrategy, CertificateExpiry, Fleet, Identity, Offline as OfflineRule, Rights};
use squall_types::{CertificateId, Chance, Owner, ProtocolVersion, Purpose, Template, Timestamp, WallTime};

use crate::account::Entrance;
use crate::link::{Network, nanos};
use crate::provisioning;
use crate::shadow;

/// One fleet of a running world.
#[derive(Debug)]
pub(crate) struct FleetRun {
    pub(crate) profile: DeviceProfile,
    pub(crate) network: Network,
    pub(crate) owner: Owner,
    /// The world's number of its first device.
    pub(crate) first: u32,
    pub(crate) devices: u32,
    /// For each publish pattern: whether anybody could be subscribed to its topics.
    pub(crate) may_be_received: Vec<bool>,
    /// How long a session of a device outlives its connection, as device and service agree.
    pub(crate) session_expiry: Duration,
    pub(crate) entrance: Entrance,
    /// Whether its devices are the same MQTT clients while they come with a claim.
    pub(crate) claims_as_itself: bool,
    /// What its certificates are held to.
    pub(crate) rights: Option<Rights>,
    start_at: u64,
    start_over: u64,
}

impl FleetRun {
    pub(crate) fn new(
        fleet: &Fleet,
        entrance: Entrance,
        first: u32,
        chance: Chance,
        limits: &Limits,
        all: &[Fleet],
    ) -> Self {
        let credentials = match &fleet.identity {
            Identity::CustomAuthorizer(custom) => {
                Credentials { username: custom.username.clone(), password: custom.password.clone() }
            }
            Identity::Registered(_)
            | Identity::Jitp(_)
            | Identity::Jitr(_)
            | Identity::Claim(_)
            | Identity::TrustedUser(_) => Credentials::default(),
        };
        let profile = DeviceProfile {
            fleet: fleet.name.clone(),
            chance,
            client_id: fleet.client_id.clone(),
            credentials,
            provisioning: provisioning::firmware(&fleet.identity),
            version: fleet.mqtt.version,
            keep_alive_seconds: u16::try_from(fleet.mqtt.keep_alive.as_secs()).unwrap_or(u16::MAX),
            clean_start: fleet.mqtt.clean_start,
            session_expiry_seconds: u32::try_from(fleet.mqtt.session_expiry.as_secs()).unwrap_or(u32::MAX),
            connect_timeout: fleet.connect_timeout,
            back_off: BackOff {
                strategy: match fleet.reconnect.strategy {
                    BackOffStrategy::None => Strategy::None,
                    BackOffStrategy::Fixed => Strategy::Fixed,
                    BackOffStrategy::Exponential => Strategy::Exponential,
                    BackOffStrategy::EqualJitter => Strategy::EqualJitter,
                    BackOffStrategy::FullJitter => Strategy::FullJitter,
                    BackOffStrategy::DecorrelatedJitter => Strategy::DecorrelatedJitter,
                },
                base: fleet.reconnect.base,
                cap: fleet.reconnect.cap,
            },
            offline: match fleet.offline {
                OfflineRule::Drop => Offline::Drop,
                OfflineRule::Queue(limit) => Offline::Queue(limit),
            },
            subscriptions: fleet
                .subscriptions
                .iter()
                .map(|subscription| SubscriptionPattern {
                    filter: subscription.filter.clone(),
                    qos: subscription.qos,
                })
                .collect(),
            publishes: fleet
                .publishes
                .iter()
                .map(|publish| PublishPattern {
                    topic: publish.topic.clone(),
                    every: publish.every,
                    qos: publish.qos,
                    payload: publish.payload.clone(),
                })
                .collect(),
            shadows: shadow::habits(fleet),
        };
        let may_be_received = fleet
            .publishes
            .iter()
            .map(|publish| {
                all.iter()
                    .flat_map(|fleet| &fleet.subscriptions)
                    .any(|subscription| may_match(subscription.filter.source(), publish.topic.source()))
            })
            .collect();
        Self {
            owner: Owner::named(&fleet.name),
            network: Network::new(&fleet.network),
            profile,
            first,
            devices: fleet.devices,
            may_be_received,
            session_expiry: agreed_expiry(fleet, limits),
            entrance,
            claims_as_itself: match &fleet.identity {
                Identity::Claim(asked) | Identity::TrustedUser(asked) => {
                    asked.client_id.source() == fleet.client_id.source()
                }
                Identity::Registered(_)
                | Identity::CustomAuthorizer(_)
                | Identity::Jitp(_)
                | Identity::Jitr(_) => false,
            },
            rights: match &fleet.identity {
                Identity::Registered(registered) => registered.rights.clone(),
                Identity::CustomAuthorizer(_)
                | Identity::Jitp(_)
                | Identity::Jitr(_)
                | Identity::Claim(_)
                | Identity::TrustedUser(_) => None,
            },
            start_at: nanos(fleet.start.at),
            start_over: nanos(fleet.start.over),
        }
    }

    /// Whether the judges follow a connection: they follow the client that the device is, not another one that it gets
    /// its identity as.
    pub(crate) fn is_judged(&self, credential: Credential) -> bool {
        credential == Credential::Own || self.claims_as_itself
    }

    /// The certificate of a device.
    pub(crate) fn certificate(&self, index: u32) -> CertificateId {
        CertificateId::of(self.owner.member(index.into()))
    }

    /// When the certificate of a device expires: somewhere in the span, by a draw of the device's.
    pub(crate) fn expiry_of(&self, epoch: WallTime, expires: CertificateExpiry, index: u32) -> WallTime {
        let owner = self.owner.member(index.into());
        let over = nanos(expires.over);
        let late = self.profile.chance.below(owner, Purpose::CertificateExpiry, 0, over);
        WallTime(epoch.0.saturating_add(nanos(expires.after)).saturating_add(late))
    }

    /// A device's text.
    pub(crate) fn rendered(&self, template: &Template, index: u32) -> String {
        let mut text = String::new();
        template.render(&self.profile.context(index, 0, 0), &mut text);
        text
    }

    /// When a device of the fleet first wants to be connected.
    pub(crate) fn start_of(&self, chance: Chance, index: u32) -> Timestamp {
        let owner = self.owner.member(index.into());
        Timestamp(self.start_at).plus_nanos(chance.below(owner, Purpose::Start, 0, self.start_over))
    }
}

/// `broker.md` 3.4 and row 2.18: the account's maximum bounds what MQTT 5 asks for, and is what 3.1.1 gets.
fn agreed_expiry(fleet: &Fleet, limits: &Limits) -> Duration {
    let account = Duration::from_secs(limits.session_expiry_seconds.into());
    match fleet.mqtt.version {
        ProtocolVersion::V311 if fleet.mqtt.clean_start => Duration::ZERO,
        ProtocolVersion::V311 => account,
        ProtocolVersion::V5 => fleet.mqtt.session_expiry.min(account),
    }
}

/// Whether some device's rendering of `filter` could match some device's rendering of `topic`. May say yes too
/// often, never no: a level with a placeholder could be anything.
fn may_match(filter: &str, topic: &str) -> bool {
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some(filter), Some(topic))
                if filter == "+" || filter == topic || filter.contains("{{") || topic.contains("{{") => {}
            _ => return false,
        }
    }
}

/// Which client each device speaks as: devices with equal client ids are one client.
#[derive(Debug)]
pub(crate) struct Clients {
    /// `None` while every device is its own client, which holds for the default client id.
    by_device: Option<Vec<u32>>,
    by_id: HashMap<String, u32, foldhash::fast::FixedState>,
}

impl Clients {
    pub(crate) fn new(fleets: &[FleetRun]) -> Self {
        let mut by_id = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(1));
        if fleets.iter().all(|fleet| fleet.profile.client_id.source() == "{{thing}}") {
            return Self { by_device: None, by_id };
        }
        let mut by_device = Vec::new();
        let mut id = String::new();
        for fleet in fleets {
            for index in 0..fleet.devices {
                id.clear();
                fleet.profile.client_id.render(&fleet.profile.context(index, 0, 0), &mut id);
                let device = fleet.first + index;
                by_device.push(*by_id.entry_ref(id.as_str()).or_insert(device));
            }
        }
        Self { by_device: Some(by_device), by_id }
    }

    /// The client that a device speaks as.
    #[inline]
    pub(crate) fn of_device(&self, device: u32) -> u32 {
        self.by_device.as_ref().map_or(device, |clients| clients[device as usize])
    }

    /// The client with this id.
    pub(crate) fn named(&self, fleets: &[FleetRun], id: &str) -> Option<u32> {
        if self.by_device.is_some() {
            return self.by_id.get(id).copied();
        }
        let (name, index) = id.rsplit_once('-')?;
        let fleet = fleets.iter().find(|fleet| fleet.profile.fleet == name)?;
        index.parse().ok().filter(|index| *index < fleet.devices).map(|index: u32| fleet.first + index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_nobody_can_receive_is_told_from_one_that_somebody_may() {
        for (filter, topic, expected) in [
            ("commands/{{thing}}", "sensors/{{thing}}/telemetry", false),
            ("commands/{{thing}}", "commands/all", true),
            ("sensors/+/telemetry", "sensors/{{thing}}/telemetry", true),
            ("sensors/#", "sensors/{{thing}}/telemetry", true),
            ("sensors/{{index}}", "sensors/{{thing}}/telemetry", false),
            ("#", "a", true),
        ] {
            assert_eq!(may_match(filter, topic), expected, "{filter} {topic}");
        }
    }
}
