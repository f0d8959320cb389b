//! The metrics that a case may look at, so that a slip of the pen does not compare nothing with 0.

use super::counter::Counter;

/// Every metric of the message broker (`broker.md` 10.1) and of provisioning (`state.md` 3.1, 3.8).
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
    "GetThingShadow.Accepted",
    "UpdateThingShadow.Accepted",
    "DeleteThingShadow.Accepted",
    "ProvisionThing.Success",
    "ProvisionThing.ClientError",
    "ProvisionThing.ServerError",
    "CreateKeysAndCertificateFailed",
    "CreateCertificateFromCsrFailed",
    "RegisterThingFailed",
    "ApproximateNumberOfThingsRegistered",
];

/// Every reason of the log record `Connection.AuthNError` (`broker.md` 8.1).
const REASONS: &[&str] = &[
    "CUSTOM_AUTHORIZER_LAMBDA_EXECUTION_ERROR",
    "CUSTOM_AUTHORIZER_NOT_FOUND",
    "CUSTOM_AUTHORIZER_PARAMETER_INVALID",
    "DEVICE_CERTIFICATE_INACTIVE",
    "DEVICE_CERTIFICATE_NOT_REGISTERED",
    "DEVICE_CERTIFICATE_REVOKED",
    "DOMAIN_CONFIGURATION_DISABLED",
    "DOMAIN_CONFIGURATION_INVALID",
    "INTERNAL_SERVER_ERROR",
    "NOT_AUTHENTICATED",
    "SECURITY_TOKEN_EXPIRED",
    "SECURITY_TOKEN_INVALID",
    "SECURITY_TOKEN_SIGNATURE_MISMATCH",
    "SNI_MISUSED",
];

/// What `TestAuthorization` calls the two kinds of denial (`broker.md` 9.5).
const DENIALS: &[&str] = &["EXPLICIT_DENY", "IMPLICIT_DENY"];

/// Log records that are no refusal of a connection: `ProvisionDevice` (`state.md` 3.1).
pub(super) fn record(name: &str) -> Result<Counter, String> {
    match name {
        "ProvisionDevice.Success" => Ok(Counter::ProvisionDevice { success: true }),
        "ProvisionDevice.Failure" => Ok(Counter::ProvisionDevice { success: false }),
        _ => {
            let names = ["ProvisionDevice.Success", "ProvisionDevice.Failure"];
            Err(crate::near::unknown("log record", name, names.into_iter()))
        }
    }
}

/// Whether there is such a reason.
pub(crate) fn check_reason(name: &str) -> Result<(), String> {
    if REASONS.contains(&name) {
        return Ok(());
    }
    Err(crate::near::unknown("reason", name, REASONS.iter().copied()))
}

/// Whether there is such a kind of denial.
pub(crate) fn check_denial(name: &str) -> Result<(), String> {
    if DENIALS.contains(&name) {
        return Ok(());
    }
    Err(crate::near::unknown("denial", name, DENIALS.iter().copied()))
}

/// Whether there is such a metric.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if METRICS.contains(&name) {
        return Ok(());
    }
    Err(crate::near::unknown("metric", name, METRICS.iter().copied()))
}
