//! Provisioning that came to nothing, a sentence each.

use squall_results::RunResults;

use super::lines::Lines;
use super::paint::Ink;
use crate::view;

/// How many groups are shown; the file has more.
const SHOWN: usize = 8;

pub(super) fn provisioning(out: &mut Lines, results: &RunResults) {
    if results.provisioning_failures.is_empty() {
        return;
    }
    out.heading("Not provisioned", &view::provisioning_tally(results), Ink::Warn);
    for failures in results.provisioning_failures.iter().take(SHOWN) {
        out.wrapped(Ink::Warn, 2, &format!("{}.", failures.sentence()));
    }
    if results.provisioning_failures.len() > SHOWN {
        let more = results.provisioning_failures.len() - SHOWN;
        out.plain(Ink::Faint, &format!("  and {more} more in results.json"));
    }
    out.blank();
}
