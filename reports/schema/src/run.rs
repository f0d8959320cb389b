//! The file as a type: one run, whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bill, Expectation, Host, MeasureWindow, OperationLatency, OracleVerdict, Seconds, Series, Usage, Verdict,
};

/// One run of one scenario: all that reports show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResults {
    /// Version of this format; see [`SCHEMA_VERSION`](crate::SCHEMA_VERSION).
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// What the scenario is about, in its author's words.
    pub about: String,
    /// The seed, as given.
    pub seed: String,
    /// What an outside observer could see of the run, as 32 hexadecimal digits.
    pub fingerprint: String,
    /// What could be seen in each second of virtual time, as hexadecimal digits.
    pub checkpoints: Vec<String>,
    /// The scenario as it was run, every default filled in.
    pub resolved: serde_json::Value,
    /// Every file that the run read.
    pub inputs: Vec<InputFile>,
    /// What was set from outside the scenario file.
    pub overrides: Vec<Override>,
    /// Which cell of a matrix this is; empty if there is no matrix.
    #[serde(default)]
    pub cell: Vec<CellLabel>,
    /// The program that ran it.
    pub build: Build,
    /// Length of the run, in seconds of virtual time.
    pub virtual_seconds: Seconds,
    /// Events that the engine handled.
    pub events: u64,
    /// MQTT packets that went over links, both ways.
    pub packets: u64,
    /// Devices in all fleets.
    pub devices: u64,
    /// Counts by name; see [`Counter`](crate::Counter).
    pub counters: BTreeMap<String, u64>,
    /// Durations, one row per operation and window.
    pub latency: Vec<OperationLatency>,
    /// Numbers over virtual time.
    pub series: Series,
    /// The faults, in the scenario's order.
    pub faults: Vec<FaultWindow>,
    /// The measured window.
    pub measure: MeasureWindow,
    /// Metered units.
    pub usage: Usage,
    /// The usage at a book's prices; absent if the scenario names no book.
    pub bill: Option<Bill>,
    /// The scenario's expectations, judged.
    pub expectations: Vec<Expectation>,
    /// What the oracles checked and found.
    pub oracles: Vec<OracleVerdict>,
    /// What the policies denied, grouped by who, what and why; what hits most devices first.
    #[serde(default)]
    pub denials: Vec<Denials>,
    /// Provisioning that came to nothing, grouped by who, where and why; what hits most devices first.
    #[serde(default)]
    pub provisioning_failures: Vec<ProvisioningFailures>,
    /// Requests of shadows that were refused, grouped by whose and why; what hits most shadows first.
    #[serde(default)]
    pub shadow_troubles: Vec<ShadowTrouble>,
    /// What the service counted, under the names of its CloudWatch metrics; those that stayed at 0 are left out.
    #[serde(default)]
    pub service_metrics: BTreeMap<String, u64>,
    /// Open questions whose assumed answer the run relied on.
    pub assumptions: Vec<Assumption>,
    /// Why the run ended before its time; absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Interrupted>,
    /// The command that runs it again.
    pub reproduce: String,
    /// All that differs between two equal runs.
    pub host: Host,
}

impl RunResults {
    /// Violations of all oracles.
    pub fn violation_count(&self) -> u64 {
        self.oracles.iter().map(|o| o.violation_count).sum()
    }

    /// How many expectations came out as `verdict`.
    pub fn count_expectations(&self, verdict: Verdict) -> usize {
        self.expectations.iter().filter(|expectation| expectation.verdict == verdict).count()
    }

    /// Whether nothing failed, was violated or was cut short.
    pub fn is_good(&self) -> bool {
        self.interrupted.is_none()
            && self.violation_count() == 0
            && self.count_expectations(Verdict::Failed) == 0
    }

    /// The counter called `name`, 0 if the file has none.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }
}

/// Denials that have the same reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Denials {
    /// Whose devices.
    pub fleet: String,
    /// What they may not do, as `iot:Receive`.
    pub action: String,
    /// The answer of the policies, as `IMPLICIT_DENY`.
    pub decision: String,
    /// The policy that denies it; absent where no statement allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The statement in that policy, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<u32>,
    /// How many devices it happened to.
    pub devices: u64,
    /// How often it happened.
    pub count: u64,
    /// When it happened first, in microseconds of virtual time.
    pub first_at_us: u64,
    /// The client that it happened to first.
    pub client: String,
    /// What that client wanted to do it to: client id, topic or topic filter.
    pub name: String,
    /// What each statement had to do with that, a line each.
    pub why: String,
}

impl Denials {
    /// One sentence: what happened to how many, and why.
    pub fn sentence(&self) -> String {
        let devices = match self.devices {
            1 => "1 device".to_owned(),
            devices => format!("{} devices", crate::text::count(devices)),
        };
        let suffered = match self.action.as_str() {
            "iot:Connect" => "could not connect",
            "iot:Subscribe" => "could not subscribe",
            "iot:Receive" => "were not given messages",
            "iot:RetainPublish" => "could not publish with RETAIN",
            _ => "could not publish",
        };
        let suffered = match self.devices {
            1 => suffered.replace("were", "was"),
            _ => suffered.to_owned(),
        };
        let reason = match (&self.policy, self.statement) {
            (Some(policy), Some(statement)) => format!("Statement[{statement}] of policy {policy} denies"),
            _ => "no statement allows".to_owned(),
        };
        let kind = match self.action.as_str() {
            "iot:Connect" => "client",
            "iot:Subscribe" => "topicfilter",
            _ => "topic",
        };
        let Self { fleet, action, name, client, .. } = self;
        format!("{devices} of {fleet} {suffered}: {reason} {action} on {kind}/{name} ({client}, for example)")
    }
}

/// Provisioning that came to nothing for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProvisioningFailures {
    /// Whose devices.
    pub fleet: String,
    /// Where: the step or operation, as `RegisterThing`.
    pub step: String,
    /// The name of the error; `NoAnswer` where a device waited in vain.
    pub error: String,
    /// How many devices it happened to.
    pub devices: u64,
    /// How often it happened.
    pub count: u64,
    /// When it happened first, in microseconds of virtual time.
    pub first_at_us: u64,
    /// The device that it happened to first, by its client id.
    pub client: String,
    /// What the service, or the device, said of that.
    pub details: String,
}

impl ProvisioningFailures {
    /// The error of a device that heard nothing.
    pub const NO_ANSWER: &str = "NoAnswer";

    /// One sentence: what happened to how many, and why.
    pub fn sentence(&self) -> String {
        let Self { fleet, step, error, client, details, .. } = self;
        let devices = match self.devices {
            1 => "1 device".to_owned(),
            devices => format!("{} devices", crate::text::count(devices)),
        };
        if error == Self::NO_ANSWER {
            return format!(
                "{devices} of {fleet} waited in vain for the answer of {step}: {details} ({client}, for example)"
            );
        }
        format!("{devices} of {fleet} failed at {step}: {error}, {details} ({client}, for example)")
    }
}

/// Why requests of shadows came to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShadowTroubleKind {
    /// The version that an update was meant for was no longer the current one: 409.
    #[default]
    Conflict,
    /// The client that asked is not subscribed to hear that it was refused.
    Unnoticed,
}

/// Requests of shadows that were refused for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShadowTrouble {
    /// Whose requests they were: a fleet, or cloud-side actors if empty.
    pub fleet: String,
    /// Why.
    pub kind: ShadowTroubleKind,
    /// How many shadows it happened to.
    pub shadows: u64,
    /// How often it happened.
    pub count: u64,
    /// When it happened first, in microseconds of virtual time.
    pub first_at_us: u64,
    /// The shadow that it happened to most often, by its thing, and `/NAME` of a named one.
    pub worst: String,
    /// How often.
    pub worst_count: u64,
}

impl ShadowTrouble {
    /// One sentence: what happened to how many shadows, and to which most often.
    pub fn sentence(&self) -> String {
        let Self { fleet, worst, .. } = self;
        let counted = |count: u64, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{} {many}", crate::text::count(count)),
        };
        let whose = if fleet.is_empty() { "cloud-side actors" } else { fleet };
        let shadows = counted(self.shadows, "shadow", "shadows");
        let most = match self.worst_count {
            1 => format!("{worst}, for example"),
            times => format!("{worst} most often, {} times", crate::text::count(times)),
        };
        match self.kind {
            ShadowTroubleKind::Conflict => {
                let updates = counted(self.count, "update", "updates");
                format!(
                    "{updates} of {whose} to {shadows} came too late for the version that they named ({most})"
                )
            }
            ShadowTroubleKind::Unnoticed => {
                let requests = counted(self.count, "request", "requests");
                format!(
                    "{requests} of {whose} to {shadows} were refused, and whoever sent them does not listen ({most})"
                )
            }
        }
    }
}

/// A file that the run read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputFile {
    /// The path, as the command or the scenario names it.
    pub path: String,
    /// xxh3-128 of its bytes, as 32 hexadecimal digits.
    pub hash: String,
}

/// A value that did not come from the scenario file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Override {
    /// The key, as `fleet.sensors.devices`.
    pub key: String,
    /// The value, as written.
    pub value: String,
    /// Where it came from, as `--set` or `matrix`.
    pub origin: String,
}

/// What tells a cell of a matrix from its neighbours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CellLabel {
    /// The key that the matrix varies.
    pub key: String,
    /// Its value in this cell.
    pub value: String,
}

impl CellLabel {
    /// Characters of a value that fit a table and still tell most values apart.
    const SHOWN: usize = 36;

    /// The value for people: the beginning of a long one.
    pub fn shown(&self) -> Cow<'_, str> {
        match self.value.char_indices().nth(Self::SHOWN) {
            None => Cow::Borrowed(&self.value),
            Some((end, _)) => Cow::Owned(format!("{}…", &self.value[..end])),
        }
    }
}

/// The program that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// Version of Squall.
    pub version: String,
    /// Version of the compiler.
    pub rustc: String,
    /// The platform that it was compiled for.
    pub target: String,
    /// `debug` or `release`.
    pub profile: String,
}

/// A fault and what it did to the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultWindow {
    /// Its place in the scenario, 1 for the first.
    pub number: u32,
    /// What kind of fault it is, as `gateway-outage`.
    pub kind: String,
    /// How it shows, as `reset`; empty if the kind has no modes.
    #[serde(default)]
    pub mode: String,
    /// When it begins, in seconds of virtual time.
    pub from_seconds: Seconds,
    /// When it ends, in seconds of virtual time.
    pub to_seconds: Seconds,
    /// From its end until 99.9 % of the fleet is connected again, in microseconds; absent if that never came.
    pub recovery_us: Option<u64>,
    /// Devices that lost their connection while it lasted.
    pub disconnected: u64,
}

/// An open question whose assumed answer a run relied on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assumption {
    /// Its id in the reference, as `D-25`.
    pub id: String,
    /// The question.
    pub question: String,
    /// The answer that was taken.
    pub taken: String,
    /// How well the answer is known, as `unverified` or `disputed`.
    pub grade: String,
    /// Where the answer is from.
    pub source: String,
}

/// A run that ended before its time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interrupted {
    /// When, in seconds of virtual time.
    pub at_seconds: Seconds,
    /// Why, in words.
    pub why: String,
}
