//! Everything that can happen in a world, in 16 bytes.

use squall_core::ConnectionId;
use squall_device::TimerToken;

/// A link, or the one that had its place before: never used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkKey {
    pub(crate) index: u32,
    pub(crate) sequence: u32,
}

impl LinkKey {
    /// No link: sequence numbers begin at 1.
    pub(crate) const NONE: Self = Self { index: 0, sequence: 0 };

    /// The broker's name for the connection on this link.
    pub(crate) const fn connection(self) -> ConnectionId {
        ConnectionId(((self.sequence as u64) << 32) | self.index as u64)
    }

    /// The link of a connection.
    pub(crate) const fn of(connection: ConnectionId) -> Self {
        Self { index: connection.0 as u32, sequence: (connection.0 >> 32) as u32 }
    }
}

/// A buffer of bytes on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentKey(pub(crate) u32);

/// Something that happens at a point of virtual time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Event {
    /// The broker has a deadline.
    #[default]
    BrokerDeadline,
    /// A device is switched on.
    DeviceStart { device: u32 },
    /// A timer of a device fires.
    DeviceTimer { device: u32, token: TimerToken },
    /// A SYN reaches the gateway, after so many that were lost there.
    Syn { link: LinkKey, retransmissions: u8 },
    /// The handshake is over on the device's side.
    Up { link: LinkKey },
    /// The refusal of a connection reaches the device.
    Refused { link: LinkKey },
    /// Bytes from the device reach the node.
    Uplink { link: LinkKey, segment: SegmentKey },
    /// The end of the device's stream reaches the node.
    UplinkClosed { link: LinkKey },
    /// Bytes from the service reach the device.
    Downlink { link: LinkKey, segment: SegmentKey },
    /// The end of the service's stream, or a reset, reaches the device.
    DownlinkClosed { link: LinkKey },
    /// A server of a node is free again while work waits.
    NodeWake { node: u32 },
    /// The packet in service on a link is done while another waits.
    LinkReady { link: LinkKey },
    /// A fault begins.
    FaultBegins { fault: u32 },
    /// A fault ends.
    FaultEnds { fault: u32 },
    /// A cloud-side actor makes a call, for the `made`-th time from 0.
    Call { call: u32, made: u32 },
    /// A custom authorizer's function answers.
    AuthorizerAnswers { answer: u32 },
    /// The answer to a question of the broker's is ready.
    AnswerReady { answer: u32 },
    /// A function is to begin with an event.
    LambdaAttempt { invocation: u32 },
    /// A function ends, or is ended by chance.
    LambdaEnds { invocation: u32, fails: bool },
    /// The window that the monthly bill is taken from begins.
    MeasureBegins,
    /// And ends.
    MeasureEnds,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_takes_sixteen_bytes() {
        // With time and arrival number 32, the pending-event budget of design section 2.
        assert_eq!(size_of::<Event>(), 16);
    }

    #[test]
    fn a_connection_id_names_its_link() {
        let link = LinkKey { index: 7, sequence: u32::MAX };
        assert_eq!(LinkKey::of(link.connection()), link);
    }
}
