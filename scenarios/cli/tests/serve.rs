//! `squall serve` as a process, with real clients.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use serde_json::Value;
use support::serving::{PATIENCE, Serving};
use support::{folder, squall, texts};

const CONNECT_V311: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c";
const CONNECT_V5: &[u8] = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c";

/// What else comes until the end of the stream.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

#[cfg(unix)]
#[test]
fn sigterm_and_ctrl_c_end_it_in_an_orderly_way() {
    use nix::sys::signal::Signal;

    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let serving = Serving::start(&["--seed", "3"]);
        let v311 = serving.connect(CONNECT_V311);
        let mut v5_packet = CONNECT_V5.to_vec();
        *v5_packet.last_mut().unwrap() = b'd';
        let v5 = serving.connect(&v5_packet);
        serving.signal(signal);
        assert!(rest(v311).is_empty(), "3.1.1 has no DISCONNECT from a server");
        assert_eq!(rest(v5), [0xe0, 1, 0x8b], "DISCONNECT, server shutting down");
        let address = serving.address;
        let (status, stdout, stderr) = serving.end();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), ""), "{stderr}");
        assert!(stderr.starts_with("WARNING: --insecure-mqtt encrypts nothing"), "{stderr}");
        assert!(stderr.contains("profile aws-current, seed 3"), "{stderr}");
        TcpListener::bind(address).expect("the port is free again");
    }
}

#[cfg(unix)]
#[test]
fn it_says_who_comes_and_goes_when_asked() {
    let serving = Serving::start(&["--verbose"]);
    let mut client = serving.connect(CONNECT_V5);
    client.write_all(&[0xe0, 0]).unwrap();
    assert!(rest(client).is_empty());
    serving.signal(nix::sys::signal::Signal::SIGTERM);
    let (_, _, stderr) = serving.end();
    assert!(stderr.contains(" #1 connected: c, MQTT 5, new session\n"), "{stderr}");
    assert!(stderr.contains(" #1 disconnected: c, CLIENT_INITIATED_DISCONNECT\n"), "{stderr}");
}

/// The records of the service, the same as those of `run --log`.
#[cfg(unix)]
#[test]
fn it_logs_while_it_serves() {
    let folder = folder();
    let path = folder.path().join("service.log");
    // What was there before is gone.
    std::fs::write(&path, "old").unwrap();
    let serving = Serving::start(&["--log", path.to_str().unwrap()]);
    let mut client = serving.connect(CONNECT_V311);
    let source = client.local_addr().unwrap();
    client.write_all(b"\x32\x06\x00\x01t\x00\x01x").unwrap();
    let mut ack = [0; 4];
    client.read_exact(&mut ack).unwrap();
    assert_eq!(ack, [0x40, 2, 0, 1]);
    // What came of one packet is in the file before the next is taken.
    let so_far = std::fs::read_to_string(&path).unwrap();
    assert!(so_far.starts_with('{') && so_far.contains("\"eventType\":\"Connect\""), "{so_far}");
    client.write_all(b"\x30\x05\x00\x03a/#").unwrap();
    assert!(rest(client).is_empty());
    let mut hostile = TcpStream::connect(serving.address).unwrap();
    hostile.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(rest(hostile).is_empty());
    serving.signal(nix::sys::signal::Signal::SIGTERM);
    let (status, _, stderr) = serving.end();
    assert_eq!(status.code(), Some(0), "{stderr}");

    let log = std::fs::read_to_string(&path).unwrap();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |record: &Value| {
        ["eventType", "status", "reason", "topicName"]
            .map(|key| record[key].as_str().unwrap_or("-").to_owned())
    };
    let said: Vec<_> = records.iter().map(|record| said(record).join(" ")).collect();
    assert_eq!(
        said,
        [
            "Connect Success - -",
            "Publish-In Success - t",
            "Publish-In Failure CLIENT_ERROR a/#",
            "Disconnect Success CLIENT_ERROR -",
            "Connect Failure CLIENT_ERROR -",
        ]
    );
    for record in &records[..4] {
        assert_eq!((&record["clientId"], &record["protocol"]), (&"c".into(), &"MQTT".into()), "{record}");
        assert_eq!(record["sourceIp"], source.ip().to_string());
        assert_eq!(record["sourcePort"], source.port());
    }
}

#[test]
fn limits_are_set_by_name_and_hold() {
    let serving = Serving::start(&["--set", "limits.client_id_bytes=3"]);
    serving.connect(CONNECT_V311);
    let mut stream = TcpStream::connect(serving.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04long").unwrap();
    assert_eq!(rest(stream), [0x20, 2, 0, 2], "identifier rejected");
}

#[test]
fn hostile_bytes_do_not_stop_it() {
    let serving = Serving::start(&[]);
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0xff; 5_000], &[0x10, 0xff, 0xff, 0xff, 0xff], &[0]]
    {
        let mut stream = TcpStream::connect(serving.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        assert!(rest(stream).is_empty(), "{bytes:02x?}");
    }
    let mut client = serving.connect(CONNECT_V311);
    client.write_all(&[0xc0, 0]).unwrap();
    let mut answer = [0; 2];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0xd0, 0]);
}

#[test]
fn what_cannot_be_served_is_one_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap().to_string();
    let mqtt = |address| ["--insecure-mqtt", address];
    let with = |key, value| ["--insecure-mqtt", "127.0.0.1:0", key, value];
    let cases: [(&[&str], &[&str]); 13] = [
        (&[], &["nothing to listen on", "--insecure-mqtt 127.0.0.1:1883"]),
        (&mqtt(&busy), &["cannot listen on", &busy]),
        (&mqtt("0.0.0.0:0"), &["0.0.0.0:0 is not a loopback address", "127.0.0.1"]),
        (&mqtt("[::]:1883"), &["[::]:1883 is not a loopback address"]),
        (&mqtt("example.org:1883"), &["example.org:1883", "IP:PORT"]),
        (&mqtt("127.0.0.1"), &["127.0.0.1", "IP:PORT"]),
        (&mqtt("127.0.0.1:99999"), &["127.0.0.1:99999", "IP:PORT"]),
        (&with("--profile", "aws"), &["no profile is called 'aws'", "aws-current"]),
        (&with("--set", "limits.topic_byte=1"), &["topic_byte", "did you mean 'topic_bytes'?"]),
        (&with("--set", "limits.topic_bytes=many"), &["'many'", "whole number"]),
        (&with("--set", "switches.qos2=open"), &["'open'", "close"]),
        (&with("--set", "topic_bytes"), &["KEY=VALUE"]),
        (&with("--log", "no/such/folder"), &["no/such/folder", "cannot be written"]),
    ];
    for (words, parts) in cases {
        let folder = folder();
        let words: Vec<&str> = ["serve"].iter().chain(words).copied().collect();
        let (code, stdout, stderr) = texts(&squall(folder.path(), &words));
        assert_eq!((code, stdout.as_str()), (2, ""), "{words:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.lines().count() == 1, "{words:?}: {stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{words:?}: no {part:?} in {stderr}");
        }
    }
}

#[test]
fn its_help_names_every_flag_and_the_ready_line() {
    let folder = folder();
    let (code, stdout, _) = texts(&squall(folder.path(), &["serve", "--help"]));
    assert_eq!(code, 0);
    for part in [
        "--insecure-mqtt <HOST:PORT>",
        "--profile",
        "--set",
        "--seed",
        "--log <FILE>",
        "ready mqtt=",
        "Exit code",
    ] {
        assert!(stdout.contains(part), "no {part:?} in\n{stdout}");
    }
}

/// What a client of Debian's mosquitto prints.
fn mosquitto(name: &str, serving: &Serving, words: &[&str]) -> String {
    let port = serving.address.port().to_string();
    let output = Command::new(name).args(["-h", "127.0.0.1", "-p", &port]).args(words).output().unwrap();
    assert!(output.status.success(), "{name} {words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn mosquittos_clients_talk_through_it() {
    for name in ["mosquitto_sub", "mosquitto_pub", "mosquitto_rr"] {
        if Command::new(name).arg("--help").output().is_err() {
            println!("skipped: {name} is not installed");
            return;
        }
    }
    // They come back sooner than the quota of their client id allows.
    let serving = Serving::start(&["--set", "limits.connect_requests_per_second_per_client_id=1000"]);
    for version in ["mqttv311", "mqttv5"] {
        let mut keeper = vec!["-V", version, "-i", version, "-c", "-t", "house/+", "-q", "1"];
        if version == "mqttv5" {
            keeper.extend(["-x", "3600"]);
        }
        // -E: away again once subscribed; what is published meanwhile is kept for its session.
        mosquitto("mosquitto_sub", &serving, &[&keeper[..], &["-E"]].concat());
        for (topic, qos, payload) in [("house/a", "0", "lost"), ("house/b", "1", "two"), ("house/c", "1", "")]
        {
            mosquitto("mosquitto_pub", &serving, &["-V", version, "-t", topic, "-q", qos, "-m", payload]);
        }
        let got = mosquitto(
            "mosquitto_sub",
            &serving,
            &[&keeper[..], &["-C", "2", "-W", "60", "-F", "%t=%p (%q)"]].concat(),
        );
        assert_eq!(got, "house/b=two (1)\nhouse/c= (1)\n", "{version}");
        // Publishes, and hears itself.
        let words = ["-V", version, "-t", "echo", "-e", "echo", "-q", "0", "-m", "live", "-W", "60"];
        assert_eq!(mosquitto("mosquitto_rr", &serving, &words), "live\n", "{version}");
    }
}
