//! Refused requests of shadows, a sentence each.

use squall_results::RunResults;

use super::lines::Lines;
use super::paint::Ink;
use crate::view;

/// How many groups are shown; the file has more.
const SHOWN: usize = 8;

pub(super) fn shadows(out: &mut Lines, results: &RunResults) {
    if results.shadow_troubles.is_empty() {
        return;
    }
    out.heading("Shadows", &view::shadow_tally(results), Ink::Warn);
    for trouble in results.shadow_troubles.iter().take(SHOWN) {
        out.wrapped(Ink::Warn, 2, &format!("{}.", trouble.sentence()));
    }
    if results.shadow_troubles.len() > SHOWN {
        let more = results.shadow_troubles.len() - SHOWN;
        out.plain(Ink::Faint, &format!("  and {more} more in results.json"));
    }
    out.blank();
}
