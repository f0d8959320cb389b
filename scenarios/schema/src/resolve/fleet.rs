//! `[[fleet]]`.

use core::time::Duration;

use squall_types::ProtocolVersion;

use super::{all, identity, report_outside, shadow, take_name};
use crate::keys::{LINK_MODEL, PUBLISHES_MAX};
use crate::link_model;
use crate::read::Cursor;
use crate::resolved::{BackOffStrategy, Fleet, LinkModel, Mqtt, Publish, Reconnect, Start, Subscription};
use crate::value::duration_text;

/// The session expiry of MQTT 5 where a fleet says nothing.
pub(crate) const SESSION_EXPIRY_DEFAULT: Duration = Duration::from_secs(3_600);

pub(super) fn read_all(
    scenario: &Cursor<'_>,
    duration: Option<Duration>,
    known: identity::Known<'_>,
) -> Option<Vec<Fleet>> {
    let cursors = scenario.tables("fleet")?;
    if cursors.is_empty() {
        let error = scenario.error_at("fleet", "a scenario has at least one [[fleet]]");
        scenario.report().push(error.hint("add [[fleet]] with a name and the number of devices"));
        return None;
    }
    let mut names = Vec::new();
    all(Some(cursors), |cursor| {
        let cursor = cursor?;
        let fleet = read(&cursor, duration, known);
        take_name(&cursor, "fleets", &mut names)?;
        fleet
    })
}

/// The fleets, for what refers to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fleets<'a> {
    /// Their names.
    pub(super) names: &'a [&'a str],
    /// The fleets of these names; `None` if something is wrong with one.
    pub(super) resolved: Option<&'a [Fleet]>,
}

fn read(cursor: &Cursor<'_>, duration: Option<Duration>, known: identity::Known<'_>) -> Option<Fleet> {
    let name = cursor.identifier("name");
    let fleet_name = name.as_deref().unwrap_or("fleet");
    let devices = cursor.whole_u32("devices");
    let start = cursor.table("start").and_then(|cursor| read_start(&cursor, duration));
    let network = read_network(cursor);
    let identity = identity::read(cursor, fleet_name, known);
    let client_id = cursor.template("client_id", fleet_name);
    let mqtt = cursor.table("mqtt").and_then(|cursor| read_mqtt(&cursor));
    let connect_timeout = cursor.duration("connect_timeout");
    let reconnect = cursor.table("reconnect").and_then(|cursor| read_reconnect(&cursor));
    let offline = cursor.offline("offline");
    let subscriptions = all(cursor.tables("subscribe"), |cursor| {
        let cursor = cursor?;
        let (filter, qos) = (cursor.template("filter", fleet_name), cursor.qos("qos"));
        Some(Subscription { filter: filter?, qos: qos? })
    });
    let publishes = read_publishes(cursor, fleet_name);
    let shadows = shadow::read_all(cursor, fleet_name);
    if let (Some(identity), Some(mqtt)) = (&identity, &mqtt) {
        identity::check_version(cursor, identity, mqtt.version);
    }
    Some(Fleet {
        name: name?,
        devices: devices?,
        start: start?,
        network: network?,
        identity: identity?,
        client_id: client_id?,
        mqtt: mqtt?,
        connect_timeout: connect_timeout?,
        reconnect: reconnect?,
        offline: offline?,
        subscriptions: subscriptions?,
        publishes: publishes?,
        shadows: shadows?,
    })
}

fn read_start(cursor: &Cursor<'_>, duration: Option<Duration>) -> Option<Start> {
    let (at, over) = (cursor.duration("at"), cursor.duration("over"));
    let (at, over) = (at?, over?);
    if let Some(end) = duration
        && at + over > end
    {
        let name = if at >= end { "at" } else { "over" };
        report_outside(cursor, name, "the fleet starts later than the run ends", end);
    }
    Some(Start { at, over })
}

/// The name of a link model, or one written out.
fn read_network(cursor: &Cursor<'_>) -> Option<LinkModel> {
    if cursor.node("network").is_some_and(|node| node.as_table().is_some()) {
        return link_model::read(&cursor.table_of("network", &LINK_MODEL)?);
    }
    let name = cursor.one_of("network", "link model", &link_model::names())?;
    link_model::find(&name).map(|file| file.model.clone())
}

fn read_mqtt(cursor: &Cursor<'_>) -> Option<Mqtt> {
    let version = cursor.version("version");
    let keep_alive = cursor.duration("keep_alive");
    let clean_start = cursor.flag("clean_start");
    let given = cursor.node("session_expiry");
    let expiry = cursor.duration("session_expiry");
    let session_expiry = match (version?, given) {
        (ProtocolVersion::V5, None) => Some(SESSION_EXPIRY_DEFAULT),
        (ProtocolVersion::V5, Some(_)) => expiry,
        (ProtocolVersion::V311, None) => Some(Duration::ZERO),
        (ProtocolVersion::V311, Some(node)) => {
            let error = cursor.error_at("session_expiry", "MQTT 3.1.1 has no session expiry");
            cursor.report().push(error.found(node.shown()).hint(
                "remove it, or set version = 5; with 3.1.1 the limit session_expiry_seconds of the account holds",
            ));
            None
        }
    };
    Some(Mqtt {
        version: version?,
        keep_alive: keep_alive?,
        clean_start: clean_start?,
        session_expiry: session_expiry?,
    })
}

fn read_reconnect(cursor: &Cursor<'_>) -> Option<Reconnect> {
    let strategy = cursor.choice::<BackOffStrategy>("strategy");
    let (base, cap) = (cursor.duration("base"), cursor.duration("cap"));
    if let (Some(base), Some(cap)) = (base, cap)
        && base > cap
    {
        // One of the two may be a default: the error stands where the file says something.
        let name = if cursor.node("cap").is_some() { "cap" } else { "base" };
        let error = cursor.error_at(name, "'cap' is less than 'base'");
        let found = format!("base = \"{}\", cap = \"{}\"", duration_text(base), duration_text(cap));
        cursor.report().push(error.found(found));
    }
    Some(Reconnect { strategy: strategy?, base: base?, cap: cap? })
}

fn read_publishes(cursor: &Cursor<'_>, fleet_name: &str) -> Option<Vec<Publish>> {
    let cursors = cursor.tables("publish")?;
    if cursors.len() > PUBLISHES_MAX {
        let error = cursor.error_at("publish", "too many publish patterns").found(cursors.len().to_string());
        cursor.report().push(error.allowed(format!("at most {PUBLISHES_MAX} for each fleet")));
    }
    all(Some(cursors), |cursor| {
        let cursor = cursor?;
        let topic = cursor.template("topic", fleet_name);
        let every = cursor.duration("every");
        let qos = cursor.qos("qos");
        let payload = cursor.template("payload", fleet_name);
        Some(Publish { topic: topic?, every: every?, qos: qos?, payload: payload? })
    })
}
