//! What passed between clients and service in a case, kept as bytes and put into words only where a person reads it.

use std::collections::VecDeque;
use std::time::Duration;

use squall_codec::{PacketType, decode};
use squall_results::{LadderDirection, LadderRow};
use squall_types::ProtocolVersion;

use crate::wire_text::{describe, print_hex};

/// How many rows are kept; the first ones go first.
const ROWS: usize = 60;

/// How many characters of a packet are shown.
const WIDTH: usize = 160;

/// How many bytes are shown that are no packet.
const RAW_BYTES: usize = 40;

/// Longest packet that MQTT can say, so that a ladder judges no size.
const NO_LIMIT: u32 = u32::MAX;

/// The last rows of a case.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    rows: VecDeque<Row>,
}

#[derive(Debug)]
struct Row {
    at: Duration,
    link: String,
    what: What,
}

#[derive(Debug)]
enum What {
    Bytes(LadderDirection, ProtocolVersion, Vec<u8>),
    Note(String),
}

impl Ladder {
    pub(crate) fn sent(&mut self, at: Duration, link: &str, version: ProtocolVersion, bytes: &[u8]) {
        self.push(at, link, What::Bytes(LadderDirection::Sent, version, bytes.to_vec()));
    }

    pub(crate) fn received(&mut self, at: Duration, link: &str, version: ProtocolVersion, bytes: &[u8]) {
        self.push(at, link, What::Bytes(LadderDirection::Received, version, bytes.to_vec()));
    }

    pub(crate) fn note(&mut self, at: Duration, link: &str, text: impl Into<String>) {
        self.push(at, link, What::Note(text.into()));
    }

    fn push(&mut self, at: Duration, link: &str, what: What) {
        if self.rows.len() == ROWS {
            self.rows.pop_front();
        }
        self.rows.push_back(Row { at, link: link.to_owned(), what });
    }

    /// The rows in words.
    pub(crate) fn rows(&self) -> Vec<LadderRow> {
        let mut out = Vec::new();
        for row in &self.rows {
            let at_us = u64::try_from(row.at.as_micros()).unwrap_or(u64::MAX);
            let mut push = |direction, text| {
                out.push(LadderRow { at_us, link: row.link.clone(), direction, text });
            };
            match &row.what {
                What::Note(text) => push(LadderDirection::Note, text.clone()),
                What::Bytes(direction, version, bytes) => {
                    packets(*version, bytes).into_iter().for_each(|text| push(*direction, text));
                }
            }
        }
        out
    }
}

/// Each packet in bytes in words, and what is left as hex.
fn packets(version: ProtocolVersion, mut bytes: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        match decode(version_of(bytes, version), bytes, NO_LIMIT) {
            Ok(Some((packet, used))) => {
                out.push(clip(&describe(&packet, version).to_string()));
                bytes = &bytes[used..];
            }
            Ok(None) => {
                out.push(format!("{} (incomplete)", raw(bytes)));
                break;
            }
            Err(error) => {
                out.push(format!("{} ({error})", raw(bytes)));
                break;
            }
        }
    }
    out
}

/// A CONNACK shows its version by its length, whatever the client asked for.
pub(crate) fn version_of(frame: &[u8], version: ProtocolVersion) -> ProtocolVersion {
    match frame {
        [first, 2, ..] if first >> 4 == PacketType::ConnAck.bits() => ProtocolVersion::V311,
        [first, ..] if first >> 4 == PacketType::ConnAck.bits() => ProtocolVersion::V5,
        _ => version,
    }
}

/// Bytes as after `raw`, the first of them if they are many.
pub(crate) fn raw(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(RAW_BYTES)];
    let more = if bytes.len() > RAW_BYTES { format!(" ... {} bytes", bytes.len()) } else { String::new() };
    format!("raw {}{more}", print_hex(shown, " "))
}

/// The text, cut where it is too long to be read.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
