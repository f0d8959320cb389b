//! What the policies denied, and why.

use squall_results::{RunResults, text};

use super::{Page, heading};
use crate::view;

pub(super) fn denials(page: &mut Page, results: &RunResults) {
    if results.denials.is_empty() {
        return;
    }
    heading(page, "denials", "Denied by policies", &view::denial_tally(results));
    page.table_head(&["what and why", "#devices", "#times", "#first", "decision"]);
    for denials in &results.denials {
        page.raw("<tr>")
            .around("<td>", denials.sentence(), "")
            .around("<details><summary>every statement</summary><pre>", &denials.why, "</pre></details></td>")
            .number(text::count(denials.devices))
            .number(text::count(denials.count))
            .number(text::duration_fine(denials.first_at_us))
            .around("<td class=\"whole\"><code>", &denials.decision, "</code></td>")
            .raw("</tr>\n");
    }
    page.table_end().raw("</section>\n");
}
