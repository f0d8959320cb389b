//! `[[expect]]`.

use squall_results::{Comparison, Metric};

use super::{Context, all};
use crate::error::did_you_mean;
use crate::matrix::{Axis, Matrix, Row, flatten};
use crate::path::{canonical, parse_path};
use crate::read::{Cursor, join};
use crate::resolved::Expectation;
use crate::tree::{Node, Origin, Value};
use crate::wording::with_kind;

pub(super) fn read_all(scenario: &Cursor<'_>, root: &Node, context: Context<'_>) -> Option<Vec<Expectation>> {
    let faults = scenario.tables("fault").map(|faults| faults.len());
    all(scenario.tables("expect"), |cursor| read(&cursor?, root, faults, context))
}

fn read(
    cursor: &Cursor<'_>,
    root: &Node,
    faults: Option<usize>,
    context: Context<'_>,
) -> Option<Expectation> {
    let that = cursor.text("that");
    let is = cursor.text("is");
    let judged = cursor.flag("judged");
    let line = match cursor.origin() {
        Origin::Line { line, .. } => Some(*line),
        Origin::Whole | Origin::Argument(_) => Some(cursor.whole_u32("line").unwrap_or(0)),
    };
    let named = is_named(cursor, root, context);
    let metric = that.as_deref().and_then(|that| read_metric(cursor, that, faults));
    if let (Some(metric), Some(is)) = (metric, &is)
        && let Err(error) = Comparison::parse(is, metric.unit())
    {
        let report = cursor.error_at("is", error.to_string()).found(format!("\"{is}\""));
        let allowed = format!("a bound for a {}: {}", metric.unit().name(), bound_example(metric));
        cursor.report().push(report.allowed(allowed));
    }
    Some(Expectation { that: that?, is: is?, line: line?, judged: judged? && named })
}

const fn bound_example(metric: Metric) -> &'static str {
    use squall_results::Unit;
    match metric.unit() {
        Unit::Duration => "\"< 300s\"",
        Unit::Count => "\">= 100_000\"",
        Unit::Money => "\"<= $12.50\"",
        Unit::Ratio => "\"> 99.9%\"",
    }
}

fn read_metric(cursor: &Cursor<'_>, that: &str, faults: Option<usize>) -> Option<Metric> {
    let metric = match Metric::parse(that) {
        Ok(metric) => metric,
        Err(unknown) => {
            let mut error = cursor.error_at("that", "unknown metric").found(format!("\"{that}\""));
            error =
                error.allowed("the metrics of docs/scenario.md, such as publish.ack.p99, fault.1.recovery");
            error.hint = match unknown.suggestions.as_slice() {
                [] => None,
                names => Some(format!("did you mean '{}'?", names.join("' or '"))),
            };
            cursor.report().push(error);
            return None;
        }
    };
    if let (Some(number), Some(faults)) = (metric.fault_number(), faults)
        && number as usize > faults
    {
        let error = cursor.error_at("that", format!("there is no fault {number}"));
        let allowed = match faults {
            0 => "the file has no [[fault]]".to_owned(),
            1 => "fault.1".to_owned(),
            _ => format!("fault.1 to fault.{faults}"),
        };
        cursor.report().push(error.found(format!("\"{that}\"")).allowed(allowed));
    }
    Some(metric)
}

/// Whether `cells` names this cell; true without one.
fn is_named(cursor: &Cursor<'_>, root: &Node, context: Context<'_>) -> bool {
    let Some(matrix) = context.matrix else { return true };
    let mut rows = Vec::new();
    flatten(cursor.members("cells"), "", &mut rows);
    // Every row is checked, also after one that leaves this cell out.
    let holds: Vec<bool> =
        rows.iter().map(|row| row_holds(cursor, root, matrix, context.cell, row).unwrap_or(true)).collect();
    holds.into_iter().all(|holds| holds)
}

/// Whether this cell's value of one axis is among those of the row; `None` if the row is wrong.
fn row_holds(
    cursor: &Cursor<'_>,
    root: &Node,
    matrix: &Matrix,
    cell: &[usize],
    Row { path, entry }: &Row<'_>,
) -> Option<bool> {
    let key = join(&cursor.path_of("cells"), path);
    let report = cursor.report();
    let known = parse_path(path).map(|parts| canonical(root, &parts)).unwrap_or_default();
    let Some((axis, &value)) = matrix.axes.iter().zip(cell).find(|(axis, _)| axis.path == known) else {
        let paths = || matrix.axes.iter().map(|axis| axis.path.as_str());
        let mut error = report.error(&entry.key_origin, &key, "the matrix does not vary this key");
        error = error.found(path.as_str()).allowed(match matrix.axes.len() {
            0 => "the file has no [matrix]".to_owned(),
            _ => paths().collect::<Vec<_>>().join(", "),
        });
        error.hint = did_you_mean(path, paths());
        report.push(error);
        return None;
    };
    let Value::List(values) = &entry.node.value else {
        let error = report.error(&entry.node.origin, &key, "expected a list of values");
        let example = format!("[{}]", entry.node.to_toml());
        report.push(error.found(with_kind(&entry.node)).allowed(example));
        return None;
    };
    for value in values {
        check_listed(cursor, axis, &key, value);
    }
    let here = axis.label(value);
    Some(values.iter().any(|value| value.label() == here))
}

fn check_listed(cursor: &Cursor<'_>, axis: &Axis, key: &str, value: &Node) {
    let label = value.label();
    if axis.listed.contains(&label) {
        return;
    }
    let error = cursor.report().error(&value.origin, key, "the matrix has no cell with this value");
    let mut error = error.found(value.shown()).allowed(axis.listed.join(", "));
    error.hint = did_you_mean(&label, axis.listed.iter().map(String::as_str));
    cursor.report().push(error);
}
