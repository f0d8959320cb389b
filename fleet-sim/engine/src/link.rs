//! Links: an ordered, reliable byte stream between a device and a node, in virtual time.
//!
//! A segment arrives after its latency, drawn from the network's table; a lost one later by its retransmission
//! time-outs; none before the one sent before it. During a silent outage TCP goes on retransmitting, so what is
//! sent then arrives after it.

use core::time::Duration;

use slab::Slab;
use squall_device::Credential;
use squall_scenario::LinkModel;
use squall_types::chance::scale;
use squall_types::{Chance, Owner, Purpose, Timestamp};

use crate::event::LinkKey;
use crate::segment::SegmentQueue;

/// What the service has of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceSide {
    /// No SYN was accepted.
    Unknown,
    /// Accepted; the handshake waits for a server.
    Handshake,
    /// The broker knows the connection.
    Open,
    /// Closed by the broker, or broken; the device may not know.
    Closed,
}

/// The device's end of a link: what it was secured with, and whether the device still holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeviceEnd(u8);

impl DeviceEnd {
    const OPEN: u8 = 1;
    const CLAIM: u8 = 2;

    const fn open(credential: Credential) -> Self {
        match credential {
            Credential::Own => Self(Self::OPEN),
            Credential::Claim => Self(Self::OPEN | Self::CLAIM),
        }
    }

    pub(crate) const fn is_open(self) -> bool {
        self.0 & Self::OPEN != 0
    }

    pub(crate) const fn let_go(&mut self) {
        self.0 &= !Self::OPEN;
    }

    pub(crate) const fn credential(self) -> Credential {
        if self.0 & Self::CLAIM == 0 { Credential::Own } else { Credential::Claim }
    }
}

/// One attempt to connect, and the connection that came of it: a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Link {
    /// When the last segment sent by the device arrives.
    pub(crate) uplink_last: Timestamp,
    /// When the last segment sent to the device arrives.
    pub(crate) downlink_last: Timestamp,
    /// Until when a packet of this link is in service; nothing leaves for the device before.
    pub(crate) in_service_until: Timestamp,
    /// Segments that wait for a server.
    pub(crate) inbound: SegmentQueue,
    pub(crate) sequence: u32,
    pub(crate) device: u32,
    /// Which attempt of its device it is, so that its draws are the device's alone.
    pub(crate) attempt: u32,
    /// Draws so far, of both directions.
    pub(crate) draws: u32,
    /// Items in the fingerprint so far.
    pub(crate) items: u32,
    /// Bytes that reached the device and were not reported to the broker yet.
    pub(crate) sent_unreported: u32,
    pub(crate) node: u16,
    pub(crate) service: ServiceSide,
    pub(crate) device_end: DeviceEnd,
    /// Counts among the new connections of its node.
    pub(crate) is_new: bool,
    /// Waits in its node's queue or for its own service to end.
    pub(crate) is_queued: bool,
    /// The device's stream has ended; what it sent before is served first.
    pub(crate) finished: bool,
    /// The broker does not want to read now.
    pub(crate) is_paused: bool,
}

/// All links of a world.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: Slab<Link>,
    sequence: u32,
}

impl Links {
    pub(crate) fn insert(&mut self, device: u32, attempt: u32, node: u16, credential: Credential) -> LinkKey {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        let index = self.links.insert(Link {
            uplink_last: Timestamp::ZERO,
            downlink_last: Timestamp::ZERO,
            in_service_until: Timestamp::ZERO,
            inbound: SegmentQueue::EMPTY,
            sequence,
            device,
            attempt,
            draws: 0,
            items: 0,
            sent_unreported: 0,
            node,
            service: ServiceSide::Unknown,
            device_end: DeviceEnd::open(credential),
            is_new: false,
            is_queued: false,
            finished: false,
            is_paused: false,
        });
        LinkKey { index: u32::try_from(index).expect("fewer than 2^32 links"), sequence }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: LinkKey) -> Option<&mut Link> {
        self.links.get_mut(key.index as usize).filter(|link| link.sequence == key.sequence)
    }

    #[inline]
    pub(crate) fn get(&self, key: LinkKey) -> Option<&Link> {
        self.links.get(key.index as usize).filter(|link| link.sequence == key.sequence)
    }

    /// Forgets a link once both of its ends are done with it.
    pub(crate) fn release(&mut self, key: LinkKey) {
        let done = self.get(key).is_some_and(|link| {
            !link.device_end.is_open() && matches!(link.service, ServiceSide::Closed | ServiceSide::Unknown)
        });
        if done {
            self.links.remove(key.index as usize);
        }
    }

    /// The keys of all links, by place.
    pub(crate) fn keys(&self) -> Vec<LinkKey> {
        self.links
            .iter()
            .map(|(index, link)| LinkKey { index: index as u32, sequence: link.sequence })
            .collect()
    }
}

/// A direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the device.
    Up,
    /// To the device.
    Down,
}

/// A network in the form that is drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    uplink: Path,
    downlink: Path,
    loss_per_million: u64,
    retransmission_timeout: u64,
    pub(crate) handshake_round_trips: u32,
}

#[derive(Clone, Debug)]
struct Path {
    /// Latency in microseconds at equal steps of probability.
    quantiles: Vec<u32>,
    bits_per_second: u64,
}

impl Network {
    pub(crate) fn new(model: &LinkModel) -> Self {
        Self {
            uplink: Path {
                quantiles: model.uplink_us.clone(),
                bits_per_second: model.uplink_bits_per_second.max(1),
            },
            downlink: Path {
                quantiles: model.downlink_us.clone(),
                bits_per_second: model.downlink_bits_per_second.max(1),
            },
            loss_per_million: model.loss_per_million.into(),
            retransmission_timeout: nanos(model.retransmission_timeout),
            handshake_round_trips: model.handshake_round_trips,
        }
    }

    /// How long one segment takes, retransmissions included: one draw, and one more for each loss.
    #[inline]
    pub(crate) fn latency(&self, chance: Chance, owner: Owner, direction: Direction, n: u64) -> u64 {
        let (path, purpose, loss_purpose) = match direction {
            Direction::Up => (&self.uplink, Purpose::UplinkLatency, Purpose::UplinkLoss),
            Direction::Down => (&self.downlink, Purpose::DownlinkLatency, Purpose::DownlinkLoss),
        };
        let bits = chance.bits(owner, purpose, n);
        let mut latency = path.draw(bits);
        // The low half of the draw decides on loss, the high half on latency.
        if scale(bits << 32, 1_000_000) < self.loss_per_million {
            let mut timeout = self.retransmission_timeout;
            latency += timeout;
            for repeat in 0..MOST_RETRANSMISSIONS {
                let n = (n << 4) | repeat;
                if !chance.ratio(owner, loss_purpose, n, self.loss_per_million, 1_000_000) {
                    break;
                }
                timeout = timeout.saturating_mul(2);
                latency = latency.saturating_add(timeout);
            }
        }
        latency
    }

    /// How long the bytes of a segment occupy the line.
    #[inline]
    pub(crate) fn transmission(&self, direction: Direction, bytes: usize) -> u64 {
        let path = match direction {
            Direction::Up => &self.uplink,
            Direction::Down => &self.downlink,
        };
        bytes as u64 * 8 * SECOND / path.bits_per_second
    }

    /// When TCP sends again what it first sent at `sent`, at the first repeat that is not before `after`.
    pub(crate) fn retransmitted(&self, sent: Timestamp, after: Timestamp) -> Timestamp {
        let mut timeout = self.retransmission_timeout.max(1);
        let mut at = sent;
        while at < after {
            at = at.plus_nanos(timeout);
            timeout = (timeout * 2).min(LONGEST_TIMEOUT);
        }
        at
    }
}

const SECOND: u64 = 1_000_000_000;
/// RFC 6298 lets a sender bound its time-out at 60 s or more.
const LONGEST_TIMEOUT: u64 = 60 * SECOND;
const MOST_RETRANSMISSIONS: u64 = 8;

impl Path {
    /// Latency in nanoseconds for 64 uniform bits, by straight lines between the quantiles.
    #[inline]
    fn draw(&self, bits: u64) -> u64 {
        let steps = self.quantiles.len() - 1;
        if steps == 0 {
            return u64::from(self.quantiles[0]) * 1_000;
        }
        let at = scale(bits, (steps as u64) << 16);
        let index = (at >> 16) as usize;
        let (low, high) = (u64::from(self.quantiles[index]), u64::from(self.quantiles[index + 1]));
        low * 1_000 + (((high - low) * 1_000 * (at & 0xffff)) >> 16)
    }
}

/// Whole nanoseconds, saturating.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use squall_types::Seed;

    use super::*;

    fn network(loss_per_million: u32) -> Network {
        Network::new(&LinkModel {
            name: "test".into(),
            uplink_us: vec![1_000, 2_000, 10_000],
            downlink_us: vec![5_000],
            loss_per_million,
            retransmission_timeout: Duration::from_millis(200),
            uplink_bits_per_second: 8_000,
            downlink_bits_per_second: 8_000_000,
            handshake_round_trips: 2,
        })
    }

    #[test]
    fn a_link_stays_in_its_budget() {
        // Design section 2: two links, one a direction, in 64 bytes.
        assert!(size_of::<Link>() <= 64, "{}", size_of::<Link>());
    }

    #[test]
    fn latency_follows_the_quantiles() {
        let (network, chance) = (network(0), Chance::new(Seed(1)));
        let drawn: Vec<u64> =
            (0..10_000).map(|n| network.latency(chance, Owner(1), Direction::Up, n) / 1_000).collect();
        assert!(drawn.iter().all(|us| (1_000..=10_000).contains(us)));
        let below = drawn.iter().filter(|&&us| us < 2_000).count();
        assert!((4_700..5_300).contains(&below), "half of the draws lie below the median: {below}");
        assert_eq!(network.latency(chance, Owner(1), Direction::Down, 3), 5_000_000);
        assert_eq!(network.transmission(Direction::Up, 100), 100_000_000);
    }

    #[test]
    fn a_lost_segment_is_late_by_its_time_outs() {
        let chance = Chance::new(Seed(1));
        let late = (0..100_000)
            .filter(|&n| network(10_000).latency(chance, Owner(1), Direction::Down, n) >= 205_000_000)
            .count();
        assert!((850..1_150).contains(&late), "1 % are lost: {late}");
        // Everything is lost: 200 ms, 400 ms, ... doubled eight times.
        let lost = network(1_000_000).latency(chance, Owner(1), Direction::Down, 1);
        assert_eq!(lost, 5_000_000 + 200_000_000 * ((1 << 9) - 1));
    }

    #[test]
    fn what_an_outage_swallowed_is_sent_again_after_it() {
        let network = network(0);
        let sent = Timestamp::from_secs(10);
        assert_eq!(network.retransmitted(sent, Timestamp::from_secs(9)), sent);
        // 10.0, 10.2, 10.6, 11.4, 13.0 ...
        assert_eq!(network.retransmitted(sent, Timestamp::from_secs(12)), Timestamp::from_secs(13));
    }
}
