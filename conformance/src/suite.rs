//! The suites, and where their cases come from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use thiserror::Error;

use crate::case::{self, Case, CaseError};
use crate::embedded;
use crate::near::unknown;

/// A suite: the cases that rest on one body of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// MQTT 3.1.1 as OASIS wrote it.
    Mqtt311,
    /// MQTT 5.0 as OASIS wrote it.
    Mqtt5,
    /// The message broker of AWS IoT Core as its documents describe it.
    AwsBroker,
    /// Policies: what they say, and what the broker does about it.
    AwsPolicy,
    /// Who a client is: certificates, authorizers, signed requests.
    AwsIdentity,
    /// Things, types, groups, certificates and CAs of an account.
    AwsRegistry,
    /// Devices that get their identity in the field.
    AwsProvisioning,
    /// Shadows of devices.
    AwsShadow,
    /// Bytes, mostly malformed, and how a connection takes them.
    Bytes,
}

impl Suite {
    /// All suites, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Mqtt311,
        Self::Mqtt5,
        Self::AwsBroker,
        Self::AwsPolicy,
        Self::AwsIdentity,
        Self::AwsRegistry,
        Self::AwsProvisioning,
        Self::AwsShadow,
        Self::Bytes,
    ];

    /// The name in files, addresses and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mqtt311 => "mqtt311",
            Self::Mqtt5 => "mqtt5",
            Self::AwsBroker => "aws-broker",
            Self::AwsPolicy => "aws-policy",
            Self::AwsIdentity => "aws-identity",
            Self::AwsRegistry => "aws-registry",
            Self::AwsProvisioning => "aws-provisioning",
            Self::AwsShadow => "aws-shadow",
            Self::Bytes => "bytes",
        }
    }

    /// Whether it is about AWS IoT Core, and not about a standard.
    pub const fn is_of_aws(self) -> bool {
        matches!(
            self,
            Self::AwsBroker
                | Self::AwsPolicy
                | Self::AwsIdentity
                | Self::AwsRegistry
                | Self::AwsProvisioning
                | Self::AwsShadow
        )
    }

    /// The suite called `name`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// What to say where there is no such suite.
    pub fn unknown(name: &str) -> String {
        unknown("suite", name, Self::ALL.iter().map(|suite| suite.name()))
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why there are no cases to run.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A folder or file cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The folder has no file of cases.
    #[error("{0} has no .toml file")]
    Empty(String),
    /// Files are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Cases(Vec<CaseError>),
}

/// The cases that come with the binary.
///
/// # Errors
/// A file is wrong; tests see to it that none is.
pub fn embedded() -> Result<Vec<Case>, LoadError> {
    load(embedded::CASES.iter().map(|(file, text)| (format!("conformance/cases/{file}"), (*text).to_owned())))
}

/// The cases of a folder and the folders below it.
///
/// # Errors
/// It cannot be read, or a file in it is wrong.
pub fn from_folder(folder: &Path) -> Result<Vec<Case>, LoadError> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    if files.is_empty() {
        return Err(LoadError::Empty(folder.display().to_string()));
    }
    files.sort();
    load(files)
}

fn collect(folder: &Path, into: &mut Vec<(String, String)>) -> Result<(), LoadError> {
    let unreadable = |path: &Path, error| LoadError::Unreadable { path: path.display().to_string(), error };
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            into.push((path.display().to_string(), text));
        }
    }
    Ok(())
}

/// Reads files, and sees to it that no address stands twice.
fn load(files: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Case>, LoadError> {
    let mut cases: Vec<Case> = Vec::new();
    let mut errors = Vec::new();
    for (file, text) in files {
        match case::parse(&file, &text) {
            Ok(more) => cases.extend(more),
            Err(more) => errors.extend(more),
        }
    }
    let mut seen: BTreeMap<&str, &Case> = BTreeMap::new();
    for case in &cases {
        if let Some(first) = seen.insert(&case.address, case) {
            errors.push(CaseError {
                file: case.place.file.clone(),
                line: case.place.line,
                problem: format!(
                    "address: '{}' stands at {}:{} too",
                    case.address, first.place.file, first.place.line
                ),
            });
        }
    }
    if !errors.is_empty() {
        return Err(LoadError::Cases(errors));
    }
    cases.sort_by_key(|case| case.suite);
    Ok(cases)
}
