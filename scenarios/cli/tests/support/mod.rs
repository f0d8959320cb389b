//! The command as its users call it: a process of its own, in a folder of its own.

pub(crate) mod serving;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the scenario library.
pub(crate) fn library(name: &str) -> String {
    root().join("scenarios/library").join(name).with_extension("toml").display().to_string()
}

/// A fresh folder to run in.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The command with these words, to be run in `folder`.
pub(crate) fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    command.current_dir(folder).args(words).env_remove("RUST_BACKTRACE");
    command
}

/// Runs it to the end.
pub(crate) fn squall(folder: &Path, words: &[&str]) -> Output {
    command(folder, words).output().unwrap()
}

/// Exit code, standard output and standard error.
pub(crate) fn texts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// Runs a scenario that must hold and gives back its `results.json` without the host's part.
pub(crate) fn results(folder: &Path, words: &[&str]) -> Value {
    let out = folder.join("results");
    let out_text = out.display().to_string();
    let words: Vec<&str> =
        ["run"].into_iter().chain(words.iter().copied()).chain(["--out", &out_text]).collect();
    let output = squall(folder, &words);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{words:?}: {:?}", texts(&output));
    without_host(&std::fs::read_to_string(out.join("results.json")).unwrap())
}

/// `results.json` without what may differ between two equal runs.
pub(crate) fn without_host(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap();
    assert!(value.as_object_mut().unwrap().remove("host").is_some());
    value
}
