//! What all devices of a fleet have in common.

use core::time::Duration;

use squall_types::{Chance, Owner, ProtocolVersion, Purpose, QoS, Template, TemplateContext, Timestamp};

use crate::{BackOff, Provisioning, ShadowHabits};

/// The firmware and its settings: one for a fleet.
#[derive(Clone, Debug)]
pub struct DeviceProfile {
    /// The fleet's name; a device's thing name is `NAME-INDEX`.
    pub fleet: String,
    /// The dice of the run.
    pub chance: Chance,
    /// Client id; per device.
    pub client_id: Template,
    /// What CONNECT carries beside it.
    pub credentials: Credentials,
    /// How a device gets its identity; `None` if it has one.
    pub provisioning: Option<Provisioning>,
    /// Protocol version.
    pub version: ProtocolVersion,
    /// Keep alive asked for, in seconds.
    pub keep_alive_seconds: u16,
    /// Clean Start, or Clean Session in 3.1.1.
    pub clean_start: bool,
    /// Session Expiry Interval of MQTT 5, in seconds.
    pub session_expiry_seconds: u32,
    /// From the first SYN to the CONNACK.
    pub connect_timeout: Duration,
    /// How it waits between attempts.
    pub back_off: BackOff,
    /// What becomes of a publish that falls due while offline.
    pub offline: Offline,
    /// What it subscribes to.
    pub subscriptions: Vec<SubscriptionPattern>,
    /// What it publishes; at most 256.
    pub publishes: Vec<PublishPattern>,
    /// What it does with shadows, one for each; at most 256.
    pub shadows: Vec<ShadowHabits>,
}

/// User name and password of a CONNECT; per device.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// User name.
    pub username: Option<Template>,
    /// Password.
    pub password: Option<Template>,
}

/// What becomes of a publish that falls due while offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offline {
    /// It is lost.
    Drop,
    /// It waits, at most this many; the one that finds the queue full is lost, as in common device SDKs.
    Queue(u32),
}

/// One subscription.
#[derive(Clone, Debug)]
pub struct SubscriptionPattern {
    /// Topic filter; per device.
    pub filter: Template,
    /// Requested QoS.
    pub qos: QoS,
}

/// One periodic publish.
#[derive(Clone, Debug)]
pub struct PublishPattern {
    /// Topic name; per device.
    pub topic: Template,
    /// Time between two publishes.
    pub every: Duration,
    /// QoS 0 or 1.
    pub qos: QoS,
    /// Payload.
    pub payload: Template,
}

impl DeviceProfile {
    /// The owner of the draws of device `index`.
    pub fn owner(&self, index: u32) -> Owner {
        Owner::named(&self.fleet).member(u64::from(index))
    }

    /// What templates of device `index` are rendered with.
    pub fn context(&self, index: u32, pattern: u8, counter: u64) -> TemplateContext<'_> {
        TemplateContext {
            fleet: &self.fleet,
            index,
            counter,
            chance: self.chance,
            owner: self.owner(index),
            pattern,
        }
    }

    /// When the `n`-th publish of a pattern falls due at a device that began at `started`: a phase drawn once,
    /// then every period.
    pub fn due(&self, index: u32, pattern: u8, n: u32, started: Timestamp) -> Timestamp {
        let every = self.publishes[usize::from(pattern)].every.as_nanos() as u64;
        let owner = self.owner(index);
        let phase = self.chance.below(owner, Purpose::PublishPhase, u64::from(pattern), every);
        started.plus_nanos(phase.saturating_add(every.saturating_mul(u64::from(n))))
    }
}
