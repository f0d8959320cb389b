//! From facts to records.

use std::borrow::Cow;

use squall_core::{
    ConnectRefusal, ConnectionId, Denial, DiscardRule, DisconnectReason, Fact, Feature, Identity, Source,
    SubscribeRefusal,
};
use squall_services::policy::Action;
use squall_services::provisioning::{self, FleetApi};
use squall_services::shadow::{Rejection, ShadowTopic};
use squall_types::{CertificateId, Chance, Now};

use crate::clients::{Clients, HTTP, MQTT};
use crate::record::{ClientEvent, Event, Lines, Outcome, Provisioning, Queued, Shadow, Text};

/// Event types (`broker.md` 10.2).
const CONNECT: &str = "Connect";
const PUBLISH_IN: &str = "Publish-In";
const PUBLISH_OUT: &str = "Publish-Out";
const QUEUED: &str = "Queued";
const SUBSCRIBE: &str = "Subscribe";

/// `broker.md` 10.2 names no `reason` of these failures: `unverified`.
const AUTHORIZATION_FAILURE: &str = "AUTHORIZATION_FAILURE";
const CLIENT_ERROR: &str = "CLIENT_ERROR";
const THROTTLED: &str = "THROTTLED";
/// Words of Squall: the service writes no such records.
const DISCARDED: &str = "DISCARDED";
const NOT_MODELLED: &str = "NOT_MODELLED";

/// The log of a service: takes facts, gives lines.
#[derive(Debug)]
pub struct ServiceLog {
    /// Those that stand.
    clients: Clients,
    lines: Lines,
}

impl ServiceLog {
    /// An empty log of an account.
    #[must_use]
    pub fn new(account_id: &str, chance: Chance) -> Self {
        Self { clients: Clients::default(), lines: Lines::new(account_id, chance) }
    }

    /// The driver is about to tell the broker of a connection.
    pub fn opened(&mut self, connection: ConnectionId, identity: &Identity<'_>, source: Source) {
        self.clients.add(connection, identity, source);
    }

    /// A custom authorizer has named the principal of a connection.
    pub fn named(&mut self, connection: ConnectionId, principal: &str) {
        self.clients.name_principal(connection, principal);
    }

    /// A connection is gone. Needed for those that never got as far as CONNECT; for others it changes nothing.
    pub fn closed(&mut self, connection: ConnectionId) {
        self.clients.remove(connection);
    }

    /// Takes a fact.
    pub fn fact(&mut self, now: Now, fact: &Fact<'_>) {
        match *fact {
            Fact::Connected { connection, client_id, .. } => {
                self.clients.name_client(connection, client_id);
                let event = ClientEvent { client_id: Some(client_id), ..self.clients.event(connection) };
                self.lines.record(now, Outcome::Success, CONNECT, &Event::Client(event));
            }
            Fact::ConnectRefused { connection, why, .. } => {
                self.connect_refused(now, connection, why);
                self.clients.remove(connection);
            }
            Fact::Disconnected { connection, client_id, reason, .. } => {
                self.disconnected(now, connection, client_id, reason);
                self.clients.remove(connection);
            }
            Fact::NotAuthenticated { connection, reason, .. } => {
                self.not_authenticated(now, connection, reason);
            }
            Fact::Denied { connection, denial, .. } => self.denied(now, connection, denial),
            Fact::Audit { call, error, .. } => self.lines.audit(now, call, error),
            Fact::PublishIn { connection, topic, retain, .. } => {
                let event = self.clients.publisher(connection);
                let event =
                    ClientEvent { topic_name: Some(topic), retain: retain.then_some("True"), ..event };
                self.lines.record(now, Outcome::Success, PUBLISH_IN, &Event::Client(event));
            }
            Fact::WillPublished { client_id, topic, .. } => {
                let event = nameless(client_id, topic);
                self.lines.record(now, Outcome::Success, PUBLISH_IN, &Event::Client(event));
            }
            Fact::PublishRefused { connection, topic, .. } => {
                let event = ClientEvent {
                    topic_name: Some(topic).filter(|topic| !topic.is_empty()),
                    reason: Some(CLIENT_ERROR),
                    ..self.clients.publisher(connection)
                };
                self.lines.record(now, Outcome::Refused, PUBLISH_IN, &Event::Client(event));
            }
            Fact::PublishOut { connection, topic, .. } => {
                self.on_topic(now, Outcome::Success, PUBLISH_OUT, connection, topic, None);
            }
            Fact::Ping { connection, .. } => {
                let event = self.clients.event(connection);
                self.lines.record(now, Outcome::Detail, "Ping", &Event::Client(event));
            }
            Fact::Subscribed { connection, filter, .. } => {
                self.on_topic(now, Outcome::Success, SUBSCRIBE, connection, filter, None);
            }
            Fact::SubscribeRefused { connection, filter, why, .. } => match why {
                SubscribeRefusal::Throttled => {
                    self.on_topic(now, Outcome::Lost, SUBSCRIBE, connection, filter, Some(THROTTLED));
                }
                SubscribeRefusal::ClientError => {
                    self.on_topic(now, Outcome::Refused, SUBSCRIBE, connection, filter, Some(CLIENT_ERROR));
                }
                // The denial has said it.
                SubscribeRefusal::NotAuthorized => {}
            },
            // broker.md 10.2: without the filter.
            Fact::Unsubscribed { connection, .. } => {
                let event = self.clients.event(connection);
                self.lines.record(now, Outcome::Success, "Unsubscribe", &Event::Client(event));
            }
            Fact::Queued { receiver, topic, .. } => {
                let event = Event::Queued(Queued::new(receiver, topic, None));
                self.lines.record(now, Outcome::Success, QUEUED, &event);
            }
            Fact::Discarded { client_id, topic, rule, .. }
            | Fact::DiscardedShared { group: client_id, topic, rule, .. } => {
                self.discarded(now, client_id, topic, rule);
            }
            Fact::CallThrottled { rule, .. } => {
                let event = ClientEvent {
                    protocol: Some(HTTP),
                    reason: Some(THROTTLED),
                    details: Some(rule.as_str().into()),
                    ..ClientEvent::default()
                };
                self.lines.record(now, Outcome::Lost, PUBLISH_IN, &Event::Client(event));
            }
            Fact::NotModelled { feature, .. } => self.not_modelled(now, feature),
            Fact::JustInTime { certificate, template, result, .. } => {
                let details = result.err().map(ToString::to_string);
                self.provision_device(now, template, Some(*certificate), details.as_deref());
            }
            Fact::FleetAnswered { api: FleetApi::RegisterThing { template }, outcome, .. } => match outcome {
                provisioning::Outcome::Registered { certificate, .. } => {
                    self.provision_device(now, Some(template), Some(*certificate), None);
                }
                provisioning::Outcome::Rejected { details, .. } => {
                    self.provision_device(now, Some(template), None, Some(details));
                }
                provisioning::Outcome::Issued(_) => {}
            },
            Fact::ShadowAnswered { connection, answered, .. } => {
                let request = ShadowTopic::request(answered.shadow, answered.operation);
                self.shadow_answered(now, connection, request, answered.version.err());
            }
            // state.md 3.1: a log knows provisioning alone, not what leads to it.
            Fact::RegisteredOnConnect { .. } | Fact::FleetAnswered { .. } => {}
            // Said by Publish-In with `retain`, and by the Publish-Out of the first time.
            Fact::PublishRetained { .. } | Fact::Redelivered { .. } => {}
        }
    }

    /// The lines since the last time, each ended by a line feed.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.lines.text)
    }

    /// Whether there are no lines to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.text.is_empty()
    }

    /// How many connections it knows.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.clients.len()
    }

    /// A record about a topic or filter.
    fn on_topic(
        &mut self,
        now: Now,
        outcome: Outcome,
        event_type: &'static str,
        connection: ConnectionId,
        topic: &str,
        reason: Option<&str>,
    ) {
        let event = self.clients.event(connection);
        let event = ClientEvent { topic_name: Some(topic), reason, ..event };
        self.lines.record(now, outcome, event_type, &Event::Client(event));
    }

    fn connect_refused(&mut self, now: Now, connection: ConnectionId, why: ConnectRefusal) {
        let (outcome, reason, details) = match why {
            ConnectRefusal::Throttled => (Outcome::Lost, THROTTLED, None),
            ConnectRefusal::ClientIdThrottled => {
                (Outcome::Lost, THROTTLED, Some("The client id connects too often"))
            }
            ConnectRefusal::ClientError => (Outcome::Refused, CLIENT_ERROR, None),
            ConnectRefusal::NotAuthenticated(reason) => {
                return self.not_authenticated(now, connection, reason);
            }
            // The denial has said it; of dates and missing server names nothing is said.
            ConnectRefusal::NotAuthorized
            | ConnectRefusal::CertificateDates
            | ConnectRefusal::NoServerName => return,
        };
        let event = self.clients.event(connection);
        let event = ClientEvent { reason: Some(reason), details: details.map(Into::into), ..event };
        self.lines.record(now, outcome, CONNECT, &Event::Client(event));
    }

    fn not_authenticated(&mut self, now: Now, connection: ConnectionId, reason: &str) {
        let authentication_type = self.clients.authentication(connection);
        let event = self.clients.event(connection);
        let event = ClientEvent { authentication_type, reason: Some(reason), ..event };
        self.lines.record(now, Outcome::Refused, "Connection.AuthNError", &Event::Client(event));
    }

    /// `state.md` 3.1: a device was provisioned, or was not and why.
    fn provision_device(
        &mut self,
        now: Now,
        template: Option<&str>,
        certificate: Option<CertificateId>,
        failure: Option<&str>,
    ) {
        let outcome = if failure.is_some() { Outcome::Refused } else { Outcome::Success };
        let event = Provisioning {
            provisioning_template_name: template,
            device_certificate_id: certificate.map(Text),
            details: failure,
        };
        self.lines.record(now, outcome, "ProvisionDevice", &Event::Provisioning(event));
    }

    /// `state.md` 1.12; that a request over HTTPS is logged with its topic all the same is unverified.
    fn shadow_answered(
        &mut self,
        now: Now,
        connection: Option<ConnectionId>,
        request: ShadowTopic<'_>,
        rejection: Option<Rejection>,
    ) {
        let outcome = if rejection.is_some() { Outcome::Refused } else { Outcome::Success };
        let device_shadow_name = request.shadow.shown_name();
        let details = rejection.map(|rejection| match rejection {
            Rejection::NoShadow => Cow::Owned(format!("{}'{device_shadow_name}'", rejection.message())),
            other => Cow::Borrowed(other.message()),
        });
        let event = Shadow {
            protocol: if connection.is_some() { MQTT } else { HTTP },
            device_shadow_name,
            topic_name: &request.to_string(),
            details,
        };
        self.lines.record(now, outcome, request.operation.api_name(), &Event::Shadow(event));
    }

    fn disconnected(&mut self, now: Now, connection: ConnectionId, client_id: &str, why: DisconnectReason) {
        let event = self.clients.event(connection);
        // broker.md 5: `reason` and `disconnectReason` differ in one spelling. That they agree in all others, and that
        // every end is a success, is unverified.
        let (reason, details) = match why {
            DisconnectReason::DuplicateClientId => {
                ("DUPLICATE_CLIENT_ID", Some("Another connection came with the client id".into()))
            }
            other => (other.as_str(), None),
        };
        let event = ClientEvent {
            client_id: Some(client_id),
            reason: Some(reason),
            details,
            disconnect_reason: Some(why.as_str()),
            ..event
        };
        self.lines.record(now, Outcome::Success, "Disconnect", &Event::Client(event));
    }

    fn denied(&mut self, now: Now, connection: ConnectionId, denial: &Denial<'_>) {
        let event_type = match denial.action {
            _ if denial.at_connect => CONNECT,
            Action::Subscribe => SUBSCRIBE,
            // broker.md 10.2 says that the client hears nothing; that the log does is unverified.
            Action::Receive => PUBLISH_OUT,
            _ => PUBLISH_IN,
        };
        let retained = denial.action == Action::RetainPublish && !denial.at_connect;
        let event = ClientEvent {
            client_id: Some(denial.client_id),
            topic_name: (!denial.at_connect).then_some(denial.name),
            retain: retained.then_some("True"),
            reason: Some(AUTHORIZATION_FAILURE),
            details: Some(Cow::Owned(why(denial))),
            ..self.clients.event(connection)
        };
        self.lines.record(now, Outcome::Refused, event_type, &Event::Client(event));
    }

    fn discarded(&mut self, now: Now, client_id: &str, topic: &str, rule: DiscardRule) {
        let (event_type, reason) = match rule {
            DiscardRule::PublishRateIn | DiscardRule::AccountPublishRateIn | DiscardRule::RetainedQuota => {
                (PUBLISH_IN, THROTTLED)
            }
            DiscardRule::PublishRateOut | DiscardRule::AccountPublishRateOut => (PUBLISH_OUT, THROTTLED),
            DiscardRule::QueueRate | DiscardRule::SharedQueueFull => {
                let details = Some("Throttled while queueing offline message");
                let event = Event::Queued(Queued::new(client_id, topic, details));
                return self.lines.record(now, Outcome::Lost, QUEUED, &event);
            }
            DiscardRule::RetryWindow
            | DiscardRule::MessageExpiry
            | DiscardRule::UnsentBytes
            | DiscardRule::ReceiverPacketSize
            | DiscardRule::NoMember
            | DiscardRule::SharedRetention => (PUBLISH_OUT, DISCARDED),
        };
        let event = ClientEvent {
            reason: Some(reason),
            details: Some(rule.as_str().into()),
            ..nameless(client_id, topic)
        };
        self.lines.record(now, Outcome::Lost, event_type, &Event::Client(event));
    }

    fn not_modelled(&mut self, now: Now, feature: Feature) {
        let details = format!("Squall does not model {} yet: nobody answers", feature.as_str());
        let event = ClientEvent {
            reason: Some(NOT_MODELLED),
            details: Some(details.into()),
            ..ClientEvent::default()
        };
        self.lines.record(now, Outcome::Lost, "NotModelled", &Event::Client(event));
    }
}

/// A record about a client whose connection is not named, and may be gone.
fn nameless<'a>(client_id: &'a str, topic: &'a str) -> ClientEvent<'a> {
    ClientEvent {
        protocol: Some(MQTT),
        client_id: Some(client_id),
        topic_name: Some(topic),
        ..ClientEvent::default()
    }
}

/// A denial in one line: what was asked, and the statement behind the answer.
fn why(denial: &Denial<'_>) -> String {
    let explanation = denial.explain();
    let by = match explanation.deciding() {
        Some(note) => format!("{}: {}", note.statement, note.why),
        None => String::from("no statement allows it"),
    };
    format!("{}: {}; {by}", explanation.verdict.decision.as_str(), explanation.request)
}
