//! Metering: billable units by connection tag, dimension and cause (`pricing.md` section 1).

use core::time::Duration;

use squall_types::Timestamp;

use crate::input::Tag;

/// One metered unit of messaging: 5 KB of 1,024 bytes (`pricing.md` section 1).
pub const MESSAGE_UNIT_BYTES: usize = 5_120;

/// What is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Messages, in units of 5 KB.
    Messages,
    /// Connected time, in minutes begun.
    ConnectivityMinutes,
    /// Gets, updates and deletes of shadows, in units of 1 KB of the state.
    ShadowOperations,
    /// Calls of the registry, in units of 1 KB of the record.
    RegistryOperations,
    /// Rules triggered, in units of 5 KB of the message.
    RulesTriggered,
    /// Rule actions, in units of 5 KB of what goes out.
    Actions,
}

impl Dimension {
    /// The spelling in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::ConnectivityMinutes => "connectivity_minutes",
            Self::ShadowOperations => "shadow_operations",
            Self::RegistryOperations => "registry_operations",
            Self::RulesTriggered => "rules_triggered",
            Self::Actions => "actions",
        }
    }
}

/// What brought the units about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Cause {
    /// An accepted CONNECT.
    Connect,
    /// A PUBLISH taken from a client.
    PublishIn,
    /// A PUBLISH sent to a client.
    PublishOut,
    /// A PUBACK taken from a client.
    PubAckIn,
    /// A SUBSCRIBE.
    Subscribe,
    /// A message stored for an offline session or a group of shared subscriptions.
    Queued,
    /// A PUBLISH with RETAIN, on top of itself.
    Retained,
    /// A will that was published.
    Will,
    /// An HTTPS request of the data plane.
    HttpRequest,
    /// The answer to one.
    HttpResponse,
    /// A connection that stood.
    Connected,
    /// A get, update or delete of a shadow that was accepted.
    ShadowOperation,
    /// A call of the registry that is listed as metered.
    RegistryCall,
    /// A message that matched a rule.
    RuleTriggered,
    /// What a rule did with one.
    RuleAction,
}

impl Cause {
    /// All causes.
    pub const ALL: &[Self] = &[
        Self::Connect,
        Self::PublishIn,
        Self::PublishOut,
        Self::PubAckIn,
        Self::Subscribe,
        Self::Queued,
        Self::Retained,
        Self::Will,
        Self::HttpRequest,
        Self::HttpResponse,
        Self::Connected,
        Self::ShadowOperation,
        Self::RegistryCall,
        Self::RuleTriggered,
        Self::RuleAction,
    ];

    /// The spelling in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::PublishIn => "publish_in",
            Self::PublishOut => "publish_out",
            Self::PubAckIn => "puback_in",
            Self::Subscribe => "subscribe",
            Self::Queued => "queued",
            Self::Retained => "retained",
            Self::Will => "will",
            Self::HttpRequest => "http_request",
            Self::HttpResponse => "http_response",
            Self::Connected => "connected",
            Self::ShadowOperation => "shadow_operation",
            Self::RegistryCall => "registry_call",
            Self::RuleTriggered => "rule_triggered",
            Self::RuleAction => "rule_action",
        }
    }

    /// The dimension that the cause counts in.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Connected => Dimension::ConnectivityMinutes,
            Self::ShadowOperation => Dimension::ShadowOperations,
            Self::RegistryCall => Dimension::RegistryOperations,
            Self::RuleTriggered => Dimension::RulesTriggered,
            Self::RuleAction => Dimension::Actions,
            _ => Dimension::Messages,
        }
    }
}

const CAUSES: usize = Cause::ALL.len();

/// Units so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    by_tag: Vec<[u64; CAUSES]>,
}

impl Meter {
    /// The units of `cause` for connections of `tag`.
    pub fn units(&self, tag: Tag, cause: Cause) -> u64 {
        self.by_tag.get(usize::from(tag.0)).map_or(0, |causes| causes[cause as usize])
    }

    #[inline]
    pub(crate) fn add(&mut self, tag: Tag, cause: Cause, units: u64) {
        let index = usize::from(tag.0);
        if index >= self.by_tag.len() {
            self.by_tag.resize(index + 1, [0; CAUSES]);
        }
        self.by_tag[index][cause as usize] += units;
    }

    #[inline]
    pub(crate) fn add_message(&mut self, tag: Tag, cause: Cause, bytes: usize) {
        self.add(tag, cause, message_units(bytes));
    }
}

/// Messaging units of so many bytes: every 5 KB begun, at least one.
pub const fn message_units(bytes: usize) -> u64 {
    if bytes == 0 { 1 } else { bytes.div_ceil(MESSAGE_UNIT_BYTES) as u64 }
}

/// Shadow operations of so many bytes of state: every 1 KB begun, at least one (`pricing.md` 1.2, P28).
pub(crate) const fn shadow_units(bytes: usize) -> u64 {
    if bytes == 0 { 1 } else { bytes.div_ceil(1_024) as u64 }
}

/// Minutes begun by a connection that stood from `from` to `to`; a part of a minute counts whole, and a
/// connection counts at least one (`pricing.md` 1.2).
pub(crate) const fn connected_minutes(from: Timestamp, to: Timestamp) -> u64 {
    const MINUTE: u64 = Duration::from_secs(60).as_nanos() as u64;
    let minutes = to.0.saturating_sub(from.0).div_ceil(MINUTE);
    if minutes == 0 { 1 } else { minutes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_metered_in_steps_of_5_kb() {
        // pricing.md P10, P11, P12.
        for (bytes, units) in [(0, 1), (1, 1), (5_120, 1), (5_121, 2), (5_130, 2), (131_072, 26)] {
            assert_eq!(message_units(bytes), units, "{bytes}");
        }
    }

    #[test]
    fn shadows_are_metered_in_steps_of_1_kb() {
        // pricing.md P28, P29.
        for (bytes, units) in [(0, 1), (1, 1), (1_024, 1), (1_025, 2), (1_536, 2), (8_192, 8)] {
            assert_eq!(shadow_units(bytes), units, "{bytes}");
        }
    }

    #[test]
    fn a_minute_begun_is_a_minute_billed() {
        let start = Timestamp::from_secs(10);
        for (seconds, minutes) in [(0, 1), (1, 1), (60, 1), (61, 2), (600, 10)] {
            assert_eq!(connected_minutes(start, Timestamp::from_secs(10 + seconds)), minutes, "{seconds}");
        }
    }
}
