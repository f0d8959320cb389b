//! Calls of cloud-side actors.

use core::time::Duration;

use squall_services::registry::CertificateStatus;
use squall_types::QoS;

/// A call of a cloud-side actor.
#[derive(Clone, Debug, PartialEq)]
pub struct AppCall {
    /// When it is made first.
    pub at: Duration,
    /// How long after that it is made again.
    pub every: Duration,
    /// How often it is made; at least once.
    pub times: u32,
    /// What is called.
    pub call: Call,
}

/// An operation of the control or data plane. One that names devices is made once for each of them, in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Publishes a message, as the data plane's Publish does.
    PublishToTopic {
        /// Topic name, in which `{{call}}` stands for how often it was called before.
        topic: String,
        /// Payload, likewise.
        payload: String,
        /// QoS, 0 or 1.
        qos: QoS,
    },
    /// Gives the certificates of devices another status.
    UpdateCertificate {
        /// Whose certificates.
        devices: Devices,
        /// The status; some cannot be set, which the service says.
        status: CertificateStatus,
    },
    /// Attaches a policy to the certificates of devices.
    AttachPolicy {
        /// The policy's name.
        policy: String,
        /// Whose certificates.
        devices: Devices,
    },
    /// Detaches a policy from the certificates of devices.
    DetachPolicy {
        /// The policy's name.
        policy: String,
        /// Whose certificates.
        devices: Devices,
    },
    /// Makes a policy.
    CreatePolicy {
        /// The policy's name.
        policy: String,
        /// Its document, which the service may refuse.
        document: String,
    },
    /// Gives a policy another version.
    CreatePolicyVersion {
        /// The policy's name.
        policy: String,
        /// The document, which the service may refuse.
        document: String,
        /// Whether the version comes into force at once.
        set_as_default: bool,
    },
    /// Brings a version of a policy into force.
    SetDefaultPolicyVersion {
        /// The policy's name.
        policy: String,
        /// The version's number; the service may know none of it.
        version: u32,
    },
}

/// Some devices of a fleet; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Devices {
    /// The fleet's index in the scenario.
    pub fleet: usize,
    /// The index of the first device.
    pub from: u32,
    /// The first index that is left out.
    pub to: u32,
}

impl Call {
    /// The call as it is made for the `made`-th time, from 0.
    pub fn rendered(&self, made: u32) -> Self {
        let Self::PublishToTopic { topic, payload, qos } = self else { return self.clone() };
        let made = made.to_string();
        let [topic, payload] = [topic, payload].map(|text| text.replace(CALL_PLACEHOLDER, &made));
        Self::PublishToTopic { topic, payload, qos: *qos }
    }

    /// Which operation it is.
    pub const fn kind(&self) -> CallKind {
        match self {
            Self::PublishToTopic { .. } => CallKind::PublishToTopic,
            Self::UpdateCertificate { .. } => CallKind::UpdateCertificate,
            Self::AttachPolicy { .. } => CallKind::AttachPolicy,
            Self::DetachPolicy { .. } => CallKind::DetachPolicy,
            Self::CreatePolicy { .. } => CallKind::CreatePolicy,
            Self::CreatePolicyVersion { .. } => CallKind::CreatePolicyVersion,
            Self::SetDefaultPolicyVersion { .. } => CallKind::SetDefaultPolicyVersion,
        }
    }
}

/// An operation without its arguments; [`as_str`](Self::as_str) is its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// [`Call::PublishToTopic`], which the API calls Publish.
    PublishToTopic,
    /// [`Call::UpdateCertificate`].
    UpdateCertificate,
    /// [`Call::AttachPolicy`].
    AttachPolicy,
    /// [`Call::DetachPolicy`].
    DetachPolicy,
    /// [`Call::CreatePolicy`].
    CreatePolicy,
    /// [`Call::CreatePolicyVersion`].
    CreatePolicyVersion,
    /// [`Call::SetDefaultPolicyVersion`].
    SetDefaultPolicyVersion,
}

/// What stands for the number of a call in its arguments.
pub(crate) const CALL_PLACEHOLDER: &str = "{{call}}";
