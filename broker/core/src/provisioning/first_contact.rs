//! A certificate is shown that may not connect: it may register by that, and be provisioned (`state.md` 3.1, 3.2).

use squall_codec::Publish;
use squall_profile::Decision;
use squall_services::provisioning::{ContactRefusal, FirstContact, JitpRun, RegistrationMessage};
use squall_services::registry::X509Certificate;
use squall_types::Timestamp;

use crate::broker::{Broker, Step};
use crate::fact::{ConnectRefusal, Fact};
use crate::input::Tag;
use crate::sink::Sink;
use crate::timer::TimerKind;

/// A run of just-in-time provisioning that waits for its time.
#[derive(Debug)]
pub(super) struct DueRun {
    at: Timestamp,
    /// Whose device it is.
    tag: Tag,
    run: Box<JitpRun>,
}

/// What becomes of a certificate that is shown and may not connect.
pub(crate) enum Contact {
    /// It is refused as it would be anywhere; the reason may be another one.
    Refused(Option<ConnectRefusal>),
    /// TLS completes, and the connection ends a moment later.
    Begun,
}

impl Broker {
    /// Shows a certificate that is unknown or not active to its CA.
    pub(crate) fn first_contact<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        certificate: &X509Certificate,
        server_name: Option<&str>,
    ) -> Contact {
        let id = certificate.id;
        let was_known = self.registry.certificate_status(id).is_ok();
        let contact = self.provision(step, tag, |control, provisioning| {
            let templates = &provisioning.templates;
            provisioning.just_in_time.first_contact(control, templates, certificate, server_name.is_some())
        });
        let begun = match contact {
            FirstContact::Refused(refusal) => return Contact::Refused(self.contact_refusal(refusal)),
            FirstContact::Registered(message) => Err(message),
            FirstContact::Provision(run) => Ok(run),
        };
        if !was_known {
            step.sink.fact(Fact::RegisteredOnConnect { tag, certificate: &id });
        }
        match begun {
            Err(message) => self.publish_registration(step, &message),
            Ok(run) => {
                self.assumptions.note(Decision::JitpTime);
                let wait = u64::from(self.limits.jitp_seconds) * 1_000_000_000;
                let at = step.now.mono.plus_nanos(wait);
                self.provisioning.runs.push_back(DueRun { at, tag, run });
                self.timers.set(at, TimerKind::JustInTime, 0, 0);
            }
        }
        Contact::Begun
    }

    /// What the refusal of a first contact is told as, where it is not told as the certificate's state.
    fn contact_refusal(&mut self, refusal: ContactRefusal) -> Option<ConnectRefusal> {
        match refusal {
            ContactRefusal::NoServerName => Some(ConnectRefusal::NoServerName),
            ContactRefusal::OutOfTime => Some(ConnectRefusal::CertificateDates),
            ContactRefusal::FailedBefore => {
                self.assumptions.note(Decision::JitpAfterFailure);
                None
            }
            ContactRefusal::Known(_)
            | ContactRefusal::UnknownCa
            | ContactRefusal::InactiveCa
            | ContactRefusal::NoAutoRegistration
            | ContactRefusal::UnderWay => None,
        }
    }

    /// No document names a QoS; the message comes again with each presentation, so it promises no more than lifecycle
    /// messages do.
    fn publish_registration<S: Sink>(&mut self, step: &mut Step<'_, S>, message: &RegistrationMessage) {
        self.publish_own(step, &Publish::new(&message.topic, message.payload.as_bytes()));
    }

    /// Makes the runs whose time has come.
    pub(crate) fn on_just_in_time<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        let now = step.now.mono;
        while let Some(due) = self.provisioning.runs.pop_front_if(|due| due.at <= now) {
            let DueRun { tag, run, .. } = due;
            let result = self.provision(step, tag, |control, provisioning| {
                provisioning.just_in_time.provision(control, &run)
            });
            let Some(result) = result else { continue };
            self.assumptions.note(Decision::OverrideSettings);
            step.sink.fact(Fact::JustInTime {
                tag,
                certificate: &run.certificate,
                template: run.template_name.as_deref(),
                result: result.as_ref(),
            });
        }
    }
}
