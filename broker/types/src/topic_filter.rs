//! Topic filters: what a client subscribes with.

use thiserror::Error;

/// Why a text is not a topic filter by the letter of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TopicFilterError {
    /// MQTT-4.7.3-1.
    #[error("a topic filter has at least one character")]
    Empty,
    /// MQTT-4.7.1-2.
    #[error("'#' stands alone in the last level of a topic filter")]
    MultiLevelWildcard,
    /// MQTT-4.7.1-3.
    #[error("'+' stands alone in its level of a topic filter")]
    SingleLevelWildcard,
    /// MQTT-4.7.3-2.
    #[error("a topic filter has no NUL character")]
    Nul,
    /// MQTT 5 4.8.2-1, 4.8.2-2.
    #[error("a shared filter reads $share/NAME/FILTER with a NAME free of '/', '+' and '#'")]
    Shared,
}

/// A `$share/NAME/FILTER` taken apart (`broker.md` 3.6; the service knows it in 3.1.1 as well).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedFilter<'a> {
    /// The share name.
    pub name: &'a str,
    /// The filter that topics are matched with.
    pub filter: &'a str,
}

/// Checks `text` as a topic filter, shared or not.
///
/// # Errors
/// The first rule of MQTT 4.7 or 4.8.2 that it breaks.
pub fn validate_topic_filter(text: &str) -> Result<(), TopicFilterError> {
    let plain = match split_shared(text) {
        Some(shared) => shared?.filter,
        None => text,
    };
    if plain.is_empty() {
        return Err(TopicFilterError::Empty);
    }
    if plain.as_bytes().contains(&0) {
        return Err(TopicFilterError::Nul);
    }
    let mut levels = plain.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level.len() > 1 || levels.peek().is_some()) {
            return Err(TopicFilterError::MultiLevelWildcard);
        }
        if level.contains('+') && level.len() > 1 {
            return Err(TopicFilterError::SingleLevelWildcard);
        }
    }
    Ok(())
}

/// Takes a `$share/...` filter apart; `None` for a filter that is not shared.
pub fn split_shared(text: &str) -> Option<Result<SharedFilter<'_>, TopicFilterError>> {
    let rest = text.strip_prefix("$share")?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let parts = rest.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    Some(match parts {
        Some((name, filter)) if !name.is_empty() && !name.contains(['+', '#']) && !filter.is_empty() => {
            Ok(SharedFilter { name, filter })
        }
        _ => Err(TopicFilterError::Shared),
    })
}

/// Whether a topic name matches a filter that is valid and not shared.
///
/// `hash_matches_parent` is MQTT's own rule that `a/#` also matches `a`; the service differs
/// (`broker.md` 2.7). A leading wildcard never matches a topic that begins with `$` (MQTT-4.7.2-1).
pub fn filter_matches(filter: &str, topic: &str, hash_matches_parent: bool) -> bool {
    if topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#')) {
        return false;
    }
    let mut filter_levels = filter.split('/');
    let mut topic_levels = topic.split('/');
    loop {
        match (filter_levels.next(), topic_levels.next()) {
            (Some("#"), Some(_)) | (None, None) => return true,
            (Some("#"), None) => return hash_matches_parent,
            (Some("+"), Some(_)) => {}
            (Some(filter_level), Some(topic_level)) if filter_level == topic_level => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_follow_mqtt_4_7_and_4_8_2() {
        for (text, expected) in [
            ("a", Ok(())),
            ("#", Ok(())),
            ("+", Ok(())),
            ("/+", Ok(())),
            ("+/a/#", Ok(())),
            ("a//b", Ok(())),
            ("$share/g/a/#", Ok(())),
            ("$share/g//", Ok(())),
            ("$shared/g", Ok(())),
            ("", Err(TopicFilterError::Empty)),
            ("a#", Err(TopicFilterError::MultiLevelWildcard)),
            ("#/a", Err(TopicFilterError::MultiLevelWildcard)),
            ("a/#/b", Err(TopicFilterError::MultiLevelWildcard)),
            ("a+/b", Err(TopicFilterError::SingleLevelWildcard)),
            ("a\0", Err(TopicFilterError::Nul)),
            ("$share", Err(TopicFilterError::Shared)),
            ("$share//t", Err(TopicFilterError::Shared)),
            ("$share/a+b/t", Err(TopicFilterError::Shared)),
            ("$share/g", Err(TopicFilterError::Shared)),
            ("$share/g/", Err(TopicFilterError::Shared)),
        ] {
            assert_eq!(validate_topic_filter(text), expected, "{text:?}");
        }
    }

    #[test]
    fn matching_follows_the_service() {
        for (filter, topic, expected) in [
            ("sensor/#", "sensor/", true),
            ("sensor/#", "sensor/a/b", true),
            ("sensor/+/room1", "sensor/t/room1", true),
            ("sensor/+/room1", "sensor/t/room2", false),
            ("sensor/+/room1", "sensor/a/b/room1", false),
            ("#", "$aws/events/x", false),
            ("+/events/x", "$aws/events/x", false),
            ("$aws/events/+", "$aws/events/x", true),
            ("+", "", true),
            ("+/+", "/a", true),
            ("/+", "a", false),
            ("A", "a", false),
        ] {
            assert_eq!(filter_matches(filter, topic, false), expected, "{filter} {topic}");
        }
        // broker.md 2.7: the service leaves the parent level out, MQTT 4.7.1.2 has it in.
        assert!(!filter_matches("sensor/#", "sensor", false));
        assert!(filter_matches("sensor/#", "sensor", true));
    }
}
