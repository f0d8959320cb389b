//! Reading queries.

use serde_json::Value;
use squall_types::CertificateId;

use super::members::Members;
use crate::api_error::ApiError;
use crate::registry::query::{GroupFilter, Page, ThingFilter};
use crate::registry::{ControlQuery, invalid};

/// The operations that read something, in the order of their names.
pub const QUERIES: &[&str] = &[
    "DescribeBillingGroup",
    "DescribeCACertificate",
    "DescribeCertificate",
    "DescribeEventConfigurations",
    "DescribeThing",
    "DescribeThingGroup",
    "DescribeThingType",
    "GetPolicy",
    "GetRegistrationCode",
    "ListCertificates",
    "ListPrincipalThings",
    "ListThingGroups",
    "ListThingGroupsForThing",
    "ListThingPrincipals",
    "ListThingTypes",
    "ListThings",
    "ListThingsInThingGroup",
];

/// A [`ControlQuery`] that owns what it is made with, such as one that was read from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedQuery {
    operation: &'static str,
    /// What the resource is called that is described, or whose list it is.
    name: Option<Box<str>>,
    id: Option<CertificateId>,
    max_results: Option<u32>,
    next_token: Option<Box<str>>,
    recursive: bool,
    attribute_name: Option<Box<str>>,
    attribute_value: Option<Box<str>>,
    use_prefix: bool,
    type_name: Option<Box<str>>,
    name_prefix: Option<Box<str>>,
}

impl OwnedQuery {
    /// A query from its operation and the members of its request.
    ///
    /// # Errors
    /// `InvalidRequest` that says what is allowed.
    pub fn read(operation: &str, parameters: &Value) -> Result<Self, ApiError> {
        let known = QUERIES.iter().copied().find(|known| *known == operation);
        let operation = known.ok_or_else(|| {
            invalid(format!("there is no operation '{operation}'; there is {}", QUERIES.join(", ")))
        })?;
        let mut query = Self {
            operation,
            name: None,
            id: None,
            max_results: None,
            next_token: None,
            recursive: false,
            attribute_name: None,
            attribute_value: None,
            use_prefix: false,
            type_name: None,
            name_prefix: None,
        };
        let mut members = Members::of(operation, parameters)?;
        query.read_members(&mut members)?;
        members.finish()?;
        Ok(query)
    }

    fn read_members(&mut self, members: &mut Members<'_>) -> Result<(), ApiError> {
        match self.operation {
            "DescribeThing" | "ListThingGroupsForThing" | "ListThingPrincipals" => {
                self.name = Some(members.need("thingName")?);
            }
            "DescribeThingType" => self.name = Some(members.need("thingTypeName")?),
            "ListThingTypes" => self.name = members.owned("thingTypeName")?,
            "DescribeThingGroup" | "ListThingsInThingGroup" => {
                self.name = Some(members.need("thingGroupName")?);
            }
            "DescribeBillingGroup" => self.name = Some(members.need("billingGroupName")?),
            "GetPolicy" => self.name = Some(members.need("policyName")?),
            "DescribeCertificate" | "DescribeCACertificate" => self.id = Some(members.id("certificateId")?),
            "ListPrincipalThings" => self.id = Some(members.principal("principal")?),
            "ListThings" => {
                self.attribute_name = members.owned("attributeName")?;
                self.attribute_value = members.owned("attributeValue")?;
                self.use_prefix = members.flag("usePrefixAttributeValue")?;
                self.type_name = members.owned("thingTypeName")?;
            }
            "ListThingGroups" => {
                self.name = members.owned("parentGroup")?;
                self.name_prefix = members.owned("namePrefixFilter")?;
            }
            _ => {}
        }
        if matches!(self.operation, "ListThingGroups" | "ListThingsInThingGroup") {
            let unasked = self.operation == "ListThingGroups";
            self.recursive = members.choice_of_flag("recursive")?.unwrap_or(unasked);
        }
        if self.operation.starts_with("List") {
            let [size, token] = match self.operation {
                "ListCertificates" => ["pageSize", "marker"],
                _ => ["maxResults", "nextToken"],
            };
            let size = members.number(size)?;
            self.max_results = size.map(|size| u32::try_from(size).unwrap_or(u32::MAX));
            self.next_token = members.owned(token)?;
        }
        Ok(())
    }

    /// The query, ready to be asked.
    #[must_use]
    pub fn as_query(&self) -> ControlQuery<'_> {
        use ControlQuery as Query;
        let name = self.name.as_deref().unwrap_or_default();
        let id = self.id.unwrap_or(CertificateId([0; 32]));
        let page = Page { max_results: self.max_results, next_token: self.next_token.as_deref() };
        match self.operation {
            "DescribeBillingGroup" => Query::DescribeBillingGroup { name },
            "DescribeCACertificate" => Query::DescribeCaCertificate { id },
            "DescribeCertificate" => Query::DescribeCertificate { id },
            "DescribeThing" => Query::DescribeThing { name },
            "DescribeThingGroup" => Query::DescribeThingGroup { name },
            "DescribeThingType" => Query::DescribeThingType { name },
            "GetPolicy" => Query::GetPolicy { name },
            "GetRegistrationCode" => Query::GetRegistrationCode,
            "ListCertificates" => Query::ListCertificates { page },
            "ListPrincipalThings" => Query::ListPrincipalThings { id, page },
            "ListThingGroups" => {
                let (parent, name_prefix) = (self.name.as_deref(), self.name_prefix.as_deref());
                let filter = GroupFilter { parent, recursive: self.recursive, name_prefix };
                Query::ListThingGroups { filter, page }
            }
            "ListThingGroupsForThing" => Query::ListThingGroupsForThing { thing: name, page },
            "ListThingPrincipals" => Query::ListThingPrincipals { thing: name, page },
            "ListThingTypes" => Query::ListThingTypes { name: self.name.as_deref(), page },
            "ListThings" => {
                let filter = ThingFilter {
                    attribute_name: self.attribute_name.as_deref(),
                    attribute_value: self.attribute_value.as_deref(),
                    use_prefix: self.use_prefix,
                    type_name: self.type_name.as_deref(),
                };
                Query::ListThings { filter, page }
            }
            "ListThingsInThingGroup" => {
                Query::ListThingsInThingGroup { group: name, recursive: self.recursive, page }
            }
            // `read` knows no other operation than these and the next.
            _ => Query::DescribeEventConfigurations,
        }
    }
}
