//! How the devices of a fleet get an identity in the field.

use core::time::Duration;

use squall_types::Template;

/// The way to an identity, and what the firmware makes of trouble on it.
#[derive(Clone, Debug)]
pub struct Provisioning {
    /// The way.
    pub way: Way,
    /// What a device does when it is turned away before it has an identity.
    pub after_rejection: AfterRejection,
    /// Devices in a million that never try again once they were turned away.
    pub gives_up_per_million: u32,
    /// Whether a certificate that the device was given outlives a loss of power.
    pub keeps_certificate: bool,
}

/// How a device comes to its identity.
#[derive(Clone, Debug)]
pub enum Way {
    /// It has a certificate from the start, which its first connection makes known. That connection is ended before
    /// its CONNACK.
    JustInTime,
    /// It asks for a certificate of its own over MQTT.
    Claim(Claim),
}

/// What a device asks for with its claim, and how.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Name of the provisioning template.
    pub template: String,
    /// The parameters of RegisterThing; per device.
    pub parameters: Vec<(String, Template)>,
    /// How payloads are written.
    pub format: PayloadFormat,
    /// Whether it sends a signing request in place of asking for a key.
    pub csr: bool,
    /// Client id of the connection with the claim; per device.
    pub client_id: Template,
    /// How long it waits for each answer.
    pub timeout: Duration,
}

/// How payloads of the provisioning API are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    /// JSON.
    Json,
    /// CBOR.
    Cbor,
}

/// What a device does that is turned away before it has an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRejection {
    /// It waits as its back-off says.
    BackOff,
    /// It waits this long.
    Wait(Duration),
    /// It never tries again.
    GiveUp,
}

/// What a transport is secured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// What the device has for itself.
    Own,
    /// The claim.
    Claim,
}

/// What a device waits for on its connection with the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProvisioningStep {
    /// That its subscriptions to the answers of create are granted.
    CreateSubscription = 0,
    /// A certificate.
    Certificate = 1,
    /// That its subscriptions to the answers of provision are granted.
    RegisterSubscription = 2,
    /// That its thing is registered.
    Registration = 3,
}

impl ProvisioningStep {
    /// Whether the answer is one to a request, not to a SUBSCRIBE.
    pub(crate) const fn is_request(self) -> bool {
        matches!(self, Self::Certificate | Self::Registration)
    }

    /// The step of the API that it belongs to, by the request of it.
    pub(crate) const fn request(self) -> Self {
        match self {
            Self::CreateSubscription | Self::Certificate => Self::Certificate,
            Self::RegisterSubscription | Self::Registration => Self::Registration,
        }
    }
}

impl Claim {
    /// Writes the topic that the request of this step is published to.
    pub(crate) fn write_topic(&self, step: ProvisioningStep, out: &mut String) {
        match (step.request(), self.csr) {
            (ProvisioningStep::Registration, _) => {
                out.push_str("$aws/provisioning-templates/");
                out.push_str(&self.template);
                out.push_str("/provision/");
            }
            (_, false) => out.push_str("$aws/certificates/create/"),
            (_, true) => out.push_str("$aws/certificates/create-from-csr/"),
        }
        out.push_str(match self.format {
            PayloadFormat::Json => "json",
            PayloadFormat::Cbor => "cbor",
        });
    }
}
