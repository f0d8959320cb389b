//! A scenario as the engine sees it: checked, every default filled in, no `Option` where a default exists.

use core::time::Duration;

use squall_profile::Profile;
use squall_types::{ProtocolVersion, QoS, Seed, Template, WallTime};

mod access;
mod call;
mod provisioning;
mod shadow;

pub use access::*;
pub(crate) use call::CALL_PLACEHOLDER;
pub use call::{ApiCall, AppCall, Call, CallDevice, CallKind, Devices};
pub(crate) use call::{DEVICE_CALL_PLACEHOLDERS, placeholders_of};
pub use provisioning::*;
pub use shadow::*;

/// One runnable world: a scenario file after `--set` and one combination of its matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Identifier; names the output folder.
    pub name: String,
    /// What it shows, for people.
    pub about: String,
    /// How long the run lasts, in virtual time.
    pub duration: Duration,
    /// Wall clock at the start.
    pub epoch: WallTime,
    /// The seed that every draw is keyed by.
    pub seed: Seed,
    /// False if not healing is what the scenario shows; then liveness is reported, not judged.
    pub heals: bool,
    /// The service under test.
    pub service: Service,
    /// The policies that the account has when the run begins; names are unique.
    pub policies: Vec<PolicyDocument>,
    /// The custom authorizers; names are unique.
    pub authorizers: Vec<Authorizer>,
    /// The Lambdas of rules and templates; names are unique.
    pub lambdas: Vec<Lambda>,
    /// The topic rules; names are unique.
    pub rules: Vec<Rule>,
    /// The provisioning templates; names are unique.
    pub provisioning_templates: Vec<ProvisioningTemplate>,
    /// The certificate authorities; names are unique.
    pub certificate_authorities: Vec<CertificateAuthority>,
    /// The devices; names are unique.
    pub fleets: Vec<Fleet>,
    /// What goes wrong, in the order of time, which is also that of the file: the first is `fault.1` in metrics.
    pub faults: Vec<Fault>,
    /// Calls of cloud-side actors, ordered by time, then by place in the file.
    pub app_calls: Vec<AppCall>,
    /// The window that percentiles and the monthly bill are taken from.
    pub measure: Window,
    /// What must hold, in the order of the file.
    pub expectations: Vec<Expectation>,
}

/// A span of virtual time since the start of the run; `to` is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Duration,
    /// First instant after it.
    pub to: Duration,
}

/// The service: what it promises, how it is built, what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Limits and switches, overrides of the scenario applied.
    pub profile: Profile,
    /// Name of the price book.
    pub price_book: String,
    /// Front-end nodes; a connection lands on one of them and stays.
    pub nodes: u32,
    /// What each node can do.
    pub station: Station,
    /// Whether the judges watch (they cost time and change nothing else).
    pub oracles: bool,
    /// A bug planted in what the broker sends, so that the judges can be seen to work; key `mutant` of `[service]`,
    /// one of `none` (default), `lose-delivery`, `misdeliver`, `keep-taken-over`,
    /// `ignore-policies`.
    pub mutant: Mutant,
}

/// A planted bug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutant {
    /// No bug.
    #[default]
    None,
    /// About one message in five is lost on its way to devices without a word, its repeats as well.
    LoseDelivery,
    /// Every fifth PUBLISH to a device goes to the next device instead.
    Misdeliver,
    /// A connection that was taken over is not closed.
    KeepTakenOver,
    /// Devices that are held to policies are let in as if they were not.
    IgnorePolicies,
}

/// The work a front-end node can do: a queue before servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Station {
    /// Servers of a node, each of which serves one packet at a time.
    pub servers: u32,
    /// New connections that may wait for their CONNECT to be served.
    pub queue: u32,
    /// What becomes of a new connection that finds the queue full.
    pub overflow: Overflow,
    /// Service times.
    pub costs: Costs,
}

/// How long a server is busy with each kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// A transport set-up, TLS handshake included.
    pub tls: Duration,
    /// A CONNECT that is accepted.
    pub connect: Duration,
    /// A CONNECT that is refused.
    pub connect_refused: Duration,
    /// A PUBLISH received.
    pub publish: Duration,
    /// A PUBLISH sent to a subscriber.
    pub delivery: Duration,
    /// A SUBSCRIBE or UNSUBSCRIBE, per filter.
    pub subscribe: Duration,
    /// Any other packet: acknowledgements, pings, DISCONNECT.
    pub other: Duration,
}

/// What becomes of a new connection that finds a full queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It is reset at once; the device sees a refused connection.
    Refuse,
    /// Its SYN is dropped; the device sees nothing and retransmits until its time-out.
    DropSyn,
}

/// Devices of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// Identifier; a device's thing name is `NAME-INDEX`.
    pub name: String,
    /// How many devices.
    pub devices: u32,
    /// When they first want to be connected.
    pub start: Start,
    /// The network between device and service.
    pub network: LinkModel,
    /// How a device proves who it is.
    pub identity: Identity,
    /// Client id; per device.
    pub client_id: Template,
    /// The MQTT session it asks for.
    pub mqtt: Mqtt,
    /// From the first SYN to the CONNACK.
    pub connect_timeout: Duration,
    /// How it comes back.
    pub reconnect: Reconnect,
    /// What becomes of a publish that falls due while offline.
    pub offline: Offline,
    /// What it subscribes to once connected without a stored session; per device.
    pub subscriptions: Vec<Subscription>,
    /// What it publishes.
    pub publishes: Vec<Publish>,
    /// The shadows that it has to do with.
    pub shadows: Vec<ShadowHabits>,
}

/// When the devices of a fleet first want to be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The first of them.
    pub at: Duration,
    /// They are spread uniformly over this span.
    pub over: Duration,
}

/// What a device asks for in CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mqtt {
    /// Protocol version.
    pub version: ProtocolVersion,
    /// Keep alive; whole seconds.
    pub keep_alive: Duration,
    /// Clean Start, or Clean Session in 3.1.1.
    pub clean_start: bool,
    /// Session Expiry Interval of MQTT 5, whole seconds; zero with 3.1.1, where the account's value holds.
    pub session_expiry: Duration,
}

/// How a device waits before it tries to connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The shape of the waits.
    pub strategy: BackOffStrategy,
    /// The first wait, or its upper bound.
    pub base: Duration,
    /// No wait is longer.
    pub cap: Duration,
}

/// The shape of the waits between attempts, `n` counting the waits since the device was last connected, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackOffStrategy {
    /// No wait at all.
    None,
    /// Always `base`.
    Fixed,
    /// `min(cap, base * 2^n)`.
    Exponential,
    /// Half of the exponential wait, plus a uniform draw up to the other half.
    EqualJitter,
    /// A uniform draw up to the exponential wait.
    FullJitter,
    /// A uniform draw from `base` to three times the previous wait, at most `cap`.
    DecorrelatedJitter,
}

/// What becomes of a publish that falls due while offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offline {
    /// It is lost and counted.
    Drop,
    /// It waits, at most this many; a publish that finds the queue full is lost and counted.
    Queue(u32),
}

/// One subscription of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Topic filter; per device.
    pub filter: Template,
    /// Requested QoS, 0 or 1.
    pub qos: QoS,
}

/// One periodic publish of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// Topic name.
    pub topic: Template,
    /// Time between two publishes; the phase is drawn per device.
    pub every: Duration,
    /// QoS, 0 or 1.
    pub qos: QoS,
    /// Payload.
    pub payload: Template,
}

/// A network between device and service: how long a segment takes, how often it is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkModel {
    /// Its name.
    pub name: String,
    /// One-way latency from the device: the inverse of its distribution at 0, 1/(k-1), ..., 1, in microseconds.
    pub uplink_us: Vec<u32>,
    /// One-way latency to the device, likewise.
    pub downlink_us: Vec<u32>,
    /// Lost segments in a million, each way.
    pub loss_per_million: u32,
    /// Retransmission time-out: what a lost segment is late, doubled for each further loss.
    pub retransmission_timeout: Duration,
    /// Bits a second from the device.
    pub uplink_bits_per_second: u64,
    /// Bits a second to the device.
    pub downlink_bits_per_second: u64,
    /// Round trips of set-up before the first MQTT byte may leave: TCP, then TLS.
    pub handshake_round_trips: u32,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts; zero for a crash after which the devices start again at once.
    pub lasts: Duration,
    /// What it is.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The gateway in front of all nodes is unreachable.
    GatewayOutage(OutageMode),
    /// Devices lose their power and what was in their memory; they are switched on again when the fault ends.
    DeviceCrash(DeviceCrash),
}

/// Which devices lose their power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCrash {
    /// The fleet's index in the scenario.
    pub fleet: usize,
    /// Devices of it in a million, by a draw of each.
    pub share_per_million: u32,
}

/// How an outage shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageMode {
    /// New connections are refused; established ones live on.
    Refuse,
    /// Established connections are reset at its start, new ones refused while it lasts.
    Reset,
    /// Nothing passes either way and nobody is told; TCP retransmits what was sent once it is over.
    Silent,
}

/// A statement about the run that must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The metric's name, as the results' metric table spells it.
    pub that: String,
    /// The comparison as written, such as `< 300s`.
    pub is: String,
    /// Line of the file that it stands on; 0 if it came from an argument.
    pub line: u32,
    /// False in a cell of a matrix that it does not name; then it is reported, not judged.
    pub judged: bool,
}
