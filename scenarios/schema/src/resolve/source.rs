//! A text that stands in the scenario or in a file beside it.

use crate::files::FileStore;
use crate::read::Cursor;

/// The text, and where it came from.
pub(super) struct Source {
    pub(super) text: String,
    /// The file, as the scenario writes it.
    pub(super) file: Option<String>,
    /// The key that says so: `file`, or the one that holds the text.
    pub(super) key: &'static str,
}

/// Reads the text of `inline` or of the file under `file`, exactly one of which stands in the table.
pub(super) fn read(cursor: &Cursor<'_>, files: &FileStore<'_>, inline: &'static str) -> Option<Source> {
    match (cursor.node("file"), cursor.node(inline)) {
        (Some(_), None) => read_file(cursor, files),
        (None, Some(_)) => {
            let file = cursor.node("source").and_then(|_| cursor.text("source"));
            Some(Source { text: cursor.text(inline)?, file, key: inline })
        }
        (None, None) => {
            let error = cursor.error_at_table(format!("'file' or '{inline}' is missing"));
            let allowed = format!("file = path of a file, or {inline} = '''the text itself'''");
            cursor.report().push(error.allowed(allowed));
            None
        }
        (Some(file), Some(_)) => {
            let error = cursor.error_at("file", format!("'file' and '{inline}' exclude each other"));
            cursor.report().push(error.found(file.shown()).hint("remove one of the two"));
            None
        }
    }
}

fn read_file(cursor: &Cursor<'_>, files: &FileStore<'_>) -> Option<Source> {
    let path = cursor.text("file")?;
    match files.text(&path) {
        Ok(text) => Some(Source { text, file: Some(path), key: "file" }),
        Err(problem) => {
            let mut error = cursor.error_at("file", problem.problem).found(format!("\"{path}\""));
            error.allowed = problem.allowed;
            error.hint = problem.hint;
            cursor.report().push(error);
            None
        }
    }
}
