//! Calls that read the account, with the operation names of the public API.
//!
//! Every list has one order: that of the records' places, which is that of their making, but that a newer record may have
//! the place of a deleted one. A list of a thing's or certificate's own is in the order of joining.

use squall_types::{CertificateId, Now};

use super::answer::ControlAnswer;
use super::{Registry, invalid};
use crate::api_error::ApiError;

/// The most items of one answer.
pub(crate) const MAX_RESULTS: u32 = 250;

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// 1 to 250; without it 250 (unverified: the API says how many are allowed, not how many come unasked).
    pub max_results: Option<u32>,
    /// Where the last answer ended.
    pub next_token: Option<&'a str>,
}

/// Which things `ListThings` lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThingFilter<'a> {
    /// Those that have the attribute.
    pub attribute_name: Option<&'a str>,
    /// Of these, those with the value; only with a name.
    pub attribute_value: Option<&'a str>,
    /// Whether the value is the beginning of one.
    pub use_prefix: bool,
    /// Those of the type.
    pub type_name: Option<&'a str>,
}

/// Which groups `ListThingGroups` lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupFilter<'a> {
    /// Those below the group.
    pub parent: Option<&'a str>,
    /// Whether those further down as well; without a parent, groups that are not at the top. True unless it is denied.
    pub recursive: bool,
    /// Those whose names begin so.
    pub name_prefix: Option<&'a str>,
}

/// One call that reads the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlQuery<'a> {
    /// `DescribeThing`.
    DescribeThing {
        /// Name.
        name: &'a str,
    },
    /// `ListThings`.
    ListThings {
        /// Which.
        filter: ThingFilter<'a>,
        /// Which part.
        page: Page<'a>,
    },
    /// `DescribeThingType`.
    DescribeThingType {
        /// Name.
        name: &'a str,
    },
    /// `ListThingTypes`.
    ListThingTypes {
        /// The one of this name alone.
        name: Option<&'a str>,
        /// Which part.
        page: Page<'a>,
    },
    /// `DescribeThingGroup`.
    DescribeThingGroup {
        /// Name.
        name: &'a str,
    },
    /// `ListThingGroups`.
    ListThingGroups {
        /// Which.
        filter: GroupFilter<'a>,
        /// Which part.
        page: Page<'a>,
    },
    /// `ListThingGroupsForThing`.
    ListThingGroupsForThing {
        /// Name of the thing.
        thing: &'a str,
        /// Which part.
        page: Page<'a>,
    },
    /// `ListThingsInThingGroup`. Looks at every thing.
    ListThingsInThingGroup {
        /// Name of the group.
        group: &'a str,
        /// Whether things of groups below it as well.
        recursive: bool,
        /// Which part.
        page: Page<'a>,
    },
    /// `ListThingPrincipals`. Looks at every certificate.
    ListThingPrincipals {
        /// Name of the thing.
        thing: &'a str,
        /// Which part.
        page: Page<'a>,
    },
    /// `ListPrincipalThings`.
    ListPrincipalThings {
        /// The certificate.
        id: CertificateId,
        /// Which part.
        page: Page<'a>,
    },
    /// `DescribeCertificate`.
    DescribeCertificate {
        /// Its id.
        id: CertificateId,
    },
    /// `ListCertificates`.
    ListCertificates {
        /// Which part.
        page: Page<'a>,
    },
    /// `DescribeCACertificate`.
    DescribeCaCertificate {
        /// Its id.
        id: CertificateId,
    },
    /// `GetRegistrationCode`.
    GetRegistrationCode,
    /// `GetPolicy`.
    GetPolicy {
        /// Name.
        name: &'a str,
    },
    /// `DescribeBillingGroup`.
    DescribeBillingGroup {
        /// Name.
        name: &'a str,
    },
    /// `DescribeEventConfigurations`.
    DescribeEventConfigurations,
}

impl ControlQuery<'_> {
    /// The operation as the API spells it.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::DescribeThing { .. } => "DescribeThing",
            Self::ListThings { .. } => "ListThings",
            Self::DescribeThingType { .. } => "DescribeThingType",
            Self::ListThingTypes { .. } => "ListThingTypes",
            Self::DescribeThingGroup { .. } => "DescribeThingGroup",
            Self::ListThingGroups { .. } => "ListThingGroups",
            Self::ListThingGroupsForThing { .. } => "ListThingGroupsForThing",
            Self::ListThingsInThingGroup { .. } => "ListThingsInThingGroup",
            Self::ListThingPrincipals { .. } => "ListThingPrincipals",
            Self::ListPrincipalThings { .. } => "ListPrincipalThings",
            Self::DescribeCertificate { .. } => "DescribeCertificate",
            Self::ListCertificates { .. } => "ListCertificates",
            Self::DescribeCaCertificate { .. } => "DescribeCACertificate",
            Self::GetRegistrationCode => "GetRegistrationCode",
            Self::GetPolicy { .. } => "GetPolicy",
            Self::DescribeBillingGroup { .. } => "DescribeBillingGroup",
            Self::DescribeEventConfigurations => "DescribeEventConfigurations",
        }
    }
}

/// A part of a list, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// To be given for the next part; none at the end.
    pub next_token: Option<Box<str>>,
}

impl Page<'_> {
    /// The place to begin at, and how many to take.
    ///
    /// # Errors
    /// `InvalidRequest`.
    pub(crate) fn bounds(&self) -> Result<(u32, usize), ApiError> {
        let most = self.max_results.unwrap_or(MAX_RESULTS);
        if !(1..=MAX_RESULTS).contains(&most) {
            return Err(invalid(format!("maxResults is {most}, 1 to {MAX_RESULTS} are allowed")));
        }
        let from = match self.next_token {
            None => 0,
            Some(token) => token.parse().map_err(|_| invalid("nextToken is not one of this service"))?,
        };
        Ok((from, most as usize))
    }
}

/// Takes one part of what is found from its beginning on, each with its place.
pub(crate) fn part<T>(found: impl Iterator<Item = (u32, T)>, most: usize) -> Listed<T> {
    let mut found = found;
    let items = found.by_ref().take(most).map(|(_, item)| item).collect();
    let next_token = found.next().map(|(place, _)| place.to_string().into());
    Listed { items, next_token }
}

impl Registry {
    /// Answers a query, if the operation is not called more often than the profile allows.
    ///
    /// # Errors
    /// `Throttling`, and those of [`answer`](Self::answer).
    pub fn query(&mut self, now: Now, query: &ControlQuery<'_>) -> Result<ControlAnswer, ApiError> {
        self.rates.take(now, query.operation(), self.rules.rates)?;
        self.answer(query)
    }
}
