//! What this broker does not model is refused loudly, with a fact: never approximated.

use squall_codec::ReasonCode;
use squall_core::{DisconnectReason, Feature};
use squall_types::ProtocolVersion;

use crate::VERSIONS;
use crate::support::Bench;

#[test]
fn a_reserved_topic_is_refused() {
    // Checks 53, 54, 57; broker.md 2.3 and 6.
    for version in VERSIONS {
        for (topic, features) in [
            ("$aws/things/t/shadow/update", [Some(Feature::Shadows); 4]),
            // Check 154: nobody may subscribe there, so that is no missing feature.
            ("$aws/rules/r/a", [Some(Feature::Rules), Some(Feature::Rules), None, Some(Feature::Rules)]),
            // No service has it.
            ("$x", [None; 4]),
        ] {
            let bench = Bench::plain();
            let device = bench.device("d").with_version(version).connect();
            let packet_id = device.publish(topic, 1, "x");
            match version {
                ProtocolVersion::V311 => device.expect_close(DisconnectReason::ClientError),
                ProtocolVersion::V5 => device.expect_puback_with(packet_id, ReasonCode::TopicNameInvalid),
            }
            let device = device.connect();
            device.publish(topic, 0, "x");
            device.take_all();
            assert!(!device.is_open());
            let failure = if version == ProtocolVersion::V5 { 0x8f } else { 0x80 };
            assert_eq!(device.connect().subscribe_all(&[(topic, 1)]), [failure]);
            bench.https_publish(topic, 0, b"x");
            let expected: Vec<Feature> = features.into_iter().flatten().collect();
            assert_eq!(bench.not_modelled(), expected, "{topic}");
        }
    }
}

#[test]
fn every_feature_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Feature::ALL.len());
}
