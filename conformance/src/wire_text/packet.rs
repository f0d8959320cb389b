//! A packet as keys and values: what lies between a line of a case and bytes.
//!
//! ```text
//!   line ── PacketWritten ── fill ──> PacketText ── encode ──> bytes
//!   line ── PacketWanted ── matches ──┘      ▲── describe ──── bytes
//! ```

use std::fmt;

use squall_codec::PacketType;
use squall_types::ProtocolVersion;

use super::document::{Document, DocumentWanted, format_of};
use super::keys::{self, Key, Kind, PACKET_TYPES};
use super::lexer::Lexer;
use super::template::Fill;
use super::value::{Notes, Value, Wanted, Written};

/// A packet with all that it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketText {
    /// Which of the fifteen.
    pub packet_type: PacketType,
    /// The version that a CONNECT names; `None` for the others.
    pub version: Option<ProtocolVersion>,
    /// Keys and values, those of repeated keys in their order.
    pub fields: Vec<(&'static Key, Value)>,
}

/// A packet that a step sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketWritten {
    /// Which of the fifteen.
    pub packet_type: PacketType,
    /// The version that a CONNECT names.
    pub version: Option<ProtocolVersion>,
    /// What it carries.
    pub fields: Vec<(&'static Key, Written)>,
}

/// A packet that a step expects; keys that it does not name are free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketWanted {
    /// Which of the fifteen.
    pub packet_type: PacketType,
    /// What is wanted.
    pub fields: Vec<(&'static Key, Wanted)>,
    /// What is wanted of a payload that is an object: `json.PATH=VALUE`, `json=NAME,NAME`.
    pub document: DocumentWanted,
}

impl PacketText {
    /// The first value of a key.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values(name).next()
    }

    /// All values of a key, in order.
    pub fn values<'v>(&'v self, name: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
        let key = keys::find(self.packet_type, name).ok();
        self.fields.iter().filter(move |(found, _)| Some(*found) == key).map(|(_, value)| value)
    }

    /// The packet identifier, if it has one.
    pub fn id(&self) -> Option<u16> {
        match self.value("id") {
            Some(Value::Number(id)) => u16::try_from(*id).ok(),
            _ => None,
        }
    }
}

/// Prints it as a case would send it; flags that are off go unsaid.
impl fmt::Display for PacketText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.packet_type)?;
        match self.version {
            Some(ProtocolVersion::V311) => f.write_str(" v4")?,
            Some(ProtocolVersion::V5) => f.write_str(" v5")?,
            None => {}
        }
        for (key, value) in &self.fields {
            if is_default_flag(self.packet_type, key, value) {
                continue;
            }
            write!(f, " {}={value}", key.name)?;
        }
        Ok(())
    }
}

/// Whether leaving the flag away says the same; a property that is 0 is more than one that is not there.
fn is_default_flag(packet_type: PacketType, key: &Key, value: &Value) -> bool {
    *value == Value::Flag(false)
        && match packet_type {
            PacketType::Publish => key.name == "dup" || key.name == "retain",
            PacketType::Connect => key.name == "will_retain",
            _ => false,
        }
}

/// Reads a packet's name.
pub(crate) fn packet_type(name: &str) -> Result<PacketType, String> {
    PACKET_TYPES.into_iter().find(|packet_type| packet_type.to_string() == name).ok_or_else(|| {
        let names: Vec<String> = PACKET_TYPES.iter().map(ToString::to_string).collect();
        format!("'{name}' is no packet; there is {}", names.join(" "))
    })
}

impl PacketWritten {
    /// Reads `NAME key=value ...` to the end of the line.
    pub(crate) fn parse(text: &str, counted: bool) -> Result<Self, String> {
        let mut lexer = Lexer::new(text, counted);
        let packet_type = packet_type(&word(&mut lexer))?;
        let mut version = (packet_type == PacketType::Connect).then_some(ProtocolVersion::V311);
        let mut fields: Vec<(&'static Key, Written)> = Vec::new();
        loop {
            lexer.skip_blanks();
            if lexer.rest().is_empty() {
                break;
            }
            let name = word(&mut lexer);
            if packet_type == PacketType::Connect && (name == "v4" || name == "v5") {
                version = Some(if name == "v5" { ProtocolVersion::V5 } else { ProtocolVersion::V311 });
                continue;
            }
            if let Some((format, None)) = format_of(packet_type, &name) {
                let payload = keys::find(packet_type, "payload")?;
                once(payload, fields.iter().map(|(key, _)| *key))?;
                if !lexer.eat("=") {
                    return Err(format!("'{name}' needs a value"));
                }
                let document = Document::parse(format, &mut lexer, counted)?;
                fields.push((payload, Written::Document(document)));
                continue;
            }
            let key = keys::find(packet_type, &name)?;
            once(key, fields.iter().map(|(key, _)| *key))?;
            let written = if lexer.eat("=") {
                Written::parse(key, &mut lexer, &[])?
            } else {
                Written::Template(flag_alone(key)?)
            };
            fields.push((key, written));
        }
        let written = Self { packet_type, version, fields };
        written.check()?;
        Ok(written)
    }

    /// Whether every value that is known already is of its key's kind.
    fn check(&self) -> Result<(), String> {
        for (key, written) in &self.fields {
            if written.noted_names().is_empty() {
                written.fill(key, &Fill::PLAIN, &Notes::new())?;
            }
        }
        Ok(())
    }

    /// The packet, filled in.
    ///
    /// # Errors
    /// A value is none of its key's kind, or was never noted.
    pub fn fill(&self, fill: &Fill<'_>, notes: &Notes) -> Result<PacketText, String> {
        let fields = self.fields.iter().map(|(key, written)| Ok((*key, written.fill(key, fill, notes)?)));
        Ok(PacketText {
            packet_type: self.packet_type,
            version: self.version,
            fields: fields.collect::<Result<_, String>>()?,
        })
    }
}

impl PacketWanted {
    /// Reads `NAME key=value ...` to the end of the text.
    pub(crate) fn parse(text: &str, counted: bool) -> Result<Self, String> {
        let mut lexer = Lexer::new(text, counted);
        let packet_type = packet_type(&word(&mut lexer))?;
        let mut fields: Vec<(&'static Key, Wanted)> = Vec::new();
        let mut document = DocumentWanted::default();
        loop {
            lexer.skip_blanks();
            if lexer.rest().is_empty() {
                return Ok(Self { packet_type, fields, document });
            }
            let name = word(&mut lexer);
            if let Some(key) = format_of(packet_type, &name) {
                document.parse_more(key, &mut lexer)?;
                continue;
            }
            let key = keys::find(packet_type, &name)?;
            once(key, fields.iter().map(|(key, _)| *key))?;
            let wanted = if lexer.eat("=") {
                Wanted::parse(key, &mut lexer)?
            } else {
                let template = flag_alone(key)?;
                Wanted::OneOf(vec![super::value::Choice::Equal(Written::Template(template))])
            };
            check_wanted(key, &wanted)?;
            fields.push((key, wanted));
        }
    }

    /// Whether a packet is what is wanted. Notes are taken only if it is.
    pub fn matches(&self, packet: &PacketText, fill: &Fill<'_>, notes: &mut Notes) -> bool {
        if packet.packet_type != self.packet_type {
            return false;
        }
        let mut taken = notes.clone();
        let fits = self.keys().all(|key| self.key_matches(key, packet, fill, &mut taken))
            && self.document.mismatches(packet, fill, &mut taken).is_empty();
        if fits {
            *notes = taken;
        }
        fits
    }

    /// Where a packet of the wanted type is another than wanted, in words: `qos=0, no id`.
    pub fn differences(&self, packet: &PacketText, fill: &Fill<'_>, notes: &Notes) -> Option<String> {
        if packet.packet_type != self.packet_type {
            return None;
        }
        let mut taken = notes.clone();
        let wrong = self.keys().filter(|key| !self.key_matches(key, packet, fill, &mut taken));
        let mut words: Vec<String> = wrong
            .map(|key| {
                let found: Vec<String> =
                    packet.values(key.name).map(|value| format!("{}={value}", key.name)).collect();
                if found.is_empty() { format!("no {}", key.name) } else { found.join(" ") }
            })
            .collect();
        words.extend(self.document.mismatches(packet, fill, &mut taken));
        Some(words.join(", "))
    }

    /// Each key that is named, once.
    fn keys(&self) -> impl Iterator<Item = &'static Key> + '_ {
        let first = |at: usize| self.fields[..at].iter().all(|(other, _)| *other != self.fields[at].0);
        (0..self.fields.len()).filter(move |at| first(*at)).map(|at| self.fields[at].0)
    }

    /// Whether all values of a key are as wanted, those of a repeated one in their order.
    fn key_matches(&self, key: &Key, packet: &PacketText, fill: &Fill<'_>, notes: &mut Notes) -> bool {
        let wanted: Vec<&Wanted> =
            self.fields.iter().filter(|(other, _)| *other == key).map(|(_, wanted)| wanted).collect();
        let found: Vec<&Value> = packet.values(key.name).collect();
        match wanted.as_slice() {
            [only @ (Wanted::Present | Wanted::Absent)] => {
                only.matches(key, found.first().copied(), fill, notes)
            }
            all => {
                all.len() == found.len()
                    && all
                        .iter()
                        .zip(found)
                        .all(|(wanted, found)| wanted.matches(key, Some(found), fill, notes))
            }
        }
    }
}

pub(super) fn check_wanted(key: &Key, wanted: &Wanted) -> Result<(), String> {
    let Wanted::OneOf(choices) = wanted else { return Ok(()) };
    for choice in choices {
        if let super::value::Choice::Equal(written) = choice
            && written.noted_names().is_empty()
        {
            written.fill(key, &Fill::PLAIN, &Notes::new())?;
        }
    }
    Ok(())
}

/// Takes a bare word up to a blank or `=`.
fn word(lexer: &mut Lexer<'_>) -> String {
    let rest = lexer.rest();
    let end = rest.find(|next: char| next.is_whitespace() || next == '=').unwrap_or(rest.len());
    let word = rest[..end].to_owned();
    lexer.eat(&word);
    word
}

fn once(key: &Key, mut before: impl Iterator<Item = &'static Key>) -> Result<(), String> {
    if !key.many && before.any(|other| other == key) {
        return Err(format!("'{}' stands twice", key.name));
    }
    Ok(())
}

fn flag_alone(key: &Key) -> Result<super::template::Template, String> {
    if key.kind == Kind::Flag {
        Ok(super::template::Template::literal(*b"1"))
    } else {
        Err(format!("'{}' needs a value", key.name))
    }
}
