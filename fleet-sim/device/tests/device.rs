//! A device against a scripted service: what it sends, when, and what it makes of the answers.

use core::num::NonZeroU16;
use core::time::Duration;
use std::collections::VecDeque;

use proptest::prelude::*;
use squall_codec::{
    Ack, AckType, ConnAck, ConnAckCode, ConnAckProperties, Connect, ConnectReturnCode, Disconnect, Packet,
    PacketId, Publish, ReasonCode, SubAck, decode, decode_connect,
};
use squall_device::{
    AttemptFailure, BackOff, Device, DeviceFact, DeviceInput, DeviceProfile, DeviceSink, Offline,
    PublishPattern, Scratch, Strategy as Waiting, SubscriptionPattern, TimerToken, TransportFailure,
};
use squall_types::{Chance, ProtocolVersion, QoS, Seed, Template, Timestamp};

const SECOND: u64 = 1_000_000_000;
const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];

fn template(text: &str) -> Template {
    Template::parse(text).expect("a template")
}

fn profile(version: ProtocolVersion) -> DeviceProfile {
    DeviceProfile {
        fleet: "pumps".to_owned(),
        chance: Chance::new(Seed(7)),
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
    }
}

/// Publishes its counter to `t` every second.
fn publishing(version: ProtocolVersion, qos: QoS) -> DeviceProfile {
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
enum Sent {
    Connect { client_id: String, clean_start: bool, keep_alive: u16, session_expiry: Option<u32> },
    Subscribe { packet_id: u16, filters: Vec<(String, u8)> },
    Publish { packet_id: u16, dup: bool, topic: String, payload: String, qos: u8 },
    PubAck(u16),
    PingReq,
}

/// What a fact says, without what no test asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
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
}

/// What the device did in one `handle`.
#[derive(Default)]
struct Did {
    opened: usize,
    closed: usize,
    bytes: Vec<Vec<u8>>,
    timers: Vec<(Timestamp, TimerToken)>,
    told: Vec<Told>,
}

impl DeviceSink for Did {
    fn open(&mut self) {
        self.opened += 1;
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
            DeviceFact::ConnectSent { .. } | DeviceFact::Subscribing { .. } => return,
        };
        self.told.push(told);
    }
}

/// A device, its clock and its transport. A transport that was asked for comes up only when a test says so.
struct Script {
    device: Device,
    profile: DeviceProfile,
    scratch: Scratch,
    now: Timestamp,
    timers: Vec<(Timestamp, u64, TimerToken)>,
    arrivals: u64,
    /// The device has or wants a transport.
    transport: bool,
    sent: VecDeque<(Timestamp, Sent)>,
    told: VecDeque<(Timestamp, Told)>,
}

impl Script {
    fn start(profile: DeviceProfile) -> Self {
        let mut script = Self {
            device: Device::new(4),
            profile,
            scratch: Scratch::default(),
            now: Timestamp::ZERO,
            timers: Vec::new(),
            arrivals: 0,
            transport: false,
            sent: VecDeque::new(),
            told: VecDeque::new(),
        };
        script.input(DeviceInput::Start);
        script
    }

    fn input(&mut self, input: DeviceInput<'_>) {
        let mut did = Did::default();
        self.device.handle(&self.profile, &mut self.scratch, self.now, input, &mut did);
        assert!(did.opened + did.closed <= 1, "one thing at a time");
        if did.opened == 1 {
            assert!(!self.transport, "a device has one transport");
            self.transport = true;
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
    fn read(&self, bytes: &[u8]) -> Sent {
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
            other => panic!("a device never sends {other:?}"),
        }
    }

    fn next_timer(&self) -> Option<(Timestamp, u64, TimerToken)> {
        self.timers.iter().min_by_key(|(at, arrival, _)| (*at, *arrival)).copied()
    }

    /// Lets time pass; every timer fires at its exact time.
    fn advance_nanos(&mut self, nanos: u64) {
        let until = self.now.plus_nanos(nanos);
        while let Some(next) = self.next_timer().filter(|(at, ..)| *at <= until) {
            self.timers.retain(|timer| *timer != next);
            self.now = next.0;
            self.input(DeviceInput::Timer(next.2));
        }
        self.now = until;
    }

    fn advance(&mut self, seconds: u64) {
        self.advance_nanos(seconds * SECOND);
    }

    /// Packets of the service.
    fn receive(&mut self, packets: &[Packet<'_>]) {
        let bytes = encode(self.profile.version, packets);
        self.input(DeviceInput::Bytes(&bytes));
    }

    fn accept(&mut self, session_present: bool) {
        self.input(DeviceInput::Up);
        self.receive(&[Packet::ConnAck(ConnAck::accepted(self.profile.version, session_present))]);
        assert!(self.device.is_connected());
    }

    /// The service or the network ends the transport.
    fn lose(&mut self) {
        self.transport = false;
        self.input(DeviceInput::Closed);
    }

    fn acknowledge(&mut self, packet_id: u16) {
        self.receive(&[Packet::PubAck(Ack::new(id(packet_id)))]);
    }

    fn sent(&mut self) -> Vec<Sent> {
        self.sent.drain(..).map(|(_, sent)| sent).collect()
    }

    fn told(&mut self) -> Vec<Told> {
        self.told.drain(..).map(|(_, told)| told).collect()
    }

    /// When attempts began, in seconds.
    fn attempts(&self) -> Vec<u64> {
        let began = self.told.iter().filter(|(_, told)| *told == Told::AttemptBegan);
        began.map(|(at, _)| at.as_secs()).collect()
    }

    /// When the n-th publish of the first pattern is due.
    fn due(&self, n: u32) -> Timestamp {
        self.profile.due(4, 0, n, Timestamp::ZERO)
    }
}

fn id(packet_id: u16) -> PacketId {
    PacketId::new(packet_id).expect("a packet id")
}

fn encode(version: ProtocolVersion, packets: &[Packet<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in packets {
        packet.encode(version, &mut bytes).expect("the service sends valid packets");
    }
    bytes
}

fn message(payload: &'static str, packet_id: u16) -> Packet<'static> {
    let packet_id = PacketId::new(packet_id);
    let qos = if packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
    Packet::Publish(Publish { qos, packet_id, ..Publish::new("commands", payload.as_bytes()) })
}

fn published(packet_id: u16, dup: bool, payload: &str) -> Sent {
    Sent::Publish { packet_id, dup, topic: "t".to_owned(), payload: payload.to_owned(), qos: 1 }
}

#[test]
fn a_device_connects_and_then_subscribes() {
    for (version, session_expiry) in [(ProtocolVersion::V311, None), (ProtocolVersion::V5, Some(3_600))] {
        let filters = (0..10).map(|n| SubscriptionPattern {
            filter: template(&format!("{{{{thing}}}}/{n}")),
            qos: if n == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce },
        });
        let mut script =
            Script::start(DeviceProfile { subscriptions: filters.collect(), ..profile(version) });
        assert!(script.transport);
        assert_eq!(script.sent(), []);
        script.advance(2);
        script.input(DeviceInput::Up);
        let connect = Sent::Connect {
            client_id: "pumps-4".to_owned(),
            clean_start: false,
            keep_alive: 60,
            session_expiry,
        };
        assert_eq!(script.sent(), [connect]);
        assert_eq!(script.device.attempting_since(), Some(Timestamp::ZERO));
        script.receive(&[Packet::ConnAck(ConnAck::accepted(version, false))]);
        // broker.md 7.1: at most 8 filters in a SUBSCRIBE.
        let asked: Vec<(String, u8)> = (0..10).map(|n| (format!("pumps-4/{n}"), u8::from(n > 0))).collect();
        let subscribes = [
            Sent::Subscribe { packet_id: 1, filters: asked[..8].to_vec() },
            Sent::Subscribe { packet_id: 2, filters: asked[8..].to_vec() },
        ];
        assert_eq!(script.sent(), subscribes);
        let wanted = Timestamp::ZERO;
        let connected = Told::Connected { wanted, began: wanted, session_present: false };
        assert_eq!(script.told(), [Told::AttemptBegan, connected]);
        assert_eq!(script.device.connected_since(), Some(Timestamp::from_secs(2)));
        // Answers may come in any order, and refuse.
        script.receive(&[Packet::SubAck(SubAck::new(
            id(2),
            &[ReasonCode::GrantedQos1, ReasonCode::UnspecifiedError],
        ))]);
        let granted = |filter: &str| Told::Subscribed(filter.to_owned(), ReasonCode::GrantedQos1);
        let refused = Told::Subscribed("pumps-4/9".to_owned(), ReasonCode::UnspecifiedError);
        assert_eq!(script.told(), [granted("pumps-4/8"), refused]);
        script.receive(&[Packet::SubAck(SubAck::new(id(1), &[ReasonCode::GrantedQos1; 8]))]);
        assert_eq!(script.told().len(), 8);
        assert_eq!(script.sent(), []);
    }
}

#[test]
fn a_session_that_is_still_there_is_not_subscribed_again() {
    // MQTT-3.1.2-4.
    let subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
    let mut script = Script::start(DeviceProfile { subscriptions, ..profile(ProtocolVersion::V311) });
    script.accept(false);
    // Lost before the SUBACK: whether the service has the subscription is not known.
    script.lose();
    script.advance(1);
    script.sent();
    script.accept(true);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }, Sent::Subscribe { packet_id: 2, .. }]));
    script.receive(&[Packet::SubAck(SubAck::new(id(2), &[ReasonCode::GrantedQos1]))]);
    script.lose();
    script.advance(1);
    script.accept(true);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }]));
    script.lose();
    script.advance(1);
    script.accept(false);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }, Sent::Subscribe { .. }]));
}

/// A device that waits in this way.
fn waiting(strategy: Waiting) -> DeviceProfile {
    let back_off = BackOff { strategy, base: Duration::from_secs(1), cap: Duration::from_secs(20) };
    DeviceProfile { back_off, ..profile(ProtocolVersion::V5) }
}

/// Lets so many attempts fail at once, each in the same way.
fn fail_attempts(script: &mut Script, attempts: usize, mut fail: impl FnMut(&mut Script)) {
    for _ in 0..attempts {
        while !script.transport {
            let (next, ..) = script.next_timer().expect("a device that waits has a timer");
            script.advance_nanos(next.0.saturating_sub(script.now.0));
        }
        fail(script);
    }
}

#[test]
fn refused_transports_are_tried_again_after_the_back_off() {
    for (strategy, times) in [
        (Waiting::None, [0, 0, 0, 0, 0, 0, 0]),
        (Waiting::Fixed, [0, 1, 2, 3, 4, 5, 6]),
        (Waiting::Exponential, [0, 1, 3, 7, 15, 31, 51]),
    ] {
        let mut script = Script::start(waiting(strategy));
        fail_attempts(&mut script, 7, |script| {
            script.transport = false;
            script.input(DeviceInput::Failed(TransportFailure::Refused));
        });
        assert_eq!(script.attempts(), times, "{strategy:?}");
        let failures = script.told().into_iter().filter(|told| *told != Told::AttemptBegan);
        assert!(failures.eq(vec![Told::AttemptFailed(AttemptFailure::Transport); 7]));
    }
}

#[test]
fn a_connack_that_refuses_counts_as_a_failed_attempt() {
    for version in VERSIONS {
        let mut script = Script::start(DeviceProfile { version, ..waiting(Waiting::Exponential) });
        let code: ConnAckCode = match version {
            ProtocolVersion::V311 => ConnectReturnCode::ServerUnavailable.into(),
            ProtocolVersion::V5 => ReasonCode::QuotaExceeded.into(),
        };
        let refusal = ConnAck::refused(code);
        fail_attempts(&mut script, 5, |script| {
            script.input(DeviceInput::Up);
            script.receive(&[Packet::ConnAck(refusal.clone())]);
            assert!(!script.transport, "the device closes too");
        });
        assert_eq!(script.attempts(), [0, 1, 3, 7, 15]);
        let refused = Told::AttemptFailed(AttemptFailure::Refused { code: refusal.code.to_u8() });
        assert!(script.told().contains(&refused));
    }
}

#[test]
fn a_service_that_closes_instead_of_answering_fails_the_attempt() {
    // broker.md D-02, D-10: what 3.1.1 sees of a refusal.
    let mut script = Script::start(waiting(Waiting::Exponential));
    fail_attempts(&mut script, 4, |script| {
        script.input(DeviceInput::Up);
        script.lose();
    });
    assert_eq!(script.attempts(), [0, 1, 3, 7]);
    assert!(script.told().contains(&Told::AttemptFailed(AttemptFailure::Closed)));
}

#[test]
fn an_attempt_times_out_with_and_without_a_transport() {
    for up in [false, true] {
        let mut script = Script::start(waiting(Waiting::Exponential));
        fail_attempts(&mut script, 4, |script| {
            script.advance(4);
            if up {
                script.input(DeviceInput::Up);
            }
            script.advance_nanos(6 * SECOND - 1);
            assert!(script.transport);
            script.advance_nanos(1);
            assert!(!script.transport);
        });
        // 10 s of each attempt, and 1, 2 and 4 s between them.
        assert_eq!(script.attempts(), [0, 11, 23, 37]);
        assert!(script.told().contains(&Told::AttemptFailed(AttemptFailure::TimedOut)));
    }
}

#[test]
fn a_lost_connection_begins_the_back_off_anew() {
    let mut script = Script::start(waiting(Waiting::Exponential));
    fail_attempts(&mut script, 4, |script| {
        script.transport = false;
        script.input(DeviceInput::Failed(TransportFailure::Refused));
    });
    script.advance(8);
    script.accept(false);
    script.advance(20);
    script.told();
    script.lose();
    let lost = script.now;
    assert_eq!(script.told(), [Told::Lost(None)]);
    assert_eq!(script.device.wants_connection_since(), Some(lost));
    fail_attempts(&mut script, 4, |script| {
        script.transport = false;
        script.input(DeviceInput::Failed(TransportFailure::Refused));
    });
    assert_eq!(script.attempts(), [1, 3, 7, 15].map(|seconds| lost.as_secs() + seconds));
    script.advance(16);
    script.accept(true);
    let began = script.now;
    let connected = Told::Connected { wanted: lost, began, session_present: true };
    assert_eq!(script.told().last(), Some(&connected));
}

#[test]
fn jitter_differs_between_devices_and_not_between_runs() {
    for strategy in [Waiting::FullJitter, Waiting::EqualJitter, Waiting::DecorrelatedJitter] {
        let run = || {
            let mut script = Script::start(waiting(strategy));
            fail_attempts(&mut script, 20, |script| {
                script.transport = false;
                script.input(DeviceInput::Failed(TransportFailure::Refused));
            });
            let began = script.told.iter().filter(|(_, told)| *told == Told::AttemptBegan);
            began.map(|(at, _)| *at).collect::<Vec<_>>()
        };
        let times = run();
        assert_eq!(times, run());
        let waits: Vec<u64> = times.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(waits.iter().all(|wait| *wait <= 20 * SECOND));
        let distinct: std::collections::BTreeSet<_> = waits.iter().collect();
        assert!(distinct.len() > 10, "{strategy:?} {waits:?}");
    }
}

#[test]
fn a_disconnect_of_the_service_is_the_reason_of_the_loss() {
    // v5:3.14.4-2.
    let mut script = Script::start(profile(ProtocolVersion::V5));
    script.accept(false);
    script.told();
    script.receive(&[Packet::Disconnect(Disconnect::new(ReasonCode::SessionTakenOver))]);
    assert!(script.device.is_connected(), "the service closes");
    script.lose();
    assert_eq!(script.told(), [Told::Lost(Some(ReasonCode::SessionTakenOver))]);
    script.advance(1);
    script.accept(true);
    script.told();
    script.lose();
    assert_eq!(script.told(), [Told::Lost(None)], "a reason counts once");
}

#[test]
fn publishes_wait_offline_up_to_the_limit_and_the_newest_are_dropped() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let mut script = Script::start(DeviceProfile {
            connect_timeout: Duration::from_secs(600),
            ..publishing(ProtocolVersion::V311, qos)
        });
        script.advance(10);
        let dropped = script.told().iter().filter(|told| **told == Told::Dropped).count();
        assert_eq!(dropped, 7);
        assert_eq!(script.sent(), []);
        script.accept(false);
        let payloads: Vec<String> = script
            .sent()
            .into_iter()
            .filter_map(|sent| match sent {
                Sent::Publish { payload, .. } => Some(payload),
                _ => None,
            })
            .collect();
        assert_eq!(payloads, ["0", "1", "2"], "the oldest, in order");
        let due: Vec<Timestamp> = (0..3).map(|n| script.due(n)).collect();
        let intended: Vec<Timestamp> = script
            .told()
            .into_iter()
            .filter_map(|told| match told {
                Told::PublishSent { intended, first: true } => Some(intended),
                _ => None,
            })
            .collect();
        assert_eq!(intended, due, "when they fell due, not when they left");
        let unfinished = script.device.unfinished_publishes(&script.profile).count();
        assert_eq!(unfinished, if qos == QoS::AtMostOnce { 0 } else { 3 });
    }
}

#[test]
fn a_device_that_drops_offline_keeps_nothing() {
    let mut script = Script::start(DeviceProfile {
        offline: Offline::Drop,
        ..publishing(ProtocolVersion::V5, QoS::AtLeastOnce)
    });
    script.advance(5);
    script.accept(false);
    assert!(matches!(&script.sent()[..], [Sent::Connect { .. }]));
    script.advance_nanos(script.due(5).0 - script.now.0);
    assert_eq!(script.sent(), [published(1, false, "5")]);
}

#[test]
fn an_acknowledgement_finishes_a_publish() {
    for version in VERSIONS {
        let mut script = Script::start(publishing(version, QoS::AtLeastOnce));
        script.accept(false);
        script.advance_nanos(script.due(0).0);
        script.sent();
        script.told();
        let due = script.due(0);
        script.advance_nanos(5);
        script.acknowledge(1);
        let acked = Told::PublishAcked { intended: due, sent: due, code: ReasonCode::Success };
        assert_eq!(script.told(), [acked]);
        assert_eq!(script.device.unfinished_publishes(&script.profile).count(), 0);
        // Once only, and not for what was never sent.
        script.acknowledge(1);
        script.acknowledge(9);
        assert_eq!(script.told(), []);
        assert!(script.device.is_connected());
    }
}

#[test]
fn unacknowledged_publishes_are_repeated_if_the_session_is_there_and_new_if_not() {
    // MQTT-4.4.0-1, MQTT-3.3.1-1; v5:3.2.2-5.
    for version in VERSIONS {
        for session_present in [true, false] {
            let mut script = Script::start(publishing(version, QoS::AtLeastOnce));
            script.accept(false);
            script.advance_nanos(script.due(2).0);
            assert_eq!(
                script.sent()[1..],
                [published(1, false, "0"), published(2, false, "1"), published(3, false, "2")]
            );
            script.acknowledge(2);
            script.lose();
            // The next one falls due while offline, and finds two of three places taken.
            script.advance(1);
            script.told();
            script.accept(session_present);
            let sent = script.sent();
            let firsts: Vec<bool> = script
                .told()
                .into_iter()
                .filter_map(|told| match told {
                    Told::PublishSent { first, .. } => Some(first),
                    _ => None,
                })
                .collect();
            if session_present {
                assert_eq!(
                    sent[1..],
                    [published(1, true, "0"), published(3, true, "2"), published(4, false, "3")]
                );
                assert_eq!(firsts, [false, false, true]);
            } else {
                assert_eq!(
                    sent[1..],
                    [published(4, false, "0"), published(5, false, "2"), published(6, false, "3")]
                );
                assert_eq!(firsts, [true, true, true]);
            }
        }
    }
}

#[test]
fn an_acknowledgement_of_an_earlier_connection_is_worth_nothing() {
    let mut script = Script::start(publishing(ProtocolVersion::V5, QoS::AtLeastOnce));
    script.accept(false);
    script.advance_nanos(script.due(0).0);
    script.lose();
    script
        .input(DeviceInput::Bytes(&encode(ProtocolVersion::V5, &[Packet::PubAck(Ack::new(PacketId::MIN))])));
    assert_eq!(script.device.unfinished_publishes(&script.profile).count(), 1);
}

#[test]
fn the_receive_maximum_of_the_service_is_respected() {
    // v5:3.3.4-7; broker.md 7.1 where CONNACK names none.
    let mut script = Script::start(DeviceProfile {
        connect_timeout: Duration::from_secs(600),
        offline: Offline::Queue(1_000),
        ..publishing(ProtocolVersion::V5, QoS::AtLeastOnce)
    });
    script.advance(300);
    let connect = |script: &mut Script, receive_maximum| {
        let properties = ConnAckProperties { receive_maximum, ..ConnAckProperties::default() };
        let connack = ConnAck { properties, ..ConnAck::accepted(ProtocolVersion::V5, false) };
        script.input(DeviceInput::Up);
        script.receive(&[Packet::ConnAck(connack)]);
        script.sent().len() - 1
    };
    assert_eq!(connect(&mut script, NonZeroU16::new(2)), 2);
    script.acknowledge(2);
    assert_eq!(script.sent(), [published(3, false, "2")]);
    script.acknowledge(2);
    assert_eq!(script.sent(), []);
    script.lose();
    script.advance(1);
    assert_eq!(connect(&mut script, None), 100);
}

#[test]
fn packet_ids_wrap_around_those_in_use() {
    // MQTT-2.3.1-2.
    let mut script = Script::start(publishing(ProtocolVersion::V311, QoS::AtLeastOnce));
    script.accept(false);
    let mut seen = Vec::new();
    for n in 0..66_000 {
        let wait = script.due(n).0 - script.now.0;
        script.advance_nanos(wait);
        for sent in script.sent() {
            match sent {
                Sent::Publish { packet_id, .. } => {
                    assert_ne!(packet_id, 0);
                    assert!(n == 0 || packet_id != 1, "1 is never acknowledged");
                    seen.push(packet_id);
                    if n > 0 {
                        script.acknowledge(packet_id);
                    }
                }
                Sent::PingReq => script.receive(&[Packet::PingResp]),
                _ => {}
            }
        }
        script.told.clear();
    }
    assert_eq!(seen.len(), 66_000);
    assert!(seen.contains(&65_535));
}

#[test]
fn a_message_is_received_and_acknowledged_if_it_asks_for_it() {
    // MQTT-4.3.2-2 (receiver), MQTT-2.3.1-6.
    for version in VERSIONS {
        let mut script = Script::start(profile(version));
        script.accept(false);
        script.sent();
        script.told();
        script.receive(&[message("zero", 0), message("one", 7), message("one", 7)]);
        let received = |payload: &str, qos| Told::Received(payload.to_owned(), qos);
        assert_eq!(script.told(), [received("zero", 0), received("one", 1), received("one", 1)]);
        assert_eq!(script.sent(), [Sent::PubAck(7), Sent::PubAck(7)]);
    }
}

#[test]
fn a_silent_device_pings_at_its_keep_alive_and_gives_up_after_10_seconds() {
    // MQTT-3.1.2-23, MQTT 3.1.1 3.1.2.10.
    let mut script = Script::start(profile(ProtocolVersion::V311));
    script.accept(false);
    script.sent();
    script.advance_nanos(60 * SECOND - 1);
    assert_eq!(script.sent(), []);
    script.advance_nanos(1);
    assert_eq!(script.sent(), [Sent::PingReq]);
    script.advance(5);
    script.receive(&[Packet::PingResp]);
    script.advance(55);
    assert_eq!(script.sent(), [Sent::PingReq], "a keep alive after the last");
    script.told();
    script.advance_nanos(10 * SECOND - 1);
    assert!(script.device.is_connected());
    script.advance_nanos(1);
    assert!(!script.transport);
    assert_eq!(script.told(), [Told::Lost(None)]);
    script.advance(1);
    assert_eq!(script.attempts(), [131]);
}

#[test]
fn what_a_device_sends_puts_its_ping_off() {
    let mut script = Script::start(DeviceProfile { keep_alive_seconds: 30, ..profile(ProtocolVersion::V5) });
    script.accept(false);
    for n in 1..=10 {
        script.advance(29);
        script.receive(&[message("x", n)]);
    }
    assert!(!script.sent().contains(&Sent::PingReq));
    script.advance(30);
    assert_eq!(script.sent(), [Sent::PingReq]);
}

#[test]
fn a_keep_alive_below_the_ping_timeout_is_kept() {
    // MQTT-3.1.2-23.
    let mut script = Script::start(DeviceProfile { keep_alive_seconds: 4, ..profile(ProtocolVersion::V311) });
    script.accept(false);
    script.sent();
    for _ in 0..10 {
        script.advance(4);
        assert_eq!(script.sent(), [Sent::PingReq]);
        script.receive(&[Packet::PingResp]);
    }
    script.advance(8);
    assert!(!script.device.is_connected(), "no answer within a keep alive");
}

#[test]
fn the_keep_alive_of_the_server_is_adopted() {
    // v5:3.2.2-21.
    for (server, ping) in
        [(Some(30), Some(30)), (Some(1_200), Some(1_200)), (None, Some(60)), (Some(0), None)]
    {
        let mut script = Script::start(profile(ProtocolVersion::V5));
        let properties = ConnAckProperties { server_keep_alive: server, ..ConnAckProperties::default() };
        let connack = ConnAck { properties, ..ConnAck::accepted(ProtocolVersion::V5, false) };
        script.input(DeviceInput::Up);
        script.receive(&[Packet::ConnAck(connack)]);
        script.sent();
        match ping {
            Some(seconds) => {
                script.advance_nanos(seconds * SECOND - 1);
                assert_eq!(script.sent(), []);
                script.advance_nanos(1);
                assert_eq!(script.sent(), [Sent::PingReq]);
            }
            None => {
                script.advance(100_000);
                assert_eq!(script.sent(), []);
            }
        }
    }
}

#[test]
fn timers_of_an_earlier_connection_are_ignored() {
    // Timers are never cancelled.
    let mut script = Script::start(profile(ProtocolVersion::V5));
    script.accept(false);
    script.advance(5);
    script.lose();
    script.advance(1);
    script.accept(true);
    script.sent();
    script.advance_nanos(60 * SECOND - 1);
    assert_eq!(script.sent(), [], "the ping of the first connection was due at 60 s");
    script.advance_nanos(1);
    assert_eq!(script.sent(), [Sent::PingReq]);
}

#[test]
fn bytes_in_pieces_are_the_same_packets() {
    for version in VERSIONS {
        let run = |piece: usize| {
            let subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
            let mut script =
                Script::start(DeviceProfile { subscriptions, ..publishing(version, QoS::AtLeastOnce) });
            script.advance(3);
            script.input(DeviceInput::Up);
            let bytes = encode(
                version,
                &[
                    Packet::ConnAck(ConnAck::accepted(version, false)),
                    Packet::SubAck(SubAck::new(PacketId::MIN, &[ReasonCode::GrantedQos1])),
                    message("zero", 0),
                    message("one", 7),
                    Packet::PubAck(Ack::new(id(2))),
                    Packet::PingResp,
                    message("two", 8),
                ],
            );
            for bytes in bytes.chunks(piece) {
                script.input(DeviceInput::Bytes(bytes));
            }
            (script.sent, script.told)
        };
        let whole = run(usize::MAX);
        assert!(whole.0.len() > 5, "{whole:?}");
        for piece in [1, 2, 3, 5, 16] {
            assert_eq!(run(piece), whole, "pieces of {piece}");
        }
    }
}

#[test]
fn a_piece_of_a_lost_connection_does_not_reach_the_next_one() {
    let mut script = Script::start(profile(ProtocolVersion::V5));
    script.accept(false);
    script.input(DeviceInput::Bytes(&[0x30, 100, 0, 1]));
    script.lose();
    script.advance(1);
    script.told();
    script.accept(true);
    assert!(matches!(&script.told()[..], [Told::Connected { .. }]));
}

#[test]
fn what_a_service_may_not_send_ends_the_connection() {
    let version = ProtocolVersion::V5;
    let alias = |publish: Publish<'static>| {
        let mut publish = publish;
        publish.properties.topic_alias = NonZeroU16::new(1);
        publish
    };
    for packet in [
        Packet::PingReq,
        Packet::ConnAck(ConnAck::accepted(version, true)),
        Packet::SubAck(SubAck::new(id(9), &[ReasonCode::Success])),
        Packet::PubRel(Ack::new(PacketId::MIN)),
        Packet::Publish(Publish {
            qos: QoS::ExactlyOnce,
            packet_id: PacketId::new(1),
            ..Publish::new("a", b"")
        }),
        Packet::Publish(alias(Publish::new("a", b""))),
    ] {
        let mut script = Script::start(profile(version));
        script.accept(false);
        script.told();
        script.receive(std::slice::from_ref(&packet));
        assert_eq!(script.told(), [Told::Violation, Told::Lost(None)], "{packet:?}");
        assert!(!script.transport);
        script.advance(1);
        assert_eq!(script.attempts().len(), 1);
    }
    // v5:3.14.0-1: nor anything but CONNACK before CONNACK.
    for packet in [message("early", 0), Packet::PingResp, Packet::Disconnect(Disconnect::default())] {
        let mut script = Script::start(profile(version));
        script.input(DeviceInput::Up);
        script.told();
        script.receive(&[packet]);
        assert_eq!(script.told(), [Told::Violation, Told::AttemptFailed(AttemptFailure::Closed)]);
        assert!(!script.transport);
    }
}

/// What a hostile service does.
#[derive(Clone, Debug)]
enum Hostile {
    Up,
    Fail,
    Close,
    Noise(Vec<u8>),
    Mutated { packet: usize, changes: Vec<(prop::sample::Index, u8)> },
    Packet(usize),
    Wait(u64),
}

fn packets(version: ProtocolVersion) -> Vec<Vec<u8>> {
    let all = [
        Packet::ConnAck(ConnAck::accepted(version, false)),
        Packet::ConnAck(ConnAck::accepted(version, true)),
        Packet::SubAck(SubAck::new(PacketId::MIN, &[ReasonCode::GrantedQos1])),
        message("zero", 0),
        message("one", 7),
        Packet::PubAck(Ack::new(PacketId::MIN)),
        Packet::PubAck(Ack::new(id(2))),
        Packet::PingResp,
        Packet::Disconnect(Disconnect::default()),
    ];
    let mut packets: Vec<Vec<u8>> =
        all.iter().map(|packet| encode(version, std::slice::from_ref(packet))).collect();
    let mut ack = Vec::new();
    Ack::new(id(3)).encode(AckType::PubAck, version, &mut ack).expect("a PUBACK");
    packets.push(ack);
    packets
}

const PACKETS: usize = 10;

fn hostile() -> impl Strategy<Value = Hostile> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    prop_oneof![
        4 => Just(Hostile::Up),
        1 => Just(Hostile::Fail),
        1 => Just(Hostile::Close),
        2 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Hostile::Noise),
        4 => (0..PACKETS, changes).prop_map(|(packet, changes)| Hostile::Mutated { packet, changes }),
        6 => (0..PACKETS).prop_map(Hostile::Packet),
        3 => (0..100 * SECOND).prop_map(Hostile::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Whatever comes, nothing panics, every packet sent is valid, and the device comes back to a sane service.
    #[test]
    fn a_hostile_service_does_no_harm(
        v5: bool,
        strategy in prop_oneof![Just(Waiting::None), Just(Waiting::Exponential), Just(Waiting::FullJitter)],
        steps in proptest::collection::vec(hostile(), 1..80),
    ) {
        let version = if v5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 };
        let packets = packets(version);
        let mut profile = publishing(version, QoS::AtLeastOnce);
        profile.back_off.strategy = strategy;
        profile.subscriptions = vec![SubscriptionPattern { filter: template("a"), qos: QoS::AtLeastOnce }];
        let mut script = Script::start(profile);
        for step in steps {
            match step {
                Hostile::Up => script.input(DeviceInput::Up),
                Hostile::Fail => {
                    // Only who waits for a transport can be refused it.
                    if script.transport && !script.device.is_connected() && script.device.attempting_since().is_some() {
                        script.lose();
                    }
                }
                Hostile::Close => script.lose(),
                Hostile::Noise(bytes) => script.input(DeviceInput::Bytes(&bytes)),
                Hostile::Mutated { packet, changes } => {
                    let mut bytes = packets[packet].clone();
                    for (at, byte) in changes {
                        let at = at.index(bytes.len());
                        bytes[at] = byte;
                    }
                    script.input(DeviceInput::Bytes(&bytes));
                }
                Hostile::Packet(packet) => script.input(DeviceInput::Bytes(&packets[packet])),
                Hostile::Wait(nanos) => script.advance_nanos(nanos),
            }
        }
        script.lose();
        // The service is sane from here on.
        for _ in 0..1_000 {
            if script.transport {
                break;
            }
            script.advance(1);
        }
        prop_assert!(script.transport, "the device tries again");
        script.accept(false);
        prop_assert!(script.device.is_connected());
    }
}
