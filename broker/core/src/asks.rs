//! Questions that are not answered, and who waits for each answer.

use std::collections::BTreeMap;

use crate::broker::{Broker, Step};
use crate::input::{AskId, ConnectionId};
use crate::provisioning::PendingFleet;
use crate::question::Answer;
use crate::sink::Sink;

/// Who waits for an answer.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// A client, for its authorizer.
    Client(ConnectionId),
    /// A device that asked for a certificate or a thing.
    Fleet(Box<PendingFleet>),
}

/// All questions that are not answered.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    waiting: BTreeMap<AskId, Waiting>,
    asked: u64,
}

impl Asks {
    /// A name that no question had before.
    pub(crate) fn name(&mut self) -> AskId {
        self.asked += 1;
        AskId(self.asked)
    }

    /// Somebody waits for the answer to a question.
    pub(crate) fn add(&mut self, ask: AskId, waiting: Waiting) {
        self.waiting.insert(ask, waiting);
    }

    /// Whoever waits waits no longer.
    pub(crate) fn take(&mut self, ask: AskId) -> Option<Waiting> {
        self.waiting.remove(&ask)
    }
}

impl Broker {
    /// An answer has come. One that nobody waits for is dropped.
    pub(crate) fn handle_answer<S: Sink>(&mut self, step: &mut Step<'_, S>, ask: AskId, answer: Answer<'_>) {
        match self.asks.take(ask) {
            Some(Waiting::Client(connection)) => self.on_authorizer_answer(step, connection, answer),
            Some(Waiting::Fleet(pending)) => self.on_fleet_answer(step, *pending, answer),
            None => {}
        }
    }
}
