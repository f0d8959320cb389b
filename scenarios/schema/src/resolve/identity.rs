//! How the devices of a fleet prove who they are, and what hangs on their certificates.

use squall_services::policy::MAX_POLICIES_PER_PRINCIPAL;
use squall_services::registry::CertificateStatus;
use squall_types::ProtocolVersion;

use super::provisioning::{KnownAuthority, KnownTemplate};
use crate::read::Cursor;
use crate::resolved::{CertificateExpiry, CustomAuthorizer, Identity, IdentityKind, Registered, Rights};
use crate::tree::Node;

mod in_the_field;
mod owners;

/// Keys of the thing, which only policies ask for.
const OF_THINGS: [&str; 3] = ["thing", "exclusive_thing", "attributes"];

/// What the scenario has that an identity may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) policies: &'a [&'a str],
    pub(super) authorizers: &'a [&'a str],
    pub(super) templates: &'a [KnownTemplate<'a>],
    pub(super) authorities: &'a [KnownAuthority<'a>],
}

pub(super) fn read(cursor: &Cursor<'_>, fleet: &str, known: Known<'_>) -> Option<Identity> {
    let kind = cursor.choice::<IdentityKind>("identity");
    // Both are read, so that a wrong value is reported even where the key is out of place.
    let registered = read_registered(cursor, fleet, known.policies);
    let custom = read_custom(cursor, fleet);
    let kind = kind?;
    let in_place = owners::forbid_others(cursor, kind);
    let identity = match kind {
        IdentityKind::Registered => registered.map(Identity::Registered),
        IdentityKind::CustomAuthorizer => {
            if known.authorizers.is_empty() {
                let error = cursor.error_at("identity", "the scenario has no [[authorizer]]");
                cursor
                    .report()
                    .push(error.found("\"custom-authorizer\"").hint("add one with a name and a file"));
                return None;
            }
            custom.map(Identity::CustomAuthorizer)
        }
        IdentityKind::Jitp => in_the_field::read_just_in_time(cursor, kind, known).map(Identity::Jitp),
        IdentityKind::Jitr => in_the_field::read_just_in_time(cursor, kind, known).map(Identity::Jitr),
        IdentityKind::Claim => in_the_field::read_claim(cursor, kind, fleet, known).map(Identity::Claim),
        IdentityKind::TrustedUser => {
            in_the_field::read_claim(cursor, kind, fleet, known).map(Identity::TrustedUser)
        }
    };
    in_place?;
    identity
}

/// Reports each of `names` that stands in the file; `None` if one does.
fn forbid(cursor: &Cursor<'_>, names: &[&str], problem: &str, hint: &str) -> Option<()> {
    let given: Vec<(&str, &Node)> =
        names.iter().filter_map(|name| Some((*name, cursor.node(name)?))).collect();
    for (name, node) in &given {
        let error = cursor.error_at(name, problem).found(node.shown());
        cursor.report().push(error.hint(hint));
    }
    given.is_empty().then_some(())
}

fn read_registered(cursor: &Cursor<'_>, fleet: &str, policies: &[&str]) -> Option<Registered> {
    let certificate_status = cursor.choice::<CertificateStatus>("certificate_status");
    let thing = cursor.template("thing", fleet);
    let exclusive_thing = cursor.flag("exclusive_thing");
    let attributes = cursor.attributes("attributes");
    let rights = match cursor.node("policies") {
        Some(_) => Some(Rights {
            policies: read_policies(cursor, "policies", policies)?,
            thing: thing?,
            exclusive_thing: exclusive_thing?,
            attributes: attributes?,
        }),
        None => {
            let kind = cursor.node("identity").and_then(Node::as_text);
            // With another identity the keys are wrong for that reason.
            if kind.is_none_or(|kind| kind == IdentityKind::Registered.as_str()) {
                let hint = "add policies = [\"...\"], or remove it";
                forbid(cursor, &OF_THINGS, "without 'policies' nothing asks for the thing", hint)?;
            }
            None
        }
    };
    let certificate_expires = read_expiry(cursor);
    Some(Registered {
        rights,
        certificate_status: certificate_status?,
        certificate_expires: certificate_expires?,
    })
}

/// When the certificates expire; the outer `None` if that is wrong.
fn read_expiry(cursor: &Cursor<'_>) -> Option<Option<CertificateExpiry>> {
    if cursor.node("certificate_expires").is_none() {
        return Some(None);
    }
    let cursor = cursor.table("certificate_expires")?;
    let (after, over) = (cursor.duration("after"), cursor.duration("over"));
    Some(Some(CertificateExpiry { after: after?, over: over? }))
}

/// Names of policies under `key`.
fn read_policies(cursor: &Cursor<'_>, key: &str, known: &[&str]) -> Option<Vec<String>> {
    let names = cursor.texts(key)?;
    if names.len() > MAX_POLICIES_PER_PRINCIPAL {
        let error = cursor.error_at(key, "too many policies").found(names.len().to_string());
        cursor
            .report()
            .push(error.allowed(format!("at most {MAX_POLICIES_PER_PRINCIPAL} for a certificate")));
        return None;
    }
    let mut right = true;
    for (index, (node, name)) in names.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            cursor.report_unknown(key, node, name, "no [[policy]] has this name", known);
            right = false;
        } else if names[..index].iter().any(|(_, other)| other == name) {
            let error = cursor.report().error(&node.origin, &cursor.path_of(key), "named twice");
            cursor.report().push(error.found(node.shown()));
            right = false;
        }
    }
    right.then(|| names.into_iter().map(|(_, name)| name).collect())
}

/// MQTT-3.1.2-22: 3.1.1 has no password without a user name.
pub(super) fn check_version(cursor: &Cursor<'_>, identity: &Identity, version: ProtocolVersion) {
    if let Identity::CustomAuthorizer(CustomAuthorizer { username: None, password: Some(_) }) = identity
        && version == ProtocolVersion::V311
    {
        let error = cursor.error_at("password", "MQTT 3.1.1 has no password without a user name");
        cursor.report().push(error.hint("add username = \"...\", or use version = 5"));
    }
}

fn read_custom(cursor: &Cursor<'_>, fleet: &str) -> Option<CustomAuthorizer> {
    let [username, password] = ["username", "password"].map(|name| match cursor.node(name) {
        Some(_) => cursor.template(name, fleet).map(Some),
        None => Some(None),
    });
    Some(CustomAuthorizer { username: username?, password: password? })
}
