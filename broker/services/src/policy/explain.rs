//! Why a request is allowed or denied, for a person.

use core::fmt;

use super::arn::ResourceKind;
use super::document::{Effect, Policy, Statement};
use super::evaluate::{AuthDecision, Request, Semantics, StatementAt, Verdict, evaluate};
use super::facts::Facts;

/// The answer to a request and what every statement had to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Action and whole resource, as asked.
    pub request: String,
    /// The answer.
    pub verdict: Verdict,
    /// One note a statement, in the order of evaluation.
    pub notes: Vec<StatementNote>,
    deciding: Option<usize>,
}

/// What one statement had to do with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementNote {
    /// Name of the policy and place of the statement, with its `Sid`.
    pub statement: String,
    /// True if the statement applies to the request.
    pub applies: bool,
    /// True if it names the action: the notes of the others are rarely worth reading.
    pub names_action: bool,
    /// Why it applies or does not.
    pub why: String,
}

/// Evaluates as [`evaluate`] does and notes what each statement found.
#[must_use]
pub fn explain(
    policies: &[(&str, &Policy)],
    request: Request<'_>,
    facts: &Facts<'_>,
    semantics: Semantics,
) -> Explanation {
    let verdict = evaluate(policies.iter().map(|(_, policy)| *policy), request, facts, semantics);
    let mut notes = Vec::new();
    let mut deciding = None;
    for (number, (name, policy)) in policies.iter().enumerate() {
        for (index, statement) in policy.statements().iter().enumerate() {
            let here =
                |by: StatementAt| (usize::from(by.policy), usize::from(by.statement)) == (number, index);
            if verdict.by.is_some_and(here) {
                deciding = Some(notes.len());
            }
            let sid = statement.sid.as_deref().map(|sid| format!(" ({sid})")).unwrap_or_default();
            notes.push(StatementNote {
                statement: format!("{name} Statement[{index}]{sid}"),
                applies: statement.applies(request, facts, semantics),
                names_action: statement.names(request.action),
                why: why(statement, request, facts, semantics),
            });
        }
    }
    Explanation {
        request: format!("{} on {}", request.action, request.resource.arn(facts.account)),
        verdict,
        notes,
        deciding,
    }
}

fn why(statement: &Statement, request: Request<'_>, facts: &Facts<'_>, semantics: Semantics) -> String {
    let effect = match statement.effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    };
    if !statement.names(request.action) {
        return format!("{effect} other actions, not {}", request.action);
    }
    let listed = |covering_only: bool| {
        let listed = statement
            .resources
            .iter()
            .filter(|resource| !covering_only || resource.covers(request, facts, semantics));
        listed.map(|resource| resource.whole.substituted(facts)).collect::<Vec<_>>().join(", ")
    };
    if statement.fails_unresolved(facts, semantics) {
        return format!(
            "a variable has no value, so the statement does not apply{}",
            unresolved(statement, facts)
        );
    }
    if !statement.covers(request, facts, semantics) {
        if statement.inverted {
            return format!("{effect} everything but {}", listed(true));
        }
        return format!(
            "{effect} it on {}, which does not cover the resource{}{}",
            listed(false),
            wrong_kind(statement, request),
            unresolved(statement, facts)
        );
    }
    if let Some(condition) = statement.conditions.iter().find(|condition| !condition.holds(facts, semantics))
    {
        let mut found = Vec::new();
        facts.each_value(&condition.key, |value| found.push(value.pieces().concat()));
        let found = if found.is_empty() { String::from("no value") } else { found.join(", ") };
        return format!("{effect} it only if {}; found {found}", condition.spelling);
    }
    if statement.inverted {
        return format!("{effect} everything but {}", listed(false));
    }
    format!("{effect} it on {}", listed(true))
}

/// The commonest mistake: the action is granted on ARNs of another kind.
fn wrong_kind(statement: &Statement, request: Request<'_>) -> String {
    let needed = request.action.resource_kind();
    let marker = format!(":{}/", needed.text());
    let spells = |pattern: &str| pattern.contains(&marker) || pattern.contains('*') && !pattern.contains('/');
    let is_possible = statement.resources.iter().any(|resource| spells(&resource.spelling));
    if needed == ResourceKind::Everything || is_possible {
        return String::new();
    }
    format!("; {} is checked against {}/... ARNs only", request.action, needed.text())
}

fn unresolved(statement: &Statement, facts: &Facts<'_>) -> String {
    let names: Vec<String> = statement
        .resources
        .iter()
        .map(|resource| resource.whole.unresolved(facts))
        .filter(|names| !names.is_empty())
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!("; without value: {}", names.join(", "))
}

impl Explanation {
    /// The note of the statement that decided, if one did.
    #[must_use]
    pub fn deciding(&self) -> Option<&StatementNote> {
        self.deciding.map(|index| &self.notes[index])
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.verdict.decision.as_str(), self.request)?;
        if self.verdict.decision == AuthDecision::ImplicitDeny {
            writeln!(f, "  no statement allows it")?;
        }
        for note in self.notes.iter().filter(|note| note.names_action) {
            let mark = if note.applies { "applies" } else { "no match" };
            writeln!(f, "  {mark:8}  {}: {}", note.statement, note.why)?;
        }
        let others = self.notes.iter().filter(|note| !note.names_action).count();
        match others {
            0 => Ok(()),
            1 => writeln!(f, "  1 other statement does not name the action"),
            _ => writeln!(f, "  {others} other statements do not name the action"),
        }
    }
}
