//! Planted bugs: the engine spoils what the broker sends, so that the judges can be seen to work.

use squall_codec::{Packet, decode};
use squall_scenario::Mutant;
use squall_types::ProtocolVersion;
use xxhash_rust::xxh3::xxh3_64;

/// A planted bug at work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutantRun {
    mutant: Mutant,
    deliveries: u32,
}

/// What becomes of a PUBLISH to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryFate {
    /// It is sent.
    Sent,
    /// It is lost without a word.
    Lost,
    /// Another device gets it.
    Misdelivered,
}

/// One delivery in so many is spoilt.
const EVERY: u32 = 5;

impl MutantRun {
    pub(crate) const fn new(mutant: Mutant) -> Self {
        Self { mutant, deliveries: 0 }
    }

    /// The fate of a packet to a device.
    #[inline]
    pub(crate) fn delivery(&mut self, version: ProtocolVersion, packet: &[u8]) -> DeliveryFate {
        if self.mutant == Mutant::None {
            return DeliveryFate::Sent;
        }
        let Ok(Some((Packet::Publish(publish), _))) = decode(version, packet, u32::MAX) else {
            return DeliveryFate::Sent;
        };
        self.deliveries += 1;
        match self.mutant {
            // Chosen by what it says, so that its repeats are lost as well.
            Mutant::LoseDelivery if xxh3_64(publish.payload).is_multiple_of(EVERY.into()) => {
                DeliveryFate::Lost
            }
            Mutant::Misdeliver if self.deliveries.is_multiple_of(EVERY) => DeliveryFate::Misdelivered,
            _ => DeliveryFate::Sent,
        }
    }

    /// Whether what a device may do does not matter.
    pub(crate) fn ignores_policies(&self) -> bool {
        self.mutant == Mutant::IgnorePolicies
    }

    /// Whether a connection that was taken over is left standing.
    #[inline]
    pub(crate) fn keeps_taken_over(&self) -> bool {
        self.mutant == Mutant::KeepTakenOver
    }
}
