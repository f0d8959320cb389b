//! Topic rules whose action is a function: what matches the filter is handed on, and nobody waits for the answer.
//!
//! A rule here is `SELECT * FROM 'filter'` with a Lambda action, which invokes asynchronously with the message as the
//! event (`rules.md`, lambda). The rules engine itself, its SQL and its other actions are not modelled yet.

use squall_codec::Publish;
use squall_types::filter_matches;

use crate::broker::{Broker, Step};
use crate::meter::Cause;
use crate::output::Output;
use crate::publish::metered_bytes;
use crate::question::Question;
use crate::reserved_topics::may_match_events;
use crate::sink::Sink;

/// A rule that hands messages to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaRule {
    /// Its name.
    pub name: Box<str>,
    /// The topic filter of its FROM.
    pub filter: Box<str>,
    /// The function's name.
    pub function: Box<str>,
}

/// The account's rules.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<LambdaRule>,
    /// Whether one of them could match an event of the service itself.
    pub(crate) may_hear_events: bool,
}

impl Rules {
    pub(crate) fn new(rules: Vec<LambdaRule>) -> Self {
        let may_hear_events = rules.iter().any(|rule| may_match_events(&rule.filter));
        Self { rules, may_hear_events }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl Broker {
    /// Hands a message to the functions of the rules that match its topic, in the order of the rules.
    #[cold]
    pub(crate) fn trigger_rules<S: Sink>(&mut self, step: &mut Step<'_, S>, publish: &Publish<'_>) {
        let hash_matches_parent = self.subscriptions.hash_matches_parent();
        // Rules are the account's, whoever published.
        let tag = self.account_tag;
        for rule in &self.rules.rules {
            if !filter_matches(&rule.filter, publish.topic, hash_matches_parent) {
                continue;
            }
            self.meter.add_message(tag, Cause::RuleTriggered, metered_bytes(publish));
            self.meter.add_message(tag, Cause::RuleAction, publish.payload.len());
            let (rule, function) = (&*rule.name, &*rule.function);
            let question = Question::InvokeRule { rule, function, payload: publish.payload };
            let ask = self.asks.name();
            step.sink.output(Output::Ask { ask, question });
        }
    }
}
