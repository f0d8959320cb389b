//! Topics that begin with `$`: reserved for services of the account (`broker.md` 6).
//!
//! The broker's part is here: who may publish and subscribe where. The services behind are not modelled yet, so
//! whoever reaches one is told to [`Fact::NotModelled`](crate::Fact): the message is carried, and nobody answers it.

use squall_types::filter_matches;

use crate::fact::Feature;

/// What a client wants with a reserved topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReservedUse {
    Publish,
    Subscribe,
}

/// Who may use a family of reserved topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Publish,
    Subscribe,
    Both,
}

/// Basic Ingest: `$aws/rules/RULE/TOPIC`, of which nobody but the rule hears.
const RULES: &str = "$aws/rules/";

/// Every reserved topic. `+` stands for a level, `#` for one or more at the end.
const TOPICS: &[(&str, Open, Feature)] = &[
    ("$aws/rules/+", Open::Publish, Feature::Rules),
    ("$aws/rules/+/#", Open::Publish, Feature::Rules),
    ("$aws/things/+/shadow/get", Open::Both, Feature::Shadows),
    ("$aws/things/+/shadow/update", Open::Both, Feature::Shadows),
    ("$aws/things/+/shadow/delete", Open::Both, Feature::Shadows),
    ("$aws/things/+/shadow/get/+", Open::Subscribe, Feature::Shadows),
    ("$aws/things/+/shadow/update/+", Open::Subscribe, Feature::Shadows),
    ("$aws/things/+/shadow/delete/+", Open::Subscribe, Feature::Shadows),
    ("$aws/things/+/shadow/name/+/get", Open::Both, Feature::Shadows),
    ("$aws/things/+/shadow/name/+/update", Open::Both, Feature::Shadows),
    ("$aws/things/+/shadow/name/+/delete", Open::Both, Feature::Shadows),
    ("$aws/things/+/shadow/name/+/get/+", Open::Subscribe, Feature::Shadows),
    ("$aws/things/+/shadow/name/+/update/+", Open::Subscribe, Feature::Shadows),
    ("$aws/things/+/shadow/name/+/delete/+", Open::Subscribe, Feature::Shadows),
    ("$aws/things/+/jobs/get", Open::Publish, Feature::Jobs),
    ("$aws/things/+/jobs/start-next", Open::Publish, Feature::Jobs),
    ("$aws/things/+/jobs/+/get", Open::Publish, Feature::Jobs),
    ("$aws/things/+/jobs/+/update", Open::Publish, Feature::Jobs),
    ("$aws/things/+/jobs/notify", Open::Subscribe, Feature::Jobs),
    ("$aws/things/+/jobs/notify-next", Open::Subscribe, Feature::Jobs),
    ("$aws/things/+/jobs/get/+", Open::Subscribe, Feature::Jobs),
    ("$aws/things/+/jobs/start-next/+", Open::Subscribe, Feature::Jobs),
    ("$aws/things/+/jobs/+/get/+", Open::Subscribe, Feature::Jobs),
    ("$aws/things/+/jobs/+/update/+", Open::Subscribe, Feature::Jobs),
    ("$aws/certificates/create/+", Open::Publish, Feature::Provisioning),
    ("$aws/certificates/create-from-csr/+", Open::Publish, Feature::Provisioning),
    ("$aws/provisioning-templates/+/provision/+", Open::Publish, Feature::Provisioning),
    ("$aws/certificates/create/+/+", Open::Subscribe, Feature::Provisioning),
    ("$aws/certificates/create-from-csr/+/+", Open::Subscribe, Feature::Provisioning),
    ("$aws/provisioning-templates/+/provision/+/+", Open::Subscribe, Feature::Provisioning),
    ("$aws/commands/+/+/executions/+/request", Open::Subscribe, Feature::Commands),
    ("$aws/commands/+/+/executions/+/request/+", Open::Subscribe, Feature::Commands),
    ("$aws/commands/+/+/executions/+/response/+", Open::Both, Feature::Commands),
    ("$aws/commands/+/+/executions/+/response/+/+", Open::Subscribe, Feature::Commands),
    ("$aws/things/+/streams/+/get/+", Open::Publish, Feature::Streams),
    ("$aws/things/+/streams/+/describe/+", Open::Publish, Feature::Streams),
    ("$aws/things/+/streams/+/data/+", Open::Subscribe, Feature::Streams),
    ("$aws/things/+/streams/+/description/+", Open::Subscribe, Feature::Streams),
    ("$aws/things/+/streams/+/rejected/+", Open::Subscribe, Feature::Streams),
    ("$aws/things/+/defender/metrics/+", Open::Publish, Feature::Defender),
    ("$aws/things/+/defender/metrics/+/+", Open::Subscribe, Feature::Defender),
    ("$aws/things/+/tunnels/notify", Open::Subscribe, Feature::Tunnels),
    ("$aws/device_location/+/get_position_estimate", Open::Publish, Feature::Location),
    ("$aws/device_location/+/get_position_estimate/+", Open::Subscribe, Feature::Location),
    ("$aws/sitewise/asset-models/+/assets/+/properties/+", Open::Subscribe, Feature::SiteWise),
    ("$aws/events/#", Open::Subscribe, Feature::Events),
];

/// Whether a topic name or filter is reserved.
#[inline]
pub(crate) fn is_reserved(text: &str) -> bool {
    text.starts_with('$')
}

/// What follows `$aws/rules/RULE/`, which counts in no limit of topics (`broker.md` 2.4).
pub(crate) fn basic_ingest_topic(topic: &str) -> Option<&str> {
    let rest = topic.strip_prefix(RULES)?;
    Some(rest.split_once('/').map_or("", |(_, topic)| topic))
}

/// The service that a reserved topic name, or filter, reaches; `None` if this use of it is refused.
pub(crate) fn feature_of(text: &str, wanted: ReservedUse) -> Option<Feature> {
    let reaches = |pattern: &str, open: Open| match wanted {
        ReservedUse::Publish => open != Open::Subscribe && filter_matches(pattern, text, false),
        ReservedUse::Subscribe => open != Open::Publish && overlaps(text, pattern),
    };
    TOPICS.iter().find(|(pattern, open, _)| reaches(pattern, *open)).map(|(_, _, feature)| *feature)
}

/// Whether some topic is matched by both filters.
fn overlaps(one: &str, other: &str) -> bool {
    let mut one = one.split('/');
    let mut other = other.split('/');
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some("#"), Some(_)) | (Some(_), Some("#")) => return true,
            (Some(_), None) | (None, Some(_)) => return false,
            (Some("+"), Some(level)) | (Some(level), Some("+")) if level != "$aws" => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_topics_belong_to_their_services() {
        use ReservedUse::{Publish, Subscribe};
        for (text, wanted, expected) in [
            ("$aws/rules/r/a", Publish, Some(Feature::Rules)),
            ("$aws/rules/r", Publish, Some(Feature::Rules)),
            // Check 154: nobody subscribes to Basic Ingest.
            ("$aws/rules/r/#", Subscribe, None),
            ("$aws/things/t/shadow/update", Publish, Some(Feature::Shadows)),
            ("$aws/things/t/shadow/update/accepted", Publish, None),
            ("$aws/things/t/shadow/update/accepted", Subscribe, Some(Feature::Shadows)),
            ("$aws/things/+/shadow/#", Subscribe, Some(Feature::Shadows)),
            ("$aws/things/t/shadow/name/n/get", Publish, Some(Feature::Shadows)),
            ("$aws/things/t/jobs/get", Publish, Some(Feature::Jobs)),
            ("$aws/things/t/jobs/get", Subscribe, None),
            ("$aws/things/t/nonsense", Publish, None),
            ("$aws/things/t", Publish, None),
            ("$aws/certificates/create/json", Publish, Some(Feature::Provisioning)),
            ("$aws/events/presence/connected/+", Subscribe, Some(Feature::Events)),
            ("$aws/events/presence/connected/c", Publish, None),
            ("$aws/#", Subscribe, Some(Feature::Shadows)),
            ("$invalid/reserved/topic", Subscribe, None),
            ("$SYS/#", Subscribe, None),
            ("$aws", Publish, None),
        ] {
            assert_eq!(feature_of(text, wanted), expected, "{text} {wanted:?}");
        }
    }

    #[test]
    fn basic_ingest_counts_from_the_level_after_the_rule() {
        for (topic, expected) in [
            ("$aws/rules/r/a/b", Some("a/b")),
            ("$aws/rules/r", Some("")),
            ("$aws/things/t/shadow/get", None),
        ] {
            assert_eq!(basic_ingest_topic(topic), expected);
        }
    }
}
