//! What a registered device costs while nothing happens.

use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{
    CertificateStatus, PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties, X509Certificate,
};
use squall_types::{CertificateId, Owner};

const DEVICES: u32 = 10_000;
const MOST_BYTES: i64 = 1_536;

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Certificate, policy, thing of a type with two attributes, and what attaches them. `parsed` certificates have dates.
fn register(registry: &mut Registry, index: u32, parsed: bool) {
    let id = CertificateId::of(Owner(u64::from(index)));
    if parsed {
        let certificate = X509Certificate::new(id);
        registry.register_certificate_without_ca(&certificate, CertificateStatus::Active).unwrap();
    } else {
        let text = id.to_string();
        let facts = CertificateFacts::new(&text[..16]);
        registry.register_certificate(id, facts, CertificateStatus::Active).unwrap();
    }
    registry.attach_policy_to_certificate("p", id).unwrap();
    let name = format!("fleet-pump-{index:08}");
    let configuration = ThingConfiguration {
        type_name: Some("pump".into()),
        attributes: vec![
            ("site".into(), format!("site-{:04}", index % 100).into()),
            ("firmware".into(), "2.14.3".into()),
        ],
        billing_group: None,
    };
    registry.create_thing(&name, configuration).unwrap();
    registry.attach_thing_principal(&name, id, PrincipalKind::NonExclusive).unwrap();
}

/// Issue 5: at most 1.5 KiB a registered idle thing with certificate, attachment and two attributes.
#[test]
fn an_idle_registered_thing_takes_little_memory() {
    for parsed in [false, true] {
        let mut registry = Registry::new(Account::default());
        registry.policies.create_policy("p", EVERYTHING).unwrap();
        registry.create_thing_type("pump", ThingTypeProperties::default()).unwrap();
        let spent = allocation_counter::measure(|| {
            for index in 0..DEVICES {
                register(&mut registry, index, parsed);
            }
        });
        let each = spent.bytes_current / i64::from(DEVICES);
        println!("parsed {parsed}: {each} bytes a device");
        assert!(each <= MOST_BYTES, "{each} bytes a device, parsed {parsed}");
        assert!(each > 100, "the measurement sees what is kept");
    }
}
