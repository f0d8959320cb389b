//! What a device makes of answers, of deltas, and of answers that do not come.

use serde_json::{Map, Value};
use squall_codec::Publish;

use super::{UnderWay, Waiting, client_token, prefix, tell};
use crate::device::{Device, Step};
use crate::shadow::{AnswerTopic, OnConflict, OnDelta, ShadowFact, ShadowRequest};
use crate::shadow_message::{self as message, Answer};
use crate::sink::{DeviceSink, TimerToken};

impl Device {
    /// A PUBLISH came: perhaps from one of its shadows.
    pub(in crate::device) fn on_shadow_publish<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        publish: &Publish<'_>,
    ) {
        if !publish.topic.starts_with("$aws/things/") {
            return;
        }
        for (shadow, habits) in step.profile.shadows.iter().enumerate() {
            let prefix = prefix(step.profile, self.index, shadow);
            let end = publish.topic.strip_prefix(&*prefix);
            let Some(topic) = end.and_then(|end| habits.answer_of(end)) else { continue };
            let Some(answer) = Answer::read(publish.payload) else {
                return tell(step, shadow, ShadowFact::Unreadable);
            };
            self.on_shadow_answer(step, shadow, topic, answer);
            return self.pump_shadow(step, shadow);
        }
    }

    fn on_shadow_answer<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        shadow: usize,
        topic: AnswerTopic,
        answer: Answer,
    ) {
        let version = answer.version.unwrap_or_default();
        match topic {
            AnswerTopic::Delta => {
                if let Some(delta) = answer.into_delta() {
                    self.on_delta(step, shadow, version, &delta);
                }
            }
            AnswerTopic::UpdateAccepted => {
                let known = &mut self.rare.shadows[shadow].version;
                *known = version.max(*known);
                // Those of others come on this topic as well.
                if answer.client_token.is_some() {
                    self.on_accepted(step, shadow, true, &answer);
                }
            }
            AnswerTopic::GetAccepted => {
                if self.on_accepted(step, shadow, false, &answer) {
                    // Whatever it thought it knew, this is how things stand.
                    self.rare.shadows[shadow].version = version;
                    if let Some(delta) = answer.into_delta_of_document() {
                        self.on_delta(step, shadow, version, &delta);
                    }
                }
            }
            AnswerTopic::UpdateRejected => self.on_shadow_rejected(step, shadow, true, &answer),
            AnswerTopic::GetRejected => self.on_shadow_rejected(step, shadow, false, &answer),
        }
    }

    /// Takes the request out that an answer is for.
    fn answered(&mut self, shadow: usize, is_update: bool, answer: &Answer) -> Option<Box<UnderWay>> {
        let index = self.index;
        let state = &mut self.rare.shadows[shadow];
        let is_it = state.under_way.as_ref().is_some_and(|under_way| {
            let token = client_token(index, shadow, under_way.number);
            under_way.request.is_update() == is_update
                && answer.client_token.as_ref().is_none_or(|answered| *answered == token)
        });
        state.under_way.take_if(|_| is_it)
    }

    fn on_accepted<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        shadow: usize,
        is_update: bool,
        answer: &Answer,
    ) -> bool {
        let Some(under_way) = self.answered(shadow, is_update, answer) else { return false };
        let UnderWay { request, intended, .. } = *under_way;
        self.rare.shadows[shadow].done(request);
        let version = answer.version.unwrap_or_default();
        tell(step, shadow, ShadowFact::Accepted { request, version, intended });
        true
    }

    fn on_shadow_rejected<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        shadow: usize,
        is_update: bool,
        answer: &Answer,
    ) {
        let Some(under_way) = self.answered(shadow, is_update, answer) else { return };
        let state = &mut self.rare.shadows[shadow];
        let UnderWay { request, intended, .. } = *under_way;
        let code = answer.code.unwrap_or_default();
        let repeats = match step.profile.shadows[shadow].on_conflict {
            OnConflict::GetAndRepeat { at_most } => is_update && code == 409 && state.conflicts < at_most,
            OnConflict::GiveUp => false,
        };
        if repeats {
            state.conflicts += 1;
            state.want_again(&under_way);
            state.wants.add(ShadowRequest::Get);
        } else {
            state.done(request);
        }
        if !is_update && code == 404 {
            state.version = 0;
        }
        tell(step, shadow, ShadowFact::Rejected { request, code, intended, repeats });
    }

    fn on_delta<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        shadow: usize,
        version: u64,
        delta: &Map<String, Value>,
    ) {
        let state = &mut self.rare.shadows[shadow];
        let text = message::text(delta);
        let OnDelta::Apply(after) = step.profile.shadows[shadow].on_delta else {
            state.version = version.max(state.version);
            return tell(step, shadow, ShadowFact::DeltaReceived { version, state: &text, taken: false });
        };
        // `state.md` 1.7: messages may come out of order, and an older one must not be followed.
        let taken = version >= state.version;
        tell(step, shadow, ShadowFact::DeltaReceived { version, state: &text, taken });
        if !taken {
            return;
        }
        state.version = version;
        match &mut state.waiting {
            Some(waiting) => {
                waiting.state = text;
                waiting.version = version;
            }
            None => {
                state.waiting = Some(Box::new(Waiting { state: text, version, received: step.now }));
                let token = TimerToken::new(TimerToken::SHADOW_APPLY, shadow as u8, self.boots);
                step.sink.arm(step.now + after, token);
            }
        }
    }

    pub(in crate::device) fn on_shadow_timer<S: DeviceSink>(
        &mut self,
        step: &mut Step<'_, S>,
        token: TimerToken,
    ) {
        let shadow = usize::from(token.pattern());
        match token.kind() {
            TimerToken::SHADOW_REPORT => self.on_report_due(step, shadow),
            TimerToken::SHADOW_APPLY => self.apply_delta(step, shadow),
            _ => self.on_no_answer(step, shadow),
        }
        self.pump_shadow(step, shadow);
    }

    fn on_report_due<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, shadow: usize) {
        let Some(every) = step.profile.shadows[shadow].report_every else { return };
        self.rare.shadows[shadow].want(ShadowRequest::Report, step.now);
        let token = TimerToken::new(TimerToken::SHADOW_REPORT, shadow as u8, self.boots);
        step.sink.arm(step.now + every, token);
    }

    fn apply_delta<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, shadow: usize) {
        let state = &mut self.rare.shadows[shadow];
        let Some(waiting) = state.waiting.take() else { return };
        let Waiting { state: desired, version, received } = *waiting;
        for own in [&mut state.applied, &mut state.unreported] {
            let mut members = message::members(own);
            message::take_over(&mut members, message::members(&desired));
            *own = message::text(&members);
        }
        state.want(ShadowRequest::ReportApplied, step.now);
        tell(step, shadow, ShadowFact::DeltaApplied { version, received });
    }

    fn on_no_answer<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, shadow: usize) {
        let state = &mut self.rare.shadows[shadow];
        // Timers are never cancelled: one of an earlier request comes before the deadline of this one.
        let Some(under_way) = state.under_way.take_if(|under_way| under_way.deadline <= step.now) else {
            return;
        };
        let UnderWay { request, intended, .. } = *under_way;
        state.done(request);
        tell(step, shadow, ShadowFact::Unanswered { request, intended });
    }
}
