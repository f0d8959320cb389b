//! May this principal do that? (`broker.md` 9.5)

use squall_profile::switch::{SubstitutedWildcard, Switches, UnresolvedVariable};

use super::action::Action;
use super::arn::Resource;
use super::document::{Effect, Policy};
use super::facts::Facts;

/// What is to be done, to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The action.
    pub action: Action,
    /// To what.
    pub resource: Resource<'a>,
}

impl<'a> Request<'a> {
    /// The action on the resource of its kind that has this name.
    #[must_use]
    pub fn new(action: Action, name: &'a str) -> Self {
        Self { action, resource: Resource::new(action.resource_kind(), name) }
    }
}

/// The disputed parts of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// What a variable without a value does (D-23).
    pub unresolved_variable: UnresolvedVariable,
    /// What wildcards inside a value do (D-24).
    pub substituted_wildcard: SubstitutedWildcard,
}

impl From<&Switches> for Semantics {
    fn from(switches: &Switches) -> Self {
        Self {
            unresolved_variable: switches.unresolved_variable,
            substituted_wildcard: switches.substituted_wildcard,
        }
    }
}

/// The answer, in the words of the API's `TestAuthorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthDecision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it, whatever others allow.
    ExplicitDeny,
    /// No statement says anything.
    ImplicitDeny,
}

impl AuthDecision {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "ALLOWED",
            Self::ExplicitDeny => "EXPLICIT_DENY",
            Self::ImplicitDeny => "IMPLICIT_DENY",
        }
    }
}

/// Which statement of which policy, both counted from 0 in the order of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementAt {
    /// Index of the policy.
    pub policy: u16,
    /// Index of the statement in it.
    pub statement: u16,
}

/// The answer and the first statement that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub decision: AuthDecision,
    /// The statement behind it; none where nothing matched.
    pub by: Option<StatementAt>,
}

impl Verdict {
    /// True if the request may go on.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self.decision == AuthDecision::Allowed
    }
}

/// Asks every policy. Any matching Deny decides; else any matching Allow; else nothing is allowed.
///
/// Allocates nothing, unless the profile lets the wildcards of values act.
pub fn evaluate<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    request: Request<'_>,
    facts: &Facts<'_>,
    semantics: Semantics,
) -> Verdict {
    let mut verdict = Verdict { decision: AuthDecision::ImplicitDeny, by: None };
    for (policy, number) in policies.into_iter().zip(0..) {
        for (statement, index) in policy.statements().iter().zip(0..) {
            let allows = statement.effect == Effect::Allow;
            // Another Allow changes nothing, so it need not be looked at.
            if allows && verdict.by.is_some() || !statement.applies(request, facts, semantics) {
                continue;
            }
            let by = Some(StatementAt { policy: number, statement: index });
            if !allows {
                return Verdict { decision: AuthDecision::ExplicitDeny, by };
            }
            verdict = Verdict { decision: AuthDecision::Allowed, by };
        }
    }
    verdict
}
