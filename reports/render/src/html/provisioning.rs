//! Provisioning that came to nothing, and why.

use squall_results::{RunResults, text};

use super::{Page, heading};
use crate::view;

pub(super) fn provisioning(page: &mut Page, results: &RunResults) {
    if results.provisioning_failures.is_empty() {
        return;
    }
    heading(page, "provisioning", "Not provisioned", &view::provisioning_tally(results));
    page.table_head(&["what and why", "#devices", "#times", "#first", "error"]);
    for failures in &results.provisioning_failures {
        page.raw("<tr>")
            .around("<td>", failures.sentence(), "</td>")
            .number(text::count(failures.devices))
            .number(text::count(failures.count))
            .number(text::duration_fine(failures.first_at_us))
            .around("<td class=\"whole\"><code>", &failures.error, "</code></td>")
            .raw("</tr>\n");
    }
    page.table_end().raw("</section>\n");
}
