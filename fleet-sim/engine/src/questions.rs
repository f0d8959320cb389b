//! What the broker asks of the outside: each question to whoever can answer it, never within the call that asked.

use std::collections::BTreeMap;

use squall_core::{Answer, AskId, Input, OwnedQuestion};
use squall_services::registry::Validity;

use crate::event::Event;
use crate::fingerprint::ItemKind;
use crate::world::World;

/// Answers that are ready, by the number in the event that gives them.
#[derive(Debug, Default)]
pub(crate) struct ReadyAnswers {
    ready: BTreeMap<u32, (AskId, Ready)>,
    numbered: u32,
}

/// An answer that needs nobody's time.
#[derive(Debug)]
enum Ready {
    /// A certificate of the service's, with a key of its own or for the device's.
    Issue { with_key: bool },
    /// It cannot be done: why.
    Failed(&'static str),
}

impl World {
    /// Hands on what the broker has asked.
    pub(crate) fn pass_questions(&mut self) {
        for (ask, question) in std::mem::take(&mut self.asked) {
            match question {
                OwnedQuestion::Authorize(client) => self.ask_authorizer(ask, &client),
                OwnedQuestion::CreateKeys => self.get_ready(ask, Ready::Issue { with_key: true }),
                OwnedQuestion::SignRequest { signing_request } => {
                    let ready = if is_request(&signing_request) {
                        Ready::Issue { with_key: false }
                    } else {
                        Ready::Failed("it is no PEM text of a certificate signing request")
                    };
                    self.get_ready(ask, ready);
                }
                OwnedQuestion::InvokeHook { function_arn, event } => {
                    self.invoke_for_hook(ask, &function_arn, &event);
                }
                OwnedQuestion::InvokeRule { function, payload, .. } => {
                    self.invoke_for_rule(&function, &payload);
                }
            }
        }
    }

    /// No hook can be asked: the broker hears of it like of one that fails.
    pub(crate) fn fail_question(&mut self, ask: AskId, why: &'static str) {
        self.get_ready(ask, Ready::Failed(why));
    }

    fn get_ready(&mut self, ask: AskId, ready: Ready) {
        let number = self.answers.numbered;
        self.answers.numbered = number.wrapping_add(1);
        self.answers.ready.insert(number, (ask, ready));
        // No document says how long the service takes to make a key or a signature: no time.
        self.wheel.push(self.now, Event::AnswerReady { answer: number });
    }

    pub(crate) fn on_answer_ready(&mut self, number: u32) {
        let Some((ask, ready)) = self.answers.ready.remove(&number) else { return };
        match ready {
            Ready::Issue { with_key } => {
                let validity = Validity::issued_at(self.clock().wall);
                let (certificate, private_key) = self.issuer.issue(self.chance, validity, with_key);
                self.note_world(ItemKind::CertificateIssued, &certificate.id.0);
                let private_key = private_key.as_deref();
                let answer = Answer::Issued { certificate: &certificate, private_key };
                self.serve_at_once(Input::Answer { ask, answer });
            }
            Ready::Failed(what) => {
                self.serve_at_once(Input::Answer { ask, answer: Answer::Failed { what } });
            }
        }
    }
}

/// Whether a text is one of a certificate signing request. Nothing in a simulation has a key, so nobody reads on.
fn is_request(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN CERTIFICATE REQUEST-----")
}
