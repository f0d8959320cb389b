//! The functions of rules and of provisioning hooks, in virtual time.
//!
//! ```text
//! rule matches ──> queue ──> station ──> script ──> calls of the control plane
//!                    ^          │           │
//!                    └─ again ──┴───────────┘ throttled, failed, a call refused
//! hook asked ─────────────> station ──> script ──> answer to the broker
//! ```
//!
//! A rule invokes its function asynchronously, so Lambda tries again what came to nothing; a hook is invoked once, and
//! whoever asked hears how it went.

use std::collections::BTreeMap;

use squall_core::{Answer, AskId, Call as BrokerCall, Input};
use squall_lambda::{Lambda, Outcome, QueuedEvent, Run, Setback, Station, StationConfig};
use squall_results::Counter;
use squall_scenario::{FunctionStation, Scenario};
use squall_services::registry::OwnedCall;
use squall_types::{Chance, Owner, Timestamp};

use crate::account::SetupError;
use crate::event::Event;
use crate::fingerprint::ItemKind;
use crate::world::World;

/// The functions of the account, and what they are at.
#[derive(Debug, Default)]
pub(crate) struct LambdaRun {
    functions: Vec<Function>,
    invocations: BTreeMap<u32, Invocation>,
    /// Numbers given so far.
    invoked: u32,
}

#[derive(Debug)]
struct Function {
    lambda: Lambda,
    station: Station,
}

/// One event on its way through a function.
#[derive(Debug)]
struct Invocation {
    function: usize,
    event: serde_json::Value,
    waits: Waits,
}

/// Who waits for the answer.
#[derive(Clone, Copy, Debug)]
enum Waits {
    /// Nobody: a rule's.
    Queue(QueuedEvent),
    /// The broker.
    Broker(AskId),
}

impl LambdaRun {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, SetupError> {
        let compiled = scenario.lambdas.iter().map(|one| {
            let lambda = Lambda::compile(&one.name, &one.script).map_err(|error| {
                let source = one.source.as_deref().map(|path| format!(" ({path})")).unwrap_or_default();
                SetupError::new(format!("lambda {}{source}", one.name), error)
            })?;
            Ok(Function { lambda, station: station_of(&one.station) })
        });
        Ok(Self { functions: compiled.collect::<Result<_, _>>()?, ..Self::default() })
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.functions.iter().position(|function| function.lambda.name() == name)
    }

    /// Remembers an invocation; its number.
    fn add(&mut self, invocation: Invocation) -> u32 {
        let number = self.invoked;
        self.invoked = self.invoked.wrapping_add(1);
        self.invocations.insert(number, invocation);
        number
    }

    fn attempt(&mut self, now: Timestamp, chance: Chance, number: u32) -> Option<Run> {
        let invocation = self.invocations.get(&number)?;
        let function = &mut self.functions[invocation.function];
        let owner = Owner::named(function.lambda.name()).member(number.into());
        Some(function.station.invoke(now, chance, owner))
    }

    fn answer(&self, number: u32) -> Option<Result<serde_json::Value, String>> {
        let invocation = self.invocations.get(&number)?;
        let lambda = &self.functions[invocation.function].lambda;
        Some(lambda.invoke(&invocation.event).map_err(|error| error.to_string()))
    }
}

impl World {
    /// A rule has matched: its function is to get the message.
    pub(crate) fn invoke_for_rule(&mut self, function: &str, payload: &[u8]) {
        let Some(function) = self.lambdas.find(function) else { return };
        // rules.md, binary payloads: what is no JSON does not reach a function.
        let Ok(event) = serde_json::from_slice(payload) else {
            return self.measure.counters.count(Counter::LambdaDiscarded);
        };
        let waits = Waits::Queue(QueuedEvent::new(self.now));
        let number = self.lambdas.add(Invocation { function, event, waits });
        self.on_lambda_attempt(number);
    }

    /// The broker asks a hook. One that there is not fails like one that may not be invoked.
    pub(crate) fn invoke_for_hook(&mut self, ask: AskId, function_arn: &str, event: &str) {
        let event = serde_json::from_str(event).expect("the broker asks in JSON");
        let name = function_arn.rsplit(':').next().unwrap_or_default();
        let Some(function) = self.lambdas.find(name) else {
            return self.fail_question(ask, "there is no such function");
        };
        let number = self.lambdas.add(Invocation { function, event, waits: Waits::Broker(ask) });
        self.on_lambda_attempt(number);
    }

    /// Has a function begin with an event, if there is room.
    pub(crate) fn on_lambda_attempt(&mut self, number: u32) {
        let Some(run) = self.lambdas.attempt(self.now, self.chance, number) else { return };
        let counters = &mut self.measure.counters;
        if run.outcome == Outcome::Throttled {
            counters.count(Counter::LambdaThrottled);
            return self.lambda_came_to_nothing(number, Setback::Throttled);
        }
        counters.count(Counter::LambdaInvocations);
        if run.cold {
            counters.count(Counter::LambdaColdStarts);
        }
        let fails = run.outcome == Outcome::Fails;
        self.wheel.push(run.ends, Event::LambdaEnds { invocation: number, fails });
    }

    /// A function has ended, or was ended by chance.
    pub(crate) fn on_lambda_ends(&mut self, number: u32, fails: bool) {
        let answer = self.lambdas.answer(number).filter(|_| !fails).and_then(Result::ok);
        self.note_world(ItemKind::FunctionAnswered, &[u8::from(answer.is_some())]);
        let Some(answer) = answer else {
            self.measure.counters.count(Counter::LambdaFailed);
            return self.lambda_came_to_nothing(number, Setback::Failed);
        };
        match self.lambdas.invocations.get(&number).map(|invocation| invocation.waits) {
            Some(Waits::Broker(ask)) => {
                self.lambdas.invocations.remove(&number);
                let payload = answer.to_string();
                self.serve_at_once(Input::Answer { ask, answer: Answer::Returned { payload: &payload } });
            }
            Some(Waits::Queue(_)) if self.carry_out(&answer) => {
                self.lambdas.invocations.remove(&number);
            }
            Some(Waits::Queue(_)) => {
                self.measure.counters.count(Counter::LambdaFailed);
                self.lambda_came_to_nothing(number, Setback::Failed);
            }
            None => {}
        }
    }

    /// Makes the calls that a function has answered, until one is refused: then the function fails, as one does that
    /// lets an exception pass.
    fn carry_out(&mut self, answer: &serde_json::Value) -> bool {
        let calls = match answer {
            serde_json::Value::Array(calls) => calls.as_slice(),
            serde_json::Value::Null => &[],
            _ => return false,
        };
        calls.iter().all(|call| {
            let operation = call["operation"].as_str().unwrap_or_default();
            OwnedCall::read(operation, &call["parameters"])
                .is_ok_and(|call| self.request(operation.as_bytes(), BrokerCall::Control(call.as_call())))
        })
    }

    fn lambda_came_to_nothing(&mut self, number: u32, setback: Setback) {
        let Some(invocation) = self.lambdas.invocations.get_mut(&number) else { return };
        let next = match &mut invocation.waits {
            Waits::Queue(event) => event.set_back(self.now, setback),
            Waits::Broker(ask) => {
                let ask = *ask;
                self.lambdas.invocations.remove(&number);
                return self.fail_question(ask, setback_in_words(setback));
            }
        };
        match next {
            Some(at) => self.wheel.push(at, Event::LambdaAttempt { invocation: number }),
            None => {
                self.lambdas.invocations.remove(&number);
                self.measure.counters.count(Counter::LambdaDiscarded);
            }
        }
    }
}

/// What a hook's answer is that there is not.
const fn setback_in_words(setback: Setback) -> &'static str {
    match setback {
        Setback::Throttled => "all instances of the function were busy",
        Setback::Failed => "the function failed",
    }
}

/// Where a function runs.
pub(crate) fn station_of(station: &FunctionStation) -> Station {
    Station::new(StationConfig {
        concurrency: station.concurrency,
        latency: station.latency,
        cold_start: station.cold_start,
        failures_per_million: station.failures_per_million,
        ..StationConfig::default()
    })
}
