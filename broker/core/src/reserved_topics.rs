//! Topics that begin with `$`: reserved for services of the account (`broker.md` 6).
//!
//! None of these services is modelled yet. A topic or filter that belongs to one is refused loudly; what belongs to
//! none is refused because the service itself refuses it (`broker.md` 2.3, 2.4).

use crate::fact::Feature;

/// What a client wants with a reserved topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReservedUse {
    Publish,
    Subscribe,
}

/// Whether a topic name or filter is reserved.
pub(crate) fn is_reserved(text: &str) -> bool {
    text.starts_with('$')
}

/// The service that a reserved topic name, or filter, would reach; `None` if the service refuses it anyway.
pub(crate) fn feature_of(text: &str, wanted: ReservedUse) -> Option<Feature> {
    let mut levels = text.strip_prefix("$aws/")?.split('/');
    match levels.next()? {
        // Check 154: nobody subscribes to Basic Ingest.
        "rules" => (wanted == ReservedUse::Publish).then_some(Feature::Rules),
        "things" => match levels.nth(1)? {
            "shadow" => Some(Feature::Shadows),
            "jobs" => Some(Feature::Jobs),
            "streams" => Some(Feature::Streams),
            "defender" => Some(Feature::Defender),
            "tunnels" => Some(Feature::Tunnels),
            // A filter that reaches into several of them.
            "+" | "#" => (wanted == ReservedUse::Subscribe).then_some(Feature::Shadows),
            _ => None,
        },
        "certificates" | "provisioning-templates" => Some(Feature::Provisioning),
        "commands" => Some(Feature::Commands),
        "device_location" => Some(Feature::Location),
        "sitewise" => (wanted == ReservedUse::Subscribe).then_some(Feature::SiteWise),
        "events" => (wanted == ReservedUse::Subscribe).then_some(Feature::Events),
        _ => None,
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
            ("$aws/rules/r/#", Subscribe, None),
            ("$aws/things/t/shadow/update", Publish, Some(Feature::Shadows)),
            ("$aws/things/+/shadow/#", Subscribe, Some(Feature::Shadows)),
            ("$aws/things/t/jobs/get", Publish, Some(Feature::Jobs)),
            ("$aws/things/t/nonsense", Publish, None),
            ("$aws/things/t", Publish, None),
            ("$aws/certificates/create/json", Publish, Some(Feature::Provisioning)),
            ("$aws/events/presence/connected/+", Subscribe, Some(Feature::Events)),
            ("$aws/events/presence/connected/c", Publish, None),
            ("$invalid/reserved/topic", Subscribe, None),
            ("$SYS/#", Subscribe, None),
            ("$aws", Publish, None),
        ] {
            assert_eq!(feature_of(text, wanted), expected, "{text} {wanted:?}");
        }
    }
}
