//! From one cell's tree to a [`Scenario`]: every key read, every default filled in, every rule checked.

use core::time::Duration;

use crate::keys::SCENARIO;
use crate::matrix::Matrix;
use crate::read::{Cursor, Report};
use crate::resolved::Scenario;
use crate::tree::Node;

mod expect;
mod fleet;
pub(crate) mod service;
mod timeline;

/// What a cell is resolved with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) report: &'a Report,
    /// The price books that exist; unchecked if there are none.
    pub(crate) price_books: &'a [&'a str],
    /// The matrix; `None` if it could not be read.
    pub(crate) matrix: Option<&'a Matrix>,
    /// For each axis of the matrix, the value of this cell.
    pub(crate) cell: &'a [usize],
}

/// Resolves the tree of one cell. If something is wrong the report says so, and `None` may come back.
pub(crate) fn resolve(root: &Node, context: Context<'_>) -> Option<Scenario> {
    let cursor = Cursor::open(context.report, &SCENARIO, root, String::new())?;
    let name = cursor.identifier("name");
    let about = cursor.text("about");
    let duration = cursor.duration("duration");
    let epoch = cursor.wall_time("epoch");
    let seed = cursor.seed("seed");
    let heals = cursor.flag("heals");
    let service = cursor.table("service").and_then(|cursor| service::read(&cursor, context.price_books));
    let fleets = fleet::read_all(&cursor, duration);
    let faults = timeline::read_faults(&cursor, duration);
    let app_calls = timeline::read_app_calls(&cursor, duration);
    let measure = timeline::read_measure(&cursor, duration);
    let expectations = expect::read_all(&cursor, root, context);
    Some(Scenario {
        name: name?,
        about: about?,
        duration: duration?,
        epoch: epoch?,
        seed: seed?,
        heals: heals?,
        service: service?,
        fleets: fleets?,
        faults: faults?,
        app_calls: app_calls?,
        measure: measure?,
        expectations: expectations?,
    })
}

/// The members of a list, if all of them could be read.
fn all<'a, T>(
    cursors: Option<Vec<Option<Cursor<'a>>>>,
    read: impl FnMut(Option<Cursor<'a>>) -> Option<T>,
) -> Option<Vec<T>> {
    // Gathered first: a member that cannot be read must not keep the next from being checked.
    let members: Vec<Option<T>> = cursors?.into_iter().map(read).collect();
    members.into_iter().collect()
}

/// Reports that the time under `name` is not within the run.
fn report_outside(cursor: &Cursor<'_>, name: &str, problem: &str, end: Duration) {
    let text = crate::value::duration_text(end);
    let mut error = cursor.error_at(name, problem);
    if let Some(node) = cursor.node(name) {
        error = error.found(node.shown());
    }
    cursor.report().push(error.hint(format!("the run ends at {text}")));
}
