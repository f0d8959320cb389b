//! The links of a case: bytes to packets, and what each side has done so far.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use squall_codec::{Ack, AckType, Packet, PacketId, PacketType, decode};
use squall_types::ProtocolVersion;

use super::{Runner, Stop, bytes_of};
use crate::ladder::{raw, version_of};
use crate::target::{Arrival, Patience, TransportId};
use crate::wire_text::{PacketText, Sent, Value, describe};

/// No size is judged here: cases do that.
const NO_LIMIT: u32 = u32::MAX;

/// A connection of a client, as the client has it.
#[derive(Debug)]
pub(super) struct Link {
    transport: TransportId,
    pub(super) version: ProtocolVersion,
    /// Bytes that are no whole packet yet.
    partial: Vec<u8>,
    inbox: VecDeque<Received>,
    /// Whether CONNACK accepted it.
    connected: bool,
    /// Whether the client let go of it.
    pub(super) let_go: bool,
    /// Whether the client has said DISCONNECT.
    said_goodbye: bool,
    /// Whether the connection has ended.
    closed: bool,
    /// Whether a step has taken note of that. Until then what is sent goes nowhere, as it does on a wire.
    close_taken: bool,
    /// QoS 1 messages taken by a step and not acknowledged.
    unacknowledged: VecDeque<u16>,
    /// PINGREQs sent, those of the runner included, and PINGRESPs that came.
    pings: u64,
    pongs: u64,
    /// Whether something was sent since the link was last known to be idle.
    busy: bool,
}

/// What a client received.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Received {
    Packet(PacketText),
    /// Bytes that are no packet, in words.
    Garbled(String),
    /// The end of the connection, which stays the last thing.
    Close(Option<String>),
}

impl Runner<'_> {
    /// Opens a new transport for `link`.
    pub(super) fn open(&mut self, link: &str) -> Result<Result<(), String>, Stop> {
        let mut version = ProtocolVersion::V311;
        if let Some(before) = self.links.get(link) {
            version = before.version;
            if before.said_goodbye && !before.closed {
                self.wait_for_end(link);
            }
            let before = &self.links[link];
            if !before.let_go && !before.said_goodbye && !before.closed {
                // It may have ended without any step having looked.
                while self.pull(link, Patience::None) {}
                if !self.links[link].closed {
                    return Ok(Err(format!("'{link}' is still open; 'end' or 'drop' it first")));
                }
            }
        }
        let shown = match self.account.shown(link, &self.notes) {
            Ok(shown) => shown,
            Err(problem) => return Ok(Err(problem)),
        };
        let transport = self.world.open(link, shown).map_err(Stop::Target)?;
        self.ladder.note(self.world.now(), link, "opens");
        let fresh = Link {
            transport,
            version,
            partial: Vec::new(),
            inbox: VecDeque::new(),
            connected: false,
            let_go: false,
            said_goodbye: false,
            closed: false,
            close_taken: false,
            unacknowledged: VecDeque::new(),
            pings: 0,
            pongs: 0,
            busy: false,
        };
        self.links.insert(link.to_owned(), fresh);
        Ok(Ok(()))
    }

    fn wait_for_end(&mut self, link: &str) {
        while !self.links[link].closed && self.pull(link, Patience::Long) {}
    }

    /// Sends one packet or run of bytes for each count, all in one piece; opens the link if it never was.
    pub(super) fn send(
        &mut self,
        link: &str,
        counts: RangeInclusive<u64>,
        what: &Sent,
    ) -> Result<Result<(), String>, Stop> {
        if !self.links.contains_key(link)
            && let Err(problem) = self.open(link)?
        {
            return Ok(Err(problem));
        }
        let mut version = self.links[link].version;
        if let Sent::Packet(packet) = what {
            version = packet.version.unwrap_or(version);
        }
        let mut bytes = Vec::new();
        for count in counts {
            match bytes_of(what, version, &self.fill(count), &self.notes) {
                Ok(one) => bytes.extend(one),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        let state = &self.links[link];
        if state.let_go || state.close_taken {
            let problem = format!("the connection of '{link}' has ended; 'open' a new one");
            return Ok(Err(problem));
        }
        self.send_bytes(link, &bytes);
        Ok(Ok(()))
    }

    /// Sends bytes, and notes what they say about the link.
    pub(super) fn send_bytes(&mut self, link: &str, bytes: &[u8]) {
        let Some(state) = self.links.get_mut(link) else { return };
        state.busy = true;
        match PacketType::from_bits(bytes.first().copied().unwrap_or(0) >> 4) {
            // A second CONNECT changes nothing: the service answers in the version of the first.
            Some(PacketType::Connect) if !state.connected => {
                let is_v5 = bytes.windows(5).take(8).any(|window| window == b"MQTT\x05");
                state.version = if is_v5 { ProtocolVersion::V5 } else { ProtocolVersion::V311 };
            }
            Some(PacketType::PingReq) => state.pings += 1,
            Some(PacketType::Disconnect) => state.said_goodbye = true,
            Some(PacketType::PubAck | PacketType::PubRec) => {
                if let [_, _, high, low, ..] = bytes {
                    let id = u16::from_be_bytes([*high, *low]);
                    state.unacknowledged.retain(|waiting| *waiting != id);
                }
            }
            _ => {}
        }
        let (transport, version) = (state.transport, state.version);
        self.ladder.sent(self.world.now(), link, version, bytes);
        self.note_retained(version, bytes);
        self.world.send(transport, bytes);
    }

    /// The client ends its stream, or resets the connection.
    pub(super) fn let_go(&mut self, link: &str, reset: bool) {
        let Some(state) = self.links.get_mut(link) else { return };
        state.let_go = true;
        let transport = state.transport;
        if reset {
            self.world.reset(transport);
        } else {
            self.world.end(transport);
        }
        let text = if reset { "resets the connection" } else { "ends its stream" };
        self.ladder.note(self.world.now(), link, text);
    }

    /// PUBACK for the oldest, or for every, QoS 1 message taken so far.
    pub(super) fn acknowledge(&mut self, link: &str, all: bool) -> Result<(), String> {
        let state = self.links.get(link).ok_or_else(|| format!("'{link}' is not open"))?;
        let how_many = if all { state.unacknowledged.len() } else { 1 };
        let ids: Vec<u16> = state.unacknowledged.iter().copied().take(how_many).collect();
        if ids.is_empty() {
            return Err("every message received so far is acknowledged".to_owned());
        }
        let version = state.version;
        for id in ids {
            let id = PacketId::new(id).ok_or("a message with packet identifier 0")?;
            let mut bytes = Vec::new();
            Ack::new(id).encode(AckType::PubAck, version, &mut bytes).map_err(|error| error.to_string())?;
            self.send_bytes(link, &bytes);
        }
        Ok(())
    }

    /// What the link received next, left where it is.
    pub(super) fn peek(&mut self, link: &str, patience: Patience) -> Option<Received> {
        loop {
            if let Some(next) = self.links.get(link)?.inbox.front() {
                return Some(next.clone());
            }
            if !self.pull(link, patience) {
                return None;
            }
        }
    }

    /// Takes what [`peek`](Self::peek) showed. The end of the connection stays.
    pub(super) fn take(&mut self, link: &str) {
        let Some(state) = self.links.get_mut(link) else { return };
        if let Some(Received::Close(_)) = state.inbox.front() {
            state.close_taken = true;
            return;
        }
        let Some(Received::Packet(packet)) = state.inbox.pop_front() else { return };
        let at_least_once = packet.value("qos") == Some(&Value::Number(1));
        if packet.packet_type == PacketType::Publish
            && at_least_once
            && let Some(id) = packet.id()
            && !state.unacknowledged.contains(&id)
        {
            state.unacknowledged.push_back(id);
        }
    }

    /// Makes sure that all the service had to say to `link` has come: over a socket, each connected link that has
    /// sent something gets an answer to a PINGREQ first, this one last.
    pub(super) fn settle(&mut self, link: &str) {
        if self.virtual_time {
            return;
        }
        if !self.lets_time_pass {
            let others: Vec<String> = self
                .links
                .iter()
                .filter(|(name, state)| name.as_str() != link && state.busy)
                .map(|(name, _)| name.clone())
                .collect();
            for other in others {
                self.ping(&other);
            }
        }
        let connected = self.links.get(link).is_some_and(|state| state.connected && !state.let_go);
        if connected && !self.lets_time_pass {
            self.ping(link);
        } else {
            while self.pull(link, Patience::Short) {}
        }
    }

    fn ping(&mut self, link: &str) {
        let ready = |state: &Link| state.connected && !state.let_go && !state.said_goodbye && !state.closed;
        if !self.links.get(link).is_some_and(ready) {
            return;
        }
        self.send_bytes(link, &[0xc0, 0]);
        let answered = |state: &Link| state.pongs >= state.pings || state.closed;
        while !self.links.get(link).is_none_or(answered) && self.pull(link, Patience::Long) {}
        let Some(state) = self.links.get_mut(link) else { return };
        state.busy = false;
        let is_answer = |received: &Received| matches!(received, Received::Packet(packet) if packet.packet_type == PacketType::PingResp);
        if let Some(at) = state.inbox.iter().rposition(is_answer) {
            state.inbox.remove(at);
        }
    }

    /// Reads once from the target; false if nothing came.
    pub(super) fn pull(&mut self, link: &str, patience: Patience) -> bool {
        let Some(state) = self.links.get_mut(link) else { return false };
        if state.closed {
            return false;
        }
        let Some(arrival) = self.world.read(state.transport, patience) else { return false };
        let at = self.world.now();
        match arrival {
            Arrival::Bytes(bytes) => {
                self.ladder.received(at, link, state.version, &bytes);
                state.partial.extend_from_slice(&bytes);
                state.unpack();
            }
            Arrival::Close(reason) => {
                let text = match &reason {
                    None => "the connection ends".to_owned(),
                    Some(reason) => format!("the connection ends: {reason}"),
                };
                self.ladder.note(at, link, text);
                state.end(reason);
            }
        }
        true
    }
}

impl Link {
    /// Takes whole packets out of the bytes.
    fn unpack(&mut self) {
        loop {
            let version = version_of(&self.partial, self.version);
            let (packet, used) = match decode(version, &self.partial, NO_LIMIT) {
                Ok(None) => return,
                Ok(Some((packet, used))) => {
                    match &packet {
                        Packet::ConnAck(connack) => self.connected = connack.code.is_accepted(),
                        Packet::PingResp => self.pongs += 1,
                        _ => {}
                    }
                    (Received::Packet(describe(&packet, version)), used)
                }
                Err(error) => {
                    (Received::Garbled(format!("{} ({error})", raw(&self.partial))), self.partial.len())
                }
            };
            self.inbox.push_back(packet);
            self.partial.drain(..used);
        }
    }

    fn end(&mut self, reason: Option<String>) {
        if !self.partial.is_empty() {
            self.inbox.push_back(Received::Garbled(format!("{} (incomplete)", raw(&self.partial))));
        }
        self.closed = true;
        self.inbox.push_back(Received::Close(reason));
    }
}
