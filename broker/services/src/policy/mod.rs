//! IoT policies (`broker.md` 9): who may do what on which topic, and how one finds out why not.
//!
//! ```text
//!  JSON text --Policy::parse--> Policy (compiled) --+
//!  Facts (client id, certificate, thing, will) -----+--> evaluate --> Verdict {decision, by which statement}
//!  Request (action, resource) ----------------------+--> explain  --> Explanation (what a person reads)
//! ```
//!
//! A document is compiled once. An evaluation allocates nothing: variables are put in place while matching.
//! [`explain`] goes through the same compiled statements and says what it found at each, so it cannot tell another
//! story than the broker did.

mod action;
mod arn;
mod certificate;
mod condition;
mod document;
mod error;
mod evaluate;
mod explain;
mod facts;
mod facts_text;
mod operator;
mod pattern;
mod rights;
mod store;
mod variable;

pub use action::Action;
pub use arn::{Account, Resource, ResourceKind};
pub use certificate::{CertificateAttribute, CertificateFacts, CertificateField, CertificateHolder};
pub use document::{Effect, MAX_DOCUMENT_CHARACTERS, Needs, Policy};
pub use error::{PolicyError, PolicyErrorKind};
pub use evaluate::{AuthDecision, Request, Semantics, StatementAt, Verdict, evaluate};
pub use explain::{Explanation, StatementNote, explain};
pub use facts::{ConnectFacts, Facts, ThingFacts};
pub use facts_text::{FACTS_HELP, OwnedFacts};
pub(crate) use rights::PolicySet;
pub use rights::{PolicyVersion, Rights};
pub use store::{
    AttachedPolicies, MAX_POLICIES_PER_PRINCIPAL, MAX_POLICIES_PER_THING_GROUP, PolicyKey, PolicyStore,
};
