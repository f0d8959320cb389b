//! Bad input: exit code 2 and one message with file, line, column, key, what was found, what is allowed.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use support::{folder, library, squall, texts};

/// A change to the smoke scenario, and what the message must hold.
struct Case {
    what: &'static str,
    change: fn(&str) -> String,
    message: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        what: "unknown key",
        change: |good| good.replace("\nseed =", "\nseeed ="),
        message: &["seeed: unknown key", "allowed", "did you mean 'seed'"],
    },
    Case {
        what: "wrong unit",
        change: |good| good.replace("every = \"10s\"", "every = \"10 parsecs\""),
        message: &["every", "10 parsecs", "ms", "allowed"],
    },
    Case {
        what: "negative duration",
        change: |good| good.replace("every = \"10s\"", "every = \"-10s\""),
        message: &["every", "-10s"],
    },
    Case {
        what: "invalid topic filter",
        change: |good| good.replace("commands/{{thing}}\", qos = 1 }]", "commands/#/x\", qos = 1 }]"),
        message: &["filter", "commands/#/x", "#"],
    },
    Case {
        what: "two fleets of one name",
        change: |good| {
            let at = good.find("[[fleet]]").unwrap();
            let name = good[at..].lines().find(|line| line.starts_with("name")).unwrap();
            format!("{good}\n[[fleet]]\n{name}\ndevices = 1\n")
        },
        message: &["name", "fleet"],
    },
    Case {
        what: "unknown metric",
        change: |good| good.replace("that = \"publish.ack.p99\"", "that = \"publish.ak.p99\""),
        message: &["publish.ak.p99", "publish.ack.p99"],
    },
    Case { what: "invalid TOML", change: |good| format!("{good}\n[[fleet\n"), message: &["TOML"] },
];

#[test]
fn each_mistake_is_named_with_its_place() {
    let good = std::fs::read_to_string(library("smoke/hello")).unwrap();
    for case in CASES {
        let bad = (case.change)(&good);
        assert_ne!(bad, good, "{}: the case changes nothing", case.what);
        let folder = folder();
        std::fs::write(folder.path().join("bad.toml"), &bad).unwrap();
        for command in ["run", "check"] {
            let (code, stdout, stderr) = texts(&squall(folder.path(), &[command, "bad.toml"]));
            assert_eq!((code, stdout.as_str()), (2, ""), "{}: {stderr}", case.what);
            let place = stderr.strip_prefix("bad.toml:").unwrap_or_else(|| panic!("{}: {stderr}", case.what));
            let mut numbers = place.split(':');
            for number in [numbers.next(), numbers.next()] {
                assert!(
                    number.is_some_and(|number| number.parse::<u32>().is_ok()),
                    "{}: {stderr}",
                    case.what
                );
            }
            for part in case.message {
                assert!(stderr.contains(part), "{}: no {part:?} in\n{stderr}", case.what);
            }
        }
        assert!(!folder.path().join("out").exists(), "{}: nothing may be written", case.what);
    }
}

#[test]
fn an_unreadable_file_is_named() {
    let (code, _, stderr) = texts(&squall(folder().path(), &["run", "no/such.toml"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("no/such.toml") && stderr.contains("cannot be read"), "{stderr}");
}

#[test]
fn a_bad_set_is_named() {
    for (set, parts) in [
        ("fleet.sensors.devcies=3", &["--set", "devcies"][..]),
        ("duration", &["--set", "duration", "KEY=VALUE"][..]),
        ("duration=never", &["--set", "duration", "never"][..]),
        ("fleet.nobody.devices=3", &["--set", "nobody"][..]),
    ] {
        let (code, _, stderr) =
            texts(&squall(folder().path(), &["run", &library("smoke/hello"), "--set", set]));
        assert_eq!(code, 2, "{set}");
        for part in parts {
            assert!(stderr.contains(part), "{set}: no {part:?} in\n{stderr}");
        }
    }
}

#[test]
fn a_bad_command_line_is_explained() {
    for words in [&["run"][..], &["run", "--seed", "x", "a"], &["rum"], &[]] {
        let (code, _, stderr) = texts(&squall(folder().path(), words));
        assert_eq!(code, 2, "{words:?}");
        assert!(stderr.contains("Usage") || stderr.contains("--help"), "{words:?}: {stderr}");
    }
}
