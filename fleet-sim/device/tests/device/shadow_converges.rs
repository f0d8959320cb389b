//! A device against a plain shadow service: whatever happens to it, it ends as it is desired to be.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use squall_codec::{Packet, PacketId, Publish};
use squall_device::{DeviceInput, OnConflict, ShadowListens};
use squall_types::QoS;

use crate::script::*;
use crate::shadow::*;

/// What happens, one thing after the other.
#[derive(Clone, Debug)]
enum Step {
    Desire(u8, u8),
    /// Somebody else writes, so that the version rises under the device.
    Touch,
    Lose {
        session_present: bool,
    },
    LosePower,
    /// The service's next answer is lost.
    LoseAnswer,
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..3_u8, any::<u8>()).prop_map(|(key, value)| Step::Desire(key, value)),
        1 => Just(Step::Touch),
        1 => any::<bool>().prop_map(|session_present| Step::Lose { session_present }),
        1 => Just(Step::LosePower),
        1 => Just(Step::LoseAnswer),
        3 => (0..4_u64).prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 0..40)
}

/// The service in a few lines: flat objects only.
#[derive(Default)]
struct Service {
    version: u64,
    desired: Map<String, Value>,
    reported: Map<String, Value>,
    loses_answer: bool,
}

impl Service {
    fn delta(&self) -> Map<String, Value> {
        let differs = |(key, value): &(&String, &Value)| self.reported.get(*key) != Some(value);
        self.desired.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn delta_message(&self) -> Option<(&'static str, Value)> {
        let delta = self.delta();
        (!delta.is_empty()).then(|| ("/update/delta", json!({"version": self.version, "state": delta})))
    }

    fn answer(&mut self, topic: &str, request: &Value) -> Vec<(&'static str, Value)> {
        let token = &request["clientToken"];
        if topic == "/get" {
            let mut document =
                json!({"state": {"desired": self.desired}, "version": self.version, "clientToken": token});
            if !self.delta().is_empty() {
                document["state"]["delta"] = self.delta().into();
            }
            return vec![("/get/accepted", document)];
        }
        assert_eq!(topic, "/update");
        if request.get("version").is_some_and(|version| *version != json!(self.version)) {
            return vec![("/update/rejected", json!({"code": 409, "clientToken": token}))];
        }
        let news = request["state"]["reported"].as_object().expect("an update of reported state");
        self.reported.extend(news.clone());
        self.version += 1;
        let accepted = json!({"version": self.version, "clientToken": token});
        [("/update/accepted", accepted)].into_iter().chain(self.delta_message()).collect()
    }
}

struct World {
    script: Script,
    service: Service,
}

impl World {
    /// Answers what the device sent until it sends nothing more.
    fn serve(&mut self) {
        while let Some((_, sent)) = self.script.sent.pop_front() {
            match sent {
                Sent::Publish { packet_id, topic, payload, .. } => {
                    let request = serde_json::from_str(&payload).expect("a device sends JSON");
                    let topic = topic.strip_prefix(PREFIX).expect("of its shadow").to_owned();
                    self.script.acknowledge(packet_id);
                    let answers = self.service.answer(&topic, &request);
                    if !core::mem::take(&mut self.service.loses_answer) {
                        answers.iter().for_each(|answer| self.say(answer));
                    }
                }
                // A device that the service does not answer would lose its connection in good time.
                Sent::PingReq => self.script.receive(&[Packet::PingResp]),
                _ => {}
            }
        }
    }

    fn say(&mut self, (end, payload): &(&str, Value)) {
        if self.script.device.is_connected() {
            let topic = format!("{PREFIX}{end}");
            let payload = payload.to_string();
            let publish = Publish::new(&topic, payload.as_bytes());
            let packet_id = PacketId::new(9);
            self.script.receive(&[Packet::Publish(Publish { qos: QoS::AtLeastOnce, packet_id, ..publish })]);
        }
    }

    fn publish_delta(&mut self) {
        if let Some(message) = self.service.delta_message() {
            self.say(&message);
        }
        self.serve();
    }

    fn reconnect(&mut self, session_present: bool) {
        while !self.script.transport {
            self.advance(1);
        }
        if session_present {
            self.script.accept(true);
        } else {
            self.script.sent();
            self.script.connect_and_grant();
        }
        self.serve();
    }

    fn advance(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.script.advance(1);
            self.serve();
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Desire(key, value) => {
                self.service.desired.insert(format!("k{key}"), value.into());
                self.service.version += 1;
                self.publish_delta();
            }
            Step::Touch => {
                self.service.version += 1;
                self.publish_delta();
            }
            Step::Lose { session_present } => {
                self.script.lose();
                self.reconnect(session_present);
            }
            Step::LosePower => {
                self.script.lose_power();
                self.script.input(DeviceInput::Start);
                self.reconnect(false);
            }
            Step::LoseAnswer => self.service.loses_answer = true,
            Step::Advance(seconds) => self.advance(seconds),
        }
    }
}

proptest! {
    /// Firmware that gets on connect and repeats after conflicts loses nothing, as long as it comes back once.
    #[test]
    fn a_device_that_gets_on_connect_ends_as_desired(
        steps in steps(),
        sends_version in any::<bool>(),
        keeps_applied in any::<bool>(),
        hears_rejections in any::<bool>(),
    ) {
        let profile = with(|habits| {
            habits.get_on_connect = true;
            habits.sends_version = sends_version;
            habits.keeps_applied = keeps_applied;
            habits.on_conflict = OnConflict::GetAndRepeat { at_most: 3 };
            habits.listens = ShadowListens { update_rejected: hears_rejections, ..ShadowListens::ALL };
        });
        let mut world = World { script: Script::start(profile), service: Service::default() };
        world.script.connect_and_grant();
        world.serve();
        for step in &steps {
            world.take(step);
            let unfinished = world.script.device.unfinished_shadow_requests().count();
            prop_assert!(unfinished <= 1, "one shadow, one request");
        }
        // Healed: every answer comes from now on, and one connection more shows what was missed.
        world.service.loses_answer = false;
        world.advance(20);
        world.script.lose();
        world.reconnect(false);
        world.advance(20);
        prop_assert_eq!(world.service.delta(), Map::new());
        prop_assert_eq!(world.script.device.unfinished_shadow_requests().count(), 0);
        prop_assert!(!world.script.told().contains(&Told::Violation));
    }
}
