//! Calls of cloud-side actors.

use core::time::Duration;

use serde_json::Value;
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
    /// Any other operation, or one of those above with other parameters.
    Api(ApiCall),
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

/// Any operation of the control plane, with parameters in the public API's own JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiCall {
    /// The operation, as `UpdateThing`.
    pub operation: String,
    /// Its parameters, an object. Its texts may hold `{{call}}` and, where it names devices, their placeholders.
    pub parameters: Value,
    /// The devices that it is made for, once for each; `None`: it is made once.
    pub devices: Option<Devices>,
}

/// The device that a call is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallDevice<'a> {
    /// Its thing name, `FLEET-INDEX`.
    pub thing: &'a str,
    /// Its index in the fleet.
    pub index: u32,
    /// The id of its certificate.
    pub certificate: &'a str,
}

impl ApiCall {
    /// The call as it is made for the `made`-th time, from 0.
    pub fn rendered(&self, made: u32) -> Self {
        let parameters = map_texts(&self.parameters, &|text| numbered(text, made));
        Self { operation: self.operation.clone(), parameters, devices: self.devices }
    }

    /// The parameters as they are sent for a device.
    pub fn parameters_for(&self, device: CallDevice<'_>) -> Value {
        let CallDevice { thing, index, certificate } = device;
        let index = index.to_string();
        let values = [thing, &index, certificate];
        map_texts(&self.parameters, &|text| {
            let placeholders = DEVICE_CALL_PLACEHOLDERS.iter().zip(values);
            placeholders.fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
        })
    }

    /// Whether the parameters of one device differ from those of the next.
    pub fn is_per_device(&self) -> bool {
        placeholders_of(&self.parameters)
            .iter()
            .any(|found| DEVICE_CALL_PLACEHOLDERS.contains(&found.as_str()))
    }
}

fn numbered(text: &str, made: u32) -> String {
    text.replace(CALL_PLACEHOLDER, &made.to_string())
}

/// `value` with `change` applied to every text in it; keys stay.
fn map_texts(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(members) => members.iter().map(|member| map_texts(member, change)).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(key, value)| (key.clone(), map_texts(value, change))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Everything between double braces in the texts of `value`, braces included.
pub(crate) fn placeholders_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => {
            let parts = text.split("{{").skip(1);
            parts.map(|part| format!("{{{{{}}}}}", part.split("}}").next().unwrap_or(part))).collect()
        }
        Value::Array(members) => members.iter().flat_map(placeholders_of).collect(),
        Value::Object(members) => members.values().flat_map(placeholders_of).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

impl Call {
    /// The call as it is made for the `made`-th time, from 0.
    pub fn rendered(&self, made: u32) -> Self {
        match self {
            Self::PublishToTopic { topic, payload, qos } => {
                let [topic, payload] = [topic, payload].map(|text| numbered(text, made));
                Self::PublishToTopic { topic, payload, qos: *qos }
            }
            Self::Api(call) => Self::Api(call.rendered(made)),
            _ => self.clone(),
        }
    }

    /// The operation's name, as a scenario writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::PublishToTopic { .. } => CallKind::PublishToTopic.as_str(),
            Self::UpdateCertificate { .. } => CallKind::UpdateCertificate.as_str(),
            Self::AttachPolicy { .. } => CallKind::AttachPolicy.as_str(),
            Self::DetachPolicy { .. } => CallKind::DetachPolicy.as_str(),
            Self::CreatePolicy { .. } => CallKind::CreatePolicy.as_str(),
            Self::CreatePolicyVersion { .. } => CallKind::CreatePolicyVersion.as_str(),
            Self::SetDefaultPolicyVersion { .. } => CallKind::SetDefaultPolicyVersion.as_str(),
            Self::Api(call) => &call.operation,
        }
    }
}

/// An operation that has arguments of its own in a scenario; [`as_str`](Self::as_str) is its name in the API.
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

/// What stands for the thing, the index and the certificate of the device that a call is made for.
pub(crate) const DEVICE_CALL_PLACEHOLDERS: [&str; 3] = ["{{thing}}", "{{index}}", "{{certificate}}"];
