//! How long invocations take, how many run at once, and which of them come to nothing.
//!
//! ```text
//!              idle instance ──────────── warm ──┐
//! invoke ──┬── none, and room for one ─── cold ──┴─> busy until it ends ──> idle ──> gone after `keep_warm`
//!          └── none, and no room ──────── throttled
//! ```
//!
//! Pure state over virtual time: no clock, no thread, no chance of its own. One invocation costs a few steps in a heap,
//! however many instances there are.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::{BinaryHeap, VecDeque};

use squall_types::{Chance, Owner, Purpose, Timestamp};

const MILLION: u64 = 1_000_000;

/// What a station is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationConfig {
    /// How many invocations run at once; 0 throttles all.
    pub concurrency: u32,
    /// How long a run takes.
    pub latency: Duration,
    /// How much longer the first run of an instance takes.
    pub cold_start: Duration,
    /// How long an instance without work is kept. One that has been idle for so long is gone.
    pub keep_warm: Duration,
    /// How many of a million runs fail, whatever the function would have answered.
    pub failures_per_million: u32,
}

impl StationConfig {
    /// Lambda's default quota of concurrent executions, for an account in a region.
    pub const DEFAULT_CONCURRENCY: u32 = 1_000;
    /// An assumption: AWS documents no number, only that an idle instance is kept for some time.
    pub const DEFAULT_KEEP_WARM: Duration = Duration::from_secs(300);
}

/// Nothing takes time and nothing fails, as AWS documents neither; who wants to see more says what.
impl Default for StationConfig {
    fn default() -> Self {
        Self {
            concurrency: Self::DEFAULT_CONCURRENCY,
            latency: Duration::ZERO,
            cold_start: Duration::ZERO,
            keep_warm: Self::DEFAULT_KEEP_WARM,
            failures_per_million: 0,
        }
    }
}

/// What becomes of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs; the function's answer comes when it ends.
    Succeeds,
    /// It runs, and ends without an answer. Its instance lives on, as it does when a function throws.
    Fails,
    /// It does not run: too many do. Whoever waits for an answer hears so at once (status 429).
    Throttled,
}

/// An invocation, as a station has settled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// What becomes of it.
    pub outcome: Outcome,
    /// Whether it is the first of its instance.
    pub cold: bool,
    /// When it ends.
    pub ends: Timestamp,
}

/// What a station has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationCounters {
    /// Runs, failed ones included, throttled ones not: as CloudWatch counts `Invocations`.
    pub invocations: u64,
    /// Runs that were the first of their instance.
    pub cold_starts: u64,
    /// Invocations that did not run.
    pub throttles: u64,
    /// Runs that failed by chance. A function that throws is not known here.
    pub failures: u64,
    /// The most runs at one time.
    pub highest_concurrency: u32,
}

/// The instances of one function, or of all that share a quota.
#[derive(Clone, Debug)]
pub struct Station {
    config: StationConfig,
    /// When each run ends, the earliest first.
    busy: BinaryHeap<Reverse<Timestamp>>,
    /// Since when each instance without work has none, the earliest first.
    idle: VecDeque<Timestamp>,
    counters: StationCounters,
}

impl Station {
    /// A station without instances.
    pub fn new(config: StationConfig) -> Self {
        Self { config, busy: BinaryHeap::new(), idle: VecDeque::new(), counters: StationCounters::default() }
    }

    /// Settles an invocation at `now`, which never lies before the `now` of an earlier call.
    ///
    /// `owner` is who invokes: a device or its connection, not the function. Whether the run fails is a draw of this
    /// owner's for this time, so that what others do moves nothing, and one who tries again later draws anew.
    ///
    /// Of several idle instances, the one that was busy last is taken; what is too many then goes first. AWS documents
    /// no order. Nor is it modelled that AWS adds at most 1,000 instances of a function in 10 seconds.
    pub fn invoke(&mut self, now: Timestamp, chance: Chance, owner: Owner) -> Run {
        self.pass_time(now);
        let cold = self.idle.is_empty();
        if cold && self.concurrency() >= self.config.concurrency {
            self.counters.throttles += 1;
            return Run { outcome: Outcome::Throttled, cold: false, ends: now };
        }
        self.idle.pop_back();
        let ends = now + self.config.latency + if cold { self.config.cold_start } else { Duration::ZERO };
        self.busy.push(Reverse(ends));
        let draw = now.as_nanos();
        let numerator = u64::from(self.config.failures_per_million);
        let fails = chance.ratio(owner, Purpose::FunctionFailure, draw, numerator, MILLION);
        self.count_run(cold, fails);
        Run { outcome: if fails { Outcome::Fails } else { Outcome::Succeeds }, cold, ends }
    }

    /// What the station is like.
    pub fn config(&self) -> &StationConfig {
        &self.config
    }

    /// What the station has seen.
    pub fn counters(&self) -> StationCounters {
        self.counters
    }

    /// How many runs there are at `now`, which never lies before the `now` of an earlier call.
    pub fn concurrency_at(&mut self, now: Timestamp) -> u32 {
        self.pass_time(now);
        self.concurrency()
    }

    /// Instances whose run has ended become idle, and those that were idle for too long go.
    ///
    /// Runs leave the heap in the order in which they end, and none ends before one that left earlier: so `idle` is in
    /// order too.
    fn pass_time(&mut self, now: Timestamp) {
        while let Some(&Reverse(ends)) = self.busy.peek().filter(|run| run.0 <= now) {
            self.busy.pop();
            self.idle.push_back(ends);
        }
        while self.idle.front().is_some_and(|&since| since + self.config.keep_warm <= now) {
            self.idle.pop_front();
        }
    }

    /// Never more than `concurrency` of the configuration, hence no overflow.
    fn concurrency(&self) -> u32 {
        self.busy.len() as u32
    }

    fn count_run(&mut self, cold: bool, fails: bool) {
        let concurrency = self.concurrency();
        let counters = &mut self.counters;
        counters.invocations += 1;
        counters.cold_starts += u64::from(cold);
        counters.failures += u64::from(fails);
        counters.highest_concurrency = counters.highest_concurrency.max(concurrency);
    }
}
