//! `[[app]]`.

use core::time::Duration;

use super::fleet::Fleets;
use super::{all, policy, report_outside, source};
use crate::files::FileStore;
use crate::read::Cursor;
use crate::resolved::{AppCall, Call, CallKind, Devices, Identity};

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
    arguments: Cursor<'a>,
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
    let call = cursor.choice::<CallKind>("call");
    // Which arguments there are hangs on the call; without one none can be wrong.
    let arguments = call.and_then(|call| cursor.table_of("with", call.arguments()));
    let with = arguments.as_ref().zip(call).and_then(|(with, call)| read_call(with, call, known));
    if let (Some(at), Some(end)) = (at, known.duration)
        && at >= end
    {
        report_outside(cursor, "at", "the call comes after the run has ended", end);
    } else if let (Some(at), Some(every), Some(times), Some(end)) = (at, every, times, known.duration)
        && at.saturating_add(every.saturating_mul(times - 1)) >= end
    {
        report_outside(cursor, "times", "the last call comes after the run has ended", end);
    }
    if let Some((arguments, call)) = arguments.zip(call) {
        let creates = call == CallKind::CreatePolicy;
        // Where the time is wrong, what the call makes is there from the start: one mistake, one error.
        let at = at.or(creates.then_some(Duration::ZERO));
        uses.extend(at.map(|at| PolicyUse { at, arguments, creates }));
    }
    Some(AppCall { at: at?, every: every?, times: times?, call: with? })
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
        Identity::Registered(_) => return Some(()),
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
    for PolicyUse { arguments, creates, .. } in &uses {
        let Some(node) = arguments.node("policy") else { continue };
        let Some(name) = node.as_text() else { continue };
        if *creates {
            known.push(name);
        } else if !known.contains(&name) {
            let problem = "neither a [[policy]] nor an earlier CreatePolicy has this name";
            arguments.report_unknown("policy", node, name, problem, &known);
        }
    }
}
