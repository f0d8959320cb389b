//! CONNECT: who may come in, whose session it is, and what the CONNACK says.

use core::num::{NonZeroU16, NonZeroU32};

use squall_codec::{
    ConnAck, ConnAckCode, ConnAckProperties, Connect, ConnectReturnCode, DecodeError, ReasonCode, Will,
};
use squall_profile::Decision;
use squall_profile::switch::{
    BeforeConnAck, DollarClientId, RefusedConnectV311, SessionsAcrossVersions, ThrottledConnectV311,
};
use squall_types::{ClientId, Owner, ProtocolVersion, Purpose, QoS, validate_topic_name};

use crate::broker::{Broker, Step};
use crate::connection::{ConnectionKey, State};
use crate::fact::{ConnectRefusal, Fact};
use crate::lifecycle::{Marks, Presence};
use crate::meter::Cause;
use crate::output::DisconnectReason;
use crate::principal::Who;
use crate::reserved_topics::is_reserved;
use crate::session::{Aliases, SessionKey};
use crate::sink::Sink;
use crate::timer::TimerKind;
use crate::will::Will as SessionWill;

/// What a client that is turned away hears before its connection ends.
#[derive(Clone, Copy)]
enum Answer {
    /// Nothing.
    Silence,
    /// A CONNACK.
    Code(ConnAckCode),
    /// 3.1.1 has no code for it: what the service sends then is disputed (`broker.md` 0.12, D-02).
    Disputed,
}

/// How a CONNECT is turned away.
struct Refusal {
    answer: Answer,
    why: ConnectRefusal,
    reason: DisconnectReason,
}

impl Refusal {
    /// A CONNECT that breaks a rule: MQTT 5 gets the reason; 3.1.1 gets `v311`, where it has a code.
    fn client_error(version: ProtocolVersion, v311: Option<ConnectReturnCode>, v5: ReasonCode) -> Self {
        Self {
            answer: match (version, v311) {
                (ProtocolVersion::V311, Some(code)) => Answer::Code(code.into()),
                (ProtocolVersion::V311, None) => Answer::Disputed,
                (ProtocolVersion::V5, _) => Answer::Code(v5.into()),
            },
            why: ConnectRefusal::ClientError,
            reason: DisconnectReason::ClientError,
        }
    }

    /// `broker.md` 2.3: a CONNECT that the policies do not allow.
    fn not_authorized(version: ProtocolVersion) -> Self {
        Self {
            why: ConnectRefusal::NotAuthorized,
            reason: DisconnectReason::AuthError,
            ..Self::client_error(version, None, ReasonCode::NotAuthorized)
        }
    }
}

impl Broker {
    pub(crate) fn handle_connect<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        connect: &Connect<'_>,
        length: usize,
    ) {
        let principal = self.connections[key].principal;
        // One that an authorizer has let in was judged before that was asked.
        if !matches!(self.principals[principal].who, Who::Granted(_))
            && let Err(refusal) = self.judge_connect(step, connect, length)
        {
            return self.refuse_connect(step, key, &refusal);
        }
        if matches!(self.principals[principal].who, Who::Unasked(_)) {
            return self.begin_authorizing(step, key, connect);
        }
        let assigned = connect.client_id.is_empty().then(|| self.assign_client_id());
        let client_id = assigned.as_deref().unwrap_or(connect.client_id);
        if !self.may_connect(step, key, connect, client_id) {
            self.announce_connect_failed(step, key, client_id);
            return self.refuse_connect(step, key, &Refusal::not_authorized(connect.version));
        }
        step.receipt.connects += 1;
        let tag = self.connections[key].tag;
        // pricing.md 1.1: CONNECT is metered whole, when accepted.
        self.meter.add_message(tag, Cause::Connect, length);
        self.assumptions.note(Decision::ConnectMetering);

        let (session, session_present) = self.open_session(step, key, connect, client_id);
        self.connected += 1;
        let keep_alive = self.effective_keep_alive(connect.keep_alive);
        let now = step.now.mono;
        let connection = &mut self.connections[key];
        connection.state = State::Connected { session, version: connect.version };
        connection.since = now;
        connection.keep_alive = keep_alive;
        let id = connection.id;
        self.set_keep_alive(key, id, now);

        let expiry = self.sessions[session].expiry_seconds;
        let connack = ConnAck {
            properties: self.connack_properties(connect, assigned.as_deref(), keep_alive, expiry),
            ..ConnAck::accepted(connect.version, session_present)
        };
        self.send(step, key, |packet| connack.encode(connect.version, packet));
        let client_id = self.sessions[session].client_id.as_str();
        step.sink.fact(Fact::Connected {
            connection: id,
            tag,
            client_id,
            version: connect.version,
            session_present,
        });
        let ip = self.connections.address(key);
        self.announce(step, key, session, Presence::Connected { ip });
        if session_present {
            self.resume_delivery(step, session);
            self.drain_groups_of(step, session);
        }
    }

    /// `broker.md` row 2.13, D-08: a client sent more behind its CONNECT without waiting for the CONNACK. False if that
    /// has ended its connection.
    pub(crate) fn admits_early_packets<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
    ) -> bool {
        self.assumptions.note(Decision::BeforeConnAck);
        match self.switches.before_connack {
            BeforeConnAck::Buffer => true,
            BeforeConnAck::Close => {
                self.fail(step, key, ReasonCode::ProtocolError, DisconnectReason::ClientError);
                false
            }
        }
    }

    /// A first packet that is no CONNECT, or a broken one.
    pub(crate) fn handle_bad_connect<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        bytes: &[u8],
        error: DecodeError,
    ) {
        let answer = match error {
            // MQTT-3.1.2-2, broker.md 2.2: another level. MQTT 3.1, level 3, has another name as well (check 3).
            DecodeError::UnsupportedProtocolLevel { level } | DecodeError::UnknownProtocolName { level }
                if level < ProtocolVersion::V311.level() =>
            {
                Answer::Code(ConnectReturnCode::UnacceptableProtocolVersion.into())
            }
            DecodeError::UnsupportedProtocolLevel { .. } => {
                Answer::Code(ReasonCode::UnsupportedProtocolVersion.into())
            }
            // MQTT-3.1.4-1: 3.1.1 closes without a word; MQTT 5 may say why in CONNACK.
            _ if names_version_5(bytes) => Answer::Code(match error.reason_code() {
                ReasonCode::PacketTooLarge => ReasonCode::QuotaExceeded.into(),
                code => code.into(),
            }),
            _ => Answer::Silence,
        };
        let refusal =
            Refusal { answer, why: ConnectRefusal::ClientError, reason: DisconnectReason::ClientError };
        self.refuse_connect(step, key, &refusal);
    }

    fn judge_connect<S: Sink>(
        &mut self,
        step: &Step<'_, S>,
        connect: &Connect<'_>,
        length: usize,
    ) -> Result<(), Refusal> {
        let version = connect.version;
        // broker.md 0.5, 2.2: the account's CONNECT rate counts every CONNECT.
        if !self.connect_rate.take(step.now.mono) {
            return Err(self.throttled(version, ConnectRefusal::Throttled));
        }
        if length > self.limits.payload_bytes as usize {
            // broker.md row 2.17: a CONNECT over the payload's limit is rejected too.
            return Err(Refusal::client_error(version, None, ReasonCode::QuotaExceeded));
        }
        let client_id = connect.client_id;
        if client_id.is_empty() && version == ProtocolVersion::V311 && !connect.clean_start {
            // MQTT-3.1.3-8.
            let code = Some(ConnectReturnCode::IdentifierRejected);
            return Err(Refusal::client_error(version, code, ReasonCode::ClientIdentifierNotValid));
        }
        let dollar = client_id.starts_with('$');
        if dollar {
            self.assumptions.note(Decision::DollarClientId);
        }
        if client_id.len() > self.limits.client_id_bytes as usize
            || (dollar && self.switches.dollar_client_id == DollarClientId::Refuse)
        {
            // broker.md 2.2, 2.3, checks 12 and MQTT-3.1.3-9.
            let code = Some(ConnectReturnCode::IdentifierRejected);
            return Err(Refusal::client_error(version, code, ReasonCode::ClientIdentifierNotValid));
        }
        // broker.md 2.2, check 18. An empty id is nobody's yet.
        let per_client_id = self.limits.connect_requests_per_second_per_client_id;
        if !client_id.is_empty() && !self.client_id_rates.take(step.now.mono, client_id, per_client_id) {
            return Err(self.throttled(version, ConnectRefusal::ClientIdThrottled));
        }
        if connect.properties.authentication_method.is_some() {
            // broker.md 3.1: no enhanced authentication; MQTT5-4.12.0-1.
            return Err(Refusal::client_error(version, None, ReasonCode::BadAuthenticationMethod));
        }
        let smallest = self.limits.client_maximum_packet_bytes_min;
        if connect.properties.maximum_packet_size.is_some_and(|size| size.get() < smallest) {
            // broker.md 3.2: not allowed to connect; code unverified.
            return Err(Refusal::client_error(version, None, ReasonCode::UnspecifiedError));
        }
        let user_properties = &connect.properties.user_properties;
        if user_properties.text_len() > self.limits.user_properties_bytes as usize {
            self.assumptions.note(Decision::OversizeProperty);
            return Err(Refusal::client_error(version, None, ReasonCode::QuotaExceeded));
        }
        if let Some(will) = &connect.will {
            self.judge_will(version, will)?;
        }
        let takes_over =
            self.sessions.find(client_id).is_some_and(|key| self.sessions[key].connection.is_some());
        if !takes_over && self.connected >= self.limits.concurrent_connections {
            self.assumptions.note(Decision::ConcurrentConnections);
            return Err(self.throttled(version, ConnectRefusal::Throttled));
        }
        Ok(())
    }

    /// `broker.md` rows 2.2 and 2.11, section 2.3: what a will must be. 3.1.1 is closed without CONNACK.
    fn judge_will(&mut self, version: ProtocolVersion, will: &Will<'_>) -> Result<(), Refusal> {
        if will.qos == QoS::ExactlyOnce {
            return Err(Refusal::client_error(version, None, ReasonCode::QosNotSupported));
        }
        // Reserved topics belong to services; none of them takes a will yet.
        if is_reserved(will.topic)
            || validate_topic_name(will.topic).is_err()
            || !self.fits_topic_limits(will.topic)
        {
            return Err(Refusal::client_error(version, None, ReasonCode::TopicNameInvalid));
        }
        let properties = &will.properties;
        if self.is_oversize(properties.content_type, properties.correlation_data, &properties.user_properties)
        {
            return Err(Refusal::client_error(version, None, ReasonCode::QuotaExceeded));
        }
        if will.payload.len() > self.limits.payload_bytes as usize {
            return Err(Refusal::client_error(version, None, ReasonCode::QuotaExceeded));
        }
        Ok(())
    }

    fn throttled(&mut self, version: ProtocolVersion, why: ConnectRefusal) -> Refusal {
        let answer = match version {
            ProtocolVersion::V5 => Answer::Code(ReasonCode::QuotaExceeded.into()),
            ProtocolVersion::V311 => {
                self.assumptions.note(Decision::ThrottledConnectV311);
                match self.switches.throttled_connect_v311 {
                    ThrottledConnectV311::Close => Answer::Silence,
                    ThrottledConnectV311::ServerUnavailable => {
                        Answer::Code(ConnectReturnCode::ServerUnavailable.into())
                    }
                }
            }
        };
        Refusal { answer, why, reason: DisconnectReason::Throttled }
    }

    /// `broker.md` 2.3: a client that its authorizer turns away. Which of two codes MQTT 5 hears is unverified there.
    pub(crate) fn refuse_unauthenticated<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        version: ProtocolVersion,
        reason: &'static str,
    ) {
        let why = ConnectRefusal::NotAuthenticated(reason);
        self.refuse_connect(step, key, &Refusal { why, ..Refusal::not_authorized(version) });
    }

    fn refuse_connect<S: Sink>(&mut self, step: &mut Step<'_, S>, key: ConnectionKey, refusal: &Refusal) {
        step.receipt.connects_refused += 1;
        let connection = &self.connections[key];
        let (id, tag) = (connection.id, connection.tag);
        match refusal.answer {
            Answer::Silence => {}
            Answer::Code(code) => {
                self.send(step, key, |packet| ConnAck::refused(code).encode(code.version(), packet));
            }
            Answer::Disputed => self.send_disputed_refusal(step, key),
        }
        step.sink.fact(Fact::ConnectRefused { connection: id, tag, why: refusal.why });
        self.close(step, key, refusal.reason);
    }

    fn send_disputed_refusal<S: Sink>(&mut self, step: &mut Step<'_, S>, key: ConnectionKey) {
        self.assumptions.note(Decision::RefusedConnectV311);
        // The standard reserves 7, so the codec does not know it.
        let code = match self.switches.refused_connect_v311 {
            RefusedConnectV311::Close => return,
            RefusedConnectV311::ConnAck5 => 5,
            RefusedConnectV311::ConnAck7 => 7,
        };
        self.send(step, key, |packet| {
            packet.extend_from_slice(&[0x20, 2, 0, code]);
            Ok(())
        });
    }

    /// Takes over, resumes or creates the session of an accepted CONNECT; says whether it was there before.
    fn open_session<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        key: ConnectionKey,
        connect: &Connect<'_>,
        client_id: &str,
    ) -> (SessionKey, bool) {
        let mut found = self.sessions.find(client_id);
        if let Some(session) = found
            && let Some(incumbent) = self.sessions[session].connection
        {
            // broker.md 2.2, MQTT-3.1.4-2, MQTT5-3.1.4-3: the newcomer wins, MQTT 5 hears 0x8E.
            self.fail(step, incumbent, ReasonCode::SessionTakenOver, DisconnectReason::DuplicateClientId);
            found = self.sessions.find(client_id);
        }
        // broker.md 5: a number for each connection of the client id.
        let last = match found {
            Some(session) => Some(self.sessions[session].marks.version_number),
            None => self.version_numbers.take(step.now.mono, client_id),
        };
        let version_number = last.map_or(0, |last| last.wrapping_add(1));
        if let Some(session) = found
            && (connect.clean_start || !self.may_resume(session, connect.version))
        {
            self.end_session(step, session);
            found = None;
        }
        let tag = self.connections[key].tag;
        let session_present = found.is_some();
        let session = found.unwrap_or_else(|| {
            let marks = Marks::begin(step.now.mono, version_number);
            self.sessions.insert(ClientId::new(client_id), connect.version, tag, marks)
        });
        let account = self.account_expiry();
        let alias_max = connect
            .properties
            .topic_alias_maximum
            .unwrap_or(0)
            .min(self.limits.topic_alias_max.min(u16::MAX.into()) as u16);
        let will = SessionWill::of(connect);
        let held = &mut self.sessions[session];
        held.connection = Some(key);
        held.tag = tag;
        held.marks.version_number = version_number;
        held.expiry_seconds = match connect.version {
            // broker.md row 2.18.
            ProtocolVersion::V311 if connect.clean_start => 0,
            ProtocolVersion::V311 => account,
            ProtocolVersion::V5 => connect.properties.session_expiry_interval.unwrap_or(0).min(account),
        };
        let asked = connect.properties.receive_maximum.map_or(u16::MAX, NonZeroU16::get);
        held.receive_maximum = asked.min(self.limits.unacked_outbound.min(u16::MAX.into()) as u16);
        held.maximum_packet_size = connect.properties.maximum_packet_size.map_or(u32::MAX, NonZeroU32::get);
        held.version = connect.version;
        if let Some(cold) = &mut held.cold {
            // MQTT5-3.1.3-9: a will that waited for the session's return is not published.
            cold.will = None;
            cold.aliases = None;
        }
        if will.is_some() || alias_max > 0 {
            let cold = held.cold_mut();
            cold.will = will;
            cold.aliases = (alias_max > 0).then(|| Box::new(Aliases::new(alias_max)));
        }
        (session, session_present)
    }

    /// `broker.md` 2.21, 3.4: sessions do not resume across versions.
    fn may_resume(&mut self, session: SessionKey, version: ProtocolVersion) -> bool {
        if self.sessions[session].version == version {
            return true;
        }
        self.assumptions.note(Decision::SessionsAcrossVersions);
        self.switches.sessions_across_versions == SessionsAcrossVersions::Resume
    }

    /// The longest that a session outlives its connection: the account's setting (`broker.md` 0.2, row 2.18).
    pub(crate) fn account_expiry(&self) -> u32 {
        self.limits.session_expiry_seconds.min(self.limits.session_expiry_cap_seconds)
    }

    /// An id that no session has (MQTT5-3.2.2-16), drawn from the run's seed.
    fn assign_client_id(&mut self) -> String {
        let owner = Owner::named("broker");
        loop {
            let n = self.assigned_client_ids * 2;
            self.assigned_client_ids += 1;
            let halves = [n, n + 1].map(|n| self.chance.bits(owner, Purpose::AssignedClientId, n));
            let id = format!("{:016x}{:016x}", halves[0], halves[1]);
            if self.sessions.find(&id).is_none() {
                return id;
            }
        }
    }

    /// `broker.md` 2.2: 0 and what is too long become the maximum, what is too short the minimum.
    fn effective_keep_alive(&self, asked: u16) -> u16 {
        let (min, max) = (self.limits.keep_alive_min_seconds, self.limits.keep_alive_max_seconds);
        let effective = match (asked, max) {
            (asked, 0) => u32::from(asked),
            (0, max) => max,
            (asked, max) => u32::from(asked).clamp(min.min(max), max),
        };
        effective.min(u16::MAX.into()) as u16
    }

    pub(crate) fn set_keep_alive(
        &mut self,
        key: ConnectionKey,
        id: crate::ConnectionId,
        from: squall_types::Timestamp,
    ) {
        // MQTT-3.1.2-24: one and a half times the keep alive.
        if self.connections[key].keep_alive == 0 {
            return;
        }
        let at = from.plus_nanos(u64::from(self.connections[key].keep_alive) * 1_500_000_000);
        self.timers.set(at, TimerKind::KeepAlive, key.to_u32(), id.0 as u32);
    }

    fn connack_properties<'a>(
        &self,
        connect: &Connect<'_>,
        assigned: Option<&'a str>,
        keep_alive: u16,
        expiry: u32,
    ) -> ConnAckProperties<'a> {
        if connect.version == ProtocolVersion::V311 {
            return ConnAckProperties::default();
        }
        let asked_expiry = connect.properties.session_expiry_interval.unwrap_or(0);
        // broker.md 3.2: Shared Subscription Available is not sent, which means that they are.
        ConnAckProperties {
            session_expiry_interval: (expiry != asked_expiry).then_some(expiry),
            receive_maximum: NonZeroU16::new(self.limits.unacked_inbound.min(u16::MAX.into()) as u16),
            maximum_qos: Some(QoS::AtLeastOnce),
            retain_available: Some(true),
            maximum_packet_size: NonZeroU32::new(self.limits.packet_bytes),
            assigned_client_identifier: assigned,
            wildcard_subscription_available: Some(true),
            subscription_identifier_available: Some(false),
            topic_alias_maximum: Some(self.limits.topic_alias_max.min(u16::MAX.into()) as u16),
            server_keep_alive: (keep_alive != connect.keep_alive).then_some(keep_alive),
            ..ConnAckProperties::default()
        }
    }
}

/// Whether a broken CONNECT says that it is MQTT 5: fixed header, then the name `MQTT`, then the level.
fn names_version_5(bytes: &[u8]) -> bool {
    let Some(body) = bytes.iter().skip(1).position(|byte| byte & 0x80 == 0) else { return false };
    bytes[0] == 0x10 && bytes.get(body + 2..body + 9) == Some(b"\x00\x04MQTT\x05")
}
