//! Who may do what: policies, custom authorizers, and how the devices of a fleet prove who they are.

use core::time::Duration;

use squall_services::registry::CertificateStatus;
use squall_types::Template;

use super::{CertificateExpiry, FleetProvisioning, JustInTime};

/// A policy that the account has when the run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Its name; unique.
    pub name: String,
    /// The document's text.
    pub document: String,
    /// The file that it was read from, as the scenario writes it; `None` if it stands in the scenario.
    pub source: Option<String>,
}

/// A custom authorizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    /// Its name; unique.
    pub name: String,
    /// The script of its Lambda.
    pub script: String,
    /// The file that it was read from, as the scenario writes it; `None` if it stands in the scenario.
    pub source: Option<String>,
    /// Whether a client that names no authorizer gets this one; true of one at most.
    pub is_default: bool,
    /// Where its Lambda runs.
    pub station: FunctionStation,
}

/// Where a Lambda runs: how many of it at once, how long each takes, how often it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionStation {
    /// Invocations that run at the same time; the next one is throttled.
    pub concurrency: u32,
    /// How long an invocation takes.
    pub latency: Duration,
    /// How much longer one takes that finds no environment free.
    pub cold_start: Duration,
    /// Invocations in a million that end with an error of their own.
    pub failures_per_million: u32,
}

/// How a device proves who it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// By a certificate that the account knows.
    Registered(Registered),
    /// By what a custom authorizer makes of its CONNECT.
    CustomAuthorizer(CustomAuthorizer),
    /// By a certificate that its first connection registers and a template provides with everything.
    Jitp(JustInTime),
    /// By a certificate that its first connection registers and somebody activates.
    Jitr(JustInTime),
    /// By a certificate that it gets in exchange for a claim that the fleet shares.
    Claim(FleetProvisioning),
    /// By a certificate that it gets in exchange for a claim that a trusted user made for it.
    TrustedUser(FleetProvisioning),
}

/// How a device proves who it is, without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// [`Identity::Registered`].
    Registered,
    /// [`Identity::CustomAuthorizer`].
    CustomAuthorizer,
    /// [`Identity::Jitp`].
    Jitp,
    /// [`Identity::Jitr`].
    Jitr,
    /// [`Identity::Claim`].
    Claim,
    /// [`Identity::TrustedUser`].
    TrustedUser,
}

impl Identity {
    /// Which identity it is.
    pub const fn kind(&self) -> IdentityKind {
        match self {
            Self::Registered(_) => IdentityKind::Registered,
            Self::CustomAuthorizer(_) => IdentityKind::CustomAuthorizer,
            Self::Jitp(_) => IdentityKind::Jitp,
            Self::Jitr(_) => IdentityKind::Jitr,
            Self::Claim(_) => IdentityKind::Claim,
            Self::TrustedUser(_) => IdentityKind::TrustedUser,
        }
    }
}

/// The certificates of a fleet, one a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// What they are allowed; `None`: everything, and no policy is looked at.
    pub rights: Option<Rights>,
    /// Their status when the run begins.
    pub certificate_status: CertificateStatus,
    /// When they expire; `None`: not within the run.
    pub certificate_expires: Option<CertificateExpiry>,
}

/// What hangs on each certificate of a fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Rights {
    /// Names of the policies attached to it, in the order of attaching; with none nothing is allowed.
    pub policies: Vec<String>,
    /// Name of the thing that it is attached to; per device.
    pub thing: Template,
    /// Whether it is attached as `EXCLUSIVE_THING`.
    pub exclusive_thing: bool,
    /// Attributes of that thing, ordered by name.
    pub attributes: Vec<(String, String)>,
}

/// What the devices of a fleet put into their CONNECT for a custom authorizer.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomAuthorizer {
    /// The user name; per device.
    pub username: Option<Template>,
    /// The password; per device.
    pub password: Option<Template>,
}
