//! Provisioning: how a device gets an identity (`state.md` 3).
//!
//! ```text
//! JITP   certificate of a registered CA --just_in_time--> template + its subject ----+
//! JITR   the same, without a template --just_in_time--> a message for somebody else  |
//! fleet  claim certificate --fleet--> new certificate + ownership token              |
//!        token + parameters [+ hook] --fleet--> template + parameters ---------------+
//!                                                                                    v
//!                                     registry <--apply-- Plan <--expand-- Template
//! ```
//!
//! Keys, signatures, a hook's answer and tokens come from outside: whoever drives this is asked for them.

mod answer;
mod apply;
mod claim;
mod control;
mod error;
mod expand;
mod fleet;
mod hook;
mod just_in_time;
mod parameters;
mod payload;
mod registration_message;
mod rejection;
mod store;
mod template_api;
mod token;
mod topic;

pub use answer::{FleetAnswer, Outcome};
pub use apply::{Provisioned, ProvisioningFailure, Step, apply};
pub use claim::{ClaimAccess, ProvisioningClaim, ProvisioningClaims, minimal_claim_policy};
pub use control::{Control, OnCall};
pub use error::ProvisioningError;
pub use expand::{CertificatePlan, CertificateSource, Plan, PolicyPlan, ThingPlan};
pub use fleet::{
    Begun, FleetProvisioning, FleetRequest, IssuedCertificate, PendingCertificate, PendingRegistration,
};
pub use just_in_time::{ContactRefusal, FirstContact, JitpRun, JustInTime};
pub use registration_message::RegistrationMessage;
pub use rejection::{HookFailure, Rejection};
pub use store::{
    HOOK_PAYLOAD_VERSION, MAX_TEMPLATE_VERSIONS, MAX_TEMPLATES, NewHook, NewTemplate, ProvisioningHook,
    ProvisioningTemplate, TemplateUpdate, TemplateVersion, Templates,
};
pub use template_api::{
    OwnedTemplateCall, OwnedTemplateQuery, TEMPLATE_CALLS, TEMPLATE_QUERIES, TemplateAnswer, TemplateCall,
    TemplateControl, TemplateDescription, TemplateQuery, TemplateReply, TemplateSummary,
    TemplateVersionDescription, TemplateVersionSummary,
};
pub use topic::{Direction, FleetApi, FleetTopic, PayloadFormat};

pub use crate::template::{
    CERTIFICATE_ID, CertificateOutcome, MAX_TEMPLATE_BYTES, OverrideSetting, Parameters, Template,
    TemplateKind, ThingOverrides,
};
