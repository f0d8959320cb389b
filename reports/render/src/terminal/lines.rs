//! Lines that keep within the page.

use super::paint::{Colour, Ink};
use super::table::{Table, WIDTH, clip, printable, wrap};

/// Lines of output, and the colour that they are in.
pub(super) struct Lines {
    pub(super) text: String,
    pub(super) colour: Colour,
}

impl Lines {
    pub(super) fn new(colour: Colour) -> Self {
        Self { text: String::new(), colour }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A line in one ink, clipped to the page.
    pub(super) fn plain(&mut self, ink: Ink, line: &str) {
        let line = clip(&printable(line), WIDTH);
        self.text.push_str(&self.colour.paint(ink, &line));
        self.text.push('\n');
    }

    pub(super) fn wrapped(&mut self, ink: Ink, indent: usize, text: &str) {
        for line in wrap(text, WIDTH - indent) {
            self.plain(ink, &format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// `Latency ── microseconds ─────────`
    pub(super) fn heading(&mut self, title: &str, note: &str, ink: Ink) {
        let note = clip(&printable(note), WIDTH - title.chars().count() - 7);
        let used = title.chars().count() + note.chars().count() + 6;
        let tail = "─".repeat(WIDTH.saturating_sub(used).max(1));
        let colour = self.colour;
        self.text.push_str(&format!(
            "{} {} {} {}\n",
            colour.paint(Ink::Strong, title),
            colour.paint(Ink::Faint, "──"),
            colour.paint(ink, &note),
            colour.paint(Ink::Faint, &tail),
        ));
    }

    pub(super) fn table(&mut self, table: &Table, kept: usize) {
        for line in table.render(kept, self.colour) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A command or path, never broken.
    pub(super) fn labelled(&mut self, label: &str, value: &str) {
        let label = self.colour.paint(Ink::Faint, &format!("{label:<12}"));
        self.text.push_str(&format!("{label}{}\n", printable(value)));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
