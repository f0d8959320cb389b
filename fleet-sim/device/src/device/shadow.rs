//! What a device asks of its shadows; what it makes of the answers is in `answers`.

use core::fmt::Write as _;

use serde_json::Value;
use squall_codec::{PacketId, Publish, ReasonCode};
use squall_types::{Purpose, QoS, TemplateContext, Timestamp};

use super::{Device, State, Step};
use crate::profile::DeviceProfile;
use crate::shadow::{ShadowFact, ShadowHabits, ShadowRequest};
use crate::shadow_message as message;
use crate::sink::{DeviceFact, DeviceSink, TimerToken};

mod answers;

/// Draws of phases that publishes do not use: a fleet has at most 256 of those.
const FIRST_PHASE: u64 = 256;

/// What a device keeps of one of its shadows.
#[derive(Debug, Default)]
pub(super) struct ShadowState {
    /// What it took over of deltas, as JSON; empty for nothing.
    applied: Box<str>,
    /// What of that is in no update yet.
    unreported: Box<str>,
    waiting: Option<Box<Waiting>>,
    under_way: Option<Box<UnderWay>>,
    /// The latest version that it knows; 0 if it knows none.
    version: u64,
    /// When it first wanted what it wants.
    wanted: Timestamp,
    /// How many requests it made.
    requests: u32,
    /// How many reports of everything it is done with.
    reports: u32,
    wants: Wants,
    /// Conflicts of one update in a row.
    conflicts: u8,
}

/// A delta that is not applied yet.
#[derive(Debug)]
struct Waiting {
    state: Box<str>,
    version: u64,
    /// When the first delta came that waited in this place.
    received: Timestamp,
}

/// A request that is not done.
#[derive(Debug)]
struct UnderWay {
    request: ShadowRequest,
    /// Its number, of which its client token is made.
    number: u32,
    /// 0 at QoS 0 and once it is acknowledged.
    packet_id: u16,
    payload: Box<str>,
    /// What of it was applied: it is unreported again if the update comes to nothing.
    applied: Box<str>,
    version: Option<u64>,
    intended: Timestamp,
    /// Until when it waits for an answer; [`Timestamp::MAX`] where none can come.
    deadline: Timestamp,
}

/// Which requests a device wants to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wants(u8);

impl Wants {
    const fn bit(request: ShadowRequest) -> u8 {
        1 << request as u8
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn add(&mut self, request: ShadowRequest) {
        self.0 |= Self::bit(request);
    }

    /// The next request. A report of everything reports what was applied as well.
    fn take(&mut self) -> Option<ShadowRequest> {
        let all = [ShadowRequest::Get, ShadowRequest::Report, ShadowRequest::ReportApplied];
        let next = all.into_iter().find(|request| self.0 & Self::bit(*request) != 0)?;
        self.0 &= !Self::bit(next);
        if next == ShadowRequest::Report {
            self.0 &= !Self::bit(ShadowRequest::ReportApplied);
        }
        Some(next)
    }
}

impl ShadowState {
    fn want(&mut self, request: ShadowRequest, now: Timestamp) {
        if self.wants.is_empty() {
            self.wanted = now;
        }
        self.wants.add(request);
    }

    /// Wants again what came to nothing, since it was first wanted.
    fn want_again(&mut self, lost: &UnderWay) {
        self.wants.add(lost.request);
        // Nothing that it wants meanwhile is older.
        self.wanted = lost.intended;
        if !lost.applied.is_empty() {
            let mut unreported = message::members(&lost.applied);
            message::take_over(&mut unreported, message::members(&self.unreported));
            self.unreported = message::text(&unreported);
        }
    }

    /// A request came to its end, whichever.
    fn done(&mut self, request: ShadowRequest) {
        if request.is_update() {
            self.conflicts = 0;
        }
        if request == ShadowRequest::Report {
            self.reports = self.reports.wrapping_add(1);
        }
    }

    /// Its memory is gone.
    fn forget(&mut self, habits: &ShadowHabits) {
        let applied = if habits.keeps_applied { core::mem::take(&mut self.applied) } else { Box::default() };
        let Self { requests, reports, .. } = *self;
        *self = Self { applied, requests, reports, ..Self::default() };
    }
}

impl Device {
    /// The shadows of which a request is under way or wanted, by number, and since when it was wanted.
    pub fn unfinished_shadow_requests(&self) -> impl Iterator<Item = (u8, Timestamp)> {
        self.rare.shadows.iter().enumerate().filter_map(|(shadow, state)| {
            let wanted = (!state.wants.is_empty()).then_some(state.wanted);
            let under_way = state.under_way.as_ref().map(|under_way| under_way.intended);
            Some((shadow as u8, under_way.into_iter().chain(wanted).min()?))
        })
    }

    /// It is switched on.
    pub(super) fn prepare_shadows<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        let profile = step.profile;
        if self.rare.shadows.len() != profile.shadows.len() {
            self.rare.shadows = profile.shadows.iter().map(|_| ShadowState::default()).collect();
        }
        for (shadow, habits) in profile.shadows.iter().enumerate() {
            let Some(every) = habits.report_every else { continue };
            let every = u64::try_from(every.as_nanos()).unwrap_or(u64::MAX).max(1);
            let n = FIRST_PHASE + shadow as u64;
            let phase = profile.chance.below(profile.owner(self.index), Purpose::PublishPhase, n, every);
            let first = self.started.plus_nanos(phase);
            // It keeps its rhythm through a loss of power.
            let passed = step.now.0.saturating_sub(first.0).div_ceil(every);
            let at = first.plus_nanos(passed.saturating_mul(every));
            step.sink.arm(at, TimerToken::new(TimerToken::SHADOW_REPORT, shadow as u8, self.boots));
        }
    }

    pub(super) fn forget_shadows(&mut self, profile: &DeviceProfile) {
        for (state, habits) in self.rare.shadows.iter_mut().zip(&profile.shadows) {
            state.forget(habits);
        }
    }

    /// Whether a request that waits for its PUBACK has this packet id.
    pub(super) fn shadows_use(&self, packet_id: PacketId) -> bool {
        self.shadow_packet_ids().any(|id| id == packet_id.get())
    }

    /// How many requests wait for their PUBACK.
    pub(super) fn shadow_requests_on_wire(&self) -> usize {
        self.shadow_packet_ids().count()
    }

    fn shadow_packet_ids(&self) -> impl Iterator<Item = u16> {
        let under_way = self.rare.shadows.iter().filter_map(|state| state.under_way.as_ref());
        under_way.map(|under_way| under_way.packet_id).filter(|id| *id != 0)
    }

    /// CONNACK 0 came: what the last connection left undone is sent again, or wanted again if the session is gone.
    pub(super) fn resume_shadows<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, session_present: bool) {
        for shadow in 0..self.rare.shadows.len() {
            let habits = &step.profile.shadows[shadow];
            let state = &mut self.rare.shadows[shadow];
            let Some(mut under_way) = state.under_way.take() else { continue };
            if !session_present || habits.qos == QoS::AtMostOnce {
                state.want_again(&under_way);
                continue;
            }
            if under_way.deadline != Timestamp::MAX {
                under_way.deadline = step.now + habits.answer_timeout;
                self.arm_answer(step, shadow, under_way.deadline);
            }
            if under_way.packet_id != 0 {
                // MQTT-4.4.0-1: what was not acknowledged is repeated in the same session.
                self.send_shadow(step, shadow, &under_way, false);
            }
            self.rare.shadows[shadow].under_way = Some(under_way);
        }
    }

    /// All its subscriptions were answered: from now on it hears answers.
    pub(super) fn on_shadows_ready<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        for (shadow, habits) in step.profile.shadows.iter().enumerate() {
            let state = &mut self.rare.shadows[shadow];
            if habits.get_on_connect {
                state.want(ShadowRequest::Get, step.now);
            }
            if habits.report_on_connect {
                state.want(ShadowRequest::Report, step.now);
            }
            if !state.unreported.is_empty() {
                state.want(ShadowRequest::ReportApplied, step.now);
            }
            self.pump_shadow(step, shadow);
        }
    }

    /// Sends what is wanted, where something is and nothing is under way.
    pub(super) fn pump_shadows<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        for shadow in 0..self.rare.shadows.len() {
            self.pump_shadow(step, shadow);
        }
    }

    fn pump_shadow<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, shadow: usize) {
        // A request that needs no answer may be done before the next one.
        while self.state == State::Connected && self.rare.subscribing.is_empty() {
            let habits = &step.profile.shadows[shadow];
            let state = &self.rare.shadows[shadow];
            let has_room = habits.qos == QoS::AtMostOnce || self.has_room_on_wire();
            if state.under_way.is_some() || state.wants.is_empty() || !has_room {
                return;
            }
            self.request_shadow(step, shadow);
        }
    }

    fn has_room_on_wire(&self) -> bool {
        self.rare.outbox.on_wire() + self.shadow_requests_on_wire() < usize::from(self.receive_maximum)
    }

    fn request_shadow<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, shadow: usize) {
        let habits = &step.profile.shadows[shadow];
        let state = &mut self.rare.shadows[shadow];
        let Some(request) = state.wants.take() else { return };
        let number = state.requests;
        state.requests = state.requests.wrapping_add(1);
        let applied =
            if request.is_update() { core::mem::take(&mut state.unreported) } else { Box::default() };
        let version =
            (request.is_update() && habits.sends_version && state.version > 0).then_some(state.version);
        let intended = state.wanted;
        let token = client_token(self.index, shadow, number);
        let mut payload = String::new();
        match request {
            ShadowRequest::Get => message::write_get(&token, &mut payload),
            ShadowRequest::Report => {
                let reported = self.render_report(step.profile, shadow);
                message::write_update(&reported, version, &token, &mut payload);
            }
            ShadowRequest::ReportApplied => message::write_update(
                if applied.is_empty() { "{}" } else { &applied },
                version,
                &token,
                &mut payload,
            ),
        }
        let hears = habits.hears_answers_to(request);
        let deadline = if hears { step.now + habits.answer_timeout } else { Timestamp::MAX };
        let packet_id = if habits.qos == QoS::AtMostOnce { 0 } else { self.packet_id().get() };
        let payload = payload.into_boxed_str();
        let under_way =
            UnderWay { request, number, packet_id, payload, applied, version, intended, deadline };
        self.send_shadow(step, shadow, &under_way, true);
        if hears {
            self.arm_answer(step, shadow, deadline);
        }
        let state = &mut self.rare.shadows[shadow];
        if hears || packet_id != 0 {
            state.under_way = Some(Box::new(under_way));
        } else {
            state.done(request);
        }
    }

    fn render_report(&self, profile: &DeviceProfile, shadow: usize) -> String {
        let state = &self.rare.shadows[shadow];
        let mut text = String::new();
        let context = context(profile, self.index, shadow, state.reports);
        profile.shadows[shadow].reported.render(&context, &mut text);
        if state.applied.is_empty() {
            return text;
        }
        let mut reported = message::members(&text);
        message::take_over(&mut reported, message::members(&state.applied));
        Value::Object(reported).to_string()
    }

    fn arm_answer<S: DeviceSink>(&self, step: &mut Step<'_, S>, shadow: usize, at: Timestamp) {
        step.sink.arm(at, TimerToken::new(TimerToken::SHADOW_ANSWER, shadow as u8, self.generation));
    }

    fn send_shadow<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        shadow: usize,
        under_way: &UnderWay,
        first: bool,
    ) {
        let qos = step.profile.shadows[shadow].qos;
        let topic = request_topic(step.profile, self.index, shadow, under_way.request);
        let payload = under_way.payload.as_bytes();
        let fact = ShadowFact::RequestSent {
            request: under_way.request,
            topic: &topic,
            payload,
            qos,
            client_token: &client_token(self.index, shadow, under_way.number),
            version: under_way.version,
            intended: under_way.intended,
            first,
        };
        tell(step, shadow, fact);
        let packet_id = PacketId::new(under_way.packet_id);
        let publish = Publish { dup: !first, qos, packet_id, ..Publish::new(&topic, payload) };
        self.send(step, |packet, version| publish.encode(version, packet));
    }

    /// A PUBACK came for none of its publishes.
    pub(super) fn on_shadow_puback<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        packet_id: PacketId,
        code: ReasonCode,
    ) {
        let is_it = |state: &ShadowState| {
            state.under_way.as_ref().is_some_and(|under_way| under_way.packet_id == packet_id.get())
        };
        let Some(shadow) = self.rare.shadows.iter().position(is_it) else { return };
        let Some(mut under_way) = self.rare.shadows[shadow].under_way.take() else { return };
        let topic = request_topic(step.profile, self.index, shadow, under_way.request);
        let payload = under_way.payload.as_bytes();
        tell(step, shadow, ShadowFact::RequestAcked { topic: &topic, payload, code });
        under_way.packet_id = 0;
        let state = &mut self.rare.shadows[shadow];
        if under_way.deadline == Timestamp::MAX || code.is_error() {
            state.done(under_way.request);
        } else {
            state.under_way = Some(under_way);
        }
    }
}

fn tell<S: DeviceSink>(step: &mut Step<'_, S>, shadow: usize, fact: ShadowFact<'_>) {
    step.sink.fact(DeviceFact::Shadow { shadow: shadow as u8, fact: &fact });
}

fn client_token(index: u32, shadow: usize, number: u32) -> String {
    format!("{index}.{shadow}.{number}")
}

fn context(profile: &DeviceProfile, index: u32, shadow: usize, counter: u32) -> TemplateContext<'_> {
    // From the other end than publishes, so that the two draw apart.
    profile.context(index, u8::MAX - shadow as u8, u64::from(counter))
}

/// What all topics of a shadow begin with.
pub(super) fn prefix(profile: &DeviceProfile, index: u32, shadow: usize) -> String {
    let habits = &profile.shadows[shadow];
    let (mut thing, mut prefix) = (String::new(), String::new());
    habits.thing.render(&profile.context(index, 0, 0), &mut thing);
    habits.write_prefix(&thing, &mut prefix);
    prefix
}

fn request_topic(profile: &DeviceProfile, index: u32, shadow: usize, request: ShadowRequest) -> String {
    let mut topic = prefix(profile, index, shadow);
    let _ = topic.write_str(if request.is_update() { "/update" } else { "/get" });
    topic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_stays_in_its_budget() {
        // What a device without shadows pays is an empty box in its second part; see the tests of `Device`.
        assert!(size_of::<ShadowState>() <= 80, "{}", size_of::<ShadowState>());
    }
}
