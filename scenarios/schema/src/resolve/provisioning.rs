//! `[[certificate_authority]]`, `[[provisioning_template]]`, `[[lambda]]` and `[[rule]]`.

use super::policy::read_station;
use super::{all, source, take_name};
use crate::files::FileStore;
use crate::read::Cursor;
use crate::resolved::{
    AuthorityStatus, CertificateAuthority, CertificateMode, Lambda, ProvisioningTemplate, Rule, TemplateKind,
};

/// No body of a template is longer, in bytes.
const BODY_BYTES_MAX: usize = 10_240;

/// A template that others name: its name and, if that could be read, what it is for.
pub(super) type KnownTemplate<'a> = (&'a str, Option<TemplateKind>);

/// An authority that fleets name: its name, and the template that it has, if any.
pub(super) type KnownAuthority<'a> = (&'a str, Option<&'a str>);

/// The templates of the scenario, also those in which something else is wrong.
pub(super) fn known_templates<'a>(scenario: &Cursor<'a>) -> Vec<KnownTemplate<'a>> {
    let members = scenario.node("provisioning_template").and_then(|node| node.as_list()).unwrap_or_default();
    let known = members.iter().filter_map(|member| {
        let kind = match member.get("type") {
            None => Some(TemplateKind::Fleet),
            Some(node) => match node.as_text()? {
                "fleet" => Some(TemplateKind::Fleet),
                "jitp" => Some(TemplateKind::Jitp),
                _ => None,
            },
        };
        Some((member.get("name")?.as_text()?, kind))
    });
    known.collect()
}

/// The authorities of the scenario, also those in which something else is wrong.
pub(super) fn known_authorities<'a>(scenario: &Cursor<'a>) -> Vec<KnownAuthority<'a>> {
    let members = scenario.node("certificate_authority").and_then(|node| node.as_list()).unwrap_or_default();
    let known = members.iter().filter_map(|member| {
        let template = member.get("template").map(|node| node.as_text().unwrap_or_default());
        Some((member.get("name")?.as_text()?, template))
    });
    known.collect()
}

pub(super) fn read_authorities(
    scenario: &Cursor<'_>,
    templates: &[KnownTemplate<'_>],
) -> Option<Vec<CertificateAuthority>> {
    let mut names = Vec::new();
    all(scenario.tables("certificate_authority"), |cursor| {
        let cursor = cursor?;
        let name = cursor.identifier("name");
        let status = cursor.choice::<AuthorityStatus>("status");
        let auto_registration = cursor.flag("auto_registration");
        let mode = cursor.choice::<CertificateMode>("mode");
        let template = match cursor.node("template") {
            Some(_) => named_template(&cursor, templates, TemplateKind::Jitp).map(Some),
            None => Some(None),
        };
        take_name(&cursor, "certificate authorities", &mut names)?;
        Some(CertificateAuthority {
            name: name?,
            status: status?,
            auto_registration: auto_registration?,
            mode: mode?,
            template: template?,
        })
    })
}

/// The template under `template`, which must be of this kind.
pub(super) fn named_template(
    cursor: &Cursor<'_>,
    templates: &[KnownTemplate<'_>],
    wanted: TemplateKind,
) -> Option<String> {
    let name = cursor.api_name("template")?;
    let node = cursor.node("template")?;
    let Some((_, kind)) = templates.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = templates.iter().map(|(known, _)| *known).collect();
        let problem = "no [[provisioning_template]] has this name";
        cursor.report_unknown("template", node, &name, problem, &known);
        return None;
    };
    // One whose own type is wrong is reported there.
    if kind.is_some_and(|kind| kind != wanted) {
        let problem = match wanted {
            TemplateKind::Fleet => "the template is for just-in-time provisioning",
            TemplateKind::Jitp => "the template is for claims",
        };
        let error = cursor.error_at("template", problem).found(node.shown());
        cursor.report().push(error.hint(format!("give it type = \"{}\", or name another", wanted.as_str())));
        return None;
    }
    Some(name)
}

pub(super) fn read_templates(
    scenario: &Cursor<'_>,
    files: &FileStore<'_>,
    lambdas: &[&str],
) -> Option<Vec<ProvisioningTemplate>> {
    let mut names = Vec::new();
    all(scenario.tables("provisioning_template"), |cursor| {
        let cursor = cursor?;
        let name = cursor.api_name("name");
        let kind = cursor.choice::<TemplateKind>("type");
        let source = source::read(&cursor, files, "body");
        let judged = source.as_ref().and_then(|source| judge_body(&cursor, source));
        let is_enabled = cursor.flag("enabled");
        let hook = match cursor.node("hook") {
            Some(_) => read_hook(&cursor, kind, lambdas).map(Some),
            None => Some(None),
        };
        take_name(&cursor, "provisioning templates", &mut names)?;
        judged?;
        let source = source?;
        Some(ProvisioningTemplate {
            name: name?,
            kind: kind?,
            body: source.text,
            source: source.file,
            is_enabled: is_enabled?,
            hook: hook?,
        })
    })
}

/// Reports a body that no request could carry. What else is wrong with it may be what the scenario shows.
fn judge_body(cursor: &Cursor<'_>, source: &source::Source) -> Option<()> {
    let (problem, hint) = match serde_json::from_str(&source.text) {
        Err(error) => ("the body is no JSON".to_owned(), error.to_string()),
        Ok(serde_json::Value::Object(_)) if source.text.len() > BODY_BYTES_MAX => {
            (format!("the body is too long: {} bytes", source.text.len()), "10,240 at most".to_owned())
        }
        Ok(serde_json::Value::Object(_)) => return Some(()),
        Ok(_) => ("the body is no JSON object".to_owned(), "it begins with {".to_owned()),
    };
    let mut error = cursor.error_at(source.key, problem).hint(hint);
    if let Some(node) = cursor.node(source.key) {
        error = error.found(node.shown());
    }
    cursor.report().push(error);
    None
}

fn read_hook(cursor: &Cursor<'_>, kind: Option<TemplateKind>, lambdas: &[&str]) -> Option<String> {
    let hook = named_lambda(cursor, "hook", lambdas)?;
    if kind == Some(TemplateKind::Jitp) {
        let error =
            cursor.error_at("hook", "just-in-time provisioning asks no hook").found(format!("\"{hook}\""));
        cursor.report().push(error.hint("remove it, or set type = \"fleet\""));
        return None;
    }
    Some(hook)
}

fn named_lambda(cursor: &Cursor<'_>, key: &str, lambdas: &[&str]) -> Option<String> {
    let name = cursor.api_name(key)?;
    if lambdas.contains(&name.as_str()) {
        return Some(name);
    }
    cursor.report_unknown(key, cursor.node(key)?, &name, "no [[lambda]] has this name", lambdas);
    None
}

pub(super) fn read_lambdas(scenario: &Cursor<'_>, files: &FileStore<'_>) -> Option<Vec<Lambda>> {
    let mut names = Vec::new();
    all(scenario.tables("lambda"), |cursor| {
        let cursor = cursor?;
        let name = cursor.api_name("name");
        let source = source::read(&cursor, files, "script");
        let station = cursor.table("station").and_then(|cursor| read_station(&cursor));
        take_name(&cursor, "Lambdas", &mut names)?;
        let source = source?;
        Some(Lambda { name: name?, script: source.text, source: source.file, station: station? })
    })
}

pub(super) fn read_rules(scenario: &Cursor<'_>, lambdas: &[&str]) -> Option<Vec<Rule>> {
    let mut names = Vec::new();
    all(scenario.tables("rule"), |cursor| {
        let cursor = cursor?;
        let name = cursor.api_name("name");
        let filter = cursor.topic_filter("filter");
        let lambda = named_lambda(&cursor, "lambda", lambdas);
        take_name(&cursor, "rules", &mut names)?;
        Some(Rule { name: name?, filter: filter?, lambda: lambda? })
    })
}
