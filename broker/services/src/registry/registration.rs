//! What becomes of certificates that register by connecting (`state.md` 2.8, 3.1).

use serde_json::Value;

use super::invalid;
use crate::api_error::ApiError;

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
    /// What can be seen of a template without using it: it is a JSON object, and its policies have a name or a document.
    pub(super) fn validate(&self) -> Result<(), ApiError> {
        let RegistrationTemplate::Body(body) = &self.template else { return Ok(()) };
        let template: Value = serde_json::from_str(body)
            .map_err(|error| invalid(format!("Invalid registration template. {error}")))?;
        let resources = template.get("Resources").and_then(Value::as_object);
        let Some(resources) = resources else {
            return Err(invalid("Invalid registration template. Resources is not present in the Template."));
        };
        for resource in resources.values().filter(|resource| resource["Type"] == "AWS::IoT::Policy") {
            let properties = &resource["Properties"];
            if properties.get("PolicyName").is_none() && properties.get("PolicyDocument").is_none() {
                return Err(invalid(
                    "Invalid registration template. Neither policyName nor policyDocument is present in the Template.",
                ));
            }
        }
        Ok(())
    }
}
