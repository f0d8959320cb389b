//! A template with its parameters in place: what is to be made for one device.

use sha2::{Digest, Sha256};

use super::error::ProvisioningError;
use crate::registry::{CertificateStatus, PrincipalKind};
use crate::template::Parameters;
use crate::template::{
    CertificateOutcome, CertificateResource, Evaluation, Identity, OverrideSetting, PolicyContent,
    PolicyResource, Template, TemplateError, ThingOverrides, ThingResource, principal,
};

/// What a template wants for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The thing that is created, or changed as its overrides say.
    pub thing: Option<ThingPlan>,
    /// What becomes of the certificate.
    pub certificate: CertificatePlan,
    /// Policies to attach to the certificate, in the order of the template.
    pub policies: Vec<PolicyPlan>,
    /// What the device is told, in the order of the template.
    pub device_configuration: Vec<(Box<str>, Box<str>)>,
}

/// A thing to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingPlan {
    /// Its name.
    pub name: Box<str>,
    /// Its attributes.
    pub attributes: Vec<(Box<str>, Box<str>)>,
    /// Its type.
    pub type_name: Option<Box<str>>,
    /// The groups that it joins; none given and none wanted are not the same.
    pub groups: Option<Vec<Box<str>>>,
    /// Its billing group.
    pub billing_group: Option<Box<str>>,
    /// What is done if it is there already.
    pub overrides: ThingOverrides,
}

/// What becomes of the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificatePlan {
    /// Which one it is.
    pub source: CertificateSource,
    /// The state that it ends up in.
    pub status: CertificateOutcome,
    /// What is done if it was registered before provisioning began.
    pub status_override: OverrideSetting,
    /// How the thing is attached to it.
    pub principal_kind: PrincipalKind,
}

/// Which certificate a template is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// The one that is being provisioned.
    Provisioned,
    /// A registered one, by its id.
    Id(Box<str>),
    /// One that is to be issued.
    SigningRequest(Box<str>),
    /// One that is to be registered.
    Pem {
        /// The certificate.
        certificate: Box<str>,
        /// The CA that signed it, where several share a subject.
        ca: Option<Box<str>>,
    },
}

impl CertificateOutcome {
    /// The state of the registry.
    #[must_use]
    pub const fn status(self) -> CertificateStatus {
        match self {
            Self::Active => CertificateStatus::Active,
            Self::Inactive => CertificateStatus::Inactive,
        }
    }
}

/// A policy to attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyPlan {
    /// One that is there.
    Named(Box<str>),
    /// One that is created unless it is there.
    Document {
        /// The hash of the document (`state.md` 3.7; which hash the service takes is not documented).
        name: Box<str>,
        /// JSON text.
        document: Box<str>,
    },
}

impl PolicyPlan {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) | Self::Document { name, .. } => name,
        }
    }

    fn of_document(document: Box<str>) -> Self {
        use core::fmt::Write as _;
        let mut name = String::with_capacity(64);
        for byte in Sha256::digest(document.as_bytes()) {
            // Writing to a String cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        Self::Document { name: name.into(), document }
    }
}

impl Template {
    /// Puts parameters in place.
    ///
    /// # Errors
    /// [`ProvisioningError::Template`]: a declared parameter has no value, a function fails, or a value is none that its
    /// property may have.
    pub fn expand(&self, parameters: &Parameters) -> Result<Plan, ProvisioningError> {
        Ok(self.expanded(parameters)?)
    }

    fn expanded(&self, parameters: &Parameters) -> Result<Plan, TemplateError> {
        let mut evaluation = Evaluation::new(&self.declared, parameters);
        // A declared parameter without a value fails, whether anything refers to it or not (`state.md` 3.1).
        for parameter in &self.declared.parameters {
            if evaluation.parameter(&parameter.name).is_none() {
                let message = format_args!("parameter {} has no value", parameter.name);
                return Err(TemplateError::new(format_args!("Parameters.{}", parameter.name), message));
            }
        }
        let thing = self.thing.as_ref().map(|thing| thing.expand(&mut evaluation)).transpose()?;
        let certificate = self.certificate.expand(&mut evaluation)?;
        let policies = self.policies.iter().map(|policy| policy.expand(&mut evaluation));
        let policies = policies.collect::<Result<_, _>>()?;
        let entry = |(name, value): &(Box<str>, _)| {
            Ok((name.clone(), evaluation.text(&format!("DeviceConfiguration.{name}"), value)?))
        };
        let device_configuration = self.device_configuration.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Plan { thing, certificate, policies, device_configuration })
    }
}

impl ThingResource {
    fn place(&self, property: &str) -> String {
        format!("Resources.{}.Properties.{property}", self.logical_name)
    }

    fn expand(&self, evaluation: &mut Evaluation<'_>) -> Result<ThingPlan, TemplateError> {
        let name = evaluation.text(&self.place("ThingName"), &self.name)?;
        let attribute = |(name, value): &(Box<str>, _)| {
            let place = self.place(&format!("AttributePayload.{name}"));
            Ok((name.clone(), evaluation.text(&place, value)?))
        };
        let attributes = self.attributes.iter().map(attribute).collect::<Result<_, _>>()?;
        let mut optional = |property, value: &Option<_>| {
            value.as_ref().map(|value| evaluation.text(&self.place(property), value)).transpose()
        };
        let type_name = optional("ThingTypeName", &self.type_name)?;
        let billing_group = optional("BillingGroup", &self.billing_group)?;
        let groups = self.groups.as_ref();
        let groups = groups.map(|list| evaluation.texts(&self.place("ThingGroups"), list)).transpose()?;
        Ok(ThingPlan { name, attributes, type_name, groups, billing_group, overrides: self.overrides })
    }
}

impl CertificateResource {
    fn place(&self, property: &str) -> String {
        format!("Resources.{}.Properties.{property}", self.logical_name)
    }

    fn expand(&self, evaluation: &mut Evaluation<'_>) -> Result<CertificatePlan, TemplateError> {
        let source = match &self.identity {
            Identity::Provisioned => CertificateSource::Provisioned,
            Identity::Id(id) => CertificateSource::Id(evaluation.text(&self.place("CertificateId"), id)?),
            Identity::SigningRequest(request) => {
                let place = self.place("CertificateSigningRequest");
                CertificateSource::SigningRequest(evaluation.text(&place, request)?)
            }
            Identity::Pem { certificate, ca } => CertificateSource::Pem {
                certificate: evaluation.text(&self.place("CertificatePem"), certificate)?,
                ca: ca.as_ref().map(|ca| evaluation.text(&self.place("CACertificatePem"), ca)).transpose()?,
            },
        };
        let status = self.status.as_ref().map_or(Ok(CertificateOutcome::default()), |status| {
            let place = self.place("Status");
            let text = evaluation.text(&place, status)?;
            CertificateOutcome::parse(&text).map_err(|message| TemplateError::new(place, message))
        })?;
        let principal_kind =
            self.principal_kind.as_ref().map_or(Ok(PrincipalKind::NonExclusive), |kind| {
                let place = self.place("ThingPrincipalType");
                let text = evaluation.text(&place, kind)?;
                principal(&text).map_err(|message| TemplateError::new(place, message))
            })?;
        Ok(CertificatePlan { source, status, status_override: self.status_override, principal_kind })
    }
}

impl PolicyResource {
    fn expand(&self, evaluation: &mut Evaluation<'_>) -> Result<PolicyPlan, TemplateError> {
        match &self.content {
            PolicyContent::Name(name) => {
                Ok(PolicyPlan::Named(evaluation.text(&self.place("PolicyName"), name)?))
            }
            PolicyContent::Document(node) => {
                let place = self.place("PolicyDocument");
                Ok(PolicyPlan::of_document(evaluation.document(&place, node)?))
            }
        }
    }
}
