//! The control plane of provisioning templates and temporary claims: typed calls and queries with the names of the
//! public API (`state.md` 3.4, 3.7).
//!
//! ```text
//!  TemplateCall --TemplateControl::call--> rates --> Templates, ProvisioningClaims --> TemplateReply or ApiError
//!  TemplateQuery -TemplateControl::query-> rates --> Templates::answer -------------> TemplateAnswer or ApiError
//!  JSON <--OwnedTemplateCall, OwnedTemplateQuery, parameters, to_json--> the typed ones
//! ```
//!
//! Like those of the registry, a call that fails changes nothing, and no call concerns a connection that stands: what a
//! temporary claim may do is fixed when it is made.

mod call;
mod carry_out;
mod query;
mod read;
mod write;

pub use call::{TemplateCall, TemplateReply};
pub use carry_out::TemplateControl;
pub use query::{
    TemplateAnswer, TemplateDescription, TemplateQuery, TemplateSummary, TemplateVersionDescription,
    TemplateVersionSummary,
};
pub use read::{OwnedTemplateCall, OwnedTemplateQuery, TEMPLATE_CALLS, TEMPLATE_QUERIES};
