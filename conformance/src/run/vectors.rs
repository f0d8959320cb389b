//! One byte vector.

use squall_codec::{Connect, PacketType};
use squall_types::ProtocolVersion;

use super::{Failed, Received, Runner, Stop, actual};
use crate::target::Patience;
use crate::vector::{Context, Outcome, Vector};
use crate::wire_text::{Fill, Value};

const LINK: &str = "c";

impl Runner<'_> {
    pub(super) fn vector(&mut self, vector: &Vector) -> Result<(), Stop> {
        let failed = |expected: &str, actual: String| {
            let expected = expected.to_owned();
            Stop::Failed(Failed { step: vector.text.clone(), line: 0, expected, actual })
        };
        self.open(LINK)?.map_err(|problem| failed("a new transport", problem))?;
        match vector.context {
            Context::New => {}
            Context::V311 => self
                .connect(ProtocolVersion::V311)
                .map_err(|found| failed("a CONNECT of 3.1.1 is accepted", found))?,
            Context::V5 => self
                .connect(ProtocolVersion::V5)
                .map_err(|found| failed("a CONNECT of MQTT 5 is accepted", found))?,
        }
        let fill = Fill { count: 1, prefix: &self.prefix, prefix_names: false };
        let bytes = vector.bytes.fill(&fill).map_err(|problem| failed("bytes to send", problem))?;
        self.send_bytes(LINK, &bytes);
        if vector.outcomes.contains(&Outcome::Alive) {
            self.send_bytes(LINK, &[0xc0, 0]);
        }
        let expected = vector.text.split_once("->").map_or("", |(_, outcomes)| outcomes.trim());
        self.outcome(&vector.outcomes).map_err(|found| failed(expected, found))
    }

    fn connect(&mut self, version: ProtocolVersion) -> Result<(), String> {
        let id = format!("{}vector", self.prefix);
        let mut bytes = Vec::new();
        Connect::new(version, &id).encode(&mut bytes).map_err(|error| error.to_string())?;
        self.send_bytes(LINK, &bytes);
        match self.peek(LINK, Patience::Long) {
            Some(Received::Packet(packet))
                if packet.packet_type == PacketType::ConnAck && code(&packet) == Some(0) =>
            {
                self.take(LINK);
                Ok(())
            }
            Some(other) => Err(actual(&other)),
            None => Err("nothing".to_owned()),
        }
    }

    /// Whether what came is one of the outcomes; else what it was.
    fn outcome(&mut self, outcomes: &[Outcome]) -> Result<(), String> {
        let Some(first) = self.peek(LINK, Patience::Long) else { return Err("nothing".to_owned()) };
        if outcomes.iter().any(|outcome| is_at_once(outcome, &first)) {
            return Ok(());
        }
        let mut seen = vec![actual(&first)];
        if let Received::Close(_) = first {
            return Err(seen.remove(0));
        }
        // The packet may be the last word before the end, or something that is answered before the PINGREQ is.
        let is_last_word = outcomes.iter().any(|outcome| is_last_word(outcome, &first));
        let alive = outcomes.contains(&Outcome::Alive);
        loop {
            self.take(LINK);
            match self.peek(LINK, Patience::Long) {
                Some(Received::Close(_)) if is_last_word && seen.len() == 1 => return Ok(()),
                Some(Received::Packet(packet)) if alive && packet.packet_type == PacketType::PingResp => {
                    return Ok(());
                }
                Some(close @ Received::Close(_)) => {
                    seen.push(actual(&close));
                    return Err(seen.join(", then "));
                }
                Some(other) if alive => seen.push(actual(&other)),
                Some(other) => {
                    seen.push(actual(&other));
                    return Err(seen.join(", then "));
                }
                None => {
                    seen.push("nothing".to_owned());
                    return Err(seen.join(", then "));
                }
            }
        }
    }
}

/// Whether the first thing that came settles the matter.
fn is_at_once(outcome: &Outcome, first: &Received) -> bool {
    match (outcome, first) {
        (Outcome::Close | Outcome::Disconnect(_), Received::Close(_)) => true,
        // Codes from 0x80 on are those of MQTT 5, where sending CONNACK is a SHOULD.
        (Outcome::ConnAck(codes), Received::Close(_)) => codes.iter().all(|code| *code >= 0x80),
        (Outcome::Alive, Received::Packet(packet)) => packet.packet_type == PacketType::PingResp,
        (Outcome::Packet(wanted), Received::Packet(packet)) => {
            wanted.matches(packet, &Fill::PLAIN, &mut crate::wire_text::Notes::new())
        }
        _ => false,
    }
}

/// Whether the first thing that came settles the matter if the connection ends after it.
fn is_last_word(outcome: &Outcome, first: &Received) -> bool {
    let Received::Packet(packet) = first else { return false };
    let (packet_type, codes) = match outcome {
        Outcome::Disconnect(codes) => (PacketType::Disconnect, codes),
        Outcome::ConnAck(codes) => (PacketType::ConnAck, codes),
        _ => return false,
    };
    packet.packet_type == packet_type && code(packet).is_some_and(|code| codes.contains(&code))
}

fn code(packet: &crate::wire_text::PacketText) -> Option<u8> {
    match packet.value("code") {
        Some(Value::Code(code)) => Some(*code),
        _ => None,
    }
}
