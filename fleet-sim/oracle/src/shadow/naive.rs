//! Shadows a second time (`state.md` 1.5, 1.7): written on plain JSON trees to be obviously right and nothing else.
//!
//! The service keeps its state as flat text and shares no line with this.

use serde_json::{Map, Value};

/// What is kept of a shadow. A section without members is one that is not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) desired: Map<String, Value>,
    pub(super) reported: Map<String, Value>,
}

impl Document {
    /// Reads the `state` of a whole document.
    pub(super) fn read(state: Option<&Value>) -> Self {
        let section = |name: &str| {
            let section = state.and_then(|state| state.get(name)).and_then(Value::as_object);
            section.cloned().unwrap_or_default()
        };
        Self { desired: section("desired"), reported: section("reported") }
    }

    /// Takes the `state` of an update in. `keeps_empty` is whether `{}` is a value of its own (K-09).
    pub(super) fn update(&mut self, state: &Value, keeps_empty: bool) {
        if state.is_null() {
            *self = Self::default();
        }
        for (name, section) in [("desired", &mut self.desired), ("reported", &mut self.reported)] {
            match state.get(name) {
                Some(Value::Null) => section.clear(),
                Some(Value::Object(patch)) => merge(section, patch, keeps_empty),
                _ => {}
            }
        }
    }

    /// What is desired and not reported.
    pub(super) fn difference(&self) -> Map<String, Value> {
        difference(&self.desired, &self.reported)
    }

    /// Where two documents differ: paths of leaves, with the section first.
    pub(super) fn differing_paths(&self, other: &Self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for (name, one, other) in
            [("desired", &self.desired, &other.desired), ("reported", &self.reported, &other.reported)]
        {
            differing(one, other, &mut vec![name.to_owned()], &mut paths);
            differing(other, one, &mut vec![name.to_owned()], &mut paths);
        }
        paths
    }
}

fn merge(into: &mut Map<String, Value>, patch: &Map<String, Value>, keeps_empty: bool) {
    for (key, news) in patch {
        let merged = match (into.get_mut(key), news) {
            (_, Value::Null) => None,
            (Some(Value::Object(old)), Value::Object(news)) => {
                merge(old, news, keeps_empty);
                Some(Value::Object(core::mem::take(old)))
            }
            (_, Value::Object(news)) => {
                let mut fresh = Map::new();
                merge(&mut fresh, news, keeps_empty);
                Some(Value::Object(fresh))
            }
            (_, news) => Some(news.clone()),
        };
        match merged {
            Some(Value::Object(members)) if members.is_empty() && !keeps_empty => drop(into.remove(key)),
            Some(value) => drop(into.insert(key.clone(), value)),
            None => drop(into.remove(key)),
        }
    }
}

fn difference(desired: &Map<String, Value>, reported: &Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    for (key, wanted) in desired {
        match (wanted, reported.get(key)) {
            (Value::Object(wanted), Some(Value::Object(reported))) => {
                let inside = difference(wanted, reported);
                if !inside.is_empty() {
                    found.insert(key.clone(), Value::Object(inside));
                }
            }
            (wanted, Some(reported)) if same(wanted, reported) => {}
            (wanted, _) => drop(found.insert(key.clone(), wanted.clone())),
        }
    }
    found
}

/// Whether two values are equal to the service: numbers by what they are, objects without order.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64().is_some() && one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => same_members(one, other),
        _ => one == other,
    }
}

pub(super) fn same_members(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    one.len() == other.len()
        && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
}

fn differing(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    path: &mut Vec<String>,
    paths: &mut Vec<Vec<String>>,
) {
    for (key, value) in one {
        path.push(key.clone());
        match (value, other.get(key)) {
            (Value::Object(value), Some(Value::Object(other))) => differing(value, other, path, paths),
            (value, Some(other)) if same(value, other) => {}
            _ => paths.push(path.clone()),
        }
        path.pop();
    }
}

/// Whether an update's `state` says anything of what is at `path`, above it or below it.
pub(super) fn touches(state: &Value, path: &[String]) -> bool {
    let mut at = state;
    for key in path {
        match at {
            Value::Object(members) => match members.get(key) {
                Some(inside) => at = inside,
                None => return false,
            },
            // Whatever else it is, it took the place of all that was below.
            _ => return true,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn updates_are_merged_as_the_reference_says() {
        for (before, update, after) in [
            (json!({}), json!({"desired": {"a": 1}}), json!({"desired": {"a": 1}})),
            (
                json!({"desired": {"a": 1, "b": 1}}),
                json!({"desired": {"a": null}}),
                json!({"desired": {"b": 1}}),
            ),
            (
                json!({"desired": {"a": [1, 2]}}),
                json!({"desired": {"a": [3]}}),
                json!({"desired": {"a": [3]}}),
            ),
            (
                json!({"reported": {"a": {"x": 1, "y": 1}}}),
                json!({"reported": {"a": {"x": 2}}}),
                json!({"reported": {"a": {"x": 2, "y": 1}}}),
            ),
            (
                json!({"reported": {"a": {"x": 1}}}),
                json!({"reported": {"a": 7}}),
                json!({"reported": {"a": 7}}),
            ),
            (json!({"reported": {"a": 7}}), json!({"reported": {"a": {"x": null}}}), json!({})),
            (json!({"reported": {"a": {"x": 1}}}), json!({"reported": {"a": {"x": null}}}), json!({})),
            (
                json!({"desired": {"a": 1}, "reported": {"a": 1}}),
                json!({"desired": null}),
                json!({"reported": {"a": 1}}),
            ),
            (json!({"desired": {"a": 1}, "reported": {"a": 1}}), Value::Null, json!({})),
            (json!({"desired": {"a": 1}}), json!({}), json!({"desired": {"a": 1}})),
        ] {
            let mut document = Document::read(Some(&before));
            document.update(&update, false);
            let differing = document.differing_paths(&Document::read(Some(&after)));
            assert!(differing.is_empty(), "{before} {update}: {document:?}");
        }
        let mut document = Document::default();
        document.update(&json!({"desired": {"a": {}}}), true);
        assert_eq!(Value::from(document.desired), json!({"a": {}}));
    }

    #[test]
    fn the_difference_is_what_is_desired_and_not_reported() {
        for (desired, reported, delta) in [
            (json!({"a": 1}), json!({}), json!({"a": 1})),
            (json!({}), json!({"a": 1}), json!({})),
            (json!({"a": 1, "b": 2}), json!({"a": 1.0, "b": 3, "c": 4}), json!({"b": 2})),
            (json!({"a": {"x": 1, "y": 2}}), json!({"a": {"x": 1}}), json!({"a": {"y": 2}})),
            (json!({"a": {"x": 1}}), json!({"a": 1}), json!({"a": {"x": 1}})),
            (json!({"a": [1, 2]}), json!({"a": [1, 3]}), json!({"a": [1, 2]})),
            (json!({"a": "x"}), json!({"a": "X"}), json!({"a": "x"})),
        ] {
            let document = Document::read(Some(&json!({"desired": desired, "reported": reported})));
            assert_eq!(Value::from(document.difference()), delta);
        }
    }

    #[test]
    fn an_update_touches_what_it_says_anything_of() {
        let path = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        let state = json!({"desired": {"a": {"x": 1}, "b": null}, "reported": null});
        for (at, expected) in [
            ("desired.a.x", true),
            ("desired.a", true),
            ("desired.a.y", false),
            ("desired.b.z", true),
            ("desired.c", false),
            ("reported.q", true),
        ] {
            assert_eq!(touches(&state, &path(at)), expected, "{at}");
        }
        assert!(touches(&Value::Null, &path("desired.a")));
    }
}
