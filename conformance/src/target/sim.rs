//! The simulated target: a broker of its own for each case, driven in virtual time without any latency.

mod account;
mod authorizers;
mod calls;
mod questions;
mod recorder;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::Value as Json;
use squall_core::{
    Broker, BrokerConfig, ClosedWhy, ConnectionId, Identity, Input, Reply, SignedIdentity, Source, Tag,
    Transport,
};
use squall_profile::switch::SWITCHES;
use squall_profile::{Profile, profile_names};
use squall_services::policy::Rights;
use squall_types::{CertificateId, Now, Owner, Seed, Timestamp, WallTime};

use super::{Answered, Arrival, Patience, Target, TargetError, TransportId, World};
use crate::case::{Account, Service, Who, certificate_id};
use crate::near::unknown;
use crate::wire_text::{AuthorizerSays, CallWritten, Counter};
use account::{SetUp, iam_rights, presented, set_up};
use authorizers::Functions;
use questions::Outside;
use recorder::{Counts, Recorder};

/// 2026-01-01T00:00:00Z, where the wall clock of each case begins.
const EPOCH: WallTime = WallTime::from_unix_secs(1_767_225_600);

/// No case has so many timers that as many come due in one step; a broker that sets one anew for ever does.
const MOST_DEADLINES: u32 = 1_000_000;

/// Where links come from that no account says more of.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// What the TLS of devices asks for that show a certificate of a known CA.
const SERVER_NAME: &str = "data-ats.iot.us-east-1.amazonaws.com";

/// All that a case does is metered together.
const TAG: Tag = Tag(0);

/// The simulated service.
#[derive(Debug)]
pub struct Sim {
    /// The profile of cases that name none.
    profile: String,
    /// Profiles read so far.
    known: RefCell<BTreeMap<String, Profile>>,
}

impl Default for Sim {
    fn default() -> Self {
        let first = profile_names().next().expect("there is a default profile");
        Self { profile: first.to_owned(), known: RefCell::default() }
    }
}

impl Sim {
    /// A service whose cases run with `profile` unless they name one.
    ///
    /// # Errors
    /// There is no such profile.
    pub fn with_profile(profile: &str) -> Result<Self, TargetError> {
        let sim = Self { profile: profile.to_owned(), known: RefCell::default() };
        sim.profile(profile)?;
        Ok(sim)
    }

    fn profile(&self, name: &str) -> Result<Profile, TargetError> {
        if let Some(profile) = self.known.borrow().get(name) {
            return Ok(profile.clone());
        }
        let profile = Profile::named(name).map_err(|error| TargetError::Service(error.to_string()))?;
        self.known.borrow_mut().insert(name.to_owned(), profile.clone());
        Ok(profile)
    }
}

impl Target for Sim {
    fn name(&self) -> String {
        "sim".to_owned()
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn is_virtual(&self) -> bool {
        true
    }

    fn begin<'t>(
        &'t self,
        service: &Service,
        account: &'t Account,
    ) -> Result<Box<dyn World + 't>, TargetError> {
        let mut profile = self.profile(service.profile.as_deref().unwrap_or(&self.profile))?;
        for (name, value) in &service.limits {
            if !profile.limits.set(name, *value) {
                let known = squall_profile::LIMITS.iter().map(|limit| limit.name);
                return Err(TargetError::Service(unknown("limit", name, known)));
            }
        }
        for (name, value) in &service.switches {
            profile.switches.set(name, value).map_err(|allowed| {
                TargetError::Service(match allowed {
                    None => unknown("switch", name, SWITCHES.iter().copied()),
                    Some(allowed) => {
                        format!("switch '{name}' is '{value}'; allowed are {}", allowed.join(", "))
                    }
                })
            })?;
        }
        let SetUp { registry, templates, rules } = set_up(account).map_err(TargetError::Service)?;
        let functions = Functions::new(account).map_err(TargetError::Service)?;
        let iam = iam_rights(account).map_err(TargetError::Service)?;
        Ok(Box::new(SimWorld {
            broker: Broker::new(BrokerConfig {
                registry,
                templates,
                rules,
                ..BrokerConfig::new(profile, Seed(7))
            }),
            now: Timestamp::ZERO,
            account,
            iam,
            functions,
            outside: Outside::default(),
            transports: Vec::new(),
            opened_by: Vec::new(),
            seen: Counts::default(),
            requests: 0,
        }))
    }
}

struct SimWorld<'t> {
    broker: Broker,
    now: Timestamp,
    account: &'t Account,
    /// What IAM policies allow, by link.
    iam: BTreeMap<&'t str, Rights>,
    functions: Functions,
    outside: Outside,
    transports: Vec<SimTransport>,
    /// The link that each transport was opened for.
    opened_by: Vec<String>,
    seen: Counts,
    requests: u64,
}

/// One transport, as its client has it.
#[derive(Default)]
struct SimTransport {
    arrivals: VecDeque<Arrival>,
    /// The broker let go of it, or the client did.
    ended: bool,
    /// The client lets go of it.
    let_go: bool,
    /// The broker does not read for now.
    paused: bool,
    /// What the client did meanwhile.
    held: VecDeque<Held>,
}

enum Held {
    Bytes(Vec<u8>),
    Closed(ClosedWhy),
}

impl SimWorld<'_> {
    /// Gives the broker one input now, and then says that all it wrote has left, until it has no more to say.
    fn input(&mut self, input: Input<'_>) -> Option<Reply> {
        let (broker, now, mut sink) = self.recorder();
        broker.handle(now, input, &mut sink);
        let Recorder { mut written, mut resumed, asked, reply, .. } = sink;
        while !written.is_empty() || !resumed.is_empty() {
            for (connection, bytes) in std::mem::take(&mut written) {
                let (broker, now, mut sink) = self.recorder();
                broker.handle(now, Input::Sent { connection, bytes }, &mut sink);
                written.append(&mut sink.written);
                resumed.append(&mut sink.resumed);
            }
            for transport in std::mem::take(&mut resumed) {
                self.release(transport);
            }
        }
        for (ask, question) in asked {
            self.take_question(ask, &question);
        }
        reply
    }

    fn recorder(&mut self) -> (&mut Broker, Now, Recorder<'_>) {
        let wall = EPOCH.plus_nanos(self.now.as_nanos());
        let recorder = Recorder {
            transports: &mut self.transports,
            seen: &mut self.seen,
            written: Vec::new(),
            resumed: Vec::new(),
            asked: Vec::new(),
            reply: None,
        };
        (&mut self.broker, Now { mono: self.now, wall }, recorder)
    }

    /// Lets the broker have what its client did while it did not read.
    fn release(&mut self, transport: usize) {
        while !self.transports[transport].paused
            && let Some(held) = self.transports[transport].held.pop_front()
        {
            self.pass(transport, &held);
        }
    }

    fn pass(&mut self, transport: usize, held: &Held) {
        let connection = connection(transport);
        match held {
            Held::Bytes(bytes) => self.input(Input::Bytes { connection, bytes }),
            Held::Closed(why) => self.input(Input::Closed { connection, why: *why }),
        };
    }

    fn handle_client(&mut self, transport: TransportId, held: Held) {
        self.meet_deadlines(self.now);
        let state = &mut self.transports[transport.0];
        if state.paused {
            state.held.push_back(held);
        } else {
            self.pass(transport.0, &held);
        }
    }

    fn meet_deadlines(&mut self, until: Timestamp) {
        let mut met = 0_u32;
        while let Some(deadline) = self.broker.next_deadline().filter(|deadline| *deadline <= until) {
            met += 1;
            assert!(met < MOST_DEADLINES, "{met} deadlines by {}: a timer is set again and again", self.now);
            self.now = self.now.max(deadline);
            self.input(Input::Deadline);
            let due = self.broker.next_deadline().is_some_and(|next| next <= self.now);
            assert!(!due, "a deadline that was met at {} is due again at the same time", self.now);
        }
    }

    fn close(&mut self, transport: TransportId, why: ClosedWhy) {
        if self.transports[transport.0].ended {
            return;
        }
        self.transports[transport.0].let_go = true;
        self.handle_client(transport, Held::Closed(why));
        let state = &mut self.transports[transport.0];
        state.ended = true;
        if !matches!(state.arrivals.back(), Some(Arrival::Close(_))) {
            state.arrivals.push_back(Arrival::Close(None));
        }
    }
}

impl World for SimWorld<'_> {
    fn open(&mut self, link: &str, shown: Option<CertificateId>) -> Result<TransportId, TargetError> {
        self.meet_deadlines(self.now);
        let account = self.account;
        let transport = self.transports.len();
        let who = account.who(link);
        let iam = self.iam.get(link).cloned().unwrap_or_default();
        let known = match &who {
            Who::Certificate(name) => account.certificate(name),
            _ => None,
        };
        let presented = known.and_then(presented);
        let server_name = known.is_none_or(|known| !known.no_server_name).then_some(SERVER_NAME);
        let identity = match &who {
            Who::Trusted => Identity::Trusted(certificate(transport)),
            Who::Certificate(name) => match &presented {
                Some(certificate) => Identity::Presented { certificate, server_name },
                None => Identity::Certificate(certificate_id(name)),
            },
            Who::Noted(name) => {
                let nobody = || TargetError::Service(format!("nothing was noted as ${name}"));
                Identity::Certificate(shown.ok_or_else(nobody)?)
            }
            Who::Credentials => Identity::CustomAuthorizer { server_name: None },
            Who::Signed { cognito, .. } => Identity::Signed(SignedIdentity {
                principal: link,
                iam: &iam,
                cognito_identity: cognito.as_deref(),
            }),
        };
        self.transports.push(SimTransport::default());
        self.opened_by.push(link.to_owned());
        self.input(Input::Opened {
            connection: connection(transport),
            transport: Transport::Tls,
            identity,
            source: Source { ip: account.address(link).unwrap_or(ADDRESS), port: 50_000 },
            tag: TAG,
        });
        Ok(TransportId(transport))
    }

    fn send(&mut self, transport: TransportId, bytes: &[u8]) {
        if !self.transports[transport.0].ended {
            self.handle_client(transport, Held::Bytes(bytes.to_vec()));
        }
    }

    fn read(&mut self, transport: TransportId, _: Patience) -> Option<Arrival> {
        self.transports[transport.0].arrivals.pop_front()
    }

    fn end(&mut self, transport: TransportId) {
        self.close(transport, ClosedWhy::EndOfStream);
    }

    fn reset(&mut self, transport: TransportId) {
        self.close(transport, ClosedWhy::Reset);
    }

    fn advance(&mut self, duration: Duration) {
        let until = self.now + duration;
        self.meet_deadlines(until);
        self.now = until;
    }

    fn call(&mut self, call: &CallWritten, count: u64, prefix: &str) -> Result<Option<String>, String> {
        self.make_call(call, count, prefix)
    }

    fn ask(&mut self, operation: &str, parameters: &Json) -> Result<Answered, String> {
        self.ask_in_json(operation, parameters)
    }

    fn authorizer(&mut self, link: &str, says: &AuthorizerSays) -> Result<(), String> {
        self.authorizer_says(link, says)
    }

    fn hook(&mut self, function: &str, answer: Result<&str, &str>) -> Result<(), String> {
        self.hook_says(function, answer)
    }

    fn heard(&self, function: &str) -> Result<&Json, String> {
        self.last_invocation(function).map(|(_, event)| event)
    }

    fn count(&self, counter: &Counter) -> Option<u64> {
        let of = |counts: &BTreeMap<&'static str, u64>, name: &String| {
            counts.get(name.as_str()).copied().unwrap_or(0)
        };
        Some(match counter {
            Counter::Metric(name) => of(&self.seen.metrics, name),
            Counter::Reason(name) => of(&self.seen.reasons, name),
            Counter::Denial(name) => of(&self.seen.denials, name),
            Counter::Meter(cause) => self.broker.metered(self.now).units(TAG, *cause),
            Counter::Asked(link) => self.times_asked(link),
            Counter::Invoked(function) => self.outside.times_invoked(function),
            Counter::ProvisionDevice { success } => self.seen.provisioned[usize::from(*success)],
        })
    }

    fn now(&self) -> Duration {
        self.now.since(Timestamp::ZERO)
    }
}

/// A client's certificate, by the number of its transport.
fn certificate(transport: usize) -> CertificateId {
    CertificateId::of(Owner::named("conformance").member(transport as u64))
}

/// Transports are numbered from 0, connections from 1; neither number comes twice.
const fn connection(transport: usize) -> ConnectionId {
    ConnectionId(transport as u64 + 1)
}

const fn transport(connection: ConnectionId) -> usize {
    connection.0 as usize - 1
}
