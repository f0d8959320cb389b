//! Shared subscriptions.

use std::collections::BTreeMap;

use squall_codec::ReasonCode;
use squall_core::DiscardRule;
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::{Bench, Device, Fact};

fn members(bench: &Bench, count: usize, persistent: bool) -> Vec<Device> {
    let devices = bench.devices("m", count);
    for device in &devices {
        if persistent {
            device.persistent();
        }
        device.connect().subscribe("$share/g/t/#", 1);
    }
    devices
}

fn discarded_shared(bench: &Bench, rule: DiscardRule) -> usize {
    bench.count(|fact| matches!(fact, Fact::DiscardedShared { rule: found, .. } if *found == rule))
}

#[test]
fn each_message_reaches_one_member_and_every_member_some() {
    // Checks 105 and 111.
    for version in VERSIONS {
        let bench = Bench::plain();
        let devices = bench.devices("m", 3);
        for device in &devices {
            device.with_version(version).connect().subscribe("$share/g/t/#", 1);
        }
        let publisher = bench.device("p").connect();
        let mut got: BTreeMap<String, usize> = BTreeMap::new();
        let mut each = [0; 3];
        for second in 0..6 {
            for n in 0..50 {
                publisher.publish_acked("t/x", format!("{second}.{n}"));
            }
            for (device, count) in devices.iter().zip(&mut each) {
                for payload in device.ack_deliveries() {
                    *got.entry(payload).or_default() += 1;
                    *count += 1;
                }
            }
            bench.advance(1);
        }
        assert_eq!(got.len(), 300);
        assert!(got.values().all(|&copies| copies == 1));
        assert!(each.iter().all(|&count| count > 60), "{each:?}");
    }
}

#[test]
fn groups_get_a_copy_each() {
    // Check 106.
    let bench = Bench::plain();
    let device = bench.device("d").connect();
    assert_eq!(
        device.subscribe_all(&[("$share/c1/s/t", 1), ("$share/c1/s/#", 1), ("$share/c2/s/t", 1), ("s/t", 0)]),
        [1, 1, 1, 0]
    );
    bench.device("p").connect().publish("s/t", 1, "x");
    let qos: Vec<u8> = device.take_deliveries().into_iter().map(|(_, delivery)| delivery.qos).collect();
    assert_eq!(qos, [0, 1, 1, 1]);
    assert_eq!(device.unsubscribe("$share/c1/s/t").len(), 0);
    assert_eq!(bench.shared_groups(), 2);
}

#[test]
fn without_a_session_to_keep_it_a_message_is_lost() {
    // Check 107.
    let bench = Bench::plain();
    let devices = members(&bench, 2, false);
    devices[0].reset();
    let publisher = bench.device("p").connect();
    publisher.publish("t/a", 1, "one");
    devices[1].expect_publish("t/a", 1, "one");
    devices[1].reset();
    publisher.publish("t/a", 1, "two");
    // The group went with its last member, and what that one had not acknowledged too.
    assert_eq!(bench.shared_groups(), 0);
    assert_eq!(discarded_shared(&bench, DiscardRule::NoMember), 1);
    publisher.reset();
    bench.expect_empty();
}

#[test]
fn a_group_stores_for_its_absent_members_and_is_emptied_slowly() {
    // Check 108; broker.md 3.6.
    let bench = Bench::plain();
    let devices = members(&bench, 2, true);
    for device in &devices {
        device.reset();
    }
    let publisher = bench.device("p").connect();
    for n in 0..50 {
        publisher.publish_acked("t/a", n.to_string());
    }
    publisher.publish("t/a", 0, "dropped");
    assert_eq!(bench.count(|fact| *fact == Fact::Queued), 50);
    let device = devices[0].connect();
    let mut got = Vec::new();
    for most in [1, 20, 20, 9] {
        let before = got.len();
        got.extend(device.ack_deliveries());
        assert_eq!(got.len() - before, most);
        bench.advance(1);
    }
    assert_eq!(got, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
    // The group is one; each member got its own pace.
    device.reset();
    publisher.reset();
    bench.advance(3_600);
    bench.expect_empty();
}

#[test]
fn a_joining_member_begins_to_empty_the_store() {
    let bench = Bench::plain();
    members(&bench, 1, true)[0].reset();
    bench.device("p").connect().publish("t/a", 1, "x");
    let joining = bench.device("j").connect().subscribe("$share/g/t/#", 0);
    // Its granted QoS holds for what was stored as well.
    joining.expect_publish("t/a", 0, "x");
}

#[test]
fn what_a_member_did_not_acknowledge_goes_to_another() {
    // broker.md 3.6; v5:4.8.2-6 for the error.
    for persistent in [false, true] {
        let bench = Bench::plain();
        let devices = members(&bench, 2, persistent);
        let publisher = bench.device("p").connect();
        for n in 0..10 {
            publisher.publish_acked("t/a", n.to_string());
        }
        let first = devices[0].take_deliveries().len();
        let mut got = devices[1].ack_deliveries();
        assert_eq!(got.len() + first, 10);
        assert!(first > 0);
        devices[0].reset();
        bench.advance(1);
        got.extend(devices[1].ack_deliveries());
        got.sort();
        assert_eq!(got, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
        // Nothing is left for the first when it returns.
        devices[0].connect();
        bench.advance(30);
        assert_eq!(devices[0].take_deliveries().len(), 0);
    }
}

#[test]
fn members_over_their_rate_leave_it_to_the_store() {
    // broker.md 3.6: queued when members exceed 100 publishes a second.
    let bench = Bench::new(|profile| profile.limits.publishes_per_second_per_connection = 5);
    let device = bench.device("m").persistent().connect().subscribe("$share/g/t/#", 1);
    let publishers = bench.devices("p", 3);
    for publisher in &publishers {
        publisher.connect();
        for n in 0..4 {
            publisher.publish_acked("t/a", n.to_string());
        }
    }
    assert_eq!(device.ack_deliveries().len(), 5);
    bench.advance(1);
    assert_eq!(device.ack_deliveries().len(), 1);
    bench.advance(3);
    assert_eq!(device.ack_deliveries().len(), 6);
}

#[test]
fn groups_have_their_quotas() {
    // Check 110; broker.md 3.6, 7.1.
    for version in VERSIONS {
        let (failure, unsubscribed): (u8, &[u8]) = match version {
            ProtocolVersion::V311 => (0x80, &[]),
            ProtocolVersion::V5 => (ReasonCode::QuotaExceeded.to_u8(), &[0x80]),
        };
        let bench = Bench::new(|profile| {
            profile.limits.shared_groups = 1;
            profile.limits.shared_subscriptions_per_group = 2;
            profile.limits.shared_subscribes_per_second_per_group = 5;
            profile.limits.queued_messages_per_shared_group = 2;
        });
        let devices: Vec<_> =
            bench.devices("m", 3).into_iter().map(|device| device.with_version(version).connect()).collect();
        assert_eq!(devices[0].subscribe_all(&[("$share/g/t", 1), ("$share/h/t", 1)]), [1, failure]);
        assert_eq!(devices[1].subscribe_all(&[("$share/g/t", 1)]), [1]);
        assert_eq!(devices[2].subscribe_all(&[("$share/g/t", 1)]), [failure]);
        assert_eq!(devices[1].subscribe_all(&[("$share/g/t", 1), ("$share/g/t", 1)]), [1, 1]);
        assert_eq!(devices[1].subscribe_all(&[("$share/g/t", 1)]), [failure]);
        assert_eq!(devices[1].unsubscribe("$share/g/t"), unsubscribed);
        bench.advance(1);
        devices[1].unsubscribe("$share/g/t");
        assert_eq!(devices[2].subscribe_all(&[("$share/g/t", 1)]), [1]);
    }
}

#[test]
fn a_full_store_keeps_the_old_and_drops_the_new() {
    // broker.md 3.6.
    let bench = Bench::new(|profile| {
        profile.limits.queued_messages_per_shared_group = 2;
        profile.limits.session_expiry_seconds = 100;
    });
    let devices = members(&bench, 1, true);
    devices[0].reset();
    let publisher = bench.device("p").v5().connect();
    for payload in ["1", "2", "3"] {
        publisher.publish_acked("t/a", payload);
    }
    assert_eq!(discarded_shared(&bench, DiscardRule::SharedQueueFull), 1);
    let device = devices[0].connect();
    bench.advance(1);
    assert_eq!(device.ack_deliveries(), ["1", "2"]);
    // A message's own expiry overrides the session's period (broker.md 3.5).
    device.reset();
    publisher.publish_with("t/a", 1, "short", |publish| {
        publish.properties.message_expiry_interval = Some(5);
    });
    bench.advance(5);
    devices[0].connect().expect_nothing();
    assert_eq!(discarded_shared(&bench, DiscardRule::MessageExpiry), 1);
}

#[test]
fn a_bad_shared_filter_is_none() {
    // Check 109; v5:4.8.2-1, -2.
    let bench = Bench::plain();
    let device = bench.device("d").v5().connect();
    assert_eq!(
        device.subscribe_all(&[("$share/a+b/t", 1), ("$share//t", 1), ("$share/g/$x/#", 1)]),
        [0x8f; 3]
    );
    let long = format!("$share/{}/t", "n".repeat(129));
    let deep = format!("$share/g/{}", "a/".repeat(7));
    assert_eq!(device.subscribe_all(&[(&long, 1), (&deep, 1)]), [0x8f, 1]);
}

#[test]
fn an_emptied_store_counts_in_the_rate_of_the_account() {
    // broker.md 7.1: publishes a second that the account sends to clients.
    let bench = Bench::new(|profile| profile.limits.outbound_publishes_per_second = 1);
    let devices = members(&bench, 1, true);
    devices[0].reset();
    let publisher = bench.device("p").connect();
    for n in 0..3 {
        publisher.publish_acked("t/a", n.to_string());
    }
    let device = devices[0].connect();
    // Members that were given nothing are asked again after a second, so not every second has its message.
    let mut got = Vec::new();
    for _ in 0..5 {
        let now = device.ack_deliveries();
        assert!(now.len() <= 1, "{now:?}");
        got.extend(now);
        bench.advance(1);
    }
    assert_eq!(got, ["0", "1", "2"]);
}
