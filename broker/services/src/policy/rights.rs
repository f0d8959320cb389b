//! What a principal was allowed when its policies were last read.

use std::sync::Arc;

use smallvec::SmallVec;

use super::document::{Needs, Policy};
use super::evaluate::{Request, Semantics, StatementAt, Verdict, evaluate};
use super::explain::{Explanation, explain};
use super::facts::Facts;

/// One version of a policy: immutable, so that whoever was given it may keep it while the account moves on.
#[derive(Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// The policy's name.
    pub name: Box<str>,
    /// The version's number, from 1.
    pub number: u32,
    /// The document as it was given.
    pub document: Box<str>,
    /// The document compiled.
    pub policy: Policy,
}

pub(crate) type PolicySet = SmallVec<[Arc<PolicyVersion>; 1]>;

/// Policies that count together: those of a principal, and those that its things' groups hand down.
///
/// A snapshot: changes in the account reach whoever holds it only when it is read anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    own: PolicySet,
    /// By thing: what counts beside `own` for a client of the thing's name (`broker.md` 9.5).
    inherited: Vec<(Box<str>, PolicySet)>,
    needs: Needs,
}

impl Rights {
    pub(crate) fn new(own: PolicySet, inherited: Vec<(Box<str>, PolicySet)>) -> Self {
        let all = own.iter().chain(inherited.iter().flat_map(|(_, policies)| policies));
        let needs = all.fold(Needs::default(), |needs, version| needs | version.policy.needs());
        Self { own, inherited, needs }
    }

    /// Rights that somebody outside grants, such as a custom authorizer: the policies in their order.
    #[must_use]
    pub fn granted(policies: impl IntoIterator<Item = Policy>) -> Self {
        let own = policies.into_iter().enumerate().map(|(index, policy)| {
            let name = format!("policyDocuments[{index}]").into();
            Arc::new(PolicyVersion { name, number: 1, document: Box::default(), policy })
        });
        Self::new(own.collect(), Vec::new())
    }

    /// Which facts the policies ask for; the others need not be looked up.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        self.needs
    }

    /// The policies in force for a client, in the order of evaluation.
    pub fn policies(&self, client_id: &str) -> impl Iterator<Item = &PolicyVersion> {
        let inherited = self.inherited.iter().filter(move |(thing, _)| **thing == *client_id);
        self.own.iter().chain(inherited.flat_map(|(_, policies)| policies)).map(|version| &**version)
    }

    /// May the client do it? Allocates nothing, as [`evaluate`].
    #[must_use]
    pub fn evaluate(&self, request: Request<'_>, facts: &Facts<'_>, semantics: Semantics) -> Verdict {
        let client_id = facts.client_id.unwrap_or_default();
        evaluate(self.policies(client_id).map(|version| &version.policy), request, facts, semantics)
    }

    /// Why the client may or may not.
    #[must_use]
    pub fn explain(&self, request: Request<'_>, facts: &Facts<'_>, semantics: Semantics) -> Explanation {
        let client_id = facts.client_id.unwrap_or_default();
        let policies: Vec<(&str, &Policy)> =
            self.policies(client_id).map(|version| (&*version.name, &version.policy)).collect();
        explain(&policies, request, facts, semantics)
    }

    /// Whether a policy in force names a variable that has no value (D-23).
    #[must_use]
    pub fn has_unresolved(&self, facts: &Facts<'_>) -> bool {
        let client_id = facts.client_id.unwrap_or_default();
        self.policies(client_id).any(|version| version.policy.has_unresolved(facts))
    }

    /// The name of the policy that a statement is in.
    #[must_use]
    pub fn policy_name(&self, client_id: &str, at: StatementAt) -> Option<&str> {
        self.policies(client_id).nth(at.policy.into()).map(|version| &*version.name)
    }
}
