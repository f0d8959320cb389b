//! How a device that has no identity yet gets one: what it does on its connection with a claim, and what it makes of
//! being turned away.
//!
//! ```text
//!   CONNACK ──> CreateSubscription ──> Certificate ──> RegisterSubscription ──> Registration ──> its own connection
//!                     │ no answer in time, or the connection lost: the back-off, then from the beginning
//!                     └ rejected: as its firmware has it; some never try again
//! ```

use squall_codec::{
    Ack, AckType, Disconnect, Packet, PacketId, Publish, ReasonCode, SubAck, Subscribe, SubscriptionOptions,
};
use squall_types::{CertificateId, Purpose, QoS, Timestamp};

use super::{Device, State, Step};
use crate::message::{self, Answer};
use crate::profile::DeviceProfile;
use crate::provisioning::{AfterRejection, Claim, Credential, ProvisioningStep, Way};
use crate::sink::{AttemptFailure, DeviceFact, DeviceSink, TimerToken};

/// What only a device without an identity keeps.
#[derive(Debug)]
pub(super) struct Onboarding {
    /// When it first tried.
    since: Timestamp,
    step: ProvisioningStep,
    /// The SUBSCRIBE that is not answered.
    subscribing: u16,
    /// The certificate that it was given, and what proves that it was.
    certificate: Option<CertificateId>,
    token: String,
}

impl Onboarding {
    const fn new(since: Timestamp) -> Self {
        Self {
            since,
            step: ProvisioningStep::CreateSubscription,
            subscribing: 0,
            certificate: None,
            token: String::new(),
        }
    }

    /// Back to the beginning, from the same first attempt.
    fn begin_again(&mut self) {
        *self = Self::new(self.since);
    }
}

impl Device {
    /// Whether it has an identity: from the start, or since it got one.
    pub const fn is_provisioned(&self) -> bool {
        self.provisioned
    }

    /// When it first tried to get the identity that it does not have; `None` if it has one or is off.
    pub fn provisioning_since(&self) -> Option<Timestamp> {
        self.rare.onboarding.as_ref().filter(|_| self.state != State::Idle).map(|onboarding| onboarding.since)
    }

    /// Whether its firmware will never try again.
    pub fn has_given_up(&self) -> bool {
        self.state == State::GivenUp
    }

    /// It is switched on.
    pub(super) fn prepare_onboarding(&mut self, profile: &DeviceProfile, now: Timestamp) {
        if profile.provisioning.is_none() {
            self.provisioned = true;
        } else if !self.provisioned && self.rare.onboarding.is_none() {
            self.rare.onboarding = Some(Box::new(Onboarding::new(now)));
        }
    }

    /// Its memory is gone. Says whether its certificate is as well.
    pub(super) fn forget_onboarding(&mut self, profile: &DeviceProfile) -> bool {
        if let Some(onboarding) = &mut self.rare.onboarding {
            onboarding.begin_again();
        }
        let Some(provisioning) = &profile.provisioning else { return false };
        let was_given = matches!(provisioning.way, Way::Claim(_)) && self.provisioned;
        if was_given && !provisioning.keeps_certificate {
            self.provisioned = false;
            return true;
        }
        false
    }

    /// The claim that its next connection is made with.
    pub(super) fn claim<'p>(&self, profile: &'p DeviceProfile) -> Option<&'p Claim> {
        match &profile.provisioning {
            Some(provisioning) if !self.provisioned => match &provisioning.way {
                Way::Claim(claim) => Some(claim),
                Way::JustInTime => None,
            },
            _ => None,
        }
    }

    pub(super) fn credential(&self, profile: &DeviceProfile) -> Credential {
        if self.claim(profile).is_some() { Credential::Claim } else { Credential::Own }
    }

    /// It was let in with a certificate that its first connections made known.
    pub(super) fn on_first_connected<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        self.provisioned = true;
        if let Some(onboarding) = self.rare.onboarding.take() {
            let since = onboarding.since;
            step.sink.fact(DeviceFact::Provisioned { since, certificate_id: None, thing_name: None });
        }
    }

    /// An attempt came to nothing. Who never had an identity may take that for a rejection.
    pub(super) fn after_failure<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, why: AttemptFailure) {
        let ended = matches!(why, AttemptFailure::Transport | AttemptFailure::Closed);
        if ended && !self.provisioned {
            return self.turned_away(step);
        }
        self.wait(step);
    }

    fn turned_away<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        let Some(provisioning) = &step.profile.provisioning else { return self.wait(step) };
        let owner = step.profile.owner(self.index);
        let share = u64::from(provisioning.gives_up_per_million);
        let gives_up = step.profile.chance.ratio(owner, Purpose::GivesUp, 0, share, 1_000_000);
        match provisioning.after_rejection {
            _ if gives_up => self.give_up(step),
            AfterRejection::GiveUp => self.give_up(step),
            AfterRejection::BackOff => self.wait(step),
            AfterRejection::Wait(wait) => {
                let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
                self.wait_for(step, nanos);
            }
        }
    }

    fn give_up<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        self.state = State::GivenUp;
        self.rare.partial.clear();
        self.generation = self.generation.wrapping_add(1);
        let since = self.rare.onboarding.as_ref().map_or(self.started, |onboarding| onboarding.since);
        step.sink.fact(DeviceFact::GaveUp { since });
    }

    /// CONNACK 0 came for the claim.
    pub(super) fn on_claim_connected<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, began: Timestamp) {
        step.sink.fact(DeviceFact::ClaimConnected { began });
        self.state = State::Provisioning;
        self.subscribe_to_answers(step, ProvisioningStep::CreateSubscription);
    }

    /// Asks for the answers of the request that comes next.
    fn subscribe_to_answers<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, next: ProvisioningStep) {
        let Some(claim) = self.claim(step.profile) else { return };
        let packet_id = self.packet_id();
        let mut topic = String::new();
        claim.write_topic(next, &mut topic);
        let [accepted, rejected] = ["/accepted", "/rejected"].map(|end| topic.clone() + end);
        let options = SubscriptionOptions::from(QoS::AtLeastOnce);
        let filters = [(&*accepted, options), (&*rejected, options)];
        self.send(step, |packet, version| Subscribe::new(packet_id, &filters).encode(version, packet));
        if let Some(onboarding) = &mut self.rare.onboarding {
            onboarding.subscribing = packet_id.get();
        }
        self.go_on(step, claim, next);
    }

    /// Publishes the request of this step.
    fn request<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, next: ProvisioningStep) {
        let Some(claim) = self.claim(step.profile) else { return };
        let context = step.profile.context(self.index, 0, 0);
        let rendered = |template: &squall_types::Template| {
            let mut text = String::new();
            template.render(&context, &mut text);
            text
        };
        let payload = match next {
            ProvisioningStep::Registration => {
                let parameters: Vec<(&str, String)> =
                    claim.parameters.iter().map(|(name, value)| (name.as_str(), rendered(value))).collect();
                let token = self.rare.onboarding.as_ref().map_or("", |onboarding| &onboarding.token);
                message::register(claim.format, token, &parameters)
            }
            _ => {
                let thing = format!("{}-{}", step.profile.fleet, self.index);
                message::create(claim.format, claim.csr.then_some(thing.as_str()))
            }
        };
        let mut topic = String::new();
        claim.write_topic(next, &mut topic);
        let packet_id = Some(self.packet_id());
        self.send(step, |packet, version| {
            let publish = Publish::new(&topic, &payload);
            Publish { qos: QoS::AtLeastOnce, packet_id, ..publish }.encode(version, packet)
        });
        self.go_on(step, claim, next);
    }

    /// Waits for the answer of the next step.
    fn go_on<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, claim: &Claim, next: ProvisioningStep) {
        if let Some(onboarding) = &mut self.rare.onboarding {
            onboarding.step = next;
        }
        let token = TimerToken::new(TimerToken::PROVISIONING, next as u8, self.generation);
        step.sink.arm(step.now + claim.timeout, token);
    }

    pub(super) fn on_provisioning_packet<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        packet: &Packet<'_>,
    ) {
        match packet {
            Packet::Publish(publish)
                if publish.qos != QoS::ExactlyOnce && publish.properties.topic_alias.is_none() =>
            {
                if let Some(packet_id) = publish.packet_id {
                    let ack = Ack::new(packet_id);
                    self.send(step, |packet, version| ack.encode(AckType::PubAck, version, packet));
                }
                self.on_answer(step, publish);
            }
            Packet::SubAck(suback) => self.on_answers_granted(step, suback),
            // What counts is the answer: a service may acknowledge what it then denies.
            Packet::PubAck(_) | Packet::UnsubAck(_) => {}
            Packet::PingResp => self.awaiting_pingresp = false,
            Packet::Disconnect(disconnect) => {
                self.rare.disconnect_reason = Some(disconnect.reason_code);
            }
            _ => self.violated(step),
        }
    }

    fn on_answers_granted<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, suback: &SubAck<'_>) {
        let Some(onboarding) = &mut self.rare.onboarding else { return };
        if onboarding.subscribing == 0 || onboarding.subscribing != suback.packet_id.get() {
            return self.violated(step);
        }
        onboarding.subscribing = 0;
        // Firmware that is refused an answer waits for it nonetheless, until it runs out of time.
        if suback.codes.iter().all(|code| !code.is_error()) {
            let next = onboarding.step.request();
            self.request(step, next);
        }
    }

    fn on_answer<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, publish: &Publish<'_>) {
        let Some(claim) = self.claim(step.profile) else { return };
        let Some(onboarding) = &self.rare.onboarding else { return };
        let waiting_for = onboarding.step;
        if !waiting_for.is_request() {
            return;
        }
        let topic = &mut step.scratch.topic;
        topic.clear();
        claim.write_topic(waiting_for, topic);
        let end = publish.topic.strip_prefix(topic.as_str());
        let answer = Answer::read(claim.format, publish.payload);
        match (end, waiting_for) {
            (Some("/rejected"), _) => self.on_rejected(step, waiting_for, &answer.unwrap_or_default()),
            (Some("/accepted"), ProvisioningStep::Registration) => {
                self.on_registered(step, &answer.unwrap_or_default());
            }
            (Some("/accepted"), _) => self.on_certificate(step, answer.unwrap_or_default()),
            _ => {}
        }
    }

    /// An answer without a certificate or a token is none: the device goes on waiting.
    fn on_certificate<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, answer: Answer) {
        let id = answer.certificate_id.and_then(|id| id.parse().ok());
        let (Some(certificate_id), Some(token)) = (id, answer.certificate_ownership_token) else { return };
        let Some(onboarding) = &mut self.rare.onboarding else { return };
        onboarding.certificate = Some(certificate_id);
        onboarding.token = token;
        step.sink.fact(DeviceFact::CertificateReceived { certificate_id });
        self.subscribe_to_answers(step, ProvisioningStep::RegisterSubscription);
    }

    fn on_registered<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, answer: &Answer) {
        let Some(thing_name) = answer.thing_name.as_deref() else { return };
        let Some(onboarding) = self.rare.onboarding.take() else { return };
        self.send(step, |packet, version| Disconnect::default().encode(version, packet));
        step.sink.close();
        let Onboarding { since, certificate, .. } = *onboarding;
        self.provisioned = true;
        step.sink.fact(DeviceFact::Provisioned {
            since,
            certificate_id: certificate,
            thing_name: Some(thing_name),
        });
        self.wanted = step.now;
        self.waits = 0;
        self.previous_wait = 0;
        self.wait_for(step, 0);
    }

    fn on_rejected<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        waiting_for: ProvisioningStep,
        answer: &Answer,
    ) {
        step.sink.fact(DeviceFact::ProvisioningRejected {
            waiting_for,
            status_code: answer.status_code.unwrap_or_default(),
            error_code: answer.error_code.as_deref().unwrap_or_default(),
        });
        step.sink.close();
        self.leave_claim();
        self.turned_away(step);
    }

    pub(super) fn on_answer_late<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, waited_for: u8) {
        let Some(onboarding) = &self.rare.onboarding else { return };
        let waiting_for = onboarding.step;
        if waiting_for as u8 != waited_for {
            return;
        }
        step.sink.fact(DeviceFact::ProvisioningTimedOut { waiting_for });
        step.sink.close();
        self.leave_claim();
        self.wait(step);
    }

    /// The connection with the claim is gone.
    pub(super) fn claim_lost<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        let reason = self.rare.disconnect_reason.take();
        self.tell_claim_lost(step, reason);
        self.leave_claim();
        self.wait(step);
    }

    pub(super) fn tell_claim_lost<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        reason: Option<ReasonCode>,
    ) {
        let waiting_for = self.rare.onboarding.as_deref().map(|onboarding| onboarding.step);
        let waiting_for = waiting_for.unwrap_or(ProvisioningStep::CreateSubscription);
        step.sink.fact(DeviceFact::ClaimConnectionLost { waiting_for, reason });
    }

    fn leave_claim(&mut self) {
        self.rare.disconnect_reason = None;
        if let Some(onboarding) = &mut self.rare.onboarding {
            onboarding.begin_again();
        }
    }

    /// Whether the SUBSCRIBE of the flow has this packet id.
    pub(super) fn onboarding_uses(&self, packet_id: PacketId) -> bool {
        self.rare.onboarding.as_ref().is_some_and(|onboarding| onboarding.subscribing == packet_id.get())
    }
}
