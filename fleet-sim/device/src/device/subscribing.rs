//! Asking for subscriptions: those of the profile, then the answers of shadows.

use squall_codec::{SubAck, Subscribe, SubscriptionOptions};
use squall_types::QoS;

use super::{Device, Step, shadow};
use crate::profile::DeviceProfile;
use crate::shadow::write_answer_end;
use crate::sink::{DeviceFact, DeviceSink};

/// Filters in one SUBSCRIBE: what the service takes (`broker.md` 7.1).
const FILTERS_PER_SUBSCRIBE: usize = 8;

impl Device {
    pub(super) fn subscribe<S: DeviceSink>(&mut self, step: &mut Step<'_, S>) {
        let filters = self.filters(step.profile);
        for (chunk, filters) in filters.chunks(FILTERS_PER_SUBSCRIBE).enumerate() {
            for (filter, qos) in filters {
                step.sink.fact(DeviceFact::Subscribing { filter, qos: *qos });
            }
            let requests: Vec<(&str, SubscriptionOptions)> =
                filters.iter().map(|(filter, qos)| (&**filter, (*qos).into())).collect();
            let packet_id = self.packet_id();
            self.rare.subscribing.push((packet_id.get(), (chunk * FILTERS_PER_SUBSCRIBE) as u16));
            self.send(step, |packet, version| Subscribe::new(packet_id, &requests).encode(version, packet));
        }
    }

    pub(super) fn on_suback<S: DeviceSink>(&mut self, step: &mut Step<'_, S>, suback: &SubAck<'_>) {
        let packet_id = suback.packet_id.get();
        let Some(at) = self.rare.subscribing.iter().position(|(id, _)| *id == packet_id) else {
            return self.violated(step);
        };
        let (_, first) = self.rare.subscribing.swap_remove(at);
        self.rare.subscribed = self.rare.subscribing.is_empty();
        let filters = self.filters(step.profile);
        for ((filter, _), code) in filters[usize::from(first)..].iter().zip(suback.codes.iter()) {
            step.sink.fact(DeviceFact::Subscribed { filter, code });
        }
        if self.rare.subscribed {
            self.on_shadows_ready(step);
        }
    }

    /// All that it subscribes to, in the order in which it asks.
    fn filters(&self, profile: &DeviceProfile) -> Vec<(String, QoS)> {
        let patterns = profile.subscriptions.iter().map(|pattern| {
            let mut filter = String::new();
            pattern.filter.render(&profile.context(self.index, 0, 0), &mut filter);
            (filter, pattern.qos)
        });
        let answers = profile.shadows.iter().enumerate().flat_map(|(number, habits)| {
            let prefix = shadow::prefix(profile, self.index, number);
            habits.answer_topics().map(move |topic| {
                let mut filter = prefix.clone();
                write_answer_end(topic, &mut filter);
                (filter, habits.qos)
            })
        });
        patterns.chain(answers).collect()
    }
}
