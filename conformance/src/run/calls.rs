//! Calls of the account, and what functions say that the case stands for.

use super::{Failed, Runner};
use crate::wire_text::{AskWritten, AuthorizerSays, CallWritten, Fill, HookSays, Step, answer_mismatches};

impl Runner<'_> {
    pub(super) fn authorizer(
        &mut self,
        link: &str,
        says: &AuthorizerSays,
        step: &Step,
    ) -> Result<(), Failed> {
        self.ladder.note(self.world.now(), link, step.text.clone());
        self.world.authorizer(link, says).map_err(|actual| Failed {
            step: step.text.clone(),
            line: step.line,
            expected: step.text.clone(),
            actual,
        })
    }

    pub(super) fn hook(&mut self, function: &str, says: &HookSays, step: &Step) -> Result<(), Failed> {
        self.ladder.note(self.world.now(), "", step.text.clone());
        let said = match says {
            HookSays::Answers(text) => self.world.hook(function, Ok(text)),
            HookSays::Fails => self.world.hook(function, Err("the function failed")),
            HookSays::Heard(wanted) => self.world.heard(function).and_then(|event| {
                let fill = Fill { count: 1, prefix: &self.prefix, names: self.names };
                let words = answer_mismatches(wanted, event, &fill, &mut self.notes);
                if words.is_empty() { Ok(()) } else { Err(words.join(", ")) }
            }),
        };
        said.map_err(|actual| Failed {
            step: step.text.clone(),
            line: step.line,
            expected: step.text.clone(),
            actual,
        })
    }

    pub(super) fn ask(&mut self, ask: &AskWritten, count: u64) -> Result<(), (String, String)> {
        let operation = &ask.operation;
        let name = ask.error.as_ref().map(|error| error.name.as_str());
        let mut expected = match name {
            None => format!("{operation} succeeds"),
            Some(name) => format!("{operation} answers {name}"),
        };
        let message = ask.error.as_ref().map_or(Ok(None), |error| error.fill(&self.notes));
        let filled = ask.fill(count, &self.notes).and_then(|parameters| Ok((parameters, message?)));
        let answer =
            filled.and_then(|(parameters, message)| Ok((self.world.ask(operation, &parameters)?, message)));
        let (answer, message) = match answer {
            Ok(answer) => answer,
            Err(problem) => return Err((expected, problem)),
        };
        self.answer = Some(answer.body);
        let (found, text) = answer.error.map_or((None, String::new()), |(name, text)| (Some(name), text));
        let word = found.unwrap_or("success");
        self.ladder.note(self.world.now(), "", format!("call {operation} -> {word}"));
        let told = if text.is_empty() { word.to_owned() } else { format!("{word} \"{text}\"") };
        if found != name {
            return Err((expected, told));
        }
        match message {
            Some(message) if message != text => {
                expected = format!("{expected} \"{message}\"");
                Err((expected, told))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn call(&mut self, call: &CallWritten, count: u64) -> Result<(), (String, String)> {
        let expected = match &call.error {
            None => format!("{} succeeds", call.operation),
            Some(error) => format!("{} answers {error}", call.operation),
        };
        let answer = match self.world.call(call, count, &self.prefix) {
            Ok(answer) => answer,
            Err(problem) => return Err((expected, problem)),
        };
        let word = answer.as_deref().unwrap_or("success");
        self.ladder.note(self.world.now(), "", format!("call {} -> {word}", call.operation));
        if answer == call.error { Ok(()) } else { Err((expected, word.to_owned())) }
    }
}
