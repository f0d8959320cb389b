//! The orderly end of the service.

use squall_codec::ReasonCode;

use crate::broker::{Broker, Step};
use crate::input::ConnectionId;
use crate::output::DisconnectReason;
use crate::sink::Sink;

impl Broker {
    /// `broker.md` 5: an operational close. MQTT 5 hears 0x8B; sessions and wills go the way of any lost connection.
    pub(crate) fn handle_shutdown<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        // By name, so that the order of places in the slab reaches no result.
        let mut open: Vec<ConnectionId> = self.connections.iter().map(|connection| connection.id).collect();
        open.sort_unstable();
        for id in open {
            // Ending one connection may have ended another.
            if let Some(key) = self.connections.find(id) {
                self.fail(step, key, ReasonCode::ServerShuttingDown, DisconnectReason::ServerInitiated);
            }
        }
    }
}
