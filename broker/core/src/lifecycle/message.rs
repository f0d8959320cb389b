//! The text of lifecycle messages: topic and JSON, with the keys of `broker.md` 5 in their documented order.

use core::fmt;
use core::net::IpAddr;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::output::DisconnectReason;
use crate::principal::Who;

/// What a lifecycle message is about; `F` are the filters of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Detail<F> {
    Connected { ip: IpAddr },
    Disconnected { reason: DisconnectReason },
    ConnectFailed { ip: IpAddr },
    Subscribed { topics: F },
    Unsubscribed { topics: F },
}

/// [`Detail`] of a message without filters.
pub(crate) type Presence = Detail<core::iter::Empty<&'static str>>;

impl<F> Detail<F> {
    const fn event_type(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Disconnected { .. } => "disconnected",
            Self::ConnectFailed { .. } => "connect_failed",
            Self::Subscribed { .. } => "subscribed",
            Self::Unsubscribed { .. } => "unsubscribed",
        }
    }

    const fn family(&self) -> &'static str {
        match self {
            Self::Connected { .. } | Self::Disconnected { .. } | Self::ConnectFailed { .. } => "presence",
            Self::Subscribed { .. } | Self::Unsubscribed { .. } => "subscriptions",
        }
    }
}

/// All that a lifecycle message says.
pub(super) struct Event<'a, F> {
    pub(super) client_id: &'a str,
    /// The thing that the principal is attached to as `EXCLUSIVE_THING`.
    pub(super) thing_name: Option<&'a str>,
    /// Milliseconds since 1970.
    pub(super) timestamp: u64,
    pub(super) session_identifier: SessionIdentifier,
    pub(super) principal: &'a Who,
    pub(super) version_number: u32,
    pub(super) detail: Detail<F>,
}

impl<'f, F: Iterator<Item = &'f str> + Clone> Serialize for Event<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("clientId", self.client_id)?;
        if let Some(thing) = self.thing_name {
            map.serialize_entry("thingName", thing)?;
        }
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("eventType", self.detail.event_type())?;
        if let Detail::ConnectFailed { ip } = &self.detail {
            // broker.md 5: this kind has an order of its own.
            map.serialize_entry("connectFailureReason", "AUTHORIZATION_FAILED")?;
            map.serialize_entry("principalIdentifier", &Shown(self.principal))?;
            map.serialize_entry("sessionIdentifier", &Shown(&self.session_identifier))?;
            map.serialize_entry("ipAddress", ip)?;
            return map.end();
        }
        map.serialize_entry("sessionIdentifier", &Shown(&self.session_identifier))?;
        map.serialize_entry("principalIdentifier", &Shown(self.principal))?;
        match &self.detail {
            Detail::Connected { ip } => map.serialize_entry("ipAddress", ip)?,
            Detail::Disconnected { reason } => {
                let by_client = *reason == DisconnectReason::ClientInitiated;
                map.serialize_entry("clientInitiatedDisconnect", &by_client)?;
                map.serialize_entry("disconnectReason", reason.as_str())?;
            }
            Detail::Subscribed { topics } | Detail::Unsubscribed { topics } => {
                map.serialize_entry("topics", &Texts(topics))?;
                return map.end();
            }
            Detail::ConnectFailed { .. } => {}
        }
        map.serialize_entry("versionNumber", &self.version_number)?;
        map.end()
    }
}

/// What is shown as a text in JSON.
struct Shown<'a, T>(&'a T);

impl<T: fmt::Display> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// An array of texts.
struct Texts<'a, F>(&'a F);

impl<'f, F: Iterator<Item = &'f str> + Clone> Serialize for Texts<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// A UUID of version 4, made of drawn bits.
pub(super) struct SessionIdentifier(u128);

impl SessionIdentifier {
    pub(super) const fn from_bits([high, low]: [u64; 2]) -> Self {
        let drawn = (high as u128) << 64 | low as u128;
        Self(drawn & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }
}

impl fmt::Display for SessionIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |shift: u32, bits: u32| (self.0 >> shift) as u64 & ((1 << bits) - 1);
        let (first, second, third) = (part(96, 32), part(80, 16), part(64, 16));
        write!(f, "{first:08x}-{second:04x}-{third:04x}-{:04x}-{:012x}", part(48, 16), part(0, 48))
    }
}

/// A lifecycle message, in buffers that are used again.
#[derive(Debug, Default)]
pub(crate) struct Message {
    topic: String,
    payload: Vec<u8>,
}

impl Message {
    pub(super) fn write<'f, F: Iterator<Item = &'f str> + Clone>(&mut self, event: &Event<'_, F>) {
        self.topic.clear();
        self.payload.clear();
        for part in ["$aws/events/", event.detail.family(), "/", event.detail.event_type(), "/"] {
            self.topic.push_str(part);
        }
        self.topic.push_str(event.client_id);
        serde_json::to_writer(&mut self.payload, event).expect("a buffer takes whatever is written");
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use squall_types::CertificateId;

    use super::*;

    fn written<'f>(client_id: &str, detail: Detail<impl Iterator<Item = &'f str> + Clone>) -> Message {
        let mut message = Message::default();
        message.write(&Event {
            client_id,
            timestamp: 1_700_000_000_123,
            session_identifier: SessionIdentifier::from_bits([u64::MAX, 0]),
            thing_name: None,
            principal: &Who::Certificate(CertificateId([0xab; 32])),
            version_number: 3,
            detail,
        });
        message
    }

    #[test]
    fn a_message_is_that_of_the_reference_to_the_byte() {
        let detail = Presence::Disconnected { reason: DisconnectReason::DuplicateClientId };
        let message = written("pump-7", detail);
        assert_eq!(message.topic(), "$aws/events/presence/disconnected/pump-7");
        let expected = format!(
            "{{\"clientId\":\"pump-7\",\"timestamp\":1700000000123,\"eventType\":\"disconnected\",\
             \"sessionIdentifier\":\"ffffffff-ffff-4fff-8000-000000000000\",\"principalIdentifier\":\"{}\",\
             \"clientInitiatedDisconnect\":false,\"disconnectReason\":\"DUPLICATE_CLIENTID\",\"versionNumber\":3}}",
            "ab".repeat(32)
        );
        assert_eq!(str::from_utf8(message.payload()), Ok(expected.as_str()));
    }

    proptest! {
        /// Whatever the texts are, a JSON reader gets them back.
        #[test]
        fn every_text_is_read_back(client_id: String, topics: Vec<String>) {
            let message = written(&client_id, Detail::Subscribed { topics: topics.iter().map(String::as_str) });
            let read: Value = serde_json::from_slice(message.payload()).unwrap();
            prop_assert_eq!(&read["clientId"], &Value::from(client_id));
            prop_assert_eq!(&read["topics"], &Value::from(topics));
        }
    }

    #[test]
    fn odd_client_ids_are_read_back() {
        for client_id in ["a\"b", "a\\b", "a/b", "\u{1}\u{1f}\u{7f}", "\u{2028}", "ü€😀", "</script>", "\n\t"]
        {
            let message = written(client_id, Presence::Connected { ip: [10, 0, 0, 1].into() });
            let read: Value = serde_json::from_slice(message.payload()).unwrap();
            assert_eq!(read["clientId"], client_id);
            assert_eq!(read["ipAddress"], "10.0.0.1");
        }
    }
}
