//! What the judges know of each client: its connection, and how long its session lasts.
//!
//! A session is an epoch: whatever was subscribed to in an earlier one is void. Sessions belong to the client id, so
//! two devices that speak as one client share one.

use core::time::Duration;

use squall_types::Timestamp;

use crate::{ClientKey, ConnectionNumber, DeviceKey};

const NONE: u64 = u64::MAX;

#[derive(Clone, Copy, Debug)]
struct Client {
    /// While a connection is live: how long there was none before it. Otherwise: when the last one ended.
    gap_or_closed_at: u64,
    epoch: u32,
    /// Seconds that the session outlives its connection, as agreed at the last CONNACK that a device saw.
    expiry_seconds: u32,
    /// The device that speaks for the client now.
    device: u32,
    /// A device has seen a CONNACK, so there is a session to lose.
    has_session: bool,
}

#[derive(Clone, Copy, Debug)]
struct Device {
    client: u32,
    /// The client's epoch when this device connected.
    epoch: u32,
}

/// All clients and devices.
#[derive(Debug)]
pub(crate) struct Clients {
    /// For each client the connection that the service last accepted and did not close, or [`NONE`]. Apart from the
    /// rest, because every packet of the service is held against it.
    live: Vec<u64>,
    clients: Vec<Client>,
    devices: Vec<Device>,
}

impl Clients {
    pub(crate) fn new(devices: u32) -> Self {
        let client =
            Client { gap_or_closed_at: 0, epoch: 0, expiry_seconds: 0, device: 0, has_session: false };
        Self {
            live: vec![NONE; devices as usize],
            clients: vec![client; devices as usize],
            devices: (0..devices).map(|client| Device { client, epoch: 0 }).collect(),
        }
    }

    pub(crate) fn speaks_as(&mut self, device: DeviceKey, client: ClientKey) {
        self.devices[device.0 as usize].client = client.0;
    }

    #[inline]
    pub(crate) fn of(&self, device: DeviceKey) -> ClientKey {
        ClientKey(self.devices[device.0 as usize].client)
    }

    #[inline]
    pub(crate) fn epoch(&self, client: ClientKey) -> u32 {
        self.clients[client.0 as usize].epoch
    }

    /// The epoch in which a device connected: what it receives was sent in that one or later.
    #[inline]
    pub(crate) fn epoch_of_device(&self, device: DeviceKey) -> u32 {
        self.devices[device.0 as usize].epoch
    }

    #[inline]
    pub(crate) fn live(&self, client: ClientKey) -> Option<ConnectionNumber> {
        let live = self.live[client.0 as usize];
        (live != NONE).then_some(ConnectionNumber(live))
    }

    /// The device that speaks for a client.
    pub(crate) fn device_of(&self, client: ClientKey) -> DeviceKey {
        DeviceKey(self.clients[client.0 as usize].device)
    }

    pub(crate) fn accepted(&mut self, now: Timestamp, client: ClientKey, connection: ConnectionNumber) {
        let live = &mut self.live[client.0 as usize];
        let client = &mut self.clients[client.0 as usize];
        client.gap_or_closed_at =
            if *live == NONE { now.0.saturating_sub(client.gap_or_closed_at) } else { 0 };
        *live = connection.0;
    }

    pub(crate) fn closed(&mut self, now: Timestamp, client: ClientKey, connection: ConnectionNumber) {
        let live = &mut self.live[client.0 as usize];
        if *live == connection.0 {
            *live = NONE;
            self.clients[client.0 as usize].gap_or_closed_at = now.0;
        }
    }

    /// A device saw CONNACK 0. True if a session is missing that should be there.
    pub(crate) fn connected(
        &mut self,
        device: DeviceKey,
        session_present: bool,
        session_expiry: Duration,
        clean_start: bool,
    ) -> bool {
        let key = self.of(device);
        let client = &mut self.clients[key.0 as usize];
        let expiry = u64::from(client.expiry_seconds) * 1_000_000_000;
        // The connection may have ended at the service again before its CONNACK arrived; then the gap before it is
        // not known any more, and nothing is said.
        let lost = client.has_session
            && !session_present
            && !clean_start
            && self.live[key.0 as usize] != NONE
            && client.gap_or_closed_at < expiry;
        if !session_present {
            client.epoch += 1;
        }
        client.has_session = true;
        client.expiry_seconds = u32::try_from(session_expiry.as_secs()).unwrap_or(u32::MAX);
        client.device = device.0;
        self.devices[device.0 as usize].epoch = client.epoch;
        lost
    }

    pub(crate) fn disconnected(&mut self, device: DeviceKey) {
        let key = self.of(device);
        let client = &mut self.clients[key.0 as usize];
        if client.device == device.0 && client.expiry_seconds == 0 {
            client.epoch += 1;
            client.has_session = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_stays_in_its_budget() {
        // Design section 2: oracle 32 bytes a device, besides its subscriptions and who speaks as whom.
        assert!(size_of::<Client>() + size_of::<u64>() <= 32);
        assert_eq!(size_of::<Device>(), 8);
    }
}
