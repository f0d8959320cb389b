//! docs/scenario.md, written from the key table, the metrics and the link models.

use core::fmt::Write as _;

use squall_profile::LIMITS;
use squall_profile::switch::SWITCHES;
use squall_results::{MetricDoc, all_metrics};

use crate::keys::{Key, Kind, Presence, TABLES, Table};
use crate::link_model::link_models;
use crate::read::{PLACEHOLDERS, device_placeholders};
use crate::resolve::service::{profiles, switch_words};
use crate::resolved::CallKind;
use crate::value::{Choice, Words, grouped, share_text};

mod kind;

use kind::kind_of;

/// The reference of the scenario file, as `docs/scenario.md` holds it.
pub fn scenario_md() -> String {
    let mut page = Page(String::new());
    page.text(INTRODUCTION);
    page.code("toml", EXAMPLE);
    page.text(VALUES);
    page.heading(2, "Keys");
    page.text(KEYS);
    for table in TABLES {
        page.table_of_keys(table);
    }
    page.placeholders();
    page.link_models();
    page.limits_and_switches();
    page.metrics();
    page.text(MATRIX_AND_SET);
    page.0.trim_end().to_owned() + "\n"
}

const EXAMPLE: &str = include_str!("../../library/smoke/hello.toml");

const INTRODUCTION: &str = "\
<!-- Generated from scenarios/schema/src. Do not edit; run: UPDATE_DOCS=1 cargo test -p squall-scenario --test docs -->

# The scenario file

A scenario says what to simulate: a service, fleets of devices, what goes wrong, and what must hold. It is a TOML file.
`squall check FILE` reads it and runs nothing; `squall run FILE` runs it; `squall schema` prints its JSON Schema for your
editor. Two runs of the same file with the same seed are equal, on any machine.

## A first scenario

This is `scenarios/library/smoke/hello.toml`, complete. Copy it and change one thing at a time.";

const VALUES: &str = "\
## How values are written

| kind | as | |
|---|---|---|
| duration | `\"15m\"`, `\"1m30s\"`, `\"1.5ms\"` | In quotes and with a unit: `ns us ms s m h d`. All time is virtual. |
| number | `100_000` | Without quotes. `_` may stand between digits. |
| name | `\"sensors\"` | `a-z`, `0-9` and `-`. |
| point of time | `\"2026-01-01T00:00:00Z\"` | RFC 3339 in UTC, in quotes. |
| seed | `\"7\"` | In quotes. |
| share | `\"2 %\"`, `\"0.02\"` | A percentage or a part of 1, in quotes, to a millionth. |
| range | `\"0..100\"` | The first index and the first that is left out, in quotes. |
| file | `\"policies/per-device.json\"` | Relative to the folder of the scenario file; at most 1 MB of UTF-8. |
| word | `\"full-jitter\"` | One of the words that the key lists. |
| yes or no | `true`, `false` | Without quotes. |

A mistake is an error that names file, line, column and key, says what was found and what is allowed, and guesses what was
meant. All mistakes of a file are reported together:

```text
storm.toml:12:1: fleet.sensors.reconect: unknown key
  found    reconect
  allowed  name, devices, start, network, identity, policies, thing, exclusive_thing, attributes, ...
  hint     did you mean 'reconnect'?
```";

const KEYS: &str = "\
A table in a table may be written either way: `start = { over = \"5m\" }` within `[[fleet]]`, or `start.over = \"5m\"`.
Double brackets begin a new member of a list: the second `[[fleet]]` is a second fleet, and `[[fleet.publish]]` adds a
publish to the fleet above it. In the headings below `NAME` stands for the name of a fleet and `N` for a number, 1 for the
first.";

const MATRIX_AND_SET: &str = "\
## Paths

`--set`, `[matrix]` and error messages name a key by the same path: its tables and itself, with dots between. A table of a
list goes by its `name`, or else by its number in the file, 1 for the first.

| path | is |
|---|---|
| `duration` | the length of the run |
| `service.limits.connect_requests_per_second` | a limit |
| `fleet.sensors.reconnect.strategy` | a key of the fleet called `sensors` |
| `fleet.sensors.publish.1.every` | a key of its first publish |
| `fleet.sensors.shadow.1.listen.update_rejected` | a key of its first shadow |
| `fleet.sensors.network.loss_per_million` | one value of its link model; the others stay |
| `fleet.sensors.attributes.model` | one attribute of its things |
| `policy.per-device.file` | a key of the policy called `per-device` |
| `fault.1.lasts` | a key of the first fault |
| `app.1.with.devices` | an argument of the first call |

## `--set KEY=VALUE`

Changes a key for one run. `VALUE` is read as TOML and, if it is none, as plain text, so quotes may be left out:

```sh
squall run scenarios/library/storm/reconnect.toml --set duration=20m --set fleet.sensors.devices=1000
```

A key that the file leaves out is added; a key that does not exist is an error. The last of two `--set` of one key counts.

## `[matrix]`

Runs the scenario once for each combination of values and reports the runs side by side; at most 1,000 of them. All share
the seed, so that they differ in nothing else.

```toml
[matrix]
\"fleet.sensors.reconnect.strategy\" = [\"none\", \"exponential\", \"full-jitter\"]
\"service.nodes\" = [1, 2]
```

A key that holds a list takes lists for values: `\"fleet.sensors.policies\" = [[\"per-device\"], [\"iot-star\"]]`.

An expectation is judged in every run, unless its `cells` name the runs that it is judged in; in the others it is reported.
`--set` of a key that the matrix varies picks that one value.

```toml
[[expect]]
that = \"devices.connected_at_end\"
is = \"== 20_000\"
cells = { \"fleet.sensors.reconnect.strategy\" = [\"full-jitter\"] }
```";

/// Markdown in the making. Writing to a String cannot fail, so its results are dropped.
struct Page(String);

impl Page {
    fn text(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push_str("\n\n");
    }

    fn heading(&mut self, level: usize, title: &str) {
        let _ = write!(self.0, "{} {title}\n\n", "#".repeat(level));
    }

    fn code(&mut self, language: &str, code: &str) {
        let _ = write!(self.0, "```{language}\n{}\n```\n\n", code.trim_end());
    }

    fn rows<const N: usize>(&mut self, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        let _ = writeln!(self.0, "| {} |", head.join(" | "));
        let _ = writeln!(self.0, "|{}", "---|".repeat(N));
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(self.0, "| {} |", cells.join(" | "));
        }
        self.0.push('\n');
    }

    fn table_of_keys(&mut self, table: &Table) {
        self.heading(3, &heading_of(table));
        self.text(table.about);
        let in_file = || table.keys.iter().filter(|key| key.presence != Presence::Results);
        let rows = in_file().map(|key| {
            [format!("`{}`", key.name), kind_of(&key.kind), default_of(key), key.about.to_owned()]
        });
        self.rows(["key", "value", "default", "meaning"], rows);
        for key in in_file() {
            match key.kind {
                Kind::Choice(choices) => self.words(key.name, choices),
                Kind::Call => self.words(key.name, CallKind::CHOICES),
                _ => {}
            }
        }
    }

    fn words(&mut self, key: &str, choices: &[Choice]) {
        let _ = write!(self.0, "The words of `{key}`:\n\n");
        for choice in choices {
            let _ = writeln!(self.0, "- `{}`: {}.", choice.word, choice.about);
        }
        self.0.push('\n');
    }

    fn placeholders(&mut self) {
        self.heading(2, "Placeholders");
        self.text(
            "Client ids, topics, filters and payloads of a fleet may hold placeholders. Each device fills them in for \
             itself; `sensors/{{thing}}/telemetry` names a topic of its own for each.",
        );
        let per_device = device_placeholders().len();
        let rows = PLACEHOLDERS.iter().enumerate().map(|(index, (name, about))| {
            let place = if index < per_device { "anywhere" } else { "`payload` only" };
            [format!("`{name}`"), place.to_owned(), (*about).to_owned()]
        });
        self.rows(["placeholder", "allowed in", "becomes"], rows);
    }

    fn link_models(&mut self) {
        self.heading(2, "Link models");
        self.text(
            "What `network` may name. The files are `fixtures/link-models/*.toml`, with the source of each value beside \
             it. Most are engineering estimates: replace them by measurements of your own where a verdict hangs on them.",
        );
        let rows = link_models().iter().map(|file| {
            let model = &file.model;
            [
                format!("`{}`", model.name),
                latency(&model.uplink_us),
                latency(&model.downlink_us),
                share_text(model.loss_per_million),
                format!("{} / {}", bits(model.uplink_bits_per_second), bits(model.downlink_bits_per_second)),
                model.handshake_round_trips.to_string(),
                file.about.clone(),
            ]
        });
        self.rows(
            ["name", "up: median, worst", "down", "loss", "bandwidth up / down", "set-up", "stands for"],
            rows,
        );
        self.text(
            "Latency is one way. A lost segment arrives after a retransmission time-out that doubles with each further \
             loss. Set-up counts the round trips before the first MQTT byte: 1 for TCP, and 1 (TLS 1.3) or 2 (TLS 1.2).",
        );
    }

    fn limits_and_switches(&mut self) {
        let profile = &profiles()[0];
        self.heading(2, "Limits");
        let _ = write!(
            self.0,
            "What `service.limits` may set, with the values of the profile `{}`. Where each comes from stands in \
             `broker/profile/profiles`.\n\n",
            profile.name
        );
        let rows = LIMITS.iter().map(|limit| {
            let value = profile.limits.value(limit.name).map(u64::from).map_or_else(String::new, grouped);
            [format!("`{}`", limit.name), value, limit.about.to_owned()]
        });
        self.rows(["limit", "value", "meaning"], rows);
        self.heading(2, "Switches");
        self.text("What `service.switches` may set: behaviours that documents of the service leave open or dispute.");
        let rows = SWITCHES.iter().map(|name| {
            let words: Vec<String> = switch_words(name).iter().map(|word| format!("`{word}`")).collect();
            let value = profile.switches.value(name).map_or_else(String::new, |word| format!("`{word}`"));
            [format!("`{name}`"), value, words.join(", ")]
        });
        self.rows(["switch", "value", "words"], rows);
    }

    fn metrics(&mut self) {
        let docs = all_metrics();
        let (plain, windows) = split_windows(&docs);
        self.heading(2, "Metrics");
        let _ = write!(
            self.0,
            "What `that` of an expectation may name. `N` stands for the number of a fault, and `a|b` for one of several \
             words. A name of an operation, such as `publish.ack.p99`, is taken over the whole run; put {} before it for \
             a window. An operation belongs to the window in which it began.\n\n",
            windows.iter().map(|window| format!("`{window}`")).collect::<Vec<_>>().join(" or "),
        );
        let rows = plain.chunk_by(|a, b| a.about == b.about).map(|docs| {
            let join = |text: fn(&MetricDoc) -> String| {
                docs.iter().map(|doc| text(doc)).collect::<Vec<_>>().join(", ")
            };
            let names = join(|doc| format!("`{}`", doc.pattern));
            [names, join(|doc| doc.unit.name().to_owned()), docs[0].about.clone()]
        });
        self.rows(["metric", "unit", "meaning"], rows);
        self.text(
            "An operation that is not finished when the run ends counts as at least its age. A metric that has no value, \
             such as the percentile of an operation that never happened, fails every bound.",
        );
    }
}

/// Metrics that are no window of another one, and the windows that the others are taken over.
fn split_windows(docs: &[MetricDoc]) -> (Vec<&MetricDoc>, Vec<&str>) {
    let mut plain = Vec::new();
    let mut windows: Vec<&str> = Vec::new();
    for doc in docs {
        let prefix = docs.iter().find_map(|other| {
            let prefix = doc.pattern.strip_suffix(&other.pattern)?;
            (prefix.ends_with('.') && other.about == doc.about).then_some(prefix)
        });
        match prefix {
            None => plain.push(doc),
            Some(prefix) if !windows.contains(&prefix) => windows.push(prefix),
            Some(_) => {}
        }
    }
    (plain, windows)
}

/// How a file opens a table, and its path.
fn heading_of(table: &Table) -> String {
    match table.path {
        "" => "Top level".to_owned(),
        "service" | "measure" => format!("`[{}]`", table.path),
        path if path.ends_with(".NAME") => format!("`[[{}]]`", path.trim_end_matches(".NAME")),
        "fault.N" | "app.N" | "expect.N" => format!("`[[{}]]`", table.path.trim_end_matches(".N")),
        "fleet.NAME.publish.N" => "`[[fleet.publish]]`".to_owned(),
        "fleet.NAME.shadow.N" => "`[[fleet.shadow]]`".to_owned(),
        path => match path.split_once(" of ") {
            Some((path, call)) => format!("`{path}` of `{call}`"),
            None => format!("`{path}`"),
        },
    }
}

fn default_of(key: &Key) -> String {
    match key.presence {
        Presence::Required => "**required**".to_owned(),
        Presence::Default(text) => format!("`{text}`"),
        Presence::Optional(text) => text.to_owned(),
        Presence::Results => String::new(),
    }
}

fn latency(curve: &[u32]) -> String {
    let millis = |us: u32| match us {
        0..10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100).replace(".0 ms", " ms"),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000).replace(".0 s", " s"),
    };
    let (median, worst) = (curve[curve.len() / 2], curve[curve.len() - 1]);
    if median == worst { millis(median) } else { format!("{}, {}", millis(median), millis(worst)) }
}

fn bits(per_second: u64) -> String {
    match per_second {
        0..1_000_000 => format!("{} kbit/s", per_second / 1_000),
        1_000_000..1_000_000_000 => format!("{} Mbit/s", per_second / 1_000_000),
        _ => format!("{} Gbit/s", per_second / 1_000_000_000),
    }
}
