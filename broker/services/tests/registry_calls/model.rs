use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use crate::support::{Bench, arn, id};

/// The registry as a few maps, with the rules of state.md 2.2 to 2.6 written the long way.
#[derive(Default)]
struct Model {
    /// Whether a type is deprecated.
    types: BTreeMap<String, bool>,
    /// The group above.
    groups: BTreeMap<String, Option<String>>,
    things: BTreeMap<String, ModelThing>,
    /// The things of each certificate, and whether it is exclusive.
    certificates: BTreeMap<u8, (Vec<String>, bool)>,
}

#[derive(Default)]
struct ModelThing {
    thing_type: Option<String>,
    version: u64,
    groups: Vec<String>,
}

#[derive(Clone, Debug)]
enum Step {
    CreateType(String),
    Deprecate(String, bool),
    CreateGroup(String, Option<String>),
    DeleteGroup(String),
    CreateThing(String, Option<String>),
    UpdateThing(String, Option<String>, Option<u64>),
    DeleteThing(String),
    Join(String, String),
    Leave(String, String),
    Attach(String, u8, bool),
    Detach(String, u8),
}

type Outcome = Result<(), &'static str>;

const MISSING: Outcome = Err("ResourceNotFoundException");
const INVALID: Outcome = Err("InvalidRequestException");
const EXISTS: Outcome = Err("ResourceAlreadyExistsException");

impl Model {
    fn root(&self, group: &str) -> String {
        match &self.groups[group] {
            Some(parent) => self.root(parent),
            None => group.to_owned(),
        }
    }

    fn type_is_usable(&self, name: Option<&String>) -> Outcome {
        match name.map(|name| self.types.get(name)) {
            Some(None) => MISSING,
            Some(Some(true)) => INVALID,
            _ => Ok(()),
        }
    }

    fn apply(&mut self, step: &Step) -> Outcome {
        match step.clone() {
            Step::CreateType(name) => {
                self.types.entry(name).or_default();
            }
            Step::Deprecate(name, undo) => match self.types.get_mut(&name) {
                Some(deprecated) => *deprecated = !undo,
                None => return MISSING,
            },
            Step::CreateGroup(name, parent) => {
                if let Some(held) = self.groups.get(&name) {
                    return if *held == parent { Ok(()) } else { EXISTS };
                }
                if parent.as_ref().is_some_and(|parent| !self.groups.contains_key(parent)) {
                    return MISSING;
                }
                self.groups.insert(name, parent);
            }
            Step::DeleteGroup(name) => {
                if self.groups.values().any(|parent| parent.as_ref() == Some(&name)) {
                    return INVALID;
                }
                self.groups.remove(&name);
                self.things.values_mut().for_each(|thing| thing.groups.retain(|held| *held != name));
            }
            Step::CreateThing(name, thing_type) => {
                if let Some(held) = self.things.get(&name) {
                    return if held.thing_type == thing_type { Ok(()) } else { EXISTS };
                }
                self.type_is_usable(thing_type.as_ref())?;
                self.things.insert(name, ModelThing { thing_type, version: 1, groups: Vec::new() });
            }
            Step::UpdateThing(name, thing_type, expected) => {
                let Some(held) = self.things.get(&name) else { return MISSING };
                if expected.is_some_and(|expected| expected != held.version) {
                    return Err("VersionConflictException");
                }
                self.type_is_usable(thing_type.as_ref())?;
                let held = self.things.get_mut(&name).unwrap();
                held.version += 1;
                held.thing_type = thing_type.or(held.thing_type.take());
            }
            Step::DeleteThing(name) => {
                if self.certificates.values().any(|(things, _)| things.contains(&name)) {
                    return INVALID;
                }
                self.things.remove(&name);
            }
            Step::Join(thing, group) => {
                let Some(held) = self.things.get(&thing) else { return MISSING };
                if !self.groups.contains_key(&group) {
                    return MISSING;
                }
                if held.groups.contains(&group) {
                    return Ok(());
                }
                if held.groups.iter().any(|other| self.root(other) == self.root(&group)) {
                    return INVALID;
                }
                self.things.get_mut(&thing).unwrap().groups.push(group);
            }
            Step::Leave(thing, group) => {
                if !self.things.contains_key(&thing) || !self.groups.contains_key(&group) {
                    return MISSING;
                }
                self.things.get_mut(&thing).unwrap().groups.retain(|held| *held != group);
            }
            Step::Attach(thing, certificate, exclusive) => {
                if !self.things.contains_key(&thing) {
                    return MISSING;
                }
                let Some((things, held)) = self.certificates.get_mut(&certificate) else { return MISSING };
                if things.iter().any(|other| *other != thing) && (*held || exclusive) {
                    return INVALID;
                }
                *held = exclusive;
                if !things.contains(&thing) {
                    things.push(thing);
                }
            }
            Step::Detach(thing, certificate) => {
                if !self.things.contains_key(&thing) {
                    return MISSING;
                }
                let Some((things, held)) = self.certificates.get_mut(&certificate) else { return MISSING };
                things.retain(|other| *other != thing);
                *held &= !things.is_empty();
            }
        }
        Ok(())
    }
}

fn ask(bench: &mut Bench, step: &Step) -> Outcome {
    let (operation, parameters) = match step {
        Step::CreateType(name) => ("CreateThingType", json!({"thingTypeName": name})),
        Step::Deprecate(name, undo) => {
            ("DeprecateThingType", json!({"thingTypeName": name, "undoDeprecate": undo}))
        }
        Step::CreateGroup(name, parent) => {
            ("CreateThingGroup", json!({"thingGroupName": name, "parentGroupName": parent}))
        }
        Step::DeleteGroup(name) => ("DeleteThingGroup", json!({"thingGroupName": name})),
        Step::CreateThing(name, kind) => ("CreateThing", json!({"thingName": name, "thingTypeName": kind})),
        Step::UpdateThing(name, kind, expected) => {
            ("UpdateThing", json!({"thingName": name, "thingTypeName": kind, "expectedVersion": expected}))
        }
        Step::DeleteThing(name) => ("DeleteThing", json!({"thingName": name})),
        Step::Join(thing, group) => {
            ("AddThingToThingGroup", json!({"thingName": thing, "thingGroupName": group}))
        }
        Step::Leave(thing, group) => {
            ("RemoveThingFromThingGroup", json!({"thingName": thing, "thingGroupName": group}))
        }
        Step::Attach(thing, certificate, exclusive) => {
            let kind = if *exclusive { "EXCLUSIVE_THING" } else { "NON_EXCLUSIVE_THING" };
            (
                "AttachThingPrincipal",
                json!({"thingName": thing, "principal": arn(*certificate), "thingPrincipalType": kind}),
            )
        }
        Step::Detach(thing, certificate) => {
            ("DetachThingPrincipal", json!({"thingName": thing, "principal": arn(*certificate)}))
        }
    };
    bench.ask(operation, parameters).map(|_| ()).map_err(|error| error.exception.name())
}

fn name(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(names).prop_map(str::to_owned)
}

fn step() -> impl Strategy<Value = Step> {
    const THINGS: &[&str] = &["t1", "t2", "t3"];
    const GROUPS: &[&str] = &["g1", "g2", "g3", "g4"];
    const TYPES: &[&str] = &["p1", "p2"];
    let thing = || name(THINGS);
    let group = || name(GROUPS);
    let some_type = || prop::option::of(name(TYPES));
    prop_oneof![
        1 => name(TYPES).prop_map(Step::CreateType),
        1 => (name(TYPES), any::<bool>()).prop_map(|(name, undo)| Step::Deprecate(name, undo)),
        1 => (group(), prop::option::of(group())).prop_map(|(name, parent)| Step::CreateGroup(name, parent)),
        1 => group().prop_map(Step::DeleteGroup),
        1 => (thing(), some_type()).prop_map(|(name, kind)| Step::CreateThing(name, kind)),
        1 => (thing(), some_type(), prop::option::of(1_u64..4)).prop_map(|(name, kind, version)| Step::UpdateThing(name, kind, version)),
        1 => thing().prop_map(Step::DeleteThing),
        3 => (thing(), group()).prop_map(|(thing, group)| Step::Join(thing, group)),
        1 => (thing(), group()).prop_map(|(thing, group)| Step::Leave(thing, group)),
        2 => (thing(), 1_u8..4, any::<bool>()).prop_map(|(thing, certificate, exclusive)| Step::Attach(thing, certificate, exclusive)),
        1 => (thing(), 1_u8..4).prop_map(|(thing, certificate)| Step::Detach(thing, certificate)),
    ]
}

fn names(listed: &serde_json::Value, list: &str, member: Option<&str>) -> Vec<String> {
    let items = listed[list].as_array().unwrap().iter();
    items.map(|item| member.map_or(item, |member| &item[member]).as_str().unwrap().to_owned()).collect()
}

fn compare(bench: &mut Bench, model: &Model) {
    let mut things = names(&bench.ok("ListThings", json!({})), "things", Some("thingName"));
    things.sort_unstable();
    assert_eq!(things, model.things.keys().cloned().collect::<Vec<_>>());
    for (name, thing) in &model.things {
        let found = bench.ok("DescribeThing", json!({"thingName": name}));
        assert_eq!(found["version"], thing.version);
        assert_eq!(found.get("thingTypeName").and_then(|held| held.as_str()), thing.thing_type.as_deref());
        let groups = bench.ok("ListThingGroupsForThing", json!({"thingName": name}));
        assert_eq!(names(&groups, "thingGroups", Some("groupName")), thing.groups);
    }
    for group in model.groups.keys() {
        let mut members =
            names(&bench.ok("ListThingsInThingGroup", json!({"thingGroupName": group})), "things", None);
        members.sort_unstable();
        let expected = model.things.iter().filter(|(_, thing)| thing.groups.contains(group));
        assert_eq!(members, expected.map(|(name, _)| name.clone()).collect::<Vec<_>>());
    }
    for (&certificate, (things, _)) in &model.certificates {
        let found = bench.ok("ListPrincipalThings", json!({"principal": arn(certificate)}));
        assert_eq!(names(&found, "things", None), *things);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_registry_does_as_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new();
        let mut model = Model::default();
        for certificate in [1, 2] {
            let pem = json!({"certificateId": id(certificate).to_string()});
            bench.ok("RegisterCertificateWithoutCA", json!({"certificatePem": pem, "status": "ACTIVE"}));
            model.certificates.insert(certificate, (Vec::new(), false));
        }
        for step in steps {
            prop_assert_eq!(ask(&mut bench, &step), model.apply(&step), "{:?}", step);
        }
        compare(&mut bench, &model);
    }
}
