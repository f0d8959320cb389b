//! Calls about provisioning templates and temporary claims (`state.md` 3.4, 3.7).

use squall_services::provisioning::{TemplateCall, TemplateControl, TemplateQuery};
use squall_types::Now;

use crate::broker::{Broker, Step};
use crate::fact::{AuditedCall, Fact};
use crate::input::Tag;
use crate::request::Reply;
use crate::sink::Sink;

impl Broker {
    /// A call that changes templates or makes a claim. None concerns a connection that stands, and none is a registry
    /// operation that is billed (`pricing.md` 1.2).
    pub(crate) fn handle_template_call<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        call: &TemplateCall<'_>,
    ) -> Reply {
        let now = step.now;
        // Claims that are over may be forgotten; now is as good a time as any.
        self.provisioning.claims.expire(now.wall);
        let result = self.template_control().call(now, call);
        let (call, error) = (AuditedCall::Template(call), result.as_ref().err());
        step.sink.fact(Fact::Audit { tag, call, error });
        result.map_or_else(Reply::Failed, Reply::Template)
    }

    pub(crate) fn handle_template_query(&mut self, now: Now, query: &TemplateQuery<'_>) -> Reply {
        self.template_control().query(now, query).map_or_else(Reply::Failed, Reply::TemplateAnswer)
    }

    fn template_control(&mut self) -> TemplateControl<'_> {
        TemplateControl {
            registry: &mut self.registry,
            templates: &mut self.provisioning.templates,
            claims: &mut self.provisioning.claims,
            claim_seconds: self.limits.provisioning_claim_seconds,
        }
    }
}
