//! `squall run --log FILE`: what the service logs, while the run goes on.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::path::Path;

use serde_json::Value;
use support::{folder, library, squall, texts, without_host};

fn results(folder: &Path) -> Value {
    without_host(&std::fs::read_to_string(folder.join("out/hello-1/results.json")).unwrap())
}

#[test]
fn the_records_of_a_run_are_json_lines_and_change_nothing() {
    let hello = library("smoke/hello");
    let [plain, logged] = [&[][..], &["--log", "service.log"]].map(|more| {
        let folder = folder();
        // What was there before is gone.
        std::fs::write(folder.path().join("service.log"), "old").unwrap();
        let words = [&["run", &hello, "--quiet"], more].concat();
        let (code, stdout, stderr) = texts(&squall(folder.path(), &words));
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
        folder
    });
    assert_eq!(results(plain.path()), results(logged.path()));

    let log = std::fs::read_to_string(logged.path().join("service.log")).unwrap();
    assert!(log.ends_with('\n'));
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |event: &str| records.iter().filter(|record| record["eventType"] == event).count();
    assert_eq!((count("Connect"), count("Subscribe")), (10, 10));
    // A publish every ten seconds for two minutes from each, and one command.
    assert!((110..=121).contains(&count("Publish-In")), "{}", count("Publish-In"));
    assert_eq!(count("Publish-Out"), 1);
    let times: Vec<&str> = records.iter().map(|record| record["timestamp"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
}

#[test]
fn one_file_takes_one_run() {
    let folder = folder();
    let hello = library("smoke/hello");
    for (words, runs) in [
        (vec!["run", &hello, &hello, "--log", "service.log"], "2"),
        (vec!["run", "storm/backoff-tournament", "--log", "service.log"], "6"),
    ] {
        let (code, stdout, stderr) = texts(&squall(folder.path(), &words));
        assert_eq!((code, stdout.as_str()), (2, ""));
        assert!(
            stderr.starts_with("--log:") && stderr.contains("one run") && stderr.contains(runs),
            "{stderr}"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing may be written");
    }
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_with_its_path() {
    let hello = library("smoke/hello");
    let mut paths = vec!["no/such/folder/service.log", "."];
    // A disk that is full.
    if cfg!(target_os = "linux") {
        paths.push("/dev/full");
    }
    for path in paths {
        let folder = folder();
        let (code, stdout, stderr) = texts(&squall(folder.path(), &["run", &hello, "--log", path]));
        assert_eq!((code, stdout.as_str()), (2, ""), "{path}");
        assert!(stderr.contains(&format!("error: {path}: cannot be written: ")), "{path}: {stderr}");
        assert!(!folder.path().join("out/hello-1/results.json").exists(), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_what_was_logged_so_far() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let folder = folder();
    let hello = library("smoke/hello");
    let words = ["run", &hello, "--set", "duration=100000h", "--log", "service.log"];
    let mut child =
        support::command(folder.path(), &words).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = stderr.next().unwrap().unwrap();
    assert!(first.contains("began"), "{first}");
    // The run is far from its end when its first records are in the file.
    let log = folder.path().join("service.log");
    while std::fs::metadata(&log).map_or(0, |file| file.len()) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last = stderr.map(Result::unwrap).last().unwrap();
    assert!(last.contains("nothing of this run was written but its log"), "{last}");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.ends_with('\n'));
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}
