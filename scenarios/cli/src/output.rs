//! The files that a run leaves. Each is written whole under another name and then renamed, so that a full disk or a
//! killed process leaves the old file or the new one, never half of one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use squall_results::RunResults;

/// The folder of one command's results.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Makes the folder, if it is not there.
    pub(crate) fn create(path: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&path).with_context(|| format!("{}: cannot be made a folder", path.display()))?;
        Ok(Self { path })
    }

    /// A folder inside.
    pub(crate) fn subfolder(&self, name: &str) -> anyhow::Result<Self> {
        Self::create(self.path.join(name))
    }

    /// Takes the folder away if nothing was written to it.
    pub(crate) fn remove_if_empty(&self) {
        // A folder that holds something, of this run or an earlier one, stays: that is what the error says.
        drop(fs::remove_dir(&self.path));
    }

    /// The path of a file inside.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the three files of a run.
    pub(crate) fn write_run(&self, results: &RunResults) -> anyhow::Result<()> {
        let mut json = serde_json::to_string_pretty(results).context("results.json")?;
        json.push('\n');
        self.write("results.json", &json)?;
        self.write("report.html", &squall_render::html::report(results))?;
        self.write("junit.xml", &squall_render::junit::report(std::slice::from_ref(results))?)
    }

    /// Writes one file whole.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        write_whole(&self.path_of(name), text)
    }
}

fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = fs::write(&part, text).and_then(|()| fs::rename(&part, path));
    written
        .inspect_err(|_| drop(fs::remove_file(&part)))
        .with_context(|| format!("{}: cannot be written", path.display()))
}
