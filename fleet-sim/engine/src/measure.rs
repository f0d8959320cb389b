//! What is counted and timed while a world runs.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use squall_core::{
    ConnectRefusal, DiscardRule, DisconnectReason, Fact, ServiceMetric, ShadowAnswered, SubscribeRefusal,
};
use squall_device::{AttemptFailure, DeviceFact};
use squall_results::{
    Counter, Counters, FaultWindow, LatencyRecorder, Operation, Seconds, SeriesColumn, SeriesRecorder, Span,
    Windows,
};
use squall_scenario::{Fault, FaultKind, OutageMode, Scenario};
use squall_services::policy::Action;
use squall_services::provisioning::{Outcome, ProvisioningFailure};
use squall_services::shadow::{Operation as ShadowOperation, Rejection};
use squall_types::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::shadow::ShadowClock;

/// Counters, series, latencies and recoveries of one run.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) counters: Counters,
    pub(crate) series: SeriesRecorder,
    pub(crate) latency: LatencyRecorder,
    pub(crate) deliveries: DeliveryClock,
    pub(crate) shadows: ShadowClock,
    /// By [`ServiceMetric`].
    service_metrics: [u64; ServiceMetric::ALL.len()],
    connected: u64,
    recovered_at: u64,
    faults: Vec<FaultRun>,
}

#[derive(Debug)]
struct FaultRun {
    fault: Fault,
    from: Timestamp,
    to: Timestamp,
    recovered: Option<Timestamp>,
    disconnected: u64,
}

impl Measure {
    pub(crate) fn new(scenario: &Scenario, devices: u64) -> Self {
        let end = micros(scenario.duration);
        let span = |from, to| Span::new(micros(from), micros(to).min(end));
        let measure = span(scenario.measure.from, scenario.measure.to);
        let faults: Vec<Span> =
            scenario.faults.iter().map(|fault| span(fault.at, fault.at + fault.lasts)).collect();
        Self {
            counters: Counters::default(),
            series: SeriesRecorder::new(end),
            latency: LatencyRecorder::new(Windows::new(measure, &faults)),
            deliveries: DeliveryClock::default(),
            shadows: ShadowClock::default(),
            service_metrics: [0; ServiceMetric::ALL.len()],
            connected: 0,
            // 99.9 % of the fleet.
            recovered_at: (devices * 999).div_ceil(1_000),
            faults: scenario
                .faults
                .iter()
                .map(|&fault| {
                    let from = Timestamp::ZERO + fault.at;
                    FaultRun { fault, from, to: from + fault.lasts, recovered: None, disconnected: 0 }
                })
                .collect(),
        }
    }

    /// Devices connected now.
    pub(crate) fn connected(&self) -> u64 {
        self.connected
    }

    /// Takes what a device says it did or saw. `may_be_received`: somebody could get the publish.
    pub(crate) fn device_fact(&mut self, now: Timestamp, fact: &DeviceFact<'_>, may_be_received: bool) {
        let at = now.as_micros();
        match *fact {
            DeviceFact::AttemptBegan => {
                self.counters.count(Counter::ConnectAttempts);
                self.series.count(SeriesColumn::ConnectAttempts, at);
            }
            DeviceFact::AttemptFailed { began, why } => self.attempt_failed(now, began, why),
            DeviceFact::Connected { wanted, began, session_present: _ } => {
                self.counters.count(Counter::ConnectAccepted);
                self.series.count(SeriesColumn::ConnectAccepted, at);
                self.record(Operation::ConnectSession, wanted, now);
                self.record(Operation::ConnectAttempt, began, now);
                self.connected += 1;
                self.connected_changed(now);
            }
            DeviceFact::ConnectionLost { reason: _ } => {
                self.counters.count(Counter::ConnectionsLost);
                self.connected -= 1;
                self.connected_changed(now);
                for fault in self.faults.iter_mut().filter(|fault| fault.from <= now && now < fault.to) {
                    fault.disconnected += 1;
                }
            }
            DeviceFact::PublishSent { topic, payload, intended, first, .. } => {
                if first {
                    self.counters.count(Counter::PublishSent);
                    self.series.count(SeriesColumn::PublishSent, at);
                    if may_be_received {
                        self.deliveries.published(topic, payload, intended);
                    }
                } else {
                    self.counters.count(Counter::PublishRetried);
                }
            }
            DeviceFact::PublishAcked { intended, sent, code, .. } => {
                if code.is_error() {
                    self.counters.count(Counter::PublishRejected);
                } else {
                    self.counters.count(Counter::PublishAcked);
                    self.series.count(SeriesColumn::PublishAcked, at);
                }
                self.record(Operation::PublishAck, intended, now);
                self.record(Operation::PublishWire, sent, now);
            }
            DeviceFact::PublishDropped => self.counters.count(Counter::PublishDroppedOffline),
            DeviceFact::Received { topic, payload, qos: _ } => {
                self.counters.count(Counter::DeliveryReceived);
                self.series.count(SeriesColumn::DeliveryReceived, at);
                if let Some(intended) = self.deliveries.received(topic, payload) {
                    self.record(Operation::Delivery, intended, now);
                }
            }
            DeviceFact::ProtocolViolation => self.counters.count(Counter::ProtocolViolations),
            DeviceFact::Subscribed { code, .. } => self.counters.count(if code.is_error() {
                Counter::SubscriptionsRefused
            } else {
                Counter::SubscriptionsGranted
            }),
            DeviceFact::ConnectSent { .. } | DeviceFact::Subscribing { .. } => {}
            DeviceFact::ProvisioningTimedOut { .. } => self.counters.count(Counter::ProvisioningTimedOut),
            DeviceFact::GaveUp { .. } => self.counters.count(Counter::ProvisioningGaveUp),
            // What the service says of these counts.
            DeviceFact::ClaimConnected { .. }
            | DeviceFact::ClaimConnectionLost { .. }
            | DeviceFact::CertificateReceived { .. }
            | DeviceFact::Provisioned { .. }
            | DeviceFact::ProvisioningRejected { .. }
            | DeviceFact::Shadow { .. } => {}
            DeviceFact::PowerLost { forgotten, certificate_lost: _ } => {
                self.counters[Counter::PublishForgotten] += u64::from(forgotten);
            }
        }
    }

    /// Takes what the service says it did.
    pub(crate) fn service_fact(&mut self, now: Timestamp, fact: &Fact<'_>) {
        if let Some(metric) = fact.metric() {
            self.service_metrics[metric as usize] += 1;
        }
        match *fact {
            Fact::ConnectRefused {
                why: ConnectRefusal::Throttled | ConnectRefusal::ClientIdThrottled,
                ..
            } => {
                self.counters.count(Counter::ConnectThrottled);
                self.counters.count(Counter::ThrottleExceeded);
                self.series.count(SeriesColumn::ConnectThrottled, now.as_micros());
            }
            Fact::Disconnected { reason, .. } => match reason {
                DisconnectReason::DuplicateClientId => self.counters.count(Counter::Takeovers),
                DisconnectReason::KeepAliveTimeout => self.counters.count(Counter::KeepAliveTimeouts),
                DisconnectReason::AuthError | DisconnectReason::CustomAuthTtlExpiration => {
                    self.counters.count(Counter::ConnectionsUnauthorized);
                }
                _ => {}
            },
            Fact::Queued { .. } => self.counters.count(Counter::QueuedStored),
            Fact::Redelivered { .. } => self.counters.count(Counter::DeliveryRedelivered),
            Fact::Discarded { rule, .. } | Fact::DiscardedShared { rule, .. } => match rule {
                DiscardRule::PublishRateIn
                | DiscardRule::PublishRateOut
                | DiscardRule::AccountPublishRateIn
                | DiscardRule::AccountPublishRateOut
                | DiscardRule::RetainedQuota => self.counters.count(Counter::ThrottleExceeded),
                DiscardRule::QueueRate | DiscardRule::SharedQueueFull => {
                    self.counters.count(Counter::ThrottleExceeded);
                    self.counters.count(Counter::QueuedDropped);
                }
                DiscardRule::MessageExpiry | DiscardRule::SharedRetention => {
                    self.counters.count(Counter::QueuedDropped);
                }
                DiscardRule::RetryWindow
                | DiscardRule::UnsentBytes
                | DiscardRule::ReceiverPacketSize
                | DiscardRule::NoMember => {}
            },
            Fact::CallThrottled { .. } | Fact::SubscribeRefused { why: SubscribeRefusal::Throttled, .. } => {
                self.counters.count(Counter::ThrottleExceeded);
            }
            Fact::ConnectRefused {
                why:
                    ConnectRefusal::NotAuthenticated(_)
                    | ConnectRefusal::CertificateDates
                    | ConnectRefusal::NoServerName,
                ..
            } => {
                self.counters.count(Counter::ConnectUnauthenticated);
            }
            Fact::Denied { denial, .. } => self.counters.count(match denial.action {
                _ if denial.at_connect => Counter::ConnectDenied,
                Action::Subscribe => Counter::SubscribeDenied,
                Action::Receive => Counter::DeliveryDenied,
                _ => Counter::PublishDenied,
            }),
            Fact::WillPublished { .. } => self.counters.count(Counter::WillsPublished),
            Fact::NotModelled { .. } => self.counters.count(Counter::NotModelled),
            Fact::ShadowAnswered { answered, .. } => {
                self.shadow_answered(answered);
                if let (ShadowOperation::Update, Ok(version)) = (answered.operation, answered.version)
                    && let Some(since) =
                        self.shadows.updated(now, answered.shadow, version, answered.has_delta)
                {
                    self.record(Operation::ShadowConverge, since, now);
                }
            }
            Fact::RegisteredOnConnect { .. } => self.counters.count(Counter::ProvisioningRegistered),
            Fact::JustInTime { result, .. } => {
                self.provisioning_ended(result.is_ok(), result.is_err_and(ProvisioningFailure::is_transient));
            }
            Fact::FleetAnswered { outcome, .. } => match outcome {
                Outcome::Issued(_) => self.counters.count(Counter::ProvisioningRegistered),
                Outcome::Registered { .. } => self.provisioning_ended(true, false),
                Outcome::Rejected { rejection, .. } => {
                    self.provisioning_ended(false, rejection.is_transient());
                }
            },
            Fact::Connected { .. }
            | Fact::ConnectRefused { .. }
            | Fact::PublishIn { .. }
            | Fact::PublishRetained { .. }
            | Fact::PublishRefused { .. }
            | Fact::PublishOut { .. }
            | Fact::Ping { .. }
            | Fact::Subscribed { .. }
            | Fact::SubscribeRefused { .. }
            | Fact::NotAuthenticated { .. }
            | Fact::Audit { .. }
            | Fact::Unsubscribed { .. } => {}
        }
    }

    /// The service gave a device its identity, or did not.
    fn provisioning_ended(&mut self, succeeded: bool, throttled: bool) {
        if succeeded {
            return self.counters.count(Counter::ProvisioningSucceeded);
        }
        self.counters.count(Counter::ProvisioningFailed);
        if throttled {
            self.counters.count(Counter::ProvisioningThrottled);
        }
    }

    /// The service has answered a request of a shadow.
    fn shadow_answered(&mut self, answered: &ShadowAnswered<'_>) {
        let ShadowAnswered { operation, version, has_delta, unheard, .. } = *answered;
        let is_update = operation == ShadowOperation::Update;
        let rejection = version.err();
        for (happened, counter) in [
            (is_update && version.is_ok(), Counter::ShadowUpdates),
            (is_update && has_delta, Counter::ShadowDeltas),
            (rejection.is_some(), Counter::ShadowRejected),
            (rejection == Some(Rejection::VersionConflict), Counter::ShadowConflicts),
            (rejection == Some(Rejection::Throttled), Counter::ShadowThrottled),
            (unheard, Counter::ShadowUnnoticed),
        ] {
            if happened {
                self.counters.count(counter);
            }
        }
    }

    /// What the service counted, without what stayed at 0.
    pub(crate) fn service_metrics(&self) -> BTreeMap<String, u64> {
        let counted =
            ServiceMetric::ALL.iter().map(|&metric| (metric, self.service_metrics[metric as usize]));
        counted.filter(|(_, n)| *n > 0).map(|(metric, n)| (metric.as_str().to_owned(), n)).collect()
    }

    /// Records an operation that was not finished when the run ended.
    pub(crate) fn unfinished(&mut self, operation: Operation, began: Timestamp, end: Timestamp) {
        self.latency.record_unfinished(operation, began.as_micros(), end.as_micros());
    }

    /// A fault is over: the fleet may be whole already.
    pub(crate) fn fault_ended(&mut self, now: Timestamp) {
        self.note_recovery(now);
    }

    pub(crate) fn fault_windows(&self) -> Vec<FaultWindow> {
        self.faults
            .iter()
            .zip(1..)
            .map(|(fault, number)| {
                let (kind, mode) = match fault.fault.kind {
                    FaultKind::GatewayOutage(OutageMode::Refuse) => ("gateway-outage", "refuse"),
                    FaultKind::GatewayOutage(OutageMode::Reset) => ("gateway-outage", "reset"),
                    FaultKind::GatewayOutage(OutageMode::Silent) => ("gateway-outage", "silent"),
                    FaultKind::DeviceCrash(_) => ("device-crash", "power-loss"),
                };
                FaultWindow {
                    number,
                    kind: kind.to_owned(),
                    mode: mode.to_owned(),
                    from_seconds: Seconds::from_nanos(fault.from.0),
                    to_seconds: Seconds::from_nanos(fault.to.0),
                    recovery_us: fault.recovered.map(|at| micros(at - fault.to)),
                    disconnected: fault.disconnected,
                }
            })
            .collect()
    }

    fn attempt_failed(&mut self, now: Timestamp, began: Timestamp, why: AttemptFailure) {
        self.counters.count(Counter::ConnectFailed);
        self.record(Operation::ConnectAttempt, began, now);
        match why {
            AttemptFailure::TimedOut => self.counters.count(Counter::ConnectTimeouts),
            AttemptFailure::Transport | AttemptFailure::Refused { .. } | AttemptFailure::Closed => {
                self.counters.count(Counter::ConnectRefused);
                self.series.count(SeriesColumn::ConnectRefused, now.as_micros());
            }
            // Nobody refused it and nothing was too late.
            AttemptFailure::PowerLost => {}
        }
    }

    fn connected_changed(&mut self, now: Timestamp) {
        self.counters.raise(Counter::DevicesConnectedPeak, self.connected);
        self.series.level(SeriesColumn::DevicesConnected, now.as_micros(), self.connected);
        self.note_recovery(now);
    }

    fn note_recovery(&mut self, now: Timestamp) {
        if self.connected < self.recovered_at {
            return;
        }
        for fault in self.faults.iter_mut().filter(|fault| fault.recovered.is_none() && fault.to <= now) {
            fault.recovered = Some(now);
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, operation: Operation, began: Timestamp, now: Timestamp) {
        self.latency.record(operation, began.as_micros(), micros(now - began));
    }
}

fn micros(duration: core::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// When each message that somebody may receive fell due at its publisher, by what it says.
///
/// Two generations of half an hour of publishes each bound the memory; a message older than that when it arrives is
/// counted as received and not timed.
#[derive(Debug)]
pub(crate) struct DeliveryClock {
    present: HashMap<u64, Timestamp, foldhash::fast::FixedState>,
    past: HashMap<u64, Timestamp, foldhash::fast::FixedState>,
    rotate_at: Timestamp,
}

const ROTATE_NANOS: u64 = 1_800_000_000_000;

impl Default for DeliveryClock {
    fn default() -> Self {
        let map = || HashMap::with_hasher(foldhash::fast::FixedState::with_seed(2));
        Self { present: map(), past: map(), rotate_at: Timestamp(ROTATE_NANOS) }
    }
}

impl DeliveryClock {
    /// A message was published.
    pub(crate) fn published(&mut self, topic: &str, payload: &[u8], intended: Timestamp) {
        if intended >= self.rotate_at {
            self.rotate_at = intended.plus_nanos(ROTATE_NANOS);
            std::mem::swap(&mut self.present, &mut self.past);
            self.present.clear();
        }
        self.present.insert(message(topic, payload), intended);
    }

    /// When a message that arrived fell due.
    fn received(&self, topic: &str, payload: &[u8]) -> Option<Timestamp> {
        let message = message(topic, payload);
        self.present.get(&message).or_else(|| self.past.get(&message)).copied()
    }
}

fn message(topic: &str, payload: &[u8]) -> u64 {
    xxh3_64_with_seed(payload, xxh3_64_with_seed(topic.as_bytes(), 0))
}
