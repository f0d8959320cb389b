//! What happens when time comes: silence, expiry, and what was put off.

use squall_codec::ReasonCode;
use squall_profile::Decision;
use squall_types::{Owner, Purpose, Timestamp};

use crate::broker::{Broker, Step};
use crate::connection::{ConnectionKey, State};
use crate::output::{DisconnectReason, Output};
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::subscription::GroupKey;
use crate::timer::{Timer, TimerKind};

impl Broker {
    pub(crate) fn handle_deadline<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        while let Some(timer) = self.timers.pop(step.now.mono) {
            match timer.kind {
                TimerKind::KeepAlive
                | TimerKind::ConnectPacket
                | TimerKind::ResumeReading
                | TimerKind::AuthorizerAnswer
                | TimerKind::AuthorizerRefresh
                | TimerKind::AuthorizedTime
                | TimerKind::TurnedAway => {
                    self.on_connection_timer(step, timer);
                }
                TimerKind::SessionExpiry
                | TimerKind::Redelivery
                | TimerKind::Resume
                | TimerKind::WillDelay => self.on_session_timer(step, timer),
                TimerKind::Retained => self.on_retained(step.now.mono, timer.key, timer.generation),
                TimerKind::SharedDrain => self.on_shared_drain(step, GroupKey::from_u32(timer.key)),
                TimerKind::JustInTime => self.on_just_in_time(step),
                TimerKind::HookAnswer => self.on_hook_timer(step),
                TimerKind::OwnershipTokens => self.on_tokens_timer(step),
                TimerKind::Propagation => self.on_propagation(step, timer.key, timer.generation),
                TimerKind::PropagationToAll => self.on_propagation_to_all(step),
            }
        }
    }

    fn on_connection_timer<S: Sink>(&mut self, step: &mut Step<'_, S>, timer: Timer) {
        let Some(key) = ConnectionKey::from_u32(timer.key) else { return };
        let Some(connection) = self.connections.get(key) else { return };
        if connection.id.0 as u32 != timer.generation {
            return;
        }
        let id = connection.id;
        match (timer.kind, connection.state) {
            (TimerKind::KeepAlive, State::Connected { .. }) => {
                let silent = step.now.mono - connection.last_received;
                if silent.as_nanos() >= u128::from(connection.keep_alive) * 1_500_000_000 {
                    // MQTT-3.1.2-24, MQTT5-3.1.2-22, broker.md 2.2.
                    let code = ReasonCode::KeepAliveTimeout;
                    self.fail(step, key, code, DisconnectReason::KeepAliveTimeout);
                } else {
                    let from = connection.last_received;
                    self.set_keep_alive(key, id, from);
                }
            }
            (TimerKind::ConnectPacket, State::Awaiting) => {
                // MQTT 3.1.4: no CONNECT within a reasonable time.
                self.assumptions.note(Decision::ConnectPacketTime);
                self.close(step, key, DisconnectReason::ClientError);
            }
            (
                TimerKind::AuthorizerAnswer | TimerKind::AuthorizerRefresh | TimerKind::AuthorizedTime,
                State::Authorizing | State::Connected { .. },
            ) => self.on_authorizer_timer(step, key, timer.kind),
            (TimerKind::TurnedAway, State::TurnedAway) => {
                self.close(step, key, DisconnectReason::AuthError);
            }
            // The answer resumes it.
            (TimerKind::ResumeReading, State::Authorizing) => {}
            (TimerKind::ResumeReading, _) => {
                self.connections[key].paused = false;
                step.sink.output(Output::ResumeReading { connection: id });
            }
            _ => {}
        }
    }

    fn on_session_timer<S: Sink>(&mut self, step: &mut Step<'_, S>, timer: Timer) {
        let key = SessionKey(timer.key);
        if self.sessions.generation(key) != Some(timer.generation) {
            return;
        }
        match timer.kind {
            TimerKind::SessionExpiry => {
                let session = &mut self.sessions[key];
                if session.expiry_timer <= step.now.mono {
                    session.expiry_timer = Timestamp::MAX;
                }
                if session.connection.is_some() {
                    return;
                }
                // A session that was resumed and left again lives longer than this timer knew.
                if step.now.mono >= self.expires_at(key) {
                    self.end_session(step, key);
                } else {
                    self.arm_expiry(key);
                }
            }
            TimerKind::Redelivery => self.on_redelivery(step, key),
            TimerKind::Resume => self.on_resume(step, key),
            TimerKind::WillDelay => self.on_will_delay(step, key),
            _ => {}
        }
    }

    /// A session lost its connection: it ends, or begins to expire (`broker.md` 3.4, 4).
    pub(crate) fn release_session<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        let session = &mut self.sessions[key];
        session.connection = None;
        session.disconnected_at = step.now.mono;
        self.return_shared(step, key);
        let session = &mut self.sessions[key];
        if session.expiry_seconds == 0 {
            let number = session.marks.version_number;
            self.version_numbers.keep(step.now.mono, session.client_id.as_str(), number);
            return self.end_session(step, key);
        }
        if let Some(cold) = &mut session.cold {
            cold.draining = false;
            cold.aliases = None;
            if cold.is_unused() {
                session.cold = None;
            }
        }
        self.arm_expiry(key);
        self.assumptions.note(Decision::SessionExpiry);
    }

    /// Makes sure that a timer fires no later than the session's end; one that is pending serves again.
    fn arm_expiry(&mut self, key: SessionKey) {
        let at = self.expires_at(key);
        let session = &mut self.sessions[key];
        if session.expiry_timer > at {
            session.expiry_timer = at;
            self.timers.set(at, TimerKind::SessionExpiry, key.0, session.generation);
        }
    }

    fn expires_at(&self, key: SessionKey) -> Timestamp {
        let session = &self.sessions[key];
        if session.expiry_seconds == u32::MAX {
            // MQTT 5 3.1.2.11.2: this value never expires.
            return Timestamp::MAX;
        }
        // broker.md D-01: never shorter than the setting.
        let slack = match self.limits.session_expiry_slack_seconds {
            0 => 0,
            most => {
                let owner = Owner::named(session.client_id.as_str());
                let n = session.disconnected_at.0;
                self.chance.below(owner, Purpose::ExpirySlack, n, u64::from(most) + 1)
            }
        };
        session.disconnected_at.plus_nanos((u64::from(session.expiry_seconds) + slack) * 1_000_000_000)
    }

    /// Forgets a session: its subscriptions, and its part in messages (MQTT-3.1.2-6). A will that waits for its delay
    /// waits no longer (MQTT5-3.1.2-10).
    pub(crate) fn end_session<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        let mut session = self.sessions.remove(key);
        debug_assert!(session.connection.is_none(), "a session ends after its connection");
        self.subscriptions.clear(&mut session.subscriptions);
        self.release_orphans();
        let Some(cold) = session.cold else { return };
        for held in cold.held() {
            self.messages.release(held.message);
        }
        if let Some(will) = cold.will {
            self.publish_will(step, session.tag, session.client_id.as_str(), None, &will);
        }
    }
}
