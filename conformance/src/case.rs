//! Case files: TOML in, cases out, every error with its file, line and key.

mod account;
mod names;
mod policy_text;
mod provisioning;
mod service;
mod template_text;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_spanned::Spanned;
use thiserror::Error;

use crate::requirement;
use crate::suite::Suite;
use crate::vector::{self, Vector};
use crate::wire_text::{self, Step};

pub use account::{Account, Certificate, Entry, Who};
pub(crate) use account::{certificate_id, status};
pub use names::Names;
pub use policy_text::document;
pub use provisioning::{Ca, CaTemplate, KeptTemplate, Rule};
pub use service::Service;
use service::{Setting, read_service};

/// One case: a script of steps, or one byte vector.
#[derive(Clone, Debug)]
pub struct Case {
    /// `suite/section/number`, unique.
    pub address: String,
    /// Where it belongs.
    pub suite: Suite,
    /// The statements, checks and sections that it holds a broker to.
    pub requirement: Vec<String>,
    /// How binding they are.
    pub level: Level,
    /// What is the matter, in a sentence.
    pub about: String,
    /// What the service must be set to.
    pub service: Service,
    /// Who is known to the service, and what they may do.
    pub account: Account,
    /// The subject that it waits for; until then it is not run.
    pub waits_for: Option<String>,
    /// Why it makes no sense from outside.
    pub sim_only: Option<String>,
    /// Which names get a prefix on a target that others use.
    pub names: Names,
    /// What happens.
    pub script: Script,
    /// Where it stands.
    pub place: Place,
}

/// What happens in a case.
#[derive(Clone, Debug)]
pub enum Script {
    /// Steps in order.
    Steps(Vec<Step>),
    /// Bytes in one context, and what may come of them.
    Vector(Vector),
}

/// A file and a line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file below the folder of cases.
    pub file: String,
    /// The line, 1 for the first.
    pub line: usize,
    /// The line before the first step or vector.
    pub script_line: usize,
}

/// How binding a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// MUST.
    Must,
    /// SHOULD.
    Should,
    /// MAY: not followed is worth knowing, no more.
    May,
    /// AWS IoT Core does it in its own way.
    AwsDiffers,
}

impl Level {
    /// The spelling of case files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
            Self::AwsDiffers => "aws-differs",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct CaseError {
    /// The file.
    pub file: String,
    /// The line, 1 for the first.
    pub line: usize,
    /// What is wrong there, with the key that it is about.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    suite: Spanned<String>,
    #[allow(dead_code, reason = "for the reader of the file")]
    about: String,
    #[serde(default)]
    case: Vec<RawCase>,
    #[serde(default)]
    group: Vec<RawGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    address: Spanned<String>,
    requirement: Spanned<Vec<String>>,
    level: Level,
    about: String,
    service: Option<Spanned<BTreeMap<String, Setting>>>,
    account: Option<Spanned<String>>,
    waits_for: Option<String>,
    sim_only: Option<String>,
    #[serde(default)]
    exact_names: bool,
    steps: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    address: Spanned<String>,
    requirement: Spanned<Vec<String>>,
    level: Level,
    about: String,
    service: Option<Spanned<BTreeMap<String, Setting>>>,
    waits_for: Option<String>,
    sim_only: Option<String>,
    vectors: Spanned<String>,
}

/// Reads one file of cases.
///
/// # Errors
/// All that is wrong in it, one line each; only the first if it is no TOML.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>, Vec<CaseError>> {
    let reader = Reader { file, text };
    let raw: CaseFile = toml_edit::de::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![reader.error(at, error.message().to_owned())]
    })?;
    let Some(suite) = Suite::find(raw.suite.get_ref()) else {
        return Err(vec![reader.error(raw.suite.span().start, Suite::unknown(raw.suite.get_ref()))]);
    };
    let mut cases = Vec::new();
    let mut errors = Vec::new();
    for raw in raw.case {
        match reader.case(suite, raw) {
            Ok(case) => cases.push(case),
            Err(more) => errors.extend(more),
        }
    }
    for raw in raw.group {
        match reader.group(suite, raw) {
            Ok(vectors) => cases.extend(vectors),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn error(&self, at: usize, problem: String) -> CaseError {
        CaseError { file: self.file.to_owned(), line: self.line(at), problem }
    }

    fn case(&self, suite: Suite, raw: RawCase) -> Result<Case, Vec<CaseError>> {
        let mut errors = Vec::new();
        let at = raw.address.span().start;
        let address = raw.address.into_inner();
        self.check_head(suite, &address, at, &raw.requirement, &mut errors);
        let service = self.service(raw.service, &mut errors);
        let account = self.account(raw.account.as_ref(), &address, &mut errors);
        let (steps, script_line) = match &raw.steps {
            Some(steps) => {
                let first = self.first_line(steps);
                let parsed = wire_text::parse(steps.get_ref()).map_err(|error| CaseError {
                    file: self.file.to_owned(),
                    line: first + error.line,
                    problem: format!("{address}: steps: {}", error.problem),
                });
                (parsed.map_err(|error| errors.push(error)).unwrap_or_default(), first.saturating_sub(1))
            }
            None if raw.waits_for.is_some() => (Vec::new(), 0),
            None => {
                errors.push(self.error(
                    at,
                    format!("{address}: 'steps' is missing; only a case with 'waits_for' may lack it"),
                ));
                (Vec::new(), 0)
            }
        };
        if steps.is_empty() && raw.waits_for.is_none() && errors.is_empty() {
            errors.push(self.error(at, format!("{address}: 'steps' holds no step")));
        }
        if errors.is_empty()
            && !steps.is_empty()
            && let Err(problem) = account.check(&steps)
        {
            errors.push(self.error(at, format!("{address}: {problem}")));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Case {
            address,
            suite,
            requirement: raw.requirement.into_inner(),
            level: raw.level,
            about: raw.about,
            service,
            account,
            waits_for: raw.waits_for,
            sim_only: raw.sim_only,
            names: if raw.exact_names { Names::None } else { Names::of(&steps) },
            script: Script::Steps(steps),
            place: Place { file: self.file.to_owned(), line: self.line(at), script_line },
        })
    }

    fn group(&self, suite: Suite, raw: RawGroup) -> Result<Vec<Case>, Vec<CaseError>> {
        let mut errors = Vec::new();
        let at = raw.address.span().start;
        let group = raw.address.into_inner();
        self.check_head(suite, &group, at, &raw.requirement, &mut errors);
        let service = self.service(raw.service, &mut errors);
        let first = self.first_line(&raw.vectors);
        let mut cases = Vec::new();
        for (number, line, vector) in vector::parse(raw.vectors.get_ref()) {
            let address = format!("{group}/{number}");
            match vector {
                Err(problem) => errors.push(CaseError {
                    file: self.file.to_owned(),
                    line: first + line,
                    problem: format!("{address}: {problem}"),
                }),
                Ok(vector) => cases.push(Case {
                    address,
                    suite,
                    requirement: raw.requirement.get_ref().clone(),
                    level: raw.level,
                    about: raw.about.clone(),
                    service: service.clone(),
                    account: Account::default(),
                    waits_for: raw.waits_for.clone(),
                    sim_only: raw.sim_only.clone(),
                    names: Names::None,
                    script: Script::Vector(vector),
                    place: Place {
                        file: self.file.to_owned(),
                        line: first + line,
                        script_line: first + line - 1,
                    },
                }),
            }
        }
        if errors.is_empty() && cases.is_empty() {
            errors.push(self.error(at, format!("{group}: 'vectors' holds no vector")));
        }
        if errors.is_empty() { Ok(cases) } else { Err(errors) }
    }

    /// The line of the file on which the first line of a text stands.
    fn first_line(&self, text: &Spanned<String>) -> usize {
        let start = text.span().start;
        let opening = &self.text[start..];
        // A line break right after the opening quotes is no part of the text.
        let skipped = ["'''", "\"\"\""].iter().any(|quotes| {
            opening
                .strip_prefix(quotes)
                .is_some_and(|rest| rest.starts_with('\n') || rest.starts_with("\r\n"))
        });
        self.line(start) + usize::from(skipped)
    }

    fn check_head(
        &self,
        suite: Suite,
        address: &str,
        at: usize,
        requirement: &Spanned<Vec<String>>,
        errors: &mut Vec<CaseError>,
    ) {
        let below = address.strip_prefix(suite.name()).and_then(|rest| rest.strip_prefix('/'));
        let good = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        if !below.is_some_and(|rest| rest.split('/').all(good)) {
            errors.push(self.error(
                at,
                format!(
                    "address: '{address}' does not read {}/SECTION/NUMBER with letters, digits and . - _",
                    suite.name()
                ),
            ));
        }
        let at = requirement.span().start;
        if requirement.get_ref().is_empty() {
            errors.push(self.error(at, format!("{address}: 'requirement' names nothing")));
        }
        for name in requirement.get_ref() {
            if let Err(problem) = requirement::check(name) {
                errors.push(self.error(at, format!("{address}: requirement: {problem}")));
            }
        }
    }

    fn account(&self, raw: Option<&Spanned<String>>, address: &str, errors: &mut Vec<CaseError>) -> Account {
        let Some(raw) = raw else { return Account::default() };
        Account::parse(raw.get_ref()).unwrap_or_else(|(line, problem)| {
            errors.push(CaseError {
                file: self.file.to_owned(),
                line: self.first_line(raw) + line,
                problem: format!("{address}: account: {problem}"),
            });
            Account::default()
        })
    }

    fn service(
        &self,
        raw: Option<Spanned<BTreeMap<String, Setting>>>,
        errors: &mut Vec<CaseError>,
    ) -> Service {
        let mut service = Service::default();
        let Some(raw) = raw else { return service };
        let at = raw.span().start;
        for (key, item) in raw.get_ref() {
            if let Err(problem) = read_service(&mut service, key, item) {
                errors.push(self.error(at, format!("service: {problem}")));
            }
        }
        service
    }
}
