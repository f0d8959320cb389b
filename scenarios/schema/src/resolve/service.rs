//! `[service]`.

use std::sync::LazyLock;

use squall_profile::switch::SWITCHES;
use squall_profile::{LIMITS, Profile, profile_names};

use crate::error::did_you_mean;
use crate::read::Cursor;
use crate::resolved::{Costs, Service, Station};
use crate::tree::{Entry, Value};
use crate::value::grouped;
use crate::wording::with_kind;

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    // Embedded in the binary, and read by its own tests.
    profile_names().map(|name| Profile::named(name).expect("an embedded profile reads")).collect()
});

/// Every embedded profile; the first is the default.
pub(crate) fn profiles() -> &'static [Profile] {
    &PROFILES
}

/// What the switch called `name` can be set to.
pub(crate) fn switch_words(name: &str) -> &'static [&'static str] {
    // No switch takes an empty word, so the profile answers with those that it takes.
    PROFILES[0].clone().switches.set(name, "").err().flatten().unwrap_or_default()
}

pub(super) fn read(cursor: &Cursor<'_>, price_books: &[&str]) -> Option<Service> {
    let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name.as_str()).collect();
    let profile = cursor.one_of("profile", "profile", &names);
    let price_book = match price_books {
        [] => cursor.text("price_book"),
        known => cursor.one_of("price_book", "price book", known),
    };
    let nodes = cursor.whole_u32("nodes");
    let oracles = cursor.flag("oracles");
    let mutant = cursor.choice("mutant");
    let station = cursor.table("station").and_then(|cursor| read_station(&cursor));
    // With an unknown profile the keys below it are still checked, against the default one.
    let base = PROFILES.iter().find(|known| profile.as_ref() == Some(&known.name)).unwrap_or(&PROFILES[0]);
    let overridden = read_overrides(cursor, base);
    profile?;
    Some(Service {
        profile: overridden,
        price_book: price_book?,
        nodes: nodes?,
        station: station?,
        oracles: oracles?,
        mutant: mutant?,
    })
}

fn read_station(cursor: &Cursor<'_>) -> Option<Station> {
    let servers = cursor.whole_u32("servers");
    let queue = cursor.whole_u32("queue");
    let overflow = cursor.choice("overflow");
    let tls = cursor.duration("tls");
    let connect = cursor.duration("connect");
    let connect_refused = cursor.duration("connect_refused");
    let publish = cursor.duration("publish");
    let delivery = cursor.duration("delivery");
    let subscribe = cursor.duration("subscribe");
    let other = cursor.duration("other");
    Some(Station {
        servers: servers?,
        queue: queue?,
        overflow: overflow?,
        costs: Costs {
            tls: tls?,
            connect: connect?,
            connect_refused: connect_refused?,
            publish: publish?,
            delivery: delivery?,
            subscribe: subscribe?,
            other: other?,
        },
    })
}

fn read_overrides(cursor: &Cursor<'_>, base: &Profile) -> Profile {
    let mut profile = base.clone();
    for entry in cursor.members("limits") {
        set_limit(cursor, entry, &mut profile);
    }
    for entry in cursor.members("switches") {
        set_switch(cursor, entry, &mut profile);
    }
    profile
}

fn set_limit(cursor: &Cursor<'_>, entry: &Entry, profile: &mut Profile) {
    let path = crate::read::join(&cursor.path_of("limits"), &entry.key);
    let names = LIMITS.iter().map(|limit| limit.name);
    if profile.limits.value(&entry.key).is_none() {
        report_unknown(cursor, entry, &path, "unknown limit", names);
        return;
    }
    let value = match entry.node.value {
        Value::Whole(number) => u32::try_from(number).ok(),
        _ => None,
    };
    if value.is_none_or(|value| !profile.limits.set(&entry.key, value)) {
        let error = cursor.report().error(&entry.node.origin, &path, "not a limit's value");
        let allowed = format!("whole number from 0 to {}", grouped(u64::from(u32::MAX)));
        cursor.report().push(error.found(with_kind(&entry.node)).allowed(allowed));
    }
}

fn set_switch(cursor: &Cursor<'_>, entry: &Entry, profile: &mut Profile) {
    let path = crate::read::join(&cursor.path_of("switches"), &entry.key);
    let error = cursor.report().error(&entry.node.origin, &path, "not a choice of this switch");
    let text = entry.node.as_text().unwrap_or_default();
    match profile.switches.set(&entry.key, text) {
        Ok(()) => {}
        Err(None) => {
            report_unknown(cursor, entry, &path, "unknown switch", SWITCHES.iter().copied());
        }
        Err(Some(allowed)) => {
            let mut error = error.found(with_kind(&entry.node)).allowed(allowed.join(", "));
            error.hint = did_you_mean(text, allowed.iter().copied());
            cursor.report().push(error);
        }
    }
}

fn report_unknown(
    cursor: &Cursor<'_>,
    entry: &Entry,
    path: &str,
    problem: &str,
    names: impl Iterator<Item = &'static str> + Clone,
) {
    let mut error = cursor.report().error(&entry.key_origin, path, problem).found(&entry.key);
    error = error.allowed(names.clone().collect::<Vec<_>>().join(", "));
    error.hint = did_you_mean(&entry.key, names);
    cursor.report().push(error);
}
