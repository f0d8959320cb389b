//! What people see at the end of a run.

use squall_render::terminal::{self, Colour};
use squall_results::Interrupted;

mod support;

const REPORT: Option<&str> = Some("out/reconnect-storm-7/report.html");

fn within_the_page(text: &str) {
    for line in text.lines().filter(|line| !line.starts_with("reproduce")) {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn a_run_that_passes() {
    let text = terminal::summary(&support::passing(), REPORT, Colour::Off);
    within_the_page(&text);
    insta::assert_snapshot!("passing", text);
}

#[test]
fn a_run_that_fails() {
    let text = terminal::summary(&support::failing(), REPORT, Colour::Off);
    within_the_page(&text);
    insta::assert_snapshot!("failing", text);
}

#[test]
fn what_policies_denied_is_said_in_a_sentence() {
    let text = terminal::summary(&support::denied(), None, Colour::Off);
    within_the_page(&text);
    let from = text.find("Denied by policies").unwrap();
    let to = text.find("Latency").unwrap();
    insta::assert_snapshot!("denied", text[from..to].trim_end());
}

#[test]
fn provisioning_that_failed_is_said_in_a_sentence() {
    let text = terminal::summary(&support::stranded(), None, Colour::Off);
    within_the_page(&text);
    let from = text.find("Not provisioned").unwrap();
    let to = text.find("Latency").unwrap();
    insta::assert_snapshot!("stranded", text[from..to].trim_end());
}

#[test]
fn refused_requests_of_shadows_are_said_in_a_sentence() {
    let text = terminal::summary(&support::troubled(), None, Colour::Off);
    within_the_page(&text);
    let from = text.find("Shadows ──").unwrap();
    let to = text.find("Latency").unwrap();
    insta::assert_snapshot!("troubled", text[from..to].trim_end());
}

#[test]
fn colours_mark_what_failed() {
    let coloured = terminal::summary(&support::failing(), None, Colour::On);
    let plain = terminal::summary(&support::failing(), None, Colour::Off);
    assert!(coloured.contains("\x1b[1;31m✗ FAILED\x1b[0m"));
    let mut stripped = String::new();
    for (index, part) in coloured.split("\x1b[").enumerate() {
        let text = if index == 0 { part } else { part.split_once('m').unwrap().1 };
        stripped.push_str(text);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn the_order_is_that_of_the_contract() {
    let text = terminal::summary(&support::failing(), REPORT, Colour::Off);
    let parts = ["Expectations", "Oracles", "Latency", "Cost", "fingerprint", "reproduce", "report "];
    let places: Vec<usize> = parts.iter().map(|part| text.find(&format!("\n{part}")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn an_interrupted_run_says_so() {
    let mut results = support::passing();
    results.interrupted = Some(Interrupted {
        at_seconds: squall_results::Seconds::from_micros(61_500_000),
        why: "Ctrl-C".into(),
    });
    results.bill = None;
    results.latency.clear();
    results.faults.clear();
    results.oracles.clear();
    results.expectations.clear();
    let text = terminal::summary(&results, None, Colour::Off);
    within_the_page(&text);
    insta::assert_snapshot!("interrupted", text);
}

#[test]
fn a_matrix_shows_its_cells_side_by_side() {
    let text = terminal::matrix(&support::matrix(), Some("out/reconnect-storm-7/index.html"), Colour::Off);
    within_the_page(&text);
    insta::assert_snapshot!("matrix", text);
}

#[test]
fn a_bill_by_itself() {
    let text = terminal::bill(&support::passing().bill.unwrap(), Colour::Off);
    within_the_page(&text);
    insta::assert_snapshot!("bill", text);
}
