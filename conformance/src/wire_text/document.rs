//! Payloads that are an object, as JSON or as CBOR: `json={...}`, `cbor={...}`, and what an expectation wants of one.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use squall_codec::PacketType;

use super::ask::member_at;
use super::json::{parse_member, same_member};
use super::lexer::Lexer;
use super::packet::PacketText;
use super::placeholder::{fill_json, noted_names};
use super::template::Fill;
use super::value::{Notes, Value, Wanted};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 8259.
    Json,
    /// RFC 8949.
    Cbor,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        }
    }

    fn write(self, value: &Json) -> Result<Vec<u8>, String> {
        match self {
            Self::Json => Ok(value.to_string().into_bytes()),
            Self::Cbor => {
                let mut bytes = Vec::new();
                ciborium::into_writer(value, &mut bytes).map_err(|error| error.to_string())?;
                Ok(bytes)
            }
        }
    }

    fn read(self, bytes: &[u8]) -> Option<Map<String, Json>> {
        let value = match self {
            Self::Json => serde_json::from_slice(bytes).ok()?,
            Self::Cbor => {
                let mut rest = bytes;
                let value = ciborium::from_reader(&mut rest).ok()?;
                if !rest.is_empty() {
                    return None;
                }
                value
            }
        };
        match value {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// The format that a key of PUBLISH names, and what stands behind its dot.
pub(super) fn format_of(packet_type: PacketType, key: &str) -> Option<(Format, Option<&str>)> {
    if packet_type != PacketType::Publish {
        return None;
    }
    [Format::Json, Format::Cbor].into_iter().find_map(|format| {
        let rest = key.strip_prefix(format.name())?;
        match rest.strip_prefix('.') {
            Some(path) if !path.is_empty() => Some((format, Some(path))),
            None if rest.is_empty() => Some((format, None)),
            _ => None,
        }
    })
}

/// An object that a step sends, with placeholders in its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    format: Format,
    value: Json,
    counted: bool,
}

impl Document {
    /// Reads what stands after `json=` or `cbor=`, which ends where the object does.
    pub(super) fn parse(format: Format, lexer: &mut Lexer<'_>, counted: bool) -> Result<Self, String> {
        let wrong = |what: String| format!("after '{}=' stands a JSON object: {what}", format.name());
        let mut values = serde_json::Deserializer::from_str(lexer.rest()).into_iter::<Json>();
        let value = match values.next() {
            Some(Ok(value)) if value.is_object() => value,
            Some(Ok(other)) => return Err(wrong(format!("{other} is none"))),
            Some(Err(error)) => return Err(wrong(error.to_string())),
            None => return Err(wrong("there is nothing".to_owned())),
        };
        let end = values.byte_offset();
        lexer.skip(end);
        Ok(Self { format, value, counted })
    }

    /// The payload, filled in.
    ///
    /// # Errors
    /// A name that nothing was noted under.
    pub fn fill(&self, fill: &Fill<'_>, notes: &Notes) -> Result<Vec<u8>, String> {
        let count = self.counted.then_some(fill.count);
        self.format.write(&fill_json(&self.value, count, notes)?)
    }

    /// The names that it needs.
    pub(super) fn noted_names(&self) -> Vec<&str> {
        noted_names(&self.value)
    }
}

/// What an expectation wants of a payload that is an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentWanted {
    /// How it must be written; none if nothing is wanted of it.
    format: Option<Format>,
    /// `json.PATH=VALUE`
    members: Vec<(String, Wanted)>,
    /// `json=NAME,NAME`: these members and no others.
    exactly: Option<BTreeSet<String>>,
}

impl DocumentWanted {
    /// Reads what stands after `json.PATH` or `json`.
    pub(super) fn parse_more(
        &mut self,
        (format, path): (Format, Option<&str>),
        lexer: &mut Lexer<'_>,
    ) -> Result<(), String> {
        let key = path.map_or_else(|| format.name().to_owned(), |path| format!("{}.{path}", format.name()));
        if !lexer.eat("=") {
            return Err(format!("'{key}' needs a value"));
        }
        if let Some(other) = self.format.filter(|other| *other != format) {
            let other = other.name().to_uppercase();
            return Err(format!("'{key}' and a key of {other} cannot both be right"));
        }
        self.format = Some(format);
        match path {
            Some(path) => {
                if self.members.iter().any(|(other, _)| other == path) {
                    return Err(format!("'{key}' stands twice"));
                }
                self.members.push((path.to_owned(), parse_member(lexer)?));
            }
            None if self.exactly.is_some() => return Err(format!("'{key}' stands twice")),
            None => {
                let names = lexer.text(&[])?.fill_text(&Fill::PLAIN)?;
                let names: BTreeSet<String> = names.split(',').map(str::to_owned).collect();
                if names.iter().any(|name| name.is_empty() || name.starts_with('{')) {
                    return Err(format!("'{key}' has the names of all members, with commas between them"));
                }
                self.exactly = Some(names);
            }
        }
        Ok(())
    }

    /// What is wanted of members.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.members.iter().map(|(_, wanted)| wanted)
    }

    /// Where a payload is another than wanted, in words: `json.versionNumber=3, no json.ipAddress`. Of one that is no
    /// object, none is as wanted.
    pub(super) fn mismatches(&self, packet: &PacketText, fill: &Fill<'_>, notes: &mut Notes) -> Vec<String> {
        let Some(format) = self.format else { return Vec::new() };
        let Some(Value::Bytes(payload)) = packet.value("payload") else {
            return vec!["no payload".to_owned()];
        };
        let name = format.name();
        let Some(found) = format.read(payload) else {
            return vec![format!("the payload is no {} object", name.to_uppercase())];
        };
        let found = Json::Object(found);
        let mut words = Vec::new();
        for (path, wanted) in &self.members {
            let member = member_at(&found, path);
            if !same_member(wanted, member, fill, notes) {
                words.push(match member {
                    Some(Json::String(text)) => format!("{name}.{path}={text}"),
                    Some(member) => format!("{name}.{path}={member}"),
                    None => format!("no {name}.{path}"),
                });
            }
        }
        if let Some(names) = &self.exactly {
            let there: BTreeSet<String> =
                found.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            if there != *names {
                let there: Vec<String> = there.into_iter().collect();
                words.push(format!("{name}={}", there.join(",")));
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fill, Notes, PacketText, PacketWanted, PacketWritten, Value};

    fn packet(line: &str, notes: &Notes) -> Result<PacketText, String> {
        let fill = Fill { count: 3, ..Fill::PLAIN };
        PacketWritten::parse(line, true)?.fill(&fill, notes)
    }

    #[test]
    fn an_object_becomes_a_payload() {
        let token = ("token".to_owned(), Value::Text("secret".to_owned()));
        let notes = Notes::from([token]);
        for (line, payload) in [
            (r#"PUBLISH topic=t json={"a":"{$token}", "n":[1]} qos=0"#, &b"{\"a\":\"secret\",\"n\":[1]}"[..]),
            (r##"PUBLISH json={"#":"x#"} topic=t"##, b"{\"3\":\"x3\"}"),
            (r#"PUBLISH topic=t json={"a":"{b}"}"#, b"{\"a\":\"{b}\"}"),
            // RFC 8949, appendix A.
            (r#"PUBLISH topic=t cbor={"a":1,"b":[2,3]}"#, b"\xa2\x61a\x01\x61b\x82\x02\x03"),
            (r#"PUBLISH topic=t cbor={"a":"{$token}"}"#, b"\xa1\x61a\x66secret"),
        ] {
            let packet = packet(line, &notes).unwrap();
            assert_eq!(packet.value("payload"), Some(&Value::Bytes(payload.to_vec())), "{line}");
        }
        let certificate = packet(r#"PUBLISH topic=t json={"a":"{certificate s}"}"#, &notes).unwrap();
        let wanted = PacketWanted::parse(r#"PUBLISH json.a="{certificate s}""#, false).unwrap();
        assert!(wanted.matches(&certificate, &Fill::PLAIN, &mut Notes::new()));
        let wanted = PacketWanted::parse(r#"PUBLISH json.a="{certificate r}""#, false).unwrap();
        assert!(!wanted.matches(&certificate, &Fill::PLAIN, &mut Notes::new()));
    }

    #[test]
    fn what_is_no_object_is_told() {
        for (line, problem) in [
            ("PUBLISH topic=t json", "'json' needs a value"),
            ("PUBLISH topic=t json=", "after 'json=' stands a JSON object"),
            ("PUBLISH topic=t json=[1]", "after 'json=' stands a JSON object: [1] is none"),
            ("PUBLISH topic=t cbor={\"a\"", "after 'cbor=' stands a JSON object"),
            ("PUBLISH topic=t payload=x json={}", "'payload' stands twice"),
            ("PUBLISH topic=t json={\"a\":\"{$token}\"}", "nothing was noted as $token so far"),
            ("PUBACK id=1 json={}", "PUBACK has no key 'json'"),
        ] {
            let found = packet(line, &Notes::new()).unwrap_err();
            assert!(found.starts_with(problem), "{line}: {found}");
        }
        for (line, problem) in [
            ("PUBLISH json=a json=b", "'json' stands twice"),
            ("PUBLISH json={\"a\":1}", "'json' has the names of all members"),
            ("PUBLISH cbor.a", "'cbor.a' needs a value"),
            ("PUBLISH json.a=1 cbor.b=1", "'cbor.b' and a key of JSON cannot both be right"),
        ] {
            let found = PacketWanted::parse(line, false).unwrap_err();
            assert!(found.starts_with(problem), "{line}: {found}");
        }
    }

    #[test]
    fn expectations_look_into_an_object() {
        let json = r#"PUBLISH topic=t json={"a":{"b":"x"},"c":2}"#;
        let cbor = r#"PUBLISH topic=t cbor={"a":{"b":"x"},"c":2}"#;
        for (wanted, found, fits) in [
            ("json.a.b=x json.c=2", json, true),
            ("json.a.b=y", json, false),
            ("json=a,c", json, true),
            ("json=c,a json.c=2", json, true),
            ("json=a", json, false),
            ("json=a,b,c", json, false),
            ("cbor=a,c cbor.a.b=x", cbor, true),
            ("cbor.c=3", cbor, false),
            ("cbor=a,c", json, false),
            ("json=a,c", cbor, false),
            ("json.c=-", cbor, false),
        ] {
            let found = packet(found, &Notes::new()).unwrap();
            let wanted_packet = PacketWanted::parse(&format!("PUBLISH {wanted}"), false).unwrap();
            let fit = wanted_packet.matches(&found, &Fill::PLAIN, &mut Notes::new());
            assert_eq!(fit, fits, "{wanted} on {found}");
        }
        let wanted = PacketWanted::parse("PUBLISH cbor=a cbor.c=3", false).unwrap();
        let found = packet(cbor, &Notes::new()).unwrap();
        let words = wanted.differences(&found, &Fill::PLAIN, &Notes::new());
        assert_eq!(words.as_deref(), Some("cbor.c=2, cbor=a,c"));
    }
}
