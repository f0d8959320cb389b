//! How often an account may call each operation (`state.md` 2.10): a token bucket each, which holds one second.

use core::fmt;

use squall_profile::switch::RegistryRates;
use squall_types::{Now, Timestamp, TokenBucket, WallTime};

use crate::api_error::{ApiError, Exception};

/// What an operation that the quotas do not list may be called; unverified.
const UNLISTED: [u32; 3] = [10; 3];

/// Calls a second: in large regions, in select regions, in 2019 ([l19] gives three; others as in select regions).
const RATES: &[([u32; 3], &[&str])] = &[
    ([100, 50, 15], &["CreateThing"]),
    ([100, 50, 10], &["UpdateThing"]),
    ([350, 350, 350], &["DescribeThing"]),
    (
        [100, 50, 50],
        &[
            "DeleteThing",
            "AttachThingPrincipal",
            "DetachThingPrincipal",
            "DescribeThingType",
            "ListThingGroupsForThing",
        ],
    ),
    // The quotas do not list the removal; it is taken to be as the joining (unverified).
    ([100, 60, 60], &["AddThingToThingGroup", "RemoveThingFromThingGroup"]),
    ([100; 3], &["DescribeThingGroup", "DescribeBillingGroup"]),
    ([60; 3], &["AddThingToBillingGroup", "RemoveThingFromBillingGroup"]),
    ([25; 3], &["CreateThingGroup", "CreateBillingGroup", "ListThingsInThingGroup"]),
    ([20; 3], &["ListThingPrincipals"]),
    (
        [15; 3],
        &[
            "CreateThingType",
            "DeleteThingType",
            "DeprecateThingType",
            "UpdateThingType",
            "UpdateThingGroup",
            "DeleteThingGroup",
            "CreateCertificateFromCsr",
            "AttachPolicy",
            "DetachPolicy",
            "GetPolicyVersion",
        ],
    ),
];

/// Calls a second of an operation; `None` if as many as anybody likes.
pub(super) fn rate(operation: &str, table: RegistryRates) -> Option<u32> {
    let column = match table {
        RegistryRates::Current => 0,
        RegistryRates::SelectRegion => 1,
        RegistryRates::Of2019 => 2,
        RegistryRates::Unlimited => return None,
    };
    let listed = RATES.iter().find(|(_, operations)| operations.contains(&operation));
    Some(listed.map_or(UNLISTED, |(rates, _)| *rates)[column])
}

/// What calls have used up, and when the one at hand comes. No part of what the account is: a refused call counts too.
#[derive(Clone)]
pub(super) struct Rates {
    pub(super) now: Now,
    /// In the order of their operations' names.
    buckets: Vec<(&'static str, TokenBucket)>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { now: Now { mono: Timestamp::ZERO, wall: WallTime(0) }, buckets: Vec::new() }
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
}

impl Rates {
    /// Counts a call.
    ///
    /// # Errors
    /// `Throttling`.
    pub(super) fn take(
        &mut self,
        now: Now,
        operation: &'static str,
        table: RegistryRates,
    ) -> Result<(), ApiError> {
        self.now = now;
        let index = match self.buckets.binary_search_by_key(&operation, |(operation, _)| operation) {
            Ok(index) => index,
            Err(index) => {
                let Some(rate) = rate(operation, table) else { return Ok(()) };
                self.buckets.insert(index, (operation, TokenBucket::new(rate)));
                index
            }
        };
        if self.buckets[index].1.take(now.mono) {
            return Ok(());
        }
        Err(ApiError::new(Exception::Throttling, "Rate exceeded"))
    }

    pub(super) fn forget(&mut self) {
        self.buckets.clear();
    }
}
