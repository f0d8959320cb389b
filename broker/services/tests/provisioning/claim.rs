//! Temporary claim certificates of a trusted user.

use std::net::{IpAddr, Ipv4Addr};

use squall_profile::Profile;
use squall_services::policy::{Account, Action, ConnectFacts, Facts, Request, Semantics};
use squall_services::provisioning::{ProvisioningClaims, TemplateUpdate, Templates};

use super::support::{CLAIM, at, certificate, refused, templates};

#[test]
fn a_claim_is_good_for_five_minutes_and_for_its_template() {
    let (account, templates) = (Account::default(), templates());
    let mut claims = ProvisioningClaims::default();
    let parsed = certificate(CLAIM, &[]);
    let claim = claims.create(&account, &templates, "fleet", &parsed, at(0).wall, 300).unwrap();
    assert_eq!((claim.certificate, claim.expiration), (CLAIM, at(300).wall));
    assert!(claims.access(CLAIM, at(301).wall).is_none());
    let access = claims.access(CLAIM, at(300).wall).unwrap();
    assert_eq!(access.template, "fleet");
    let facts = Facts {
        account: &account,
        client_id: Some("device"),
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        certificate_id: Some(&CLAIM),
        certificate: Some(access.facts),
        thing: None,
        connect: ConnectFacts::default(),
    };
    let semantics = Semantics::from(&Profile::named("aws-current").unwrap().switches);
    let rights = access.rights();
    for (action, name, allowed) in [
        (Action::Connect, "device", true),
        (Action::Publish, "$aws/certificates/create/json", true),
        (Action::Publish, "$aws/certificates/create-from-csr/cbor", true),
        (Action::Publish, "$aws/provisioning-templates/fleet/provision/json", true),
        (Action::Receive, "$aws/provisioning-templates/fleet/provision/json/accepted", true),
        (Action::Subscribe, "$aws/certificates/create/json/accepted", true),
        (Action::Publish, "$aws/provisioning-templates/other/provision/json", false),
        (Action::Publish, "telemetry", false),
    ] {
        let found = rights.evaluate(Request::new(action, name), &facts, semantics).is_allowed();
        assert_eq!(found, allowed, "{action:?} {name}");
    }
    assert_eq!(claims.next_end(), Some(at(300).wall));
    claims.expire(at(300).wall);
    assert!(claims.access(CLAIM, at(300).wall).is_some());
    claims.expire(at(301).wall);
    assert!(claims.access(CLAIM, at(0).wall).is_none() && claims.next_end().is_none());
}

#[test]
fn a_claim_needs_an_enabled_template_of_fleet_provisioning() {
    let (account, mut templates) = (Account::default(), templates());
    let mut claims = ProvisioningClaims::default();
    let parsed = certificate(CLAIM, &[]);
    let off = TemplateUpdate { enabled: Some(false), ..TemplateUpdate::default() };
    let mut create = |templates: &Templates, name| {
        refused(claims.create(&account, templates, name, &parsed, at(0).wall, 300))
    };
    assert_eq!(create(&templates, "none"), "ResourceNotFoundException");
    assert_eq!(create(&templates, "jitp"), "InvalidRequestException");
    templates.update(at(0).wall, "fleet", &off).unwrap();
    assert_eq!(create(&templates, "fleet"), "InvalidRequestException");
}
