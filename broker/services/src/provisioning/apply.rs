//! A plan carried out, step by step (`state.md` 3.1). There is no way back: a step that fails leaves those before it.

use core::fmt;

use squall_types::CertificateId;

use super::control::Control;
use super::error::ProvisioningError;
use super::expand::{CertificatePlan, Plan, PolicyPlan, ThingPlan};
use crate::registry::{
    AttributePayload, CertificateStatus, ControlCall, PolicyTarget, ThingConfiguration, ThingUpdate,
};
use crate::template::OverrideSetting;

/// A step that was done, or the one that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operation as the API spells it.
    pub operation: &'static str,
    /// The thing, group, policy or certificate that it was about.
    pub subject: Box<str>,
}

/// A plan that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// Name of the thing, if the template has one.
    pub thing: Option<Box<str>>,
    /// What was done, in its order.
    pub steps: Vec<Step>,
}

/// A plan that was not carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningFailure {
    /// Why.
    pub error: ProvisioningError,
    /// What was done before, and stays.
    pub done: Vec<Step>,
}

impl ProvisioningFailure {
    /// Whether the same might succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.error.is_transient()
    }
}

impl From<ProvisioningError> for ProvisioningFailure {
    /// A failure before the first step.
    fn from(error: ProvisioningError) -> Self {
        Self { error, done: Vec::new() }
    }
}

/// The text for `details` of a log record.
impl fmt::Display for ProvisioningFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        for (index, step) in self.done.iter().enumerate() {
            let before = if index == 0 { "; done before and kept: " } else { ", " };
            write!(f, "{before}{} {}", step.operation, step.subject)?;
        }
        Ok(())
    }
}

/// Carries out a plan for a registered certificate.
///
/// # Errors
/// The first step that failed, and what stays.
pub fn apply(
    control: &mut Control<'_>,
    certificate: CertificateId,
    plan: &Plan,
) -> Result<Provisioned, ProvisioningFailure> {
    let mut steps = Steps { control, certificate, done: Vec::new() };
    match steps.run(plan) {
        Ok(()) => {
            let thing = plan.thing.as_ref().map(|thing| thing.name.clone());
            Ok(Provisioned { thing, steps: steps.done })
        }
        Err(error) => Err(ProvisioningFailure { error, done: steps.done }),
    }
}

struct Steps<'s, 'c> {
    control: &'s mut Control<'c>,
    certificate: CertificateId,
    done: Vec<Step>,
}

impl Steps<'_, '_> {
    fn run(&mut self, plan: &Plan) -> Result<(), ProvisioningError> {
        if let Some(thing) = &plan.thing {
            self.thing(thing)?;
        }
        for policy in &plan.policies {
            self.policy(policy)?;
        }
        if let Some(thing) = &plan.thing {
            let kind = plan.certificate.principal_kind;
            let (name, id) = (&*thing.name, self.certificate);
            self.step(name, &ControlCall::AttachThingPrincipal { thing: name, id, kind })?;
        }
        self.status(&plan.certificate)
    }

    fn thing(&mut self, plan: &ThingPlan) -> Result<(), ProvisioningError> {
        let Some(held) = self.control.registry.groups_of_thing(&plan.name) else {
            return self.new_thing(plan);
        };
        let overrides = plan.overrides;
        if [overrides.attributes, overrides.type_name, overrides.groups].contains(&OverrideSetting::Fail) {
            let message = format!("thing {} is there already", plan.name).into();
            return Err(ProvisioningError::ResourceConflicts { message });
        }
        self.update_thing(plan)?;
        let Some(wanted) = &plan.groups else { return Ok(()) };
        if overrides.groups == OverrideSetting::DoNothing {
            return Ok(());
        }
        if overrides.groups == OverrideSetting::Replace {
            for group in held.iter().filter(|group| !wanted.contains(group)) {
                let call = ControlCall::RemoveThingFromThingGroup { thing: &plan.name, group };
                self.step(group, &call)?;
            }
        }
        let missing: Vec<_> = wanted.iter().filter(|group| !held.contains(group)).collect();
        self.join(&plan.name, missing.into_iter())
    }

    fn new_thing(&mut self, plan: &ThingPlan) -> Result<(), ProvisioningError> {
        let configuration = ThingConfiguration {
            type_name: plan.type_name.clone(),
            attributes: plan.attributes.clone(),
            billing_group: plan.billing_group.clone(),
        };
        let name = &*plan.name;
        self.step(name, &ControlCall::CreateThing { name, configuration: &configuration })?;
        self.join(name, plan.groups.iter().flatten())
    }

    /// An existing thing keeps its billing group: no override setting is about it (unverified).
    fn update_thing(&mut self, plan: &ThingPlan) -> Result<(), ProvisioningError> {
        let (attributes, type_name) = (plan.overrides.attributes, plan.overrides.type_name);
        let given = !plan.attributes.is_empty() && attributes != OverrideSetting::DoNothing;
        let merge = attributes == OverrideSetting::Merge;
        let update = ThingUpdate {
            type_name: plan.type_name.clone().filter(|_| type_name == OverrideSetting::Replace),
            attributes: given.then(|| AttributePayload { attributes: plan.attributes.clone(), merge }),
            ..ThingUpdate::default()
        };
        if update == ThingUpdate::default() {
            return Ok(());
        }
        let name = &*plan.name;
        self.step(name, &ControlCall::UpdateThing { name, update: &update })
    }

    fn join<'g>(
        &mut self,
        thing: &str,
        groups: impl Iterator<Item = &'g Box<str>>,
    ) -> Result<(), ProvisioningError> {
        for group in groups {
            self.step(group, &ControlCall::AddThingToThingGroup { thing, group })?;
        }
        Ok(())
    }

    fn policy(&mut self, plan: &PolicyPlan) -> Result<(), ProvisioningError> {
        // An existing policy is reused (`state.md` 3.7).
        if let PolicyPlan::Document { name, document } = plan
            && self.control.registry.policies.get_policy(name).is_err()
        {
            self.step(name, &ControlCall::CreatePolicy { name, document })?;
        }
        let target = PolicyTarget::Certificate(self.certificate);
        let policy = plan.name();
        self.step(policy, &ControlCall::AttachPolicy { policy, target })
    }

    /// Override settings are for a certificate that was in use before, not for one that waits to be activated.
    fn status(&mut self, plan: &CertificatePlan) -> Result<(), ProvisioningError> {
        let id = self.certificate;
        let held = self.control.registry.certificate_status(id);
        let held = held.map_err(|error| ProvisioningError::Call { operation: "UpdateCertificate", error })?;
        if held != CertificateStatus::PendingActivation {
            match plan.status_override {
                OverrideSetting::DoNothing => return Ok(()),
                OverrideSetting::Fail => {
                    let message = format!("certificate {id} is {} already", held.as_str()).into();
                    return Err(ProvisioningError::ResourceConflicts { message });
                }
                OverrideSetting::Replace | OverrideSetting::Merge => {}
            }
        }
        let status = plan.status.status();
        self.step(&id.to_string(), &ControlCall::UpdateCertificate { id, status })
    }

    fn step(&mut self, subject: &str, call: &ControlCall<'_>) -> Result<(), ProvisioningError> {
        self.control.call(call)?;
        self.done.push(Step { operation: call.operation(), subject: subject.into() });
        Ok(())
    }
}
