//! `squall policy explain` as an engineer uses it.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use support::{root, squall, texts};

fn explain(policy: &str, rest: &[&str]) -> (i32, String, String) {
    let file = format!("fixtures/policies/{policy}.json");
    let words: Vec<&str> = ["policy", "explain", "--policy", &file].iter().chain(rest).copied().collect();
    texts(&squall(&root(), &words))
}

#[test]
fn the_fixtures_decide_as_their_list_says() {
    let pump = "client-id=pump-7 thing=pump-7";
    let farm = "client-id=FarmA-SoilSensor-101";
    for (policy, facts, action, resource, code, decision) in [
        ("per-device", pump, "iot:Connect", "pump-7", 0, "ALLOWED"),
        ("per-device", pump, "iot:Publish", "sensors/pump-7/telemetry", 0, "ALLOWED"),
        ("per-device", pump, "iot:Publish", "sensors/pump-8/telemetry", 1, "IMPLICIT_DENY"),
        ("per-device", pump, "iot:Publish", "sensors/pump-7/firmware", 1, "EXPLICIT_DENY"),
        ("per-device", pump, "iot:Receive", "commands/pump-7", 0, "ALLOWED"),
        ("per-device", "client-id=pump-8 thing=pump-7", "iot:Connect", "pump-8", 1, "IMPLICIT_DENY"),
        ("iot-star", "client-id=any", "iot:Subscribe", "#", 0, "ALLOWED"),
        ("subscribe-without-receive", pump, "iot:Subscribe", "commands/pump-7", 0, "ALLOWED"),
        ("subscribe-without-receive", pump, "iot:Receive", "commands/pump-7", 1, "IMPLICIT_DENY"),
        ("subscribe-without-topicfilter", farm, "iot:Publish", "farmA/sensor/101/t", 0, "ALLOWED"),
        ("subscribe-without-topicfilter", farm, "iot:Subscribe", "farmA/sensor/101/#", 1, "IMPLICIT_DENY"),
    ] {
        let (found, stdout, stderr) =
            explain(policy, &["--as", facts, "--action", action, "--resource", resource]);
        assert_eq!(found, code, "{policy} {action} {resource}\n{stdout}{stderr}");
        assert!(stdout.starts_with(decision), "{policy} {action} {resource}\n{stdout}");
    }
}

#[test]
fn a_whole_arn_names_the_resource_too() {
    let arn = "arn:aws:iot:us-east-1:123456789012:topic/sensors/pump-7/telemetry";
    let facts = ["--as", "client-id=pump-7 thing=pump-7", "--action", "iot:Publish", "--resource", arn];
    let (code, stdout, _) = explain("per-device", &facts);
    assert_eq!(code, 0);
    assert!(stdout.contains("Statement[1] (OwnTelemetry)"), "{stdout}");
}

#[test]
fn what_is_wrong_with_the_command_line_or_the_file_is_said() {
    let folder = support::folder();
    let file = folder.path().join("broken.json");
    std::fs::write(&file, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}"#).unwrap();
    let broken = file.to_str().unwrap();
    let ok = "fixtures/policies/iot-star.json";
    let ask = ["--action", "iot:Publish", "--resource", "t"];
    let ask_as = |facts| [ask.as_slice(), &["--as", facts]].concat();
    for (policy, rest, needle) in [
        (broken, ask.to_vec(), "MalformedPolicyException at Statement[0].Action: missing"),
        ("not/there.json", ask.to_vec(), "not/there.json"),
        (ok, vec!["--action", "iot:Fly", "--resource", "t"], "unknown action \"iot:Fly\""),
        (ok, ask_as("colour=red"), "unknown fact \"colour\""),
        (
            ok,
            vec!["--action", "iot:Publish", "--resource", "arn:aws:iot:x:y:topic/t"],
            "see --account and --region",
        ),
        (ok, [ask.as_slice(), &["--profile", "aws-9"]].concat(), "aws-9"),
    ] {
        let words: Vec<&str> = ["policy", "explain", "--policy", policy].into_iter().chain(rest).collect();
        let (code, stdout, stderr) = texts(&squall(&root(), &words));
        assert_eq!((code, stdout.as_str()), (2, ""), "{words:?}");
        assert!(stderr.contains(needle), "{words:?}\n{stderr}");
    }
}
