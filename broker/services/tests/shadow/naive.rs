//! A second implementation, from the reference's rules alone and over trees of values: slow and plain.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use squall_services::shadow::{Rejection, Settings};

/// Keys from a section down to a leaf.
type Path = Vec<String>;

/// One shadow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    life: Life,
    pub(crate) version: u64,
    sections: [Map<String, Value>; 2],
    stamps: [BTreeMap<Path, u64>; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Life {
    #[default]
    Never,
    Live,
    /// Since when, in seconds.
    Deleted(u64),
}

/// The texts of accepted, delta and documents.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers {
    pub(crate) accepted: String,
    pub(crate) delta: Option<String>,
    pub(crate) documents: String,
}

const NAMES: [&str; 2] = ["desired", "reported"];

impl Naive {
    /// An update at a wall time in seconds; `seconds` is monotonic.
    pub(crate) fn update(
        &mut self,
        request: &Value,
        settings: &Settings,
        seconds: u64,
        wall: u64,
    ) -> Result<Answers, Rejection> {
        let nothing = Map::new();
        // A state of null removes both sections.
        let cleared = request["state"].is_null();
        let state = request["state"].as_object().unwrap_or(&nothing);
        let sent: Vec<(usize, &Value)> = state
            .iter()
            .filter_map(|(name, value)| Some((NAMES.iter().position(|known| known == name)?, value)))
            .collect();
        if sent
            .iter()
            .any(|(_, value)| value.as_object().is_some_and(|object| too_deep(object, 1, settings.levels)))
        {
            return Err(Rejection::TooDeep);
        }
        if sent.iter().any(|(_, value)| null_in_array(value)) {
            return Err(Rejection::InvalidNode);
        }
        let mut next = self.clone();
        next.forget(seconds, settings);
        next.check(request.get("version").and_then(Value::as_u64))?;
        for &(section, value) in &sent {
            next.change(section, value, wall);
        }
        if cleared {
            (0..2).for_each(|section| next.change(section, &Value::Null, wall));
            return Ok(self.become_next(next, &Value::Null, &json!({ "timestamp": wall }), wall));
        }
        let bytes = |section: &Map<String, Value>| {
            if section.is_empty() { 0 } else { json!(section).to_string().len() }
        };
        if next.sections.iter().map(bytes).sum::<usize>() > settings.state_bytes {
            return Err(Rejection::TooLarge);
        }
        let mut metadata = Map::new();
        let mut echo = Map::new();
        for &(section, value) in &sent {
            echo.insert(NAMES[section].to_owned(), value.clone());
            metadata.insert(NAMES[section].to_owned(), stamped(value, wall));
        }
        Ok(self.become_next(next, &json!(echo), &json!(metadata), wall))
    }

    fn become_next(&mut self, mut next: Self, echo: &Value, metadata: &Value, wall: u64) -> Answers {
        next.version += 1;
        next.life = Life::Live;
        let accepted =
            json!({ "state": echo, "metadata": metadata, "version": next.version, "timestamp": wall });
        let previous = if self.life == Life::Live { self.document() } else { Value::Null };
        let documents = json!({ "previous": previous, "current": next.document(), "timestamp": wall });
        let delta = next.delta().map(|(state, metadata)| {
            json!({ "version": next.version, "timestamp": wall, "state": state, "metadata": metadata })
                .to_string()
        });
        *self = next;
        Answers { accepted: accepted.to_string(), delta, documents: documents.to_string() }
    }

    /// The body of a get, if there is a shadow.
    pub(crate) fn get(&self, wall: u64) -> Option<String> {
        let mut document = (self.life == Life::Live).then(|| self.document())?;
        if let Some((state, metadata)) = self.delta() {
            document["state"]["delta"] = state;
            document["metadata"]["delta"] = metadata;
        }
        document["timestamp"] = json!(wall);
        Some(document.to_string())
    }

    /// The version that was deleted, if there was a shadow.
    pub(crate) fn delete(&mut self, seconds: u64) -> Option<u64> {
        let version = (self.life == Life::Live).then_some(self.version)?;
        *self = Self { life: Life::Deleted(seconds), version: version + 1, ..Self::default() };
        Some(version)
    }

    /// Whether the shadow's version would be forgotten by now.
    pub(crate) fn is_forgotten(&self, seconds: u64, settings: &Settings) -> bool {
        matches!(self.life, Life::Deleted(at) if seconds - at > u64::from(settings.version_memory_seconds))
    }

    fn forget(&mut self, seconds: u64, settings: &Settings) {
        if self.is_forgotten(seconds, settings) {
            *self = Self::default();
        }
    }

    fn check(&self, version: Option<u64>) -> Result<(), Rejection> {
        let fits = match (version, self.life) {
            (None, _) => true,
            (Some(version), Life::Never) => version <= 1,
            (Some(version), _) => version == self.version,
        };
        if fits { Ok(()) } else { Err(Rejection::VersionConflict) }
    }

    fn change(&mut self, section: usize, value: &Value, wall: u64) {
        let old = self.stamps[section].clone();
        let state = &mut self.sections[section];
        match value {
            Value::Object(patch) => merge(state, patch),
            _ => state.clear(),
        }
        let mut now = Vec::new();
        leaves(&json!(state), &mut Vec::new(), &mut |path, _| now.push(path.clone()));
        let touched = |path: &Path| {
            let at = path.iter().try_fold(value, |value, key| value.get(key));
            at.is_some_and(|value| !value.is_object())
        };
        self.stamps[section] = now
            .into_iter()
            .map(|path| {
                if touched(&path) {
                    (path, wall)
                } else {
                    let stamp = old[&path];
                    (path, stamp)
                }
            })
            .collect();
    }

    fn document(&self) -> Value {
        let mut state = Map::new();
        let mut metadata = Map::new();
        for (section, name) in NAMES.into_iter().enumerate() {
            if !self.sections[section].is_empty() {
                let tree = json!(self.sections[section]);
                metadata.insert(name.to_owned(), self.metadata(section, &tree));
                state.insert(name.to_owned(), tree);
            }
        }
        json!({ "state": state, "metadata": metadata, "version": self.version })
    }

    /// Metadata of a part of a section.
    fn metadata(&self, section: usize, tree: &Value) -> Value {
        let mut metadata = json!({});
        leaves(tree, &mut Vec::new(), &mut |path, leaf| {
            put(&mut metadata, path, stamped(leaf, self.stamps[section][path]));
        });
        metadata
    }

    /// By definition: the leaves of desired that reported lacks or has otherwise.
    fn delta(&self) -> Option<(Value, Value)> {
        let [desired, reported] = [json!(self.sections[0]), json!(self.sections[1])];
        let mut delta = json!({});
        leaves(&desired, &mut Vec::new(), &mut |path, leaf| {
            let found = path.iter().try_fold(&reported, |value, key| value.get(key));
            if !found.is_some_and(|found| same(leaf, found)) {
                put(&mut delta, path, leaf.clone());
            }
        });
        let metadata = self.metadata(0, &delta);
        (delta != json!({})).then_some((delta, metadata))
    }
}

fn merge(old: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        let new = match (old.get(key), value) {
            (Some(Value::Object(inside)), Value::Object(patch)) => {
                let mut inside = inside.clone();
                merge(&mut inside, patch);
                Value::Object(inside)
            }
            (_, Value::Object(patch)) => {
                let mut inside = Map::new();
                merge(&mut inside, patch);
                Value::Object(inside)
            }
            (_, value) => value.clone(),
        };
        if new.is_null() || new == json!({}) {
            old.shift_remove(key);
        } else {
            old.insert(key.clone(), new);
        }
    }
}

fn leaves(value: &Value, path: &mut Path, visit: &mut dyn FnMut(&Path, &Value)) {
    let Value::Object(object) = value else { return visit(path, value) };
    for (key, value) in object {
        path.push(key.clone());
        leaves(value, path, visit);
        path.pop();
    }
}

fn put(tree: &mut Value, path: &Path, value: Value) {
    let mut at = tree;
    for key in path {
        at = &mut at[key];
    }
    *at = value;
}

/// The shape of a value with a timestamp for every leaf.
fn stamped(value: &Value, wall: u64) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(|element| stamped(element, wall)).collect(),
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.clone(), stamped(value, wall))).collect()
        }
        _ => json!({ "timestamp": wall }),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// `level` is that of the object's keys.
fn too_deep(object: &Map<String, Value>, level: u32, levels: u32) -> bool {
    let inside = |value: &Value| match value {
        Value::Object(object) => too_deep(object, level + 1, levels),
        Value::Array(elements) => {
            elements.iter().any(|element| too_deep_in_array(element, level + 1, levels))
        }
        _ => false,
    };
    !object.is_empty() && (level > levels || object.values().any(inside))
}

/// Arrays in arrays are levels as keys are, and objects in arrays are even without keys.
fn too_deep_in_array(value: &Value, level: u32, levels: u32) -> bool {
    match value {
        Value::Array(elements) => {
            level > levels || elements.iter().any(|element| too_deep_in_array(element, level + 1, levels))
        }
        Value::Object(object) => {
            level > levels || object.values().any(|value| too_deep_in_array(value, level + 1, levels))
        }
        _ => false,
    }
}

fn null_in_array(value: &Value) -> bool {
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(elements) => elements.iter().any(has_null),
            Value::Object(object) => object.values().any(has_null),
            _ => false,
        }
    }
    match value {
        Value::Array(elements) => elements.iter().any(has_null),
        Value::Object(object) => object.values().any(null_in_array),
        _ => false,
    }
}
