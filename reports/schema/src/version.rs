//! Reading files of this and every older version.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::RunResults;

/// The version of the format that this build writes, and the newest that it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a `results.json` could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is no results file at all.
    #[error("not a results file: {0}")]
    NotResults(serde_json::Error),
    /// A later Squall wrote it in a format that this one does not know.
    #[error(
        "the file has schema version {found}, this squall reads up to {SCHEMA_VERSION}; read it with a newer squall"
    )]
    Newer {
        /// The version in the file.
        found: u32,
    },
    /// It says that it is a results file, but a field is missing or wrong.
    #[error("a results file of schema version {version}, but {source}")]
    Malformed {
        /// The version in the file.
        version: u32,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
}

/// Reads the text of a `results.json`.
///
/// # Errors
/// [`ReadError`] if it is none, or one of a newer version.
pub fn read(text: &str) -> Result<RunResults, ReadError> {
    #[derive(Deserialize)]
    struct Probe {
        schema_version: u32,
    }
    let probe: Probe = serde_json::from_str(text).map_err(ReadError::NotResults)?;
    if probe.schema_version > SCHEMA_VERSION {
        return Err(ReadError::Newer { found: probe.schema_version });
    }
    serde_json::from_str(text)
        .map_err(|source| ReadError::Malformed { version: probe.schema_version, source })
}

/// Reads the `results.json` at `path`.
///
/// # Errors
/// [`ReadError`] if it cannot be opened, is none, or is of a newer version.
pub fn read_file(path: impl AsRef<Path>) -> Result<RunResults, ReadError> {
    let path = path.as_ref();
    let text =
        std::fs::read_to_string(path).map_err(|source| ReadError::File { path: path.to_owned(), source })?;
    read(&text)
}

/// The JSON Schema of `results.json`.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(RunResults).to_value()
}
