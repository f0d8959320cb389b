//! Device shadows as the broker drives them (`state.md` 1): requests come by PUBLISH or by a call, answers are
//! messages like any other.
//!
//! ```text
//! PUBLISH to .../get, update, delete ──> Shadows::handle ─┬─> accepted, delta, documents, or rejected: to subscribers
//! call of the HTTPS data API ──────────> Shadows::call ───┘                    and rules, each written once if at all
//!                                              └─> reply
//! ```

use squall_codec::{PacketId, Publish};
use squall_services::shadow::{
    Answer, CallOutcome, InFlight, Outcome, Settings, ShadowCall, ShadowTopic, Shadows,
};
use squall_types::{Owner, Purpose, QoS};

use crate::broker::{Broker, Step};
use crate::connection::ConnectionKey;
use crate::fact::{Fact, ShadowAnswered};
use crate::input::{ConnectionId, Tag};
use crate::meter::{Cause, shadow_units};
use crate::request::{Reply, ShadowReply};
use crate::reserved_topics::is_reserved;
use crate::session::SessionKey;
use crate::sink::Sink;

/// The shadows of the account, and room to work in.
#[derive(Debug)]
pub(crate) struct ShadowWork {
    shadows: Shadows,
    /// Requests of the bytes at hand. What came before is answered: each request is, before the next bytes come.
    in_flight: InFlight,
    /// Requests so far, for draws.
    requests: u64,
    topic: String,
    payload: Vec<u8>,
}

impl ShadowWork {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            shadows: Shadows::new(settings),
            in_flight: InFlight::default(),
            requests: 0,
            topic: String::new(),
            payload: Vec::new(),
        }
    }
}

/// Who has asked: a client on its connection, or a caller over HTTPS.
struct Asker {
    connection: Option<(ConnectionId, SessionKey)>,
    tag: Tag,
}

/// The request that a topic stands for.
#[inline]
pub(crate) fn shadow_request(topic: &str) -> Option<ShadowTopic<'_>> {
    if !is_reserved(topic) {
        return None;
    }
    ShadowTopic::parse(topic).filter(|topic| topic.answer.is_none())
}

impl Broker {
    /// A client has published a request.
    pub(crate) fn handle_shadow_request<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        topic: ShadowTopic<'_>,
        payload: &[u8],
    ) {
        let connection = &self.connections[key];
        let asker = Asker { connection: Some((connection.id, session)), tag: connection.tag };
        let mut work = self.lend_shadows();
        let limit = work.shadows.settings().in_flight;
        let ShadowWork { shadows, in_flight, requests, topic: text, payload: bytes } = &mut *work;
        let outcome = if in_flight.begin(topic.shadow.thing, limit) {
            shadows.handle(topic.shadow, topic.operation, payload, step.now)
        } else {
            // state.md 1.10: they came in one piece, so no answer was waited for.
            shadows.refuse(topic.shadow, topic.operation, payload, step.now)
        };
        *requests += 1;
        self.answer_shadow(step, &asker, &outcome, *requests, (text, bytes));
        self.return_shadows(work);
    }

    /// A call of the HTTPS data API.
    pub(crate) fn handle_shadow_call<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        call: ShadowCall<'_>,
    ) -> Reply {
        let mut work = self.lend_shadows();
        let ShadowWork { shadows, requests, topic, payload, .. } = &mut *work;
        let outcome = shadows.call(call, step.now);
        *requests += 1;
        if let CallOutcome::Shadow(outcome) = &outcome {
            let asker = Asker { connection: None, tag };
            self.answer_shadow(step, &asker, outcome, *requests, (topic, payload));
        }
        let mut body = Vec::new();
        outcome.write_body(&mut body);
        let reply = Reply::Shadow(ShadowReply { rejection: outcome.rejection(), body: body.into() });
        self.return_shadows(work);
        reply
    }

    /// Requests of bytes to come are counted from none on.
    #[inline]
    pub(crate) fn forget_shadow_requests(&mut self) {
        if let Some(work) = &mut self.shadows
            && !work.in_flight.is_empty()
        {
            work.in_flight = InFlight::default();
        }
    }

    fn lend_shadows(&mut self) -> Box<ShadowWork> {
        self.shadows.take().expect("what is published of a shadow asks for none")
    }

    fn return_shadows(&mut self, work: Box<ShadowWork>) {
        self.shadows = Some(work);
    }

    /// Tells of what became of a request, and publishes what it is answered with.
    fn answer_shadow<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        asker: &Asker,
        outcome: &Outcome<'_>,
        number: u64,
        (topic, payload): (&mut String, &mut Vec<u8>),
    ) {
        let Asker { connection, tag } = *asker;
        self.assumptions.note_all(outcome.relied_on());
        let (shadow, operation, version) = (outcome.shadow(), outcome.operation(), outcome.version());
        if version.is_ok() {
            // pricing.md 1.2: in units of 1 KB of the state, without metadata.
            self.meter.add(tag, Cause::ShadowOperation, shadow_units(outcome.state_bytes()));
        }
        let unheard = version.is_err()
            && connection.is_some_and(|(_, session)| {
                topic.clear();
                outcome.topic(Answer::Rejected).write(topic);
                self.subscriptions.granted_to(self.sessions[session].subscriptions, topic).is_none()
            });
        let has_delta = outcome.has_delta();
        let answered = &ShadowAnswered { shadow, operation, version, has_delta, unheard };
        let connection = connection.map(|(id, _)| id);
        step.sink.fact(Fact::ShadowAnswered { connection, tag, answered });
        let draw = self.chance.bits(Owner::named("broker"), Purpose::ShadowOrder, number);
        for answer in outcome.answers(draw) {
            // broker.md check 157: a request counts itself and what it is answered with, whether or not that is heard.
            // What becomes of an answer over the quota no document says: it is published.
            let _ = self.inbound_rate.take(step.now.mono);
            topic.clear();
            outcome.topic(answer).write(topic);
            self.publish_if_heard(step, topic, |out| outcome.write(answer, out), payload);
        }
    }

    /// Publishes a message of the service's own at QoS 1; it is written only if somebody gets it.
    fn publish_if_heard<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        topic: &str,
        write: impl FnOnce(&mut Vec<u8>),
        payload: &mut Vec<u8>,
    ) {
        if !self.is_heard(topic) {
            return;
        }
        payload.clear();
        write(payload);
        let (qos, packet_id) = (QoS::AtLeastOnce, Some(PacketId::MIN));
        let publish = Publish { qos, packet_id, ..Publish::new(topic, payload) };
        self.publish_own(step, &publish);
    }
}
