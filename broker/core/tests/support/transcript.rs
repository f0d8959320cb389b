//! The last packets, decoded only when a test fails.

use std::collections::VecDeque;
use std::fmt::{self, Write};

use squall_types::{ProtocolVersion, Timestamp};

const KEPT: usize = 40;

#[derive(Default)]
pub(crate) struct Transcript(VecDeque<(Timestamp, String, Line)>);

enum Line {
    Sent(ProtocolVersion, Vec<u8>),
    Received(ProtocolVersion, Vec<u8>),
    Note(String),
}

impl Transcript {
    pub(crate) fn sent(&mut self, now: Timestamp, who: &str, version: ProtocolVersion, bytes: &[u8]) {
        self.push(now, who, Line::Sent(version, bytes.to_owned()));
    }

    pub(crate) fn received(&mut self, now: Timestamp, who: &str, version: ProtocolVersion, bytes: &[u8]) {
        self.push(now, who, Line::Received(version, bytes.to_owned()));
    }

    pub(crate) fn note(&mut self, now: Timestamp, who: &str, note: String) {
        self.push(now, who, Line::Note(note));
    }

    fn push(&mut self, now: Timestamp, who: &str, line: Line) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((now, who.to_owned(), line));
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, who, line) in &self.0 {
            let line = match line {
                Line::Sent(version, bytes) => format!("-> {}", describe(*version, bytes)),
                Line::Received(version, bytes) => format!("<- {}", describe(*version, bytes)),
                Line::Note(note) => note.clone(),
            };
            writeln!(f, "  {at:>14}  {who:<10} {line}")?;
        }
        Ok(())
    }
}

fn describe(version: ProtocolVersion, bytes: &[u8]) -> String {
    let mut text = match squall_codec::decode(version, bytes, u32::MAX) {
        Ok(Some((packet, _))) => format!("{packet:?}"),
        other => format!("{other:?} of {} bytes", bytes.len()),
    };
    if let Some((at, _)) = text.char_indices().nth(160) {
        text.truncate(at);
        let _ = write!(text, "... ({} bytes)", bytes.len());
    }
    text
}
