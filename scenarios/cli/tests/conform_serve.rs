//! The conformance suites through a socket, against the broker that the simulated target is as well.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::serving::Serving;
use support::{folder, squall, texts};

/// Verdicts by address.
fn verdicts(words: &[&str]) -> BTreeMap<String, String> {
    let folder = folder();
    let words: Vec<&str> = ["conform", "--format", "json"].iter().chain(words).copied().collect();
    let (code, stdout, stderr) = texts(&squall(folder.path(), &words));
    assert!(matches!(code, 0 | 1), "{words:?}: {stderr}");
    let results: Value = serde_json::from_str(&stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let cases = results["cases"].as_array().unwrap();
    cases.iter().map(|case| (text(&case["address"]), text(&case["verdict"]))).collect()
}

#[test]
fn a_socket_changes_no_verdict() {
    // deviations/serve.toml says why the quota is raised.
    let serving = Serving::start(&["--set", "limits.connect_requests_per_second_per_client_id=1000000"]);
    let target = format!("mqtt://{}", serving.address);
    let served = verdicts(&["--target", &target, "--deviations", "serve"]);
    let simulated = verdicts(&[]);
    assert!(served.keys().eq(simulated.keys()));
    let mut compared = 0;
    for (address, verdict) in &served {
        // What lets virtual time pass or sets the service up runs in simulation alone; serve.toml declares the rest.
        if verdict != "skipped" && verdict != "non_strict" {
            assert_eq!(verdict, &simulated[address], "{address}");
            compared += 1;
        }
    }
    assert!(compared > 3_500, "{compared} of {}", served.len());
}
