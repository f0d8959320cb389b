//! The scenarios that Squall brings along.

use std::path::{Path, PathBuf};

use squall_scenario::{LoadOptions, Plan, load, parse_json};

fn library() -> Vec<(PathBuf, Plan)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../library");
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    let options = LoadOptions { price_books: &["aws-use1"], ..LoadOptions::default() };
    let read = |path: PathBuf| {
        let plan = load(&path, options).unwrap_or_else(|errors| panic!("{errors}"));
        (path, plan)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn every_scenario_loads_and_reads_back() {
    let library = library();
    assert!(library.len() >= 3);
    for (path, plan) in &library {
        for cell in &plan.cells {
            assert_eq!(
                parse_json(&cell.scenario.to_json()).as_ref(),
                Ok(&cell.scenario),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn every_scenario_says_what_it_is_about_and_expects_something() {
    let library = library();
    for (index, (path, plan)) in library.iter().enumerate() {
        let path = path.display();
        assert!(plan.about.len() > 20 && plan.about.ends_with(['.', '?']), "{path}: {}", plan.about);
        assert!(!plan.cells[0].scenario.expectations.is_empty(), "{path}");
        assert!(library[..index].iter().all(|(_, other)| other.name != plan.name), "{path}: {}", plan.name);
    }
}
