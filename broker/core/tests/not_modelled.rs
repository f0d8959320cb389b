//! Services behind reserved topics are not modelled: the broker's own part is done, and a fact says so loudly each time.

use squall_codec::ReasonCode;
use squall_core::{DisconnectReason, Feature};
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::Bench;

#[test]
fn a_reserved_topic_is_carried_and_declared() {
    // Checks 53, 54, 57, 153; broker.md 6.
    for version in VERSIONS {
        let bench = Bench::plain();
        let all = bench.device("all").connect().subscribe("#", 1).subscribe("+/commands/#", 1);
        let device = bench.device("d").with_version(version).connect();
        let response = "$aws/commands/things/t/executions/e/response/json";
        device.subscribe(response, 1);
        let packet_id = device.publish(response, 1, "{}");
        device.expect_publish(response, 1, "{}");
        device.expect_puback(packet_id);
        // Basic Ingest is acknowledged and reaches no subscriber.
        let packet_id = device.publish("$aws/rules/r/a", 1, "x");
        device.expect_puback(packet_id);
        device.expect_nothing();
        all.expect_nothing();
        assert_eq!(bench.not_modelled(), [Feature::Commands, Feature::Commands, Feature::Rules]);
    }
}

#[test]
fn a_reserved_topic_that_nobody_may_use_is_refused() {
    // Checks 79, 154; broker.md 2.3, 6.
    for version in VERSIONS {
        for (topic, retain) in
            [("$aws/things/t/shadow/update/accepted", false), ("$x", false), ("$aws/rules/r/a", true)]
        {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).connect();
            let packet_id = device.publish_with(topic, 1, "x", |publish| publish.retain = retain);
            match version {
                ProtocolVersion::V311 => device.expect_close(DisconnectReason::ClientError),
                ProtocolVersion::V5 => device.expect_puback_with(packet_id, ReasonCode::TopicNameInvalid),
            }
            assert_eq!(bench.not_modelled(), []);
        }
        let failure = if version == ProtocolVersion::V5 { 0x8f } else { 0x80 };
        let bench = Bench::plain();
        let device = bench.device("d").with_version(version).connect();
        assert_eq!(device.subscribe_all(&[("$x/#", 1), ("$aws/rules/r/#", 1), ("$SYS", 0)]), [failure; 3]);
        assert_eq!(bench.not_modelled(), []);
    }
}

#[test]
fn every_feature_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Feature::ALL.len());
}
