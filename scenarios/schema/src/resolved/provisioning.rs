//! How devices without an identity get one: authorities, templates, Lambdas, and what the firmware makes of it.

use core::time::Duration;

use squall_services::policy::CertificateField;
use squall_types::Template;

use super::FunctionStation;

/// A Lambda that rules and templates call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lambda {
    /// Its name; unique.
    pub name: String,
    /// Its script.
    pub script: String,
    /// The file that it was read from, as the scenario writes it; `None` if it stands in the scenario.
    pub source: Option<String>,
    /// Where it runs.
    pub station: FunctionStation,
}

/// A topic rule: every message that its filter matches is handed to a Lambda, as `SELECT * FROM 'filter'` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name; unique.
    pub name: String,
    /// The topic filter.
    pub filter: String,
    /// The Lambda's name.
    pub lambda: String,
}

/// A certificate authority that the account has registered when the run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateAuthority {
    /// Its name in the scenario; unique.
    pub name: String,
    /// Whether it is ACTIVE.
    pub status: AuthorityStatus,
    /// Whether the first connection of an unknown certificate registers it.
    pub auto_registration: bool,
    /// How it was registered.
    pub mode: CertificateMode,
    /// The template of just-in-time provisioning; `None` for just-in-time registration.
    pub template: Option<String>,
}

/// The status of a certificate authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityStatus {
    /// New certificates of it may be registered.
    Active,
    /// They may not.
    Inactive,
}

/// How a certificate authority was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateMode {
    /// With a verification certificate.
    Default,
    /// Without; its devices must send a server name.
    SniOnly,
}

/// A provisioning template that the account has when the run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningTemplate {
    /// Its name; unique.
    pub name: String,
    /// What it is for.
    pub kind: TemplateKind,
    /// Its body, as JSON text.
    pub body: String,
    /// The file that it was read from, as the scenario writes it; `None` if it stands in the scenario.
    pub source: Option<String>,
    /// Whether it may be used.
    pub is_enabled: bool,
    /// Name of the Lambda that is asked before a thing is registered.
    pub hook: Option<String>,
}

/// What a provisioning template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// `FLEET_PROVISIONING`.
    Fleet,
    /// `JITP`.
    Jitp,
}

/// Devices with certificates that their own authority signed, registered when they first connect.
#[derive(Clone, Debug, PartialEq)]
pub struct JustInTime {
    /// Name of the certificate authority.
    pub certificate_authority: String,
    /// The subject of each certificate, ordered by field; per device.
    pub subject: Vec<(CertificateField, Template)>,
    /// Whether the devices send a server name in their TLS handshakes.
    pub server_name: bool,
    /// When the certificates expire; `None`: not within the run.
    pub certificate_expires: Option<CertificateExpiry>,
    /// What the firmware makes of trouble.
    pub habits: FirmwareHabits,
}

/// Devices that ask for a certificate of their own over MQTT, with the certificate of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetProvisioning {
    /// Names of the policies of the one claim certificate that the fleet shares; empty with a trusted user, whose
    /// claims are made for one device each and have the rights that the flow needs.
    pub claim_policies: Vec<String>,
    /// Name of the provisioning template.
    pub template: String,
    /// The parameters of RegisterThing, ordered by name; per device.
    pub parameters: Vec<(String, Template)>,
    /// How payloads are written.
    pub payload_format: PayloadFormat,
    /// Whether the device makes its own key and sends a signing request.
    pub csr: bool,
    /// Client id of the connection with the claim; per device.
    pub client_id: Template,
    /// How long the device waits for each answer.
    pub timeout: Duration,
    /// What the firmware makes of trouble.
    pub habits: FirmwareHabits,
}

/// How payloads of the provisioning API are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    /// JSON.
    Json,
    /// CBOR.
    Cbor,
}

/// What the firmware of a device that gets its identity in the field makes of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareHabits {
    /// What it does when it is turned away.
    pub after_rejection: AfterRejection,
    /// Devices in a million that never try again once they were turned away.
    pub gives_up_per_million: u32,
    /// Whether its own certificate outlives a loss of power. Always so with [`JustInTime`], whose certificates
    /// come from the factory.
    pub keeps_certificate: bool,
}

/// What a device does when it is turned away before it ever had an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRejection {
    /// It waits as its back-off says.
    BackOff,
    /// It waits this long.
    Wait(Duration),
    /// It never tries again.
    GiveUp,
}

/// When the certificates of a fleet expire, counted from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateExpiry {
    /// The first of them.
    pub after: Duration,
    /// They are spread over this span, each by a draw of its device.
    pub over: Duration,
}
