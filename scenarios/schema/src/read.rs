//! Typed reading of the tree: a [`Cursor`] stands in one table, knows its keys and reports what is wrong there.
//!
//! A getter returns `None` once it has reported why, so a reader asks for every key first, gathers all errors,
//! and only then gives up.

use core::cell::RefCell;
use std::borrow::Cow;

use crate::error::{ScenarioError, did_you_mean};
use crate::keys::{IDENTIFIER_MAX, Key, Kind, Presence, Table, tables_with};
use crate::tree::{Entry, Node, Origin, Value, parse_own_value, shorten};
use crate::wording::{kind_text, with_kind};

mod access;
mod provisioning;
mod scalar;
mod template;

pub(crate) use provisioning::name_problem;
pub(crate) use template::{PLACEHOLDERS, device_placeholders, sample_of};

/// Where errors of one reading go.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    errors: RefCell<Vec<ScenarioError>>,
    /// Reading what Squall wrote into results, with the keys that only stand there.
    from_results: bool,
}

impl Report {
    pub(crate) fn new(file: &str, from_results: bool) -> Self {
        Self { file: file.to_owned(), errors: RefCell::new(Vec::new()), from_results }
    }

    pub(crate) fn into_errors(self) -> Vec<ScenarioError> {
        self.errors.into_inner()
    }

    pub(crate) fn push(&self, error: ScenarioError) {
        self.errors.borrow_mut().push(error);
    }

    pub(crate) fn error(&self, origin: &Origin, key: &str, problem: impl Into<String>) -> ScenarioError {
        ScenarioError::new(&self.file, origin, key, problem)
    }
}

/// One table of the file, with the keys that it may have.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    report: &'a Report,
    table: &'static Table,
    entries: &'a [Entry],
    origin: Origin,
    path: String,
}

/// A key's value, from the file or by default.
#[derive(Clone, Debug)]
struct Found<'a> {
    key: &'static Key,
    node: Cow<'a, Node>,
}

impl<'a> Cursor<'a> {
    /// Stands in `node`, and reports the keys that `table` has not.
    pub(crate) fn open(
        report: &'a Report,
        table: &'static Table,
        node: &'a Node,
        path: String,
    ) -> Option<Self> {
        let Some(entries) = node.as_table() else {
            let error = report.error(&node.origin, &path, "expected a table");
            let error = error.found(with_kind(node)).allowed(table.names_text());
            report.push(error);
            return None;
        };
        let cursor = Self { report, table, entries, origin: node.origin.clone(), path };
        cursor.check_names();
        Some(cursor)
    }

    fn check_names(&self) {
        for entry in self.entries {
            let known = self.table.key(&entry.key);
            if known.is_some_and(|key| key.presence != Presence::Results || self.report.from_results) {
                continue;
            }
            let path = self.path_of(&entry.key);
            self.report.push(unknown_key(self.table, self.report, &entry.key_origin, &path, &entry.key));
        }
    }

    /// The path of `key` in this table, in the grammar of `--set`.
    pub(crate) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Where this table stands.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The report that errors go to.
    pub(crate) const fn report(&self) -> &'a Report {
        self.report
    }

    /// The node of `name` if the file has it.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        self.entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node)
    }

    /// An error at the value of `name`, or at the table if the value is a default.
    pub(crate) fn error_at(&self, name: &str, problem: impl Into<String>) -> ScenarioError {
        let origin = self.node(name).map_or(&self.origin, |node| &node.origin);
        self.report.error(origin, &self.path_of(name), problem)
    }

    /// An error at the table itself.
    pub(crate) fn error_at_table(&self, problem: impl Into<String>) -> ScenarioError {
        self.report.error(&self.origin, &self.path, problem)
    }

    fn error(&self, found: &Found<'_>, problem: impl Into<String>) -> ScenarioError {
        self.report
            .error(&found.node.origin, &self.path_of(found.key.name), problem)
            .found(found.node.shown())
    }

    fn find(&self, name: &str) -> Option<Found<'a>> {
        let key = self.table.key(name).expect("readers ask for keys of their table");
        if let Some(node) = self.node(name) {
            return Some(Found { key, node: Cow::Borrowed(node) });
        }
        match key.presence {
            Presence::Default(text) => {
                Some(Found { key, node: Cow::Owned(parse_own_value(text, &self.origin)) })
            }
            Presence::Required => {
                let error = self.report.error(&self.origin, &self.path, format!("'{name}' is missing"));
                let error = error.allowed(format!("{name} = {}", kind_text(&key.kind))).hint(key.about);
                self.report.push(error);
                None
            }
            Presence::Optional(_) | Presence::Results => None,
        }
    }

    fn wrong_type(&self, found: &Found<'_>) -> ScenarioError {
        let error = self.error(found, "wrong type").found(with_kind(&found.node));
        error.allowed(kind_text(&found.key.kind))
    }

    /// The text of a key whose value is written as text.
    fn find_text(&self, name: &str) -> Option<(Found<'a>, String)> {
        let found = self.find(name)?;
        let Some(text) = found.node.as_text().map(str::to_owned) else {
            self.report.push(self.wrong_type(&found).hint_quotes(&found));
            return None;
        };
        Some((found, text))
    }

    /// The table under `name`, or an empty one where the file has none.
    pub(crate) fn table(&self, name: &str) -> Option<Self> {
        let Kind::Table(table) = self.table.key(name).expect("readers ask for keys of their table").kind
        else {
            panic!("{name} is read as a table")
        };
        self.table_of(name, table)
    }

    /// As [`Self::table`], for a key that is a table among other things.
    pub(crate) fn table_of(&self, name: &str, table: &'static Table) -> Option<Self> {
        let path = self.path_of(name);
        match self.node(name) {
            Some(node) => Self::open(self.report, table, node, path),
            None if self.table.key(name).is_some_and(|key| key.presence == Presence::Required) => {
                self.find(name);
                None
            }
            None => {
                Some(Self { report: self.report, table, entries: &[], origin: self.origin.clone(), path })
            }
        }
    }

    /// The tables of the list under `name`; `None` if it is no list.
    pub(crate) fn tables(&self, name: &str) -> Option<Vec<Option<Self>>> {
        let Kind::Tables(table) = self.table.key(name).expect("readers ask for keys of their table").kind
        else {
            panic!("{name} is read as a list of tables")
        };
        let Some(node) = self.node(name) else { return Some(Vec::new()) };
        let Value::List(members) = &node.value else {
            let path = self.path_of(name);
            let error = self.report.error(&node.origin, &path, "expected a list of tables");
            let mut error = error.found(with_kind(node));
            if node.as_table().is_some() {
                error = error.hint(format!("double the brackets: [[{}]]", unnumbered(&path)));
            }
            self.report.push(error);
            return None;
        };
        let open = |(index, member)| {
            let path = join(&self.path_of(name), &selector(member, index));
            Self::open(self.report, table, member, path)
        };
        Some(members.iter().enumerate().map(open).collect())
    }

    /// The members of a table whose keys the key table does not list; empty if the file has none.
    pub(crate) fn members(&self, name: &str) -> &'a [Entry] {
        let Some(node) = self.node(name) else { return &[] };
        match node.as_table() {
            Some(entries) => entries,
            None => {
                let error = self.report.error(&node.origin, &self.path_of(name), "expected a table");
                self.report.push(error.found(with_kind(node)));
                &[]
            }
        }
    }
}

impl ScenarioError {
    fn hint_quotes(self, found: &Found<'_>) -> Self {
        match &found.node.value {
            Value::Whole(_) | Value::Decimal(_) | Value::Flag(_) | Value::DateTime(_) => {
                self.hint(format!("write it in quotes: {} = \"{}\"", found.key.name, found.node.label()))
            }
            Value::Text(_) | Value::List(_) | Value::Table(_) => self,
        }
    }
}

/// The error of a key that `table` has not.
pub(crate) fn unknown_key(
    table: &'static Table,
    report: &Report,
    origin: &Origin,
    path: &str,
    name: &str,
) -> ScenarioError {
    let mut error = report.error(origin, path, "unknown key").found(name).allowed(table.names_text());
    error.hint = did_you_mean(name, table.names()).or_else(|| {
        let elsewhere: Vec<&str> = tables_with(name).map(Table::title).collect();
        (!elsewhere.is_empty()).then(|| format!("'{name}' is a key of {}", elsewhere.join(" and of ")))
    });
    error
}

/// How a path names a member of a list: by its name, or else by its number.
pub(crate) fn selector(member: &Node, index: usize) -> String {
    match member.get("name").and_then(Node::as_text) {
        Some(name) if is_identifier(name) => name.to_owned(),
        _ => (index + 1).to_string(),
    }
}

pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { Cow::Borrowed(key) } else { Cow::Owned(format!("\"{}\"", shorten(key))) };
    if path.is_empty() { key.into_owned() } else { format!("{path}.{key}") }
}

/// `fleet.sensors.publish` as a header writes it: `fleet.publish`.
fn unnumbered(path: &str) -> String {
    let mut parts = path.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(first), Some(_), Some(last)) => format!("{first}.{last}"),
        _ => path.to_owned(),
    }
}

pub(crate) fn is_identifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= IDENTIFIER_MAX && text.bytes().all(allowed)
}
