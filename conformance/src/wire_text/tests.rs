use proptest::prelude::*;
use squall_codec::{PacketType, RetainHandling, SubscriptionOptions, decode};
use squall_types::{ProtocolVersion, QoS};

use super::keys::{Key, Kind, PACKET_TYPES, keys};
use super::lexer::{Lexer, hex, without_comment};
use super::*;
use crate::case::Names;

/// A PUBLISH whose payload is a JSON object.
const JSON: &str = r#"PUBLISH topic=t payload="\{\"a\":\"x\",\"n\":3,\"b\":true,\"l\":[\"y\",1]}""#;

const V4: ProtocolVersion = ProtocolVersion::V311;
const V5: ProtocolVersion = ProtocolVersion::V5;

fn bytes_of(line: &str, version: ProtocolVersion) -> Result<Vec<u8>, String> {
    let packet = PacketWritten::parse(line, false)?.fill(&Fill::PLAIN, &Notes::new())?;
    let mut bytes = Vec::new();
    encode(&packet, packet.version.unwrap_or(version), &mut bytes)?;
    Ok(bytes)
}

fn from_hex(text: &str) -> Vec<u8> {
    hex(&text.replace(' ', "")).unwrap()
}

#[test]
fn packets_become_the_bytes_of_the_standard() {
    for (line, version, bytes) in [
        ("CONNECT id=c clean keep_alive=60", V4, "10 0d 0004 4d515454 04 02 003c 0001 63"),
        ("CONNECT v5 id=c", V5, "10 0e 0004 4d515454 05 00 0000 00 0001 63"),
        ("CONNACK code=00 session_present", V4, "20 02 01 00"),
        ("CONNACK code=85 reason_string=no", V5, "20 08 00 85 05 1f 0002 6e6f"),
        ("PUBLISH topic=t payload=\"x\"", V4, "30 04 0001 74 78"),
        ("PUBLISH topic=t qos=1 dup=1 retain id=7", V4, "3b 05 0001 74 0007"),
        ("PUBLISH topic=t payload=0x00ff", V5, "30 06 0001 74 00 00ff"),
        ("PUBACK id=258", V4, "40 02 0102"),
        ("PUBACK id=1 code=10", V5, "40 03 0001 10"),
        ("PUBREL id=1", V4, "62 02 0001"),
        ("SUBSCRIBE id=1 filter=a/+:1 filter=b:0,nl,rap,rh=2", V5, "82 0d 0001 00 0003 612f2b 01 0001 62 2c"),
        ("SUBACK id=1 codes=00,01,80", V4, "90 05 0001 000180"),
        ("UNSUBSCRIBE id=1 filter=#", V4, "a2 05 0001 0001 23"),
        ("PINGREQ", V4, "c0 00"),
        ("DISCONNECT", V5, "e0 00"),
        ("DISCONNECT code=04", V5, "e0 01 04"),
        ("AUTH code=18 authentication_method=m", V5, "f0 06 18 04 15 0001 6d"),
    ] {
        assert_eq!(bytes_of(line, version), Ok(from_hex(bytes)), "{line}");
    }
}

#[test]
fn texts_hold_what_a_keyboard_lacks() {
    for (written, text) in [
        ("t", "t"),
        ("a/b", "a/b"),
        ("\"two words\"", "two words"),
        (r#""\"\\\#""#, "\"\\#"),
        (r#""\u{feff}""#, "\u{feff}"),
        ("\"x\"*3", "xxx"),
        ("\"a/\"*2\"b\"", "a/a/b"),
        ("$aws/things", "$aws/things"),
        ("\"$name\"", "$name"),
        ("a{run}b", "ab"),
        ("\"\\{run}\"", "{run}"),
    ] {
        let packet = PacketWritten::parse(&format!("PUBLISH topic={written}"), false).unwrap();
        let packet = packet.fill(&Fill::PLAIN, &Notes::new()).unwrap();
        assert_eq!(packet.value("topic"), Some(&Value::Text(text.to_owned())), "{written}");
    }
}

#[test]
fn bytes_after_raw_are_what_is_written() {
    for (written, bytes) in [
        ("10 0e", "10 0e"),
        ("100e", "10 0e"),
        ("s\"MQTT\" 04", "0004 4d515454 04"),
        ("00*4 \"ab\"*2", "00000000 61626162"),
        ("30 len( s\"t\" 00 )", "30 04 0001 74 00"),
        ("len( 00*128 )", &format!("8001{}", "00".repeat(128))),
        ("s( ff fe ) len()", "0002 fffe 00"),
        (r#""\xff\u{e9}""#, "ff c3a9"),
    ] {
        let raw = Lexer::new(written, false).raw().unwrap();
        assert_eq!(raw.fill(&Fill::PLAIN), Ok(from_hex(bytes)), "{written}");
    }
}

#[test]
fn the_count_and_the_run_are_filled_in() {
    let fill = Fill { count: 12, prefix: "k3x", names: Names::All };
    let packet = PacketWritten::parse("PUBLISH topic=t# qos=1 id=# payload=\"m#{run}\"", true).unwrap();
    let packet = packet.fill(&fill, &Notes::new()).unwrap();
    assert_eq!(packet.to_string(), "PUBLISH topic=k3xt12 qos=1 id=12 payload=\"m12k3x\"");
    // Without a count it is a character like any other.
    let packet = PacketWritten::parse("UNSUBSCRIBE id=1 filter=a/#", false).unwrap();
    assert_eq!(packet.fill(&Fill::PLAIN, &Notes::new()).unwrap().to_string(), "UNSUBSCRIBE id=1 filter=a/#");
}

#[test]
fn names_get_a_prefix_where_that_keeps_their_meaning() {
    let fill = Fill { count: 1, prefix: "p-", names: Names::All };
    for (line, printed) in [
        ("CONNECT id=c will=w", "CONNECT v4 id=p-c will=p-w"),
        ("CONNECT id=\"\"", "CONNECT v4 id=\"\""),
        ("PUBLISH topic=$aws/x", "PUBLISH topic=$aws/x"),
        ("PUBLISH topic=\"\" response_topic=r", "PUBLISH topic=\"\" response_topic=p-r"),
        ("SUBSCRIBE id=1 filter=a/#:1", "SUBSCRIBE id=1 filter=p-a/#:1"),
        ("SUBSCRIBE id=1 filter=#:1", "SUBSCRIBE id=1 filter=#:1"),
        ("SUBSCRIBE id=1 filter=+/a:1", "SUBSCRIBE id=1 filter=+/a:1"),
        ("UNSUBSCRIBE id=1 filter=$share/g/t", "UNSUBSCRIBE id=1 filter=$share/g/p-t"),
    ] {
        let packet = PacketWritten::parse(line, false).unwrap().fill(&fill, &Notes::new()).unwrap();
        assert_eq!(packet.to_string(), printed);
    }
}

#[test]
fn expectations_match_what_they_say_and_no_more() {
    let packet =
        |line: &str| PacketWritten::parse(line, false).unwrap().fill(&Fill::PLAIN, &Notes::new()).unwrap();
    for (wanted, found, fits) in [
        ("PUBLISH", "PUBLISH topic=t", true),
        ("PUBLISH topic=t", "PUBLISH topic=t qos=1 id=3", true),
        ("PUBLISH topic=t", "PUBLISH topic=u", false),
        ("PUBACK", "PUBREC id=1", false),
        ("PUBACK id=1..3", "PUBACK id=3", true),
        ("PUBACK id=1..3", "PUBACK id=4", false),
        ("PUBACK code=00|10", "PUBACK id=1 code=10", true),
        ("PUBACK code=00|10", "PUBACK id=1 code=87", false),
        ("PUBACK reason_string=*", "PUBACK id=1 reason_string=no", true),
        ("PUBACK reason_string=*", "PUBACK id=1", false),
        ("PUBACK reason_string=-", "PUBACK id=1", true),
        ("PUBACK reason_string=-", "PUBACK id=1 reason_string=no", false),
        ("PUBLISH payload=\"ab\"", "PUBLISH topic=t payload=0x6162", true),
        ("PUBLISH payload=\"a|b\"", "PUBLISH topic=t payload=\"a\"", false),
        ("PUBLISH topic=a|b", "PUBLISH topic=b", true),
        (r#"PUBLISH json.a=x json.n=3 json.b=true json.l="[\"y\",1]" json.c=-"#, JSON, true),
        ("PUBLISH json.a=*", JSON, true),
        ("PUBLISH json.a=x|z", JSON, true),
        ("PUBLISH json.a=z", JSON, false),
        ("PUBLISH json.a=-", JSON, false),
        ("PUBLISH json.c=*", JSON, false),
        ("PUBLISH json.a=$s json.n=$s", JSON, false),
        ("PUBLISH json.a=*", "PUBLISH topic=t payload=\"[]\"", false),
        ("PUBLISH json.a=-", "PUBLISH topic=t payload=\"x\"", false),
        ("SUBACK codes=01,80|87", "SUBACK id=1 codes=01,87", true),
        ("SUBACK codes=01,80|87", "SUBACK id=1 codes=80,87", false),
        ("SUBACK codes=01", "SUBACK id=1 codes=01,01", false),
        ("PUBLISH user=a:1 user=b:2", "PUBLISH topic=t user=a:1 user=b:2", true),
        ("PUBLISH user=b:2 user=a:1", "PUBLISH topic=t user=a:1 user=b:2", false),
        ("PUBLISH user=a:1", "PUBLISH topic=t user=a:1 user=b:2", false),
        ("PUBLISH user=*", "PUBLISH topic=t user=a:1 user=b:2", true),
        ("CONNACK session_present", "CONNACK code=00 session_present=1", true),
        ("PUBLISH id=$a subscription_identifier=$a", "PUBLISH topic=t id=7 subscription_identifier=7", true),
        ("PUBLISH id=$a subscription_identifier=$a", "PUBLISH topic=t id=7 subscription_identifier=8", false),
    ] {
        let wanted_packet = PacketWanted::parse(wanted, false).unwrap();
        let found = packet(found);
        let mut notes = Notes::new();
        assert_eq!(wanted_packet.matches(&found, &Fill::PLAIN, &mut notes), fits, "{wanted} on {found}");
        assert!(fits || notes.is_empty(), "{wanted} notes nothing where it does not match");
    }
}

#[test]
fn differences_name_the_keys_that_differ() {
    let found = PacketWritten::parse("PUBLISH topic=t qos=0", false).unwrap();
    let found = found.fill(&Fill::PLAIN, &Notes::new()).unwrap();
    let wanted = PacketWanted::parse("PUBLISH topic=t qos=1 id=1 user=-", false).unwrap();
    assert_eq!(wanted.differences(&found, &Fill::PLAIN, &Notes::new()), Some("qos=0, no id".to_owned()));
    let wanted = PacketWanted::parse("PUBLISH json.a=y json.n=3 json.c=1", false).unwrap();
    let found = PacketWritten::parse(JSON, false).unwrap().fill(&Fill::PLAIN, &Notes::new()).unwrap();
    let words = wanted.differences(&found, &Fill::PLAIN, &Notes::new());
    assert_eq!(words, Some("json.a=x, no json.c".to_owned()));
}

#[test]
fn a_slip_is_told_with_what_is_allowed() {
    for (steps, problem) in [
        ("hello", "a step is 'LINK open'"),
        ("a > CONECT", "'CONECT' is no packet; there is CONNECT"),
        ("a > PINGREQ id=1", "PINGREQ has no keys, so no 'id'"),
        ("a > PUBLISH topik=t", "PUBLISH has no key 'topik'; it has topic, payload"),
        ("a > PUBLISH topic=t topic=u", "'topic' stands twice"),
        ("a > PUBLISH topic=t json.a=1", "PUBLISH has no key 'json.a'"),
        ("a open\na < PUBLISH json.a=1 json.a=2", "'json.a' stands twice"),
        ("a open\na < PUBLISH json.a", "'json.a' needs a value"),
        ("a open\na < PUBACK json.a=1", "PUBACK has no key 'json.a'"),
        ("a > PUBLISH topic=t qos=3", "'qos' is 0 to 2, not '3'"),
        ("a > PUBLISH topic=t qos", "'qos' needs a value"),
        ("a > PUBLISH topic=t qos=1", "PUBLISH has a packet identifier if, and only if"),
        ("a > PUBACK id=1 code=1", "'1' is no code; a code is two hex digits"),
        ("a > SUBSCRIBE id=1 filter=a", "a filter is written FILTER:QOS"),
        ("a > SUBSCRIBE id=1 filter=a:1,no", "'no' is no subscription option"),
        ("a > CONNECT will_qos=1", "'will_qos' needs a will"),
        ("a > CONNECT session_expiry=1", "write it after 'raw'"),
        ("a > PUBLISH topic=\"x", "a text has no closing quote"),
        ("a > PUBLISH topic=\"\\q\"", "'\\q' is no escape"),
        ("a > raw 1", "'1' is neither hex pairs"),
        ("a > raw len( 00", "a '(' is not closed"),
        ("a > raw 00 )", "a ')' closes nothing"),
        ("a < PINGRESP", "'a' is no open link yet"),
        ("a open\na > PUBACK id=$x", "$x stands here before anything is noted under it"),
        ("a open\na < close OFTEN", "'OFTEN' is no disconnect reason; there is AUTH_ERROR"),
        ("a open\na <~ nothing", "'<~' is for packets"),
        ("a open now", "nothing follows 'open'"),
        ("a# > PINGREQ", "'a#' is a link for each count"),
        ("advance soon", "'soon' is no duration"),
        (
            "metric Connect.Succes == 1",
            "no metric is called 'Connect.Succes'; did you mean 'Connect.Success'?",
        ),
        ("metric Ping.Success = 1", "'=' is no comparison"),
        ("meter publish == 1", "no cause of metered units is called 'publish'; did you mean 'publish_in'?"),
        ("call Publsh topic=t", "no call is called 'Publsh'; did you mean 'Publish'?"),
        ("call 1..2 x Publish topic=t", "calls have one count, not a range"),
        ("call CreatePolicy name", "'name' needs a value"),
        ("reason DEVICE_CERTIFICATE_OFF == 1", "no reason is called 'DEVICE_CERTIFICATE_OFF'"),
        ("denial DENY == 1", "no denial is called 'DENY'"),
        ("authorizer s refuses", "'s' is no open link yet"),
        ("authorizer s nods", "an authorizer 'grants ...', 'refuses'"),
        ("authorizer s answers {", "what it answers is no JSON"),
        (
            "authorizer s grants polices=p",
            "'grants' has policies, principal, refresh and disconnect, no 'polices'",
        ),
        ("authorizer s heard token", "'heard' has PATH=VALUE behind it"),
        ("hook check nods", "a hook 'allows'"),
        ("hook check allows {", "the overrides are no JSON"),
        ("hook check heard", "PATH=VALUE is missing"),
        ("record ProvisionDevice.Failed == 1", "did you mean 'ProvisionDevice.Failure'?"),
        ("a > PUBLISH topic=t json={\"a\":\"{$x}\"}", "$x stands here before anything is noted under it"),
        ("call Publish topik=t", "Publish has no 'topik'; it has topic"),
    ] {
        let error = parse(steps).unwrap_err();
        assert!(error.problem.contains(problem), "{steps}\n  {}\n  {problem}", error.problem);
        assert_eq!(error.line, steps.lines().count() - 1, "{steps}");
    }
}

#[test]
fn comments_end_lines_and_filters_do_not() {
    for (line, rest) in [
        ("# all of it", ""),
        ("a open # why", "a open"),
        ("a > UNSUBSCRIBE id=1 filter=#", "a > UNSUBSCRIBE id=1 filter=#"),
        ("a > PUBLISH topic=\"a # b\" # c", "a > PUBLISH topic=\"a # b\""),
        (r#"a > PUBLISH topic="\" # b""#, r#"a > PUBLISH topic="\" # b""#),
        ("a open #", "a open"),
    ] {
        assert_eq!(without_comment(line), rest);
    }
}

#[test]
fn alternatives_are_told_apart_outside_quotes() {
    assert_eq!(
        alternatives("close or PUBLISH payload=\"a or b\" or nothing"),
        ["close", "PUBLISH payload=\"a or b\"", "nothing"]
    );
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z/+#$|:{}\"\\\\]{0,8}",
        "\\PC{0,4}",
        (0_usize..40).prop_map(|count| "x".repeat(count)),
        Just("{run}#\u{feff}\n".to_owned()),
    ]
}

fn value(key: &Key) -> BoxedStrategy<Value> {
    match key.kind {
        Kind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Number(most) => (0..=most).prop_map(Value::Number).boxed(),
        Kind::Code => any::<u8>().prop_map(Value::Code).boxed(),
        Kind::Codes => proptest::collection::vec(any::<u8>(), 1..5).prop_map(Value::Codes).boxed(),
        Kind::Text => text().prop_map(Value::Text).boxed(),
        Kind::Bytes => prop_oneof![
            text().prop_map(|text| Value::Bytes(text.into_bytes())),
            proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes)
        ]
        .boxed(),
        Kind::Pair => (text(), text()).prop_map(|(name, value)| Value::Pair(name, value)).boxed(),
        Kind::FilterWithOptions => (text(), 0_u8..3, any::<bool>(), any::<bool>(), 0_u8..3)
            .prop_map(|(filter, qos, no_local, retain_as_published, handling)| {
                let options = SubscriptionOptions {
                    qos: QoS::from_bits(qos).unwrap(),
                    no_local,
                    retain_as_published,
                    retain_handling: match handling {
                        0 => RetainHandling::SendAtSubscribe,
                        1 => RetainHandling::SendIfNew,
                        _ => RetainHandling::DoNotSend,
                    },
                };
                Value::Filter(filter, options)
            })
            .boxed(),
    }
}

/// Any packet, whether the codec would write it or not.
fn packet() -> impl Strategy<Value = PacketText> {
    proptest::sample::select(PACKET_TYPES.to_vec()).prop_flat_map(|packet_type| {
        let fields: Vec<_> = keys(packet_type)
            .iter()
            .map(|key| proptest::collection::vec(value(key), 0..=if key.many { 3 } else { 1 }))
            .collect();
        (fields, any::<bool>()).prop_map(move |(values, v5)| PacketText {
            packet_type,
            version: (packet_type == PacketType::Connect).then_some(if v5 { V5 } else { V4 }),
            fields: keys(packet_type)
                .iter()
                .zip(values)
                .flat_map(|(key, values)| values.into_iter().map(move |value| (key, value)))
                .collect(),
        })
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(packet in packet()) {
        let printed = packet.to_string();
        let read = PacketWritten::parse(&printed, false);
        let read = read.and_then(|read| read.fill(&Fill::PLAIN, &Notes::new()));
        let read = read.map_err(|problem| TestCaseError::fail(format!("{printed}\n{problem}")))?;
        // Flags that are off by default go unsaid, which is the same packet.
        prop_assert_eq!(read.to_string(), printed.clone());
        let (mut one, mut other) = (Vec::new(), Vec::new());
        let encoded = encode(&packet, V5, &mut one);
        prop_assert_eq!(encode(&read, V5, &mut other), encoded.clone(), "{}", printed);
        prop_assert_eq!(&one, &other);
        // What the codec writes is described as it was written.
        if encoded.is_ok() {
            let (decoded, used) = decode(V5, &one, u32::MAX).unwrap().unwrap();
            prop_assert_eq!(used, one.len());
            let version = packet.version.unwrap_or(V5);
            let mut again = Vec::new();
            let described = describe(&decoded, version);
            prop_assert_eq!(encode(&described, version, &mut again), Ok(()));
            prop_assert_eq!(&again, &one);
            // And an expectation written so matches it.
            let wanted = PacketWanted::parse(&strip_version(&described.to_string()), false);
            let wanted = wanted.map_err(|problem| TestCaseError::fail(format!("{described}\n{problem}")))?;
            prop_assert!(wanted.matches(&described, &Fill::PLAIN, &mut Notes::new()), "{}", described);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}") {
        let _ = parse(&text);
        let _ = parse(&format!("a > {text}"));
        let _ = parse(&format!("a > PUBLISH topic={text}"));
        let _ = parse(&format!("a open\na < SUBSCRIBE filter={text}"));
        let _ = parse(&format!("a > raw {text}"));
    }
}

/// An expectation has no version: the link does.
fn strip_version(text: &str) -> String {
    text.replacen("CONNECT v4", "CONNECT", 1).replacen("CONNECT v5", "CONNECT", 1)
}
