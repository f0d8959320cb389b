//! Puts every data file of the crate into the binary: cases, deviations of targets, statements.
//!
//! A file that is added is found by itself; there is no list to keep.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder"));
    let mut code = String::new();
    for (name, folder, ending) in [
        ("CASES", "cases", "toml"),
        ("DEVIATIONS", "deviations", "toml"),
        ("REQUIREMENTS", "requirements", ""),
    ] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(&root.join(folder), ending, &mut files);
        files.sort();
        writeln!(code, "pub(crate) const {name}: &[(&str, &str)] = &[").expect("a string takes all");
        for file in files {
            let below = file.strip_prefix(root.join(folder)).expect("found below the folder");
            let below = below.to_string_lossy().replace('\\', "/");
            writeln!(code, "    ({below:?}, include_str!({:?})),", file.to_string_lossy())
                .expect("a string takes all");
        }
        writeln!(code, "];").expect("a string takes all");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names a folder for output"));
    std::fs::write(out.join("embedded.rs"), code).expect("the output folder can be written");
}

/// All files below `folder` with this ending; any file if `ending` is empty.
fn collect(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, ending, into);
        } else if ending.is_empty() || path.extension().is_some_and(|found| found == ending) {
            into.push(path);
        }
    }
}
