//! Byte vectors: bytes in one context on a line, and what may come of them.

use crate::wire_text::{
    Expected, Fill, Lexer, PacketWanted, Template, alternatives, outside_quotes, parse_expected, split_word,
    without_comment,
};

/// Bytes sent in a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// As written, without its comment.
    pub text: String,
    /// What the connection has been through before.
    pub context: Context,
    /// What is sent.
    pub bytes: Template,
    /// Any of these may come of it.
    pub outcomes: Vec<Outcome>,
}

/// What a connection has been through before the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Nothing: the bytes are its first.
    New,
    /// An accepted CONNECT of 3.1.1.
    V311,
    /// An accepted CONNECT of MQTT 5.
    V5,
}

/// What may come of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The end of the connection, and nothing before it.
    Close,
    /// DISCONNECT with one of these codes and the end of the connection, or its end alone.
    Disconnect(Vec<u8>),
    /// CONNACK with one of these codes and the end of the connection; in MQTT 5 also its end alone.
    ConnAck(Vec<u8>),
    /// A PINGREQ is answered.
    Alive,
    /// This packet comes.
    Packet(PacketWanted),
}

/// Reads the lines of a group: for each its number, its line (0 for the first), and the vector.
pub(crate) fn parse(text: &str) -> Vec<(usize, usize, Result<Vector, String>)> {
    text.lines()
        .enumerate()
        .map(|(line, text)| (line, without_comment(text)))
        .filter(|(_, text)| !text.is_empty())
        .enumerate()
        .map(|(index, (line, text))| (index + 1, line, parse_line(text)))
        .collect()
}

fn parse_line(line: &str) -> Result<Vector, String> {
    let (context, rest) = split_word(line);
    let context = match context {
        "new" => Context::New,
        "v4" => Context::V311,
        "v5" => Context::V5,
        other => return Err(format!("'{other}' is no context; there is new, v4 and v5")),
    };
    let (bytes, outcomes) = split_arrow(rest).ok_or("a vector is 'CONTEXT bytes -> outcome'")?;
    let bytes = Lexer::new(bytes, false).raw()?;
    if bytes.fill(&Fill::PLAIN)?.is_empty() {
        return Err("a vector sends something".to_owned());
    }
    let outcomes: Vec<Outcome> = alternatives(outcomes)
        .into_iter()
        .map(|one| parse_outcome(one, context))
        .collect::<Result<_, _>>()?;
    Ok(Vector { text: line.to_owned(), context, bytes, outcomes })
}

/// What stands on the two sides of ` -> ` outside quotes.
fn split_arrow(text: &str) -> Option<(&str, &str)> {
    let (at, _) = outside_quotes(text).find(|(at, _)| text[*at..].starts_with("->"))?;
    Some((text[..at].trim(), text[at + 2..].trim()))
}

fn parse_outcome(text: &str, context: Context) -> Result<Outcome, String> {
    let (first, rest) = split_word(text);
    let codes = || {
        let codes: Result<Vec<u8>, String> = rest.split('|').map(crate::wire_text::code).collect();
        codes.map_err(|problem| format!("after '{first}' stands a code, or several as 81|82: {problem}"))
    };
    match first {
        "close" if rest.is_empty() => Ok(Outcome::Close),
        "alive" if rest.is_empty() => Ok(Outcome::Alive),
        "disconnect" if context == Context::V311 => {
            Err("no server sends DISCONNECT in 3.1.1; write 'close'".to_owned())
        }
        "disconnect" => codes().map(Outcome::Disconnect),
        "connack" => codes().map(Outcome::ConnAck),
        "close" | "alive" => Err(format!("nothing follows '{first}'")),
        _ => match parse_expected(text, false)? {
            Expected::Packet(packet) => Ok(Outcome::Packet(packet)),
            Expected::Nothing | Expected::Close(_) => {
                Err(format!("'{text}' is no outcome; there is close, disconnect, connack, alive or a packet"))
            }
        },
    }
}
