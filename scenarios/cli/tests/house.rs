//! The house stands as it is drawn: who depends on whom, and what the README points at.

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};
use support::root;

/// Each crate and the crates of ours that it may use. Arrows point one way.
const PICTURE: &[(&str, &[&str])] = &[
    ("squall-types", &[]),
    ("squall-timers", &["squall-types"]),
    ("squall-codec", &["squall-types"]),
    ("squall-profile", &["squall-types"]),
    ("squall-services", &["squall-types", "squall-profile"]),
    ("squall-lambda", &["squall-types"]),
    ("squall-authorizer", &["squall-types", "squall-services", "squall-lambda"]),
    ("squall-x509", &["squall-types", "squall-services"]),
    ("squall-core", &["squall-types", "squall-timers", "squall-codec", "squall-profile", "squall-services"]),
    ("squall-logs", &["squall-types", "squall-services", "squall-core"]),
    ("squall-shell", &["squall-types", "squall-core"]),
    ("squall-device", &["squall-types", "squall-codec"]),
    ("squall-results", &[]),
    ("squall-scenario", &["squall-types", "squall-profile", "squall-services", "squall-results"]),
    ("squall-oracle", &["squall-types", "squall-profile"]),
    (
        "squall-engine",
        &[
            "squall-types",
            "squall-timers",
            "squall-codec",
            "squall-profile",
            "squall-core",
            "squall-logs",
            "squall-device",
            "squall-oracle",
            "squall-scenario",
            "squall-services",
            "squall-authorizer",
            "squall-lambda",
            "squall-results",
        ],
    ),
    (
        "squall-conformance",
        &[
            "squall-types",
            "squall-codec",
            "squall-profile",
            "squall-services",
            "squall-authorizer",
            "squall-lambda",
            "squall-core",
            "squall-results",
        ],
    ),
    ("squall-billing", &["squall-results"]),
    ("squall-render", &["squall-results"]),
    (
        "squall",
        &[
            "squall-types",
            "squall-profile",
            "squall-core",
            "squall-services",
            "squall-logs",
            "squall-shell",
            "squall-scenario",
            "squall-engine",
            "squall-conformance",
            "squall-results",
            "squall-billing",
            "squall-render",
        ],
    ),
];

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap();
    let found: BTreeMap<&str, BTreeSet<&str>> = metadata
        .packages
        .iter()
        .map(|package| {
            let ours = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .map(|dependency| dependency.name.as_str())
                .filter(|name| name.starts_with("squall"));
            (package.name.as_str(), ours.collect())
        })
        .collect();
    let drawn: BTreeMap<&str, BTreeSet<&str>> =
        PICTURE.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    assert_eq!(found, drawn);
}

#[test]
fn the_sans_io_crates_bring_no_runtime_and_no_randomness() {
    let metadata = MetadataCommand::new().current_dir(root()).exec().unwrap();
    let resolve = metadata.resolve.as_ref().unwrap();
    let name_of: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    for start in [
        "squall-types",
        "squall-timers",
        "squall-codec",
        "squall-services",
        "squall-core",
        "squall-logs",
        "squall-device",
        "squall-oracle",
    ] {
        let mut pending: Vec<_> =
            resolve.nodes.iter().filter(|node| name_of[&node.id] == start).map(|node| &node.id).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = pending.pop() {
            if !seen.insert(name_of[id]) {
                continue;
            }
            let node = resolve.nodes.iter().find(|node| &node.id == id).unwrap();
            let uses = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            pending.extend(uses.map(|dependency| &dependency.pkg));
        }
        for forbidden in ["tokio", "rand", "getrandom", "mio", "socket2"] {
            assert!(!seen.contains(forbidden), "{start} brings {forbidden}");
        }
    }
}

#[test]
fn what_the_readme_points_at_is_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut checked = 0;
    // Links, and the paths of the code map in backticks.
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths = readme.split('`').skip(1).step_by(2).filter(|text| {
        text.contains('/')
            && !text.contains([' ', '{', '<'])
            && !text.starts_with("out/")
            && !text.contains("..")
    });
    for path in links.filter(|link| !link.starts_with("http") && !link.starts_with('#')).chain(paths) {
        let known = root().join(path).exists()
            || root().join("scenarios/library").join(format!("{path}.toml")).exists();
        assert!(known, "README.md points at {path}, which is not there");
        checked += 1;
    }
    assert!(checked > 15, "only {checked} paths found");
    for member in
        ["cargo run --release -- run scenarios/library/storm/reconnect.toml", "cargo test --workspace"]
    {
        assert!(readme.contains(member), "README.md leaves out: {member}");
    }
    for (name, _) in PICTURE {
        assert!(readme.contains(name), "the code map leaves out {name}");
    }
}
