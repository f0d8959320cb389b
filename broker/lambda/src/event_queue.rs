//! Events that wait for a function whose answer nobody waits for: asynchronous invocations, as rules make them.
//!
//! Lambda tries an event again when it was throttled, for six hours and at growing intervals of a second to five
//! minutes, and twice more when the function failed, after one minute and after two (AWS Lambda Developer Guide,
//! invocation-async-error-handling). The documents give no factor for the growth; here each interval is twice the last.
//! That a long queue is read more slowly is not modelled, nor that an event may come twice.

use core::time::Duration;

use squall_types::Timestamp;

const FIRST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
const OLDEST_EVENT: Duration = Duration::from_secs(6 * 3_600);
const AFTER_FAILURES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// How an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// There was no room for it.
    Throttled,
    /// The function ran and failed.
    Failed,
}

/// What is remembered of one event between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedEvent {
    since: Timestamp,
    throttles: u32,
    failures: u32,
}

impl QueuedEvent {
    /// An event that comes now and has not been tried.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, throttles: 0, failures: 0 }
    }

    /// An attempt came to nothing: when the next one is made, or `None` if Lambda discards the event.
    pub fn set_back(&mut self, now: Timestamp, setback: Setback) -> Option<Timestamp> {
        let wait = match setback {
            Setback::Throttled => {
                let doublings = self.throttles.min(16);
                self.throttles += 1;
                (FIRST_INTERVAL * (1 << doublings)).min(LONGEST_INTERVAL)
            }
            Setback::Failed => {
                let wait = *AFTER_FAILURES.get(self.failures as usize)?;
                self.failures += 1;
                wait
            }
        };
        let next = now + wait;
        (next <= self.since + OLDEST_EVENT).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttled_event_is_tried_for_six_hours_at_growing_intervals() {
        let mut event = QueuedEvent::new(Timestamp::ZERO);
        let mut now = Timestamp::ZERO;
        let mut waits = Vec::new();
        while let Some(next) = event.set_back(now, Setback::Throttled) {
            waits.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(waits[..11], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert!(now.as_secs() > 6 * 3_600 - 300 && now.as_secs() <= 6 * 3_600, "{now:?}");
    }

    #[test]
    fn a_failed_event_is_tried_twice_more() {
        let mut event = QueuedEvent::new(Timestamp::ZERO);
        assert_eq!(event.set_back(Timestamp::ZERO, Setback::Failed), Some(Timestamp::from_secs(60)));
        let now = Timestamp::from_secs(60);
        // Being throttled in between costs no attempt.
        assert_eq!(event.set_back(now, Setback::Throttled), Some(Timestamp::from_secs(61)));
        let now = Timestamp::from_secs(61);
        assert_eq!(event.set_back(now, Setback::Failed), Some(Timestamp::from_secs(181)));
        assert_eq!(event.set_back(Timestamp::from_secs(181), Setback::Failed), None);
    }
}
