//! Wills: what is published when a connection ends without a word of its client.
//!
//! ```text
//!                DISCONNECT 0x00
//! CONNECT ──> held ──────────────────────────────> gone
//!              │  connection ends                   ▲
//!              ├───────────────> published ─────────┤
//!              └──> delayed ───> published ─────────┤  its delay passes, or the session ends
//!                        └──────────────────────────┘  the session is resumed (MQTT5-3.1.3-9)
//! ```

use squall_codec::{Connect, Packet, PacketId, Publish, PublishProperties, Will as ConnectWill, decode};
use squall_profile::Decision;
use squall_profile::switch::{TakeoverWill, WillDelay};
use squall_types::{ProtocolVersion, QoS, Timestamp};

use crate::broker::{Broker, Step};
use crate::fact::{DiscardRule, Fact};
use crate::input::Tag;
use crate::meter::Cause;
use crate::output::DisconnectReason;
use crate::publish::metered_bytes;
use crate::session::SessionKey;
use crate::sink::Sink;
use crate::timer::TimerKind;

/// A will, kept with its session.
#[derive(Debug)]
pub(crate) struct Will {
    /// The PUBLISH that it will be, encoded as MQTT 5.
    packet: Vec<u8>,
    delay_seconds: u32,
    /// When a delayed will is published; `None` while its connection stands.
    due: Option<Timestamp>,
}

impl Will {
    /// The will of a CONNECT.
    pub(crate) fn of(connect: &Connect<'_>) -> Option<Box<Self>> {
        let will = connect.will.as_ref()?;
        let mut packet = Vec::new();
        publish_of(will).encode(ProtocolVersion::V5, &mut packet).expect("what was decoded can be encoded");
        let delay_seconds = will.properties.will_delay_interval.unwrap_or(0);
        Some(Box::new(Self { packet, delay_seconds, due: None }))
    }
}

/// The PUBLISH of a will.
fn publish_of<'a>(will: &ConnectWill<'a>) -> Publish<'a> {
    let properties = &will.properties;
    Publish {
        qos: will.qos,
        // It goes nowhere as it is; the codec wants one with QoS 1.
        packet_id: (will.qos != QoS::AtMostOnce).then_some(PacketId::MIN),
        retain: will.retain,
        properties: PublishProperties {
            payload_is_utf8: properties.payload_is_utf8,
            message_expiry_interval: properties.message_expiry_interval,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data,
            user_properties: properties.user_properties,
            content_type: properties.content_type,
            ..PublishProperties::default()
        },
        ..Publish::new(will.topic, will.payload)
    }
}

impl Broker {
    /// A connection is about to end: takes the will that is to be published now. One that has to wait stays with its
    /// session.
    pub(crate) fn take_due_will<S: Sink>(
        &mut self,
        step: &Step<'_, S>,
        key: SessionKey,
        reason: DisconnectReason,
    ) -> Option<Box<Will>> {
        let session = &mut self.sessions[key];
        let (lasts, generation) = (session.expiry_seconds, session.generation);
        let will = session.cold.as_mut()?.will.as_mut()?;
        let mut delay = will.delay_seconds;
        if delay > 0 {
            self.assumptions.note(Decision::WillDelay);
            if self.switches.will_delay == WillDelay::Ignore {
                delay = 0;
            }
        }
        if reason == DisconnectReason::DuplicateClientId {
            self.assumptions.note(Decision::TakeoverWill);
            if self.switches.takeover_will == TakeoverWill::Send {
                delay = 0;
            }
        }
        // A session that ends with its connection publishes its will at once (MQTT5-3.1.2-10).
        if delay == 0 || lasts == 0 {
            return session.cold.as_mut()?.will.take();
        }
        let due = step.now.mono.plus_nanos(u64::from(delay) * 1_000_000_000);
        will.due = Some(due);
        self.timers.set(due, TimerKind::WillDelay, key.0, generation);
        None
    }

    /// The delay of a will is over, unless its session was resumed meanwhile.
    pub(crate) fn on_will_delay<S: Sink>(&mut self, step: &mut Step<'_, S>, key: SessionKey) {
        let Some(cold) = &mut self.sessions[key].cold else { return };
        let now = step.now.mono;
        if let Some(will) = cold.will.take_if(|will| will.due.is_some_and(|due| due <= now)) {
            let session = &self.sessions[key];
            let (tag, client_id) = (session.tag, session.client_id.clone());
            self.publish_will(step, tag, client_id.as_str(), Some(key), &will);
        }
    }

    /// Publishes a will (MQTT-3.1.2-8). Its message expiry begins now (`broker.md` 3.5).
    pub(crate) fn publish_will<S: Sink>(
        &mut self,
        step: &mut Step<'_, S>,
        tag: Tag,
        client_id: &str,
        session: Option<SessionKey>,
        will: &Will,
    ) {
        let Ok(Some((Packet::Publish(publish), _))) = decode(ProtocolVersion::V5, &will.packet, u32::MAX)
        else {
            unreachable!("a will is an encoded PUBLISH");
        };
        let discarded = |rule| Fact::Discarded { tag, client_id, topic: publish.topic, rule };
        if !self.inbound_rate.take(step.now.mono) {
            self.assumptions.note(Decision::AccountPublishRate);
            return step.sink.fact(discarded(DiscardRule::AccountPublishRateIn));
        }
        // pricing.md 1.1: charged when published.
        self.meter.add_message(tag, Cause::Will, metered_bytes(&publish));
        step.sink.fact(Fact::WillPublished { tag, client_id, topic: publish.topic });
        let mut stored = None;
        if publish.retain && self.keep_retained(step, tag, &publish, &mut stored).is_err() {
            step.sink.fact(discarded(DiscardRule::RetainedQuota));
        } else {
            self.route(step, session, &publish, &mut stored);
        }
        if let Some(message) = stored {
            self.messages.release(message);
        }
    }
}
