//! Recounts whether a rule under which the service discarded a message applied.
//!
//! Rates on a connection are seen at the devices, so packets under way blur them: a window as long as the network may
//! hold packets back must hold as many publishes as the limit allows in one second. What the account stores is declared by the service at its own time, and
//! recounted exactly.

use std::collections::VecDeque;

use squall_types::Timestamp;

use crate::{ClientKey, OracleConfig};

/// The rules whose record is about the publisher.
pub(crate) const IS_ABOUT_PUBLISHER: [&str; 2] = ["publish-rate-in", "account-publish-rate-in"];

/// Which way a publish went, as the service sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

const SECOND: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Recount {
    /// Publishes of all clients in the window, oldest first.
    recent: VecDeque<(Timestamp, ClientKey, Direction)>,
    /// How many of them went in, and out.
    account: [u32; 2],
    account_limits: [u32; 2],
    /// The window in nanoseconds.
    window: u64,
    /// How many of them are each client's.
    counts: Vec<u16>,
    /// Which clients may get what the service itself publishes; empty while there is none.
    listens_to_service: Vec<bool>,
    publish_limit: u32,
    /// The account's store: tokens in 10^-9, as of a time.
    store: u64,
    store_at: Timestamp,
    store_rate: u64,
}

impl Recount {
    pub(crate) fn new(config: &OracleConfig) -> Self {
        let limits = &config.limits;
        let store_rate = u64::from(limits.queued_messages_per_second);
        Self {
            recent: VecDeque::new(),
            account: [0; 2],
            account_limits: [limits.inbound_publishes_per_second, limits.outbound_publishes_per_second],
            window: u64::try_from(config.blur.as_nanos()).unwrap_or(u64::MAX).saturating_add(SECOND),
            counts: vec![0; config.devices as usize],
            listens_to_service: Vec::new(),
            publish_limit: limits.publishes_per_second_per_connection,
            store: store_rate * SECOND,
            store_at: Timestamp::ZERO,
            store_rate,
        }
    }

    /// A publish of a client, or to it.
    #[inline]
    pub(crate) fn published(&mut self, now: Timestamp, client: ClientKey, direction: Direction) {
        while let Some(&(at, old, direction)) = self.recent.front()
            && at.plus_nanos(self.window) < now
        {
            self.counts[old.0 as usize] -= 1;
            self.account[direction as usize] -= 1;
            self.recent.pop_front();
        }
        let count = &mut self.counts[client.0 as usize];
        if *count < u16::MAX {
            *count += 1;
            self.account[direction as usize] += 1;
            self.recent.push_back((now, client, direction));
        }
    }

    /// From now on the client may get what the service itself publishes, of which nothing is seen before it arrives.
    pub(crate) fn listens_to_service(&mut self, client: ClientKey) {
        self.listens_to_service.resize(self.counts.len(), false);
        self.listens_to_service[client.0 as usize] = true;
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
            // What cannot be counted may be what went over the rate.
            "account-publish-rate-out" if !self.listens_to_service.is_empty() => Ok(()),
            "publish-rate-in" | "publish-rate-out"
                if self.listens_to_service.get(client.0 as usize) == Some(&true) =>
            {
                Ok(())
            }
            "account-publish-rate-in" => self.account_applies(Direction::In),
            "account-publish-rate-out" => self.account_applies(Direction::Out),
            "publish-rate-in" | "publish-rate-out" => {
                let found = u32::from(self.counts[client.0 as usize]);
                let limit = self.publish_limit.min(u16::MAX.into());
                if found >= limit {
                    Ok(())
                } else {
                    Err(format!(
                        "only {found} publishes of the client were seen within {} s, {limit} are allowed in one",
                        self.window / SECOND
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

    fn account_applies(&self, direction: Direction) -> Result<(), String> {
        let (found, limit) = (self.account[direction as usize], self.account_limits[direction as usize]);
        if found >= limit {
            return Ok(());
        }
        Err(format!(
            "only {found} publishes of the account were seen within {} s, {limit} are allowed in one",
            self.window / SECOND
        ))
    }

    fn refill(&mut self, now: Timestamp) {
        let elapsed = now.0.saturating_sub(self.store_at.0).min(SECOND);
        self.store = (self.store + elapsed * self.store_rate).min(self.store_rate * SECOND);
        self.store_at = now;
    }
}
