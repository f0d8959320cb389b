//! At most one live connection for a client id (MQTT-3.1.4-2, `broker.md` 2.2).
//!
//! Seen on the wire at the service: before a newcomer's CONNACK leaves, the earlier connection must be closed, and
//! nothing may leave on it afterwards. What the service does with bytes that still arrive on it is not seen.

use squall_types::Timestamp;

use crate::verdict::Verdict;
use crate::{ClientKey, ConnectionNumber};

#[derive(Debug)]
pub(crate) struct SingleConnectionOracle {
    verdict: Verdict,
}

impl Default for SingleConnectionOracle {
    fn default() -> Self {
        Self { verdict: Verdict::new("single-connection", "at most one live connection for a client id") }
    }
}

impl SingleConnectionOracle {
    /// CONNACK 0 leaves on `connection` while `live` is the client's connection so far.
    pub(crate) fn accepted(
        &mut self,
        now: Timestamp,
        connection: ConnectionNumber,
        client: ClientKey,
        live: Option<ConnectionNumber>,
    ) {
        self.verdict.checks += 1;
        if live.is_some_and(|live| live != connection) {
            let text = "a second connection was accepted while the first still stood".to_owned();
            self.verdict.violated(now, Some(client), text);
        }
    }

    /// Any other packet but a refusal leaves on `connection`. Which of two connections was opened first says nothing: the
    /// later CONNECT takes over.
    #[inline]
    pub(crate) fn sent(
        &mut self,
        now: Timestamp,
        connection: ConnectionNumber,
        client: ClientKey,
        live: Option<ConnectionNumber>,
    ) {
        self.verdict.checks += 1;
        if live.is_some_and(|live| live != connection) {
            let text = "a packet left on a connection that had been taken over".to_owned();
            self.verdict.violated(now, Some(client), text);
        }
    }

    pub(crate) fn into_verdict(self) -> Verdict {
        self.verdict
    }
}
