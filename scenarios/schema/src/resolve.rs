//! From one cell's tree to a [`Scenario`]: every key read, every default filled in, every rule checked.

use core::time::Duration;

use crate::files::FileStore;
use crate::keys::SCENARIO;
use crate::matrix::Matrix;
use crate::read::{Cursor, Report};
use crate::resolved::Scenario;
use crate::tree::Node;

mod api_call;
mod calls;
mod expect;
mod fleet;
mod identity;
mod policy;
mod provisioning;
pub(crate) mod service;
mod shadow;
mod source;
mod timeline;

/// What a cell is resolved with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) report: &'a Report,
    /// The price books that exist; unchecked if there are none.
    pub(crate) price_books: &'a [&'a str],
    /// The files that the scenario names.
    pub(crate) files: &'a FileStore<'a>,
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
    let policies = policy::read_all(&cursor, context.files);
    let authorizers = policy::read_authorizers(&cursor, context.files);
    let names = |list| policy::names(&cursor, list);
    let lambdas_known = names("lambda");
    let lambdas = provisioning::read_lambdas(&cursor, context.files);
    let rules = provisioning::read_rules(&cursor, &lambdas_known);
    let templates_known = provisioning::known_templates(&cursor);
    let provisioning_templates = provisioning::read_templates(&cursor, context.files, &lambdas_known);
    let certificate_authorities = provisioning::read_authorities(&cursor, &templates_known);
    let known = identity::Known {
        policies: &names("policy"),
        authorizers: &names("authorizer"),
        templates: &templates_known,
        authorities: &provisioning::known_authorities(&cursor),
    };
    let fleets = fleet::read_all(&cursor, duration, known);
    let faults = timeline::read_faults(&cursor, duration, &names("fleet"));
    let fleets_known = fleet::Fleets { names: &names("fleet"), resolved: fleets.as_deref() };
    let app_calls =
        calls::read_all(&cursor, calls::Known { fleets: fleets_known, files: context.files, duration });
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
        policies: policies?,
        authorizers: authorizers?,
        lambdas: lambdas?,
        rules: rules?,
        provisioning_templates: provisioning_templates?,
        certificate_authorities: certificate_authorities?,
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

/// Takes the name of a member of a list into `names`; `None` if another member has it, which is reported.
fn take_name(cursor: &Cursor<'_>, members: &str, names: &mut Vec<String>) -> Option<()> {
    let name = cursor.node("name").and_then(Node::as_text)?.to_owned();
    if names.contains(&name) {
        let error = cursor.error_at("name", format!("two {members} have this name"));
        cursor.report().push(error.found(format!("\"{name}\"")));
        return None;
    }
    names.push(name);
    Some(())
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
