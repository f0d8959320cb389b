//! Custom authorizers in virtual time: what the broker asks, the functions answer when their stations let them.

use std::collections::BTreeMap;
use std::sync::Arc;

use core::time::Duration;

use squall_authorizer::{
    Authorizer, AuthorizerKind, AuthorizerRequest, AuthorizerStatus, Authorizers, Grant, MqttClient,
};
use squall_core::{Answer, AskId, ClientToAuthorize, ConnectionId, Input};
use squall_lambda::{Lambda, Outcome, Station};
use squall_results::Counter;
use squall_scenario::Scenario;
use squall_services::policy::Account;
use squall_types::{Chance, Owner, Timestamp};

use crate::account::SetupError;
use crate::event::{Event, LinkKey};
use crate::fingerprint::ItemKind;
use crate::lambda::station_of;
use crate::world::World;

/// The authorizers of the endpoint, and what they have not answered yet.
#[derive(Debug)]
pub(crate) struct AuthorizerRun {
    authorizers: Authorizers,
    /// By the number of the authorizer.
    stations: Vec<Station>,
    /// What will be answered, by the number in the event that says when.
    answers: BTreeMap<u32, (AskId, ConnectionId, Result<Grant, &'static str>)>,
    asked: u32,
}

impl AuthorizerRun {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, SetupError> {
        let mut authorizers = Authorizers::new(Account::default());
        let limit = scenario.service.profile.limits.authorizer_seconds;
        authorizers.set_timeout(Duration::from_secs(limit.into()));
        let mut stations = Vec::new();
        for one in &scenario.authorizers {
            let failed = |why: &dyn core::fmt::Display| {
                let source = one.source.as_deref().map(|path| format!(" ({path})")).unwrap_or_default();
                SetupError::new(format!("authorizer {}{source}", one.name), why)
            };
            let lambda = Lambda::compile(&one.name, &one.script).map_err(|error| failed(&error))?;
            let authorizer = Authorizer::new(&AuthorizerRequest {
                name: &one.name,
                function: &one.name,
                kind: AuthorizerKind::CustomAuth,
                status: AuthorizerStatus::Active,
                token_key_name: None,
                signing_disabled: true,
                public_keys: &[],
                caching_for_http: false,
            });
            let authorizer = authorizer.map_err(|error| failed(&error))?;
            authorizers.add(authorizer, Arc::new(lambda)).map_err(|error| failed(&error))?;
            if one.is_default {
                authorizers.set_default(&one.name).map_err(|error| failed(&error))?;
            }
            stations.push(station_of(&one.station));
        }
        Ok(Self { authorizers, stations, answers: BTreeMap::new(), asked: 0 })
    }

    /// Settles what will be answered to a question, and when; the number of the answer.
    fn settle(
        &mut self,
        now: Timestamp,
        chance: Chance,
        owner: Owner,
        (ask, asked): (AskId, &ClientToAuthorize),
    ) -> Settled {
        let connection_id = asked.connection_uuid.to_string();
        let client = MqttClient {
            username: asked.username.as_deref(),
            password: asked.password.as_deref(),
            client_id: Some(&asked.client_id),
            server_name: asked.server_name.as_deref(),
            certificate: None,
            connection_id: Some(&connection_id),
        };
        let number = self.asked;
        self.asked = self.asked.wrapping_add(1);
        let mut settled =
            Settled { number, at: now, invoked: false, cold: false, throttled: false, failed: false };
        let answer = match self.authorizers.begin(&client) {
            Err(refusal) => Err(refusal),
            Ok(invocation) => {
                let run = self.stations[invocation.authorizer()].invoke(now, chance, owner);
                let answered = self.authorizers.run(&invocation, now, &run);
                settled.at = answered.at;
                settled.invoked = run.outcome != Outcome::Throttled;
                settled.throttled = run.outcome == Outcome::Throttled;
                settled.cold = run.cold;
                settled.failed = settled.invoked && answered.answer.is_err();
                self.authorizers.finish(&invocation, answered.answer)
            }
        };
        let answer = answer.map_err(|refusal| refusal.log_reason().as_str());
        self.answers.insert(number, (ask, asked.connection, answer));
        settled
    }
}

/// When a question will be answered, and what the function's station saw.
struct Settled {
    number: u32,
    at: Timestamp,
    invoked: bool,
    cold: bool,
    throttled: bool,
    failed: bool,
}

impl World {
    /// Has an authorizer judge a client.
    pub(crate) fn ask_authorizer(&mut self, ask: AskId, asked: &ClientToAuthorize) {
        let Some(link) = self.links.get(LinkKey::of(asked.connection)) else { return };
        let owner = self.owner(link.device);
        let settled = self.authorizers.settle(self.now, self.chance, owner, (ask, asked));
        let counters = &mut self.measure.counters;
        for (happened, counter) in [
            (settled.invoked, Counter::AuthorizerInvocations),
            (settled.cold, Counter::AuthorizerColdStarts),
            (settled.throttled, Counter::AuthorizerThrottled),
            (settled.failed, Counter::AuthorizerFailed),
        ] {
            if happened {
                counters.count(counter);
            }
        }
        self.wheel.push(settled.at, Event::AuthorizerAnswers { answer: settled.number });
    }

    pub(crate) fn on_authorizer_answers(&mut self, number: u32) {
        let Some((ask, connection, answer)) = self.authorizers.answers.remove(&number) else { return };
        self.note_world(ItemKind::FunctionAnswered, &[u8::from(answer.is_ok())]);
        if let Ok(grant) = &answer {
            self.log_named(connection, &grant.principal_id);
        }
        let answer = match &answer {
            Ok(grant) => Answer::Granted {
                principal_id: &grant.principal_id,
                rights: &grant.rights,
                refresh_after_seconds: grant.refresh_after_seconds,
                disconnect_after_seconds: grant.disconnect_after_seconds,
            },
            Err(reason) => Answer::Refused { reason },
        };
        self.serve_at_once(Input::Answer { ask, answer });
    }
}
