//! Declared deviations: where a target is known to differ, with the reason and where that is written down.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_spanned::Spanned;
use thiserror::Error;

use crate::case::{Case, Script};
use crate::embedded;

/// The deviations of one target.
#[derive(Clone, Debug, Default)]
pub struct Deviations {
    /// What the file is called.
    pub file: String,
    /// The target that it speaks of.
    pub target: String,
    /// Whether the target means to be AWS IoT Core; another is not held to what AWS does in its own way.
    pub aws: bool,
    by_address: BTreeMap<String, Deviation>,
}

/// One deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// What the target does, and why that is known.
    pub reason: String,
    /// Where it is written down, or how it was seen.
    pub source: String,
}

/// Why deviations cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct DeviationError {
    /// The file.
    pub file: String,
    /// The line, 1 for the first.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    target: String,
    #[serde(default = "yes")]
    aws: bool,
    #[serde(default)]
    deviation: Vec<RawDeviation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeviation {
    address: Spanned<Addresses>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Addresses {
    One(String),
    Many(Vec<String>),
}

const fn yes() -> bool {
    true
}

impl Deviations {
    /// None: the target is held to every word, those of AWS included.
    pub fn none() -> Self {
        Self { aws: true, ..Self::default() }
    }

    /// The embedded file called `name`, such as `sim` or `mosquitto`.
    ///
    /// # Errors
    /// The file is wrong. `None` if there is no such file.
    pub fn embedded(name: &str, cases: &[Case]) -> Option<Result<Self, DeviationError>> {
        let file = format!("{name}.toml");
        let (_, text) = embedded::DEVIATIONS.iter().find(|(known, _)| *known == file)?;
        Some(Self::parse(&format!("conformance/deviations/{file}"), text, cases))
    }

    /// The names of the embedded files.
    pub fn embedded_names() -> impl Iterator<Item = &'static str> {
        embedded::DEVIATIONS.iter().filter_map(|(file, _)| file.strip_suffix(".toml"))
    }

    /// The deviations of a file on disk.
    ///
    /// # Errors
    /// It cannot be read, or is wrong.
    pub fn read(path: &Path, cases: &[Case]) -> Result<Self, DeviationError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| DeviationError {
            file: file.clone(),
            line: 0,
            problem: error.to_string(),
        })?;
        Self::parse(&file, &text, cases)
    }

    /// The deviations of a text. Each must name a case, or a group of byte vectors, that there is.
    ///
    /// # Errors
    /// It is no TOML, or names what there is not.
    pub fn parse(file: &str, text: &str, cases: &[Case]) -> Result<Self, DeviationError> {
        let error = |at: usize, problem: String| DeviationError {
            file: file.to_owned(),
            line: text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1,
            problem,
        };
        let raw: RawFile = toml_edit::de::from_str(text)
            .map_err(|wrong| error(wrong.span().map_or(0, |span| span.start), wrong.message().to_owned()))?;
        let mut by_address = BTreeMap::new();
        for deviation in raw.deviation {
            let at = deviation.address.span().start;
            let addresses = match deviation.address.into_inner() {
                Addresses::One(address) => vec![address],
                Addresses::Many(addresses) => addresses,
            };
            for address in addresses {
                if !cases.iter().any(|case| case.address == address || group_of(case) == Some(&*address)) {
                    return Err(error(at, format!("address: no case is called '{address}'")));
                }
                let declared =
                    Deviation { reason: deviation.reason.clone(), source: deviation.source.clone() };
                if by_address.insert(address.clone(), declared).is_some() {
                    return Err(error(at, format!("address: '{address}' stands twice")));
                }
            }
        }
        Ok(Self { file: file.to_owned(), target: raw.target, aws: raw.aws, by_address })
    }

    /// The deviation that a case may have, and the address that it is declared under.
    pub fn of<'c>(&self, case: &'c Case) -> Option<(&'c str, &Deviation)> {
        let own = self.by_address.get(&case.address).map(|deviation| (case.address.as_str(), deviation));
        own.or_else(|| {
            let group = group_of(case)?;
            self.by_address.get(group).map(|deviation| (group, deviation))
        })
    }
}

/// The address of the group that a byte vector belongs to.
pub(crate) fn group_of(case: &Case) -> Option<&str> {
    match case.script {
        Script::Vector(_) => case.address.rsplit_once('/').map(|(group, _)| group),
        Script::Steps(_) => None,
    }
}
