//! Counters of a run, by name in the file and by index while it goes on.

use core::ops::{Index, IndexMut};
use std::collections::BTreeMap;

macro_rules! counters {
    ($($variant:ident = $name:literal, $about:literal;)+) => {
        /// A thing that a run counts. Files and expectations use its [`name`](Self::name).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Counter {
            $(#[doc = $about] $variant,)+
        }

        impl Counter {
            /// Every counter, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in `counters` and in expectations.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One line for people.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)+ }
            }
        }
    };
}

counters! {
    DevicesConnectedAtEnd = "devices.connected_at_end", "Devices with an accepted connection when the run ended.";
    DevicesConnectedPeak = "devices.connected_peak", "The most devices that were connected at one time.";
    ConnectAttempts = "connect.attempts", "Connection attempts that devices began.";
    ConnectAccepted = "connect.accepted", "CONNACKs that accepted a connection.";
    ConnectRefused = "connect.refused", "Attempts that a CONNACK, the service or the network refused.";
    ConnectThrottled = "connect.throttled", "CONNECTs above the account's connect rate.";
    ConnectDenied = "connect.denied", "CONNECTs that the policies denied, for themselves or for their will.";
    ConnectUnauthenticated = "connect.unauthenticated", "Connections refused because nobody knows the client, or its authorizer said no.";
    ConnectTimeouts = "connect.timeouts", "Attempts that a device gave up after its connect timeout.";
    ConnectFailed = "connect.failed", "Attempts that did not end in an accepted CONNACK, for whatever reason.";
    ConnectionsLost = "connections.lost", "Accepted connections that ended without a DISCONNECT of the device.";
    Takeovers = "takeovers", "Connections closed because their client id connected again.";
    SubscriptionsGranted = "subscriptions.granted", "Filters that the service granted in SUBACK.";
    SubscribeDenied = "subscribe.denied", "Filters that the policies denied.";
    SubscriptionsRefused = "subscriptions.refused", "Filters that the service refused in SUBACK.";
    PublishSent = "publish.sent", "PUBLISH packets of devices that went onto a link for the first time.";
    PublishAcked = "publish.acked", "QoS 1 publishes of devices that a PUBACK accepted.";
    PublishRetried = "publish.retried", "PUBLISH packets of devices that went onto a link again.";
    PublishDroppedOffline = "publish.dropped_offline", "Publishes that fell due while a device was offline and were dropped.";
    PublishForgotten = "publish.forgotten", "Publishes that waited, or were not acknowledged, in a device that lost its power.";
    PublishRejected = "publish.rejected", "Publishes that the service refused.";
    PublishDenied = "publish.denied", "Publishes that the policies denied.";
    DeliveryDenied = "delivery.denied", "Deliveries that the policies denied, of which nobody is told.";
    DeliveryReceived = "delivery.received", "PUBLISH packets that devices received, duplicates included.";
    DeliveryDuplicates = "delivery.duplicates", "PUBLISH packets that a device received more than once.";
    DeliveryRedelivered = "delivery.redelivered", "QoS 1 messages that the service sent again for want of an acknowledgement.";
    QueuedStored = "queued.stored", "Messages stored for sessions that were offline.";
    QueuedDropped = "queued.dropped", "Stored messages that a quota or an expiry dropped.";
    ConnectionsUnauthorized = "connections.unauthorized", "Accepted connections that the service ended because their client may no longer be there or did what it may not.";
    AuthorizerInvocations = "authorizer.invocations", "Times that a custom authorizer's function was invoked.";
    AuthorizerColdStarts = "authorizer.cold_starts", "Invocations that had to wait for a new instance of the function.";
    AuthorizerThrottled = "authorizer.throttled", "Invocations refused because all instances of the function were busy.";
    AuthorizerFailed = "authorizer.failed", "Invocations that an injected failure or an error of the script ended.";
    LambdaInvocations = "lambda.invocations", "Times that the function of a rule or a provisioning hook ran.";
    LambdaColdStarts = "lambda.cold_starts", "Of those, the ones that had to wait for a new instance.";
    LambdaThrottled = "lambda.throttled", "Invocations refused because all instances of the function were busy.";
    LambdaFailed = "lambda.failed", "Invocations that an injected failure or an error of the script ended.";
    LambdaDiscarded = "lambda.discarded", "Events of rules that no attempt brought through, so that Lambda discarded them.";
    ProvisioningRegistered = "provisioning.registered", "Certificates that the service registered: by a first connection, or because a device asked for one.";
    ProvisioningSucceeded = "provisioning.succeeded", "Devices that the service gave a thing and an active certificate.";
    ProvisioningFailed = "provisioning.failed", "Provisioning runs and requests that the service refused or could not finish.";
    ProvisioningThrottled = "provisioning.throttled", "Of those, the ones that a rate of the account refused.";
    ProvisioningTimedOut = "provisioning.timed_out", "Times that a device waited in vain for the answer to a provisioning request.";
    ProvisioningGaveUp = "provisioning.gave_up", "Devices whose firmware does not try again after a refused first connection: bricks.";
    DevicesProvisionedAtEnd = "devices.provisioned_at_end", "Devices of provisioned fleets that had been connected with their own certificate when the run ended.";
    ShadowUpdates = "shadow.updates", "Updates of shadows that the service accepted, from devices and cloud-side actors.";
    ShadowDeltas = "shadow.deltas", "Of those, the ones after which desired still differed from reported.";
    ShadowRejected = "shadow.rejected", "Requests of shadows that the service refused.";
    ShadowConflicts = "shadow.conflicts", "Of those, updates whose version was no longer the current one.";
    ShadowThrottled = "shadow.throttled", "Of the refused requests, those over a rate or over the unanswered ones of a connection.";
    ShadowUnnoticed = "shadow.unnoticed", "Of the refused requests, those of clients that are not subscribed to hear of it: lost, and nobody knows.";
    ShadowsDifferingAtEnd = "shadows.differing_at_end", "Shadows whose desired state differed from what was reported when the run ended.";
    CallsAccepted = "calls.accepted", "Calls of cloud-side actors that the service carried out.";
    CallsRefused = "calls.refused", "Calls of cloud-side actors that the service refused.";
    WillsPublished = "wills.published", "Wills that the service published.";
    ThrottleExceeded = "throttle.exceeded", "Operations above a quota, whatever became of them.";
    KeepAliveTimeouts = "keep_alive.timeouts", "Connections that the service closed because their keep-alive lapsed.";
    ProtocolViolations = "protocol.violations", "Packets that a device received and found to break the protocol.";
    NotModelled = "not_modelled", "Events that asked for a behaviour which is not modelled.";
}

impl Counter {
    /// The counter of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|counter| counter.name() == name)
    }
}

/// All counters of a run, indexed by [`Counter`]; fit for a hot path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters([u64; Counter::ALL.len()]);

impl Default for Counters {
    fn default() -> Self {
        Self([0; Counter::ALL.len()])
    }
}

impl Counters {
    /// Counts one.
    #[inline]
    pub fn count(&mut self, counter: Counter) {
        self[counter] += 1;
    }

    /// Raises `counter` to `value` if it is lower, as a peak does.
    #[inline]
    pub fn raise(&mut self, counter: Counter, value: u64) {
        let kept = &mut self[counter];
        *kept = (*kept).max(value);
    }

    /// Every counter by name, zeros included, as `results.json` has them.
    pub fn to_map(&self) -> BTreeMap<String, u64> {
        Counter::ALL.iter().map(|&counter| (counter.name().to_owned(), self[counter])).collect()
    }
}

impl Index<Counter> for Counters {
    type Output = u64;

    #[inline]
    fn index(&self, counter: Counter) -> &u64 {
        &self.0[counter as usize]
    }
}

impl IndexMut<Counter> for Counters {
    #[inline]
    fn index_mut(&mut self, counter: Counter) -> &mut u64 {
        &mut self.0[counter as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_their_names() {
        for &counter in Counter::ALL {
            assert_eq!(Counter::named(counter.name()), Some(counter));
        }
        assert_eq!(Counter::named("takeover"), None);
    }

    #[test]
    fn a_map_holds_every_counter() {
        let mut counters = Counters::default();
        counters.count(Counter::Takeovers);
        counters.raise(Counter::DevicesConnectedPeak, 7);
        counters.raise(Counter::DevicesConnectedPeak, 3);
        let map = counters.to_map();
        assert_eq!(map.len(), Counter::ALL.len());
        assert_eq!(map["takeovers"], 1);
        assert_eq!(map["devices.connected_peak"], 7);
    }
}
