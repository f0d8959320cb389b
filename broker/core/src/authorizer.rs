//! Custom authorizers: the broker asks, the driver's function answers (`broker.md` 8.3).
//!
//! ```text
//!          CONNECT                granted                    connected
//! Unasked ────────> Authorizing ──────────> Granted ─────────────────────> asked again when its answer has aged,
//!                        │ refused, late                                   ended when its time is over
//!                        └────────────────> no CONNACK but MQTT 5's, closed
//! ```
//!
//! What a client sends before the answer stays in its transport: it is not read from meanwhile.

use std::sync::Arc;

use squall_codec::{Connect, ReasonCode};
use squall_types::{Owner, ProtocolVersion, Purpose, Timestamp, Uuid};

use crate::asks::Waiting;
use crate::broker::{Broker, Step};
use crate::connection::{ConnectionKey, State};
use crate::fact::Fact;
use crate::input::{AskId, ConnectionId};
use crate::output::{DisconnectReason, Output};
use crate::principal::{Authority, Who};
use crate::question::{Answer, Question};
use crate::sink::Sink;
use crate::timer::TimerKind;

const SECOND: u64 = 1_000_000_000;

/// What the log names when a function fails or takes too long (`broker.md` 8.1, check 131).
const EXECUTION_ERROR: &str = "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR";

/// What a client gave to be let in.
#[derive(Debug)]
pub(crate) struct Credentials {
    version: ProtocolVersion,
    client_id: Box<str>,
    username: Option<Box<str>>,
    password: Option<Box<[u8]>>,
    server_name: Option<Box<str>>,
}

/// A question that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    ask: AskId,
    /// Until when an answer counts.
    until: Timestamp,
}

/// A client whose authorizer has not answered.
#[derive(Debug)]
pub(crate) struct Authorizing {
    credentials: Credentials,
    asked: Asked,
}

/// A client that an authorizer let in.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) principal: Box<str>,
    credentials: Credentials,
    /// The question whether it may stay, while that is open.
    asked: Option<Asked>,
    refresh_at: Timestamp,
    disconnect_at: Timestamp,
}

impl Broker {
    /// The credentials have come: asks the authorizer.
    pub(crate) fn begin_authorizing<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        connect: &Connect<'_>,
    ) {
        let principal = self.connections[key].principal;
        let server_name = match &mut self.principals[principal].who {
            Who::Unasked(server_name) => server_name.take(),
            _ => None,
        };
        let credentials = Credentials {
            version: connect.version,
            client_id: connect.client_id.into(),
            username: connect.username.map(Into::into),
            password: connect.password.map(Into::into),
            server_name,
        };
        let id = self.connections[key].id;
        self.connections[key].state = State::Authorizing;
        let asked = self.ask(step, key, &credentials);
        self.principals[principal].who = Who::Authorizing(Box::new(Authorizing { credentials, asked }));
        if !self.connections[key].paused {
            self.connections[key].paused = true;
            step.sink.output(Output::PauseReading { connection: id });
        }
    }

    fn ask<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        credentials: &Credentials,
    ) -> Asked {
        let connection = self.connections[key].id;
        let ask = self.asks.name();
        let until = step.now.mono.plus_nanos(u64::from(self.limits.authorizer_seconds) * SECOND);
        self.asks.add(ask, Waiting::Client(connection));
        self.timers.set(until, TimerKind::AuthorizerAnswer, key.to_u32(), connection.0 as u32);
        let question = Question::Authorize {
            connection,
            client_id: &credentials.client_id,
            username: credentials.username.as_deref(),
            password: credentials.password.as_deref(),
            server_name: credentials.server_name.as_deref(),
            connection_uuid: Uuid::draw(
                self.chance,
                Owner::named("broker"),
                Purpose::ConnectionIdentifier,
                connection.0,
            ),
        };
        step.sink.output(Output::Ask { ask, question });
        Asked { ask, until }
    }

    pub(crate) fn on_authorizer_answer<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        connection: ConnectionId,
        answer: Answer<'_>,
    ) {
        let Some(key) = self.connections.find(connection) else { return };
        match answer {
            Answer::Granted { principal_id, rights, refresh_after_seconds, disconnect_after_seconds } => {
                let authority = Authority { iot: Some(rights.clone()), iam: None };
                let after = |seconds| step.now.mono.plus_nanos(u64::from(seconds) * SECOND);
                let times = [after(refresh_after_seconds), after(disconnect_after_seconds)];
                self.on_authorizer_granted(step, key, principal_id, authority, times);
            }
            Answer::Refused { reason } => self.on_authorizer_refused(step, key, reason),
            // The function could not be asked; nothing else is an authorizer's answer.
            Answer::Failed { .. } | Answer::Issued { .. } | Answer::Returned { .. } => {
                self.on_authorizer_refused(step, key, EXECUTION_ERROR);
            }
        }
    }

    /// The question about a connection that is open.
    fn open_question(&self, key: ConnectionKey) -> Option<Asked> {
        match &self.principals[self.connections[key].principal].who {
            Who::Authorizing(authorizing) => Some(authorizing.asked),
            Who::Granted(granted) => granted.asked,
            _ => None,
        }
    }

    fn on_authorizer_granted<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        principal_id: &str,
        authority: Authority,
        [refresh_at, disconnect_at]: [Timestamp; 2],
    ) {
        let connection = self.connections[key].id;
        let principal = self.connections[key].principal;
        let (key_number, generation) = (key.to_u32(), connection.0 as u32);
        let held = &mut self.principals[principal];
        held.set_authority(Arc::new(authority), self.account_changes);
        self.timers.set(refresh_at, TimerKind::AuthorizerRefresh, key_number, generation);
        let credentials = match std::mem::replace(&mut held.who, Who::Unasked(None)) {
            Who::Authorizing(authorizing) => authorizing.credentials,
            Who::Granted(mut granted) => {
                granted.principal = principal_id.into();
                granted.asked = None;
                granted.refresh_at = refresh_at;
                held.who = Who::Granted(granted);
                return;
            }
            _ => unreachable!("a question is open"),
        };
        held.who = Who::Granted(Box::new(Granted {
            principal: principal_id.into(),
            credentials,
            asked: None,
            refresh_at,
            disconnect_at,
        }));
        self.timers.set(disconnect_at, TimerKind::AuthorizedTime, key_number, generation);
        self.connections[key].state = State::Awaiting;
        self.connections[key].paused = false;
        step.sink.output(Output::ResumeReading { connection });
        // The CONNECT, and whatever came with it, waits where incomplete packets do.
        self.handle_bytes(step, key, connection, &[]);
    }

    /// `broker.md` 8.3: any failure, at CONNECT or later, ends the connection.
    fn on_authorizer_refused<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        reason: &'static str,
    ) {
        let connection = &self.connections[key];
        let version = match &self.principals[connection.principal].who {
            Who::Authorizing(authorizing) => authorizing.credentials.version,
            _ => {
                let fact = Fact::NotAuthenticated { connection: connection.id, tag: connection.tag, reason };
                step.sink.fact(fact);
                return self.fail(step, key, ReasonCode::NotAuthorized, DisconnectReason::AuthError);
            }
        };
        self.connections[key].state = State::Awaiting;
        self.refuse_unauthenticated(step, key, version, reason);
    }

    pub(crate) fn on_authorizer_timer<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        kind: TimerKind,
    ) {
        let now = step.now.mono;
        if kind == TimerKind::AuthorizerAnswer {
            // An older question's timer finds a newer one, which has time left.
            if let Some(asked) = self.open_question(key).filter(|asked| asked.until <= now) {
                self.asks.take(asked.ask);
                self.on_authorizer_refused(step, key, EXECUTION_ERROR);
            }
            return;
        }
        let principal = self.connections[key].principal;
        let Who::Granted(granted) = &self.principals[principal].who else { return };
        if now >= granted.disconnect_at {
            // broker.md 5, 8.3, check 134; the code is unverified.
            let code = ReasonCode::NotAuthorized;
            return self.fail(step, key, code, DisconnectReason::CustomAuthTtlExpiration);
        }
        if granted.asked.is_some() || now < granted.refresh_at {
            return;
        }
        let Who::Granted(mut granted) =
            std::mem::replace(&mut self.principals[principal].who, Who::Unasked(None))
        else {
            return;
        };
        granted.asked = Some(self.ask(step, key, &granted.credentials));
        self.principals[principal].who = Who::Granted(granted);
    }

    /// A connection has ended: nobody waits for what was asked about it.
    pub(crate) fn forget_question(&mut self, key: ConnectionKey) {
        if let Some(asked) = self.open_question(key) {
            self.asks.take(asked.ask);
        }
    }
}
