//! One world: broker, network, devices, faults and judges, driven event by event.

use core::hint;
use core::time::Duration;

use squall_core::{AskId, Broker, BrokerConfig, Meter, OwnedQuestion, Tag};
use squall_device::{Device, DeviceInput, Scratch};
use squall_logs::ServiceLog;
use squall_oracle::{OracleConfig, Oracles, ShadowOracleConfig, ShadowOracles};
use squall_profile::switch::DeniedPublish;
use squall_scenario::{AppCall, Fault, FaultKind, OutageMode, Overflow, Scenario};
use squall_timers::Wheel;
use squall_types::{Chance, Now, Owner, Timestamp, WallTime};

use crate::account::{self, Entrance, SetupError};
use crate::authorities;
use crate::authorizer::AuthorizerRun;
use crate::denials::DenialLog;
use crate::endpoint::Action;
use crate::event::{Event, LinkKey};
use crate::fault::Outages;
use crate::fingerprint::{Fingerprint, ItemKind};
use crate::fleet::{Clients, FleetRun};
use crate::identities::FieldDevices;
use crate::issuer::Issuer;
use crate::lambda::LambdaRun;
use crate::link::{Direction, Links};
use crate::measure::Measure;
use crate::mutant::MutantRun;
use crate::questions::ReadyAnswers;
use crate::segment::Segments;
use crate::service::Outbound;
use crate::shadow;
use crate::shadow_troubles::ShadowTroubleLog;
use crate::station::{Costs, Node};
use crate::stranded::FailureLog;

/// How many events ahead first and second cache lines are fetched.
const FAR: usize = 6;
const NEAR: usize = 3;

/// How long latency, losses and queues may hold packets back while there is no outage, as the judges allow for it.
const ORACLE_BLUR: Duration = Duration::from_secs(10);

/// How long a delivery may be under way before the judges miss it.
const ORACLE_GRACE: Duration = Duration::from_secs(30);

/// A world in the middle of its run.
#[derive(Debug)]
pub struct World {
    pub(crate) now: Timestamp,
    pub(crate) epoch: WallTime,
    pub(crate) end: Timestamp,
    pub(crate) chance: Chance,
    pub(crate) wheel: Wheel<Event>,
    pub(crate) broker: Broker,
    /// For when the wheel holds the broker's next deadline; [`Timestamp::MAX`] for none.
    pub(crate) deadline: Timestamp,
    pub(crate) fleets: Vec<FleetRun>,
    pub(crate) clients: Clients,
    pub(crate) devices: Vec<Device>,
    pub(crate) sites: Vec<Site>,
    pub(crate) links: Links,
    pub(crate) segments: Segments,
    pub(crate) nodes: Vec<Node>,
    pub(crate) costs: Costs,
    pub(crate) queue: u32,
    pub(crate) overflow: Overflow,
    pub(crate) faults: Vec<Fault>,
    pub(crate) outages: Outages,
    pub(crate) calls: Vec<AppCall>,
    /// Calls made so far.
    pub(crate) requests: u64,
    pub(crate) authorizers: AuthorizerRun,
    pub(crate) lambdas: LambdaRun,
    pub(crate) issuer: Issuer,
    pub(crate) answers: ReadyAnswers,
    pub(crate) field: FieldDevices,
    /// How long a claim of a trusted user is good.
    pub(crate) claim_nanos: u64,
    /// Questions that the broker has just asked.
    pub(crate) asked: Vec<(AskId, OwnedQuestion)>,
    pub(crate) fingerprint: Fingerprint,
    /// Items of the fingerprint that belong to no device.
    world_items: u64,
    pub(crate) measure: Measure,
    pub(crate) measured: [Option<Meter>; 2],
    pub(crate) denials: DenialLog,
    pub(crate) failures: FailureLog,
    pub(crate) shadow_troubles: ShadowTroubleLog,
    /// What the service writes down, if somebody reads it.
    pub(crate) service_log: Option<Box<ServiceLog>>,
    pub(crate) oracles: Option<Oracles>,
    /// Those of shadows, where a scenario has any.
    pub(crate) shadow_oracles: Option<ShadowOracles>,
    /// Whether the profile has a denied publish acknowledged.
    pub(crate) acknowledges_denied: bool,
    pub(crate) mutant: MutantRun,
    pub(crate) scratch: Scratch,
    pub(crate) outbound: Vec<Outbound>,
    pub(crate) actions: Vec<Action>,
    pub(crate) events: u64,
    pub(crate) packets: u64,
    /// Every item of a device: time, device, kind, hash of its bytes.
    #[cfg(test)]
    pub(crate) log: Vec<(Timestamp, u32, ItemKind, u64)>,
}

/// The network's side of a device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// The link that the device holds an end of, or [`LinkKey::NONE`].
    pub(crate) link: LinkKey,
    /// Its attempts to connect.
    pub(crate) attempts: u32,
}

/// How far a world is after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    Running,
    /// The end of the scenario is reached.
    Done,
}

impl World {
    /// The world of a scenario at its start.
    ///
    /// # Errors
    /// What the account cannot be set up with: a device whose thing has a name that is none, a script that does not
    /// compile.
    pub fn new(scenario: &Scenario) -> Result<Self, SetupError> {
        let chance = Chance::new(scenario.seed);
        let limits = scenario.service.profile.limits;
        let mut fleets = Vec::with_capacity(scenario.fleets.len());
        let mut first = 0;
        for (number, fleet) in scenario.fleets.iter().enumerate() {
            let entrance = Entrance::of(fleet, number, scenario);
            fleets.push(FleetRun::new(fleet, entrance, first, chance, &limits, &scenario.fleets));
            first += fleet.devices;
        }
        let profile = scenario.service.profile.clone();
        let acknowledges_denied = profile.switches.denied_publish == DeniedPublish::Drop;
        let station = &scenario.service.station;
        let outages = Outages::new(&scenario.faults);
        let oracles = scenario.service.oracles.then(|| {
            Oracles::new(OracleConfig {
                devices: first,
                limits: profile.limits,
                switches: profile.switches,
                propagation: Duration::from_secs(profile.limits.propagation_seconds.into()),
                grace: ORACLE_GRACE,
                // TCP's time-outs double, so the first repeat after an outage comes within the outage's length again.
                blur: ORACLE_BLUR + outages.longest_silence() * 2,
            })
        });
        let shadow_oracles = (scenario.service.oracles && shadow::are_used(scenario)).then(|| {
            let mut oracles = ShadowOracles::new(ShadowOracleConfig::from(&profile));
            shadow::introduce(&mut oracles, &fleets);
            oracles
        });
        let broker = Broker::new(BrokerConfig {
            registry: account::registry(scenario, &fleets)?,
            templates: authorities::templates(scenario, scenario.epoch)?,
            rules: authorities::rules(scenario),
            // What the account does by itself is metered with its calls.
            account_tag: Tag(fleets.len() as u16),
            ..BrokerConfig::new(profile, scenario.seed)
        });
        let mut world = Self {
            now: Timestamp::ZERO,
            epoch: scenario.epoch,
            end: Timestamp::ZERO + scenario.duration,
            chance,
            wheel: Wheel::new(),
            broker,
            deadline: Timestamp::MAX,
            clients: Clients::new(&fleets),
            devices: Vec::with_capacity(first as usize),
            sites: Vec::with_capacity(first as usize),
            links: Links::default(),
            segments: Segments::new(),
            nodes: (0..scenario.service.nodes.max(1)).map(|_| Node::new(station.servers)).collect(),
            costs: Costs::new(station),
            queue: station.queue,
            overflow: station.overflow,
            faults: scenario.faults.clone(),
            outages,
            calls: scenario.app_calls.clone(),
            requests: 0,
            authorizers: AuthorizerRun::new(scenario)?,
            lambdas: LambdaRun::new(scenario)?,
            issuer: Issuer::default(),
            answers: ReadyAnswers::default(),
            field: FieldDevices::new(&fleets),
            claim_nanos: u64::from(limits.provisioning_claim_seconds) * 1_000_000_000,
            asked: Vec::new(),
            fingerprint: Fingerprint::default(),
            world_items: 0,
            measure: Measure::new(scenario, first.into()),
            measured: [None, None],
            denials: DenialLog::default(),
            failures: FailureLog::default(),
            shadow_troubles: ShadowTroubleLog::default(),
            service_log: None,
            oracles,
            shadow_oracles,
            acknowledges_denied,
            mutant: MutantRun::new(scenario.service.mutant),
            scratch: Scratch::default(),
            outbound: Vec::new(),
            actions: Vec::new(),
            events: 0,
            packets: 0,
            #[cfg(test)]
            log: Vec::new(),
            fleets,
        };
        world.schedule_all(scenario);
        if let Some(oracles) = &mut world.oracles {
            account::introduce(oracles, scenario, &world.fleets);
        }
        Ok(world)
    }

    fn schedule_all(&mut self, scenario: &Scenario) {
        for fleet in &self.fleets {
            for index in 0..fleet.devices {
                self.devices.push(Device::new(index));
                self.sites.push(Site { link: LinkKey::NONE, attempts: 0 });
                let start = fleet.start_of(self.chance, index);
                self.wheel.push(start, Event::DeviceStart { device: fleet.first + index });
            }
        }
        for (fault, number) in self.faults.iter().zip(0..) {
            let from = Timestamp::ZERO + fault.at;
            self.wheel.push(from, Event::FaultBegins { fault: number });
            self.wheel.push(from + fault.lasts, Event::FaultEnds { fault: number });
        }
        for (call, number) in self.calls.iter().zip(0..) {
            self.wheel.push(Timestamp::ZERO + call.at, Event::Call { call: number, made: 0 });
        }
        self.wheel.push(Timestamp::ZERO + scenario.measure.from, Event::MeasureBegins);
        self.wheel.push(Timestamp::ZERO + scenario.measure.to, Event::MeasureEnds);
    }

    /// How far virtual time has come.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Devices in the world.
    pub fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Devices that are connected, as they see it.
    pub fn connected(&self) -> u64 {
        self.measure.connected()
    }

    /// MQTT packets handled so far, both directions.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Events handled so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Handles at most `budget` events, so that a caller can show progress or stop in between.
    pub fn step(&mut self, budget: u64) -> Progress {
        for _ in 0..budget {
            let Some((at, event)) = self.wheel.pop_until(self.end) else {
                self.now = self.end;
                return Progress::Done;
            };
            debug_assert!(at >= self.now, "time never runs backwards");
            self.now = at;
            self.events += 1;
            self.fetch_ahead();
            self.handle(event);
        }
        Progress::Running
    }

    /// Begins to load what the next events need. A world of many devices is larger than any cache, and an event touches
    /// a handful of lines of it; read early, they come in while other events are handled. Decides nothing.
    #[inline]
    fn fetch_ahead(&self) {
        if let Some(event) = self.wheel.upcoming(FAR) {
            match *event {
                Event::DeviceTimer { device, .. } => {
                    hint::black_box(self.devices[device as usize].touch());
                    hint::black_box(self.sites[device as usize].attempts);
                }
                Event::Uplink { link, .. } | Event::Downlink { link, .. } => {
                    hint::black_box(self.links.get(link).map(|link| link.device));
                }
                _ => {}
            }
        }
        if let Some(event) = self.wheel.upcoming(NEAR) {
            match *event {
                Event::DeviceTimer { device, .. } => {
                    hint::black_box(self.devices[device as usize].touch_outbox());
                    hint::black_box(self.links.get(self.sites[device as usize].link).map(|link| link.device));
                }
                Event::Downlink { link, .. } => {
                    if let Some(link) = self.links.get(link) {
                        hint::black_box(self.devices[link.device as usize].touch_outbox());
                    }
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn handle(&mut self, event: Event) {
        match event {
            Event::Uplink { link, segment } => self.on_uplink(link, segment),
            Event::Downlink { link, segment } => self.on_downlink(link, segment),
            Event::DeviceTimer { device, token } => self.drive(device, DeviceInput::Timer(token)),
            Event::BrokerDeadline => self.on_broker_deadline(),
            Event::DeviceStart { device } => self.on_device_start(device),
            Event::Syn { link, retransmissions } => self.on_syn(link, retransmissions),
            Event::Up { link } => self.on_up(link),
            Event::Refused { link } => self.on_refused(link),
            Event::UplinkClosed { link } => self.on_uplink_closed(link),
            Event::DownlinkClosed { link } => self.on_downlink_closed(link),
            Event::NodeWake { node } => self.on_node_wake(node),
            Event::LinkReady { link } => self.on_link_ready(link),
            Event::FaultBegins { fault } => self.on_fault_begins(fault),
            Event::FaultEnds { fault } => self.on_fault_ends(fault),
            Event::Call { call, made } => self.on_call(call, made),
            Event::AuthorizerAnswers { answer } => self.on_authorizer_answers(answer),
            Event::AnswerReady { answer } => self.on_answer_ready(answer),
            Event::LambdaAttempt { invocation } => self.on_lambda_attempt(invocation),
            Event::LambdaEnds { invocation, fails } => self.on_lambda_ends(invocation, fails),
            Event::MeasureBegins => self.measured[0] = Some(self.broker.metered(self.now)),
            Event::MeasureEnds => self.measured[1] = Some(self.broker.metered(self.now)),
        }
    }

    /// Both clocks.
    pub(crate) fn clock(&self) -> Now {
        Now::at(self.now, self.epoch)
    }

    /// The number of a device's fleet.
    #[inline]
    pub(crate) fn fleet_of(&self, device: u32) -> usize {
        fleet_of(&self.fleets, device)
    }

    /// Who draws for a device, and owns its items.
    #[inline]
    pub(crate) fn owner(&self, device: u32) -> Owner {
        let fleet = &self.fleets[self.fleet_of(device)];
        fleet.owner.member(u64::from(device - fleet.first))
    }

    /// Adds an item of a link's device to the fingerprint.
    #[inline]
    pub(crate) fn note(&mut self, at: Timestamp, key: LinkKey, kind: ItemKind, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(key) else { return };
        let number = (u64::from(link.attempt) << 32) | u64::from(link.items);
        link.items += 1;
        let device = link.device;
        let owner = self.owner(device);
        self.fingerprint.add(at, owner, number, kind, bytes);
        #[cfg(test)]
        self.log.push((at, device, kind, xxhash_rust::xxh3::xxh3_64(bytes)));
    }

    pub(crate) fn note_world(&mut self, kind: ItemKind, bytes: &[u8]) {
        self.fingerprint.add(self.now, Owner::named("world"), self.world_items, kind, bytes);
        self.world_items += 1;
    }

    /// When what leaves at `depart` arrives at the other end of a link, after all that left before it.
    #[inline]
    pub(crate) fn arrival(
        &mut self,
        key: LinkKey,
        direction: Direction,
        depart: Timestamp,
        bytes: usize,
    ) -> Timestamp {
        let Some(link) = self.links.get_mut(key) else { return depart };
        let n = (u64::from(link.attempt) << 32) | u64::from(link.draws);
        link.draws += 1;
        let (device, last) = match direction {
            Direction::Up => (link.device, &mut link.uplink_last),
            Direction::Down => (link.device, &mut link.downlink_last),
        };
        let fleet = &self.fleets[fleet_of(&self.fleets, device)];
        let owner = fleet.owner.member(u64::from(device - fleet.first));
        let latency = fleet.network.latency(self.chance, owner, direction, n);
        let sent = match self.outages.silent_until(depart) {
            None => depart,
            Some(over) => fleet.network.retransmitted(depart, over),
        };
        let at = sent.plus_nanos(latency).max(*last);
        let at = at.plus_nanos(fleet.network.transmission(direction, bytes));
        *last = at;
        at
    }

    fn on_fault_begins(&mut self, fault: u32) {
        self.note_world(ItemKind::FaultBegan, &fault.to_le_bytes());
        match self.faults[fault as usize].kind {
            FaultKind::GatewayOutage(OutageMode::Reset) => self.reset_all(),
            FaultKind::GatewayOutage(OutageMode::Refuse | OutageMode::Silent) => {}
            FaultKind::DeviceCrash(crash) => self.crash(fault, crash),
        }
    }

    fn on_fault_ends(&mut self, fault: u32) {
        self.note_world(ItemKind::FaultEnded, &fault.to_le_bytes());
        if let FaultKind::DeviceCrash(crash) = self.faults[fault as usize].kind {
            self.start_crashed(fault, crash);
        }
        self.measure.fault_ended(self.now);
    }
}

/// The number of a device's fleet. There are few fleets, so their borders are at hand when a device is not.
#[inline]
pub(crate) fn fleet_of(fleets: &[FleetRun], device: u32) -> usize {
    match fleets.len() {
        1 => 0,
        _ => fleets.partition_point(|fleet| fleet.first <= device) - 1,
    }
}
