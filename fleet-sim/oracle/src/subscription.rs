//! Nobody receives what they did not subscribe to, nor at a higher QoS than was granted.
//!
//! A request that was not answered yet counts as subscribed: it may be in force. Not seen: a delivery that follows an
//! UNSUBSCRIBE, since no device sends one yet.

use squall_types::{QoS, Timestamp};

use crate::ClientKey;
use crate::subscriptions::Subscriptions;
use crate::verdict::Verdict;

#[derive(Debug)]
pub(crate) struct SubscriptionOracle {
    verdict: Verdict,
}

impl Default for SubscriptionOracle {
    fn default() -> Self {
        Self { verdict: Verdict::new("subscription", "nobody receives what they did not subscribe to") }
    }
}

impl SubscriptionOracle {
    /// A PUBLISH reached a device, as a shared subscription of its allows.
    #[inline]
    pub(crate) fn received_for_group(&mut self) {
        self.verdict.checks += 1;
    }

    /// A PUBLISH reached a device.
    #[inline]
    pub(crate) fn received(
        &mut self,
        now: Timestamp,
        subscriptions: &Subscriptions,
        client: ClientKey,
        epoch: u32,
        topic: &str,
        qos: QoS,
    ) {
        self.verdict.checks += 1;
        if subscriptions.allows(client, epoch, topic, qos) {
            return;
        }
        let text = if subscriptions.allows(client, epoch, topic, QoS::AtMostOnce) {
            format!("received {topic} at QoS {qos}, more than was granted")
        } else {
            format!("received {topic} without a subscription that matches it")
        };
        self.verdict.violated(now, Some(client), text);
    }

    pub(crate) fn into_verdict(self) -> Verdict {
        self.verdict
    }
}
