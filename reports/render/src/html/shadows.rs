//! Refused requests of shadows, and who hears of it.

use squall_results::{RunResults, text};

use super::{Page, heading};
use crate::view;

pub(super) fn shadows(page: &mut Page, results: &RunResults) {
    if results.shadow_troubles.is_empty() {
        return;
    }
    heading(page, "shadows", "Shadows", &view::shadow_tally(results));
    page.table_head(&["what", "#shadows", "#times", "#first", "most often"]);
    for trouble in &results.shadow_troubles {
        page.raw("<tr>")
            .around("<td>", trouble.sentence(), "</td>")
            .number(text::count(trouble.shadows))
            .number(text::count(trouble.count))
            .number(text::duration_fine(trouble.first_at_us))
            .around("<td class=\"whole\"><code>", &trouble.worst, "</code></td>")
            .raw("</tr>\n");
    }
    page.table_end().raw("</section>\n");
}
