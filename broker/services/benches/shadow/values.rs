//! The same work over trees of values: parse, merge, stamp, compare, and three documents written.

use std::hint::black_box;

use hashbrown::HashMap;
use serde_json::{Map, Value, json};

/// A shadow as trees.
struct Shadow {
    state: Value,
    metadata: Value,
    version: u64,
}

const SECONDS: u64 = 1_767_225_600;

pub(crate) fn rate(names: &[String], rounds: usize, payloads: &[String]) -> f64 {
    let document: Value =
        serde_json::from_str(&format!(r#"{{"desired":{},"reported":{}}}"#, super::DESIRED, super::REPORTED))
            .expect("JSON");
    let fresh = || Shadow { state: document.clone(), metadata: stamped(&document), version: 1 };
    let mut shadows: HashMap<&str, Shadow, foldhash::fast::FixedState> =
        names.iter().map(|name| (&**name, fresh())).collect();
    let mut out = Vec::new();
    super::best(names, rounds, |thing, n| {
        let shadow = shadows.get_mut(&*names[thing]).expect("there from the start");
        let request: Value = serde_json::from_str(&payloads[n % payloads.len()]).expect("JSON");
        let patch = &request["state"];
        let stamps = stamped(patch);
        let previous = document_of(shadow);
        merge(&mut shadow.state, patch);
        merge(&mut shadow.metadata, &stamps);
        shadow.version += 1;
        let token = &request["clientToken"];
        let version = shadow.version;
        let delta = delta(&shadow.state["desired"], &shadow.state["reported"], &shadow.metadata["desired"]);
        let (state, metadata) = delta.expect("a difference");
        for document in [
            json!({ "state": patch, "metadata": stamps, "version": version, "timestamp": SECONDS, "clientToken": token }),
            json!({ "version": version, "timestamp": SECONDS, "state": state, "metadata": metadata, "clientToken": token }),
            json!({ "previous": previous, "current": document_of(shadow), "timestamp": SECONDS, "clientToken": token }),
        ] {
            out.clear();
            serde_json::to_writer(&mut out, &document).expect("JSON in memory");
            black_box(&out);
        }
    })
}

fn document_of(shadow: &Shadow) -> Value {
    json!({ "state": shadow.state, "metadata": shadow.metadata, "version": shadow.version })
}

fn stamped(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), stamped(value))).collect(),
        Value::Array(elements) => elements.iter().map(stamped).collect(),
        _ => json!({ "timestamp": SECONDS }),
    }
}

fn merge(old: &mut Value, patch: &Value) {
    let (Value::Object(old), Value::Object(patch)) = (&mut *old, patch) else {
        *old = patch.clone();
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            old.shift_remove(key);
        } else {
            merge(old.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

fn delta(desired: &Value, reported: &Value, metadata: &Value) -> Option<(Value, Value)> {
    let (Value::Object(desired), Value::Object(reported)) = (desired, reported) else {
        return (desired != reported).then(|| (desired.clone(), metadata.clone()));
    };
    let mut state = Map::new();
    let mut stamps = Map::new();
    for (key, value) in desired {
        let found = reported.get(key).unwrap_or(&Value::Null);
        if let Some((value, stamp)) = delta(value, found, &metadata[key]) {
            state.insert(key.clone(), value);
            stamps.insert(key.clone(), stamp);
        }
    }
    (!state.is_empty()).then_some((Value::Object(state), Value::Object(stamps)))
}
