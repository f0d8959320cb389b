//! The account's policies: the rules of `state.md` 2.9, and a naive model that random calls are held against.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use squall_profile::Profile;
use squall_services::api_error::{ApiError, Exception};
use squall_services::policy::{
    Account, Action, AttachedPolicies, MAX_POLICIES_PER_PRINCIPAL, MAX_POLICIES_PER_THING_GROUP, OwnedFacts,
    PolicyStore, Request, Semantics, evaluate,
};

fn document(topic: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/{topic}"}}}}"#
    )
}

fn may_publish(store: &PolicyStore, attached: &AttachedPolicies, topic: &str) -> bool {
    let account = Account::default();
    let facts = OwnedFacts::parse("client-id=a").unwrap();
    let semantics = Semantics::from(&Profile::named("aws-current").unwrap().switches);
    let policies = store.operative(attached).map(|version| &version.policy);
    evaluate(policies, Request::new(Action::Publish, topic), &facts.facts(&account), semantics).is_allowed()
}

fn name_and_status<T: std::fmt::Debug>(result: Result<T, ApiError>) -> (&'static str, u16) {
    let exception = result.unwrap_err().exception;
    (exception.name(), exception.status())
}

#[test]
fn the_default_version_is_the_one_that_counts() {
    let mut store = PolicyStore::default();
    let mut attached = AttachedPolicies::default();
    store.create_policy("p", &document("one")).unwrap();
    store.attach_policy("p", &mut attached, MAX_POLICIES_PER_PRINCIPAL).unwrap();
    assert!(may_publish(&store, &attached, "one"));
    assert_eq!(store.create_policy_version("p", &document("two"), false).unwrap(), 2);
    assert!(may_publish(&store, &attached, "one") && !may_publish(&store, &attached, "two"));
    store.set_default_policy_version("p", 2).unwrap();
    assert!(!may_publish(&store, &attached, "one") && may_publish(&store, &attached, "two"));
    assert_eq!(store.get_policy("p").unwrap(), (2, document("two").as_str()));
    store.detach_policy("p", &mut attached).unwrap();
    assert!(!may_publish(&store, &attached, "two"));
}

#[test]
fn a_sixth_version_is_refused_and_numbers_are_not_given_twice() {
    let mut store = PolicyStore::default();
    store.create_policy("p", &document("t")).unwrap();
    for number in 2..=5 {
        assert_eq!(store.create_policy_version("p", &document("t"), true).unwrap(), number);
    }
    let sixth = store.create_policy_version("p", &document("t"), true);
    assert_eq!(name_and_status(sixth), ("VersionsLimitExceededException", 409), "check 151");
    assert_eq!(name_and_status(store.delete_policy_version("p", 5)), ("DeleteConflictException", 409));
    store.delete_policy_version("p", 3).unwrap();
    assert_eq!(store.create_policy_version("p", &document("t"), false).unwrap(), 6);
    assert_eq!(name_and_status(store.set_default_policy_version("p", 3)), ("ResourceNotFoundException", 404));
}

#[test]
fn limits_names_and_documents_are_held() {
    let mut store = PolicyStore::default();
    for name in ["", "a b", "ü", &"x".repeat(129)] {
        let refused = store.create_policy(name, &document("t"));
        assert_eq!(name_and_status(refused), ("InvalidRequestException", 400), "{name}");
    }
    assert_eq!(name_and_status(store.create_policy("p", "{}")), ("MalformedPolicyException", 400));
    assert_eq!(name_and_status(store.get_policy("p")), ("ResourceNotFoundException", 404));
    store.create_policy("p", &document("t")).unwrap();
    assert_eq!(
        name_and_status(store.create_policy("p", &document("t"))),
        ("ResourceAlreadyExistsException", 409)
    );
    assert_eq!(
        name_and_status(store.create_policy_version("p", "[]", true)),
        ("MalformedPolicyException", 400)
    );
    for (most, what) in [(MAX_POLICIES_PER_PRINCIPAL, "principal"), (MAX_POLICIES_PER_THING_GROUP, "group")] {
        let mut attached = AttachedPolicies::default();
        for number in 0..most {
            let name = format!("{what}-{number}");
            store.create_policy(&name, &document("t")).unwrap();
            store.attach_policy(&name, &mut attached, most).unwrap();
            store.attach_policy(&name, &mut attached, most).unwrap();
        }
        assert_eq!(
            name_and_status(store.attach_policy("p", &mut attached, most)),
            ("LimitExceededException", 410)
        );
        assert_eq!(attached.keys().count(), most);
    }
    assert_eq!(name_and_status(store.delete_policy("group-0")), ("DeleteConflictException", 409));
}

#[derive(Clone, Debug)]
enum Call {
    Create(usize, bool),
    CreateVersion(usize, bool, bool),
    SetDefault(usize, u32),
    DeleteVersion(usize, u32),
    Delete(usize),
    Attach(usize, usize),
    Detach(usize, usize),
}

fn any_call() -> impl Strategy<Value = Call> {
    let version = 1..8_u32;
    prop_oneof![
        2 => (0..3_usize, prop::bool::weighted(0.9)).prop_map(|(policy, good)| Call::Create(policy, good)),
        4 => (0..3_usize, prop::bool::weighted(0.9), any::<bool>())
            .prop_map(|(policy, good, default)| Call::CreateVersion(policy, good, default)),
        2 => (0..3_usize, version.clone()).prop_map(|(policy, version)| Call::SetDefault(policy, version)),
        3 => (0..3_usize, version).prop_map(|(policy, version)| Call::DeleteVersion(policy, version)),
        2 => (0..3_usize).prop_map(Call::Delete),
        3 => (0..3_usize, 0..2_usize).prop_map(|(policy, target)| Call::Attach(policy, target)),
        2 => (0..3_usize, 0..2_usize).prop_map(|(policy, target)| Call::Detach(policy, target)),
    ]
}

/// A policy as plain data: versions with the topic that each allows, and the default.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    versions: BTreeMap<u32, String>,
    default: u32,
    last: u32,
}

const TARGET_LIMIT: usize = 2;

proptest! {
    #[test]
    fn random_calls_do_what_the_model_says_and_failed_ones_change_nothing(
        calls in prop::collection::vec(any_call(), 1..60),
    ) {
        let names = ["a", "b", "c"];
        let mut store = PolicyStore::default();
        let mut targets = [AttachedPolicies::default(), AttachedPolicies::default()];
        let mut model: BTreeMap<&str, Model> = BTreeMap::new();
        let mut attached = [BTreeSet::new(), BTreeSet::new()];
        for (step, call) in calls.into_iter().enumerate() {
            let topic = format!("t{step}");
            let text = |good: bool| if good { document(&topic) } else { "{".to_owned() };
            let (found, expected) = match call {
                Call::Create(policy, good) => {
                    let name = names[policy];
                    let expected = if model.contains_key(name) {
                        Err(Exception::ResourceAlreadyExists)
                    } else if good {
                        model.insert(name, Model { versions: [(1, topic.clone())].into(), default: 1, last: 1 });
                        Ok(())
                    } else {
                        Err(Exception::MalformedPolicy)
                    };
                    (store.create_policy(name, &text(good)).map(|_| ()), expected)
                }
                Call::CreateVersion(policy, good, default) => {
                    let name = names[policy];
                    let expected = match model.get_mut(name) {
                        None => Err(Exception::ResourceNotFound),
                        Some(_) if !good => Err(Exception::MalformedPolicy),
                        Some(held) if held.versions.len() == 5 => Err(Exception::VersionsLimitExceeded),
                        Some(held) => {
                            held.last += 1;
                            held.versions.insert(held.last, topic.clone());
                            if default {
                                held.default = held.last;
                            }
                            Ok(())
                        }
                    };
                    (store.create_policy_version(name, &text(good), default).map(|_| ()), expected)
                }
                Call::SetDefault(policy, version) => {
                    let name = names[policy];
                    let expected = match model.get_mut(name) {
                        Some(held) if held.versions.contains_key(&version) => {
                            held.default = version;
                            Ok(())
                        }
                        _ => Err(Exception::ResourceNotFound),
                    };
                    (store.set_default_policy_version(name, version), expected)
                }
                Call::DeleteVersion(policy, version) => {
                    let name = names[policy];
                    let expected = match model.get_mut(name) {
                        Some(held) if held.default == version => Err(Exception::DeleteConflict),
                        Some(held) => held.versions.remove(&version).map(|_| ()).ok_or(Exception::ResourceNotFound),
                        None => Err(Exception::ResourceNotFound),
                    };
                    (store.delete_policy_version(name, version), expected)
                }
                Call::Delete(policy) => {
                    let name = names[policy];
                    let in_use = attached.iter().any(|target: &BTreeSet<&str>| target.contains(name));
                    let expected = match model.get(name) {
                        None => Err(Exception::ResourceNotFound),
                        Some(held) if in_use || held.versions.len() > 1 => Err(Exception::DeleteConflict),
                        Some(_) => {
                            model.remove(name);
                            Ok(())
                        }
                    };
                    (store.delete_policy(name), expected)
                }
                Call::Attach(policy, target) => {
                    let name = names[policy];
                    let expected = if !model.contains_key(name) {
                        Err(Exception::ResourceNotFound)
                    } else if attached[target].contains(name) || attached[target].len() < TARGET_LIMIT {
                        attached[target].insert(name);
                        Ok(())
                    } else {
                        Err(Exception::LimitExceeded)
                    };
                    (store.attach_policy(name, &mut targets[target], TARGET_LIMIT), expected)
                }
                Call::Detach(policy, target) => {
                    let name = names[policy];
                    let expected = match model.contains_key(name) {
                        true => {
                            attached[target].remove(name);
                            Ok(())
                        }
                        false => Err(Exception::ResourceNotFound),
                    };
                    (store.detach_policy(name, &mut targets[target]), expected)
                }
            };
            prop_assert_eq!(found.map_err(|error| error.exception), expected);
            for name in names {
                let found = store.get_policy(name).ok().map(|(version, text)| (version, text.to_owned()));
                let expected = model.get(name).map(|held| (held.default, document(&held.versions[&held.default])));
                prop_assert_eq!(found, expected);
            }
            for (target, names) in targets.iter().zip(&attached) {
                let found: BTreeSet<&str> = store.operative(target).map(|version| &*version.name).collect();
                prop_assert_eq!(&found, names);
                for name in names {
                    let held = &model[name];
                    prop_assert!(may_publish(&store, target, &held.versions[&held.default]));
                }
            }
        }
    }
}
