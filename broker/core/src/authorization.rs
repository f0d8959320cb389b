//! May a client do it, and what a change of that does to connections (`broker.md` 8.1, 9).
//!
//! ```text
//! CONNECT ────> iot:Connect on client/ID, for a will iot:Publish and iot:RetainPublish on its topic
//! PUBLISH ────> iot:Publish, with RETAIN iot:RetainPublish, on topic/TOPIC
//! SUBSCRIBE ──> iot:Subscribe on topicfilter/FILTER, filter by filter
//! delivery ───> iot:Receive on topic/TOPIC, each time
//! ```

use core::fmt;

use squall_codec::{Connect, ReasonCode};
use squall_profile::Decision;
use squall_profile::switch::{GroupPolicies, PolicyLayers, SharedReceiveArn};
use squall_services::policy::{
    Action, ConnectFacts, Explanation, Facts, Request, Rights, Semantics, StatementAt, Verdict,
};
use squall_services::registry::{Access, AttachedThing, Changed};
use squall_types::{ProtocolVersion, Timestamp, split_shared};

use crate::broker::{Broker, Step};
use crate::connection::{ConnectionKey, State};
use crate::fact::Fact;
use crate::output::DisconnectReason;
use crate::principal::{Authority, PrincipalKey, Who};
use crate::remembered::Remembered;
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::subscription::GroupKey;
use crate::timer::TimerKind;

/// One denial, with all that is needed to say why.
#[derive(Clone, Copy)]
pub struct Denial<'a> {
    /// The client.
    pub client_id: &'a str,
    /// What it may not do.
    pub action: Action,
    /// To what: client id, topic or topic filter.
    pub name: &'a str,
    /// Whether it is CONNECT that is denied by this, for itself or for its will.
    pub at_connect: bool,
    /// The answer of the policies, and the statement behind it.
    pub verdict: Verdict,
    rights: &'a Rights,
    facts: Facts<'a>,
    semantics: Semantics,
}

impl Denial<'_> {
    /// The name of the policy and the number of the statement that denies it; none where no statement allows it.
    pub fn denied_by(&self) -> Option<(&str, StatementAt)> {
        let at = self.verdict.by?;
        Some((self.rights.policy_name(self.client_id, at)?, at))
    }

    /// What every statement had to do with it.
    pub fn explain(&self) -> Explanation {
        self.rights.explain(Request::new(self.action, self.name), &self.facts, self.semantics)
    }
}

/// Two denials are equal if they say the same, whatever it rests on.
impl PartialEq for Denial<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.client_id, self.action, self.name, self.verdict)
            == (other.client_id, other.action, other.name, other.verdict)
    }
}

impl Eq for Denial<'_> {}

impl fmt::Debug for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may not {} {}: {:?}", self.client_id, self.action, self.name, self.verdict)
    }
}

impl Broker {
    /// Whether the client of a connection may do something; a denial becomes a fact.
    #[inline]
    pub(crate) fn may<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        action: Action,
        name: &str,
    ) -> bool {
        !self.connections[key].restricted || self.is_allowed(step, key, session, action, name, None)
    }

    /// Whether the client of a connection may publish to a topic. Devices publish to the same topic again and again, so
    /// the last one that was allowed is remembered.
    #[inline]
    pub(crate) fn may_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        topic: &str,
    ) -> bool {
        let connection = &self.connections[key];
        if !connection.restricted {
            return true;
        }
        let principal = connection.principal;
        let asked = Remembered::topic(topic, key, self.account_changes);
        if self.principals[principal].remembers(asked) {
            return true;
        }
        let allowed = self.is_allowed(step, key, session, Action::Publish, topic, None);
        if allowed {
            self.principals[principal].remember(key, asked);
        }
        allowed
    }

    /// Whether a subscriber may get a message: silently not, says `broker.md` 9.2 and 10.2.
    #[inline]
    pub(crate) fn may_receive<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        topic: &str,
        group: Option<GroupKey>,
    ) -> bool {
        if !self.connections[key].restricted {
            return true;
        }
        self.is_allowed(step, key, session, Action::Receive, topic, group)
    }

    fn is_allowed<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        session: SessionKey,
        action: Action,
        name: &str,
        group: Option<GroupKey>,
    ) -> bool {
        let client_id = self.sessions[session].client_id.as_str();
        let thing = self.thing_of(key, client_id);
        let Some(denial) = self.denial(key, client_id, thing, None, action, name) else {
            return true;
        };
        // broker.md 3.6, D-18: a message of a shared subscription may be allowed under another ARN as well.
        let other = group.and_then(|group| self.name_in_group(group, name));
        let allowed = self.switches.shared_receive_arn == SharedReceiveArn::Either
            && denial.verdict.by.is_none()
            && other.is_some_and(|other| self.denial(key, client_id, thing, None, action, &other).is_none());
        let relies = !allowed && self.report_denial(step, key, &denial);
        if group.is_some() {
            self.assumptions.note(Decision::SharedReceiveArn);
        }
        self.note_unresolved(relies);
        allowed
    }

    /// How a topic is spelled for the members of a group; none if the group is no more, which a message that was given
    /// to a member may outlive.
    fn name_in_group(&self, group: GroupKey, topic: &str) -> Option<String> {
        self.subscriptions.group(group)?;
        let shared = split_shared(self.subscriptions.group_text(group))?.ok()?;
        Some(format!("$share/{}/{topic}", shared.name))
    }

    /// Whether a CONNECT is allowed, and its will (`broker.md` 2.2, 9.2).
    pub(crate) fn may_connect<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        connect: &Connect<'_>,
        client_id: &str,
    ) -> bool {
        if !self.connections[key].restricted {
            return true;
        }
        let will = connect.will.as_ref();
        let facts = ConnectFacts {
            // broker.md 9.3; for MQTT 5 unverified there.
            persistent: match connect.version {
                ProtocolVersion::V311 => !connect.clean_start,
                ProtocolVersion::V5 => connect.properties.session_expiry_interval.unwrap_or(0) > 0,
            },
            will_topic: will.map(|will| will.topic),
        };
        if client_id.contains(['*', '?']) {
            self.assumptions.note(Decision::SubstitutedWildcard);
        }
        let principal = &self.principals[self.connections[key].principal];
        let asked = Remembered::client_id(client_id, self.account_changes);
        let thing = principal
            .thing_for(asked)
            .unwrap_or_else(|| self.registry.attached_thing(principal.certificate?, client_id));
        let publish = will.map(|will| (Action::Publish, will.topic));
        // That a retained will needs RetainPublish follows from what it will be; no document says so.
        let retain = will.filter(|will| will.retain).map(|will| (Action::RetainPublish, will.topic));
        for (action, name) in [Some((Action::Connect, client_id)), publish, retain].into_iter().flatten() {
            if let Some(denial) = self.denial(key, client_id, thing, Some(facts), action, name) {
                let relies = self.report_denial(step, key, &denial);
                self.note_unresolved(relies);
                return false;
            }
        }
        self.principals[self.connections[key].principal].set_latest(key, thing, asked);
        true
    }

    /// The thing that stands for a client that is connected.
    fn thing_of(&self, key: ConnectionKey, client_id: &str) -> Option<AttachedThing> {
        let principal = &self.principals[self.connections[key].principal];
        if principal.latest() == Some(key) {
            return principal.thing();
        }
        self.registry.attached_thing(principal.certificate?, client_id)
    }

    /// Why a client may not do something; `None` if it may.
    fn denial<'a>(
        &'a self,
        key: ConnectionKey,
        client_id: &'a str,
        thing: Option<AttachedThing>,
        connect: Option<ConnectFacts<'a>>,
        action: Action,
        name: &'a str,
    ) -> Option<Denial<'a>> {
        let principal = &self.principals[self.connections[key].principal];
        let authority = principal.authority()?;
        for rights in authority.layers() {
            let needs = rights.needs();
            let address = if needs.source_ip {
                self.connections.address(key)
            } else {
                core::net::Ipv4Addr::UNSPECIFIED.into()
            };
            let connect_facts = connect.unwrap_or_default();
            let facts =
                self.registry.facts(needs, principal.certificate, thing, client_id, address, connect_facts);
            let verdict = rights.evaluate(Request::new(action, name), &facts, self.semantics);
            if !verdict.is_allowed() {
                let semantics = self.semantics;
                let at_connect = connect.is_some();
                return Some(Denial {
                    client_id,
                    action,
                    name,
                    at_connect,
                    verdict,
                    rights,
                    facts,
                    semantics,
                });
            }
        }
        None
    }

    /// Says whether the denial rests on a variable without a value (D-23).
    fn report_denial<S: Sink>(
        &self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        denial: &Denial<'_>,
    ) -> bool {
        let connection = &self.connections[key];
        step.sink.fact(Fact::Denied { connection: connection.id, tag: connection.tag, denial });
        denial.rights.has_unresolved(&denial.facts)
    }

    fn note_unresolved(&mut self, relies: bool) {
        if relies {
            self.assumptions.note(Decision::UnresolvedVariable);
        }
    }

    /// The name of the thing that a connection's principal is attached to as `EXCLUSIVE_THING`, for lifecycle messages.
    pub(crate) fn exclusive_thing(&self, key: ConnectionKey, client_id: &str) -> Option<&str> {
        let certificate = self.principals[self.connections[key].principal].certificate?;
        self.registry.exclusive_thing(self.registry.attached_thing(certificate, client_id)?)
    }

    /// What a registered certificate may do now.
    pub(crate) fn read_certificate(&self, access: Access<'_>) -> Authority {
        let rights = match self.switches.group_policies {
            GroupPolicies::Count => access.rights(),
            GroupPolicies::Ignore => access.own_rights(),
        };
        Authority { iot: Some(rights), iam: None }
    }

    /// `broker.md` 0.10, 8.5: IAM policies, and for an authenticated Cognito identity its IoT policies too.
    pub(crate) fn read_signed(&mut self, iam: &Rights, cognito_identity: Option<&str>) -> Authority {
        self.assumptions.note(Decision::PolicyLayers);
        let iot = match (cognito_identity, self.switches.policy_layers) {
            (Some(id), _) => Some(self.registry.cognito_rights(id)),
            (None, PolicyLayers::PerIdentity) => None,
            // Nothing is attached to whoever is no Cognito identity.
            (None, PolicyLayers::Both) => Some(Rights::default()),
        };
        Authority { iot, iam: Some(iam.clone()) }
    }

    /// The account has changed: connections notice after the propagation delay (D-20), what a thing is at once.
    pub(crate) fn propagate(&mut self, now: Timestamp, changed: Changed) {
        let at = now.plus_nanos(u64::from(self.limits.propagation_seconds) * 1_000_000_000);
        match changed {
            Changed::Nobody => {}
            Changed::Certificate(id) | Changed::Things(id) => {
                let Some(key) = self.principals.of_certificate(id) else { return };
                if changed == Changed::Things(id) {
                    self.refresh_thing(key);
                }
                self.assumptions.note(Decision::Propagation);
                self.timers.set(at, TimerKind::Propagation, key.0, self.principals[key].serial);
            }
            Changed::Everybody => {
                self.assumptions.note(Decision::Propagation);
                if self.everybody_at != at {
                    self.everybody_at = at;
                    self.timers.set(at, TimerKind::PropagationToAll, 0, 0);
                }
            }
        }
    }

    fn refresh_thing(&mut self, key: PrincipalKey) {
        let principal = &self.principals[key];
        let thing = principal.certificate.zip(principal.latest()).and_then(|(certificate, connection)| {
            let State::Connected { session, .. } = self.connections[connection].state else { return None };
            self.registry.attached_thing(certificate, self.sessions[session].client_id.as_str())
        });
        self.principals[key].set_thing(thing);
    }

    pub(crate) fn on_propagation<S: Sink>(&mut self, step: &mut Step<'_, S>, key: u32, serial: u32) {
        let key = PrincipalKey(key);
        if self.principals.get(key).is_some_and(|principal| principal.serial == serial) {
            self.refresh(step, key);
        }
    }

    pub(crate) fn on_propagation_to_all<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        for key in self.principals.keys() {
            self.refresh(step, key);
        }
    }

    /// Reads anew what a principal may do; one that may no longer be here loses its connections.
    pub(crate) fn refresh<S: Sink>(&mut self, step: &mut Step<'_, S>, key: PrincipalKey) {
        let authority = match &self.principals[key].who {
            Who::Certificate(id) => match self.registry.standing(*id) {
                Ok(access) => self.read_certificate(access),
                // broker.md 8.1.
                Err(_) => return self.end_connections_of(step, key),
            },
            Who::Signed(signed) => {
                let (iam, cognito) = (signed.iam.clone(), signed.cognito_identity.clone());
                self.read_signed(&iam, cognito.as_deref())
            }
            // A claim keeps what it came with; an authorizer is asked again when its time comes.
            Who::Claim(_)
            | Who::TurnedAway(_)
            | Who::Trusted(_)
            | Who::Anonymous
            | Who::Unasked(_)
            | Who::Authorizing(_)
            | Who::Granted(_) => {
                return;
            }
        };
        let authority = self.principals.intern(authority);
        self.principals[key].set_authority(authority, self.account_changes);
    }

    fn end_connections_of<S: Sink>(&mut self, step: &mut Step<'_, S>, principal: PrincipalKey) {
        let connections = match self.principals[principal].only_connection() {
            Some(only) => vec![only],
            None => self.connections.of_principal(principal),
        };
        for key in connections {
            // broker.md 5: AUTH_ERROR.
            self.fail(step, key, ReasonCode::NotAuthorized, DisconnectReason::AuthError);
        }
    }
}
