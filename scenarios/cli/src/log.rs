//! The service's log, written while the run or the service goes on.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use squall_engine::World;

/// The file of `--log`. What was written stays, whatever becomes of the run.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    /// An empty file, in place of one that was there.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| failed(path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes what has come since the last time.
    pub(crate) fn drain(&mut self, world: &mut World) -> anyhow::Result<()> {
        self.write(&world.take_log())
    }

    /// Writes whole lines.
    pub(crate) fn write(&mut self, lines: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(lines).with_context(|| failed(&self.path))
    }
}

fn failed(path: &Path) -> String {
    format!("{}: cannot be written", path.display())
}
