//! Topic names: what a message is published to.

use thiserror::Error;

/// Why a text is not a topic name by the letter of MQTT (the service's length limits are the core's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TopicNameError {
    /// MQTT-4.7.3-1.
    #[error("a topic name has at least one character")]
    Empty,
    /// MQTT-3.3.2-2, MQTT-4.7.1-1.
    #[error("a topic name has no wildcard, found '{0}'")]
    Wildcard(char),
    /// MQTT-4.7.3-2.
    #[error("a topic name has no NUL character")]
    Nul,
}

/// Checks `text` as a topic name.
///
/// # Errors
/// The first rule of MQTT 4.7 that it breaks.
pub fn validate_topic_name(text: &str) -> Result<(), TopicNameError> {
    if text.is_empty() {
        return Err(TopicNameError::Empty);
    }
    // One pass without early branches per byte: the common name has none of the three.
    if !text.bytes().any(|byte| matches!(byte, b'+' | b'#' | 0)) {
        return Ok(());
    }
    Err(match text.bytes().find(|byte| matches!(byte, b'+' | b'#' | 0)) {
        Some(b'+') => TopicNameError::Wildcard('+'),
        Some(b'#') => TopicNameError::Wildcard('#'),
        _ => TopicNameError::Nul,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_names_follow_mqtt_4_7() {
        for (text, expected) in [
            ("a", Ok(())),
            ("/", Ok(())),
            ("a//b", Ok(())),
            ("$aws/things/t/shadow/get", Ok(())),
            ("ü/温度", Ok(())),
            ("", Err(TopicNameError::Empty)),
            ("a/+/b", Err(TopicNameError::Wildcard('+'))),
            ("a/b#", Err(TopicNameError::Wildcard('#'))),
            ("a\0", Err(TopicNameError::Nul)),
        ] {
            assert_eq!(validate_topic_name(text), expected, "{text:?}");
        }
    }
}
