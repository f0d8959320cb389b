//! Topics that begin with `$`: reserved for services of the account (`broker.md` 6).
//!
//! The broker's part is here: who may publish and subscribe where. Most services behind are not modelled yet, so
//! whoever reaches one of those is told of in [`Fact::NotModelled`](crate::Fact): the message is carried, and nobody answers it.

use squall_types::{filter_matches, split_shared};

use self::Reached::{NotModelled, Served};
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

/// What a reserved topic leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Something that the service does.
    Served,
    /// Nobody, so far.
    NotModelled(Feature),
}

/// Basic Ingest: `$aws/rules/RULE/TOPIC`, of which nobody but the rule hears.
const RULES: &str = "$aws/rules/";

/// Lifecycle, registry and job events.
const EVENTS: &str = "$aws/events/#";

/// Every reserved topic. `+` stands for a level, `#` for one or more at the end.
const TOPICS: &[(&str, Open, Reached)] = &[
    ("$aws/rules/+", Open::Publish, NotModelled(Feature::Rules)),
    ("$aws/rules/+/#", Open::Publish, NotModelled(Feature::Rules)),
    ("$aws/things/+/jobs/get", Open::Publish, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/start-next", Open::Publish, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/+/get", Open::Publish, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/+/update", Open::Publish, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/notify", Open::Subscribe, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/notify-next", Open::Subscribe, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/get/+", Open::Subscribe, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/start-next/+", Open::Subscribe, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/+/get/+", Open::Subscribe, NotModelled(Feature::Jobs)),
    ("$aws/things/+/jobs/+/update/+", Open::Subscribe, NotModelled(Feature::Jobs)),
    ("$aws/certificates/create/+", Open::Publish, Served),
    ("$aws/certificates/create-from-csr/+", Open::Publish, Served),
    ("$aws/provisioning-templates/+/provision/+", Open::Publish, Served),
    ("$aws/commands/+/+/executions/+/request", Open::Subscribe, NotModelled(Feature::Commands)),
    ("$aws/commands/+/+/executions/+/request/+", Open::Subscribe, NotModelled(Feature::Commands)),
    ("$aws/commands/+/+/executions/+/response/+", Open::Both, NotModelled(Feature::Commands)),
    ("$aws/commands/+/+/executions/+/response/+/+", Open::Subscribe, NotModelled(Feature::Commands)),
    ("$aws/things/+/streams/+/get/+", Open::Publish, NotModelled(Feature::Streams)),
    ("$aws/things/+/streams/+/describe/+", Open::Publish, NotModelled(Feature::Streams)),
    ("$aws/things/+/streams/+/data/+", Open::Subscribe, NotModelled(Feature::Streams)),
    ("$aws/things/+/streams/+/description/+", Open::Subscribe, NotModelled(Feature::Streams)),
    ("$aws/things/+/streams/+/rejected/+", Open::Subscribe, NotModelled(Feature::Streams)),
    ("$aws/things/+/defender/metrics/+", Open::Publish, NotModelled(Feature::Defender)),
    ("$aws/things/+/defender/metrics/+/+", Open::Subscribe, NotModelled(Feature::Defender)),
    ("$aws/things/+/tunnels/notify", Open::Subscribe, NotModelled(Feature::Tunnels)),
    ("$aws/device_location/+/get_position_estimate", Open::Publish, NotModelled(Feature::Location)),
    ("$aws/device_location/+/get_position_estimate/+", Open::Subscribe, NotModelled(Feature::Location)),
    ("$aws/sitewise/asset-models/+/assets/+/properties/+", Open::Subscribe, NotModelled(Feature::SiteWise)),
    // Before those that are served: so that a filter which asks for several families hears that not all are.
    ("$aws/events/job/#", Open::Subscribe, NotModelled(Feature::Events)),
    ("$aws/events/jobExecution/#", Open::Subscribe, NotModelled(Feature::Events)),
    ("$aws/events/presence/connect_failed/#", Open::Subscribe, Served),
    ("$aws/events/presence/connected/#", Open::Subscribe, Served),
    ("$aws/events/presence/disconnected/#", Open::Subscribe, Served),
    ("$aws/events/subscriptions/subscribed/#", Open::Subscribe, Served),
    ("$aws/events/subscriptions/unsubscribed/#", Open::Subscribe, Served),
    ("$aws/events/thing/#", Open::Subscribe, Served),
    ("$aws/events/thingGroup/#", Open::Subscribe, Served),
    ("$aws/events/thingType/#", Open::Subscribe, Served),
    ("$aws/events/thingTypeAssociation/#", Open::Subscribe, Served),
    ("$aws/events/thingGroupMembership/#", Open::Subscribe, Served),
    ("$aws/events/thingGroupHierarchy/#", Open::Subscribe, Served),
    ("$aws/events/certificates/registered/#", Open::Subscribe, Served),
    ("$aws/certificates/create/+/+", Open::Subscribe, Served),
    ("$aws/certificates/create-from-csr/+/+", Open::Subscribe, Served),
    ("$aws/provisioning-templates/+/provision/+/+", Open::Subscribe, Served),
    ("$aws/things/+/shadow/get", Open::Both, Served),
    ("$aws/things/+/shadow/update", Open::Both, Served),
    ("$aws/things/+/shadow/delete", Open::Both, Served),
    ("$aws/things/+/shadow/get/+", Open::Subscribe, Served),
    ("$aws/things/+/shadow/update/+", Open::Subscribe, Served),
    ("$aws/things/+/shadow/delete/+", Open::Subscribe, Served),
    ("$aws/things/+/shadow/name/+/get", Open::Both, Served),
    ("$aws/things/+/shadow/name/+/update", Open::Both, Served),
    ("$aws/things/+/shadow/name/+/delete", Open::Both, Served),
    ("$aws/things/+/shadow/name/+/get/+", Open::Subscribe, Served),
    ("$aws/things/+/shadow/name/+/update/+", Open::Subscribe, Served),
    ("$aws/things/+/shadow/name/+/delete/+", Open::Subscribe, Served),
    (EVENTS, Open::Subscribe, NotModelled(Feature::Events)),
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

/// What a reserved topic name, or filter, reaches; `None` if this use of it is refused. Of several the first counts.
pub(crate) fn reached(text: &str, wanted: ReservedUse) -> Option<Reached> {
    let reaches = |pattern: &str, open: Open| match wanted {
        ReservedUse::Publish => open != Open::Subscribe && filter_matches(pattern, text, false),
        ReservedUse::Subscribe => open != Open::Publish && overlaps(text, pattern),
    };
    TOPICS.iter().find(|(pattern, open, _)| reaches(pattern, *open)).map(|(_, _, reached)| *reached)
}

/// Whether a filter, shared or not, can match a topic of `$aws/events/`. A leading wildcard matches none.
pub(crate) fn may_match_events(filter: &str) -> bool {
    if !filter.starts_with('$') {
        return false;
    }
    let plain = split_shared(filter).and_then(Result::ok).map_or(filter, |shared| shared.filter);
    plain.starts_with('$') && overlaps(plain, EVENTS)
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
            ("$aws/rules/r/a", Publish, Some(NotModelled(Feature::Rules))),
            ("$aws/rules/r", Publish, Some(NotModelled(Feature::Rules))),
            // Check 154: nobody subscribes to Basic Ingest.
            ("$aws/rules/r/#", Subscribe, None),
            ("$aws/things/t/shadow/update", Publish, Some(Served)),
            ("$aws/things/t/shadow/update/accepted", Publish, None),
            ("$aws/things/t/shadow/update/accepted", Subscribe, Some(Served)),
            ("$aws/things/+/shadow/#", Subscribe, Some(Served)),
            ("$aws/things/t/shadow/name/n/get", Publish, Some(Served)),
            ("$aws/things/t/jobs/get", Publish, Some(NotModelled(Feature::Jobs))),
            ("$aws/things/t/jobs/get", Subscribe, None),
            ("$aws/things/t/nonsense", Publish, None),
            ("$aws/things/t", Publish, None),
            ("$aws/certificates/create/json", Publish, Some(Served)),
            ("$aws/certificates/create/json/accepted", Publish, None),
            ("$aws/certificates/create/json/accepted", Subscribe, Some(Served)),
            ("$aws/provisioning-templates/T/provision/cbor", Publish, Some(Served)),
            ("$aws/provisioning-templates/T/provision/cbor/+", Subscribe, Some(Served)),
            ("$aws/events/certificates/registered/+", Subscribe, Some(Served)),
            ("$aws/events/thing/t/created", Subscribe, Some(Served)),
            ("$aws/events/thingGroupMembership/thingGroup/g/thing/t/added", Subscribe, Some(Served)),
            ("$aws/events/presence/connected/+", Subscribe, Some(Served)),
            ("$aws/events/presence/+/#", Subscribe, Some(Served)),
            ("$aws/events/subscriptions/subscribed/a/b", Subscribe, Some(Served)),
            ("$aws/events/presence/connect_failed/+", Subscribe, Some(Served)),
            ("$aws/events/job/j/completed", Subscribe, Some(NotModelled(Feature::Events))),
            ("$aws/events/#", Subscribe, Some(NotModelled(Feature::Events))),
            ("$aws/events/presence/connected/c", Publish, None),
            ("$aws/#", Subscribe, Some(NotModelled(Feature::Jobs))),
            ("$invalid/reserved/topic", Subscribe, None),
            ("$SYS/#", Subscribe, None),
            ("$aws", Publish, None),
        ] {
            assert_eq!(reached(text, wanted), expected, "{text} {wanted:?}");
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

    #[test]
    fn only_some_filters_can_match_events() {
        for (filter, expected) in [
            ("#", false),
            ("+/events/#", false),
            ("$share/g/#", false),
            ("$aws/things/+/shadow/#", false),
            ("$aws/#", true),
            ("$aws/+/presence/connected/c", true),
            ("$aws/events/presence/connected/c", true),
            ("$share/g/$aws/events/#", true),
        ] {
            assert_eq!(may_match_events(filter), expected, "{filter}");
        }
    }
}
