//! Fleet provisioning over MQTT (`state.md` 3.3): requests come by PUBLISH, answers go to the connection that asked.

use squall_codec::{PacketId, Publish};
use squall_profile::Decision;
use squall_services::provisioning::{
    Begun, FleetAnswer, FleetRequest, FleetTopic, HookFailure, IssuedCertificate, Outcome,
    PendingCertificate, PendingRegistration,
};
use squall_types::{CertificateId, Owner, Purpose, QoS, Timestamp};

use crate::asks::Waiting;
use crate::broker::{Broker, Step};
use crate::connection::{ConnectionKey, State};
use crate::deliver::Recipient;
use crate::fact::Fact;
use crate::input::{ConnectionId, Tag};
use crate::output::Output;
use crate::principal::Who;
use crate::question::{Answer, Question};
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::timer::TimerKind;

const SECOND: u64 = 1_000_000_000;

/// What a driver's answer is that is none to its question.
const NO_ANSWER: &str = "the answer is to another question";

/// A request that waits for something from outside.
#[derive(Debug)]
pub(crate) struct PendingFleet {
    device: Requester,
    work: Work,
}

/// Who asked for what.
#[derive(Debug)]
struct Requester {
    connection: ConnectionId,
    tag: Tag,
    /// Where the request went.
    topic: Box<str>,
}

#[derive(Debug)]
enum Work {
    Certificate(PendingCertificate),
    Registration(Box<PendingRegistration>),
}

impl Broker {
    /// A device has published a request.
    pub(crate) fn handle_fleet_request<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        topic: FleetTopic<'_>,
        publish: &Publish<'_>,
    ) {
        let connection = &self.connections[key];
        let (tag, since) = (connection.tag, connection.since);
        let device = Requester { connection: connection.id, tag, topic: publish.topic.into() };
        let who = &self.principals[connection.principal].who;
        let client_id = self.sessions[session].client_id.clone();
        let request = FleetRequest {
            topic,
            payload: publish.payload,
            client_id: client_id.as_str(),
            claim: who.certificate(),
            temporary_claim_since: matches!(who, Who::Claim(_)).then_some(since),
        };
        let begun = self.provision(step, tag, |control, provisioning| {
            provisioning.fleet.request(control, &provisioning.templates, &request)
        });
        let ask = self.asks.name();
        let work = match begun {
            Begun::Answered(answer) => return self.answer_fleet(step, &device, &answer),
            Begun::NeedsKeys(pending) => {
                step.sink.output(Output::Ask { ask, question: Question::CreateKeys });
                Work::Certificate(pending)
            }
            Begun::NeedsSignature { signing_request, pending } => {
                let question = Question::SignRequest { signing_request: &signing_request };
                step.sink.output(Output::Ask { ask, question });
                Work::Certificate(pending)
            }
            Begun::NeedsHook(pending) => {
                let question =
                    Question::InvokeHook { function_arn: &pending.function_arn, event: &pending.event };
                step.sink.output(Output::Ask { ask, question });
                let wait = u64::from(self.limits.provisioning_hook_seconds) * SECOND;
                let until = step.now.mono.plus_nanos(wait);
                self.provisioning.hooks.push_back((until, ask));
                self.timers.set(until, TimerKind::HookAnswer, 0, 0);
                Work::Registration(pending)
            }
        };
        self.asks.add(ask, Waiting::Fleet(Box::new(PendingFleet { device, work })));
    }

    /// The outside has answered what a request waits for.
    pub(crate) fn on_fleet_answer<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        pending: PendingFleet,
        answer: Answer<'_>,
    ) {
        let PendingFleet { device, work } = pending;
        match work {
            Work::Certificate(pending) => self.finish_certificate(step, &device, pending, answer),
            Work::Registration(pending) => {
                let answer = match answer {
                    Answer::Returned { payload } => Ok(payload),
                    Answer::Failed { what } => Err(HookFailure::Failed(what.into())),
                    _ => Err(HookFailure::Failed(NO_ANSWER.into())),
                };
                self.finish_registration(step, &device, *pending, answer);
            }
        }
    }

    fn finish_certificate<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        device: &Requester,
        pending: PendingCertificate,
        answer: Answer<'_>,
    ) {
        let token = self.draw_token();
        let issued = match answer {
            Answer::Issued { certificate, private_key } => {
                Ok(IssuedCertificate { certificate, private_key, ownership_token: &token })
            }
            Answer::Failed { what } => Err(what),
            _ => Err(NO_ANSWER),
        };
        let answer = self.provision(step, device.tag, |control, provisioning| {
            provisioning.fleet.finish_certificate(control, pending, issued)
        });
        self.arm_tokens();
        self.answer_fleet(step, device, &answer);
    }

    fn finish_registration<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        device: &Requester,
        pending: PendingRegistration,
        answer: Result<&str, HookFailure>,
    ) {
        let answer = self.provision(step, device.tag, |control, provisioning| {
            provisioning.fleet.finish_hook(control, pending, answer)
        });
        self.answer_fleet(step, device, &answer);
    }

    /// A text that no token had before: 256 bits of chance.
    fn draw_token(&mut self) -> String {
        let number = self.provisioning.tokens;
        self.provisioning.tokens += 1;
        let draw = |n| self.chance.bits(Owner::named("broker"), Purpose::OwnershipToken, number * 4 + n);
        (0..4).map(|n| format!("{:016x}", draw(n))).collect()
    }

    /// Gives a device its answer, if it is still there and subscribed: the same connection, and nobody else (checks 87).
    fn answer_fleet<S: Sink>(&mut self, step: &mut Step<'_, S>, device: &Requester, answer: &FleetAnswer) {
        let topic = FleetTopic::parse(&device.topic).expect("a request's topic was read before");
        let (connection, tag) = (device.connection, device.tag);
        match answer.outcome {
            Outcome::Issued(_) => {}
            Outcome::Registered { .. } => self.assumptions.note(Decision::OverrideSettings),
            Outcome::Rejected { .. } => self.assumptions.note(Decision::FleetRejections),
        }
        step.sink.fact(Fact::FleetAnswered { connection, tag, api: topic.api, outcome: &answer.outcome });
        let Some(key) = self.connections.find(connection) else { return };
        let State::Connected { session, .. } = self.connections[key].state else { return };
        let topic = topic.toward(answer.direction()).to_string();
        let Some(qos) = self.subscriptions.granted_to(self.sessions[session].subscriptions, &topic) else {
            return;
        };
        let (at_least_once, packet_id) = (QoS::AtLeastOnce, Some(PacketId::MIN));
        let publish = Publish { qos: at_least_once, packet_id, ..Publish::new(&topic, &answer.payload) };
        let recipient = Recipient { session, qos, retain: false, group: None };
        let mut stored = None;
        self.deliver(step, recipient, &publish, &mut stored);
        if let Some(stored) = stored {
            self.messages.release(stored);
        }
    }

    /// `state.md` 3.6: a hook that has not answered by now did not allow it.
    pub(crate) fn on_hook_timer<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        let now = step.now.mono;
        while let Some((_, ask)) = self.provisioning.hooks.pop_front_if(|(until, _)| *until <= now) {
            if let Some(Waiting::Fleet(pending)) = self.asks.take(ask)
                && let PendingFleet { device, work: Work::Registration(pending) } = *pending
            {
                self.finish_registration(step, &device, *pending, Err(HookFailure::TimedOut));
            }
        }
    }

    /// Makes sure that a timer fires when the first certificate's hour is over.
    fn arm_tokens(&mut self) {
        if let Some(at) = self.provisioning.fleet.next_deadline()
            && at < self.provisioning.tokens_at
        {
            self.provisioning.tokens_at = at;
            self.timers.set(at, TimerKind::OwnershipTokens, 0, 0);
        }
    }

    /// `state.md` 3.3: a certificate that nobody has provisioned within the hour of its token is deleted.
    pub(crate) fn on_tokens_timer<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        self.provisioning.tokens_at = Timestamp::MAX;
        let deleted: Vec<CertificateId> = self.provisioning.fleet.expire(&mut self.registry, step.now);
        for id in deleted {
            self.account_changes = self.account_changes.wrapping_add(1);
            self.forget_certificate(step, id);
        }
        self.arm_tokens();
    }
}
