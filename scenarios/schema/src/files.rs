//! The files that a scenario names: policy documents and scripts.

use core::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use squall_results::InputFile;
use xxhash_rust::xxh3::xxh3_128;

use crate::error::did_you_mean;

/// No file that a scenario names is longer, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 1_000_000;

/// Where the files are that a scenario names.
#[derive(Clone, Copy, Debug, Default)]
pub enum Files<'a> {
    /// Nowhere: the scenario stands for itself, and one that names a file is wrong.
    #[default]
    None,
    /// Below a folder, that of the scenario file.
    Folder(&'a Path),
    /// At hand: the path as the scenario writes it, and the text.
    Given(&'a [(&'a str, &'a str)]),
}

/// Reads each file once, however many cells name it.
#[derive(Debug)]
pub(crate) struct FileStore<'a> {
    files: Files<'a>,
    read: RefCell<BTreeMap<String, Result<String, FileError>>>,
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileError {
    pub(crate) problem: String,
    pub(crate) allowed: Option<String>,
    pub(crate) hint: Option<String>,
}

impl FileError {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), allowed: None, hint: None }
    }
}

impl<'a> FileStore<'a> {
    pub(crate) const fn new(files: Files<'a>) -> Self {
        Self { files, read: RefCell::new(BTreeMap::new()) }
    }

    /// The text of the file that the scenario calls `path`.
    pub(crate) fn text(&self, path: &str) -> Result<String, FileError> {
        let mut read = self.read.borrow_mut();
        read.entry(path.to_owned()).or_insert_with(|| self.load(path)).clone()
    }

    /// Everything that was read, for the results.
    pub(crate) fn inputs(&self) -> Vec<InputFile> {
        let read = self.read.borrow();
        let texts = read.iter().filter_map(|(path, text)| Some((path, text.as_ref().ok()?)));
        texts
            .map(|(path, text)| InputFile {
                path: self.shown(path),
                hash: format!("{:032x}", xxh3_128(text.as_bytes())),
            })
            .collect()
    }

    fn shown(&self, path: &str) -> String {
        match self.files {
            Files::Folder(folder) => folder.join(path).display().to_string(),
            Files::None | Files::Given(_) => path.to_owned(),
        }
    }

    fn load(&self, path: &str) -> Result<String, FileError> {
        match self.files {
            Files::None => Err(FileError {
                hint: Some("write the text into the scenario, between '''".to_owned()),
                ..FileError::new("no files come with this scenario")
            }),
            Files::Folder(folder) => read_below(folder, path),
            Files::Given(files) => {
                let known = || files.iter().map(|(path, _)| *path);
                let given = files.iter().find(|(known, _)| *known == path);
                given.map(|(_, text)| (*text).to_owned()).ok_or_else(|| FileError {
                    allowed: Some(known().collect::<Vec<_>>().join(", ")),
                    hint: did_you_mean(path, known()),
                    ..FileError::new("no such file comes with this scenario")
                })
            }
        }
    }
}

fn read_below(folder: &Path, path: &str) -> Result<String, FileError> {
    let path = folder.join(path);
    let failed =
        |error: std::io::Error| FileError::new(format!("{} cannot be read: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&path).map_err(failed)?;
    // One byte more tells a file that is too long from one that just fits.
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(FileError {
            allowed: Some("at most 1 MB".to_owned()),
            ..FileError::new(format!("{} is too long", path.display()))
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
        FileError::new(format!("{}: line {line} is not UTF-8", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_and_counted_as_an_input() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), "{}").unwrap();
        let store = FileStore::new(Files::Folder(folder.path()));
        assert_eq!(store.text("a.json").as_deref(), Ok("{}"));
        std::fs::write(folder.path().join("a.json"), "[]").unwrap();
        assert_eq!(store.text("a.json").as_deref(), Ok("{}"));
        assert!(store.text("b.json").unwrap_err().problem.contains("b.json cannot be read: "));
        let inputs = store.inputs();
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].path, folder.path().join("a.json").display().to_string());
        assert_eq!(inputs[0].hash.len(), 32);
    }

    #[test]
    fn a_file_is_text_of_a_megabyte_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let problem_of = |bytes: &[u8]| {
            std::fs::write(folder.path().join("a"), bytes).unwrap();
            let outcome = FileStore::new(Files::Folder(folder.path())).text("a");
            outcome.err().map(|error| error.problem)
        };
        assert_eq!(problem_of(&vec![b'a'; FILE_BYTES_MAX]), None);
        assert!(problem_of(&vec![b'a'; FILE_BYTES_MAX + 1]).unwrap().ends_with("is too long"));
        assert!(problem_of(b"a\n\xff").unwrap().ends_with("line 2 is not UTF-8"));
        let directory = FileStore::new(Files::Folder(folder.path())).text(".");
        assert!(directory.unwrap_err().problem.contains("cannot be read: "));
    }
}
