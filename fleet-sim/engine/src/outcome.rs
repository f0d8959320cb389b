//! What came of a run, in the form of the results file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use squall_core::{Cause, Meter, Tag};
use squall_profile::Decision;
use squall_results::{
    Assumption, Counter, Interrupted, MeasureWindow, Operation, OracleVerdict, RunResults, SCHEMA_VERSION,
    Seconds, Usage, UsageLine, Violation,
};
use squall_scenario::Scenario;
use squall_types::Timestamp;

use crate::link::nanos;
use crate::world::{Progress, World};

/// What the fleets of calls by cloud-side actors are called in usage.
const APP: &str = "app";

/// Runs a step of a world; an assertion that fires inside becomes its message.
///
/// # Errors
/// The message of the panic. The world is then of no use but for its results so far.
pub fn run_unwinding(world: &mut World, budget: u64) -> Result<Progress, String> {
    catch_unwind(AssertUnwindSafe(|| world.step(budget))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
    })
}

impl World {
    /// Ends the run and says what came of it. What only the caller knows is left at its default: expectations, bill,
    /// inputs, overrides, build, the line that reproduces the run, and the host's part.
    ///
    /// `stopped` tells why the run ended before its time, if it did; `invariant` is the message of an assertion that
    /// fired.
    pub fn finish(
        mut self,
        scenario: &Scenario,
        stopped: Option<&str>,
        invariant: Option<&str>,
    ) -> RunResults {
        let end = self.now;
        self.count_unfinished(end);
        self.measure.counters[Counter::DevicesConnectedAtEnd] = self.measure.connected();
        self.measure.counters[Counter::DevicesProvisionedAtEnd] = self.field.provisioned();
        let whole = self.broker.metered(end);
        let usage = self.usage(scenario, &whole, end);
        let assumptions = self.assumptions(scenario);
        let connected_since: Vec<Option<Timestamp>> =
            self.devices.iter().map(squall_device::Device::connected_since).collect();
        let mut oracles: Vec<OracleVerdict> = Vec::new();
        if let Some(judges) = self.oracles.take() {
            for began in judges.outstanding() {
                self.measure.unfinished(Operation::Delivery, began, end);
            }
            self.measure.counters[Counter::DeliveryDuplicates] = judges.duplicates();
            let verdicts = judges.finish(end, |device| connected_since[device.0 as usize]);
            oracles.extend(verdicts.into_iter().map(|found| self.verdict(found)));
        }
        if let Some(judges) = self.shadow_oracles.take() {
            let verdicts = judges.finish(end, |device| connected_since[device.0 as usize]);
            oracles.extend(verdicts.into_iter().map(|found| self.verdict(found)));
        }
        oracles.push(invariant_verdict(end, self.events, invariant));

        let fleet_name = |tag: Tag| {
            scenario.fleets.get(usize::from(tag.0)).map_or(String::new(), |fleet| fleet.name.clone())
        };
        let denials = std::mem::take(&mut self.denials).finish(fleet_name);
        let shadow_troubles = std::mem::take(&mut self.shadow_troubles).finish(fleet_name);
        let failures = std::mem::take(&mut self.failures);
        let provisioning_failures = failures.finish(fleet_name, |device| self.client_id(device));
        let service_metrics = self.measure.service_metrics();
        let seconds = end.as_nanos().div_ceil(1_000_000_000) as usize;
        let faults = self.measure.fault_windows();
        let (checkpoints, fingerprint) = self.fingerprint.finish(seconds);
        RunResults {
            schema_version: SCHEMA_VERSION,
            scenario: scenario.name.clone(),
            about: scenario.about.clone(),
            seed: scenario.seed.to_string(),
            fingerprint,
            checkpoints,
            resolved: scenario.to_json(),
            virtual_seconds: Seconds::from_nanos(end.0),
            events: self.events,
            packets: self.packets,
            devices: self.devices.len() as u64,
            counters: self.measure.counters.to_map(),
            latency: self.measure.latency.finish(),
            series: self.measure.series.finish(end.as_micros()),
            faults,
            measure: MeasureWindow {
                from_seconds: Seconds::from_nanos(nanos(scenario.measure.from)),
                to_seconds: Seconds::from_nanos(nanos(scenario.measure.to)),
            },
            usage,
            oracles,
            denials,
            provisioning_failures,
            shadow_troubles,
            service_metrics,
            assumptions,
            interrupted: stopped
                .map(|why| Interrupted { at_seconds: Seconds::from_nanos(end.0), why: why.to_owned() }),
            ..RunResults::default()
        }
    }

    fn verdict(&self, verdict: squall_oracle::Verdict) -> OracleVerdict {
        let violations = verdict.examples.into_iter().map(|violation| Violation {
            at_us: violation.at.as_micros(),
            text: violation.text,
            client: violation.client.map(|client| self.client_id(client.0)),
            ..Violation::default()
        });
        OracleVerdict {
            name: verdict.name.to_owned(),
            about: verdict.about.to_owned(),
            checks: verdict.checks,
            violation_count: verdict.violations,
            violations: violations.collect(),
            excused: verdict.excused.into_iter().map(|(rule, count)| (rule.to_owned(), count)).collect(),
        }
    }

    /// The client id that a client connects with.
    fn client_id(&self, client: u32) -> String {
        let fleet = &self.fleets[self.fleet_of(client)];
        let mut id = String::new();
        fleet.profile.client_id.render(&fleet.profile.context(client - fleet.first, 0, 0), &mut id);
        id
    }

    fn count_unfinished(&mut self, end: Timestamp) {
        for (device, number) in self.devices.iter().zip(0..) {
            let profile = &self.fleets[self.fleet_of(number)].profile;
            if let Some(began) = device.provisioning_since() {
                self.measure.unfinished(Operation::Provisioning, began, end);
            }
            for (_, began) in device.unfinished_shadow_requests() {
                self.measure.unfinished(Operation::ShadowUpdate, began, end);
            }
            if let Some(wanted) = device.wants_connection_since() {
                self.measure.unfinished(Operation::ConnectSession, wanted, end);
            }
            if let Some(began) = device.attempting_since() {
                self.measure.unfinished(Operation::ConnectAttempt, began, end);
            }
            for (intended, sent) in device.unfinished_publishes(profile) {
                self.measure.unfinished(Operation::PublishAck, intended, end);
                if let Some(sent) = sent {
                    self.measure.unfinished(Operation::PublishWire, sent, end);
                }
            }
        }
        let differing: Vec<Timestamp> = self.measure.shadows.differing().collect();
        self.measure.counters[Counter::ShadowsDifferingAtEnd] = differing.len() as u64;
        for began in differing {
            self.measure.unfinished(Operation::ShadowConverge, began, end);
        }
        for began in self.field.without_first_publish() {
            self.measure.unfinished(Operation::FirstPublish, began, end);
        }
    }

    fn usage(&self, scenario: &Scenario, whole: &Meter, end: Timestamp) -> Usage {
        let [from, to] = &self.measured;
        let nothing = Meter::default();
        let from = from.as_ref().unwrap_or(&nothing);
        // A run that was stopped early is measured as far as it came.
        let to = to.as_ref().unwrap_or(whole);
        let names = scenario.fleets.iter().map(|fleet| fleet.name.as_str()).chain([APP]);
        let mut usage = Usage::default();
        for (name, number) in names.zip(0..) {
            let tag = Tag(number);
            for &cause in Cause::ALL {
                let line = |units| UsageLine::new(cause.dimension().as_str(), cause.as_str(), name, units);
                let run = whole.units(tag, cause);
                if run > 0 {
                    usage.run.push(line(run));
                }
                let measured = to.units(tag, cause).saturating_sub(from.units(tag, cause));
                if measured > 0 {
                    usage.measured.push(line(measured));
                }
            }
        }
        let measured_to = nanos(scenario.measure.to).min(end.0);
        usage.window_seconds = Seconds::from_nanos(measured_to.saturating_sub(nanos(scenario.measure.from)));
        usage
    }

    fn assumptions(&self, scenario: &Scenario) -> Vec<Assumption> {
        let profile = &scenario.service.profile;
        self.broker
            .assumptions()
            .iter()
            .map(|decision: Decision| Assumption {
                id: decision.id().to_owned(),
                question: decision.question().to_owned(),
                taken: decision.taken(profile),
                grade: decision.grade().as_str().to_owned(),
                source: "reference/broker.md section 11".to_owned(),
            })
            .collect()
    }
}

fn invariant_verdict(end: Timestamp, events: u64, message: Option<&str>) -> OracleVerdict {
    let mut verdict = OracleVerdict::new("invariant", "no assertion inside broker, devices or engine fires");
    verdict.checks = events;
    if let Some(message) = message {
        verdict.add_violation(Violation {
            at_us: end.as_micros(),
            text: message.to_owned(),
            ..Violation::default()
        });
    }
    verdict
}
