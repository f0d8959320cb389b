//! What the service says about itself, kept and waited for.

use std::io;
use std::sync::{Arc, Mutex};

use squall_core::{ConnectionId, DiscardRule, DisconnectReason, Fact};
use squall_shell::Observer;
use squall_types::Now;
use tokio::sync::Notify;

use super::within;

/// A fact that tests ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Connected(ConnectionId, String),
    Refused,
    Disconnected(String, DisconnectReason),
    Discarded(DiscardRule),
}

/// A handle on what was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Arc<(Mutex<Vec<Seen>>, Notify)>);

impl Watch {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, is_such: impl Fn(&Seen) -> bool) -> usize {
        self.seen().iter().filter(|seen| is_such(seen)).count()
    }

    /// Waits until `count` of them were seen.
    pub(crate) async fn wait_for(&self, count: usize, is_such: impl Fn(&Seen) -> bool) {
        within(async {
            while self.count(&is_such) < count {
                self.0.1.notified().await;
            }
        })
        .await;
    }

    pub(crate) async fn wait_for_end(&self, client_id: &str, reason: DisconnectReason) {
        let end = Seen::Disconnected(client_id.to_owned(), reason);
        self.wait_for(1, |seen| *seen == end).await;
    }
}

impl Observer for Watch {
    fn fact(&mut self, _: Now, fact: Fact<'_>) {
        let seen = match fact {
            Fact::Connected { connection, client_id, .. } => {
                Seen::Connected(connection, client_id.to_owned())
            }
            Fact::ConnectRefused { .. } => Seen::Refused,
            Fact::Disconnected { client_id, reason, .. } => Seen::Disconnected(client_id.to_owned(), reason),
            Fact::Discarded { rule, .. } => Seen::Discarded(rule),
            _ => return,
        };
        self.0.0.lock().unwrap().push(seen);
        self.0.1.notify_one();
    }

    fn accept_failed(&mut self, error: &io::Error) {
        panic!("{error}");
    }
}
