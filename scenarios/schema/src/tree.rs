//! A TOML file as a tree in which each value knows where it came from.
//!
//! `--set` and `[matrix]` edit the tree, so a value that came from an argument says so in every error that
//! it causes later on.

use std::sync::Arc;

use toml_edit::{Item, TableLike, Value as TomlValue};

use crate::error::{ScenarioError, ScenarioErrors};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The file as a whole.
    Whole,
    /// A place in the file, both counted from 1.
    Line { line: u32, column: u32 },
    /// An argument of the command, as it was written.
    Argument(Arc<str>),
}

/// A value and its origin.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// The text behind the `=` of a `--set`, which stands for itself where a key wants text.
    pub(crate) bare: Option<Arc<str>>,
}

/// A TOML value; tables keep the order of the file.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Decimal(f64),
    Flag(bool),
    DateTime(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_origin: Origin,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) const fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, bare: None }
    }

    pub(crate) const fn empty_table(origin: Origin) -> Self {
        Self::new(Value::Table(Vec::new()), origin)
    }

    /// The text of a text, or of an argument that stands for itself.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => self.bare.as_deref(),
        }
    }

    pub(crate) fn as_table(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(members) => Some(members),
            _ => None,
        }
    }

    /// The value of `key`, if this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.as_table()?.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// What the value is, in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "text",
            Value::Whole(_) => "whole number",
            Value::Decimal(_) => "decimal number",
            Value::Flag(_) => "true or false",
            Value::DateTime(_) => "date without quotes",
            Value::List(_) => "list",
            Value::Table(_) => "table",
        }
    }

    /// The value for a label of a matrix cell: text without quotes, anything else as TOML.
    pub(crate) fn label(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            _ => self.to_toml(),
        }
    }

    /// The value as TOML writes it on one line.
    pub(crate) fn to_toml(&self) -> String {
        match &self.value {
            Value::Text(text) => TomlValue::from(text.as_str()).to_string(),
            Value::Whole(number) => number.to_string(),
            Value::Decimal(number) => TomlValue::from(*number).to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::DateTime(text) => text.clone(),
            Value::List(nodes) => {
                let members: Vec<String> = nodes.iter().map(Self::to_toml).collect();
                format!("[{}]", members.join(", "))
            }
            Value::Table(entries) => {
                let members: Vec<String> =
                    entries.iter().map(|entry| format!("{} = {}", entry.key, entry.node.to_toml())).collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }

    /// The value for the `found` line of an error: short, on one line.
    pub(crate) fn shown(&self) -> String {
        shorten(&self.to_toml())
    }
}

/// `text` on one line of at most 72 characters.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= 72 {
        return line;
    }
    line.chars().take(71).chain(['…']).collect()
}

/// Reads TOML.
///
/// # Errors
/// What the TOML reader says, with its place and, for the mistakes that people make most, a hint.
pub(crate) fn parse_toml(file: &str, text: &str) -> Result<Node, ScenarioErrors> {
    let lines = Lines::new(text);
    let document = toml_edit::Document::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = lines.line_text(at);
        let problem = format!("not valid TOML: {}", error.message());
        let mut error = ScenarioError::new(file, &lines.origin(at), "", problem).found(shorten(line.trim()));
        error.hint = toml_hint(line, lines.offset_in_line(at));
        ScenarioErrors::from(error)
    })?;
    let root = lines.table(document.as_table(), &Origin::Line { line: 1, column: 1 });
    Ok(Node::new(root, Origin::Whole))
}

/// What to do about a value that lacks its quotes and has the byte `at` of `line` in it.
fn toml_hint(line: &str, at: usize) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.:/+".contains(c);
    let (before, after) = line.split_at_checked(at)?;
    let start = before.trim_end_matches(is_word).len();
    let end = at + (after.len() - after.trim_start_matches(is_word).len());
    let word = &line[start..end];
    let key = line[..start].trim_end().strip_suffix('=')?.trim_end();
    let key = &key[key.trim_end_matches(is_word).len()..];
    let bare = !word.is_empty() && !key.is_empty() && word.parse::<TomlValue>().is_err();
    bare.then(|| format!("text stands in quotes: {key} = \"{word}\""))
}

/// Reads the value of a `--set`: TOML, or else a text that stands for itself.
pub(crate) fn parse_argument_value(text: &str, origin: &Origin) -> Node {
    let value = match text.parse::<TomlValue>() {
        Ok(value) => Lines::new(text).value(&value, origin, true).value,
        Err(_) => Value::Text(text.to_owned()),
    };
    Node { value, origin: origin.clone(), bare: Some(text.into()) }
}

/// Reads a value that this crate writes itself, such as a default of the key table.
pub(crate) fn parse_own_value(text: &str, origin: &Origin) -> Node {
    let value: TomlValue = text.parse().expect("own values are TOML; a test reads each of them");
    Lines::new(text).value(&value, origin, true)
}

/// A JSON value as a tree without places; `None` for a number that TOML has not.
pub(crate) fn from_json(value: &serde_json::Value) -> Option<Node> {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => return None,
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Whole(whole),
            None => Value::Decimal(number.as_f64()?),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(members) => Value::List(members.iter().map(from_json).collect::<Option<_>>()?),
        Json::Object(members) => {
            let entry = |(key, value): (&String, &Json)| {
                Some(Entry { key: key.clone(), key_origin: Origin::Whole, node: from_json(value)? })
            };
            Value::Table(members.iter().map(entry).collect::<Option<_>>()?)
        }
    };
    Some(Node::new(value, Origin::Whole))
}

/// A text and where its lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { text, starts: [0].into_iter().chain(breaks.map(|(at, _)| at + 1)).collect() }
    }

    /// The index of the line that the byte `at` stands on.
    fn line_index(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at) - 1
    }

    fn origin(&self, at: usize) -> Origin {
        let at = at.min(self.text.len());
        let index = self.line_index(at);
        let before = &self.text.as_bytes()[self.starts[index]..at];
        // A column counts characters; continuation bytes of UTF-8 begin none.
        let column = before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        Origin::Line { line: small(index) + 1, column: small(column) + 1 }
    }

    fn offset_in_line(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        at - self.starts[self.line_index(at)]
    }

    fn line_text(&self, at: usize) -> &'a str {
        let index = self.line_index(at.min(self.text.len()));
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        &self.text[self.starts[index]..end]
    }

    fn table(&self, table: &dyn TableLike, origin: &Origin) -> Value {
        let entry = |(key, item): (&str, &Item)| {
            let span = table.key(key).and_then(toml_edit::Key::span);
            let key_origin = span.map_or_else(|| origin.clone(), |span| self.origin(span.start));
            let node = self.item(item, &key_origin);
            Entry { key: key.to_owned(), key_origin, node }
        };
        Value::Table(table.iter().map(entry).collect())
    }

    /// `fallback` is the place of an item that the reader gives none, such as a table made by a dotted key.
    fn item(&self, item: &Item, fallback: &Origin) -> Node {
        let origin = item.span().map_or_else(|| fallback.clone(), |span| self.origin(span.start));
        let value = match item {
            Item::None => Value::Table(Vec::new()),
            Item::Value(value) => return self.value(value, fallback, false),
            Item::Table(table) => self.table(table, &origin),
            Item::ArrayOfTables(tables) => {
                let member = |table: &toml_edit::Table| {
                    let origin = table.span().map_or_else(|| origin.clone(), |span| self.origin(span.start));
                    Node::new(self.table(table, &origin), origin)
                };
                Value::List(tables.iter().map(member).collect())
            }
        };
        Node::new(value, origin)
    }

    /// A value; all of it comes from `fallback` if it is `placeless`.
    fn value(&self, value: &TomlValue, fallback: &Origin, placeless: bool) -> Node {
        let origin = match value.span() {
            Some(span) if !placeless => self.origin(span.start),
            _ => fallback.clone(),
        };
        let value = match value {
            TomlValue::String(text) => Value::Text(text.value().clone()),
            TomlValue::Integer(number) => Value::Whole(*number.value()),
            TomlValue::Float(number) => Value::Decimal(*number.value()),
            TomlValue::Boolean(flag) => Value::Flag(*flag.value()),
            TomlValue::Datetime(date) => Value::DateTime(date.value().to_string()),
            TomlValue::Array(members) => {
                Value::List(members.iter().map(|member| self.value(member, &origin, placeless)).collect())
            }
            TomlValue::InlineTable(table) if placeless => {
                let entry = |(key, value): (&str, &TomlValue)| Entry {
                    key: key.to_owned(),
                    key_origin: origin.clone(),
                    node: self.value(value, &origin, true),
                };
                Value::Table(table.iter().map(entry).collect())
            }
            TomlValue::InlineTable(table) => self.table(table, &origin),
        };
        Node::new(value, origin)
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(node: &Node) -> (u32, u32) {
        match node.origin {
            Origin::Line { line, column } => (line, column),
            _ => panic!("{node:?}"),
        }
    }

    #[test]
    fn every_value_knows_its_line_and_column() {
        let text = "name = \"ü\"\na.b = { c = 1, 'd e' = [2, { f = 3 }] }\n[[x]]\n[[x.y]]\nz = 1\n";
        let root = parse_toml("f", text).unwrap();
        let at = |path: &[&str]| place(path.iter().fold(&root, |node, key| node.get(key).unwrap()));
        assert_eq!(at(&["name"]), (1, 8));
        assert_eq!(at(&["a"]), (2, 1));
        assert_eq!(at(&["a", "b"]), (2, 7));
        assert_eq!(at(&["a", "b", "c"]), (2, 13));
        let Value::List(members) = &root.get("a").unwrap().get("b").unwrap().get("d e").unwrap().value else {
            panic!("a list");
        };
        assert_eq!(place(members[1].get("f").unwrap()), (2, 34));
        let Value::List(tables) = &root.get("x").unwrap().value else { panic!("a list") };
        assert_eq!(place(&tables[0]), (3, 1));
        let Value::List(inner) = &tables[0].get("y").unwrap().value else { panic!("a list") };
        assert_eq!(place(inner[0].get("z").unwrap()), (5, 5));
    }

    #[test]
    fn columns_count_characters() {
        let root = parse_toml("f", "a = [\"äöü\", 1]").unwrap();
        let Value::List(members) = &root.get("a").unwrap().value else { panic!("a list") };
        assert_eq!(place(&members[1]), (1, 13));
    }

    #[test]
    fn an_argument_is_toml_or_stands_for_itself() {
        let origin = Origin::Argument("--set x".into());
        for (text, kind) in [
            ("5m", "text"),
            ("9", "whole number"),
            ("1.5", "decimal number"),
            ("true", "true or false"),
            ("[1, 2]", "list"),
            ("{ a = 1 }", "table"),
            ("\"quoted\"", "text"),
            ("full-jitter", "text"),
            ("", "text"),
            ("[1, 2", "text"),
        ] {
            assert_eq!(parse_argument_value(text, &origin).kind(), kind, "{text}");
        }
        assert_eq!(parse_argument_value("9", &origin).as_text(), Some("9"));
        assert_eq!(parse_argument_value("\"q\"", &origin).as_text(), Some("q"));
    }

    #[test]
    fn values_print_as_toml() {
        let text = "{ a = [1, \"b\\\"c\", 2.0, true], d = { e = 1979-05-27 } }";
        assert_eq!(
            parse_own_value(text, &Origin::Whole).to_toml().replace('\'', ""),
            text.replace("\"b\\\"c\"", "b\"c")
        );
        assert_eq!(shorten(&"x".repeat(80)).chars().count(), 72);
    }
}
