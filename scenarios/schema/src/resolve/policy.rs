//! `[[policy]]` and `[[authorizer]]`.

use squall_services::policy::{Account, Policy};

use super::source::{self, Source};
use super::{all, take_name};
use crate::files::FileStore;
use crate::read::Cursor;
use crate::resolved::{Authorizer, FunctionStation, PolicyDocument};

/// The names in the list `name` of the scenario, also of members in which something else is wrong: what refers to
/// one of them is no mistake.
pub(super) fn names<'a>(scenario: &Cursor<'a>, name: &str) -> Vec<&'a str> {
    let members = scenario.node(name).and_then(|node| node.as_list()).unwrap_or_default();
    members.iter().filter_map(|member| member.get("name")?.as_text()).collect()
}

pub(super) fn read_all(scenario: &Cursor<'_>, files: &FileStore<'_>) -> Option<Vec<PolicyDocument>> {
    let mut names = Vec::new();
    all(scenario.tables("policy"), |cursor| {
        let cursor = cursor?;
        let name = cursor.api_name("name");
        let source = source::read(&cursor, files, "document");
        let judged = source.as_ref().and_then(|source| judge(&cursor, source));
        take_name(&cursor, "policies", &mut names)?;
        judged?;
        let source = source?;
        Some(PolicyDocument { name: name?, document: source.text, source: source.file })
    })
}

/// Reports what the service would refuse. Documents are read for the account that every run has.
fn judge(cursor: &Cursor<'_>, source: &Source) -> Option<()> {
    let Err(refusal) = Policy::parse(&source.text, &Account::default()) else { return Some(()) };
    let problem = format!("the service refuses the document: {} at {}", refusal.name(), refusal.place());
    let mut error = cursor.error_at(source.key, problem).hint(refusal.message());
    if let Some(node) = cursor.node(source.key) {
        error = error.found(node.shown());
    }
    cursor.report().push(error);
    None
}

pub(super) fn read_authorizers(scenario: &Cursor<'_>, files: &FileStore<'_>) -> Option<Vec<Authorizer>> {
    let mut names = Vec::new();
    let mut default: Option<String> = None;
    all(scenario.tables("authorizer"), |cursor| {
        let cursor = cursor?;
        let name = cursor.api_name("name");
        let source = source::read(&cursor, files, "script");
        let is_default = cursor.flag("default");
        let station = cursor.table("station").and_then(|cursor| read_station(&cursor));
        take_name(&cursor, "authorizers", &mut names)?;
        if is_default == Some(true)
            && let Some(other) = &default
        {
            let error = cursor.error_at("default", "two authorizers are the default").found("true");
            cursor.report().push(error.hint(format!("'{other}' is the default already")));
            return None;
        }
        let name = name?;
        if is_default == Some(true) {
            default = Some(name.clone());
        }
        let source = source?;
        Some(Authorizer {
            name,
            script: source.text,
            source: source.file,
            is_default: is_default?,
            station: station?,
        })
    })
}

pub(super) fn read_station(cursor: &Cursor<'_>) -> Option<FunctionStation> {
    let concurrency = cursor.whole_u32("concurrency");
    let latency = cursor.duration("latency");
    let cold_start = cursor.duration("cold_start");
    let failures_per_million = cursor.whole_u32("failures_per_million");
    Some(FunctionStation {
        concurrency: concurrency?,
        latency: latency?,
        cold_start: cold_start?,
        failures_per_million: failures_per_million?,
    })
}
