//! Dotted paths into a scenario: `duration`, `fleet.NAME.reconnect.base`, `fault.1.lasts`.
//!
//! A table of a list is named by its `name` or by its number, 1 for the first. `--set` and `[matrix]` share
//! this grammar, and errors print it.

use toml_edit::Key as TomlKey;

use crate::error::{ScenarioError, did_you_mean};
use crate::keys::{ARGUMENTS, Kind, LINK_MODEL, SCENARIO, Table, arguments_of, holds_api_parameters};
use crate::link_model;
use crate::read::{Report, join, selector, unknown_key};
use crate::tree::{Entry, Node, Origin, Value};

/// The parts of a path, quotes taken off.
///
/// # Errors
/// What the TOML reader says of a text that is no dotted key.
pub(crate) fn parse_path(text: &str) -> Result<Vec<String>, String> {
    let keys = TomlKey::parse(text).map_err(|error| error.message().to_owned())?;
    Ok(keys.iter().map(|key| key.get().to_owned()).collect())
}

/// The one spelling of a path: a table that has a name goes by it.
pub(crate) fn canonical(root: &Node, parts: &[String]) -> String {
    let mut path = String::new();
    let mut at = Some(root);
    for part in parts {
        let mut name = part.clone();
        at = at.and_then(|node| match &node.value {
            Value::List(members) => {
                let index = find_member(members, part)?;
                name = selector(&members[index], index);
                Some(&members[index])
            }
            _ => node.get(part),
        });
        path = join(&path, &name);
    }
    path
}

fn find_member(members: &[Node], part: &str) -> Option<usize> {
    let named = members.iter().position(|member| member.get("name").and_then(Node::as_text) == Some(part));
    named.or_else(|| {
        let number: usize = part.parse().ok()?;
        (1..=members.len()).contains(&number).then(|| number - 1)
    })
}

/// Whether the arguments of the call in this table are the parameters of an operation of the public API.
fn holds_parameters(app: &Node) -> bool {
    let Some(call) = app.get("call").and_then(Node::as_text) else { return false };
    arguments_of(call).is_none() || app.get("with").is_some_and(holds_api_parameters)
}

/// Puts `value` at the path `parts` of the scenario `root`; tables on the way are made where the file has none.
///
/// `None` if a part names no key or no table of a list; the report says so at `origin`, the place of the path itself.
pub(crate) fn set(
    root: &mut Node,
    parts: &[String],
    value: Node,
    origin: &Origin,
    report: &Report,
) -> Option<()> {
    let edit = Edit { origin, report };
    edit.in_table(root, &SCENARIO, "", parts, value)
}

struct Edit<'a> {
    origin: &'a Origin,
    report: &'a Report,
}

impl Edit<'_> {
    fn in_table(
        &self,
        node: &mut Node,
        table: &'static Table,
        path: &str,
        parts: &[String],
        value: Node,
    ) -> Option<()> {
        let (name, rest) = parts.split_first().expect("a path has at least one part");
        let key_path = join(path, name);
        let Some(key) = table.key(name) else {
            return self.fail(unknown_key(table, self.report, self.origin, &key_path, name));
        };
        if rest.is_empty() {
            *self.entry(node, name, &key_path)? = value;
            return Some(());
        }
        match key.kind {
            Kind::Table(inner) => {
                let inner_node = self.entry(node, name, &key_path)?;
                self.in_table(inner_node, inner, &key_path, rest, value)
            }
            Kind::Arguments if holds_parameters(node) => {
                let inner_node = self.entry(node, name, &key_path)?;
                self.in_free_table(inner_node, &key_path, rest, value)
            }
            Kind::Arguments => {
                let call = node.get("call").and_then(Node::as_text).and_then(arguments_of);
                let inner_node = self.entry(node, name, &key_path)?;
                // Without a call that is one the reader reports it later; any arguments do until then.
                self.in_table(inner_node, call.unwrap_or(ARGUMENTS[0]), &key_path, rest, value)
            }
            Kind::Network => {
                let inner_node = self.entry(node, name, &key_path)?;
                self.write_out_network(inner_node, table, name, &key_path)?;
                self.in_table(inner_node, &LINK_MODEL, &key_path, rest, value)
            }
            Kind::Tables(inner) => {
                let list = self.entry(node, name, &key_path)?;
                self.in_list(list, inner, &key_path, rest, value)
            }
            Kind::Limits | Kind::Switches | Kind::Attributes | Kind::Subject | Kind::Parameters
                if rest.len() == 1 =>
            {
                let inner_node = self.entry(node, name, &key_path)?;
                *self.entry(inner_node, &rest[0], &join(&key_path, &rest[0]))? = value;
                Some(())
            }
            Kind::Matrix | Kind::Cells => {
                let dotted = rest.iter().fold(String::new(), |path, part| join(&path, part));
                let inner_node = self.entry(node, name, &key_path)?;
                *self.entry(inner_node, &dotted, &join(&key_path, &dotted))? = value;
                Some(())
            }
            _ => {
                let whole = rest.iter().fold(key_path.clone(), |path, part| join(&path, part));
                let problem = format!("'{name}' holds no keys");
                self.fail(self.error(&whole, problem).hint(format!("end the path there: {key_path}")))
            }
        }
    }

    /// Goes down a table whose keys no key table lists.
    fn in_free_table(&self, node: &mut Node, path: &str, parts: &[String], value: Node) -> Option<()> {
        let (name, rest) = parts.split_first().expect("the caller has seen a part");
        let key_path = join(path, name);
        let inner = self.entry(node, name, &key_path)?;
        if rest.is_empty() {
            *inner = value;
            return Some(());
        }
        self.in_free_table(inner, &key_path, rest, value)
    }

    fn in_list(
        &self,
        list: &mut Node,
        table: &'static Table,
        path: &str,
        parts: &[String],
        value: Node,
    ) -> Option<()> {
        let (part, rest) = parts.split_first().expect("the caller has seen a part");
        let members: &mut [Node] = match &mut list.value {
            Value::List(members) => members,
            // An empty table is what `entry` makes of a key that the file has not.
            Value::Table(entries) if entries.is_empty() => &mut [],
            _ => return self.fail(self.error(path, "this is no list of tables in the file")),
        };
        let Some(index) = find_member(members, part) else {
            let known: Vec<String> =
                members.iter().enumerate().map(|(index, member)| selector(member, index)).collect();
            let paths: Vec<String> = known.iter().map(|selector| join(path, selector)).collect();
            let problem = format!("there is no {} '{part}'", path.rsplit('.').next().unwrap_or(path));
            let mut error = self.error(&join(path, part), problem);
            error = error.found(part).allowed(if paths.is_empty() {
                "the file has none".to_owned()
            } else {
                paths.join(", ")
            });
            error.hint = did_you_mean(part, known.iter().map(String::as_str));
            return self.fail(error);
        };
        let member_path = join(path, &selector(&members[index], index));
        if rest.is_empty() {
            let error = self.error(&member_path, "this is a whole table; name one of its keys");
            return self.fail(error.allowed(table.names_text()));
        }
        self.in_table(&mut members[index], table, &member_path, rest, value)
    }

    /// The node under `name`, an empty table if there is none yet.
    fn entry<'b>(&self, node: &'b mut Node, name: &str, path: &str) -> Option<&'b mut Node> {
        let Value::Table(entries) = &mut node.value else {
            return self.fail(self.error(path, "what it stands in is no table in the file"));
        };
        let index = entries.iter().position(|entry| entry.key == name).unwrap_or_else(|| {
            entries.push(Entry {
                key: name.to_owned(),
                key_origin: self.origin.clone(),
                node: Node::empty_table(self.origin.clone()),
            });
            entries.len() - 1
        });
        Some(&mut entries[index].node)
    }

    /// Replaces the name of a link model by the model, so that one of its values can be changed.
    fn write_out_network(&self, node: &mut Node, table: &Table, name: &str, path: &str) -> Option<()> {
        let default = || match table.key(name).map(|key| key.presence) {
            Some(crate::keys::Presence::Default(text)) => text.trim_matches('"').to_owned(),
            _ => String::new(),
        };
        let model = match &node.value {
            Value::Text(model) => model.clone(),
            Value::Table(entries) if entries.is_empty() => default(),
            _ => return Some(()),
        };
        let Some(model) = link_model::find(&model) else {
            return self.fail(self.error(path, format!("there is no link model '{model}' to change")));
        };
        *node = link_model::to_node(&model.model, &format!("{} (changed)", model.model.name), self.origin);
        Some(())
    }

    fn fail<T>(&self, error: ScenarioError) -> Option<T> {
        self.report.push(error);
        None
    }

    fn error(&self, path: &str, problem: impl Into<String>) -> ScenarioError {
        self.report.error(self.origin, path, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{parse_argument_value, parse_toml};

    const FILE: &str = "duration = \"1m\"\n[[fleet]]\nname = \"a\"\ndevices = 1\n[[fleet]]\nname = \"b\"\n\
                        subscribe = [{ filter = \"x\" }]\n[[fault]]\nat = \"1s\"\n";

    fn edit(path: &str) -> Result<String, String> {
        let origin = Origin::Argument(format!("--set {path}=9").into());
        let mut root = parse_toml("f", FILE).unwrap();
        let report = Report::new("f", false);
        let parts = parse_path(path).unwrap();
        let value = parse_argument_value("9", &origin);
        if set(&mut root, &parts, value, &origin, &report).is_none() {
            return Err(report.into_errors()[0].to_string());
        }
        let mut at = &root;
        for part in &parts {
            at = match &at.value {
                Value::List(members) => &members[find_member(members, part).unwrap()],
                _ => at.get(part).unwrap(),
            };
        }
        assert_eq!(at.to_toml(), "9");
        Ok(canonical(&root, &parts))
    }

    #[test]
    fn a_path_reaches_every_kind_of_key() {
        for (path, expected) in [
            ("duration", "duration"),
            ("seed", "seed"),
            ("service.station.servers", "service.station.servers"),
            ("service.limits.topic_bytes", "service.limits.topic_bytes"),
            ("fleet.a.devices", "fleet.a.devices"),
            ("fleet.2.mqtt.keep_alive", "fleet.b.mqtt.keep_alive"),
            ("fleet.b.subscribe.1.qos", "fleet.b.subscribe.1.qos"),
            ("fleet.a.network.loss_per_million", "fleet.a.network.loss_per_million"),
            ("fault.1.lasts", "fault.1.lasts"),
            ("measure.from", "measure.from"),
        ] {
            assert_eq!(edit(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_says_where_it_ends() {
        let messages: Vec<String> = [
            "fleet.a.reconect.base",
            "fleet.c.devices",
            "fleet.3.devices",
            "fleet.a",
            "duration.x",
            "app.1.at",
            "fault.1.at.x",
            "service.limits.a.b",
        ]
        .into_iter()
        .map(|path| edit(path).unwrap_err())
        .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
