//! One client id, two connections.

use squall_codec::ReasonCode;
use squall_core::DisconnectReason;

use crate::VERSIONS;
use crate::support::{Bench, Device, Seen};

/// Another transport that comes with the client id of `d`.
fn newcomer(bench: &Bench, name: &str) -> Device {
    bench.device(name).with_client_id("d").connect_with(|_| {})
}

#[test]
fn the_newcomer_wins_and_the_incumbent_hears_of_it_first() {
    // 15, 16, MQTT-3.1.4-2, v5:3.1.4-3.
    for version in VERSIONS {
        let bench = Bench::plain();
        let incumbent = bench.device("d").with_version(version).connect();
        bench.device("new").with_version(version);
        let from = bench.log().len();
        let new = newcomer(&bench, "new");
        let seen: Vec<_> =
            bench.log()[from..].iter().map(|(who, seen)| (who.clone(), seen.clone())).collect();
        assert!(matches!(seen.last(), Some((who, Seen::ConnAck(_))) if who == "new"), "{seen:?}");
        assert!(seen[..seen.len() - 1].iter().all(|(who, _)| who == "d"));
        incumbent.expect_disconnect(ReasonCode::SessionTakenOver, DisconnectReason::DuplicateClientId);
        new.expect_connack(false);
        assert_eq!(bench.ends_of("d"), [DisconnectReason::DuplicateClientId]);
        assert_eq!((bench.connections(), bench.sessions()), (1, 1));
    }
}

#[test]
fn a_persistent_session_goes_over_with_its_subscriptions_and_messages() {
    // 7, 15, MQTT-3.1.2-4, MQTT-4.4.0-1.
    for version in VERSIONS {
        let bench = Bench::plain();
        let incumbent = bench.device("d").with_version(version).persistent().connect();
        incumbent.subscribe("a", 1);
        bench.device("p").connect().publish("a", 1, "one");
        let first = incumbent.expect_publish("a", 1, "one");
        bench.device("new").with_version(version).persistent();
        let new = newcomer(&bench, "new");
        new.expect_connack(true);
        let again = new.expect_publish("a", 1, "one");
        assert_eq!(again.packet_id, first.packet_id);
        assert!(!again.dup);
        new.ack(again.packet_id);
        bench.device("p").publish("a", 0, "two");
        new.expect_publish("a", 0, "two");
        bench.advance(60);
        new.expect_nothing();
        assert_eq!(bench.messages(), 0);
    }
}

#[test]
fn a_clean_session_does_not_survive_a_takeover() {
    // MQTT-3.1.2-6.
    for version in VERSIONS {
        let bench = Bench::plain();
        bench.device("d").with_version(version).connect().subscribe("a", 1);
        bench.device("p").connect().publish("a", 1, "one");
        bench.device("new").with_version(version).persistent();
        newcomer(&bench, "new").expect_connack(false);
        assert_eq!((bench.sessions(), bench.subscriptions(), bench.messages()), (2, 0, 0));
    }
}

#[test]
fn a_clean_newcomer_ends_the_stored_session() {
    // MQTT-3.1.2-6, v5:3.1.2-4.
    for version in VERSIONS {
        let bench = Bench::plain();
        bench.device("d").with_version(version).persistent().connect().subscribe("a", 1);
        bench.device("new").with_version(version);
        newcomer(&bench, "new").expect_connack(false);
        assert_eq!((bench.sessions(), bench.subscriptions()), (1, 0));
    }
}

#[test]
fn a_newcomer_of_the_other_version_gets_a_new_session() {
    // 90, on a live connection.
    let bench = Bench::plain();
    let incumbent = bench.device("d").persistent().connect().subscribe("a", 1);
    bench.device("new").v5().persistent();
    newcomer(&bench, "new").expect_connack(false);
    incumbent.expect_close(DisconnectReason::DuplicateClientId);
    assert_eq!((bench.sessions(), bench.subscriptions()), (1, 0));
}

#[test]
fn a_refused_newcomer_takes_nothing_over() {
    let bench = Bench::plain();
    let incumbent = bench.device("d").v5().connect();
    let refused = bench.device("new").v5().with_client_id("d").connect_with(|connect| {
        connect.properties.maximum_packet_size = core::num::NonZeroU32::new(1);
    });
    refused.expect_refusal(0x80, DisconnectReason::ClientError);
    incumbent.expect_nothing();
    assert_eq!(bench.connections(), 1);
}

#[test]
fn two_clients_with_one_id_push_each_other_out_and_leave_nothing_behind() {
    let bench = Bench::plain();
    for n in 0..200 {
        let device = bench.device(if n % 2 == 0 { "x" } else { "y" });
        device.take_all();
        device.v5().with_client_id("d").connect();
        device.subscribe("a/#", 1);
        device.publish("a/b", 1, "own");
        device.take_all();
    }
    assert_eq!((bench.connections(), bench.sessions(), bench.subscriptions()), (1, 1, 1));
    bench.device("y").disconnect();
    bench.expect_empty();
}

// Checks without a test here: 17 (wills are not modelled yet).
