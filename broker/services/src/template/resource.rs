//! The resources of a template: at most one thing, at most one certificate, and policies.

use serde_json::{Map, Number, Value};

use super::expression::{Expression, ListExpression, Reader, function};
use super::place::Place;
use super::setting::{CertificateOutcome, OverrideSetting, ThingOverrides};
use super::{Declared, TemplateKind, texts};
use crate::api_error::{ApiError, Exception};
use crate::principal_kind::PrincipalKind;

const TYPES: &str = "AWS::IoT::Thing, AWS::IoT::Certificate, AWS::IoT::Policy";

/// What the service says of a template without a usable policy (`state.md` 2.8).
const NO_POLICY: &str =
    "Invalid registration template. Neither policyName nor policyDocument is present in the Template.";

/// In the service's own words, so without a place.
fn no_policy() -> ApiError {
    ApiError::new(Exception::InvalidRequest, NO_POLICY)
}

/// `AWS::IoT::Thing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ThingResource {
    pub(crate) logical_name: Box<str>,
    pub(crate) name: Expression,
    pub(crate) attributes: Vec<(Box<str>, Expression)>,
    pub(crate) type_name: Option<Expression>,
    pub(crate) groups: Option<ListExpression>,
    pub(crate) billing_group: Option<Expression>,
    pub(crate) overrides: ThingOverrides,
}

/// `AWS::IoT::Certificate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateResource {
    pub(crate) logical_name: Box<str>,
    pub(crate) identity: Identity,
    pub(crate) status: Option<Expression>,
    pub(crate) status_override: OverrideSetting,
    pub(crate) principal_kind: Option<Expression>,
}

/// How a template names its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The one that is being provisioned.
    Provisioned,
    Id(Expression),
    SigningRequest(Expression),
    Pem {
        certificate: Expression,
        ca: Option<Expression>,
    },
}

/// `AWS::IoT::Policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyResource {
    pub(crate) logical_name: Box<str>,
    pub(crate) content: PolicyContent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyContent {
    Name(Expression),
    Document(Node),
}

/// A piece of a policy document. One that is given as an escaped text is a single expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Text(Expression),
    Number(Number),
    Bool(bool),
    Null,
    List(Vec<Node>),
    Object(Vec<(Box<str>, Node)>),
}

impl Node {
    pub(crate) fn is_constant(&self) -> bool {
        match self {
            Self::Text(expression) => expression.is_constant(),
            Self::Number(_) | Self::Bool(_) | Self::Null => true,
            Self::List(nodes) => nodes.iter().all(Self::is_constant),
            Self::Object(entries) => entries.iter().all(|(_, node)| node.is_constant()),
        }
    }
}

impl PolicyResource {
    pub(crate) fn place(&self, property: &str) -> String {
        format!("Resources.{}.Properties.{property}", self.logical_name)
    }
}

#[derive(Default)]
struct Found {
    thing: Option<ThingResource>,
    certificate: Option<CertificateResource>,
    policies: Vec<PolicyResource>,
}

/// All resources of a template: thing, certificate, policies.
pub(super) type Resources = (Option<ThingResource>, CertificateResource, Vec<PolicyResource>);

pub(super) fn resources(
    place: &Place<'_>,
    given: &Map<String, Value>,
    kind: TemplateKind,
    declared: &Declared,
) -> Result<Resources, ApiError> {
    let mut found = Found::default();
    for (logical_name, value) in given {
        let place = place.key(logical_name);
        let resource = place.object(value)?;
        place.only(resource, &["Type", "Properties", "OverrideSettings"])?;
        let type_name = resource
            .get("Type")
            .ok_or_else(|| place.invalid(format_args!("Type is missing; types are {TYPES}")))?;
        let type_name = place.key("Type").text(type_name)?;
        let second = |what: &str| place.invalid(format_args!("a template has one {what} at most"));
        let context = Context { place, resource, logical_name, kind, declared };
        match type_name {
            "AWS::IoT::Thing" if found.thing.is_some() => return Err(second("thing")),
            "AWS::IoT::Thing" => found.thing = Some(context.thing()?),
            "AWS::IoT::Certificate" if found.certificate.is_some() => return Err(second("certificate")),
            "AWS::IoT::Certificate" => found.certificate = Some(context.certificate()?),
            // One thing and one policy are what just-in-time provisioning makes (`state.md` 3.1).
            "AWS::IoT::Policy" if kind == TemplateKind::Jitp && !found.policies.is_empty() => {
                return Err(second("policy for just-in-time provisioning"));
            }
            "AWS::IoT::Policy" => found.policies.push(context.policy()?),
            other => {
                return Err(place
                    .key("Type")
                    .invalid(format_args!("unknown type {other:?}; types are {TYPES}")));
            }
        }
    }
    if kind == TemplateKind::Jitp && found.policies.is_empty() {
        return Err(no_policy());
    }
    let Some(certificate) = found.certificate else {
        return Err(place.invalid("a resource of type AWS::IoT::Certificate is missing"));
    };
    Ok((found.thing, certificate, found.policies))
}

struct Context<'c> {
    place: Place<'c>,
    resource: &'c Map<String, Value>,
    logical_name: &'c str,
    kind: TemplateKind,
    declared: &'c Declared,
}

impl Context<'_> {
    fn reader(&self) -> Reader<'_> {
        Reader { declared: self.declared, in_policy: false }
    }

    fn properties(&self, allowed: &[&str]) -> Result<Properties<'_>, ApiError> {
        let place = self.place.key("Properties");
        let given =
            self.resource.get("Properties").ok_or_else(|| self.place.invalid("Properties is missing"))?;
        let given = place.object(given)?;
        place.only(given, allowed)?;
        Ok(Properties { place, given, reader: self.reader() })
    }

    fn thing(&self) -> Result<ThingResource, ApiError> {
        let properties = self.properties(&[
            "ThingName",
            "AttributePayload",
            "ThingTypeName",
            "ThingGroups",
            "BillingGroup",
            "PackageVersions",
        ])?;
        let place = &properties.place;
        if properties.given.contains_key("PackageVersions") {
            return Err(place.key("PackageVersions").not_modelled("software packages are not modelled"));
        }
        let attributes = properties.given.get("AttributePayload").map_or(Ok(Vec::new()), |value| {
            let place = place.key("AttributePayload");
            texts(&place, place.object(value)?, |at, value| properties.reader.expression(at, value))
        })?;
        let groups = properties.given.get("ThingGroups");
        let groups =
            groups.map(|value| properties.reader.list(&place.key("ThingGroups"), value)).transpose()?;
        Ok(ThingResource {
            logical_name: self.logical_name.into(),
            name: properties.required("ThingName")?,
            attributes,
            type_name: properties.optional("ThingTypeName")?,
            groups,
            billing_group: properties.optional("BillingGroup")?,
            overrides: self.thing_overrides()?,
        })
    }

    fn certificate(&self) -> Result<CertificateResource, ApiError> {
        let properties = self.properties(&[
            "CertificateId",
            "CertificateSigningRequest",
            "CertificatePem",
            "CACertificatePem",
            "Status",
            "ThingPrincipalType",
        ])?;
        let place = &properties.place;
        let status = properties.optional("Status")?;
        if let Some(text) = status.as_ref().and_then(Expression::literal) {
            CertificateOutcome::parse(text).map_err(|message| place.key("Status").invalid(message))?;
        }
        let principal_kind = properties.optional("ThingPrincipalType")?;
        if let Some(text) = principal_kind.as_ref().and_then(Expression::literal) {
            principal(text).map_err(|message| place.key("ThingPrincipalType").invalid(message))?;
        }
        let settings = self.overrides("Status", "STATUS", &[OverrideSetting::Merge])?;
        self.only_overrides(&["Status", "STATUS"])?;
        Ok(CertificateResource {
            logical_name: self.logical_name.into(),
            identity: self.identity(&properties)?,
            status,
            // K-17.
            status_override: settings.unwrap_or(OverrideSetting::Replace),
            principal_kind,
        })
    }

    fn identity(&self, properties: &Properties<'_>) -> Result<Identity, ApiError> {
        let place = &properties.place;
        let id = properties.optional("CertificateId")?;
        let request = properties.optional("CertificateSigningRequest")?;
        let pem = properties.optional("CertificatePem")?;
        let ca = properties.optional("CACertificatePem")?;
        if self.kind != TemplateKind::RegisterThing {
            return match (id, request, pem, ca) {
                (Some(id), None, None, None) if id.is_certificate_id() => Ok(Identity::Provisioned),
                _ => Err(place.invalid(
                    "this kind of template names its certificate as \"CertificateId\": {\"Ref\": \"AWS::IoT::Certificate::Id\"} and in no other way",
                )),
            };
        }
        match (id, request, pem, ca) {
            (Some(id), None, None, None) => Ok(Identity::Id(id)),
            (None, Some(request), None, None) => Ok(Identity::SigningRequest(request)),
            (None, None, Some(certificate), ca) => Ok(Identity::Pem { certificate, ca }),
            _ => Err(place.invalid(
                "exactly one of CertificateSigningRequest, CertificateId and CertificatePem (with CACertificatePem if needed) is expected",
            )),
        }
    }

    fn policy(&self) -> Result<PolicyResource, ApiError> {
        let mut properties = self.properties(&["PolicyName", "PolicyDocument"])?;
        properties.reader.in_policy = true;
        if self.resource.contains_key("OverrideSettings") {
            return Err(self.place.key("OverrideSettings").invalid("policies have no override settings"));
        }
        let place = &properties.place;
        let content = match (properties.optional("PolicyName")?, properties.given.get("PolicyDocument")) {
            (Some(name), None) => PolicyContent::Name(name),
            (None, Some(document)) => {
                PolicyContent::Document(node(properties.reader, &place.key("PolicyDocument"), document)?)
            }
            (Some(_), Some(_)) => {
                return Err(place.invalid("PolicyName or PolicyDocument is expected, both are given"));
            }
            (None, None) => return Err(no_policy()),
        };
        Ok(PolicyResource { logical_name: self.logical_name.into(), content })
    }

    fn thing_overrides(&self) -> Result<ThingOverrides, ApiError> {
        let attributes = self.overrides("AttributePayload", "ATTRIBUTE_PAYLOAD", &[])?;
        let type_name = self.overrides("ThingTypeName", "THING_TYPE_NAME", &[OverrideSetting::Merge])?;
        let groups = self.overrides("ThingGroups", "THING_GROUPS", &[])?;
        self.only_overrides(&[
            "AttributePayload",
            "ThingTypeName",
            "ThingGroups",
            "ATTRIBUTE_PAYLOAD",
            "THING_TYPE_NAME",
            "THING_GROUPS",
        ])?;
        let default = ThingOverrides::default();
        Ok(ThingOverrides {
            attributes: attributes.unwrap_or(default.attributes),
            type_name: type_name.unwrap_or(default.type_name),
            groups: groups.unwrap_or(default.groups),
        })
    }

    /// The setting of one property, in either spelling (`state.md` 3.7).
    fn overrides(
        &self,
        property: &str,
        upper: &str,
        excluded: &[OverrideSetting],
    ) -> Result<Option<OverrideSetting>, ApiError> {
        let place = self.place.key("OverrideSettings");
        let Some(given) = self.resource.get("OverrideSettings") else { return Ok(None) };
        let given = place.object(given)?;
        let (name, value) = match (given.get(property), given.get(upper)) {
            (Some(_), Some(_)) => {
                return Err(place.key(upper).invalid(format_args!("{property} is given as well")));
            }
            (Some(value), None) => (property, value),
            (None, Some(value)) => (upper, value),
            (None, None) => return Ok(None),
        };
        let place = place.key(name);
        let text = place.text(value)?;
        let allowed: Vec<&str> = OverrideSetting::ALL
            .iter()
            .filter(|setting| !excluded.contains(setting))
            .map(|setting| setting.as_str())
            .collect();
        let setting = OverrideSetting::ALL.iter().find(|setting| setting.as_str() == text);
        match setting.filter(|setting| !excluded.contains(setting)) {
            Some(setting) => Ok(Some(*setting)),
            None => {
                Err(place.invalid(format_args!("{text:?} is no setting here; {} are", allowed.join(", "))))
            }
        }
    }

    fn only_overrides(&self, allowed: &[&str]) -> Result<(), ApiError> {
        let place = self.place.key("OverrideSettings");
        self.resource
            .get("OverrideSettings")
            .map_or(Ok(()), |given| place.only(place.object(given)?, allowed))
    }
}

struct Properties<'c> {
    place: Place<'c>,
    given: &'c Map<String, Value>,
    reader: Reader<'c>,
}

impl Properties<'_> {
    fn optional(&self, name: &str) -> Result<Option<Expression>, ApiError> {
        self.given.get(name).map(|value| self.reader.expression(&self.place.key(name), value)).transpose()
    }

    fn required(&self, name: &str) -> Result<Expression, ApiError> {
        self.optional(name)?.ok_or_else(|| self.place.invalid(format_args!("{name} is missing")))
    }
}

fn node(reader: Reader<'_>, place: &Place<'_>, value: &Value) -> Result<Node, ApiError> {
    Ok(match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(*value),
        Value::Number(number) => Node::Number(number.clone()),
        Value::Array(items) => {
            let item = |(index, item): (usize, &Value)| node(reader, &place.index(index), item);
            Node::List(items.iter().enumerate().map(item).collect::<Result<_, _>>()?)
        }
        Value::Object(object) if function(object).is_none() => {
            Node::Object(texts(place, object, |at, value| node(reader, at, value))?)
        }
        Value::String(_) | Value::Object(_) => Node::Text(reader.expression(place, value)?),
    })
}

/// `ThingPrincipalType`.
pub(crate) fn principal(text: &str) -> Result<PrincipalKind, String> {
    match text {
        "EXCLUSIVE_THING" => Ok(PrincipalKind::Exclusive),
        "NON_EXCLUSIVE_THING" => Ok(PrincipalKind::NonExclusive),
        _ => Err(format!("{text:?} is no kind of principal; EXCLUSIVE_THING and NON_EXCLUSIVE_THING are")),
    }
}
