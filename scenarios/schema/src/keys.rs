//! Every key of a scenario file: the one table that reading, suggestions, docs/scenario.md and the JSON Schema share.

use core::time::Duration;

use crate::resolved::{Mutant, Overflow};
use crate::value::{Choice, LONGEST, Words};

/// The keys of one table of the file.
#[derive(Debug)]
pub(crate) struct Table {
    /// The path, with `NAME` and `N` where a file has a name or a number; empty for the top level.
    pub(crate) path: &'static str,
    /// What it holds, for the documentation.
    pub(crate) about: &'static str,
    /// Its keys, in the order of the documentation.
    pub(crate) keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) presence: Presence,
    pub(crate) about: &'static str,
}

/// Whether a key must stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must.
    Required,
    /// If it is left out it has this value, written in TOML.
    Default(&'static str),
    /// If it is left out, this is what happens.
    Optional(&'static str),
    /// It is written into results and read from there, never from a file.
    Results,
}

/// What a key's value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A name that paths and files can bear.
    Identifier,
    /// A name within the bounds of the public API.
    Name(NameRule),
    /// Names of policies.
    Policies,
    /// A file, relative to the scenario file.
    File,
    /// Some devices of a fleet, by their first index and the first that is left out.
    DeviceRange,
    /// A thing's attributes by name.
    Attributes,
    /// What an application calls: a word, or an operation of the public API.
    Call,
    /// The arguments of a call, which the key `call` beside it names.
    Arguments,
    /// The subject of a certificate: fields with texts that are the same for a device throughout the run.
    Subject,
    /// Parameters of provisioning: names with such texts.
    Parameters,
    /// A share of a whole.
    Share,
    /// What a device does that was turned away.
    AfterRejection,
    /// A topic filter without placeholders.
    TopicFilter,
    /// The name of a service profile.
    Profile,
    /// The name of a price book.
    PriceBook,
    /// A text with placeholders.
    Template,
    /// A text with placeholders that are the same for a device throughout the run.
    DeviceTemplate(Renders),
    /// A topic name without placeholders.
    TopicName,
    /// A duration.
    Duration(DurationRule),
    /// A point of wall time.
    WallTime,
    /// A seed.
    Seed,
    /// A whole number within bounds.
    Whole { min: u64, max: u64, unit: &'static str },
    /// 0 or 1.
    QoS,
    /// `true` or `false`.
    Flag,
    /// One of a few words.
    Choice(&'static [Choice]),
    /// A protocol version of MQTT.
    Version,
    /// `drop` or `queue:N`.
    Offline,
    /// A metric's name.
    Metric,
    /// A bound that fits the metric.
    Comparison,
    /// A distribution as a list of microseconds.
    Curve,
    /// A table.
    Table(&'static Table),
    /// A list of tables, found by their `name` or by number.
    Tables(&'static Table),
    /// The name of a link model, or one written out.
    Network,
    /// Limits of the profile by name.
    Limits,
    /// Switches of the profile by name.
    Switches,
    /// Keys of the matrix, each with the values that it takes.
    Matrix,
    /// Keys of the matrix, each with the values that pick cells.
    Cells,
}

/// What a device's template must render to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renders {
    Anything,
    TopicName,
    TopicFilter,
    ThingName,
}

/// Which durations a key allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DurationRule {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
    pub(crate) whole_seconds: bool,
}

pub(crate) const ANY: DurationRule = DurationRule { min: Duration::ZERO, max: LONGEST, whole_seconds: false };
const POSITIVE: DurationRule = DurationRule { min: Duration::from_nanos(1), ..ANY };
const KEEP_ALIVE: DurationRule =
    DurationRule { max: Duration::from_secs(u16::MAX as u64), whole_seconds: true, ..ANY };
const SESSION_EXPIRY: DurationRule =
    DurationRule { max: Duration::from_secs(36_500 * 86_400), whole_seconds: true, ..ANY };

/// Most devices of a fleet.
pub(crate) const DEVICES_MAX: u64 = 10_000_000;
/// Most publish patterns of a fleet; a pattern's number has eight bits in every random draw.
pub(crate) const PUBLISHES_MAX: usize = 100;
/// Most cells of a matrix.
pub(crate) const CELLS_MAX: usize = 1_000;
/// Longest name.
pub(crate) const IDENTIFIER_MAX: usize = 64;

const fn whole(min: u64, max: u64, unit: &'static str) -> Kind {
    Kind::Whole { min, max, unit }
}

const U32_MAX: u64 = u32::MAX as u64;

macro_rules! table {
    ($name:ident, $path:literal, $about:expr, { $($key:literal: $kind:expr, $presence:expr, $key_about:expr;)+ }) => {
        #[doc = $about]
        pub(crate) static $name: Table = Table {
            path: $path,
            about: $about,
            keys: &[$(Key { name: $key, kind: $kind, presence: $presence, about: $key_about },)+],
        };
    };
}

use Presence::{Default, Optional, Required, Results};

mod access;
mod fleet;
mod provisioning;
mod shadow;
mod timeline;

pub(crate) use access::{
    ARGUMENTS, ATTRIBUTE_NAME, ATTRIBUTE_VALUE_MAX, ATTRIBUTE_VALUE_PUNCTUATION, ATTRIBUTES_MAX, AUTHORIZER,
    FUNCTION_STATION, NameRule, POLICY, POLICY_NAME, THING_NAME, arguments_of, holds_api_parameters,
};
pub(crate) use fleet::LINK_MODEL;
use fleet::{CERTIFICATE_EXPIRES, FLEET, MQTT, PUBLISH, RECONNECT, START, SUBSCRIBE};
pub(crate) use provisioning::PARAMETER_NAME;
use provisioning::{CERTIFICATE_AUTHORITY, LAMBDA, PROVISIONING_TEMPLATE, RULE};
pub(crate) use shadow::SHADOWS_MAX;
use shadow::{LISTEN, SHADOW};
use timeline::{APP, FAULT};
pub(crate) use timeline::{DEVICE_CRASH, FAULT_KINDS, GATEWAY_OUTAGE};

table!(SCENARIO, "", "The top level of a file. These keys stand before the first `[table]`.", {
    "name": Kind::Identifier, Required, "Names the scenario and its output folder.";
    "about": Kind::Text, Required, "What it shows, in a sentence for people. `squall list` prints it.";
    "duration": Kind::Duration(POSITIVE), Required, "How long the run lasts, in virtual time.";
    "epoch": Kind::WallTime, Default("\"2026-01-01T00:00:00Z\""), "Wall clock at the start, in UTC.";
    "seed": Kind::Seed, Default("\"1\""), "The seed that every random draw is keyed by; `--seed` overrides it. In quotes, because 64 bits do not fit into every reader's numbers.";
    "heals": Kind::Flag, Default("true"), "Whether every device must be connected when the run ends, which is judged as an expectation on `devices.connected_at_end`. `false` where not healing is what the scenario shows: then it is reported, not judged.";
    "service": Kind::Table(&SERVICE), Optional("all defaults"), "The service under test.";
    "policy": Kind::Tables(&POLICY), Optional("no policies"), "The IoT policies that the account has when the run begins.";
    "authorizer": Kind::Tables(&AUTHORIZER), Optional("no authorizers"), "The custom authorizers.";
    "certificate_authority": Kind::Tables(&CERTIFICATE_AUTHORITY), Optional("no authorities"), "The certificate authorities that the account has registered when the run begins.";
    "provisioning_template": Kind::Tables(&PROVISIONING_TEMPLATE), Optional("no templates"), "The provisioning templates that the account has when the run begins.";
    "lambda": Kind::Tables(&LAMBDA), Optional("no Lambdas"), "The Lambdas of rules and provisioning templates.";
    "rule": Kind::Tables(&RULE), Optional("no rules"), "The topic rules, each of which hands messages to a Lambda.";
    "fleet": Kind::Tables(&FLEET), Required, "The devices; at least one fleet.";
    "fault": Kind::Tables(&FAULT), Optional("no faults"), "What goes wrong, in the order of time.";
    "app": Kind::Tables(&APP), Optional("no calls"), "Calls of cloud-side actors.";
    "measure": Kind::Table(&MEASURE), Optional("the whole run"), "The window that percentiles and the monthly bill are taken from.";
    "expect": Kind::Tables(&EXPECT), Optional("nothing is judged"), "What must hold.";
    "matrix": Kind::Matrix, Optional("one run"), "Keys that vary: one run for each combination of their values.";
});

table!(SERVICE, "service", "The service under test: what it promises, how it is built, what it costs.", {
    "profile": Kind::Profile, Default("\"aws-current\""), "The limits and behaviours that it starts from.";
    "price_book": Kind::PriceBook, Default("\"aws-use1\""), "The prices of the bill.";
    "limits": Kind::Limits, Optional("as in the profile"), "Limits that differ from the profile, such as `limits.connect_requests_per_second = 500`.";
    "switches": Kind::Switches, Optional("as in the profile"), "Disputed behaviours that differ from the profile, such as `switches.qos2 = \"ignore\"`.";
    "nodes": whole(1, 1_000, "nodes"), Default("1"), "Front-end nodes. A connection lands on one of them and stays.";
    "station": Kind::Table(&STATION), Optional("all defaults"), "The work that each node can do.";
    "oracles": Kind::Flag, Default("true"), "Whether the judges watch. They cost time and change nothing else.";
    "mutant": Kind::Choice(Mutant::CHOICES), Default("\"none\""), "A bug planted in what the broker sends, so that the judges can be seen to work.";
});

table!(STATION, "service.station", "A node is a queue before servers. The times are inputs of the model, chosen for a plausible front end: they are no facts about AWS, which publishes none. Set them from your own measurements.", {
    "servers": whole(1, 100_000, "servers"), Default("8"), "Servers of a node; each serves one packet at a time.";
    "queue": whole(0, U32_MAX, "connections"), Default("1000"), "New connections that may wait for a server.";
    "overflow": Kind::Choice(Overflow::CHOICES), Default("\"refuse\""), "What becomes of a new connection that finds the queue full.";
    "tls": Kind::Duration(ANY), Default("\"1ms\""), "Server time of a transport set-up, TLS handshake included.";
    "connect": Kind::Duration(ANY), Default("\"4ms\""), "Server time of a CONNECT that is accepted.";
    "connect_refused": Kind::Duration(ANY), Default("\"200us\""), "Server time of a CONNECT that is refused. Refusing costs time as well: whether a storm collapses depends on it.";
    "publish": Kind::Duration(ANY), Default("\"250us\""), "Server time of a PUBLISH received.";
    "delivery": Kind::Duration(ANY), Default("\"100us\""), "Server time of a PUBLISH sent to a subscriber.";
    "subscribe": Kind::Duration(ANY), Default("\"200us\""), "Server time of a SUBSCRIBE or UNSUBSCRIBE, per filter.";
    "other": Kind::Duration(ANY), Default("\"50us\""), "Server time of any other packet: acknowledgements, pings, DISCONNECT.";
});

table!(MEASURE, "measure", "The window that percentiles called `measure.*` and the monthly bill are taken from. Leave the start-up out of it.", {
    "from": Kind::Duration(ANY), Default("\"0s\""), "Its first instant.";
    "to": Kind::Duration(POSITIVE), Optional("the end of the run"), "The first instant after it.";
});

table!(EXPECT, "expect.N", "A statement about the run that must hold. `squall run` exits with 1 if one does not.", {
    "that": Kind::Metric, Required, "The metric, see below.";
    "is": Kind::Comparison, Required, "An operator (`<`, `<=`, `>`, `>=`, `==`, `!=`) and a bound in the metric's unit: `\"< 300s\"`, `\">= 100_000\"`, `\"<= $12.50\"`.";
    "judged": Kind::Flag, Default("true"), "`false`: it is reported, not judged.";
    "cells": Kind::Cells, Optional("every cell"), "In a scenario with a `[matrix]`: the cells that it is judged in, as `{ \"fleet.sensors.reconnect.strategy\" = [\"full-jitter\"] }`. In the others it is reported.";
    "line": whole(0, U32_MAX, "lines"), Results, "The line of the scenario file that it stands on.";
});

/// Every table, in the order of the documentation.
pub(crate) static TABLES: &[&Table] = &[
    &SCENARIO,
    &SERVICE,
    &STATION,
    &POLICY,
    &AUTHORIZER,
    &FUNCTION_STATION,
    &CERTIFICATE_AUTHORITY,
    &PROVISIONING_TEMPLATE,
    &LAMBDA,
    &RULE,
    &FLEET,
    &CERTIFICATE_EXPIRES,
    &START,
    &MQTT,
    &RECONNECT,
    &SUBSCRIBE,
    &PUBLISH,
    &SHADOW,
    &LISTEN,
    &LINK_MODEL,
    &FAULT,
    &APP,
    ARGUMENTS[0],
    ARGUMENTS[1],
    ARGUMENTS[2],
    ARGUMENTS[3],
    ARGUMENTS[4],
    ARGUMENTS[5],
    ARGUMENTS[6],
    &MEASURE,
    &EXPECT,
];

impl Table {
    /// The key called `name`.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names that a file may use here.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().filter(|key| key.presence != Results).map(|key| key.name)
    }

    /// The names for the `allowed` line of an error.
    pub(crate) fn names_text(&self) -> String {
        self.names().collect::<Vec<_>>().join(", ")
    }

    /// How a file opens the table, for people.
    pub(crate) fn title(&self) -> &'static str {
        if self.path.is_empty() { "the top level" } else { self.path }
    }
}

/// Other tables that have a key called `name`: the author may have written it one table too late.
pub(crate) fn tables_with(name: &str) -> impl Iterator<Item = &'static Table> {
    TABLES.iter().copied().filter(move |table| table.names().any(|known| known == name))
}

/// The words of a choice, for the `allowed` line of an error.
pub(crate) fn words_text(choices: &[Choice]) -> String {
    choices.iter().map(|choice| choice.word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolved::CallKind;
    use crate::tree::{Origin, parse_own_value};

    #[test]
    fn no_table_names_a_key_twice_and_every_default_is_toml() {
        for table in TABLES {
            for (index, key) in table.keys.iter().enumerate() {
                assert!(table.keys[..index].iter().all(|known| known.name != key.name), "{}", key.name);
                assert!(key.about.ends_with('.'), "{}", key.name);
                if let Default(text) = key.presence {
                    parse_own_value(text, &Origin::Whole);
                }
            }
        }
    }

    #[test]
    fn every_table_is_listed() {
        let inner = TABLES.iter().flat_map(|table| table.keys).filter_map(|key| match key.kind {
            Kind::Table(table) | Kind::Tables(table) => Some(table),
            Kind::Network => Some(&LINK_MODEL),
            _ => None,
        });
        let arguments = CallKind::VALUES.iter().map(|kind| kind.arguments());
        for table in inner.chain(arguments) {
            assert!(TABLES.iter().any(|known| core::ptr::eq(*known, table)), "{}", table.path);
        }
    }
}
