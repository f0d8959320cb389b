//! What provisioning asks of the registry before it makes a call.

use squall_types::{CertificateId, Now, WallTime};

use super::Registry;
use crate::api_error::ApiError;

impl Registry {
    /// Counts an operation that is carried out elsewhere, such as `CreateProvisioningTemplate`, against the account's
    /// rates.
    ///
    /// # Errors
    /// `Throttling`.
    pub fn count_operation(&mut self, now: Now, operation: &'static str) -> Result<(), ApiError> {
        self.rates.take(now, operation, self.rules.rates)
    }

    /// The groups that a thing is in, in the order of joining; `None` if there is no such thing.
    pub(crate) fn groups_of_thing(&self, name: &str) -> Option<Vec<Box<str>>> {
        let key = self.things.find(name)?;
        let groups = self.things.get(key)?.groups.iter();
        Some(groups.filter_map(|&group| self.groups.get(group)).map(|group| group.name.clone()).collect())
    }

    /// When a certificate became known, if that was noted.
    pub(crate) fn certificate_created(&self, id: CertificateId) -> Option<WallTime> {
        self.certificate(id).ok()?.rest.as_ref().map(|rest| rest.created)
    }

    /// The PEM text of a certificate, if there is one.
    pub(crate) fn certificate_pem(&self, id: CertificateId) -> Option<&str> {
        self.certificate(id).ok()?.rest.as_ref()?.pem.as_deref()
    }
}
