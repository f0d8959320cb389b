//! Lines of an account about devices that get their identity in the field: CAs, templates, rules.

use squall_services::policy::CertificateAttribute;
use squall_services::provisioning::TemplateKind;

use super::account::names;
use super::template_text::body;
use super::words::Words;

/// `ca NAME ...`: a CA certificate that the account has registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ca {
    /// Its name.
    pub name: String,
    /// Whether it is ACTIVE.
    pub active: bool,
    /// Whether certificates that it has signed register by being shown.
    pub auto_registration: bool,
    /// What they are provisioned with; without it somebody must activate them.
    pub template: Option<CaTemplate>,
    /// What stands in its subject and issuer.
    pub attributes: Vec<(CertificateAttribute, String)>,
}

/// What a CA says of the template of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaTemplate {
    /// The name of one that the account keeps.
    Name(String),
    /// The text of the one that the account keeps under that name.
    BodyOf(String),
}

/// `template NAME ...`: a provisioning template that the account keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTemplate {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: TemplateKind,
    /// Whether it is.
    pub enabled: bool,
    /// The function that decides about each device.
    pub hook: Option<String>,
    /// JSON.
    pub body: String,
}

/// `rule NAME ...`: a rule that hands what is published to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The topic filter.
    pub filter: String,
    /// The function.
    pub function: String,
}

impl Ca {
    pub(super) fn read(name: String, words: &mut Words) -> Result<Self, String> {
        let template = match (words.take("template"), words.take("body")) {
            (Some(_), Some(_)) => return Err("a CA has template=NAME or body=NAME, not both".to_owned()),
            (Some(name), None) => Some(CaTemplate::Name(name)),
            (None, Some(name)) => Some(CaTemplate::BodyOf(name)),
            (None, None) => None,
        };
        Ok(Self {
            name,
            active: !words.flag("inactive"),
            auto_registration: !words.flag("manual"),
            template,
            attributes: names(words)?,
        })
    }
}

impl KeptTemplate {
    /// Reads what stands behind the name: flags, and the template in words or, from a `{` on, in JSON.
    pub(super) fn parse(name: String, text: &str) -> Result<Self, String> {
        let at = if text.starts_with('{') { Some(0) } else { text.find(" {") };
        let (words, json) = text.split_at(at.unwrap_or(text.len()));
        let mut words = Words::parse(words)?;
        let kind = if words.flag("jitp") { TemplateKind::Jitp } else { TemplateKind::Fleet };
        let (enabled, hook) = (!words.flag("disabled"), words.take("hook"));
        let body = if json.is_empty() { body(&mut words)? } else { json.trim().to_owned() };
        words.end("template")?;
        Ok(Self { name, kind, enabled, hook, body })
    }
}

impl Rule {
    pub(super) fn read(name: String, words: &mut Words) -> Result<Self, String> {
        let mut need = |key| words.take(key).ok_or_else(|| format!("a rule has {key}=..."));
        Ok(Self { name, filter: need("filter")?, function: need("function")? })
    }
}
