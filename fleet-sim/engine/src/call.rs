//! Calls of cloud-side actors.

use squall_core::{Call as BrokerCall, Caller, Input, Reply, RequestId, ShadowReply, Tag};
use squall_oracle::ClientKey;
use squall_results::Counter;
use squall_scenario::{ApiCall, Call, CallDevice, Devices};
use squall_services::provisioning::{OwnedTemplateCall, OwnedTemplateQuery};
use squall_services::registry::{ControlCall, OwnedCall, OwnedQuery, PolicyTarget};
use squall_services::shadow::{OwnedShadowCall, ShadowCall};
use squall_types::{CertificateId, QoS, Timestamp};

use crate::event::Event;
use crate::fingerprint::ItemKind;
use crate::world::World;

impl World {
    pub(crate) fn on_call(&mut self, number: u32, made: u32) {
        let call = &self.calls[number as usize];
        if made + 1 < call.times {
            let next = Event::Call { call: number, made: made + 1 };
            self.wheel.push(Timestamp::ZERO + call.at + call.every * (made + 1), next);
        }
        match call.call.rendered(made) {
            Call::PublishToTopic { topic, payload, qos } => {
                self.call_publish(&topic, payload.as_bytes(), qos);
            }
            Call::UpdateCertificate { devices, status } => {
                self.call_for_each(devices, |id| ControlCall::UpdateCertificate { id, status });
            }
            Call::AttachPolicy { policy, devices } => self.call_for_each(devices, |id| {
                ControlCall::AttachPolicy { policy: &policy, target: PolicyTarget::Certificate(id) }
            }),
            Call::DetachPolicy { policy, devices } => self.call_for_each(devices, |id| {
                ControlCall::DetachPolicy { policy: &policy, target: PolicyTarget::Certificate(id) }
            }),
            Call::CreatePolicy { policy, document } => {
                self.call_policy(&policy, ControlCall::CreatePolicy { name: &policy, document: &document });
            }
            Call::CreatePolicyVersion { policy, document, set_as_default } => {
                let name = &policy;
                let call = ControlCall::CreatePolicyVersion { name, document: &document, set_as_default };
                self.call_policy(name, call);
            }
            Call::SetDefaultPolicyVersion { policy, version } => {
                let call = ControlCall::SetDefaultPolicyVersion { name: &policy, version };
                self.call_policy(&policy, call);
            }
            Call::Api(call) => self.call_api(&call),
        }
    }

    /// A call in the public API's own words: once, or once for each of some devices, in their order.
    fn call_api(&mut self, call: &ApiCall) {
        let Some(devices) = call.devices else { return self.request_api(&call.operation, &call.parameters) };
        for index in devices.from..devices.to {
            let fleet = &self.fleets[devices.fleet];
            let thing = format!("{}-{index}", fleet.profile.fleet);
            let certificate = self.certificate_of(devices.fleet, index).to_string();
            let device = CallDevice { thing: &thing, index, certificate: &certificate };
            self.request_api(&call.operation, &call.parameters_for(device));
        }
    }

    /// Has the account carry out an operation. One that the registry does not understand was refused when the scenario
    /// was read, unless a device's own values spoil it: then the account refuses it.
    fn request_api(&mut self, operation: &str, parameters: &serde_json::Value) {
        let shown = format!("{operation} {parameters}");
        if let Ok(call) = OwnedCall::read(operation, parameters) {
            self.request(shown.as_bytes(), BrokerCall::Control(call.as_call()));
        } else if let Ok(call) = OwnedShadowCall::read(operation, parameters) {
            self.call_shadow(&shown, &call);
        } else if let Ok(call) = OwnedTemplateCall::read(operation, parameters) {
            self.request(shown.as_bytes(), BrokerCall::Template(call.as_call()));
        } else if let Ok(query) = OwnedTemplateQuery::read(operation, parameters) {
            self.request(shown.as_bytes(), BrokerCall::TemplateQuery(query.as_query()));
        } else if let Ok(query) = OwnedQuery::read(operation, parameters) {
            self.request(shown.as_bytes(), BrokerCall::Query(query.as_query()));
        } else {
            self.note_world(ItemKind::Request, shown.as_bytes());
            self.note_world(ItemKind::Reply, &[0]);
            self.measure.counters.count(Counter::CallsRefused);
        }
    }

    /// One call for each device, in their order, all at the same time.
    fn call_for_each<'c>(&mut self, devices: Devices, call: impl Fn(CertificateId) -> ControlCall<'c>) {
        for index in devices.from..devices.to {
            let fleet = &self.fleets[devices.fleet];
            let (device, call) = (fleet.first + index, call(self.certificate_of(devices.fleet, index)));
            if self.call_control(call) {
                self.show_change(device, &call);
            }
        }
    }

    /// Tells the judges what the account has changed about a device.
    fn show_change(&mut self, device: u32, call: &ControlCall<'_>) {
        let client = ClientKey(self.clients.of_device(device));
        let Some(oracles) = &mut self.oracles else { return };
        match *call {
            ControlCall::AttachPolicy { policy, .. } => {
                oracles.policy_changed(self.now, client, policy, true);
            }
            ControlCall::DetachPolicy { policy, .. } => {
                oracles.policy_changed(self.now, client, policy, false);
            }
            _ => {}
        }
    }

    fn call_control(&mut self, call: ControlCall<'_>) -> bool {
        self.request(call.operation().as_bytes(), BrokerCall::Control(call))
    }

    /// Has the account make another document count, and tells the judges.
    fn call_policy(&mut self, name: &str, call: ControlCall<'_>) {
        self.call_control(call);
        let Ok((_, document)) = self.broker.registry().policies.get_policy(name) else { return };
        if let Some(oracles) = &mut self.oracles {
            oracles.policy_in_force(self.now, name, document);
        }
    }

    /// Has the service carry out a call about shadows.
    pub(crate) fn request_shadow(&mut self, shown: &[u8], call: ShadowCall<'_>) -> Option<ShadowReply> {
        match self.reply_to(shown, BrokerCall::Shadow(call)) {
            Some(Reply::Shadow(reply)) => Some(reply),
            _ => None,
        }
    }

    fn call_publish(&mut self, topic: &str, payload: &[u8], qos: QoS) {
        self.show_request(topic, payload);
        let accepted = self.request(payload, BrokerCall::Publish { topic, payload, qos, retain: false });
        if accepted {
            self.measure.deliveries.published(topic, payload, self.now);
        }
        if let Some(oracles) = &mut self.oracles {
            oracles.call_published(self.now, topic, payload, qos, accepted);
        }
    }

    /// Has the broker carry out a call at once; says whether it accepted it. `shown` is what an observer sees of the call.
    pub(crate) fn request(&mut self, shown: &[u8], call: BrokerCall<'_>) -> bool {
        self.reply_to(shown, call).is_some_and(|reply| reply.is_accepted())
    }

    fn reply_to(&mut self, shown: &[u8], call: BrokerCall<'_>) -> Option<Reply> {
        self.note_world(ItemKind::Request, shown);
        self.requests += 1;
        // The account's own calls are metered apart from every fleet.
        let caller = Caller::Account { tag: Tag(self.fleets.len() as u16) };
        let reply = self.serve_at_once(Input::Request { id: RequestId(self.requests), caller, call });
        let accepted = reply.as_ref().is_some_and(Reply::is_accepted);
        self.note_world(ItemKind::Reply, &[u8::from(accepted)]);
        self.measure.counters.count(if accepted { Counter::CallsAccepted } else { Counter::CallsRefused });
        reply
    }
}
