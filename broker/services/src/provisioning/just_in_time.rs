//! Just in time: what the first connection with an unknown certificate of a registered CA does (`state.md` 3.1, 3.2,
//! `broker.md` 8.2).
//!
//! ```text
//! unknown ----> CA active, auto-registration on? --no--> refused, nothing registered
//!                 |yes
//!                 v
//!         PENDING_ACTIVATION --CA has a template--> provision: ACTIVE, or a failure that is remembered
//!                 |                                   ^ again after throttling, as `jitp_after_failure` says
//!                 +--CA has none--> registration message, again at each presentation, until somebody activates
//! ```
//!
//! The connection itself ends in every case; a later one finds what became of the certificate.

use std::collections::BTreeMap;
use std::sync::Arc;

use squall_profile::switch::JitpAfterFailure;
use squall_types::CertificateId;

use super::apply::{Provisioned, ProvisioningFailure, apply};
use super::control::Control;
use super::error::ProvisioningError;
use super::registration_message::{RegistrationMessage, registration_message};
use super::store::Templates;
use crate::registry::{CertificateStatus, RegisteredCa, RegistrationTemplate, X509Certificate};
use crate::template::Parameters;
use crate::template::{Template, TemplateKind};

/// What the presentation of a certificate that may not connect does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstContact {
    /// Nothing: it is refused.
    Refused(ContactRefusal),
    /// It is known now and waits for somebody to activate it: this message is published, the connection refused.
    Registered(RegistrationMessage),
    /// It is known now and is to be provisioned: [`JustInTime::provision`] when the time has come.
    Provision(Box<JitpRun>),
}

/// Why a certificate that may not connect is not registered, or not provisioned, by being presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactRefusal {
    /// It is known, and in a state that no presentation changes.
    Known(CertificateStatus),
    /// The client sent no server name.
    NoServerName,
    /// Its CA is not registered.
    UnknownCa,
    /// Its CA is.
    InactiveCa,
    /// Its CA is active and does not register by connecting.
    NoAutoRegistration,
    /// It is out of its time.
    OutOfTime,
    /// It is being provisioned right now.
    UnderWay,
    /// Provisioning failed before, and is not tried again.
    FailedBefore,
}

/// A run of just-in-time provisioning that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitpRun {
    /// The certificate.
    pub certificate: CertificateId,
    /// The CA that signed it.
    pub ca: CertificateId,
    /// Name of the template, if the account keeps it.
    pub template_name: Option<Box<str>>,
    template: Usable,
    parameters: Parameters,
    serial: u64,
}

/// A template, or why there is none to use: that fails the run, not the connection.
type Usable = Result<Arc<Template>, ProvisioningFailure>;

/// What became of certificates that were presented, where the registry does not say it.
#[derive(Clone, Debug)]
pub struct JustInTime {
    after_failure: JitpAfterFailure,
    /// Certificates that are being provisioned or could not be.
    runs: BTreeMap<CertificateId, Run>,
    /// The template of a CA, read once.
    bodies: BTreeMap<CertificateId, (Box<str>, Usable)>,
    /// Runs so far.
    serial: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    /// The run with this number is to be made.
    UnderWay(u64),
    Failed {
        transient: bool,
    },
}

impl JustInTime {
    /// Nobody was presented yet.
    #[must_use]
    pub const fn new(after_failure: JitpAfterFailure) -> Self {
        Self { after_failure, runs: BTreeMap::new(), bodies: BTreeMap::new(), serial: 0 }
    }

    /// A certificate is presented that may not connect: nobody has registered it, or it waits to be activated.
    /// `server_name`: whether the client sent one.
    pub fn first_contact(
        &mut self,
        control: &mut Control<'_>,
        templates: &Templates,
        certificate: &X509Certificate,
        server_name: bool,
    ) -> FirstContact {
        let known = control.registry.certificate_status(certificate.id).ok();
        let ca = match usable_ca(control, certificate, known, server_name) {
            Ok(ca) => ca,
            Err(refusal) => return FirstContact::Refused(refusal),
        };
        let registration = ca.registration.map(|config| config.template.clone());
        let ca = ca.id;
        if known.is_none() {
            // Whoever has this id now is another certificate than any that failed.
            self.runs.remove(&certificate.id);
            control.registry.set_time(control.now);
            if control.registry.register_on_connect(certificate).is_err() {
                return FirstContact::Refused(ContactRefusal::UnknownCa);
            }
        }
        match registration {
            None => FirstContact::Registered(registration_message(control, certificate.id, ca)),
            Some(template) => self.begin(templates, certificate, ca, &template),
        }
    }

    /// Makes a run; `None` if its certificate was deleted meanwhile, and whoever has its id now has a run of its own.
    ///
    /// # Errors
    /// What failed, and what was done before. The certificate stays PENDING_ACTIVATION.
    pub fn provision(
        &mut self,
        control: &mut Control<'_>,
        run: &JitpRun,
    ) -> Option<Result<Provisioned, ProvisioningFailure>> {
        if self.runs.get(&run.certificate) != Some(&Run::UnderWay(run.serial)) {
            return None;
        }
        let plan = run.template.clone().and_then(|template| Ok(template.expand(&run.parameters)?));
        let result = plan.and_then(|plan| apply(control, run.certificate, &plan));
        match &result {
            Ok(_) => self.runs.remove(&run.certificate),
            Err(failure) => {
                self.runs.insert(run.certificate, Run::Failed { transient: failure.is_transient() })
            }
        };
        Some(result)
    }

    fn begin(
        &mut self,
        templates: &Templates,
        certificate: &X509Certificate,
        ca: CertificateId,
        registration: &RegistrationTemplate,
    ) -> FirstContact {
        match self.runs.get(&certificate.id) {
            Some(Run::UnderWay(_)) => return FirstContact::Refused(ContactRefusal::UnderWay),
            Some(&Run::Failed { transient })
                if !(transient && self.after_failure == JitpAfterFailure::Again) =>
            {
                return FirstContact::Refused(ContactRefusal::FailedBefore);
            }
            Some(Run::Failed { .. }) | None => {}
        }
        self.serial += 1;
        let serial = self.serial;
        self.runs.insert(certificate.id, Run::UnderWay(serial));
        let (template_name, template) = match registration {
            RegistrationTemplate::Body(body) => (None, self.template_of_body(ca, body)),
            RegistrationTemplate::Name(name) => (Some(name.clone()), template_of_name(templates, name)),
        };
        let parameters = Parameters::of_certificate(certificate);
        FirstContact::Provision(Box::new(JitpRun {
            certificate: certificate.id,
            ca,
            template_name,
            template,
            parameters,
            serial,
        }))
    }

    fn template_of_body(&mut self, ca: CertificateId, body: &str) -> Usable {
        if let Some((known, template)) = self.bodies.get(&ca)
            && **known == *body
        {
            return template.clone();
        }
        let parsed = Template::parse(body, TemplateKind::Jitp);
        let template =
            parsed.map(Arc::new).map_err(|error| ProvisioningError::template("template", error.message));
        let template = template.map_err(ProvisioningFailure::from);
        self.bodies.insert(ca, (body.into(), template.clone()));
        template
    }
}

/// The CA that lets the certificate go on, if it may.
fn usable_ca<'r>(
    control: &'r Control<'_>,
    certificate: &X509Certificate,
    known: Option<CertificateStatus>,
    server_name: bool,
) -> Result<RegisteredCa<'r>, ContactRefusal> {
    if let Some(status) = known.filter(|status| *status != CertificateStatus::PendingActivation) {
        return Err(ContactRefusal::Known(status));
    }
    if !server_name {
        return Err(ContactRefusal::NoServerName);
    }
    let Some(ca) = control.registry.ca_of(certificate) else {
        // Issued by the service to a device that has not been provisioned.
        return Err(known.map_or(ContactRefusal::UnknownCa, ContactRefusal::Known));
    };
    if !ca.is_active {
        return Err(ContactRefusal::InactiveCa);
    }
    if !ca.auto_registration {
        return Err(ContactRefusal::NoAutoRegistration);
    }
    if !certificate.validity.covers(control.now.wall) {
        return Err(ContactRefusal::OutOfTime);
    }
    Ok(ca)
}

fn template_of_name(templates: &Templates, name: &str) -> Usable {
    let unusable = |message: String| Err(ProvisioningError::template(name, message).into());
    match templates.describe(name) {
        Err(error) => unusable(error.message),
        Ok(held) if held.kind != TemplateKind::Jitp => {
            unusable("the template is not of type JITP".to_owned())
        }
        Ok(held) if !held.enabled => unusable("the template is not enabled".to_owned()),
        Ok(held) => Ok(Arc::clone(&held.default_version().template)),
    }
}
