//! What the broker asks of the outside: keys and signatures are given at once, hooks and authorizers wait for the case.

use std::collections::BTreeMap;

use serde_json::Value;
use squall_core::{Answer, AskId, Input, OwnedQuestion};
use squall_services::registry::X509Certificate;
use squall_types::{CertificateId, Owner};

use super::SimWorld;

/// How a request for a certificate begins that somebody could sign (RFC 7468).
const SIGNING_REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----";

/// Private keys are secret, so nobody can tell this from one.
const PRIVATE_KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";

/// What the functions of hooks and rules were asked, and how many certificates were issued.
#[derive(Debug, Default)]
pub(super) struct Outside {
    invoked: BTreeMap<Box<str>, Invocations>,
    issued: u64,
}

/// The invocations of one function.
#[derive(Debug, Default)]
struct Invocations {
    number: u64,
    /// The last one by a hook, and its event.
    last: Option<(AskId, Value)>,
}

impl Outside {
    fn invoke(&mut self, function: &str) -> &mut Invocations {
        let invocations = self.invoked.entry(function.into()).or_default();
        invocations.number += 1;
        invocations
    }

    /// How often a function was invoked.
    pub(super) fn times_invoked(&self, function: &str) -> u64 {
        self.invoked.get(function).map_or(0, |invocations| invocations.number)
    }

    /// A certificate that nobody had before.
    fn issue(&mut self) -> X509Certificate {
        self.issued += 1;
        let id = CertificateId::of(Owner::named("conformance-issued").member(self.issued));
        let pem = format!("-----BEGIN CERTIFICATE-----\n{id}\n-----END CERTIFICATE-----\n");
        X509Certificate { pem: Some(pem.into()), ..X509Certificate::new(id) }
    }
}

impl SimWorld<'_> {
    /// Begins to answer a question: without the case if that is enough.
    pub(super) fn take_question(&mut self, ask: AskId, question: &OwnedQuestion) {
        match question {
            OwnedQuestion::Authorize(client) => self.ask_authorizer(ask, client),
            OwnedQuestion::CreateKeys => self.issue(ask, Some(PRIVATE_KEY)),
            OwnedQuestion::SignRequest { signing_request } => {
                if signing_request.trim_start().starts_with(SIGNING_REQUEST) {
                    self.issue(ask, None);
                } else {
                    let answer = Answer::Failed { what: "it is no signing request" };
                    self.input(Input::Answer { ask, answer });
                }
            }
            OwnedQuestion::InvokeHook { function_arn, event } => {
                let event = serde_json::from_str(event).expect("the event of a hook is JSON");
                let function = function_arn.rsplit(':').next().unwrap_or(function_arn);
                self.outside.invoke(function).last = Some((ask, event));
            }
            // Nobody waits.
            OwnedQuestion::InvokeRule { function, .. } => {
                self.outside.invoke(function);
            }
        }
    }

    fn issue(&mut self, ask: AskId, private_key: Option<&str>) {
        let certificate = self.outside.issue();
        let answer = Answer::Issued { certificate: &certificate, private_key };
        self.input(Input::Answer { ask, answer });
    }

    /// The case is the function of a hook.
    pub(super) fn hook_says(&mut self, function: &str, answer: Result<&str, &str>) -> Result<(), String> {
        self.meet_deadlines(self.now);
        let (ask, _) = self.last_invocation(function)?;
        let ask = *ask;
        let answer = match answer {
            Ok(payload) => Answer::Returned { payload },
            Err(what) => Answer::Failed { what },
        };
        self.input(Input::Answer { ask, answer });
        Ok(())
    }

    /// The last time that a hook has invoked a function, with the event that it gave it.
    pub(super) fn last_invocation(&self, function: &str) -> Result<&(AskId, Value), String> {
        let invocations = self.outside.invoked.get(function);
        let last = invocations.and_then(|invocations| invocations.last.as_ref());
        last.ok_or_else(|| format!("no hook has invoked '{function}'"))
    }
}
