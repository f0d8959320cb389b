//! What a case leaves on a target that outlives it: retained messages, which would come to the wildcards of others.

use squall_codec::{Connect, Packet, Publish, decode};
use squall_types::ProtocolVersion;

use super::Runner;
use crate::target::Patience;

/// The link that takes retained messages away.
const LINK: &str = "cleaning";

impl Runner<'_> {
    /// Notes the topics of retained messages, wills included, among bytes that a client sends.
    pub(super) fn note_retained(&mut self, version: ProtocolVersion, mut bytes: &[u8]) {
        if self.virtual_time {
            return;
        }
        while let Ok(Some((packet, used))) = decode(version, bytes, u32::MAX) {
            match packet {
                Packet::Publish(publish) if publish.retain && !publish.topic.is_empty() => {
                    self.retained.insert(publish.topic.to_owned());
                }
                Packet::Connect(connect) => {
                    let will = connect.will.filter(|will| will.retain);
                    self.retained.extend(will.map(|will| will.topic.to_owned()));
                }
                _ => {}
            }
            bytes = &bytes[used..];
        }
    }

    /// Publishes nothing under each of these topics, which takes the message away. Where that fails, the next case
    /// shows it.
    pub(super) fn leave_nothing_retained(&mut self) {
        let topics = std::mem::take(&mut self.retained);
        if !topics.is_empty() && self.open(LINK).is_ok_and(|opened| opened.is_ok()) {
            self.take_away(topics.iter().map(String::as_str));
        }
    }

    fn take_away<'t>(&mut self, topics: impl Iterator<Item = &'t str>) {
        let id = format!("{}clean", self.prefix);
        let mut bytes = Vec::new();
        let mut write = |packet: Packet<'_>| packet.encode(ProtocolVersion::V311, &mut bytes).is_ok();
        write(Packet::Connect(Connect::new(ProtocolVersion::V311, &id)));
        for topic in topics {
            write(Packet::Publish(Publish { retain: true, ..Publish::new(topic, b"") }));
        }
        write(Packet::Disconnect(squall_codec::Disconnect::default()));
        self.send_bytes(LINK, &bytes);
        // The broker ends the connection once it has handled all before.
        while self.pull(LINK, Patience::Long) {}
    }
}
