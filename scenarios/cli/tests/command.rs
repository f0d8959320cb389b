//! The command as QA sees it: what it prints, what it writes, how it ends.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use support::{command, folder, library, root, squall, texts};

#[test]
fn a_run_writes_three_files_and_says_where() {
    let folder = folder();
    let (code, stdout, _) = texts(&squall(folder.path(), &["run", &library("smoke/hello")]));
    assert_eq!(code, 0);
    for file in ["results.json", "report.html", "junit.xml"] {
        assert!(folder.path().join("out/hello-1").join(file).is_file(), "{file}");
    }
    // The order of the summary is a contract.
    let parts = ["Expectations", "Oracles", "Latency", "Cost", "fingerprint", "reproduce", "report"];
    let places: Vec<Option<usize>> = parts.iter().map(|part| stdout.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{stdout}");
}

#[test]
fn the_reproduce_line_reproduces_the_run() {
    let folder = folder();
    let words = [
        "run",
        &library("smoke/hello"),
        "--seed",
        "5",
        "--set",
        "about=two words and a 'quote'",
        "--set",
        "duration=90s",
    ];
    squall(folder.path(), &words);
    let results = folder.path().join("out/hello-5/results.json");
    let first = support::without_host(&std::fs::read_to_string(&results).unwrap());
    let line = first["reproduce"].as_str().unwrap().replacen("squall", env!("CARGO_BIN_EXE_squall"), 1);
    std::fs::remove_file(&results).unwrap();
    let status = std::process::Command::new("sh")
        .args(["-c", &line])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.code().is_some_and(|code| code < 2), "{line}");
    assert_eq!(first, support::without_host(&std::fs::read_to_string(&results).unwrap()));
}

#[test]
fn exit_codes_tell_failed_from_violated() {
    let folder = folder();
    let hello = library("smoke/hello");
    for (set, expected) in [
        ("about=x", 0),
        // The scenario expects ten.
        ("fleet.sensors.devices=9", 1),
        ("service.profile=aws-curent", 2),
    ] {
        let output = squall(folder.path(), &["run", &hello, "--set", set]);
        assert_eq!(output.status.code(), Some(expected), "{set}: {:?}", texts(&output));
    }
    // A planted bug that has something to spoil: a violation outweighs a failed expectation.
    let chatty = r##"fleet.sensors.subscribe=[{ filter = "#", qos = 1 }]"##;
    let words = ["run", &hello, "--set", chatty, "--set", "service.mutant=lose-delivery"];
    let nine = [words.as_slice(), &["--set", "fleet.sensors.devices=9"]].concat();
    for words in [&words[..], &nine] {
        let output = squall(folder.path(), words);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {:?}", texts(&output));
    }
}

#[test]
fn a_scenario_must_end_healed_unless_it_says_otherwise() {
    let folder = folder();
    // The outage lasts until the end; the scenario itself expects nothing.
    let text = |heals: bool| {
        format!(
            r#"
name = "cut-off"
about = "Nobody can come back."
duration = "2m"
heals = {heals}

[[fleet]]
name = "pumps"
devices = 5

[[fault]]
at = "1m"
kind = "gateway-outage"
lasts = "1m"
"#
        )
    };
    for (heals, expected) in [(true, 1), (false, 0)] {
        std::fs::write(folder.path().join("cut-off.toml"), text(heals)).unwrap();
        let (code, stdout, stderr) = texts(&squall(folder.path(), &["run", "cut-off.toml"]));
        assert_eq!(code, expected, "{stdout}{stderr}");
        assert!(stdout.contains("devices.connected_at_end"), "{stdout}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_that_leaves_nothing_behind() {
    let folder = folder();
    // A folder in the place of the file: the rename fails after the text was written.
    std::fs::create_dir_all(folder.path().join("taken/results.json/x")).unwrap();
    let (code, _, stderr) =
        texts(&squall(folder.path(), &["run", &library("smoke/hello"), "--out", "taken"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("taken/results.json: cannot be written"), "{stderr}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("taken"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["results.json"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_how_far_it_came_and_leaves_nothing() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let folder = folder();
    let words = [
        "run",
        &library("storm/reconnect"),
        "--set",
        "fleet.sensors.devices=2000",
        "--set",
        "duration=1000h",
    ];
    let mut child =
        command(folder.path(), &words).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = stderr.next().unwrap().unwrap();
    assert!(first.contains("began"), "{first}");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let status = child.wait().unwrap();
    let rest: Vec<String> = stderr.map(Result::unwrap).collect();
    assert_eq!(status.code(), Some(130), "{rest:?}");
    let last = rest.last().unwrap();
    assert!(last.contains("interrupted") && last.contains("nothing of this run was written"), "{last}");
    assert!(!folder.path().join("out/reconnect-storm-7").exists());
}

#[test]
fn a_matrix_gives_a_folder_a_cell_and_an_index() {
    let folder = folder();
    let words = [
        "run",
        &library("storm/backoff-tournament"),
        "--set",
        "fleet.sensors.devices=100",
        "--set",
        "duration=8m",
    ];
    let (code, stdout, _) = texts(&squall(folder.path(), &words));
    assert!(code < 2, "{stdout}");
    let out = std::fs::read_dir(folder.path().join("out")).unwrap().next().unwrap().unwrap().path();
    assert!(out.join("index.html").is_file());
    assert!(out.join("junit.xml").is_file());
    let cells =
        std::fs::read_dir(&out).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(cells, 6);
    for strategy in ["none", "fixed", "exponential", "equal-jitter", "full-jitter", "decorrelated-jitter"] {
        assert!(stdout.contains(strategy), "{stdout}");
    }
}

#[test]
fn the_library_is_listed_whole() {
    let (code, stdout, _) = texts(&squall(folder().path(), &["list"]));
    assert_eq!(code, 0);
    let library = root().join("scenarios/library");
    let mut found = 0;
    for kind in std::fs::read_dir(library).unwrap() {
        let kind = kind.unwrap().path();
        for file in std::fs::read_dir(&kind).unwrap() {
            let file = file.unwrap().path();
            let parts = [kind.file_name().unwrap(), file.file_stem().unwrap()];
            let name = parts.map(|part| part.to_str().unwrap()).join("/");
            assert!(stdout.contains(&format!("{name}  (")), "{name} is not listed:\n{stdout}");
            found += 1;
        }
    }
    assert_eq!(stdout.lines().filter(|line| !line.starts_with(' ')).count(), found);
}

#[test]
fn check_reads_every_scenario_and_runs_none() {
    let folder = folder();
    let files = ["smoke/hello", "storm/reconnect", "storm/backoff-tournament"].map(library);
    let words: Vec<&str> = ["check"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let (code, stdout, stderr) = texts(&squall(folder.path(), &words));
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(stdout.lines().count(), 3);
    assert!(stdout.contains("backoff-tournament (6 runs)"), "{stdout}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn schemas_are_json() {
    for which in ["scenario", "results"] {
        let (code, stdout, _) = texts(&squall(folder().path(), &["schema", which]));
        assert_eq!(code, 0);
        let schema: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert!(schema["properties"].as_object().is_some_and(|properties| properties.len() > 5), "{which}");
    }
}

#[test]
fn json_output_is_for_scripts() {
    let folder = folder();
    let (code, stdout, stderr) =
        texts(&squall(folder.path(), &["run", &library("smoke/hello"), "--format", "json"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let run = &report["runs"][0];
    assert_eq!(run["scenario"], "hello");
    assert_eq!(run["violations"], 0);
    assert_eq!(run["fingerprint"].as_str().map(str::len), Some(32));
}

#[test]
fn quiet_says_nothing_of_what_held_and_all_of_what_did_not() {
    let folder = folder();
    let hello = library("smoke/hello");
    let held = texts(&squall(folder.path(), &["run", &hello, "--quiet"]));
    assert_eq!(held, (0, String::new(), String::new()));
    let (code, stdout, _) =
        texts(&squall(folder.path(), &["run", &hello, "--quiet", "--set", "fleet.sensors.devices=9"]));
    assert_eq!(code, 1);
    assert!(stdout.contains("devices.connected_at_end"), "{stdout}");
}
