//! Every timer of the broker, by name.

use squall_timers::Wheel;
use squall_types::Timestamp;

/// What a timer is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TimerKind {
    /// A connection must not be silent for longer (MQTT-3.1.2-24). One is pending for each connection; when it
    /// fires and something has come meanwhile, it is set again.
    #[default]
    KeepAlive,
    /// A transport must bring its CONNECT.
    ConnectPacket,
    /// A session without a connection ends (`broker.md` 3.4, D-01).
    SessionExpiry,
    /// An unacknowledged message is sent again (`broker.md` D-25).
    Redelivery,
    /// The next stored message of a resumed session goes out (`broker.md` 4).
    Resume,
    /// A delayed will is published (`broker.md` D-16).
    WillDelay,
    /// A retained message expires (`broker.md` 3.5), or a topic without one is forgotten.
    Retained,
    /// A group of shared subscriptions sends its members what it stores (`broker.md` 3.6).
    SharedDrain,
    /// A connection slowed down by the throughput quota is read again.
    ResumeReading,
    /// A custom authorizer must have answered (`broker.md` 8.3).
    AuthorizerAnswer,
    /// A custom authorizer is asked again.
    AuthorizerRefresh,
    /// The time that a custom authorizer gave a connection is over.
    AuthorizedTime,
    /// A connection ends that was turned away after TLS (`state.md` 3.1).
    TurnedAway,
    /// Just-in-time provisioning has come to its end (`state.md` K-10).
    JustInTime,
    /// A pre-provisioning hook must have answered (`state.md` 3.6).
    HookAnswer,
    /// Certificates that nobody has provisioned are deleted (`state.md` 3.3).
    OwnershipTokens,
    /// A principal's rights are read anew (`broker.md` D-20).
    Propagation,
    /// Everybody's are.
    PropagationToAll,
}

/// A pending timer; stale if whatever it names has another generation by then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timer {
    pub(crate) kind: TimerKind,
    /// A connection's, session's, topic's, group's or principal's key.
    pub(crate) key: u32,
    /// The low half of the connection's id, or the generation of the session, topic or principal; 0 for a group.
    pub(crate) generation: u32,
}

/// The broker's timers.
#[derive(Debug, Default)]
pub(crate) struct Timers(Wheel<Timer>);

impl Timers {
    pub(crate) fn set(&mut self, at: Timestamp, kind: TimerKind, key: u32, generation: u32) {
        self.0.push(at, Timer { kind, key, generation });
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.next_deadline()
    }

    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<Timer> {
        self.0.pop_until(now).map(|(_, timer)| timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_stays_in_its_budget() {
        // Design section 2: timers 48 bytes a connection, of which one keep alive is always pending.
        assert_eq!(size_of::<Timer>(), 12);
    }
}
