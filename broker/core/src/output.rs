//! What the broker tells the driver to do.

use core::fmt;

use crate::input::{AskId, ConnectionId, Lsn, RequestId};
use crate::question::Question;
use crate::request::Reply;

/// One thing that the driver must do.
///
/// `after` is durability's gate: the driver keeps one first-in-first-out queue a connection and lets an output
/// leave once records up to `after` are durable; 0 leaves at once. With durability off every `after` is 0.
#[derive(Clone, Copy, Debug)]
pub enum Output<'a> {
    /// Write these bytes: whole packets, one or several.
    Bytes {
        /// On which connection.
        connection: ConnectionId,
        /// What must be durable first.
        after: Lsn,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// End the connection once everything before has left. The broker has already forgotten it.
    Close {
        /// Which connection.
        connection: ConnectionId,
        /// What must be durable first.
        after: Lsn,
        /// Why, in the words of lifecycle events.
        reason: DisconnectReason,
    },
    /// Stop reading from the connection: a throughput quota delays it, or an authorizer has not answered. A driver that
    /// learns of the transport's end only by reading says so late; then an answer may let in a client that has left.
    PauseReading {
        /// Which connection.
        connection: ConnectionId,
    },
    /// Read from the connection again.
    ResumeReading {
        /// Which connection.
        connection: ConnectionId,
    },
    /// The answer to a request.
    Reply {
        /// Which request.
        request: RequestId,
        /// What must be durable first.
        after: Lsn,
        /// The answer.
        reply: &'a Reply,
    },
    /// A question for the outside, answered by [`crate::Input::Answer`].
    Ask {
        /// Its name.
        ask: AskId,
        /// The question.
        question: Question<'a>,
    },
    /// Records to make durable; not emitted while durability is off.
    Persist {
        /// The position of the last of them.
        lsn: Lsn,
    },
}

/// Why a connection ended, spelled as `disconnectReason` of lifecycle events (`broker.md` 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DisconnectReason {
    /// The client sent DISCONNECT.
    ClientInitiated,
    /// The client broke the protocol or a size limit.
    ClientError,
    /// The transport broke.
    ConnectionLost,
    /// Another connection with the client id took over.
    DuplicateClientId,
    /// Nothing came for 1.5 keep alives.
    KeepAliveTimeout,
    /// A rate limit was exceeded for too long, or at CONNECT.
    Throttled,
    /// The service went down in an orderly way.
    ServerInitiated,
    /// Authentication or authorisation failed, or is no more.
    AuthError,
    /// The time that a custom authorizer gave is over.
    CustomAuthTtlExpiration,
}

impl DisconnectReason {
    /// The spelling of lifecycle events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientInitiated => "CLIENT_INITIATED_DISCONNECT",
            Self::ClientError => "CLIENT_ERROR",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::DuplicateClientId => "DUPLICATE_CLIENTID",
            Self::KeepAliveTimeout => "MQTT_KEEP_ALIVE_TIMEOUT",
            Self::Throttled => "THROTTLED",
            Self::ServerInitiated => "SERVER_INITIATED_DISCONNECT",
            Self::AuthError => "AUTH_ERROR",
            Self::CustomAuthTtlExpiration => "CUSTOMAUTH_TTL_EXPIRATION",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
