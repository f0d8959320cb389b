//! Provisioning, in the vocabulary of the file.

use serde_json::{Map, Value, json};

use super::access::{function_station, with_source};
use crate::resolved::{
    CertificateAuthority, CertificateExpiry, FirmwareHabits, FleetProvisioning, JustInTime, Lambda,
    ProvisioningTemplate, Rule,
};
use crate::value::{after_rejection_text, duration_text, share_text};

pub(super) fn lambda(lambda: &Lambda) -> Value {
    let station = function_station(lambda.station);
    let table = json!({ "name": lambda.name, "script": lambda.script, "station": station });
    with_source(table, lambda.source.as_deref())
}

pub(super) fn rule(rule: &Rule) -> Value {
    json!({ "name": rule.name, "filter": rule.filter, "lambda": rule.lambda })
}

pub(super) fn template(template: &ProvisioningTemplate) -> Value {
    let mut table = json!({
        "name": template.name,
        "type": template.kind.as_str(),
        "body": template.body,
        "enabled": template.is_enabled,
    });
    if let Some(hook) = &template.hook {
        table["hook"] = hook.as_str().into();
    }
    with_source(table, template.source.as_deref())
}

pub(super) fn authority(authority: &CertificateAuthority) -> Value {
    let mut table = json!({
        "name": authority.name,
        "status": authority.status.as_str(),
        "auto_registration": authority.auto_registration,
        "mode": authority.mode.as_str(),
    });
    if let Some(template) = &authority.template {
        table["template"] = template.as_str().into();
    }
    table
}

pub(super) fn expiry(expiry: CertificateExpiry) -> Value {
    json!({ "after": duration_text(expiry.after), "over": duration_text(expiry.over) })
}

pub(super) fn put_just_in_time(just_in_time: &JustInTime, table: &mut Map<String, Value>) {
    let field = |(field, template): &(squall_services::policy::CertificateField, squall_types::Template)| {
        (field.text().to_owned(), json!(template.source()))
    };
    let subject: Map<String, Value> = just_in_time.subject.iter().map(field).collect();
    table.insert("certificate_authority".into(), just_in_time.certificate_authority.as_str().into());
    table.insert("subject".into(), subject.into());
    table.insert("server_name".into(), just_in_time.server_name.into());
    if let Some(expires) = just_in_time.certificate_expires {
        table.insert("certificate_expires".into(), expiry(expires));
    }
    put_habits(just_in_time.habits, table);
}

pub(super) fn put_claim(claim: &FleetProvisioning, table: &mut Map<String, Value>) {
    let parameters: Map<String, Value> =
        claim.parameters.iter().map(|(name, value)| (name.clone(), json!(value.source()))).collect();
    table.insert("template".into(), claim.template.as_str().into());
    table.insert("parameters".into(), parameters.into());
    table.insert("payload_format".into(), claim.payload_format.as_str().into());
    table.insert("csr".into(), claim.csr.into());
    table.insert("provisioning_client_id".into(), claim.client_id.source().into());
    table.insert("provisioning_timeout".into(), duration_text(claim.timeout).into());
    table.insert("keeps_certificate".into(), claim.habits.keeps_certificate.into());
    put_habits(claim.habits, table);
}

fn put_habits(habits: FirmwareHabits, table: &mut Map<String, Value>) {
    table.insert("after_rejection".into(), after_rejection_text(habits.after_rejection).into());
    table.insert("gives_up".into(), share_text(habits.gives_up_per_million).into());
}
