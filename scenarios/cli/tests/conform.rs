//! `squall conform` as its users call it.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use support::{folder, squall, texts};

const CASES: &str = r#"suite = "mqtt311"
about = "Two cases, one of which fails."

[[case]]
address = "mqtt311/good/1"
requirement = ["MQTT-3.12.4-1"]
level = "must"
about = "PINGREQ is answered."
steps = '''
c > CONNECT id=c clean
c < CONNACK code=00
c > PINGREQ
c < PINGRESP
'''

[[case]]
address = "mqtt311/bad/1"
requirement = ["MQTT-3.12.4-1"]
level = "must"
about = "PINGREQ is not answered."
steps = '''
c > CONNECT id=c clean
c < CONNACK code=00
c > PINGREQ
c < nothing
'''
"#;

fn cases(folder: &Path) -> String {
    let cases = folder.join("cases");
    std::fs::create_dir_all(&cases).unwrap();
    std::fs::write(cases.join("ping.toml"), CASES).unwrap();
    cases.display().to_string()
}

#[test]
fn exit_codes_tell_failed_from_held_and_wrong() {
    let folder = folder();
    let cases = cases(folder.path());
    let deviations = folder.path().join("bad.toml");
    std::fs::write(
        &deviations,
        "target = \"sim\"\n[[deviation]]\naddress = \"mqtt5/9/9\"\nreason = \"r\"\nsource = \"s\"\n",
    )
    .unwrap();
    let deviations = deviations.display().to_string();
    for (words, expected, told) in [
        (vec!["--cases", &cases, "mqtt311/good"], 0, ""),
        (vec!["--cases", &cases], 1, ""),
        (vec!["--cases", &cases, "--list"], 0, ""),
        (vec!["--suite", "mqtt6"], 2, "no suite is called 'mqtt6'; did you mean 'mqtt5'?"),
        (
            vec!["--suite", "zebra"],
            2,
            "there is mqtt311, mqtt5, aws-broker, aws-policy, aws-identity, aws-registry, aws-provisioning, aws-shadow, bytes",
        ),
        (vec!["--target", "tcp://x:1"], 2, "target 'tcp://x:1' is neither 'sim' nor mqtt://HOST:PORT"),
        (vec!["--profile", "aws-future"], 2, "no profile is called 'aws-future'"),
        (vec!["mqtt5/99"], 2, "no case has an address that begins with 'mqtt5/99'"),
        (vec!["--suite", "bytes", "mqtt5/"], 2, "no case is in these suites and begins with these addresses"),
        (vec!["--cases", "nowhere"], 2, "cannot read nowhere"),
        (vec!["--deviations", "nobody"], 2, "'nobody' is neither a file nor built in"),
        (vec!["--cases", &cases, "--deviations", &deviations], 2, "bad.toml:3: address: no case is called"),
        (vec!["--target", "mqtt://127.0.0.1:1", "--profile", "aws-current"], 2, "--profile sets up"),
    ] {
        let words: Vec<&str> = ["conform"].into_iter().chain(words).collect();
        let (code, stdout, stderr) = texts(&squall(folder.path(), &words));
        assert_eq!(code, expected, "{words:?}\n{stdout}{stderr}");
        assert!(stderr.contains(told), "{words:?}\n{stderr}");
    }
}

#[test]
fn json_has_the_shape_that_scripts_lean_on() {
    let folder = folder();
    let cases = cases(folder.path());
    let (_, stdout, _) = texts(&squall(folder.path(), &["conform", "--cases", &cases, "--format", "json"]));
    let json: Value = serde_json::from_str(&stdout).unwrap();
    let summary = &json["summary"];
    for (verdict, count) in [
        ("ok", 1),
        ("non_strict", 0),
        ("informational", 0),
        ("unimplemented", 0),
        ("failed", 1),
        ("skipped", 0),
    ] {
        assert_eq!(summary[verdict], count, "{verdict}");
    }
    let case = &json["cases"][1];
    assert_eq!(case["address"], "mqtt311/bad/1");
    assert_eq!(case["requirement"][0], "MQTT-3.12.4-1");
    assert_eq!(case["level"], "must");
    assert_eq!(case["verdict"], "failed");
    assert_eq!(case["failure"]["step"], "c < nothing");
    assert_eq!(case["failure"]["line"], 25);
    assert_eq!(case["failure"]["actual"], "PINGRESP");
    assert_eq!(case["failure"]["ladder"][1]["direction"], "sent");
}

#[test]
fn junit_holds_every_case_and_the_packets_of_the_failed() {
    let folder = folder();
    let cases = cases(folder.path());
    let (code, _, stderr) =
        texts(&squall(folder.path(), &["conform", "--cases", &cases, "--junit", "out/conform.xml"]));
    assert_eq!(code, 1, "{stderr}");
    let xml = std::fs::read_to_string(folder.path().join("out/conform.xml")).unwrap();
    assert!(xml.contains("name=\"squall conform\" tests=\"2\" skipped=\"0\" failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"mqtt311/good/1\"") && xml.contains("--&gt; PINGREQ"), "{xml}");
}

#[test]
fn failures_come_last_with_all_that_is_needed() {
    let folder = folder();
    let cases = cases(folder.path());
    let (_, stdout, _) = texts(&squall(folder.path(), &["conform", "--cases", &cases]));
    let parts = [
        "mqtt311",
        "Failed",
        "✗ mqtt311/bad/1",
        "MQTT-3.12.4-1 (must)",
        "ping.toml:25: c < nothing",
        "expected  nothing",
        "found     PINGRESP",
        "c --> PINGREQ",
        "c <-- PINGRESP",
        "1 ok, 1 failed against sim",
    ];
    let places: Vec<Option<usize>> = parts.iter().map(|part| stdout.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{stdout}");
}

#[test]
fn the_built_in_suites_are_listed_with_their_statements() {
    let folder = folder();
    let (code, stdout, _) = texts(&squall(folder.path(), &["conform", "--list"]));
    assert_eq!(code, 0);
    for suite in [
        "mqtt311/",
        "mqtt5/",
        "aws-broker/",
        "aws-policy/",
        "aws-identity/",
        "aws-registry/",
        "aws-provisioning/",
        "aws-shadow/",
        "bytes/",
    ] {
        assert!(stdout.lines().any(|line| line.starts_with(suite)), "{suite}");
    }
    let (code, stdout, stderr) = texts(&squall(folder.path(), &["conform", "--statements"]));
    assert_eq!((code, stdout.lines().count()), (0, 642), "{stderr}");
}

#[test]
fn nobody_there_is_one_clear_error() {
    let folder = folder();
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let target = format!("mqtt://127.0.0.1:{port}");
    let (code, stdout, stderr) = texts(&squall(folder.path(), &["conform", "--target", &target]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.starts_with(&format!("error: cannot connect to {target}")), "{stderr}");
}
