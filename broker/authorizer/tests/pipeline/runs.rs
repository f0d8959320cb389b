//! When an answer comes, and what keeps one from coming.

use std::time::Duration;

use squall_authorizer::{INVOCATION_TIMEOUT, InvocationError};
use squall_lambda::{Outcome, Run, Station, StationConfig};
use squall_types::{Chance, Owner, Seed, Timestamp};

use crate::support::*;

fn at(millis: u64) -> Timestamp {
    Timestamp(millis * 1_000_000)
}

fn run(outcome: Outcome, ends: u64) -> Run {
    Run { outcome, cold: false, ends: at(ends) }
}

#[test]
fn a_run_says_when_an_answer_comes_and_what_of_it() {
    let endpoint = endpoint();
    let invocation = |user: &str| endpoint.begin(&client(user)).unwrap();
    let good = invocation(&user("authorizer-token", "allow-sensor-1"));
    let throws = invocation(&user("authorizer-throws", "abc"));
    let loops = invocation(&user("authorizer-throws", "loop"));
    let late = "took longer than 5 s";
    // Asked at 1 s: the time is over after 6 s.
    for (invocation, run, answered, error) in [
        (&good, run(Outcome::Succeeds, 1_020), 1_020, None),
        (&good, run(Outcome::Succeeds, 6_000), 6_000, None),
        (&good, run(Outcome::Succeeds, 6_001), 6_000, Some(late)),
        (&good, run(Outcome::Succeeds, 6_100), 6_000, Some(late)),
        (&good, run(Outcome::Fails, 1_020), 1_020, Some("the invocation failed")),
        (&good, run(Outcome::Fails, 6_100), 6_000, Some(late)),
        (&good, run(Outcome::Throttled, 1_000), 1_000, Some("was throttled (429")),
        (&throws, run(Outcome::Succeeds, 1_020), 1_020, Some("the user table does not answer")),
        (&throws, run(Outcome::Succeeds, 6_100), 6_000, Some(late)),
        (&loops, run(Outcome::Succeeds, 1_020), 6_000, Some("timed out after")),
    ] {
        let found = endpoint.run(invocation, at(1_000), &run);
        assert_eq!(found.at, at(answered), "{run:?}");
        let outcome = endpoint.finish(invocation, found.answer);
        match (outcome, error) {
            (Ok(grant), None) => assert_eq!(grant.principal_id, "sensor1"),
            (Err(refusal), Some(text)) => {
                assert_eq!(refusal.log_reason().as_str(), EXECUTION, "{run:?}");
                assert!(refusal.to_string().contains(text), "{run:?}: {refusal}");
            }
            (outcome, _) => panic!("{run:?}: {outcome:?}"),
        }
    }
    assert_eq!(INVOCATION_TIMEOUT, Duration::from_secs(5));
}

#[test]
fn a_shorter_time_may_be_given() {
    let mut endpoint = endpoint();
    endpoint.set_timeout(Duration::from_secs(2));
    let invocation = endpoint.begin(&client("u?tok=allow-sensor-1")).unwrap();
    let after = Duration::from_secs(2);
    let found = endpoint.run(&invocation, at(0), &run(Outcome::Succeeds, 2_001));
    assert_eq!((found.at, found.answer), (at(2_000), Err(InvocationError::TimedOut { after })));
}

#[test]
fn a_storm_is_throttled_by_the_station_and_refused() {
    let endpoint = endpoint();
    let latency = Duration::from_millis(20);
    let mut station = Station::new(StationConfig { concurrency: 3, latency, ..StationConfig::default() });
    let chance = Chance::new(Seed(1));
    let mut connect = |device: u64, now| {
        let invocation = endpoint.begin(&client("u?tok=allow-sensor-1")).unwrap();
        let run = station.invoke(now, chance, Owner::named("sensors").member(device));
        let answered = endpoint.run(&invocation, now, &run);
        (answered.at, endpoint.finish(&invocation, answered.answer))
    };
    for device in 0..3 {
        let (at_end, outcome) = connect(device, at(0));
        assert_eq!((at_end, outcome.unwrap().principal_id), (at(20), "sensor1".to_owned()));
    }
    let (at_end, outcome) = connect(3, at(0));
    assert_eq!((at_end, outcome), (at(0), Err(InvocationError::Throttled.into())));
    assert!(connect(3, at(20)).1.is_ok());
    let counters = station.counters();
    assert_eq!((counters.invocations, counters.cold_starts, counters.throttles), (4, 3, 1));
}
