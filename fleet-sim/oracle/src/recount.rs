//! Recounts whether a rule under which the service discarded a message applied.
//!
//! Rates on a connection are seen at the devices, so packets under way blur them: a window of ten seconds must hold as
//! many publishes as the limit allows in one. What the account stores is declared by the service at its own time, and
//! recounted exactly.

use std::collections::VecDeque;

use squall_profile::Limits;
use squall_types::Timestamp;

use crate::ClientKey;

const SECOND: u64 = 1_000_000_000;
const WINDOW: u64 = 10 * SECOND;

#[derive(Debug)]
pub(crate) struct Recount {
    /// Publishes of all clients in the window, oldest first.
    recent: VecDeque<(Timestamp, ClientKey)>,
    /// How many of them are each client's.
    counts: Vec<u16>,
    publish_limit: u32,
    /// The account's store: tokens in 10^-9, as of a time.
    store: u64,
    store_at: Timestamp,
    store_rate: u64,
}

impl Recount {
    pub(crate) fn new(clients: u32, limits: &Limits) -> Self {
        let store_rate = u64::from(limits.queued_messages_per_second);
        Self {
            recent: VecDeque::new(),
            counts: vec![0; clients as usize],
            publish_limit: limits.publishes_per_second_per_connection,
            store: store_rate * SECOND,
            store_at: Timestamp::ZERO,
            store_rate,
        }
    }

    /// A publish of a client, or to it.
    #[inline]
    pub(crate) fn published(&mut self, now: Timestamp, client: ClientKey) {
        while let Some(&(at, old)) = self.recent.front()
            && at.plus_nanos(WINDOW) < now
        {
            self.counts[old.0 as usize] -= 1;
            self.recent.pop_front();
        }
        let count = &mut self.counts[client.0 as usize];
        if *count < u16::MAX {
            *count += 1;
            self.recent.push_back((now, client));
        }
    }

    /// The service stored a message.
    pub(crate) fn queued(&mut self, now: Timestamp) {
        self.refill(now);
        self.store = self.store.saturating_sub(SECOND);
    }

    /// Whether `rule` applied to `client`; what was found instead if not.
    pub(crate) fn applies(
        &mut self,
        now: Timestamp,
        client: ClientKey,
        rule: &'static str,
    ) -> Result<(), String> {
        match rule {
            "publish-rate-in" | "publish-rate-out" => {
                let found = u32::from(self.counts[client.0 as usize]);
                let limit = self.publish_limit.min(u16::MAX.into());
                if found >= limit {
                    Ok(())
                } else {
                    Err(format!(
                        "only {found} publishes of the client were seen within 10 s, {limit} are allowed in one"
                    ))
                }
            }
            "queue-rate" => {
                self.refill(now);
                if self.store < SECOND {
                    Ok(())
                } else {
                    let room = self.store / SECOND;
                    Err(format!("{room} more messages could have been stored in that second"))
                }
            }
            // The expectation itself says how long it waited.
            "retry-window" | "message-expiry" | "receiver-packet-size" | "unsent-bytes" => Ok(()),
            _ => Err("no rule of the service is called so".to_owned()),
        }
    }

    fn refill(&mut self, now: Timestamp) {
        let elapsed = now.0.saturating_sub(self.store_at.0).min(SECOND);
        self.store = (self.store + elapsed * self.store_rate).min(self.store_rate * SECOND);
        self.store_at = now;
    }
}
