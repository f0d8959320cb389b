//! The matrix: keys that vary, and one cell for each combination of their values.

use crate::error::ScenarioError;
use crate::keys::CELLS_MAX;
use crate::path::{canonical, parse_path, set};
use crate::read::{Report, join};
use crate::tree::{Entry, Node, Origin, Value};
use crate::wording::with_kind;

/// A key that varies.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// Its canonical path.
    pub(crate) path: String,
    parts: Vec<String>,
    origin: Origin,
    /// The values that it takes, as labels; those of the file even where an argument picks another.
    pub(crate) listed: Vec<String>,
    values: Vec<Node>,
}

/// The keys that vary, the first of them slowest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    pub(crate) axes: Vec<Axis>,
}

/// Keys that differ from run to run in other ways, or that no run depends on.
const FIXED: &[(&str, &str)] = &[
    ("seed", "all cells of a matrix share the seed; `squall sweep` runs many seeds"),
    ("name", "all cells of a matrix share the name; a cell is called by its values"),
    ("about", "all cells of a matrix share it"),
    ("expect", "all cells share the expectations; name the cells that one is judged in with 'cells'"),
    ("matrix", "a matrix cannot vary itself"),
];

impl Matrix {
    /// Takes `[matrix]` out of `root`. A key that an argument has set keeps that one value.
    ///
    /// `None` if something is wrong with it; then the report says what.
    pub(crate) fn take(root: &mut Node, arguments: &[(String, Node)], report: &Report) -> Option<Self> {
        let Value::Table(entries) = &mut root.value else { return Some(Self::default()) };
        let Some(index) = entries.iter().position(|entry| entry.key == "matrix") else {
            return Some(Self::default());
        };
        let matrix = entries.remove(index);
        let Value::Table(members) = &matrix.node.value else {
            let error = report.error(&matrix.node.origin, "matrix", "expected a table");
            report.push(error.found(with_kind(&matrix.node)).allowed(VALUES));
            return None;
        };
        let mut rows = Vec::new();
        flatten(members, "", &mut rows);
        let axes: Vec<Option<Axis>> = rows.iter().map(|row| row.read(root, report)).collect();
        let mut axes: Vec<Axis> = axes.into_iter().collect::<Option<_>>()?;
        for (index, axis) in axes.iter().enumerate() {
            if axes[..index].iter().any(|known| known.path == axis.path) {
                report.push(report.error(&axis.origin, &axis.path, "the matrix varies this key twice"));
                return None;
            }
        }
        for axis in &mut axes {
            // The last one counts, as in the tree.
            if let Some((_, value)) = arguments.iter().rev().find(|(path, _)| *path == axis.path) {
                axis.values = vec![value.clone()];
            }
        }
        let matrix_of = Self { axes };
        if matrix_of.cell_count().is_none_or(|count| count > CELLS_MAX) {
            let factors: Vec<String> =
                matrix_of.axes.iter().map(|axis| axis.values.len().to_string()).collect();
            let error = report.error(&matrix.key_origin, "matrix", "the matrix has too many cells");
            let error = error.found(factors.join(" x ")).allowed(format!("at most {CELLS_MAX} cells"));
            report.push(error.hint("split it into several files, or drop values"));
            return None;
        }
        Some(matrix_of)
    }

    fn cell_count(&self) -> Option<usize> {
        self.axes.iter().try_fold(1_usize, |count, axis| count.checked_mul(axis.values.len()))
    }

    /// For each cell, the index of each axis' value.
    pub(crate) fn cells(&self) -> Vec<Vec<usize>> {
        let mut cells = vec![Vec::new()];
        for axis in &self.axes {
            cells = cells
                .iter()
                .flat_map(|cell: &Vec<usize>| {
                    (0..axis.values.len()).map(|value| cell.iter().copied().chain([value]).collect())
                })
                .collect();
        }
        cells
    }

    /// The key and the value of each axis in a cell.
    pub(crate) fn labels(&self, cell: &[usize]) -> Vec<(String, String)> {
        self.axes
            .iter()
            .zip(cell)
            .map(|(axis, &value)| (axis.path.clone(), axis.values[value].label()))
            .collect()
    }

    /// Puts the values of a cell into `root`.
    pub(crate) fn apply(&self, root: &mut Node, cell: &[usize], report: &Report) {
        for (axis, &value) in self.axes.iter().zip(cell) {
            // The path was proved when the matrix was read; if a value now stands in its way, the report says so.
            let _ = set(root, &axis.parts, axis.values[value].clone(), &axis.origin, report);
        }
    }
}

const VALUES: &str = "a list of values for each key, as \"fleet.sensors.devices\" = [1000, 2000]";

/// A row of `[matrix]` or of `cells`: a dotted key, in quotes or not, and its value.
pub(crate) struct Row<'a> {
    pub(crate) path: String,
    pub(crate) entry: &'a Entry,
}

/// A dotted key without quotes is a table in a table to TOML, and a path to its author.
pub(crate) fn flatten<'a>(members: &'a [Entry], prefix: &str, rows: &mut Vec<Row<'a>>) {
    for entry in members {
        // At the top a key in quotes is a path as it stands.
        let path = if prefix.is_empty() { entry.key.clone() } else { join(prefix, &entry.key) };
        match &entry.node.value {
            Value::Table(inner) if !inner.is_empty() => flatten(inner, &path, rows),
            _ => rows.push(Row { path, entry }),
        }
    }
}

impl Axis {
    /// The label of its `index`-th value.
    pub(crate) fn label(&self, index: usize) -> String {
        self.values[index].label()
    }
}

impl Row<'_> {
    fn read(&self, root: &Node, report: &Report) -> Option<Axis> {
        let fail = |error: ScenarioError| {
            report.push(error);
            None
        };
        let origin = self.entry.key_origin.clone();
        let parts = match parse_path(&self.path) {
            Ok(parts) => parts,
            Err(message) => {
                let error = report.error(&origin, "matrix", format!("not a path: {message}"));
                return fail(error.found(&self.path));
            }
        };
        if let Some((_, why)) = FIXED.iter().find(|(key, _)| *key == parts[0]) {
            return fail(report.error(&origin, &self.path, "this key cannot vary in a matrix").hint(*why));
        }
        let values = match &self.entry.node.value {
            Value::List(values) if !values.is_empty() => values.clone(),
            _ => {
                let node = &self.entry.node;
                let error = report.error(&node.origin, &self.path, "expected a list of values");
                return fail(error.found(with_kind(node)).allowed(VALUES));
            }
        };
        let listed: Vec<String> = values.iter().map(Node::label).collect();
        if let Some(twice) = (1..listed.len()).find(|&index| listed[..index].contains(&listed[index])) {
            let error = report.error(&values[twice].origin, &self.path, "the matrix has this value twice");
            return fail(error.found(values[twice].shown()));
        }
        // Proves the path; which value is put there does not matter yet.
        set(&mut root.clone(), &parts, values[0].clone(), &origin, report)?;
        Some(Axis { path: canonical(root, &parts), parts, origin, listed, values })
    }
}
