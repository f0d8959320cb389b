//! Who is known to the account: certificates, things, static thing groups, and the policies attached to them.
//!
//! Operations have the names, the errors and the idempotence of the public API (`state.md` 2); a call that fails
//! changes nothing. What the broker asks is in [`access`](Registry::access): may this certificate connect, which
//! policies are its own, and what is known of it.

mod access;
mod call;
mod certificate;
mod cognito;
mod reply;
mod thing;
mod thing_group;
mod uuid;

use crate::api_error::{ApiError, Exception};
use crate::bounds::fits;
use crate::policy::{Account, PolicyStore, ResourceKind};
use crate::records::Records;

pub use access::{Access, AccessRefusal, AttachedThing, CertificateKey};
pub use call::{Changed, ControlCall, PolicyTarget};
pub use certificate::CertificateStatus;
pub use reply::{ControlReply, Made, PolicyMade};
pub use thing::{PrincipalKind, ThingConfiguration};

pub use uuid::Uuid;

use certificate::Certificate;
use cognito::CognitoIdentity;
use thing::Thing;
use thing_group::ThingGroup;

/// The registry of an account.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The account's policies.
    pub policies: PolicyStore,
    certificates: Records<Certificate>,
    things: Records<Thing>,
    groups: Records<ThingGroup>,
    cognito_identities: Records<CognitoIdentity>,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { policies: PolicyStore::new(account), ..Self::default() }
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
}

fn not_found(what: &str, name: impl core::fmt::Display) -> ApiError {
    ApiError::new(Exception::ResourceNotFound, format!("{what} {name} not found"))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(Exception::InvalidRequest, message)
}

/// `state.md` 2.2, 2.4: 1 to 128 of `[a-zA-Z0-9:_-]`.
fn validate_name(what: &str, name: &str) -> Result<(), ApiError> {
    if fits(name, 1..=128, b":_-") {
        return Ok(());
    }
    Err(invalid(format!("{what} name {name:?}: 1 to 128 letters, digits and :_- are allowed")))
}
