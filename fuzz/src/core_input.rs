//! What the broker owes to arbitrary inputs. The body of the fuzz target `core_input` and of the broker's own test.
//!
//! The bytes of a case are a small program over three links and virtual time:
//!
//! ```text
//! 00llkkkk  a step of kind k for link l, then its argument
//!   open | raw bytes | any packet in a fitting frame | a good packet | time passes | bytes leave | end | reset
//! ```

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use squall_codec::{Packet, decode};
use squall_core::{
    Broker, BrokerConfig, ClosedWhy, ConnectionId, Fact, Identity, Input, Output, Sink, Source, Tag,
    Transport,
};
use squall_profile::Profile;
use squall_types::{CertificateId, Now, ProtocolVersion, Seed, Timestamp, WallTime};

const LINKS: usize = 3;
const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V311, ProtocolVersion::V5];
const SUBSCRIPTIONS_PER_CONNECTION: usize = 50;

/// Steps of time, from below a redelivery to beyond every expiry.
const STEPS_MS: [u64; 8] = [1, 90, 1_000, 20_000, 61_000, 1_800_000, 3_601_000, 700_000_000];

/// Packets that a client may send, so that a case gets beyond CONNECT; `?` in a client id or topic is filled in.
pub(crate) const GOOD: [&[u8]; 22] = [
    b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01?",
    b"\x10\x0d\0\x04MQTT\x04\0\0\x3c\0\x01?",
    b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01?",
    b"\x10\x16\0\x04MQTT\x05\0\0\x3c\x08\x11\0\0\0\x3c\x21\0\x02\0\x01?",
    b"\x10\x15\0\x04MQTT\x04\x2e\0\x3c\0\x01?\0\x03t/?\0\x01w",
    b"\x82\x08\0\x01\0\x03t/?\x01",
    b"\x82\x09\0\x01\0\0\x03t/?\x01",
    b"\x82\x06\0\x02\0\x01#\x01",
    b"\xa2\x07\0\x03\0\x03t/?",
    b"\x30\x06\0\x03t/?m",
    b"\x33\x08\0\x03t/?\0\x04m",
    b"\x32\x0e\0\x03t/?\0\x05\x05\x02\0\0\0\x05m",
    // A will with a delay, aliases both ways, and a session that outlives its connection.
    b"\x10\x24\0\x04MQTT\x05\x0c\0\x3c\x08\x11\0\0\0\x3c\x22\0\x04\0\x01?\x05\x18\0\0\0\x05\0\x03t/?\0\x01w",
    b"\x82\x0f\0\x06\0\x0a$share/g/#\x01",
    b"\x82\x12\0\x06\0\0\x0c$share/g/t/?\x01",
    b"\x32\x0b\0\x03t/?\0\x07\x03\x23\0\x01",
    b"\x32\x09\0\0\0\x08\x03\x23\0\x01m",
    b"\x31\x05\0\x03t/?",
    b"\x31\x07\0\x03t/?\0m",
    b"\xe0\x01\x04",
    b"\x40\x02\0\x01",
    b"\xe0\0",
];

/// Runs `data` as a program, twice.
///
/// # Panics
/// If the broker breaks a promise.
pub(crate) fn survive(data: &[u8]) {
    let first = run(data);
    assert_eq!(run(data), first, "the same inputs at the same times give the same outputs");
}

/// Runs `data` and returns a hash of all that the broker said.
fn run(data: &[u8]) -> u64 {
    let mut driver = Driver::new();
    let mut program = Program(data);
    while let Some(step) = program.byte() {
        driver.step(usize::from(step >> 4 & 3) % LINKS, step & 0xf, &mut program);
        driver.check();
    }
    driver.finish();
    driver.world.said.finish()
}

/// What is left of the program.
struct Program<'a>(&'a [u8]);

impl<'a> Program<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// As many bytes as the next byte says, or what is left.
    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }
}

/// A broker and those who drive it.
struct Driver {
    broker: Broker,
    now: Timestamp,
    names: u64,
    world: World,
}

/// What the broker is heard by.
struct World {
    links: [Option<Link>; LINKS],
    said: DefaultHasher,
}

/// One transport, from Opened to its end.
struct Link {
    id: ConnectionId,
    /// The versions in which everything so far could be read.
    versions: Vec<ProtocolVersion>,
    /// Bytes handed over and not yet reported as sent.
    unsent: VecDeque<u32>,
    accepted: bool,
}

impl Driver {
    fn new() -> Self {
        // Read once: it takes longer than most cases.
        static PROFILE: LazyLock<Profile> =
            LazyLock::new(|| Profile::named("aws-current").expect("the default profile"));
        let profile = PROFILE.clone();
        let world = World { links: [None, None, None], said: DefaultHasher::new() };
        Self {
            broker: Broker::new(BrokerConfig::new(profile, Seed(7))),
            now: Timestamp::ZERO,
            names: 0,
            world,
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let now = Now::at(self.now, WallTime::from_unix_secs(1_767_225_600));
        self.broker.handle(now, input, &mut self.world);
    }

    fn step(&mut self, link: usize, kind: u8, program: &mut Program<'_>) {
        match kind {
            0 => self.open(link),
            1 | 2 => self.bytes(link, program.bytes()),
            3..=5 => {
                let first = program.byte().unwrap_or(0);
                let body = program.bytes();
                let mut packet = vec![first];
                // At most 255 bytes: two bytes of length.
                if body.len() >= 128 {
                    packet.push(body.len() as u8 | 0x80);
                }
                packet.push((body.len() >> (if body.len() >= 128 { 7 } else { 0 })) as u8);
                packet.extend_from_slice(body);
                self.bytes(link, &packet);
            }
            6..=11 => self.good_packet(link, program.byte().unwrap_or(0)),
            12 => self.pass(STEPS_MS[usize::from(program.byte().unwrap_or(0)) % STEPS_MS.len()]),
            13 => self.bytes_leave(link),
            14 => self.end(link, ClosedWhy::EndOfStream),
            _ => self.end(link, ClosedWhy::Reset),
        }
    }

    fn open(&mut self, link: usize) {
        if self.world.links[link].is_some() {
            return;
        }
        self.names += 1;
        let id = ConnectionId(self.names);
        self.world.links[link] =
            Some(Link { id, versions: VERSIONS.to_vec(), unsent: VecDeque::new(), accepted: false });
        self.input(Input::Opened {
            connection: id,
            transport: Transport::Tls,
            identity: Identity::Certificate(CertificateId([7; 32])),
            source: Source { ip: [10, 0, 0, 1].into(), port: 50_000 },
            tag: Tag(link as u16),
        });
    }

    /// Bytes on a link, opened if it is not.
    fn bytes(&mut self, link: usize, bytes: &[u8]) {
        self.open(link);
        if let Some(Link { id, .. }) = self.world.links[link] {
            self.input(Input::Bytes { connection: id, bytes });
        }
    }

    fn good_packet(&mut self, link: usize, choice: u8) {
        let mut packet = GOOD[usize::from(choice & 0x1f) % GOOD.len()].to_vec();
        for byte in packet.iter_mut().filter(|byte| **byte == b'?') {
            *byte = b'a' + (choice >> 5);
        }
        self.bytes(link, &packet);
    }

    /// Time passes; every deadline is met when it is due.
    fn pass(&mut self, milliseconds: u64) {
        let until = self.now.plus_nanos(milliseconds * 1_000_000);
        while let Some(deadline) = self.broker.next_deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.input(Input::Deadline);
            assert!(self.broker.next_deadline().is_none_or(|next| next > self.now), "a deadline is met");
        }
        self.now = until;
    }

    fn bytes_leave(&mut self, link: usize) {
        if let Some(Link { id, unsent, .. }) = &mut self.world.links[link]
            && let Some(bytes) = unsent.pop_front()
        {
            let connection = *id;
            self.input(Input::Sent { connection, bytes });
        }
    }

    fn end(&mut self, link: usize, why: ClosedWhy) {
        if let Some(Link { id, .. }) = self.world.links[link].take() {
            self.input(Input::Closed { connection: id, why });
        }
    }

    /// What holds after each input.
    fn check(&self) {
        let open = self.world.links.iter().flatten().count();
        assert_eq!(self.broker.connections(), open, "the broker and the driver agree on what is open");
        let accepted = self.world.links.iter().flatten().filter(|link| link.accepted).count();
        assert!(self.broker.sessions() >= accepted, "a connection has a session");
        let most = self.broker.sessions() * SUBSCRIPTIONS_PER_CONNECTION;
        assert!(self.broker.subscriptions() <= most, "no session has too many subscriptions");
        assert!(self.broker.shared_groups() <= self.broker.subscriptions(), "a group has members");
        assert!(self.broker.retained_messages() <= self.broker.messages(), "what is retained is a message");
    }

    /// Everybody leaves, and after a while nothing is left of them.
    fn finish(&mut self) {
        for link in 0..LINKS {
            self.end(link, ClosedWhy::Reset);
        }
        self.pass(STEPS_MS[STEPS_MS.len() - 1]);
        let kept = (self.broker.connections(), self.broker.sessions(), self.broker.subscriptions());
        assert_eq!(kept, (0, 0, 0), "(connections, sessions, subscriptions) that stay behind");
        assert_eq!(self.broker.shared_groups(), 0, "groups without a member");
        let retained = self.broker.retained_messages();
        assert_eq!(self.broker.messages(), retained, "messages that nobody can get any more");
    }
}

impl Sink for World {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Bytes { connection, bytes, .. } => {
                self.said.write_u64(connection.0);
                self.said.write(bytes);
                self.link(connection).hear(bytes);
            }
            Output::Close { connection, reason, .. } => {
                self.said.write(reason.as_str().as_bytes());
                let closed = self
                    .links
                    .iter_mut()
                    .find(|link| link.as_ref().is_some_and(|link| link.id == connection));
                *closed.expect("the broker closes what is open") = None;
            }
            Output::PauseReading { connection } | Output::ResumeReading { connection } => {
                self.link(connection);
            }
            Output::Reply { .. } | Output::Ask { .. } | Output::Persist { .. } => {}
        }
    }

    fn fact(&mut self, fact: Fact<'_>) {
        self.said.write(format!("{fact:?}").as_bytes());
    }
}

impl World {
    /// The link that a connection is.
    fn link(&mut self, connection: ConnectionId) -> &mut Link {
        let mut links = self.links.iter_mut().flatten();
        links.find(|link| link.id == connection).expect("the broker speaks to those who are there")
    }
}

impl Link {
    /// Whole packets that a server sends, the first of them a CONNACK.
    fn hear(&mut self, bytes: &[u8]) {
        self.unsent.push_back(bytes.len() as u32);
        let accepted = self.accepted;
        self.versions.retain(|version| well_formed(*version, bytes, accepted));
        assert!(!self.versions.is_empty(), "the broker wrote {bytes:02x?}");
        self.accepted = true;
    }
}

fn well_formed(version: ProtocolVersion, mut bytes: &[u8], mut accepted: bool) -> bool {
    while !bytes.is_empty() {
        let Ok(Some((packet, used))) = decode(version, bytes, u32::MAX) else { return false };
        let expected = match packet {
            Packet::ConnAck(_) => !accepted,
            Packet::Disconnect(_) => accepted && version == ProtocolVersion::V5,
            Packet::Publish(_)
            | Packet::PubAck(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp => accepted,
            _ => false,
        };
        if !expected {
            return false;
        }
        accepted = true;
        bytes = &bytes[used..];
    }
    true
}
