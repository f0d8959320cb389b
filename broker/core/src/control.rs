//! Calls of the control and data plane.

use squall_codec::{PacketId, Publish};
use squall_profile::Decision;
use squall_services::registry::{ControlCall, ControlQuery};
use squall_types::{CertificateId, Now, QoS};

use crate::broker::{Broker, Step};
use crate::fact::{AuditedCall, DiscardRule, Fact, Feature};
use crate::input::{Caller, Tag};
use crate::meter::Cause;
use crate::publish::fleet_request;
use crate::request::{Call, InvalidRequest, Reply};
use crate::reserved_topics::basic_ingest_topic;
use crate::sink::Sink;

impl Broker {
    pub(crate) fn handle_call<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        caller: Caller,
        call: Call<'_>,
    ) -> Reply {
        let Caller::Account { tag } = caller;
        match call {
            Call::Control(call) => self.handle_control(step, tag, &call),
            Call::Query(query) => self.handle_query(step.now, tag, &query),
            Call::Shadow(call) => self.handle_shadow_call(step, tag, call),
            Call::Template(call) => self.handle_template_call(step, tag, &call),
            Call::TemplateQuery(query) => self.handle_template_query(step.now, &query),
            Call::Publish { topic, payload, qos, retain } => {
                self.handle_https_publish(step, tag, topic, payload, qos, retain)
            }
        }
    }

    /// A call that changes the account: at once for whoever reads it, later for connections that stand.
    fn handle_control<S: Sink>(&mut self, step: &mut Step<'_, S>, tag: Tag, call: &ControlCall<'_>) -> Reply {
        let result = self.registry.call(step.now, call);
        // Attributes of things and the like act at once, so nothing that was found out before is relied on.
        self.account_changes = self.account_changes.wrapping_add(1);
        // broker.md 10.3.
        let audited = AuditedCall::Registry(call);
        step.sink.fact(Fact::Audit { tag, call: audited, error: result.as_ref().err() });
        match result {
            Err(error) => Reply::Failed(error),
            Ok(reply) => {
                if let ControlCall::DeleteCertificate { id, .. } = *call {
                    self.forget_certificate(step, id);
                }
                self.meter.add(tag, Cause::RegistryCall, u64::from(call.registry_operations()));
                self.publish_registry_events(step);
                self.propagate(step.now.mono, call.changed());
                Reply::Control(reply)
            }
        }
    }

    /// A certificate is no more: nothing is left that a connection of its could be held to.
    pub(crate) fn forget_certificate<S: Sink>(&mut self, step: &mut Step<'_, S>, id: CertificateId) {
        if let Some(principal) = self.principals.of_certificate(id) {
            self.refresh(step, principal);
        }
        self.principals.forget(id);
    }

    /// state.md 2.11: delivered at least once; that a refused call has none is unverified.
    pub(crate) fn publish_registry_events<S: Sink>(&mut self, step: &mut Step<'_, S>) {
        for event in self.registry.take_events() {
            let (qos, packet_id) = (QoS::AtLeastOnce, Some(PacketId::MIN));
            let publish = Publish { qos, packet_id, ..Publish::new(&event.topic, event.payload.as_bytes()) };
            self.publish_own(step, &publish);
        }
    }

    /// A call that reads the account. It leaves no audit record.
    fn handle_query(&mut self, now: Now, tag: Tag, query: &ControlQuery<'_>) -> Reply {
        match self.registry.query(now, query) {
            Err(error) => Reply::Failed(error),
            Ok(answer) => {
                let operations = query.registry_operations(&answer);
                self.meter.add(tag, Cause::RegistryCall, u64::from(operations));
                Reply::Answer(answer)
            }
        }
    }

    fn handle_https_publish<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Reply {
        // broker.md 1.3: an HTTPS publish; pricing.md 1.1 meters its body and the body of the answer.
        self.meter.add_message(tag, Cause::HttpRequest, payload.len());
        self.meter.add_message(tag, Cause::HttpResponse, 0);
        let invalid = if qos == QoS::ExactlyOnce {
            Some(InvalidRequest::QoS)
        } else if payload.len() > self.limits.payload_bytes as usize {
            Some(InvalidRequest::Payload)
        } else if !self.admits_topic(step, tag, topic, retain) {
            Some(InvalidRequest::Topic)
        } else {
            None
        };
        if let Some(invalid) = invalid {
            step.sink.fact(Fact::PublishRefused { connection: None, tag, topic });
            return Reply::InvalidRequest(invalid);
        }
        step.receipt.publishes += 1;
        if !self.inbound_rate.take(step.now.mono) {
            self.assumptions.note(Decision::AccountPublishRate);
            step.sink.fact(Fact::CallThrottled { tag, rule: DiscardRule::AccountPublishRateIn });
            return Reply::Throttling;
        }
        let packet_id = (qos == QoS::AtLeastOnce).then_some(PacketId::MIN);
        let publish = Publish { qos, packet_id, retain, ..Publish::new(topic, payload) };
        let mut stored = None;
        if retain && self.keep_retained(step, tag, &publish, &mut stored).is_err() {
            step.sink.fact(Fact::CallThrottled { tag, rule: DiscardRule::RetainedQuota });
            return Reply::Throttling;
        }
        step.sink.fact(Fact::PublishIn { connection: None, tag, topic, retain });
        if fleet_request(topic).is_some() {
            // state.md 3.3: an answer goes to the connection that asked; no document says what becomes of it without one.
            step.not_modelled(tag, Feature::Provisioning);
        } else if basic_ingest_topic(topic).is_none() {
            self.route(step, None, &publish, &mut stored);
        }
        if let Some(message) = stored {
            self.messages.release(message);
        }
        Reply::Ok
    }
}
