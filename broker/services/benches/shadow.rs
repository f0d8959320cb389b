//! Updates of the shadows of 100,000 things of 500 bytes and 22 leaves, one of which changes.
//!
//! A figure is updates a CPU second of this process, the best of some rounds: with a listener to each of accepted, delta
//! and documents; with none, so that nothing is written; and the same work done over trees of `serde_json::Value`, which
//! is what one would write first. `-- --things N` and `-- --rounds N` change the size.

use std::hint::black_box;
use std::process::ExitCode;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use squall_profile::Profile;
use squall_services::shadow::{Operation, Settings, ShadowId, Shadows};
use squall_types::{Now, Timestamp, WallTime};

#[path = "shadow/values.rs"]
mod values;

/// Updates a CPU second with three listeners.
const UPDATES_A_CPU_SECOND: f64 = 80_000.0;
/// Bytes above the document's JSON.
const BYTES_ABOVE_JSON: usize = 1_024;

const DESIRED: &str = r#"{"power":true,"mode":"auto","targetTemp":21.5,"fan":{"speed":3,"swing":false},"schedule":{"from":"06:30","to":"22:00","days":[1,2,3,4,5]},"interval":60,"firmware":"2.4.1","note":"north wing, second floor, room 217."}"#;
const REPORTED: &str = r#"{"power":true,"mode":"auto","targetTemp":21.5,"fan":{"speed":2,"swing":false},"schedule":{"from":"06:30","to":"22:00","days":[1,2,3,4,5]},"interval":300,"firmware":"2.4.1","note":"north wing, second floor, room 217; last serviced in March, 2026, filter changed, next service is due."}"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    // Under `cargo test` a bench only shows that it runs.
    let quick = !arguments.iter().any(|argument| argument == "--bench");
    let things = value("--things", if quick { 100 } else { 100_000 });
    let rounds = value("--rounds", if quick { 1 } else { 5 });
    println!("{things} things of {} bytes, best of {rounds}", DESIRED.len() + REPORTED.len());
    let names: Vec<String> = (0..things).map(|n| format!("thermostat-{n:06}")).collect();
    let mut kept = true;
    for (kind, one_leaf) in [("one leaf sent", true), ("a section sent", false)] {
        let payloads: Vec<String> = (0..1_000).map(|n| update(n, one_leaf)).collect();
        let all = rate(&names, rounds, &payloads, true);
        let none = rate(&names, rounds, &payloads, false);
        let values = values::rate(&names, rounds, &payloads);
        println!(
            "{kind:>15}: {all:>9.0} updates a CPU second with three listeners, {none:>9.0} with none, {values:>9.0} over values"
        );
        kept &= quick || all >= UPDATES_A_CPU_SECOND;
    }
    let shadows = filled(&names);
    let overhead = shadows.current(ShadowId::classic(&names[0])).expect("a shadow").overhead();
    println!("{overhead} bytes a shadow above its JSON, not counting its name and its place in tables");
    kept &= overhead <= BYTES_ABOVE_JSON;
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The update of a device whose temperature moves.
fn update(n: usize, one_leaf: bool) -> String {
    let target = format!(r#""targetTemp":{}.5"#, 10 + n % 89);
    let reported =
        if one_leaf { format!("{{{target}}}") } else { REPORTED.replace(r#""targetTemp":21.5"#, &target) };
    format!(r#"{{"state":{{"reported":{reported}}},"clientToken":"{n:08}"}}"#)
}

/// Far apart enough for no rate to be reached.
fn at(n: u64) -> Now {
    Now::at(Timestamp(n * 1_000_000), WallTime::from_unix_secs(1_767_225_600))
}

fn filled(names: &[String]) -> Shadows {
    let mut shadows =
        Shadows::new(Settings::from(&Profile::named("aws-current").expect("a profile of the binary")));
    let document = format!(r#"{{"state":{{"desired":{DESIRED},"reported":{REPORTED}}}}}"#);
    for (n, name) in names.iter().enumerate() {
        let outcome =
            shadows.handle(ShadowId::classic(name), Operation::Update, document.as_bytes(), at(n as u64));
        outcome.version().expect("accepted");
    }
    shadows
}

fn rate(names: &[String], rounds: usize, payloads: &[String], listen: bool) -> f64 {
    let mut shadows = filled(names);
    let mut out = Vec::new();
    let mut time = names.len() as u64;
    best(names, rounds, |thing, n| {
        time += 1;
        let payload = payloads[n % payloads.len()].as_bytes();
        let outcome = shadows.handle(ShadowId::classic(&names[thing]), Operation::Update, payload, at(time));
        assert!(outcome.has_delta());
        if listen {
            for answer in outcome.answers(0) {
                out.clear();
                outcome.write(answer, &mut out);
                black_box(&out);
            }
        }
    })
}

/// Updates a CPU second of the best round. A round goes through all things with a stride, so that no cache helps.
fn best(names: &[String], rounds: usize, mut update: impl FnMut(usize, usize)) -> f64 {
    let mut best = 0.0_f64;
    for round in 0..rounds {
        let before = cpu_seconds();
        let mut thing = round;
        for n in 0..names.len() {
            thing = (thing + 7_919) % names.len();
            update(thing, n + round);
        }
        best = best.max(names.len() as f64 / (cpu_seconds() - before));
    }
    best
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process knows its use");
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}
