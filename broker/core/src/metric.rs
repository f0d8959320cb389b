//! The metrics that the service counts in, by the names of CloudWatch (`broker.md` 10.1).

macro_rules! metrics {
    ($($variant:ident = $name:literal,)+) => {
        /// A metric of the namespace `AWS/IoT`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum ServiceMetric {
            $(#[doc = concat!("`", $name, "`.")] $variant,)+
        }

        impl ServiceMetric {
            /// Every metric.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

metrics! {
    ConnectSuccess = "Connect.Success",
    ConnectAuthError = "Connect.AuthError",
    ConnectClientError = "Connect.ClientError",
    ConnectThrottle = "Connect.Throttle",
    ConnectClientIdThrottle = "Connect.ClientIDThrottle",
    ConnectionAuthNError = "Connection.AuthNError",
    PingSuccess = "Ping.Success",
    PublishInSuccess = "PublishIn.Success",
    PublishInAuthError = "PublishIn.AuthError",
    PublishInClientError = "PublishIn.ClientError",
    PublishInThrottle = "PublishIn.Throttle",
    PublishOutSuccess = "PublishOut.Success",
    PublishOutAuthError = "PublishOut.AuthError",
    PublishOutThrottle = "PublishOut.Throttle",
    PublishRetainedSuccess = "PublishRetained.Success",
    PublishRetainedAuthError = "PublishRetained.AuthError",
    PublishRetainedThrottle = "PublishRetained.Throttle",
    QueuedSuccess = "Queued.Success",
    QueuedThrottle = "Queued.Throttle",
    SubscribeSuccess = "Subscribe.Success",
    SubscribeAuthError = "Subscribe.AuthError",
    SubscribeClientError = "Subscribe.ClientError",
    SubscribeThrottle = "Subscribe.Throttle",
    UnsubscribeSuccess = "Unsubscribe.Success",
    ThrottleExceeded = "Throttle.Exceeded",
    GetThingShadowAccepted = "GetThingShadow.Accepted",
    UpdateThingShadowAccepted = "UpdateThingShadow.Accepted",
    DeleteThingShadowAccepted = "DeleteThingShadow.Accepted",
    ProvisionThingSuccess = "ProvisionThing.Success",
    ProvisionThingClientError = "ProvisionThing.ClientError",
    ProvisionThingServerError = "ProvisionThing.ServerError",
    CreateKeysAndCertificateFailed = "CreateKeysAndCertificateFailed",
    CreateCertificateFromCsrFailed = "CreateCertificateFromCsrFailed",
    RegisterThingFailed = "RegisterThingFailed",
    ApproximateNumberOfThingsRegistered = "ApproximateNumberOfThingsRegistered",
}
