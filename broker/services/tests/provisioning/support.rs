//! An account to provision devices in.

use serde_json::{Value, json};
use squall_services::api_error::ApiError;
use squall_services::policy::{Account, CertificateAttribute, CertificateField, CertificateHolder};
use squall_services::provisioning::{Control, NewTemplate, TemplateKind, Templates};
use squall_services::registry::{ControlCall, ControlReply, Registry, X509Certificate};
use squall_types::{CertificateId, Now, Timestamp, WallTime};

pub(crate) const DEVICE: CertificateId = CertificateId([0xd; 32]);
pub(crate) const CLAIM: CertificateId = CertificateId([0xc; 32]);
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/Provisioning";

pub(crate) fn at(seconds: u64) -> Now {
    Now { mono: Timestamp::from_secs(seconds), wall: WallTime::from_unix_secs(1_700_000_000 + seconds) }
}

/// A registry with the groups `lamps` and `west`.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new(Account::default());
    registry.set_time(at(0));
    for group in ["lamps", "west"] {
        registry.create_thing_group(group, None).unwrap();
    }
    registry
}

/// Runs something with a control plane at a time; the operations that it called, with their errors.
pub(crate) fn with<T>(
    registry: &mut Registry,
    now: Now,
    run: impl FnOnce(&mut Control<'_>) -> T,
) -> (T, Vec<(&'static str, Option<&'static str>)>) {
    let mut calls = Vec::new();
    let mut on_call = |call: &ControlCall<'_>, result: &Result<ControlReply, ApiError>| {
        calls.push((call.operation(), result.as_ref().err().map(|error| error.exception.name())));
    };
    let result = run(&mut Control { registry, now, on_call: &mut on_call });
    (result, calls)
}

pub(crate) fn certificate(id: CertificateId, subject: &[(CertificateField, &str)]) -> X509Certificate {
    let mut certificate = X509Certificate::new(id);
    for &(field, value) in subject {
        certificate.facts.add(CertificateAttribute { holder: CertificateHolder::Subject, field }, value);
    }
    certificate
}

pub(crate) fn policy_document() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    })
}

/// A template of fleet provisioning with everything in it.
pub(crate) fn fleet_body() -> Value {
    json!({
        "Parameters": {"Serial": {"Type": "String"}, "Place": {"Type": "String", "Default": "Nowhere"}},
        "Mappings": {"Urls": {"Seattle": {"url": "https://sea"}, "Nowhere": {"url": "https://none"}}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Fn::Join": ["-", ["lamp", {"Ref": "Serial"}]]},
                    "AttributePayload": {"place": {"Ref": "Place"}},
                    "ThingGroups": ["lamps", "west"],
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": policy_document()}},
        },
        "DeviceConfiguration": {
            "url": {"Fn::FindInMap": ["Urls", {"Ref": "Place"}, "url"]},
            "name": {"Fn::Sub": "lamp ${Serial}"},
        },
    })
}

/// A template of just-in-time provisioning that names its thing after the subject.
pub(crate) fn jitp_body() -> Value {
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::CommonName": {"Type": "String"},
            "AWS::IoT::Certificate::Country": {"Type": "String"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
            },
            "policy": {
                "Type": "AWS::IoT::Policy",
                "Properties": {"PolicyDocument": policy_document().to_string()},
            },
        },
    })
}

pub(crate) fn new_template<'a>(name: &'a str, body: &'a str, kind: TemplateKind) -> NewTemplate<'a> {
    NewTemplate { name, description: None, body, enabled: true, role_arn: ROLE, hook: None, kind }
}

/// Templates `fleet` and `jitp`.
pub(crate) fn templates() -> Templates {
    let mut templates = Templates::default();
    for (name, body, kind) in
        [("fleet", fleet_body(), TemplateKind::Fleet), ("jitp", jitp_body(), TemplateKind::Jitp)]
    {
        templates.create(at(0).wall, &new_template(name, &body.to_string(), kind)).unwrap();
    }
    templates
}

pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, ApiError>) -> &'static str {
    result.unwrap_err().exception.name()
}
