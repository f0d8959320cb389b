//! What is wrong in a file of cases is told with its file, line and key.

use squall_conformance::case::{self, Script};
use squall_conformance::suite;

const GOOD: &str = r#"suite = "mqtt5"
about = "A file."

[[case]]
address = "mqtt5/1.1/1"
requirement = ["MQTT5-3.1.0-1"]
level = "must"
about = "A case."
steps = '''
a open

a < nothing # so far
'''
"#;

fn problems(text: &str) -> Vec<String> {
    match case::parse("f.toml", text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_good_file_reads() {
    let cases = case::parse("f.toml", GOOD).unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!((cases[0].place.line, cases[0].place.script_line), (5, 9));
    let Script::Steps(steps) = &cases[0].script else { panic!("steps") };
    assert_eq!(steps.iter().map(|step| step.line).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn mistakes_have_a_place() {
    for (from, to, problem) in [
        (
            "suite = \"mqtt5\"",
            "suite = \"mqtt\"",
            "f.toml:1: no suite is called 'mqtt'; did you mean 'mqtt5'?",
        ),
        ("about = \"A file.\"", "", "f.toml:1: missing field `about`"),
        ("level = \"must\"", "level = \"shall\"", "f.toml:7: unknown variant `shall`, expected one of"),
        ("level = \"must\"", "level = \"must\"\nlvl = 1", "f.toml:8: unknown field `lvl`, expected one of"),
        (
            "mqtt5/1.1/1",
            "mqtt311/1.1/1",
            "f.toml:5: address: 'mqtt311/1.1/1' does not read mqtt5/SECTION/NUMBER",
        ),
        ("mqtt5/1.1/1", "mqtt5/1 1", "f.toml:5: address: 'mqtt5/1 1' does not read"),
        ("MQTT5-3.1.0-1", "MQTT5-3.1.0-7", "f.toml:6: mqtt5/1.1/1: requirement: no statement is called"),
        ("[\"MQTT5-3.1.0-1\"]", "[]", "f.toml:6: mqtt5/1.1/1: 'requirement' names nothing"),
        ("a < nothing", "a < something", "f.toml:12: mqtt5/1.1/1: steps: 'something' is no packet"),
        ("a open\n\na < nothing # so far\n", "# nothing\n", "f.toml:5: mqtt5/1.1/1: 'steps' holds no step"),
        (
            "level = \"must\"",
            "level = \"must\"\nservice = { limit = 3 }",
            "f.toml:8: service: 'limit' is not known; there is profile, limits.NAME and switches.NAME",
        ),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let found = problems(&text);
        assert!(found.iter().any(|found| found.starts_with(problem)), "{problem}\n{found:#?}");
    }
}

#[test]
fn a_case_without_steps_waits_for_something() {
    let without = GOOD.split("steps").next().unwrap().to_owned();
    assert_eq!(problems(&without).len(), 1);
    assert_eq!(problems(&(without + "waits_for = \"TLS\"\n")), Vec::<String>::new());
}

#[test]
fn service_is_read_in_either_spelling() {
    for service in [
        "{ profile = \"aws-current\", \"limits.payload_bytes\" = 3, \"switches.qos2\" = \"ignore\" }",
        "{ profile = \"aws-current\", limits.payload_bytes = 3, switches = { qos2 = \"ignore\" } }",
    ] {
        let text = GOOD.replacen("level", &format!("service = {service}\nlevel"), 1);
        let service = case::parse("f.toml", &text).unwrap().remove(0).service;
        assert_eq!(service.profile.as_deref(), Some("aws-current"));
        assert_eq!(service.limits["payload_bytes"], 3);
        assert_eq!(service.switches["qos2"], "ignore");
    }
}

#[test]
fn every_bad_vector_is_told_at_once() {
    let text = r#"suite = "bytes"
about = "A file."

[[group]]
address = "bytes/x"
requirement = ["MQTT-4.8.0-1"]
level = "must"
about = "A group."
vectors = '''
v4 00 -> close

v3 00 -> close
v4 0 -> close
v4 00
v4 00 -> disconnect 81
v5 00 -> disconnect
v5 00 -> open
'''
"#;
    let found = problems(text);
    let starts = [
        "f.toml:12: bytes/x/2: 'v3' is no context; there is new, v4 and v5",
        "f.toml:13: bytes/x/3: '0' is neither hex pairs",
        "f.toml:14: bytes/x/4: a vector is 'CONTEXT bytes -> outcome'",
        "f.toml:15: bytes/x/5: no server sends DISCONNECT in 3.1.1; write 'close'",
        "f.toml:16: bytes/x/6: after 'disconnect' stands a code",
        "f.toml:17: bytes/x/7: 'open' is no packet",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}\n{start}");
    }
}

#[test]
fn no_address_stands_twice() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), GOOD).unwrap();
    std::fs::write(folder.path().join("b.toml"), GOOD).unwrap();
    let error = suite::from_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("b.toml:5: address: 'mqtt5/1.1/1' stands at"), "{error}");
}
