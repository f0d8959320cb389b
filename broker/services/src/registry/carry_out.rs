//! Carrying calls out: each is counted against its rate, then handed to the method of its name.

use squall_types::{CertificateId, Now};

use super::Registry;
use super::call::{ControlCall, PolicyTarget};
use super::reply::{ControlReply, PolicyMade};
use crate::api_error::ApiError;

impl Registry {
    /// Carries out a call.
    ///
    /// # Errors
    /// `Throttling` if the operation is called more often than the profile allows, and those of the operation; nothing
    /// is changed then.
    pub fn call(&mut self, now: Now, call: &ControlCall<'_>) -> Result<ControlReply, ApiError> {
        self.rates.take(now, call.operation(), self.rules.rates)?;
        match *call {
            ControlCall::CreatePolicy { .. }
            | ControlCall::CreatePolicyVersion { .. }
            | ControlCall::SetDefaultPolicyVersion { .. }
            | ControlCall::DeletePolicyVersion { .. }
            | ControlCall::DeletePolicy { .. }
            | ControlCall::AttachPolicy { .. }
            | ControlCall::DetachPolicy { .. } => self.call_policies(call),
            ControlCall::RegisterCertificate { .. }
            | ControlCall::RegisterCertificateWithoutCa { .. }
            | ControlCall::CreateKeysAndCertificate { .. }
            | ControlCall::CreateCertificateFromCsr { .. }
            | ControlCall::UpdateCertificate { .. }
            | ControlCall::DeleteCertificate { .. }
            | ControlCall::RegisterCaCertificate(_)
            | ControlCall::UpdateCaCertificate { .. }
            | ControlCall::DeleteCaCertificate { .. }
            | ControlCall::DeleteRegistrationCode => self.call_certificates(call),
            ControlCall::CreateThingGroup { .. }
            | ControlCall::UpdateThingGroup { .. }
            | ControlCall::DeleteThingGroup { .. }
            | ControlCall::AddThingToThingGroup { .. }
            | ControlCall::RemoveThingFromThingGroup { .. }
            | ControlCall::UpdateThingGroupsForThing { .. }
            | ControlCall::CreateBillingGroup { .. }
            | ControlCall::UpdateBillingGroup { .. }
            | ControlCall::DeleteBillingGroup { .. }
            | ControlCall::AddThingToBillingGroup { .. }
            | ControlCall::RemoveThingFromBillingGroup { .. } => self.call_groups(call),
            ControlCall::CreateThing { .. }
            | ControlCall::UpdateThing { .. }
            | ControlCall::DeleteThing { .. }
            | ControlCall::CreateThingType { .. }
            | ControlCall::UpdateThingType { .. }
            | ControlCall::DeprecateThingType { .. }
            | ControlCall::DeleteThingType { .. }
            | ControlCall::AttachThingPrincipal { .. }
            | ControlCall::DetachThingPrincipal { .. } => self.call_things(call),
            ControlCall::UpdateEventConfigurations { configurations } => {
                self.update_event_configurations(configurations);
                Ok(ControlReply::Done)
            }
        }
    }

    fn call_policies(&mut self, call: &ControlCall<'_>) -> Result<ControlReply, ApiError> {
        use PolicyTarget as To;
        match *call {
            ControlCall::CreatePolicy { name, document } => {
                self.policies.create_policy(name, document)?;
                return Ok(self.policy_made(name, 1, document, true));
            }
            ControlCall::CreatePolicyVersion { name, document, set_as_default } => {
                let number = self.policies.create_policy_version(name, document, set_as_default)?;
                return Ok(self.policy_made(name, number, document, set_as_default));
            }
            ControlCall::SetDefaultPolicyVersion { name, version } => {
                self.policies.set_default_policy_version(name, version)
            }
            ControlCall::DeletePolicyVersion { name, version } => {
                self.policies.delete_policy_version(name, version)
            }
            ControlCall::DeletePolicy { name } => self.policies.delete_policy(name),
            ControlCall::AttachPolicy { policy, target } => match target {
                To::Certificate(id) => self.attach_policy_to_certificate(policy, id),
                To::ThingGroup(group) => self.attach_policy_to_thing_group(policy, group),
                To::CognitoIdentity(id) => self.attach_policy_to_cognito_identity(policy, id),
            },
            ControlCall::DetachPolicy { policy, target } => match target {
                To::Certificate(id) => self.detach_policy_from_certificate(policy, id),
                To::ThingGroup(group) => self.detach_policy_from_thing_group(policy, group),
                To::CognitoIdentity(id) => self.detach_policy_from_cognito_identity(policy, id),
            },
            _ => unreachable!("another method has the other calls"),
        }
        .map(|()| ControlReply::Done)
    }

    fn call_certificates(&mut self, call: &ControlCall<'_>) -> Result<ControlReply, ApiError> {
        match *call {
            ControlCall::RegisterCertificate { certificate, ca, status } => {
                self.register_certificate_of_ca(certificate, ca, status)?;
                return Ok(self.certificate_made("cert", certificate.id));
            }
            ControlCall::RegisterCertificateWithoutCa { certificate, status } => {
                self.register_certificate_without_ca(certificate, status)?;
                return Ok(self.certificate_made("cert", certificate.id));
            }
            ControlCall::CreateKeysAndCertificate { certificate, status }
            | ControlCall::CreateCertificateFromCsr { csr: _, certificate, status } => {
                let id = self.issue_certificate(certificate, status)?;
                return Ok(self.certificate_made("cert", id));
            }
            ControlCall::RegisterCaCertificate(registration) => {
                self.register_ca_certificate(&registration)?;
                return Ok(self.certificate_made("cacert", registration.certificate.id));
            }
            ControlCall::UpdateCertificate { id, status } => self.update_certificate(id, status),
            ControlCall::DeleteCertificate { id, force } => self.delete_certificate(id, force),
            ControlCall::UpdateCaCertificate { id, update } => self.update_ca_certificate(id, &update),
            ControlCall::DeleteCaCertificate { id } => self.delete_ca_certificate(id),
            ControlCall::DeleteRegistrationCode => {
                self.delete_registration_code();
                Ok(())
            }
            _ => unreachable!("another method has the other calls"),
        }
        .map(|()| ControlReply::Done)
    }

    fn call_things(&mut self, call: &ControlCall<'_>) -> Result<ControlReply, ApiError> {
        let made = match *call {
            ControlCall::CreateThing { name, configuration } => {
                Some(self.create_thing(name, configuration.clone())?)
            }
            ControlCall::CreateThingType { name, properties } => {
                Some(self.create_thing_type(name, properties.clone())?)
            }
            _ => None,
        };
        if let Some(made) = made {
            return Ok(ControlReply::Made(Box::new(made)));
        }
        match *call {
            ControlCall::UpdateThing { name, update } => self.update_thing(name, update),
            ControlCall::DeleteThing { name, expected_version } => self.delete_thing(name, expected_version),
            ControlCall::UpdateThingType { name, properties } => {
                self.update_thing_type(name, properties.clone())
            }
            ControlCall::DeprecateThingType { name, undo } => self.deprecate_thing_type(name, undo),
            ControlCall::DeleteThingType { name } => self.delete_thing_type(name),
            ControlCall::AttachThingPrincipal { thing, id, kind } => {
                self.attach_thing_principal(thing, id, kind)
            }
            ControlCall::DetachThingPrincipal { thing, id } => self.detach_thing_principal(thing, id),
            _ => unreachable!("another method has the other calls"),
        }
        .map(|()| ControlReply::Done)
    }

    fn call_groups(&mut self, call: &ControlCall<'_>) -> Result<ControlReply, ApiError> {
        let reply = match *call {
            ControlCall::CreateThingGroup { name, parent, properties } => {
                let made = self.create_thing_group_with(name, parent, properties.clone())?;
                ControlReply::Made(Box::new(made))
            }
            ControlCall::CreateBillingGroup { name, description } => {
                ControlReply::Made(Box::new(self.create_billing_group(name, description)?))
            }
            ControlCall::UpdateThingGroup { name, update } => {
                ControlReply::Version(self.update_thing_group(name, update)?)
            }
            ControlCall::UpdateBillingGroup { name, description, expected_version } => {
                ControlReply::Version(self.update_billing_group(name, description, expected_version)?)
            }
            _ => return self.call_memberships(call).map(|()| ControlReply::Done),
        };
        Ok(reply)
    }

    fn call_memberships(&mut self, call: &ControlCall<'_>) -> Result<(), ApiError> {
        match *call {
            ControlCall::DeleteThingGroup { name, expected_version } => {
                self.delete_thing_group(name, expected_version)
            }
            ControlCall::AddThingToThingGroup { thing, group } => self.add_thing_to_thing_group(thing, group),
            ControlCall::RemoveThingFromThingGroup { thing, group } => {
                self.remove_thing_from_thing_group(thing, group)
            }
            ControlCall::UpdateThingGroupsForThing { thing, remove, add } => {
                self.update_thing_groups_for_thing(thing, remove, add)
            }
            ControlCall::DeleteBillingGroup { name, expected_version } => {
                self.delete_billing_group(name, expected_version)
            }
            ControlCall::AddThingToBillingGroup { thing, group } => {
                self.add_thing_to_billing_group(thing, group)
            }
            ControlCall::RemoveThingFromBillingGroup { thing, group } => {
                self.remove_thing_from_billing_group(thing, group)
            }
            _ => unreachable!("another method has the other calls"),
        }
    }

    fn certificate_made(&self, kind: &str, id: CertificateId) -> ControlReply {
        let rest = self.certificates.named(&id).and_then(|held| held.rest.as_ref());
        ControlReply::Certificate { id, arn: self.arn(kind, id), pem: rest.and_then(|rest| rest.pem.clone()) }
    }

    fn policy_made(&self, name: &str, version: u32, document: &str, is_default: bool) -> ControlReply {
        ControlReply::Policy(Box::new(PolicyMade {
            name: name.into(),
            arn: self.arn("policy", name),
            document: document.into(),
            version,
            is_default,
        }))
    }
}
