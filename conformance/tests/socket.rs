//! Over real sockets the same core gives the same verdicts, whoever else uses it.

mod support;

use std::net::TcpListener;
use std::time::Duration;

use squall_conformance::case::{self, Case, Level, Script};
use squall_conformance::deviation::Deviations;
use squall_conformance::run::{RunName, RunOptions};
use squall_conformance::suite::{self, Suite};
use squall_conformance::target::{Sim, Socket, Target, TargetError};
use squall_conformance::verdict::judge;
use squall_results::{CaseResult, CaseVerdict};

/// A failing case waits for this long at each turn, so few must fail.
const PATIENCE: Duration = Duration::from_secs(5);

fn run(cases: &[&Case], target: &dyn Target, run: u32) -> Vec<CaseResult> {
    let options = RunOptions { real_time: false, run: RunName(run) };
    judge(cases, target, &Deviations::none(), &options, |_| true).unwrap()
}

#[test]
fn the_same_core_gives_the_same_verdicts_on_either_target() {
    let cases = suite::embedded().unwrap();
    let chosen: Vec<&Case> = cases
        .iter()
        // Those of limits are for a broker of one's own: 3,000 connections are not opened here.
        .filter(|case| matches!(case.suite, Suite::Mqtt311 | Suite::Mqtt5))
        .filter(|case| case.level != Level::AwsDiffers)
        .collect();
    let simulated = run(&chosen, &Sim::default(), 0);
    let address = support::listen();
    let socket = Socket::new(&format!("mqtt://{address}")).unwrap().with_patience(PATIENCE);
    // Those that hold in the simulation; one that fails there would fail here after its time.
    let good: Vec<&Case> = chosen
        .iter()
        .zip(&simulated)
        .filter(|(_, result)| result.verdict == CaseVerdict::Ok)
        .map(|(case, _)| *case)
        .collect();
    // Two runs, one after the other: nothing that the first leaves disturbs the second.
    for number in [1, 2] {
        let real = run(&good, &socket, number);
        let failed: Vec<_> = real.iter().filter(|result| result.verdict == CaseVerdict::Failed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        let ok = real.iter().filter(|result| result.verdict == CaseVerdict::Ok).count();
        let skipped = real.iter().filter(|result| result.verdict == CaseVerdict::Skipped).count();
        assert!(ok > 200, "{ok} of {} cases ran", good.len());
        assert_eq!(ok + skipped, good.len());
    }
}

#[test]
fn vectors_run_over_a_socket() {
    let cases = suite::embedded().unwrap();
    // Some of each group.
    let chosen: Vec<&Case> = cases
        .iter()
        .filter(|case| matches!(case.script, Script::Vector(_)) && case.address.ends_with("/1"))
        .collect();
    let good: Vec<&Case> = chosen
        .iter()
        .zip(run(&chosen, &Sim::default(), 0))
        .filter(|(_, result)| result.verdict == CaseVerdict::Ok)
        .map(|(case, _)| *case)
        .collect();
    assert!(good.len() > 50, "{}", good.len());
    let socket = Socket::new(&format!("mqtt://{}", support::listen())).unwrap().with_patience(PATIENCE);
    let failed: Vec<CaseResult> =
        run(&good, &socket, 1).into_iter().filter(|result| result.verdict != CaseVerdict::Ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn what_cannot_be_judged_from_outside_is_skipped_with_a_word() {
    let text = r#"
suite = "aws-broker"
about = "What needs more than a socket."

[[case]]
address = "aws-broker/outside/1"
requirement = ["broker.md 7"]
level = "must"
about = "A limit."
service = { limits.payload_bytes = 3 }
steps = "c open"

[[case]]
address = "aws-broker/outside/2"
requirement = ["broker.md 7"]
level = "must"
about = "Time."
steps = '''
c open
advance 1ms
'''

[[case]]
address = "aws-broker/outside/3"
requirement = ["broker.md 7"]
level = "must"
about = "HTTPS."
steps = "call Publish topic=t"

[[case]]
address = "aws-broker/outside/4"
requirement = ["broker.md 7"]
level = "must"
about = "The simulation."
sim_only = "it counts"
steps = "c open"
"#;
    let cases = case::parse("outside.toml", text).unwrap();
    let cases: Vec<&Case> = cases.iter().collect();
    let socket = Socket::new(&format!("mqtt://{}", support::listen())).unwrap();
    let why: Vec<Option<String>> = run(&cases, &socket, 1).into_iter().map(|result| result.why).collect();
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(
        why,
        [
            words("needs a service that is set up for it"),
            words("lets time pass; --real-time waits"),
            words("makes a call over HTTPS"),
            words("for the simulated target: it counts"),
        ]
    );
    let options = RunOptions { real_time: true, run: RunName(2) };
    let waited = judge(&cases[1..2], &socket, &Deviations::none(), &options, |_| true).unwrap();
    assert_eq!(waited[0].verdict, CaseVerdict::Ok);
}

#[test]
fn another_broker_is_not_held_to_what_aws_does() {
    let cases = suite::embedded().unwrap();
    let deviations = Deviations::parse("other.toml", "target = \"other\"\naws = false\n", &cases).unwrap();
    let of_aws: Vec<&Case> = cases.iter().filter(|case| case.suite == Suite::AwsBroker).take(20).collect();
    let socket = Socket::new(&format!("mqtt://{}", support::listen())).unwrap();
    let results = judge(&of_aws, &socket, &deviations, &RunOptions::default(), |_| true).unwrap();
    let run: Vec<&CaseResult> = results
        .iter()
        .filter(|result| !matches!(result.verdict, CaseVerdict::Skipped | CaseVerdict::Unimplemented))
        .collect();
    assert!(run.is_empty(), "{run:#?}");
}

#[test]
fn nobody_there_is_one_clear_error() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = suite::embedded().unwrap();
    let socket = Socket::new(&format!("mqtt://{address}")).unwrap();
    let first: Vec<&Case> =
        cases.iter().filter(|case| matches!(case.script, Script::Vector(_))).take(1).collect();
    let error = judge(&first, &socket, &Deviations::none(), &RunOptions::default(), |_| true).unwrap_err();
    assert!(matches!(error, TargetError::Unreachable { .. }), "{error}");
    for bad in ["sim2", "tcp://x:1", "mqtt://"] {
        assert!(Socket::new(bad).is_err(), "{bad}");
    }
}
