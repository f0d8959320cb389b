//! `[[app]]`.

use core::time::Duration;

use super::fleet::Fleets;
use super::{all, api_call, policy, report_outside, source};
use crate::error::did_you_mean;
use crate::files::FileStore;
use crate::read::Cursor;
use crate::resolved::{ApiCall, AppCall, Call, CallKind, Devices, Identity};
use crate::tree::Node;
use crate::value::Words;

/// What calls refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) fleets: Fleets<'a>,
    pub(super) files: &'a FileStore<'a>,
    pub(super) duration: Option<Duration>,
}

/// A call that names a policy, or makes one.
struct PolicyUse<'a> {
    at: Duration,
    /// The arguments of a call of its own kind, or the call that the public API's parameters stand in.
    cursor: Cursor<'a>,
    /// The name that it holds or makes.
    policy: Option<&'a Node>,
    creates: bool,
}

pub(super) fn read_all(scenario: &Cursor<'_>, known: Known<'_>) -> Option<Vec<AppCall>> {
    let mut uses = Vec::new();
    let calls = all(scenario.tables("app"), |cursor| read(&cursor?, known, &mut uses));
    check_policies(&policy::names(scenario, "policy"), uses);
    let mut calls = calls?;
    // Stable: calls of one instant keep the order of the file.
    calls.sort_by_key(|call| call.at);
    Some(calls)
}

fn read<'a>(cursor: &Cursor<'a>, known: Known<'_>, uses: &mut Vec<PolicyUse<'a>>) -> Option<AppCall> {
    let at = cursor.duration("at");
    let every = cursor.duration("every");
    let times = cursor.whole_u32("times");
    let call = read_named(cursor, known, at, uses);
    if let (Some(at), Some(end)) = (at, known.duration)
        && at >= end
    {
        report_outside(cursor, "at", "the call comes after the run has ended", end);
    } else if let (Some(at), Some(every), Some(times), Some(end)) = (at, every, times, known.duration)
        && at.saturating_add(every.saturating_mul(times - 1)) >= end
    {
        report_outside(cursor, "times", "the last call comes after the run has ended", end);
    }
    Some(AppCall { at: at?, every: every?, times: times?, call: call? })
}

/// The call that `call` names, with its arguments.
fn read_named<'a>(
    cursor: &Cursor<'a>,
    known: Known<'_>,
    at: Option<Duration>,
    uses: &mut Vec<PolicyUse<'a>>,
) -> Option<Call> {
    // Which arguments there are hangs on the call; without one none can be wrong.
    let name = cursor.text("call")?;
    let Some(kind) = api_call::own_kind(cursor, &name) else {
        return read_api(cursor, &name, known, at, uses).map(Call::Api);
    };
    let in_place = forbid_devices(cursor, &name);
    let with = cursor.table_of("with", kind.arguments())?;
    let call = read_call(&with, kind, known);
    let creates = kind == CallKind::CreatePolicy;
    // Where the time is wrong, what the call makes is there from the start: one mistake, one error.
    let at = at.or(creates.then_some(Duration::ZERO));
    let policy = with.node("policy");
    uses.extend(at.map(|at| PolicyUse { at, cursor: with, policy, creates }));
    in_place?;
    call
}

fn read_api<'a>(
    cursor: &Cursor<'a>,
    operation: &str,
    known: Known<'_>,
    at: Option<Duration>,
    uses: &mut Vec<PolicyUse<'a>>,
) -> Option<ApiCall> {
    if !api_call::operations().any(|known| known == operation) {
        let words = || CallKind::VALUES.iter().map(|kind| kind.as_str());
        let mut error = cursor.error_at("call", "no call and no operation has this name");
        error = error.found(format!("\"{operation}\""));
        error = error.allowed(format!(
            "{}, or an operation of the public API, such as UpdateThing",
            words().collect::<Vec<_>>().join(", ")
        ));
        error.hint = did_you_mean(operation, words().chain(api_call::operations()));
        cursor.report().push(error);
        return None;
    }
    let devices = match (cursor.node("fleet"), cursor.node("devices")) {
        (Some(_), _) => read_devices(cursor, known.fleets, false).map(Some),
        (None, Some(node)) => {
            let error = cursor.error_at("devices", "of which fleet?").found(node.shown());
            cursor.report().push(error.hint("add fleet = \"...\" beside it"));
            None
        }
        (None, None) => Some(None),
    };
    if operation == CallKind::CreatePolicy.as_str() {
        let policy = cursor.node("with").and_then(|with| with.get("policyName"));
        uses.push(PolicyUse { at: at.unwrap_or_default(), cursor: cursor.clone(), policy, creates: true });
    }
    api_call::read(cursor, operation, devices?)
}

/// The calls that have arguments of their own name their devices there.
fn forbid_devices(cursor: &Cursor<'_>, call: &str) -> Option<()> {
    let mut in_place = Some(());
    for name in ["fleet", "devices"] {
        let Some(node) = cursor.node(name) else { continue };
        let error = cursor.error_at(name, format!("{call} has its devices in 'with'")).found(node.shown());
        cursor.report().push(error.hint(format!("write with = {{ {name} = {}, ... }}", node.to_toml())));
        in_place = None;
    }
    in_place
}

fn read_call(with: &Cursor<'_>, call: CallKind, known: Known<'_>) -> Option<Call> {
    match call {
        CallKind::PublishToTopic => {
            let (topic, payload, qos) = (with.topic_name("topic"), with.text("payload"), with.qos("qos"));
            Some(Call::PublishToTopic { topic: topic?, payload: payload?, qos: qos? })
        }
        CallKind::UpdateCertificate => {
            let (devices, status) = (read_devices(with, known.fleets, false), with.choice("status"));
            Some(Call::UpdateCertificate { devices: devices?, status: status? })
        }
        CallKind::AttachPolicy => {
            let (policy, devices) = (with.api_name("policy"), read_devices(with, known.fleets, true));
            Some(Call::AttachPolicy { policy: policy?, devices: devices? })
        }
        CallKind::DetachPolicy => {
            let (policy, devices) = (with.api_name("policy"), read_devices(with, known.fleets, true));
            Some(Call::DetachPolicy { policy: policy?, devices: devices? })
        }
        // The documents are judged in the run: refusing one may be what the scenario shows.
        CallKind::CreatePolicy => {
            let (policy, document) = (with.api_name("policy"), source::read(with, known.files, "document"));
            Some(Call::CreatePolicy { policy: policy?, document: document?.text })
        }
        CallKind::CreatePolicyVersion => {
            let (policy, document) = (with.api_name("policy"), source::read(with, known.files, "document"));
            let set_as_default = with.flag("set_as_default");
            Some(Call::CreatePolicyVersion {
                policy: policy?,
                document: document?.text,
                set_as_default: set_as_default?,
            })
        }
        CallKind::SetDefaultPolicyVersion => {
            let (policy, version) = (with.api_name("policy"), with.whole_u32("version"));
            Some(Call::SetDefaultPolicyVersion { policy: policy?, version: version? })
        }
    }
}

/// The devices whose certificates are meant. Policies reach only certificates that are judged by policies.
fn read_devices(with: &Cursor<'_>, fleets: Fleets<'_>, policies: bool) -> Option<Devices> {
    let name = with.identifier("fleet");
    let range = match with.node("devices") {
        Some(_) => with.range("devices").map(Some),
        None => Some(None),
    };
    let name = name?;
    let Some(fleet) = fleets.names.iter().position(|known| *known == name) else {
        let node = with.node("fleet")?;
        with.report_unknown("fleet", node, &name, "no [[fleet]] has this name", fleets.names);
        return None;
    };
    let (range, resolved) = (range?, fleets.resolved?.get(fleet)?);
    check_identity(with, &name, &resolved.identity, policies)?;
    let (from, to) = range.unwrap_or((0, resolved.devices));
    if to > resolved.devices {
        let node = with.node("devices")?;
        let error = with.error_at("devices", format!("fleet '{name}' has no such devices"));
        with.report().push(error.found(node.shown()).allowed(format!("0..{}", resolved.devices)));
        return None;
    }
    Some(Devices { fleet, from, to })
}

fn check_identity(with: &Cursor<'_>, name: &str, identity: &Identity, policies: bool) -> Option<()> {
    let (problem, hint) = match identity {
        Identity::Registered(registered) if registered.rights.is_none() && policies => (
            format!("fleet '{name}' is allowed everything, so its policies do not matter"),
            format!("give it policies: fleet.{name}.policies = []"),
        ),
        Identity::Registered(_)
        | Identity::Jitp(_)
        | Identity::Jitr(_)
        | Identity::Claim(_)
        | Identity::TrustedUser(_) => return Some(()),
        Identity::CustomAuthorizer(_) => (
            format!("the devices of fleet '{name}' have no certificates"),
            "they have a custom authorizer".into(),
        ),
    };
    let error = with.error_at("fleet", problem).found(format!("\"{name}\""));
    with.report().push(error.hint(hint));
    None
}

/// Reports each call whose policy neither stands in the file nor was made by an earlier call.
fn check_policies(policies: &[&str], mut uses: Vec<PolicyUse<'_>>) {
    uses.sort_by_key(|used| used.at);
    let mut known = policies.to_vec();
    for PolicyUse { cursor, policy, creates, .. } in &uses {
        let Some(node) = policy else { continue };
        let Some(name) = node.as_text() else { continue };
        if *creates {
            known.push(name);
        } else if !known.contains(&name) {
            let problem = "neither a [[policy]] nor an earlier CreatePolicy has this name";
            cursor.report_unknown("policy", node, name, problem, &known);
        }
    }
}
