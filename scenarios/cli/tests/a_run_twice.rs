//! Determinism, before anything else is believed: two processes give the same results, another seed gives others.
//!
//! The file's name makes it the first of all tests of `cargo test --workspace`.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use support::{folder, library, results, squall};

/// Three worlds: the smoke scenario, a storm with all its faults in small, and clients that fight for one id.
fn scenarios() -> Vec<Vec<String>> {
    let storm = |more: &[&str]| {
        let small = [
            "fleet.sensors.devices=400",
            "fleet.sensors.start.over=20s",
            "service.limits.connect_requests_per_second=20",
            "duration=4m",
            "fault.1.at=1m",
            "app.1.at=80s",
            "measure.from=30s",
        ];
        let mut words = vec![library("storm/reconnect")];
        for set in small.iter().chain(more) {
            words.extend(["--set".to_owned(), (*set).to_owned()]);
        }
        words
    };
    vec![
        vec![library("smoke/hello")],
        vec![library("sessions/offline-queue")],
        storm(&["fault.1.mode=silent", "service.nodes=3", "service.station.overflow=drop-syn"]),
        storm(&["fleet.sensors.client_id=twin", "fleet.sensors.devices=20"]),
    ]
}

#[test]
fn a_run_twice_is_the_same_run_and_another_seed_is_another() {
    for words in scenarios() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (first, second) = (folder(), folder());
        let run = results(first.path(), &words);
        // The reproduce line and the folder's name tell nothing of where it ran.
        let again = results(second.path(), &words);
        assert_eq!(run, again, "{words:?}");
        let [page, page_again] = [&first, &second]
            .map(|folder| std::fs::read_to_string(folder.path().join("results/report.html")).unwrap());
        assert_eq!(
            before_host(&page),
            before_host(&page_again),
            "report.html differs outside of its host section"
        );

        let other = results(folder().path(), &[words.as_slice(), &["--seed", "99"]].concat());
        assert_ne!(run["fingerprint"], other["fingerprint"], "{words:?}");
    }
}

/// The page up to its section on the host.
fn before_host(page: &str) -> &str {
    page.split_once("id=\"host\"").expect("the page has a host section").0
}

#[test]
fn how_many_runs_go_on_at_a_time_changes_nothing() {
    let fingerprints = |jobs: &str| {
        let folder = folder();
        let file = library("storm/backoff-tournament");
        let words = [
            "run",
            &file,
            "--jobs",
            jobs,
            "--format",
            "json",
            "--set",
            "fleet.sensors.devices=200",
            "--set",
            "service.limits.connect_requests_per_second=5",
        ];
        let output = squall(folder.path(), &words);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let runs = report["runs"].as_array().unwrap().clone();
        runs.iter().map(|run| run["fingerprint"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let alone = fingerprints("1");
    assert_eq!(alone.len(), 6);
    assert_eq!(alone, fingerprints("4"));
}

#[test]
fn fingerprints_are_the_same_on_every_machine() {
    // A change here says that a change to the code moved every run; it must be meant, and said in the commit.
    let run = results(folder().path(), &["smoke/hello", "--seed", "1"]);
    assert_eq!(run["fingerprint"], "1e974f49ea15aa29287d39613f54fdbb");
}
