//! What the policies denied, a sentence each.

use squall_results::RunResults;

use super::lines::Lines;
use super::paint::Ink;
use crate::view;

/// How many groups are shown; the file has more.
const SHOWN: usize = 5;

pub(super) fn denials(out: &mut Lines, results: &RunResults) {
    if results.denials.is_empty() {
        return;
    }
    out.heading("Denied by policies", &view::denial_tally(results), Ink::Warn);
    for denials in results.denials.iter().take(SHOWN) {
        out.wrapped(Ink::Warn, 2, &format!("{}.", denials.sentence()));
        // The first two lines of the explanation repeat the sentence.
        for line in denials.why.lines().filter(|line| line.starts_with("  ") && line.contains("Statement[")) {
            out.wrapped(Ink::Faint, 6, line.trim_start());
        }
    }
    if results.denials.len() > SHOWN {
        let more = results.denials.len() - SHOWN;
        out.plain(Ink::Faint, &format!("  and {more} more in results.json"));
    }
    out.blank();
}
