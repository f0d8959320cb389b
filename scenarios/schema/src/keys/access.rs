//! Keys of identity and policies.

use super::{ANY, Default, Key, Kind, Optional, Required, Results, Table, U32_MAX, whole};
use crate::resolved::CallKind;
use crate::tree::Node;
use crate::value::{CERTIFICATE_STATUS, Words};

/// The bounds of a name of the public API: ASCII letters, digits and some punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameRule {
    /// What it names.
    pub(crate) what: &'static str,
    /// What it may hold beside letters and digits.
    pub(crate) punctuation: &'static str,
    /// Most characters.
    pub(crate) max: usize,
}

impl NameRule {
    pub(crate) fn fits(self, name: &str) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || self.punctuation.contains(c);
        (1..=self.max).contains(&name.len()) && name.chars().all(allowed)
    }
}

/// Names of policies.
pub(crate) const POLICY_NAME: NameRule = NameRule { what: "policy", punctuation: "_+=,.@-", max: 128 };
/// Names of custom authorizers.
const AUTHORIZER_NAME: NameRule = NameRule { what: "authorizer", punctuation: "_=,@-", max: 128 };
/// Names of things.
pub(crate) const THING_NAME: NameRule = NameRule { what: "thing", punctuation: ":_-", max: 128 };
/// Names of a thing's attributes.
pub(crate) const ATTRIBUTE_NAME: NameRule = NameRule { what: "attribute", punctuation: "_.,@/:#-", max: 128 };
/// Characters of an attribute's value beside letters and digits.
pub(crate) const ATTRIBUTE_VALUE_PUNCTUATION: &str = "_.,@/:#=[]-";
/// Longest value of an attribute.
pub(crate) const ATTRIBUTE_VALUE_MAX: usize = 800;
/// Most attributes of a thing.
pub(crate) const ATTRIBUTES_MAX: usize = 50;

const FILE_ABOUT: &str = "The file that holds it, relative to the scenario file.";
const DOCUMENT_ABOUT: &str = "The document itself, between `'''`, in place of `file`.";

table!(POLICY, "policy.NAME", "A policy that the account has when the run begins. Its document is judged when the scenario is read. See `docs/policies.md`.", {
    "name": Kind::Name(POLICY_NAME), Required, "Its name; no two policies share one.";
    "file": Kind::File, Optional("needs `document`"), FILE_ABOUT;
    "document": Kind::Text, Optional("needs `file`"), DOCUMENT_ABOUT;
    "source": Kind::Text, Results, "The file that the document was read from.";
});

table!(AUTHORIZER, "authorizer.NAME", "A custom authorizer: a Lambda that decides who may connect and what they may do.", {
    "name": Kind::Name(AUTHORIZER_NAME), Required, "Its name; no two authorizers share one.";
    "file": Kind::File, Optional("needs `script`"), "The file that holds the script of its Lambda, relative to the scenario file.";
    "script": Kind::Text, Optional("needs `file`"), "The script itself, between `'''`, in place of `file`: `fn handler(event) { ... }` in Rhai.";
    "source": Kind::Text, Results, "The file that the script was read from.";
    "default": Kind::Flag, Default("false"), "Whether a client that names no authorizer gets this one. One authorizer at most is the default.";
    "station": Kind::Table(&FUNCTION_STATION), Optional("all defaults"), "Where its Lambda runs.";
});

table!(FUNCTION_STATION, "authorizer.NAME.station", "Where a Lambda runs, that of an authorizer or a `[[lambda]]`. The times are inputs of the model and no facts about AWS. Set them from your own measurements.", {
    "concurrency": whole(1, U32_MAX, "invocations"), Default("1000"), "Invocations that run at the same time; the next one is throttled.";
    "latency": Kind::Duration(ANY), Default("\"20ms\""), "How long an invocation takes.";
    "cold_start": Kind::Duration(ANY), Default("\"250ms\""), "How much longer an invocation takes that finds no environment free.";
    "failures_per_million": whole(0, 1_000_000, "invocations in a million"), Default("0"), "Invocations in a million that end with an error of their own.";
});

/// The tables of arguments, in the order of the calls.
pub(crate) static ARGUMENTS: [&Table; 7] = [
    &PUBLISH_TO_TOPIC,
    &UPDATE_CERTIFICATE,
    &ATTACH_POLICY,
    &DETACH_POLICY,
    &CREATE_POLICY,
    &CREATE_POLICY_VERSION,
    &SET_DEFAULT_POLICY_VERSION,
];

impl CallKind {
    /// The arguments of the call.
    pub(crate) const fn arguments(self) -> &'static Table {
        match self {
            Self::PublishToTopic => &PUBLISH_TO_TOPIC,
            Self::UpdateCertificate => &UPDATE_CERTIFICATE,
            Self::AttachPolicy => &ATTACH_POLICY,
            Self::DetachPolicy => &DETACH_POLICY,
            Self::CreatePolicy => &CREATE_POLICY,
            Self::CreatePolicyVersion => &CREATE_POLICY_VERSION,
            Self::SetDefaultPolicyVersion => &SET_DEFAULT_POLICY_VERSION,
        }
    }
}

/// The arguments of the call that a file names so.
pub(crate) fn arguments_of(name: &str) -> Option<&'static Table> {
    CallKind::VALUES.iter().find(|kind| kind.as_str() == name).map(|kind| kind.arguments())
}

/// Whether the arguments `with` of a call are the public API's: each of these parameters only it has.
pub(crate) fn holds_api_parameters(with: &Node) -> bool {
    ["policyName", "certificateId"].iter().any(|parameter| with.get(parameter).is_some())
}

const FLEET_ABOUT: &str = "The fleet whose certificates are meant.";
const DEVICES_ABOUT: &str = "Which of its devices, as `\"0..100\"`: the first index and the first that is left out. The call is made once for each.";
const POLICY_ABOUT: &str = "The policy's name.";
const NEW_DOCUMENT_ABOUT: &str = "The document itself, between `'''`, in place of `file`. It may be malformed: then the run shows how the service refuses it.";

table!(PUBLISH_TO_TOPIC, "app.N.with of PublishToTopic", "The arguments of `PublishToTopic`.", {
    "topic": Kind::TopicName, Required, "The topic name. Name the device, as in `commands/sensors-0`, or one a call, as in `commands/sensors-{{call}}`; other placeholders have no meaning here.";
    "payload": Kind::Text, Default("\"\""), "The payload, as it is but for `{{call}}`.";
    "qos": Kind::QoS, Default("1"), "The QoS.";
});

table!(UPDATE_CERTIFICATE, "app.N.with of UpdateCertificate", "The arguments of `UpdateCertificate`.", {
    "fleet": Kind::Identifier, Required, FLEET_ABOUT;
    "devices": Kind::DeviceRange, Optional("the whole fleet"), DEVICES_ABOUT;
    "status": Kind::Choice(CERTIFICATE_STATUS), Required, "The status. The service takes `ACTIVE`, `INACTIVE` and `REVOKED` and refuses the others.";
});

table!(ATTACH_POLICY, "app.N.with of AttachPolicy", "The arguments of `AttachPolicy`.", {
    "policy": Kind::Name(POLICY_NAME), Required, POLICY_ABOUT;
    "fleet": Kind::Identifier, Required, FLEET_ABOUT;
    "devices": Kind::DeviceRange, Optional("the whole fleet"), DEVICES_ABOUT;
});

table!(DETACH_POLICY, "app.N.with of DetachPolicy", "The arguments of `DetachPolicy`.", {
    "policy": Kind::Name(POLICY_NAME), Required, POLICY_ABOUT;
    "fleet": Kind::Identifier, Required, FLEET_ABOUT;
    "devices": Kind::DeviceRange, Optional("the whole fleet"), DEVICES_ABOUT;
});

table!(CREATE_POLICY, "app.N.with of CreatePolicy", "The arguments of `CreatePolicy`.", {
    "policy": Kind::Name(POLICY_NAME), Required, POLICY_ABOUT;
    "file": Kind::File, Optional("needs `document`"), FILE_ABOUT;
    "document": Kind::Text, Optional("needs `file`"), NEW_DOCUMENT_ABOUT;
});

table!(CREATE_POLICY_VERSION, "app.N.with of CreatePolicyVersion", "The arguments of `CreatePolicyVersion`.", {
    "policy": Kind::Name(POLICY_NAME), Required, POLICY_ABOUT;
    "file": Kind::File, Optional("needs `document`"), FILE_ABOUT;
    "document": Kind::Text, Optional("needs `file`"), NEW_DOCUMENT_ABOUT;
    "set_as_default": Kind::Flag, Default("false"), "Whether the version comes into force at once.";
});

table!(SET_DEFAULT_POLICY_VERSION, "app.N.with of SetDefaultPolicyVersion", "The arguments of `SetDefaultPolicyVersion`.", {
    "policy": Kind::Name(POLICY_NAME), Required, POLICY_ABOUT;
    "version": whole(1, U32_MAX, "a version"), Required, "The version's number: 1 for the document that the policy was created with, one more for each that came after it.";
});
