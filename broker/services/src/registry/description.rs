//! What the registry says of one resource.

use squall_types::{CertificateId, Uuid, WallTime};

use super::certificate::{CertificateMode, CertificateStatus};
use super::registration::RegistrationConfig;
use super::thing_type::ThingTypeProperties;
use super::x509::Validity;

/// A resource's name and ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAndArn {
    /// Name.
    pub name: Box<str>,
    /// ARN.
    pub arn: Box<str>,
}

/// A thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingDescription {
    /// Its name.
    pub name: Box<str>,
    /// Its ARN.
    pub arn: Box<str>,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
    /// Its type.
    pub type_name: Option<Box<str>>,
    /// Its attributes, in the order of their names.
    pub attributes: Box<[(Box<str>, Box<str>)]>,
    /// Its billing group.
    pub billing_group: Option<Box<str>>,
}

/// A thing type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingTypeDescription {
    /// Its name.
    pub name: Box<str>,
    /// Its ARN.
    pub arn: Box<str>,
    /// Its id.
    pub id: Uuid,
    /// What it says of itself.
    pub properties: ThingTypeProperties,
    /// When it was made.
    pub created: WallTime,
    /// Since when it is deprecated.
    pub deprecated: Option<WallTime>,
}

/// A thing group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingGroupDescription {
    /// Its name.
    pub name: Box<str>,
    /// Its ARN.
    pub arn: Box<str>,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
    /// For people.
    pub description: Option<Box<str>>,
    /// Its attributes, in the order of their names.
    pub attributes: Box<[(Box<str>, Box<str>)]>,
    /// The groups above it, the root first.
    pub root_to_parent: Vec<NameAndArn>,
    /// When it was made.
    pub created: WallTime,
}

/// A billing group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingGroupDescription {
    /// Its name.
    pub name: Box<str>,
    /// Its ARN.
    pub arn: Box<str>,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
    /// For people.
    pub description: Option<Box<str>>,
    /// When it was made.
    pub created: WallTime,
}

/// A certificate of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDescription {
    /// Its id.
    pub id: CertificateId,
    /// Its ARN.
    pub arn: Box<str>,
    /// The registered CA that signed it.
    pub ca: Option<CertificateId>,
    /// Its state.
    pub status: CertificateStatus,
    /// How it was registered.
    pub mode: CertificateMode,
    /// Its time; [`Validity::ALWAYS`] if nobody said any.
    pub validity: Validity,
    /// When it was registered; 1970 for one of the set-up.
    pub created: WallTime,
    /// When its state changed last.
    pub modified: WallTime,
    /// How often it was changed, from 1.
    pub version: u32,
    /// Its PEM text, if there is one.
    pub pem: Option<Box<str>>,
    /// The account's number.
    pub owned_by: Box<str>,
}

/// A CA certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificateDescription {
    /// Its id.
    pub id: CertificateId,
    /// Its ARN.
    pub arn: Box<str>,
    /// Whether it is ACTIVE.
    pub is_active: bool,
    /// Whether unknown certificates of it register by connecting.
    pub auto_registration: bool,
    /// What becomes of those.
    pub registration: Option<RegistrationConfig>,
    /// How its device certificates are registered.
    pub mode: CertificateMode,
    /// Its time.
    pub validity: Validity,
    /// When it was registered.
    pub created: WallTime,
    /// When it was changed last.
    pub modified: WallTime,
    /// How often it was changed, from 1.
    pub version: u32,
    /// Its PEM text, if there is one.
    pub pem: Option<Box<str>>,
    /// The account's number.
    pub owned_by: Box<str>,
}
