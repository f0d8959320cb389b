//! Switching on, and losing power.

use squall_types::Timestamp;

use super::{Device, State, Step};
use crate::profile::DeviceProfile;
use crate::sink::{AttemptFailure, DeviceFact, DeviceSink};

impl Device {
    pub(super) fn start<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        if self.state != State::Idle {
            return;
        }
        let patterns = step.profile.publishes.len();
        if self.boots == 0 {
            self.started = step.now;
            self.rare.published = vec![0; patterns.saturating_sub(1)];
        }
        self.wanted = step.now;
        self.prepare_onboarding(step.profile, step.now);
        for pattern in 0..patterns {
            if self.boots > 0 {
                self.skip_missed(step.profile, pattern as u8, step.now);
            }
            self.arm_publish(step, pattern as u8);
        }
        self.prepare_shadows(step);
        self.connect(step);
    }

    /// What fell due without power never was a publish: the next one keeps the device's rhythm, and its number, so that
    /// no two publishes of a device are the same.
    fn skip_missed(&mut self, profile: &DeviceProfile, pattern: u8, now: Timestamp) {
        let first = profile.due(self.index, pattern, 0, self.started);
        let every = profile.publishes[usize::from(pattern)].every.as_nanos() as u64;
        let missed = now.0.saturating_sub(first.0).div_ceil(every.max(1));
        let published = self.published_mut(pattern);
        *published = (*published).max(u32::try_from(missed).unwrap_or(u32::MAX));
    }

    /// Takes the power away. The transport is gone as well, without a word to the other side.
    pub(super) fn lose_power<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        match self.state {
            // Firmware that gave up does so whenever it is switched on.
            State::Idle | State::GivenUp => return,
            State::Connecting | State::AwaitingConnack => {
                let (began, why) = (self.since, AttemptFailure::PowerLost);
                step.sink.fact(DeviceFact::AttemptFailed { began, why });
            }
            State::Connected => step.sink.fact(DeviceFact::ConnectionLost { reason: None }),
            State::Provisioning => self.tell_claim_lost(step, None),
            State::Waiting => {}
        }
        let forgotten = self.rare.outbox.iter().count() as u32;
        self.forget_shadows(step.profile);
        let certificate_lost = self.forget_onboarding(step.profile);
        step.sink.fact(DeviceFact::PowerLost { forgotten, certificate_lost });
        self.state = State::Idle;
        self.generation = self.generation.wrapping_add(1);
        // Zero is for a device that never lost its power.
        self.boots = self.boots.checked_add(1).unwrap_or(1);
        self.waits = 0;
        self.previous_wait = 0;
        self.awaiting_pingresp = false;
        self.rare.outbox = Default::default();
        self.rare.partial = Vec::new();
        self.rare.subscribing = Vec::new();
        self.rare.subscribed = false;
        self.rare.disconnect_reason = None;
    }
}
