//! The devices' side of the network.

use core::time::Duration;

use squall_core::Tag;
use squall_device::{
    Credential, DeviceFact, DeviceInput, DeviceSink, ProvisioningStep, ShadowFact, TimerToken,
    TransportFailure,
};
use squall_oracle::{ClientKey, DeviceKey, Oracles, ShadowOracles};
use squall_results::ProvisioningFailures;
use squall_types::{Purpose, QoS, Timestamp};

use crate::account;
use crate::event::{Event, LinkKey, SegmentKey};
use crate::fingerprint::ItemKind;
use crate::fleet::FleetRun;
use crate::identities::FieldDevices;
use crate::link::{Direction, ServiceSide};
use crate::measure::Measure;
use crate::segment::Segments;
use crate::shadow;
use crate::stranded::{Failure, FailureLog};
use crate::world::World;

/// Why a device waits in vain, as far as it can tell.
const NOT_SUBSCRIBED: &str = "it was not granted the topics of the answer";
const NO_MESSAGE: &str = "its request was published, and nothing came back";

/// What a device asked for while it handled one input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Open { credential: Credential },
    Send { segment: SegmentKey },
    Close,
    Arm { at: Timestamp, token: TimerToken },
}

/// Collects what one input makes a device do.
struct EndpointSink<'w> {
    now: Timestamp,
    device: u32,
    client: u32,
    /// The number of its fleet.
    number: usize,
    fleet: &'w FleetRun,
    field: &'w mut FieldDevices,
    failures: &'w mut FailureLog,
    segments: &'w mut Segments,
    actions: &'w mut Vec<Action>,
    measure: &'w mut Measure,
    oracles: Option<&'w mut Oracles>,
    shadow_oracles: Option<&'w mut ShadowOracles>,
    /// Whether a PUBACK says nothing of whether the publish was allowed (`broker.md` 0.13).
    acknowledges_denied: bool,
}

impl DeviceSink for EndpointSink<'_> {
    fn open(&mut self, credential: Credential) {
        self.actions.push(Action::Open { credential });
    }

    #[inline]
    fn send(&mut self, bytes: &[u8]) {
        self.actions.push(Action::Send { segment: self.segments.insert(bytes) });
    }

    fn close(&mut self) {
        self.actions.push(Action::Close);
    }

    #[inline]
    fn arm(&mut self, at: Timestamp, token: TimerToken) {
        self.actions.push(Action::Arm { at, token });
    }

    #[inline]
    fn fact(&mut self, fact: DeviceFact<'_>) {
        let may_be_received = match fact {
            DeviceFact::PublishSent { pattern, .. } => self.fleet.may_be_received[usize::from(pattern)],
            _ => false,
        };
        self.measure.device_fact(self.now, &fact, may_be_received);
        if self.fleet.profile.provisioning.is_some() {
            self.on_the_way(&fact);
        }
        self.with_shadows(&fact);
        let Some(oracles) = &mut self.oracles else { return };
        let (now, device) = (self.now, DeviceKey(self.device));
        let subject = || account::subject(self.fleet, self.device);
        match fact {
            DeviceFact::ConnectSent { credential, .. } if self.fleet.is_judged(credential) => {
                oracles.connect_sent(now, device, ClientKey(self.client));
            }
            // A clean session in place of the one that the client may have had, and nothing kept.
            DeviceFact::ClaimConnected { .. } if self.fleet.claims_as_itself => {
                oracles.connected(now, device, false, Duration::ZERO, true);
            }
            DeviceFact::ClaimConnectionLost { .. }
            | DeviceFact::ProvisioningRejected { .. }
            | DeviceFact::ProvisioningTimedOut { .. }
            | DeviceFact::Provisioned { certificate_id: Some(_), .. }
                if self.fleet.claims_as_itself =>
            {
                oracles.disconnected(now, device);
            }
            DeviceFact::Connected { session_present, .. } => {
                let profile = &self.fleet.profile;
                let expiry = self.fleet.session_expiry;
                oracles.connected(now, device, session_present, expiry, profile.clean_start);
                oracles.let_in(now, device, subject);
            }
            DeviceFact::ConnectionLost { .. } => oracles.disconnected(now, device),
            DeviceFact::Subscribing { filter, qos } => oracles.subscribing(now, device, filter, qos),
            DeviceFact::Subscribed { filter, code } => {
                let granted = if code.is_error() { None } else { QoS::from_bits(code.to_u8()) };
                oracles.subscribed(now, device, filter, granted);
                if granted.is_some() {
                    oracles.let_through(now, device, "iot:Subscribe", filter, subject);
                }
            }
            DeviceFact::PublishSent { topic, payload, qos, first, .. } => {
                oracles.publish_sent(now, device, topic, payload, qos, first);
            }
            DeviceFact::PublishAcked { topic, payload, code, .. } => {
                oracles.publish_acked(now, device, topic, payload, !code.is_error());
                if !code.is_error() && !self.acknowledges_denied {
                    oracles.let_through(now, device, "iot:Publish", topic, subject);
                }
            }
            DeviceFact::Received { topic, payload, qos } => {
                oracles.received(now, device, topic, payload, qos, subject);
            }
            DeviceFact::AttemptBegan
            | DeviceFact::AttemptFailed { .. }
            | DeviceFact::PublishDropped
            | DeviceFact::ProtocolViolation => {}
            // What is said on a connection with a claim is no business of the device's own session.
            DeviceFact::ConnectSent { .. }
            | DeviceFact::ClaimConnected { .. }
            | DeviceFact::ClaimConnectionLost { .. }
            | DeviceFact::CertificateReceived { .. }
            | DeviceFact::Provisioned { .. }
            | DeviceFact::ProvisioningRejected { .. }
            | DeviceFact::ProvisioningTimedOut { .. }
            | DeviceFact::GaveUp { .. }
            | DeviceFact::PowerLost { .. } => {}
            // A request of a shadow is a publish like any other.
            DeviceFact::Shadow {
                fact: &ShadowFact::RequestSent { topic, payload, qos, first, .. }, ..
            } => {
                oracles.publish_sent(now, device, topic, payload, qos, first);
            }
            DeviceFact::Shadow { fact: &ShadowFact::RequestAcked { topic, payload, code }, .. } => {
                oracles.publish_acked(now, device, topic, payload, !code.is_error());
                if !code.is_error() && !self.acknowledges_denied {
                    oracles.let_through(now, device, "iot:Publish", topic, subject);
                }
            }
            DeviceFact::Shadow { .. } => {}
        }
    }
}

impl EndpointSink<'_> {
    /// What a device does that may be about a shadow.
    #[inline]
    fn with_shadows(&mut self, fact: &DeviceFact<'_>) {
        let oracles = self.shadow_oracles.as_deref_mut();
        match *fact {
            DeviceFact::PublishSent { topic, payload, first, .. } if oracles.is_some() => {
                shadow::show_publish(oracles, self.now, topic, payload, first);
            }
            DeviceFact::Shadow { shadow, fact } => {
                if let ShadowFact::RequestSent { topic, payload, first, .. } = *fact {
                    shadow::show_publish(oracles, self.now, topic, payload, first);
                }
                let index = self.device - self.fleet.first;
                shadow::device_fact(self.now, self.fleet, index, shadow, fact, self.measure);
            }
            _ => {}
        }
    }

    /// What a device says that gets its identity in the field.
    fn on_the_way(&mut self, fact: &DeviceFact<'_>) {
        let index = self.device - self.fleet.first;
        if let Some((operation, began)) = self.field.device_fact(self.number, index, fact) {
            self.measure.record(operation, began, self.now);
        }
        if let DeviceFact::ProvisioningTimedOut { waiting_for } = *fact {
            let (step, details) = match waiting_for {
                ProvisioningStep::CreateSubscription => ("CreateCertificate", NOT_SUBSCRIBED),
                ProvisioningStep::Certificate => ("CreateCertificate", NO_MESSAGE),
                ProvisioningStep::RegisterSubscription => ("RegisterThing", NOT_SUBSCRIBED),
                ProvisioningStep::Registration => ("RegisterThing", NO_MESSAGE),
            };
            let failure = Failure { step, error: ProvisioningFailures::NO_ANSWER, details };
            self.failures.add(self.now, Tag(self.number as u16), self.device, failure);
        }
    }
}

impl World {
    /// Gives a device one input and does what it asks for.
    #[inline]
    pub(crate) fn drive(&mut self, device: u32, input: DeviceInput<'_>) {
        let number = self.fleet_of(device);
        let fleet = &self.fleets[number];
        let mut actions = std::mem::take(&mut self.actions);
        let mut sink = EndpointSink {
            now: self.now,
            device,
            client: self.clients.of_device(device),
            number,
            fleet,
            field: &mut self.field,
            failures: &mut self.failures,
            segments: &mut self.segments,
            actions: &mut actions,
            measure: &mut self.measure,
            oracles: self.oracles.as_mut(),
            shadow_oracles: self.shadow_oracles.as_mut(),
            acknowledges_denied: self.acknowledges_denied,
        };
        self.devices[device as usize].handle(&fleet.profile, &mut self.scratch, self.now, input, &mut sink);
        for action in actions.drain(..) {
            match action {
                Action::Arm { at, token } => self.wheel.push(at, Event::DeviceTimer { device, token }),
                Action::Send { segment } => self.send_from_device(device, segment),
                Action::Open { credential } => self.open(device, credential),
                Action::Close => self.close_from_device(device),
            }
        }
        self.actions = actions;
    }

    fn open(&mut self, device: u32, credential: Credential) {
        if credential == Credential::Claim {
            self.hand_out_claim(device);
        }
        let site = &mut self.sites[device as usize];
        debug_assert!(site.link == LinkKey::NONE, "a device holds one transport at a time");
        let attempt = site.attempts;
        site.attempts += 1;
        let nodes = self.nodes.len() as u64;
        let node = self.chance.below(self.owner(device), Purpose::Node, attempt.into(), nodes) as u16;
        let link = self.links.insert(device, attempt, node, credential);
        self.sites[device as usize].link = link;
        self.note(self.now, link, ItemKind::AttemptBegan, &[]);
        let arrival = self.arrival(link, Direction::Up, self.now, 0);
        self.wheel.push(arrival, Event::Syn { link, retransmissions: 0 });
    }

    fn send_from_device(&mut self, device: u32, segment: SegmentKey) {
        let link = self.sites[device as usize].link;
        if link == LinkKey::NONE {
            return self.segments.remove(segment);
        }
        let bytes = self.segments.take(segment);
        self.note(self.now, link, ItemKind::UplinkSent, &bytes);
        let arrival = self.arrival(link, Direction::Up, self.now, bytes.len());
        self.segments.give(segment, bytes);
        self.wheel.push(arrival, Event::Uplink { link, segment });
    }

    fn close_from_device(&mut self, device: u32) {
        let link = self.sites[device as usize].link;
        self.note(self.now, link, ItemKind::ClosedByDevice, &[]);
        let arrival = self.arrival(link, Direction::Up, self.now, 0);
        self.let_go(device, link);
        if self.links.get(link).is_some_and(|held| held.service != ServiceSide::Unknown) {
            self.wheel.push(arrival, Event::UplinkClosed { link });
        }
    }

    /// The device has no end of the link any more.
    pub(crate) fn let_go(&mut self, device: u32, link: LinkKey) {
        self.sites[device as usize].link = LinkKey::NONE;
        if let Some(held) = self.links.get_mut(link) {
            held.device_end.let_go();
        }
        self.links.release(link);
    }

    pub(crate) fn on_up(&mut self, link: LinkKey) {
        let Some(held) = self.links.get(link).filter(|held| held.device_end.is_open()) else { return };
        let device = held.device;
        self.note(self.now, link, ItemKind::HandshakeDone, &[]);
        self.drive(device, DeviceInput::Up);
    }

    pub(crate) fn on_refused(&mut self, link: LinkKey) {
        let Some(held) = self.links.get(link).filter(|held| held.device_end.is_open()) else { return };
        let device = held.device;
        self.note(self.now, link, ItemKind::AttemptRefused, &[]);
        self.let_go(device, link);
        self.drive(device, DeviceInput::Failed(TransportFailure::Refused));
    }

    pub(crate) fn on_downlink(&mut self, link: LinkKey, segment: SegmentKey) {
        let bytes = self.segments.take(segment);
        if let Some(held) = self.links.get(link).filter(|held| held.device_end.is_open()) {
            let device = held.device;
            self.report_sent(link, bytes.len());
            self.note(self.now, link, ItemKind::DownlinkDelivered, &bytes);
            self.drive(device, DeviceInput::Bytes(&bytes));
        }
        self.segments.put_back(segment, bytes);
    }

    pub(crate) fn on_downlink_closed(&mut self, link: LinkKey) {
        let Some(held) = self.links.get(link).filter(|held| held.device_end.is_open()) else { return };
        let device = held.device;
        self.note(self.now, link, ItemKind::CloseSeenByDevice, &[]);
        self.let_go(device, link);
        self.drive(device, DeviceInput::Closed);
    }
}
