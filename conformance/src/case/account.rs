//! The account of a case: policies, things, certificates, authorizers, and who is behind which link.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use squall_services::policy::CertificateAttribute;
use squall_services::registry::CertificateStatus;
use squall_types::{CertificateId, Owner};

use super::policy_text::document;
use super::provisioning::{Ca, KeptTemplate, Rule};
use super::words::Words;
use crate::near::unknown;
use crate::wire_text::{Action, Counter, Notes, Step, Value, duration, split_word, without_comment};

/// The account of a case; an empty one lets every link do everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// In the order in which they are set up.
    pub entries: Vec<Entry>,
}

/// One line of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// `policy NAME STATEMENTS`
    Policy {
        /// Its name.
        name: String,
        /// JSON.
        document: String,
    },
    /// `group NAME in=PARENT policies=...`
    Group {
        /// Its name.
        name: String,
        /// The group above it.
        parent: Option<String>,
        /// What is attached to it.
        policies: Vec<String>,
    },
    /// `thing NAME type=T attribute.NAME=VALUE groups=...`
    Thing {
        /// Its name.
        name: String,
        /// Its type.
        type_name: Option<String>,
        /// Its attributes.
        attributes: Vec<(String, String)>,
        /// The groups that it is in.
        groups: Vec<String>,
    },
    /// `cognito ID policies=...`
    Cognito {
        /// The identity.
        id: String,
        /// What is attached to it.
        policies: Vec<String>,
    },
    /// `certificate LINK ...`: a certificate, shown by the link of its name.
    Certificate(Certificate),
    /// `authorizer NAME ...`
    Authorizer {
        /// Its name.
        name: String,
        /// Whether clients may use it.
        active: bool,
        /// Whether tokens must be signed.
        signed: bool,
        /// Whether it is that of clients that name none.
        default: bool,
    },
    /// `ca NAME ...`
    Ca(Ca),
    /// `template NAME ...`
    Template(KeptTemplate),
    /// `rule NAME filter=FILTER function=FUNCTION`
    Rule(Rule),
    /// `link LINK ...`: who else is behind a link.
    Link {
        /// The link.
        name: String,
        /// Who is behind it.
        who: Who,
    },
    /// `ip=ADDRESS` of a line about a link.
    Address {
        /// The link.
        name: String,
        /// Where it comes from.
        ip: IpAddr,
    },
}

/// A certificate of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its name, which is that of the link that shows it.
    pub name: String,
    /// Its state; none if nobody registered it.
    pub status: Option<CertificateStatus>,
    /// What is attached to it.
    pub policies: Vec<String>,
    /// The thing that it is attached to.
    pub thing: Option<String>,
    /// Whether as `EXCLUSIVE_THING`.
    pub exclusive: bool,
    /// Its serial number.
    pub serial: String,
    /// What stands in its subject and issuer.
    pub attributes: Vec<(CertificateAttribute, String)>,
    /// The CA that signed it.
    pub ca: Option<String>,
    /// Whether TLS is asked for no server name when it is shown.
    pub no_server_name: bool,
    /// How long after the case begins it ends, if it does.
    pub ends: Option<Duration>,
}

/// Who is behind a link that shows no certificate of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The holder of a certificate of that name.
    Certificate(String),
    /// The holder of a certificate whose id a step has noted under that name.
    Noted(String),
    /// Whoever signed with IAM or Cognito credentials.
    Signed {
        /// The policies that serve as IAM policies.
        iam: Vec<String>,
        /// The identity of an authenticated Cognito user.
        cognito: Option<String>,
    },
    /// A client whose credentials an authorizer judges.
    Credentials,
    /// A client that is trusted, as without an account.
    Trusted,
}

const LINES: &[&str] =
    &["policy", "group", "thing", "cognito", "template", "ca", "certificate", "authorizer", "rule", "link"];

impl Account {
    /// Reads the lines of an account.
    ///
    /// # Errors
    /// The first line that is wrong, with its number from 0.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut account = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = without_comment(line);
            if !line.is_empty() {
                account.add_line(line).map_err(|problem| (number, problem))?;
            }
        }
        Ok(account)
    }

    fn add_line(&mut self, line: &str) -> Result<(), String> {
        let (kind, rest) = split_word(line);
        let (name, rest) = split_word(rest);
        if !LINES.contains(&kind) {
            return Err(unknown("line of an account", kind, LINES.iter().copied()));
        }
        if name.is_empty() {
            return Err(format!("'{kind}' needs a name"));
        }
        let name = name.to_owned();
        if kind == "policy" {
            self.entries.push(Entry::Policy { name, document: document(rest)? });
            return Ok(());
        }
        if kind == "template" {
            self.entries.push(Entry::Template(KeptTemplate::parse(name, rest)?));
            return Ok(());
        }
        let mut words = Words::parse(rest)?;
        if ["certificate", "link"].contains(&kind)
            && let Some(ip) = words.take("ip")
        {
            let ip = ip.parse().map_err(|_| format!("'{ip}' is no address"))?;
            self.entries.push(Entry::Address { name: name.clone(), ip });
        }
        let entry = match kind {
            "group" => Entry::Group { name, parent: words.take("in"), policies: words.list("policies") },
            "thing" => Entry::Thing {
                name,
                type_name: words.take("type"),
                groups: words.list("groups"),
                attributes: words.all("attribute."),
            },
            "cognito" => Entry::Cognito { id: name, policies: words.list("policies") },
            "authorizer" => Entry::Authorizer {
                name,
                active: !words.flag("inactive"),
                signed: words.flag("signed"),
                default: words.flag("default"),
            },
            "certificate" => Entry::Certificate(certificate(name, &mut words)?),
            "ca" => Entry::Ca(Ca::read(name, &mut words)?),
            "rule" => Entry::Rule(Rule::read(name, &mut words)?),
            _ => Entry::Link { name, who: who(&mut words)? },
        };
        self.entries.push(entry);
        words.end(kind)
    }

    /// Whether every link may do everything.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The document of the policy of that name.
    pub fn document(&self, wanted: &str) -> Option<&str> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Policy { name, document } if name == wanted => Some(document.as_str()),
            _ => None,
        })
    }

    /// The JSON of the template of that name.
    pub fn template(&self, wanted: &str) -> Option<&str> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Template(template) if template.name == wanted => Some(template.body.as_str()),
            _ => None,
        })
    }

    /// Who is behind a link.
    pub fn who(&self, link: &str) -> Who {
        let found = self.entries.iter().find_map(|entry| match entry {
            Entry::Certificate(certificate) if certificate.name == link => {
                Some(Who::Certificate(link.to_owned()))
            }
            Entry::Link { name, who } if name == link => Some(who.clone()),
            _ => None,
        });
        found.unwrap_or(Who::Trusted)
    }

    /// The id of the certificate that a link shows, where a step has noted it.
    ///
    /// # Errors
    /// None has.
    pub fn shown(&self, link: &str, notes: &Notes) -> Result<Option<CertificateId>, String> {
        let Who::Noted(name) = self.who(link) else { return Ok(None) };
        match notes.get(&name) {
            Some(Value::Text(id)) => {
                id.parse().map(Some).map_err(|_| format!("'{id}', noted as ${name}, is no certificate id"))
            }
            _ => Err(format!("nothing was noted as ${name} so far")),
        }
    }

    /// The certificate that the account calls by a name.
    pub fn certificate(&self, wanted: &str) -> Option<&Certificate> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Certificate(certificate) if certificate.name == wanted => Some(certificate),
            _ => None,
        })
    }

    /// Where a link comes from, if that is said.
    pub fn address(&self, link: &str) -> Option<IpAddr> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Address { name, ip } if name == link => Some(*ip),
            _ => None,
        })
    }

    /// Finds links that no step opens, and steps about authorizers of links that have none.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self, steps: &[Step]) -> Result<(), String> {
        let mut opened = BTreeSet::new();
        for step in steps {
            let judged = match &step.action {
                Action::Open(link) | Action::Send { link, .. } => {
                    opened.insert(link.trim_end_matches('#').to_owned());
                    continue;
                }
                Action::Authorizer { link, .. } => link,
                Action::Count { counter: Counter::Asked(link), .. } => link,
                Action::Hook { function, .. } | Action::Count { counter: Counter::Invoked(function), .. } => {
                    self.check_function(function, steps)?;
                    continue;
                }
                _ => continue,
            };
            if self.who(judged) != Who::Credentials {
                return Err(format!(
                    "steps: no authorizer is asked about '{judged}'; that wants 'link {judged} credentials'"
                ));
            }
        }
        let has_step = |name: &str| {
            opened.contains(name.trim_end_matches(|last: char| last.is_ascii_digit()))
                || opened.contains(name)
        };
        let idle = self.entries.iter().find_map(|entry| match entry {
            Entry::Link { name, .. } | Entry::Address { name, .. } if !has_step(name) => Some(name),
            _ => None,
        });
        idle.map_or(Ok(()), |name| Err(format!("account: no step opens the link '{name}'")))
    }

    /// A function that nobody could invoke is a slip of the pen.
    fn check_function(&self, wanted: &str, steps: &[Step]) -> Result<(), String> {
        let is_named = self.entries.iter().any(|entry| match entry {
            Entry::Template(template) => template.hook.as_deref() == Some(wanted),
            Entry::Rule(rule) => rule.function == wanted,
            _ => false,
        });
        let arn = format!(":function:{wanted}\"");
        if is_named || steps.iter().any(|step| step.text.contains(&arn)) {
            return Ok(());
        }
        Err(format!("steps: neither a hook nor a rule invokes '{wanted}'"))
    }
}

fn certificate(name: String, words: &mut Words) -> Result<Certificate, String> {
    let status = match words.take("status").as_deref() {
        None => Some(CertificateStatus::Active),
        Some("unregistered") => None,
        Some(text) => Some(status(text)?),
    };
    let attributes = names(words)?;
    let ends = words.take("ends").map(|text| duration(&text)).transpose()?;
    Ok(Certificate {
        name,
        status,
        policies: words.list("policies"),
        thing: words.take("thing"),
        exclusive: words.flag("exclusive"),
        serial: words.take("serial").unwrap_or_else(|| "1".to_owned()),
        attributes,
        ca: words.take("ca"),
        no_server_name: words.flag("no_server_name"),
        ends,
    })
}

/// What stands in a subject and an issuer.
pub(super) fn names(words: &mut Words) -> Result<Vec<(CertificateAttribute, String)>, String> {
    let mut attributes = Vec::new();
    for (holder, variable) in [("subject.", "Subject"), ("issuer.", "Issuer")] {
        for (field, value) in words.all(holder) {
            let attribute =
                CertificateAttribute::from_variable(&format!("iot:Certificate.{variable}.{field}"))
                    .ok_or_else(|| format!("no certificate has a '{holder}{field}'"))?;
            attributes.push((attribute, value));
        }
    }
    Ok(attributes)
}

/// The id of the certificate that a case calls by a name.
pub(crate) fn certificate_id(name: &str) -> CertificateId {
    CertificateId::of(Owner::named(&format!("conformance/{name}")))
}

/// The state of a certificate, as the API spells it.
pub(crate) fn status(text: &str) -> Result<CertificateStatus, String> {
    let names = CertificateStatus::ALL.iter().map(|status| status.as_str());
    let found = CertificateStatus::ALL.iter().copied().find(|status| status.as_str() == text);
    found.ok_or_else(|| unknown("state of certificates", text, names))
}

fn who(words: &mut Words) -> Result<Who, String> {
    if let Some(name) = words.take("certificate") {
        return Ok(match name.strip_prefix('$') {
            Some(noted) => Who::Noted(noted.to_owned()),
            None => Who::Certificate(name),
        });
    }
    if words.flag("credentials") {
        return Ok(Who::Credentials);
    }
    if words.flag("trusted") {
        return Ok(Who::Trusted);
    }
    if words.has("iam") {
        return Ok(Who::Signed { iam: words.list("iam"), cognito: words.take("cognito") });
    }
    Err("a link has certificate=NAME, iam=POLICY, 'credentials' or 'trusted'".to_owned())
}
