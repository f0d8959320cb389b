//! The registry: what each call does and refuses, and which rights a certificate ends up with.

use std::net::{IpAddr, Ipv4Addr};

use squall_profile::Profile;
use squall_services::api_error::ApiError;
use squall_services::policy::{Account, Action, CertificateFacts, ConnectFacts, Request, Semantics};
use squall_services::registry::{
    AccessRefusal, CertificateStatus, PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties,
};
use squall_types::{CertificateId, WallTime};

const ONE: CertificateId = CertificateId([1; 32]);
const NOW: WallTime = WallTime::from_unix_secs(1_767_225_600);
const TWO: CertificateId = CertificateId([2; 32]);

fn refused<T: std::fmt::Debug>(result: Result<T, ApiError>) -> &'static str {
    result.unwrap_err().exception.name()
}

fn allow(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iot:{action}","Resource":"arn:aws:iot:us-east-1:123456789012:{resource}"}}}}"#
    )
}

/// A registry with two active certificates and the things `pump` and `fan`.
fn registry() -> Registry {
    let mut registry = Registry::new(Account::default());
    for id in [ONE, TWO] {
        let facts = CertificateFacts::new("1");
        registry.register_certificate(id, facts, CertificateStatus::Active).unwrap();
    }
    for thing in ["pump", "fan"] {
        registry.create_thing(thing, ThingConfiguration::default()).unwrap();
    }
    registry
}

fn may(registry: &Registry, id: CertificateId, client_id: &str, action: Action, name: &str) -> bool {
    let access = registry.access(id, NOW).unwrap();
    let rights = access.rights();
    let facts = registry.facts(
        rights.needs(),
        Some(access.key()),
        registry.attached_thing(access.key(), client_id),
        client_id,
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        ConnectFacts::default(),
    );
    let semantics = Semantics::from(&Profile::named("aws-current").unwrap().switches);
    rights.evaluate(Request::new(action, name), &facts, semantics).is_allowed()
}

/// `broker.md` 8.1: only ACTIVE connects, and the log has a reason for each of the others.
#[test]
fn every_state_of_a_certificate_has_its_refusal() {
    for &status in CertificateStatus::ALL {
        let mut registry = Registry::default();
        assert_eq!(registry.access(ONE, NOW).unwrap_err(), AccessRefusal::NotRegistered);
        registry.register_certificate(ONE, CertificateFacts::default(), status).unwrap();
        let found = registry.access(ONE, NOW).map_or_else(|why| why.reason().unwrap(), |_| "");
        let expected = match status.as_str() {
            "ACTIVE" => "",
            "REVOKED" => "DEVICE_CERTIFICATE_REVOKED",
            _ => "DEVICE_CERTIFICATE_INACTIVE",
        };
        assert_eq!(found, expected, "{}", status.as_str());
        assert_eq!(registry.certificate_status(ONE).unwrap(), status);
    }
}

/// `state.md` 2.7: which states a user may ask for, from where.
#[test]
fn states_change_only_as_a_user_may_ask() {
    for &from in CertificateStatus::ALL {
        for &to in CertificateStatus::ALL {
            let mut registry = Registry::default();
            registry.register_certificate(ONE, CertificateFacts::default(), from).unwrap();
            let settable = ["ACTIVE", "INACTIVE", "REVOKED"].contains(&to.as_str());
            let allowed = settable && (from != CertificateStatus::Revoked || to == from);
            let result = registry.update_certificate(ONE, to);
            assert_eq!(result.is_ok(), allowed, "{} to {}", from.as_str(), to.as_str());
            let after = if allowed { to } else { from };
            assert_eq!(registry.certificate_status(ONE).unwrap(), after);
        }
    }
    assert_eq!(
        refused(Registry::default().update_certificate(ONE, CertificateStatus::Active)),
        "ResourceNotFoundException"
    );
}

#[test]
fn a_certificate_is_deleted_only_when_nothing_needs_it() {
    let mut registry = registry();
    let again = registry.register_certificate(ONE, CertificateFacts::default(), CertificateStatus::Active);
    assert_eq!(refused(again), "ResourceAlreadyExistsException");
    registry.policies.create_policy("p", &allow("Connect", "client/*")).unwrap();
    registry.attach_policy_to_certificate("p", ONE).unwrap();
    registry.attach_thing_principal("pump", ONE, PrincipalKind::NonExclusive).unwrap();
    let active = registry.delete_certificate(ONE, true).unwrap_err();
    assert_eq!((active.exception.name(), active.exception.status()), ("CertificateStateException", 406));
    registry.update_certificate(ONE, CertificateStatus::Inactive).unwrap();
    assert_eq!(refused(registry.delete_certificate(ONE, true)), "DeleteConflictException");
    registry.detach_thing_principal("pump", ONE).unwrap();
    assert_eq!(refused(registry.delete_certificate(ONE, false)), "DeleteConflictException");
    assert_eq!(refused(registry.policies.delete_policy("p")), "DeleteConflictException");
    registry.delete_certificate(ONE, true).unwrap();
    registry.policies.delete_policy("p").unwrap();
    assert_eq!(refused(registry.delete_certificate(ONE, true)), "ResourceNotFoundException");
}

#[test]
fn creating_a_thing_again_succeeds_only_if_it_is_the_same() {
    let mut registry = registry();
    registry.create_thing("pump", ThingConfiguration::default()).unwrap();
    registry.create_thing_type("t", ThingTypeProperties::default()).unwrap();
    let other = ThingConfiguration { type_name: Some("pump-type".into()), ..ThingConfiguration::default() };
    assert_eq!(refused(registry.create_thing("pump", other.clone())), "ResourceAlreadyExistsException");
    let with = |count: usize, type_name: Option<&str>| ThingConfiguration {
        type_name: type_name.map(Into::into),
        billing_group: None,
        attributes: (0..count).map(|n| (format!("a{n}").into(), "v".into())).collect(),
    };
    registry.create_thing("three", with(3, None)).unwrap();
    assert_eq!(refused(registry.create_thing("four", with(4, None))), "InvalidRequestException");
    registry.create_thing("fifty", with(50, Some("t"))).unwrap();
    assert_eq!(refused(registry.create_thing("more", with(51, Some("t")))), "InvalidRequestException");
    for (name, value) in [("", "v"), ("a b", "v"), ("a", "v w"), ("a", "ü")] {
        let attributes = vec![(name.into(), value.into())];
        let configuration = ThingConfiguration { attributes, ..ThingConfiguration::default() };
        assert_eq!(
            refused(registry.create_thing("odd", configuration)),
            "InvalidRequestException",
            "{name}={value}"
        );
    }
    assert_eq!(refused(registry.create_thing("a/b", other)), "InvalidRequestException");
    registry.delete_thing("never-there", None).unwrap();
    registry.attach_thing_principal("pump", ONE, PrincipalKind::NonExclusive).unwrap();
    assert_eq!(refused(registry.delete_thing("pump", None)), "InvalidRequestException");
    registry.detach_thing_principal("pump", ONE).unwrap();
    registry.delete_thing("pump", None).unwrap();
    let gone = registry.attach_thing_principal("pump", ONE, PrincipalKind::NonExclusive);
    assert_eq!(refused(gone), "ResourceNotFoundException");
}

/// Check 144: whose thing a client is.
#[test]
fn the_things_variables_resolve_for_its_own_name_or_an_exclusive_certificate() {
    let mut registry = registry();
    let own = allow("Publish", "topic/${iot:Connection.Thing.ThingName}");
    registry.policies.create_policy("own", &own).unwrap();
    for id in [ONE, TWO] {
        registry.attach_policy_to_certificate("own", id).unwrap();
    }
    registry.attach_thing_principal("pump", ONE, PrincipalKind::NonExclusive).unwrap();
    registry.attach_thing_principal("fan", ONE, PrincipalKind::NonExclusive).unwrap();
    registry.attach_thing_principal("fan", TWO, PrincipalKind::Exclusive).unwrap();
    for (id, client_id, topic, expected) in [
        (ONE, "pump", "pump", true),
        (ONE, "pump", "fan", false),
        (ONE, "fan", "fan", true),
        (ONE, "other", "pump", false),
        (TWO, "other", "fan", true),
        (TWO, "other", "other", false),
    ] {
        assert_eq!(may(&registry, id, client_id, Action::Publish, topic), expected, "{client_id} on {topic}");
    }
    let second = registry.attach_thing_principal("pump", TWO, PrincipalKind::NonExclusive);
    assert_eq!(refused(second), "InvalidRequestException");
    assert_eq!(
        refused(registry.attach_thing_principal("pump", ONE, PrincipalKind::Exclusive)),
        "InvalidRequestException"
    );
}

/// Check 150: policies of a thing's groups and their ancestors, for a client of the thing's name.
#[test]
fn groups_hand_their_policies_down() {
    let mut registry = registry();
    registry.attach_thing_principal("pump", ONE, PrincipalKind::NonExclusive).unwrap();
    for (name, parent) in [("site", None), ("hall", Some("site")), ("elsewhere", None)] {
        registry.create_thing_group(name, parent).unwrap();
        registry.create_thing_group(name, parent).unwrap();
        registry.policies.create_policy(name, &allow("Publish", &format!("topic/{name}"))).unwrap();
        registry.attach_policy_to_thing_group(name, name).unwrap();
    }
    registry.add_thing_to_thing_group("pump", "hall").unwrap();
    registry.add_thing_to_thing_group("pump", "hall").unwrap();
    let publishes =
        |registry: &Registry, client: &str, topic: &str| may(registry, ONE, client, Action::Publish, topic);
    assert!(publishes(&registry, "pump", "hall") && publishes(&registry, "pump", "site"));
    assert!(!publishes(&registry, "pump", "elsewhere"));
    assert!(!publishes(&registry, "other", "hall"), "groups count for a client of the thing's name only");
    registry.attach_thing_principal("pump", TWO, PrincipalKind::Exclusive).unwrap();
    let exclusive = |client| may(&registry, TWO, client, Action::Publish, "hall");
    assert!(exclusive("pump") && !exclusive("other"), "not even for the holder of an exclusive certificate");
    registry.detach_policy_from_thing_group("site", "site").unwrap();
    assert!(!publishes(&registry, "pump", "site"));
    registry.remove_thing_from_thing_group("pump", "hall").unwrap();
    assert!(!publishes(&registry, "pump", "hall"));
}

#[test]
fn the_hierarchy_of_groups_has_its_limits() {
    let mut registry = registry();
    registry.create_thing_group("level-1", None).unwrap();
    for level in 2..=7 {
        registry
            .create_thing_group(&format!("level-{level}"), Some(&format!("level-{}", level - 1)))
            .unwrap();
    }
    assert_eq!(refused(registry.create_thing_group("level-8", Some("level-7"))), "LimitExceededException");
    assert_eq!(refused(registry.create_thing_group("level-7", None)), "ResourceAlreadyExistsException");
    assert_eq!(refused(registry.create_thing_group("x", Some("nowhere"))), "ResourceNotFoundException");
    registry.add_thing_to_thing_group("pump", "level-3").unwrap();
    assert_eq!(refused(registry.add_thing_to_thing_group("pump", "level-5")), "InvalidRequestException");
    for number in 0..9 {
        let name = format!("other-{number}");
        registry.create_thing_group(&name, None).unwrap();
        registry.add_thing_to_thing_group("pump", &name).unwrap();
    }
    registry.create_thing_group("eleventh", None).unwrap();
    assert_eq!(refused(registry.add_thing_to_thing_group("pump", "eleventh")), "LimitExceededException");
    for number in 1..=100 {
        registry.create_thing_group(&format!("child-{number}"), Some("eleventh")).unwrap();
    }
    assert_eq!(refused(registry.create_thing_group("child-101", Some("eleventh"))), "LimitExceededException");
}

/// What one policy asks for is looked up even if the others do not, wherever it is attached.
#[test]
fn facts_are_looked_up_for_whatever_policy_asks() {
    let mut registry = registry();
    let with_site = ThingConfiguration {
        type_name: Some("pump-type".into()),
        billing_group: None,
        attributes: vec![("site".into(), "north".into())],
    };
    registry.create_thing_type("pump-type", ThingTypeProperties::default()).unwrap();
    registry.create_thing("site-pump", with_site).unwrap();
    registry.attach_thing_principal("site-pump", ONE, PrincipalKind::NonExclusive).unwrap();
    let own = allow("Publish", "topic/plain");
    let by_site = allow("Publish", "topic/${iot:Connection.Thing.Attributes[site]}");
    let by_type = allow("Publish", "topic/${iot:Connection.Thing.ThingTypeName}/${aws:SourceIp}");
    let by_certificate = allow("Publish", "topic/${iot:CertificateId}");
    for (name, text) in
        [("own", &own), ("by-site", &by_site), ("by-type", &by_type), ("by-certificate", &by_certificate)]
    {
        registry.policies.create_policy(name, text).unwrap();
    }
    for name in ["by-site", "own"] {
        registry.attach_policy_to_certificate(name, ONE).unwrap();
    }
    let publishes =
        |registry: &Registry, topic: &str| may(registry, ONE, "site-pump", Action::Publish, topic);
    assert!(publishes(&registry, "plain") && publishes(&registry, "north"));
    assert!(!publishes(&registry, "south"));
    // A group brings variables that the certificate's own policies do not have.
    registry.create_thing_group("site", None).unwrap();
    registry.add_thing_to_thing_group("site-pump", "site").unwrap();
    for name in ["by-type", "by-certificate"] {
        registry.attach_policy_to_thing_group(name, "site").unwrap();
    }
    assert!(publishes(&registry, "pump-type/127.0.0.1"));
    assert!(publishes(&registry, &ONE.to_string()));
    assert!(!publishes(&registry, "pump-type/127.0.0.2"));
}
