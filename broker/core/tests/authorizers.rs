//! Custom authorizers: `broker.md` 8.3, checks 130 to 136 as far as the broker itself decides them.

use squall_codec::ReasonCode;
use squall_core::{Answer, AskId, ClientToAuthorize, ConnectRefusal, DisconnectReason, Input, OwnedQuestion};
use squall_services::policy::{Account, Policy, Rights};
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::{Bench, ComesAs, Device, Fact, Seen};

const EXECUTION_ERROR: &str = "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR";

fn rights(topic: &str) -> Rights {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":["iot:Connect","iot:Subscribe","iot:Receive"],"Resource":"*"}},
            {{"Effect":"Allow","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/{topic}"}}]}}"#
    );
    Rights::granted([Policy::parse(&text, &Account::default()).unwrap()])
}

fn grant(bench: &Bench, ask: AskId, topic: &str, refresh: u32, disconnect: u32) {
    let rights = rights(topic);
    let answer = Answer::Granted {
        principal_id: "me",
        rights: &rights,
        refresh_after_seconds: refresh,
        disconnect_after_seconds: disconnect,
    };
    bench.input(Input::Answer { ask, answer });
}

fn refuse(bench: &Bench, ask: AskId) {
    bench.input(Input::Answer { ask, answer: Answer::Refused { reason: "NOT_AUTHENTICATED" } });
}

/// A client of an authorizer whose CONNECT has come.
fn asking(bench: &Bench, version: ProtocolVersion) -> Device {
    let device = bench.device("d").with_version(version).comes_as(ComesAs::CustomAuthorizer);
    device.connect_with(|connect| {
        connect.username = Some("user?x-amz-customauthorizer-name=a");
        connect.password = Some(b"secret");
    });
    assert_eq!(device.take().map(|(_, seen)| seen), Some(Seen::Paused));
    device
}

fn last_ask(bench: &Bench) -> AskId {
    bench.asks().last().expect("a question").0
}

/// The credentials reach the driver as they came; nothing is said before its answer, and all is done after it.
#[test]
fn a_client_waits_for_its_authorizer() {
    for version in VERSIONS {
        let bench = Bench::plain();
        let d = asking(&bench, version);
        let asks = bench.asks();
        assert_eq!(asks.len(), 1);
        let OwnedQuestion::Authorize(client) = &asks[0].1 else { panic!("{:?}", asks[0].1) };
        let ClientToAuthorize { client_id, server_name, username, password, .. } = client;
        assert_eq!(&**client_id, "d");
        assert_eq!(server_name.as_deref(), Some("iot.example.com"));
        assert_eq!(username.as_deref(), Some("user?x-amz-customauthorizer-name=a"));
        assert_eq!(password.as_deref(), Some(&b"secret"[..]));
        // What it sends meanwhile waits, in one piece or in several.
        let (first, second) = (d.publish("mine", 1, b"1"), d.publish("mine", 1, b"2"));
        bench.advance(4);
        d.expect_nothing();
        grant(&bench, asks[0].0, "mine", 86_400, 86_400);
        assert_eq!(d.take().map(|(_, seen)| seen), Some(Seen::Resumed));
        d.expect_connack(false);
        d.expect_puback(first);
        d.expect_puback(second);
        // The answer's policies are what counts.
        d.publish("theirs", 0, b"3");
        assert!(!d.is_open());
        assert_eq!(bench.denials()[0].0, "iot:Publish on theirs for d");
        bench.expect_empty();
    }
}

#[test]
fn a_client_that_is_refused_hears_what_its_version_has() {
    for version in VERSIONS {
        let bench = Bench::plain();
        let d = asking(&bench, version);
        refuse(&bench, last_ask(&bench));
        match version {
            ProtocolVersion::V311 => d.expect_close(DisconnectReason::AuthError),
            ProtocolVersion::V5 => d.expect_refusal(0x87, DisconnectReason::AuthError),
        }
        let refused = Fact::ConnectRefused(ConnectRefusal::NotAuthenticated("NOT_AUTHENTICATED"));
        assert_eq!(bench.count(|fact| *fact == refused), 1);
        bench.expect_empty();
        // A second answer finds nobody.
        grant(&bench, last_ask(&bench), "mine", 300, 300);
        bench.expect_empty();
    }
}

/// 131: an answer that takes longer than five seconds is none, whatever it says when it comes.
#[test]
fn a_late_answer_is_a_refusal() {
    let bench = Bench::plain();
    let d = asking(&bench, ProtocolVersion::V5);
    bench.advance(5);
    d.expect_refusal(0x87, DisconnectReason::AuthError);
    let refused = Fact::ConnectRefused(ConnectRefusal::NotAuthenticated(EXECUTION_ERROR));
    assert_eq!(bench.count(|fact| *fact == refused), 1);
    grant(&bench, last_ask(&bench), "mine", 300, 300);
    bench.expect_empty();
}

/// The answer finds a client that has left.
#[test]
fn a_client_that_leaves_is_forgotten() {
    let bench = Bench::plain();
    let d = asking(&bench, ProtocolVersion::V311);
    d.reset();
    bench.expect_empty();
    grant(&bench, last_ask(&bench), "mine", 300, 300);
    bench.advance(10);
    bench.expect_empty();
    assert_eq!(bench.count(|fact| *fact == Fact::Connected), 0);
}

/// 133: the authorizer is asked again when its answer has aged; old policies hold until it has answered.
#[test]
fn policies_are_asked_for_again() {
    let bench = Bench::plain();
    let d = asking(&bench, ProtocolVersion::V5);
    grant(&bench, last_ask(&bench), "first", 300, 86_400);
    d.take_all();
    bench.advance(299);
    assert_eq!(bench.asks().len(), 1);
    bench.advance(1);
    assert_eq!(bench.asks().len(), 2);
    // The same client on the same connection, asked about anew.
    let asks = bench.asks();
    assert_eq!(asks[1].1, asks[0].1);
    assert_ne!(asks[1].0, asks[0].0);
    d.publish_acked("first", b"x");
    grant(&bench, last_ask(&bench), "second", 300, 86_400);
    d.publish_acked("second", b"x");
    let id = d.publish("first", 1, b"x");
    let code = ReasonCode::NotAuthorized;
    assert_eq!(d.take().map(|(_, seen)| seen), Some(Seen::PubAck { packet_id: id, code }));
    bench.advance(300);
    assert_eq!(bench.asks().len(), 3);
}

/// `broker.md` 8.3: any failure on asking again ends the connection, an answer that does not come as well.
#[test]
fn a_failure_on_asking_again_ends_the_connection() {
    for answers in [true, false] {
        let bench = Bench::plain();
        let d = asking(&bench, ProtocolVersion::V5);
        grant(&bench, last_ask(&bench), "mine", 300, 86_400);
        d.take_all();
        bench.advance(300);
        if answers {
            refuse(&bench, last_ask(&bench));
        } else {
            bench.advance(5);
        }
        d.expect_disconnect(ReasonCode::NotAuthorized, DisconnectReason::AuthError);
        let reason = if answers { "NOT_AUTHENTICATED" } else { EXECUTION_ERROR };
        assert_eq!(bench.count(|fact| *fact == Fact::NotAuthenticated(reason)), 1);
        bench.expect_empty();
    }
}

/// 134: the time that the first answer gave ends the connection, whatever later answers say.
#[test]
fn the_granted_time_is_not_prolonged() {
    let bench = Bench::plain();
    let d = asking(&bench, ProtocolVersion::V5);
    grant(&bench, last_ask(&bench), "mine", 300, 700);
    d.take_all();
    for _ in 0..2 {
        bench.advance(300);
        grant(&bench, last_ask(&bench), "mine", 300, 86_400);
    }
    bench.advance(99);
    assert!(d.is_open());
    bench.advance(1);
    d.expect_disconnect(ReasonCode::NotAuthorized, DisconnectReason::CustomAuthTtlExpiration);
    assert_eq!(bench.asks().len(), 3);
}

/// Two clients of one authorizer, let in with different rights: each has its own.
#[test]
fn clients_do_not_share_what_they_were_granted() {
    let bench = Bench::plain();
    let devices = bench.devices("d", 2);
    for (device, topic) in devices.iter().zip(["a", "b"]) {
        device.v5().comes_as(ComesAs::CustomAuthorizer).connect_with(|_| {});
        grant(&bench, last_ask(&bench), topic, 86_400, 86_400);
        device.take_all();
    }
    devices[0].publish_acked("a", b"x");
    devices[1].publish_acked("b", b"x");
    devices[0].publish("b", 0, b"x");
    assert!(!devices[0].is_open() && devices[1].is_open());
}

/// A CONNECT that breaks a rule is refused before anybody is asked.
#[test]
fn a_broken_connect_asks_nobody() {
    let bench = Bench::plain();
    let d = bench.device("$d").v5().comes_as(ComesAs::CustomAuthorizer).connect_with(|_| {});
    d.expect_refusal(0x85, DisconnectReason::ClientError);
    assert!(bench.asks().is_empty());
}

/// The time of a question that was answered does not end a later one.
#[test]
fn each_question_has_its_own_time() {
    let bench = Bench::new(|profile| profile.limits.authorizer_seconds = 400);
    let d = asking(&bench, ProtocolVersion::V5);
    grant(&bench, last_ask(&bench), "mine", 300, 86_400);
    d.take_all();
    bench.advance(300);
    assert_eq!(bench.asks().len(), 2);
    bench.advance(399);
    assert!(d.is_open());
    bench.advance(1);
    d.expect_disconnect(ReasonCode::NotAuthorized, DisconnectReason::AuthError);
}

/// A throughput quota that would let a transport go on does not, while an answer is waited for.
#[test]
fn a_transport_rests_until_the_answer_comes() {
    let bench = Bench::new(|profile| profile.limits.inbound_bytes_per_second_per_connection = 10);
    let d = asking(&bench, ProtocolVersion::V311);
    bench.advance(4);
    d.expect_nothing();
    grant(&bench, last_ask(&bench), "mine", 300, 300);
    // The quota holds it back again at once.
    let seen = d.take_all();
    assert!(matches!(seen[..], [Seen::Resumed, Seen::Paused, Seen::ConnAck(_)]), "{seen:?}");
}
