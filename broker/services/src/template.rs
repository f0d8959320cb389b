//! Provisioning templates: JSON text read and checked in one go, or refused as a whole (`state.md` 3.7).
//!
//! ```text
//! JSON text --Template::parse--> Template --provisioning: expand(parameters)--> Plan --apply--> what the registry has
//! ```
//!
//! The language stands below the registry, which judges the templates of CAs by it, and knows nothing of it; carrying
//! a template out is the subject of [`provisioning`](crate::provisioning).

mod error;
mod evaluation;
mod expression;
mod parameters;
mod place;
mod resource;
mod setting;

use serde_json::{Map, Value};

use crate::api_error::{ApiError, Exception};
use crate::policy::{Account, Policy, PolicyErrorKind};

pub(crate) use error::TemplateError;
pub(crate) use evaluation::Evaluation;
pub(crate) use expression::{Expression, ListExpression, Piece};
pub(crate) use resource::{
    CertificateResource, Identity, Node, PolicyContent, PolicyResource, ThingResource, principal,
};

pub use parameters::Parameters;
pub use setting::{CertificateOutcome, OverrideSetting, ThingOverrides};

use expression::Reader;
use place::Place;

/// `state.md` 3.7, not adjustable.
pub const MAX_TEMPLATE_BYTES: usize = 10_240;

/// The parameter that holds the id of the certificate that is being provisioned.
pub const CERTIFICATE_ID: &str = "AWS::IoT::Certificate::Id";

/// What a template is for, which decides what it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// Just-in-time provisioning: parameters come from the certificate.
    Jitp,
    /// Fleet provisioning: parameters come from the device.
    Fleet,
    /// The HTTPS operation `RegisterThing` and bulk registration: the certificate is the caller's.
    RegisterThing,
}

impl TemplateKind {
    /// As the API spells the types that stored templates have.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jitp => "JITP",
            Self::Fleet => "FLEET_PROVISIONING",
            Self::RegisterThing => "REGISTER_THING",
        }
    }
}

/// A checked template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    kind: TemplateKind,
    pub(crate) declared: Declared,
    pub(crate) thing: Option<ThingResource>,
    pub(crate) certificate: CertificateResource,
    pub(crate) policies: Vec<PolicyResource>,
    pub(crate) device_configuration: Vec<(Box<str>, Expression)>,
}

/// What expressions may refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) mappings: Vec<(Box<str>, Mapping)>,
}

/// The two levels of keys of a mapping.
pub(crate) type Mapping = Vec<(Box<str>, Vec<(Box<str>, Box<str>)>)>;

/// A declared parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: Box<str>,
    pub(crate) default: Option<Box<str>>,
}

impl Template {
    /// Reads and checks the text of a template.
    ///
    /// # Errors
    /// `InvalidRequest` with the place in the template and what is allowed there; `NotModelled` for what the service
    /// may take and Squall does not carry out.
    pub fn parse(body: &str, kind: TemplateKind) -> Result<Self, ApiError> {
        if body.len() > MAX_TEMPLATE_BYTES {
            let message =
                format!("the template has {} bytes, at most {MAX_TEMPLATE_BYTES} are allowed", body.len());
            return Err(ApiError::new(Exception::InvalidRequest, message));
        }
        let value: Value = serde_json::from_str(body).map_err(|error| {
            ApiError::new(Exception::InvalidRequest, format!("the template is not JSON: {error}"))
        })?;
        let whole = Place::section("template");
        let sections = whole.object(&value)?;
        whole.only(sections, allowed_sections(kind))?;
        let declared = Declared {
            parameters: section(sections, "Parameters", parameters)?,
            mappings: section(sections, "Mappings", mappings)?,
        };
        let resources = Place::section("Resources");
        let given = sections.get("Resources").ok_or_else(|| whole.invalid("Resources is missing"))?;
        let (thing, certificate, policies) =
            resource::resources(&resources, resources.object(given)?, kind, &declared)?;
        let reader = Reader { declared: &declared, in_policy: false };
        let device_configuration = section(sections, "DeviceConfiguration", |place, entries| {
            texts(place, entries, |at, value| reader.expression(at, value))
        })?;
        let template = Self { kind, declared, thing, certificate, policies, device_configuration };
        template.check_constant_policies()?;
        Ok(template)
    }

    /// Checks the policy documents that are the same whatever the parameters are.
    fn check_constant_policies(&self) -> Result<(), ApiError> {
        let none = Parameters::default();
        for policy in &self.policies {
            let PolicyContent::Document(node) = &policy.content else { continue };
            if !node.is_constant() {
                continue;
            }
            let place = policy.place("PolicyDocument");
            let document = Evaluation::new(&self.declared, &none).document(&place, node);
            let document =
                document.map_err(|error| ApiError::new(Exception::InvalidRequest, error.to_string()))?;
            Policy::parse(&document, &Account::default()).map_err(|error| {
                let exception = match error.kind() {
                    PolicyErrorKind::Malformed => Exception::InvalidRequest,
                    PolicyErrorKind::NotModelled => Exception::NotModelled,
                };
                ApiError::new(exception, format!("{place}: {}: {}", error.place(), error.message()))
            })?;
        }
        Ok(())
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> TemplateKind {
        self.kind
    }
}

/// `Mappings` and `DeviceConfiguration` belong to fleet provisioning.
const fn allowed_sections(kind: TemplateKind) -> &'static [&'static str] {
    match kind {
        TemplateKind::Fleet => &["Parameters", "Mappings", "Resources", "DeviceConfiguration"],
        TemplateKind::Jitp | TemplateKind::RegisterThing => &["Parameters", "Resources"],
    }
}

/// Reads a section that may be absent.
fn section<T: Default>(
    sections: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Place<'_>, &Map<String, Value>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let place = Place::section(name);
    sections.get(name).map_or_else(|| Ok(T::default()), |value| read(&place, place.object(value)?))
}

fn parameters(place: &Place<'_>, given: &Map<String, Value>) -> Result<Vec<Parameter>, ApiError> {
    let read = |(name, value): (&String, &Value)| {
        let place = place.key(name);
        let declaration = place.object(value)?;
        place.only(declaration, &["Type", "Default"])?;
        let kind =
            declaration.get("Type").ok_or_else(|| place.invalid("Type is missing; String is allowed"))?;
        if place.key("Type").text(kind)? != "String" {
            return Err(place.key("Type").invalid(format_args!("{kind} is no type; String is the only one")));
        }
        let default = declaration.get("Default").map(|value| place.key("Default").text(value)).transpose()?;
        Ok(Parameter { name: name.as_str().into(), default: default.map(Into::into) })
    };
    given.iter().map(read).collect()
}

fn mappings(place: &Place<'_>, given: &Map<String, Value>) -> Result<Vec<(Box<str>, Mapping)>, ApiError> {
    texts(place, given, |place, value| {
        let entries = place.object(value)?;
        texts(place, entries, |place, value| {
            let entries = place.object(value)?;
            if expression::function(entries).is_some() {
                return Err(place.invalid("functions are not allowed in Mappings"));
            }
            texts(place, entries, |place, value| {
                if value.as_object().and_then(expression::function).is_some() {
                    return Err(place.invalid("functions are not allowed in Mappings"));
                }
                Ok(place.text(value)?.into())
            })
        })
    })
}

/// The entries of an object in their order.
fn texts<T>(
    place: &Place<'_>,
    object: &Map<String, Value>,
    mut read: impl FnMut(&Place<'_>, &Value) -> Result<T, ApiError>,
) -> Result<Vec<(Box<str>, T)>, ApiError> {
    object.iter().map(|(key, value)| Ok((key.as_str().into(), read(&place.key(key), value)?))).collect()
}
