//! What calls are answered with, besides that they succeeded.

use squall_types::{CertificateId, Uuid};

/// The answer to a call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlReply {
    /// Nothing but success.
    Done,
    /// `CreateThing`, `CreateThingType`, `CreateThingGroup`, `CreateBillingGroup`.
    Made(Box<Made>),
    /// `CreatePolicy`, `CreatePolicyVersion`.
    Policy(Box<PolicyMade>),
    /// A certificate, of a device or a CA, that is registered or issued.
    Certificate {
        /// Its id.
        id: CertificateId,
        /// Its ARN.
        arn: Box<str>,
        /// Its PEM text, if the service issued it and somebody has made one.
        pem: Option<Box<str>>,
    },
    /// The number of the version that an update made: `UpdateThingGroup`, `UpdateBillingGroup`.
    Version(u64),
}

/// A thing, type or group that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: Box<str>,
    /// Its ARN.
    pub arn: Box<str>,
    /// Its id, which no later one of the same name has.
    pub id: Uuid,
}

/// A version of a policy that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyMade {
    /// The policy's name.
    pub name: Box<str>,
    /// Its ARN.
    pub arn: Box<str>,
    /// The text of the version.
    pub document: Box<str>,
    /// The version's number.
    pub version: u32,
    /// Whether it is the default.
    pub is_default: bool,
}
