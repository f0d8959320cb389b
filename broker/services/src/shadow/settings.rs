//! What a profile says of shadows.

use squall_profile::Profile;
use squall_profile::switch::{
    ShadowDeleteBody, ShadowDeltaMetadata, ShadowEmptyObject, ShadowErrorTimestamp, ShadowHttpsMessages,
    ShadowPreviousAtCreation, ShadowPublishOrder, ShadowRateBucket, ShadowVersionAfterDelete,
    ShadowVersionWhenAbsent,
};

use super::Answer;

/// The limits and disputed behaviours of shadows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of desired and reported state together.
    pub state_bytes: usize,
    /// Levels of keys below desired and reported; never more than [`Settings::MOST_LEVELS`].
    pub levels: u32,
    /// Bytes of a client token.
    pub client_token_bytes: usize,
    /// Named shadows of a thing; 0 is any number.
    pub named_shadows: u32,
    /// Requests a second for one shadow, or one thing.
    pub requests_per_second: u32,
    /// Requests a second of the account.
    pub account_requests_per_second: u32,
    /// Unanswered requests for one thing on one connection.
    pub in_flight: u32,
    /// Seconds for which a deleted shadow's version is remembered.
    pub version_memory_seconds: u32,
    /// K-01.
    pub version_after_delete: ShadowVersionAfterDelete,
    /// K-02.
    pub publish_order: ShadowPublishOrder,
    /// K-03.
    pub delta_metadata: ShadowDeltaMetadata,
    /// K-04.
    pub delete_body: ShadowDeleteBody,
    /// K-05.
    pub https_messages: ShadowHttpsMessages,
    /// K-06.
    pub rate_bucket: ShadowRateBucket,
    /// K-07.
    pub previous_at_creation: ShadowPreviousAtCreation,
    /// K-08.
    pub error_timestamp: ShadowErrorTimestamp,
    /// K-09.
    pub empty_object: ShadowEmptyObject,
    /// K-11.
    pub version_when_absent: ShadowVersionWhenAbsent,
}

impl Settings {
    /// Levels that no profile can raise its limit beyond: state is walked by recursion.
    pub const MOST_LEVELS: u32 = 100;

    /// Whether `{}` is a value of its own.
    pub(super) fn stores_empty_objects(&self) -> bool {
        self.empty_object == ShadowEmptyObject::Store
    }
}

impl From<&Profile> for Settings {
    fn from(profile: &Profile) -> Self {
        let (limits, switches) = (&profile.limits, &profile.switches);
        Self {
            state_bytes: limits.shadow_state_bytes as usize,
            levels: limits.shadow_levels.min(Self::MOST_LEVELS),
            client_token_bytes: limits.shadow_client_token_bytes as usize,
            named_shadows: limits.named_shadows_per_thing,
            requests_per_second: limits.shadow_requests_per_second,
            account_requests_per_second: limits.shadow_requests_per_second_on_account,
            in_flight: limits.shadow_requests_in_flight,
            version_memory_seconds: limits.shadow_version_memory_seconds,
            version_after_delete: switches.shadow_version_after_delete,
            publish_order: switches.shadow_publish_order,
            delta_metadata: switches.shadow_delta_metadata,
            delete_body: switches.shadow_delete_body,
            https_messages: switches.shadow_https_messages,
            rate_bucket: switches.shadow_rate_bucket,
            previous_at_creation: switches.shadow_previous_at_creation,
            error_timestamp: switches.shadow_error_timestamp,
            empty_object: switches.shadow_empty_object,
            version_when_absent: switches.shadow_version_when_absent,
        }
    }
}

/// In which order the answers to an accepted update go out. `draw` is any number; only `shuffle` looks at it.
#[must_use]
pub fn publish_order(order: ShadowPublishOrder, draw: u64) -> [Answer; 3] {
    use Answer::{Accepted, Delta, Documents};
    match order {
        ShadowPublishOrder::AcceptedFirst => [Accepted, Delta, Documents],
        ShadowPublishOrder::DeltaFirst => [Delta, Documents, Accepted],
        ShadowPublishOrder::Shuffle => match draw % 6 {
            0 => [Accepted, Delta, Documents],
            1 => [Accepted, Documents, Delta],
            2 => [Delta, Accepted, Documents],
            3 => [Delta, Documents, Accepted],
            4 => [Documents, Accepted, Delta],
            _ => [Documents, Delta, Accepted],
        },
    }
}
