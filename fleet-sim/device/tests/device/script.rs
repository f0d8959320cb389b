//! The service as a script: what a device sends is decoded, what it gets is said line by line.

use core::time::Duration;
use std::collections::VecDeque;

use squall_codec::{Ack, ConnAck, Connect, Packet, PacketId, Publish, ReasonCode, decode, decode_connect};
use squall_device::{
    AttemptFailure, BackOff, Credential, Device, DeviceFact, DeviceInput, DeviceProfile, DeviceSink, Offline,
    ProvisioningStep, PublishPattern, Scratch, ShadowFact, ShadowRequest, Strategy as Waiting, TimerToken,
};
use squall_types::{CertificateId, Chance, ProtocolVersion, QoS, Seed, Template, Timestamp};

pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];

pub(crate) fn template(text: &str) -> Template {
    Template::parse(text).expect("a template")
}

pub(crate) fn profile(version: ProtocolVersion) -> DeviceProfile {
    DeviceProfile {
        fleet: "pumps".to_owned(),
        chance: Chance::new(Seed(7)),
        credentials: squall_device::Credentials::default(),
        provisioning: None,
        client_id: template("{{thing}}"),
        version,
        keep_alive_seconds: 60,
        clean_start: false,
        session_expiry_seconds: 3_600,
        connect_timeout: Duration::from_secs(10),
        back_off: BackOff {
            strategy: Waiting::Fixed,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(60),
        },
        offline: Offline::Queue(3),
        subscriptions: Vec::new(),
        publishes: Vec::new(),
        shadows: Vec::new(),
    }
}

/// Publishes its counter to `t` every second.
pub(crate) fn publishing(version: ProtocolVersion, qos: QoS) -> DeviceProfile {
    DeviceProfile {
        publishes: vec![PublishPattern {
            topic: template("t"),
            every: Duration::from_secs(1),
            qos,
            payload: template("{{counter}}"),
        }],
        ..profile(version)
    }
}

/// A packet of the device, without what no test asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Connect { client_id: String, clean_start: bool, keep_alive: u16, session_expiry: Option<u32> },
    Subscribe { packet_id: u16, filters: Vec<(String, u8)> },
    Publish { packet_id: u16, dup: bool, topic: String, payload: String, qos: u8 },
    PubAck(u16),
    PingReq,
    Disconnect,
}

/// What a fact says, without what no test asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    AttemptBegan,
    AttemptFailed(AttemptFailure),
    Connected { wanted: Timestamp, began: Timestamp, session_present: bool },
    Lost(Option<ReasonCode>),
    Subscribed(String, ReasonCode),
    PublishSent { intended: Timestamp, first: bool },
    PublishAcked { intended: Timestamp, sent: Timestamp, code: ReasonCode },
    Dropped,
    Received(String, u8),
    Violation,
    ClaimConnected,
    ClaimLost(ProvisioningStep, Option<ReasonCode>),
    CertificateReceived(CertificateId),
    Provisioned { since: Timestamp, certificate_id: Option<CertificateId>, thing_name: Option<String> },
    Rejected(ProvisioningStep, i64, String),
    AnswerLate(ProvisioningStep),
    GaveUp { since: Timestamp },
    PowerLost { forgotten: u32, certificate_lost: bool },
    Shadow(u8, OfShadow),
}

/// What a fact about a shadow says, without what no test asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OfShadow {
    Sent { request: ShadowRequest, version: Option<u64>, intended: Timestamp, first: bool },
    Acked(ReasonCode),
    Accepted { request: ShadowRequest, version: u64, intended: Timestamp },
    Rejected { request: ShadowRequest, code: u16, repeats: bool },
    Unanswered(ShadowRequest),
    DeltaReceived { version: u64, state: String, taken: bool },
    DeltaApplied { version: u64, received: Timestamp },
    Unreadable,
}

impl OfShadow {
    fn of(fact: ShadowFact<'_>) -> Self {
        match fact {
            ShadowFact::RequestSent { request, version, intended, first, .. } => {
                Self::Sent { request, version, intended, first }
            }
            ShadowFact::RequestAcked { code, .. } => Self::Acked(code),
            ShadowFact::Accepted { request, version, intended } => {
                Self::Accepted { request, version, intended }
            }
            ShadowFact::Rejected { request, code, repeats, .. } => Self::Rejected { request, code, repeats },
            ShadowFact::Unanswered { request, .. } => Self::Unanswered(request),
            ShadowFact::DeltaReceived { version, state, taken } => {
                Self::DeltaReceived { version, state: state.to_owned(), taken }
            }
            ShadowFact::DeltaApplied { version, received } => Self::DeltaApplied { version, received },
            ShadowFact::Unreadable => Self::Unreadable,
        }
    }
}

/// What the device did in one `handle`.
#[derive(Default)]
pub(crate) struct Did {
    pub(crate) opened: Vec<Credential>,
    pub(crate) closed: usize,
    pub(crate) bytes: Vec<Vec<u8>>,
    pub(crate) timers: Vec<(Timestamp, TimerToken)>,
    pub(crate) told: Vec<Told>,
}

impl DeviceSink for Did {
    fn open(&mut self, credential: Credential) {
        self.opened.push(credential);
    }

    fn send(&mut self, bytes: &[u8]) {
        self.bytes.push(bytes.to_owned());
    }

    fn close(&mut self) {
        self.closed += 1;
    }

    fn arm(&mut self, at: Timestamp, token: TimerToken) {
        self.timers.push((at, token));
    }

    fn fact(&mut self, fact: DeviceFact<'_>) {
        let told = match fact {
            DeviceFact::AttemptBegan => Told::AttemptBegan,
            DeviceFact::AttemptFailed { why, .. } => Told::AttemptFailed(why),
            DeviceFact::Connected { wanted, began, session_present } => {
                Told::Connected { wanted, began, session_present }
            }
            DeviceFact::ConnectionLost { reason } => Told::Lost(reason),
            DeviceFact::Subscribed { filter, code } => Told::Subscribed(filter.to_owned(), code),
            DeviceFact::PublishSent { intended, first, .. } => Told::PublishSent { intended, first },
            DeviceFact::PublishAcked { intended, sent, code, .. } => {
                Told::PublishAcked { intended, sent, code }
            }
            DeviceFact::PublishDropped => Told::Dropped,
            DeviceFact::Received { payload, qos, .. } => {
                Told::Received(String::from_utf8_lossy(payload).into_owned(), qos.bits())
            }
            DeviceFact::ProtocolViolation => Told::Violation,
            DeviceFact::ClaimConnected { .. } => Told::ClaimConnected,
            DeviceFact::ClaimConnectionLost { waiting_for, reason } => Told::ClaimLost(waiting_for, reason),
            DeviceFact::CertificateReceived { certificate_id } => Told::CertificateReceived(certificate_id),
            DeviceFact::Provisioned { since, certificate_id, thing_name } => {
                Told::Provisioned { since, certificate_id, thing_name: thing_name.map(str::to_owned) }
            }
            DeviceFact::ProvisioningRejected { waiting_for, status_code, error_code } => {
                Told::Rejected(waiting_for, status_code, error_code.to_owned())
            }
            DeviceFact::ProvisioningTimedOut { waiting_for } => Told::AnswerLate(waiting_for),
            DeviceFact::GaveUp { since } => Told::GaveUp { since },
            DeviceFact::PowerLost { forgotten, certificate_lost } => {
                Told::PowerLost { forgotten, certificate_lost }
            }
            DeviceFact::Shadow { shadow, fact } => Told::Shadow(shadow, OfShadow::of(*fact)),
            DeviceFact::ConnectSent { .. } | DeviceFact::Subscribing { .. } => return,
        };
        self.told.push(told);
    }
}

/// A device, its clock and its transport. A transport that was asked for comes up only when a test says so.
pub(crate) struct Script {
    pub(crate) device: Device,
    pub(crate) profile: DeviceProfile,
    pub(crate) scratch: Scratch,
    pub(crate) now: Timestamp,
    pub(crate) timers: Vec<(Timestamp, u64, TimerToken)>,
    pub(crate) arrivals: u64,
    /// The device has or wants a transport.
    pub(crate) transport: bool,
    /// What the last transport that it asked for is secured with.
    pub(crate) credential: Option<Credential>,
    pub(crate) sent: VecDeque<(Timestamp, Sent)>,
    pub(crate) told: VecDeque<(Timestamp, Told)>,
}

impl Script {
    pub(crate) fn start(profile: DeviceProfile) -> Self {
        let mut script = Self {
            device: Device::new(4),
            profile,
            scratch: Scratch::default(),
            now: Timestamp::ZERO,
            timers: Vec::new(),
            arrivals: 0,
            transport: false,
            credential: None,
            sent: VecDeque::new(),
            told: VecDeque::new(),
        };
        script.input(DeviceInput::Start);
        script
    }

    pub(crate) fn input(&mut self, input: DeviceInput<'_>) {
        let mut did = Did::default();
        self.device.handle(&self.profile, &mut self.scratch, self.now, input, &mut did);
        assert!(did.opened.len() + did.closed <= 1, "one thing at a time");
        if let Some(&credential) = did.opened.first() {
            assert!(!self.transport, "a device has one transport");
            self.transport = true;
            self.credential = Some(credential);
        }
        for bytes in did.bytes {
            assert!(self.transport, "bytes need a transport");
            self.sent.push_back((self.now, self.read(&bytes)));
        }
        if did.closed == 1 {
            assert!(self.transport, "what is closed was there");
            self.transport = false;
        }
        for (at, token) in did.timers {
            assert!(at >= self.now, "no timer in the past");
            self.timers.push((at, self.arrivals, token));
            self.arrivals += 1;
        }
        self.told.extend(did.told.into_iter().map(|told| (self.now, told)));
    }

    /// What the service makes of the device's bytes: one whole, valid packet a time.
    pub(crate) fn read(&self, bytes: &[u8]) -> Sent {
        if let Ok(Some((connect, length))) = decode_connect(bytes, 1 << 20) {
            assert_eq!(length, bytes.len());
            let Connect { version, client_id, clean_start, keep_alive, properties, .. } = connect;
            assert_eq!(version, self.profile.version);
            return Sent::Connect {
                client_id: client_id.to_owned(),
                clean_start,
                keep_alive,
                session_expiry: properties.session_expiry_interval,
            };
        }
        let decoded = decode(self.profile.version, bytes, 1 << 20);
        let Ok(Some((packet, length))) = decoded else { panic!("{bytes:02x?} is {decoded:?}") };
        assert_eq!(length, bytes.len());
        match packet {
            Packet::Subscribe(subscribe) => Sent::Subscribe {
                packet_id: subscribe.packet_id.get(),
                filters: subscribe
                    .filters
                    .iter()
                    .map(|(filter, options)| (filter.to_owned(), options.qos.bits()))
                    .collect(),
            },
            Packet::Publish(publish) => Sent::Publish {
                packet_id: publish.packet_id.map_or(0, PacketId::get),
                dup: publish.dup,
                topic: publish.topic.to_owned(),
                payload: String::from_utf8_lossy(publish.payload).into_owned(),
                qos: publish.qos.bits(),
            },
            Packet::PubAck(ack) => Sent::PubAck(ack.packet_id.get()),
            Packet::PingReq => Sent::PingReq,
            Packet::Disconnect(_) => Sent::Disconnect,
            other => panic!("a device never sends {other:?}"),
        }
    }

    pub(crate) fn next_timer(&self) -> Option<(Timestamp, u64, TimerToken)> {
        self.timers.iter().min_by_key(|(at, arrival, _)| (*at, *arrival)).copied()
    }

    /// Lets time pass; every timer fires at its exact time.
    pub(crate) fn advance_nanos(&mut self, nanos: u64) {
        let until = self.now.plus_nanos(nanos);
        while let Some(next) = self.next_timer().filter(|(at, ..)| *at <= until) {
            self.timers.retain(|timer| *timer != next);
            self.now = next.0;
            self.input(DeviceInput::Timer(next.2));
        }
        self.now = until;
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.advance_nanos(seconds * SECOND);
    }

    /// Packets of the service.
    pub(crate) fn receive(&mut self, packets: &[Packet<'_>]) {
        let bytes = encode(self.profile.version, packets);
        self.input(DeviceInput::Bytes(&bytes));
    }

    pub(crate) fn accept(&mut self, session_present: bool) {
        self.input(DeviceInput::Up);
        self.receive(&[Packet::ConnAck(ConnAck::accepted(self.profile.version, session_present))]);
        assert!(self.device.is_connected());
    }

    /// The service or the network ends the transport.
    pub(crate) fn lose(&mut self) {
        self.transport = false;
        self.input(DeviceInput::Closed);
    }

    /// The power goes, and comes back only when a test says so.
    pub(crate) fn lose_power(&mut self) {
        self.transport = false;
        self.input(DeviceInput::PowerLost);
    }

    pub(crate) fn acknowledge(&mut self, packet_id: u16) {
        self.receive(&[Packet::PubAck(Ack::new(id(packet_id)))]);
    }

    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        self.sent.drain(..).map(|(_, sent)| sent).collect()
    }

    pub(crate) fn told(&mut self) -> Vec<Told> {
        self.told.drain(..).map(|(_, told)| told).collect()
    }

    /// When attempts began, in seconds.
    pub(crate) fn attempts(&self) -> Vec<u64> {
        let began = self.told.iter().filter(|(_, told)| *told == Told::AttemptBegan);
        began.map(|(at, _)| at.as_secs()).collect()
    }

    /// When the n-th publish of the first pattern is due.
    pub(crate) fn due(&self, n: u32) -> Timestamp {
        self.profile.due(4, 0, n, Timestamp::ZERO)
    }
}

pub(crate) fn id(packet_id: u16) -> PacketId {
    PacketId::new(packet_id).expect("a packet id")
}

pub(crate) fn encode(version: ProtocolVersion, packets: &[Packet<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in packets {
        packet.encode(version, &mut bytes).expect("the service sends valid packets");
    }
    bytes
}

pub(crate) fn message(payload: &'static str, packet_id: u16) -> Packet<'static> {
    let packet_id = PacketId::new(packet_id);
    let qos = if packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
    Packet::Publish(Publish { qos, packet_id, ..Publish::new("commands", payload.as_bytes()) })
}

pub(crate) fn published(packet_id: u16, dup: bool, payload: &str) -> Sent {
    Sent::Publish { packet_id, dup, topic: "t".to_owned(), payload: payload.to_owned(), qos: 1 }
}
