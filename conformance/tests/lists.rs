//! The lists of what is missing and of what waits are what is found, and only shrink.

use std::path::Path;

use squall_conformance::coverage::{self, Status};
use squall_conformance::suite;

/// No more cases than this may wait for a later subject. Lower it as subjects come; never raise it.
const MOST_UNIMPLEMENTED: usize = 41;

#[test]
fn nothing_is_missing() {
    let cases = suite::embedded().unwrap();
    let found: Vec<&str> = coverage::coverage(&cases)
        .unwrap()
        .into_iter()
        .filter(|(_, status)| *status == Status::Missing)
        .map(|(statement, _)| statement)
        .collect();
    hold("missing.txt", &found, &coverage::admitted_missing());
    assert_eq!(found.len(), 0, "every statement has had a status since the suites were written");
}

#[test]
fn what_waits_is_admitted_and_only_shrinks() {
    let cases = suite::embedded().unwrap();
    let found = coverage::unimplemented(&cases);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    hold("unimplemented.txt", &found, &coverage::admitted_unimplemented());
    assert!(found.len() <= MOST_UNIMPLEMENTED, "{} cases wait, {MOST_UNIMPLEMENTED} may", found.len());
}

/// The list on disk is the list that was found; `UPDATE_LISTS=1` writes it.
fn hold(file: &str, found: &[&str], admitted: &[&str]) {
    if std::env::var_os("UPDATE_LISTS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text.lines().take_while(|line| line.starts_with('#'));
        let lines: Vec<&str> = head.chain(found.iter().copied()).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        return;
    }
    let more: Vec<&&str> = found.iter().filter(|line| !admitted.contains(line)).collect();
    let fewer: Vec<&&str> = admitted.iter().filter(|line| !found.contains(line)).collect();
    assert!(
        more.is_empty() && fewer.is_empty(),
        "{file} is not what is found.\nnot in it: {more:#?}\nin it for nothing: {fewer:#?}\n\
         write it anew with UPDATE_LISTS=1 cargo test -p squall-conformance --test lists"
    );
    assert_eq!(found, admitted, "{file} is in another order");
}
