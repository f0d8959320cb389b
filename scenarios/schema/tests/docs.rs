//! The generated documentation is the one that stands in the tree.

use std::path::Path;

use squall_scenario::scenario_md;

#[test]
fn scenario_md_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenario.md");
    let page = scenario_md();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(page.lines()).position(|(a, b)| a != b);
    assert!(
        found == page,
        "docs/scenario.md is out of date (first in line {}); run: UPDATE_DOCS=1 cargo test -p squall-scenario --test docs",
        line.map_or_else(|| found.lines().count().min(page.lines().count()) + 1, |line| line + 1),
    );
}
