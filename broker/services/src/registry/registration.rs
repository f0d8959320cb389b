//! What becomes of certificates that register by connecting (`state.md` 2.8, 3.1).

use crate::api_error::ApiError;
use crate::template::{Template, TemplateKind};

/// The template that they are provisioned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationTemplate {
    /// Its JSON text.
    Body(Box<str>),
    /// The name of one that the account keeps.
    Name(Box<str>),
}

/// `registrationConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// The template.
    pub template: RegistrationTemplate,
    /// The role that provisions; Squall asks nothing of it.
    pub role_arn: Option<Box<str>>,
}

impl RegistrationConfig {
    /// A body is judged as a template of type JITP is; what a name stands for is looked up when a device comes.
    pub(super) fn validate(&self) -> Result<(), ApiError> {
        match &self.template {
            RegistrationTemplate::Body(body) => Template::parse(body, TemplateKind::Jitp).map(drop),
            RegistrationTemplate::Name(_) => Ok(()),
        }
    }
}
