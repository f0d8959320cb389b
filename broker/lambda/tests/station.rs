//! A station, by tables, and against a model that looks at every instance.

use std::time::Duration;

use proptest::prelude::*;
use squall_lambda::{Outcome, Run, Station, StationConfig, StationCounters};
use squall_types::{Chance, Owner, Purpose, Seed, Timestamp};

const CHANCE: Chance = Chance::new(Seed(7));
const DEVICE: Owner = Owner(1);

/// Two at once, 100 ms each, 400 ms more when cold, idle instances kept for 5 s.
const SMALL: StationConfig = StationConfig {
    concurrency: 2,
    latency: Duration::from_millis(100),
    cold_start: Duration::from_millis(400),
    keep_warm: Duration::from_secs(5),
    failures_per_million: 0,
};

fn at(millis: u64) -> Timestamp {
    Timestamp(millis * 1_000_000)
}

fn runs(outcome: Outcome, cold: bool, ends: u64) -> Run {
    Run { outcome, cold, ends: at(ends) }
}

#[test]
fn instances_start_cold_stay_warm_and_go() {
    let mut station = Station::new(SMALL);
    for (now, run) in [
        (0, runs(Outcome::Succeeds, true, 500)),
        (100, runs(Outcome::Succeeds, true, 600)),
        (499, runs(Outcome::Throttled, false, 499)),
        // One is free at the very moment at which its run ends.
        (500, runs(Outcome::Succeeds, false, 600)),
        (599, runs(Outcome::Throttled, false, 599)),
        (700, runs(Outcome::Succeeds, false, 800)),
        // The one that was busy until 800 is taken; the other has been idle since 600.
        (5_500, runs(Outcome::Succeeds, false, 5_600)),
        // That other has 10 ms left.
        (5_590, runs(Outcome::Succeeds, false, 5_690)),
        (10_690, runs(Outcome::Succeeds, true, 11_190)),
    ] {
        assert_eq!(station.invoke(at(now), CHANCE, DEVICE), run, "at {now} ms");
    }
    let counters =
        StationCounters { invocations: 7, cold_starts: 3, throttles: 2, failures: 0, highest_concurrency: 2 };
    assert_eq!(station.counters(), counters);
    assert_eq!(station.concurrency_at(at(11_189)), 1);
    assert_eq!(station.concurrency_at(at(11_190)), 0);
}

#[test]
fn an_instance_is_gone_once_it_was_idle_for_the_whole_time() {
    for (now, cold) in [(5_499, false), (5_500, true)] {
        let mut station = Station::new(SMALL);
        station.invoke(at(0), CHANCE, DEVICE);
        assert_eq!(station.invoke(at(now), CHANCE, DEVICE).cold, cold, "at {now} ms");
    }
    let mut forgetful = Station::new(StationConfig { keep_warm: Duration::ZERO, ..SMALL });
    forgetful.invoke(at(0), CHANCE, DEVICE);
    assert!(forgetful.invoke(at(500), CHANCE, DEVICE).cold);
}

#[test]
fn without_room_everything_is_throttled() {
    let mut station = Station::new(StationConfig { concurrency: 0, ..SMALL });
    assert_eq!(station.invoke(at(3), CHANCE, DEVICE), runs(Outcome::Throttled, false, 3));
    assert_eq!(station.counters(), StationCounters { throttles: 1, ..StationCounters::default() });
}

#[test]
fn a_thousand_run_at_once_unless_said_otherwise() {
    let config = StationConfig { latency: Duration::from_secs(1), ..StationConfig::default() };
    let mut station = Station::new(config);
    let outcomes = (0..100_000).map(|index| station.invoke(at(5), CHANCE, DEVICE.member(index)).outcome);
    assert_eq!(outcomes.filter(|&outcome| outcome == Outcome::Succeeds).count(), 1_000);
    let counters = station.counters();
    assert_eq!((counters.throttles, counters.highest_concurrency), (99_000, 1_000));
}

#[test]
fn runs_fail_as_often_as_they_should() {
    let failures = |failures_per_million| {
        let mut station = Station::new(StationConfig { failures_per_million, ..StationConfig::default() });
        for index in 0..10_000 {
            let run = station.invoke(at(index / 100), CHANCE, DEVICE.member(index));
            assert_ne!(run.outcome, Outcome::Throttled);
        }
        station.counters().failures
    };
    assert_eq!(failures(0), 0);
    assert_eq!(failures(1_000_000), 10_000);
    // 500 expected; 5 standard deviations are about 109.
    let some = failures(50_000);
    assert!((391..=609).contains(&some), "{some}");
}

#[test]
fn what_others_do_moves_no_draw_and_a_later_try_draws_anew() {
    let config = StationConfig { failures_per_million: 500_000, ..StationConfig::default() };
    let outcomes = |others: u64| -> Vec<Outcome> {
        let mut station = Station::new(config);
        let mut outcome_at = |now| {
            for other in 0..others {
                station.invoke(now, CHANCE, Owner::named("other").member(other));
            }
            station.invoke(now, CHANCE, DEVICE).outcome
        };
        (0..64).map(|second| outcome_at(Timestamp::from_secs(second))).collect()
    };
    let alone = outcomes(0);
    assert_eq!(outcomes(3), alone);
    assert!(alone.contains(&Outcome::Fails) && alone.contains(&Outcome::Succeeds), "{alone:?}");
}

/// A station that looks at every instance.
struct Model {
    config: StationConfig,
    /// When the last run of each instance ends.
    instances: Vec<Timestamp>,
    counters: StationCounters,
}

impl Model {
    fn invoke(&mut self, now: Timestamp, owner: Owner) -> Run {
        let StationConfig { concurrency, latency, cold_start, keep_warm, failures_per_million } = self.config;
        self.instances.retain(|&ends| ends > now || ends + keep_warm > now);
        let idle = (0..self.instances.len()).filter(|&index| self.instances[index] <= now);
        let taken = idle.max_by_key(|&index| self.instances[index]);
        if taken.is_none() && self.instances.len() == concurrency as usize {
            self.counters.throttles += 1;
            return Run { outcome: Outcome::Throttled, cold: false, ends: now };
        }
        let cold = taken.is_none();
        let ends = if cold { now + latency + cold_start } else { now + latency };
        match taken {
            Some(index) => self.instances[index] = ends,
            None => self.instances.push(ends),
        }
        let busy = self.instances.iter().filter(|&&ends| ends > now).count() as u32;
        let draw = CHANCE.below(owner, Purpose::FunctionFailure, now.as_nanos(), 1_000_000);
        let fails = draw < u64::from(failures_per_million);
        self.counters.invocations += 1;
        self.counters.cold_starts += u64::from(cold);
        self.counters.failures += u64::from(fails);
        self.counters.highest_concurrency = self.counters.highest_concurrency.max(busy);
        Run { outcome: if fails { Outcome::Fails } else { Outcome::Succeeds }, cold, ends }
    }
}

prop_compose! {
    /// Times of a few nanoseconds, so that ends, arrivals and expiries often meet. A run takes at least one: what runs
    /// for no time is of no concurrency that the model could count.
    fn config()(
        concurrency in 0_u32..6,
        latency in 1_u64..12,
        cold_start in 0_u64..12,
        keep_warm in 0_u64..20,
        failures_per_million in prop::sample::select(vec![0, 300_000, 1_000_000]),
    ) -> StationConfig {
        StationConfig {
            concurrency,
            latency: Duration::from_nanos(latency),
            cold_start: Duration::from_nanos(cold_start),
            keep_warm: Duration::from_nanos(keep_warm),
            failures_per_million,
        }
    }
}

proptest! {
    #[test]
    fn a_station_does_as_the_model_does(
        config in config(),
        calls in prop::collection::vec((0_u64..8, 0_u64..3), 0..120),
    ) {
        let mut station = Station::new(config);
        let mut model = Model { config, instances: Vec::new(), counters: StationCounters::default() };
        let mut now = Timestamp::ZERO;
        for (wait, owner) in calls {
            now = now.plus_nanos(wait);
            let owner = DEVICE.member(owner);
            prop_assert_eq!(station.invoke(now, CHANCE, owner), model.invoke(now, owner), "at {}", now.0);
            prop_assert_eq!(station.counters(), model.counters);
            prop_assert!(station.concurrency_at(now) <= config.concurrency);
        }
    }
}
