//! The metrics that a case may look at, so that a slip of the pen does not compare nothing with 0.

/// Every metric of the message broker (`broker.md` 10.1).
const METRICS: &[&str] = &[
    "Connect.Success",
    "Connect.AuthError",
    "Connect.ClientError",
    "Connect.ServerError",
    "Connect.Throttle",
    "Connect.ClientIDThrottle",
    "Connection.AuthNError",
    "Ping.Success",
    "PublishIn.Success",
    "PublishIn.AuthError",
    "PublishIn.ClientError",
    "PublishIn.ServerError",
    "PublishIn.Throttle",
    "PublishOut.Success",
    "PublishOut.AuthError",
    "PublishOut.ClientError",
    "PublishOut.Throttle",
    "PublishRetained.Success",
    "PublishRetained.AuthError",
    "PublishRetained.ServerError",
    "PublishRetained.Throttle",
    "Queued.Success",
    "Queued.Throttle",
    "Queued.ServerError",
    "Subscribe.Success",
    "Subscribe.AuthError",
    "Subscribe.ClientError",
    "Subscribe.ServerError",
    "Subscribe.Throttle",
    "Unsubscribe.Success",
    "Unsubscribe.ClientError",
    "Unsubscribe.ServerError",
    "Unsubscribe.Throttle",
    "Throttle.Exceeded",
];

/// Whether there is such a metric.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if METRICS.contains(&name) {
        return Ok(());
    }
    Err(crate::near::unknown("metric", name, METRICS.iter().copied()))
}
