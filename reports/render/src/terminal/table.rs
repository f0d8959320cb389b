//! Aligned columns that stay within the width of a page.

use super::paint::{Colour, Ink};

/// The most columns that a line takes, commands and paths excepted.
pub(super) const WIDTH: usize = 100;
const GAP: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// One field of a table.
#[derive(Clone)]
pub(super) struct Field {
    text: String,
    ink: Ink,
}

impl Field {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::inked(Ink::Plain, text)
    }

    pub(super) fn inked(ink: Ink, text: impl Into<String>) -> Self {
        Self { text: printable(&text.into()), ink }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Rows of fields; the widest field of a column sets its width.
pub(super) struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<Field>>,
    header_lines: usize,
}

impl Table {
    /// A table without a header.
    pub(super) fn new(align: &[Align]) -> Self {
        Self { align: align.to_vec(), rows: Vec::new(), header_lines: 0 }
    }

    /// A table with a header of one or more lines, ruled off from the rows.
    pub(super) fn with_header<T: AsRef<str>>(align: &[Align], header: &[&[T]]) -> Self {
        let mut table = Self::new(align);
        for line in header {
            let fields = line.iter().map(AsRef::as_ref);
            table.push(fields.map(|text| Field::inked(Ink::Faint, text)).collect());
        }
        table.header_lines = header.len();
        table
    }

    pub(super) fn push(&mut self, row: Vec<Field>) {
        assert_eq!(row.len(), self.align.len(), "a field for every column");
        self.rows.push(row);
    }

    /// The lines, each indented by two. Columns that do not fit go into further tables below, the first `kept`
    /// columns repeated.
    pub(super) fn render(&self, kept: usize, colour: Colour) -> Vec<String> {
        let widths = self.widths();
        let mut lines = Vec::new();
        let mut next = kept;
        loop {
            let mut columns: Vec<usize> = (0..kept).collect();
            let mut width = GAP + columns.iter().map(|&c| widths[c] + GAP).sum::<usize>();
            while next < widths.len() && (columns.len() == kept || width + widths[next] <= WIDTH) {
                width += widths[next] + GAP;
                columns.push(next);
                next += 1;
            }
            if !lines.is_empty() {
                lines.push(String::new());
            }
            self.render_columns(&columns, &widths, colour, &mut lines);
            if next >= widths.len() {
                return lines;
            }
        }
    }

    fn widths(&self) -> Vec<usize> {
        (0..self.align.len())
            .map(|column| {
                let fields = self.rows.iter().map(|row| row[column].width());
                fields.max().unwrap_or(0)
            })
            .collect()
    }

    fn render_columns(&self, columns: &[usize], widths: &[usize], colour: Colour, lines: &mut Vec<String>) {
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            let mut used = 0;
            // Spaces are put off until something follows them, so that no line ends in one.
            let mut owed = 0;
            for &column in columns {
                let field = &row[column];
                let pad = widths[column] - field.width();
                let (before, after) = match self.align[column] {
                    Align::Left => (0, pad),
                    Align::Right => (pad, 0),
                };
                owed += GAP + before;
                if field.width() > 0 {
                    let room = WIDTH.saturating_sub(used + owed);
                    let text = clip(&field.text, room);
                    line.push_str(&" ".repeat(owed));
                    line.push_str(&colour.paint(field.ink, &text));
                    used += owed + text.chars().count();
                    owed = 0;
                }
                owed += after;
            }
            lines.push(line);
            if index + 1 == self.header_lines {
                let width = columns.iter().map(|&c| widths[c] + GAP).sum::<usize>() - GAP;
                let rule = "─".repeat(width.min(WIDTH - GAP));
                lines.push(format!("  {}", colour.paint(Ink::Faint, &rule)));
            }
        }
    }
}

/// `text` in at most `room` columns.
pub(super) fn clip(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// `text` without characters that would steer the terminal.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// `text` broken at spaces into lines of at most `room` columns.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let text = printable(text);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(clip(word, room)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_do_not_fit_go_below() {
        let align = [Align::Left; 4];
        let mut table = Table::with_header(&align, &[&["key", "a", "b", "c"]]);
        table.push(["one", &"x".repeat(50), &"y".repeat(50), "z"].map(Field::new).into());
        let lines = table.render(1, Colour::Off);
        assert_eq!(lines.len(), 7);
        assert_eq!(lines[4].trim_end(), format!("  key  b{}  c", " ".repeat(49)));
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn nothing_steers_the_terminal_or_leaves_the_page() {
        let mut table = Table::new(&[Align::Left]);
        table.push(vec![Field::new(format!("\x1b[31m{}", "x".repeat(200)))]);
        let line = &table.render(0, Colour::Off)[0];
        assert!(!line.contains('\x1b'));
        assert_eq!(line.chars().count(), WIDTH);
        assert!(line.ends_with('…'));
        assert_eq!(wrap("aa bb  cc", 5), ["aa bb", "cc"]);
    }
}
