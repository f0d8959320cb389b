//! What calls and queries are billed as.

use squall_types::CertificateId;

use super::attributes::size;
use super::{ControlAnswer, ControlCall, ControlQuery, ThingConfiguration};

impl ControlCall<'_> {
    /// The metered registry operations of a call: one for each KB (1,024 bytes) begun of its record, for the operations
    /// that are listed (`pricing.md` 1.2); a refused call has none.
    ///
    /// The record is what the call says of the resource: the bytes of its name and of the names, values and texts that it
    /// brings along (which of them AWS counts is not documented; unverified).
    #[must_use]
    pub fn registry_operations(&self) -> u32 {
        let bytes = match *self {
            Self::CreateThing {
                name,
                configuration: ThingConfiguration { type_name, attributes, billing_group },
            } => {
                let texts = [type_name, billing_group].map(|text| text.as_deref().map_or(0, str::len));
                name.len() + texts.iter().sum::<usize>() + size(attributes)
            }
            Self::UpdateThing { name, update } => {
                let attributes = update.attributes.as_ref().map_or(0, |payload| size(&payload.attributes));
                name.len() + update.type_name.as_deref().map_or(0, str::len) + attributes
            }
            Self::CreateThingType { name, properties } => {
                let searchable: usize = properties.searchable_attributes.iter().map(|name| name.len()).sum();
                name.len() + properties.description.as_deref().map_or(0, str::len) + searchable
            }
            Self::CreateThingGroup { name, parent, properties } => {
                let texts = [parent, properties.description.as_deref()].map(|text| text.map_or(0, str::len));
                name.len() + texts.iter().sum::<usize>() + size(&properties.attributes)
            }
            Self::UpdateThingGroup { name, update } => {
                let attributes = update.attributes.as_ref().map_or(0, |payload| size(&payload.attributes));
                name.len() + update.description.as_deref().map_or(0, str::len) + attributes
            }
            Self::AddThingToThingGroup { thing, group } => thing.len() + group.len(),
            Self::UpdateThingGroupsForThing { thing, remove, add } => {
                thing.len() + remove.iter().chain(add).map(|group| group.len()).sum::<usize>()
            }
            Self::AttachThingPrincipal { thing, .. } => thing.len() + size_of::<CertificateId>(),
            _ => return 0,
        };
        units(bytes)
    }
}

impl ControlQuery<'_> {
    /// The metered registry operations of a query: one for each KB (1,024 bytes) begun of what it is answered with, as
    /// JSON, for the operations that are listed (`pricing.md` 1.2). What AWS takes as the record is not documented.
    #[must_use]
    pub fn registry_operations(&self, answer: &ControlAnswer) -> u32 {
        match self {
            Self::DescribeThing { .. }
            | Self::ListThings { .. }
            | Self::DescribeThingType { .. }
            | Self::ListThingTypes { .. }
            | Self::DescribeThingGroup { .. }
            | Self::ListThingGroups { .. }
            | Self::ListThingGroupsForThing { .. }
            | Self::ListThingsInThingGroup { .. }
            | Self::ListThingPrincipals { .. }
            | Self::ListPrincipalThings { .. } => units(answer.to_json().to_string().len()),
            Self::DescribeCertificate { .. }
            | Self::ListCertificates { .. }
            | Self::DescribeCaCertificate { .. }
            | Self::GetRegistrationCode
            | Self::GetPolicy { .. }
            | Self::DescribeBillingGroup { .. }
            | Self::DescribeEventConfigurations => 0,
        }
    }
}

/// Registry operations of a record.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_024).max(1)).unwrap_or(u32::MAX)
}
