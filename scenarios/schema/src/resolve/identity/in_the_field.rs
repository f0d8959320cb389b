//! Identities that devices get in the field.

use squall_services::policy::CertificateField;
use squall_types::Template;

use super::{Known, read_expiry, read_policies};
use crate::error::did_you_mean;
use crate::keys::PARAMETER_NAME;
use crate::read::{Cursor, name_problem};
use crate::resolve::provisioning::named_template;
use crate::resolved::{
    FirmwareHabits, FleetProvisioning, IdentityKind, JustInTime, PayloadFormat, TemplateKind,
};
use crate::wording::subject_fields;

pub(super) fn read_just_in_time(
    cursor: &Cursor<'_>,
    kind: IdentityKind,
    known: Known<'_>,
) -> Option<JustInTime> {
    let certificate_authority = read_authority(cursor, kind, known);
    let subject = read_subject(cursor);
    let server_name = cursor.flag("server_name");
    // What is wrong with it was reported with the keys of registered certificates.
    let certificate_expires = read_expiry(cursor);
    let habits = read_habits(cursor);
    Some(JustInTime {
        certificate_authority: certificate_authority?,
        subject: subject?,
        server_name: server_name?,
        certificate_expires: certificate_expires?,
        // The key of a certificate from the factory is where no loss of power reaches it.
        habits: FirmwareHabits { keeps_certificate: true, ..habits? },
    })
}

/// The authority, which has a template if and only if its devices are provisioned just in time.
fn read_authority(cursor: &Cursor<'_>, kind: IdentityKind, known: Known<'_>) -> Option<String> {
    let names: Vec<&str> = known.authorities.iter().map(|(name, _)| *name).collect();
    let Some(node) = cursor.node("certificate_authority") else {
        let error = cursor.error_at_table("'certificate_authority' is missing");
        let allowed = if names.is_empty() { "the file has none".to_owned() } else { names.join(", ") };
        let hint = "add [[certificate_authority]] with a name, and name it here";
        cursor.report().push(error.allowed(allowed).hint(hint));
        return None;
    };
    let name = cursor.identifier("certificate_authority")?;
    let Some((_, template)) = known.authorities.iter().find(|(known, _)| *known == name) else {
        let problem = "no [[certificate_authority]] has this name";
        cursor.report_unknown("certificate_authority", node, &name, problem, &names);
        return None;
    };
    let (problem, hint) = match (kind, template) {
        (IdentityKind::Jitp, None) => (
            "the authority has no template, so its devices are registered and no more",
            format!("give certificate_authority.{name} a template, or set identity = \"jitr\""),
        ),
        (IdentityKind::Jitr, Some(template)) => (
            "the authority has a template, so its devices are provisioned just in time",
            format!("set identity = \"jitp\", or take the template '{template}' from the authority"),
        ),
        _ => return Some(name),
    };
    let error = cursor.error_at("certificate_authority", problem).found(node.shown());
    cursor.report().push(error.hint(hint));
    None
}

fn read_subject(cursor: &Cursor<'_>) -> Option<Vec<(CertificateField, Template)>> {
    if cursor.node("subject").is_none() {
        let thing = Template::parse_per_device("{{thing}}").ok()?;
        return Some(vec![(CertificateField::CommonName, thing)]);
    }
    let names = || subject_fields().map(CertificateField::text);
    let field = |name: &str| subject_fields().find(|field| field.text() == name);
    let texts = cursor.device_texts("subject", |name| {
        let problem = || match did_you_mean(name, names()) {
            Some(hint) => format!("not a field of a subject; {hint}"),
            None => "not a field of a subject".to_owned(),
        };
        field(name).is_none().then(|| (problem(), names().collect::<Vec<_>>().join(", ")))
    })?;
    let mut subject: Vec<_> =
        texts.into_iter().filter_map(|(name, template)| Some((field(&name)?, template))).collect();
    subject.sort_by_key(|(field, _)| *field);
    Some(subject)
}

pub(super) fn read_claim(
    cursor: &Cursor<'_>,
    kind: IdentityKind,
    fleet: &str,
    known: Known<'_>,
) -> Option<FleetProvisioning> {
    let template = match cursor.node("template") {
        Some(_) => named_template(cursor, known.templates, TemplateKind::Fleet),
        None => missing(cursor, "template", "add [[provisioning_template]] with a name, and name it here"),
    };
    let claim_policies = match (kind, cursor.node("claim_policies")) {
        (IdentityKind::TrustedUser, _) => Some(Vec::new()),
        (_, Some(_)) => read_policies(cursor, "claim_policies", known.policies),
        (_, None) => missing(
            cursor,
            "claim_policies",
            "a claim certificate without a policy may not even connect; where that is to be shown, write []",
        ),
    };
    let parameters = cursor.device_texts("parameters", |name| name_problem(PARAMETER_NAME, name));
    let payload_format = cursor.choice::<PayloadFormat>("payload_format");
    let csr = cursor.flag("csr");
    let client_id = cursor.template("provisioning_client_id", fleet);
    let timeout = cursor.duration("provisioning_timeout");
    let habits = read_habits(cursor);
    Some(FleetProvisioning {
        claim_policies: claim_policies?,
        template: template?,
        parameters: parameters?,
        payload_format: payload_format?,
        csr: csr?,
        client_id: client_id?,
        timeout: timeout?,
        habits: habits?,
    })
}

fn missing<T>(cursor: &Cursor<'_>, key: &str, hint: &str) -> Option<T> {
    let error = cursor.error_at_table(format!("'{key}' is missing")).hint(hint);
    cursor.report().push(error);
    None
}

fn read_habits(cursor: &Cursor<'_>) -> Option<FirmwareHabits> {
    let after_rejection = cursor.after_rejection("after_rejection");
    let gives_up_per_million = cursor.share("gives_up");
    let keeps_certificate = cursor.flag("keeps_certificate");
    Some(FirmwareHabits {
        after_rejection: after_rejection?,
        gives_up_per_million: gives_up_per_million?,
        keeps_certificate: keeps_certificate?,
    })
}
