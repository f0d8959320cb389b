//! A page in the making: markup is constant, everything else is escaped.

use core::fmt::Display;

use crate::chart::{Chart, escaped};

const STYLE: &str = include_str!("style.css");

/// HTML that is written from its beginning to its end.
pub(super) struct Page(String);

impl Page {
    /// A page up to the beginning of its body.
    pub(super) fn new(title: &str) -> Self {
        let mut page = Self(String::new());
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>")
            .text(title)
            .raw("</title>\n<style>\n")
            .raw(STYLE)
            .raw("</style>\n</head>\n<body>\n<main>\n");
        page
    }

    /// Markup. That it is constant keeps data from ever becoming markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, or the value of a quoted attribute.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        self.0.push_str(&escaped(&text.to_string()));
        self
    }

    /// `<open>text</close>` with constant markup around a text.
    pub(super) fn around(
        &mut self,
        open: &'static str,
        text: impl Display,
        close: &'static str,
    ) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }

    /// A table field that holds a number.
    pub(super) fn number(&mut self, text: impl Display) -> &mut Self {
        self.around("<td class=\"n\">", text, "</td>")
    }

    /// A table field that holds words.
    pub(super) fn words(&mut self, text: impl Display) -> &mut Self {
        self.around("<td>", text, "</td>")
    }

    /// The head of a table; labels that begin with `#` stand over numbers.
    pub(super) fn table_head(&mut self, labels: &[&str]) -> &mut Self {
        self.raw("<div class=\"wide\"><table>\n<thead><tr>");
        for label in labels {
            match label.strip_prefix('#') {
                Some(label) => self.around("<th scope=\"col\" class=\"n\">", label, "</th>"),
                None => self.around("<th scope=\"col\">", label, "</th>"),
            };
        }
        self.raw("</tr></thead>\n<tbody>\n")
    }

    pub(super) fn table_end(&mut self) -> &mut Self {
        self.raw("</tbody></table></div>\n")
    }

    /// A chart with its title and legend.
    pub(super) fn chart(&mut self, chart: Option<Chart>) -> &mut Self {
        let Some(chart) = chart else {
            return self;
        };
        self.around("<figure>\n<figcaption><b>", &chart.title, "</b>");
        if !chart.legend.is_empty() {
            self.raw("<ul class=\"legend\">");
            for entry in &chart.legend {
                self.around("<li><i class=\"line-", entry.colour, "\"></i>").around(
                    "",
                    &entry.label,
                    "</li>",
                );
            }
            self.raw("</ul>");
        }
        self.raw("</figcaption>\n<div class=\"wide\">");
        // The drawing's own texts are escaped; see `chart`.
        self.0.push_str(&chart.svg);
        self.raw("</div>\n</figure>\n")
    }

    /// The whole page.
    pub(super) fn finish(mut self) -> String {
        self.raw("</main>\n</body>\n</html>\n");
        self.0
    }
}
