//! The control plane as provisioning uses it: the registry, the time, and somebody who is told of every call.

use squall_types::Now;

use super::error::ProvisioningError;
use crate::api_error::ApiError;
use crate::registry::{ControlCall, ControlReply, Registry};

/// Somebody who is told of every call of the control plane that provisioning makes: for audit, usage and propagation.
pub type OnCall<'o> = &'o mut dyn FnMut(&ControlCall<'_>, &Result<ControlReply, ApiError>);

/// Where provisioning makes its calls.
pub struct Control<'c> {
    /// The account's registry.
    pub registry: &'c mut Registry,
    /// What time it is.
    pub now: Now,
    /// Who is told.
    pub on_call: OnCall<'c>,
}

impl Control<'_> {
    /// Makes a call, which counts against the account's rates like anybody's.
    pub(super) fn call(&mut self, call: &ControlCall<'_>) -> Result<ControlReply, ProvisioningError> {
        let result = self.registry.call(self.now, call);
        (self.on_call)(call, &result);
        result.map_err(|error| ProvisioningError::Call { operation: call.operation(), error })
    }
}
