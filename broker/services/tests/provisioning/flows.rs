//! Plans carried out on a registry.

use squall_services::provisioning::{
    OverrideSetting, Plan, PolicyPlan, ProvisioningError, Template, TemplateKind, ThingOverrides, apply,
};
use squall_services::registry::{
    CertificateStatus, ControlCall, PolicyTarget, PrincipalKind, Registry, ThingConfiguration,
};

use super::support::{DEVICE, at, certificate, fleet_body, registry, with};

fn plan() -> Plan {
    let template = Template::parse(&fleet_body().to_string(), TemplateKind::Fleet).unwrap();
    template.expand(&[("Serial", "7")].into_iter().collect()).unwrap()
}

fn pending() -> Registry {
    let mut registry = registry();
    registry
        .issue_certificate(Some(&certificate(DEVICE, &[])), CertificateStatus::PendingActivation)
        .unwrap();
    registry
}

/// The calls of the plan, written out.
fn each_call(plan: &Plan, mut make: impl FnMut(usize, &ControlCall<'_>)) {
    let thing = plan.thing.as_ref().unwrap();
    let configuration =
        ThingConfiguration { attributes: thing.attributes.clone(), ..ThingConfiguration::default() };
    let [PolicyPlan::Document { name: policy, document }] = &plan.policies[..] else { panic!() };
    let (name, target) = (&*thing.name, PolicyTarget::Certificate(DEVICE));
    let kind = PrincipalKind::NonExclusive;
    let calls = [
        ControlCall::CreateThing { name, configuration: &configuration },
        ControlCall::AddThingToThingGroup { thing: name, group: "lamps" },
        ControlCall::AddThingToThingGroup { thing: name, group: "west" },
        ControlCall::CreatePolicy { name: policy, document },
        ControlCall::AttachPolicy { policy, target },
        ControlCall::AttachThingPrincipal { thing: name, id: DEVICE, kind },
        ControlCall::UpdateCertificate { id: DEVICE, status: CertificateStatus::Active },
    ];
    calls.iter().enumerate().for_each(|(index, call)| make(index, call));
}

#[test]
fn a_plan_is_carried_out_in_the_order_of_the_documents() {
    let (plan, mut registry) = (plan(), pending());
    let mut by_hand = registry.clone();
    let (result, calls) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
    let provisioned = result.unwrap();
    assert_eq!(provisioned.thing.as_deref(), Some("lamp-7"));
    let mut operations = Vec::new();
    each_call(&plan, |_, call| {
        by_hand.call(at(1), call).unwrap();
        operations.push((call.operation(), None));
    });
    assert_eq!(calls, operations);
    assert_eq!(provisioned.steps.len(), operations.len());
    assert_eq!(format!("{registry:?}"), format!("{by_hand:?}"));
    assert_eq!(registry.certificate_status(DEVICE), Ok(CertificateStatus::Active));
}

/// Uses up what is left of an operation's second but for `spare` calls.
fn use_up(registry: &mut Registry, call: &ControlCall<'_>, spare: usize) {
    let mut probe = registry.clone();
    let is_throttled = |registry: &mut Registry| matches!(registry.call(at(1), call), Err(error) if error.exception.name() == "ThrottlingException");
    let mut left = 0;
    while !is_throttled(&mut probe) {
        left += 1;
    }
    for _ in spare..left {
        // Calls that fail count as well, and change nothing.
        let wrong = match *call {
            ControlCall::CreateThing { configuration, .. } => {
                ControlCall::CreateThing { name: "", configuration }
            }
            ControlCall::AddThingToThingGroup { .. } => {
                ControlCall::AddThingToThingGroup { thing: "?", group: "?" }
            }
            ControlCall::CreatePolicy { .. } => ControlCall::CreatePolicy { name: "", document: "" },
            ControlCall::AttachPolicy { target, .. } => ControlCall::AttachPolicy { policy: "?", target },
            ControlCall::AttachThingPrincipal { id, kind, .. } => {
                ControlCall::AttachThingPrincipal { thing: "?", id, kind }
            }
            ControlCall::UpdateCertificate { id, .. } => {
                ControlCall::UpdateCertificate { id, status: CertificateStatus::PendingTransfer }
            }
            other => panic!("{other:?}"),
        };
        registry.call(at(1), &wrong).unwrap_err();
    }
}

#[test]
fn a_flow_that_fails_at_a_step_leaves_exactly_the_steps_before() {
    let plan = plan();
    let mut tried = 0;
    let mut before = Vec::new();
    each_call(&plan, |failing, call| {
        let mut registry = pending();
        let spare = before.iter().filter(|operation| **operation == call.operation()).count();
        use_up(&mut registry, call, spare);
        let mut by_hand = registry.clone();
        let (result, _) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
        let failure = result.unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        let done: Vec<_> = failure.done.iter().map(|step| step.operation).collect();
        assert_eq!(done, before);
        each_call(&plan, |index, call| {
            if index < failing {
                by_hand.call(at(1), call).unwrap();
            }
        });
        assert_eq!(format!("{registry:?}"), format!("{by_hand:?}"), "step {failing}");
        assert!(failure.to_string().starts_with(&format!("{} failed with Throttling", call.operation())));
        assert_eq!(failure.to_string().contains("; done before and kept: CreateThing lamp-7"), failing > 0);
        before.push(call.operation());
        tried += 1;
    });
    assert_eq!(tried, 7);
}

#[test]
fn what_is_not_there_fails_for_good() {
    for (change, operation) in [
        (
            (|plan| plan.thing.as_mut().unwrap().type_name = Some("none".into())) as fn(&mut Plan),
            "CreateThing",
        ),
        (|plan| plan.thing.as_mut().unwrap().billing_group = Some("none".into()), "CreateThing"),
        (|plan| plan.thing.as_mut().unwrap().groups = Some(vec!["none".into()]), "AddThingToThingGroup"),
        (|plan| plan.policies = vec![PolicyPlan::Named("none".into())], "AttachPolicy"),
    ] {
        let (mut plan, mut registry) = (plan(), pending());
        change(&mut plan);
        let (result, _) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
        let failure = result.unwrap_err();
        let ProvisioningError::Call { operation: found, error } = &failure.error else { panic!("{failure}") };
        assert_eq!((*found, error.exception.name()), (operation, "ResourceNotFoundException"));
        assert!(!failure.is_transient());
        assert_eq!(registry.certificate_status(DEVICE), Ok(CertificateStatus::PendingActivation));
    }
}

/// K-17, and what each setting does with a thing that is there.
#[test]
fn a_thing_that_is_there_is_overridden_as_the_template_says() {
    use OverrideSetting::{DoNothing, Fail, Merge, Replace};
    let overrides = |attributes, groups| ThingOverrides { attributes, groups, type_name: DoNothing };
    let rows: [(ThingOverrides, &[&str]); 5] = [
        (ThingOverrides::default(), &[]),
        (overrides(Merge, DoNothing), &["UpdateThing"]),
        (overrides(Replace, DoNothing), &["UpdateThing"]),
        (overrides(DoNothing, Merge), &["AddThingToThingGroup"]),
        (overrides(DoNothing, Replace), &["RemoveThingFromThingGroup", "AddThingToThingGroup"]),
    ];
    let existing = || {
        let mut registry = pending();
        registry.create_thing_group("old", None).unwrap();
        let attributes = vec![("kept".into(), "x".into())];
        let configuration = ThingConfiguration { attributes, ..ThingConfiguration::default() };
        registry.create_thing("lamp-7", configuration).unwrap();
        for group in ["old", "west"] {
            registry.add_thing_to_thing_group("lamp-7", group).unwrap();
        }
        registry
    };
    let rest = ["CreatePolicy", "AttachPolicy", "AttachThingPrincipal", "UpdateCertificate"];
    for (overrides, expected) in rows {
        let (mut plan, mut registry) = (plan(), existing());
        plan.thing.as_mut().unwrap().overrides = overrides;
        let (result, calls) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
        result.unwrap();
        let operations: Vec<_> = calls.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(operations, [expected, &rest].concat(), "{overrides:?}");
    }
    for overrides in [overrides(Fail, DoNothing), overrides(DoNothing, Fail)] {
        let (mut plan, mut registry) = (plan(), existing());
        plan.thing.as_mut().unwrap().overrides = overrides;
        let before = format!("{registry:?}");
        let (result, _) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
        let failure = result.unwrap_err();
        assert_eq!(failure.error.name(), "ResourceConflictsException");
        assert!(failure.done.is_empty() && format!("{registry:?}") == before);
    }
}

#[test]
fn a_certificate_in_use_is_overridden_as_the_template_says() {
    for (setting, expected) in [
        (OverrideSetting::Replace, Ok(CertificateStatus::Active)),
        (OverrideSetting::DoNothing, Ok(CertificateStatus::Inactive)),
        (OverrideSetting::Fail, Err("ResourceConflictsException")),
    ] {
        let (mut plan, mut registry) = (plan(), pending());
        plan.certificate.status_override = setting;
        registry.set_certificate_status(DEVICE, CertificateStatus::Inactive).unwrap();
        let (result, _) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
        let found = result.map_err(|failure| failure.error.name());
        assert_eq!(found.map(|_| registry.certificate_status(DEVICE).unwrap()), expected);
    }
}

#[test]
fn a_policy_that_is_there_is_used_again() {
    let (plan, mut registry) = (plan(), pending());
    let PolicyPlan::Document { name, document } = &plan.policies[0] else { panic!() };
    registry.policies.create_policy(name, document).unwrap();
    let (result, calls) = with(&mut registry, at(1), |control| apply(control, DEVICE, &plan));
    result.unwrap();
    assert!(calls.iter().all(|(operation, _)| *operation != "CreatePolicy"));
}
