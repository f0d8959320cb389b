//! What a device does and tells.

use squall_codec::ReasonCode;
use squall_types::{CertificateId, QoS, Timestamp};

use crate::provisioning::{Credential, ProvisioningStep};
use crate::shadow::ShadowFact;

/// Where a device's outputs go; statically dispatched.
pub trait DeviceSink {
    /// Begins to set up a transport, secured with this credential. The answer is `Up` or `Failed`.
    fn open(&mut self, credential: Credential);

    /// Writes whole packets to the transport.
    fn send(&mut self, bytes: &[u8]);

    /// Gives the transport up, set up or not. Nothing more comes from it.
    fn close(&mut self);

    /// Asks for [`crate::DeviceInput::Timer`] with `token` at `at`. Timers are never cancelled.
    fn arm(&mut self, at: Timestamp, token: TimerToken);

    /// Takes one fact about what the device just did or saw.
    fn fact(&mut self, fact: DeviceFact<'_>);
}

/// Names a timer of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimerToken(pub u32);

impl TimerToken {
    pub(crate) const PUBLISH: u8 = 0;
    pub(crate) const CONNECTION: u8 = 1;
    pub(crate) const KEEP_ALIVE: u8 = 2;
    pub(crate) const PROVISIONING: u8 = 3;
    pub(crate) const SHADOW_REPORT: u8 = 4;
    pub(crate) const SHADOW_APPLY: u8 = 5;
    pub(crate) const SHADOW_ANSWER: u8 = 6;

    pub(crate) const fn new(kind: u8, pattern: u8, generation: u16) -> Self {
        Self(((kind as u32) << 24) | ((pattern as u32) << 16) | generation as u32)
    }

    pub(crate) const fn kind(self) -> u8 {
        (self.0 >> 24) as u8
    }

    pub(crate) const fn pattern(self) -> u8 {
        (self.0 >> 16) as u8
    }

    pub(crate) const fn generation(self) -> u16 {
        self.0 as u16
    }
}

/// Something that a device did or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceFact<'a> {
    /// It began to connect.
    AttemptBegan,
    /// An attempt came to nothing.
    AttemptFailed {
        /// When it began.
        began: Timestamp,
        /// Why it failed.
        why: AttemptFailure,
    },
    /// CONNECT left.
    ConnectSent {
        /// The client id in it.
        client_id: &'a str,
        /// What its transport is secured with. What follows a CONNECT with a claim is told by facts of its own, from
        /// `ClaimConnected` on.
        credential: Credential,
    },
    /// CONNACK 0 came.
    Connected {
        /// When it first wanted to be connected.
        wanted: Timestamp,
        /// When this attempt began.
        began: Timestamp,
        /// Whether the service still had the session.
        session_present: bool,
    },
    /// A connection that stood is gone.
    ConnectionLost {
        /// The reason in a DISCONNECT, if one came.
        reason: Option<ReasonCode>,
    },
    /// It asked for a subscription.
    Subscribing {
        /// The filter.
        filter: &'a str,
        /// The QoS asked for.
        qos: QoS,
    },
    /// The service answered for one filter.
    Subscribed {
        /// The filter.
        filter: &'a str,
        /// Granted QoS or failure.
        code: ReasonCode,
    },
    /// A PUBLISH left.
    PublishSent {
        /// The pattern that it comes from.
        pattern: u8,
        /// Topic.
        topic: &'a str,
        /// Payload.
        payload: &'a [u8],
        /// QoS.
        qos: QoS,
        /// When it fell due.
        intended: Timestamp,
        /// False for a repeat.
        first: bool,
    },
    /// A PUBACK came for a PUBLISH.
    PublishAcked {
        /// Topic.
        topic: &'a str,
        /// Payload.
        payload: &'a [u8],
        /// When it fell due.
        intended: Timestamp,
        /// When it was first sent.
        sent: Timestamp,
        /// The service's answer.
        code: ReasonCode,
    },
    /// A publish fell due offline and was lost.
    PublishDropped,
    /// A PUBLISH came.
    Received {
        /// Topic.
        topic: &'a str,
        /// Payload.
        payload: &'a [u8],
        /// QoS.
        qos: QoS,
    },
    /// Something came that breaks the protocol.
    ProtocolViolation,
    /// CONNACK 0 came for a connection with a claim.
    ClaimConnected {
        /// When this attempt began.
        began: Timestamp,
    },
    /// A connection with a claim is gone before the device had its identity; it begins again after its back-off.
    ClaimConnectionLost {
        /// What it waited for.
        waiting_for: ProvisioningStep,
        /// The reason in a DISCONNECT, if one came.
        reason: Option<ReasonCode>,
    },
    /// It was given a certificate. It is not its own before `Provisioned`.
    CertificateReceived {
        /// The certificate's id.
        certificate_id: CertificateId,
    },
    /// It has its identity: its thing was registered, or it was let in for the first time with a certificate that its
    /// first connections made known. A connection with a claim ends with it.
    Provisioned {
        /// When it first tried.
        since: Timestamp,
        /// The certificate that it was given; `None` if it had one.
        certificate_id: Option<CertificateId>,
        /// The name of its thing, if the service said it.
        thing_name: Option<&'a str>,
    },
    /// The service rejected one of its requests. It drops the connection, and does as its firmware has it.
    ProvisioningRejected {
        /// What it waited for.
        waiting_for: ProvisioningStep,
        /// The status code of the answer; 0 if the answer could not be read.
        status_code: i64,
        /// The error code of the answer, likewise empty.
        error_code: &'a str,
    },
    /// No answer came in time. It drops the connection and begins again after its back-off.
    ProvisioningTimedOut {
        /// What it waited for.
        waiting_for: ProvisioningStep,
    },
    /// It was turned away and will never try again.
    GaveUp {
        /// When it first tried.
        since: Timestamp,
    },
    /// It lost its power; told after what that ended.
    PowerLost {
        /// Publishes that were not done and are gone.
        forgotten: u32,
        /// Whether the certificate that it was given is gone too.
        certificate_lost: bool,
    },
    /// It did or saw something with one of its shadows. What comes from a shadow is told as `Received` as well, before
    /// this; requests of shadows are told here alone.
    Shadow {
        /// Which, by its place in the profile.
        shadow: u8,
        /// What.
        fact: &'a ShadowFact<'a>,
    },
}

/// Why an attempt to connect came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptFailure {
    /// The transport was refused or broke during set-up.
    Transport,
    /// CONNACK said no.
    Refused {
        /// The code on the wire.
        code: u8,
    },
    /// The service closed instead of answering CONNECT.
    Closed,
    /// No CONNACK came in time.
    TimedOut,
    /// The device lost its power.
    PowerLost,
}
