//! What the driver tells the broker.

use core::net::IpAddr;

use squall_services::policy::Rights;
use squall_services::registry::X509Certificate;
use squall_types::CertificateId;

use crate::question::Answer;
use crate::request::Call;

/// A connection, as the driver names it: chosen by the driver, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A control- or data-plane request, as the driver names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A question that the broker asked of the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// How far the durable log has come. 0 is before its first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// Whose work a connection is, so that metering can be told apart; the engine puts the fleet's number here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u16);

/// One thing that happened outside.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A transport was set up; the first packet has not come yet.
    Opened {
        /// Its name from now on.
        connection: ConnectionId,
        /// What carries the bytes.
        transport: Transport,
        /// Who the transport says it is.
        identity: Identity<'a>,
        /// Where it comes from.
        source: Source,
        /// Whose it is.
        tag: Tag,
    },
    /// Bytes arrived, in order; they may hold part of a packet, or several.
    Bytes {
        /// On which connection.
        connection: ConnectionId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes that the broker wrote have left; until then they count against the connection's bound.
    Sent {
        /// On which connection.
        connection: ConnectionId,
        /// How many.
        bytes: u32,
    },
    /// The transport is gone.
    Closed {
        /// Which connection.
        connection: ConnectionId,
        /// How it went.
        why: ClosedWhy,
    },
    /// A call of the control or data plane.
    Request {
        /// Its name, for the reply.
        id: RequestId,
        /// Who calls.
        caller: Caller,
        /// What is asked for.
        call: Call<'a>,
    },
    /// An answer to an earlier [`crate::Output::Ask`]. It may come late or twice: an answer that nobody waits
    /// for is dropped.
    Answer {
        /// Which question.
        ask: AskId,
        /// The answer.
        answer: Answer<'a>,
    },
    /// Records up to and including `lsn` are durable.
    Durable {
        /// The last durable record.
        lsn: Lsn,
    },
    /// Time has reached [`crate::Broker::next_deadline`].
    Deadline,
    /// The service goes down in an orderly way: every connection is told and ended. The driver opens none after it.
    Shutdown,
}

/// What carries the bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// MQTT over TLS.
    Tls,
    /// MQTT over plain TCP, which the service itself does not offer; for tests on one machine.
    Tcp,
}

/// Who the transport says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// An X.509 certificate, proven to be the peer's. It may connect if it is registered and active, and do what its
    /// policies allow (`broker.md` 8.1).
    Certificate(CertificateId),
    /// An X.509 certificate, proven to be the peer's, that may be unknown: if its CA lets it, it registers by being
    /// shown (`state.md` 3.1, 3.2).
    Presented {
        /// Its fields, its CA among them as the driver has verified it.
        certificate: &'a X509Certificate,
        /// The name that TLS was asked for, if it was asked for one.
        server_name: Option<&'a str>,
    },
    /// An X.509 certificate that is taken to be registered, active and allowed everything: nothing is looked up.
    Trusted(CertificateId),
    /// Nobody in particular, allowed everything; what plain TCP has to say.
    Anonymous,
    /// Nobody yet: CONNECT brings what a custom authorizer judges (`broker.md` 8.3).
    CustomAuthorizer {
        /// The name that TLS was asked for, if it was asked for one.
        server_name: Option<&'a str>,
    },
    /// Whoever signed the upgrade with IAM or Cognito credentials (`broker.md` 8.4, 8.5).
    Signed(SignedIdentity<'a>),
}

/// IAM or Cognito credentials, their signature verified by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIdentity<'a> {
    /// Access key or role session, which lifecycle messages name.
    pub principal: &'a str,
    /// Its IAM policies.
    pub iam: &'a Rights,
    /// The identity of an authenticated Cognito user: IoT policies attached to it must allow as well.
    pub cognito_identity: Option<&'a str>,
}

/// The peer's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Address.
    pub ip: IpAddr,
    /// Port.
    pub port: u16,
}

/// How a transport ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedWhy {
    /// The peer ended its stream.
    EndOfStream,
    /// The transport was reset, timed out or otherwise broke.
    Reset,
}

/// Who makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The account's owner over HTTPS, allowed everything.
    Account {
        /// Under which the call is metered.
        tag: Tag,
    },
}
