//! The service's log of a world. Off unless asked for; it draws nothing that a run depends on.

use squall_core::{ConnectionId, Identity, Source};
use squall_logs::ServiceLog;

use crate::event::LinkKey;
use crate::world::World;

/// The account of [`squall_services::policy::Account::default`].
const ACCOUNT_ID: &str = "123456789012";

impl World {
    /// Switches the service's log on; before the first step, or connections that stand go unnamed in it.
    pub fn log_service(&mut self) {
        self.service_log = Some(Box::new(ServiceLog::new(ACCOUNT_ID, self.chance)));
    }

    /// The records since the last time, as JSON lines; none while the log is off. They pile up until they are taken.
    pub fn take_log(&mut self) -> Vec<u8> {
        self.service_log.as_mut().map(|log| log.take()).unwrap_or_default()
    }

    /// A link's handshake has come to its end.
    pub(crate) fn log_opened(&mut self, key: LinkKey, identity: Identity<'_>, source: Source) {
        if let Some(log) = &mut self.service_log {
            log.opened(key.connection(), &identity, source);
        }
    }

    /// An authorizer has let a client in.
    pub(crate) fn log_named(&mut self, connection: ConnectionId, principal: &str) {
        if let Some(log) = &mut self.service_log {
            log.named(connection, principal);
        }
    }

    /// The service has no end of a link any more.
    pub(crate) fn log_closed(&mut self, key: LinkKey) {
        if let Some(log) = &mut self.service_log {
            log.closed(key.connection());
        }
    }
}
