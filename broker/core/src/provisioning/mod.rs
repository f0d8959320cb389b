//! Provisioning as the broker drives it: first contacts, the fleet topics, and the times of both (`state.md` 3).
//!
//! ```text
//! unknown certificate shown ──> registered ──┬──> registration message         (first_contact.rs)
//!                                            └──> run, when its time has come
//! request topic ──> service ──> keys, signature, hook asked of the outside      (fleet.rs)
//!                      └─────────────────> answer, to the same connection
//! calls about templates and claims ──> answer                                   (templates.rs)
//! ```
//!
//! What a template or a token means is the service's; here is who is told of it, and when.

mod first_contact;
mod fleet;
mod templates;

use std::collections::VecDeque;

use squall_profile::{Limits, Switches};
use squall_services::provisioning::{Control, FleetProvisioning, JustInTime, ProvisioningClaims, Templates};
use squall_types::Timestamp;

pub(crate) use self::first_contact::Contact;
use self::first_contact::DueRun;
pub(crate) use self::fleet::PendingFleet;
use crate::broker::{Broker, Step};
use crate::fact::{AuditedCall, Fact};
use crate::input::{AskId, Tag};
use crate::meter::Cause;
use crate::sink::Sink;

/// What the broker keeps of devices that get their identity in the field.
#[derive(Debug)]
pub(crate) struct Provisioning {
    pub(crate) templates: Templates,
    pub(crate) claims: ProvisioningClaims,
    just_in_time: JustInTime,
    /// Runs that are to be made, in the order of their times: all wait equally long.
    runs: VecDeque<DueRun>,
    fleet: FleetProvisioning,
    /// Tokens given so far.
    tokens: u64,
    /// When the first certificate is looked at again that nobody has provisioned, as far as a timer is set.
    tokens_at: Timestamp,
    /// Hooks by the end of their time, which is in the order of asking.
    hooks: VecDeque<(Timestamp, AskId)>,
}

impl Provisioning {
    pub(crate) fn new(templates: Templates, limits: &Limits, switches: &Switches) -> Self {
        Self {
            templates,
            claims: ProvisioningClaims::default(),
            just_in_time: JustInTime::new(switches.jitp_after_failure),
            runs: VecDeque::new(),
            fleet: FleetProvisioning::new(limits),
            tokens: 0,
            tokens_at: Timestamp::MAX,
            hooks: VecDeque::new(),
        }
    }
}

impl Broker {
    /// Has provisioning do something with the account. Its calls are audited, metered, told of and propagated like
    /// anybody's.
    fn provision<S: Sink, T>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        act: impl FnOnce(&mut Control<'_>, &mut Provisioning) -> T,
    ) -> T {
        let mut changes = Vec::new();
        let (meter, sink) = (&mut self.meter, &mut *step.sink);
        let mut control = Control {
            registry: &mut self.registry,
            now: step.now,
            on_call: &mut |call, result| {
                let audited = AuditedCall::Registry(call);
                sink.fact(Fact::Audit { tag, call: audited, error: result.as_ref().err() });
                if result.is_ok() {
                    meter.add(tag, Cause::RegistryCall, u64::from(call.registry_operations()));
                    changes.push(call.changed());
                }
            },
        };
        let result = act(&mut control, &mut self.provisioning);
        if changes.is_empty() {
            // A certificate may have been registered, of which nobody can have found out anything before.
            return result;
        }
        self.account_changes = self.account_changes.wrapping_add(1);
        self.publish_registry_events(step);
        for changed in changes {
            self.propagate(step.now.mono, changed);
        }
        result
    }
}
