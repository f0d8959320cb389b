//! How long an authorizer's answer holds.

use core::time::Duration;

use squall_types::Timestamp;

use super::Grant;

/// When an answer must be asked for again, and when the connection ends. Pure: the owner keeps the timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The Lambda is invoked again at this time.
    pub refresh_at: Timestamp,
    /// The connection ends at this time, as `CUSTOMAUTH_TTL_EXPIRATION`.
    pub disconnect_at: Timestamp,
}

/// What a deadline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Invoke the Lambda again; the old policies hold until it has answered.
    Refresh,
    /// End the connection.
    Disconnect,
}

impl Deadlines {
    /// The deadlines of a connection that was let in at `now`.
    pub fn at_connect(now: Timestamp, grant: &Grant) -> Self {
        Self {
            refresh_at: now + seconds(grant.refresh_after_seconds),
            disconnect_at: now + seconds(grant.disconnect_after_seconds),
        }
    }

    /// The deadlines after a refresh whose answer came at `now`.
    ///
    /// The end stays where the first answer put it (8.3, "disconnectAfterInSeconds fixed at connect, not refreshable";
    /// check 134).
    #[must_use]
    pub fn refreshed(self, now: Timestamp, grant: &Grant) -> Self {
        Self { refresh_at: now + seconds(grant.refresh_after_seconds), ..self }
    }

    /// The next time at which something is due. A refresh that would come with the end or after it never comes.
    pub fn next(self) -> Timestamp {
        self.refresh_at.min(self.disconnect_at)
    }

    /// What is due at `now` (check 133: at the second, and not before).
    pub fn due(self, now: Timestamp) -> Due {
        if now >= self.disconnect_at {
            Due::Disconnect
        } else if now >= self.refresh_at {
            Due::Refresh
        } else {
            Due::Nothing
        }
    }
}

/// Whether an HTTP request needs the Lambda: always, unless the authorizer caches for HTTP, the request comes over a
/// connection that was kept alive, and that connection's answer still holds (8.3, "HTTP: Lambda per request unless
/// keep-alive + `enableCachingForHttp`").
///
/// `kept` are the deadlines of an earlier answer on this connection.
pub fn http_needs_lambda(caching_for_http: bool, kept: Option<Deadlines>, now: Timestamp) -> bool {
    !(caching_for_http && kept.is_some_and(|deadlines| deadlines.due(now) == Due::Nothing))
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

#[cfg(test)]
mod tests {
    use squall_services::policy::Rights;

    use super::*;

    fn answer(refresh_after_seconds: u32, disconnect_after_seconds: u32) -> Grant {
        Grant {
            principal_id: "device".into(),
            refresh_after_seconds,
            disconnect_after_seconds,
            rights: Rights::default(),
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn the_lambda_is_asked_again_at_the_second_and_not_before() {
        let deadlines = Deadlines::at_connect(at(10), &answer(300, 3600));
        for (now, due) in [
            (at(10), Due::Nothing),
            (at(310).minus_nanos(1), Due::Nothing),
            (at(310), Due::Refresh),
            (at(3610).minus_nanos(1), Due::Refresh),
            (at(3610), Due::Disconnect),
        ] {
            assert_eq!(deadlines.due(now), due, "{now}");
        }
        assert_eq!(deadlines.next(), at(310));
    }

    #[test]
    fn a_refresh_does_not_move_the_end() {
        let deadlines = Deadlines::at_connect(at(0), &answer(300, 3600));
        let deadlines = deadlines.refreshed(at(301), &answer(86_400, 86_400));
        assert_eq!(deadlines.next(), at(3600));
        assert_eq!(deadlines.due(at(3600)), Due::Disconnect);
    }

    #[test]
    fn the_end_wins_over_a_refresh_at_the_same_time() {
        let deadlines = Deadlines::at_connect(at(0), &answer(300, 300));
        assert_eq!(deadlines.due(at(300)), Due::Disconnect);
    }

    #[test]
    fn http_asks_each_time_unless_everything_allows_the_cache() {
        let kept = Some(Deadlines::at_connect(at(0), &answer(300, 3600)));
        for (caching, kept, now, needed) in [
            (false, kept, at(1), true),
            (true, None, at(1), true),
            (true, kept, at(1), false),
            (true, kept, at(299), false),
            (true, kept, at(300), true),
        ] {
            assert_eq!(http_needs_lambda(caching, kept, now), needed, "{caching} {kept:?} {now}");
        }
    }
}
