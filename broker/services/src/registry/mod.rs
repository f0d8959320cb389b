//! Who is known to the account: certificates, CAs, things, their types and groups, and the policies attached to them.
//!
//! ```text
//!  ControlCall --call--> rates --> create_thing, update_certificate, ... --> ControlReply or ApiError, events
//!  ControlQuery -query-> rates --> answer ----------------------------------> ControlAnswer or ApiError
//!  JSON <--OwnedCall, OwnedQuery, to_json--> the typed ones
//! ```
//!
//! Operations have the names, the errors and the idempotence of the public API (`state.md` 2); a call that fails
//! changes nothing. The methods behind [`Registry::call`] are public: a simulation sets its account up with them, with
//! no regard to rates. What the broker asks is in [`access`](Registry::access): may this certificate connect, which
//! policies are its own, and what is known of it.

mod access;
mod answer;
mod attributes;
mod billing_group;
mod ca_certificate;
mod call;
mod carry_out;
mod certificate;
mod cognito;
mod description;
mod event;
mod json;
mod metered;
mod principal;
mod query;
mod rates;
mod readers;
mod registration;
mod reply;
mod thing;
mod thing_group;
mod thing_type;
mod x509;

use squall_profile::Profile;
use squall_profile::switch::{RegistryRates, ThingTypeUpdates};
use squall_types::{Chance, Now, Owner, Purpose, Seed, Uuid};

use crate::api_error::{ApiError, Exception};
use crate::bounds::fits;
use crate::policy::{Account, PolicyStore, ResourceKind};
use crate::records::Records;

pub use crate::principal_kind::PrincipalKind;
pub use access::{Access, AccessRefusal, AttachedThing, CertificateKey};
pub use answer::ControlAnswer;
pub use attributes::AttributePayload;
pub use ca_certificate::{CaRegistration, CaUpdate, RegisteredCa};
pub use call::{Changed, ControlCall, PolicyTarget};
pub use certificate::{CertificateMode, CertificateStatus};
pub use description::{
    BillingGroupDescription, CaCertificateDescription, CertificateDescription, NameAndArn, ThingDescription,
    ThingGroupDescription, ThingTypeDescription,
};
pub use event::{EventKind, RegistryEvent};
pub use json::{CALLS, OwnedCall, OwnedQuery, QUERIES};
pub(crate) use json::{Members, list, without_nulls};
pub use query::{ControlQuery, GroupFilter, Listed, Page, ThingFilter};
pub(crate) use query::{MAX_RESULTS, part};
pub use registration::{RegistrationConfig, RegistrationTemplate};
pub use reply::{ControlReply, Made, PolicyMade};
pub use thing::{ThingConfiguration, ThingUpdate};
pub use thing_group::{ThingGroupProperties, ThingGroupUpdate};
pub use thing_type::ThingTypeProperties;
pub use x509::{Validity, X509Certificate};

use billing_group::BillingGroup;
use ca_certificate::CaCertificate;
use certificate::Certificate;
use cognito::CognitoIdentity;
use event::Events;
use rates::Rates;
use thing::Thing;
use thing_group::ThingGroup;
use thing_type::ThingType;

/// What the registry does as the profile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryRules {
    /// Whether `UpdateThingType` exists.
    pub thing_type_updates: ThingTypeUpdates,
    /// How often operations may be called.
    pub rates: RegistryRates,
}

impl Default for RegistryRules {
    /// Those of today's API in a large region.
    fn default() -> Self {
        Self { thing_type_updates: ThingTypeUpdates::Allow, rates: RegistryRates::Current }
    }
}

impl From<&Profile> for RegistryRules {
    fn from(profile: &Profile) -> Self {
        let switches = &profile.switches;
        Self { thing_type_updates: switches.thing_type_updates, rates: switches.registry_rates }
    }
}

/// The registry of an account.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The account's policies.
    pub policies: PolicyStore,
    certificates: Records<Certificate>,
    things: Records<Thing>,
    types: Records<ThingType>,
    groups: Records<ThingGroup>,
    billing_groups: Records<BillingGroup>,
    cas: Records<CaCertificate>,
    cognito_identities: Records<CognitoIdentity>,
    /// How many things of any kind were ever made.
    serials: u64,
    /// How many registration codes were deleted.
    registration_codes: u64,
    events: Events,
    rules: RegistryRules,
    rates: Rates,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { policies: PolicyStore::new(account), ..Self::default() }
    }

    /// Has the registry do as a profile says from now on.
    pub fn set_rules(&mut self, rules: RegistryRules) {
        self.rules = rules;
        self.rates.forget();
    }

    /// Says what time it is for methods that are used without [`call`](Self::call): what is made now is of that date.
    pub fn set_time(&mut self, now: Now) {
        self.rates.now = now;
    }

    /// Makes room for so many more devices, each with a certificate and a thing.
    pub fn reserve(&mut self, devices: usize) {
        self.certificates.reserve(devices);
        self.things.reserve(devices);
    }

    /// The ARN of a resource, such as `policy/NAME`.
    pub(crate) fn arn(&self, kind: &str, name: impl core::fmt::Display) -> Box<str> {
        format!("{}{kind}/{name}", self.arn_prefix()).into()
    }

    /// What every ARN of the account begins with, up to the kind.
    fn arn_prefix(&self) -> &str {
        let thing = self.policies.account().head(ResourceKind::Thing);
        thing.strip_suffix("thing/").unwrap_or(thing)
    }

    /// The account's number.
    pub(crate) fn account_id(&self) -> &str {
        self.arn_prefix().split(':').nth(4).unwrap_or_default()
    }

    /// A number that nothing else of this account has.
    fn next_serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }

    /// Where the account's ids come from: another account, other ids.
    fn chance_of_account(&self) -> Chance {
        Chance::new(Seed(Owner::named(self.arn_prefix()).0))
    }

    fn id(&self, kind: &str, serial: u64) -> Uuid {
        Uuid::draw(self.chance_of_account(), Owner::named(kind), Purpose::RegistryId, serial)
    }
}

fn not_found(what: &str, name: impl core::fmt::Display) -> ApiError {
    ApiError::new(Exception::ResourceNotFound, format!("{what} {name} not found"))
}

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(Exception::InvalidRequest, message)
}

fn expect_version(what: &str, name: &str, held: u64, expected: Option<u64>) -> Result<(), ApiError> {
    match expected {
        Some(expected) if expected != held => {
            let message = format!("{what} {name} has version {held}, not the expected {expected}");
            Err(ApiError::new(Exception::VersionConflict, message))
        }
        _ => Ok(()),
    }
}

/// `state.md` 2.2, 2.4: 1 to 128 of `[a-zA-Z0-9:_-]`.
fn validate_name(what: &str, name: &str) -> Result<(), ApiError> {
    if fits(name, 1..=128, b":_-") {
        return Ok(());
    }
    Err(invalid(format!("{what} name {name:?}: 1 to 128 letters, digits and :_- are allowed")))
}
